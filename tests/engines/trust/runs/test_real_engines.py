"""The same journal from a real Slurm cluster, which the test starts for itself, and from a real Ray."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from hutong.engines import trust
from hutong.engines.trust.runs import Journal, run

sys.path.insert(0, str(Path(__file__).parent))
from planted import SEED, Planted, planted

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "sinfo")
CONFIGURATION = """
ClusterName=hutong
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN
PartitionName=hub Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


@pytest.fixture(scope="module")
def case() -> Planted:
    return planted()


@pytest.fixture(scope="module")
def expected(case: Planted, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The journal of this process."""
    return journal(case, tmp_path_factory.mktemp("own") / "j", engine="local", workers=1)


def journal(case: Planted, path: Path, *, engine: str, workers: int) -> bytes:
    seen: trust.Observations = run(
        case.plan, case.open, case.system, case.profile, case.data, SEED, path, engine=engine, workers=workers
    )
    assert seen.plan == case.plan.digest
    with Journal(path, case.plan) as book:
        return book.export()


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cluster of one node: munge, controller and node daemon on ports of their own, gone with the test."""
    folder = tmp_path_factory.mktemp("slurm")
    folder.chmod(0o755)
    host = socket.gethostname().split(".")[0]
    for name in ("state", "spool"):
        (folder / name).mkdir()
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o400)
    (folder / "slurm.conf").write_text(
        CONFIGURATION.format(folder=folder, host=host, ports=free_ports(2), cores=os.cpu_count())
    )
    environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}
    started: list[subprocess.Popen[bytes]] = []
    for command in (
        ["munged", "--foreground", "--force", f"--key-file={folder}/munge.key", f"--socket={folder}/munge.socket",
         f"--pid-file={folder}/munged.pid", f"--log-file={folder}/munged.log", f"--seed-file={folder}/munged.seed"],
        ["slurmctld", "-D"],
        ["slurmd", "-D", "-N", host],
    ):  # fmt: skip
        started.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        time.sleep(1.0)
    try:
        wait_until_idle(folder, environment)
        os.environ["SLURM_CONF"] = environment["SLURM_CONF"]
        yield
    finally:
        os.environ.pop("SLURM_CONF", None)
        for one in reversed(started):
            one.terminate()
        for one in started:
            try:
                one.wait(10)
            except subprocess.TimeoutExpired:
                one.kill()


def wait_until_idle(folder: Path, environment: dict[str, str]) -> None:
    """Until the node is idle; a machine whose names do not resolve has no cluster, and the test says so."""
    ends = time.monotonic() + 40.0
    while time.monotonic() < ends:
        with suppress(subprocess.TimeoutExpired):
            said = subprocess.run(
                ["sinfo", "-h", "-o", "%T"], env=environment, capture_output=True, text=True, timeout=5.0
            )
            if said.stdout.strip() == "idle":
                return
        time.sleep(0.5)
    logs = "".join(p.read_text(errors="replace")[-400:] for p in sorted(folder.glob("*.log")))
    pytest.skip(f"Slurm is installed but its cluster of one node does not come up here: {logs}")


@pytest.mark.skipif(
    not all(shutil.which(p) for p in PROGRAMS) or os.geteuid() != 0,
    reason="needs root and Slurm: apt-get install slurmctld slurmd slurm-client munge",
)
def test_a_slurm_array_writes_the_same_journal(
    slurm: None, case: Planted, expected: bytes, tmp_path: Path
) -> None:
    assert journal(case, tmp_path / "j", engine="slurm", workers=2) == expected


@pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray: pip install ray==2.60.0")
def test_ray_writes_the_same_journal(case: Planted, expected: bytes, tmp_path: Path) -> None:
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        assert journal(case, tmp_path / "j", engine="ray", workers=2) == expected
    finally:
        ray.shutdown()
