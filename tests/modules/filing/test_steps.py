"""Who takes a filing through its steps, in which state, with which answers and on which certificate."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from filing.counter import ANSWERS, Counter
from refusals import refused

from hutong.kernel.errors import Conflict, Denied, Invalid, NotFound
from hutong.kernel.permission import ANONYMOUS, Role
from hutong.modules.filing.models import Filing

STEPS: dict[str, tuple[str, ...]] = {
    "submit": ("draft",),
    "return_for_correction": ("submitted",),
    "resubmit": ("returned_for_correction",),
    "accept": ("submitted",),
    "enter": ("accepted",),
    "suspend": ("filed",),
    "resume": ("suspended",),
    "deregister": ("filed", "suspended"),
}
STATES = ("draft", "submitted", "returned_for_correction", "accepted", "filed", "suspended", "deregistered")
REASONED = ("return_for_correction", "suspend", "resume", "deregister")


def given_for(step: str) -> dict[str, Any]:
    return {"answers": ANSWERS} if step == "resubmit" else {"reason": "Why."} if step in REASONED else {}


def test_each_step_is_open_in_its_states_and_in_no_other(counter: Counter) -> None:
    filing = counter.open()
    tried = 0
    for state in STATES:
        Filing.objects.update(state=state)
        for step, sources in STEPS.items():
            if state not in sources:
                with refused(Conflict, f"lifecycle.filing.{step}", "state"):
                    counter.take(step, filing, **given_for(step))
                tried += 1
    assert tried == len(STATES) * len(STEPS) - sum(map(len, STEPS.values()))


@pytest.mark.parametrize(
    ("answers", "rule"),
    [
        ({"purpose": "Stated.", "colour": "Blue."}, "filing.answers"),
        ({"purpose": 1}, "filing.answers"),
        ({"purpose": None}, "filing.answers"),
        ({"purpose": ["Stated."]}, "filing.answers"),
        (["Stated."], "filing.answers"),
        ("Stated.", "filing.answers"),
        ({"purpose": "\u200b"}, "text.zero_width"),
        ({"purpose": "safe\u202egnihton"}, "text.bidi"),
        ({"purpose": "x" * 10_001}, "text.too_long"),
        ({"purpose": 1.5}, "input.float"),
    ],
)
def test_answers_that_do_not_fit_the_checklist_are_refused(counter: Counter, answers: Any, rule: str) -> None:
    version = counter.certified()
    with refused(Invalid, rule, "answers"):
        counter.open(version, answers=answers)
    filing = counter.submitted(version)
    counter.take("return_for_correction", filing, reason="Again.")
    with refused(Invalid, rule, "answers"):
        counter.take("resubmit", filing, answers=answers)
    assert Filing.objects.get().answers == ANSWERS


@pytest.mark.parametrize("blank", ["", " ", "\u3000", "\n\t"])
def test_a_blank_answer_is_missing(counter: Counter, blank: str) -> None:
    filing = counter.submitted(answers={**ANSWERS, "opt_out": blank})
    with refused(Conflict, "filing.incomplete", "answers"):
        counter.take("accept", filing)


def test_only_a_version_with_a_live_certificate_is_filed(counter: Counter) -> None:
    today = counter.hub.clock.now().date()
    bare, expired = counter.version(), counter.version()
    counter.certify(expired, until=today - timedelta(days=1))
    for version in (bare, expired):
        with refused(Conflict, "filing.certificate", "version"):
            counter.open(version)
    last_day = counter.version()
    counter.certify(last_day, until=today)
    filing = counter.open(last_day)
    counter.hub.clock.advance(timedelta(days=1))
    with refused(Conflict, "filing.certificate", "version"):
        counter.take("submit", filing)


def test_a_version_is_filed_once_of_each_kind_until_it_is_deregistered(counter: Counter) -> None:
    version = counter.certified()
    first = counter.filed(version)
    with refused(Conflict, "record.unique"):
        counter.open(version)
    counter.filed(version, kind="generative")
    counter.take("deregister", first, reason="Out of use.")
    again = counter.filed(version)
    assert again.number not in (first.number, "")


def test_who_accepts_does_not_enter_and_who_applies_does_neither(counter: Counter) -> None:
    filing = counter.submitted()
    for step in ("accept", "return_for_correction"):
        with refused(Denied, "filing:filing:handle"):
            counter.take(step, filing, by=counter.applicant, **given_for(step))
    counter.take("accept", filing)
    with refused(Denied, "duty.separated:filing.filing.accept"):
        counter.take("enter", filing, by=counter.first)
    assert counter.take("enter", filing, by=counter.second).state == "filed"


def test_another_house_and_the_public_reach_no_filing_on_its_way(counter: Counter) -> None:
    stranger = counter.hub.actor(Role.INNOVATOR, counter.hub.organisation("Other"))
    version = counter.certified()
    for actor in (stranger, ANONYMOUS):
        with refused(NotFound, "record.unknown", "version"):
            counter.hub.do(actor, "filing.filing.open", version=version, answers=ANSWERS)
    filing = counter.open(version)
    for actor in (stranger, ANONYMOUS):
        with refused(NotFound, "record.unknown", "filing"):
            counter.take("submit", filing, by=actor)
    entered = counter.enter(counter.take("submit", filing))
    with refused(Denied, "filing:filing:suspend"):
        counter.take("suspend", entered, by=stranger, reason="Rival.")
