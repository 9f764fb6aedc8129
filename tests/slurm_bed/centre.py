"""One cluster of the bed: its controller, its nodes, and the ways to break and mend them."""

from __future__ import annotations

import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from slurm_bed import daemons


@dataclass(slots=True)
class Centre:
    """One cluster of the bed."""

    name: str
    folder: Path
    environment: dict[str, str]
    port: int
    nodes: dict[str, int]
    rest: Path | None = None
    rest_url: str = "http://localhost"
    controller: subprocess.Popen[bytes] | None = None
    others: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def conf(self) -> Path:
        return self.folder / "slurm.conf"

    def run(self, *command: str, check: bool = True, stdin: str = "", timeout: float = 60.0) -> str:
        """A Slurm command of this centre; what it printed."""
        done = subprocess.run(
            command, env=self.environment, input=stdin, capture_output=True, text=True, timeout=timeout
        )
        if check and done.returncode:
            raise daemons.BedFailed(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def start_controller(self) -> None:
        self.controller = daemons.start(["slurmctld", "-D"], self.environment, self.folder / "slurmctld.out")

    def recover(self, seconds: float = 60.0) -> None:
        """Start the controller again and do what its operator would: bring back the nodes that it drained.

        A controller that was killed gives numbers again that it had given before; a node on which the old job still
        runs is then drained for its "Duplicate jobid".
        """
        if self.controller is None or self.controller.poll() is not None:
            self.start_controller()
        daemons.until(f"{self.name} answers", self.answers, seconds, self.logs())
        daemons.until(f"{self.name} ready", lambda: not self.resume() and self.ready(), seconds, self.logs())

    def resume(self) -> bool:
        """Bring nodes back that were drained for a duplicate number; whether there were any."""
        with suppress(subprocess.TimeoutExpired):
            said = self.run(
                "sinfo", "--noheader", "--Node", "--states=drain", "--format=%N|%E", check=False, timeout=5
            )
            drained = {line.split("|")[0] for line in said.splitlines() if "Duplicate jobid" in line}
            for node in drained:
                self.run("scontrol", "update", f"nodename={node}", "state=resume", check=False)
            return bool(drained)
        return False

    def kill_controller(self) -> None:
        """As a power cut does: nothing is saved."""
        if self.controller is not None:
            self.controller.kill()
            self.controller.wait()

    def freeze(self) -> None:
        """The controller falls silent and keeps its connections open."""
        if self.controller is not None:
            self.controller.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self.controller is not None:
            self.controller.send_signal(signal.SIGCONT)

    def ready(self) -> bool:
        """Whether every node is there to take jobs."""
        with suppress(subprocess.TimeoutExpired):
            said = self.run("sinfo", "--noheader", "--Node", "--format=%T", check=False, timeout=5)
            states = said.split()
            return len(states) == len(self.nodes) and set(states) <= {"idle", "mixed", "allocated"}
        return False

    def answers(self) -> bool:
        with suppress(subprocess.TimeoutExpired):
            return "is UP" in self.run("scontrol", "ping", check=False, timeout=5)
        return False

    def logs(self) -> list[Path]:
        return sorted(self.folder.glob("*.log")) + sorted(self.folder.glob("*.out"))
