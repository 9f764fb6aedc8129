"""How centres, agreements, pools, allocations, jobs, statements and vouchers appear."""

from __future__ import annotations

from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.models import (
    Agreement,
    Allocation,
    Centre,
    Experiment,
    Job,
    Pool,
    Reservation,
    Statement,
    Voucher,
)
from hutong.modules.compute.show.calendar import reservation_context
from hutong.modules.compute.show.experiments import experiment_context
from hutong.modules.compute.show.job_tables import ENDINGS
from hutong.modules.compute.show.view import (
    allocation_context,
    centre_context,
    job_context,
    statement_context,
    voucher_context,
)
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
KEPT = Show("guaranteed_milli", Text("Kept for own users (‰)", "自用保障（‰）"), "count")
LENT = Show("lendable_milli", Text("Lendable (‰)", "可出借（‰）"), "count")
UNTIL = Show("valid_to", Text("Until", "截止日期"), "date")
BEGINS = Show("begins", Text("Period from", "时段起"), "instant")
ENDS = Show("ends", Text("Until, excluded", "时段止（不含）"), "instant")
CLAIMED = Show("claimed_fen", Text("Amount claimed", "申报金额"), "money")
SUPPLIER = Show("supplier", Text("Supplier", "供应方"), "record")
CONTRACT = Show("contract_no", Text("Contract", "合同编号"))
WORTH = Show("amount_fen", Text("Worth", "券面金额"), "money")
PLACED = Show("pool", Text("Runs on", "运行于"), "record")
PURPOSE = Show("purpose", Text("Purpose", "用途"), "long")
PROGRAM = Show("program", Text("Program", "程序"))


