"""Names of kinds of chip: whole, partition, share; nothing rounded, and hours convert exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.engines.broker.chips import MOST_SHARES, catalogue, kind_of
from hutong.engines.broker.money import published_factors, to_ms
from hutong.kernel.clock import parse_instant
from hutong.kernel.errors import Invalid

UNIT = "pflops-hour-fp16"
NOW = to_ms(parse_instant("2026-11-26T00:00:00+08:00", field="at"))


def test_a_whole_chip_is_its_model_whoever_knows_it() -> None:
    assert kind_of("CPU core").share == 1 and kind_of("CPU core").base == "CPU core"
    assert kind_of("A100-80GB").base == "a100"


@pytest.mark.parametrize(
    "name", ["a100-80gb:2g.10gb", "t4:1/0", "t4:2/4", "t4:1/3.0", "t4:0.333", "t4:", "t4:1/17", "t4:1/1"]
)
def test_what_is_not_offered_is_refused_with_what_is(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        kind_of(name, "accept")
    assert refused.value.field == "accept"
    assert ":1/2" in refused.value.remedy.en or "1g.10gb" in refused.value.remedy.en


def test_every_template_is_a_part_of_its_chip_and_seven_sevenths_are_the_whole() -> None:
    for model, chip in catalogue().items():
        for template in chip.templates:
            assert 0 < template.compute <= 1, (model, template)
    assert kind_of("a100-40gb:7g.40gb").share == 1
    assert kind_of("ascend910b3:vir05_1c_16g").share == Fraction(1, 4)


@given(st.integers(2, MOST_SHARES), st.integers(1, 10**9))
def test_all_shares_of_a_chip_are_the_chip(shares: int, ms: int) -> None:
    table = published_factors()
    assert table.convert(shares * ms, f"t4:1/{shares}", "t4", UNIT, NOW, "ceil") == ms
    assert table.convert(ms, "t4", f"t4:1/{shares}", UNIT, NOW, "floor") == shares * ms


def test_a_partition_of_a_chip_without_a_published_factor_has_none() -> None:
    with pytest.raises(Invalid, match="no factor"):
        published_factors().line("A30-24GB:1g.6gb", UNIT)
