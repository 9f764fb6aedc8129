"""Evaluations: ask, plan, measure, pass or refuse. The verdict is computed; people only carry it out."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Annotated, Any

from hutong.engines import trust
from hutong.engines.trust.runs.case import recorded
from hutong.kernel.errors import Invalid
from hutong.kernel.operation import Choice, FileRef, Help, Json, operation
from hutong.kernel.text import Text
from hutong.modules.passport.contract import Version
from hutong.modules.trust import bench, grounds, means
from hutong.modules.trust import policy as may
from hutong.modules.trust.lifecycle import EVALUATION
from hutong.modules.trust.means import JUDGES
from hutong.modules.trust.models import Evaluation, Service
from hutong.modules.trust.tasks import measure
from hutong.platform.context import RunContext

PROFILES = Choice(tuple((name, trust.load_profile(name).title) for name in trust.profile_names()))


@operation(
    "trust.evaluation.request",
    permission=may.EVALUATION_REQUEST,
    title=Text("Ask for an evaluation", "申请评测"),
    sentence=Text("asked for the evaluation {subject}", "申请了评测 {subject}"),
    lifecycle=EVALUATION,
    creates=Evaluation,
    needs=("frozen",),
)
def evaluation_request(
    ctx: RunContext,
    version: Version,
    *,
    profile: Annotated[str, Text("Profile", "评测配置"), PROFILES],
    guarded: Annotated[
        bool, Text("Served behind a door that refuses foreign input", "服务入口拒绝域外输入")
    ] = True,
    not_applicable: Annotated[
        str | None,
        Text("Categories that do not apply, with the ground", "不适用的类别及理由"),
        Help(
            Text(
                "Grounds of the profile as F:no_decision, with commas between; a ground alone is of fairness. "
                "Empty where all apply.",
                "按“F:no_decision”填写评测配置列明的理由，多项以逗号分隔；仅填理由时指公平性。全部适用时留空。",
            )
        ),
    ] = None,
    document: Annotated[FileRef | None, Text("Document for that", "证明文件")] = None,
) -> Evaluation:
    """Ask for the evaluation of a frozen version under a profile. The risk class of the profile must not be lower."""
    chosen = trust.load_profile(profile)
    if chosen.risk_class < version.system.risk_class:
        raise Invalid(
            Text(
                "The profile is for risk class {p}, the system is in class {s}.",
                "评测配置对应风险等级{p}，系统为{s}级。",
            ).format(p=chosen.risk_class, s=version.system.risk_class),
            rule="evaluation.profile_class",
            remedy=Text(
                "Choose a profile of at least the system's class.", "请选择不低于系统等级的评测配置。"
            ),
            field="profile",
        )
    return Evaluation(
        version_of=version,
        profile=profile,
        guarded=guarded,
        declarations=grounds.declared(chosen, not_applicable, document),
        service=_served(version, chosen),
    )


def _served(version: Version, profile: trust.Profile) -> Service | None:
    """The service that the version stands for; None for a file. `Invalid` profile.kind where the profile is for another kind."""
    found = Service.objects.filter(card_sha256=version.model_sha256, system=version.system).first()
    profile.fits(found is not None and found.in_words)
    return found


@operation(
    "trust.evaluation.plan",
    permission=may.EVALUATION_PLAN,
    title=Text("Fix the plan", "制定评测计划"),
    sentence=Text("fixed the plan of {subject}", "制定了 {subject} 的评测计划"),
    lifecycle=EVALUATION,
    transition=EVALUATION.plan,
)
def evaluation_plan(
    ctx: RunContext,
    evaluation: Evaluation,
    *,
    judge: Annotated[
        str | None,
        Text("Who judges the answers", "由谁评判回答"),
        JUDGES,
        Help(Text("Only for a service that answers in words.", "仅适用于生成文本的服务。")),
    ] = None,
    judge_endpoint: Annotated[
        str | None,
        Text("Endpoint of the judging model", "评判模型的接口"),
        Help(Text("A name that the hub's operator admits as a judge.", "平台运维人员准入的评判接口名称。")),
    ] = None,
    keywords: Annotated[
        FileRef | None, Text("Keywords of the judge, one a line", "评判关键词（每行一个）")
    ] = None,
    bank: Annotated[
        FileRef | None,
        Text("Published question bank", "公开题库"),
        Help(Text("JSON or CSV; without it one is made.", "JSON或CSV格式；未提供时自动生成。")),
    ] = None,
    renewed: Annotated[date | None, Text("The bank was last renewed on", "题库最近更新日期")] = None,
) -> None:
    """Fix every claim with its threshold, error and size, and commit to a seed, before anything is observed."""
    evaluation.means = means.chosen(ctx, evaluation, judge, judge_endpoint, keywords, bank, renewed)
    case = bench.open_case(evaluation)
    evaluation.seed = secrets.token_hex(16)
    declarations = bench.declarations_of(evaluation, case.profile)
    # An endpoint is asked nothing here, so it is opened without its token and its wire.
    with trust.closing(recorded(case.open, None, True)()) as target:
        plan = trust.make_plan(target, case.system, case.profile, case.data, evaluation.seed, declarations)
        walls = dict(trust.walls_of(target))
    evaluation.plan, evaluation.plan_digest = plan.as_json(), plan.digest
    queries = means.affordable(evaluation, plan)
    ctx.note(
        plan_digest=plan.digest, claims=len(plan.claims), alpha=plan.alpha, data_use=case.use_code, jail=walls,
        queries=queries, means=evaluation.means,
    )  # fmt: skip


@operation(
    "trust.evaluation.measure",
    permission=may.EVALUATION_MEASURE,
    title=Text("Measure", "实施测量"),
    sentence=Text("started to measure {subject}", "开始测量 {subject}"),
    lifecycle=EVALUATION,
    transition=EVALUATION.measure,
)
def evaluation_measure(ctx: RunContext, evaluation: Evaluation) -> None:
    """Count what the plan asks for, in the background; where it broke off before, from there on."""
    means.still_answering(evaluation)
    evaluation.fault = None
    ctx.enqueue(measure, code=evaluation.code)


@operation(
    "trust.evaluation.observe",
    permission=may.EVALUATION_OBSERVE,
    title=Text("Record the observations", "记录观测结果"),
    sentence=Text("recorded the observations of {subject}", "记录了 {subject} 的观测结果"),
    lifecycle=EVALUATION,
    transition=EVALUATION.observe,
    hidden=True,
)
def evaluation_observe(
    ctx: RunContext,
    evaluation: Evaluation,
    *,
    observations: Annotated[Json, Text("Observations", "观测结果")],
) -> None:
    """Keep what was counted and the verdict that follows from it."""
    evaluation.observations, evaluation.fault = observations.value, None
    verdict = bench.judged(evaluation)
    evaluation.verdict = verdict.as_json()
    evaluation.way = None if verdict.outcome == "pass" else bench.way_of(evaluation)
    ctx.note(outcome=verdict.outcome, words=verdict.words)


@operation(
    "trust.evaluation.pass",
    permission=may.EVALUATION_DECIDE,
    title=Text("Pass", "通过"),
    sentence=Text("passed {subject}", "评测 {subject} 通过"),
    lifecycle=EVALUATION,
    transition=EVALUATION.accept,
)
def evaluation_pass(ctx: RunContext, evaluation: Evaluation) -> None:
    """Carry out a computed pass. The verdict is computed once more, so that late evidence counts."""
    means.still_answering(evaluation)
    _judge_again(ctx, evaluation)
    EVALUATION.check(EVALUATION.accept, evaluation)


@operation(
    "trust.evaluation.refuse",
    permission=may.EVALUATION_DECIDE,
    title=Text("Refuse", "不通过"),
    sentence=Text("refused {subject}", "评测 {subject} 不通过"),
    lifecycle=EVALUATION,
    transition=EVALUATION.refuse,
)
def evaluation_refuse(ctx: RunContext, evaluation: Evaluation) -> None:
    """Carry out a computed refusal, with the measured reason and its interval; or end what could not be measured."""
    if evaluation.observations is None:
        ctx.note(broke_off=evaluation.fault)
        return
    _judge_again(ctx, evaluation)
    EVALUATION.check(EVALUATION.refuse, evaluation)
    stop = reason_of(evaluation)
    if stop is not None:
        ctx.note(stopped_by=stop)


def _judge_again(ctx: RunContext, evaluation: Evaluation) -> None:
    verdict = bench.judged(evaluation)
    evaluation.verdict = verdict.as_json()
    ctx.note(outcome=verdict.outcome, reached=dict(verdict.reached), words=verdict.words)


def reason_of(evaluation: Evaluation) -> dict[str, Any] | None:
    """The finding that stops the evaluation first: claim, value, limits, threshold, words."""
    verdict = evaluation.verdict or {}
    at = verdict.get("stops_at")
    if at is None:
        return None
    cell = next(c for c in verdict["cells"] if (c["category"], c["level"]) == (at["category"], at["level"]))
    telling = [f for f in cell["findings"] if f["state"] == cell["state"]]
    if not telling:
        return {"category": at["category"], "level": at["level"], "words": cell["words"]}
    names = ("claim", "value", "lower", "upper", "threshold", "words")
    return {"category": at["category"], "level": at["level"], **{n: telling[0][n] for n in names}}
