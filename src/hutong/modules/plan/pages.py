"""How plans, actions, leads, targets and slippages appear as records; the board itself is hand-made (`views`)."""

from __future__ import annotations

from hutong.kernel.text import Text
from hutong.modules.plan import policy as may
from hutong.modules.plan import views
from hutong.modules.plan.models import Action, Lead, Milestone, Plan, Slippage, Target
from hutong.platform.entities import Entity, Show, show
from hutong.platform.web.pages import page

TITLE_ZH = Show("title_zh", Text("Title in Chinese", "中文标题"))
TITLE_EN = Show("title_en", Text("Title in English", "英文标题"))
KEY = Show("plan_key", Text("Plan", "实施方案"))
PLAN_OF = Show("plan", Plan.title, "record")
NODE = Show("node", Text("Node of the plan", "方案节点"))
TASK = Show("task", Text("Task", "任务"))
SOURCE = Show("source", Text("Source", "依据"))
UNTIL = Show("superseded_at", Text("Superseded", "被取代时间"), "instant")
FROM = Show("created_at", Text("From", "起始时间"), "instant")
LEAD = Show("lead", Text("Lead unit", "牵头单位"), "record")
DUE = Show("due", Text("Due", "期限"), "date")
INDICATOR = Show("indicator", Text("Indicator", "指标"))
GUARD = Show("guard", Text("Step", "节点名称"))
PROOF = Show("proof", Text("Record that proves it", "证明记录"))
NUMBER = Show("number", Text("Number", "编号"))

