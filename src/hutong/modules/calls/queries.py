"""What others may ask about calls."""

from __future__ import annotations

from dataclasses import dataclass

from hutong.kernel.errors import NotFound
from hutong.kernel.text import Text
from hutong.modules.calls.models import Award


@dataclass(frozen=True, slots=True)
class AwardView:
    """A live award: its system and organisation, chip-time in ms and money in fen."""

    code: str
    system_id: int
    system_code: str
    organisation_id: int
    granted_ms: int
    amount_fen: int


def _view(award: Award) -> AwardView:
    return AwardView(
        award.code,
        award.system_id,
        award.system.code,
        award.organisation_id,
        award.granted_ms,
        award.amount_fen,
    )


def live_award(code: str) -> AwardView:
    """The live award of that code; `NotFound` where there is none."""
    found = Award.objects.select_related("system").filter(code=code, state="live").first()
    if found is None:
        raise NotFound(
            Text("There is no live award {c}.", "没有有效的立项 {c}。").format(c=code[:40]),
            rule="award.not_live",
            remedy=Text("Name an award that is not closed.", "请填写未办结的立项编号。"),
            field="award",
        )
    return _view(found)
