"""The live decision: hard constraints, terms in order, reasons, templates, gangs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hutong.engines.broker.chips import Partition
from hutong.engines.broker.place import (
    Fleet,
    Mix,
    Order,
    Want,
    choose,
    constraints,
    empty_board,
    gang,
    typical,
)
from hutong.kernel.errors import Exhausted, Invalid

from . import cases

MIX: Mix = typical(cases.drawn(1, 200))
FLAT = Order("2026-11-26", ("price",))


def fleet(*rows: tuple[int, int, int], **given: Any) -> Fleet:
    cluster = cases.nodes(*rows)
    count, zero = len(rows), np.zeros(len(rows), dtype=np.int64)
    columns = {
        "zone": zero,
        "price": zero,
        "egress": zero,
        "carbon": zero,
        "switches": np.arange(count)[:, None] // 2,
    }
    columns |= {name: np.array(value) for name, value in given.items() if name in columns}
    speed = np.array(given.get("speed", [[1.0, 1.0]]))
    return Fleet(
        cluster.names, empty_board(cluster), speed, models=given.get("models", ("A100-40GB", "B")), **columns
    )


def test_each_constraint_is_named_and_comes_in_order() -> None:
    made = fleet((8, 2, 0), (8, 2, 1), (2, 2, 0), (8, 1, 0), (8, 2, 0), (8, 2, 0), zone=[1, 1, 1, 1, 0, 1])
    made.board.memory[5] = 10
    want = Want(4000, 1024, 2, accepts=1, zones=frozenset({1}))
    assert constraints(made, want).tolist() == ["", "model", "cpu", "gpus", "residence", "memory"]
    choice = choose(made, want, MIX, FLAT)
    assert choice.node == 0 and choice.gpus == (0, 1) and choice.version == "2026-11-26"
    assert choice.blocked == {"model": 1, "cpu": 1, "gpus": 1, "residence": 1, "memory": 1}


def test_data_that_may_not_leave_its_zone_never_does() -> None:
    made = fleet((8, 2, 0), (8, 2, 0), zone=[1, 2], price=[1, 900])
    assert choose(made, Want(1000, 10, 1, zones=frozenset({2})), MIX, FLAT).node == 1
    with pytest.raises(Exhausted) as refused:
        choose(made, Want(1000, 10, 1, zones=frozenset({3})), MIX, FLAT)
    assert refused.value.rule == "broker.residence"


def test_terms_decide_first_to_last_and_say_by_how_much() -> None:
    made = fleet((8, 1, 0), (8, 1, 1), (8, 1, 1), speed=[[1.0, 4.0]], price=[1, 9, 5])
    choice = choose(made, Want(1000, 10, 1), MIX, Order("v", ("speed", "price")))
    assert choice.node == 2 and choice.values == {"speed": 0.25, "price": 5.0}
    assert [(r.node, r.reason, r.value, r.chosen_value) for r in choice.rejected] == [
        (1, "price", 9.0, 5.0),
        (0, "speed", 1.0, 0.25),
    ]
    assert choose(made, Want(1000, 10, 1), MIX, Order("v", ("price", "speed"))).node == 0


def test_weights_trade_terms_and_an_unknown_speed_comes_last() -> None:
    made = fleet((8, 1, 0), (8, 1, 1), speed=[[0.0, 4.0]], price=[1, 9], carbon=[5, 5])
    order = Order("v", ("speed", "price", "carbon"), (1.0, 3.0, 1.0))
    assert choose(made, Want(1000, 10, 1), MIX, order).node == 0
    assert choose(made, Want(1000, 10, 1), MIX, replace(order, weights=(3.0, 1.0, 1.0))).node == 1


def test_equal_terms_go_to_the_first_node_listed() -> None:
    made = fleet((8, 1, 0), (8, 1, 0), (8, 1, 0))
    choice = choose(made, Want(1000, 10, 1), MIX, FLAT)
    assert choice.node == 0 and [(r.reason, r.chosen_value) for r in choice.rejected] == [("order", 0.0)] * 2


def test_the_gradient_fills_the_gpu_that_is_open() -> None:
    made = fleet((32, 2, 0), (32, 2, 0))
    made.board.gpu[1, 1], made.board.whole[1] = 470, 1
    choice = choose(made, Want(4000, 10, 1, 460), MIX, Order("v", ("gradient",)))
    assert (choice.node, choice.gpus) == (1, (1,)) and choice.values["gradient"] < 0


def test_a_template_no_chip_has_is_refused_and_a_full_chip_is_passed_over() -> None:
    made = fleet((8, 1, 0), (8, 2, 0), (8, 1, 1))
    with pytest.raises(Invalid):
        choose(made, Want(1000, 10, 1, template="vir99"), MIX, FLAT)
    busy = replace(made, partitions={(0, 0): (Partition("7g.40gb", 0),), (1, 0): (Partition("3g.20gb", 0),)})
    busy.board.gpu[0, 0] = busy.board.gpu[1, 0] = 0
    want = Want(1000, 10, 1, template="3g.20gb")
    choice = choose(busy, want, MIX, FLAT)
    assert (choice.node, choice.gpus, choice.start, choice.blocked) == (1, (0,), 4, {"template": 2})


def test_a_chip_shared_by_milli_is_not_cut() -> None:
    made = fleet((8, 1, 0))
    made.board.gpu[0, 0] = 500
    with pytest.raises(Exhausted):
        choose(made, Want(1000, 10, 1, template="1g.5gb"), MIX, FLAT)


def test_a_gang_takes_one_leaf_where_it_can() -> None:
    made = fleet((32, 2, 0), (32, 4, 0), (32, 4, 0), (32, 4, 0), price=[0, 9, 9, 9])
    assert {made.switches[c.node, 0] for c in gang(made, Want(1000, 10, 4), 2, MIX, FLAT)} == {1}
    assert [c.node for c in gang(made, Want(1000, 10, 2), 3, MIX, FLAT)] == [0, 1, 1]


def test_a_gang_starts_whole_or_not_at_all_and_leaves_the_board_alone() -> None:
    made = fleet((32, 2, 0), (32, 4, 0))
    before = made.board.gpu.copy()
    with pytest.raises(Exhausted):
        gang(made, Want(1000, 10, 2), 4, MIX, FLAT)
    gang(made, Want(1000, 10, 2), 3, MIX, FLAT)
    assert np.array_equal(made.board.gpu, before)


def test_a_gang_of_templates_shares_chips() -> None:
    made = fleet((32, 1, 0), (32, 1, 0))
    choices = gang(made, Want(1000, 10, 1, template="3g.20gb"), 3, MIX, FLAT)
    assert [(c.node, c.start) for c in choices] == [(0, 0), (0, 4), (1, 0)]
    assert not made.partitions


def test_a_gang_that_fits_nowhere_says_what_stops_it() -> None:
    made = fleet((2, 4, 0), (2, 4, 0))
    with pytest.raises(Exhausted) as refused:
        gang(made, Want(1500, 10, 1), 3, MIX, FLAT)
    assert refused.value.rule == "broker.cpu"


@pytest.mark.parametrize(
    "amounts",
    [(-1, 1, 1, 1000), (1, -1, 1, 1000), (1, 1, 9, 1000), (1, 1, 1, 0), (1, 1, 1, 1001), (1, 1, 2, 333)],
)
def test_an_impossible_request_is_refused_before_it_is_placed(amounts: tuple[int, int, int, int]) -> None:
    with pytest.raises(Invalid):
        Want(*amounts)


def test_three_thirds_fit_one_gpu_and_a_fourth_does_not() -> None:
    made = fleet((8, 1, 0))
    assert len(gang(made, Want(1000, 10, 1, 333), 3, MIX, FLAT)) == 3
    with pytest.raises(Exhausted):
        gang(made, Want(1000, 10, 1, 333), 4, MIX, FLAT)


def test_a_policy_with_an_unknown_term_is_refused() -> None:
    for order in (("price", "colour"), ("price",)):
        with pytest.raises(Invalid):
            Order("v", order, (1.0, 2.0, 3.0))
