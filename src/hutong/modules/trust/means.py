"""The means of an evaluation of a service: who judges its answers, with which bank, within which budget."""

from __future__ import annotations

from datetime import date
from typing import Any

from hutong.engines import trust
from hutong.kernel.clock import local_date
from hutong.kernel.errors import Exhausted, HutongError, Invalid
from hutong.kernel.operation import Choice, FileRef
from hutong.kernel.text import Text
from hutong.modules.trust import deployed, endpoints, services
from hutong.modules.trust.models import Evaluation
from hutong.platform.context import RunContext

JUDGES = Choice(
    (
        ("rules", Text("Rules: refusal phrases and keywords", "规则：拒答用语与关键词")),
        ("people", Text("People, who mark every answer", "人工逐条评判")),
        ("model", Text("A model behind an admitted endpoint", "准入接口后的评判模型")),
    )
)


def chosen(
    ctx: RunContext,
    evaluation: Evaluation,
    judge: str | None,
    judge_endpoint: str | None,
    keywords: FileRef | None,
    bank: FileRef | None,
    renewed: date | None,
) -> dict[str, Any]:
    """The means as a record keeps them; empty where the system does not answer in words.

    `Invalid` means.* names what does not go together; `NotFound` endpoint.not_admitted; as the readers of bank and keywords.
    """
    given = (judge, judge_endpoint, keywords, bank, renewed)
    if evaluation.service is None or not evaluation.service.in_words:
        if any(v is not None for v in given):
            raise deployed.not_in_words()
        return {}
    kind = judge or "rules"
    if (kind == "model") is (judge_endpoint is None):
        raise _wrong(
            "judge",
            Text("A model that judges comes with its endpoint.", "评判模型须与其接口一并指明。"),
            "judge_endpoint",
        )
    if (bank is None) is not (renewed is None):
        raise _wrong(
            "bank", Text("A bank comes with the day of its renewal.", "题库须与更新日期一并提供。"), "renewed"
        )
    if judge_endpoint is not None:
        endpoints.judging(judge_endpoint)
    made: dict[str, Any] = {"judge": kind}
    if bank is not None:
        # The age of a published bank is told by the day of the evaluation; one made under the plan's seed has none.
        made["on"] = local_date(ctx.now).isoformat()
    more = {
        "judge_endpoint": judge_endpoint,
        "keywords": None if keywords is None else keywords.sha256,
        "bank": None if bank is None else bank.sha256,
        "renewed": None if renewed is None else renewed.isoformat(),
    }
    return made | {k: v for k, v in more.items() if v is not None}


def affordable(evaluation: Evaluation, plan: trust.Plan) -> int:
    """The questions that the plan asks at most. `Exhausted` endpoint.requests where the operator admits fewer."""
    queries = sum(c.queries or 0 for c in plan.claims)
    if evaluation.service is None:
        return queries
    most = services.admitted(evaluation.service).requests
    if most is not None and evaluation.service.in_words and queries > most:
        raise Exhausted(
            Text(
                "The plan asks up to {n} questions; the operator admits {m}.",
                "计划最多提问{n}次；运维人员仅准入{m}次。",
            ).format(n=f"{queries:,}", m=f"{most:,}"),
            rule="endpoint.requests",
            remedy=Text("Ask the operator for a larger budget.", "请联系平台运维人员提高预算。"),
            field="evaluation",
        )
    return queries


def still_answering(evaluation: Evaluation) -> None:
    """Refuse to go on with a service that is not what was registered. `Conflict` service.changed."""
    service = evaluation.service
    if service is None:
        return
    try:
        same = services.admitted(service).address == service.address
    except HutongError:
        same = False
    if service.state != "answering" or not same:
        raise services.moved(service)


def _wrong(rule: str, what: Text, field: str) -> Invalid:
    remedy = Text("See the guide, “A deployed service”.", "参见指南“已部署的服务”一节。")
    return Invalid(what, rule=f"means.{rule}", remedy=remedy, field=field)
