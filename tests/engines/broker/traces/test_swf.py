"""SWF there and back, every kind of bad line named, and a bad line in a million."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.engines.broker.traces.lines import read_text
from hutong.engines.broker.traces.swf import FIELDS, from_trace, parse_swf, read_swf, swf_trace, write_swf
from hutong.kernel.errors import Invalid, NotFound

HEADER = "; Version: 2.2\n;   UnixStartTime: 1000000000\n;\n"
LINE = "1 0 5 100 8 99.5 -1 8 120 -1 1 3 1 -1 2 -1 -1 -1"


def line(**changes: object) -> str:
    parts = LINE.split()
    for name, value in changes.items():
        parts[FIELDS.index(name)] = str(value)
    return " ".join(parts)


def test_a_file_reads_and_writes_back_byte_for_byte(tmp_path: Path) -> None:
    text = HEADER + "\n".join([LINE, line(job=2, submit=7, cpu=-1, status=5), line(job=9, submit=3)]) + "\n"
    (tmp_path / "a.swf").write_text(text)
    made = read_swf(tmp_path / "a.swf")
    assert write_swf(made) == text
    assert made.column("wait").tolist() == [5, 5, 5] and made.cpu_s.tolist() == [99.5, -1.0, 99.5]


whole = st.integers(-1, 2**53)
row = st.tuples(
    st.integers(0, 2**50),
    *[whole] * 4,
    st.one_of(st.just(-1.0), st.floats(0, 1e14)),
    *[whole] * 4,
    st.integers(-1, 5),
    *[whole] * 7,
)


@given(st.lists(row, max_size=20, unique_by=lambda r: r[0]))
def test_any_table_survives_the_way_there_and_back(rows: list[tuple[float, ...]]) -> None:
    text = "\n".join(" ".join(map(str, r)) for r in rows)
    made = parse_swf(text)
    again = parse_swf(write_swf(made))
    assert made.table.tobytes() == again.table.tobytes() and made.cpu_s.tobytes() == again.cpu_s.tobytes()


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (LINE + " 7", "line"),
        ("1 2 3", "line"),
        (line(run="nan"), "run"),
        (line(run="-2"), "run"),
        (line(submit="1e3"), "submit"),
        (line(procs="٣"), "procs"),
        (line(procs="9" * 17), "procs"),
        (line(job=-1), "job"),
        (line(cpu="inf"), "cpu"),
        (line(cpu="x"), "cpu"),
        (line(status=6), "status"),
        (line(job=77), "job"),
        (line(user="$(id)"), "user"),
    ],
)
def test_a_bad_line_is_named_and_refuses_all_or_is_left_out(bad: str, field: str) -> None:
    text = HEADER + line(job=77) + "\n\n" + bad + "\n" + line(job=78) + "\n"
    with pytest.raises(Invalid) as refused:
        parse_swf(text)
    assert refused.value.rule == "trace.line" and f"line 6, {field}:" in refused.value.what.en
    kept = parse_swf(text, "keep-good")
    assert kept.column("job").tolist() == [77, 78]
    assert [(b.number, b.field) for b in kept.bad] == [(6, field)]


def test_the_trace_is_in_order_of_submission_with_unknowns_left_out() -> None:
    text = HEADER + "\n".join(
        [
            line(job=1, submit=50),
            line(job=2, submit=10, requested_time=-1),
            line(job=3, run=-1),
            line(job=4, procs=-1, submit=20),
            line(job=5, procs=-1, requested_procs=-1),
        ]
    )
    made = swf_trace(parse_swf(text))
    assert made.name == ("2", "4", "1") and made.submit_ms.tolist() == [
        1_000_000_010_000,
        1_000_000_020_000,
        1_000_000_050_000,
    ]
    assert made.limit_ms.tolist() == [-1, 120_000, 120_000] and made.chips.tolist() == [8, 8, 8]
    again = swf_trace(parse_swf(write_swf(from_trace(made))))
    for name in ("submit_ms", "run_ms", "limit_ms", "chips"):
        assert getattr(again, name).tolist() == getattr(made, name).tolist()


def test_no_file_and_no_text_are_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_swf(tmp_path / "none.swf")
    (tmp_path / "latin.swf").write_bytes(b"; caf\xe9")
    with pytest.raises(Invalid) as broken:
        read_text(tmp_path / "latin.swf")
    assert broken.value.rule == "trace.encoding" and "byte 5" in broken.value.what.en
    assert len(parse_swf("").table) == 0 and len(swf_trace(parse_swf(""))) == 0


@pytest.mark.slow
def test_one_bad_line_in_a_million_is_found_and_named() -> None:
    lines = [line(job=i, submit=i) for i in range(1_000_000)]
    lines[765_432] = line(job=765_432, run="-7")
    text = "\n".join(lines)
    with pytest.raises(Invalid) as refused:
        parse_swf(text)
    assert "1 of 1000000 lines" in refused.value.what.en and "line 765433, run" in refused.value.what.en
    assert len(parse_swf(text, "keep-good").table) == 999_999
