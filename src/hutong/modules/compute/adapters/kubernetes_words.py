"""Kubernetes objects written and read: Job of batch/v1, Lease of coordination.k8s.io/v1, Pod and Node of v1."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hutong.modules.compute.adapters.attempt import Attempt, Task
from hutong.modules.compute.adapters.contract import Pool, Report, Segment, State, Usage

_ANY = "chip"


def digest(text: str) -> str:
    """Forty characters that may stand in a name (RFC 1123) and a label, where an attempt's own name may not."""
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def name(attempt: Attempt) -> str:
    return f"htg-{digest(attempt.name)}"


def lease_name(attempt: Attempt) -> str:
    return f"htg-{digest(attempt.job)}"


def lease(called: str, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": called, "namespace": namespace},
        "spec": {"leaseTransitions": 0},
    }


def job(
    attempt: Attempt,
    task: Task,
    key: str,
    image: str,
    resource: str,
    models: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """The Job: an indexed one with a pod per node, none of which is tried again. Label and key are annotations, which
    take any text."""
    limits: dict[str, str] = {"cpu": str(task.cpus)}
    if task.chips:
        limits[resource] = str(task.chips // task.nodes)
    if task.memory_mib is not None:
        limits["memory"] = f"{task.memory_mib}Mi"
    labels = {"hutong.attempt": digest(attempt.name), "hutong.job": digest(attempt.job)}
    container = {
        "name": "payload",
        "image": image,
        "command": list(task.command),
        "env": [{"name": k, "value": v.replace("$", "$$")} for k, v in sorted(task.environment.items())],
        "resources": {"limits": limits, "requests": limits},
    }
    # Kubernetes puts variables into arguments that read $(NAME); $$ is a plain dollar sign.
    container["command"] = [a.replace("$", "$$") for a in task.command]
    pod: dict[str, Any] = {"restartPolicy": "Never", "containers": [container], "enableServiceLinks": False}
    if task.model is not None:
        pod["nodeSelector"] = dict(models.get(task.model, {"hutong.chip": task.model}))
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name(attempt),
            "labels": labels,
            "annotations": {
                "hutong.attempt": attempt.name,
                "hutong.task": task.digest,
                "hutong.key": key,
                "hutong.label": task.label,
            },
        },
        "spec": {
            "backoffLimit": 0,
            "completionMode": "Indexed",
            "completions": task.nodes,
            "parallelism": task.nodes,
            "activeDeadlineSeconds": task.limit_s,
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def attempt_of(found: Mapping[str, Any]) -> Attempt | None:
    return Attempt.named(str((found["metadata"].get("annotations") or {}).get("hutong.attempt")))


def report(
    attempt: Attempt, found: Mapping[str, Any] | None, pods: Sequence[Mapping[str, Any]], *, barred: bool
) -> Report:
    """How the attempt stands; barred: it was cancelled before it started."""
    if found is None:
        return Report(attempt, "cancelled" if barred else "unknown")
    number, status = str(found["metadata"]["uid"]), found.get("status") or {}
    ends = [_terminated(p) for p in pods]
    code = max((int(e["exitCode"]) for e in ends if e), default=None)
    started = min((t for p in pods if (t := _started(p))), default=None)
    ended = max((_time(e["finishedAt"]) for e in ends if e and e.get("finishedAt")), default=None)
    kinds = {
        c["type"]: str(c.get("reason", "")) for c in status.get("conditions") or () if c["status"] == "True"
    }
    if "Complete" in kinds:
        return Report(
            attempt, "finished", number, code if code is not None else 0, started, ended, "Complete"
        )
    if "Failed" in kinds:
        return Report(attempt, _failure(kinds["Failed"], code), number, code, started, ended, kinds["Failed"])
    if found["spec"].get("suspend"):
        over = not status.get("active") and not status.get("terminating")
        state: State = "cancelled" if over else "running"
        return Report(attempt, state, number, None, started, ended if over else None, "Suspended")
    if not status.get("active"):
        return Report(attempt, "pending", number)
    return Report(attempt, "running" if started else "starting", number, None, started, None, "active")


def _failure(reason: str, code: int | None) -> State:
    """A Job fails by its deadline, by its pod's status, or by losing the pod (eviction, a node that is gone)."""
    if reason == "DeadlineExceeded":
        return "over_time"
    return "failed" if code else "lost"


def usage(attempt: Attempt, found: Mapping[str, Any] | None, pods: Sequence[Mapping[str, Any]]) -> Usage:
    """A segment per pod whose container has ended."""
    if found is None:
        return Usage(attempt, (), final=False)
    segments = []
    for pod in pods:
        end = _terminated(pod)
        if end and end.get("startedAt") and end.get("finishedAt"):
            begun, ended = _time(end["startedAt"]), _time(end["finishedAt"])
            code = int(end["exitCode"])
            segments.append(Segment(attempt, str(pod["metadata"]["uid"]), begun, ended, _asked(pod), code))
    over = report(attempt, found, pods, barred=False).ended
    # A pod that is there and has no end yet may still be counted.
    return Usage(
        attempt, tuple(segments), final=over and len(segments) == sum(bool(_started(p)) for p in pods)
    )


def pools(
    nodes: Sequence[Mapping[str, Any]],
    pods: Sequence[Mapping[str, Any]],
    resource: str,
    models: Mapping[str, Mapping[str, str]],
) -> tuple[Pool, ...]:
    taken: dict[str, int] = {}
    for pod in pods:
        node = pod["spec"].get("nodeName")
        if node and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed"):
            taken[node] = taken.get(node, 0) + _asked(pod, resource)
    sums: dict[str, list[int]] = {}
    for node in nodes:
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"]["conditions"])
        count = int(node["status"]["allocatable"].get(resource, 0))
        if ready and count and not node["spec"].get("unschedulable"):
            entry = sums.setdefault(_model(node["metadata"].get("labels") or {}, models), [0, 0, 0])
            entry[0] += count
            entry[1] += max(0, count - taken.get(node["metadata"]["name"], 0))
            entry[2] += 1
    return tuple(Pool(model, *entry) for model, entry in sorted(sums.items()))


def _model(labels: Mapping[str, str], models: Mapping[str, Mapping[str, str]]) -> str:
    for model, chosen in models.items():
        if all(labels.get(k) == v for k, v in chosen.items()):
            return model
    return labels.get("hutong.chip", _ANY)


def _asked(pod: Mapping[str, Any], resource: str | None = None) -> int:
    """Chips that a pod asks for: of that resource, or of whichever extended one (they have a ``/`` in their name)."""
    total = 0
    for container in pod["spec"]["containers"]:
        limits = (container.get("resources") or {}).get("limits") or {}
        total += sum(int(v) for k, v in limits.items() if (k == resource if resource else "/" in k))
    return total


def _state(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return (statuses[0].get("state") or {}) if statuses else {}


def _terminated(pod: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = _state(pod).get("terminated")
    return found


def _started(pod: Mapping[str, Any]) -> datetime | None:
    state = _state(pod)
    begun = (state.get("running") or state.get("terminated") or {}).get("startedAt")
    return _time(begun) if begun else None


def _time(text: str) -> datetime:
    """RFC 3339 in UTC."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
