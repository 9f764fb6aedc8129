"""What the data department offers to the plan."""

from __future__ import annotations

from collections.abc import Iterable

from hutong.kernel.measure import Fact, measure
from hutong.kernel.text import Text
from hutong.platform.evidence import facts_from_events


@measure(
    "datahub.datasets_published",
    unit="count(dataset)",
    nature="flow",
    title=Text("Data sets published", "发布数据集数"),
    definition=Text(
        "Data sets shown in the public catalogue, on the day of publication.",
        "列入公开目录的数据集，按发布之日计。",
    ),
)
def datasets_published() -> Iterable[Fact]:
    return facts_from_events("datahub.dataset.publish", kind="datahub.dataset")


@measure(
    "datahub.versions_released",
    unit="count(version)",
    nature="flow",
    title=Text("Versions released", "发布版本数"),
    definition=Text(
        "Immutable versions of data sets, on the day of release.", "数据集不可变版本，按发布之日计。"
    ),
)
def versions_released() -> Iterable[Fact]:
    return facts_from_events("datahub.version.release", kind="datahub.version")


@measure(
    "datahub.grants_issued",
    unit="count(grant)",
    nature="flow",
    title=Text("Data grants issued", "准予数据授权数"),
    definition=Text(
        "Grants, on the day they were issued; later revocations stay counted.",
        "准予的授权，按准予之日计，含此后撤销的。",
    ),
)
def grants_issued() -> Iterable[Fact]:
    return facts_from_events("datahub.grant.issue", kind="datahub.grant")


@measure(
    "datahub.grant_working_days",
    unit="working_day",
    nature="flow",
    title=Text("Working days to a grant", "授权办理工作日"),
    definition=Text(
        "Working days from request to issue, for each grant that was issued.",
        "每项获准授权自申请至准予的工作日数。",
    ),
)
def grant_working_days() -> Iterable[Fact]:
    return facts_from_events(
        "datahub.grant.issue",
        kind="datahub.grant",
        amount=lambda event, payload: int(payload["noted"]["working_days"]),
    )


@measure(
    "datahub.uses_recorded",
    unit="count(use)",
    nature="flow",
    title=Text("Data uses", "数据使用次数"),
    definition=Text(
        "Reads under a grant, each written down before it happened.", "依授权进行的读取，每次读取前均予记录。"
    ),
)
def uses_recorded() -> Iterable[Fact]:
    return facts_from_events("datahub.use.record", kind="datahub.use")
