"""Accounting of the bed: a private MariaDB and one slurmdbd for all centres."""

from __future__ import annotations

import getpass
import secrets
import subprocess
from collections.abc import Iterable
from pathlib import Path

from slurm_bed import daemons
from slurm_bed.configuration import DATABASE_DAEMON, Address

START = """CREATE DATABASE slurm_acct_db;
CREATE USER 'slurm'@'127.0.0.1' IDENTIFIED BY '{password}';
CREATE USER 'slurm'@'localhost' IDENTIFIED BY '{password}';
GRANT ALL ON slurm_acct_db.* TO 'slurm'@'127.0.0.1', 'slurm'@'localhost';
"""


def prepare(folder: Path, address: Address, environment: dict[str, str], lines: Iterable[str] = ()) -> None:
    """Lay the database's files and slurmdbd.conf in the folder; lines are added to the latter."""
    password = secrets.token_hex(16)
    (folder / "start.sql").write_text(START.format(password=password))
    configuration = folder / "slurmdbd.conf"
    configuration.touch(0o600)
    configuration.write_text(
        DATABASE_DAEMON.format(
            munge=address.munge,
            host=address.host,
            accounting=address.accounting,
            user=address.user,
            folder=folder,
            database=address.database,
            password=password,
        )
        + "\n".join([*lines, ""])
    )
    install = daemons.program("mariadb-install-db")
    if install is None:
        raise daemons.BedFailed(daemons.missing("mariadb-install-db"))
    # Without native asynchronous I/O: its kernel-wide number of requests is soon used up by several databases.
    done = subprocess.run(
        [install, "--no-defaults", f"--datadir={folder}/data", "--auth-root-authentication-method=normal",
         "--skip-test-db", "--skip-name-resolve", f"--user={getpass.getuser()}", "--innodb-log-file-size=8M",
         "--innodb-flush-method=nosync", "--innodb-doublewrite=0", "--innodb-use-native-aio=0"],
        env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    if done.returncode:
        raise daemons.BedFailed(f"mariadb-install-db: {done.stdout[-600:]}{done.stderr[-600:]}")


def database(folder: Path, address: Address, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return daemons.start(
        ["mariadbd", "--no-defaults", f"--datadir={folder}/data", f"--socket={folder}/mariadb.sock",
         f"--port={address.database}", "--bind-address=127.0.0.1", f"--user={getpass.getuser()}",
         f"--init-file={folder}/start.sql", f"--pid-file={folder}/mariadb.pid", "--skip-name-resolve",
         "--innodb-flush-method=nosync", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-use-native-aio=0",
         "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=8M", "--innodb-lock-wait-timeout=900"],
        environment, folder / "mariadb.log",
    )  # fmt: skip


def accounting(folder: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    # slurmdbd takes its configuration from beside the file that SLURM_CONF names.
    return daemons.start(
        ["slurmdbd", "-D"],
        {**environment, "SLURM_CONF": str(folder / "slurm.conf")},
        folder / "slurmdbd.out",
    )
