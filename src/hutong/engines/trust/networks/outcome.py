"""What a verification may answer. Only three words, and "unknown" carries its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hutong.engines.trust.networks.attack import CounterExample
from hutong.kernel.text import Text

Method = Literal["attack", "inputs", "signs", "solver", "none"]
Verdict = Literal["holds", "violated", "unknown"]
VERDICT_WORDS: dict[Verdict, Text] = {
    "holds": Text("proven for every input of the box", "对区域内所有输入均已证明"),
    "violated": Text("a counter-example was replayed", "反例已重放确认"),
    "unknown": Text("not decided", "未能判定"),
}
TIME = Text("The time was used up.", "时间用尽。")
UNCONFIRMED = Text("The second checker did not confirm the proof.", "独立检验程序未能确认该证明。")
TIE = Text(
    "Somewhere the margin is too small to be told from rounding.", "某处裕度过小，无法与舍入误差区分。"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """verdict, with what it rests on.

    covers: of `holds`, "runtime" for real arithmetic and every float32 evaluation of the file, "real" where some
    margin was smaller than what float32 may err. counter_example: of `violated`, as onnxruntime confirmed it.
    reason: of `unknown`. nodes: boxes or sign patterns bounded. method: what decided.
    """

    verdict: Verdict
    method: Method
    seconds: float
    nodes: int = 0
    covers: Literal["runtime", "real"] | None = None
    counter_example: CounterExample | None = None
    reason: Text | None = None

    def __post_init__(self) -> None:
        bare = (self.covers is None, self.counter_example is None, self.reason is None)
        wanted = {
            "holds": (False, True, True),
            "violated": (True, False, True),
            "unknown": (True, True, False),
        }
        if bare != wanted[self.verdict]:
            raise ValueError(f"{self.verdict} does not carry what it must")

    def as_json(self) -> dict[str, object]:
        shown = self.counter_example
        return {
            "verdict": self.verdict,
            "method": self.method,
            "seconds": round(self.seconds, 3),
            "nodes": self.nodes,
            "covers": self.covers,
            "counter_example": None
            if shown is None
            else {"inputs": list(shown.inputs), "outputs": list(shown.outputs)},
            "reason": None if self.reason is None else self.reason.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Progress:
    """nodes bounded so far, nodes still open, seconds gone."""

    nodes: int
    open: int
    seconds: float
