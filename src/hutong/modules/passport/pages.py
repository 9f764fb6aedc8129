"""How systems and versions appear; the passport page itself is hand-made (`view.py`)."""

from __future__ import annotations

from hutong.kernel.text import Text
from hutong.modules.passport import policy as may
from hutong.modules.passport.export import bom_view, bundle_view
from hutong.modules.passport.models import System, Version
from hutong.modules.passport.operations import RISK_CLASSES
from hutong.modules.passport.view import passport_context
from hutong.platform.entities import Entity, Show, show
from hutong.platform.web.pages import page

NAME_EN = Show("name_en", Text("Name in English", "英文名称"))
NAME_ZH = Show("name_zh", Text("Name in Chinese", "中文名称"))
OWNER = Show("organisation", Text("Organisation", "单位"), "record")
RISK = Show("risk_class", Text("Risk class", "风险等级"), "choice", dict(RISK_CLASSES.options))
PURPOSE = Show("purpose", Text("Purpose", "用途"), "long")
SYSTEM_OF = Show("system", System.title, "record")
LABEL = Show("label", Text("Version", "版本号"))
MODEL = Show("model_sha256", Text("Model", "模型"), "file")

show(
    Entity(
        model=System,
        scope="passport",
        resource="system",
        menu=(20, Text("Systems", "系统")),
        view=may.SYSTEM_VIEW,
        title=System.title,
        plural=Text("AI systems", "人工智能系统"),
        columns=(NAME_ZH, NAME_EN, OWNER, RISK),
        fields=(NAME_ZH, NAME_EN, OWNER, RISK, PURPOSE),
        empty=Text(
            "No AI system has a passport yet. An innovator opens the first one.",
            "尚无系统护照，由创新主体登记第一个系统。",
        ),
        words=lambda s: (s.name, s.purpose),
        template="passport/detail.html",
        context=passport_context,
        select=("organisation",),
    )
)
show(
    Entity(
        model=Version,
        scope="passport",
        resource="version",
        view=may.VERSION_VIEW,
        title=Version.title,
        plural=Text("System versions", "系统版本"),
        columns=(SYSTEM_OF, LABEL, MODEL),
        fields=(
            SYSTEM_OF,
            LABEL,
            MODEL,
            Show("data_sha256", Text("Data", "数据"), "file"),
            Show("spec_sha256", Text("Build specification", "构建规格"), "file"),
            Show("intended_use", Text("Intended use and limits", "预期用途与边界"), "long"),
        ),
        empty=Text("No version is frozen yet.", "尚无已固定的版本。"),
        select=("system",),
    )
)

page(
    "passport/<str:code>/bundle.json", bundle_view, "passport_bundle", Text("Export the bundle", "导出证据包")
)
page("passport/<str:code>/bom.json", bom_view, "passport_bom", Text("Bill of materials", "物料清单"))
