"""The words of `hutong bench`: names join, options become what the benchmark's parameters are, an unknown one is named."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(scope="module")
def bench() -> Any:
    spec = spec_from_file_location("bench_main", BENCH / "__main__.py")
    assert spec is not None and spec.loader is not None
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_words_and_options_are_told_apart(bench: Any) -> None:
    words, given = bench.read(["compute", "fgd", "--json", "--seeds", "42,43", "--plot=a.svg", "--peer"])
    assert words == ["compute", "fgd"]
    assert given == {"json": "yes", "seeds": "42,43", "plot": "a.svg", "peer": "yes"}


def test_options_become_what_the_parameters_are(bench: Any) -> None:
    assert bench.options("compute_partnership", {"levels": "0.6,0.9", "ablations": "no"}) == {
        "levels": (0.6, 0.9),
        "ablations": False,
    }
    assert bench.options("compute_order", {"parts": "rank,drf", "seed": "7"}) == {
        "parts": ("rank", "drf"),
        "seed": 7,
    }
    with pytest.raises(ValueError, match="no option --colour; it has: data"):
        bench.options("compute_partnership", {"colour": "red"})


@pytest.mark.parametrize(
    ("words", "status"), [([], 0), (["nothing"], 4), (["compute", "explain", "--help"], 0)]
)
def test_the_exit_status_says_whether_there_is_such_a_benchmark(words: list[str], status: int) -> None:
    done = subprocess.run([sys.executable, str(BENCH), *words], capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    if not words:
        assert {"compute_fgd", "ledger", "trust"} <= set(done.stdout.split())


def test_every_figure_is_shown_whether_the_other_side_has_it_or_not(
    bench: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.show(
        {
            "name": "x",
            "figures": {"run": {"makespan, s": 1234.5, "lost": 0, "incidents": [{"job": 1}], "by": {"a": 2}}},
            "peers": {"federation": {"makespan, s": 99}},
            "ratios": {"run over federation": "12.47x"},
            "missing": {},
        }
    )
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["run:", "makespan,", "s", "1,234.5"] in rows and ["run:", "lost", "0"] in rows
    assert ["run:", "by:", "a", "2"] in rows and ["run:", "incidents", "1", "(--json)"] in rows
    assert ["federation:", "makespan,", "s", "99"] in rows and ["run", "over", "federation", "12.47x"] in rows
