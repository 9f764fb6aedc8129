"""Parties through their operations."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hutong.kernel.errors import Conflict, Denied, Invalid
from hutong.kernel.measure import MEASURES
from hutong.kernel.permission import ANONYMOUS, THE_HUB, Role
from hutong.platform import runner, search
from hutong.platform.actors import actor_of
from hutong.platform.evidence import payload_of
from hutong.platform.ledger.tables import Event


def test_an_organisation_needs_a_number_whose_check_digit_holds(hub):
    with pytest.raises(Invalid) as refused:
        hub.do(
            THE_HUB,
            "parties.organisation.register",
            name_en="Lab",
            name_zh="实验室",
            register_id="91110108MA0000001X",
        )
    assert refused.value.field == "register_id"
    assert Event.objects.count() == 0


def test_full_width_digits_are_the_same_number(hub):
    first = hub.organisation()
    wide = "".join(chr(ord(c) + 0xFEE0) for c in first.register_id)
    with pytest.raises(Conflict) as refused:
        hub.do(THE_HUB, "parties.organisation.register", name_en="Other", name_zh="另一家", register_id=wide)
    assert refused.value.rule == "record.unique"


def test_a_name_is_found_by_one_chinese_character(hub):
    organisation = hub.organisation("Zhiyuan Lab", zh="智源实验室")
    assert [d.code for d in search.find("智")] == [organisation.code]
    assert [d.code for d in search.find("实验")] == [organisation.code]
    assert [d.code for d in search.find("zhiy")] == [organisation.code]
    assert search.find("验源") == []


def test_the_log_never_holds_a_name_or_an_address(hub):
    person = hub.person("Li Hua")
    event = Event.objects.get(operation="parties.person.invite")
    payload = payload_of(event.seq)
    assert set(payload["input"]["name"]) == {"commitment"}
    assert person.email not in event.entry and person.name not in event.entry


def test_a_role_counts_while_its_grant_lasts(hub):
    organisation, person = hub.organisation(), hub.person()
    now = hub.clock.now()
    hub.do(
        THE_HUB,
        "parties.grant.give",
        person=person,
        role="innovator",
        organisation=organisation,
        valid_from=now.isoformat(),
        valid_to=(now + timedelta(days=1)).isoformat(),
    )
    assert actor_of(person, now + timedelta(hours=1)).organisations(Role.INNOVATOR) == {organisation.pk}
    assert not actor_of(person, now + timedelta(days=2)).grants


def test_a_role_without_its_organisation_is_refused(hub):
    with pytest.raises(Invalid) as refused:
        hub.do(THE_HUB, "parties.grant.give", person=hub.person(), role="innovator")
    assert refused.value.rule == "grant.organisation"


def test_an_operator_acts_only_in_an_open_session(hub):
    operator = hub.person()
    hub.do(THE_HUB, "parties.grant.give", person=operator, role="operator")
    arguments = {"name": "New", "email": "new@hub.example"}
    with pytest.raises(Denied):
        runner.run(actor_of(operator, hub.clock.now()), "parties.person.invite", arguments)
    hub.do(actor_of(operator, hub.clock.now()), "parties.session.open", reason="first day", minutes=30)
    assert hub.do(actor_of(operator, hub.clock.now()), "parties.person.invite", **arguments).code
    hub.clock.advance(timedelta(minutes=31))
    with pytest.raises(Denied):
        runner.run(actor_of(operator, hub.clock.now()), "parties.person.invite", arguments)


def test_strangers_do_not_open_sessions(hub):
    person = hub.person()
    for actor in (ANONYMOUS, actor_of(person, hub.clock.now())):
        with pytest.raises(Denied):
            runner.run(actor, "parties.session.open", {"reason": "curious"}, clock=hub.clock)


def test_measures_count_what_happened(hub):
    organisation = hub.organisation()
    hub.actor(Role.INNOVATOR, organisation)
    hub.actor(Role.INNOVATOR, organisation)
    assert len(list(MEASURES["parties.organisations_registered"].facts())) == 1
    facts = list(MEASURES["parties.innovators_active"].facts())
    assert len(facts) == 1 and facts[0].event is not None


def test_a_retry_with_its_key_is_one_event(hub):
    arguments = {"name": "Once", "email": "once@hub.example"}
    first = runner.run(THE_HUB, "parties.person.invite", arguments, key="k1", clock=hub.clock)
    again = runner.run(THE_HUB, "parties.person.invite", arguments, key="k1", clock=hub.clock)
    assert (again.repeated, again.seq, again.record) == (True, first.seq, first.record)
    with pytest.raises(Conflict):
        runner.run(THE_HUB, "parties.person.invite", {**arguments, "name": "Two"}, key="k1", clock=hub.clock)
    assert Event.objects.count() == 1
