"""Starting daemons, waiting until they answer, and taking them down with everything they started."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

PACKAGES = {
    "munged": "munge",
    "slurmctld": "slurmctld",
    "slurmd": "slurmd",
    "sbatch": "slurm-client",
    "slurmdbd": "slurmdbd",
    "mariadbd": "mariadb-server",
    "mariadb-install-db": "mariadb-server",
    "slurmrestd": "slurmrestd",
}
PLACES = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
# Every process of a bed carries this variable with the bed's folder: so they are found again, and no other.
MARK = "SLURM_BED"


class BedFailed(Exception):
    """The bed does not come up on this machine; the text has the ends of the logs."""


def program(name: str) -> str | None:
    """Where a program lies; the daemons lie where an ordinary user's PATH does not lead."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{PLACES}")


def token_plugin() -> Path | None:
    """Where auth_jwt.so lies: with Slurm, or below SLURM_BED_PLUGINS, where the packages slurm-wlm-jwt-plugin, libjwt0 and
    libb64-0d may be unpacked (``dpkg -x``) without being root."""
    for root in filter(None, ("/", os.environ.get("SLURM_BED_PLUGINS"))):
        for found in Path(root).glob("usr/lib/*/slurm-wlm/auth_jwt.so"):
            return found.parent
    return None


def missing(*names: str) -> str:
    """What to install before the bed can start; empty where everything is here."""
    packages = sorted({PACKAGES[n] for n in names or PACKAGES if program(n) is None})
    return f"needs Slurm: apt-get install {' '.join(packages)}" if packages else ""


def ports(count: int) -> list[int]:
    """So many free ports of the loopback."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    found: list[int] = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return found


def start(command: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a daemon in the foreground, in a session of its own, its words in `log`."""
    found = program(command[0])
    if found is None:
        raise BedFailed(missing(command[0]))
    with log.open("ab") as out:
        return subprocess.Popen(
            [found, *command[1:]],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def until(what: str, true: Callable[[], bool], seconds: float, logs: Iterable[Path]) -> None:
    """Wait until it is true; raise `BedFailed` with the ends of the logs where it never is."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if true():
            return
        time.sleep(0.1)
    told = "\n".join(f"{p.name}: {p.read_text(errors='replace')[-600:]}" for p in logs if p.exists())
    raise BedFailed(f"{what} not within {seconds:.0f} s\n{told}")


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
        return True
    return False


def end(processes: Iterable[subprocess.Popen[bytes]], patience: float = 5.0) -> None:
    """Ask the daemons to end, then end them."""
    running = [p for p in processes if p.poll() is None]
    for one in running:
        one.send_signal(signal.SIGCONT)
        one.terminate()
    ends = time.monotonic() + patience
    for one in running:
        try:
            one.wait(max(0.1, ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            one.kill()
            one.wait()


def left(folder: Path) -> list[int]:
    """Process ids that still carry the mark of this bed: steps and jobs that outlived their node daemon."""
    mark = f"{MARK}={folder}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def sweep(folder: Path) -> None:
    """End what `left` finds."""
    for _ in range(20):
        pids = left(folder)
        if not pids:
            return
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
