"""Endpoints that are not admitted, silent, slow, lying or of a wrong shape: each is named, and nothing is lost."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from django.conf import settings
from django.test import Client
from refusals import refused
from trust.deployment import GROUNDS, NAME, TOKEN, VARIABLE, Deployed, Talking, admit, answer

from hutong.engines import trust
from hutong.kernel.errors import Conflict, Denied, Exhausted, Invalid, NotFound
from hutong.kernel.permission import Role
from hutong.modules.trust import deployed as bench
from hutong.modules.trust.models import Service
from hutong.platform.people import Person

ROWS_PROFILE = "form-reader"
COLUMNS = [{"name": "age", "low": 18, "high": 80, "whole": True}, {"name": "income", "low": 0, "high": 1}]
CLASSIFIER = {
    "labels": ["no", "yes"],
    "positive": "yes",
    "decision_at": "0.5",
    "domain": {"kind": "table", "columns": COLUMNS},
    "label": "label",
    "groups": ["sex"],
}


def rows(n: int = 300) -> bytes:
    chance = np.random.default_rng(5)
    age, income = chance.integers(18, 81, n), chance.random(n)
    label = np.where(score(age, income) >= 0.5, "yes", "no")
    table = pa.table({"age": age, "income": income, "sex": chance.choice(["f", "m"], n), "label": label})
    kept = io.BytesIO()
    pq.write_table(table, kept)
    return kept.getvalue()


def score(age: Any, income: Any) -> Any:
    return 1 / (1 + np.exp(-((age - 49) / 31 + 2 * (income - 0.5))))


class Scoring:
    """A plain endpoint that scores rows. version: what it says it is; after: from which answer on it says `later`."""

    def __init__(
        self, later: str | None = None, after: int = 10**9, fails: Callable[[int], bytes | None] | None = None
    ):
        self.later, self.after, self.fails, self.count = later, after, fails, 0

    def __call__(self, path: str, asked: dict[str, Any]) -> bytes | None:
        self.count += 1
        if self.fails is not None and self.count > self.after:
            return self.fails(self.count)
        try:
            table = np.array(asked["rows"], dtype=float).reshape(-1, 2)
        except (ValueError, TypeError):
            return answer({"error": "no such row"}, 422)
        if not np.isfinite(table).all():
            return answer({"error": "no such row"}, 422)
        version = self.later if self.later and self.count > self.after else "adviser-4"
        found = score(table[:, 0], table[:, 1])
        return answer({"out": [{"p": float(p)} for p in found], "model": {"version": version}})


HTTP = {"kind": "http", "model": None, "http": {"scores": "out[].p", "version": "model.version"}}


@pytest.fixture
def classifier(deployed: Deployed) -> Deployed:
    """A classifier behind a plain endpoint, with rows under a grant."""
    deployed.server.handler = Scoring()
    deployed.lane.risk_class = "2"
    admit(**deployed.entry(**HTTP))
    deployed.lane.dataset_version(rows())
    deployed.made["grant"] = deployed.lane.grant(quota=20)
    return deployed


def classified(desk: Deployed, **changes: Any) -> Any:
    return desk.service(declaration=CLASSIFIER, grant=desk.made["grant"], **changes)


def planned(desk: Deployed) -> Any:
    classified(desk)
    return desk.evaluation(grounds=None, profile=ROWS_PROFILE)


# --- admission


def test_only_a_name_that_is_admitted_for_the_own_organisation_is_taken(deployed: Deployed, hub: Any) -> None:
    lane, system = deployed.lane, deployed.lane.system()
    admit(**deployed.entry())
    admit("others", **deployed.entry(owner=[lane.house("other").code]))

    def register(endpoint: str) -> Any:
        return hub.do(lane.engineer, "trust.service.register", system=system, endpoint=endpoint, build="1")

    for name in (
        "others", "nobody", f"{deployed.server.url}/v1/chat/completions", "http://169.254.169.254/latest/meta-data/",
        "../endpoints", "", "file:///etc/passwd",
    ):  # fmt: skip
        kind = Invalid if name == "" else NotFound
        with pytest.raises(kind) as caught:
            register(name)
        assert caught.value.rule == ("input.required" if name == "" else "endpoint.not_admitted")
        # Whether another has such an endpoint is not told.
        assert "others" not in caught.value.remedy.en and caught.value.field == "endpoint"
    assert deployed.server.asked == 0 and not Service.objects.exists()
    stranger = lane.who("stranger", Role.INNOVATOR, "other")
    with pytest.raises(NotFound):
        hub.do(stranger, "trust.service.register", system=system, endpoint="others", build="1")


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"kind": "grpc"}, "kind"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"token": TOKEN}, "token"),
        ({"rate": 0}, "rate"),
        ({"owner": 7}, "owner"),
        ({"model": None}, "openai.model"),
    ],
)
def test_a_wrong_entry_of_the_operator_is_named_and_shows_no_secret(
    deployed: Deployed, hub: Any, changes: dict[str, Any], key: str
) -> None:
    admit(**deployed.entry(**changes))
    engineer, system = deployed.lane.engineer, deployed.lane.system()
    with refused(Invalid, "endpoint.file", "endpoint"):
        try:
            hub.do(engineer, "trust.service.register", system=system, endpoint=NAME, build="1")
        except Invalid as error:
            assert key in error.what.en and TOKEN not in error.what.en + error.remedy.en
            raise


def test_a_file_that_is_no_yaml_is_not_quoted(deployed: Deployed, hub: Any) -> None:
    system = deployed.lane.system()
    (Path(settings.HUTONG_HOME) / "endpoints.yaml").write_text(f"a: [{TOKEN}", encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        hub.do(deployed.lane.engineer, "trust.service.register", system=system, endpoint=NAME, build="1")
    assert caught.value.rule == "endpoint.file" and TOKEN not in str(caught.value.as_json())


def test_an_address_inside_is_asked_only_where_the_operator_says_so(deployed: Deployed) -> None:
    admit(**deployed.entry(allowed=None))
    service = deployed.service()
    assert (service.state, service.fault["rule"]) == ("silent", "endpoint.address")
    # Not even the refusal says where it lies.
    assert "127.0.0.1" not in json.dumps(service.fault) and deployed.server.asked == 0


# --- what an endpoint does wrong when it is greeted


def redirecting(path: str, asked: Any) -> bytes:
    return answer({}, 307, "application/json", "Location: http://127.0.0.1:9/admin")


CHOICE = {"message": {"content": "2"}}
GREETED: dict[str, Any] = {
    "endpoint.not_json": lambda path, asked: answer(b"<html>", 200, "text/html"),
    "endpoint.json": lambda path, asked: answer(b'{"choices": ['),
    "endpoint.mapping": lambda path, asked: answer({"answer": "2"}),
    "endpoint.status": lambda path, asked: answer({"error": "no"}, 401),
    "endpoint.redirect": redirecting,
    "endpoint.timeout": lambda path, asked: None,
    "endpoint.encoding": lambda path, asked: answer(b"{}", 200, "application/json", "Content-Encoding: gzip"),
    "endpoint.streaming": lambda path, asked: answer(b"data: {}", 200, "text/event-stream"),
}


@pytest.mark.parametrize("rule", GREETED)
def test_each_wrong_answer_has_its_name_and_the_service_can_be_asked_again(
    deployed: Deployed, hub: Any, rule: str
) -> None:
    deployed.server.handler = GREETED[rule]
    admit(**deployed.entry(timeout_s=0.3))
    service = deployed.service()
    assert (service.state, service.fault["rule"]) == ("silent", rule)
    assert service.fault["what"]["zh"] and str(deployed.server.port) not in json.dumps(service.fault)
    client = Client()
    client.force_login(Person.objects.get(code=deployed.lane.engineer.code))
    said = client.get(f"/trust/service/{service.code}?lang=en").content.decode()
    assert rule in said and service.fault["what"]["en"].split(".")[0] in said
    with refused(Conflict, "needs.trust.service.freeze", "state"):
        hub.do(deployed.lane.engineer, "trust.service.freeze", service=service, label="1", intended_use="x")
    deployed.server.handler = Talking()
    hub.do(deployed.lane.engineer, "trust.service.look", service=service)
    hub.work()
    service.refresh_from_db()
    assert (service.state, service.said, service.fault) == ("answering", "town-7b / build-11", None)


def test_a_missing_token_and_a_closed_port_are_told(
    deployed: Deployed, hub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    service = deployed.service()
    assert (service.state, service.fault["rule"]) == ("silent", "endpoint.key") and deployed.server.asked == 0
    monkeypatch.setenv(VARIABLE, TOKEN)
    admit(**deployed.entry(url="http://127.0.0.1:9/v1/chat/completions", allowed=["127.0.0.1:9"]))
    hub.do(deployed.lane.engineer, "trust.service.look", service=service)
    hub.work()
    service.refresh_from_db()
    assert (service.state, service.fault["rule"]) == ("silent", "endpoint.connection")


# --- what goes wrong in the middle of a run


@pytest.mark.parametrize(
    ("rule", "fails"),
    [
        ("endpoint.timeout", lambda n: None),
        ("endpoint.status", lambda n: answer({}, 500)),
        ("endpoint.rows", lambda n: answer({"out": [], "model": {"version": "adviser-4"}})),
        ("endpoint.mapping", lambda n: answer({"out": "none"})),
        ("endpoint.not_json", lambda n: answer(b"<html>", 200, "text/html")),
    ],
)
def test_a_run_that_breaks_off_is_named_and_goes_on_without_asking_twice(
    classifier: Deployed, rule: str, fails: Any
) -> None:
    """After six answers the endpoint misbehaves; mended, measuring goes on and asks only what is not on the record."""
    admit(**classifier.entry(**HTTP, timeout_s=0.2, parallel=1))
    planned(classifier)
    classifier.server.handler = Scoring(after=6, fails=fails)
    evaluation = classifier.measured()
    assert evaluation.state == "interrupted"
    assert evaluation.fault["rule"] == rule
    kept = bench.recorded_answers(evaluation.code)
    assert kept >= 6
    classifier.server.handler = whole = Scoring()
    done = classifier.measured()
    assert done.state == "measured" and done.fault is None
    # A second hub that never broke off asks as much as both runs of the first together.
    assert whole.count + kept == bench.recorded_answers(evaluation.code)


def test_a_service_that_becomes_another_in_the_middle_is_told_and_can_be_ended(
    classifier: Deployed, hub: Any
) -> None:
    planned(classifier)
    classifier.server.handler = Scoring(later="adviser-5", after=3)
    evaluation = classifier.measured()
    service = classifier.made["service"]
    service.refresh_from_db()
    assert (evaluation.state, evaluation.fault["rule"]) == ("interrupted", "service.changed")
    assert service.state == "changed" and service.said == "adviser-4" and evaluation.verdict is None
    with refused(Conflict, "service.changed"):
        hub.do(classifier.evaluator, "trust.evaluation.measure", evaluation=evaluation)
    hub.do(classifier.evaluator, "trust.evaluation.refuse", evaluation=evaluation)
    client = Client()
    client.force_login(Person.objects.get(code=classifier.lane.engineer.code))
    for language, words in (("en", "is not what was registered"), ("zh", "与登记内容不一致")):
        said = client.get(f"/trust/evaluation/{evaluation.code}?lang={language}").content.decode()
        assert words in said and "service.changed" in said


def test_a_classifier_is_measured_where_it_stands(classifier: Deployed, hub: Any) -> None:
    evaluation = planned(classifier)
    assert classifier.made["service"].said == "adviser-4"
    done = classifier.measured()
    assert done.state == "measured" and done.verdict["reached"]["Q"] >= 1
    found = {f["claim"]: f for c in done.verdict["cells"] for f in c["findings"]}
    assert found["Q2.accuracy"]["state"] == "pass", found["Q2.accuracy"]["words"]
    # The rows were read under the grant, and the read is on record.
    assert trust.plan_of(evaluation.plan).access == "scores"
    assert classifier.made["version"].data_sha256 == classifier.lane.made["version_of"].file_sha256


def test_the_operator_points_a_name_elsewhere_and_the_plan_is_not_run(classifier: Deployed, hub: Any) -> None:
    evaluation = planned(classifier)
    admit(**classifier.entry(**HTTP, url=f"{classifier.server.url}/other"))
    asked = classifier.server.asked
    with refused(Conflict, "service.changed"):
        hub.do(classifier.evaluator, "trust.evaluation.measure", evaluation=evaluation)
    place = Path(settings.HUTONG_HOME) / "endpoints.yaml"
    place.write_text(yaml.safe_dump({}), encoding="utf-8")
    with refused(Conflict, "service.changed"):
        hub.do(classifier.evaluator, "trust.evaluation.measure", evaluation=evaluation)
    assert classifier.server.asked == asked


def test_a_budget_that_is_too_small_is_told_before_or_in_the_run(classifier: Deployed, hub: Any) -> None:
    planned(classifier)
    admit(**classifier.entry(**HTTP, requests=4))
    evaluation = classifier.measured()
    assert (evaluation.state, evaluation.fault["rule"]) == ("interrupted", "endpoint.budget")
    # The budget is for the whole evaluation, however often it is begun.
    again = classifier.server.asked
    assert classifier.measured().fault["rule"] == "endpoint.budget" and classifier.server.asked == again
    admit(**classifier.entry(**HTTP, requests=100_000))
    assert classifier.measured().state == "measured"


def test_a_plan_for_words_is_refused_where_the_operator_admits_too_few_questions(
    deployed: Deployed, hub: Any
) -> None:
    admit(**deployed.entry(requests=500))
    with refused_late(Exhausted, "endpoint.requests"):
        deployed.evaluation()


class refused_late:
    """As `refused`, where steps before the refused one left their events."""

    def __init__(self, kind: type[Exception], rule: str) -> None:
        self.kind, self.rule = kind, rule

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        assert isinstance(error, self.kind), error
        assert error.rule == self.rule  # type: ignore[attr-defined]
        return True


# --- what is asked for wrongly


def test_words_and_rows_are_not_mixed_up(deployed: Deployed, classifier: Deployed, hub: Any) -> None:
    system, lane = classifier.lane.system(), classifier.lane
    admit("chat", **classifier.entry())
    grant = classifier.made["grant"]

    def register(**given: Any) -> Any:
        return hub.do(lane.engineer, "trust.service.register", system=system, build="1", **given)

    with refused(Invalid, "service.words", "declaration"):
        register(endpoint=NAME)
    with refused(Invalid, "service.words", "declaration"):
        register(endpoint="chat", grant=grant)
    with refused(Invalid, "service.instruction", "endpoint"):
        register(endpoint="chat", declaration=CLASSIFIER, grant=grant)
    with refused(Invalid, "service.grant", "grant"):
        register(endpoint=NAME, declaration=CLASSIFIER)
    with refused(Invalid, "service.grant", "grant"):
        register(endpoint=NAME, declaration={**CLASSIFIER, "groups": ["colour"]}, grant=grant)
    with refused(Invalid, "service.declaration", "declaration"):
        register(endpoint=NAME, declaration={**CLASSIFIER, "url": "http://10.0.0.1/"}, grant=grant)
    with refused(Invalid, "system.form", "system"):
        register(endpoint=NAME, declaration={"labels": ["a", "b"]}, grant=grant)


def test_a_profile_of_the_other_kind_and_foreign_means_are_refused(classifier: Deployed, hub: Any) -> None:
    classified(classifier)
    version, document = classifier.version(), hub.store(b"x", "x.txt", "text/plain")
    with refused(Invalid, "profile.kind", "profile"):
        hub.do(
            classifier.lane.engineer, "trust.evaluation.request", version=version, profile="generative-service",
            not_applicable=GROUNDS, document=document,
        )  # fmt: skip
    made = hub.do(classifier.lane.engineer, "trust.evaluation.request", version=version, profile=ROWS_PROFILE)
    evaluator = classifier.evaluator
    with refused(Invalid, "service.not_in_words"):
        hub.do(evaluator, "trust.evaluation.plan", evaluation=made, judge="people")


@pytest.mark.parametrize(
    ("means", "kind", "rule"),
    [
        ({"judge": "model"}, Invalid, "means.judge"),
        ({"judge": "rules", "judge_endpoint": NAME}, Invalid, "means.judge"),
        ({"judge": "model", "judge_endpoint": NAME}, NotFound, "endpoint.not_admitted"),
        ({"renewed": "2026-08-01"}, Invalid, "means.bank"),
    ],
)
def test_means_that_do_not_go_together_are_refused(
    deployed: Deployed, means: dict[str, Any], kind: Any, rule: str
) -> None:
    with refused_late(kind, rule):
        deployed.evaluation(**means)


def test_a_wrong_bank_and_marks_before_the_sheet_are_refused(deployed: Deployed, hub: Any) -> None:
    bank = hub.store(b'[{"text": "A question"}]')
    with refused_late(Invalid, "bank.risk"):
        deployed.evaluation(bank=bank, renewed="2026-08-20")
    with refused_late(Invalid, "file.text"):
        deployed.evaluation(keywords=hub.store(b"\xff\xfe"))
    evaluation = deployed.evaluation()
    with refused(Denied, "evaluation.no_sheet"):
        hub.do(deployed.evaluator, "trust.evaluation.mark", evaluation=evaluation, marks=bank)
