"""What stands behind a figure, in three steps: the formula with its values, the facts counted, the events that prove them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from hutong.engines.indicators import Input
from hutong.kernel.clock import format_instant
from hutong.kernel.errors import Exhausted
from hutong.kernel.measure import Fact
from hutong.kernel.text import Text
from hutong.modules.plan.figures import Figures, Row
from hutong.modules.plan.looks import Look, Moment, look
from hutong.modules.plan.models import Milestone, Plan
from hutong.modules.plan.queries import row_json, unknown
from hutong.modules.plan.texts import declared_targets
from hutong.platform.evidence import with_houses
from hutong.platform.ledger import checkpoints, proofs
from hutong.platform.ledger.export import bundle_of
from hutong.platform.ledger.tables import Checkpoint, Event

# Events that say what is asked: the text in force, a declared target, proven steps.
BASIS = ("plan.plan.load", "plan.target.declare", "plan.milestone.prove", "plan.milestone.retract")
MOST_EXHIBITS = 5_000
# SQLite takes at most 32 766 values in one statement; this stays far below on every database.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Counted:
    """One fact behind the figure: the record it is about and the event that proves it (None: not proven)."""

    fact: Fact

    @property
    def kind(self) -> str:
        """Key of the entity, e.g. ``calls.award``."""
        return self.fact.record.split(":")[2]

    @property
    def code(self) -> str:
        return self.fact.record.split(":", 3)[3]

    @property
    def url(self) -> str:
        """The record's own page."""
        if self.kind == "ledger.event":
            return f"/evidence/{self.fact.label}"
        scope, _, resource = self.kind.partition(".")
        return f"/{scope}/{resource}/{self.code}"

    def as_json(self) -> dict[str, Any]:
        fact = self.fact
        amount = Fraction(fact.amount)
        return {
            "record": fact.record,
            "event": fact.event,
            "amount": f"{amount.numerator}/{amount.denominator}" if amount.denominator > 1 else str(amount),
            "valid_from": format_instant(fact.valid_from),
            "valid_to": format_instant(fact.valid_to) if fact.valid_to is not None else None,
            "recorded_at": format_instant(fact.recorded_at),
            "dims": dict(sorted(fact.dims.items())),
        }


