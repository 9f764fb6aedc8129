"""What others may ask about parties."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from hutong.kernel.permission import Role
from hutong.kernel.text import Text
from hutong.modules.parties.models import Organisation, Person, RoleGrant


def organisation_name(pk: int) -> Text:
    """The name of an organisation in both languages."""
    found = Organisation.objects.only("name_en", "name_zh").get(pk=pk)
    return found.name


def organisation_names(pks: Iterable[int]) -> dict[int, Text]:
    """Names by record id, in one query."""
    return {o.pk: o.name for o in Organisation.objects.filter(pk__in=set(pks)).only("name_en", "name_zh")}


def innovator_grants() -> list[RoleGrant]:
    """Every grant of the innovator's role, live or ended, with its organisation."""
    return list(RoleGrant.objects.filter(role=Role.INNOVATOR).select_related("organisation").order_by("id"))


def _live(person: Person, at: datetime) -> QuerySet[RoleGrant]:
    live = RoleGrant.objects.filter(person=person, valid_from__lte=at).exclude(state="ended")
    return live.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=at))


def holds_role(person: Person, role: Role, at: datetime) -> bool:
    """Whether the person holds the role at that moment, for whatever organisation."""
    return _live(person, at).filter(role=role).exists()


def houses_of(person: Person, at: datetime) -> set[str]:
    """Codes of the organisations for which the person holds any role at that moment."""
    codes = _live(person, at).filter(organisation__isnull=False).values_list("organisation__code", flat=True)
    return set(codes)
