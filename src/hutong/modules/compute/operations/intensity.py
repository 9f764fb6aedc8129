"""What a centre declares of its energy: carbon intensity of its electricity hour by hour, PUE, power of its chips."""

from __future__ import annotations

from typing import Annotated

from hutong.engines.broker.carbon import HourlySeries, load_series
from hutong.kernel.errors import Invalid
from hutong.kernel.operation import FileRef, Help, operation
from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.broker.signals import HOUR
from hutong.modules.compute.models import Centre, Intensity, Pool
from hutong.platform import files
from hutong.platform.context import RunContext

COLUMN = "g_per_kwh"
# Two years of hours; more than any grid emits; more than any chip draws.
MOST_HOURS, MOST_GRAMS, MOST_WATTS = 17_568, 5_000, 20_000


@operation(
    "compute.centre.intensity",
    permission=may.CENTRE_DECLARE,
    title=Text("Post carbon intensities", "公布碳强度"),
    sentence=Text("posted carbon intensities for {subject}", "公布了 {subject} 的碳强度"),
    needs=("active", "draining", "suspended"),
)
def centre_intensity(
    ctx: RunContext,
    centre: Centre,
    *,
    series: Annotated[
        FileRef,
        Text("Hours as CSV", "小时数据（CSV）"),
        Help(
            Text(
                "Columns time (ISO 8601 with offset, full hours, no gap) and g_per_kwh; past hours or a forecast.",
                "列 time（带时区偏移的 ISO 8601，整点，无缺口）与 g_per_kwh；可为历史或预测。",
            )
        ),
    ],
    source: Annotated[
        str,
        Text("Source", "数据来源"),
        Help(Text("Whose figures these are, and of when.", "数据的发布方与时间。")),
    ],
) -> None:
    """Say what a kilowatt-hour of the centre's electricity emits, hour by hour. For an hour that was posted before, the
    latest word counts; jobs that ended keep what was booked for them."""
    try:
        read = load_series(files.path_of(series.sha256), COLUMN, "gCO2e/kWh")
    except Invalid as wrong:
        wrong.field = "series"
        raise
    values = _grams(read)
    ctx.attach(series.sha256)
    hours = {read.start + n * HOUR: grams for n, grams in enumerate(values)}
    known = dict(Intensity.objects.filter(centre=centre, at__in=list(hours)).values_list("at", "g_per_kwh"))
    Intensity.objects.bulk_create(
        [Intensity(centre=centre, at=at, g_per_kwh=grams, source=source) for at, grams in hours.items()],
        batch_size=200,
        update_conflicts=True,
        unique_fields=["centre", "at"],
        update_fields=["g_per_kwh", "source"],
    )
    ctx.note(
        begins=read.start.isoformat(),
        hours=len(hours),
        corrected=sum(1 for at, grams in known.items() if hours[at] != grams),
    )


def _grams(read: HourlySeries) -> list[int]:
    """Whole grams, rounded half up. `Invalid` intensity.hours or intensity.value, which names the line."""
    if len(read.values) > MOST_HOURS:
        raise Invalid(
            Text("The file has {n} hours.", "文件含{n}个小时。").format(n=len(read.values)),
            rule="intensity.hours",
            remedy=Text("Give at most {n} at a time.", "每次至多{n}个小时。").format(n=MOST_HOURS),
            field="series",
        )
    made = [int(value + 0.5) for value in read.values.tolist()]
    line = next((n for n, grams in enumerate(made, 2) if grams > MOST_GRAMS), None)
    if line is not None:
        raise Invalid(
            Text(
                "line {n}: {g} g is more than any grid emits", "第 {n} 行：{g} 克超出任何电网的碳强度"
            ).format(n=line, g=made[line - 2]),
            rule="intensity.value",
            remedy=Text("Give grams of CO2e per kilowatt-hour.", "请填写每千瓦时的CO2e克数。"),
            field="series",
        )
    return made


@operation(
    "compute.centre.pue",
    permission=may.CENTRE_DECLARE,
    title=Text("Declare the PUE", "申报电能利用效率"),
    sentence=Text("declared the PUE of {subject}", "申报了 {subject} 的电能利用效率"),
    needs=("active", "draining", "suspended"),
)
def centre_pue(
    ctx: RunContext,
    centre: Centre,
    *,
    pue: Annotated[
        int,
        Text("PUE in thousandths", "电能利用效率（千分之一）"),
        Help(Text("1200 is a PUE of 1.2; 0 takes it back.", "1200 即 PUE 1.2；0 为撤回。")),
    ],
) -> None:
    """Declare the power usage effectiveness (ISO/IEC 30134-2) by which the energy of later jobs is counted."""
    if pue and not 1000 <= pue <= 5000:
        raise Invalid(
            Text("A PUE lies between 1000 and 5000 thousandths.", "PUE须在千分之1000至5000之间。"),
            rule="centre.pue",
            remedy=Text(
                "Total energy by energy of the equipment, times 1000.", "总能耗除以设备能耗，再乘以1000。"
            ),
            field="pue",
        )
    ctx.note(before=centre.pue_milli)
    centre.pue_milli = pue


@operation(
    "compute.pool.watts",
    permission=may.POOL_PRICE,
    title=Text("Declare the power of a chip", "申报单卡功率"),
    sentence=Text("declared the power of a chip of {subject}", "申报了 {subject} 的单卡功率"),
    needs=("active",),
)
def pool_watts(
    ctx: RunContext,
    pool: Pool,
    *,
    watts: Annotated[
        int,
        Text("Watts of a chip at work", "单卡工作功率（瓦）"),
        Help(
            Text(
                "With its share of the node; without cooling, which is in the PUE. 0 takes it back.",
                "含节点分摊，不含制冷（计入PUE）。0 为撤回。",
            )
        ),
    ],
) -> None:
    """Declare what a chip draws at work: the energy of later jobs is counted by it."""
    if not 0 <= watts <= MOST_WATTS:
        raise Invalid(
            Text("A chip draws 0 to {n} watts.", "单卡功率为0至{n}瓦。").format(n=MOST_WATTS),
            rule="pool.watts",
            remedy=Text("Give whole watts of one chip.", "请填写单卡功率的整数瓦数。"),
            field="watts",
        )
    ctx.note(before=pool.watts)
    pool.watts = watts
