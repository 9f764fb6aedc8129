"""The Philly log and the safe export."""

from __future__ import annotations

import csv
import os
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.engines.broker.traces.jobs import Row, csv_text, safe_cell, trace, trace_csv
from hutong.engines.broker.traces.philly import read_philly
from hutong.kernel.errors import Invalid

HEAD = "timestamp,duration,num_gpus,gpu_time,cluster\n"
GOOD = "2017-10-02 00:00:10,90.5,2,181.0,a1\n"
DATA = os.environ.get("HUTONG_DATA", "")


def written(folder: Path, text: str) -> Path:
    file = folder / "log.csv"
    file.write_text(text)
    return file


def test_jobs_come_in_order_of_submission_and_are_named_by_their_line(tmp_path: Path) -> None:
    made, bad = read_philly(written(tmp_path, HEAD + GOOD + "2017-10-01 00:00:00,0,1,0,b2\n"))
    assert made.name == ("philly-3", "philly-2") and bad == ()
    assert made.run_ms.tolist() == [0, 90_500] and made.chips.tolist() == [1, 2]
    assert (
        made.groups == ("a1", "b2") and made.group.tolist() == [1, 0] and made.limit_ms.tolist() == [-1, -1]
    )
    assert made.submit_ms.tolist() == [1_506_816_000_000, 1_506_902_410_000]


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ("2017-10-02,90.5,2,181.0,a1", "timestamp"),
        ("2017-02-30 00:00:00,90.5,2,181.0,a1", "timestamp"),
        ("2017-10-02 00:00:10,nan,2,181.0,a1", "duration"),
        ("2017-10-02 00:00:10,inf,2,181.0,a1", "duration"),
        ("2017-10-02 00:00:10,-1,2,-2,a1", "duration"),
        ("2017-10-02 00:00:10,0.0001,2,0.0002,a1", "duration"),
        ("2017-10-02 00:00:10,90.5,0,0,a1", "num_gpus"),
        ("2017-10-02 00:00:10,90.5,2.0,181,a1", "num_gpus"),
        ("2017-10-02 00:00:10,90.5,2,180,a1", "gpu_time"),
        ("2017-10-02 00:00:10,90.5,2,181.0,", "cluster"),
        ("2017-10-02 00:00:10,90.5,2,181.0", "line"),
    ],
)
def test_a_bad_line_is_named_and_refuses_all_or_is_left_out(tmp_path: Path, bad: str, field: str) -> None:
    file = written(tmp_path, HEAD + GOOD + bad + "\n" + GOOD)
    with pytest.raises(Invalid) as refused:
        read_philly(file)
    assert f"line 3, {field}:" in refused.value.what.en
    made, left_out = read_philly(file, "keep-good")
    assert len(made) == 2 and [(b.number, b.field) for b in left_out] == [(3, field)]


def test_missing_columns_and_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as lacking:
        read_philly(written(tmp_path, "timestamp,duration\n"))
    assert "num_gpus, gpu_time, cluster" in lacking.value.what.en
    with pytest.raises(Invalid) as broken:
        read_philly(written(tmp_path, HEAD + GOOD + '"' + "x" * 200_000))
    assert broken.value.rule == "trace.line"


@pytest.mark.skipif(not DATA, reason="needs HUTONG_DATA, the folder that holds philly/philly_jobs.csv")
def test_the_log_reads_whole() -> None:
    made, bad = read_philly(Path(DATA) / "philly" / "philly_jobs.csv")
    assert bad == () and len(made) > 40_000
    assert bool((made.submit_ms[1:] >= made.submit_ms[:-1]).all())


@pytest.mark.parametrize(
    "risky",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "-=1", "-1.2.3"],
)
def test_a_cell_that_a_spreadsheet_would_run_is_quoted(risky: str) -> None:
    assert safe_cell(risky) == "'" + risky


@pytest.mark.parametrize("plain", ["-1", "-1.5", "12", "job-1", "李雷", "a=b", ""])
def test_plain_cells_and_numbers_stay(plain: str) -> None:
    assert safe_cell(plain) == plain


@given(st.text(max_size=20), st.text(max_size=20))
def test_the_export_reads_back_and_holds_no_formula(name: str, user: str) -> None:
    made = trace([Row(name, 5, 6, -1, 7, user, "=g")])
    text = trace_csv(made)
    rows = list(csv.reader(StringIO(text, newline="")))
    assert rows[1] == [safe_cell(name), "5", "6", "-1", "7", safe_cell(user), "'=g"]
    assert csv_text(("a",), [("=x",)]) == "a\r\n'=x\r\n"
