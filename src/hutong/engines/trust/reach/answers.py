"""From the JSON of an endpoint to labels and scores, by a mapping that was declared beforehand. Nothing is guessed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Codes
from hutong.engines.trust.targets import Predictions, decide, label_codes
from hutong.engines.trust.types import Domain, System, refuse
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Shape:
    """How an endpoint is asked and answers.

    rows: key of the question under which the rows go. named: rows as objects by column name, else as lists. extra: further
    fields of the question. labels, scores: where they lie, as keys with dots; "a[].b" takes b of each item of the list a.
    Scores: per row a list in the order of `System.labels`, an object by label, or the one score of the positive label.
    version: where the answer says which version of the system gave it; None where it does not say (`identity`).
    """

    rows: str = "rows"
    named: bool = False
    labels: str | None = None
    scores: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict, hash=False)
    version: str | None = None

    def __post_init__(self) -> None:
        if self.labels is None and self.scores is None:
            what = Text("The mapping names neither labels nor scores.", "未声明标签或分数的位置。")
            raise refuse("endpoint.mapping", what, where="mapping")

    def as_json(self) -> dict[str, object]:
        names = ("rows", "named", "labels", "scores")
        # A mapping made before versions were read keeps its digest.
        more = {} if self.version is None else {"version": self.version}
        return {**{n: getattr(self, n) for n in names}, "extra": dict(self.extra), **more}


def question(rows: Any, domain: Domain, shape: Shape) -> bytes:
    """The body for (n, d) rows: numbers as their shortest decimals, whole columns as integers.

    What JSON has no number for goes as null (NaN) or as the words "Infinity" and "-Infinity": for hostile input only.
    """
    table = np.asarray(rows)
    wholes = [c.whole for c in domain.columns]
    cells = [_cells(row, wholes) for row in table.tolist()] if table.ndim else [table.tolist()]
    names = [c.name for c in domain.columns]
    # A row too short or too long for the names keeps what it has, so that the endpoint can refuse it.
    keyed = (
        [
            dict(zip([*names, *_more(len(r) - len(names))], r, strict=False)) if isinstance(r, list) else r
            for r in cells
        ]
        if shape.named
        else cells
    )
    body = {**shape.extra, shape.rows: keyed}
    return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()


def _cells(row: Any, wholes: Sequence[bool]) -> Any:
    """One row; what is no row goes as it is, for the endpoint to refuse."""
    if not isinstance(row, list):
        return _cell(row, False)
    return [_cell(v, i < len(wholes) and wholes[i]) for i, v in enumerate(row)]


def _more(n: int) -> list[str]:
    return [f"extra{i}" for i in range(max(0, n))]


def _cell(value: Any, whole: bool) -> Any:
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return int(value) if whole and value.is_integer() else value


def predictions(value: Any, n: int, system: System, shape: Shape) -> Predictions:
    """n predictions from an answer. `Invalid`: endpoint.mapping where the place is empty, endpoint.rows for another number
    of rows, output.* for what are no probabilities; a label not declared becomes -1."""
    scores = None if shape.scores is None else _probabilities(_take(value, shape.scores, n), system)
    decided = None if scores is None else decide(scores, system)
    if shape.labels is None:
        assert decided is not None
        return decided
    return Predictions(
        _codes(_take(value, shape.labels, n), system), None if decided is None else decided.scores
    )


def _take(value: Any, path: str, n: int) -> list[Any]:
    outer, each, inner = path.partition("[]")
    found = _down(value, outer)
    if isinstance(found, list) and each:
        found = [_down(item, inner.lstrip(".")) for item in found]
    if not isinstance(found, list):
        raise _not_there(path)
    if len(found) != n:
        what = Text("The endpoint answers {m} rows of {n}.", "接口答复{m}行，应为{n}行。").format(
            m=len(found), n=n
        )
        raise refuse("endpoint.rows", what, where=path)
    return found


def _down(value: Any, path: str) -> Any:
    for key in filter(None, path.split(".")):
        if not isinstance(value, dict) or key not in value:
            raise _not_there(path)
        value = value[key]
    return value


def _not_there(path: str) -> Invalid:
    what = Text("The answer has nothing at {p}.", "答复中没有{p}。").format(p=path[:80])
    return refuse("endpoint.mapping", what, Text("Correct the mapping.", "请更正映射。"), "mapping")


def _codes(names: Sequence[Any], system: System) -> Codes:
    if not all(isinstance(v, str | int) and not isinstance(v, bool) for v in names):
        what = Text("The endpoint's labels are no names.", "接口返回的标签不是名称。")
        raise refuse("output.form", what, where="labels")
    codes: Codes = label_codes([str(v) for v in names], system)
    return codes


def _probabilities(rows: Sequence[Any], system: System) -> NDArray[np.float64]:
    table = [_row(row, system) for row in rows]
    if not all(len(row) == len(system.labels) and all(_is_number(v) for v in row) for row in table):
        what = Text(
            "The endpoint's scores are not one number for each label.", "接口返回的分数与标签不对应。"
        )
        raise refuse("output.form", what, where="scores")
    return np.array(table, dtype=np.float64).reshape(len(table), len(system.labels))


def _row(row: Any, system: System) -> list[Any]:
    if isinstance(row, dict):
        if set(row) != set(system.labels):
            what = Text("The model's labels are not those declared.", "模型标签与声明不一致。")
            raise refuse("output.labels", what, where="scores")
        return [row[label] for label in system.labels]
    if _is_number(row) and system.positive is not None:
        return [row if label == system.positive else 1 - row for label in system.labels]
    return row if isinstance(row, list) else []


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
