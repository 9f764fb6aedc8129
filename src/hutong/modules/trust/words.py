"""An evaluation as a page shows it: the grid of category by level, the closed gate, the cheapest way through."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from hutong.engines import trust
from hutong.engines.trust import CATEGORY_WORDS, LEVEL_WORDS, STATE_WORDS
from hutong.kernel.text import Text
from hutong.kernel.values import decimal_text
from hutong.modules.trust.models import Evaluation
from hutong.platform.component_pages import ClosedGate
from hutong.platform.components import Given, Grid, GridCell, GridRow, Tone

TONES: dict[str, Tone] = {
    "pass": "done",
    "fail": "stopped",
    "inconclusive": "needs",
    "not_estimable": "needs",
    "not_run": "needs",
    "not_reachable": "open",
    "not_applicable": "closed",
}
TRUST = Text("Trust", "可信评测")
LEVELS = (1, 2, 3, 4, 5)
DECISIONS = Text("Decisions", "决定")
ADVICE_WORDS = {
    "thresholds": Text("A threshold for each group", "分组设定阈值"),
    "reweighting": Text("Weights in training", "训练样本加权"),
}


def level_words(levels: dict[str, int]) -> Text:
    """The levels reached, from the highest: "L2 Q R S"."""
    most = max(levels.values(), default=0)
    which = " ".join(k for k, v in levels.items() if v == most)
    return Text(f"L{most} {which}", f"L{most} {which}")


def short(number: str | None) -> str:
    """A decimal string to three places, for reading; the record keeps all."""
    return "" if number is None else decimal_text(Fraction(number), 3)


def grid(evaluation: Evaluation, opened: str | None = None) -> Grid | None:
    """Category by level; None before anything was measured. Never summed into one score.

    opened: code of the record whose reader may open each cell; None where cells do not open.
    """
    verdict = evaluation.verdict
    if verdict is None:
        return None
    cells = {(c["category"], c["level"]): c for c in verdict["cells"]}
    stop = verdict["stops_at"] or {}
    rows = tuple(
        GridRow(
            label=CATEGORY_WORDS[category],
            cells=tuple(_cell(cells.get((category, level)), opened) for level in LEVELS),
            required=str(verdict["required"][category]),
            stops_here=stop.get("category") == category,
        )
        for category in trust.CATEGORIES
    )
    levels = tuple(Text(f"L{n} {LEVEL_WORDS[n].en}", f"L{n} {LEVEL_WORDS[n].zh}") for n in LEVELS)
    return Grid(Text("Evidence by category and level", "按类别与等级列示的证据"), levels, rows)


def _cell(cell: dict[str, Any] | None, opened: str | None) -> GridCell:
    if cell is None or cell["state"] == "not_reachable":
        return GridCell()
    findings = [f for f in cell["findings"] if f["value"] is not None and f["state"] == cell["state"]]
    words: Text | None = None
    if findings:
        first = findings[0]
        said = f"{short(first['value'])} [{short(first['lower'])}, {short(first['upper'])}]"
        if cell["state"] == "fail" and first["threshold"] is not None:
            over = Fraction(first["value"]) > Fraction(first["threshold"])
            said += f" {'>' if over else '<'} {short(first['threshold'])}"
        words = Text(said, said)
    drawer = f"/trust/cell/{opened}/{cell['category']}/{cell['level']}" if opened is not None else None
    # What nobody asked for needs nobody.
    tone = "open" if TONES[cell["state"]] == "needs" and not cell["required"] else TONES[cell["state"]]
    return GridCell(tone, words or STATE_WORDS[cell["state"]][0], drawer)


def _advised(way: dict[str, Any]) -> Iterator[Given]:
    """Mitigations that were predicted from the same counts; each makes another system."""
    for one in way.get("advice", ()):
        yield Given(ADVICE_WORDS[one["kind"]], Text(**one["words"]))


def _ended(evaluation: Evaluation) -> ClosedGate | None:
    """The gate of an evaluation that was refused because it could not be measured."""
    if evaluation.state != "refused" or evaluation.verdict is not None or evaluation.fault is None:
        return None
    what, remedy = (Text(**evaluation.fault[k]) for k in ("what", "remedy"))
    return ClosedGate(
        stage=TRUST,
        reason=what,
        cheapest=(Given(Text("What to do", "处理办法"), remedy),),
        drawer=f"/evidence/{evaluation.code}",
    )


def closed_gate(evaluation: Evaluation) -> ClosedGate | None:
    """Why the gate of trust is closed for a system, from its newest evaluation; None unless that one stopped it."""
    ended = _ended(evaluation)
    if ended is not None or evaluation.verdict is None or evaluation.verdict["outcome"] == "pass":
        return ended
    from hutong.modules.trust.operations.evaluation import reason_of

    stop = reason_of(evaluation)
    measured = Text(**stop["words"]) if stop is not None else None
    way = evaluation.way
    cheapest = (Given(DECISIONS, Text(**way["words"])), *_advised(way)) if way else ()
    return ClosedGate(
        stage=TRUST,
        reason=Text(**evaluation.verdict["words"]),
        measured=measured,
        cheapest=cheapest,
        drawer=f"/evidence/{evaluation.code}",
    )
