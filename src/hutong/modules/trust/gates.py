"""What trust hangs on earlier steps, and on its own: what is no longer what was certified suspends its certificates."""

from __future__ import annotations

from typing import Any

from hutong.kernel.clock import FixedClock
from hutong.kernel.errors import Denied
from hutong.kernel.gate import gate, reaction
from hutong.kernel.permission import THE_HUB
from hutong.kernel.text import Text
from hutong.modules.passport.contract import VERSION_REPLACED
from hutong.modules.trust.models import Certificate, Evaluation, Service
from hutong.platform import runner


@reaction(VERSION_REPLACED)
def suspend_on_change(context: Any, version: Any) -> None:
    """Suspend in the same transaction, each certificate with an event of its own."""
    for certificate in Certificate.objects.filter(version_of=version, state="live"):
        if certificate.model_sha256 != version.model_sha256:
            was, now = certificate.model_sha256[:16], version.model_sha256[:16]
            _suspend(context, certificate, f"{version.code}: model {now} is not {was}")


@reaction("trust.service.change")
@reaction("trust.service.withdraw")
def suspend_what_was_served(context: Any, service: Service) -> None:
    """A service that changed or is gone is not what was certified."""
    if service.card_sha256:
        for certificate in Certificate.objects.filter(model_sha256=service.card_sha256, state="live"):
            _suspend(context, certificate, f"{service.code}: {service.state} / 服务已变更或撤回")


def _suspend(context: Any, certificate: Certificate, reason: str) -> None:
    given = {"certificate": certificate.code, "reason": reason}
    runner.run(THE_HUB, "trust.certificate.suspend", given, clock=FixedClock(context.now))


@gate("trust.evaluation.draw")
def only_what_was_not_drawn(context: Any, evaluation: Evaluation) -> Denied | None:
    """People look at answers of services that speak; once drawn, the answers stay what they are."""
    refusal = _silent(evaluation)
    if refusal is None and evaluation.sheet_sha256:
        return Denied(
            Text("The answers were drawn already.", "回答已抽取。"),
            rule="evaluation.drawn",
            remedy=Text("Mark the sheet and hand it in.", "请完成清单评审并提交。"),
        )
    return refusal


@gate("trust.evaluation.mark")
def only_what_was_drawn(context: Any, evaluation: Evaluation) -> Denied | None:
    """Nobody marks what nobody was shown."""
    refusal = _silent(evaluation)
    if refusal is None and not evaluation.sheet_sha256:
        return Denied(
            Text("No answers were drawn yet.", "尚未抽取回答。"),
            rule="evaluation.no_sheet",
            remedy=Text("Draw the answers that people look at first.", "请先抽取供人工评审的回答。"),
        )
    return refusal


def _silent(evaluation: Evaluation) -> Denied | None:
    if evaluation.service is not None and evaluation.service.in_words:
        return None
    return Denied(
        Text("This system does not answer in words.", "该系统不生成文本回答。"),
        rule="evaluation.not_in_words",
        remedy=Text("Measure it: nobody has to mark anything.", "请直接实施测量，无需人工评审。"),
    )
