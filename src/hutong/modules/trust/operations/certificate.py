"""Certificates: issue, suspend, resume, revoke."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from hutong.engines import trust
from hutong.kernel.clock import local_date
from hutong.kernel.errors import Conflict, Denied
from hutong.kernel.operation import Help, Long, Reason, operation
from hutong.kernel.text import Text
from hutong.modules.trust import means
from hutong.modules.trust import policy as may
from hutong.modules.trust.lifecycle import CERTIFICATE
from hutong.modules.trust.models import Certificate, Evaluation
from hutong.platform.context import RunContext
from hutong.platform.ledger.tables import Event


@operation(
    "trust.certificate.issue",
    permission=may.CERTIFICATE_ISSUE,
    title=Text("Issue the certificate", "颁发证书"),
    sentence=Text("issued the certificate {subject}", "颁发了证书 {subject}"),
    lifecycle=CERTIFICATE,
    creates=Certificate,
    needs=("passed",),
)
def certificate_issue(
    ctx: RunContext,
    evaluation: Evaluation,
    *,
    conditions: Annotated[
        str,
        Text("Conditions of use", "使用条件"),
        Help(
            Text(
                "What has to hold where it is used, e.g. a person decides.",
                "使用中须满足的条件，如由人员作出决定。",
            )
        ),
        Long(4000),
    ] = "",
) -> Certificate:
    """Certify a passed evaluation, bound to the digests of the version. Who passed it does not certify it."""
    passed = Event.objects.filter(
        subject=evaluation.code, operation="trust.evaluation.pass", actor=ctx.actor.code
    )
    if passed.exists():
        raise Denied(
            Text(
                "You passed this evaluation; the certificate needs a second person.",
                "您作出了该评测结论，颁证须由他人办理。",
            ),
            rule="duty.separated:trust.evaluation.pass",
            remedy=Text("Ask a colleague.", "请由其他人员办理。"),
        )
    means.still_answering(evaluation)
    version = evaluation.version_of
    served = evaluation.service
    if version.model_sha256 != (
        evaluation.observations["artefact"] if served is None else served.card_sha256
    ):
        raise Conflict(
            Text("The version changed since it was evaluated.", "该版本在评测后已变更。"),
            rule="certificate.version_changed",
            remedy=Text("Evaluate the version as it is now.", "请对当前版本重新评测。"),
        )
    today = local_date(ctx.now)
    months = trust.load_profile(evaluation.profile).validity_months
    verdict = evaluation.verdict
    ctx.note(levels=verdict["reached"], meets_class=verdict["meets_class"])
    return Certificate(
        version_of=version,
        evaluation=evaluation,
        levels=verdict["reached"],
        meets_class=verdict["meets_class"],
        alpha=evaluation.plan["alpha"],
        conditions=conditions,
        model_sha256=version.model_sha256,
        data_sha256=version.data_sha256,
        spec_sha256=version.spec_sha256,
        valid_from=today,
        valid_to=_later(today, months),
    )


def _later(day: date, months: int) -> date:
    """The same day some months later, or the last day of a shorter month."""
    whole = day.year * 12 + day.month - 1 + months
    year, month = divmod(whole, 12)
    for last in range(day.day, 27, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    return date(year, month + 1, day.day)


@operation(
    "trust.certificate.suspend",
    permission=may.CERTIFICATE_SUSPEND,
    title=Text("Suspend", "暂停"),
    sentence=Text("suspended the certificate {subject}", "暂停了证书 {subject}"),
    lifecycle=CERTIFICATE,
    transition=CERTIFICATE.suspend,
)
def certificate_suspend(ctx: RunContext, certificate: Certificate, *, reason: Reason) -> None:
    """Suspend a certificate: filing, pilots and figures that rest on it stand still at once."""
    certificate.reason = reason


@operation(
    "trust.certificate.resume",
    permission=may.CERTIFICATE_SUSPEND,
    title=Text("Resume", "恢复"),
    sentence=Text("resumed the certificate {subject}", "恢复了证书 {subject}"),
    lifecycle=CERTIFICATE,
    transition=CERTIFICATE.resume,
)
def certificate_resume(ctx: RunContext, certificate: Certificate, *, reason: Reason) -> None:
    """End a suspension, once the version is again what was certified."""
    version = certificate.version_of
    means.still_answering(certificate.evaluation)
    bound = (certificate.model_sha256, certificate.data_sha256, certificate.spec_sha256)
    if bound != (version.model_sha256, version.data_sha256, version.spec_sha256):
        raise Conflict(
            Text("The version is not what was certified.", "该版本与所认证内容不一致。"),
            rule="certificate.digests",
            remedy=Text("Evaluate the version as it is now.", "请对当前版本重新评测。"),
        )
    if certificate.valid_to < local_date(ctx.now):
        raise Conflict(
            Text("Its term ended on {d}.", "有效期已于 {d} 届满。").format(
                d=certificate.valid_to.isoformat()
            ),
            rule="certificate.term_over",
            remedy=Text("Ask for a new evaluation.", "请申请重新评测。"),
            field="certificate",
        )
    certificate.reason = reason
    ctx.note(levels=certificate.levels, meets_class=certificate.meets_class)


@operation(
    "trust.certificate.revoke",
    permission=may.CERTIFICATE_SUSPEND,
    title=Text("Revoke", "撤销"),
    sentence=Text("revoked the certificate {subject}", "撤销了证书 {subject}"),
    lifecycle=CERTIFICATE,
    transition=CERTIFICATE.revoke,
)
def certificate_revoke(ctx: RunContext, certificate: Certificate, *, reason: Reason) -> None:
    """Annul a certificate that should not have been given."""
    certificate.reason = reason
