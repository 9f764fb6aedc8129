"""What can be done with filings."""

from __future__ import annotations

from typing import Annotated, Any

from hutong.kernel.clock import local_date, working_calendar
from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.normalise import clean_text
from hutong.kernel.operation import Choice, Help, Json, Reason, operation
from hutong.kernel.text import Text
from hutong.modules.filing import policy as may
from hutong.modules.filing import rules
from hutong.modules.filing.lifecycle import FILING
from hutong.modules.filing.models import Filing
from hutong.modules.passport.contract import Version
from hutong.modules.trust.contract import Certificate, live_certificate
from hutong.platform.context import RunContext
from hutong.platform.evidence import events_of

LONGEST_ANSWER = 10_000
KINDS = Choice(
    (
        ("algorithm", Text("Algorithm filing", "算法备案")),
        ("generative", Text("Generative AI filing", "生成式人工智能服务备案")),
    )
)
Answers = Annotated[
    Json,
    Text("Self-assessment", "自评估"),
    Help(Text("One line each, “purpose: Reads digits on forms.”; then mechanism, data, opt_out, security.",
              "每题一行，如“purpose: 识别表单数字”；依次为 mechanism、data、opt_out、security。")),
]  # fmt: skip


@operation(
    "filing.filing.open",
    permission=may.OPEN,
    title=Text("Open a filing", "发起备案"),
    sentence=Text("opened the filing {subject}", "发起了备案 {subject}"),
    lifecycle=FILING,
    creates=Filing,
)
def filing_open(
    ctx: RunContext,
    version: Version,
    *,
    kind: Annotated[str, Text("Kind", "类型"), KINDS] = "algorithm",
    answers: Answers,
) -> Filing:
    """Begin the filing of a certified version with its self-assessment."""
    return Filing(
        version_of=version,
        certificate=_certificate(ctx, version),
        kind=kind,
        answers=_answers(answers.value),
        checklist_version=rules.checklist().version,
    )


def _certificate(ctx: RunContext, version: Version) -> Certificate:
    found = live_certificate(version.code, local_date(ctx.now))
    if found is None:
        raise Conflict(
            Text("{v} holds no certificate.", "{v} 没有有效证书。").format(v=version.code),
            rule="filing.certificate",
            remedy=Text("A version is filed after it passed its evaluation.", "版本须先通过评测方可备案。"),
            field="version",
        )
    return Certificate.objects.get(code=found.code)


def _answers(given: Any) -> dict[str, str]:
    known = rules.checklist().questions
    if (
        not isinstance(given, dict)
        or set(given) - set(known)
        or not all(isinstance(v, str) for v in given.values())
    ):
        raise Invalid(
            Text("The answers do not fit the checklist.", "答复与清单不符。"),
            rule="filing.answers",
            remedy=Text("Answer in words to: {k}.", "请以文字答复：{k}。").format(k=", ".join(known)),
            field="answers",
        )
    return {
        question: clean_text(answer, field="answers", max_length=LONGEST_ANSWER, required=False)
        for question, answer in given.items()
    }


@operation(
    "filing.filing.submit",
    permission=may.PREPARE,
    title=Text("Submit", "提交"),
    sentence=Text("submitted the filing {subject}", "提交了备案 {subject}"),
    lifecycle=FILING,
    transition=FILING.submit,
)
def filing_submit(ctx: RunContext, filing: Filing) -> None:
    """Hand the filing in: the clock of the authority begins."""
    filing.certificate = _certificate(ctx, filing.version_of)


@operation(
    "filing.filing.return_for_correction",
    permission=may.HANDLE,
    title=Text("Return for correction", "退回补正"),
    sentence=Text("returned the filing {subject} for correction", "将备案 {subject} 退回补正"),
    lifecycle=FILING,
    transition=FILING.return_for_correction,
)
def filing_return(ctx: RunContext, filing: Filing, *, reason: Reason) -> None:
    """Tell the applicant once of everything that is missing; the clock stands until it comes back."""
    filing.missing = rules.missing(filing.answers)
    filing.reason = reason
    ctx.note(missing=filing.missing)


