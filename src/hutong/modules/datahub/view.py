"""What the pages of data sets and versions show: the verdict first, then each column with its plot."""

from __future__ import annotations

from typing import Any

from hutong.kernel.text import Text
from hutong.modules.datahub.models import Dataset
from hutong.modules.datahub.operations import GRADES
from hutong.platform.component_plots import Bars
from hutong.platform.components import Cell, Column, Table
from hutong.platform.entities import Sight

MOST_COLUMNS = 100
VERDICT = Text(
    "{rows} rows in {columns} columns, {empty} empty cells; {personal}; grade {grade}; licence {licence}.",
    "共{rows}行、{columns}列，空值{empty}个；{personal}；{grade}；许可 {licence}。",
)
COLUMNS = Text("Columns", "列")
HEADS = (
    Column(Text("Column", "列"), "code"),
    Column(Text("Type", "类型")),
    Column(Text("How it spreads", "分布")),
    Column(Text("Empty", "空值"), "number"),
    Column(Text("Different", "不同取值"), "number"),
    Column(Text("Least", "最小")),
    Column(Text("Largest", "最大")),
)


def dataset_context(seen: Sight) -> dict[str, Any]:
    """The verdict and the columns of the newest version."""
    newest = seen.record.versions.order_by("-id").first()
    return _shown(seen.record, newest.manifest) if newest is not None else {}


def version_context(seen: Sight) -> dict[str, Any]:
    """The verdict, and each column as the manifest describes it."""
    return _shown(seen.record.dataset, seen.record.manifest)


def _shown(dataset: Dataset, manifest: dict[str, Any]) -> dict[str, Any]:
    return {"lead": _verdict(dataset, manifest), "sections": ((COLUMNS, _columns(manifest)),)}


def _verdict(dataset: Dataset, manifest: dict[str, Any]) -> Text:
    columns = manifest["columns"]
    return VERDICT.format(
        rows=f"{manifest['rows']:,}",
        columns=len(columns),
        empty=sum(c["empty"] for c in columns),
        personal=Text("personal data", "含个人信息")
        if dataset.personal
        else Text("no personal data", "不含个人信息"),
        grade=dict(GRADES.options)[dataset.grade],
        licence=dataset.licence,
    )


def _columns(manifest: dict[str, Any]) -> Table:
    columns = manifest["columns"]
    rows = tuple(_column(c) for c in columns[:MOST_COLUMNS])
    shown = Text("{n} of {m} columns shown", "共{m}列，显示{n}列").format(n=len(rows), m=len(columns))
    return Table(COLUMNS, HEADS, rows, shown=shown if len(rows) < len(columns) else None, caption_hidden=True)


def _column(one: dict[str, Any]) -> tuple[Cell, ...]:
    return (
        Cell(one["name"]),
        Cell(one["type"]),
        Cell(_plot(one) or Text("not told", "不予公布")),
        Cell(f"{one['empty']:,}"),
        Cell(f"{one['different']:,}" if "different" in one else ""),
        Cell(one.get("least") or ""),
        Cell(one.get("largest") or ""),
    )


def _plot(one: dict[str, Any]) -> Bars | None:
    """One bar per value where they are few, per range where they are many; None where values may not be told."""
    if counted := one.get("counts"):
        labels = tuple(Text("empty", "空值") if v is None else str(v) for v, _ in counted)
        words = Text("{n} different values", "{n}个不同取值").format(n=len(counted))
        return Bars(tuple(n for _, n in counted), labels, words)
    if bins := one.get("bins"):
        parts = len(bins)
        labels = tuple(
            Text("part {i} of {n}", "第{i}段，共{n}段").format(i=i + 1, n=parts) for i in range(parts)
        )
        words = Text("from {a} to {b} in {n} equal parts", "{a}至{b}，等分{n}段").format(
            a=one["least"], b=one["largest"], n=parts
        )
        return Bars(tuple(bins), labels, words)
    return None
