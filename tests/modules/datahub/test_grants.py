"""Asking for data and deciding on it: term, number of reads, columns, whose system, and two people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from datahub.department import Department
from django.test import Client
from refusals import refused

from hutong.kernel.errors import Conflict, Denied, Invalid, NotFound
from hutong.kernel.permission import Role
from hutong.modules.datahub.models import DataGrant
from hutong.modules.ethics.rules import rules
from hutong.platform.people import Person

# The last second of 1 September in Beijing.
MIDNIGHT = datetime(2026, 9, 1, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "rule", "field"),
    [
        ({"valid_to": "2026-08-31"}, "grant.valid_to", "valid_to"),
        ({"valid_to": "1999-12-31"}, "grant.valid_to", "valid_to"),
        ({"valid_to": "2200-01-01"}, "date.form", "valid_to"),
        ({"valid_to": "9999-12-31"}, "date.form", "valid_to"),
        ({"valid_to": "2026-02-29"}, "date.form", "valid_to"),
        ({"valid_to": "2026-12-31T00:00:00+08:00"}, "date.form", "valid_to"),
        ({"valid_to": None}, "input.required", "valid_to"),
        ({"quota": 0}, "grant.quota", "quota"),
        ({"quota": -1}, "grant.quota", "quota"),
        ({"quota": 1001}, "grant.quota", "quota"),
        ({"quota": "1.5"}, "input.integer", "quota"),
        ({"quota": True}, "input.integer", "quota"),
        ({"quota": "9" * 19}, "input.integer", "quota"),
        ({"purpose": "sale"}, "input.choice", "purpose"),
        ({"justification": " "}, "input.required", "justification"),
        ({"columns": ["income"]}, "grant.column", "columns"),
        ({"columns": ["id", "ID"]}, "grant.column", "columns"),
        ({"columns": ["id", "x" * 301]}, "text.too_long", "columns"),
    ],
)
def test_a_request_beyond_the_rules_is_refused(
    department: Department, changes: dict[str, Any], rule: str, field: str
) -> None:
    version, who = department.published(), department.applicant()
    with refused(Invalid, rule, field):
        department.request(version, who, **changes)
    assert not DataGrant.objects.exists()


@pytest.mark.parametrize(
    ("valid_to", "quota"),
    [("2026-09-01", 1), ("2199-12-31", 1000), ("2026年9月1日", "１０"), ("２０２７-０１-０１", "1000")],
)
def test_the_ends_of_term_and_quota_are_accepted(department: Department, valid_to: str, quota: Any) -> None:
    grant = department.request(department.published(), department.applicant(), valid_to=valid_to, quota=quota)
    assert grant.valid_from.isoformat() == "2026-09-01" and grant.valid_to >= grant.valid_from
    assert grant.quota == int(quota) and (grant.state, grant.used) == ("submitted", 0)


def test_a_day_ends_in_beijing(department: Department) -> None:
    version, who, other = department.published(), department.applicant(), department.applicant()
    department.hub.clock.move_to(MIDNIGHT - timedelta(seconds=1))
    assert department.request(version, who, valid_to="2026-09-01").valid_from.day == 1
    department.hub.clock.move_to(MIDNIGHT)
    with refused(Invalid, "grant.valid_to", "valid_to"):
        department.request(version, other, valid_to="2026-09-01")


def test_columns_keep_the_order_of_the_version_and_count_once(department: Department) -> None:
    version, who = department.published(), department.applicant()
    assert department.request(version, who, columns=["word", "id", "word"]).columns == ["id", "word"]
    assert department.request(version, who, columns=[]).columns == ["id", "word", "secret"]
    assert department.request(version, who, columns="secret, id").columns == ["id", "secret"]


def test_a_grant_is_asked_for_a_system_of_the_own_house(department: Department) -> None:
    version, who, other = department.published(), department.applicant(), department.applicant()
    with refused(NotFound, "record.unknown", "system"):
        department.request(version, who, system=other.system)
    department.hub.do(other.actor, "passport.system.publish", system=other.system)
    with refused(Denied, "grant.own_system", "system"):
        department.request(version, who, system=other.system)
    with refused(Denied, "datahub:grant:request"):
        department.hub.do(
            department.officer,
            "datahub.grant.request",
            version=version,
            system=other.system,
            purpose="training",
            justification="Ours.",
            valid_to="2026-12-31",
        )


def test_what_is_not_in_the_catalogue_cannot_be_asked_for(department: Department) -> None:
    who, dataset = department.applicant(), department.dataset()
    hidden = department.release(dataset, b"a\n1\n")
    with refused(NotFound, "record.unknown", "version"):
        department.request(hidden, who)
    version = department.published()
    before = department.request(version, who)
    department.hub.do(department.officer, "datahub.dataset.withdraw", dataset=version.dataset, reason="Old.")
    with refused(Conflict, "grant.not_offered", "version"):
        department.request(version, who)
    # What was asked for before is still decided.
    assert department.decide(before).state == "issued"


def test_who_asked_does_not_decide_and_neither_does_another_house(department: Department) -> None:
    version, who = department.published(), department.applicant()
    grant = department.request(version, who)
    both = department.hub.actor(
        Role.DATA_OFFICER, department.owner, person=Person.objects.get(code=who.actor.code)
    )
    with refused(Denied, "duty.separated:datahub.grant.request"):
        department.decide(grant, by=both)
    stranger = department.hub.actor(Role.DATA_OFFICER, department.hub.organisation())
    auditor = department.hub.actor(Role.AUDITOR)
    other = department.applicant()
    for verb in ("issue", "deny"):
        for nobody in (stranger, other.actor):
            with refused(NotFound, "record.unknown", "grant"):
                department.decide(grant, verb, by=nobody)
        with refused(Denied, f"datahub:grant:{verb}"):
            department.decide(grant, verb, by=auditor)
    assert department.decide(grant).state == "issued"
    with refused(NotFound, "record.unknown", "grant"):
        department.decide(grant, "revoke", by=stranger)


@pytest.mark.parametrize(
    ("first", "then"),
    [("issue", "issue"), ("issue", "deny"), ("deny", "issue"), ("deny", "revoke"), (None, "revoke")],
)
def test_a_decision_is_taken_once(department: Department, first: str | None, then: str) -> None:
    grant = department.request(department.published(), department.applicant())
    if first is not None:
        department.decide(grant, first)
    with refused(Conflict, f"lifecycle.data_grant.{then}", "state"):
        department.decide(grant, then)


def test_a_grant_whose_term_is_over_is_not_issued_any_more(department: Department) -> None:
    version, who = department.published(), department.applicant()
    last, late = (department.request(version, who, valid_to="2026-09-01") for _ in range(2))
    department.hub.clock.move_to(MIDNIGHT - timedelta(seconds=1))
    assert department.decide(last).state == "issued"
    department.hub.clock.move_to(MIDNIGHT)
    with refused(Conflict, "grant.term_over", "valid_to"):
        department.decide(late)
    assert department.decide(late, "deny").state == "denied"


@pytest.mark.parametrize("personal", [False, True])
@pytest.mark.parametrize("grade", ["general", "important", "core"])
def test_high_risk_systems_need_approval_for_data_of_every_grade(
    department: Department, grade: str, personal: bool
) -> None:
    """The rule of the ethics review goes by the class of the system; grade and personal data open no way round it."""
    version = department.published(grade=grade, personal=personal)
    first = rules().gate_from_class
    below = department.request(version, department.applicant(str(first - 1)))
    high = department.request(version, department.applicant(str(first)))
    with refused(Denied, "ethics.approval_first"):
        department.decide(high)
    assert department.decide(below).state == "issued"
    high.refresh_from_db()
    assert (high.state, high.decision) == ("submitted", "")


@pytest.mark.parametrize(
    ("changes", "open_to_all"),
    [({}, True), ({"personal": True}, False), ({"grade": "important"}, False), ({"grade": "core"}, False)],
)
def test_a_manifest_tells_no_value_of_personal_or_graded_data(
    department: Department, changes: dict[str, Any], open_to_all: bool
) -> None:
    """The manifest is public and the rows are not: least, largest and counts of a column of names are its rows."""
    version = department.published("姓名,age\n张三,30\n李四,41\n".encode(), **changes)
    page = Client().get(f"/datahub/version/{version.code}").content.decode()
    said = str(version.manifest)
    for value in ("张三", "李四"):
        assert (value in said) is open_to_all, value
    assert ("41" in [c.get("largest") for c in version.manifest["columns"]]) is open_to_all
    assert ("张三" in page) is open_to_all and "姓名" in page
    assert [(c["name"], c["empty"], c["different"]) for c in version.manifest["columns"]] == [
        ("姓名", 0, 2),
        ("age", 0, 2),
    ]


@pytest.mark.parametrize(
    ("changes", "rule", "field"),
    [
        ({"grade": "secret"}, "input.choice", "grade"),
        ({"grade": None}, "input.required", "grade"),
        ({"personal": "perhaps"}, "input.boolean", "personal"),
        ({"title_zh": "数" * 201}, "record.dataset.title_zh", "title_zh"),
        ({"licence": "x" * 61}, "record.dataset.licence", "licence"),
    ],
)
def test_a_data_set_says_its_grade_its_licence_and_whether_it_is_of_persons(
    department: Department, changes: dict[str, Any], rule: str, field: str
) -> None:
    with refused(Invalid, rule, field):
        department.dataset(**changes)
