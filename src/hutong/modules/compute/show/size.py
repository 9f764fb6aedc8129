"""The size of an elastic job as its page says it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hutong.kernel.text import Text
from hutong.modules.compute.models import Attempt, Job
from hutong.modules.compute.show.words import count
from hutong.modules.compute.sizes import RESIZE, checkpoint_ms, elastic
from hutong.platform.components import Figure


def size_figure(job: Job, attempts: Sequence[Attempt], now: datetime) -> tuple[Figure, ...]:
    """On how many chips it runs, of which sizes, and whether that changes; nothing for a job of one size."""
    if not elastic(job):
        return ()
    last = attempts[-1] if attempts else None
    if last is None or last.state == "ended":
        value = Text("{a} to {b}", "{a}至{b}").format(a=job.chips, b=job.chips_most or job.chips)
        return (Figure(Text("chips asked for", "申请卡数"), value, definition=_rule(job)),)
    sizes = Text("of {a} to {b}", "申请{a}至{b}").format(a=job.chips, b=job.chips_most or job.chips)
    saving = Text("it saves its work to go on at another size", "正在保存进度，将调整卡数后继续")
    rule = saving if last.recall == RESIZE else _rule(job)
    said = Text(f"{sizes.en}; {rule.en}", f"{sizes.zh}；{rule.zh}")
    return (Figure(Text("chips now", "当前卡数"), count(last.chips), on=now, definition=said),)


def _rule(job: Job) -> Text:
    if checkpoint_ms(job) >= 0:
        return Text("it grows and shrinks while it runs", "运行中可增减")
    return Text(
        "it keeps the size it starts with, for it saves no checkpoints", "无检查点，运行中保持启动时的卡数"
    )
