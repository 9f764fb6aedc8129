"""Queries that a certificate by randomised smoothing takes, beside a fixed number of samples. No peer is run for it."""

from __future__ import annotations

import numpy as np

from peers.trust_board import Board
from peers.trust_data import digits

# Samples and alpha of one certificate in Cohen et al. 2019, section 4; ART's certify takes the number as an argument.
FIXED, ALPHA = 100_000, 0.001


def smoothing(board: Board) -> None:
    from scipy.special import ndtr
    from scipy.stats import beta

    from hutong.engines.trust.distances import LinearModel, closed_form, decide_bar, smooth
    from hutong.engines.trust.distances.smoothing import Outcome, Question

    chance = np.random.default_rng(3)
    bar, points = float(ndtr(1.0)), chance.beta(8, 1, 1_000)

    def coin(p: float) -> Outcome:
        return decide_bar(lambda m: int(chance.binomial(m, p)), Question(bar, ALPHA))

    coins = [coin(float(p)) for p in points]
    asked, states = np.array([c.trials for c in coins]), [c.state for c in coins]
    # The rule of ART: one Clopper-Pearson limit of a fixed number of samples.
    hits = chance.binomial(FIXED, points)
    limits = beta.ppf(ALPHA, hits, FIXED - hits + 1)
    board.put("smoothing: 1,000 points p ~ Beta(8,1), mean queries (fixed n)", float(asked.mean()), FIXED)
    board.put("smoothing: the same, median queries (fixed n)", float(np.median(asked)), FIXED)
    board.put(
        "smoothing: the same, certified (fixed n)",
        states.count("certified"),
        int((limits >= bar).sum()),
        False,
    )
    board.put("smoothing: the same, left undecided (fixed n)", states.count("undecided"))
    wrong = sum(c.state == "certified" and p < bar for c, p in zip(coins, points, strict=True))
    board.put(
        "smoothing: the same, certified below the bar",
        wrong,
        int(((limits >= bar) & (points < bar)).sum()),
        False,
    )
    data = digits(100).arrays
    model = LinearModel(data["weights"], data["bias"], tuple("0123456789"))
    found = [smooth(model.scores, r, 0.25, 0.25, ALPHA, seed=f"{i}") for i, r in enumerate(data["rows"])]
    mean = float(np.mean([f.queries for f in found]))
    board.put("smoothing: 100 digits, r = sigma = 0.25, mean queries (fixed n)", mean, FIXED)
    board.put("smoothing: digits, certified", sum(f.state == "certified" for f in found))
    # A label's region lies in a half-space, so no true radius exceeds the exact distance to its face.
    truth = np.where(
        [f.label for f in found] == model.decide(data["rows"]), closed_form(model, data["rows"], "l2"), 0
    )
    false = sum(f.state == "certified" and t < 0.25 for f, t in zip(found, truth, strict=True))
    board.put("smoothing: digits, certified against the exact distance", false)
