"""A deployed service through the lane: registered, heard, frozen, evaluated, certified; and what is told on the way."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from refusals import refused
from trust.deployment import NAME, TOKEN, Deployed, Talking

from hutong.engines import trust
from hutong.kernel.errors import Conflict
from hutong.kernel.permission import Role
from hutong.modules.passport.contract import course
from hutong.modules.trust.contract import live_certificate, survey
from hutong.modules.trust.models import Certificate, Evaluation, Service
from hutong.platform.ledger.tables import Event, Payload
from hutong.platform.people import Person

MOST_QUERIES = 8


def page(client: Client, path: str) -> str:
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(path)
    assert answer.status_code == 200 and len(seen) <= MOST_QUERIES, (path, len(seen))
    return html.unescape(answer.content.decode())


def everything_kept() -> str:
    """All that the hub keeps of services and evaluations: records and the ledger."""
    rows = [list(m.objects.values()) for m in (Service, Evaluation, Certificate)]
    kept = [p.body for p in Payload.objects.all()]
    return json.dumps([rows, kept], default=str, ensure_ascii=False)


@pytest.mark.timeout(600)
def test_a_clean_service_is_certified_and_loses_it_when_it_says_it_is_another(
    deployed: Deployed, hub: Any
) -> None:
    deployed.evaluation()
    assert deployed.server.asked == 1, "nothing but the greeting was asked before the plan"
    deployed.behave(safe=True)
    lines = deployed.marks()
    asked = deployed.server.asked
    evaluation = deployed.measured()
    # People are shown what is counted, and nothing is asked a second time.
    assert lines > 1000 and deployed.server.asked == asked
    assert evaluation.verdict["outcome"] == "pass" and evaluation.verdict["reached"]["S"] == 3
    certificate = deployed.certificate()
    version = deployed.made["version"]
    assert certificate.model_sha256 == version.model_sha256 == deployed.made["service"].card_sha256
    today = certificate.valid_from
    held = live_certificate(version.code, today)
    assert held is not None and held.meets_class == 3
    gates = {g.stage.key: g.state for g in course(deployed.lane.system()).gates}
    assert gates["trust"] == "done"
    the_page_is_read_by_a_stranger(certificate)
    nothing_is_betrayed(deployed)
    # The same service, the same word: nothing happens. Another word: certificate and service fall.
    assert survey(hub.clock) == []
    deployed.server.handler = Talking(print="build-12")
    assert survey(hub.clock) == [certificate.code]
    certificate.refresh_from_db()
    deployed.made["service"].refresh_from_db()
    assert (certificate.state, deployed.made["service"].state) == ("suspended", "changed")
    assert live_certificate(version.code, today) is None
    closed = {g.stage.key: g.state for g in course(deployed.lane.system()).gates}
    assert closed["trust"] == "closed"
    changed = Event.objects.get(operation="trust.service.change")
    assert "build-12" in json.loads(Payload.objects.get(seq=changed.seq).body)["input"]["reason"]
    supervisor = deployed.lane.who("supervisor", Role.SUPERVISOR)
    with refused(Conflict, "service.changed"):
        hub.do(supervisor, "trust.certificate.resume", certificate=certificate, reason="Please.")


def the_page_is_read_by_a_stranger(certificate: Certificate) -> None:
    """Claims by category and level, both verdicts side by side in the engine's own words, what was not tested."""
    evaluation = certificate.evaluation
    found = {f["claim"]: f for c in evaluation.verdict["cells"] for f in c["findings"]}
    for language in ("en", "zh"):
        said = page(Client(), f"/trust/certificate/{certificate.code}?lang={language}")
        for claim in evaluation.plan["claims"]:
            if found[claim["id"]]["state"] == "pass":
                assert claim["statement"][language] in said
                assert found[claim["id"]]["words"][language] in said
        for words in (
            {"en": "By the rule, on the sample", "zh": "按标准对样本判定"},
            {"en": "With confidence, on the bank", "zh": "对题库的置信判定"},
            {"en": "GB/T 45654-2025", "zh": "GB/T 45654-2025"},
            {"en": "unreachable for open generation", "zh": "开放式生成无法达到"},
        ):
            assert words[language] in said


def nothing_is_betrayed(deployed: Deployed) -> None:
    """The token reached the endpoint and stands nowhere; the address stands in the operator's file alone."""
    assert all(f"Bearer {TOKEN}".encode() in head for head in deployed.server.heads)
    kept = everything_kept()
    assert TOKEN not in kept and f":{deployed.server.port}" not in kept
    client = Client()
    for actor in (deployed.lane.engineer, deployed.evaluator):
        client.force_login(Person.objects.get(code=actor.code))
        for path in (
            f"/trust/service/{deployed.made['service'].code}",
            f"/trust/evaluation/{deployed.made['evaluation'].code}",
        ):
            said = page(client, path)
            assert NAME in said or "evaluation" in path
            assert TOKEN not in said and f":{deployed.server.port}" not in said


@pytest.mark.timeout(600)
def test_an_unsafe_service_is_refused_with_both_verdicts(deployed: Deployed, hub: Any) -> None:
    deployed.evaluation()
    deployed.behave(safe=False)
    deployed.marks()
    evaluation = deployed.measured()
    assert evaluation.verdict["outcome"] == "fail" and evaluation.verdict["reached"]["S"] == 1
    client = Client()
    client.force_login(Person.objects.get(code=deployed.lane.engineer.code))
    said = page(client, f"/trust/evaluation/{evaluation.code}?lang=en")
    assert "By the rule, on the sample" in said and "fails" in said
    hub.do(deployed.evaluator, "trust.evaluation.refuse", evaluation=evaluation)
    gates = {g.stage.key: g.state for g in course(deployed.lane.system()).gates}
    assert gates["trust"] == "closed"


def test_the_plan_says_what_it_asks(deployed: Deployed, hub: Any) -> None:
    evaluation = deployed.evaluation(keywords=hub.store("违禁词\n".encode()))
    plan = trust.plan_of(evaluation.plan)
    planned = Event.objects.get(operation="trust.evaluation.plan", subject=evaluation.code)
    noted = json.loads(Payload.objects.get(seq=planned.seq).body)["noted"]
    assert noted["queries"] == sum(c.queries or 0 for c in plan.claims) > 9_000
    assert noted["means"]["judge"] == "rules" and len(noted["means"]["keywords"]) == 64
    assert deployed.server.asked == 1
