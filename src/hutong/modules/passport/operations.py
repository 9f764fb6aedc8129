"""What can be done with a passport."""

from __future__ import annotations

import re
from typing import Annotated

from hutong.kernel.errors import Invalid
from hutong.kernel.operation import Choice, FileRef, Help, Long, Reason, operation
from hutong.kernel.text import Text
from hutong.modules.passport import policy as may
from hutong.modules.passport.lifecycle import SYSTEM, VERSION
from hutong.modules.passport.models import System, Version
from hutong.platform.context import RunContext

RISK_CLASSES = Choice(
    (
        ("1", Text("1 minimal", "1级 极低")),
        ("2", Text("2 general", "2级 一般")),
        ("3", Text("3 considerable", "3级 较大")),
        ("4", Text("4 high", "4级 重大")),
        ("5", Text("5 highest", "5级 特别重大")),
    )
)
_DIGEST = re.compile(r"[0-9a-f]{64}")
Digest = Annotated[str, Text("SHA-256 of the data", "数据SHA-256")]


def _digest(value: str, field: str) -> str:
    found = value.strip().lower()
    if not _DIGEST.fullmatch(found):
        raise Invalid(
            Text("This is not a SHA-256 digest.", "该值不是SHA-256摘要。"),
            rule="input.digest",
            remedy=Text("Give 64 hexadecimal digits.", "请填写64位十六进制数字。"),
            field=field,
        )
    return found


@operation(
    "passport.system.register",
    permission=may.SYSTEM_REGISTER,
    title=Text("Register an AI system", "登记人工智能系统"),
    sentence=Text("registered the system {subject}", "登记了系统 {subject}"),
    lifecycle=SYSTEM,
    creates=System,
)
def system_register(
    ctx: RunContext,
    *,
    name_en: Annotated[str, Text("Name in English", "英文名称")],
    name_zh: Annotated[str, Text("Name in Chinese", "中文名称")],
    purpose: Annotated[str, Text("What it is for, and whom it affects", "用途及影响对象"), Long(2_000)],
    risk_class: Annotated[
        str,
        Text("Risk class", "风险等级"),
        RISK_CLASSES,
        Help(Text("How much a failure could harm.", "按失效可能造成的危害程度确定。")),
    ],
) -> System:
    """Open the passport of an AI system for the own organisation."""
    return System(
        organisation=ctx.own_organisation(),
        name_en=name_en,
        name_zh=name_zh,
        purpose=purpose,
        risk_class=int(risk_class),
    )


@operation(
    "passport.system.publish",
    permission=may.SYSTEM_PUBLISH,
    title=Text("Publish the passport", "公开系统护照"),
    sentence=Text("published the passport {subject}", "公开了系统护照 {subject}"),
    lifecycle=SYSTEM,
    transition=SYSTEM.publish,
)
def system_publish(ctx: RunContext, system: System) -> None:
    """Let everybody read the passport: stages, versions and outcome. It cannot be hidden again."""
    system.public = True


@operation(
    "passport.system.withdraw",
    permission=may.SYSTEM_WITHDRAW,
    title=Text("Withdraw the system", "撤回系统"),
    sentence=Text("withdrew the system {subject}", "撤回了系统 {subject}"),
    lifecycle=SYSTEM,
    transition=SYSTEM.withdraw,
)
def system_withdraw(ctx: RunContext, system: System, *, reason: Reason) -> None:
    """Take a system out of the lane. What happened stays in its dossier."""


@operation(
    "passport.version.freeze",
    permission=may.VERSION_FREEZE,
    title=Text("Freeze a version", "固定版本"),
    sentence=Text("froze the version {subject}", "固定了版本 {subject}"),
    lifecycle=VERSION,
    creates=Version,
    needs=("registered", "published"),
)
def version_freeze(
    ctx: RunContext,
    system: System,
    *,
    label: Annotated[str, Text("Version", "版本号")],
    model: Annotated[FileRef, Text("Model file", "模型文件")],
    data: Digest,
    spec: Annotated[str, Text("SHA-256 of the build specification", "构建规格SHA-256")],
    intended_use: Annotated[str, Text("Intended use and limits", "预期用途与边界"), Long(2_000)],
) -> Version:
    """Freeze model, data and specification of a version by digest: what is evaluated from now on is this and no other."""
    return Version(
        system=system,
        label=label,
        model_sha256=model.sha256,
        data_sha256=_digest(data, "data"),
        spec_sha256=_digest(spec, "spec"),
        intended_use=intended_use,
    )


@operation(
    "passport.version.replace",
    permission=may.VERSION_REPLACE,
    title=Text("Replace the model", "更换模型"),
    sentence=Text("replaced the model of {subject}", "更换了 {subject} 的模型"),
    lifecycle=VERSION,
    transition=VERSION.replace,
)
def version_replace(
    ctx: RunContext,
    version: Version,
    *,
    model: Annotated[FileRef, Text("Model file", "模型文件")],
    reason: Reason,
) -> None:
    """Put another model file under the same version. Certificates of the version are suspended by this."""
    ctx.note(was=version.model_sha256, now=model.sha256)
    version.model_sha256 = model.sha256
