"""What can be done in the forge: submit a build; the hub itself registers what came out."""

from __future__ import annotations

from typing import Annotated

from hutong.engines.forge import spec_of
from hutong.kernel.clock import local_date
from hutong.kernel.errors import Denied, Invalid
from hutong.kernel.operation import FileRef, Help, Json, operation
from hutong.kernel.text import Text
from hutong.modules.compute.contract import Allocation, submit_job
from hutong.modules.datahub.contract import DataGrant, check_live
from hutong.modules.forge import policy as may
from hutong.modules.forge.lifecycle import ARTEFACT, BUILD
from hutong.modules.forge.models import Artefact, Build
from hutong.modules.passport.contract import System
from hutong.platform.context import RunContext

PROGRAM = "forge.build"


@operation(
    "forge.build.submit",
    permission=may.BUILD_SUBMIT,
    title=Text("Submit a build", "提交构建"),
    sentence=Text("submitted the build {subject}", "提交了构建 {subject}"),
    lifecycle=BUILD,
    creates=Build,
)
def build_submit(
    ctx: RunContext,
    system: System,
    *,
    spec: Annotated[
        Json,
        Text("Specification", "构建规格"),
        Help(Text("YAML, format hutong-build/1.", "YAML，格式 hutong-build/1。")),
    ],
    grant: DataGrant,
    allocation: Allocation,
    chips: Annotated[int, Text("Chips", "卡数")] = 1,
    limit_s: Annotated[int, Text("Limit (seconds)", "时限（秒）")] = 600,
) -> Build:
    """Queue a build: the specification is checked against the granted columns now, the data is read when it runs."""
    checked = spec_of(spec.value)
    for name, record in (("grant", grant), ("allocation", allocation)):
        if record.system_id != system.pk:
            raise Denied(
                Text("{r} is for another system.", "{r} 属于其他系统。").format(r=record.code),
                rule=f"build.{name}_of_system",
                remedy=Text("Name one that was given for this system.", "请填写为本系统取得的编号。"),
                field=name,
            )
    check_live(grant, local_date(ctx.now), "training")
    missing = sorted(set(checked.columns) - set(grant.columns))
    if missing:
        raise Invalid(
            Text("The grant does not cover the column {c}.", "授权不含列 {c}。").format(c=missing[0]),
            rule="spec.column_missing",
            remedy=Text("Granted are: {k}.", "已授权列：{k}。").format(k=", ".join(grant.columns[:40])),
            field="spec",
        )
    inputs = {"system": system.code, "grant": grant.code, "spec_sha256": checked.digest}
    job = submit_job(ctx, allocation, PROGRAM, inputs, chips=chips, limit_s=limit_s)
    ctx.note(job=job.code, spec_sha256=checked.digest)
    return Build(system=system, spec=spec.value, spec_sha256=checked.digest, grant=grant, job=job)


@operation(
    "forge.artefact.register",
    permission=may.ARTEFACT_REGISTER,
    title=Text("Register the artefact", "登记模型制品"),
    sentence=Text("registered the artefact {subject}", "登记了模型制品 {subject}"),
    lifecycle=ARTEFACT,
    creates=Artefact,
    hidden=True,
)
def artefact_register(
    ctx: RunContext,
    build: Build,
    *,
    model: Annotated[FileRef, Text("Model file", "模型文件")],
    parity: Annotated[FileRef, Text("Parity report", "一致性报告")],
    data_sha256: Annotated[str, Text("Data", "数据")],
    report: Annotated[Json, Text("Report", "报告")],
) -> Artefact:
    """Bind a model file to the build, the specification and the data that made it, with the parity that was measured."""
    BUILD.check(BUILD.complete, build)
    build.state = BUILD.complete.target
    made = report.value
    ctx.note(
        framework=made["framework"],
        parity_passed=made["parity"]["passed"],
        parity_worst=made["parity"]["worst"],
        parity_rows=made["parity"]["rows"] + made["parity"]["edges"],
    )
    return Artefact(
        build=build,
        model_sha256=model.sha256,
        parity_sha256=parity.sha256,
        spec_sha256=made["spec_sha256"],
        data_sha256=data_sha256,
        framework=made["framework"],
        parity_passed=made["parity"]["passed"],
        report=made,
    )