show(
    Entity(
        model=Plan,
        scope="plan",
        resource="plan",
        view=may.PLAN_VIEW,
        title=Plan.title,
        plural=Text("Plans", "实施方案"),
        columns=(KEY, TITLE_ZH, Show("definition_set", Text("Definition set", "口径版本")), FROM, UNTIL),
        fields=(
            KEY,
            TITLE_ZH,
            TITLE_EN,
            Show("document", Text("Document", "文号")),
            Show("definition_set", Text("Definition set", "口径版本")),
            Show("starts", Text("From", "起"), "date"),
            Show("ends", Text("To", "止"), "date"),
            Show("file_sha256", Text("Text of the plan", "方案文本"), "file"),
            FROM,
            UNTIL,
        ),
        related=(
            (Text("Actions", "年度行动"), "plan.action", "plan"),
            (Text("Slippages", "进度偏差"), "plan.slippage", "plan"),
        ),
        empty=Text(
            "No plan is loaded yet. A task-force officer loads the plan file.",
            "尚未载入实施方案，由工作专班人员载入方案文件。",
        ),
        words=lambda p: (p.name, p.document),
    )
)
show(
    Entity(
        model=Action,
        scope="plan",
        resource="action",
        view=may.ACTION_VIEW,
        title=Action.title,
        plural=Text("Actions", "年度行动"),
        columns=(NUMBER, TASK, TITLE_ZH, TITLE_EN, DUE),
        fields=(
            PLAN_OF,
            NUMBER,
            TASK,
            TITLE_ZH,
            TITLE_EN,
            Show("lead_zh", Text("Lead unit in Chinese", "牵头单位（中文）")),
            Show("lead_en", Text("Lead unit in English", "牵头单位（英文）")),
            DUE,
            Show("milestones", Text("Milestones", "节点"), "json"),
            Show("done_at", Text("Done", "完成时间"), "instant"),
            PROOF,
        ),
        empty=Text("The plan has no annual actions yet.", "方案尚无年度行动。"),
        words=lambda a: (a.name, a.number),
        select=("plan",),
    )
)
show(
    Entity(
        model=Lead,
        scope="plan",
        resource="lead",
        view=may.LEAD_VIEW,
        title=Lead.title,
        plural=Text("Lead units", "牵头单位"),
        columns=(NODE, Show("organisation", Text("Organisation", "单位"), "record"), FROM, UNTIL),
        fields=(
            KEY,
            NODE,
            Show("organisation", Text("Organisation", "单位"), "record"),
            SOURCE,
            FROM,
            UNTIL,
        ),
        empty=Text(
            "No lead unit is declared yet: the plan names none.", "尚未明确牵头单位，方案文本未予载明。"
        ),
        select=("organisation",),
    )
)
show(
    Entity(
        model=Target,
        scope="plan",
        resource="target",
        view=may.TARGET_VIEW,
        title=Target.title,
        plural=Text("Declared targets", "声明的目标值"),
        columns=(
            INDICATOR,
            Show("number", Text("Target", "目标值")),
            FROM,
            UNTIL,
        ),
        fields=(
            KEY,
            INDICATOR,
            Show("number", Text("Target", "目标值")),
            Show("upper", Text("Upper end of a range", "区间上限")),
            Show("baseline", Text("Baseline", "基期值")),
            Show("baseline_on", Text("Date of the baseline", "基期日期"), "date"),
            Show("deadline", Text("To be reached by", "完成期限"), "date"),
            SOURCE,
            Show("who", Text("Declared by", "声明单位")),
            FROM,
            UNTIL,
        ),
        empty=Text(
            "No target is declared beyond the plan's own numbers.", "除方案规定外，尚未声明其他目标值。"
        ),
    )
)
show(
    Entity(
        model=Milestone,
        scope="plan",
        resource="milestone",
        view=may.MILESTONE_VIEW,
        title=Milestone.title,
        plural=Text("Milestones", "节点"),
        columns=(INDICATOR, GUARD, PROOF, FROM),
        fields=(
            KEY,
            INDICATOR,
            GUARD,
            PROOF,
            FROM,
            Show("retracted_at", Text("Retracted", "撤销时间"), "instant"),
        ),
        empty=Text("No milestone is proven yet.", "尚无已留痕的节点。"),
    )
)
show(
    Entity(
        model=Slippage,
        scope="plan",
        resource="slippage",
        view=may.SLIPPAGE_VIEW,
        title=Slippage.title,
        plural=Text("Slippages", "进度偏差"),
        columns=(NODE, TASK, LEAD, Show("mend_by", Text("Mended by", "整改期限"), "date")),
        fields=(
            PLAN_OF,
            NODE,
            TASK,
            LEAD,
            Show("found", Text("As computed when opened", "挂账时的计算结果"), "json"),
            Show("explanation", Text("Explanation", "说明"), "long"),
            Show("mend_by", Text("Mended by", "整改期限"), "date"),
            Show("explained_at", Text("Explained", "说明时间"), "instant"),
        ),
        empty=Text("No slippage was opened: nothing late awaits an explanation.", "尚无挂账事项。"),
        select=("plan", "lead"),
    )
)

BOARD = Text("Plan board", "方案看板")
FIGURE = Text("Figure", "指标")
page("", views.board, "plan", BOARD, navigation=10)
page("plan/board.csv", views.board_csv, "plan_csv", BOARD)
page("plan/board.json", views.board_json, "plan_json", BOARD)
page("plan/objective/<int:number>", views.objective, "plan_objective", Text("Objective", "目标"))
page("plan/task/<int:number>", views.task, "plan_task", Text("Task", "任务"))
page("plan/safeguard/<int:number>", views.safeguard, "plan_safeguard", Text("Safeguard", "保障措施"))
page("plan/figure/<str:name>.csv", views.figure_csv, "plan_figure_csv", FIGURE)
page("plan/figure/<str:name>/drawer", views.figure_drawer, "plan_figure_drawer", FIGURE)
page("plan/figure/<str:name>/facts.csv", views.facts_csv, "plan_facts_csv", FIGURE)
page("plan/figure/<str:name>/bundle.json", views.figure_bundle, "plan_figure_bundle", FIGURE)
page("plan/figure/<str:name>", views.figure, "plan_figure", FIGURE)
