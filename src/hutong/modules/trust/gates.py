"""What trust hangs on earlier steps: a change of the model suspends the certificates of the version."""

from __future__ import annotations

from typing import Any

from hutong.kernel.clock import FixedClock
from hutong.kernel.gate import reaction
from hutong.kernel.permission import THE_HUB
from hutong.modules.passport.contract import VERSION_REPLACED
from hutong.modules.trust.models import Certificate
from hutong.platform import runner


@reaction(VERSION_REPLACED)
def suspend_on_change(context: Any, version: Any) -> None:
    """Suspend in the same transaction, each certificate with an event of its own."""
    for certificate in Certificate.objects.filter(version_of=version, state="live"):
        if certificate.model_sha256 != version.model_sha256:
            reason = (
                f"{version.code}: model {version.model_sha256[:16]} is not {certificate.model_sha256[:16]}"
            )
            given = {"certificate": certificate.code, "reason": reason}
            runner.run(THE_HUB, "trust.certificate.suspend", given, clock=FixedClock(context.now))
