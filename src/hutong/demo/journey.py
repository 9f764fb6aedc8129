"""The journey: two real systems set out together; one is adopted, one is stopped, and the plan's figures move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hutong.demo import hub, lane, specs
from hutong.demo.lane import Traveller
from hutong.demo.pilot import pilot
from hutong.demo.stage import Journey, gather
from hutong.kernel.text import Text
from hutong.modules.passport.contract import course
from hutong.modules.plan.contract import figures
from hutong.platform.evidence import payload_of, seq_of
from hutong.platform.ledger import checkpoints

FORM_READER = Traveller(
    key="form_reader",
    engineer="forms_engineer",
    name=Text("Form reader", "表单识别系统"),
    purpose="Reads hand-written digits on paper forms; a clerk confirms each form.",
    risk_class="2",
    spec=specs.FORM_READER,
    data="scans",
    profile="form-reader",
    summary="Trained on public scans of hand-written digits, hardened against shifts, noise, blur and faint ink.",
    hours="10",
    budget="800000",
    use="Digits in boxes of paper forms, 8 by 8 pixels, each confirmed by a clerk. Not for signatures or names.",
    excuse="no_person_attributes",
    answers="Answers to the process checks, and the statement that no attribute of a person is an input.",
)
RELEASE_ADVISER = Traveller(
    key="release_adviser",
    engineer="justice_engineer",
    name=Text("Release adviser", "释放建议系统"),
    purpose="Advises officers whether an arrested person is likely to be released with a summons.",
    risk_class="4",
    spec=specs.RELEASE_ADVISER,
    data="arrests",
    profile="release-adviser",
    summary="Learns from past releases; colour and sex are never inputs and are kept for comparison only.",
    hours="10",
    budget="900000",
    use="Advice to an officer, who decides. Not for automatic decisions.",
    excuse=None,
    answers="Answers to the process checks of the release adviser.",
)
POINTS = {
    "form_reader": [[85, 90, 80], [80, 88, 85], [90, 85, 80]],
    "release_adviser": [[88, 70, 75], [82, 74, 78], [85, 72, 70]],
}


@dataclass(frozen=True)
class Passport:
    """How a system came through: its outcome and the gate that it reached, or that stopped it."""

    code: str
    name: Text
    outcome: str
    stage: str
    stopped_by: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.code,
            "name": self.name.as_json(),
            "outcome": self.outcome,
            "stage": self.stage,
            "stopped_by": self.stopped_by,
        }


@dataclass(frozen=True)
class Result:
    """What the journey leaves: passports, figures before and after, the ledger, seconds by stage."""

    passports: tuple[Passport, ...]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    ledger: Mapping[str, Any]
    seconds: Mapping[str, float]
    refusals: tuple[str, ...]

    @property
    def moved(self) -> list[dict[str, Any]]:
        """Figures whose value is another than before."""
        return [
            {"id": name, "before": self.before[name]["value"], "after": now["value"], "unit": now["unit"]}
            for name, now in self.after.items()
            if now["value"] != self.before[name]["value"]
        ]

    @property
    def reached(self) -> bool:
        """Whether every step was really reached: one adopted, one refused at trust, eight figures or more moved."""
        outcomes = [(p.outcome, p.stage) for p in self.passports]
        return outcomes == [("adopted", "adopted"), ("refused", "trust")] and len(self.moved) >= 8

    def as_json(self) -> dict[str, Any]:
        return {
            "passports": [p.as_json() for p in self.passports],
            "figures": self.moved,
            "ledger": dict(self.ledger),
            "seconds": {k: round(v, 2) for k, v in self.seconds.items()},
            "refusals": list(self.refusals),
            "reached": self.reached,
        }


def travel(journey: Journey) -> Result:
    """The whole journey in a hub whose ledger is empty."""
    with journey.stage("cast", Text("the cast", "登记参与方")):
        gather(journey)
    with journey.stage("plan", Text("the plan", "载入规划")):
        hub.load_plan(journey)
    before = figures()
    with journey.stage("hub", Text("the hub opens", "平台开放")):
        pool, data, opportunity = (
            hub.open_centre(journey),
            hub.release_data(journey),
            hub.open_scenario(journey),
        )
    with journey.stage("call", Text("open call", "揭榜")):
        awards = _compete(journey)
    reader, adviser = awards["form_reader"], awards["release_adviser"]
    filed = _form_reader(journey, reader, pool, data, opportunity)
    refused, refusals = _release_adviser(journey, adviser, pool, data)
    with journey.stage("figures", Text("the plan's figures", "规划指标")):
        after = figures()
        head = checkpoints.sign()
    assert head is not None
    return Result(
        passports=(
            _passport(reader.system, FORM_READER),
            _passport(adviser.system, RELEASE_ADVISER, refused),
        ),
        before=before,
        after=after,
        ledger={"size": head.size, "root": head.root, "checkpoint": head.note},
        seconds=journey.seconds,
        refusals=(*refusals, *(() if filed else ("not filed",))),
    )


def _compete(journey: Journey) -> dict[str, Any]:
    systems = {t.key: lane.register(journey, t) for t in (FORM_READER, RELEASE_ADVISER)}
    call = hub.open_call(journey)
    proposals = {
        t.key: lane.propose(journey, t, call, systems[t.key]) for t in (FORM_READER, RELEASE_ADVISER)
    }
    points = {proposals[key].code: scores for key, scores in POINTS.items()}
    awards = lane.decide(journey, call, list(proposals.values()), points)
    return dict(zip(proposals, awards, strict=True))


def _form_reader(journey: Journey, award: Any, pool: Any, data: dict[str, Any], opportunity: Any) -> bool:
    who, system = FORM_READER, award.system
    with journey.stage("hours", Text("hours on chips", "算力")):
        allocation = lane.ask_for_hours(journey, who, award, pool)
        allocation = journey.do("centre_operator", "compute.allocation.activate", allocation=allocation)
    with journey.stage("data", Text("data under a grant", "数据授权")):
        grant = lane.ask_for_data(journey, who, data[who.data], system)
        grant = journey.do(
            "data_officer", "datahub.grant.issue", grant=grant, reason="For the counters of this city."
        )
    with journey.stage("build", Text("build and parity", "构建与一致性校验")):
        version = lane.build(journey, who, system, grant, allocation)
    with journey.stage("trust", Text("graded evaluation", "可信评测")):
        evaluation = lane.evaluate(journey, who, version)
        lane.certify(journey, evaluation)
    with journey.stage("filing", Text("algorithm filing", "算法备案")):
        filing = lane.file(journey, who, version)
    with journey.stage("pilot", Text("pilot and adoption", "试点与推广")):
        pilot(journey, who.engineer, opportunity, version)
    return bool(filing.number)


def _release_adviser(
    journey: Journey, award: Any, pool: Any, data: dict[str, Any]
) -> tuple[Mapping[str, Any] | None, list[str]]:
    """The same way, first through ethics, and stopped at the fairness gate; what it then tries is refused."""
    who, system, refusals = RELEASE_ADVISER, award.system, []
    with journey.stage("hours", Text("hours on chips", "算力")):
        allocation = lane.ask_for_hours(journey, who, award, pool)
        early = journey.refused("centre_operator", "compute.allocation.activate", allocation=allocation.code)
        refusals.append(early.rule)
    with journey.stage("ethics", Text("ethics review", "伦理审查")):
        lane.review_ethics(journey, who, system)
        allocation = journey.do("centre_operator", "compute.allocation.activate", allocation=allocation)
    with journey.stage("data", Text("data under a grant", "数据授权")):
        grant = lane.ask_for_data(journey, who, data[who.data], system)
        grant = journey.do(
            "data_officer", "datahub.grant.issue", grant=grant, reason="Under the committee's conditions."
        )
    with journey.stage("build", Text("build and parity", "构建与一致性校验")):
        version = lane.build(journey, who, system, grant, allocation)
    with journey.stage("trust", Text("graded evaluation", "可信评测")):
        evaluation = lane.evaluate(journey, who, version)
        refusals.append(
            journey.refused("evaluator", "trust.evaluation.pass", evaluation=evaluation.code).rule
        )
        journey.do("evaluator", "trust.evaluation.refuse", evaluation=evaluation)
    with journey.stage("filing", Text("algorithm filing", "算法备案")):
        answers = {"purpose": who.purpose}
        refusals.append(
            journey.refused(who.engineer, "filing.filing.open", version=version.code, answers=answers).rule
        )
    return _stopped(evaluation), refusals


def _stopped(evaluation: Any) -> Mapping[str, Any] | None:
    """The finding that stopped it, with its interval, as the evaluation's own event notes it."""
    seq = seq_of(evaluation.code, "trust.evaluation.refuse")
    payload = payload_of(seq) if seq is not None else None
    return payload["noted"].get("stopped_by") if payload is not None else None


def _passport(system: Any, who: Traveller, stopped: Mapping[str, Any] | None = None) -> Passport:
    way = course(system)
    return Passport(system.code, who.name, way.outcome, way.standing, stopped)
