"""From a person to the actor of the permission rules: the roles that are live at a moment."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from hutong.kernel.permission import ANONYMOUS, Actor, Grant, Role
from hutong.kernel.text import Text
from hutong.platform.people import OperatorSession, Person, RoleGrant

# States of a grant and a session as the department of parties names them.
ENDED = "ended"


def person_with_roles(pk: int) -> Person | None:
    """The person of that key together with the roles, in one query: what every page of a signed-in person needs."""
    grants = list(_grants(timezone.now()).filter(person_id=pk).select_related("person", "organisation"))
    person = grants[0].person if grants else Person.objects.filter(pk=pk).first()
    if person is not None:
        person.grants_held = tuple(grants)
    return person


def _grants(at: datetime) -> QuerySet[RoleGrant]:
    """Grants that were not ended, with their organisation, and whether an operator session is open at `at`."""
    return (
        RoleGrant.objects.exclude(state=ENDED)
        .select_related("organisation")
        .annotate(in_session=Exists(_sessions(at).filter(person=OuterRef("person"))))
        .order_by("id")
    )


def _sessions(at: datetime) -> QuerySet[OperatorSession]:
    return OperatorSession.objects.filter(opened_at__lte=at, ends_at__gt=at, state="open")


def operator_session(person: Person, at: datetime) -> OperatorSession | None:
    """The operator session that is open for this person at the moment `at`."""
    return _sessions(at).filter(person=person).order_by("-ends_at").first()


def _held(person: Person, at: datetime) -> list[RoleGrant]:
    grants = person.grants_held
    held = _grants(at).filter(person=person) if grants is None else grants
    return [g for g in held if g.valid_from <= at and (g.valid_to is None or at < g.valid_to)]


def actor_of(person: Person | None, at: datetime) -> Actor:
    """The actor that this person is at the moment `at`; nobody signed in is the public.

    The hub operator's role counts only while an operator session is open: there is no standing superuser.
    """
    if person is None or not person.is_active:
        return ANONYMOUS
    grants = tuple(
        Grant(Role(g.role), g.organisation_id)
        for g in _held(person, at)
        if g.role != Role.OPERATOR or g.in_session  # type: ignore[attr-defined]
    )
    return Actor(code=person.code, id=person.pk, grants=grants)


def houses_of(person: Person) -> list[Text]:
    """Names of the organisations that the person acts for now."""
    held = _held(person, timezone.now())
    return list({g.organisation_id: g.organisation.name for g in held if g.organisation}.values())


def may_open_session(person: Person, at: datetime) -> bool:
    """Whether the person holds a live grant of the operator's role."""
    return any(g.role == Role.OPERATOR for g in _held(person, at))
