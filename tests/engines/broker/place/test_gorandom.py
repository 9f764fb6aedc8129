"""Go's generator from its definition: numbers that Go prints for the same seeds."""

from __future__ import annotations

from hutong.engines.broker.place.gorandom import GoRandom


def test_the_first_number_of_seed_one_is_the_one_every_go_programmer_has_seen() -> None:
    assert GoRandom(1).int63() == 5577006791947779410


def test_numbers_below_a_hundred_equal_those_of_go() -> None:
    one, other = GoRandom(1), GoRandom(42)
    assert [one.intn(100) for _ in range(6)] == [81, 87, 47, 59, 81, 18]
    assert [other.intn(100) for _ in range(3)] == [5, 87, 68]


def test_a_power_of_two_takes_high_bits_and_stays_below() -> None:
    random = GoRandom(7)
    assert {random.intn(8) for _ in range(400)} == set(range(8))


def test_shuffle_and_perm_are_permutations_and_differ_by_seed() -> None:
    for made in (GoRandom(3).shuffled(50), GoRandom(3).perm(50)):
        assert sorted(made) == list(range(50)) != made
    assert GoRandom(3).perm(50) != GoRandom(4).perm(50)


def test_every_place_is_equally_likely() -> None:
    random, first = GoRandom(5), [0] * 4
    for _ in range(4000):
        first[random.shuffled(4)[0]] += 1
    assert all(850 < count < 1150 for count in first)
