"""The name of a kind of chip, as a pool offers it and a job accepts it.

A whole chip is its model: ``a100``. A vendor's partition of one is ``a100-80gb:1g.10gb``; an equal share of one that
several jobs take turns on is ``t4:1/2``. A pool's chips are then so many partitions or shares. Nothing is rounded: a
template that the vendor does not have, or a share such as 1/3 + a bit, has no name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from hutong.engines.broker.chips.partitions import Chip, catalogue
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

MOST_SHARES = 16
_SHARE = re.compile(r"1/([1-9][0-9]?)")


@dataclass(frozen=True, slots=True)
class Kind:
    """chip: the model that is cut. part: template or share, None for the whole. share: of the chip's arithmetic.

    base: under which name the published factors know the chip.
    """

    chip: str
    part: str | None
    share: Fraction
    base: str


def kind_of(name: str, field: str = "chip") -> Kind:
    """Read the name of a kind; field: where it was given. Any model may be named whole; only models of the catalogue have templates.

    Raises `Invalid` ``broker.partition_template`` for a template that the chip lacks, naming those that it has, and
    ``broker.share`` for a share that is not one of 2 to 16 equal ones.
    """
    chip, colon, part = name.partition(":")
    found = {model.lower(): one for model, one in catalogue().items()}.get(chip.lower())
    base = chip if found is None else found.base or chip
    if not colon:
        return Kind(chip, None, Fraction(1), base)
    share = _SHARE.fullmatch(part)
    if share is not None and 2 <= int(share[1]) <= MOST_SHARES:
        return Kind(chip, part, Fraction(1, int(share[1])), base)
    if found is None or "/" in part or not part:
        raise _no_share(chip, part, found, field)
    return Kind(chip, part, found.template(part, field).compute, base)


def _no_share(chip: str, part: str, found: Chip | None, field: str) -> Invalid:
    remedy = Text(
        "Give the whole chip {c}, or a share from {c}:1/2 to {c}:1/{n}",
        "请填写整卡 {c}，或 {c}:1/2 至 {c}:1/{n} 的等分",
    )
    if found is not None:
        remedy = Text(remedy.en + ", or one of {t}", remedy.zh + "，或下列切分：{t}")
    templates = "" if found is None else ", ".join(f"{chip}:{t.name}" for t in found.templates)
    return Invalid(
        Text("No chip is cut as {p}.", "没有芯片可切分为 {p}。").format(p=f"{chip}:{part}"),
        rule="broker.share",
        remedy=remedy.format(c=chip, n=MOST_SHARES, t=templates),
        field=field,
    )
