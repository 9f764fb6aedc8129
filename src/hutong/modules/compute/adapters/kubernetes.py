"""Kubernetes Jobs (batch/v1) by specification over HTTP. Untested on a live cluster: only against recorded answers.

A Lease (coordination.k8s.io/v1) per job carries the highest fence in `leaseTransitions`; the API server replaces it only
at the version that was read, so that of two brokers one loses. Pods run the command itself, not the guard: `backoffLimit`
0, `restartPolicy` Never and one Job per attempt are what keeps it from running twice. Kubernetes documents that a pod
may nonetheless be started twice in rare cases (Jobs, "Handling Pod and container failures"); no shared spool, no claim.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from hutong.modules.compute.adapters import kubernetes_words as words
from hutong.modules.compute.adapters.attempt import Attempt, Task
from hutong.modules.compute.adapters.contract import Capacity, Hold, Receipt, Report, Usage
from hutong.modules.compute.adapters.refusals import Unreachable, differs, impossible, revoked, stale
from hutong.modules.compute.adapters.rest import Refused, Rest

_REVOKED = "hutong.revoked"


class KubernetesCentre:
    """A namespace of a cluster whose API server answers at `url`. image: what pods run; resource: how chips are called
    there (``nvidia.com/gpu``); models: our name of a chip to the node labels that choose it."""

    warns = False

    def __init__(
        self,
        name: str,
        url: str,
        *,
        namespace: str,
        image: str,
        token: str | None = None,
        resource: str = "nvidia.com/gpu",
        models: Mapping[str, Mapping[str, str]] | None = None,
        verify: str | bool = True,
        timeout_s: float = 20.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.name, self.namespace, self.image = name, namespace, image
        self.resource, self.models = resource, models or {}
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self.rest = Rest(name, url, headers=headers, timeout_s=timeout_s, transport=transport, verify=verify)
        self._jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        self._leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._pods = f"/api/v1/namespaces/{namespace}/pods"

    def hold(self, attempt: Attempt, task: Task, *, lease_s: int, key: str) -> Hold:
        """A dry run of the creation: the API server checks it and keeps nothing."""
        self._create(attempt, task, key, dry=True)
        return Hold(attempt, datetime.now(UTC) + timedelta(seconds=lease_s), firm=False)

    def start(self, attempt: Attempt, task: Task, *, key: str) -> Receipt:
        self._take_fence(attempt)
        status, said = self._create(attempt, task, key)
        if status != 409:
            return Receipt(attempt, str(said["metadata"]["uid"]))
        found = self._get(f"{self._jobs}/{words.name(attempt)}")
        if found is None:
            raise Unreachable(self.name, "a job was there and is not")
        if found["metadata"]["annotations"].get("hutong.task") != task.digest:
            raise differs(attempt)
        return Receipt(attempt, str(found["metadata"]["uid"]), repeated=True)

    def _create(self, attempt: Attempt, task: Task, key: str, *, dry: bool = False) -> tuple[int, Any]:
        body = words.job(attempt, task, key, self.image, self.resource, self.models)
        query = {"dryRun": "All"} if dry else None
        status, said = self.rest.call("POST", self._jobs, body=body, query=query)
        if status in (400, 403, 422):
            raise impossible(
                self.name, str((said or {}).get("message", status) if isinstance(said, dict) else said)
            )
        if status >= 400 and status != 409:
            raise Unreachable(self.name, f"create: {status} {str(said)[:200]}")
        return status, said

    def _take_fence(self, attempt: Attempt) -> None:
        """Raise the job's fence to the attempt's, unless it is higher or the attempt was cancelled."""
        lease = self._lease(attempt)
        holder, seen = lease["spec"].get("holderIdentity"), int(lease["spec"].get("leaseTransitions") or 0)
        if attempt.fence < seen or (attempt.fence == seen and holder != attempt.id):
            raise stale(attempt, seen)
        if attempt.id in _revoked(lease):
            raise revoked(attempt)
        if attempt.fence > seen:
            lease["spec"] |= {"leaseTransitions": attempt.fence, "holderIdentity": attempt.id}
            self._put(lease)

    def _lease(self, attempt: Attempt) -> dict[str, Any]:
        """The job's Lease, made where there is none."""
        name = words.lease_name(attempt)
        found = self._get(f"{self._leases}/{name}")
        if found is not None:
            return found
        status, said = self.rest.call("POST", self._leases, body=words.lease(name, self.namespace))
        if status == 409:
            found = self._get(f"{self._leases}/{name}")
        elif status < 400:
            found = said
        if found is None:
            raise Unreachable(self.name, f"lease: {status} {str(said)[:200]}")
        return found

    def _put(self, lease: dict[str, Any]) -> None:
        status, said = self.rest.call("PUT", f"{self._leases}/{lease['metadata']['name']}", body=lease)
        if status >= 400:
            # 409: another broker was faster. Whoever asks again sees what it did.
            raise Unreachable(self.name, f"lease: {status} {str(said)[:200]}")

    def poll(self, attempts: Sequence[Attempt]) -> dict[Attempt, Report]:
        found = {}
        for attempt in attempts:
            job, pods = self._both(attempt)
            barred = job is None and attempt.id in _revoked(self._get(self._lease_path(attempt)) or {})
            found[attempt] = words.report(attempt, job, pods, barred=barred)
        return found

    def warn(self, attempt: Attempt, *, key: str) -> None:
        """The API server passes no signals on but that of a pod's end."""

    def cancel(self, attempt: Attempt, *, key: str) -> None:
        """Marks the attempt in the Lease, then suspends its Job: the pods are ended and the record stays."""
        lease = self._lease(attempt)
        if attempt.id not in _revoked(lease):
            names = " ".join(sorted({*_revoked(lease), attempt.id}))
            lease["metadata"]["annotations"] = {
                **(lease["metadata"].get("annotations") or {}),
                _REVOKED: names,
            }
            self._put(lease)
        body = {
            "spec": {"suspend": True},
            "metadata": {"annotations": {_REVOKED: hashlib.sha256(key.encode()).hexdigest()}},
        }
        status, said = self.rest.call("PATCH", f"{self._jobs}/{words.name(attempt)}", body=body)
        # 404: it never started; 422: it has ended.
        if status >= 400 and status not in (404, 422):
            raise Unreachable(self.name, f"cancel: {status} {str(said)[:200]}")

    def usage(self, attempts: Sequence[Attempt]) -> dict[Attempt, Usage]:
        """One segment per pod, from the start to the end of its container."""
        return {a: words.usage(a, *self._both(a)) for a in attempts}

    def alive(self) -> list[Attempt]:
        query = {"labelSelector": "hutong.attempt"}
        try:
            items = self.rest.ask("GET", self._jobs, query=query)["items"]
        except Refused as refusal:
            raise Unreachable(self.name, f"jobs: {refusal.said}") from refusal
        reports = [(words.attempt_of(job), job) for job in items]
        return [a for a, job in reports if a is not None and not words.report(a, job, [], barred=False).ended]

    def log(self, attempt: Attempt) -> None:
        """What the payload said is not kept within reach."""
        return None

    def capacity(self) -> Capacity:
        """Allocatable chips of ready nodes; free is what pods that are not over do not ask for."""
        try:
            nodes = self.rest.ask("GET", "/api/v1/nodes")["items"]
            pods = self.rest.ask("GET", "/api/v1/pods")["items"]
        except Refused as refusal:
            raise Unreachable(self.name, f"nodes: {refusal.said}") from refusal
        return Capacity(words.pools(nodes, pods, self.resource, self.models), datetime.now(UTC))

    def _both(self, attempt: Attempt) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
        job = self._get(f"{self._jobs}/{words.name(attempt)}")
        if job is None:
            return None, []
        query = {"labelSelector": f"hutong.attempt={words.digest(attempt.name)}"}
        found = self._get(self._pods, query)
        return job, list((found or {}).get("items", []))

    def _lease_path(self, attempt: Attempt) -> str:
        return f"{self._leases}/{words.lease_name(attempt)}"

    def _get(self, path: str, query: dict[str, str] | None = None) -> dict[str, Any] | None:
        """What is there; None where nothing is."""
        try:
            found: dict[str, Any] = self.rest.ask("GET", path, query=query)
        except Refused as refusal:
            if refusal.status == 404:
                return None
            raise Unreachable(self.name, f"{path}: {refusal.status} {refusal.said}") from refusal
        return found


def _revoked(lease: Mapping[str, Any]) -> set[str]:
    annotations = (lease.get("metadata") or {}).get("annotations") or {}
    return set(str(annotations.get(_REVOKED, "")).split())
