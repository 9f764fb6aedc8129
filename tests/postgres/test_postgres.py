"""The same tests on PostgreSQL: a cluster of its own is started on a socket, the suite runs in it, the cluster goes."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
pytestmark = [
    pytest.mark.postgres,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not PROGRAMS, reason="needs PostgreSQL: apt-get install postgresql"),
]
SAMPLE = (
    "tests/modules/parties",
    "tests/modules/test_lane_first_half.py",
    "tests/modules/platform/test_permissions.py",
    "tests/modules/scenarios",
    "tests/modules/compute/test_bad_input_races.py",
)
WHOLE = ("tests/modules",)


def _as_user() -> dict[str, object]:
    """initdb refuses to run as root: Debian's own user does it then."""
    if os.geteuid() != 0:
        return {}
    someone = pwd.getpwnam("postgres")
    return {"user": someone.pw_uid, "group": someone.pw_gid, "extra_groups": []}


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Address of a fresh cluster that listens on a socket only."""
    programs, who = PROGRAMS[-1].parent, _as_user()
    with tempfile.TemporaryDirectory(prefix="hutong-pg-", dir="/tmp") as folder:
        if who:
            os.chown(folder, int(str(who["user"])), int(str(who["group"])))
        data = f"{folder}/data"
        common = {"cwd": folder, "check": True, "stdout": subprocess.DEVNULL, **who}
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "hutong", "-A", "trust", "-E", "UTF8", "--no-sync"],
            **common,
        )  # type: ignore[call-overload]
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        subprocess.run(
            [programs / "pg_ctl", "-D", data, "-o", options, "-w", "-l", f"{folder}/log", "start"], **common
        )  # type: ignore[call-overload]
        try:
            yield f"postgresql://hutong@/postgres?host={folder}"
        finally:
            subprocess.run([programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **common)  # type: ignore[call-overload]


def suite(cluster: str, paths: tuple[str, ...]) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "-m",
        "not slow",
        *paths,
    ]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "HUTONG_DATABASE_URL": cluster}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def decided(home: Path, database: str) -> dict[str, Any]:
    """The digests of a log of decisions in a new hub, whose records lie in that database."""
    path = os.pathsep.join([str(ROOT / "tests/modules"), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {
        **os.environ,
        "HUTONG_HOME": str(home),
        "HUTONG_DATABASE_URL": database,
        "PYTHONPATH": path,
        "DJANGO_SETTINGS_MODULE": "hutong.site.settings",
    }
    program = ROOT / "tests/modules/compute/decided.py"
    done = subprocess.run(
        [sys.executable, program], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_decisions_are_the_same_to_the_bit_on_both_databases(cluster: str, tmp_path: Path) -> None:
    """The same course twice on SQLite and once here: one chain of digests, and each log replays to it a hundred times."""
    here = decided(tmp_path / "postgresql", cluster)
    there, again = (decided(tmp_path / f"sqlite{n}", "") for n in range(2))
    assert here["faults"] == there["faults"] == []
    assert here["log"] == there["log"] == again["log"] and len(here["log"]) == 12
    assert here["started"] >= 15 and here["last"] == here["log"][-1][1]


def test_a_sample_of_the_suite_is_green(cluster: str) -> None:
    suite(cluster, SAMPLE)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_the_suite_is_green(cluster: str) -> None:
    suite(cluster, WHOLE)
