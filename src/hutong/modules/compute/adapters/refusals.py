"""What an adapter raises: silence, and the refusals of a start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.text import Text

if TYPE_CHECKING:
    from hutong.modules.compute.adapters.attempt import Attempt


class Unreachable(Exception):
    """The centre did not answer, or not in time. Nothing is known about what it does with what was asked."""

    def __init__(self, centre: str, said: str) -> None:
        super().__init__(f"{centre}: {said}")
        self.centre, self.said = centre, said
        self.what = Text(
            "{c} does not answer; its jobs may well be running.", "{c}没有应答，其作业可能仍在运行。"
        ).format(c=centre)


def stale(attempt: Attempt, seen: int) -> Conflict:
    """The refusal of a start under a fence that is behind the one the centre has seen."""
    return Conflict(
        Text(
            "Fence {f} of job {j} is behind fence {s} that the centre has seen.",
            "作业 {j} 的令牌 {f} 已落后于中心见过的令牌 {s}。",
        ).format(f=attempt.fence, j=attempt.job, s=seen),
        rule="attempt.stale_fence",
        remedy=Text(
            "Another attempt has taken over; drop this one.", "该作业已由另一次尝试接管，请放弃本次尝试。"
        ),
        field="fence",
    )


def revoked(attempt: Attempt) -> Conflict:
    """The refusal of a start after a cancel."""
    return Conflict(
        Text("Attempt {a} was cancelled.", "尝试 {a} 已被取消。").format(a=attempt.id),
        rule="attempt.revoked",
        remedy=Text("Make a new attempt with the next fence.", "请以下一个令牌新建尝试。"),
        field="attempt",
    )


def differs(attempt: Attempt) -> Conflict:
    """The refusal of another task under the name of an attempt that is already there."""
    return Conflict(
        Text("Attempt {a} is at the centre with another task.", "尝试 {a} 已以另一任务提交至中心。").format(
            a=attempt.id
        ),
        rule="attempt.differs",
        remedy=Text("Make a new attempt for another task.", "不同任务请新建尝试。"),
        field="attempt",
    )


def impossible(centre: str, said: str) -> Invalid:
    """The centre's refusal of a task, in its own words."""
    return Invalid(
        Text("{c} refuses the task: {s}", "{c}拒绝该任务：{s}").format(c=centre, s=said[:300] or "?"),
        rule="centre.impossible",
        remedy=Text(
            "Ask for what the centre has: see its capacity.", "请按中心现有能力提出申请，可先查询其容量。"
        ),
        field="task",
    )
