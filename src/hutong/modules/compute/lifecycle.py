"""States of centres, pools, allocations and jobs."""

from __future__ import annotations

from hutong.kernel.lifecycle import Lifecycle, State, Transition
from hutong.kernel.text import Text

CENTRE = Lifecycle(
    entity="centre",
    title=Text("Computing centre", "算力中心"),
    states=(
        State("active", Text("Active", "在用"), "holds"),
        State("closed", Text("Closed", "办结"), "closed"),
    ),
    transitions=(Transition("close", ("active",), "closed"),),
)

POOL = Lifecycle(
    entity="pool",
    title=Text("Pool of chips", "算力池"),
    states=(
        State("active", Text("Active", "在用"), "holds"),
        State("closed", Text("Closed", "办结"), "closed"),
    ),
    transitions=(Transition("close", ("active",), "closed"),),
)

ALLOCATION = Lifecycle(
    entity="allocation",
    title=Text("Allocation", "算力配额"),
    states=(
        State("submitted", Text("Submitted", "提交"), "waiting"),
        State("approved", Text("Approved", "批准"), "waiting"),
        State("active", Text("Active", "在用"), "holds"),
        State("rejected", Text("Rejected", "驳回"), "stopped"),
        State("closed", Text("Closed", "办结"), "closed"),
    ),
    transitions=(
        Transition("approve", ("submitted",), "approved", separate_from=("compute.allocation.request",)),
        Transition("reject", ("submitted",), "rejected"),
        Transition("activate", ("approved",), "active"),
        Transition("close", ("active",), "closed"),
    ),
)

JOB = Lifecycle(
    entity="job",
    title=Text("Job", "计算作业"),
    states=(
        State("submitted", Text("Submitted", "提交"), "waiting"),
        State("running", Text("Running", "运行中"), "open"),
        State("finished", Text("Finished", "已完成"), "holds"),
        State("failed", Text("Failed", "失败"), "stopped"),
        State("cancelled", Text("Cancelled", "已取消"), "closed"),
    ),
    transitions=(
        Transition("start", ("submitted",), "running"),
        Transition("finish", ("running",), "finished"),
        Transition("fail", ("running",), "failed"),
        Transition("cancel", ("submitted",), "cancelled"),
    ),
)
