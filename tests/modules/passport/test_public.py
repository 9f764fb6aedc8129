"""A published passport shows stages, versions and outcome to everybody, and nothing that a policy hides."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from lane import Lane
from passport.test_export import run_verifier

from hutong.kernel.permission import ANONYMOUS, Role, allowing
from hutong.modules.passport.contract import System, bundle
from hutong.platform.actors import actor_of
from hutong.platform.entities import of_code
from hutong.platform.ledger.tables import Event
from hutong.platform.people import Person

# Written by the lane's people into records that the public may not see.
HIDDEN = (
    "We read forms.",
    "Sound.",
    "People in custody.",
    "A person decides.",
    "Considered.",
    "To learn digits.",
)
PATHS = ("/passport/system/{}", "/api/v1/passport/system/{}", "/evidence/{}", "/passport/{}/bundle.json",
         "/passport/{}/bom.json", "/evidence/{}/bundle.json", "/api/v1/passport/system/{}/events")  # fmt: skip


@pytest.fixture
def lane(hub: Any) -> Lane:
    """A system of class 4 with a proposal, reviews, votes, hours, data and a build under way."""
    lane = Lane(hub, risk_class="4")
    allocation, grant = lane.allocation(), lane.request_grant()
    application = lane.ethics("aaaaarr")
    hub.do(lane.people["supervisor"], "ethics.application.approve", application=application)
    hub.do(lane.people["operator"], "compute.allocation.activate", allocation=allocation)
    lane.made["allocation"].refresh_from_db()
    hub.do(lane.people["officer"], "datahub.grant.issue", grant=grant, reason="Public interest.")
    lane.build()
    return lane


def publish(lane: Lane) -> str:
    lane.hub.do(lane.engineer, "passport.system.publish", system=lane.system())
    code: str = lane.system().code
    return code


def read(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_before_it_is_published_a_passport_is_not_there(lane: Lane) -> None:
    code = lane.system().code
    for path in PATHS:
        assert Client().get(path.format(code)).status_code == 404, path
    assert code not in read(Client(), "/passport/system/")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_public_reads_stages_and_no_hidden_word(lane: Lane, language: str) -> None:
    code = publish(lane)
    client = Client(headers={"Accept-Language": language})
    for path in PATHS:
        page = read(client, path.format(code))
        for word in HIDDEN:
            assert word not in page, (path, word)
        for person in Person.objects.all():
            assert person.name not in page and person.email not in page, (path, person.name)
    page = read(client, f"/passport/system/{code}")
    assert ("Form reader" if language == "en" else "表单识别") in page
    assert ("risk class 4" if language == "en" else "风险等级4") in page
    assert "/do/" not in page


def readers(lane: Lane) -> dict[str, Any]:
    hub = lane.hub
    return {
        "public": ANONYMOUS,
        "owner": lane.engineer,
        "reviewer": lane.people["reviewer1"],
        "auditor": hub.actor(Role.AUDITOR),
        "another centre": hub.actor(Role.CENTRE_OPERATOR, hub.organisation("Elsewhere")),
        "member": lane.people["member0"],
    }


def test_each_reader_gets_the_events_of_the_records_they_may_see(lane: Lane, tmp_path: Path) -> None:
    code = publish(lane)
    dossier = {e.seq: e.subject for e in Event.objects.filter(passport=code)}
    sizes: dict[str, int] = {}
    for name, actor in readers(lane).items():
        client = Client()
        if actor is not ANONYMOUS:
            client.force_login(Person.objects.get(code=actor.code))
        content = json.loads(read(client, f"/passport/{code}/bundle.json"))
        shown = {e["entry"]["seq"]: e["entry"]["subject"] for e in content["entries"]}
        for seq, subject in dossier.items():
            entity = of_code(subject)
            assert entity is not None
            record = entity.model._default_manager.get(code=subject)
            assert (seq in shown) == bool(allowing(entity.view, actor, record)), (name, subject)
        assert sorted([*shown, *content["record"]["withheld"]]) == sorted(dossier)
        assert run_verifier(tmp_path, content).returncode == 0, name
        sizes[name] = len(shown)
    assert sizes["public"] < sizes["owner"] < sizes["auditor"] <= len(dossier)
    # At the hub's own terminal nothing is left out.
    assert len(bundle(lane.system())["entries"]) == len(dossier)


def test_an_applicant_sees_neither_reviews_nor_votes(lane: Lane) -> None:
    content = bundle(lane.system(), lane.engineer)
    kinds = {e["entry"]["subject"].split("-")[0] for e in content["entries"]}
    assert {"SYS", "PRP", "ALC", "DGR", "BLD", "ETH"} <= kinds
    assert not kinds & {"REV", "VOT"}
    text = json.dumps(content)
    for key in ("reviewer1", "reviewer2"):
        assert f'"{lane.people[key].code}"' not in text


def test_what_was_published_stays_readable_after_it_was_withdrawn(lane: Lane) -> None:
    code = publish(lane)
    lane.hub.do(lane.engineer, "passport.system.withdraw", system=lane.system(), reason="Replaced.")
    for path in PATHS:
        read(Client(), path.format(code))


def test_what_was_withdrawn_unpublished_stays_hidden(lane: Lane) -> None:
    code = lane.system().code
    lane.hub.do(lane.engineer, "passport.system.withdraw", system=lane.system(), reason="A false start.")
    for path in PATHS:
        assert Client().get(path.format(code)).status_code == 404, path
    owner = actor_of(Person.objects.get(code=lane.engineer.code), lane.hub.clock.now())
    assert bundle(lane.system(), owner)["record"]["code"] == code


def test_passports_published_before_the_mark_existed_are_found_in_the_log(hub: Any) -> None:
    """The migration that brought the mark reads off the log who was published, withdrawn systems included."""
    published, withdrawn, hidden = Lane(hub), Lane(hub), Lane(hub)
    for lane in (published, withdrawn):
        publish(lane)
    for lane in (withdrawn, hidden):
        hub.do(lane.engineer, "passport.system.withdraw", system=lane.system(), reason="Over.")
    System.objects.update(public=False)
    import_module("hutong.modules.passport.migrations.0002_system_public").remember(apps, None)
    marked = System.objects.filter(public=True).values_list("code", flat=True)
    assert sorted(marked) == sorted([published.system().code, withdrawn.system().code])
