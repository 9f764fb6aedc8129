"""Plain data (as YAML gives it) into exact types; whatever does not fit raises `TypeError` or `ValueError`."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

from hutong.kernel.text import Text


def read_yaml(path: Path) -> dict[str, object]:
    """The map in a YAML file."""
    import yaml

    return as_map(yaml.safe_load(path.read_text(encoding="utf-8")))


def plain(value: object) -> object:
    """YAML's dates and integer keys as strings, so that the digest can be taken."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def as_map(value: object) -> dict[str, object]:
    """Keys as text. `TypeError` for anything but a map."""
    if not isinstance(value, Mapping):
        raise TypeError("map expected")
    return {str(k): v for k, v in value.items()}


def as_list(value: object) -> list[object]:
    """`TypeError` for anything but a list."""
    if not isinstance(value, list):
        raise TypeError("list expected")
    return value


def as_text(value: object) -> Text:
    """Both languages of {en, zh}."""
    both = as_map(value)
    return Text(str(both["en"]).strip(), str(both["zh"]).strip())


def as_share(value: object) -> Fraction:
    """A number strictly between 0 and 1, exact. `ValueError` otherwise."""
    share = Fraction(str(value))
    if not 0 < share < 1:
        raise ValueError(f"{value} is not a share")
    return share


def as_positive(value: object) -> Fraction:
    """A number above 0, exact. `ValueError` otherwise."""
    number = Fraction(str(value))
    if number <= 0:
        raise ValueError(f"{value} is not above 0")
    return number


def one_of(value: object, allowed: tuple[str, ...]) -> str:
    """The value, if it is one of those allowed. `ValueError` otherwise."""
    if value not in allowed:
        raise ValueError(f"{value} is not one of {allowed}")
    return str(value)
