"""What the conformance suite needs of each engine besides the contract: waiting, silence, and an oracle of its own."""

from __future__ import annotations

import json
import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ray_head import RayHead

from hutong.modules.compute.adapters import Adapter, Attempt, Report, Task
from hutong.modules.compute.adapters.local import LocalCentre
from hutong.modules.compute.adapters.ray import RayCentre
from hutong.modules.compute.adapters.simulated import Faults, SimulatedCentre, VirtualClock
from hutong.modules.compute.adapters.slurm import SlurmCentre
from hutong.modules.compute.adapters.slurm_programs import SlurmPrograms
from hutong.modules.compute.adapters.slurm_rest import SlurmRest
from slurm_bed import Centre

Held = tuple[datetime, datetime, int]


class Lane(ABC):
    """A centre of 8 chips on 2 nodes (4 on one node where it has no nodes) and its oracle."""

    centre: Adapter
    patience_s = 60.0

    def __init__(self, folder: Path) -> None:
        self.folder, self._made = folder, 0

    def attempt(self, job: str = "", fence: int = 1) -> Attempt:
        """A fresh attempt of a fresh job, or of the given one."""
        self._made += 1
        return Attempt(job or f"J{os.getpid()}-{time.monotonic_ns()}", f"a{self._made}", fence)

    @abstractmethod
    def task(self, seconds: float, status: int = 0, label: str = "", chips: int = 1) -> Task:
        """A task that leaves a trace of every run, lasts that long and ends with that status."""

    @abstractmethod
    def saver(self) -> Task:
        """A task of a minute that, told to save, does so once for a quarter of a second and ends with `SAVED`."""

    @abstractmethod
    def runs(self, task: Task) -> int:
        """How often the payload of that task began, counted by the payload."""

    @abstractmethod
    def held(self, attempt: Attempt) -> list[Held]:
        """From when to when the attempt held how many chips, by another way than the adapter's."""

    @abstractmethod
    def silence(self) -> Iterator[None]:
        """A time in which the centre hears and answers nothing."""

    def turn(self) -> None:
        time.sleep(0.2)

    def until(self, attempt: Attempt, *states: str) -> Report:
        ends = time.monotonic() + self.patience_s
        while True:
            report = self.centre.poll([attempt])[attempt]
            if report.state in states:
                return report
            assert time.monotonic() < ends, f"{report} is not one of {states}"
            self.turn()

    def ended(self, attempt: Attempt) -> Report:
        return self.until(attempt, "finished", "failed", "cancelled", "over_time", "refused", "lost")


class RealLane(Lane):
    """Payloads are processes that write a line each time they begin."""

    def task(self, seconds: float, status: int = 0, label: str = "", chips: int = 1) -> Task:
        self._made += 1
        trace = self.folder / f"trace{self._made}"
        script = 'echo run >>"$1"; sleep "$2"; exit "$3"'
        return Task(
            ("/bin/sh", "-c", script, "payload", str(trace), str(seconds), str(status)),
            chips=chips,
            limit_s=120,
            label=label,
        )

    def saver(self) -> Task:
        self._made += 1
        trace = self.folder / f"trace{self._made}"
        script = """saves() { echo told >>"$1"; sleep 0.25; exit 85; }
        trap 'saves "$1"' TERM; echo run >>"$1"; for i in $(seq 600); do sleep 0.1; done"""
        return Task(("/bin/sh", "-c", script, "payload", str(trace)), chips=1, limit_s=120)

    def runs(self, task: Task) -> int:
        return self.said(task, "run")

    def said(self, task: Task, word: str) -> int:
        trace = Path(task.command[4])
        return trace.read_text().count(word) if trace.exists() else 0


