"""Jobs of a whole hub through the other ways to a centre: slurmrestd on a socket and with tokens, and Ray."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from compute.home import Home, sound, stop

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "modules" / "compute" / "adapters")]
import ray_head  # noqa: E402

from slurm_bed import Bed, Shape, daemons, missing  # noqa: E402
from slurm_bed.driver import Work  # noqa: E402
from slurm_bed.hub import joined, submit  # noqa: E402
from slurm_bed.verdict import accounted, trace_of  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
WORK = Work(6, seed=7, longest=4.0)
TOKEN = "HUTONG_TEST_TOKEN"


@pytest.fixture
def folder() -> Iterator[Path]:
    # A path of its own and not pytest's: munge's and Ray's sockets have to fit 107 characters.
    with tempfile.TemporaryDirectory(prefix="bed", dir="/tmp") as place:
        yield Path(place)


def work_off(home: Home, patience_s: float = 180.0) -> None:
    """Every job of the work ends well, having run once."""
    submit(home, WORK)
    worker = home.worker()
    try:
        home.until_over(patience_s)
    finally:
        stop([worker])
    said = home.complaints.read_text(errors="replace")
    assert home.states() == {"finished": WORK.jobs}, said
    for name in WORK.tasks(home.folder):
        assert [what for what, _ in trace_of(home.folder / "traces" / name)] == ["begin", "end"]
    assert sound(home)["audit"]["segment.span"] == WORK.jobs and said == ""


def paid(home: Home) -> dict[str, int]:
    """Chip-milliseconds by the name of the attempt at its centre."""
    return {
        f"htg.{job}.{number}.a{number}": native
        for job, number, native in home.rows(
            "SELECT j.code, a.id, s.native_ms FROM compute_segment s JOIN compute_job j ON j.id = s.job_id "
            "JOIN compute_attempt a ON a.job_id = j.id"
        )
    }


def claimed(bed: Bed) -> dict[str, int]:
    """The same as sacct has it."""
    return {a.name: sum((e - s) * c * 1000 for s, e, c in rows) for a, rows in accounted(bed)}


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_a_centre_behind_slurmrestd(folder: Path) -> None:
    with Bed(folder, Shape(names=("haidian",), nodes=2, rest=True)) as bed:
        centre = bed.centres["haidian"]
        entry = {"engine": "slurmrest", "url": centre.rest_url, "socket": str(centre.rest)}
        home = joined(folder / "hub", {"haidian": entry}, bed.shape.model, 8, 4)
        work_off(home)
        assert paid(home) == claimed(bed) and len(paid(home)) == WORK.jobs


@pytest.mark.skipif(
    bool(missing()) or daemons.token_plugin() is None,
    reason=missing() or "needs Slurm's tokens: apt-get install slurm-wlm-jwt-plugin",
)
def test_a_centre_behind_slurmrestd_that_asks_for_a_token(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Bed(folder, Shape(names=("haidian",), nodes=2, rest=True, jwt=True)) as bed:
        centre = bed.centres["haidian"]
        token = centre.run("scontrol", "token", "lifespan=900").strip().removeprefix("SLURM_JWT=")
        entry = {"engine": "slurmrest", "url": centre.rest_url, "token_env": TOKEN}
        home = joined(folder / "hub", {"haidian": entry}, bed.shape.model, 8, 4)
        submit(home, WORK)
        # With a token that has run out the centre is silent: nothing is known, and nothing is lost.
        monkeypatch.setenv(TOKEN, token[:-8])
        worker = home.worker()
        try:
            daemons.until("silence", lambda: _silent(home), 60, [home.complaints])
        finally:
            stop([worker])
        monkeypatch.setenv(TOKEN, token)
        worker = home.worker()
        try:
            home.until_over(180.0)
        finally:
            stop([worker])
        assert home.states() == {"finished": WORK.jobs}, home.rows("SELECT code, ending FROM compute_job")
        assert paid(home) == claimed(bed) and len(paid(home)) == WORK.jobs
        assert home.rows("SELECT count(*) FROM compute_attempt") == [(WORK.jobs,)]
        sound(home)
        assert token not in json.dumps([p.read_text() for p in folder.glob("hub/*.yaml")])


def _silent(home: Home) -> bool:
    return home.rows("SELECT count(*) FROM compute_centre WHERE silent_since IS NOT NULL") == [(1,)]


@pytest.mark.skipif(ray_head.program() is None, reason=ray_head.NEEDS)
def test_a_centre_whose_engine_is_ray(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = ray_head.RayHead(folder)
    try:
        monkeypatch.setenv(TOKEN, head.token)
        entry = {"engine": "ray", "url": head.url, "token_env": TOKEN, "model": "a100"}
        home = joined(folder / "hub", {"ray": entry}, "a100", 4, 4)
        work_off(home)
    finally:
        head.stop()
    # Ray keeps no account: what was paid is what the guard beside each payload saw.
    spool = next((home.folder / "centres").iterdir())
    for name, native in paid(home).items():
        _, job, _, attempt = name.split(".")
        begun, ended = (
            int((spool / job / f"{attempt}.claim" / what).read_text().split()[1]) for what in ("begun", "end")
        )
        chips = int((spool / job / f"{attempt}.task").read_text().split()[2])
        assert native == (ended - begun) * chips * 1000
