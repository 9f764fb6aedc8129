"""Which text of which plan was in force when, read from the file store; with the targets and leads declared since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Q, Subquery

from hutong.engines import indicators
from hutong.kernel.clock import local_date
from hutong.kernel.errors import NotFound
from hutong.kernel.text import Text
from hutong.modules.plan.models import Lead, Milestone, Plan, Target
from hutong.platform import files
from hutong.platform.ledger.tables import Checkpoint, Head


def _no_plan() -> NotFound:
    return NotFound(
        Text("No plan is loaded yet.", "尚未载入实施方案。"),
        rule="plan.none",
        remedy=Text("A task-force officer loads the plan file.", "由工作专班人员载入方案文件。"),
    )


@lru_cache(maxsize=16)
def read(sha256: str) -> indicators.Plan:
    """The plan of a stored text. It was checked against the measures when it was loaded."""
    return indicators.load_plan(files.read(sha256).decode("utf-8-sig"))


@dataclass(frozen=True, slots=True)
class InForce:
    """The text in force, and the ledger as it was in the same query: its size, its root's parts, its last signing."""

    plan: Plan
    size: int
    frontier: str
    signed_at: datetime | None


def in_force(known_on: datetime, plan_key: str | None = None) -> InForce:
    """The text in force at an instant; before the first was loaded, the first. `NotFound` when there is none.

    Without a key it is the hub's own plan (HUTONG_PLAN), or the one loaded first where that was never loaded.
    """
    head = Head.objects.filter(pk=1)
    signed = Checkpoint.objects.order_by("-size").values("signed_at")[:1]
    loaded: list[Any] = list(
        Plan.objects.order_by("created_at", "id").annotate(
            log_size=Subquery(head.values("size")),
            log_frontier=Subquery(head.values("frontier")),
            log_signed=Subquery(signed),
        )
    )
    key = plan_key or _own_key(loaded)
    texts = [p for p in loaded if p.plan_key == key]
    held = [
        p
        for p in texts
        if p.created_at <= known_on and (p.superseded_at is None or p.superseded_at > known_on)
    ]
    if not texts:
        raise _no_plan()
    found = held[-1] if held else texts[0]
    return InForce(found, found.log_size or 0, found.log_frontier or "", found.log_signed)


def _own_key(loaded: Sequence[Plan]) -> str | None:
    own = Path(settings.HUTONG_PLAN).stem
    return next((p.plan_key for p in loaded if p.plan_key == own), loaded[0].plan_key if loaded else None)


def declared_targets(plan_key: str, known_on: datetime) -> dict[str, Target]:
    """Targets declared and not superseded at an instant, by indicator."""
    held = Target.objects.filter(plan_key=plan_key, created_at__lte=known_on)
    return {t.indicator: t for t in held.filter(Q(superseded_at=None) | Q(superseded_at__gt=known_on))}


def proven(plan_key: str, known_on: datetime) -> dict[str, dict[str, date]]:
    """Steps proven and not retracted at an instant, with the day of the proof: by indicator and name."""
    held = Milestone.objects.filter(plan_key=plan_key, created_at__lte=known_on)
    found: dict[str, dict[str, date]] = {}
    for one in held.filter(Q(retracted_at=None) | Q(retracted_at__gt=known_on)).order_by("id"):
        found.setdefault(one.indicator, {})[one.guard] = local_date(one.created_at)
    return found


def leads(plan_key: str) -> dict[str, Lead]:
    """Lead units declared now, by node."""
    held = Lead.objects.select_related("organisation").filter(plan_key=plan_key, state="in_force")
    return {lead.node: lead for lead in held}


def with_declared(target: indicators.Target, record: Target | None) -> indicators.Target:
    """The plan's target, completed by what was declared for it."""
    if record is None:
        return target
    number = Fraction(record.number)
    ranged = target.kind == "range"
    baseline = target.baseline
    if record.baseline:
        baseline = replace(baseline, value=Fraction(record.baseline), on=record.baseline_on)
    return replace(
        target,
        declared=True,
        must_declare=None,
        deadline=record.deadline or target.deadline,
        baseline=baseline,
        goal=None if ranged else number,
        low=number if ranged else None,
        high=Fraction(record.upper) if ranged else None,
    )
