"""Two systems on the same rows, pair by pair."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import typer

from hutong.cli.output import say, show_json
from hutong.engines.trust import Data
from hutong.engines.trust.runs import Inputs, open_folder, open_inputs
from hutong.engines.trust.targets import closing
from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Side:
    """One of two systems: its name, which rows it answers rightly, and the digest of those rows."""

    name: str
    hits: Any
    data: str


def side(path: Path, data: Path | None, system: Path | None, label: str, group: list[str] | None) -> Side:
    """The answers of a model (or log) on the data given, or of the run in a folder on its own data."""
    if path.is_dir():
        inputs = open_folder(path).inputs
    elif data is None:
        raise Invalid(
            Text("--data is missing.", "缺少--data。"),
            rule="cli.missing",
            remedy=Text("Give the rows on which both are asked.", "请提供两者共同作答的数据。"),
            field="data",
        )
    else:
        inputs = Inputs(
            str(path),
            str(data),
            "release-adviser",
            str(system) if system else None,
            None,
            label,
            tuple(group or ()),
        )
    given = open_inputs(inputs)
    with closing(given.open()) as target:
        answers = target.predict(given.data.features).labels
    return Side(path.name, np.asarray(answers == given.data.labels), _rows_of(given.data))


def _rows_of(data: Data) -> str:
    return hashlib.sha256(data.features.tobytes() + data.labels.tobytes()).hexdigest()


def paired(first: Side, second: Side, alpha: float) -> dict[str, Any]:
    """Counts of rows that only one answers rightly, the difference of the hit rates with its exact limits, McNemar's p."""
    from hutong.engines.trust.figures import above, below, nearest
    from hutong.engines.trust.statistics.paired import (
        LARGEST_PAIRED,
        mcnemar,
        paired_difference,
        paired_limits,
    )

    if first.data != second.data:
        raise Conflict(
            Text("The two were asked about different rows.", "两者作答的数据不同。"),
            rule="compare.data",
            remedy=Text("Give --data with the rows for both.", "请用--data为两者提供相同数据。"),
            field="data",
        )
    n, b, c = len(first.hits), int((first.hits & ~second.hits).sum()), int((second.hits & ~first.hits).sum())
    if n <= LARGEST_PAIRED:
        exact = paired_difference(c, b, n, alpha)
        low, high, method = exact.lower, exact.upper, exact.method
    else:
        wide = paired_limits(c, b, n, alpha)
        low, high, method = float(wide.lower), float(wide.upper), wide.method
    better = "first" if high < 0 else "second" if low > 0 else "undecided"
    return {
        "first": first.name, "second": second.name, "n": n,
        "first_hits": int(first.hits.sum()), "second_hits": int(second.hits.sum()),
        "only_first": b, "only_second": c, "difference": nearest((c - b) / n), "lower": below(low), "upper": above(high),
        "alpha": str(alpha), "p": f"{float(mcnemar(b, c)):.3g}", "method": method, "better": better,
    }  # fmt: skip


def show_pair(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    words = {
        "first": Text("{first} answers better", "{first}更优"),
        "second": Text("{second} answers better", "{second}更优"),
        "undecided": Text("the data do not tell which answers better", "数据不足以判定优劣"),
    }
    typer.echo(say(words[found["better"]].format(**found)))
    said = Text(
        "{n} rows; right: {first_hits} and {second_hits}; only the first {only_first}, only the second {only_second}; "
        "difference {difference} [{lower}, {upper}], McNemar p {p}",
        "共{n}行；正确数分别为{first_hits}和{second_hits}；仅前者正确{only_first}，仅后者正确{only_second}；"
        "差值{difference}［{lower}，{upper}］，McNemar检验p={p}",
    )
    typer.echo(say(said.format(**found)))
