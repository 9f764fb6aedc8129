"""Tables of the plan. The text of a plan lies in the file store; here is which text was in force when."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from hutong.kernel.text import Text
from hutong.modules.plan.lifecycle import ACTION, LEAD, MILESTONE, PLAN, SLIPPAGE, TARGET
from hutong.platform.records import Record

ONE_IN_FORCE = Q(state="in_force")


class Plan(Record):
    """One loaded text of a plan. plan_key: the plan's own id, of which one text is in force at a time."""

    prefix = "PLN"
    title = Text("Plan", "实施方案")
    lifecycle = PLAN

    plan_key = models.CharField(max_length=80)
    title_en = models.CharField(max_length=300)
    title_zh = models.CharField(max_length=300)
    document = models.CharField(max_length=120)
    definition_set = models.CharField(max_length=40)
    starts = models.DateField()
    ends = models.DateField()
    file_sha256 = models.CharField(max_length=64)
    superseded_at = models.DateTimeField(null=True)

    class Meta(Record.Meta):
        app_label = "plan"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["plan_key"], condition=ONE_IN_FORCE, name="plan_one_in_force")
        ]

    @property
    def name(self) -> Text:
        return Text(self.title_en, self.title_zh)


class Action(Record):
    """A piece of work of one year's action plan. number: its id in the plan; due: its last milestone."""

    prefix = "ACT"
    title = Text("Action", "年度行动")
    lifecycle = ACTION

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="actions")
    plan_key = models.CharField(max_length=80)
    number = models.CharField(max_length=40)
    task = models.CharField(max_length=40)
    year = models.PositiveIntegerField()
    title_en = models.CharField(max_length=300)
    title_zh = models.CharField(max_length=300)
    lead_en = models.CharField(max_length=200)
    lead_zh = models.CharField(max_length=200)
    due = models.DateField()
    milestones = models.JSONField(default=list)
    done_at = models.DateTimeField(null=True)
    proof = models.CharField(max_length=24, default="")

    class Meta(Record.Meta):
        app_label = "plan"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["plan_key", "number"], name="action_once_per_plan")
        ]

    @property
    def name(self) -> Text:
        return Text(self.title_en, self.title_zh)

    @property
    def lead(self) -> Text:
        return Text(self.lead_en, self.lead_zh)


class Lead(Record):
    """Which registered organisation leads a task or a safeguard, where the plan's text names none; with its source."""

    prefix = "LED"
    title = Text("Lead unit", "牵头单位")
    lifecycle = LEAD

    plan_key = models.CharField(max_length=80)
    node = models.CharField(max_length=40)
    organisation = models.ForeignKey("platform.Organisation", on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=500)
    superseded_at = models.DateTimeField(null=True)

    class Meta(Record.Meta):
        app_label = "plan"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["plan_key", "node"], condition=ONE_IN_FORCE, name="lead_one_in_force"
            )
        ]


class Target(Record):
    """A target declared where the plan states no number. Numbers are decimal texts in the unit of the indicator."""

    prefix = "TGT"
    title = Text("Declared target", "声明的目标值")
    lifecycle = TARGET

    plan_key = models.CharField(max_length=80)
    indicator = models.CharField(max_length=40)
    number = models.CharField(max_length=40)
    upper = models.CharField(max_length=40, default="")
    baseline = models.CharField(max_length=40, default="")
    baseline_on = models.DateField(null=True)
    deadline = models.DateField(null=True)
    source = models.CharField(max_length=500)
    who = models.CharField(max_length=200)
    superseded_at = models.DateTimeField(null=True)

    class Meta(Record.Meta):
        app_label = "plan"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["plan_key", "indicator"], condition=ONE_IN_FORCE, name="target_one_in_force"
            )
        ]


class Milestone(Record):
    """One step of an indicator that is a list of steps, proven by a record of the ledger. guard: its name in the plan."""

    prefix = "MLS"
    title = Text("Milestone step", "节点")
    lifecycle = MILESTONE

    plan_key = models.CharField(max_length=80)
    indicator = models.CharField(max_length=40)
    guard = models.CharField(max_length=80)
    proof = models.CharField(max_length=24)
    retracted_at = models.DateTimeField(null=True)

    class Meta(Record.Meta):
        app_label = "plan"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["plan_key", "indicator", "guard"],
                condition=Q(state="proven"),
                name="milestone_proven_once",
            )
        ]


class Slippage(Record):
    """A computed lag that somebody must explain. node: an indicator or an action; found: what was computed then."""

    prefix = "SLP"
    title = Text("Slippage", "进度偏差")
    lifecycle = SLIPPAGE

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="slippages")
    node = models.CharField(max_length=40)
    task = models.CharField(max_length=40, default="")
    found = models.JSONField(default=dict)
    lead = models.ForeignKey("platform.Organisation", null=True, on_delete=models.PROTECT, related_name="+")
    explanation = models.TextField(default="")
    mend_by = models.DateField(null=True)
    explained_at = models.DateTimeField(null=True)

    class Meta(Record.Meta):
        app_label = "plan"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["plan", "node"],
                condition=Q(state__in=("opened", "explained")),
                name="slippage_once_at_a_time",
            )
        ]
