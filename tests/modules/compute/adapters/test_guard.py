"""The guard beside the payload, run by a shell alone: once, and under a valid fence."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from hutong.modules.compute.adapters import REFUSED, Attempt, Task, guard
from hutong.modules.compute.adapters.spool import Spool

ATTEMPT = Attempt("J", "a1", 2)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    made = Spool("c", tmp_path / "it's a $(spool)")
    made.prepare()
    return made


def task(tmp_path: Path, text: str = "", status: int = 0, seconds: float = 0) -> Task:
    script = 'printf "%s\\n" "$1" "$X" >>"$2"; sleep "$3"; exit "$4"'
    trace = str(tmp_path / "trace")
    return Task(
        ("sh", "-c", script, "p", text, trace, str(seconds), str(status)), chips=1, limit_s=9,
        environment={"X": text},
    )  # fmt: skip


def start(spool: Spool, attempt: Attempt, what: Task) -> subprocess.Popen[bytes]:
    script = guard.script(attempt, what, spool.of(attempt), spool.folder, "7")
    shell = subprocess.Popen(["/bin/sh"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert shell.stdin is not None
    shell.stdin.write(script.encode())
    shell.stdin.close()
    return shell


@pytest.mark.parametrize(
    "text", ["$(touch /x)", "`id`", "'\"\\", "a\nexit 9\n", "中文", "-n", "#SBATCH -n 9", "%j"]
)
def test_arguments_and_variables_arrive_as_they_were_given(spool: Spool, tmp_path: Path, text: str) -> None:
    assert start(spool, ATTEMPT, task(tmp_path, text)).wait() == 0
    assert (tmp_path / "trace").read_text() == f"{text}\n{text}\n"


def test_the_end_is_written_down(spool: Spool, tmp_path: Path) -> None:
    before = int(time.time())
    assert start(spool, ATTEMPT, task(tmp_path, status=3)).wait() == 3
    standing = spool.standing(ATTEMPT)
    assert (standing.number, standing.status, standing.alive) == ("7", 3, False)
    assert standing.begun is not None and standing.ended is not None
    assert before <= standing.begun <= standing.ended <= time.time()


def test_the_second_run_of_an_attempt_is_refused(spool: Spool, tmp_path: Path) -> None:
    start(spool, ATTEMPT, task(tmp_path)).wait()
    assert start(spool, ATTEMPT, task(tmp_path)).wait() == REFUSED
    assert len((tmp_path / "trace").read_text().splitlines()) == 2


def test_two_at_once_are_one(spool: Spool, tmp_path: Path) -> None:
    shells = [start(spool, ATTEMPT, task(tmp_path, "x", seconds=0.3)) for _ in range(5)]
    assert sorted(s.wait() for s in shells) == [0, *[REFUSED] * 4]
    assert (tmp_path / "trace").read_text() == "x\nx\n"


def test_a_newer_attempt_does_not_begin_beside_a_living_one(spool: Spool, tmp_path: Path) -> None:
    old = start(spool, ATTEMPT, task(tmp_path, seconds=5))
    while not spool.standing(ATTEMPT).alive:
        time.sleep(0.02)
    new = Attempt("J", "a2", 3)
    assert start(spool, new, task(tmp_path)).wait() == REFUSED
    assert spool.standing(ATTEMPT).alive and not spool.standing(new).alive
    old.kill()
    old.wait()


def test_an_older_fence_does_not_begin_after_a_newer_one(spool: Spool, tmp_path: Path) -> None:
    assert start(spool, Attempt("J", "a2", 3), task(tmp_path)).wait() == 0
    assert start(spool, ATTEMPT, task(tmp_path)).wait() == REFUSED
    assert spool.fence(ATTEMPT) == 3


def test_a_revoked_attempt_does_not_begin(spool: Spool, tmp_path: Path) -> None:
    with spool.reached():
        spool.revoke(ATTEMPT, "k")
    assert start(spool, ATTEMPT, task(tmp_path)).wait() == REFUSED
    assert not (tmp_path / "trace").exists()


def test_a_payload_cannot_speak_in_the_guards_name(spool: Spool, tmp_path: Path) -> None:
    assert start(spool, ATTEMPT, task(tmp_path, status=REFUSED)).wait() == 1
    assert spool.standing(ATTEMPT).status == REFUSED


def test_a_dead_payload_is_told_from_a_living_one(spool: Spool, tmp_path: Path) -> None:
    """The lock is the payload's too: killing the shell alone does not make the attempt look dead."""
    shell = start(spool, ATTEMPT, task(tmp_path, seconds=1.5))
    while not (tmp_path / "trace").exists():
        time.sleep(0.02)
    shell.kill()
    shell.wait()
    assert spool.standing(ATTEMPT).alive
    time.sleep(1.8)
    standing = spool.standing(ATTEMPT)
    assert (standing.number, standing.status, standing.alive) == ("7", None, False)


def test_looking_does_not_stand_in_the_way(spool: Spool, tmp_path: Path) -> None:
    spool.of(ATTEMPT).mkdir()
    for n in range(10):
        attempt = Attempt("J", f"b{n}", n + 1)
        shell = start(spool, attempt, task(tmp_path))
        while shell.poll() is None:
            spool.standing(attempt)
        assert shell.returncode == 0
