"""Experiments: a past stretch of time decided again with other pools, in the background."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from hutong.kernel.errors import Invalid
from hutong.kernel.operation import Help, Json, operation
from hutong.kernel.quantity import Money
from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.experiments.run import carry_out
from hutong.modules.compute.lifecycle import EXPERIMENT
from hutong.modules.compute.models import Experiment, Pool
from hutong.modules.compute.show.map import province_of
from hutong.platform.context import RunContext

WEEK = timedelta(days=7)
LONGEST = timedelta(days=92)
MOST_POOLS = 50
EXAMPLE = '[{chip: ascend910b, chips: 512, price: "9.00", region: "640500"}]'


@operation(
    "compute.experiment.run",
    permission=may.EXPERIMENT_RUN,
    title=Text("Ask what would have been", "开展推演"),
    sentence=Text("asked what would have been: {subject}", "开展了推演 {subject}"),
    lifecycle=EXPERIMENT,
    creates=Experiment,
)
def experiment_run(
    ctx: RunContext,
    *,
    chip: Annotated[
        str,
        Text("Kind of chip of a pool that joins", "加入算力池的芯片型号"),
        Help(
            Text(
                "Empty: none joins; the past is decided again as it was.", "不填：不加入算力池，按原样重演。"
            )
        ),
    ] = "",
    chips: Annotated[int, Text("Its number of chips", "芯片数量")] = 0,
    price: Annotated[Money | None, Text("Its price of a chip-hour", "每卡时价格")] = None,
    region: Annotated[str, Text("Its region (GB/T 2260)", "行政区划（GB/T 2260）")] = "110000",
    further: Annotated[
        Json | None, Text("Further pools that join", "其他加入的算力池"), Help(Text(EXAMPLE, EXAMPLE))
    ] = None,
    removed: Annotated[list[Pool], Text("Pools taken away", "撤出的算力池")] = [],  # noqa: B006
    begins: Annotated[
        datetime | None,
        Text("Period from", "时段起"),
        Help(Text("Empty: the last seven days.", "不填：最近七天。")),
    ] = None,
    ends: Annotated[datetime | None, Text("Until, excluded", "时段止（不含）")] = None,
) -> Experiment:
    """Decide a past period again with the hub's own jobs: as it was, and with the pools that join or are taken away."""
    until = ends or ctx.now
    since = begins or until - WEEK
    if not since < until <= ctx.now or until - since > LONGEST:
        raise Invalid(
            Text(
                "The period is empty, not over yet or longer than 92 days.", "时段为空、尚未结束或超过92天。"
            ),
            rule="experiment.period",
            remedy=Text("Give a period of at most 92 days that is over.", "请填写已结束且不超过92天的时段。"),
            field="begins",
        )
    added = [_pool(chip, chips, price, region)] if chip else []
    added += _further(further.value) if further is not None else []
    made = Experiment(begins=since, ends=until, added=added, removed=sorted({p.code for p in removed}))
    ctx.keep(made)
    ctx.enqueue(carry_out, experiment=made.code)
    return made


def _pool(chip: str, chips: int, price: Money | None, region: str, field: str = "chips") -> dict[str, Any]:
    known = chip and province_of(region)
    if not known or not 1 <= chips <= 1_000_000 or price is None or price.as_json() < 0:
        raise Invalid(
            Text(
                "A pool that joins has a kind of chip, a number of them, a price and a region of China.",
                "加入的算力池须有芯片型号、芯片数、价格与所在地。",
            ),
            rule="experiment.pool",
            remedy=Text(
                "Give chips from 1, a price in yuan and a code of GB/T 2260, for example 640500.",
                "请填写不小于1的芯片数、以元计的价格与行政区划代码，例如 640500。",
            ),
            field=field,
        )
    return {"chip": chip, "chips": chips, "fen": price.as_json(), "region": region}


def _further(rows: Any) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or len(rows) > MOST_POOLS or not all(isinstance(r, dict) for r in rows):
        rows = [{}]
    made = []
    for row in rows:
        chips = row.get("chips")
        price = Money.parse(str(row["price"]), field="further") if "price" in row else None
        given = (
            str(row.get("chip") or ""),
            chips if type(chips) is int else 0,
            price,
            str(row.get("region", "")),
        )
        made.append(_pool(*given, field="further"))
    return made


@operation(
    "compute.experiment.finish",
    permission=may.EXPERIMENT_CONCLUDE,
    title=Text("Conclude the experiment", "完成推演"),
    sentence=Text("concluded the experiment {subject}", "完成了推演 {subject}"),
    lifecycle=EXPERIMENT,
    transition=EXPERIMENT.finish,
    hidden=True,
)
def experiment_finish(
    ctx: RunContext, experiment: Experiment, *, result: Annotated[Json, Text("Result", "结果")]
) -> None:
    """Write down what came of an experiment."""
    experiment.result = result.value
    experiment.problem = {}


@operation(
    "compute.experiment.fail",
    permission=may.EXPERIMENT_CONCLUDE,
    title=Text("Fail the experiment", "推演失败"),
    sentence=Text("could not conclude the experiment {subject}", "未能完成推演 {subject}"),
    lifecycle=EXPERIMENT,
    transition=EXPERIMENT.fail,
    hidden=True,
)
def experiment_fail(
    ctx: RunContext, experiment: Experiment, *, problem: Annotated[Json, Text("Reason", "理由")]
) -> None:
    """Write down why an experiment came to nothing."""
    experiment.problem = problem.value
