"""The hub is killed while chips are being called back, or the centre is silent when they are due: nothing runs twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from compute.home import Home, copied, furnish, sound, stop

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]
PATIENCE_S = 240.0
# The neighbour lends all it has; a guest of North's hours works there. Then it keeps all for its own users, and one comes.
PARTS = {
    "lend": """
terms = agree("0%", "100%")
say(terms=terms.code, job=guest(sys.argv[2]).code)
""",
    "keep": """
hub.do(south, "compute.agreement.close", agreement=sys.argv[2], reason="Needed at home.")
agree("100%", "0%")
asked = hub.do(engineer, "compute.allocation.request", award=Award.objects.get(), pool=names["second"], hours="2", reason="Ours.")
hub.do(south, "compute.allocation.approve", allocation=asked, hours="2", reason="Ours.")
own = hub.do(south, "compute.allocation.activate", allocation=asked)
say(job=order(own, ["true"], 4, 60).code)
""",
}
SCRIPT = """
import json, sys
from hutong.cli.home import open_hub
open_hub()
from tests_hub import Hub
from hutong.kernel.clock import SYSTEM_CLOCK
from hutong.modules.calls.models import Award
from hutong.platform.actors import actor_of
from hutong.platform.people import Person
names = json.loads(sys.argv[1])
hub = Hub()
hub.clock = SYSTEM_CLOCK
def who(name):
    return actor_of(Person.objects.get(code=names[name]), hub.clock.now())
south, office, engineer = who("south"), who("office"), who("engineer")
def agree(kept, lent):
    given = dict(centre=names["other"], guaranteed=kept, lendable=lent, notice_min=1, valid_from="2026-01-01", valid_to="2099-12-31")
    offered = hub.do(south, "compute.agreement.offer", **given)
    return hub.do(office, "compute.agreement.sign", agreement=offered)
def order(hours, command, chips, limit_s, **given):
    work = {"form": "hutong-job/1", "command": command}
    return hub.do(engineer, "compute.job.submit", work=work, allocation=hours, chips=chips, limit_s=limit_s, **given)
def guest(script):
    return order(names["hours"], ["sh", "-c", script], 4, 1200, checkpoint_s=60)
def say(**told):
    print(json.dumps(told))
"""


class Lending:
    """A home whose neighbour lends to a guest and then wants its chips back."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def part(self, name: str, *words: str) -> dict[str, str]:
        import json

        done = subprocess.run(
            [sys.executable, "-c", SCRIPT + PARTS[name], json.dumps(self.home.names), *words],
            capture_output=True, text=True, env=self.home.environment(), check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        told: dict[str, str] = json.loads(done.stdout)
        return told

    def guest(self, heeds: str) -> str:
        """A guest that writes a line each time it begins, and `heeds` SIGTERM so. Twice begun, it ends at once."""
        ran = self.home.ran
        script = (
            f'{heeds}; echo run >> {ran}; [ "$(wc -l < {ran})" -gt 1 ] && exit 0; '
            "for i in $(seq 3000); do sleep 0.1; done"
        )
        told = self.part("lend", script)
        self.terms = told["terms"]
        return told["job"]

    def until(self, holds: Callable[[], bool], what: str) -> None:
        ends = time.monotonic() + PATIENCE_S
        while not holds():
            said = self.home.complaints.read_text(errors="replace")[-2000:]
            assert time.monotonic() < ends, (what, self.tries(), said)
            time.sleep(0.1)

    def tries(self) -> list[tuple[object, ...]]:
        return self.home.rows(
            "SELECT j.code, a.state, a.ending, a.recall, a.warned FROM compute_attempt a"
            " JOIN compute_job j ON j.id = a.job_id ORDER BY a.id"
        )

    def runs(self) -> int:
        return len(self.home.ran.read_text().split()) if self.home.ran.exists() else 0

    def warned(self) -> bool:
        return any(row[4] for row in self.tries())


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return furnish(tmp_path_factory.mktemp("recall") / "home")


@pytest.fixture
def lending(furnished: Home, tmp_path: Path) -> Lending:
    return Lending(copied(furnished, tmp_path / "home"))


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "heeds", ["trap 'sleep 1; exit 85' TERM", pytest.param("trap '' TERM", marks=SLOW)], ids=["saves", "deaf"]
)
def test_a_hub_killed_after_the_warning_takes_the_chips_back_once(lending: Lending, heeds: str) -> None:
    """The guest saves while nobody looks, or heeds nothing and is stopped when its notice of a minute is over."""
    home, guest = lending.home, lending.guest(heeds)
    worker = home.worker()
    lending.until(lambda: lending.runs() == 1, "the guest begins")
    lending.part("keep", lending.terms)
    lending.until(lending.warned, "the guest is warned")
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    time.sleep(2)
    again = home.worker()
    try:
        home.until_over(PATIENCE_S)
    finally:
        stop([again])
    tries = [row for row in lending.tries() if row[0] == guest]
    assert [row[1:3] for row in tries] == [("ended", "recalled"), ("ended", "finished")]
    assert lending.runs() == 2 and home.states() == {"finished": 2}
    waited = home.rows("SELECT warned, due_at > ended_at FROM compute_attempt WHERE recall <> ''")
    assert waited == [(1, 1 if "85" in heeds else 0)]
    sound(home)


@SLOW
def test_a_centre_that_is_silent_when_its_chips_are_due_keeps_the_job_unreachable(lending: Lending) -> None:
    home, guest = lending.home, lending.guest("trap '' TERM")
    worker = home.worker()
    spool = home.folder / "centres" / home.names["other"] / "spool"
    try:
        lending.until(lambda: lending.runs() == 1, "the guest begins")
        lending.part("keep", lending.terms)
        lending.until(lending.warned, "the guest is warned")
        away = spool.rename(spool.with_name("away"))
        spool.mkdir()
        lending.until(lambda: any(row[1] == "unreachable" for row in lending.tries()), "the centre is silent")
        due = "SELECT count(*) FROM compute_attempt WHERE recall <> '' AND due_at < datetime('now')"
        lending.until(lambda: home.rows(due)[0][0] == 1, "the notice is over")
        time.sleep(2)
        # Nobody knows whether it still runs: it is neither given back nor run elsewhere, nor is its place.
        assert [row[:2] for row in lending.tries()] == [(guest, "unreachable")] and lending.runs() == 1
        spool.rmdir()
        away.rename(spool)
        home.until_over(PATIENCE_S)
    finally:
        stop([worker])
    assert lending.runs() == 2 and home.states() == {"finished": 2}
    sound(home)
