"""Lent chips called back, with real programs: who saves goes on later and pays for what it kept, who loses does not pay."""

from __future__ import annotations

from typing import Any

import pytest
from compute.lender import CHIPS, Lender

from hutong.modules.compute.contract import audit_books, replay_decisions
from hutong.modules.compute.execution import MOST_ATTEMPTS, folder_of
from hutong.modules.compute.models import Attempt, Decision
from hutong.modules.compute.money import book
from hutong.platform import files
from hutong.platform.evidence import payload_of
from hutong.platform.ledger.tables import Event

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def lender(hub: Any) -> Lender:
    return Lender(hub)


def tries(job: Any) -> list[tuple[str, str, int]]:
    return list(job.attempts.order_by("pk").values_list("ending", "recall", "lost_ms"))


def sound(job: Any) -> None:
    """What the job holds, has used and got back adds up; no rule of the books is broken, every decision replays."""
    job.refresh_from_db()
    held = sum(p.amount_ms for p in job.postings.filter(account__kind="held"))
    used = sum(p.amount_ms for p in job.postings.filter(account__kind="used"))
    free = sum(p.amount_ms for p in job.postings.filter(account__kind="free"))
    assert held == 0 and used + free == 0 and used == job.used_ms == job.held_ms - (job.held_ms + free)
    assert [f.rule for f in audit_books() if not f.holds] == []
    assert replay_decisions().faults == () and book.sound()


def test_a_guest_saves_makes_room_and_goes_on_with_what_is_left(lender: Lender) -> None:
    guest = lender.guest("saves", checkpoint_s=120)
    lender.keep_all()
    own = lender.home()
    lender.until(lambda: lender.called(guest))
    own.refresh_from_db()
    assert own.right_at is not None
    event = Event.objects.get(operation="compute.job.recall")
    told = payload_of(event.seq)["input"]
    assert (told["job"], told["why"], told["for_whom"]) == (guest.code, "guarantee", own.code)
    # It can lose at most what lies between two checkpoints, on all its chips.
    assert told["lost_ms"] == CHIPS * 120_000
    lender.until(lambda: guest.attempts.filter(ending="recalled").exists())
    first = guest.attempts.get()
    guest.refresh_from_db()
    assert first.warned and first.lost_ms == 0 and guest.state == "submitted"
    used = (first.ended_at - first.started_at).total_seconds()
    assert guest.spent_s == -(-int(used * 1000) // 1000) and guest.paid_ms == CHIPS * round(used * 1000)
    assert list(guest.segments.values_list("attempt", "used_ms")) == [(first.pk, guest.paid_ms)]
    assert book.balances(lender.guests)["held"] == guest.held_ms - guest.paid_ms
    lender.hub.work()
    own.refresh_from_db()
    assert own.state == "finished"
    guest.refresh_from_db()
    # Nothing more is lent: it went on at home, from where it was.
    assert (guest.state, guest.pool_id) == ("finished", lender.pool.pk) or guest.state == "submitted"


def test_a_guest_that_goes_on_finds_what_it_saved_and_pays_both_parts(lender: Lender) -> None:
    guest = lender.guest("saves", chips=2, checkpoint_s=120)
    lender.keep_all()
    own = lender.home()
    lender.until(lambda: lender.called(guest))
    lender.hub.work()
    guest.refresh_from_db()
    own.refresh_from_db()
    assert (own.state, guest.state) == ("finished", "finished")
    assert [t[0] for t in tries(guest)] == ["recalled", "finished"]
    log = files.read(guest.log_sha256).decode()
    assert "from 75" in log
    assert guest.segments.count() == 2 and guest.used_ms == sum(
        guest.segments.values_list("used_ms", flat=True)
    )
    assert guest.cost_fen == sum(guest.segments.values_list("cost_fen", flat=True))
    assert {s.pool_id for s in guest.segments.all()} == {lender.lent.pk, lender.pool.pk}
    sound(guest)


def test_a_guest_that_keeps_nothing_is_stopped_at_the_end_of_the_notice_and_pays_nothing(
    lender: Lender,
) -> None:
    guest = lender.guest("heeds nothing", chips=2)
    lender.recall(guest, lost_ms=1)
    lender.until(lambda: guest.attempts.get().warned)
    assert lender.at_work(guest)
    lender.due(guest)
    lender.until(lambda: guest.attempts.filter(state="ended").exists())
    guest.refresh_from_db()
    one = guest.attempts.order_by("pk")[0]
    ran_ms = round((one.ended_at - one.started_at).total_seconds() * 1000)
    assert (one.ending, one.lost_ms) == ("recalled", 2 * ran_ms) and ran_ms > 0
    assert (guest.paid_ms, guest.spent_s, guest.segments.count()) == (0, 0, 0)
    assert book.balances(lender.guests)["held"] == guest.held_ms
    lender.hub.work()
    assert guest.attempts.count() == 2
    sound(guest)


def test_a_guest_that_ends_badly_after_the_warning_waits_again(lender: Lender) -> None:
    guest = lender.guest("dies", chips=2)
    lender.recall(guest)
    lender.until(lambda: guest.attempts.filter(ending="recalled").exists())
    lender.hub.work()
    guest.refresh_from_db()
    assert guest.state == "finished" and [t[0] for t in tries(guest)] == ["recalled", "finished"]
    sound(guest)


def test_a_guest_that_comes_to_its_end_first_has_finished(lender: Lender) -> None:
    guest = lender.guest("heeds nothing", chips=2)
    lender.recall(guest, lost_ms=77)
    lender.hub.work()
    guest.refresh_from_db()
    assert guest.state == "finished" and tries(guest) == [("finished", "guarantee", 0)]
    assert guest.used_ms > 0
    sound(guest)


def test_being_called_back_is_no_fault(lender: Lender) -> None:
    """More often than a job may be lost: it is still run to its end."""
    guest = lender.guest("dies", chips=2)
    for n in range(1, MOST_ATTEMPTS + 2):
        lender.until(lambda: lender.at_work(guest))
        lender.recall(guest)
        lender.until(lambda n=n: guest.attempts.filter(ending="recalled").count() == n)
    lender.hub.work()
    guest.refresh_from_db()
    assert guest.state == "finished"
    sound(guest)


def test_the_folder_of_who_keeps_nothing_is_emptied(lender: Lender) -> None:
    """Or it would find, unpaid, what it secretly kept."""
    guest = lender.guest("dies", chips=2)
    (folder_of(guest.code) / "at").write_text("49")
    lender.recall(guest)
    lender.until(lambda: guest.attempts.filter(ending="recalled").exists())
    assert not (folder_of(guest.code) / "at").exists()


def test_the_decision_that_called_is_in_the_log(lender: Lender) -> None:
    guest = lender.guest("saves", checkpoint_s=120)
    lender.keep_all()
    lender.home()
    lender.until(lambda: lender.called(guest))
    last = Decision.objects.order_by("-pk")[0].content["content"]
    assert [r["job"] for r in last["recalls"]] == [guest.code]
    before = Decision.objects.count()
    lender.look()
    assert Attempt.objects.filter(job=guest).exclude(recall="").count() == 1
    assert sum(len(d.content["content"]["recalls"]) for d in Decision.objects.all()) == 1
    assert Decision.objects.count() >= before
    sound_log = replay_decisions()
    assert sound_log.faults == ()
