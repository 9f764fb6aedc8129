"""Does the same system answer from the first question to the last? Items that are asked again and again, and a paired e-process.

Each item has an anchor, the most frequent of its first three answers; "passes" means "equal to the anchor". Right after
them the item is asked `rounds` times more (reference), later once per check. A check pairs one unused reference answer with one later answer: given the
anchor, both are draws from one law as long as nothing changed, so a pair that differs is a fair coin, and evidence against
that may be looked at after every pair (`statistics.paired.log_paired_e`, one-sided: agreement falls). Answers at random are no
drift; a system that drifted into other answers is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hutong.engines.trust.figures import nearest
from hutong.engines.trust.statistics.paired import log_paired_e
from hutong.engines.trust.types import Finding, refuse
from hutong.kernel.text import Text

# Replicates of the sentinels lie apart from those of a run, which may hold the same question.
APART = 10**6
ANCHORS = 3
# Asks an item under a replicate index and returns its answer in words.
AskOne = Callable[[str, int], str]
_SAME = Text(
    "repeated questions: {k} of {n} pairs changed, no sign of drift", "重复提问{n}对，变化{k}对，未见版本漂移"
)
_MOVED = Text(
    "the system changed while it was evaluated: {k} of {n} pairs",
    "评估期间系统发生变化：{n}对中有{k}对不一致",
)
_TWO = Text("{n} versions answered at one address", "同一地址有{n}个版本作答")


@dataclass
class Sentinels:
    """items: questions to repeat. rounds: checks that there is reference for. alpha: chance of a false alarm, ever.

    since: other questions asked since the last check, as its user counts them (`sentinels.look`).
    """

    ask: AskOne
    items: Sequence[str]
    rounds: int = 8
    alpha: float = 0.01
    kept: int = 0
    lost: int = 0
    pairs: int = 0
    since: int = 0
    _anchors: list[str] = field(default_factory=list)
    _reference: list[list[bool]] = field(default_factory=list)
    _checks: int = 0
    _peak: float = 0.0

    @property
    def started(self) -> bool:
        return bool(self._anchors)

    def start(self) -> None:
        """Ask every item ANCHORS + rounds times, before anything else. `Invalid` drift.items without any."""
        if not self.items or self.rounds < 1:
            raise refuse(
                "drift.items", Text("There is nothing to repeat.", "没有可重复的题目。"), where="items"
            )
        for item in self.items:
            said = [self.ask(item, APART + i) for i in range(ANCHORS + self.rounds)]
            first, later = said[:ANCHORS], said[ANCHORS:]
            anchor = max(first, key=first.count)
            self._anchors.append(anchor)
            self._reference.append([answer == anchor for answer in later])

    def check(self) -> bool:
        """Ask every item once more; True if the evidence for drift has reached 1/alpha. After `rounds` checks, no pairs
        are left and the state stays."""
        if self._checks < self.rounds and self._anchors:
            place = self._checks
            self._checks += 1
            for item, anchor, reference in zip(self.items, self._anchors, self._reference, strict=True):
                now = self.ask(item, APART + ANCHORS + self.rounds + place) == anchor
                before = reference[place]
                self.pairs += 1
                self.lost += before and not now
                self.kept += now and not before
                # Each pair is looked at, so each may raise the alarm.
                self._peak = max(self._peak, float(log_paired_e(self.lost, self.kept, "first")))
        return self.drifted

    @property
    def drifted(self) -> bool:
        return self._peak >= -math.log(self.alpha)

    def finding(self, versions: Sequence[object] = ()) -> Finding:
        """endpoint.drift: "fail" when it drifted or more than one version named itself, "not_run" without a pair."""
        if len(set(versions)) > 1:
            return Finding("endpoint.drift", "fail", _TWO.format(n=len(set(versions))), n=self.pairs)
        if not self.pairs:
            return Finding("endpoint.drift", "not_run", Text("no question was repeated", "未重复提问"), n=0)
        words = (_MOVED if self.drifted else _SAME).format(k=self.lost + self.kept, n=self.pairs)
        evidence = nearest(min(math.exp(min(self._peak, 20.0)), 1e6))
        details = ({"lost": self.lost, "kept": self.kept, "e_value": evidence},)
        return Finding(
            "endpoint.drift", "fail" if self.drifted else "pass", words, n=self.pairs, details=details
        )
