"""States of data sets, versions, grants and uses."""

from __future__ import annotations

from hutong.kernel.lifecycle import Deadline, Lifecycle, State, Transition
from hutong.kernel.text import Text

DATASET = Lifecycle(
    entity="dataset",
    title=Text("Data set", "数据集"),
    states=(
        State("draft", Text("Draft", "草稿"), "open"),
        State("published", Text("Published", "发布"), "holds"),
        State("withdrawn", Text("Withdrawn", "撤回"), "closed"),
    ),
    transitions=(
        Transition("publish", ("draft",), "published"),
        Transition("withdraw", ("draft", "published"), "withdrawn"),
    ),
)

VERSION = Lifecycle(
    entity="dataset_version",
    title=Text("Data set version", "数据集版本"),
    states=(State("released", Text("Released", "已发布版本"), "holds"),),
    transitions=(),
)

GRANT = Lifecycle(
    entity="data_grant",
    title=Text("Data grant", "数据使用授权"),
    states=(
        State("submitted", Text("Submitted", "提交"), "waiting"),
        State("issued", Text("Issued", "已授权"), "holds"),
        State("denied", Text("Denied", "不予许可"), "stopped"),
        State("revoked", Text("Revoked", "撤销"), "stopped"),
    ),
    transitions=(
        Transition(
            "issue",
            ("submitted",),
            "issued",
            separate_from=("datahub.grant.request",),
            deadline=Deadline(
                20,
                True,
                Text("Administrative Licensing Law, art. 42 (20 days, working days by art. 82)",
                     "行政许可法第四十二条（二十日，依第八十二条按工作日计）"),
            ),
        ),
        Transition("deny", ("submitted",), "denied"),
        Transition("revoke", ("issued",), "revoked"),
    ),
)  # fmt: skip

USE = Lifecycle(
    entity="data_use",
    title=Text("Data use", "数据使用记录"),
    states=(State("recorded", Text("Recorded", "已记录"), "holds"),),
    transitions=(),
)
