"""Kubernetes Jobs against an API server of a few lines that answers as batch/v1 and coordination.k8s.io/v1 document.

Not a live cluster: what is tested is what we send and how we read.
"""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from hutong.kernel.errors import Conflict, Invalid
from hutong.modules.compute.adapters import Attempt, Pool, Task, Unreachable
from hutong.modules.compute.adapters import kubernetes_words as words
from hutong.modules.compute.adapters.kubernetes import KubernetesCentre

TASK = Task(("python", "-c", "print('$(HOME) $$ 中文')"), chips=4, limit_s=90, model="a100", nodes=2,
            label="$(touch x); rm -rf ~", environment={"X": "$(Y)"}, memory_mib=512)  # fmt: skip
A = Attempt("J_1", "a1", 1)


class ApiServer:
    """Keeps objects by path, counts versions, and can be silent."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.pods: list[dict[str, Any]] = []
        self.nodes: list[dict[str, Any]] = []
        self.version, self.silent, self.requests = 0, False, []  # type: ignore[var-annotated]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.silent:
            raise httpx.ReadTimeout("silent", request=request)
        body = json.loads(request.content) if request.content else None
        path = request.url.path
        self.requests.append((request.method, path, body, dict(request.url.params)))
        handled: httpx.Response = getattr(self, request.method.lower())(path, body, dict(request.url.params))
        return handled

    def get(self, path: str, _: Any, query: dict[str, str]) -> httpx.Response:
        if path.endswith("/pods"):
            return self.said(200, {"items": self.pods})
        if path.endswith("/nodes"):
            return self.said(200, {"items": self.nodes})
        if path.endswith("/jobs"):
            return self.said(200, {"items": [o for p, o in self.objects.items() if "/jobs/" in p]})
        found = self.objects.get(path)
        return self.said(200, found) if found else self.said(404, {"message": "not found"})

    def post(self, path: str, body: dict[str, Any], query: dict[str, str]) -> httpx.Response:
        place = f"{path}/{body['metadata']['name']}"
        if place in self.objects:
            return self.said(409, {"message": "already exists"})
        limits = (
            body["spec"].get("template", {}).get("spec", {}).get("containers", [{}])[0].get("resources", {})
        )
        if int(limits.get("limits", {}).get("nvidia.com/gpu", 0)) > 8:
            return self.said(403, {"message": "exceeded quota"})
        body["metadata"] |= {"uid": f"uid-{len(self.objects)}", "resourceVersion": self.next()}
        if query.get("dryRun") != "All":
            self.objects[place] = body
        return self.said(201, body)

    def put(self, path: str, body: dict[str, Any], _: dict[str, str]) -> httpx.Response:
        if body["metadata"]["resourceVersion"] != self.objects[path]["metadata"]["resourceVersion"]:
            return self.said(409, {"message": "the object has been modified"})
        body["metadata"]["resourceVersion"] = self.next()
        self.objects[path] = body
        return self.said(200, body)

    def patch(self, path: str, body: dict[str, Any], _: dict[str, str]) -> httpx.Response:
        if path not in self.objects:
            return self.said(404, {"message": "not found"})
        self.objects[path]["spec"] |= body["spec"]
        self.objects[path]["metadata"]["annotations"] |= body["metadata"]["annotations"]
        return self.said(200, self.objects[path])

    def next(self) -> str:
        self.version += 1
        return str(self.version)

    @staticmethod
    def said(status: int, body: Any) -> httpx.Response:
        return httpx.Response(status, json=copy.deepcopy(body))

    def job(self, attempt: Attempt = A) -> dict[str, Any]:
        return self.objects[f"/apis/batch/v1/namespaces/hub/jobs/{words.name(attempt)}"]

    def count(self, method: str, kind: str) -> int:
        return sum(m == method and kind in p for m, p, _, _ in self.requests)


@pytest.fixture
def api() -> ApiServer:
    return ApiServer()


@pytest.fixture
def centre(api: ApiServer) -> KubernetesCentre:
    return broker(api)


def broker(api: ApiServer) -> KubernetesCentre:
    return KubernetesCentre(
        "k8s", "https://api", namespace="hub", image="python:3.11", token="t",
        models={"a100": {"nvidia.com/gpu.product": "A100"}}, transport=httpx.MockTransport(api),
    )  # fmt: skip


def pod(name: str, node: str = "n1", chips: str = "2", **state: Any) -> dict[str, Any]:
    return {
        "metadata": {"uid": name},
        "spec": {"nodeName": node, "containers": [{"resources": {"limits": {"nvidia.com/gpu": chips}}}]},
        "status": {"phase": "Running", "containerStatuses": [{"state": state}]},
    }


def ended(
    code: int, start: str = "2026-11-26T08:00:00Z", end: str = "2026-11-26T08:00:07Z"
) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "startedAt": start, "finishedAt": end}}


def test_the_job_runs_once_and_its_words_stay_words(api: ApiServer, centre: KubernetesCentre) -> None:
    receipt = centre.start(A, TASK, key="k")
    assert not receipt.repeated
    job = api.job()
    spec, container = job["spec"], job["spec"]["template"]["spec"]["containers"][0]
    assert (spec["backoffLimit"], spec["template"]["spec"]["restartPolicy"]) == (0, "Never")
    assert (spec["completions"], spec["parallelism"], spec["activeDeadlineSeconds"]) == (2, 2, 90)
    assert container["command"] == ["python", "-c", "print('$$(HOME) $$$$ 中文')"]
    assert container["env"] == [{"name": "X", "value": "$$(Y)"}]
    assert container["resources"]["limits"] == {"cpu": "1", "nvidia.com/gpu": "2", "memory": "512Mi"}
    assert spec["template"]["spec"]["nodeSelector"] == {"nvidia.com/gpu.product": "A100"}
    assert job["metadata"]["annotations"]["hutong.label"] == TASK.label
    assert job["metadata"]["name"].removeprefix("htg-").isalnum() and len(job["metadata"]["name"]) <= 63


def test_started_twice_is_one_job_also_by_another_broker(api: ApiServer, centre: KubernetesCentre) -> None:
    first = centre.start(A, TASK, key="k")
    again = broker(api).start(A, TASK, key="other")
    assert again.repeated and again.number == first.number
    assert sum("/jobs/" in path for path in api.objects) == 1
    with pytest.raises(Conflict) as refusal:
        centre.start(A, Task(("true",), chips=1, limit_s=9), key="k")
    assert refusal.value.rule == "attempt.differs"


def test_a_stale_fence_is_refused(api: ApiServer, centre: KubernetesCentre) -> None:
    centre.start(Attempt("J_1", "a2", 2), TASK, key="k")
    for late in (A, Attempt("J_1", "other", 2)):
        with pytest.raises(Conflict) as refusal:
            centre.start(late, TASK, key="k")
        assert refusal.value.rule == "attempt.stale_fence"


def test_of_two_brokers_that_raise_a_fence_one_loses(api: ApiServer, centre: KubernetesCentre) -> None:
    centre.start(A, TASK, key="k")
    two, three = Attempt("J_1", "a2", 2), Attempt("J_1", "a3", 3)
    lease = centre._lease(two)
    broker(api).start(three, TASK, key="k")
    lease["spec"] |= {"leaseTransitions": 2, "holderIdentity": "a2"}
    with pytest.raises(Unreachable):
        centre._put(lease)
    with pytest.raises(Conflict):
        centre.start(two, TASK, key="k")


def test_a_cancel_suspends_and_bars(api: ApiServer, centre: KubernetesCentre) -> None:
    centre.start(A, TASK, key="k")
    api.job()["status"] = {"active": 1}
    centre.cancel(A, key="c")
    centre.cancel(A, key="c")
    assert api.job()["spec"]["suspend"] is True
    assert centre.poll([A])[A].state == "running"
    api.job()["status"] = {}
    assert centre.poll([A])[A].state == "cancelled"
    never = Attempt("J_2", "a1", 1)
    centre.cancel(never, key="c")
    assert centre.poll([never])[never].state == "cancelled"
    for attempt in (A, never):
        with pytest.raises(Conflict) as refusal:
            centre.start(attempt, TASK, key="k")
        assert refusal.value.rule == "attempt.revoked"


@pytest.mark.parametrize(
    ("status", "pods", "state", "code"),
    [
        ({}, [], "pending", None),
        ({"active": 2}, [pod("p", waiting={"reason": "ContainerCreating"})], "starting", None),
        ({"active": 2}, [pod("p", running={"startedAt": "2026-11-26T08:00:00Z"})], "running", None),
        ({"conditions": [{"type": "Complete", "status": "True"}]}, [pod("p", **ended(0))], "finished", 0),
        ({"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]},
         [pod("p", **ended(3))], "failed", 3),
        ({"conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}]}, [], "over_time", None),
        ({"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}, [], "lost", None),
        ({"active": 1, "conditions": [{"type": "Failed", "status": "False"}]}, [], "starting", None),
    ],
)  # fmt: skip
def test_states(
    api: ApiServer, centre: KubernetesCentre, status: Any, pods: list[Any], state: str, code: int | None
) -> None:
    centre.start(A, TASK, key="k")
    api.job()["status"], api.pods = status, pods
    report = centre.poll([A])[A]
    assert (report.state, report.status) == (state, code)
    assert (A in centre.alive()) == (not report.ended)


def test_usage_is_that_of_the_containers(api: ApiServer, centre: KubernetesCentre) -> None:
    centre.start(A, TASK, key="k")
    api.job()["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
    api.pods = [pod("p1", **ended(0)), pod("p2", **ended(0, end="2026-11-26T08:00:09Z"))]
    usage = centre.usage([A])[A]
    assert usage.final and usage.chip_ms == (7 + 9) * 2 * 1000
    assert usage.segments[0].started_at == datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
    api.pods[1]["status"]["containerStatuses"][0]["state"] = {
        "running": {"startedAt": "2026-11-26T08:00:00Z"}
    }
    assert not centre.usage([A])[A].final


def test_capacity_counts_ready_nodes_and_living_pods(api: ApiServer, centre: KubernetesCentre) -> None:
    def node(name: str, product: str, ready: str = "True", **spec: Any) -> dict[str, Any]:
        return {
            "metadata": {"name": name, "labels": {"nvidia.com/gpu.product": product}}, "spec": spec,
            "status": {"allocatable": {"nvidia.com/gpu": "8"}, "conditions": [{"type": "Ready", "status": ready}]},
        }  # fmt: skip

    api.nodes = [
        node("n1", "A100"),
        node("n2", "A100", ready="Unknown"),
        node("n3", "A100", unschedulable=True),
    ]
    api.nodes.append(node("n4", "H20"))
    over = pod("old", **ended(0))
    over["status"]["phase"] = "Succeeded"
    api.pods = [pod("p"), over]
    assert centre.capacity().pools == (Pool("a100", 8, 6, 1), Pool("chip", 8, 8, 1))


def test_a_hold_asks_and_keeps_nothing(api: ApiServer, centre: KubernetesCentre) -> None:
    assert not centre.hold(A, TASK, lease_s=60, key="k").firm
    assert not [p for p in api.objects if "/jobs/" in p]
    with pytest.raises(Invalid) as refusal:
        centre.hold(A, Task(("true",), chips=99, limit_s=9), lease_s=60, key="k")
    assert refusal.value.rule == "centre.impossible"


def test_a_silent_server_is_unreachable(api: ApiServer, centre: KubernetesCentre) -> None:
    centre.start(A, TASK, key="k")
    api.silent = True
    for call in (
        lambda: centre.start(A, TASK, key="k"),
        lambda: centre.poll([A]),
        lambda: centre.usage([A]),
        lambda: centre.capacity(),
        lambda: centre.alive(),
        lambda: centre.cancel(A, key="c"),
    ):
        with pytest.raises(Unreachable):
            call()
    api.silent = False
    assert centre.start(A, TASK, key="k").repeated
