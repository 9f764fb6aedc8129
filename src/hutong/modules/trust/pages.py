"""How evaluations, evidence and certificates appear."""

from __future__ import annotations

from hutong.kernel.text import Text
from hutong.modules.trust import policy as may
from hutong.modules.trust.models import Certificate, Evaluation, Evidence, Service
from hutong.modules.trust.operations.evaluation import PROFILES
from hutong.modules.trust.view import (
    cell_view,
    certificate_context,
    evaluation_context,
    service_context,
    sheet_view,
)
from hutong.platform.entities import Entity, Show, show
from hutong.platform.web.pages import page

VERSION_OF = Show("version_of", Text("System version", "系统版本"), "record")
SYSTEM = Show("version_of.system", Text("AI system", "人工智能系统"), "record")
PROFILE = Show("profile", Text("Profile", "评测配置"), "choice", dict(PROFILES.options))
EVALUATION_OF = Show("evaluation", Evaluation.title, "record")
OF_SYSTEM = Show("system", Text("AI system", "人工智能系统"), "record")
BUILD = Show("build", Text("Build or version that is served", "所服务的构建或版本"))
CLASS = Show("meets_class", Text("Suffices for risk class", "满足的风险等级"), "count")
UNTIL = Show("valid_to", Text("Until", "截止日期"), "date")


show(
    Entity(
        model=Evaluation,
        scope="trust",
        resource="evaluation",
        view=may.EVALUATION_VIEW,
        title=Evaluation.title,
        plural=Text("Evaluations", "评测"),
        columns=(SYSTEM, VERSION_OF, PROFILE),
        fields=(
            SYSTEM,
            VERSION_OF,
            PROFILE,
            Show(
                "plan_digest",
                Text("Plan (hashed before the first observation)", "评测计划（首次观测前固定）"),
                "file",
            ),
        ),
        related=((Text("Evidence", "证据材料"), "trust.evidence", "evaluation"),),
        empty=Text(
            "Nothing is being evaluated. A frozen version is where it starts.",
            "暂无评测，请从已固定的版本发起。",
        ),
        template="trust/evaluation.html",
        context=evaluation_context,
        select=("version_of", "version_of__system", "service"),
    )
)
show(
    Entity(
        model=Service,
        scope="trust",
        resource="service",
        view=may.SERVICE_VIEW,
        title=Service.title,
        plural=Text("Model services", "模型服务"),
        columns=(OF_SYSTEM, BUILD, Show("endpoint", Text("Endpoint", "接口"))),
        fields=(
            OF_SYSTEM,
            Show("endpoint", Text("Endpoint (a name of the operator's list)", "接口（运维登记名称）")),
            BUILD,
            Show("said", Text("It says that it is", "其自称")),
            Show("grant", Text("Data grant for the rows", "数据行的授权"), "record"),
            Show(
                "card_sha256",
                Text("Service card, which stands for the model", "服务卡片（代表模型）"),
                "file",
            ),
        ),
        related=((Evaluation.title, "trust.evaluation", "service"),),
        empty=Text("No deployed service is registered.", "尚未登记已部署的服务。"),
        context=service_context,
        select=("system", "grant"),
    )
)
show(
    Entity(
        model=Evidence,
        scope="trust",
        resource="evidence",
        view=may.EVIDENCE_VIEW,
        title=Evidence.title,
        plural=Text("Evidence", "证据材料"),
        columns=(EVALUATION_OF, Show("check_id", Text("Process check", "过程检查项"))),
        fields=(
            EVALUATION_OF,
            Show("check_id", Text("Process check", "过程检查项")),
            Show(
                "answer",
                Text("It is met", "已满足"),
                "choice",
                {"True": Text("yes", "是"), "False": Text("no", "否")},
            ),
            Show("document_sha256", Text("Document", "文件"), "file"),
            Show("confirmed_by", Text("Confirmed by", "核实人"), "record"),
        ),
        empty=Text("No evidence was given yet.", "尚无证据材料。"),
        select=("evaluation", "confirmed_by"),
    )
)
show(
    Entity(
        model=Certificate,
        scope="trust",
        resource="certificate",
        menu=(60, Text("Certificates", "证书")),
        view=may.CERTIFICATE_VIEW,
        title=Certificate.title,
        plural=Text("Certificates", "评测证书"),
        columns=(SYSTEM, VERSION_OF, CLASS, UNTIL),
        fields=(
            SYSTEM,
            VERSION_OF,
            EVALUATION_OF,
            CLASS,
            Show("alpha", Text("Chance of any false pass, at most", "误判通过概率上限")),
            Show("valid_from", Text("From", "起始日期"), "date"),
            UNTIL,
            Show("conditions", Text("Conditions of use", "使用条件"), "long"),
            Show("model_sha256", Text("Model", "模型"), "file"),
            Show("data_sha256", Text("Data", "数据"), "file"),
            Show("spec_sha256", Text("Build specification", "构建规格"), "file"),
            Show("reason", Text("Reason of suspension or revocation", "暂停或撤销理由"), "long"),
        ),
        empty=Text(
            "No certificate yet: no system has passed its evaluation.", "尚无证书：尚无系统通过评测。"
        ),
        context=certificate_context,
        select=("version_of", "version_of__system", "evaluation", "evaluation__service"),
    )
)

page(
    "trust/cell/<str:code>/<str:category>/<int:level>",
    cell_view,
    "trust_cell",
    Text("Behind a cell", "单元格依据"),
)
page(
    "trust/sheet/<str:code>",
    sheet_view,
    "trust_sheet",
    Text("Answers that people look at", "供人工评审的回答"),
)