@dataclass(frozen=True)
class Explanation:
    """A figure with everything behind it. plan: the text in force in the look; size: events of the ledger it used."""

    row: Row
    look: Look
    plan: Plan
    size: int

    @property
    def definition(self) -> Text:
        """The definition in force in words."""
        version = next(
            (d for d in self.row.indicator.definitions if d.version == self.row.evaluated.version), None
        )
        return version.text if version is not None else Text("no definition in force", "无有效口径")

    @property
    def since(self) -> Any:
        version = next(
            (d for d in self.row.indicator.definitions if d.version == self.row.evaluated.version), None
        )
        return version.valid_from if version is not None else None

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Step one: the leaves of the formula with their values."""
        return self.row.evaluated.inputs

    @property
    def counted(self) -> tuple[Counted, ...]:
        """Step two: the facts, each once."""
        return tuple(Counted(f) for f in self.row.evaluated.records)

    @property
    def seqs(self) -> tuple[int, ...]:
        """Step three: the numbers of the events that prove the facts."""
        return tuple(sorted({f.event for f in self.row.evaluated.records if f.event is not None}))

    @property
    def unproven(self) -> int:
        """Facts that name no event: nobody can check them, and the page says how many there are."""
        return sum(f.event is None for f in self.row.evaluated.records)

    def events(self, limit: int | None = None) -> list[Event]:
        """The events, newest first where limited, else in order."""
        if limit is not None:
            return list(reversed(_events(self.seqs[-limit:])))
        return _events(self.seqs)

    def content(self) -> dict[str, Any]:
        """Everything but the proofs, as plain data without floats: what a bundle carries as its record."""
        made = self.row.evaluated
        return {
            "figure": row_json(self.row),
            "plan": {
                "id": self.plan.plan_key,
                "text_sha256": self.plan.file_sha256,
                "record": self.plan.code,
            },
            "as_of": format_instant(self.look.valid_on),
            "known_on": format_instant(self.look.known_on),
            "ledger_size": self.size,
            "definition": {"version": made.version, "text": self.definition.as_json()},
            "formula": made.formula,
            "worked": made.worked.as_json(),
            "inputs": [_input_json(i) for i in made.inputs],
            "counted": [c.as_json() for c in self.counted],
            "unproven": self.unproven,
        }

    def as_json(self) -> dict[str, Any]:
        """The content with, per fact, the leaf and the inclusion proof of its event under a signed checkpoint."""
        head = checkpoints.sign()
        paths = proofs.inclusion(self.seqs, head.size) if head is not None else {}
        hashes = {e.seq: bytes(e.leaf).hex() for e in self.events()}
        content = self.content()
        for one in content["counted"]:
            seq = one["event"]
            one["leaf"] = hashes.get(seq)
            one["proof"] = [h.hex() for h in paths[seq]] if seq in paths else None
        return content | {"checkpoint": head.note if head is not None else None}

    def bundle(self) -> dict[str, object]:
        """The bundle that the stand-alone verifier accepts: the events of the facts, and the event that put the
        definition in force. `Exhausted` where a figure rests on more events than one bundle carries."""
        if len(self.seqs) > MOST_EXHIBITS:
            raise Exhausted(
                Text("This figure rests on {n} events.", "该指标依据{n}条事件。").format(n=len(self.seqs)),
                rule="plan.bundle_size",
                remedy=Text(
                    "Verify the whole ledger instead, or export the records one by one.",
                    "请核验整个账本，或逐条导出记录。",
                ),
            )
        basis = Event.objects.filter(operation__in=BASIS, subject__in=[self.plan.code, *self._declared()])
        events = {e.seq: e for e in (*self.events(), *basis)}
        return bundle_of(
            f"{self.plan.plan_key}/{self.row.id}", [events[s] for s in sorted(events)], self.content()
        )

    def _declared(self) -> list[str]:
        found = declared_targets(self.plan.plan_key, self.look.known_on).get(self.row.id)
        steps = Milestone.objects.filter(plan_key=self.plan.plan_key, indicator=self.row.id)
        return [*([found.code] if found is not None else []), *steps.values_list("code", flat=True)]


def _events(seqs: Sequence[int]) -> list[Event]:
    found: list[Event] = []
    for part in _parts(seqs):
        found.extend(with_houses(Event.objects.filter(seq__in=part)).order_by("seq"))
    return found


def _parts(seqs: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(seqs), _AT_ONCE):
        yield seqs[start : start + _AT_ONCE]


def _input_json(one: Input) -> dict[str, Any]:
    return {
        "expression": one.expression,
        "value": one.value.as_json(),
        "unit": one.unit.name,
        "facts": len(one.records),
        "inputs": [_input_json(i) for i in one.inputs],
    }


def explain(
    figure: str,
    as_of: Moment | None = None,
    known_on: Moment | None = None,
    *,
    plan: str | None = None,
    now: datetime | None = None,
) -> Explanation:
    """What stands behind a figure. `NotFound` for an unknown id or where no plan is loaded."""
    figures = Figures(look(as_of, known_on, now=now), plan)
    indicator = next((i for i in figures.text.indicators if i.id == figure), None)
    if indicator is None:
        raise unknown(figure)
    return Explanation(figures.row(indicator), figures.look, figures.record, figures.size)


def leaves(inputs: Iterable[Input]) -> Iterator[Input]:
    """The leaves of a formula, those of referred indicators included."""
    for one in inputs:
        yield one
        yield from leaves(one.inputs)


def checkpoint() -> Checkpoint | None:
    """The signed statement under which a page shows its proofs."""
    return checkpoints.sign()
