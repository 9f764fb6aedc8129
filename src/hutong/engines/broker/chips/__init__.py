"""Kinds of chip: whole ones, vendors' partitions of them, and equal shares. What no vendor offers is refused, never rounded."""

from hutong.engines.broker.chips.kinds import MOST_SHARES, Kind, kind_of
from hutong.engines.broker.chips.partitions import Chip, Partition, Template, catalogue, partition

__all__ = [
    "MOST_SHARES",
    "Chip",
    "Kind",
    "Partition",
    "Template",
    "catalogue",
    "kind_of",
    "partition",
]
