"""Permissions: who may do what to which record, as one predicate that Python evaluates and SQL compiles.

A permission is ``scope:resource:action``. A policy lists, per permission, the rules that allow it; nothing is
allowed that no rule allows. A rule names a role and a condition on the record; the platform compiles the same
condition to a query (`hutong.platform.scope`), and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hutong.kernel.errors import Denied
from hutong.kernel.text import Text


class Role(StrEnum):
    """The roles of a hub. A person holds them through dated grants, most of them for one organisation."""

    TASK_FORCE = "task_force"
    INNOVATOR = "innovator"
    CENTRE_OPERATOR = "centre_operator"
    DATA_OFFICER = "data_officer"
    EVALUATOR = "evaluator"
    SUPERVISOR = "supervisor"
    ETHICS_MEMBER = "ethics_member"
    SCENARIO_OWNER = "scenario_owner"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    SYSTEM = "system"


ROLE_LABELS: Mapping[Role, Text] = {
    Role.TASK_FORCE: Text("Task-force officer", "专班人员"),
    Role.INNOVATOR: Text("Innovator", "创新主体人员"),
    Role.CENTRE_OPERATOR: Text("Centre operator", "算力中心运营人员"),
    Role.DATA_OFFICER: Text("Data officer", "数据管理人员"),
    Role.EVALUATOR: Text("Evaluator", "评测人员"),
    Role.SUPERVISOR: Text("Supervisor", "监管人员"),
    Role.ETHICS_MEMBER: Text("Ethics committee member", "科技伦理委员"),
    Role.SCENARIO_OWNER: Text("Scenario owner", "场景业主"),
    Role.REVIEWER: Text("Reviewer", "评审专家"),
    Role.AUDITOR: Text("Auditor", "审计人员"),
    Role.OPERATOR: Text("Hub operator", "平台运维人员"),
    Role.SYSTEM: Text("The hub itself", "系统自身"),
}


@dataclass(frozen=True, slots=True)
class Permission:
    """``scope:resource:action`` and what it means."""

    name: str
    label: Text

    def __post_init__(self) -> None:
        if self.name.count(":") != 2:
            raise ValueError(f"a permission is scope:resource:action, not {self.name!r}")


@dataclass(frozen=True, slots=True)
class Grant:
    """One live role of an actor; `organisation` is the record id it is held for, None for the whole hub."""

    role: Role
    organisation: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `grants` are those live at the moment of the request."""

    code: str
    id: int | None = None
    grants: tuple[Grant, ...] = ()

    def organisations(self, role: Role) -> frozenset[int]:
        return frozenset(g.organisation for g in self.grants if g.role is role and g.organisation is not None)

    def has(self, role: Role) -> bool:
        return any(g.role is role for g in self.grants)


ANONYMOUS = Actor(code="PUBLIC")
THE_HUB = Actor(code="SYSTEM", grants=(Grant(Role.SYSTEM),))


@dataclass(frozen=True, slots=True)
class Everything:
    """Any record."""


@dataclass(frozen=True, slots=True)
class Own:
    """The record's organisation (an id, reached by a dotted path) is the one the role is held for."""

    path: str


@dataclass(frozen=True, slots=True)
class Self:
    """The record's person (an id, reached by a dotted path) is the actor."""

    path: str


@dataclass(frozen=True, slots=True)
class Among:
    """The value at the path is one of these."""

    path: str
    values: tuple[str | int | bool, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """All parts hold."""

    parts: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Where


Where = Everything | Own | Self | Among | Both | Either | Not


@dataclass(frozen=True, slots=True)
class Rule:
    """Allows holders of `role` (None: anybody, signed in or not) on records where `where` holds."""

    role: Role | None
    where: Where = Everything()


@dataclass(frozen=True, slots=True)
class Allowed:
    """A decision for the actor: by which rule, and under which grant."""

    rule: Rule
    grant: Grant | None


Policy = Mapping[Permission, tuple[Rule, ...]]
POLICY: dict[Permission, tuple[Rule, ...]] = {}


def declare(policy: Policy) -> Policy:
    """Add a module's permissions to the hub's policy; a permission is declared once."""
    for permission, rules in policy.items():
        if any(p.name == permission.name for p in POLICY):
            raise ValueError(f"permission {permission.name} is declared twice")
        POLICY[permission] = rules
    return policy


def reach(record: Any, path: str) -> Any:
    """Follow a dotted path of attributes; None where a link is empty."""
    for part in path.split("."):
        if record is None:
            return None
        record = getattr(record, part)
    return record


def holds(where: Where, actor: Actor, grant: Grant | None, record: Any) -> bool:
    """Evaluate the condition in Python. `record` None stands for a record that does not exist yet."""
    match where:
        case Everything():
            return True
        case Own(path):
            organisation = grant.organisation if grant else None
            return organisation is not None and (record is None or reach(record, path) == organisation)
        case Self(path):
            return actor.id is not None and (record is None or reach(record, path) == actor.id)
        case Among(path, values):
            return record is None or reach(record, path) in values
        case Both(parts):
            return all(holds(p, actor, grant, record) for p in parts)
        case Either(parts):
            return any(holds(p, actor, grant, record) for p in parts)
        case Not(part):
            return record is None or not holds(part, actor, grant, record)


def allowing(permission: Permission, actor: Actor, record: Any = None) -> tuple[Allowed, ...]:
    """All ways in which the policy allows this; empty when it does not."""
    found: list[Allowed] = []
    for rule in POLICY.get(permission, ()):
        if rule.role is None:
            if holds(rule.where, actor, None, record):
                found.append(Allowed(rule, None))
            continue
        for grant in actor.grants:
            if grant.role is rule.role and holds(rule.where, actor, grant, record):
                found.append(Allowed(rule, grant))
    return tuple(found)


def decide(permission: Permission, actor: Actor, record: Any = None) -> Allowed | Denied:
    """`Allowed`, or the `Denied` that says which role would be needed. A value: the caller may raise or show it."""
    found = allowing(permission, actor, record)
    if found:
        return found[0]
    rules = POLICY.get(permission, ())
    roles = [ROLE_LABELS[r.role] for r in rules if r.role is not None and r.role is not Role.SYSTEM]
    need = Text("the hub itself", "系统自身")
    if roles:
        need = Text(
            " / ".join(dict.fromkeys(r.en for r in roles)), "、".join(dict.fromkeys(r.zh for r in roles))
        )
    return Denied(
        Text("You may not do this: {what}.", "您无权执行：{what}。").format(what=permission.label),
        rule=permission.name,
        remedy=Text(
            "It takes this role, for the organisation concerned: {need}. Ask the hub operator for a grant.",
            "需要就相关单位持有以下角色：{need}。请联系平台运维人员授权。",
        ).format(need=need),
    )
