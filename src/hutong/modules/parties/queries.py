"""What others may ask about parties."""

from __future__ import annotations

from collections.abc import Iterable

from hutong.kernel.permission import Role
from hutong.kernel.text import Text
from hutong.modules.parties.models import Organisation, RoleGrant


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
