"""States of evaluations, evidence and certificates."""

from __future__ import annotations

from typing import Any

from hutong.kernel.lifecycle import Guard, Lifecycle, State, Transition
from hutong.kernel.text import Text


def _passed(evaluation: Any) -> bool:
    return bool(evaluation.verdict) and evaluation.verdict.get("outcome") == "pass"


PASSED = Guard(
    rule="evaluation.verdict",
    holds=_passed,
    what=Text("The computed verdict is not a pass.", "计算得出的结论并非通过。"),
    remedy=Text("Refuse it, or measure again after more evidence.", "请作不通过处理，或补充证据后重新测量。"),
)
NOT_PASSED = Guard(
    rule="evaluation.verdict",
    holds=lambda evaluation: not _passed(evaluation),
    what=Text("The computed verdict is a pass.", "计算得出的结论为通过。"),
    remedy=Text("Pass it: a verdict is computed, not chosen.", "请作通过处理：结论由计算得出，不可选择。"),
)
SERVICE = Lifecycle(
    entity="service",
    title=Text("Model service", "模型服务"),
    states=(
        State("registered", Text("Registered", "已登记"), "waiting"),
        State("answering", Text("Answering", "可访问"), "holds"),
        State("silent", Text("Not answering", "无法访问"), "stopped"),
        State("changed", Text("Changed", "已变更"), "stopped"),
        State("withdrawn", Text("Withdrawn", "撤回"), "closed"),
    ),
    transitions=(
        Transition("look", ("silent",), "registered"),
        Transition("hear", ("registered",), "answering"),
        Transition("miss", ("registered",), "silent"),
        Transition("change", ("answering",), "changed"),
        Transition("withdraw", ("registered", "answering", "silent", "changed"), "withdrawn"),
    ),
)
EVALUATION = Lifecycle(
    entity="evaluation",
    title=Text("Evaluation", "评测"),
    states=(
        State("submitted", Text("Submitted", "提交"), "waiting"),
        State("planned", Text("Planned", "已制定计划"), "waiting"),
        State("measuring", Text("Being measured", "测量中"), "open"),
        State("interrupted", Text("Interrupted", "已中断"), "waiting"),
        State("measured", Text("Measured", "已测量"), "waiting"),
        State("passed", Text("Passed", "通过"), "holds"),
        State("refused", Text("Refused", "不通过"), "stopped"),
    ),
    transitions=(
        Transition("plan", ("submitted",), "planned"),
        Transition("measure", ("planned", "interrupted", "measured"), "measuring"),
        Transition("interrupt", ("planned", "measuring", "measured"), "interrupted"),
        Transition("observe", ("measuring",), "measured"),
        Transition("accept", ("measured",), "passed", guards=(PASSED,)),
        Transition("refuse", ("interrupted", "measured"), "refused", guards=(NOT_PASSED,)),
    ),
)

EVIDENCE = Lifecycle(
    entity="evidence",
    title=Text("Evidence", "证据材料"),
    states=(
        State("given", Text("Given", "已提交证据"), "waiting"),
        State("confirmed", Text("Confirmed", "已核实"), "holds"),
    ),
    transitions=(Transition("confirm", ("given",), "confirmed", separate_from=("trust.evidence.give",)),),
)

CERTIFICATE = Lifecycle(
    entity="certificate",
    title=Text("Certificate", "评测证书"),
    states=(
        State("live", Text("Live", "有效"), "holds"),
        State("suspended", Text("Suspended", "暂停"), "stopped"),
        State("revoked", Text("Revoked", "撤销"), "stopped"),
    ),
    transitions=(
        Transition("suspend", ("live",), "suspended"),
        Transition("resume", ("suspended",), "live"),
        Transition("revoke", ("live", "suspended"), "revoked"),
    ),
)
