"""What the walls stop, tried from inside."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hutong.engines.trust.reach import jail, probes
from hutong.engines.trust.reach.jail import Limits, run_jailed

TASK = "hutong.engines.trust.reach.probes:"


@pytest.mark.parametrize("name", probes.FORBIDDEN)
def test_what_is_forbidden_is_stopped(name: str, tmp_path: Path) -> None:
    place = tmp_path / "outside"
    told = run_jailed(f"{TASK}{name}", str(place).encode())
    assert told.result is None and told.finding is not None, told.result
    assert told.finding.claim == "jail.blocked"
    assert not place.exists()


def test_the_same_probes_do_succeed_outside_the_jail(tmp_path: Path) -> None:
    """Else a probe that is merely broken would pass for a wall."""
    place = tmp_path / "outside"
    for name in ("write", "make_folder"):
        getattr(probes, name)(str(place).encode())
        assert place.exists()
        place.rmdir() if place.is_dir() else place.unlink()
    secret = tmp_path / "secret"
    secret.write_text("s")
    assert probes.read(str(secret).encode()) == 1
    assert probes.start_program(b"") == 0
    assert probes.open_socket(b"") is True


def test_a_file_outside_cannot_be_read_where_the_kernel_has_landlock(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    told = run_jailed(f"{TASK}read", str(secret).encode())
    if told.walls.get("files") == "landlock":
        assert told.finding is not None and told.finding.claim == "jail.blocked"
    else:
        pytest.skip("no Landlock in this kernel")


def alone(script: str, *arguments: str) -> str:
    """What a Python of its own prints."""
    paths = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_no_packet_leaves_even_from_native_code_where_the_network_is_cut() -> None:
    script = """
import sys
from hutong.engines.trust.reach import probes, walls
port = sys.argv[1].encode()
before = probes.connect_natively(port)
print(before, walls._cut_network(), probes.connect_natively(port))
"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        before, cut, after = alone(script, str(server.getsockname()[1])).split()
    assert before == "0"
    if cut != "True":
        pytest.skip("no network namespace may be made here")
    assert after == "-1"


def test_landlock_alone_stops_reading_and_writing_outside(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from hutong.engines.trust.reach.landlock import restrict
here, there = Path(sys.argv[1]), Path(sys.argv[2])
held = restrict([sys.prefix], [str(here)])
(here / "mine").write_text("x")
found = [(here / "mine").read_text()]
for act in (lambda: there.read_text(), lambda: there.write_text("x"), lambda: there.unlink(), lambda: there.with_name("n").mkdir()):
    try:
        act()
        found.append("done")
    except PermissionError:
        found.append("stopped")
print(held, *found)
"""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.write_text("secret")
    held, *found = alone(script, str(here), str(there)).split()
    if held != "True":
        pytest.skip("no Landlock in this kernel")
    assert found == ["x", *["stopped"] * 4] and there.read_text() == "secret"


def test_the_hook_alone_stops_sockets_programs_and_writes_of_python_code(tmp_path: Path) -> None:
    """A machine where the kernel gives neither a namespace nor Landlock."""
    script = """
import sys
from hutong.engines.trust.reach import probes, walls
walls._cut_network = lambda: False
walls.restrict = lambda readable, writable: False
held = walls.raise_walls(".")
found = [held.network, held.files]
for name in (*probes.FORBIDDEN, "connect_natively"):
    try:
        getattr(probes, name)(sys.argv[1].encode())
        found.append(name)
    except walls.Blocked:
        found.append("blocked")
print(*found)
"""
    found = alone(script, str(tmp_path / "outside")).split()
    assert found == ["hook", "hook", *["blocked"] * (len(probes.FORBIDDEN) + 1)]
    assert not (tmp_path / "outside").exists()


def test_memory_time_and_size_have_limits() -> None:
    eats = run_jailed(f"{TASK}eat_memory", b"x", Limits(memory=2**30))
    assert eats.finding is not None and eats.finding.claim == "jail.memory"
    burns = run_jailed(f"{TASK}burn_time", b"x", Limits(cpu_s=1, wall_s=20))
    assert burns.finding is not None and burns.finding.claim == "jail.time"
    sleeps = run_jailed(f"{TASK}sleep", b"x", Limits(wall_s=1.0))
    assert sleeps.finding is not None and sleeps.finding.claim == "jail.time"
    dies = run_jailed(f"{TASK}die", b"x")
    assert dies.finding is not None and dies.finding.claim == "jail.crash"
    fills = run_jailed(f"{TASK}fill_disk", b"x", Limits(file_size=2**16))
    assert fills.finding is not None and fills.finding.claim in ("jail.blocked", "jail.crash")


def test_the_child_sees_no_environment_and_no_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUTONG_SECRET", "s")
    read, write = os.pipe()
    os.set_inheritable(write, True)
    told = run_jailed(f"{TASK}surroundings", b"x")
    os.close(read)
    os.close(write)
    assert told.finding is None
    assert set(told.result["environment"]) <= {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "LC_CTYPE"}
    assert told.result["folder"].startswith("hutong-jail-") and told.result["files"] == []
    assert not Path("/tmp", told.result["folder"]).exists()


def test_a_library_that_prints_cannot_forge_the_answer() -> None:
    told = run_jailed(f"{TASK}print_a_lie", b"x")
    assert told.result == "truth"


def test_only_tasks_of_this_package_are_run() -> None:
    told = run_jailed("os:getcwd", b"x")
    assert told.result is None and told.finding is not None and told.finding.claim == "jail.crash"


def test_what_holds_is_said() -> None:
    assert jail.inspect_file(b"x").walls["files"] in ("landlock", "hook")
    assert sys.platform == "linux"
