"""Sequential tests and limits that hold whenever one stops: exact error, mean sizes beside the least that any test needs.

The workload of a pass-or-fail decision at 90 %: exact operating characteristics by forward recursion, no simulation; Wald's
test as the yardstick of efficiency. Confidence sequences are simulated, and looked at after every answer.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from peers.trust_board import Board

BAR, ALPHA, HORIZON, FIXED = 0.9, 0.05, 3_000, 1_000
TRUTHS = (0.97, 0.95, 0.93)
USERS, LOOKS = 400, 400


def decisions(board: Board) -> None:
    from hutong.engines.trust.statistics.sequential import MixtureTest, WaldTest, least_size, operating

    ours = MixtureTest(BAR, ALPHA, ALPHA)
    never = MixtureTest(BAR, ALPHA, 1e-300)
    board.put("sequential: chance of a false pass at the bar, looking after every answer",
              operating(never, BAR, HORIZON).passes)  # fmt: skip
    for truth in TRUTHS:
        wald = operating(WaldTest(BAR, truth, ALPHA, ALPHA), truth, HORIZON)
        found = operating(ours, truth, HORIZON)
        board.put(f"sequential: mean answers at {truth} (fixed size)", found.size, FIXED)
        board.put(f"sequential: mean answers at {truth}, times the least of any test (Wald's, told the truth)",
                  found.size / least_size(truth, BAR, ALPHA), wald.size / least_size(truth, BAR, ALPHA), False)  # fmt: skip
        board.put(f"sequential: passes at {truth}", found.passes)


def norms(board: Board) -> None:
    """The rule "at least 900 of 1,000" beside the confident verdict."""
    from hutong.engines.trust.statistics.power import critical_hits, operating_curve, power

    for truth in (0.89, 0.9, 0.93):
        norm = float(operating_curve(FIXED, 900, [truth])[0])
        board.put(f"norm of 900 in 1,000: confident verdict passes at {truth} (the norm)",
                  float(power(FIXED, truth, BAR, ALPHA)), norm, False)  # fmt: skip
    board.put(
        "norm of 900 in 1,000: hits that the confident verdict needs", int(critical_hits(FIXED, BAR, ALPHA))
    )


def coverage(board: Board) -> None:
    """Share of users whose limits hold the truth at every one of their looks."""
    from hutong.engines.trust.statistics.prng import stream
    from hutong.engines.trust.statistics.sequences import (
        bank_sequence,
        beta_binomial_sequence,
        betting_sequence,
    )

    chance, bank = stream("bench", "sequences"), 1_000
    for truth in (0.5, 0.97):
        kept = dict.fromkeys(("beta-binomial", "betting", "finite bank"), 0)
        began = time.process_time()
        for _ in range(USERS):
            answers = (chance.random(LOOKS) < truth).astype(float)
            n = np.arange(1, LOOKS + 1)
            drawn = chance.permutation(np.arange(bank) < round(truth * bank))[:LOOKS]
            found = {
                "beta-binomial": beta_binomial_sequence(answers.cumsum().astype(np.int64), n, ALPHA),
                "betting": betting_sequence(answers, ALPHA),
                "finite bank": bank_sequence(drawn.cumsum(), n, bank, ALPHA),
            }
            for name, limits in found.items():
                kept[name] += bool(limits.covers(truth).all())
        for name, users in kept.items():
            board.put(f"any time: {name} at {truth}, share always right, of {USERS}", users / USERS)
        board.put(
            f"any time: CPU ms a user at {truth}, all three", (time.process_time() - began) / USERS * 1e3
        )


def run() -> dict[str, Any]:
    board = Board()
    for part in (decisions, norms, coverage):
        part(board)
    return {"figures": board.figures, "peers": board.peers, "ratios": board.ratios, "missing": board.missing}
