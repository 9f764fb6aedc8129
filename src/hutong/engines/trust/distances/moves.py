"""Attacks that need labels or scores only. Each proposes points to a `Game` until it has no idea or no query left.

start: other rows' inputs and random ones. hop: HopSkipJump (Chen, Jordan and Wainwright 2020). wander: Boundary attack
(Brendel, Rauber and Bethge 2018). square: random search on scores (Andriushchenko et al. 2020). coordinate: greedy
search over single columns of a table. Sizes of steps are ours.
"""

from __future__ import annotations

import numpy as np

from hutong.engines.trust.data import Rows
from hutong.engines.trust.distances.feasible import Wide
from hutong.engines.trust.distances.game import Game

STEPS = 12
TALL = 8


def line(game: Game, point: Wide | Rows, steps: int = STEPS) -> None:
    """Bisection between the row and a point of another label; for linf also by capping the change."""
    way = np.asarray(point, np.float64) - game.row
    modes = ("straight", "cap") if game.norm == "linf" else ("straight",)
    for mode in modes:
        low, high = 0.0, 1.0
        top = float(np.abs(way).max())
        for _ in range(steps):
            share = (low + high) / 2
            part = way * share if mode == "straight" else np.clip(way, -top * share, top * share)
            low, high = (low, share) if game.flips(game.row + part) else (share, high)


def polish(game: Game, passes: int = 2, steps: int = 5) -> None:
    """Take columns back, the largest change first: wholly where the label stays changed, else as far as it does."""
    if not np.isfinite(game.length):
        return
    for _ in range(passes):
        before = game.length
        if game.norm == "linf":
            line(game, game.best)
        else:
            for j in np.argsort(-np.abs(game.best.astype(np.float64) - game.row), kind="stable"):
                if game.best[j] == game.row[j]:
                    break
                _take_back(game, int(j), steps)
        if game.length > before * (1 - 1e-3):
            return


def _take_back(game: Game, j: int, steps: int) -> None:
    point, low, high = game.best.astype(np.float64), 0.0, 1.0
    way = point[j] - float(game.row[j])
    for step in range(steps):
        share = 0.0 if step == 0 else (low + high) / 2
        point[j] = float(game.row[j]) + way * share
        if game.flips(point):
            if share == 0.0:
                return
            high = share
        else:
            low = share


