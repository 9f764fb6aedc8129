"""What scenarios hang on steps: no use without cover, and a certificate that falls halts its pilots."""

from __future__ import annotations

from typing import Any

from hutong.kernel.clock import FixedClock, local_date
from hutong.kernel.errors import Denied
from hutong.kernel.gate import gate, reaction
from hutong.kernel.permission import THE_HUB
from hutong.kernel.text import Text
from hutong.modules.scenarios.cover import cover_of
from hutong.modules.scenarios.queries import running_on
from hutong.modules.trust.contract import REVOKED, SUSPENDED
from hutong.platform import runner


def covered(context: Any, pilot: Any) -> Denied | None:
    """Refuse to use a version that has no live certificate or no live filing on this day."""
    refusal: Denied | None = cover_of(pilot.version_used.code, local_date(context.now)).refusal()
    return refusal


for _name in ("start", "resume", "accept", "adopt"):
    gate(f"scenarios.pilot.{_name}")(covered)


def halt_pilots(context: Any, certificate: Any) -> None:
    """Halt every running pilot of the version, each by an event of its own, in the same transaction."""
    for code in running_on(certificate.version_of_id):
        reason = Text("certificate {c} fell", "证书 {c} 失效").format(c=certificate.code)
        given = {"pilot": code, "reason": f"{reason.en} / {reason.zh}"}
        runner.run(THE_HUB, "scenarios.pilot.halt", given, clock=FixedClock(context.now))


reaction(SUSPENDED)(halt_pilots)
reaction(REVOKED)(halt_pilots)
