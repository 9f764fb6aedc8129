"""The permission predicate compiled to SQL. `hutong.kernel.permission.holds` is its twin in Python."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from hutong.kernel.permission import (
    POLICY,
    Actor,
    Among,
    Both,
    Either,
    Everything,
    Grant,
    Not,
    Own,
    Permission,
    Self,
    Where,
)

NOTHING = Q(pk__in=[])


def _path(path: str) -> str:
    return path.replace(".", "__")


def compile_where(where: Where, actor: Actor, grant: Grant | None) -> Q:
    """The condition as a `Q` for this actor and grant."""
    match where:
        case Everything():
            return ~NOTHING
        case Own(path):
            organisation = grant.organisation if grant else None
            return NOTHING if organisation is None else Q(**{_path(path): organisation})
        case Self(path):
            return NOTHING if actor.id is None else Q(**{_path(path): actor.id})
        case Among(path, values):
            return Q(**{f"{_path(path)}__in": values})
        case Both(parts):
            found = ~NOTHING
            for part in parts:
                found &= compile_where(part, actor, grant)
            return found
        case Either(parts):
            found = NOTHING
            for part in parts:
                found |= compile_where(part, actor, grant)
            return found
        case Not(part):
            return ~compile_where(part, actor, grant)


def within(permission: Permission, actor: Actor) -> Q:
    """All records on which the policy allows `permission` to this actor, as one `Q`."""
    found = NOTHING
    for rule in POLICY.get(permission, ()):
        if rule.role is None:
            found |= compile_where(rule.where, actor, None)
            continue
        for grant in actor.grants:
            if grant.role is rule.role:
                found |= compile_where(rule.where, actor, grant)
    return found


def visible(records: QuerySet[Any], permission: Permission, actor: Actor) -> QuerySet[Any]:
    """The records of the set that the actor may see."""
    return records.filter(within(permission, actor))