@operation(
    "filing.filing.resubmit",
    permission=may.PREPARE,
    title=Text("Submit again", "重新提交"),
    sentence=Text("submitted the filing {subject} again", "重新提交了备案 {subject}"),
    lifecycle=FILING,
    transition=FILING.resubmit,
)
def filing_resubmit(ctx: RunContext, filing: Filing, *, answers: Answers) -> None:
    """Hand in the corrected answers: the clock goes on."""
    filing.answers = {**filing.answers, **_answers(answers.value)}
    filing.missing, filing.reason = [], ""


@operation(
    "filing.filing.accept",
    permission=may.HANDLE,
    title=Text("Accept", "受理"),
    sentence=Text("accepted the filing {subject}", "受理了备案 {subject}"),
    lifecycle=FILING,
    transition=FILING.accept,
)
def filing_accept(ctx: RunContext, filing: Filing) -> None:
    """Accept a filing that is complete and in form."""
    gaps = rules.missing(filing.answers)
    if gaps:
        raise Conflict(
            Text("Answers are missing: {g}.", "缺少答复：{g}。").format(g=", ".join(gaps)),
            rule="filing.incomplete",
            remedy=Text("Return the filing for correction.", "请退回补正。"),
            field="answers",
        )


@operation(
    "filing.filing.enter",
    permission=may.HANDLE,
    title=Text("Enter in the register", "予以备案"),
    sentence=Text("entered the filing {subject} in the register", "将备案 {subject} 载入登记"),
    lifecycle=FILING,
    transition=FILING.enter,
)
def filing_enter(ctx: RunContext, filing: Filing) -> None:
    """Give the filing its number in the public register. A second person than the one who accepted it."""
    filing.certificate = _certificate(ctx, filing.version_of)
    today = local_date(ctx.now)
    filing.number, filing.filed_on = _number(today.year), today
    clock = rules.clock_of(events_of(filing.code))
    elapsed = clock.elapsed(working_calendar(), today) if clock is not None else None
    ctx.note(number=filing.number)
    if elapsed is not None:
        ctx.note(working_days=elapsed.days, provisional=elapsed.provisional)


def _number(year: int) -> str:
    """The next number of the year: the row lock of the log makes it gapless enough, its uniqueness is a constraint."""
    start = f"HUB-{year}-"
    taken = Filing.objects.select_for_update().filter(number__startswith=start).count()
    return f"{start}{taken + 1:05d}"


@operation(
    "filing.filing.suspend",
    permission=may.SUSPEND,
    title=Text("Suspend", "暂停"),
    sentence=Text("suspended the filing {subject}", "暂停了备案 {subject}"),
    lifecycle=FILING,
    transition=FILING.suspend,
)
def filing_suspend(ctx: RunContext, filing: Filing, *, reason: Reason) -> None:
    """Suspend a filing, for instance because its certificate no longer holds."""
    filing.reason = reason


@operation(
    "filing.filing.resume",
    permission=may.HANDLE,
    title=Text("Resume", "恢复"),
    sentence=Text("resumed the filing {subject}", "恢复了备案 {subject}"),
    lifecycle=FILING,
    transition=FILING.resume,
)
def filing_resume(ctx: RunContext, filing: Filing, *, reason: Reason) -> None:
    """End a suspension once the version holds a certificate again; the filing rests on that one from now on."""
    filing.certificate = _certificate(ctx, filing.version_of)
    filing.reason = reason
    ctx.note(number=filing.number)


@operation(
    "filing.filing.deregister",
    permission=may.HANDLE,
    title=Text("Deregister", "注销"),
    sentence=Text("deregistered the filing {subject}", "注销了备案 {subject}"),
    lifecycle=FILING,
    transition=FILING.deregister,
)
def filing_deregister(ctx: RunContext, filing: Filing, *, reason: Reason) -> None:
    """End an entry of the register. The number is not given again."""
    filing.reason = reason
