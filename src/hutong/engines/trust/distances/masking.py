"""Signs that a robustness figure cannot be believed: masked scores, constant answers, rows leaked from training.

Signs of masking after Athalye, Carlini and Wagner 2018 (Obfuscated Gradients) and Carlini et al. 2019 (On Evaluating
Adversarial Robustness): an attack that knows less must not do better than one that knows more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from scipy.spatial import cKDTree

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.distances.attacks import Evasions
from hutong.engines.trust.distances.feasible import Wide
from hutong.engines.trust.distances.game import Predict
from hutong.kernel.text import Text

# The attacks in the order of what they know of the system: scores, labels, only a stand-in.
KNOWS = {"score": 3, "label": 2, "transfer": 1}
_NAMES = {
    "score": Text("score-based", "基于分数的"),
    "label": Text("label-based", "基于标签的"),
    "transfer": Text("transfer", "迁移"),
}


@dataclass(frozen=True, slots=True)
class Sign:
    """rule: short stable name; words: what was seen; value: the number behind it."""

    rule: str
    words: Text
    value: float


@dataclass(frozen=True)
class Leak:
    """exact, near: (m, 2) pairs (test row, training row); near excludes exact. share: of test rows with either.

    conflicts: exact pairs whose labels differ, where labels were given.
    """

    exact: Codes = field(hash=False)
    near: Codes = field(hash=False)
    share: float
    conflicts: int


def masked_signs(found: Mapping[str, Evasions], radius: float, gap: float = 0.05) -> tuple[Sign, ...]:
    """Signs from the same rows attacked separately by kinds of `KNOWS`, at one radius.

    A kind that knows less is ahead when it changes at least `gap` more of the rows within the radius, or when its
    median distance is shorter by that share.
    """
    signs = []
    kinds = sorted((k for k in found if k in KNOWS), key=KNOWS.__getitem__)
    for i, less in enumerate(kinds):
        for more in kinds[i + 1 :]:
            ahead = success(found[less], radius) - success(found[more], radius)
            short = 1 - _ratio(found[less].length, found[more].length)
            if max(ahead, short) >= gap:
                words = Text("The {a} attack does better than the {b} one", "{a}攻击优于{b}攻击").format(
                    a=_NAMES[less], b=_NAMES[more]
                )
                signs.append(Sign(f"masking.{less}_beats_{more}", words, float(max(ahead, short))))
    return tuple(signs)


def success(found: Evasions, radius: float) -> float:
    """Share of rows whose decision was changed within the radius."""
    return float((found.length <= radius).mean()) if len(found.length) else 0.0


def _ratio(less: Wide, more: Wide) -> float:
    """Median of less / more over the rows; a row that only one side changed counts as 0 or inf."""
    both = np.isfinite(less) | np.isfinite(more)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(np.isfinite(more), less / more, 0.0)[both]
    parts = np.where(np.isnan(parts), 1.0, parts)
    return float(np.median(parts)) if len(parts) else 1.0


def falling_signs(curve: Mapping[float, float], slack: float = 0.02) -> tuple[Sign, ...]:
    """A sign where more room lowers an attack's success: curve of radius -> share changed, each attacked afresh."""
    radii = sorted(curve)
    falls = [curve[a] - curve[b] for a, b in pairwise(radii)]
    worst = max(falls, default=0.0)
    words = Text("More room makes the attack fail more often", "扰动空间增大时攻击成功率反而下降")
    return (Sign("masking.falling", words, worst),) if worst > slack else ()


def flat_signs(predict: Predict, rows: Rows, scale: Wide, seed: str = "") -> tuple[Sign, ...]:
    """Signs in the answers themselves: constant over all rows, or flat around rows though labels differ between them.

    scale: (d,) the size of the noise by which flatness is tried, e.g. a hundredth of each column's range.
    """
    answers = np.asarray(predict(rows), np.float64)
    if len(rows) > 1 and bool((answers == answers[0]).all()):
        words = Text("The system answers the same to every row", "系统对所有输入的回答完全相同")
        return (Sign("masking.constant", words, 1.0),)
    key = hashlib.sha256(f"{seed}|flat".encode()).digest()[:16]
    chance = np.random.Generator(np.random.Philox(key=int.from_bytes(key, "big")))
    signs = []
    noisy = (rows + chance.normal(size=rows.shape) * scale).astype(np.float32)
    still = float((np.asarray(predict(noisy), np.float64) == answers).all(axis=1).mean())
    if still >= 0.5:
        words = Text("The scores do not move under small changes", "小幅扰动下分数毫无变化")
        signs.append(Sign("masking.flat", words, still))
    hard = float((answers.max(axis=1) >= 1 - 1e-9).mean())
    if hard >= 0.5:
        words = Text("The scores are saturated", "分数已饱和")
        signs.append(Sign("masking.saturated", words, hard))
    return tuple(signs)


def leaks(
    test: Rows,
    train: Rows,
    labels: Codes | None = None,
    train_labels: Codes | None = None,
    tolerance: float = 1e-3,
) -> Leak:
    """Test rows that the model may have learnt by heart.

    exact: equal SHA-256 of the float32 values (-0 and 0 are equal). near: every column differs by at most `tolerance`
    of its range in the training rows (largest norm, k-d tree); a column that never varies there must be equal.
    """
    places: dict[bytes, list[int]] = {}
    for i, key in enumerate(_hashes(train)):
        places.setdefault(key, []).append(i)
    pairs = [(i, j) for i, key in enumerate(_hashes(test)) for j in places.get(key, ())]
    exact = np.array(pairs, np.int64).reshape(-1, 2)
    conflicts = 0
    if labels is not None and train_labels is not None and len(exact):
        conflicts = int((labels[exact[:, 0]] != train_labels[exact[:, 1]]).sum())
    wide = train.astype(np.float64)
    reach = np.ptp(wide, axis=0) if len(wide) else np.zeros(test.shape[1])
    # A column without range: any difference at all is more than the tolerance.
    unit = np.where(reach > 0, reach, tolerance * 1e-30)
    near: list[tuple[int, int]] = []
    if len(train) and len(test):
        centre = wide[0]
        tree = cKDTree((wide - centre) / unit)
        seen = set(pairs)
        close = tree.query_ball_point((test.astype(np.float64) - centre) / unit, tolerance, p=np.inf)
        near = [(i, int(j)) for i, some in enumerate(close) for j in sorted(some) if (i, int(j)) not in seen]
    touched = {i for i, _ in pairs} | {i for i, _ in near}
    share = len(touched) / len(test) if len(test) else 0.0
    return Leak(exact, np.array(near, np.int64).reshape(-1, 2), share, conflicts)


def _hashes(rows: Rows) -> list[bytes]:
    """SHA-256 of each row's float32 values, little-endian, with one zero."""
    table = np.ascontiguousarray(rows.astype("<f4") + np.float32(0))
    return [hashlib.sha256(row.tobytes()).digest() for row in table]
