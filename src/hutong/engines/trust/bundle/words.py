"""The words of a report that are not those of a finding."""

from __future__ import annotations

from fractions import Fraction

from hutong.engines.trust.plan import Plan
from hutong.kernel.text import Text
from hutong.kernel.values import decimal_text

WORDS: dict[str, Text] = {
    "profile": Text("Profile", "评估配置"),
    "risk_class": Text("Risk class", "风险等级"),
    "meets": Text("Highest risk class whose requirements are met", "满足要求的最高风险等级"),
    "access": Text("Access of the evaluator", "评测访问权限"),
    "rows": Text("Most units counted by one claim", "单项声明最大计数单元数"),
    "grid": Text("Categories and levels", "类别与等级"),
    "grid_note": Text(
        "A thick edge: required. A level counts only if all below it pass. A cell leads to its evidence.",
        "粗边框表示必须达到。须逐级通过方为有效。点击单元格可查看证据。",
    ),
    "evidence": Text("Evidence", "证据"),
    "thresholds": Text("Thresholds and where they come from", "限值及其依据"),
    "not_shown": Text("What was not shown", "未予证明的事项"),
    "required": Text("required", "必须达到"),
    "check": Text("Check it yourself", "自行核验"),
    "check_how": Text(
        "hutong trust verify BUNDLE --key PUBLIC-KEY checks signature, parts and verdict offline; with the model and the "
        "data it counts again.",
        "使用 hutong trust verify 报告包 --key 公钥，可离线核验签名、各部分及结论；提供模型和数据可重新计数。",
    ),
    "report": Text("Report", "报告"),
    "plan": Text("Plan", "计划"),
    "model": Text("Model", "模型"),
    "data": Text("Data", "数据"),
    "seed": Text("Commitment to the seed", "随机种子承诺值"),
    "name": Text("name", "名称"),
    "value": Text("value", "限值"),
    "reason": Text("reason", "理由"),
    "citation": Text("source", "来源"),
    "status": Text("status", "状态"),
    "claim_size": Text(
        "{p}; {n} units, error {a}; passes with 95 % chance from {s}, fails from {f}",
        "{p}；{n}个单元，误差概率{a}；真值达{s}时以95%概率通过，达{f}时以95%概率不通过",
    ),
    "answer": Text("{c}: record {r}, document {d}…", "{c}：备案记录{r}，文件{d}…"),
}

# What the evaluator could do with the system; by rung of `reach.ladder`.
ACCESS: dict[str, Text] = {
    "log": Text("recorded answers only", "仅有预测日志"),
    "labels": Text("answers", "输出标签"),
    "scores": Text("answers with scores", "输出标签与分数"),
    "gradients": Text("gradients", "梯度"),
    "weights": Text("weights", "模型权重"),
    "training": Text("weights and training data", "模型权重与训练数据"),
    "retrain": Text("training itself", "可重新训练"),
    "recorded": Text("recorded answers in words", "文本回答记录"),
    "answers": Text("asking in words", "文本问答"),
}


def error_words(plan: Plan) -> Text:
    """With which chance this report says "passes" of anything that is not so."""
    return Text(
        "The chance that any category passes although what it claims is not so is at most {a}, for rows like those tested "
        "and whatever depends on what.",
        "对与测试样本同分布的数据，任一类别在其声明不成立时仍被判通过的概率合计不超过{a}（不要求相互独立）。",
    ).format(a=decimal_text(Fraction(plan.alpha)))
