"""From a person to the actor of the permission rules: the roles that are live at a moment."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from hutong.kernel.permission import ANONYMOUS, Actor, Grant, Role
from hutong.platform.people import OperatorSession, Person, RoleGrant

# States of a grant and a session as the department of parties names them.
ENDED = "ended"


def actor_of(person: Person | None, at: datetime) -> Actor:
    """The actor that this person is at the moment `at`; nobody signed in is the public.

    The hub operator's role counts only while an operator session is open: there is no standing superuser.
    """
    if person is None or not person.is_active:
        return ANONYMOUS
    live = RoleGrant.objects.filter(person=person, valid_from__lte=at).exclude(state=ENDED)
    rows = live.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=at)).values_list("role", "organisation_id")
    grants = [Grant(Role(role), organisation) for role, organisation in rows.order_by("id")]
    if any(g.role is Role.OPERATOR for g in grants) and not operator_session(person, at):
        grants = [g for g in grants if g.role is not Role.OPERATOR]
    return Actor(code=person.code, id=person.pk, grants=tuple(grants))


def operator_session(person: Person, at: datetime) -> OperatorSession | None:
    """The operator session that is open for this person at the moment `at`."""
    sessions = OperatorSession.objects.filter(person=person, opened_at__lte=at, ends_at__gt=at, state="open")
    return sessions.order_by("-ends_at").first()


def may_open_session(person: Person, at: datetime) -> bool:
    """Whether the person holds a live grant of the operator's role."""
    live = RoleGrant.objects.filter(person=person, role=Role.OPERATOR, valid_from__lte=at).exclude(
        state=ENDED
    )
    return live.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=at)).exists()
