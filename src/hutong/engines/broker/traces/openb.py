"""openb (Alibaba cluster-trace-gpu-v2023): a production GPU cluster and its tasks, from CSV.

Nodes: ``sn, cpu_milli, memory_mib, gpu, model``. Tasks: ``name, cpu_milli, memory_mib, num_gpu, gpu_milli`` and
optionally ``gpu_spec`` (models allowed, separated by a bar); further columns are not needed for placement.
Source: Weng et al., "Beware of Fragmentation", USENIX ATC 2023.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hutong.engines.broker.place.state import MOST_MODELS, Nodes, Tasks, checked
from hutong.kernel.errors import Invalid, NotFound
from hutong.kernel.text import Text

NODE_COLUMNS = ("sn", "cpu_milli", "memory_mib", "gpu", "model")
TASK_COLUMNS = ("name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli")
Row = dict[str, str]


@dataclass(frozen=True)
class Openb:
    """A cluster and the tasks of one trace file, in file order."""

    nodes: Nodes
    tasks: Tasks


def read_openb(nodes_file: Path, tasks_file: Path) -> Openb:
    """Read both files. Raises `NotFound` for a missing file, `Invalid` with the line number for a bad row."""
    node_rows, task_rows = _rows(nodes_file, NODE_COLUMNS), _rows(tasks_file, TASK_COLUMNS)
    models = tuple(sorted({row["model"] for row in node_rows if row["model"]}))
    if len(models) >= MOST_MODELS:
        raise _invalid(nodes_file, 1, "model")
    code = {model: index for index, model in enumerate(models)}
    nodes = Nodes(
        tuple(row["sn"] for row in node_rows),
        _column(nodes_file, node_rows, "cpu_milli"),
        _column(nodes_file, node_rows, "memory_mib"),
        _column(nodes_file, node_rows, "gpu"),
        np.array([code.get(row["model"], -1) for row in node_rows], dtype=np.int64),
        models,
    )
    gpus = _column(tasks_file, task_rows, "num_gpu")
    specs = [(row.get("gpu_spec") or "") if asked else "" for row, asked in zip(task_rows, gpus, strict=True)]
    rank = {spec: index for index, spec in enumerate(sorted(set(specs)))}
    tasks = Tasks(
        tuple(row["name"] for row in task_rows),
        _column(tasks_file, task_rows, "cpu_milli"),
        _column(tasks_file, task_rows, "memory_mib"),
        gpus,
        np.where(gpus > 0, _column(tasks_file, task_rows, "gpu_milli"), 0),
        np.array([_accepts(spec, code) for spec in specs], dtype=np.int64),
        np.array([rank[spec] for spec in specs], dtype=np.int64),
    )
    checked(nodes, tasks)
    return Openb(nodes, tasks)


def _accepts(spec: str, code: dict[str, int]) -> int:
    """The models as a bit mask. A model that the cluster has not got still excludes all others (top bit)."""
    mask = 0
    for model in filter(None, spec.split("|")):
        mask |= 1 << code.get(model, MOST_MODELS - 1)
    return mask


def _rows(file: Path, needed: Sequence[str]) -> list[Row]:
    if not file.is_file():
        raise NotFound(
            Text("There is no trace file {name}", "没有名为 {name} 的轨迹文件").format(name=file.name),
            rule="trace.file",
            remedy=Text("Check the data folder", "请检查数据目录"),
            field="data",
        )
    with file.open(newline="", encoding="utf-8-sig") as text:
        reader = csv.DictReader(text)
        for column in needed:
            if column not in (reader.fieldnames or ()):
                raise _invalid(file, 1, column)
        return list(reader)


def _column(file: Path, rows: Sequence[Row], column: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    values = np.empty(len(rows), dtype=np.int64)
    for index, row in enumerate(rows):
        try:
            values[index] = int(row[column])
        except (TypeError, ValueError):
            raise _invalid(file, index + 2, column) from None
    return values


def _invalid(file: Path, line: int, column: str) -> Invalid:
    return Invalid(
        Text("{name}, line {line}: {column} cannot be read", "{name} 第 {line} 行：{column} 无法读取").format(
            name=file.name, line=line, column=column
        ),
        rule="trace.row",
        remedy=Text("Correct the row or leave it out", "请更正该行或将其删除"),
        field=column,
    )
