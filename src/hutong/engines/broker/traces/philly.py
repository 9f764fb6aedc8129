"""The reduced Philly log: one line a job, ``timestamp, duration, num_gpus, gpu_time, cluster``.

Source: Jeon et al., "Analysis of Large-Scale Multi-Tenant GPU Clusters for DNN Training Workloads", USENIX ATC 2019, in the
form of the Pollux and Sia artefacts. The log gives no time zone; its clock is taken as UTC, which shifts all jobs alike.
There is no user, no limit, no waiting time and no capacity in it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

from hutong.engines.broker.money.instants import to_ms
from hutong.engines.broker.traces.jobs import UNKNOWN, Row, Trace, trace
from hutong.engines.broker.traces.lines import (
    BadLine,
    BadLines,
    Unreadable,
    integer,
    milliseconds,
    parse_lines,
    read_text,
    refused,
)
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

COLUMNS = ("timestamp", "duration", "num_gpus", "gpu_time", "cluster")


def read_philly(file: Path, bad_lines: BadLines = "reject") -> tuple[Trace, tuple[BadLine, ...]]:
    """The trace, and the lines left out. Jobs are named by their line. Raises `NotFound`, `Invalid` with line numbers."""
    reader = csv.reader(StringIO(read_text(file), newline=""))
    head = next(reader, [])
    lacking = [name for name in COLUMNS if name not in head]
    if lacking:
        raise Invalid(
            Text("These columns are missing: {c}.", "缺少以下列：{c}。").format(c=", ".join(lacking)),
            rule="trace.columns",
            remedy=Text("The first line names the columns.", "首行应为列名。"),
            field="file",
        )
    place = [head.index(name) for name in COLUMNS]

    def lines() -> Iterator[tuple[int, tuple[int, list[str]]]]:
        try:
            for row in reader:
                if row:
                    yield reader.line_num, (reader.line_num, row)
        except csv.Error as broken:
            raise refused([BadLine(reader.line_num, "line", Text(str(broken), "CSV 格式有误"))], 0) from None

    def parse(given: tuple[int, list[str]]) -> Row:
        number, row = given
        if len(row) != len(head):
            raise Unreadable(
                "line",
                Text("{k} fields instead of {n}", "应有 {n} 个字段，实有 {k} 个").format(
                    k=len(row), n=len(head)
                ),
            )
        return _job(number, *(row[i] for i in place))

    rows, bad = parse_lines(lines(), parse, bad_lines)
    return trace(rows), bad


def _job(number: int, timestamp: str, duration: str, num_gpus: str, gpu_time: str, cluster: str) -> Row:
    try:
        submit = to_ms(datetime.strptime(timestamp, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC))
    except ValueError:
        raise Unreadable(
            "timestamp", Text("“{t}” is no time", "“{t}”不是时间").format(t=timestamp[:24])
        ) from None
    run = milliseconds("duration", duration)
    chips = integer("num_gpus", num_gpus, 1)
    if milliseconds("gpu_time", gpu_time) != run * chips:
        raise Unreadable("gpu_time", Text("it is not duration x num_gpus", "不等于 duration × num_gpus"))
    if not cluster:
        raise Unreadable("cluster", Text("it is empty", "为空"))
    return Row(f"philly-{number}", submit, run, UNKNOWN, chips, "", cluster)
