"""How data sets, versions, grants and uses appear. The verdict line stands first."""

from __future__ import annotations

from hutong.kernel.text import Text
from hutong.modules.datahub import policy as may
from hutong.modules.datahub.models import DataGrant, Dataset, DatasetVersion, DataUse
from hutong.modules.datahub.operations import GRADES, PURPOSES
from hutong.modules.datahub.view import dataset_context, version_context
from hutong.platform.entities import Entity, Show, show

SYSTEM = Show("system", Text("AI system", "人工智能系统"), "record")
OWNER = Show("organisation", Text("Owner", "所有方"), "record")
APPLICANT = Show("organisation", Text("Applicant", "申报方"), "record")
TITLE_ZH = Show("title_zh", Text("Title in Chinese", "中文标题"))
TITLE_EN = Show("title_en", Text("Title in English", "英文标题"))
GRADE = Show("grade", Text("Grade", "分级"), "choice", dict(GRADES.options))
LICENCE = Show("licence", Text("Licence", "许可"))
PURPOSE = Show("purpose", Text("Purpose", "用途"), "choice", dict(PURPOSES.options))
VERSION_OF = Show("version_of", DatasetVersion.title, "record")
ROWS = Show("rows", Text("Rows", "行数"), "count")
PERSONAL = Show(
    "personal",
    Text("Personal data", "个人信息"),
    "choice",
    {"True": Text("yes", "含"), "False": Text("no", "不含")},
)


show(
    Entity(
        model=Dataset,
        scope="datahub",
        resource="dataset",
        menu=(50, Text("Data", "数据")),
        view=may.DATASET_VIEW,
        title=Dataset.title,
        plural=Text("Data sets", "数据集"),
        columns=(TITLE_ZH, TITLE_EN, OWNER, GRADE, LICENCE),
        fields=(
            TITLE_ZH,
            TITLE_EN,
            Show("description", Text("What it holds, and where it comes from", "内容与来源"), "long"),
            OWNER,
            GRADE,
            LICENCE,
            PERSONAL,
            Show("regions", Text("Regions that its rows may not leave", "数据不得出域的行政区划"), "json"),
        ),
        related=((Text("Versions", "版本"), "datahub.version", "dataset"),),
        empty=Text(
            "The catalogue is empty. A data officer registers the first data set.",
            "目录为空，由数据管理人员登记第一个数据集。",
        ),
        words=lambda d: (d.name, d.description),
        context=dataset_context,
        select=("organisation",),
    )
)
show(
    Entity(
        model=DatasetVersion,
        scope="datahub",
        resource="version",
        view=may.VERSION_VIEW,
        title=DatasetVersion.title,
        plural=Text("Data set versions", "数据集版本"),
        columns=(Show("dataset", Dataset.title, "record"), Show("label", Text("Version", "版本号")), ROWS),
        fields=(
            Show("dataset", Dataset.title, "record"),
            Show("label", Text("Version", "版本号")),
            ROWS,
            Show("file_sha256", Text("Rows", "数据行文件"), "file"),
            Show("manifest_sha256", Text("Manifest", "清单"), "file"),
        ),
        related=((Text("Grants", "授权"), "datahub.grant", "version_of"),),
        empty=Text("No version is released yet.", "尚未发布版本。"),
        context=version_context,
        select=("dataset",),
    )
)
show(
    Entity(
        model=DataGrant,
        scope="datahub",
        resource="grant",
        view=may.GRANT_VIEW,
        title=DataGrant.title,
        plural=Text("Data grants", "数据使用授权"),
        columns=(VERSION_OF, SYSTEM, APPLICANT, PURPOSE, Show("valid_to", Text("Until", "截止日期"), "date")),
        fields=(
            VERSION_OF,
            SYSTEM,
            APPLICANT,
            PURPOSE,
            Show("justification", Text("Reason", "理由"), "long"),
            Show("columns", Text("Columns", "列"), "json"),
            Show("valid_from", Text("From", "起始日期"), "date"),
            Show("valid_to", Text("Until", "截止日期"), "date"),
            Show("quota", Text("Number of reads", "读取次数"), "count"),
            Show("used", Text("Reads so far", "已读取次数"), "count"),
            Show("decision", Text("Reasons of the decision", "决定理由"), "long"),
        ),
        related=((Text("Uses", "使用记录"), "datahub.use", "grant"),),
        empty=Text(
            "Nobody has asked for data yet. A data set is where it starts.",
            "尚无数据申请，请从数据集处发起。",
        ),
        select=("version_of", "system", "organisation"),
    )
)
show(
    Entity(
        model=DataUse,
        scope="datahub",
        resource="use",
        view=may.USE_VIEW,
        title=DataUse.title,
        plural=Text("Data uses", "数据使用记录"),
        columns=(
            Show("grant", DataGrant.title, "record"),
            Show("reader", Text("Read by", "读取方")),
            PURPOSE,
            ROWS,
        ),
        fields=(
            Show("grant", DataGrant.title, "record"),
            Show("reader", Text("Read by", "读取方")),
            PURPOSE,
            ROWS,
        ),
        empty=Text("Nothing has been read yet.", "尚无读取记录。"),
        select=("grant",),
    )
)
