"""What a job's page says in tables: its tries, and its use by price; the words for how a try ended."""

from __future__ import annotations

from collections.abc import Sequence

from hutong.kernel.text import Text
from hutong.modules.compute.models import Attempt, Job, Segment
from hutong.modules.compute.show.words import chip_time, clock, count, money
from hutong.platform.components import Cell, Column, State, Table, Tone

TRIES = Text("Its tries at the centres", "运行经过")
USE = Text("What it used", "用量")
NEVER = Text("not yet", "尚未")
STATES: dict[str, tuple[Text, Tone]] = {
    "starting": (Text("Starting", "启动中"), "open"),
    "running": (Text("Running", "运行中"), "open"),
    "unreachable": (Text("Unreachable: the centre is silent", "失联：算力中心无应答"), "needs"),
}
ENDINGS: dict[str, tuple[Text, Tone]] = {
    "finished": (Text("Finished", "已完成"), "holds"),
    "cancelled": (Text("Stopped on request", "应请求停止"), "closed"),
    "preempted": (Text("Given back by the centre", "被中心收回"), "late"),
    "node_failed": (Text("A node of the centre failed", "中心节点故障"), "late"),
    "lost": (Text("The centre knows nothing of it", "中心无该作业记录"), "late"),
    "over_time": (Text("Its limit was reached", "到达时限"), "stopped"),
    "refused": (Text("Refused by the centre", "被中心拒绝"), "stopped"),
    "failed": (Text("Failed", "失败"), "stopped"),
    "recalled": (Text("Gave its chips back", "已归还芯片"), "late"),
    "reservation_over": (Text("Its reservation was over", "所属预留已结束"), "closed"),
}


def how(attempt: Attempt) -> tuple[Text, Tone]:
    if attempt.state != "ended":
        return STATES.get(attempt.state, (Text(attempt.state, attempt.state), "open"))
    return ENDINGS.get(
        attempt.ending, (Text(attempt.ending or "ended", attempt.ending or "已结束"), "stopped")
    )


def tries_table(attempts: Sequence[Attempt]) -> Table:
    columns = (
        Column(Text("Try", "次序"), "number"),
        Column(Text("Centre", "算力中心")),
        Column(Text("Chips", "卡数"), "number"),
        Column(Text("Placed", "调度时间"), "date"),
        Column(Text("Started", "启动时间"), "date"),
        Column(Text("Ended", "结束时间"), "date"),
        Column(Text("State", "状态")),
    )
    rows = tuple(
        (
            Cell(Text(f"{n} ({a.pk})", f"{n}（{a.pk}）")),
            Cell(a.pool.centre.name, url=f"/compute/centre/{a.pool.centre.code}"),
            Cell(count(a.chips)),
            Cell(a.placed_at),
            Cell(a.started_at or NEVER),
            Cell(a.ended_at or NEVER),
            Cell(State(*how(a), note=_silence(a) or _recalled(a))),
        )
        for n, a in enumerate(attempts, 1)
    )
    return Table(TRIES, columns, rows, caption_hidden=True)


def _silence(attempt: Attempt) -> Text | None:
    silent = attempt.pool.centre.silent_since
    if attempt.state != "unreachable" or silent is None:
        return None
    return Text("silent since {t}", "自{t}失联").format(t=clock(silent))


def _recalled(attempt: Attempt) -> Text | None:
    """By when its chips are called back; after that, what this destroyed and who bears it."""
    if attempt.state != "ended" and attempt.due_at is not None:
        return Text("chips called back by {t}", "芯片须于{t}前归还").format(t=clock(attempt.due_at))
    if attempt.ending != "recalled":
        return None
    if not attempt.lost_ms:
        return Text("all its work is kept", "进度全部保留")
    return Text("{l} of work lost; nobody pays for it", "损失{l}，不计费").format(
        l=chip_time(attempt.lost_ms)
    )


def segments_table(job: Job, segments: Sequence[Segment]) -> Table:
    columns = (
        Column(Text("Began", "开始"), "date"),
        Column(Text("Ended", "结束"), "date"),
        Column(Text("Pool", "算力池"), "code"),
        Column(Text("Chips", "卡数"), "number"),
        Column(Text("Chip-time", "卡时"), "number"),
        Column(Text("In {c}", "折合 {c}").format(c=job.allocation.pool.chip), "number"),
        Column(Text("Price of a chip-hour", "每卡时价格"), "number"),
        Column(Text("Cost", "费用"), "number"),
    )
    rows = tuple(
        (
            Cell(s.began_at),
            Cell(s.ended_at),
            Cell(s.pool.code if s.pool else NEVER),
            Cell(count(s.chips)),
            Cell(chip_time(s.native_ms)),
            Cell(chip_time(s.used_ms)),
            Cell(money(s.price_fen)),
            Cell(money(s.cost_fen)),
        )
        for s in segments
    )
    return Table(USE, columns, rows, caption_hidden=True)
