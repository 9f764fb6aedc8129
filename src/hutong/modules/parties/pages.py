"""How organisations, people, roles and operator sessions appear on pages, in the API and in the CLI."""

from __future__ import annotations

from hutong.kernel.permission import ROLE_LABELS
from hutong.kernel.text import Text
from hutong.modules.parties import policy as may
from hutong.modules.parties.models import OperatorSession, Organisation, Person, RoleGrant
from hutong.modules.parties.operations import KINDS, REGISTERS
from hutong.platform.entities import Entity, Show, show

NAME_EN = Show("name_en", Text("Name in English", "英文名称"))
NAME_ZH = Show("name_zh", Text("Name in Chinese", "中文名称"))
KIND = Show("kind", Text("Kind", "类型"), "choice", dict(KINDS.options))
ROLE = Show("role", Text("Role", "角色"), "choice", {r.value: label for r, label in ROLE_LABELS.items()})
FROM = Show("valid_from", Text("From", "起始时间"), "instant")
UNTIL = Show("valid_to", Text("Until", "截止时间"), "instant")
WHO = Show("person", Text("Person", "人员"), "record")
FOR = Show("organisation", Text("Organisation", "单位"), "record")
ENDS = Show("ends_at", Text("Ends", "结束时间"), "instant")

show(
    Entity(
        model=Organisation,
        scope="parties",
        resource="organisation",
        view=may.ORGANISATION_VIEW,
        title=Organisation.title,
        plural=Text("Organisations", "单位"),
        columns=(NAME_ZH, NAME_EN, KIND),
        fields=(
            NAME_ZH,
            NAME_EN,
            KIND,
            Show("register", Text("Register", "登记类别"), "choice", dict(REGISTERS.options)),
            Show("register_id", Text("Register number", "登记号")),
            Show("region", Text("Region (GB/T 2260)", "行政区划（GB/T 2260）")),
        ),
        empty=Text(
            "No organisation is registered yet. Register the first one.", "尚未登记单位，请登记第一家单位。"
        ),
        words=lambda o: (o.name, f"{o.register_id} {o.region}"),
    )
)
show(
    Entity(
        model=Person,
        scope="parties",
        resource="person",
        view=may.PERSON_VIEW,
        title=Person.title,
        plural=Text("People", "人员"),
        columns=(Show("name", Text("Name", "姓名")), Show("email", Text("E-mail address", "电子邮箱"))),
        fields=(Show("name", Text("Name", "姓名")), Show("email", Text("E-mail address", "电子邮箱"))),
        related=((Text("Roles", "角色"), "parties.grant", "person"),),
        empty=Text("Nobody has an account yet. Invite the first person.", "尚无账户，请邀请第一位人员。"),
    )
)
show(
    Entity(
        model=RoleGrant,
        scope="parties",
        resource="grant",
        view=may.GRANT_VIEW,
        title=RoleGrant.title,
        plural=Text("Role grants", "角色授权"),
        columns=(WHO, ROLE, FOR, FROM, UNTIL),
        fields=(WHO, ROLE, FOR, FROM, UNTIL),
        empty=Text("Nobody holds a role yet. Grant the first one.", "尚无角色授权，请授予第一项角色。"),
        select=("person", "organisation"),
    )
)
show(
    Entity(
        model=OperatorSession,
        scope="parties",
        resource="session",
        view=may.SESSION_VIEW,
        title=OperatorSession.title,
        plural=Text("Operator sessions", "运维会话"),
        columns=(WHO, Show("opened_at", Text("Opened", "开启时间"), "instant"), ENDS),
        fields=(
            WHO,
            Show("opened_at", Text("Opened", "开启时间"), "instant"),
            ENDS,
            Show("reason", Text("Reason", "理由"), "long"),
        ),
        empty=Text(
            "No operator session was opened yet: nobody has wide rights at the moment.",
            "尚未开启运维会话，目前无人持有运维权限。",
        ),
        select=("person",),
    )
)
