"""The pages of an evaluation and of a certificate, and the drawer behind each cell of the grid."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from hutong.engines.trust import CATEGORIES
from hutong.kernel.errors import Denied, NotFound
from hutong.kernel.permission import Actor, decide
from hutong.kernel.text import Text
from hutong.modules.trust import policy as may
from hutong.modules.trust.claims import NOT_SHOWN, SHOWN, place, tested, untested
from hutong.modules.trust.models import Certificate, Evaluation, Service
from hutong.modules.trust.progress import asked_publicly, course_of
from hutong.modules.trust.rates import TWO, two_sided
from hutong.modules.trust.words import closed_gate, grid, short
from hutong.platform import files
from hutong.platform.components import Computed, Drawer, Facts, Given, Meaning
from hutong.platform.entities import Sight
from hutong.platform.evidence import with_houses
from hutong.platform.ledger.tables import Event
from hutong.platform.parsing import load_record
from hutong.platform.web.details import timeline
from hutong.platform.web.evidence import drawer_response, proof_of

PROMISE = Text(
    "The levels below were reached by version {v} as it was measured. The chance that any of them was passed falsely is "
    "at most {a}. It says nothing about other versions, other data or other uses.",
    "下列等级为版本 {v} 按实测状态所达到；其中任一项被误判通过的概率不超过 {a}。对其他版本、其他数据或其他用途不作结论。",
)
NOT_LIVE = Text("It does not hold now: {r}", "现已失效：{r}")


def evaluation_context(seen: Sight) -> dict[str, Any]:
    """The verdict in one sentence, the grid, the claims, and what would change it."""
    evaluation: Evaluation = seen.record
    verdict = evaluation.verdict
    if verdict is None:
        return {
            "verdict": Text("Nothing has been measured yet.", "尚未测量。"),
            "grid": None,
            "closed": closed_gate(evaluation),
            "sections": tuple(course_of(evaluation, seen.actor)),
        }
    return {
        "verdict": Text(**verdict["words"]),
        "grid": grid(evaluation, evaluation.code),
        "closed": closed_gate(evaluation),
        "sections": (*course_of(evaluation, seen.actor), *_sections(evaluation)),
    }


def service_context(seen: Sight) -> dict[str, Any]:
    """Why it could not be asked, where it could not."""
    service: Service = seen.record
    if service.fault is None:
        return {}
    what, remedy = (Text(**service.fault[k]) for k in ("what", "remedy"))
    rule = Given(Text("Rule", "规则"), str(service.fault["rule"]))
    facts = Facts(
        (Given(Text("What happened", "情况"), what), Given(Text("What to do", "处理办法"), remedy), rule)
    )
    return {"sections": ((Text("Why it could not be asked", "无法访问的原因"), facts),)}


def certificate_context(seen: Sight) -> dict[str, Any]:
    """What the certificate promises, on what it rests, and what it leaves open."""
    certificate: Certificate = seen.record
    evaluation, version = certificate.evaluation, certificate.version_of
    promise = PROMISE.format(v=version.label, a=short(certificate.alpha))
    if certificate.state != "live":
        promise = NOT_LIVE.format(r=certificate.reason or "-")
    return {
        "title": Text("Certificate of {s}", "{s} 评测证书").format(s=version.system.name),
        "lead": promise,
        "sections": (
            (Text("Levels reached", "达到等级"), grid(evaluation, certificate.code)),
            *asked_publicly(evaluation),
            *_sections(evaluation),
        ),
    }


def _sections(evaluation: Evaluation) -> list[tuple[Text, Any]]:
    found: list[tuple[Text, Any]] = [(SHOWN, tested(evaluation.plan, evaluation.verdict))]
    both = two_sided(evaluation.plan, evaluation.verdict)
    if both is not None:
        found.append((TWO, both))
    left = untested(evaluation.verdict, evaluation.plan)
    return found if left is None else [*found, (NOT_SHOWN, left)]


def sheet_view(request: HttpRequest, code: str) -> HttpResponse:
    """The answers that people have to look at, one JSON record a line: for evaluators alone, since the questions are secret."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    evaluation: Any = load_record(Evaluation, code, actor, "code")
    allowed = decide(may.EVALUATION_MARK, actor, evaluation)
    if isinstance(allowed, Denied):
        raise allowed
    if not evaluation.sheet_sha256:
        raise NotFound(
            Text("No answers were drawn yet.", "尚未抽取回答。"),
            rule="evaluation.no_sheet",
            remedy=Text("Draw the answers that people look at first.", "请先抽取供人工评审的回答。"),
        )
    answer = HttpResponse(files.read(evaluation.sheet_sha256), content_type="application/jsonl")
    answer["Content-Disposition"] = f'attachment; filename="{evaluation.code}-answers.jsonl"'
    return answer


def cell_view(request: HttpRequest, code: str, category: str, level: int) -> HttpResponse:
    """What stands behind one cell: the claims as they were stated, their numbers, the events, the proof."""
    model = Certificate if code.upper().startswith(Certificate.prefix) else Evaluation
    record: Any = load_record(model, code, request.actor, "code")  # type: ignore[attr-defined]
    evaluation: Evaluation = record.evaluation if isinstance(record, Certificate) else record
    cells = (evaluation.verdict or {}).get("cells", ())
    cell = next((c for c in cells if (c["category"], c["level"]) == (category, level)), None)
    if cell is None or category not in CATEGORIES:
        raise NotFound(
            Text("There is no such cell.", "没有该单元格。"),
            rule="evaluation.cell",
            remedy=Text("Open it from the grid of the evaluation.", "请从评测的等级表进入。"),
        )
    return drawer_response(request, _drawer(evaluation, cell))


def _drawer(evaluation: Evaluation, cell: dict[str, Any]) -> Drawer:
    events = list(with_houses(Event.objects.filter(subject=evaluation.code)).order_by("seq"))
    only = (cell["category"], cell["level"])
    claims = [c for c in evaluation.plan["claims"] if (c["category"], c["level"]) == only]
    values = tuple(
        Given(
            Text(**c["statement"]),
            Text("believed until refuted: {n}", "在被否定前推定：{n}").format(n=Text(**c["null"])),
        )
        for c in claims
    )
    return Drawer(
        title=place(cell),
        value=Text(**cell["words"]),
        meaning=Meaning(
            Text(
                "Stated and hashed before the first observation, plan {p}.",
                "首次观测前即声明并固定，计划 {p}。",
            ).format(p=evaluation.plan_digest[:16])
        ),
        computed=Computed(
            formula=Text(
                "It passes only if the limit of the interval lies on the right side of the bar.",
                "仅当区间端点位于限值的合格一侧时判定通过。",
            ),
            values=values,
        ),
        records=tested(evaluation.plan, evaluation.verdict, only),
        events=timeline(events),
        proof=proof_of(events[-1]) if events else None,
    )
