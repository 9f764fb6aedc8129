"""What scenarios do when something happens earlier in the lane: a certificate that falls halts its pilots."""

from __future__ import annotations

from typing import Any

from hutong.kernel.gate import reaction
from hutong.modules.scenarios.queries import running_under

HALTING = ("trust.certificate.suspend", "trust.certificate.revoke")


def halt_pilots(context: Any, certificate: Any) -> None:
    """Halt every running pilot that stands on the certificate, in the same transaction, and say so in its event."""
    halted = running_under(certificate.code)
    for pilot in halted:
        pilot.state = "halted"
        context.keep(pilot)
    if halted:
        context.note(pilots_halted=[p.code for p in halted])


for _name in HALTING:
    reaction(_name)(halt_pilots)
