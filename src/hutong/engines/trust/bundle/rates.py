"""Rates of content in a report: both verdicts side by side, the rule behind them, the operating characteristic as SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from html import escape

from hutong.engines.trust.content.shown import (
    BINDING,
    CONFIDENT,
    CURVE,
    STATUS,
    TRUTH,
    Point,
    TwoVerdicts,
    two_verdicts,
)
from hutong.engines.trust.content.transforms import words_of
from hutong.engines.trust.figures import nearest, short
from hutong.engines.trust.types import STATE_WORDS, Claim, Finding, Json, State
from hutong.kernel.text import Language, Text

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 340, 190, 34, 330, 10, 150
NEEDED = Text("shown with confidence from {k} of {n}", "须{n}题中至少{k}题符合方可置信通过")
AT_MOST = Text("shown with confidence up to {k} of {n}", "{n}题中不超过{k}题时方可置信通过")
AT_BAR = Text(
    "at a true share of {b} the rule accepts with chance {r}, the confident verdict with {c}",
    "真实比例为{b}时，按标准判定的接受概率为{r}，置信判定为{c}",
)
BY_RULE, SURELY = Text("by the rule", "按标准"), Text("with confidence", "置信")
WORST = Text("Lowest kinds of risk", "合格率最低的风险种类")
OF_RISK = Text("{k}: {g} of {n} acceptable [{lo}, {hi}]", "{k}：{n}题中{g}题合格［{lo}，{hi}］")
DISGUISE = Text("{k}: {g} of {n} held", "{k}：{n}题中{g}题守住")
NOT_CHECKED = Text("Rules of which this evaluation knows nothing: {k}", "本次评测未涉及的规则：{k}")
RULES = Text("The {n} rules in force", "现行{n}项规则")
FEW = 5


def about_rate(claim: Claim, finding: Finding, language: Language) -> Iterator[str]:
    """HTML of what the details of a finding on content hold; nothing for any other finding."""
    found = two_verdicts(finding.as_json())
    if found is not None:
        yield _both(claim, found, language)
        yield curve(found, language)
        yield f'<p class="dim">{escape(_at_bar(found).say(language))}</p>'
    for detail in finding.details:
        yield from _detail(detail, language)
    lowest = sorted((d for d in finding.details if "risk" in d and d["good"] != d["n"]), key=_share)[:FEW]
    if lowest:
        told = [
            OF_RISK.format(k=d["risk"], g=d["good"], n=d["n"], lo=_s(d, "lower"), hi=_s(d, "upper"))
            for d in lowest
        ]
        yield f'<p class="dim">{escape(WORST.say(language))}: {escape("; ".join(t.say(language) for t in told))}</p>'


def _both(claim: Claim, found: TwoVerdicts, language: Language) -> str:
    alpha = short(str(claim.alpha))
    sides = (
        (found.title, found.regulatory, found.regulatory_words, found.rule),
        (CONFIDENT.format(a=alpha), found.confident, found.confident_words, _needed(claim, found)),
    )
    return '<div class="two">' + "".join(_side(*side, language) for side in sides) + "</div>"


def _side(title: Text, state: State, words: Text, more: Text | None, language: Language) -> str:
    note = "" if more is None else f'<p class="dim">{escape(more.say(language))}</p>'
    mark = STATE_WORDS[state][1]
    return (
        f'<div class="side {state}"><h4>{escape(title.say(language))}</h4>'
        f'<p><span class="state {state}">{mark}</span> {escape(words.say(language))}</p>{note}</div>'
    )


def _needed(claim: Claim, found: TwoVerdicts) -> Text | None:
    if found.needed is None:
        return None
    return (NEEDED if found.compare == ">=" else AT_MOST).format(k=found.needed, n=claim.n)


def _at_bar(found: TwoVerdicts) -> Text:
    point = found.at(float(found.bar))
    return AT_BAR.format(b=short(found.bar), r=f"{point.regulatory:.3f}", c=f"{point.confident:.3f}")


def _detail(detail: Json, language: Language) -> Iterator[str]:
    disguises, left = detail.get("disguises"), detail.get("not_checked")
    if isinstance(disguises, list | tuple) and len(disguises) > 1:
        told = [DISGUISE.format(k=words_of(str(d["name"])), g=d["good"], n=d["n"]) for d in disguises]
        yield f'<p class="dim">{escape("; ".join(t.say(language) for t in told))}</p>'
    if isinstance(left, list | tuple) and left:
        words = NOT_CHECKED.format(k=", ".join(str(n) for n in left))
        yield f'<p class="dim">{escape(words.say(language))}</p>'
    rules = detail.get("rules")
    if isinstance(rules, list | tuple):
        rows = "".join(_rule(r, language) for r in rules)
        head = escape(RULES.format(n=len(rules)).say(language))
        yield f'<details><summary>{head}</summary><table class="rules"><tbody>{rows}</tbody></table></details>'


def _rule(row: Json, language: Language) -> str:
    title = row["title"]
    words = title[language] if isinstance(title, dict) else title
    source, value = row["source"], Fraction(str(row["value"]))
    told = (
        words,
        row["clause"],
        value if value.denominator == 1 else short(nearest(value)),
        BINDING[str(row["binding"])].say(language),
        STATUS[str(row["status"])].say(language),
        source[language] if isinstance(source, dict) else source,
    )
    return "<tr>" + "".join(f"<td>{escape(str(v))}</td>" for v in told) + "</tr>"


def _share(detail: Json) -> tuple[float, str]:
    n = int(str(detail["n"]))
    return (int(str(detail["good"])) / n if n else 1.0, str(detail["risk"]))


def _s(detail: Json, key: str) -> str:
    return short(str(detail[key]))


def curve(found: TwoVerdicts, language: Language) -> str:
    """Chance of acceptance against the true share, under each rule; the bar dashed. Lines differ in dash and in words."""
    low, high = found.curve[0].truth, found.curve[-1].truth

    def across(truth: float) -> float:
        return LEFT + (RIGHT - LEFT) * (truth - low) / (high - low or 1.0)

    def line(kind: str, of: Callable[[Point], float]) -> str:
        dots = " ".join(f"{across(p.truth):.1f},{BOTTOM - (BOTTOM - TOP) * of(p):.1f}" for p in found.curve)
        return f'<polyline class="{kind}" points="{dots}"/>'

    bar = f"{across(float(found.bar)):.1f}"
    title = escape(CURVE.say(language))
    drawn = [
        f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}"><title>{title}</title>',
        f'<path class="axis" d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"/>',
        f'<line class="bar" x1="{bar}" y1="{TOP}" x2="{bar}" y2="{BOTTOM}"/>',
        f'<text x="{LEFT - 4}" y="{TOP + 5}" text-anchor="end">1</text>',
        f'<text x="{LEFT - 4}" y="{BOTTOM}" text-anchor="end">0</text>',
        f'<text x="{LEFT}" y="{BOTTOM + 15}">{low:g}</text>',
        f'<text x="{RIGHT}" y="{BOTTOM + 15}" text-anchor="end">{high:g}</text>',
        f'<text class="bar" x="{bar}" y="{BOTTOM + 15}" text-anchor="middle">{escape(short(found.bar))}</text>',
        line("rule", lambda p: p.regulatory),
        line("sure", lambda p: p.confident),
        f'<line class="rule" x1="{LEFT}" y1="182" x2="{LEFT + 22}" y2="182"/>',
        f'<text x="{LEFT + 28}" y="186">{escape(BY_RULE.say(language))}</text>',
        '<line class="sure" x1="118" y1="182" x2="140" y2="182"/>',
        f'<text x="146" y="186">{escape(SURELY.say(language))}</text>',
        f'<text x="{RIGHT}" y="186" text-anchor="end">{escape(TRUTH.say(language))}</text>',
        "</svg>",
    ]
    return "".join(drawn)