class LocalLane(RealLane):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.centre = self.local = self.again()
        self.local.prepare()

    def again(self) -> LocalCentre:
        """The adapter of a broker that has just started."""
        return LocalCentre("hub", self.folder / "centre", chips=4, timeout_s=5)

    def held(self, attempt: Attempt) -> list[Held]:
        """From the engine's meter and the guard's seconds."""
        meter = json.loads((self.local.log(attempt).parent / "meter.json").read_text())
        usage = self.centre.usage([attempt])[attempt]
        assert usage.chip_ms == meter["used_ms"]
        return [(s.started_at, s.ended_at, s.chips) for s in usage.segments]

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Its disk is gone and the mount point is empty."""
        spool = self.folder / "centre" / "spool"
        away = spool.rename(spool.with_name("away"))
        spool.mkdir()
        try:
            yield
        finally:
            spool.rmdir()
            away.rename(spool)


class SimulatedLane(Lane):
    def __init__(self, folder: Path, faults: Faults | None = None) -> None:
        super().__init__(folder)
        self.clock = VirtualClock()
        self.centre = self.simulated = SimulatedCentre("sim", self.clock, {"a100": 4}, faults=faults)

    def task(self, seconds: float, status: int = 0, label: str = "", chips: int = 1) -> Task:
        self._made += 1
        return Task(
            ("sleep", str(seconds), str(status), str(self._made)), chips=chips, limit_s=120, label=label
        )

    def saver(self) -> Task:
        self._made += 1
        return Task(("sleep", "60", "0", str(self._made), "0.25"), chips=1, limit_s=120)

    def runs(self, task: Task) -> int:
        return self.simulated.begun(task)

    def held(self, attempt: Attempt) -> list[Held]:
        return self.simulated.truth(attempt)

    @contextmanager
    def silence(self) -> Iterator[None]:
        faults = self.simulated.faults
        self.simulated.faults = Faults(silent=((0, 1 << 60),))
        try:
            yield
        finally:
            self.simulated.faults = faults

    def turn(self) -> None:
        self.clock.advance(100)


class SlurmLane(RealLane):
    def __init__(self, folder: Path, bed: Centre) -> None:
        super().__init__(folder)
        self.bed = bed
        self.centre = self.slurm = self.again()
        self.slurm.prepare()

    def again(self, timeout_s: float = 20.0) -> SlurmCentre:
        """The adapter of a broker that has just started."""
        programs = SlurmPrograms(self.bed.name, self.bed.conf, export="NIL", timeout_s=timeout_s)
        return SlurmCentre(self.bed.name, programs, self.bed.folder / "adapter")

    def held(self, attempt: Attempt) -> list[Held]:
        """sacct, asked in its own local times and read here."""
        said = self.bed.run(
            "sacct", "--noheader", "--parsable2", "--allocations", "--duplicates", "--starttime=2020-01-01",
            f"--name={attempt.name}", "--format=Start,End,AllocTRES",
        )  # fmt: skip
        found = []
        for line in said.splitlines():
            start, end, tres = line.split("|")
            chips = int(tres.partition("gres/gpu=")[2].partition(",")[0] or 0)
            found.append((_utc(start), _utc(end), chips))
        return found

    @contextmanager
    def silence(self) -> Iterator[None]:
        """The controller is stopped with its connections open, and the broker has little patience."""
        usual, self.centre = self.centre, self.again(timeout_s=2.0)
        self.bed.freeze()
        try:
            yield
        finally:
            self.bed.thaw()
            self.centre = usual


class SlurmRestLane(SlurmLane):
    """The same cluster through slurmrestd."""

    def again(self, timeout_s: float = 20.0) -> SlurmCentre:
        rest = SlurmRest(self.bed.name, "http://localhost", socket=self.bed.rest, timeout_s=timeout_s)
        return SlurmCentre(self.bed.name, rest, self.bed.folder / "adapter")


class RayLane(RealLane):
    """A Ray head that the test has started."""

    patience_s = 90.0

    def __init__(self, folder: Path, head: RayHead) -> None:
        super().__init__(folder)
        self.head = head
        self.centre = self.ray = self.again()
        self.ray.prepare()

    def again(self, timeout_s: float = 30.0) -> RayCentre:
        """The adapter of a broker that has just started."""
        return RayCentre(
            "ray", self.head.url, self.head.folder / "spool", token=self.head.token, timeout_s=timeout_s
        )

    def held(self, attempt: Attempt) -> list[Held]:
        """From the guard's own files; the end, where it was cut off, is Ray's."""
        claim = self.head.folder / "spool" / attempt.job / f"{attempt.id}.claim"
        begun = int((claim / "begun").read_text().split()[1])
        usage = self.centre.usage([attempt])[attempt].segments[0]
        end = int((claim / "end").read_text().split()[1]) if (claim / "end").exists() else None
        chips = int((claim.parent / f"{attempt.id}.task").read_text().split()[2])
        ended = usage.ended_at if end is None else datetime.fromtimestamp(end, UTC)
        return [(datetime.fromtimestamp(begun, UTC), ended, chips)]

    @contextmanager
    def silence(self) -> Iterator[None]:
        """The dashboard is stopped with its connections open."""
        usual, self.centre = self.centre, self.again(timeout_s=2.0)
        self.head.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.head.signal(signal.SIGCONT)
            self.centre = usual


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
