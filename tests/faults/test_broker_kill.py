"""The broker is killed at random points while arrays wait: every job ends once, runs once, and is paid once."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from compute.home import Home, copied, furnish, sound, stop

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]
PATIENCE_S = 240.0


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return furnish(tmp_path_factory.mktemp("broker") / "home")


@pytest.fixture
def home(furnished: Home, tmp_path: Path) -> Home:
    return copied(furnished, tmp_path / "home")


def kill_at_work(home: Home, late: float) -> None:
    """A worker that took its turn is killed `late` seconds later, in the middle of whatever it does then."""
    worker = home.worker()
    ends = time.monotonic() + PATIENCE_S
    while not home.turn_of().endswith(f":{worker.pid}"):
        assert worker.poll() is None and time.monotonic() < ends, home.complaints.read_text(errors="replace")[
            -3000:
        ]
        time.sleep(0.01)
    time.sleep(late)
    worker.send_signal(signal.SIGKILL)
    worker.wait()


def every_job_once(home: Home, jobs: int) -> None:
    """All ended well; each ran as often as it was tried, and was tried again only after a try was recorded as lost."""
    assert home.states() == {"finished": jobs}
    tries = dict(
        home.rows(
            "SELECT j.code, count(*) FROM compute_attempt a JOIN compute_job j ON j.id=a.job_id GROUP BY 1"
        )
    )
    open_ = home.rows("SELECT count(*) FROM compute_attempt WHERE state <> 'ended'")[0][0]
    good = Counter(dict(home.rows("SELECT ending, count(*) FROM compute_attempt GROUP BY 1")))
    ran = Counter(home.ran.read_text(encoding="ascii").split())
    assert open_ == 0 and good["finished"] == jobs and set(good) <= {"finished", "lost"}
    assert ran.keys() == tries.keys() and len(ran) == jobs
    assert {job: n for job, n in ran.items() if n > tries[job]} == {}
    ends = home.rows(
        "SELECT subject, count(*) FROM platform_event WHERE operation IN ('compute.job.finish', 'compute.job.fail')"
        " GROUP BY 1"
    )
    assert sorted(ends) == sorted((job, 1) for job in ran)
    metered = home.rows("SELECT count(DISTINCT job_id), count(*) FROM compute_segment")
    assert metered == [(jobs, jobs)]


def killed_broker(home: Home, kills: int, jobs: int, seed: int) -> None:
    chance = random.Random(seed)
    home.submit(jobs, "0.$((HUTONG_NUMBER % 8))")
    left = []
    for _ in range(kills):
        kill_at_work(home, chance.uniform(0.0, 0.8))
        left.append(sum(home.states().get(state, 0) for state in ("submitted", "running")))
    # Killed while there was work to do, and not after it.
    assert sum(n > 0 for n in left) >= kills * 0.8, left
    worker = home.worker()
    try:
        home.until_over(PATIENCE_S)
    finally:
        stop([worker])
    every_job_once(home, jobs)
    assert sound(home)["audit"]["segment.span"] == jobs


def test_a_broker_killed_ten_times_runs_every_job_once(home: Home) -> None:
    killed_broker(home, 10, 60, 1)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(2, 6))
def test_a_broker_killed_twenty_times_runs_every_job_once(home: Home, seed: int) -> None:
    killed_broker(home, 20, 120, seed)


def test_two_brokers_at_once_start_no_job_twice(home: Home) -> None:
    home.submit(24, "0.1")
    workers = [home.worker(), home.worker()]
    try:
        home.until_over(PATIENCE_S)
    finally:
        stop(workers)
    every_job_once(home, 24)
    # Each decision holds the digest of the one before: one chain, whoever decided.
    rows = home.rows("SELECT previous_sha256, sha256, epoch FROM compute_decision ORDER BY id")
    assert [r[0] for r in rows] == ["", *[r[1] for r in rows[:-1]]]
    assert [r[2] for r in rows] == sorted(r[2] for r in rows)
    assert sound(home)["decisions"] == len(rows) > 0
    assert "Traceback" not in home.complaints.read_text(errors="replace")
