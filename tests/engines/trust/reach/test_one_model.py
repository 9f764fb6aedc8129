"""One model as scikit-learn, ONNX, plain HTTP, OpenAI-style endpoint and log: one verdict on every test the access allows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hutong.engines import trust
from hutong.engines.trust.reach.ladder import ladder_on, powers_of

sys.path.insert(0, str(Path(__file__).parent))
from five import Given, doors, given, handler

# From least to most access; of two doors of one kind of access the answers are the same, whatever lies between.
ORDER = ("log", "chat", "http", "scikit-learn", "onnx")


def findings(case: Given, targets: dict[str, trust.Target], aim: int) -> dict[str, trust.Verdict]:
    return {name: case.verdict(target, aim) for name, target in targets.items()}


def compared(case: Given, targets: dict[str, trust.Target], aim: int) -> int:
    """How many findings of two doors were compared."""
    verdicts, ladder, count = findings(case, targets, aim), ladder_on(None), 0
    first = {f.claim: f for c in verdicts["scikit-learn"].cells for f in c.findings}
    for name, verdict in verdicts.items():
        caps = ladder.caps(powers_of(targets[name], training=True))
        for cell in verdict.cells:
            for finding in cell.findings:
                if finding.state == "not_run" or first[finding.claim].state == "not_run":
                    continue
                count += 1
                assert finding.state == first[finding.claim].state, (name, finding)
                # Where the same numbers come back, the same numbers come out. An attack that reads weights or scores takes
                # other steps than one that sees labels, and ONNX computes in float32.
                if targets[name].access == "scores":
                    assert finding.value == first[finding.claim].value, (name, finding.claim)
        assert all(verdict.reached[c] <= caps[c] for c in trust.CATEGORIES), name
    for less, more in pairwise(ORDER):
        for category in trust.CATEGORIES:
            assert verdicts[less].reached[category] <= verdicts[more].reached[category], (
                less,
                more,
                category,
            )
    return count


def test_one_verdict_behind_every_door_at_the_levels_that_are_measured(
    stub: Any, answer: Callable[..., bytes], tmp_path: Path
) -> None:
    case = given(120, risk_class=2)
    stub.handler = handler(case.model, answer)
    targets = doors(case, tmp_path, stub.url)
    assert [targets[n].access for n in ORDER] == ["log", "labels", "scores", "scores", "weights"]
    assert compared(case, targets, 2) >= 4 * 5
    for target in targets.values():
        with trust.closing(target):
            pass


@pytest.mark.slow
def test_one_verdict_behind_every_door_at_all_levels(
    stub: Any, answer: Callable[..., bytes], tmp_path: Path
) -> None:
    case = given()
    stub.handler = handler(case.model, answer)
    targets = doors(case, tmp_path, stub.url)
    assert compared(case, targets, 5) >= 4 * 20
    seen = {c for t in targets.values() for c in _run(case, t)}
    # Each level that any test is installed for was reached for by some door.
    assert {int(c[1]) for c in seen} == {2, 3, 4, 5}
    for target in targets.values():
        with trust.closing(target):
            pass


def _run(case: Given, target: trust.Target) -> set[str]:
    """Claims that the access of this door lets run."""
    from five import SYSTEM

    from hutong.engines.trust.registry import METHODS
    from hutong.engines.trust.rooms import setting_of

    setting = setting_of(target, SYSTEM, case.profile, case.data, 0.01)
    runs = (m for m in METHODS if m.observe is not None and m.missing(setting) is None)
    return {c.id for m in runs for c in m.claims(setting)}
