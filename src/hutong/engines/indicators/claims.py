"""Numbers as people write them in reports: “近300亿元”, “5–10家”, “超１.５万亿”, “about 20 %”. A qualifier
makes a bound, never an exact value.

How wide a qualifier is follows from the digits written: 约300亿 is rounded to hundreds of 亿, so it lies
within half a unit of its last non-zero digit on either side (250 to 350); 近300亿 lies below 300 by less
than one such unit; 300余 lies above by less than one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from fractions import Fraction

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

MAX_LENGTH = 80
_MAX_DIGITS = 30
_SCALES = {
    "万亿": 10**12,
    "亿": 10**8,
    "千万": 10**7,
    "百万": 10**6,
    "万": 10**4,
    "trillion": 10**12,
    "billion": 10**9,
    "bn": 10**9,
    "million": 10**6,
    "thousand": 10**3,
}
_BEFORE = {
    "nearly": "below",
    "近": "below",
    "接近": "below",
    "将近": "below",
    "超": "above",
    "超过": "above",
    "逾": "above",
    "突破": "above",
    "over": "above",
    "more than": "above",
    ">": "above",
    "大于": "above",
    "约": "about",
    "大约": "about",
    "约为": "about",
    "左右": "about",
    "about": "about",
    "around": "about",
    "~": "about",
    "不少于": "least",
    "不低于": "least",
    "至少": "least",
    "at least": "least",
    "≥": "least",
    ">=": "least",
    "达到": "exact",
    "不超过": "most",
    "不高于": "most",
    "至多": "most",
    "at most": "most",
    "≤": "most",
    "<=": "most",
    "低于": "under",
    "少于": "under",
    "less than": "under",
    "<": "under",
}
_AFTER = {"以上": "least", "及以上": "least", "以下": "most", "左右": "about", "上下": "about", "+": "least"}
_UNITS = {
    "%": "percent",
    "个百分点": "percentage_point",
    "百分点": "percentage_point",
    "pp": "percentage_point",
    "元": "yuan",
    "人民币元": "yuan",
    "yuan": "yuan",
    "美元": "usd",
    "卡时": "chip_hour",
    "pflops": "PFLOPS",
}
_COUNTERS = "家个项人名件次台张套篇种款只座场"
_DIGITS = dict(
    zip(
        "零〇一二三四五六七八九两壹贰叁肆伍陆柒捌玖",
        [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2, *range(1, 10)],
        strict=True,
    )
)
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_CHINESE = "".join(_DIGITS) + "".join(_TENS)
_ARABIC = r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_NUMBER = rf"(?:{_ARABIC}|[{_CHINESE}]+)"
_SCALE = "|".join(sorted(_SCALES, key=len, reverse=True))
_SHAPE = re.compile(
    rf"(?P<before>{'|'.join(map(re.escape, sorted(_BEFORE, key=len, reverse=True)))})?\s*(?P<per>百分之)?"
    rf"(?P<a>{_NUMBER})\s*(?P<more1>[余多])?\s*(?P<sa>{_SCALE})?(?P<more2>[余多])?\s*(?P<ua>%|[{_COUNTERS}])?"
    rf"(?:\s*(?:-|~|至|到|to)\s*(?P<b>{_NUMBER})\s*(?P<sb>{_SCALE})?)?"
    rf"\s*(?P<more3>[余多])?(?P<unit>%|[a-z]+|[^\d\s+]*?)\s*(?P<after>{'|'.join(map(re.escape, _AFTER))})?"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A number as claimed: between low and high, each None when open, and open_low/open_high when excluded.

    unit: yuan, percent, percentage_point, usd, chip_hour, PFLOPS, count, or the word written. raw: as
    written.
    """

    low: Fraction | None
    high: Fraction | None
    open_low: bool
    open_high: bool
    unit: str
    raw: str

    @property
    def exact(self) -> Fraction | None:
        """The value, only where the claim names exactly one."""
        one = self.low is not None and self.low == self.high and not (self.open_low or self.open_high)
        return self.low if one else None

    def admits(self, value: Fraction | int) -> bool:
        """Could the claim be true of this value?"""
        below = self.low is not None and (value < self.low or (self.open_low and value == self.low))
        above = self.high is not None and (value > self.high or (self.open_high and value == self.high))
        return not (below or above)


def _invalid(raw: str, rule: str, what: Text, remedy: Text) -> Invalid:
    return Invalid(
        what.format(r=raw[:MAX_LENGTH]), rule=f"indicators.claim.{rule}", remedy=remedy, field="value"
    )


def _plain(raw: str) -> str:
    """Full width to half width, one kind of dash and tilde, lower case, Chinese thousands comma dropped."""
    text = unicodedata.normalize("NFKC", raw).strip().lower()
    for dash in "–—−－‒―":
        text = text.replace(dash, "-")
    for tilde in "～∼〜":
        text = text.replace(tilde, "~")
    return text.replace("，", ",")


