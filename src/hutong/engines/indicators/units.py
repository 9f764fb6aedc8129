"""Units as dimension vectors with an exact scale: what may be added, divided and converted.

A unit is a product of base dimensions to integer powers times an exact scale. Counts carry the kind of thing
counted, so calls are not added to awards; PFLOPS carries its precision, so FP16 is not added to FP64; a
percentage point is a difference of shares and not a percentage. Foreign currency is a dimension of its own:
it is not converted, because a rate needs a date and a source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Dimensions = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """name: as written in definitions. dims: sorted (dimension, power) pairs. scale: size in base units."""

    name: str
    dims: Dimensions
    scale: Fraction
    title: Text

    @property
    def is_share(self) -> bool:
        """A number without dimension: share, percent or plain constant."""
        return not self.dims

    @property
    def is_rank(self) -> bool:
        return ("rank", 1) in self.dims

    @property
    def is_point(self) -> bool:
        """A difference of shares (percentage points)."""
        return self.dims == (("share_difference", 1),)

    @property
    def additive(self) -> bool:
        """May amounts in this unit be summed at all?"""
        return not (self.is_share or self.is_rank or self.is_point or ("index", 1) in self.dims)

    def same_dimension(self, other: Unit) -> bool:
        return self.dims == other.dims

    def spoken(self, amount: Fraction) -> Text:
        """The unit as it is said after a number: ``3 organisations``, ``3家单位``."""
        kind = self.counts()
        measure_word, noun = _KINDS.get(kind or "", ("", ""))
        chinese = measure_word + noun if noun else self.title.zh
        return Text(_plural(self.title.en) if amount != 1 else self.title.en, chinese)

    def counts(self) -> str | None:
        """The kind counted, if this is a pure count."""
        if len(self.dims) == 1 and self.dims[0][1] == 1 and self.dims[0][0].startswith("count:"):
            return self.dims[0][0].removeprefix("count:")
        return None


# What is counted, in Chinese: its measure word and its noun.
_KINDS: dict[str, tuple[str, str]] = {
    "action": ("项", "行动"),
    "application": ("件", "申请"),
    "approval": ("件", "批准"),
    "artefact": ("项", "制品"),
    "award": ("项", "立项"),
    "call": ("个", "榜单"),
    "case": ("个", "案例"),
    "centre": ("个", "中心"),
    "certificate": ("张", "证书"),
    "chip": ("张", "卡"),
    "chip_type": ("种", "芯片型号"),
    "cluster": ("个", "集聚区"),
    "consortium": ("个", "联合体"),
    "dataset": ("个", "数据集"),
    "enterprise": ("家", "企业"),
    "evaluation": ("项", "评测"),
    "event": ("场", "活动"),
    "filing": ("件", "备案"),
    "framework": ("种", "框架"),
    "grant": ("项", "授权"),
    "incubator": ("家", "孵化器"),
    "innovator": ("家", "创新主体"),
    "institute": ("家", "研发机构"),
    "job": ("个", "作业"),
    "milestone": ("个", "节点"),
    "model": ("个", "模型"),
    "opportunity": ("项", "场景机会"),
    "organisation": ("家", "单位"),
    "person": ("名", "人员"),
    "pilot": ("项", "试点"),
    "programme": ("个", "项目"),
    "project": ("个", "项目"),
    "proposal": ("份", "申报书"),
    "record": ("条", "记录"),
    "request": ("件", "诉求"),
    "review": ("项", "评审"),
    "sandbox_exit": ("项", "沙盒退出"),
    "scenario": ("个", "场景"),
    "slippage": ("项", "偏差"),
    "system": ("个", "系统"),
    "use": ("次", "使用"),
    "version": ("个", "版本"),
}
# Words that stay as they are after any number.
_INVARIANT = ("per cent", "fen", "yuan", "share", "no unit", "index points", "FLOPS", "million")


def _plural(words: str) -> str:
    """An English unit after a number other than one."""
    head, per, tail = words.partition(" per ")
    if per and words != "per cent":
        return f"{_plural(head)} per {tail}"
    if any(word in words for word in _INVARIANT):
        return words
    if words == "person":
        return "people"
    if words.endswith("y") and words[-2:-1] not in "aeiou":
        return f"{words[:-1]}ies"
    return f"{words[:-2]}a" if words.endswith("ium") else f"{words}s"


def _unit(name: str, dims: dict[str, int], scale: Fraction | int, en: str, zh: str) -> Unit:
    return Unit(name, tuple(sorted(dims.items())), Fraction(scale), Text(en, zh))


_CHIP_TIME = {"count:chip": 1, "second": 1}
_KNOWN: tuple[Unit, ...] = (
    _unit("fen", {"cny": 1}, 1, "fen", "分"),
    _unit("yuan", {"cny": 1}, 100, "yuan", "元"),
    _unit("wan_yuan", {"cny": 1}, 10**6, "ten thousand yuan", "万元"),
    _unit("yi_yuan", {"cny": 1}, 10**10, "hundred million yuan", "亿元"),
    _unit("usd", {"usd": 1}, 1, "US dollar", "美元"),
    _unit("second", {"second": 1}, 1, "second", "秒"),
    _unit("minute", {"second": 1}, 60, "minute", "分钟"),
    _unit("hour", {"second": 1}, 3600, "hour", "小时"),
    _unit("day", {"second": 1}, 86400, "day", "日"),
    _unit("chip_ms", _CHIP_TIME, Fraction(1, 1000), "chip millisecond", "卡毫秒"),
    _unit("chip_hour", _CHIP_TIME, 3600, "chip hour", "卡时"),
    _unit("working_day", {"working_day": 1}, 1, "working day", "工作日"),
    _unit("share", {}, 1, "share", "比重"),
    _unit("percent", {}, Fraction(1, 100), "per cent", "%"),
    _unit("percentage_point", {"share_difference": 1}, Fraction(1, 100), "percentage point", "个百分点"),
    _unit("rank", {"rank": 1}, 1, "rank", "名次"),
    _unit("index", {"index": 1}, 1, "index points", "指数"),
    _unit("none", {}, 1, "no unit", "无单位"),
)
_BY_NAME = {u.name: u for u in _KNOWN} | {u.title.zh: u for u in _KNOWN}
_ALIASES = {
    "%": "percent",
    "pp": "percentage_point",
    "seconds": "second",
    "hours": "hour",
    "days": "day",
    "chip_hours": "chip_hour",
    "working_days": "working_day",
    "amount_fen": "fen",
    "cny": "yuan",
    "number": "share",
    "ratio": "share",
    "USD": "usd",
}
_COUNT = re.compile(r"count(?:\(\s*([a-z][a-z0-9_ ]*?)\s*\))?")
_FLOPS = re.compile(r"(P|T|E)FLOPS\(\s*([A-Za-z0-9_]+)\s*\)")
_BARE = re.compile(r"[a-z][a-z0-9_]*")
_FLOPS_SCALE = {"T": Fraction(1, 1000), "P": Fraction(1), "E": Fraction(1000)}
SHARE = _BY_NAME["share"]
PERCENTAGE_POINT = _BY_NAME["percentage_point"]
SECOND = _BY_NAME["second"]


def count_of(kind: str) -> Unit:
    """The unit that counts things of a kind; a plural is the same kind as its singular."""
    name = kind.strip().replace(" ", "_")
    if name.endswith("ies"):
        name = name[:-3] + "y"
    elif name.endswith("s") and not name.endswith(("ss", "us", "is")):
        name = name[:-1]
    words = name.replace("_", " ")
    measure_word, noun = _KINDS.get(name, ("个", words))
    return _unit(f"count({name})", {f"count:{name}": 1}, 1, words, f"{measure_word}（{noun}）")


def parse_unit(text: str) -> Unit:
    """Read a unit: a known name in English or Chinese, ``count(kind)``, ``PFLOPS(FP16)``, ``a/b``, or a bare
    word, which is a kind of thing counted. Invalid for anything else."""
    written = text.strip()
    name = _ALIASES.get(written, written)
    if name in _BY_NAME:
        return _BY_NAME[name]
    if found := _COUNT.fullmatch(name):
        return count_of(found.group(1) or "record")
    if found := _FLOPS.fullmatch(name):
        letter, precision = found.group(1), found.group(2).upper()
        return _unit(
            f"{letter}FLOPS({precision})",
            {f"flops:{precision}": 1},
            _FLOPS_SCALE[letter],
            f"{letter}FLOPS at {precision}",
            f"{letter}FLOPS（{precision}）",
        )
    if name.count("/") == 1:
        top, bottom = name.split("/")
        return divide(parse_unit(top), parse_unit(bottom))
    if _BARE.fullmatch(name):
        return count_of(name)
    raise Invalid(
        Text("“{u}” is not a unit", "“{u}”不是计量单位").format(u=written),
        rule="indicators.unit.unknown",
        remedy=Text(
            "write fen, yuan, 万元, 亿元, percent, chip_hour, working_day, PFLOPS(FP16) or count(kind)",
            "请写“元”“万元”“亿元”“%”“卡时”“工作日”、PFLOPS(FP16) 或 count(类别)",
        ),
        field="unit",
    )


def _merge(left: Unit, right: Unit, sign: int) -> Dimensions:
    powers = dict(left.dims)
    for base, power in right.dims:
        powers[base] = powers.get(base, 0) + sign * power
    return tuple(sorted((b, p) for b, p in powers.items() if p))


def multiply(left: Unit, right: Unit) -> Unit:
    """Product of two units; a number without dimension leaves the other as it is."""
    if not right.dims and right.scale == 1:
        return left
    if not left.dims and left.scale == 1:
        return right
    title = Text("{a} × {b}", "{a}×{b}").format(a=left.title, b=right.title)
    return Unit(f"{left.name}*{right.name}", _merge(left, right, 1), left.scale * right.scale, title)


def divide(left: Unit, right: Unit) -> Unit:
    """Quotient of two units; the same dimension cancels to a share."""
    if left.dims == right.dims:
        return SHARE
    if not right.dims and right.scale == 1:
        return left
    one = Fraction(1)
    title = Text("{a} per {b}", "{a}／{b}").format(a=left.spoken(one), b=right.spoken(one))
    return Unit(f"{left.name}/{right.name}", _merge(left, right, -1), left.scale / right.scale, title)


def convert(amount: Fraction | int, source: Unit, target: Unit) -> Fraction:
    """Exact conversion between units of one dimension. Invalid when the dimensions differ."""
    if source.dims != target.dims:
        raise Invalid(
            Text("{a} cannot be turned into {b}", "{a}不能换算为{b}").format(a=source.title, b=target.title),
            rule="indicators.unit.mismatch",
            remedy=Text(
                "use units of the same dimension, or declare a rate with its date and source",
                "请使用同一量纲的单位，或另行声明换算率及其日期、来源",
            ),
            field="unit",
        )
    return Fraction(amount) * source.scale / target.scale
