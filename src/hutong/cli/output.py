"""What the terminal says: tables that fit 80 columns, errors as three lines, JSON on request."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from rich.console import Console
from rich.table import Table

from hutong.kernel.errors import HutongError
from hutong.kernel.text import Language, Text

WHY = Text("why", "原因")
DO = Text("do", "办法")


def spoken() -> Language:
    """The language of this terminal: --lang, else LANG, else English."""
    chosen = os.environ.get("HUTONG_LANG") or os.environ.get("LANG", "")
    return "zh" if chosen.lower().startswith("zh") else "en"


def say(words: Any) -> str:
    """Words in the terminal's language; anything else as text."""
    speak = getattr(words, "say", None)
    return str(speak(spoken())) if callable(speak) else str(words)


def console(*, stderr: bool = False) -> Console:
    """Rich, narrow where there is no terminal, without colour where NO_COLOR asks for it."""
    width = None if sys.stdout.isatty() else 80
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=False)


def show_json(content: Any) -> None:
    print(json.dumps(content, ensure_ascii=False, indent=2, default=str))


def show_table(title: Any, heads: Sequence[Any], rows: Iterable[Sequence[Any]]) -> None:
    """A plain table; the last column takes the room that is left."""
    table = Table(title=say(title), box=None, pad_edge=False, title_justify="left")
    for place, head in enumerate(heads):
        table.add_column(
            say(head), overflow="fold", no_wrap=False, ratio=1 if place == len(heads) - 1 else None
        )
    for row in rows:
        table.add_row(*[say(c) for c in row])
    console().print(table)


def fail(error: HutongError, as_json: bool) -> NoReturn:
    """Three lines on standard error, or one object; the exit status says which of the five it is."""
    if as_json:
        print(json.dumps(error.as_json(), ensure_ascii=False), file=sys.stderr)
    else:
        where = f" [{error.field}]" if error.field else ""
        print(
            f"{say(error.what)}\n{say(WHY)}: {error.rule}{where}\n{say(DO)}: {say(error.remedy)}",
            file=sys.stderr,
        )
    raise SystemExit(error.exit_code)