show(
    Entity(
        model=Centre,
        scope="compute",
        resource="centre",
        view=may.CENTRE_VIEW,
        title=Centre.title,
        plural=Text("Computing centres", "算力中心"),
        columns=(NAME_ZH, NAME_EN, REGION),
        fields=(
            NAME_ZH,
            NAME_EN,
            Show("organisation", Text("Organisation", "单位"), "record"),
            REGION,
            Show("pue_milli", Text("PUE (‰), 0: not declared", "PUE（‰），0 为未申报"), "count"),
        ),
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
        fields=(CENTRE_OF, CHIP, CHIPS, Show("watts", Text("Watts of a chip, 0: not declared", "单卡功率（瓦），0 为未申报"), "count"),
            Show("domestic", Text("Domestic chip", "国产芯片"), "choice", {
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
        columns=(ALLOCATION_OF, PROGRAM, CHIPS, PLACED, USED),
        fields=(
            ALLOCATION_OF,
            PLACED,
            PROGRAM,
            Show("inputs", Text("Inputs", "输入"), "json"),
            CHIPS,
            Show("chips_most", Text("Up to (chips)", "最多卡数"), "count"),
            Show("checkpoint_s", Text("Seconds between checkpoints", "检查点间隔（秒）"), "count"),
            Show("limit_s", Text("Limit (seconds)", "时限（秒）"), "count"),
            Show("accept", Text("Kinds of chip that it runs on", "可用芯片型号"), "json"),
            Show("deadline", Text("To be over by", "最迟结束时间"), "instant"),
            Show("reservation", Text("In the reservation", "在预留内运行"), "record"),
            Show(
                "green",
                Text("May wait for a cleaner hour", "可等待低碳时段"),
                "choice",
                {"True": Text("yes, up to its deadline", "是，至最迟结束时间"), "False": Text("no", "否")},
            ),
            Show("held_ms", Text("Set aside", "冻结额度"), "chip_time"),
            USED,
            Show("started_at", Text("Started", "启动时间"), "instant"),
            Show("ended_at", Text("Ended", "结束时间"), "instant"),
            Show(
                "ending", Text("How it ended", "结束方式"), "choice", {k: w for k, (w, _) in ENDINGS.items()}
            ),
            Show("log_sha256", Text("Log", "日志"), "file"),
        ),
        empty=Text("No job yet. A build starts one.", "尚无计算作业，提交构建即可发起。"),
        context=job_context,
        select=("allocation__pool__centre", "pool__centre", "reservation__pool"),
    )
)
show(
    Entity(
        model=Agreement,
        scope="compute",
        resource="agreement",
        view=may.AGREEMENT_VIEW,
        title=Agreement.title,
        plural=Text("Partnership agreements", "算力伙伴协议"),
        columns=(CENTRE_OF, KEPT, LENT, UNTIL),
        fields=(
            CENTRE_OF,
            KEPT,
            LENT,
            Show("notice_min", Text("Notice of recall (minutes)", "收回通知期（分钟）"), "count"),
            Show("valid_from", Text("From", "起始日期"), "date"),
            UNTIL,
            Show("terms", Text("Further terms", "其他约定"), "long"),
        ),
        empty=Text(
            "No centre lends yet. A centre's operator offers an agreement on the page of the centre.",
            "尚无算力伙伴协议，由算力中心运营人员在中心页面提出。",
        ),
        select=("centre",),
    )
)
show(
    Entity(
        model=Reservation,
        scope="compute",
        resource="reservation",
        view=may.RESERVATION_VIEW,
        title=Reservation.title,
        plural=Text("Reservations", "预留"),
        columns=(POOL_OF, CHIPS, BEGINS, ENDS, PURPOSE),
        fields=(
            POOL_OF,
            CHIPS,
            BEGINS,
            ENDS,
            PURPOSE,
            Show("allocation", Text("For the jobs of", "供其作业使用"), "record"),
        ),
        empty=Text(
            "No chips are reserved. A centre's operator reserves them on the page of a pool.",
            "尚无预留，由算力中心运营人员在算力池页面设立。",
        ),
        context=reservation_context,
        select=("pool__centre", "allocation"),
    )
)
show(
    Entity(
        model=Statement,
        scope="compute",
        resource="statement",
        view=may.STATEMENT_VIEW,
        title=Statement.title,
        plural=Text("Statements of use", "用量对账单"),
        columns=(CENTRE_OF, BEGINS, ENDS, CLAIMED),
        fields=(
            CENTRE_OF,
            BEGINS,
            ENDS,
            Show("claimed_ms", Text("Chip-time claimed", "申报卡时"), "chip_time"),
            Show("metered_ms", Text("Chip-time metered", "计量卡时"), "chip_time"),
            CLAIMED,
            Show("metered_fen", Text("Amount metered", "计量金额"), "money"),
        ),
        empty=Text(
            "No statement yet. A centre's operator submits one on the page of the centre.",
            "尚无对账单，由算力中心运营人员在中心页面提交。",
        ),
        context=statement_context,
        select=("centre",),
    )
)
show(
    Entity(
        model=Voucher,
        scope="compute",
        resource="voucher",
        view=may.VOUCHER_VIEW,
        title=Voucher.title,
        plural=Text("Compute vouchers", "算力券"),
        columns=(APPLICANT, SUPPLIER, CONTRACT, WORTH),
        fields=(
            APPLICANT,
            SUPPLIER,
            CONTRACT,
            Show("signed_on", Text("Signed on", "签订日期"), "date"),
            Show("starts_on", Text("First day", "起始日期"), "date"),
            Show("ends_on", Text("Last day", "截止日期"), "date"),
            Show("cancelled_on", Text("Cancelled on", "解除日期"), "date"),
            Show("lines", Text("Lines of the contract", "合同分项"), "json"),
            WORTH,
        ),
        empty=Text(
            "No voucher yet. An innovator applies for one with a contract of computing.",
            "尚无算力券，创新主体凭算力合同申领。",
        ),
        context=voucher_context,
        select=("organisation", "supplier"),
    )
)
show(
    Entity(
        model=Experiment,
        scope="compute",
        resource="experiment",
        view=may.EXPERIMENT_VIEW,
        title=Experiment.title,
        plural=Text("Experiments", "推演"),
        columns=(BEGINS, ENDS, Show("created_at", Text("Asked", "提出时间"), "instant")),
        fields=(BEGINS, ENDS),
        empty=Text(
            "No experiment yet. The task force asks what would have been, for example with one centre more.",
            "尚无推演，由工作专班提出假设，例如增加一家算力中心。",
        ),
        context=experiment_context,
    )
)
