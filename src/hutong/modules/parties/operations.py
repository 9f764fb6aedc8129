"""What can be done with parties: register, invite, grant, end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from hutong.kernel import identifiers
from hutong.kernel.errors import Denied, Invalid
from hutong.kernel.operation import Choice, Help, Personal, Reason, operation
from hutong.kernel.permission import ROLE_LABELS, Role
from hutong.kernel.text import Text
from hutong.modules.parties import policy as may
from hutong.modules.parties.lifecycle import ORGANISATION, PERSON, ROLE_GRANT, SESSION
from hutong.modules.parties.models import OperatorSession, Organisation, Person, RoleGrant
from hutong.platform.actors import may_open_session
from hutong.platform.context import RunContext

LONGEST_SESSION = 240

REGISTERS = Choice(
    (
        ("uscc", Text("Unified social credit code (GB 32100)", "统一社会信用代码（GB 32100）")),
        ("lei", Text("Legal entity identifier (ISO 17442)", "法人机构识别编码（ISO 17442）")),
        ("other", Text("Number of another register", "其他登记号")),
    )
)
KINDS = Choice(
    (
        ("enterprise", Text("Enterprise", "企业")),
        ("institute", Text("Research institute", "科研院所")),
        ("university", Text("University", "高等院校")),
        ("centre", Text("Computing centre", "算力中心")),
        ("public_body", Text("Public body", "公共机构")),
    )
)
# The hub's own role is held by nobody.
ROLES = Choice(tuple((r.value, ROLE_LABELS[r]) for r in Role if r is not Role.SYSTEM))
HUB_WIDE = {
    Role.TASK_FORCE,
    Role.EVALUATOR,
    Role.SUPERVISOR,
    Role.AUDITOR,
    Role.OPERATOR,
    Role.ETHICS_MEMBER,
    Role.REVIEWER,
}


def check_register(register: str, number: str) -> str:
    """The register number in its normal form; `Invalid` for a wrong length, character or check digit."""
    if register == "uscc":
        return identifiers.check_uscc(number, field="register_id")
    if register == "lei":
        return identifiers.check_lei(number, field="register_id")
    return number


@operation(
    "parties.organisation.register",
    permission=may.ORGANISATION_REGISTER,
    title=Text("Register an organisation", "登记单位"),
    sentence=Text("registered the organisation {subject}", "登记了单位 {subject}"),
    lifecycle=ORGANISATION,
    creates=Organisation,
)
def organisation_register(
    ctx: RunContext,
    *,
    name_en: Annotated[str, Text("Name in English", "英文名称")],
    name_zh: Annotated[str, Text("Name in Chinese", "中文名称")],
    register_id: Annotated[str, Text("Register number", "登记号")],
    register: Annotated[str, Text("Register", "登记类别"), REGISTERS] = "uscc",
    kind: Annotated[str, Text("Kind", "类型"), KINDS] = "enterprise",
    region: Annotated[str, Text("Region (GB/T 2260)", "行政区划（GB/T 2260）")] = "110000",
) -> Organisation:
    """Take an organisation into the register of parties, under a number whose check digit holds."""
    number = check_register(register, register_id)
    return Organisation(
        name_en=name_en, name_zh=name_zh, register=register, register_id=number, kind=kind, region=region
    )


@operation(
    "parties.organisation.suspend",
    permission=may.ORGANISATION_SUSPEND,
    title=Text("Suspend", "暂停"),
    sentence=Text("suspended the organisation {subject}", "暂停了单位 {subject}"),
    lifecycle=ORGANISATION,
    transition=ORGANISATION.suspend,
)
def organisation_suspend(ctx: RunContext, organisation: Organisation, *, reason: Reason) -> None:
    """Suspend an organisation; its people keep their accounts and see why."""


@operation(
    "parties.organisation.resume",
    permission=may.ORGANISATION_SUSPEND,
    title=Text("Resume", "恢复"),
    sentence=Text("resumed the organisation {subject}", "恢复了单位 {subject}"),
    lifecycle=ORGANISATION,
    transition=ORGANISATION.resume,
)
def organisation_resume(ctx: RunContext, organisation: Organisation, *, reason: Reason) -> None:
    """End the suspension of an organisation."""


@operation(
    "parties.person.invite",
    permission=may.PERSON_INVITE,
    title=Text("Invite a person", "邀请人员"),
    sentence=Text("invited the person {subject}", "邀请了人员 {subject}"),
    lifecycle=PERSON,
    creates=Person,
)
def person_invite(
    ctx: RunContext,
    *,
    name: Annotated[str, Text("Name", "姓名"), Personal()],
    email: Annotated[str, Text("E-mail address", "电子邮箱"), Personal()],
) -> Person:
    """Open an account for a person. The log keeps salted commitments to name and address, never the values."""
    person = Person(name=name, email=Person.objects.normalize_email(email).lower())
    person.set_unusable_password()
    return person


@operation(
    "parties.person.close",
    permission=may.PERSON_CLOSE,
    title=Text("Close the account", "关闭账户"),
    sentence=Text("closed the account of {subject}", "关闭了 {subject} 的账户"),
    lifecycle=PERSON,
    transition=PERSON.close,
)
def person_close(ctx: RunContext, person: Person, *, reason: Reason) -> None:
    """Close an account: the person can no longer sign in; what they did stays."""
    person.is_active = False


@operation(
    "parties.grant.give",
    permission=may.GRANT_GIVE,
    title=Text("Grant a role", "授予角色"),
    sentence=Text("granted a role to {subject}", "向 {subject} 授予角色"),
    lifecycle=ROLE_GRANT,
    creates=RoleGrant,
)
def grant_give(
    ctx: RunContext,
    person: Person,
    *,
    role: Annotated[str, Text("Role", "角色"), ROLES],
    organisation: Organisation | None = None,
    valid_from: Annotated[datetime | None, Text("From", "起始时间")] = None,
    valid_to: Annotated[datetime | None, Text("Until", "截止时间")] = None,
) -> RoleGrant:
    """Grant a role to a person for an organisation, or for the whole hub where the role has no organisation."""
    if organisation is None and Role(role) not in HUB_WIDE:
        raise Invalid(
            Text("This role is held for an organisation.", "该角色须就某一单位持有。"),
            rule="grant.organisation",
            remedy=Text("Name the organisation.", "请填写单位。"),
            field="organisation",
        )
    begins = valid_from or ctx.now
    if valid_to is not None and valid_to <= begins:
        raise Invalid(
            Text("The grant would end before it begins.", "授权截止时间早于起始时间。"),
            rule="grant.period",
            remedy=Text(
                "Give an end after the beginning, or none.", "请填写晚于起始时间的截止时间，或留空。"
            ),
            field="valid_to",
        )
    return RoleGrant(
        person=person, organisation=organisation, role=role, valid_from=begins, valid_to=valid_to
    )


@operation(
    "parties.grant.end",
    permission=may.GRANT_END,
    title=Text("End the grant", "终止授权"),
    sentence=Text("ended the role grant {subject}", "终止了角色授权 {subject}"),
    lifecycle=ROLE_GRANT,
    transition=ROLE_GRANT.end,
)
def grant_end(ctx: RunContext, grant: RoleGrant, *, reason: Reason) -> None:
    """End a role before its time. What was done under it stays valid."""
    if ctx.now > grant.valid_from:
        grant.valid_to = ctx.now


@operation(
    "parties.session.open",
    permission=may.SESSION_OPEN,
    title=Text("Open an operator session", "开启运维会话"),
    sentence=Text("opened the operator session {subject}", "开启了运维会话 {subject}"),
    lifecycle=SESSION,
    creates=OperatorSession,
)
def session_open(
    ctx: RunContext,
    *,
    reason: Reason,
    minutes: Annotated[int, Text("Minutes", "时长（分钟）"), Help(Text("1 to 240", "1至240"))] = 60,
) -> OperatorSession:
    """Take up the hub operator's rights for some minutes, for a stated reason; they end by themselves."""
    person = Person.objects.filter(pk=ctx.actor.id or 0).first()
    if person is None or not may_open_session(person, ctx.now):
        raise Denied(
            Text("You are not an operator of this hub.", "您不是本平台的运维人员。"),
            rule="session.operator",
            remedy=Text("Ask an operator to grant you the role.", "请由运维人员授予该角色。"),
        )
    if not 1 <= minutes <= LONGEST_SESSION:
        raise Invalid(
            Text("A session lasts 1 to {n} minutes.", "会话时长为1至{n}分钟。").format(n=LONGEST_SESSION),
            rule="session.minutes",
            remedy=Text("Give fewer minutes and open another when needed.", "请缩短时长，必要时再次开启。"),
            field="minutes",
        )
    ends = ctx.now + timedelta(minutes=minutes)
    return OperatorSession(person=person, reason=reason, opened_at=ctx.now, ends_at=ends)


@operation(
    "parties.session.close",
    permission=may.SESSION_CLOSE,
    title=Text("Close the session", "结束会话"),
    sentence=Text("closed the operator session {subject}", "结束了运维会话 {subject}"),
    lifecycle=SESSION,
    transition=SESSION.close,
)
def session_close(ctx: RunContext, session: OperatorSession) -> None:
    """Give the operator's rights back before the session ends by itself."""