def parse_claim(raw: str) -> Claim:
    """Read one claimed number. Invalid for NaN, infinity, monstrous exponents and what is not one number."""
    text = _plain(raw)
    if re.search(r"\b(nan|inf(inity)?)\b|∞|无穷", text):
        raise _invalid(
            raw,
            "not_finite",
            Text("“{r}” is not a number", "“{r}”不是数"),
            Text("leave the field empty and say why it is not known", "请留空并说明数据暂缺的原因"),
        )
    found = _SHAPE.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if found is None:
        raise _invalid(
            raw,
            "unreadable",
            Text("“{r}” cannot be read as one number", "“{r}”无法识别为数值"),
            Text(
                "write for example 300亿元, 近300亿元, 5–10家 or 12.5%",
                "例如：300亿元、近300亿元、5–10家、12.5%",
            ),
        )
    return _claim(raw, found)


def _claim(raw: str, found: re.Match[str]) -> Claim:
    scale_b = found["sb"] or found["sa"]
    scale_a = found["sa"] or (found["sb"] if found["b"] else None)
    low, step = _amount(raw, found["a"], scale_a)
    word = found["unit"] or found["ua"] or ""
    unit = "percent" if found["per"] or "%" in (found["ua"] or "") else _unit(word)
    base = Claim(low, low, False, False, unit, raw)
    if found["b"]:
        high, _ = _amount(raw, found["b"], scale_b)
        if high < low:
            raise _invalid(
                raw,
                "range",
                Text("the range “{r}” runs backwards", "区间“{r}”上下限颠倒"),
                Text("write the smaller number first", "请先写较小的数"),
            )
        return replace(base, high=high)
    more = found["more1"] or found["more2"] or found["more3"]
    quality = (
        _BEFORE.get(found["before"] or "")
        or _AFTER.get(found["after"] or "")
        or ("more" if more else "exact")
    )
    return _bounded(base, quality, low, step)


def _unit(word: str) -> str:
    if not word:
        return "number"
    return _UNITS.get(word) or ("count" if word[0] in _COUNTERS else word)


def _bounded(base: Claim, quality: str, value: Fraction, step: Fraction) -> Claim:
    if quality == "below":
        return replace(base, low=value - step, open_low=True, open_high=True)
    if quality == "above":
        return replace(base, high=None, open_low=True)
    if quality == "about":
        return replace(base, low=value - step / 2, high=value + step / 2)
    if quality == "more":
        return replace(base, high=value + step, open_low=True, open_high=True)
    if quality == "least":
        return replace(base, high=None)
    if quality in ("most", "under"):
        return replace(base, low=None, open_high=quality == "under")
    return base


def _amount(raw: str, digits: str, scale: str | None) -> tuple[Fraction, Fraction]:
    """The number, and one unit of its last digit that is not zero."""
    times = _SCALES[scale] if scale else 1
    value = (
        Fraction(_chinese(raw, digits)) if digits[0] in _CHINESE else _arabic(raw, digits.replace(",", ""))
    )
    step = Fraction(1)
    if value:
        while (value / step).denominator != 1:
            step /= 10
        while (value / (step * 10)).denominator == 1:
            step *= 10
    return value * times, step * times


def _arabic(raw: str, digits: str) -> Fraction:
    mantissa, _, power = digits.partition("e")
    if len(mantissa) > _MAX_DIGITS or abs(int(power or "0")) > _MAX_DIGITS:
        raise _invalid(
            raw,
            "size",
            Text("“{r}” is beyond any figure of a plan", "“{r}”超出规划数据的合理范围"),
            Text("check the digits", "请核对位数"),
        )
    return Fraction(mantissa) * Fraction(10) ** int(power or "0")


def _chinese(raw: str, digits: str) -> int:
    """Chinese numerals, ordinary and banking, below ten thousand."""
    total, digit, last = 0, None, 10**4
    for char in digits:
        if char in _DIGITS:
            if digit:
                raise _invalid(
                    raw,
                    "unreadable",
                    Text("“{r}” cannot be read as one number", "“{r}”无法识别为数值"),
                    Text("write it in digits", "请用阿拉伯数字填写"),
                )
            digit = _DIGITS[char]
            continue
        size = _TENS[char]
        if size >= last:
            raise _invalid(
                raw,
                "unreadable",
                Text("“{r}” cannot be read as one number", "“{r}”无法识别为数值"),
                Text("write it in digits", "请用阿拉伯数字填写"),
            )
        total, digit, last = total + (1 if digit is None else digit) * size, None, size
    return total + (digit or 0)
