"""Evaluations: ask, plan, measure, pass or refuse. The verdict is computed; people only carry it out."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from hutong.engines import trust
from hutong.kernel.errors import Invalid
from hutong.kernel.operation import Choice, FileRef, Help, Json, operation
from hutong.kernel.text import Text
from hutong.modules.passport.contract import Version
from hutong.modules.trust import bench
from hutong.modules.trust import policy as may
from hutong.modules.trust.lifecycle import EVALUATION
from hutong.modules.trust.models import Evaluation
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
        Text("Fairness does not apply, because", "公平性不适用的理由"),
        Help(Text("A ground of the profile; empty when it applies.", "填写评测配置列明的理由；适用时留空。")),
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
        declarations=_declared(chosen, not_applicable, document),
    )


def _declared(profile: trust.Profile, ground: str | None, document: FileRef | None) -> list[dict[str, Any]]:
    if ground is None:
        return []
    if ground not in profile.grounds.get("F", {}) or document is None:
        known = ", ".join(profile.grounds.get("F", {})) or "-"
        raise Invalid(
            Text(
                "Fairness is excused only on a ground of the profile, with a document.",
                "仅可依评测配置列明的理由并附文件声明公平性不适用。",
            ),
            rule="declaration.ground",
            remedy=Text("Grounds of this profile: {k}.", "本配置可用理由：{k}。").format(k=known),
            field="not_applicable",
        )
    return [{"category": "F", "ground": ground, "document_sha256": document.sha256}]


@operation(
    "trust.evaluation.plan",
    permission=may.EVALUATION_PLAN,
    title=Text("Fix the plan", "制定评测计划"),
    sentence=Text("fixed the plan of {subject}", "制定了 {subject} 的评测计划"),
    lifecycle=EVALUATION,
    transition=EVALUATION.plan,
)
def evaluation_plan(ctx: RunContext, evaluation: Evaluation) -> None:
    """Fix every claim with its threshold, error and size, and commit to a seed, before anything is observed."""
    case = bench.open_case(evaluation)
    evaluation.seed = secrets.token_hex(16)
    declarations = bench.declarations_of(evaluation, case.profile)
    with trust.closing(case.target) as target:
        plan = trust.make_plan(target, case.system, case.profile, case.data, evaluation.seed, declarations)
        walls = dict(trust.walls_of(target))
    evaluation.plan, evaluation.plan_digest = plan.as_json(), plan.digest
    ctx.note(
        plan_digest=plan.digest, claims=len(plan.claims), alpha=plan.alpha, data_use=case.use_code, jail=walls
    )


@operation(
    "trust.evaluation.measure",
    permission=may.EVALUATION_MEASURE,
    title=Text("Measure", "实施测量"),
    sentence=Text("started to measure {subject}", "开始测量 {subject}"),
    lifecycle=EVALUATION,
    transition=EVALUATION.measure,
)
def evaluation_measure(ctx: RunContext, evaluation: Evaluation) -> None:
    """Count what the plan asks for, in the background."""
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
    evaluation.observations = observations.value
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
    """Carry out a computed refusal, with the measured reason and its interval."""
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
