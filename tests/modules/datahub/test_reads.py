"""Reading under a grant: what it covers and nothing else, as often and as long as it says, and always written down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datahub.department import ROWS, Department, parquet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusals import refused

from hutong.kernel.clock import FixedClock
from hutong.kernel.errors import Denied, Exhausted, NotFound
from hutong.kernel.permission import Role
from hutong.modules.datahub.contract import read_under_grant
from hutong.modules.datahub.models import DataUse
from hutong.platform.ledger.tables import Event

MIDNIGHT = datetime(2026, 9, 1, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize("columns", [["id"], ["id", "word"], ["word"], []])
def test_a_read_gives_the_granted_columns_and_no_byte_of_the_others(
    department: Department, columns: list[str]
) -> None:
    version = department.published()
    grant = department.grant(version, department.applicant(), columns=columns)
    read = read_under_grant(grant.code, reader="JOB-0001", purpose="training", clock=department.hub.clock)
    content = read.path.read_bytes()
    read.path.unlink()
    table = pq.read_table(pa.BufferReader(content))
    assert table.equals(ROWS.select(columns or ROWS.column_names))
    assert (b"secret" in content and b"s-1" in content) is not bool(columns)
    assert (read.data_sha256, read.version_code) == (version.file_sha256, version.code)


def test_names_with_dots_and_objects_are_not_mixed_up(department: Department) -> None:
    table = pa.table({"a.b": [1, 2], "a": [{"b": "hidden"}, {"b": "hidden"}]})
    grant = department.grant(department.published(parquet(table)), department.applicant(), columns=["a.b"])
    assert department.read(grant).to_pydict() == {"a.b": [1, 2]}


def test_each_read_is_written_down_with_who_why_and_how_much(department: Department) -> None:
    who = department.applicant()
    grant = department.grant(department.published(), who, purpose="training_and_evaluation")
    for number, purpose in enumerate(("training", "evaluation"), start=1):
        department.read(grant, purpose)
        event = department.hub.last()
        use = DataUse.objects.get(code=event.subject)
        assert (use.grant_id, use.reader, use.purpose, use.rows) == (grant.pk, "JOB-0001", purpose, 3)
        assert (event.operation, event.actor, event.passport) == (
            "datahub.use.record",
            "SYSTEM",
            who.system.code,
        )
        grant.refresh_from_db()
        assert grant.used == number == DataUse.objects.count()


@pytest.mark.parametrize(("granted", "asked"), [("training", "evaluation"), ("evaluation", "training")])
def test_a_grant_for_one_purpose_is_none_for_another(
    department: Department, granted: str, asked: str
) -> None:
    grant = department.grant(department.published(), department.applicant(), purpose=granted)
    with refused(Denied, "grant.purpose", "grant"):
        department.read(grant, asked)
    assert department.read(grant, granted).num_rows == 3


def test_the_quota_is_used_up_and_a_refused_read_costs_nothing(department: Department) -> None:
    grant = department.grant(department.published(), department.applicant(), quota=2)
    with refused(Denied, "grant.purpose", "grant"):
        department.read(grant, "evaluation")
    for _ in range(2):
        department.read(grant)
    for _ in range(2):
        with refused(Exhausted, "grant.quota", "grant"):
            department.read(grant)
    grant.refresh_from_db()
    assert (grant.used, grant.quota, grant.uses.count()) == (2, 2, 2)


@pytest.mark.parametrize("verb", [None, "deny", "revoke"])
def test_a_grant_that_is_not_issued_is_not_read(department: Department, verb: str | None) -> None:
    grant = department.request(department.published(), department.applicant())
    if verb == "revoke":
        department.decide(grant)
        assert department.read(grant).num_rows == 3
    if verb is not None:
        department.decide(grant, verb)
    with refused(Denied, "grant.not_issued", "grant"):
        department.read(grant)


def test_a_term_begins_and_ends_with_the_day_in_beijing(department: Department) -> None:
    grant = department.grant(department.published(), department.applicant(), valid_to="2026-09-03")
    second = timedelta(seconds=1)
    first, last = MIDNIGHT - timedelta(days=1), MIDNIGHT + timedelta(days=2)
    for moment in (first - second, last):
        with refused(Denied, "grant.past_term", "grant"):
            department.read(grant, clock=FixedClock(moment))
    for moment in (first, last - second):
        assert department.read(grant, clock=FixedClock(moment)).num_rows == 3


def test_withdrawing_a_data_set_leaves_issued_grants_until_they_are_revoked(department: Department) -> None:
    version = department.published()
    grant = department.grant(version, department.applicant())
    department.hub.do(department.officer, "datahub.dataset.withdraw", dataset=version.dataset, reason="Old.")
    assert department.read(grant).num_rows == 3
    department.decide(grant, "revoke")
    with refused(Denied, "grant.not_issued", "grant"):
        department.read(grant)


def test_nobody_reads_with_the_grant_of_another_house(department: Department) -> None:
    who, other = department.applicant(), department.applicant()
    grant = department.grant(department.published(), who)
    given = {"system": other.system, "spec": "{}", "grant": grant, "allocation": "ALC-0001"}
    with refused(NotFound, "record.unknown", "grant"):
        department.hub.do(other.actor, "forge.build.submit", **given)
    reads = {"grant": grant, "reader": "JOB-0001", "purpose": "training"}
    with refused(NotFound, "record.unknown", "grant"):
        department.hub.do(other.actor, "datahub.use.record", **reads)
    # Not even with their own: only the hub reads, and it writes down that it did.
    for person in (who.actor, department.officer, department.hub.actor(Role.AUDITOR)):
        with refused(Denied, "datahub:use:record"):
            department.hub.do(person, "datahub.use.record", **reads)
    assert not DataUse.objects.exists()


@pytest.mark.parametrize("code", ["DGR-9999", "", "x" * 500, "DSV-0001"])
def test_a_grant_that_is_none_is_refused(department: Department, code: str) -> None:
    department.published()
    with refused(NotFound, "grant.unknown", "grant"):
        read_under_grant(code, reader="JOB-0001", purpose="training", clock=department.hub.clock)


@pytest.mark.parametrize("operation", ["refused", "read"])
def test_a_read_leaves_no_rows_lying_about(department: Department, operation: str, settings: Any) -> None:
    grant = department.grant(department.published(), department.applicant(), quota=1)
    department.read(grant)
    if operation == "refused":
        with refused(Exhausted, "grant.quota", "grant"):
            department.read(grant)
    assert not list((Path(settings.HUTONG_HOME) / "tmp").iterdir())


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    quota=st.integers(1, 4),
    days=st.integers(0, 3),
    moves=st.lists(st.sampled_from(["read", "wrong", "day", "revoke"]), min_size=1, max_size=9),
)
def test_reads_succeed_exactly_while_state_term_purpose_and_quota_hold(
    department: Department, quota: int, days: int, moves: list[str]
) -> None:
    """Against a small model of the rules: state first, then term, purpose and quota."""
    hub = department.hub
    today = (hub.clock.now() + timedelta(hours=8)).date()
    grant = department.grant(
        department.published(), department.applicant(), quota=quota, valid_to=str(today + timedelta(days))
    )
    used, left, state = 0, days, "issued"
    for move in moves:
        if move == "day":
            hub.clock.advance(timedelta(days=1))
            left -= 1
            continue
        if move == "revoke":
            if state == "issued":
                department.decide(grant, "revoke")
            state = "revoked"
            continue
        expected = next(
            (
                rule
                for rule, broken in (
                    ("grant.not_issued", state != "issued"),
                    ("grant.past_term", left < 0),
                    ("grant.purpose", move == "wrong"),
                    ("grant.quota", used >= quota),
                )
                if broken
            ),
            None,
        )
        purpose = "evaluation" if move == "wrong" else "training"
        if expected is None:
            assert department.read(grant, purpose).num_rows == 3
            used += 1
        else:
            kind = Exhausted if expected == "grant.quota" else Denied
            with refused(kind, expected, "grant"):
                department.read(grant, purpose)
    grant.refresh_from_db()
    assert grant.used == used == grant.uses.count()
    assert Event.objects.filter(operation="datahub.use.record", passport=grant.system.code).count() == used
