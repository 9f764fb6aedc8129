"""The bed: centres with controllers and nodes, one accounting for all, one private key."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from slurm_bed import books, configuration, daemons
from slurm_bed.centre import Centre
from slurm_bed.configuration import Address, Shape


class Bed:
    """Starts with ``with`` (or `start`) and takes everything down at the end. Works as root and as an ordinary user.

    Raises `BedFailed` where it does not come up, with the ends of the logs.
    """

    def __init__(self, folder: Path, shape: Shape | None = None) -> None:
        self.folder, self.shape = folder.resolve(), shape or Shape()
        self.environment = {
            "PATH": f"{os.environ.get('PATH', '')}:{daemons.PLACES}",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "HOME": str(self.folder),
            "MUNGE_SOCKET": str(self.folder / "munge" / "socket"),
            daemons.MARK: str(self.folder),
        }
        self.centres: dict[str, Centre] = {}
        self.processes: list[subprocess.Popen[bytes]] = []
        self.took: dict[str, float] = {}
        self._tokens: tuple[str, ...] = ()

    def __enter__(self) -> Bed:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        began = time.monotonic()
        shape, count = self.shape, len(self.shape.names) * (self.shape.nodes + 1)
        at, accounting, *free = daemons.ports(count + 2)
        address = Address(
            getpass.getuser(),
            socket.gethostname().split(".")[0],
            self.folder / "munge" / "socket",
            at,
            accounting,
        )
        self._munge()
        if shape.jwt:
            self._take_tokens()
        for name in shape.names:
            self._centre(name, address, free)
        if shape.accounting:
            self._books(address)
            self.took["books"] = round(time.monotonic() - began, 1)
        self._daemons()
        for one in self.centres.values():
            daemons.until(f"{one.name} ready", one.ready, 60, one.logs())
        self.took["ready"] = round(time.monotonic() - began, 1)

    def _munge(self) -> None:
        folder = self.folder / "munge"
        folder.mkdir(parents=True)
        for above in (self.folder, folder):
            above.chmod(0o755)
        key = folder / "key"
        key.touch(0o600)
        key.write_bytes(secrets.token_bytes(128))
        self.processes.append(
            daemons.start(
                ["munged", "--foreground", "--force", f"--key-file={key}", f"--socket={folder}/socket",
                 f"--pid-file={folder}/pid", f"--log-file={folder}/munged.log", f"--seed-file={folder}/seed",
                 "--num-threads=4"],
                self.environment, folder / "munged.out",
            )
        )  # fmt: skip
        daemons.until("munge answers", (folder / "socket").exists, 10, [folder / "munged.log"])

    def _take_tokens(self) -> None:
        """A key for tokens, and the way to the plugin; with its libraries beside it where it is not installed."""
        plugins = daemons.token_plugin()
        if plugins is None:
            raise daemons.BedFailed("needs Slurm's tokens: apt-get install slurm-wlm-jwt-plugin")
        key = self.folder / "jwt.key"
        key.touch(0o600)
        key.write_bytes(secrets.token_bytes(32))
        self.environment["LD_LIBRARY_PATH"] = str(plugins.parent)
        self._tokens = configuration.tokens(key, plugins)

    def _centre(self, name: str, address: Address, free: list[int]) -> None:
        folder = self.folder / name
        (folder / "state").mkdir(parents=True)
        (folder / "devices").mkdir()
        port = free.pop()
        nodes = {f"{name}{n}": free.pop() for n in range(1, self.shape.nodes + 1)}
        (folder / "slurm.conf").write_text(
            configuration.centre(self.shape, name, folder, address, port, nodes, self._tokens)
        )
        (folder / "gres.conf").write_text(configuration.chips(self.shape, folder / "devices"))
        environment = {**self.environment, "SLURM_CONF": str(folder / "slurm.conf")}
        self.centres[name] = Centre(name, folder, environment, port, nodes)

    def _books(self, address: Address) -> None:
        folder = self.folder / "books"
        folder.mkdir()
        books.prepare(folder, address, self.environment, self._tokens)
        logs = [folder / "mariadb.log", folder / "slurmdbd.log", folder / "slurmdbd.out"]
        self.processes.append(books.database(folder, address, self.environment))
        daemons.until("MariaDB listens", lambda: daemons.listens(address.database), 30, logs)
        self.processes.append(books.accounting(folder, self.environment))
        daemons.until("slurmdbd listens", lambda: daemons.listens(address.accounting), 60, logs)
        first = next(iter(self.centres.values()))
        for name in self.centres:
            first.run("sacctmgr", "--immediate", "add", "cluster", name)
        self.account(first, "hub", user=address.user)

    def account(
        self, centre: Centre, account: str, *, parent: str = "root", shares: int = 1, user: str = ""
    ) -> None:
        """An account below `parent` at every centre of the bed (or a user in it), with its share."""
        clusters = ",".join(self.centres)
        centre.run(
            "sacctmgr", "--immediate", "add", "account", account, f"parent={parent}", f"fairshare={shares}",
            f"cluster={clusters}", check=False,
        )  # fmt: skip
        if user:
            centre.run(
                "sacctmgr", "--immediate", "add", "user", user, f"account={account}", f"defaultaccount={account}",
                "adminlevel=admin", f"cluster={clusters}",
            )  # fmt: skip

    def federate(self, name: str = "hub") -> None:
        """Join all centres to one federation (needs accounting)."""
        first = next(iter(self.centres.values()))
        clusters = ",".join(self.centres)
        first.run("sacctmgr", "--immediate", "add", "federation", name, f"clusters={clusters}")

    def _daemons(self) -> None:
        for one in self.centres.values():
            one.start_controller()
        for one in self.centres.values():
            for node in one.nodes:
                log = one.folder / f"{node}.out"
                one.others.append(daemons.start(["slurmd", "-D", "-N", node], one.environment, log))
            if self.shape.rest:
                self._rest(one)

    def _rest(self, centre: Centre) -> None:
        """slurmrestd on a socket in the file system, or on a port for tokens; it refuses to be root or SlurmUser unless
        told to."""
        environment = {**centre.environment, "SLURMRESTD_SECURITY": "disable_user_check"}
        log = centre.folder / "slurmrestd.out"
        if self.shape.jwt:
            (port,) = daemons.ports(1)
            centre.rest_url, kind, place = f"http://127.0.0.1:{port}", "rest_auth/jwt", f"127.0.0.1:{port}"
            environment["SLURM_JWT"] = "daemon"
        else:
            centre.rest = centre.folder / "rest"
            kind, place = "rest_auth/local", f"unix:{centre.rest}"
        command = ["slurmrestd", "-a", kind, "-s", "openapi/v0.0.38,openapi/dbv0.0.38", place]
        centre.others.append(daemons.start(command, environment, log))
        there = centre.rest.exists if centre.rest else lambda: daemons.listens(port)
        daemons.until("slurmrestd listens", there, 20, [log])

    def stop(self) -> None:
        """Cancel what runs, end the daemons, and whatever still carries the mark of this bed."""
        for one in self.centres.values():
            one.thaw()
        daemons.end(_all(one.others for one in self.centres.values()))
        daemons.end(one.controller for one in self.centres.values() if one.controller)
        daemons.end(reversed(self.processes))
        daemons.sweep(self.folder)


def _all(groups: Iterable[list[subprocess.Popen[bytes]]]) -> list[subprocess.Popen[bytes]]:
    return [p for group in groups for p in group]
