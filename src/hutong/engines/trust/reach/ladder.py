"""The access ladder: what the evaluator may do with a target, and the highest level each category can reach so.

Data are needs per category and level (`ladder.yaml`, dated); a cap is the last level whose needs, with those of all levels
below, lie in the powers at hand. So a cap only grows with the set of powers: less access can never raise it. A cap is an
upper limit; whether the level is reached is for the tests to show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from hutong.engines.trust.targets import LogTarget, Target
from hutong.engines.trust.types import CATEGORIES, Category, refuse
from hutong.kernel.canonical import digest
from hutong.kernel.errors import NotFound
from hutong.kernel.text import Text

SOURCE = Path(__file__).with_name("ladder.yaml")
Powers = frozenset[str]


@dataclass(frozen=True, slots=True)
class Rung:
    """One step: id as in `Target.access`, code A0 to A6, powers: all that it gives."""

    id: str
    code: str
    title: Text
    powers: Powers


@dataclass(frozen=True, slots=True)
class Ladder:
    """rungs: from least to most. needs: category -> level -> powers, those of lower levels included.

    status: proposal, voted or law. digest: of the data read.
    """

    version: str
    valid_from: date
    valid_to: date | None
    status: str
    citation: Text
    words: Mapping[str, Text] = field(hash=False)
    rungs: tuple[Rung, ...]
    needs: Mapping[Category, Mapping[int, Powers]] = field(hash=False)
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
        reached = 0
        for level, needed in sorted(self.needs[category].items()):
            if not needed <= powers:
                break
            reached = level
        return reached

    def caps(self, powers: Powers) -> dict[Category, int]:
        return {c: self.cap(c, powers) for c in CATEGORIES}

    def missing(self, category: Category, level: int, powers: Powers) -> Text | None:
        """What that level needs and these powers lack, in words; None if nothing is lacking."""
        needed = self.needs[category].get(level)
        if needed is None:
            return Text("no such level is defined", "未定义该等级")
        lacking = [self.words[p] for p in self.words if p in needed - powers]
        if not lacking:
            return None
        listed = Text(", ".join(t.en for t in lacking), "、".join(t.zh for t in lacking))
        return Text("needs {p}", "需要{p}").format(p=listed)

    def next_rung(self, category: Category, powers: Powers) -> Rung | None:
        """The least rung that would raise the cap of the category, or None if none would."""
        now = self.cap(category, powers)
        return next((r for r in self.rungs if self.cap(category, r.powers | powers) > now), None)


def powers_of(target: Target, *, training: bool = False, retrain: bool = False) -> Powers:
    """What this target lets the evaluator do; training, retrain: whether its owner gave these too.

    A log has the scores that are in it; any other target has the powers of its rung.
    """
    ladder = ladder_on(None)
    powers = set(ladder.rung(target.access).powers)
    if isinstance(target, LogTarget) and target.probabilities is not None:
        powers.add("scores")
    if training or retrain:
        powers.add("training")
    if retrain:
        powers.add("retrain")
    return frozenset(powers)


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
    rungs: list[Rung] = []
    held: Powers = frozenset()
    for row in record["rungs"]:
        held = held | _known(row["adds"], words)
        rungs.append(Rung(row["id"], row["code"], Text(**row["title"]), held))
    plain = {**record, "valid_from": str(record["valid_from"]), "valid_to": str(record["valid_to"])}
    plain["needs"] = {c: {str(k): v for k, v in levels.items()} for c, levels in record["needs"].items()}
    return Ladder(
        version=record["version"],
        valid_from=record["valid_from"],
        valid_to=record["valid_to"],
        status=record["status"],
        citation=Text(**record["citation"]),
        words=words,
        rungs=tuple(rungs),
        needs={c: _cumulated(record["needs"][c], words) for c in CATEGORIES},
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
