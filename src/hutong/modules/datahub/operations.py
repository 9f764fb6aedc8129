"""What can be done with data sets, versions, grants and uses."""

from __future__ import annotations

import io
from datetime import date
from typing import Annotated

from hutong.kernel import canonical
from hutong.kernel.clock import local_date, working_calendar
from hutong.kernel.errors import Conflict, Denied, Invalid
from hutong.kernel.operation import Choice, FileRef, Help, Long, Reason, operation
from hutong.kernel.text import Text
from hutong.modules.datahub import policy as may
from hutong.modules.datahub import tables
from hutong.modules.datahub.lifecycle import DATASET, GRANT, USE, VERSION
from hutong.modules.datahub.models import DataGrant, Dataset, DatasetVersion, DataUse
from hutong.modules.datahub.rules import check_live
from hutong.modules.passport.contract import System
from hutong.platform import files
from hutong.platform.context import RunContext

GRADES = Choice(
    (
        ("general", Text("General", "一般数据")),
        ("important", Text("Important", "重要数据")),
        ("core", Text("Core", "核心数据")),
    )
)
PURPOSES = Choice(
    (
        ("training", Text("Training", "训练")),
        ("evaluation", Text("Evaluation", "评测")),
        ("training_and_evaluation", Text("Training and evaluation", "训练与评测")),
    )
)


@operation(
    "datahub.dataset.register",
    permission=may.DATASET_REGISTER,
    title=Text("Register a data set", "登记数据集"),
    sentence=Text("registered the data set {subject}", "登记了数据集 {subject}"),
    lifecycle=DATASET,
    creates=Dataset,
)
def dataset_register(
    ctx: RunContext,
    *,
    title_en: Annotated[str, Text("Title in English", "英文标题")],
    title_zh: Annotated[str, Text("Title in Chinese", "中文标题")],
    description: Annotated[str, Text("What it holds, and where it comes from", "内容与来源"), Long(5_000)],
    grade: Annotated[
        str, Text("Grade (Data Security Law, art. 21)", "数据分级（数据安全法第二十一条）"), GRADES
    ],
    licence: Annotated[str, Text("Licence", "许可")],
    personal: Annotated[bool, Text("Holds personal data", "含个人信息")] = False,
    regions: Annotated[
        str,
        Text("Regions that its rows may not leave", "数据不得出域的行政区划"),
        Help(Text("GB/T 2260 codes; none: nothing binds them.", "GB/T 2260 代码；不填则不限。")),
    ] = "",
) -> Dataset:
    """Take a data set of the own organisation into the catalogue; its rows come with its first version."""
    within = sorted(set(regions.replace(",", " ").split()))
    if not all(len(code) == 6 and code.isdigit() for code in within):
        raise Invalid(
            Text("A region is six digits.", "行政区划代码为六位数字。"),
            rule="dataset.regions",
            remedy=Text("For example 110000 for Beijing.", "例如北京为 110000。"),
            field="regions",
        )
    return Dataset(
        organisation=ctx.own_organisation(),
        title_en=title_en,
        title_zh=title_zh,
        description=description,
        grade=grade,
        licence=licence,
        personal=personal,
        regions=within,
    )


@operation(
    "datahub.dataset.publish",
    permission=may.DATASET_PUBLISH,
    title=Text("Publish in the catalogue", "发布至目录"),
    sentence=Text("published the data set {subject}", "发布了数据集 {subject}"),
    lifecycle=DATASET,
    transition=DATASET.publish,
)
def dataset_publish(ctx: RunContext, dataset: Dataset) -> None:
    """Show the data set to everybody, with its manifest and never with its rows."""
    if not dataset.versions.exists():
        raise Conflict(
            Text("The data set has no version yet.", "该数据集尚无版本。"),
            rule="dataset.no_version",
            remedy=Text("Release a version first.", "请先发布版本。"),
        )


@operation(
    "datahub.dataset.withdraw",
    permission=may.DATASET_PUBLISH,
    title=Text("Withdraw from the catalogue", "撤出目录"),
    sentence=Text("withdrew the data set {subject}", "撤回了数据集 {subject}"),
    lifecycle=DATASET,
    transition=DATASET.withdraw,
)
def dataset_withdraw(ctx: RunContext, dataset: Dataset, *, reason: Reason) -> None:
    """Offer a data set no longer. Grants that were issued stay until they end or are revoked."""


@operation(
    "datahub.version.release",
    permission=may.VERSION_RELEASE,
    title=Text("Release a version", "发布版本"),
    sentence=Text("released the version {subject}", "发布了版本 {subject}"),
    lifecycle=VERSION,
    creates=DatasetVersion,
    needs=("draft", "published"),
)
def version_release(
    ctx: RunContext,
    dataset: Dataset,
    *,
    label: Annotated[str, Text("Version", "版本号")],
    file: Annotated[FileRef, Text("Rows (Parquet or CSV)", "数据行（Parquet或CSV）")],
) -> DatasetVersion:
    """Fix the rows of a data set for good: Parquet and manifest by digest. A correction is a new version."""
    content = tables.parquet_bytes(tables.read_table(files.read(file.sha256)))
    stored = files.store(
        io.BytesIO(content), name=f"{label}.parquet", media_type="application/vnd.apache.parquet"
    )
    # Of what was stored, since Parquet has fewer types than the file that came in; and it is public.
    table = tables.read_table(content)
    told = not dataset.personal and dataset.grade == "general"
    manifest = tables.manifest(table, stored.sha256, values=told)
    ctx.attach(stored.sha256)
    ctx.note(manifest_sha256=canonical.digest(manifest), rows=table.num_rows)
    return DatasetVersion(
        dataset=dataset,
        label=label,
        file_sha256=stored.sha256,
        manifest=manifest,
        manifest_sha256=canonical.digest(manifest),
        rows=table.num_rows,
    )


