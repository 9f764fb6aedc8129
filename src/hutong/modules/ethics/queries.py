"""What others may ask about ethics approvals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hutong.modules.ethics.models import Application


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval that holds."""

    code: str
    system_code: str
    valid_to: date | None


def approval_of(system_code: str, on: date) -> Approval | None:
    """The approval of a system that holds on that day; None where there is none."""
    found = (
        Application.objects.filter(system__code=system_code, state="approved", valid_to__gte=on)
        .order_by("-id")
        .first()
    )
    return Approval(found.code, system_code, found.valid_to) if found is not None else None
