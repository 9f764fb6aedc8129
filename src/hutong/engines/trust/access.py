"""What a test may do with a system (`reach.ladder`), and the plain form of a model whose weights are given.

Less access never gives a higher level: every test asks for its powers, and what needs one that is not given is not run.

Why a stranger's weights may be read in this process, while the model itself is only ever run in the jail: the file was looked
at in the jail first (`reach.look`: size, standard operators only, no external data), reading it is parsing one protobuf
message of at most 256 MiB, and linear models and trees are then arithmetic of our own. The one thing executed is
a chain of Flatten, Reshape, Sub, Add, MatMul, Gemm and Relu, which `networks.read_network` has recognised node by node
and of bounded size: no loop, no branch, no operator of anybody's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.endings import deciding_network
from hutong.engines.trust.rooms import Bench, Setting
from hutong.engines.trust.targets import SCORE_UNIT, Predictions, by_rule
from hutong.engines.trust.types import System
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

if TYPE_CHECKING:
    from hutong.engines.trust.distances import LinearModel, TreeEnsemble
    from hutong.engines.trust.networks import Network

Wide = NDArray[np.float64]
Kind = Literal["linear", "trees", "network"]
NEEDS_RUN = Text("a log cannot be asked anything new", "仅有预测日志，无法重新提问")
NO_FORM = Text(
    "needs the weights of a linear model, a sum of trees or a small ReLU network",
    "需提供线性模型、树集成或小型ReLU网络的权重",
)
# Bars so close to none and all that millionths of a probability are too coarse for the log-odds there.
_TOO_SURE = 1e-3
NO_EXACT_FORM = Text("needs the weights of a linear model or a sum of trees", "需提供线性模型或树集成的权重")


def unasked(setting: Setting) -> Text | None:
    """Why the system cannot be asked about new rows, which every test above level 2 has to; None where it can."""
    return None if setting.may("ask") else NEEDS_RUN


@dataclass(frozen=True, slots=True)
class Form:
    """A model as numbers. guard: margin, in its own scores, within which rounding of published scores could decide.

    Exactly one of `plain` (labels in the order of the system's, its decision rule built in) and `network` (whose largest
    output is the label) is given.
    """

    kind: Kind
    guard: float
    plain: LinearModel | TreeEnsemble | None = field(default=None, repr=False)
    network: Network | None = field(default=None, repr=False)

    def decide(self, rows: Rows) -> Codes:
        if self.plain is not None:
            return self.plain.decide(rows)
        if self.network is None:
            raise ValueError("a form without a model")
        return np.asarray(self.network.replay(rows).argmax(axis=1), dtype=np.int64)

    def shifted(self, label: int, side: int) -> LinearModel | TreeEnsemble:
        """The plain model with `label` weakened (side -1) or strengthened (side 1) by the guard.

        Where the weakened label still wins, the artefact gives it for certain; where the strengthened one loses, it does not.
        """
        from hutong.engines.trust.distances import LinearModel

        if self.plain is None:
            raise ValueError("no plain model")
        by = side * self.guard
        if isinstance(self.plain, LinearModel):
            more = np.zeros(len(self.plain.labels))
            more[label] = by
            return replace(self.plain, bias=self.plain.bias + more)
        if len(self.plain.base) == 1:
            return replace(self.plain, cut=self.plain.cut + (-by if label == 1 else by))
        base = self.plain.base.copy()
        base[label] = np.nextafter(base[label] + np.float32(by), np.float32(side * np.inf))
        return replace(self.plain, base=base)


def form_of(setting: Setting) -> Form | None:
    """The plain form of the artefact, or None where the weights are not given or the model has none of these forms."""
    if setting.model is None or not setting.may("weights"):
        return None
    return _read(setting.model, setting.system)


@lru_cache(maxsize=8)
def _read(model: bytes, system: System) -> Form | None:
    for reader in (_plain, _network):
        try:
            found = reader(model, system)
        except Invalid:
            continue
        if found is not None:
            return found
    return None


def _plain(model: bytes, system: System) -> Form | None:
    from hutong.engines.trust.distances import LinearModel, deciding_at, read_model

    found = read_model(model, system.domain.width)
    if found.labels != system.labels:
        return None
    if isinstance(found, LinearModel) and not found.odds:
        # Saturated scores that do not add up to one: rounding to millionths may decide anywhere.
        return None
    bar = 1 / len(system.labels)
    if system.positive is not None and system.decision_at is not None:
        found = deciding_at(found, system.positive, system.decision_at)
        bar = float(system.decision_at)
    probabilities = not isinstance(found, LinearModel) and found.post == "NONE"
    # Scores are published in millionths and computed in float32: 4e-6 of probability, or the log-odds that move it so.
    guard = 4e-6 if probabilities else 4e-6 * len(system.labels) / (bar * (1 - bar))
    return Form("linear" if isinstance(found, LinearModel) else "trees", guard, plain=found)


def _network(model: bytes, system: System) -> Form | None:
    from hutong.engines.trust.networks import read_network

    bar = 1 / len(system.labels) if system.decision_at is None else float(system.decision_at)
    deciding = None if not _TOO_SURE < bar < 1 - _TOO_SURE else deciding_network(model, system)
    if deciding is None:
        return None
    network = read_network(deciding)
    if (network.inputs, network.outputs) != (system.domain.width, len(system.labels)):
        return None
    # The log-odds that move a probability at the bar by 4e-6 for each label, as for plain forms.
    return Form("network", 4e-6 * len(system.labels) / (bar * (1 - bar)), network=network)


def answers_of(bench: Bench) -> Callable[[Rows], Wide]:
    """(m, d) rows -> (m, k) probabilities as attacks want them; one column for the label where there are only labels."""

    def ask(rows: Rows) -> Wide:
        found = bench.target.predict(rows)
        if found.scores is not None:
            return np.asarray(found.scores / SCORE_UNIT, dtype=np.float64)
        return _one_hot(found, len(bench.setting.system.labels))

    return ask


def _one_hot(found: Predictions, labels: int) -> Wide:
    # The last column stands for an answer that is no declared label.
    codes = np.where(found.labels < 0, labels, found.labels)
    return np.asarray(np.eye(labels + 1)[codes], dtype=np.float64)


def rule_of(system: System, scored: bool) -> Callable[[Wide], Codes]:
    """The system's own rule from what `answers_of` gives to labels."""

    def decide(answers: Wide) -> Codes:
        if scored:
            return by_rule(np.rint(answers * SCORE_UNIT).astype(np.int64), system)
        return np.asarray(answers.argmax(axis=1), dtype=np.int64)

    return decide
