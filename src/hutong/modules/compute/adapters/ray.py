"""Ray as the engine of a centre, by its job interface over HTTP (Ray 2.x, measured with 2.60.0); needs no Ray here.

Ray keeps no account of allocations, and its `start_time` is the moment of submission, waiting included: what an attempt
used is what the guard beside the payload saw, to the second. Ray knows no unit of chips but its resources: `resource` is
``GPU`` or a custom one that the cluster declares.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from hutong.modules.compute.adapters import guard
from hutong.modules.compute.adapters.attempt import Attempt, Task
from hutong.modules.compute.adapters.contract import (
    ENDED,
    Capacity,
    Hold,
    Pool,
    Receipt,
    Report,
    Segment,
    State,
    Usage,
)
from hutong.modules.compute.adapters.refusals import Unreachable, impossible
from hutong.modules.compute.adapters.rest import Refused, Rest
from hutong.modules.compute.adapters.spool import Spool, Standing

_STATES: dict[str, State] = {
    "PENDING": "pending",
    "RUNNING": "running",
    "STOPPED": "cancelled",
    "SUCCEEDED": "finished",
    "FAILED": "failed",
}


class RayCentre:
    """A Ray cluster whose dashboard answers at `url`; `spool` is a folder that this machine and the nodes share.

    token: what RAY_AUTH_TOKEN is at the cluster (Ray 2.60 asks for one by default). model: what its chips are called.
    """

    warns = False

    def __init__(
        self,
        name: str,
        url: str,
        spool: Path,
        *,
        token: str | None = None,
        model: str = "gpu",
        resource: str = "GPU",
        timeout_s: float = 20.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.name, self.model, self.resource, self.timeout_s = name, model, resource, timeout_s
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self.rest = Rest(name, url, headers=headers, timeout_s=timeout_s, transport=transport)
        self.spool = Spool(name, spool)

    def prepare(self) -> None:
        """Make the spool, once, when the centre joins."""
        self.spool.prepare()

    def hold(self, attempt: Attempt, task: Task, *, lease_s: int, key: str) -> Hold:
        """A place in Ray's line; nothing is set aside."""
        self._possible(task)
        return Hold(attempt, datetime.now(UTC) + timedelta(seconds=lease_s), firm=False)

    def start(self, attempt: Attempt, task: Task, *, key: str) -> Receipt:
        self._possible(task)
        with self.spool.reached(), self.spool.locked(attempt, self.timeout_s):
            before = self.spool.admit(attempt, task, key)
            # Ray takes a submission id once, so that a start repeated beside us is refused there as well.
            if before and (self._job(attempt) or self.spool.standing(attempt).number is not None):
                return Receipt(attempt, attempt.name, repeated=True)
            folder = self.spool.of(attempt)
            script = folder / f"{attempt.id}.sh"
            script.write_text(guard.script(attempt, task, folder, folder, attempt.id), encoding="utf-8")
            self._submit(attempt, task, key, script)
        return Receipt(attempt, attempt.name)

    def _submit(self, attempt: Attempt, task: Task, key: str, script: Path) -> None:
        log = shlex.quote(str(self.spool.log(attempt)))
        body: dict[str, object] = {
            "submission_id": attempt.name,
            "entrypoint": f"exec /bin/sh {shlex.quote(str(script))} >>{log} 2>&1",
            "entrypoint_num_cpus": task.cpus,
            "metadata": {"hutong_label": task.label, "hutong_key": key, "hutong_task": task.digest},
        }
        if self.resource == "GPU":
            body["entrypoint_num_gpus"] = task.chips
        elif task.chips:
            body["entrypoint_resources"] = {self.resource: task.chips}
        status, said = self.rest.call("POST", "/api/jobs/", body=body)
        if status >= 400 and self._job(attempt) is None:
            raise Unreachable(self.name, f"submission: {status} {str(said)[-300:]}")

    def poll(self, attempts: Sequence[Attempt]) -> dict[Attempt, Report]:
        jobs = self._jobs()
        with self.spool.reached():
            return {a: self._report(a, jobs.get(a)) for a in attempts}

    def warn(self, attempt: Attempt, *, key: str) -> None:
        """Ray sends a payload no signal but that of its end."""

    def cancel(self, attempt: Attempt, *, key: str) -> None:
        with self.spool.reached():
            self.spool.revoke(attempt, key)
        try:
            self.rest.ask("POST", f"/api/jobs/{attempt.name}/stop")
        except Refused as refusal:
            # A job that Ray does not know needs no stopping.
            if refusal.status != 404:
                raise Unreachable(self.name, f"stop: {refusal.said}") from refusal

    def usage(self, attempts: Sequence[Attempt]) -> dict[Attempt, Usage]:
        """Segments as the guard saw them; where its end was cut off, until Ray's end of the job."""
        jobs = self._jobs()
        with self.spool.reached():
            return {a: self._usage(a, jobs.get(a)) for a in attempts}

    def log(self, attempt: Attempt) -> Path:
        """What the payload said so far; the file may not be there yet."""
        return self.spool.log(attempt)

    def alive(self) -> list[Attempt]:
        return [a for a, job in self._jobs().items() if _STATES.get(job["status"], "running") not in ENDED]

    def capacity(self) -> Capacity:
        data = self.rest.ask("GET", "/api/cluster_status")["data"]
        used, total = data["clusterStatus"]["loadMetricsReport"]["usage"].get(self.resource, (0, 0))
        nodes = self.rest.ask("GET", "/api/v0/nodes", query={"detail": "1"})["data"]["result"]["result"]
        serving = [n for n in nodes if n["state"] == "ALIVE" and n["resources_total"].get(self.resource)]
        pool = Pool(self.model, int(total), int(total - used), len(serving))
        return Capacity((pool,), datetime.now(UTC))

    def _possible(self, task: Task) -> None:
        """Ray lets wait for ever what no node can run: so it is refused here."""
        if task.model not in (None, self.model) or task.nodes > 1:
            raise impossible(self.name, f"no {task.nodes} nodes with chips of model {task.model}")
        nodes = self.rest.ask("GET", "/api/v0/nodes", query={"detail": "1"})["data"]["result"]["result"]
        largest = max(
            (n["resources_total"].get(self.resource, 0) for n in nodes if n["state"] == "ALIVE"), default=0
        )
        if task.chips > largest:
            raise impossible(self.name, f"{task.chips} chips; the largest node has {largest:g}")

    def _job(self, attempt: Attempt) -> dict[str, Any] | None:
        return self._jobs().get(attempt)

    def _jobs(self) -> dict[Attempt, dict[str, Any]]:
        try:
            said = self.rest.ask("GET", "/api/jobs/")
        except Refused as refusal:
            raise Unreachable(self.name, f"jobs: {refusal.said}") from refusal
        found = ((Attempt.named(str(job.get("submission_id"))), job) for job in said)
        return {attempt: job for attempt, job in found if attempt is not None}

    def _report(self, attempt: Attempt, job: dict[str, Any] | None) -> Report:
        standing = self.spool.standing(attempt)
        begun, ended = _second(standing.begun), _second(standing.ended)
        if job is None:
            return self._without_ray(attempt, standing)
        state, status = _STATES.get(job["status"], "running"), job.get("driver_exit_code")
        if state == "running" and standing.number is None:
            return Report(attempt, "starting", attempt.name, detail="RUNNING")
        if state not in ENDED:
            return Report(attempt, state, attempt.name, None, begun, None, job["status"])
        if standing.alive and standing.ended is None:
            return Report(
                attempt, "running", attempt.name, None, begun, None, f"{job['status']}, payload alive"
            )
        if state == "failed" and standing.number is None:
            state = "cancelled" if self.spool.is_revoked(attempt) else "refused"
        elif state in ("failed", "cancelled") and standing.status is None:
            # Ended from outside: by us, or by the centre.
            state = "cancelled" if self.spool.is_revoked(attempt) else "lost"
        status = standing.status if standing.status is not None else status
        return Report(attempt, state, attempt.name, status, begun, ended or _millisecond(job), job["status"])

    def _without_ray(self, attempt: Attempt, standing: Standing) -> Report:
        """A head that was restarted without its store has forgotten every job."""
        begun, ended = _second(standing.begun), _second(standing.ended)
        if standing.number is None:
            return Report(attempt, "cancelled" if self.spool.is_revoked(attempt) else "unknown")
        if standing.status is None:
            state: State = "running" if standing.alive else "lost"
        else:
            state = "failed" if standing.status else "finished"
        return Report(
            attempt, state, attempt.name, standing.status, begun, ended, "forgotten", accounted=False
        )

    def _usage(self, attempt: Attempt, job: dict[str, Any] | None) -> Usage:
        report = self._report(attempt, job)
        chips = self.spool.chips(attempt)
        if report.started_at is None or report.ended_at is None:
            return Usage(attempt, (), final=report.ended)
        segment = Segment(attempt, attempt.name, report.started_at, report.ended_at, chips, report.status)
        return Usage(attempt, (segment,), final=report.ended)


def _second(value: int | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(value, UTC)


def _millisecond(job: dict[str, Any]) -> datetime | None:
    return datetime.fromtimestamp(job["end_time"] / 1000, UTC) if job.get("end_time") else None
