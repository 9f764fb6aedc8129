"""The register: numbers without gaps, what rests on which certificate, and what is public."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client
from filing.counter import ANSWERS, Counter
from refusals import refused

from hutong.kernel.errors import Conflict, Denied
from hutong.modules.filing.contract import live_filing
from hutong.modules.filing.models import Filing
from hutong.modules.trust.models import Certificate
from hutong.platform.ledger.tables import Event
from hutong.platform.people import Person


def test_numbers_have_no_gap_whatever_fails_between_them(counter: Counter) -> None:
    chance = random.Random(7)
    waiting: list[Any] = []
    given: list[str] = []
    while len(given) < 12:
        turn = chance.random()
        if turn < 0.4 or not waiting:
            filing = counter.submitted(kind=chance.choice(("algorithm", "generative")))
            counter.take("accept", filing)
            waiting.append(filing)
        elif turn < 0.55:
            with refused(Denied, "duty.separated:filing.filing.accept"):
                counter.take("enter", waiting[0], by=counter.first)
        elif turn < 0.7:
            lost = waiting.pop(chance.randrange(len(waiting)))
            Certificate.objects.filter(version_of=lost.version_of).update(state="suspended")
            with refused(Conflict, "filing.certificate", "version"):
                counter.take("enter", lost, by=counter.second)
        elif turn < 0.8 and given:
            held = Filing.objects.filter(state="filed").order_by("id").first()
            if held is not None:
                counter.take(chance.choice(("suspend", "deregister")), held, reason="Why.")
        else:
            entered = counter.take("enter", waiting.pop(chance.randrange(len(waiting))), by=counter.second)
            given.append(entered.number)
    assert given == [f"HUB-2026-{n:05d}" for n in range(1, 13)]
    assert sorted(Filing.objects.exclude(number="").values_list("number", flat=True)) == given


def test_each_year_of_beijing_begins_at_one(counter: Counter) -> None:
    counter.at(2026, 12, 30, 9)
    filings = [counter.submitted() for _ in range(3)]
    for filing in filings:
        counter.take("accept", filing)
    counter.at(2026, 12, 31, 23, 59)
    assert counter.take("enter", filings[0], by=counter.second).number == "HUB-2026-00001"
    # 16:01 in UTC, still the old year there.
    counter.at(2027, 1, 1, 0, 1)
    entered = [counter.take("enter", f, by=counter.second) for f in filings[1:]]
    assert [f.number for f in entered] == ["HUB-2027-00001", "HUB-2027-00002"]
    assert {f.filed_on for f in entered} == {date(2027, 1, 1)}


def certificate_of(version: Any) -> Certificate:
    return Certificate.objects.filter(version_of=version).order_by("-id")[0]


def officer(counter: Counter, step: str, certificate: Any) -> None:
    counter.hub.do(counter.first, f"trust.certificate.{step}", certificate=certificate, reason="Drift.")


def test_a_filing_falls_with_its_certificate_and_stands_up_by_hand(counter: Counter) -> None:
    filing = counter.filed()
    version = filing.version_of
    certificate = certificate_of(version)
    officer(counter, "suspend", certificate)
    filing.refresh_from_db()
    assert filing.state == "suspended" and live_filing(version.code) is None
    assert certificate.code in filing.reason
    falls = Event.objects.filter(operation__in=("trust.certificate.suspend", "filing.filing.suspend"))
    assert len(set(falls.values_list("recorded_at", flat=True))) == 1 and falls.count() == 2
    with refused(Conflict, "filing.certificate", "version"):
        counter.take("resume", filing, reason="Please.")
    officer(counter, "resume", certificate)
    filing.refresh_from_db()
    assert filing.state == "suspended"
    resumed = counter.take("resume", filing, reason="The drift is gone.")
    assert (resumed.state, resumed.number) == ("filed", "HUB-2026-00001")
    live = live_filing(version.code)
    assert live is not None and live.number == resumed.number


@pytest.mark.parametrize("moment", ["before entry", "before resumption"])
def test_a_filing_rests_on_the_certificate_under_which_it_was_let_in(counter: Counter, moment: str) -> None:
    """The first certificate is revoked, a second takes its place: now the filing falls with the second."""
    version = counter.certified()
    filing = counter.submitted(version) if moment == "before entry" else counter.filed(version)
    officer(counter, "revoke", certificate_of(version))
    second = counter.certify(version)
    if moment == "before entry":
        counter.enter(filing)
    else:
        counter.take("resume", filing, reason="Certified anew.")
    filing.refresh_from_db()
    assert (filing.state, filing.certificate) == ("filed", second)
    officer(counter, "suspend", second)
    filing.refresh_from_db()
    assert filing.state == "suspended"


def test_a_filing_that_was_taken_out_stays_out(counter: Counter) -> None:
    filing = counter.filed()
    counter.take("suspend", filing, reason="Complaint.")
    counter.take("deregister", filing, reason="Withdrawn.")
    officer(counter, "suspend", certificate_of(filing.version_of))
    filing.refresh_from_db()
    assert filing.state == "deregistered"
    assert live_filing(filing.version_of.code) is None


@pytest.fixture
def public() -> Callable[[str], str]:
    client = Client()

    def read(path: str) -> str:
        answer = client.get(path)
        assert answer.status_code == 200, path
        return b"".join(answer).decode()

    return read


def test_the_public_register_names_the_algorithm_and_no_person(
    counter: Counter, public: Callable[[str], str]
) -> None:
    filing = counter.submitted(answers={"purpose": "Stated."})
    counter.take("return_for_correction", filing, reason="Ask Zhao Lei, 13800000000.")
    counter.take("resubmit", filing, answers=ANSWERS)
    entered = counter.enter(filing)
    own = f"/filing/filing/{entered.code}"
    paths = (
        "/filing/filing/", own, f"/evidence/{entered.code}",
        f"/api/v1{own}", "/api/v1/filing/filing", f"/api/v1{own}/events", "/ledger",
    )  # fmt: skip
    for path in paths:
        page = public(path)
        assert path == "/ledger" or entered.code in page
        for person in Person.objects.all():
            assert person.name not in page and person.email not in page, (path, person.name)
        assert "13800000000" not in page, path
    assert entered.number in public(own) and entered.number in public("/filing/filing/")
    bundle = json.loads(public(f"/evidence/{entered.code}/bundle.json"))
    assert len(bundle["entries"]) == Event.objects.filter(subject=entered.code).count()


def test_what_is_not_filed_is_not_in_the_public_register(
    counter: Counter, public: Callable[[str], str]
) -> None:
    filing = counter.open()
    for step, by in (("submit", None), ("accept", None), ("enter", counter.second)):
        assert Client().get(f"/filing/filing/{filing.code}").status_code == 404
        assert filing.code not in public("/filing/filing/")
        counter.take(step, filing, by=by)
    counter.take("suspend", filing, reason="Complaint.")
    assert "Complaint." in public(f"/filing/filing/{filing.code}")
