"""How builds and artefacts appear."""

from __future__ import annotations

from hutong.kernel.text import Text
from hutong.modules.forge import policy as may
from hutong.modules.forge.models import Artefact, Build
from hutong.platform.entities import Entity, Show, show

SYSTEM = Show("system", Text("AI system", "人工智能系统"), "record")
GRANT = Show("grant", Text("Data grant", "数据使用授权"), "record")
JOB = Show("job", Text("Job", "计算作业"), "record")
BUILD_OF = Show("build", Build.title, "record")
MODEL = Show("model_sha256", Text("Model", "模型"), "file")
FRAMEWORK = Show("framework", Text("Framework", "框架"))
PARITY = Show(
    "parity_passed",
    Text("Parity", "一致性"),
    "choice",
    {"True": Text("holds", "通过"), "False": Text("fails", "未通过")},
)

show(
    Entity(
        model=Build,
        scope="forge",
        resource="build",
        view=may.BUILD_VIEW,
        title=Build.title,
        plural=Text("Builds", "构建"),
        columns=(SYSTEM, GRANT, JOB),
        fields=(
            SYSTEM,
            GRANT,
            JOB,
            Show("spec_sha256", Text("Digest of the specification", "规格摘要"), "file"),
            Show("spec", Text("Specification", "构建规格"), "json"),
        ),
        related=((Text("Artefacts", "模型制品"), "forge.artefact", "build"),),
        empty=Text(
            "Nothing has been built yet. A system with hours and data starts here.",
            "尚无构建，取得算力与数据的系统可由此开始。",
        ),
        select=("system", "grant", "job"),
    )
)
show(
    Entity(
        model=Artefact,
        scope="forge",
        resource="artefact",
        view=may.ARTEFACT_VIEW,
        title=Artefact.title,
        plural=Text("Artefacts", "模型制品"),
        columns=(BUILD_OF, FRAMEWORK, PARITY, MODEL),
        fields=(
            BUILD_OF,
            FRAMEWORK,
            PARITY,
            MODEL,
            Show("parity_sha256", Text("Parity report", "一致性报告"), "file"),
            Show("spec_sha256", Text("Digest of the specification", "规格摘要"), "file"),
            Show("data_sha256", Text("Data", "数据"), "file"),
            Show("report", Text("Report", "报告"), "json"),
        ),
        empty=Text("No artefact yet: a build makes the first.", "尚无模型制品，由构建产生。"),
        select=("build",),
    )
)
