"""What a page shows of one rate: both verdicts side by side, the rule behind them, the operating characteristic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from hutong.engines.trust.types import STATE_WORDS, State
from hutong.kernel.text import Text
from hutong.kernel.values import decimal_text

REGULATORY = Text("Regulatory verdict: the sample by the rule", "规范判定：按标准对样本判定")
BY_BAR = Text("Point verdict: the sample by the profile's bar", "样本判定：按评估配置的限值")
CONFIDENT = Text(
    "Confident verdict: the bank behind the sample, with error {a}",
    "置信判定：对样本所代表题库的判定，误差概率{a}",
)
CURVE = Text(
    "Chance of acceptance at each true share: by the rule on the sample, and with confidence",
    "各真实比例下的接受概率：按标准对样本判定，与置信判定",
)
TRUTH = Text("true share", "真实比例")
RULE = Text("{c} ({b}; {s})", "{c}（{b}；{s}）")
BINDING = {
    "mandatory": Text("mandatory", "强制"),
    "recommended": Text("recommended", "推荐"),
    "draft": Text("draft", "草案"),
}
STATUS = {
    "verified": Text("number compared with the standard", "数值已与标准文本核对"),
    "unverified": Text("number not yet compared with the standard", "数值尚未与标准文本核对"),
}


@dataclass(frozen=True, slots=True)
class Point:
    """One truth with the chance of acceptance by the rule and with confidence, in [0, 1]."""

    truth: float
    regulatory: float
    confident: float


@dataclass(frozen=True)
class TwoVerdicts:
    """regulatory, confident: states ("pass", "fail", "inconclusive", "not_estimable") with words. bar: decimal string.

    needed: how many of n a confident pass takes if nobody errs. curve: by rising truth. rule: clause, binding and status
    of the rule in words; None where the bar is the profile's.
    """

    regulatory: State
    confident: State
    regulatory_words: Text
    confident_words: Text
    bar: str
    compare: str
    needed: int | None
    rule: Text | None
    curve: tuple[Point, ...] = field(repr=False)

    @property
    def title(self) -> Text:
        """Of the verdict on the sample."""
        return BY_BAR if self.rule is None else REGULATORY

    def at(self, truth: float) -> Point:
        """The point of the curve that lies closest to a truth."""
        return min(self.curve, key=lambda p: abs(p.truth - truth))


def two_verdicts(finding: Mapping[str, object]) -> TwoVerdicts | None:
    """Of a finding as `Finding.as_json` gives it; None where it is not about a rate of content."""
    details = _maps(finding.get("details"))
    held = next((d for d in details if "verdicts" in d), None)
    drawn = next((d for d in details if "curve" in d), None)
    if held is None or drawn is None:
        return None
    told = dict(_map(held["verdicts"]))
    confident: State = _state(finding["state"])
    needed = told["needed"]
    sign = "≥" if told["compare"] == ">=" else "≤"
    shares = {"v": _percent(told["value"]), "b": _percent(told["bar"]), "c": sign}
    regulatory = _state(told["regulatory"])
    limits = {"lo": _percent(told["lower"]), "hi": _percent(told["upper"])}
    return TwoVerdicts(
        regulatory=regulatory,
        confident=confident,
        regulatory_words=_SAMPLE.format(w=STATE_WORDS[regulatory][0], **shares),
        confident_words=_TRUTH.format(w=STATE_WORDS[confident][0], **limits, **shares),
        bar=str(told["bar"]),
        compare=str(told["compare"]),
        needed=needed if isinstance(needed, int) else None,
        rule=_rule(held.get("rule")),
        curve=tuple(_point(p) for p in _maps(drawn["curve"])),
    )


_SAMPLE = Text("{w}: {v} % of the sample, required {c} {b} %", "{w}：样本{v}%，要求{c}{b}%")
_TRUTH = Text(
    "{w}: the true share lies in [{lo} %, {hi} %], required {c} {b} %",
    "{w}：真实比例在［{lo}%，{hi}%］，要求{c}{b}%",
)


def _rule(record: object) -> Text | None:
    if not isinstance(record, Mapping):
        return None
    return RULE.format(c=record["clause"], b=BINDING[str(record["binding"])], s=STATUS[str(record["status"])])


def _point(record: Mapping[str, object]) -> Point:
    return Point(*(float(str(record[k])) for k in ("truth", "regulatory", "confident")))


def _percent(value: object) -> str:
    return decimal_text(Fraction(str(value)) * 100, 2)


def _state(value: object) -> State:
    return next(state for state in STATE_WORDS if state == value)


def _map(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError("a record is expected")
    return value


def _maps(value: object) -> Sequence[Mapping[str, object]]:
    return [_map(v) for v in value] if isinstance(value, list | tuple) else []
