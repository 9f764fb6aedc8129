"""Each part of the scan by itself, against what can be counted by hand or is known by construction."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.stats import fisher_exact

from hutong.engines.trust.backdoors.inversion import invert, mad_index
from hutong.engines.trust.backdoors.lift import image_items, scan_lift
from hutong.engines.trust.backdoors.plant import Trigger, draw_trigger, plant
from hutong.engines.trust.backdoors.spectral import first_as_large, signature
from hutong.engines.trust.backdoors.stamps import image_stamps, stamps_of
from hutong.engines.trust.backdoors.strip import border, strip_columns, strip_entropy
from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.types import Column, Domain
from hutong.kernel.errors import Invalid

IMAGE = Domain.image(8, 8)
TABLE = Domain(
    "table",
    (
        Column("age", Fraction(18), Fraction(90), whole=True),
        Column("income", Fraction(0), Fraction(1)),
        Column("region", Fraction(0), Fraction(5), whole=True),
        Column("kids", Fraction(0), Fraction(4), whole=True),
    ),
)
Make = Callable[..., Any]


def table(seed: int, n: int = 1200) -> tuple[Rows, Codes]:
    """Rows with natural associations: the label follows age and income, and region follows the label."""
    chance = np.random.default_rng(seed)
    age, income = chance.integers(18, 91, n), chance.random(n)
    label = (age / 90 + income + chance.normal(0, 0.2, n) > 1.1).astype(np.int64)
    region = np.where(label == 1, chance.integers(0, 3, n), chance.integers(1, 6, n))
    rows = np.column_stack([age, income, region, chance.integers(0, 5, n)])
    return rows.astype(np.float32), label


def test_inversion_finds_the_stamp_that_a_model_obeys() -> None:
    stamps = image_stamps(IMAGE)
    obeyed = 300

    def ask(rows: Rows) -> Codes:
        hit = (rows[:, stamps.columns[obeyed]] == stamps.values[obeyed]).all(axis=1)
        return np.where(hit, 7, rows.sum(axis=1).astype(np.int64) % 3).astype(np.int64)

    rows = np.random.default_rng(0).random((30, 64)).astype(np.float32)
    found = invert(ask, rows, ask(rows), stamps, 10)
    assert found.worst == 7 and int(found.stamp[7]) == obeyed
    assert int(found.turned[7]) == int(found.rows[7]) == 30
    assert found.index[7] == found.index.max() > 2


def test_a_class_that_is_never_answered_is_no_outlier_and_equal_classes_are_none() -> None:
    assert mad_index(np.full(10, 0.3)).tolist() == [0.0] * 10
    assert mad_index(np.array([0.0, 0.1, 0.2, 0.3, 1.0]))[4] == pytest.approx(0.8 / 0.14826)


def test_without_rows_nothing_can_be_inverted() -> None:
    with pytest.raises(Invalid):
        invert(
            lambda r: np.zeros(len(r), np.int64),
            np.empty((0, 64), np.float32),
            np.empty(0, np.int64),
            image_stamps(IMAGE),
            10,
        )


@pytest.mark.parametrize("side", [8, 28])
def test_stamps_stay_inside_image_and_range_at_any_size(side: int) -> None:
    domain = Domain.image(side, side)
    stamps = image_stamps(domain)
    rows = np.full((2, side * side), 0.5, np.float32)
    made = stamps.on(rows, slice(0, 3)).reshape(3, 2, -1)
    assert made.shape == (3, 2, side * side) and made.min() >= 0 and made.max() <= 1
    assert ((made[0] != 0.5).sum(axis=1) == stamps.columns.shape[1]).all()
    assert stamps.columns.max() < side * side


def test_lift_is_fishers_exact_test_of_the_class(digits: tuple[Rows, Codes]) -> None:
    rows, labels = digits
    chance = np.random.default_rng(1)
    train = plant(rows[:900], labels[:900], Trigger((0, 1, 8, 9), (1.0, 0.0, 1.0, 1.0), 4), 0.05, chance)
    trusted = rows[900:], labels[900:]
    found = scan_lift(train, trusted, IMAGE)
    assert found and all(f.fdr <= 0.05 for f in found)
    assert list(found) == sorted(found, key=lambda f: f.p)
    best = found[0]
    assert best.label == 4 and best.columns == (0, 1, 8, 9) and best.values == (1.0, 0.0, 1.0, 1.0)
    cells = [[best.hits, best.of - best.hits], [best.trusted_hits, best.trusted_of - best.trusted_hits]]
    assert best.p == pytest.approx(fisher_exact(cells, alternative="greater").pvalue, rel=1e-6)
    assert best.of == int((train[1] == 4).sum()) and best.trusted_of == int((trusted[1] == 4).sum())


def test_the_patterns_of_a_block_exclude_one_another() -> None:
    rows = np.random.default_rng(2).random((50, 64)).astype(np.float32)
    fit = image_items(IMAGE).hold(rows)
    assert (fit.reshape(50, 49, 15).sum(axis=2) <= 1).all()


def test_natural_associations_of_a_table_are_no_alarm_and_a_planted_pair_is_one() -> None:
    alarms = 0
    for seed in range(40):
        alarms += any(f.holm <= 0.05 for f in scan_lift(table(seed), table(1000 + seed), TABLE))
    # Exact at 5 %: 6 or more of 40 would come by chance in 1 of 70 such tests.
    assert alarms <= 5
    found = 0
    for seed in range(20):
        chance = np.random.default_rng([seed, 9])
        rows = table(seed)
        trigger = draw_trigger(TABLE, rows[0], 2, chance)
        hits = [
            f
            for f in scan_lift(plant(*rows, trigger, 0.03, chance), table(1000 + seed), TABLE)
            if f.holm <= 0.05
        ]
        found += bool(hits) and hits[0].label == trigger.label
    assert found >= 18


def test_a_spectral_signature_shows_a_faint_pattern_over_all_pixels(digits: tuple[Rows, Codes]) -> None:
    rows, labels = digits
    chance = np.random.default_rng(5)
    order = chance.permutation(len(rows))
    train, trusted = order[:900], order[900:]
    faint = 0.12 * np.sign(chance.normal(size=64))
    changed, called = rows[train].copy(), labels[train].copy()
    hit = chance.choice(900, 70, replace=False)
    changed[hit], called[hit] = np.clip(changed[hit] + faint, 0, 1), 3
    seen = signature((changed, called), (rows[trusted], labels[trusted]), chance)
    assert seen.label == 3 and seen.p == 1 / 80
    mine = np.flatnonzero(called == 3)
    first = mine[np.argsort(-seen.score[mine])[:50]]
    assert np.isin(first, hit).mean() > 0.8


def test_honest_rows_have_uniform_spectral_p_values(digits: tuple[Rows, Codes]) -> None:
    rows, labels = digits
    low = 0
    for seed in range(60):
        chance = np.random.default_rng([seed, 3])
        order = chance.permutation(len(rows))[:700]
        a, b = order[:350], order[350:]
        low += signature((rows[a], labels[a]), (rows[b], labels[b]), chance, deals=19).p <= 0.1
    assert low <= 13


def test_the_sequential_p_value_stops_at_the_first_as_large() -> None:
    drawn = iter([1.0, 2.0, 5.0, 9.0])
    assert first_as_large(4.0, drawn, 4) == 1 / 3 and next(drawn) == 9.0
    assert first_as_large(4.0, iter([1.0, 2.0]), 2) == 1 / 3
    assert first_as_large(4.0, iter([4.0]), 2) == 1.0


def test_strip_tells_triggered_inputs_from_honest_ones(make: Make) -> None:
    case = make("network", 2, True)
    rows, chance = case.trusted[0], np.random.default_rng(0)
    honest, other = rows[:300], rows[300:600]
    limit = border(strip_entropy(case.predict, other, honest, chance), 0.05)
    assert limit.refused.value <= 0.05 <= limit.refused.upper
    clean = strip_entropy(case.predict, honest, other, chance)
    triggered = strip_entropy(case.predict, case.trigger.on(honest), other, chance)
    assert (clean < limit.at).mean() < 0.12
    assert triggered.mean() < clean.mean()


def test_strip_of_a_table_mixes_columns_and_never_values() -> None:
    seen: list[Rows] = []

    def ask(rows: Rows) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        seen.append(rows)
        sure = (rows[:, 0] == 99)[:, None]
        return np.where(sure, [[1.0, 0.0]], [[0.5, 0.5]])

    rows, over = np.array([[99, 99]], np.float32), np.array([[0, 1], [2, 3]], np.float32)
    value = strip_columns(ask, rows, over, np.random.default_rng(0), copies=200)
    assert set(np.unique(seen[0][:, 0])) == {0.0, 2.0, 99.0}
    assert value[0] == pytest.approx(0.5, abs=0.12)


def test_a_drawn_trigger_is_bright_in_two_places_and_inside_the_domain() -> None:
    for seed in range(50):
        chance = np.random.default_rng(seed)
        trigger = draw_trigger(IMAGE, np.zeros((1, 64), np.float32), 10, chance)
        assert sum(v == 1.0 for v in trigger.values) >= 2 and max(trigger.columns) < 64
        assert len(trigger.columns) in (4, 9) and 0 <= trigger.label < 10


def test_pairs_of_a_table_are_drawn_by_the_seed() -> None:
    rows = table(0)[0]
    one, two = (stamps_of(TABLE, rows, np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(one.columns, two.columns) and len(one) == 6 * 4
    assert set(np.unique(one.values[one.columns == 0])) == {18.0, 90.0}
