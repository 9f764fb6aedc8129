"""A quote says what a submission of the same request would hear: same start, same plan, same options, nothing changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hutong.engines.broker.decide import Asked, Held, Offer, Picture, decide
from hutong.engines.broker.decide.expect import Drawn, expect
from hutong.engines.broker.decide.quote import quote

NOW, HOUR = 1_788_220_800_000, 3_600_000
KINDS = ("a100", "ascend910b", "h800")


def picture(dice: np.random.Generator, load: float) -> Picture:
    """Three to six pools of two centres with jobs at work and some that wait."""
    offers, held = [], []
    for p in range(int(dice.integers(3, 7))):
        total = free = int(dice.choice([8, 16, 32]))
        while free > 0 and dice.random() < load:
            chips = min(free, int(dice.choice([1, 2, 4, 8])))
            free -= chips
            held.append(Held(f"R{p}-{free}", f"P{p}", chips, NOW + int(dice.integers(1, 8 * HOUR))))
        kind, fen = str(dice.choice(KINDS)), int(dice.integers(100, 900))
        lends = int(dice.integers(0, total + 1))
        offers.append(Offer(f"P{p}", f"C{p % 2}", kind, "110000", total, free, fen, lendable=lends))
    waiting = tuple(request(dice, f"J{n}", NOW - n * 1000) for n in range(int(dice.integers(0, 8))))
    return Picture(NOW, tuple(offers), tuple(held), waiting)


def request(dice: np.random.Generator, name: str, at: int = NOW) -> Asked:
    accept = tuple(str(k) for k in dice.choice(KINDS, int(dice.integers(1, 3)), replace=False))
    chips, hours = int(dice.choice([1, 2, 4, 8, 16])), int(dice.integers(1, 6))
    return Asked(name, f"O{dice.integers(3)}", f"C{dice.integers(2)}", chips, hours * HOUR, accept, at)


@pytest.mark.parametrize("seed", range(40))
def test_a_quote_is_what_a_submission_hears(seed: int) -> None:
    dice = np.random.default_rng(seed)
    seen, asked = picture(dice, 0.9), request(dice, "Q")
    told = quote(seen, asked, str, str)
    with_it = replace(seen, waiting=(*seen.waiting, asked))
    start = next((s for s in decide(with_it).starts if s.job == "Q"), None)
    chosen = [p for p in told.places if p.chosen]
    assert [p.pool for p in chosen] == ([start.pool] if start is not None else [])
    if start is not None:
        assert chosen[0].fen == -(-asked.chips * asked.limit_ms * start.fen_per_hour // HOUR)
        # Among the pools that could start it now the broker takes the cheapest.
        assert chosen[0].fen == min(p.fen for p in told.places if p.now)
        return
    fits = [p for p in told.places if p.cause not in ("no_pool", "too_large")]
    heard = expect(with_it, ["Q"], str, str)[0] if fits else None
    options = [o for o in told.options if o.kind != "accept"]
    assert options == sorted(heard.options if heard else [], key=lambda o: (o.start_ms, o.kind, -o.value))
    planned = next((o for o in options if o.kind == "as_asked"), None)
    soonest = min((p.start_ms for p in told.places if p.start_ms is not None), default=None)
    if planned is not None:
        assert max(soonest or 0, NOW + 1) == planned.start_ms
    assert [p.pool for p in told.places if p.promised] == (
        [heard.promised[0]] if heard is not None and heard.promised else []
    )


@pytest.mark.parametrize("seed", range(40, 60))
def test_another_kind_of_chip_is_named_only_where_it_is_sooner_and_then_a_submission_with_it_starts_there(
    seed: int,
) -> None:
    dice = np.random.default_rng(seed)
    seen, asked = picture(dice, 0.7), request(dice, "Q")
    told = quote(seen, asked, str, str)
    also = [o for o in told.options if o.kind == "accept"]
    if not also:
        return
    (option,) = also
    assert option.chip not in asked.accept
    assert all(option.start_ms < o.start_ms for o in told.options if o.kind == "as_asked")
    wider = replace(asked, accept=(*asked.accept, *(k for k in KINDS if k not in asked.accept)))
    again = quote(seen, wider, str, str)
    if option.start_ms == NOW:
        assert [p.pool for p in again.places if p.chosen] == [option.pool]
    else:
        assert next(o.start_ms for o in again.options if o.kind == "as_asked") == option.start_ms


def test_what_does_not_fit_is_named_with_all_that_fails() -> None:
    offers = (
        Offer("P0", "C0", "a100", "110000", 4, 4, 100, lendable=4),
        Offer("P1", "C0", "h800", "310000", 64, 64, 100, lendable=64),
    )
    asked = Asked("Q", "O", "C0", 8, HOUR, ("a100",), NOW, deadline_ms=NOW + 10, regions=("110000",))
    told = quote(Picture(NOW, offers, (), ()), asked, str, str)
    assert [p.constraints for p in told.places] == [("count", "deadline"), ("zone", "chip", "deadline")]
    assert not told.possible and told.options == ()


def test_drawn_starts_are_told_for_every_pool_that_would_start_it() -> None:
    offers = (
        Offer("P0", "C0", "a100", "110000", 4, 0, 100, lendable=4),
        Offer("P1", "C1", "a100", "110000", 4, 0, 50, lendable=0),
    )
    held = (Held("R0", "P0", 4, NOW + HOUR), Held("R1", "P1", 4, NOW + HOUR))
    asked = Asked("Q", "O", "C0", 4, HOUR, ("a100",), NOW)
    ends = np.array([NOW + HOUR // 2, NOW + 2 * HOUR], np.int64)
    told = quote(Picture(NOW, offers, held, ()), asked, str, str, Drawn(2, {"R0": ends}, {}))
    home, away = told.places
    # No draw goes beyond the limit, which the centre enforces.
    assert home.starts is not None and home.starts.tolist() == [NOW + HOUR // 2, NOW + HOUR]
    assert home.start_ms == NOW + HOUR and home.promised
    assert away.starts is None and away.start_ms is None
