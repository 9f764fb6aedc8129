"""A pilot is judged by its own records against tests that were declared before it began."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime, timedelta
from fractions import Fraction
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from hutong.kernel.errors import Conflict, Denied, Invalid, NotFound
from hutong.kernel.measure import MEASURES
from hutong.kernel.permission import ANONYMOUS, Role
from hutong.modules.filing.models import Filing
from hutong.modules.passport.contract import Version, course
from hutong.modules.scenarios.acceptance import outcomes
from hutong.modules.scenarios.criteria import QUERIES, read_criteria
from hutong.modules.scenarios.models import PilotRecord
from hutong.modules.trust.models import Certificate, Evaluation
from hutong.platform.evidence import payload_of
from hutong.platform.runner import check, find_operation

TESTS = [
    {"query": "share_correct", "at_least": "9/10", "n_at_least": 10},
    {"query": "error_count", "at_most": 1},
    {"query": "latency_median_ms", "at_most": 20},
    {"query": "latency_p95_ms", "at_most": 30},
    {"query": "days_run", "at_least": 2},
]


def digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


class World(SimpleNamespace):
    """An owner with a published opportunity, an innovator with a certified and filed version."""

    def propose(self) -> Any:
        return self.hub.do(
            self.innovator,
            "scenarios.pilot.propose",
            opportunity=self.opportunity,
            version=self.version,
            approach="Reads forms at the counter.",
        )

    def started(self) -> Any:
        pilot = self.propose()
        self.hub.do(self.owner, "scenarios.pilot.start", pilot=pilot)
        pilot.refresh_from_db()
        return pilot

    def rows(self, n: int, *, wrong: int = 0, first: int = 0, latency: int = 10_000) -> list[dict[str, Any]]:
        now: datetime = self.hub.clock.now()
        return [
            {
                "input_sha256": digest(first + i),
                "answer": "no" if i < wrong else "yes",
                "truth": "yes",
                "latency_us": latency + i,
                "at": now.isoformat(),
            }
            for i in range(n)
        ]

    def record(self, pilot: Any, rows: list[dict[str, Any]]) -> str:
        stored: str = self.hub.store(json.dumps(rows).encode(), "batch.json", "application/json")
        self.hub.do(self.owner, "scenarios.pilot.record", pilot=pilot, records=stored)
        return stored

    def passing(self, pilot: Any) -> None:
        self.record(pilot, self.rows(10, wrong=1))
        self.hub.clock.advance(timedelta(days=1))
        self.record(pilot, self.rows(10, first=100))


@pytest.fixture
def world(hub: Any) -> World:
    counter, lab = hub.organisation("Counter"), hub.organisation("Lab")
    owner = hub.actor(Role.SCENARIO_OWNER, counter)
    innovator = hub.actor(Role.INNOVATOR, lab)
    system = hub.do(
        innovator,
        "passport.system.register",
        name_en="Reader",
        name_zh="识读器",
        purpose="Reads forms.",
        risk_class="2",
    )
    # How a version comes out of a build is tested in the forge.
    version = Version.objects.create(
        code="VER-9001",
        state="frozen",
        version=1,
        created_at=hub.clock.now(),
        system=system,
        label="1.0",
        model_sha256=digest(0),
        data_sha256=digest(1),
        spec_sha256=digest(2),
        intended_use="Forms.",
    )
    opportunity = hub.do(
        owner,
        "scenarios.opportunity.draft",
        title_en="Forms",
        title_zh="表单",
        need="Read them.",
        tests=TESTS,
        days=30,
    )
    hub.do(owner, "scenarios.opportunity.publish", opportunity=opportunity)
    certificate = certify(hub, version)
    return World(
        hub=hub,
        owner=owner,
        innovator=innovator,
        system=system,
        version=version,
        opportunity=opportunity,
        certificate=certificate,
        counter=counter,
    )


def certify(hub: Any, version: Any) -> Certificate:
    """A live certificate and a live filing, as trust and filing leave them; how they come about is tested there."""
    shared = {"created_at": hub.clock.now(), "version": 1}
    evaluation = Evaluation.objects.create(
        code="EVL-9001", state="passed", version_of=version, profile="tabular", guarded=False, **shared
    )
    certificate = Certificate.objects.create(
        code="CRT-9001",
        state="live",
        version_of=version,
        evaluation=evaluation,
        levels={},
        meets_class=2,
        alpha="1/20",
        model_sha256=version.model_sha256,
        data_sha256=version.data_sha256,
        spec_sha256=version.spec_sha256,
        valid_from=date(2026, 1, 1),
        valid_to=date(2027, 1, 1),
        **shared,
    )
    Filing.objects.create(
        code="FIL-9001",
        state="filed",
        version_of=version,
        certificate=certificate,
        kind="algorithm",
        checklist_version="1",
        number="BJ-1",
        filed_on=date(2026, 2, 1),
        **shared,
    )
    return certificate


def test_a_pilot_that_meets_its_tests_is_accepted_and_adopted(world: World) -> None:
    pilot = world.started()
    world.passing(pilot)
    world.hub.do(world.owner, "scenarios.pilot.accept", pilot=pilot)
    noted = payload_of(world.hub.last().seq)["noted"]["tests"]
    assert [t["test"] for t in noted] == TESTS
    assert [t["value"] for t in noted] == ["19/20", "1/1", "2501/250", "10009/1000", "2/1"]
    assert all(t["holds"] for t in noted)
    world.hub.do(world.owner, "scenarios.pilot.adopt", pilot=pilot, reason="It works.")
    pilot.refresh_from_db()
    assert pilot.state == "adopted"
    way = {g.stage.key: g.state for g in course(world.system).gates}
    assert (way["pilot"], way["adopted"]) == ("done", "done")
    counted = {
        n: len(list(MEASURES[f"scenarios.{n}"].facts())) for n in ("pilots_accepted", "systems_adopted")
    }
    assert counted == {"pilots_accepted": 1, "systems_adopted": 1}


def test_a_failing_pilot_cannot_be_accepted_and_is_rejected_with_its_values(world: World) -> None:
    pilot = world.started()
    world.record(pilot, world.rows(10, wrong=2))
    with pytest.raises(Conflict) as refused:
        world.hub.do(world.owner, "scenarios.pilot.accept", pilot=pilot)
    assert refused.value.rule == "pilot.tests_fail"
    world.hub.do(world.owner, "scenarios.pilot.reject", pilot=pilot, reason="Too many errors.")
    holds = [t["holds"] for t in payload_of(world.hub.last().seq)["noted"]["tests"]]
    assert holds == [False, False, True, True, False]
    gate = next(g for g in course(world.system).gates if g.stage.key == "pilot")
    assert gate.state == "closed"
    why = gate.stage.shows(world.system.code, (), True).why
    assert len(why.cheapest) == 3 and "80 %" in why.measured.en


def test_a_passing_pilot_cannot_be_rejected(world: World) -> None:
    pilot = world.started()
    world.passing(pilot)
    with pytest.raises(Conflict) as refused:
        world.hub.do(world.owner, "scenarios.pilot.reject", pilot=pilot, reason="We changed our mind.")
    assert refused.value.rule == "pilot.tests_hold"


def test_no_record_is_not_a_pass_and_not_a_zero(world: World) -> None:
    pilot = world.started()
    assert [o.value for o in outcomes(pilot)] == [None] * 5
    with pytest.raises(Conflict):
        world.hub.do(world.owner, "scenarios.pilot.accept", pilot=pilot)


def test_answers_without_a_truth_are_not_counted_as_right(world: World) -> None:
    pilot = world.started()
    rows = world.rows(20)
    for row in rows[:12]:
        row["truth"] = None
    world.record(pilot, rows)
    share = outcomes(pilot)[0]
    assert (share.value, share.n, share.passed) == (Fraction(1), 8, False)


def test_without_cover_nothing_is_proposed_started_or_accepted(world: World) -> None:
    pilot = world.propose()
    Filing.objects.update(state="suspended")
    with pytest.raises(Denied) as refused:
        world.hub.do(world.owner, "scenarios.pilot.start", pilot=pilot)
    assert "no live filing" in refused.value.what.en
    shown = check(world.owner, find_operation("scenarios.pilot.start"), pilot, world.hub.clock)
    assert isinstance(shown, Denied)
    with pytest.raises(Denied):
        world.propose()


def test_a_suspended_certificate_halts_the_pilot_at_once(world: World) -> None:
    pilot = world.started()
    supervisor = world.hub.actor(Role.SUPERVISOR)
    running = MEASURES["scenarios.pilots_running"].facts
    assert [f.valid_to for f in running()] == [None]
    world.hub.do(supervisor, "trust.certificate.suspend", certificate=world.certificate, reason="Drift.")
    pilot.refresh_from_db()
    assert pilot.state == "halted"
    assert next(iter(running())).valid_to is not None
    with pytest.raises(Conflict):
        world.record(pilot, world.rows(1))
    with pytest.raises(Denied):
        world.hub.do(world.owner, "scenarios.pilot.resume", pilot=pilot, reason="Go on.")


def test_a_halted_pilot_goes_on_when_it_is_covered(world: World) -> None:
    pilot = world.started()
    world.hub.do(world.owner, "scenarios.pilot.halt", pilot=pilot, reason="Power cut.")
    world.hub.do(world.owner, "scenarios.pilot.resume", pilot=pilot, reason="Power is back.")
    ends = [f.valid_to for f in MEASURES["scenarios.pilots_running"].facts()]
    assert len(ends) == 2 and ends.count(None) == 1


def test_parquet_and_json_give_the_same_records(world: World) -> None:
    pilot = world.started()
    rows = world.rows(50, wrong=3)
    table = pa.Table.from_pylist([r | {"at": datetime.fromisoformat(r["at"])} for r in rows])
    sink = BytesIO()
    pq.write_table(table, sink)
    stored = world.hub.store(sink.getvalue(), "batch.parquet")
    world.hub.do(world.owner, "scenarios.pilot.record", pilot=pilot, records=stored)
    assert stored in json.loads(world.hub.last().entry)["files"]
    assert payload_of(world.hub.last().seq)["noted"] == {"rows": 50, "with_truth": 50}
    kept = list(PilotRecord.objects.order_by("row").values_list("input_sha256", "answer", "latency_us"))
    assert kept == [(r["input_sha256"], r["answer"], r["latency_us"]) for r in rows]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"latency_us": 1.5}, "pilot.batch.cell"),
        ({"latency_us": True}, "pilot.batch.cell"),
        ({"input_sha256": "Zhang San"}, "pilot.batch.cell"),
        ({"answer": ""}, "pilot.batch.cell"),
        ({"answer": "x" * 201}, "pilot.batch.cell"),
        ({"answer": "a\u202eb"}, "pilot.batch.cell"),
        ({"at": "2026-09-01T10:00:00"}, "pilot.batch.cell"),
        ({"at": "2026-08-01T10:00:00+08:00"}, "pilot.batch.outside"),
        ({"at": "2036-08-01T10:00:00+08:00"}, "pilot.batch.outside"),
        ({"name": "Zhang San"}, "pilot.batch.columns"),
    ],
)
def test_a_batch_with_a_fault_leaves_nothing_behind(world: World, change: dict[str, Any], rule: str) -> None:
    pilot = world.started()
    rows = world.rows(3)
    rows[1] |= change
    before = world.hub.last().seq
    with pytest.raises(Invalid) as refused:
        world.record(pilot, rows)
    assert refused.value.rule == rule
    assert PilotRecord.objects.count() == 0 and world.hub.last().seq == before


@pytest.mark.parametrize("content", [b"", b"[]", b"PAR1 and nothing", b"\xff\xfe", b"{}", b"[" * 100_000])
def test_a_file_that_is_no_batch_is_refused(world: World, content: bytes) -> None:
    pilot = world.started()
    with pytest.raises(Invalid):
        world.hub.do(world.owner, "scenarios.pilot.record", pilot=pilot, records=world.hub.store(content))


def test_the_same_records_do_not_count_twice(world: World) -> None:
    pilot = world.started()
    rows = world.rows(3)
    world.record(pilot, rows)
    with pytest.raises(Conflict):
        world.record(pilot, rows)
    with pytest.raises(Conflict):
        world.record(pilot, rows[:2])
    with pytest.raises(Invalid):
        world.record(pilot, [*world.rows(1, first=50), *world.rows(1, first=50)][:1] * 2)
    assert PilotRecord.objects.count() == 3


def test_only_the_owner_records_and_judges(world: World) -> None:
    pilot = world.started()
    stored = world.hub.store(json.dumps(world.rows(1)).encode())
    with pytest.raises(Denied):
        world.hub.do(world.innovator, "scenarios.pilot.record", pilot=pilot, records=stored)
    stranger = world.hub.actor(Role.SCENARIO_OWNER, world.hub.organisation())
    with pytest.raises(NotFound):
        world.hub.do(stranger, "scenarios.pilot.accept", pilot=pilot)
    with pytest.raises(NotFound):
        world.hub.do(ANONYMOUS, "scenarios.pilot.accept", pilot=pilot)


def test_an_owner_does_not_pilot_its_own_system(world: World) -> None:
    world.system.organisation = world.counter
    world.system.save()
    insider = world.hub.actor(Role.INNOVATOR, world.counter)
    with pytest.raises(Denied) as refused:
        world.hub.do(
            insider,
            "scenarios.pilot.propose",
            opportunity=world.opportunity,
            version=world.version,
            approach="-",
        )
    assert refused.value.rule == "pilot.conflict_of_interest"


def test_one_pilot_at_a_time_and_no_closing_over_it(world: World) -> None:
    world.started()
    with pytest.raises(Conflict):
        world.propose()
    with pytest.raises(Conflict) as refused:
        world.hub.do(
            world.owner, "scenarios.opportunity.close", opportunity=world.opportunity, reason="Done."
        )
    assert refused.value.rule == "opportunity.pilots_open"


@pytest.mark.parametrize(
    "tests",
    [
        [],
        {},
        [{"query": "opinion", "at_least": 1}],
        [{"query": "share_correct", "at_least": "9/10"}],
        [{"query": "share_correct", "at_least": "11/10", "n_at_least": 1}],
        [{"query": "share_correct", "at_least": "1/2", "n_at_least": 0}],
        [{"query": "error_count", "at_least": 1}],
        [{"query": "error_count", "at_most": -1}],
        [{"query": "error_count", "at_most": "1"}],
        [{"query": "days_run", "at_least": 1, "extra": 1}],
        [{"query": "days_run", "at_least": 1}, {"query": "days_run", "at_least": 2}],
        ["days_run"],
    ],
)
def test_only_tests_of_the_closed_list_are_declared(tests: Any) -> None:
    with pytest.raises(Invalid) as refused:
        read_criteria(tests)
    assert refused.value.field == "tests" and refused.value.what.zh


@given(
    st.fractions(0, 1, max_denominator=10**6),
    st.integers(1, 10**9),
    st.sampled_from(sorted(QUERIES)),
    st.integers(0, 10**9),
)
def test_what_is_stored_reads_back_as_it_was(share: Fraction, n: int, query: Any, whole: int) -> None:
    bound = QUERIES[query][1]
    row: dict[str, Any] = {"query": query, bound: whole}
    if query == "share_correct":
        row = {"query": query, bound: f"{share.numerator}/{share.denominator}", "n_at_least": n}
    read = read_criteria([row])
    assert [c.as_json() for c in read] == [row]
    assert read_criteria([c.as_json() for c in read]) == read
    assert read[0].holds(read[0].threshold)
    assert read[0].demand().zh


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_pages_show_tests_against_actuals(world: World, language: str) -> None:
    world.hub.clock.move_to(timezone.now())
    pilot = world.started()
    world.record(pilot, world.rows(10, wrong=2))
    world.hub.do(world.owner, "scenarios.pilot.reject", pilot=pilot, reason="Too many errors.")
    client = Client(headers={"Accept-Language": language})
    shown = client.get(f"/scenarios/pilot/{pilot.code}").content.decode()
    asked = client.get(f"/scenarios/opportunity/{world.opportunity.code}").content.decode()
    for page in (shown, asked):
        assert ("at least 90 %" if language == "en" else "不低于90%") in page
        assert "None" not in page and "Fraction" not in page
    assert ("does not hold" if language == "en" else "未达到") in shown


def test_a_running_pilot_is_not_public(world: World) -> None:
    pilot = world.started()
    assert Client().get(f"/scenarios/pilot/{pilot.code}").status_code == 404
