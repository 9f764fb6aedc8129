"""What computing offers to the plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from hutong.engines.broker.money import published_factors, to_ms
from hutong.kernel.errors import Invalid
from hutong.kernel.measure import Fact, measure
from hutong.kernel.quantity import HOUR
from hutong.kernel.text import Text
from hutong.modules.compute.models import Centre, Pool
from hutong.modules.compute.money.charging import UNIT
from hutong.platform.evidence import facts_from_events, seqs_of
from hutong.platform.ledger.tables import Event


@measure(
    "compute.centres_active",
    unit="count(centre)",
    nature="stock",
    title=Text("Active computing centres", "在用算力中心数"),
    definition=Text("Centres from their registration until they close.", "自登记至关闭期间的算力中心。"),
)
def centres_active() -> Iterable[Fact]:
    opened, closed = seqs_of("compute.centre.register"), _ends("compute.centre.close")
    for centre in Centre.objects.order_by("id"):
        yield Fact(
            record=f"urn:hutong:compute.centre:{centre.code}",
            event=opened.get(centre.code),
            amount=1,
            valid_from=centre.created_at,
            valid_to=closed.get(centre.code),
            recorded_at=centre.created_at,
            dims={"region": centre.region},
            label=centre.code,
        )


@measure(
    "compute.pool_chips",
    unit="count(chip)",
    nature="stock",
    title=Text("Chips on offer", "在用芯片数"),
    definition=Text(
        "Chips of pools from opening until closing, by kind and origin.",
        "自开设至关闭期间算力池的芯片，按型号与来源分。",
    ),
)
def pool_chips() -> Iterable[Fact]:
    return (fact for fact, _ in _chips())


def _chips() -> Iterable[tuple[Fact, Pool]]:
    opened, closed = seqs_of("compute.pool.open"), _ends("compute.pool.close")
    for pool in Pool.objects.select_related("centre").order_by("id"):
        fact = Fact(
            record=f"urn:hutong:compute.pool:{pool.code}",
            event=opened.get(pool.code),
            amount=pool.chips,
            valid_from=pool.created_at,
            valid_to=closed.get(pool.code),
            recorded_at=pool.created_at,
            dims={
                "chip": pool.chip,
                "domestic": "yes" if pool.domestic else "no",
                "region": pool.centre.region,
            },
            label=pool.code,
        )
        yield fact, pool


@measure(
    "compute.capacity_fp16",
    unit="PFLOPS(FP16)",
    nature="stock",
    title=Text("Peak capacity at FP16", "算力规模（FP16）"),
    definition=Text(
        "Chips on offer times the published dense FP16 peak of their kind; kinds without a published peak are left out.",
        "在用芯片数乘以其型号公布的 FP16 稠密峰值；未公布峰值的型号不计入。",
    ),
)
def capacity_fp16() -> Iterable[Fact]:
    for fact, pool in _chips():
        peak = _peak(pool)
        if peak is not None:
            yield replace(fact, amount=fact.amount * peak)


def _peak(pool: Pool) -> Fraction | None:
    """PFLOPS of one chip by the factors in force when the pool was opened; None where none is published."""
    try:
        return published_factors().line(pool.chip, UNIT).at(to_ms(pool.created_at)).value
    except Invalid:
        return None


def _ends(operation: str) -> dict[str, datetime]:
    return dict(Event.objects.filter(operation=operation).values_list("subject", "valid_at"))


@measure(
    "compute.chip_hours_awarded",
    unit="chip_hour",
    nature="flow",
    title=Text("Chip-hours awarded", "批准算力（卡时）"),
    definition=Text(
        "Hours that centres approved, on the day of approval.", "算力中心批准的额度，按批准之日计。"
    ),
)
def chip_hours_awarded() -> Iterable[Fact]:
    return facts_from_events(
        "compute.allocation.approve",
        kind="compute.allocation",
        amount=lambda event, payload: Fraction(payload["input"]["hours"], HOUR),
    )


@measure(
    "compute.chip_hours_delivered",
    unit="chip_hour",
    nature="flow",
    title=Text("Chip-hours delivered", "已交付算力（卡时）"),
    definition=Text(
        "Metered use of jobs that ended, well or badly, and of runs that were called back: chips held times wall time; "
        "work that a recall destroyed is left out.",
        "已结束作业（含失败）及被收回的运行的计量用量：占用卡数乘以占用时长；因收回而损失的部分不计。",
    ),
)
def chip_hours_delivered() -> Iterable[Fact]:
    return facts_from_events(
        "compute.job.finish",
        "compute.job.fail",
        "compute.job.give_back",
        kind="compute.job",
        amount=lambda event, payload: Fraction(payload["noted"]["used_ms"], HOUR),
        dims=lambda event, payload: {k: payload["noted"][k] for k in ("domestic", "region")},
    )


@measure(
    "compute.jobs_finished",
    unit="count(job)",
    nature="flow",
    title=Text("Jobs finished", "完成作业数"),
    definition=Text("Jobs that came to a good end.", "正常完成的计算作业。"),
)
def jobs_finished() -> Iterable[Fact]:
    return facts_from_events("compute.job.finish", kind="compute.job")


@measure(
    "compute.job_wait",
    unit="second",
    nature="flow",
    title=Text("Wait of jobs", "作业等待时长"),
    definition=Text(
        "From submission to start, for each job that started. Starts after a recall are left out.",
        "每个已启动作业自提交至启动的时长，不含收回后的再次启动。",
    ),
)
def job_wait() -> Iterable[Fact]:
    facts = facts_from_events(
        "compute.job.start",
        kind="compute.job",
        amount=lambda event, payload: (
            -1 if "again" in payload["noted"] else Fraction(payload["noted"]["wait_ms"], 1000)
        ),
    )
    return (fact for fact in facts if fact.amount >= 0)


@measure(
    "compute.vouchers_paid",
    unit="fen",
    nature="flow",
    title=Text("Compute vouchers paid", "兑付的算力券"),
    definition=Text(
        "What redeemed vouchers paid, less what was paid back or claimed back, on the day it was booked.",
        "已兑付算力券金额，减去退回与追回金额，按记账之日计。",
    ),
)
def vouchers_paid() -> Iterable[Fact]:
    return facts_from_events(
        "compute.voucher.redeem",
        "compute.voucher.revise",
        kind="compute.voucher",
        amount=lambda event, payload: (
            payload["noted"].get("paid_fen", 0) - payload["noted"].get("paid_back_fen", 0)
        ),
    )


@measure(
    "compute.carbon_emitted",
    unit="count(gram)",
    nature="flow",
    title=Text("CO2e of computing", "算力碳排放（CO2e）"),
    definition=Text(
        "Grams of CO2e of jobs that ended at centres which declare power, PUE and intensity; the making of hardware is not "
        "included. Jobs at other centres are left out.",
        "在申报功率、PUE与碳强度的算力中心结束的作业所排放的CO2e克数，不含硬件制造；其他中心的作业不计入。",
    ),
)
def carbon_emitted() -> Iterable[Fact]:
    facts = facts_from_events(
        "compute.job.finish",
        "compute.job.fail",
        kind="compute.job",
        amount=lambda event, payload: payload["noted"].get("carbon_g", -1),
        dims=lambda event, payload: {"region": payload["noted"]["region"]},
    )
    return (fact for fact in facts if fact.amount >= 0)
