"""Hand-made pages of departments: each adds its own here; addresses and navigation follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Page:
    """A page: address without the leading slash (Django path syntax), view, name, and its place in the navigation."""

    path: str
    view: Callable[..., Any]
    name: str
    title: Text
    navigation: int | None = None


PAGES: list[Page] = []


def page(
    path: str, view: Callable[..., Any], name: str, title: Text, *, navigation: int | None = None
) -> Page:
    """Add a page. navigation: its order in the main menu, None for a page that is reached from another.

    ValueError where the name or the address is taken.
    """
    if any(p.name == name or p.path == path for p in PAGES):
        raise ValueError(f"the page {name} at {path!r} is declared twice")
    made = Page(path, view, name, title, navigation)
    PAGES.append(made)
    return made


def home() -> Page | None:
    """The page that stands at the root, if a department put one there."""
    return next((p for p in PAGES if p.path == ""), None)
