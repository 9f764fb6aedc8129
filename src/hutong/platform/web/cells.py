"""Shown values: from a record and a `Show` to words, links and plain text for CSV."""

from __future__ import annotations

import json
from typing import Any

from hutong.kernel.quantity import ChipTime, Money
from hutong.kernel.text import Text
from hutong.platform.components import Cell, Column, Given, State
from hutong.platform.entities import Entity, Show, find_model
from hutong.platform.records import Record
from hutong.platform.web.csv_files import harmless

NUMBERS = {"money", "chip_time", "count", "percent"}
ABSENT = Text("not given", "未填写")


def raw(record: Any, show: Show) -> Any:
    """The value at the path; None where a link on the way is empty."""
    value = record
    for part in show.path.split("."):
        if value is None:
            return None
        value = getattr(value, part)
    return value


def words(value: Any, show: Show) -> Any:
    """The value as words of both languages, or a moment."""
    if value is None or value == "" or value == [] or value == {}:
        return ABSENT
    match show.kind:
        case "money":
            return _both(Money.of(value))
        case "chip_time":
            return _both(ChipTime.of(value))
        case "choice":
            return show.choices.get(str(value), str(value))
        case "json":
            return json.dumps(value, ensure_ascii=False, indent=1)
        case "record":
            return name_of(value)
        case "count":
            return Text(f"{value:,}", f"{value:,}")
        case _:
            return value if hasattr(value, "isoformat") else str(value)


def _both(quantity: Any) -> Text:
    return Text(quantity.say("en"), quantity.say("zh"))


def name_of(record: Any) -> Any:
    """How a record is called in a link: its name beside its code, or the code alone."""
    name = getattr(record, "name", None)
    if name is None:
        return record.code
    if isinstance(name, Text):
        return Text(f"{record.code} {name.en}", f"{record.code} {name.zh}")
    return f"{record.code} {name}"


def address_of(record: Any) -> str | None:
    """Where a record is shown."""
    entity = find_model(type(record)) if isinstance(record, Record) else None
    return f"{entity.url}{record.code}" if entity is not None else None


def cell(record: Any, show: Show) -> Cell:
    value = raw(record, show)
    if show.kind == "file" and value:
        return Cell(str(value)[:16] + "…")
    return Cell(
        words(value, show), url=address_of(value) if show.kind == "record" and value is not None else None
    )


def given(record: Any, show: Show) -> Given:
    """A value of a detail page, under its label."""
    value = raw(record, show)
    url = None
    if show.kind == "record" and value is not None:
        url = address_of(value)
    return Given(show.label, words(value, show), url=url)


def column(show: Show) -> Column:
    kind = "number" if show.kind in NUMBERS else "date" if show.kind in ("date", "instant") else "text"
    return Column(show.label, kind)  # type: ignore[arg-type]


def state_of(record: Record) -> State | None:
    """The state as a page shows it; None for a record without a lifecycle."""
    lifecycle = type(record).lifecycle
    return State.of(lifecycle.state(record.state)) if lifecycle is not None else None


def csv_value(record: Any, show: Show) -> str:
    """A cell of a CSV file: plain text that no spreadsheet takes for a formula (OWASP CSV injection)."""
    value = raw(record, show)
    return harmless(value.code if isinstance(value, Record) else value)


def heading(entity: Entity) -> tuple[Column, ...]:
    """The columns of a list: code, what the entity shows, state."""
    last = (Column(Text("State", "状态")),) if entity.model.lifecycle is not None else ()
    return (Column(Text("Code", "编号"), "code"), *(column(s) for s in entity.columns), *last)


def line(entity: Entity, record: Any) -> tuple[Cell, ...]:
    """One row of a list."""
    state = state_of(record)
    last = (Cell(state),) if state is not None else ()
    return (
        Cell(record.code, url=f"{entity.url}{record.code}"),
        *(cell(record, s) for s in entity.columns),
        *last,
    )
