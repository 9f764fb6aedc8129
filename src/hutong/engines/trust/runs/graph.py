"""The plan as a graph: one task per statistical claim, or several where a claim may be counted in parts.

A claim is split only where the sum of its parts is the whole by construction: rows of a proportion, cases of a worst case.
The tasks and their order are a function of the plan and of the part size alone; chance is keyed by seed and node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from hutong.engines.trust.findings import rows_of
from hutong.engines.trust.plan import Plan
from hutong.engines.trust.process import KINDS
from hutong.engines.trust.rooms import Bench, Method
from hutong.engines.trust.targets import BATCH, Predictions, asked_for
from hutong.engines.trust.types import Claim, Json, refuse
from hutong.kernel.text import Text

# A whole number of batches, so that a model is asked in the same batches as when nothing is split.
ROWS = 16 * BATCH


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work: part (from 0) of `of` parts of a claim."""

    claim: str
    part: int = 0
    of: int = 1

    @property
    def id(self) -> str:
        return self.claim if self.of == 1 else f"{self.claim}#{self.part + 1}/{self.of}"


@dataclass(frozen=True, slots=True)
class Split:
    """How claims of one kind are counted in parts.

    parts: how many, from the claim and the rows per part. narrow: claim and bench of one part. join: the whole from all.
    """

    parts: Callable[[Claim, int], int]
    narrow: Callable[[Claim, Bench, int, int], tuple[Claim, Bench]]
    join: Callable[[Sequence[Json]], Json]


def tasks_of(plan: Plan, rows: int = ROWS) -> tuple[Task, ...]:
    """All tasks of the plan in their fixed order. rows: at most so many per part where rows are split; 0: split nothing."""
    if rows < 0:
        raise refuse("run.rows", Text("A part has no row.", "每个分片至少包含一行。"), where="rows")
    found: list[Task] = []
    for claim in plan.claims:
        if claim.kind not in KINDS:
            split = SPLITS.get(claim.kind)
            of = 1 if split is None or not rows else max(1, split.parts(claim, rows))
            found += [Task(claim.id, part, of) for part in range(of)]
    return tuple(found)


def join(claim: Claim, parts: Sequence[Json]) -> Json:
    """The counts of a claim from those of all its parts, in order. What was not run in part was not run."""
    if len(parts) == 1:
        return parts[0]
    gone = next((p for p in parts if "not_run" in p), None)
    return SPLITS[claim.kind].join(parts) if gone is None else gone


def count(claim: Claim, task: Task, method: Method, bench: Bench, rows: int) -> Json:
    """The counts of one task by the method that makes its claim."""
    if method.observe is None:
        raise TypeError(f"{method.id} observes nothing")
    split = SPLITS.get(claim.kind)
    if split is None or task.of == 1:
        return method.observe(claim, bench)
    return method.observe(*split.narrow(claim, bench, task.part, rows))


def _row_parts(claim: Claim, rows: int) -> int:
    return -(-(claim.n or 0) // rows)


def _row_part(claim: Claim, bench: Bench, part: int, rows: int) -> tuple[Claim, Bench]:
    return claim, slice_of(bench, part, rows)


def slice_of(bench: Bench, part: int, rows: int) -> Bench:
    """The same bench with only the rows of one part: views of the data, asked of the model once per part."""
    data, at = bench.setting.data, slice(part * rows, (part + 1) * rows)
    groups = {name: values[at] for name, values in data.groups.items()}
    mine = replace(data, features=data.features[at], labels=data.labels[at], groups=groups)
    small = Bench(replace(bench.setting, data=mine), bench.target, bench.seed)
    known: dict[tuple[int, int], Predictions] = bench.__dict__.setdefault("_parts", {})
    if (part, rows) not in known:
        with asked_for(bench.target, f"part {part} of {rows} rows"):
            known[part, rows] = bench.target.predict(mine.features)
    # Where a cached property keeps its value: claims over the same rows share the model's answers.
    small.__dict__["clean"] = known[part, rows]
    return small


def _sum(parts: Sequence[Json]) -> Json:
    first = parts[0]
    return {key: _total([p[key] for p in parts]) for key in first}


def _total(values: Sequence[object]) -> object:
    """Whole numbers are added, records and lists of one shape item by item; anything else must be alike."""
    first, kinds = values[0], set(map(type, values))
    if kinds == {int}:
        return sum(v for v in values if isinstance(v, int))
    if isinstance(first, Mapping):
        return _sum([v for v in values if isinstance(v, Mapping)])
    if isinstance(first, list | tuple):
        return [_total(column) for column in zip(*_lists(values), strict=True)]
    if len(kinds) > 1 or any(v != first for v in values):
        raise ValueError("parts of one claim do not agree")
    return first


def _lists(values: Sequence[object]) -> list[list[object]]:
    return [list(v) for v in values if isinstance(v, list | tuple)]


def _case_parts(claim: Claim, rows: int) -> int:
    return len(rows_of(claim.params, "cases"))


def _case_part(claim: Claim, bench: Bench, part: int, rows: int) -> tuple[Claim, Bench]:
    one = rows_of(claim.params, "cases")[part]
    return replace(claim, params={**claim.params, "cases": [one]}), bench


def _cases(parts: Sequence[Json]) -> Json:
    return {"cases": [case for part in parts for case in rows_of(part, "cases")]}


SPLITS: dict[str, Split] = {
    "metric_at_least": Split(_row_parts, _row_part, _sum),
    "worst_at_least": Split(_case_parts, _case_part, _cases),
}