def start(game: Game, pool: Rows, chance: np.random.Generator, tries: int = 32) -> None:
    """Points of another label among the nearest pool rows, then at random; then straight towards the row."""
    near = pool[np.argsort(game.length_of(game.place(pool)), kind="stable")[:tries]] if len(pool) else pool
    for batch in np.array_split(near, max(1, len(near) // TALL)) if len(near) else []:
        if game.ask(batch)[2].any():
            break
    scale = 0.25
    while not np.isfinite(game.length) and scale < 5:
        game.ask(game.row + chance.normal(size=(TALL, len(game.row))) * game.reach * scale)
        scale *= 1.5
    if np.isfinite(game.length):
        line(game, game.best)


def hop(game: Game, chance: np.random.Generator, rounds: int = 12, first: int = 40) -> None:
    """HopSkipJump: slope of the boundary from labels around it, a step along it, back to the boundary by bisection."""
    for t in range(1, rounds + 1):
        if not np.isfinite(game.length) or game.length == 0:
            return
        at, d = game.best.astype(np.float64), int(game.free.sum())
        count = int(first * np.sqrt(t))
        radius = max(game.length / max(d, 1), 1e-4 * float(game.reach.mean()))
        noise = chance.normal(size=(count, len(at))) * game.free
        noise /= np.maximum(np.linalg.norm(noise, axis=1, keepdims=True), 1e-12)
        placed, _, other = game.ask(at + radius * np.sqrt(d) * noise)
        sign = np.where(other, 1.0, -1.0)
        sign = sign if abs(sign.mean()) == 1 else sign - sign.mean()
        slope = ((placed.astype(np.float64) - at) * sign[:, None]).mean(axis=0) * game.free
        if not np.abs(slope).max() > 0:
            continue
        way = np.sign(slope) if game.norm == "linf" else slope / np.linalg.norm(slope)
        step = game.length / np.sqrt(t)
        for _ in range(6):
            if game.flips(at + step * way):
                line(game, game.place(at + step * way)[0])
                break
            step /= 2


def wander(game: Game, chance: np.random.Generator, batches: int = 40) -> None:
    """Boundary attack: small random turns around the row, a little nearer; the step follows the share that holds."""
    turn, pull = 0.1, 0.05
    for _ in range(batches):
        if not np.isfinite(game.length) or game.length == 0:
            return
        way = game.best.astype(np.float64) - game.row
        noise = chance.normal(size=(TALL, len(way))) * game.free * game.reach
        noise *= np.linalg.norm(way) / np.maximum(np.linalg.norm(noise, axis=1, keepdims=True), 1e-12)
        share = float(game.ask(game.row + (way + turn * noise) * (1 - pull))[2].mean())
        turn = float(np.clip(turn * (1.3 if share > 0.3 else 0.8 if share < 0.1 else 1.0), 1e-4, 1.0))
        pull = float(np.clip(pull * (1.2 if share > 0.3 else 0.8 if share < 0.1 else 1.0), 1e-4, 0.5))


def square(game: Game, chance: np.random.Generator, batches: int = 60) -> None:
    """Random search on scores: within a ball a little smaller than the best answer, flip groups of columns."""
    free = np.flatnonzero(game.free)
    if not len(free):
        return
    inside = 0.97 * game.length if np.isfinite(game.length) else 0.25 * float(game.reach.max())
    signs = np.where(chance.random(len(free)) < 0.5, -1.0, 1.0)
    lowest = np.inf
    for batch in range(batches):
        count = max(1, int(len(free) * 0.4 * 0.5 ** (batch // 8)))
        tries = np.tile(signs, (TALL, 1))
        for one in tries[1 if batch == 0 else 0 :]:
            some = chance.choice(len(free), count, replace=False)
            one[some] = np.where(chance.random(count) < 0.5, -1.0, 1.0) if count > 1 else -one[some]
        scale = {"linf": 1.0, "l2": len(free) ** -0.5, "l1": 1 / len(free)}[game.norm]
        change = np.zeros((TALL, len(game.row)))
        change[:, free] = tries * inside * scale
        _, answers, other = game.ask(game.row + change)
        margins = game.margins(answers)
        at = int(margins.argmin())
        if margins[at] < lowest:
            signs, lowest = tries[at], float(margins[at])
        if other.any():
            line(game, game.best, 6)
            inside, lowest = 0.97 * game.length, np.inf


def coordinate(game: Game, pool: Rows, chance: np.random.Generator, rounds: int = 8, most: int = 32) -> None:
    """For tables: the single-column change that lowers the margin most for its price, again until the label flips."""
    free = np.flatnonzero(game.free)
    at = game.row.astype(np.float64)
    for _ in range(rounds):
        some = free if len(free) <= most else np.sort(chance.choice(free, most, replace=False))
        tries = np.tile(at, (6 * len(some), 1))
        for i, j in enumerate(some):
            near = np.quantile(pool[:, j], [0.05, 0.35, 0.65, 0.95]) if len(pool) else np.zeros(0)
            steps = [at[j] - 0.05 * game.reach[j], at[j] + 0.05 * game.reach[j], *near]
            tries[6 * i : 6 * i + len(steps), j] = steps
        _, before, _ = game.ask(at)
        placed, answers, other = game.ask(tries)
        if other.any():
            polish(game)
            return
        fall = game.margins(before)[0] - game.margins(answers)
        price = np.maximum(game.length_of(placed) - game.length_of(at[None].astype(np.float32))[0], 1e-9)
        worth = np.where(fall > 1e-12, fall / (price + 0.01 * float(game.reach.mean())), -np.inf)
        if not np.isfinite(worth).any():
            return
        at = placed[int(worth.argmax())].astype(np.float64)
