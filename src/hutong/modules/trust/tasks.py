"""What is asked in the background: systems are measured, services are greeted, answers are drawn for people.

A job that was killed is taken up again where its journal and its record of answers stand. What goes wrong is kept by name with
the evaluation or the service; nothing that was counted or answered is lost.
"""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

from django_tasks import task

from hutong.engines import trust
from hutong.engines.trust.content.service import Service as Speaking
from hutong.engines.trust.content.sheet import sheet
from hutong.engines.trust.observe import bench_of
from hutong.engines.trust.reach.identity import heard
from hutong.engines.trust.runs import run
from hutong.engines.trust.runs.case import recorded
from hutong.engines.trust.types import Json
from hutong.kernel.errors import HutongError
from hutong.kernel.permission import THE_HUB
from hutong.modules.trust import bench, deployed, services
from hutong.modules.trust.models import Evaluation, Service
from hutong.platform import files, runner

JSON_LINES = "application/jsonl"


@task()
def measure(code: str) -> str:
    """Observe every claim of the plan and hand the counts to the hub. Returns the outcome, or the rule that broke it off."""
    evaluation = _evaluation(code)
    if evaluation.state != "measuring":
        return evaluation.state
    try:
        seen = _observed(evaluation)
    except Exception as error:
        return _interrupted(evaluation, error)
    given = {"evaluation": code, "observations": seen.as_json()}
    done = runner.run(THE_HUB, "trust.evaluation.observe", given)
    return str(done.record.verdict["outcome"])


@task()
def draw(code: str) -> str:
    """Ask a service what people have to look at, and put the sheet down. Returns its digest, or the rule that broke it off."""
    evaluation = _evaluation(code)
    if evaluation.state not in ("planned", "interrupted", "measured"):
        return evaluation.state
    try:
        rows = _drawn(evaluation)
    except Exception as error:
        return _interrupted(evaluation, error)
    text = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
    kept = files.store(BytesIO(text.encode()), name=f"{code}-answers.jsonl", media_type=JSON_LINES)
    given = {"evaluation": code, "sheet": kept.sha256, "answers": len(rows)}
    runner.run(THE_HUB, "trust.evaluation.show", given)
    return str(kept.sha256)


@task()
def look(code: str) -> str:
    """Ask a service what it is. Returns what it says, or the rule that it broke."""
    service = _service(code)
    if service.state != "registered":
        return service.state
    try:
        said = services.greet(service)
        card = services.card_of(service, said, service.address)
    except Exception as error:
        fault = services.fault_of(error)
        runner.run(THE_HUB, "trust.service.miss", {"service": code, "fault": fault})
        return str(fault["rule"])
    runner.run(THE_HUB, "trust.service.hear", {"service": code, "said": said, "card": card})
    return said


def _tape(code: str) -> Path:
    """The record of answers, its folder made. Questions of a secret bank may be guessed from answers: nobody else's to read."""
    place = deployed.tape_of(code)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def _evaluation(code: str) -> Evaluation:
    rows = Evaluation.objects.select_related(
        "version_of__system", "service__grant", "service__system__organisation"
    )
    return rows.get(code=code)


def _service(code: str) -> Service:
    return Service.objects.select_related("system__organisation", "grant").get(code=code)


def _observed(evaluation: Evaluation) -> trust.Observations:
    case, plan = bench.open_case(evaluation), trust.plan_of(evaluation.plan)
    opener = recorded(case.open, _tape(evaluation.code))
    seen = run(
        plan, opener, case.system, case.profile, case.data, evaluation.seed, deployed.journal_of(evaluation),
        workers=1,
    )  # fmt: skip
    if evaluation.service is not None:
        _stayed(evaluation, evaluation.service)
    return seen


def _drawn(evaluation: Evaluation) -> list[Json]:
    case, plan = bench.open_case(evaluation), trust.plan_of(evaluation.plan)
    opener = recorded(case.open, _tape(evaluation.code))
    with trust.closing(opener()) as target:
        if not isinstance(target, Speaking):
            raise deployed.not_in_words()
        room, _ = bench_of(plan, target, case.system, case.profile, case.data, evaluation.seed)
        rows = list(sheet(plan, target, room.setting, evaluation.seed))
    _stayed(evaluation, deployed.serving(evaluation))
    return rows


def _stayed(evaluation: Evaluation, service: Service) -> None:
    """Every answer on the record came from what was registered, as far as it says. `Conflict` service.changed."""
    given = services.admitted(service)
    others = set(heard(deployed.tape_of(evaluation.code), given.endpoint)) - {service.said}
    if others:
        now = sorted(others)[0]
        reason = services.told(service.said, now)
        if service.state == "answering":
            runner.run(THE_HUB, "trust.service.change", {"service": service.code, "reason": reason})
        raise services.moved(service)


def _interrupted(evaluation: Evaluation, error: Exception) -> str:
    """Keep why it broke off. What is no refusal of ours is raised again, so that the job shows where it happened."""
    fault = services.fault_of(error)
    given = {"evaluation": evaluation.code, "fault": fault}
    runner.run(THE_HUB, "trust.evaluation.interrupt", given)
    if not isinstance(error, HutongError):
        raise error
    return str(fault["rule"])
