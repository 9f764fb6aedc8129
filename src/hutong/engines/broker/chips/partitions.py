"""Partitions of one chip by vendor template (MIG profiles, vNPU templates). What fits no template is refused.

Templates are dated data (`partitions.yaml`) with source and status; the functions know two ways of cutting: memory
slices with allowed starting points, and pools of cores, control CPUs and memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import yaml

from hutong.kernel.errors import Exhausted, Invalid
from hutong.kernel.text import Text

FILE = Path(__file__).with_name("partitions.yaml")
REMEDY = Text("Ask for one of: {names}", "请改用下列之一：{names}")


@dataclass(frozen=True)
class Template:
    """A size that the vendor offers. size and starts in slices; cores and control_cpus where the chip is pooled.

    compute: share of the chip's arithmetic.
    """

    name: str
    memory_mib: int
    compute: Fraction
    size: int = 0
    starts: tuple[int, ...] = ()
    cores: int = 0
    control_cpus: int = 0


@dataclass(frozen=True)
class Chip:
    """How one chip model may be cut, with the source of that and whether it was checked.

    base: its name in the published factors, "" where that is the model.
    """

    model: str
    vendor: str
    mode: Literal["slices", "pooled"]
    templates: tuple[Template, ...]
    source: str
    status: Literal["verified", "unverified"]
    slices: int = 0
    cores: int = 0
    control_cpus: int = 0
    memory_mib: int = 0
    base: str = ""

    def template(self, name: str, field: str = "template") -> Template:
        """The template of that name. Raises `Invalid` naming those there are: nothing is rounded to fit."""
        for template in self.templates:
            if template.name == name:
                return template
        raise self._refused(Text("{chip} has no template {name}", "{chip} 没有模板 {name}"), name, field)

    def of_cores(self, cores: int) -> Template:
        """The template of exactly that many cores (slices of compute for MIG are not cores). Raises `Invalid`."""
        for template in self.templates:
            if template.cores == cores and cores > 0:
                return template
        raise self._refused(
            Text("{chip} cannot be cut to {name} cores", "{chip} 不能切分出 {name} 个核心"), str(cores)
        )

    def _refused(self, what: Text, name: str, field: str = "template") -> Invalid:
        names = ", ".join(template.name for template in self.templates)
        return Invalid(
            what.format(chip=self.model, name=name),
            rule="broker.partition_template",
            remedy=REMEDY.format(names=names),
            field=field,
        )


@dataclass(frozen=True)
class Partition:
    """A template in use on a chip; start is the first slice, 0 where the chip is pooled."""

    template: str
    start: int = 0


@cache
def catalogue(file: Path = FILE) -> Mapping[str, Chip]:
    """Chips by model, from the dated file; read once."""
    rows = yaml.safe_load(file.read_text(encoding="utf-8"))["chips"]
    return MappingProxyType({row["model"]: _chip(row) for row in rows})


def _chip(row: Mapping[str, Any]) -> Chip:
    templates = tuple(_template(row, template) for template in row["templates"])
    return Chip(**{**row, "templates": templates})


def _template(row: Mapping[str, Any], template: Mapping[str, Any]) -> Template:
    # Of a pooled chip the cores are the arithmetic; of a sliced one the vendor's table gives the fraction.
    compute = (
        Fraction(template["compute"]) if "compute" in template else Fraction(template["cores"], row["cores"])
    )
    return Template(**{**template, "starts": tuple(template.get("starts", ())), "compute": compute})


def partition(chip: Chip, used: Sequence[Partition], name: str) -> Partition:
    """The place for one more partition beside those in use: the lowest start that is free.

    Raises `Invalid` where the vendor has no such template, `Exhausted` where it fits no more beside the others.
    """
    wanted = chip.template(name)
    if chip.mode == "slices":
        taken = {piece for part in used for piece in _slices(chip.template(part.template), part.start)}
        for start in wanted.starts:
            if not taken & _slices(wanted, start):
                return Partition(name, start)
        raise _full(chip, name)
    mine = [chip.template(part.template) for part in used] + [wanted]
    sums = (
        sum(template.cores for template in mine) <= chip.cores,
        sum(template.control_cpus for template in mine) <= chip.control_cpus,
        sum(template.memory_mib for template in mine) <= chip.memory_mib,
    )
    if not all(sums):
        raise _full(chip, name)
    return Partition(name)


def _slices(template: Template, start: int) -> set[int]:
    return set(range(start, start + template.size))


def _full(chip: Chip, name: str) -> Exhausted:
    return Exhausted(
        Text("No room for {name} on this {chip}", "该 {chip} 上已没有 {name} 的位置").format(
            name=name, chip=chip.model
        ),
        rule="broker.partition_room",
        remedy=Text("Wait, or choose another chip", "请等待，或选择其他芯片"),
        field="template",
    )
