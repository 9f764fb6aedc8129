"""The published FGD experiments, cell by cell: six policies, the openb traces given, seeds 42 to 51.

Peers are the authors' published figures (Weng et al., USENIX ATC 2023), not a run on this machine; their cost was 10
minutes an experiment on 2 vCPU with a whole kube-scheduler and its logs. Data: folder with `openb/` by option or the
variable HUTONG_DATA. Options: traces, policies, seeds (comma-separated; ranges as 42-51), plot (an SVG file).
"""

from __future__ import annotations

import csv
import os
import statistics
import time
from pathlib import Path
from typing import Any

POLICIES = "Random,DotProd,GpuClustering,GpuPacking,BestFit,FGD"
NODES = "openb_node_list_gpu_node.csv"
Published = dict[tuple[str, str, int], tuple[float, float]]
Cells = dict[tuple[str, str], list[Any]]  # (seed, replay) by trace and policy


def run(
    data: str | None = None,
    traces: str = "",
    policies: str = POLICIES,
    seeds: str = "42-51",
    plot: str | None = None,
) -> dict[str, Any]:
    folder = data_folder(data)
    if folder is None:
        return {"missing": {"openb": "set HUTONG_DATA to the folder that holds openb/"}}
    published, began, spent = published_results(folder), time.perf_counter(), time.process_time()
    cells, seconds = _experiments(folder, chosen(folder, traces), policies.split(","), numbers(seeds))
    whole = time.perf_counter() - began
    figures, peers, ratios = _table(cells, published)
    figures |= {
        f"CPU s an experiment, {p}, median": round(statistics.median(s), 3) for p, s in seconds.items()
    }
    peers |= {f"CPU s an experiment, {p}, median": "600 (published, 2 vCPU)" for p in seconds}
    figures["s for all, one process (wall)"] = round(whole, 1)
    figures["CPU s for all"] = round(time.process_time() - spent, 1)
    if plot:
        Path(plot).write_text(allocation_plot(cells), encoding="utf-8")
    return {
        "figures": figures,
        "peers": peers,
        "ratios": ratios,
        "missing": {},
        "experiments": sum(map(len, cells.values())),
    }


def _experiments(
    folder: Path, traces: list[str], policies: list[str], seeds: list[int]
) -> tuple[Cells, dict[str, list[float]]]:
    """Every policy on the same arrivals of every trace and seed; CPU seconds by policy."""
    from hutong.engines.broker.place import inflated, replay, typical
    from hutong.engines.broker.traces.openb import read_openb

    cells: Cells = {}
    seconds: dict[str, list[float]] = {}
    for trace in traces:
        read = read_openb(folder / NODES, folder / f"openb_pod_list_{trace}.csv")
        mix = typical(read.tasks)
        for seed in seeds:
            arrivals = inflated(read.nodes, read.tasks, seed)
            for policy in policies:
                started = time.process_time()
                made = replay(read.nodes, read.tasks, arrivals, policy, seed, mix)
                seconds.setdefault(policy, []).append(time.process_time() - started)
                cells.setdefault((trace, policy), []).append((seed, made))
    return cells, seconds


def _table(cells: Cells, published: Published) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Means at 100 and 130 % arrived beside the published ones, then how well the whole table agrees."""
    figures: dict[str, Any] = {}
    peers: dict[str, Any] = {}
    for (trace, policy), runs in cells.items():
        for at, place in ((100, 0), (130, 1)):
            name = _named(trace, policy, at)
            figures[name] = round(statistics.mean(made.allocation(at) for _, made in runs), 2)
            keys = [(policy, trace, seed) for seed, _ in runs]
            if all(key in published for key in keys):
                peers[name] = round(statistics.mean(published[key][place] for key in keys), 2)
    off = {name: figures[name] - peers[name] for name in peers}
    figures["largest deviation of a mean, points"] = round(max(map(abs, off.values()), default=0.0), 3)
    figures |= _agreement(cells, published) | _orders(cells, figures, peers)
    return figures, peers, {name: f"{value:+.2f}" for name, value in off.items()}


def _named(trace: str, policy: str, at: int) -> str:
    return f"{trace}, {policy}: GPU % at {at}"


def _agreement(cells: Cells, published: Published) -> dict[str, Any]:
    """Experiments whose figures at 100 and 130 % are both the published ones; Random draws other numbers."""
    pairs = [
        (made, published[policy, trace, seed])
        for (trace, policy), runs in cells.items()
        for seed, made in runs
        if policy != "Random" and (policy, trace, seed) in published
    ]
    same = sum(
        all(abs(made.allocation(at) - theirs) < 0.006 for at, theirs in zip((100, 130), both, strict=True))
        for made, both in pairs
    )
    return {"experiments equal to the second decimal, Random left out": f"{same} of {len(pairs)}"}


def _orders(cells: Cells, figures: dict[str, Any], peers: dict[str, Any]) -> dict[str, Any]:
    """Kendall's tau between our order of the policies and the published one, by trace."""
    from scipy.stats import kendalltau

    taus: dict[str, Any] = {}
    for trace in dict.fromkeys(trace for trace, _ in cells):
        names = [_named(t, policy, 130) for t, policy in cells if t == trace]
        if len(names) > 2 and all(name in peers for name in names):
            tau = kendalltau([figures[name] for name in names], [peers[name] for name in names])[0]
            taus[f"{trace}: Kendall tau of the order"] = round(float(tau), 3)
    return taus


