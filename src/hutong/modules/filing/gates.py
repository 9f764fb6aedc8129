"""What filing hangs on earlier steps: where a certificate falls, the filing that rests on it stands still."""

from __future__ import annotations

from typing import Any

from hutong.kernel.clock import FixedClock
from hutong.kernel.gate import reaction
from hutong.kernel.permission import THE_HUB
from hutong.modules.filing.models import Filing
from hutong.modules.trust.contract import REVOKED, SUSPENDED
from hutong.platform import runner


def _suspend(context: Any, certificate: Any) -> None:
    for filing in Filing.objects.filter(certificate=certificate, state="filed"):
        given = {"filing": filing.code, "reason": f"{certificate.code}: {certificate.state}"}
        runner.run(THE_HUB, "filing.filing.suspend", given, clock=FixedClock(context.now))


reaction(SUSPENDED)(_suspend)
reaction(REVOKED)(_suspend)