@operation(
    "datahub.grant.request",
    permission=may.GRANT_REQUEST,
    title=Text("Ask for access", "申请使用"),
    sentence=Text("asked for the data grant {subject}", "申请了数据授权 {subject}"),
    lifecycle=GRANT,
    creates=DataGrant,
    needs=("released",),
)
def grant_request(
    ctx: RunContext,
    version: DatasetVersion,
    *,
    system: System,
    purpose: Annotated[str, Text("Purpose", "用途"), PURPOSES],
    justification: Reason,
    valid_to: Annotated[date, Text("Until", "截止日期")],
    quota: Annotated[int, Text("Number of reads", "读取次数"), Help(Text("1 to 1000", "1至1000"))] = 10,
    columns: Annotated[list[str], Text("Columns (empty: all)", "列（留空为全部）")] = [],  # noqa: B006
) -> DataGrant:
    """Ask the owner of the data for the right to read some columns for a purpose, a term and a number of reads."""
    _own(ctx, system)
    _offered(version)
    today = local_date(ctx.now)
    known = [c["name"] for c in version.manifest["columns"]]
    unknown = sorted(set(columns) - set(known))
    if unknown:
        raise Invalid(
            Text("The version has no column {c}.", "该版本没有列 {c}。").format(c=unknown[0][:40]),
            rule="grant.column",
            remedy=Text("Columns are: {k}.", "可用列：{k}。").format(k=", ".join(known[:40])),
            field="columns",
        )
    if valid_to < today or not 1 <= quota <= 1000:
        field = "valid_to" if valid_to < today else "quota"
        raise Invalid(
            Text(
                "A grant ends in the future and allows 1 to 1000 reads.",
                "授权须于将来截止，读取次数为1至1000。",
            ),
            rule=f"grant.{field}",
            remedy=Text("Correct the term or the number.", "请更正期限或次数。"),
            field=field,
        )
    return DataGrant(
        version_of=version,
        system=system,
        organisation_id=system.organisation_id,
        purpose=purpose,
        justification=justification,
        columns=[c for c in known if c in columns] or known,
        valid_from=today,
        valid_to=valid_to,
        quota=quota,
    )


def _own(ctx: RunContext, system: System) -> None:
    if system.organisation_id != ctx.organisation:
        raise Denied(
            Text("{s} belongs to another organisation.", "{s} 属于其他单位。").format(s=system.code),
            rule="grant.own_system",
            remedy=Text("Name a system of your own organisation.", "请填写本单位的系统。"),
            field="system",
        )


def _offered(version: DatasetVersion) -> None:
    if version.dataset.state != "published":
        raise Conflict(
            Text("{v} is not offered in the catalogue.", "{v} 不在公开目录中。").format(v=version.code),
            rule="grant.not_offered",
            remedy=Text("Choose a data set of the catalogue.", "请选择目录中的数据集。"),
            field="version",
        )


@operation(
    "datahub.grant.issue",
    permission=may.GRANT_ISSUE,
    title=Text("Issue the grant", "准予授权"),
    sentence=Text("issued the data grant {subject}", "准予了数据授权 {subject}"),
    lifecycle=GRANT,
    transition=GRANT.issue,
)
def grant_issue(ctx: RunContext, grant: DataGrant, *, reason: Reason) -> None:
    """Grant the use that was asked for. Later gates of the lane may refuse this."""
    today = local_date(ctx.now)
    if grant.valid_to < today:
        raise Conflict(
            Text("The term that was asked for is over.", "所申请的期限已届满。"),
            rule="grant.term_over",
            remedy=Text("Deny it; the applicant may ask for a new term.", "请不予许可，由申请方另行申请。"),
            field="valid_to",
        )
    elapsed = working_calendar().working_days_between(local_date(grant.created_at), today)
    ctx.note(working_days=elapsed.days, provisional=elapsed.provisional)
    grant.decision = reason


@operation(
    "datahub.grant.deny",
    permission=may.GRANT_DENY,
    title=Text("Deny the grant", "不予授权"),
    sentence=Text("denied the data grant {subject}", "不予数据授权 {subject}"),
    lifecycle=GRANT,
    transition=GRANT.deny,
)
def grant_deny(ctx: RunContext, grant: DataGrant, *, reason: Reason) -> None:
    """Refuse the use that was asked for, with the reason."""
    grant.decision = reason


@operation(
    "datahub.grant.revoke",
    permission=may.GRANT_REVOKE,
    title=Text("Revoke the grant", "撤销授权"),
    sentence=Text("revoked the data grant {subject}", "撤销了数据授权 {subject}"),
    lifecycle=GRANT,
    transition=GRANT.revoke,
)
def grant_revoke(ctx: RunContext, grant: DataGrant, *, reason: Reason) -> None:
    """Take a grant back: from now on nothing is read under it."""
    grant.decision = reason


@operation(
    "datahub.use.record",
    permission=may.USE_RECORD,
    title=Text("Record a use", "记录使用"),
    sentence=Text("recorded the data use {subject}", "记录了数据使用 {subject}"),
    lifecycle=USE,
    creates=DataUse,
    hidden=True,
)
def use_record(
    ctx: RunContext,
    grant: DataGrant,
    *,
    reader: Annotated[str, Text("Read by", "读取方")],
    purpose: Annotated[str, Text("Purpose", "用途"), Choice(PURPOSES.options[:2])],
) -> DataUse:
    """Write down one read before it happens. No live grant, no read: state, term, purpose and quota are checked here."""
    check_live(grant, local_date(ctx.now), purpose)
    grant.used += 1
    return DataUse(grant=grant, reader=reader, purpose=purpose, rows=grant.version_of.rows)
