"""Deployed services: register under an endpoint that is admitted, hear what it says it is, freeze it as a version."""

from __future__ import annotations

from typing import Annotated

from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.operation import FileRef, Help, Json, Long, Reason, operation
from hutong.kernel.text import Text
from hutong.modules.datahub.contract import DataGrant
from hutong.modules.passport.contract import System, Version
from hutong.modules.trust import endpoints, services
from hutong.modules.trust import policy as may
from hutong.modules.trust.lifecycle import SERVICE
from hutong.modules.trust.models import Service
from hutong.modules.trust.tasks import look
from hutong.platform.context import RunContext


@operation(
    "trust.service.register",
    permission=may.SERVICE_REGISTER,
    title=Text("Register a deployed service", "登记已部署的服务"),
    sentence=Text("registered the service {subject}", "登记了服务 {subject}"),
    lifecycle=SERVICE,
    creates=Service,
    needs=("registered", "published"),
)
def service_register(
    ctx: RunContext,
    system: System,
    *,
    endpoint: Annotated[
        str,
        Text("Endpoint", "接口"),
        Help(
            Text(
                "A name that the hub's operator has admitted for your organisation.",
                "平台运维人员为贵单位准入的接口名称。",
            )
        ),
    ],
    build: Annotated[str, Text("Build or version that is served", "所服务的构建或版本")],
    declaration: Annotated[
        Json | None,
        Text("Labels and inputs", "标签与输入"),
        Help(
            Text(
                "Only for a classifier: labels, domain, label and groups, as in the guide. Empty for a service that "
                "answers in words.",
                "仅分类服务填写：标签、输入域、标签列与分组列，格式见指南；生成文本的服务留空。",
            )
        ),
    ] = None,
    grant: Annotated[DataGrant | None, Text("Data grant for the rows", "数据行的授权")] = None,
) -> Service:
    """Register a system as it is deployed, so that it can be evaluated where it stands. The hub asks it what it is."""
    given = endpoints.admitted(endpoint, system.organisation.code)
    told = None if declaration is None else declaration.value
    if grant is not None and grant.system_id != system.pk:
        raise Invalid(
            Text("The grant is for another system.", "该授权属于其他系统。"),
            rule="service.grant_system",
            remedy=Text("Choose a grant of this system.", "请选择本系统的授权。"),
            field="grant",
        )
    services.check_declared(told, given, None if grant is None else tuple(grant.columns))
    made = Service(
        system=system, endpoint=endpoint, build=build, declaration=told, grant=grant, address=given.address
    )
    ctx.keep(made)
    ctx.enqueue(look, code=made.code)
    return made


@operation(
    "trust.service.look",
    permission=may.SERVICE_KEEP,
    title=Text("Ask it again", "重新访问"),
    sentence=Text("asked the service {subject} again", "重新访问了服务 {subject}"),
    lifecycle=SERVICE,
    transition=SERVICE.look,
)
def service_look(ctx: RunContext, service: Service) -> None:
    """Ask a service that did not answer once more."""
    service.fault = None
    service.address = services.admitted(service).address
    ctx.enqueue(look, code=service.code)


@operation(
    "trust.service.hear",
    permission=may.SERVICE_HEAR,
    title=Text("Record what it is", "记录其身份"),
    sentence=Text("heard what the service {subject} is", "记录了服务 {subject} 的身份"),
    lifecycle=SERVICE,
    transition=SERVICE.hear,
    hidden=True,
)
def service_hear(
    ctx: RunContext,
    service: Service,
    *,
    said: Annotated[str, Text("It says that it is", "其自称")] = "",
    card: Annotated[FileRef, Text("Service card", "服务卡片")],
) -> None:
    """Keep what a service answered that it is. The card that states it stands for the model."""
    service.said, service.card_sha256, service.fault = said, card.sha256, None


@operation(
    "trust.service.miss",
    permission=may.SERVICE_HEAR,
    title=Text("Record that it does not answer", "记录无法访问"),
    sentence=Text("got no proper answer of the service {subject}", "未获得服务 {subject} 的有效答复"),
    lifecycle=SERVICE,
    transition=SERVICE.miss,
    hidden=True,
)
def service_miss(ctx: RunContext, service: Service, *, fault: Annotated[Json, Text("Fault", "故障")]) -> None:
    """Keep why a service could not be asked."""
    service.fault = fault.value


@operation(
    "trust.service.change",
    permission=may.SERVICE_HEAR,
    title=Text("Record that it changed", "记录已变更"),
    sentence=Text("found that the service {subject} changed", "发现服务 {subject} 已变更"),
    lifecycle=SERVICE,
    transition=SERVICE.change,
    hidden=True,
)
def service_change(ctx: RunContext, service: Service, *, reason: Reason) -> None:
    """Keep that a service is no longer what was registered. Certificates of it are suspended by this."""
    ctx.note(said=service.said, card=service.card_sha256)


@operation(
    "trust.service.withdraw",
    permission=may.SERVICE_KEEP,
    title=Text("Withdraw the service", "撤回服务"),
    sentence=Text("withdrew the service {subject}", "撤回了服务 {subject}"),
    lifecycle=SERVICE,
    transition=SERVICE.withdraw,
)
def service_withdraw(ctx: RunContext, service: Service, *, reason: Reason) -> None:
    """Take a service out of use here. Certificates of it are suspended by this."""


@operation(
    "trust.service.freeze",
    permission=may.SERVICE_KEEP,
    title=Text("Freeze it as a version", "固定为版本"),
    sentence=Text("froze the deployed version {subject}", "固定了已部署的版本 {subject}"),
    lifecycle=Version.lifecycle,
    creates=Version,
    needs=("answering",),
)
def service_freeze(
    ctx: RunContext,
    service: Service,
    *,
    label: Annotated[str, Text("Version", "版本号")],
    intended_use: Annotated[str, Text("Intended use and limits", "预期用途与边界"), Long(2_000)],
) -> Version:
    """Freeze the service as it stands: its card for the model, what its owner declares, and the rows it is asked about."""
    if Version.objects.filter(system=service.system, model_sha256=service.card_sha256).exists():
        raise Conflict(
            Text("{s} is frozen as a version already.", "{s} 已固定为版本。").format(s=service.code),
            rule="service.frozen",
            remedy=Text("Ask for the evaluation of that version.", "请为该版本申请评测。"),
        )
    spec = services.spec_of(service)
    ctx.attach(service.card_sha256, spec)
    ctx.note(model=service.card_sha256, spec=spec, build=service.build, said=service.said)
    return Version(
        system=service.system,
        label=label,
        model_sha256=service.card_sha256,
        # A service that answers in words is asked about no rows: its questions are made under the plan.
        data_sha256=service.grant.version_of.file_sha256 if service.grant else spec,
        spec_sha256=spec,
        intended_use=intended_use,
    )
