"""Which text of which plan was in force when, read from the file store; with the targets and leads declared since."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db.models import Q

from hutong.engines import indicators
from hutong.kernel.clock import local_date
from hutong.kernel.errors import NotFound
from hutong.kernel.text import Text
from hutong.modules.plan.models import Lead, Milestone, Plan, Target
from hutong.platform import files


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


def in_force(known_on: datetime, plan_key: str | None = None) -> Plan:
    """The text in force at an instant; before the first was loaded, the first. `NotFound` when there is none.

    Without a key it is the hub's own plan (HUTONG_PLAN), or the one loaded first where that was never loaded.
    """
    texts = Plan.objects.filter(plan_key=plan_key or _own_key()).order_by("created_at", "id")
    held = texts.filter(created_at__lte=known_on).filter(
        Q(superseded_at=None) | Q(superseded_at__gt=known_on)
    )
    found = held.last() or texts.first()
    if found is None:
        raise _no_plan()
    return found


def _own_key() -> str:
    own = Path(settings.HUTONG_PLAN).stem
    if Plan.objects.filter(plan_key=own).exists():
        return own
    return Plan.objects.order_by("id").values_list("plan_key", flat=True).first() or own


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
