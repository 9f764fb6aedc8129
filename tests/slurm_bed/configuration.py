"""What stands in the configuration files of the bed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Shape:
    """How the bed looks. Every centre has `nodes` nodes with `chips` fake chips of model `model` and `cpus` cores each.

    `lines` are added to slurm.conf of every centre and win over the ones here; `rest` also starts a slurmrestd per
    centre, on a socket in the file system, or with `jwt` on a port for whoever has a token; without `accounting` there is neither MariaDB nor slurmdbd, and no sacct.
    """

    names: tuple[str, ...] = ("haidian", "yizhuang", "shunyi")
    nodes: int = 4
    chips: int = 4
    cpus: int = 8
    model: str = "a100"
    accounting: bool = True
    rest: bool = False
    jwt: bool = False
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Address:
    """Whose the daemons are, and where they listen."""

    user: str
    host: str
    munge: Path
    database: int
    accounting: int


CENTRE = """
ClusterName={name}
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={munge}
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
SlurmctldPort={port}
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/completed.txt
MailProg=/bin/true
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
KillWait=2
CompleteWait=0
MinJobAge=600
MaxJobCount=20000
SlurmctldTimeout=120
SlurmdTimeout=120
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=200000,bf_interval=2,bf_continue
PriorityType=priority/multifactor
GresTypes=gpu
{accounting}
{nodes}
PartitionName=hub Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""

BOOKS = """AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={port}
AccountingStoragePass={munge}
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
AccountingStorageEnforce=associations"""

NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} RealMemory=16000 "
    "Gres=gpu:{model}:{chips} State=UNKNOWN"
)

DATABASE_DAEMON = """
AuthType=auth/munge
AuthInfo=socket={munge}
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={accounting}
SlurmUser={user}
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database}
StorageUser=slurm
StoragePass={password}
StorageLoc=slurm_acct_db
CommitDelay=1
"""


def centre(
    shape: Shape,
    name: str,
    folder: Path,
    address: Address,
    port: int,
    nodes: dict[str, int],
    more: tuple[str, ...] = (),
) -> str:
    """slurm.conf of one centre; `nodes` gives each node's port, `more` lines of the bed itself."""
    books = BOOKS.format(port=address.accounting, munge=address.munge) if shape.accounting else ""
    lines = [
        NODE.format(
            name=node, host=address.host, port=at, cpus=shape.cpus, model=shape.model, chips=shape.chips
        )
        for node, at in nodes.items()
    ]
    text = CENTRE.format(
        name=name,
        host=address.host,
        user=address.user,
        munge=address.munge,
        folder=folder,
        port=port,
        accounting=books,
        nodes="\n".join(lines),
    )
    given = {line.partition("=")[0].lower() for line in shape.lines}
    kept = [line for line in text.splitlines() if line.partition("=")[0].lower() not in given]
    return "\n".join([*kept, *more, *shape.lines, ""])


def chips(shape: Shape, devices: Path) -> str:
    """gres.conf. A chip needs a file: with ``Flags=CountOnly`` a node registers none and is drained."""
    for n in range(shape.chips):
        (devices / f"chip{n}").touch()
    return f"Name=gpu Type={shape.model} File={devices}/chip[0-{shape.chips - 1}]\n"


def tokens(key: Path, plugins: Path) -> tuple[str, ...]:
    """Lines of slurm.conf and slurmdbd.conf by which the daemons take tokens signed with `key`. plugins: where
    auth_jwt.so lies."""
    places = dict.fromkeys((*sorted(str(p) for p in Path("/usr/lib").glob("*/slurm-wlm")), str(plugins)))
    return (
        "AuthAltTypes=auth/jwt",
        f"AuthAltParameters=jwt_key={key}",
        f"PluginDir={':'.join(places)}",
    )
