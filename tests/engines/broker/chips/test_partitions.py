"""Vendor templates: exact names only, places that the vendor allows, nothing rounded."""

from __future__ import annotations

import itertools

import pytest

from hutong.engines.broker.chips import Partition, catalogue, partition
from hutong.kernel.errors import Exhausted, Invalid

CHIPS = catalogue()


def test_every_chip_names_its_source_and_whether_it_was_checked() -> None:
    assert {chip.status for chip in CHIPS.values()} == {"verified", "unverified"}
    assert all(chip.source and chip.templates for chip in CHIPS.values())


def test_what_no_template_has_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(Invalid) as refused:
        partition(CHIPS["H100-80GB"], (), "3g.20gb")
    assert refused.value.rule == "broker.partition_template" and "3g.40gb" in refused.value.remedy.en


def test_forty_cores_of_a_chip_with_twenty_are_refused_not_trimmed() -> None:
    for cores in (40, 20, 7, 0):
        with pytest.raises(Invalid):
            CHIPS["Ascend910B3"].of_cores(cores)
    assert CHIPS["Ascend910B3"].of_cores(10).name == "vir10_3c_32g"


def test_slices_take_the_lowest_free_start() -> None:
    chip, used = CHIPS["A100-40GB"], []
    for name, start in (("3g.20gb", 0), ("2g.10gb", 4), ("1g.5gb", 6)):
        used.append(partition(chip, used, name))
        assert used[-1] == Partition(name, start)
    with pytest.raises(Exhausted):
        partition(chip, used, "2g.10gb")


def test_seven_small_ones_fit_and_an_eighth_does_not() -> None:
    chip, used = CHIPS["H100-80GB"], []
    for _ in range(7):
        used.append(partition(chip, used, "1g.10gb"))
    with pytest.raises(Exhausted):
        partition(chip, used, "1g.10gb")


@pytest.mark.parametrize("model", sorted(CHIPS))
def test_no_two_partitions_ever_overlap(model: str) -> None:
    chip = CHIPS[model]
    for names in itertools.product([t.name for t in chip.templates], repeat=3):
        used: list[Partition] = []
        for name in names:
            try:
                used.append(partition(chip, used, name))
            except Exhausted:
                continue
        slices = [s for p in used for s in range(p.start, p.start + chip.template(p.template).size)]
        assert len(slices) == len(set(slices)) and all(s < chip.slices for s in slices)
        if chip.mode == "pooled":
            assert sum(chip.template(p.template).cores for p in used) <= chip.cores
            assert sum(chip.template(p.template).memory_mib for p in used) <= chip.memory_mib
            assert sum(chip.template(p.template).control_cpus for p in used) <= chip.control_cpus


def test_control_cpus_bound_what_cores_would_allow() -> None:
    chip, used = CHIPS["Ascend910B2"], []
    for _ in range(2):
        used.append(partition(chip, used, "vir12_3c_32g"))
    with pytest.raises(Exhausted):
        partition(chip, used, "vir03_1c_8g")
