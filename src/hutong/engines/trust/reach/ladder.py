"""The access ladder: what the evaluator may do with a target, and the highest level each category can reach so.

Data are needs per category and level (`ladder.yaml`, dated); a cap is the last level whose needs, with those of all levels
below, lie in the powers at hand. So a cap only grows with the set of powers: less access can never raise it. A cap is an
upper limit; whether the level is reached is for the tests to show.

Access is a set of powers and not a place in a row: a log that holds scores can be judged by its scores and still cannot be
asked, a service that answers in words can be asked and gives no label.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from hutong.engines.trust.targets import Target
from hutong.engines.trust.types import CATEGORIES, Category, refuse
from hutong.kernel.canonical import digest
from hutong.kernel.errors import NotFound
from hutong.kernel.text import Text

SOURCE = Path(__file__).with_name("ladder.yaml")
Powers = frozenset[str]
SPEECH = "text"
IN_WORDS = Text("does not apply to a system that answers in words", "不适用于生成文本回答的系统")


@dataclass(frozen=True, slots=True)
class Rung:
    """One kind of access: id as in `Target.access`, code A0 to A6 (T0, T1 for words), powers: all that it gives."""

    id: str
    code: str
    title: Text
    powers: Powers


@dataclass(frozen=True, slots=True)
class Ladder:
    """rungs: the kinds of access. needs, speaks: category -> level -> powers, those of lower levels included, of a system
    that labels rows and of one that answers in words. status: proposal, voted or law. digest: of the data read.
    """

    version: str
    valid_from: date
    valid_to: date | None
    status: str
    citation: Text
    words: Mapping[str, Text] = field(hash=False)
    rungs: tuple[Rung, ...]
    needs: Mapping[Category, Mapping[int, Powers]] = field(hash=False)
    speaks: Mapping[Category, Mapping[int, Powers]] = field(hash=False)
    digest: str

    def rung(self, access: str) -> Rung:
        """The rung of that id. `Invalid` ladder.access for another."""
        for rung in self.rungs:
            if rung.id == access:
                return rung
        what = Text("The access {a} is not on the ladder.", "访问层次{a}未定义。").format(a=access[:40])
        raise refuse("ladder.access", what, where="access")

    def cap(self, category: Category, powers: Powers) -> int:
        """The highest level of the category with these powers, 0 to 5."""
        tables = (self.needs, self.speaks) if SPEECH in powers else (self.needs,)
        return max(_height(table[category], powers) for table in tables)

    def caps(self, powers: Powers) -> dict[Category, int]:
        return {c: self.cap(c, powers) for c in CATEGORIES}

    def missing(self, category: Category, level: int, powers: Powers) -> Text | None:
        """What that level needs and these powers lack, in words; None if nothing is lacking."""
        if level <= self.cap(category, powers):
            return None
        in_words = SPEECH in powers and "rows" not in powers
        needed = (self.speaks if in_words else self.needs)[category].get(level)
        if needed is None:
            return IN_WORDS if in_words else Text("no such level is defined", "未定义该等级")
        lacking = [self.words[p] for p in self.words if p in needed - powers]
        listed = Text(", ".join(t.en for t in lacking), "、".join(t.zh for t in lacking))
        return Text("needs {p}", "需要{p}").format(p=listed)

    def next_rung(self, category: Category, powers: Powers) -> Rung | None:
        """The least rung that would raise the cap of the category, or None if none would."""
        now = self.cap(category, powers)
        like = [r for r in self.rungs if (SPEECH in r.powers) == (SPEECH in powers)]
        return next((r for r in like if self.cap(category, r.powers | powers) > now), None)


def _height(levels: Mapping[int, Powers], powers: Powers) -> int:
    reached = 0
    for level, needed in sorted(levels.items()):
        if not needed <= powers:
            break
        reached = level
    return reached


def powers_of(target: Target, *, training: bool = False, retrain: bool = False) -> Powers:
    """What this target lets the evaluator do; training, retrain: whether its owner gave these too.

    A log has the scores that are in it, and a target with a privacy mechanism to draw from its outputs; otherwise the
    powers are those of the rung.
    """
    ladder = ladder_on(None)
    powers = set(ladder.rung(target.access).powers)
    # Whatever wraps a log keeps its scores; of other targets the rung says whether they give any.
    if getattr(target, "probabilities", None) is not None:
        powers.add("scores")
    if hasattr(target, "promise") and hasattr(target, "draw"):
        powers.add("outputs")
    if training or retrain:
        powers.add("training")
    if retrain:
        powers |= {"retrain", "outputs"}
    return frozenset(powers)


def gives(access: str, step: str) -> bool:
    """Whether this kind of access gives a power, or all powers of a rung. An unknown access gives nothing."""
    ladder = ladder_on(None)
    powers = next((r.powers for r in ladder.rungs if r.id == access), frozenset())
    if step in ladder.words:
        return step in powers
    return access in {r.id for r in ladder.rungs} and ladder.rung(step).powers <= powers


@cache
def ladder_on(day: date | None) -> Ladder:
    """The ladder in force on that day (None: the newest). `NotFound` before its first day or after its last."""
    found = _read(SOURCE.read_text(encoding="utf-8"))
    if day is not None and (day < found.valid_from or (found.valid_to is not None and day > found.valid_to)):
        raise NotFound(
            Text("No access ladder was in force on {d}.", "{d}无有效的访问层次表。").format(d=str(day)),
            rule="ladder.date",
            remedy=Text("Use a day from {d} on.", "请选择{d}及以后的日期。").format(d=str(found.valid_from)),
        )
    return found


def _read(text: str) -> Ladder:
    record: dict[str, Any] = yaml.safe_load(text)
    words = {str(k): Text(**v) for k, v in record["powers"].items()}
    rungs = tuple(
        Rung(row["id"], row["code"], Text(**row["title"]), _known(row["gives"], words))
        for row in record["rungs"]
    )
    plain = {**record, "valid_from": str(record["valid_from"]), "valid_to": str(record["valid_to"])}
    for table in ("needs", "speaks"):
        plain[table] = {c: {str(k): v for k, v in levels.items()} for c, levels in record[table].items()}
    first = {c: {1: record["needs"][c][1]} for c in CATEGORIES}
    return Ladder(
        version=record["version"],
        valid_from=record["valid_from"],
        valid_to=record["valid_to"],
        status=record["status"],
        citation=Text(**record["citation"]),
        words=words,
        rungs=rungs,
        needs={c: _cumulated(record["needs"][c], words) for c in CATEGORIES},
        speaks={c: _cumulated(record["speaks"].get(c, first[c]), words) for c in CATEGORIES},
        digest=digest(plain),
    )


def _cumulated(levels: Mapping[int, list[str]], words: Mapping[str, Text]) -> dict[int, Powers]:
    if list(levels) != list(range(1, len(levels) + 1)):
        raise refuse("ladder.levels", Text("A level of the ladder is left out.", "访问层次表缺少等级。"))
    found: dict[int, Powers] = {}
    for level, added in levels.items():
        found[level] = found.get(level - 1, frozenset()) | _known(added, words)
    return found


def _known(names: list[str], words: Mapping[str, Text]) -> Powers:
    unknown = set(names) - set(words)
    if unknown:
        what = Text("The ladder names no power {p}.", "访问层次表未定义{p}。").format(p=sorted(unknown)[0])
        raise refuse("ladder.power", what)
    return frozenset(names)
