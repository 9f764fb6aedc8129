"""Sanity gate (Adebayo et al. 2018, NeurIPS, "Sanity checks for saliency maps"): explanations must depend on what was learned.

Labels: the null is that the system is one more model of its family fitted on permuted labels. Then it and `planned`
refits are exchangeable, and the chance that its evidence is above that of all of them is 1/(planned + 1) at most: with
planned >= 1/alpha - 1 a system trained on random labels passes with chance alpha at most (Besag and Clifford 1991,
Biometrika 78:301: drawing may stop at the first that is as good). Evidence is what the attributions to the true label
add up to, averaged over rows held out. An explanation that is the same for refits and system is rejected too.

Weights: the artefact's learned numbers are permuted; explanations that stay alike do not come from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil

import numpy as np

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.explanations.forms import Ask, Wide, cosine
from hutong.engines.trust.explanations.refit import Refit
from hutong.engines.trust.explanations.sampling import sample_orders
from hutong.kernel.errors import Invalid

# An explanation of a model: (n, d) attributions of the same rows and labels for whatever model is asked.
Explain = Callable[[Ask], Wide]


@dataclass(frozen=True, slots=True)
class Compared:
    """planned, drawn: other models, and how many were drawn. as_good: of those, with as much evidence or more.

    alike: with explanations like the system's. evidence: of the system.
    """

    planned: int
    drawn: int
    as_good: int
    alike: int
    evidence: float


def refits_for(alpha: float) -> int:
    """How many refits a gate with error alpha needs."""
    return ceil(1 / alpha - 1e-9) - 1


def explainer_of(rows: Rows, labels: Codes, background: Rows, seed: int) -> Explain:
    """One sweep of sampled orders, the same for every model: cheap, and alike for alike models."""

    def explain(ask: Ask) -> Wide:
        chance = np.random.Generator(np.random.Philox(key=seed))
        return sample_orders(ask, rows, labels, background, chance, 1, limits=False).values

    return explain


def permuted(
    refit: Refit, rows: Rows, labels: Codes, k: int, chances: Iterable[np.random.Generator]
) -> Iterable[Ask]:
    """Models of the family on permuted labels, one per source of chance."""
    return (refit(rows, chance.permutation(labels), k, chance) for chance in chances)


def compare_labels(
    system: Ask, refits: Iterable[Ask], explain: Explain, planned: int, similar: float
) -> Compared:
    """The system beside models fitted on permuted labels; stops at the first that is as good.

    similar: cosine of all attributions, as one vector, from which two explanations are alike.
    """
    mine = explain(system)
    evidence, drawn, as_good, alike = float(mine.sum(axis=1).mean()), 0, 0, 0
    for other in refits:
        theirs = explain(other)
        drawn += 1
        as_good += float(theirs.sum(axis=1).mean()) >= evidence
        alike += is_alike(mine, theirs, similar)
        if as_good or drawn == planned:
            break
    return Compared(planned, drawn, int(as_good), int(alike), evidence)


def compare_weights(system: Ask, others: Iterable[Ask], explain: Explain, similar: float) -> Compared:
    """The system beside artefacts with permuted weights. One that no longer answers with scores shows nothing: alike."""
    mine, drawn, alike = explain(system), 0, 0
    for other in others:
        drawn += 1
        try:
            alike += is_alike(mine, explain(other), similar)
        except Invalid:
            alike += 1
    return Compared(drawn, drawn, 0, int(alike), float(mine.sum(axis=1).mean()))


def is_alike(first: Wide, second: Wide, similar: float) -> bool:
    return float(cosine(first.reshape(1, -1), second.reshape(1, -1))[0]) >= similar
