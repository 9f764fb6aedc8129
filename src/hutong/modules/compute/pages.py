"""How centres, pools, allocations and jobs appear."""

from __future__ import annotations

from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.models import Allocation, Centre, Job, Pool
from hutong.modules.compute.view import allocation_context, centre_context, job_context
from hutong.platform.entities import Entity, Show, show

SYSTEM = Show("system", Text("AI system", "人工智能系统"), "record")
APPLICANT = Show("organisation", Text("Applicant", "申报方"), "record")
CENTRE_OF = Show("centre", Centre.title, "record")
POOL_OF = Show("pool", Pool.title, "record")
ALLOCATION_OF = Show("allocation", Allocation.title, "record")
NAME_ZH = Show("name_zh", Text("Name in Chinese", "中文名称"))
NAME_EN = Show("name_en", Text("Name in English", "英文名称"))
REGION = Show("region", Text("Region (GB/T 2260)", "行政区划（GB/T 2260）"))
CHIP = Show("chip", Text("Kind of chip", "芯片型号"))
CHIPS = Show("chips", Text("Number of chips", "芯片数量"), "count")
PRICE = Show("price_fen", Text("Price of a chip-hour", "每卡时价格"), "money")
ASKED = Show("requested_ms", Text("Asked for", "申请额度"), "chip_time")
GRANTED = Show("granted_ms", Text("Granted", "批准额度"), "chip_time")
USED = Show("used_ms", Text("Used", "实际用量"), "chip_time")
PROGRAM = Show("program", Text("Program", "程序"))


show(
    Entity(
        model=Centre,
        scope="compute",
        resource="centre",
        menu=(40, Text("Computing", "算力")),
        view=may.CENTRE_VIEW,
        title=Centre.title,
        plural=Text("Computing centres", "算力中心"),
        columns=(NAME_ZH, NAME_EN, REGION),
        fields=(NAME_ZH, NAME_EN, Show("organisation", Text("Organisation", "单位"), "record"), REGION),
        context=centre_context,
        select=("organisation",),
        empty=Text(
            "No centre has joined yet. A centre operator registers the first.",
            "尚无算力中心，由运营人员登记第一家。",
        ),
        words=lambda c: (c.name, c.region),
    )
)
show(
    Entity(
        model=Pool,
        scope="compute",
        resource="pool",
        view=may.POOL_VIEW,
        title=Pool.title,
        plural=Text("Pools of chips", "算力池"),
        columns=(CENTRE_OF, CHIP, CHIPS, PRICE),
        fields=(CENTRE_OF, CHIP, CHIPS, Show("domestic", Text("Domestic chip", "国产芯片"), "choice", {
            "True": Text("yes", "是"), "False": Text("no", "否")}), PRICE),
        empty=Text("No chips are on offer yet.", "尚无可用算力池。"),
        select=("centre",),
    )
)  # fmt: skip
show(
    Entity(
        model=Allocation,
        scope="compute",
        resource="allocation",
        view=may.ALLOCATION_VIEW,
        title=Allocation.title,
        plural=Text("Allocations", "算力配额"),
        columns=(SYSTEM, APPLICANT, POOL_OF, ASKED, GRANTED),
        fields=(
            SYSTEM,
            APPLICANT,
            Show("award", Text("Award", "立项"), "record"),
            POOL_OF,
            ASKED,
            GRANTED,
            Show("reason", Text("Reason", "理由"), "long"),
        ),
        related=((Text("Jobs", "计算作业"), "compute.job", "allocation"),),
        empty=Text(
            "Nobody has asked for hours yet. An award is where it starts.", "尚无算力申请，请从立项处发起。"
        ),
        context=allocation_context,
        select=("system", "organisation", "pool", "award"),
    )
)
show(
    Entity(
        model=Job,
        scope="compute",
        resource="job",
        view=may.JOB_VIEW,
        title=Job.title,
        plural=Text("Jobs", "计算作业"),
        columns=(ALLOCATION_OF, PROGRAM, CHIPS, USED),
        fields=(
            ALLOCATION_OF,
            PROGRAM,
            Show("inputs", Text("Inputs", "输入"), "json"),
            CHIPS,
            Show("limit_s", Text("Limit (seconds)", "时限（秒）"), "count"),
            Show("held_ms", Text("Set aside", "冻结额度"), "chip_time"),
            USED,
            Show("started_at", Text("Started", "启动时间"), "instant"),
            Show("ended_at", Text("Ended", "结束时间"), "instant"),
            Show("ending", Text("How it ended", "结束方式")),
            Show("log_sha256", Text("Log", "日志"), "file"),
        ),
        empty=Text("No job yet. A build starts one.", "尚无计算作业，提交构建即可发起。"),
        context=job_context,
        select=("allocation", "allocation__pool"),
    )
)
