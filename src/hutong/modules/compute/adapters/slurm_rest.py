"""Slurm by slurmrestd, OpenAPI v0.0.38 (release 22.05), over a socket in the file system or over HTTP with a token.

SlurmRest("haidian", "http://slurm:6820", token=secret)                                   # AuthAltTypes=auth/jwt
SlurmRest("haidian", "http://localhost", socket=Path("/run/slurmrestd.socket"))           # rest_auth/local
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from hutong.modules.compute.adapters import slurm_words
from hutong.modules.compute.adapters.attempt import Attempt, Task
from hutong.modules.compute.adapters.contract import Pool
from hutong.modules.compute.adapters.refusals import Unreachable, impossible
from hutong.modules.compute.adapters.rest import Refused, Rest
from hutong.modules.compute.adapters.slurm_words import Row

_JOBS, _BOOKS = "/slurm/v0.0.38", "/slurmdb/v0.0.38"
# Errors of slurm_errno.h that say that the controller or the accounting is away.
_AWAY = frozenset({1800, 1801, 1802, 1900, 5000, 5001, 5002, 5003, 5004, 5005, 7000, 7001})


class SlurmRest:
    """slurmrestd as a way to Slurm. The daemon acts as the user of the token, or as the one at the other end of the
    socket; user: where the token is not to be read for its name. The parameters are those of `SlurmPrograms`; the environment of a job is empty but for PATH."""

    def __init__(
        self,
        centre: str,
        url: str,
        *,
        user: str | None = None,
        token: str | None = None,
        socket: Path | None = None,
        partition: str | None = None,
        models: Mapping[str, str] | None = None,
        timeout_s: float = 20.0,
        history_days: int = 30,
    ) -> None:
        self.centre, self.partition, self.models = centre, partition, models or {}
        self.timeout_s, self.history_days = timeout_s, history_days
        name = user or (_named_in(token) if token else "")
        headers = {"X-SLURM-USER-NAME": name, "X-SLURM-USER-TOKEN": token} if token else {}
        transport = None if socket is None else httpx.HTTPTransport(uds=str(socket))
        self.rest = Rest(centre, url, headers=headers, timeout_s=timeout_s, transport=transport)

    def estimate(self, attempt: Attempt, task: Task, folder: Path) -> datetime | None:
        """v0.0.38 has no test run: what the cluster could never run is known from its pools."""
        pools = [p for p in self.pools() if task.model in (None, p.model)]
        if task.chips and not any(p.total >= task.chips and p.nodes >= task.nodes for p in pools):
            raise impossible(self.centre, f"{task.chips} chips of {task.model or 'any model'}")
        return None

    def submit(
        self, attempt: Attempt, task: Task, key: str, script: str, log: Path, folder: Path, keep: int
    ) -> str:
        """The lock ends with this process; a request that is under way then is answered within the timeout, and a
        start that is repeated finds it by its name."""
        body = {"script": script, "job": self._job(attempt, task, key, log, folder)}
        try:
            said = self._ask("POST", f"{_JOBS}/job/submit", body=body)
        except Refused as refusal:
            raise impossible(self.centre, refusal.said) from refusal
        if not said.get("job_id"):
            raise Unreachable(self.centre, "slurmrestd gave no job number")
        return str(said["job_id"])

    def queue(self, attempt: Attempt | None = None) -> list[Row]:
        rows = [_queue_row(job) for job in self._ask("GET", f"{_JOBS}/jobs")["jobs"]]
        return [r for r in rows if r is not None and attempt in (None, r.attempt)]

    def books(self, attempts: Sequence[Attempt]) -> list[Row]:
        since = (datetime.now(UTC) - timedelta(days=self.history_days)).strftime("%Y-%m-%d")
        rows: list[Row] = []
        for attempt in attempts:
            query = {"start_time": since, "job_name": attempt.name}
            found = (_book_row(job) for job in self._ask("GET", f"{_BOOKS}/jobs", query=query)["jobs"])
            rows += [r for r in found if r is not None and r.attempt == attempt]
        return rows

    def warn(self, attempt: Attempt) -> None:
        """A DELETE with a signal sends it to the batch script and its children, and ends no job."""
        self._signal(attempt, ("running",), {"signal": "SIGTERM"})

    def cancel(self, attempt: Attempt) -> None:
        self._signal(attempt, ("pending", "starting", "running"), None)

    def _signal(self, attempt: Attempt, states: Sequence[str], query: dict[str, str] | None) -> None:
        for row in self.queue(attempt):
            if row.state in states:
                try:
                    self._ask("DELETE", f"{_JOBS}/job/{row.number}", query=query)
                except Refused as refusal:
                    # It ended in between.
                    if "Invalid job id" not in refusal.said and "already" not in refusal.said:
                        raise Unreachable(self.centre, f"cancel: {refusal.said}") from refusal

    def pools(self) -> tuple[Pool, ...]:
        nodes = self._ask("GET", f"{_JOBS}/nodes")["nodes"]
        lines = (
            f"{n['name']}|{'+'.join([n['state'], *n['state_flags']])}|{n['gres']}|{n['gres_used']}|"
            for n in nodes
        )
        return slurm_words.node_pools("\n".join(lines))

    def _job(self, attempt: Attempt, task: Task, key: str, log: Path, folder: Path) -> dict[str, object]:
        job: dict[str, object] = {
            "name": attempt.name,
            "comment": slurm_words.comment(task, key),
            "environment": {"PATH": "/usr/local/bin:/usr/bin:/bin"},
            "current_working_directory": str(folder),
            "standard_output": str(log),
            "standard_error": str(log),
            "open_mode": "append",
            "requeue": False,
            "nodes": [task.nodes, task.nodes],
            "tasks_per_node": 1,
            "cpus_per_task": task.cpus,
            "time_limit": -(-task.limit_s // 60),
        }
        if task.chips:
            job["gres"] = slurm_words.gres(task, self.models)
        if task.memory_mib is not None:
            job["memory_per_node"] = task.memory_mib
        if task.account is not None:
            job["account"] = task.account
        if self.partition is not None:
            job["partition"] = self.partition
        return job

    def _ask(
        self, method: str, path: str, *, body: object = None, query: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """An answer without errors. slurmrestd answers 500 both where Slurm refuses and where it is away: its list of
        errors tells which."""
        status, said = self.rest.call(method, path, body=body, query=query)
        if status in (401, 403) or not isinstance(said, dict):
            raise Unreachable(self.centre, f"{method} {path}: {status} {str(said)[:200]}")
        problems = said.get("errors") or []
        if any("Nothing found" in _words(p) for p in problems):
            return {"jobs": []}
        if problems or status >= 400:
            words = "; ".join(_words(p) for p in problems) or str(status)
            numbers = {
                int(p.get("error_number") or p.get("error_code") or p.get("errno") or 0) for p in problems
            }
            # A question is not refused: where it has no answer (a controller that is away is error -1, a token that has
            # run out is -1 or 1007) nothing is known.
            if method == "GET" or numbers & _AWAY:
                raise Unreachable(self.centre, words)
            raise Refused(status, words)
        return said


def _named_in(token: str) -> str:
    """The user that a token of Slurm names (claim ``sun`` of a JSON Web Token, RFC 7519); "" where it is none. Slurm
    takes a token without the name for questions, and refuses what it submits."""
    try:
        claims = token.split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sun"])
    except (IndexError, KeyError, TypeError, ValueError):
        return ""


def _words(problem: Mapping[str, Any]) -> str:
    return " ".join(str(problem[k]) for k in ("description", "error", "source") if problem.get(k))


def _queue_row(job: Mapping[str, Any]) -> Row | None:
    attempt = Attempt.named(str(job["name"]))
    if attempt is None:
        return None
    status = slurm_words.of_wait(str(job["exit_code"]))
    state = slurm_words.state_of(str(job["job_state"]), status)
    begun = _when(job["start_time"]) if state not in ("pending", "starting") else None
    ended = _when(job["end_time"]) if state not in ("pending", "starting", "running") else None
    return Row(attempt, str(job["job_id"]), state, str(job["job_state"]), begun, ended, status)


def _book_row(job: Mapping[str, Any]) -> Row | None:
    attempt = Attempt.named(str(job["name"]))
    if attempt is None:
        return None
    word = str(job["state"]["current"])
    # In 22.05 the JSON of the accounting says SUCCESS and 0 for every plain exit status, also of a failed job.
    status = _status(job["exit_code"]) or (0 if word == "COMPLETED" else None)
    times = job["time"]
    chips = _chips(job["tres"]["allocated"])
    suspended = int(times["suspended"] or 0) * 1000
    return Row(
        attempt, str(job["job_id"]), slurm_words.state_of(word, status), word, _when(times["start"]),
        _when(times["end"]), status, chips, suspended,
    )  # fmt: skip


def _status(code: Mapping[str, Any]) -> int | None:
    signal = (code.get("signal") or {}).get("signal_id")
    if signal:
        return 128 + int(signal)
    value = code.get("return_code")
    return None if value is None else int(value)


def _chips(allocated: Iterable[Mapping[str, Any]]) -> int:
    return sum(int(t["count"] or 0) for t in allocated if (t["type"], t["name"]) == ("gres", "gpu"))


def _when(seconds: object) -> datetime | None:
    return slurm_words.when(str(seconds or 0))
