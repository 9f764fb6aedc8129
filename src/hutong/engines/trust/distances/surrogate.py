"""Transfer: attack a stand-in whose distances are exact, then try its counter-examples on the black box.

The stand-in is a linear model of the log-probabilities, fitted by ridge regression to what was asked (model extraction
after Tramer et al. 2016: for a logistic regression d + 1 answers tell all), or any `Model` that the caller fitted.
"""

from __future__ import annotations

import numpy as np

from hutong.engines.trust.data import Rows
from hutong.engines.trust.distances.feasible import Wide
from hutong.engines.trust.distances.game import Game
from hutong.engines.trust.distances.linear import minimal_linear
from hutong.engines.trust.distances.models import LinearModel, Model
from hutong.engines.trust.distances.moves import line
from hutong.engines.trust.distances.trees import minimal_trees
from hutong.engines.trust.types import Domain

SHARES = (0.9, 0.97, 1.0, 1.001, 1.01, 1.03, 1.1, 1.3)
FLOOR = 1e-6


def fit_linear(points: Rows, answers: Wide, ridge: float = 1e-6) -> LinearModel | None:
    """Least squares of log-probabilities on inputs, classes equally weighted; None where they say nothing.

    Saturated answers (below one millionth, where published scores end) are not used.
    """
    usable = (answers > FLOOR).all(axis=1) & (answers < 1 - FLOOR).all(axis=1)
    if usable.sum() < 2 or answers.shape[1] < 2:
        return None
    logs = np.log(answers[usable])
    logs -= logs.mean(axis=1, keepdims=True)
    x = points[usable].astype(np.float64)
    centre, spread = x.mean(axis=0), x.std(axis=0)
    unit = np.where(spread > 0, spread, 1.0)
    z = (x - centre) / unit
    left = z.T @ z + ridge * len(z) * np.eye(z.shape[1])
    weights = np.linalg.solve(left, z.T @ (logs - logs.mean(axis=0))).T / unit
    return LinearModel(
        weights, logs.mean(axis=0) - weights @ centre, tuple(map(str, range(answers.shape[1])))
    )


def transfer(game: Game, model: Model, domain: Domain | None) -> bool:
    """Try the stand-in's counter-example, a little nearer and a little farther. Whether any point flipped."""
    start = game.row[None]
    # Where the stand-in errs about the row itself, its boundary says nothing about the black box's.
    if int(model.decide(start)[0]) != game.was:
        return False
    found = (
        minimal_linear(model, start, game.norm, domain)
        if isinstance(model, LinearModel)
        else minimal_trees(model, start, game.norm, domain, nodes=200)
    )
    if not found.found[0]:
        return False
    way = found.rows[0].astype(np.float64) - game.row
    placed, _, other = game.ask(game.row + np.array(SHARES)[:, None] * way)
    if other.any():
        line(game, placed[int(other.argmax())], 8)
    return bool(other.any())


def local(game: Game, domain: Domain | None, chance: np.random.Generator, rounds: int = 3) -> None:
    """Fit a linear stand-in around the row and its boundary, transfer, and fit again nearer, while it helps."""
    d = int(game.free.sum())
    for turn in range(rounds):
        before = game.length
        ball = (
            0.3 * game.reach if not np.isfinite(game.length) else np.maximum(game.length, 0.02 * game.reach)
        )
        centre = game.row.astype(np.float64)
        if np.isfinite(game.length) and turn:
            centre = (centre + game.best) / 2
        points = (
            centre
            + chance.normal(size=(d + 2 + d // 4, len(game.row))) * ball * game.free / np.sqrt(max(d, 1)) * 2
        )
        placed, answers, _ = game.ask(points)
        own, best = game.row[None], game.best[None]
        model = fit_linear(
            np.concatenate([placed, own, best]), np.concatenate([answers, game.own[None], game.ask(best)[1]])
        )
        if model is None or not transfer(game, model, domain):
            return
        if game.length > before * (1 - 1e-4):
            return
