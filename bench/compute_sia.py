"""Sia's table 3: rigid and elastic policies on 64 heterogeneous GPUs, beside the published figures.

Workloads and throughput tables of the Sia artifact (SOSP 2023); every policy runs on the same loop of rounds. The
published figures are what their authors' own simulator gave; none of their code runs here, so ratios are against
published figures. Intervals are bootstraps over the workload files.
"""

from __future__ import annotations

import csv
import os
import statistics
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from hutong.engines.broker import elastic

PUBLISHED_AS = {"gavel": "Gavel+TunedJobs", "sia": "Sia", "elastic": "Sia", "elastic-unshared": "Sia"}
MEASURES = ("mean JCT, h", "makespan, h", "GPU hours per job", "contention")


def run(
    data: str | None = None,
    trace: str = "philly,saturn",
    policy: str = "elastic,sia,gavel",
    workloads: str = "",
    plot: str | None = None,
) -> dict[str, Any]:
    """``data``: folder that holds ``philly/`` (default: HUTONG_DATA). ``trace``, ``policy``: names, by comma;
    ``workloads``: numbers of the files, all by default; ``plot``: path of an SVG to write per trace."""
    folder = Path(data or os.environ.get("HUTONG_DATA", "")) / "philly"
    if not (folder / "sia_workloads").is_dir():
        return {"missing": {"data": f"no sia_workloads in {folder}: set HUTONG_DATA"}}
    applications = elastic.load_applications(folder / "sia_throughput", elastic.SIA_CLUSTER)
    published = _published(folder / "sia_table3.csv")
    made: dict[str, Any] = {"figures": {}, "peers": {}, "ratios": {}, "missing": {}, "experiments": {}}
    made["note"] = (
        "Peers: figures printed in Sia's table 3 (one decimal). elastic pools what jobs of one application saw and "
        "learns run lengths from finished ones; Sia does neither. elastic-unshared does without both."
    )
    for name in trace.split(","):
        files = _files(folder / "sia_workloads" / name, workloads)
        runs = _run(files, applications, policy.split(","))
        _record(made, name, runs, policy.split(","), [file.stem for file in files], published.get(name, {}))
        if plot:
            _plot(Path(plot), name, runs, policy.split(","))
    return made


def _run(
    files: list[Path], applications: Mapping[str, elastic.Application], policies: list[str]
) -> dict[tuple[str, str], elastic.RunOutcome]:
    fits = elastic.Fits()
    runs = {}
    for file in files:
        workload = elastic.load_workload(file)
        for policy in policies:
            fresh = elastic.POLICIES[policy]()
            runs[policy, file.stem] = elastic.simulate(
                workload, applications, elastic.SIA_CLUSTER, fresh, fits
            )
    return runs


def _measures(run: elastic.RunOutcome) -> dict[str, float]:
    hours = [run.mean_completion_s / 3600, run.makespan_s / 3600, run.chip_hours_per_job]
    return dict(zip(MEASURES, [*hours, float(np.mean(run.contention))], strict=True))


def _record(
    made: dict[str, Any],
    trace: str,
    runs: dict[tuple[str, str], elastic.RunOutcome],
    policies: list[str],
    names: list[str],
    published: Mapping[str, Mapping[str, float]],
) -> None:
    found = elastic.experiment(policies, names, [0], lambda policy, name, _: _measures(runs[policy, name]))
    made["experiments"][trace] = {
        "cells": [asdict(cell) for cell in found.cells],
        "comparisons": [asdict(one) for one in found.comparisons],
    }
    for cell in found.cells:
        what = f"{trace} {cell.policy}: {cell.measure}"
        made["figures"][what] = round(cell.mean, 3)
        _peer(made, what, cell.mean, published.get(PUBLISHED_AS.get(cell.policy, ""), {}).get(cell.measure))
    for policy in policies:
        mine = [runs[policy, name] for name in names]
        hours = sorted(job.completion_s / 3600 for one in mine for job in one.jobs)
        p99 = hours[int(0.99 * len(hours))]
        what = f"{trace} {policy}: p99 JCT, h"
        made["figures"][what] = round(p99, 2)
        _peer(made, what, p99, published.get(PUBLISHED_AS.get(policy, ""), {}).get("p99 JCT, h"))
        decide = sorted(1000 * second for one in mine for second in one.decide_s)
        made["figures"][f"{trace} {policy}: policy time per round, ms median"] = round(
            statistics.median(decide), 2
        )
        made["figures"][f"{trace} {policy}: policy time per round, ms p95"] = round(
            decide[int(0.95 * len(decide))], 2
        )


def _peer(made: dict[str, Any], what: str, ours: float, theirs: float | None) -> None:
    if theirs is not None:
        made["peers"][what] = theirs
        made["ratios"][what] = f"{ours / theirs:.3f}x of published"


def _files(folder: Path, wanted: str) -> list[Path]:
    files = sorted(folder.glob("workload-*.csv"), key=lambda file: int(file.stem.split("-")[1]))
    return [file for file in files if not wanted or file.stem.split("-")[1] in wanted.split(",")]


def _published(path: Path) -> dict[str, dict[str, dict[str, float]]]:
    columns = {
        "mean JCT, h": "avg_jct_h",
        "p99 JCT, h": "p99_jct_h",
        "makespan, h": "makespan_h",
        "GPU hours per job": "gpu_h_per_job",
        "contention": "contention_mean",
    }
    made: dict[str, dict[str, dict[str, float]]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            made.setdefault(row["trace"], {})[row["policy"]] = {
                what: float(row[column]) for what, column in columns.items()
            }
    return made


def _plot(
    path: Path, trace: str, runs: dict[tuple[str, str], elastic.RunOutcome], policies: list[str]
) -> None:
    hours = {
        policy: np.array(
            [job.completion_s / 3600 for (who, _), one in runs.items() if who == policy for job in one.jobs]
        )
        for policy in policies
    }
    path.with_stem(f"{path.stem}-{trace}").write_text(elastic.completion_plot(hours), encoding="utf-8")
