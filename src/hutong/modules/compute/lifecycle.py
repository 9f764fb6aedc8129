"""States of centres, agreements, pools, reservations, allocations, jobs, statements, vouchers and experiments."""

from __future__ import annotations

from hutong.kernel.lifecycle import Lifecycle, State, Transition
from hutong.kernel.text import Text

CENTRE = Lifecycle(
    entity="centre",
    title=Text("Computing centre", "算力中心"),
    states=(
        State("active", Text("Active", "在用"), "holds"),
        State("draining", Text("Draining", "排空"), "waiting"),
        State("suspended", Text("Suspended", "暂停"), "stopped"),
        State("closed", Text("Closed", "办结"), "closed"),
    ),
    transitions=(
        # Draining: what runs goes on, nothing new is placed.
        Transition("drain", ("active",), "draining"),
        Transition("suspend", ("active", "draining"), "suspended"),
        Transition("resume", ("draining", "suspended"), "active"),
        Transition("close", ("active", "draining", "suspended"), "closed"),
    ),
)

AGREEMENT = Lifecycle(
    entity="agreement",
    title=Text("Partnership agreement", "算力伙伴协议"),
    states=(
        State("submitted", Text("Submitted", "提交"), "waiting"),
        State("active", Text("Active", "在用"), "holds"),
        State("rejected", Text("Rejected", "驳回"), "stopped"),
        State("closed", Text("Closed", "办结"), "closed"),
    ),
    transitions=(
        Transition("sign", ("submitted",), "active", separate_from=("compute.agreement.offer",)),
        Transition("reject", ("submitted",), "rejected"),
        Transition("close", ("active",), "closed"),
    ),
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

RESERVATION = Lifecycle(
    entity="reservation",
    title=Text("Reservation", "预留"),
    states=(
        State("active", Text("Active", "在用"), "holds"),
        State("cancelled", Text("Cancelled", "已取消"), "closed"),
        State("closed", Text("Closed", "办结"), "closed"),
    ),
    transitions=(
        Transition("cancel", ("active",), "cancelled"),
        Transition("close", ("active",), "closed"),
    ),
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
        # Given back by a centre, or its start failed before anything ran: it waits again, with its hours still held.
        Transition("requeue", ("running",), "submitted"),
    ),
)

STATEMENT = Lifecycle(
    entity="statement",
    title=Text("Statement of use", "用量对账单"),
    states=(
        State("submitted", Text("Submitted", "提交"), "waiting"),
        State("disputed", Text("Disputed", "有争议"), "stopped"),
        State("accepted", Text("Accepted", "受理"), "holds"),
        State("withdrawn", Text("Withdrawn", "撤回"), "closed"),
        State("closed", Text("Closed", "办结"), "closed"),
    ),
    transitions=(
        Transition("accept", ("submitted",), "accepted", separate_from=("compute.statement.submit",)),
        Transition("dispute", ("submitted",), "disputed"),
        Transition("withdraw", ("submitted", "disputed"), "withdrawn"),
        Transition("settle", ("accepted",), "closed"),
    ),
)

VOUCHER = Lifecycle(
    entity="voucher",
    title=Text("Compute voucher", "算力券"),
    states=(
        State("submitted", Text("Submitted", "提交"), "waiting"),
        State("approved", Text("Approved", "批准"), "holds"),
        State("rejected", Text("Rejected", "驳回"), "stopped"),
        State("exhausted", Text("Exhausted", "额度用尽"), "closed"),
        State("expired", Text("Expired", "到期失效"), "closed"),
        State("revoked", Text("Revoked", "撤销"), "stopped"),
    ),
    transitions=(
        Transition("approve", ("submitted",), "approved", separate_from=("compute.voucher.apply",)),
        Transition("reject", ("submitted",), "rejected"),
        Transition("exhaust", ("approved",), "exhausted"),
        Transition("expire", ("approved",), "expired"),
        # What was paid out is claimed back; a voucher that paid nothing is simply void.
        Transition("revoke", ("approved", "exhausted", "expired"), "revoked"),
    ),
)

EXPERIMENT = Lifecycle(
    entity="experiment",
    title=Text("Experiment", "推演"),
    states=(
        State("submitted", Text("Submitted", "提交"), "waiting"),
        State("finished", Text("Finished", "已完成"), "holds"),
        State("failed", Text("Failed", "失败"), "stopped"),
    ),
    transitions=(
        Transition("finish", ("submitted",), "finished"),
        Transition("fail", ("submitted",), "failed"),
    ),
)