def data_folder(data: str | None) -> Path | None:
    """The folder of the openb files, or None."""
    root = data or os.environ.get("HUTONG_DATA")
    folder = Path(root) / "openb" if root else None
    return folder if folder and (folder / NODES).is_file() else None


def chosen(folder: Path, traces: str) -> list[str]:
    """The traces named, or every trace in the folder."""
    there = sorted(file.stem.removeprefix("openb_pod_list_") for file in folder.glob("openb_pod_list_*.csv"))
    return traces.split(",") if traces else there


def numbers(text: str) -> list[int]:
    """``42-44,50`` as 42, 43, 44, 50."""
    ends = [part.split("-") for part in str(text).split(",")]
    return [n for end in ends for n in range(int(end[0]), int(end[-1]) + 1)]


def published_results(folder: Path) -> Published:
    """The authors' GPU allocation at 100 and 130 % arrived, by policy, trace and seed; empty without the file."""
    file = folder / "published_results.csv"
    if not file.is_file():
        return {}
    with file.open(encoding="utf-8") as text:
        return {
            (row["policy"], row["trace"], int(row["seed"])): (
                float(row["gpu_alloc_pct_at_100"]),
                float(row["gpu_alloc_pct_at_130"]),
            )
            for row in csv.DictReader(text)
        }


WIDTH, HEIGHT, LEFT, TOP = 360, 240, 46, 28
COLOURS = ("#888888", "#8c564b", "#9467bd", "#2ca02c", "#1f77b4", "#d62728")


def allocation_plot(cells: Cells) -> str:
    """GPU allocation against arrived demand (70 to 130 %), one panel a trace, mean over the seeds, as SVG."""
    traces = list(dict.fromkeys(trace for trace, _ in cells))
    panels = []
    for index, trace in enumerate(traces):
        x0, y0 = (index % 3) * (WIDTH + LEFT), (index // 3) * (HEIGHT + 2 * TOP)
        lines = [
            _line(runs, place, policy)
            for place, ((t, policy), runs) in enumerate(_of(cells, trace))
            if t == trace
        ]
        panels.append(f'<g transform="translate({x0 + LEFT},{y0 + TOP})">{_axes(trace)}{"".join(lines)}</g>')
    wide, high = min(3, len(traces)) * (WIDTH + LEFT) + 20, -(-len(traces) // 3) * (HEIGHT + 2 * TOP) + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" font-family="sans-serif" '
        f'font-size="11">{"".join(panels)}</svg>\n'
    )


def _of(cells: Cells, trace: str) -> list[tuple[tuple[str, str], list[Any]]]:
    return [(key, runs) for key, runs in cells.items() if key[0] == trace]


def _axes(trace: str) -> str:
    marks = "".join(
        f'<text x="-6" y="{_y(v):.0f}" text-anchor="end">{v}</text>'
        f'<line x1="0" x2="{WIDTH - 40}" y1="{_y(v):.1f}" y2="{_y(v):.1f}" stroke="#ddd"/>'
        for v in range(70, 101, 5)
    )
    below = "".join(
        f'<text x="{_x(v):.0f}" y="{HEIGHT + 14}" text-anchor="middle">{v}</text>' for v in range(70, 131, 10)
    )
    return f'<text x="0" y="-10">{trace}: GPU allocation % against arrived demand %</text>{marks}{below}'


def _line(runs: list[Any], place: int, policy: str) -> str:
    points = [(at, statistics.mean(made.allocation(at) for _, made in runs)) for at in range(70, 131, 2)]
    path = " ".join(f"{_x(at):.1f},{_y(max(value, 70.0)):.1f}" for at, value in points)
    colour = COLOURS[place % len(COLOURS)]
    name = f'<text x="{_x(100):.0f}" y="{HEIGHT - 12 * place - 6}" fill="{colour}">{policy} {points[-1][1]:.2f}</text>'
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>{name}'


def _x(percent: float) -> float:
    return (percent - 70) / 60 * (WIDTH - 40)


def _y(percent: float) -> float:
    return HEIGHT - (percent - 70) / 30 * HEIGHT
