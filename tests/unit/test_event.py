"""Event headers: the hand-ordered bytes are those of RFC 8785, and nothing loose gets in."""

from __future__ import annotations

import unicodedata
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from hutong.kernel.canonical import LARGEST_INTEGER, canonical, digest
from hutong.kernel.errors import Invalid
from hutong.kernel.event import FIELDS, Event, entry_bytes, instant, leaf, uuid7
from hutong.kernel.merkle import leaf_hash

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).map(
    lambda t: unicodedata.normalize("NFC", t)
)
moments = st.datetimes(timezones=st.just(UTC)).map(instant)
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
events = st.builds(
    Event,
    seq=st.integers(0, LARGEST_INTEGER),
    id=st.builds(uuid7, st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10)),
    operation=texts,
    subject=texts,
    subject_kind=texts,
    passport=st.none() | texts,
    actor=texts,
    organisation=st.none() | texts,
    from_state=st.none() | texts,
    to_state=st.none() | texts,
    valid_at=moments,
    recorded_at=moments,
    payload_sha256=hashes,
    files=st.lists(hashes, max_size=3).map(tuple),
)


def event(seq: int) -> Event:
    return Event(
        seq=seq,
        id=uuid7(1_700_000_000_000, bytes(10)),
        operation="compute.allocation.approve",
        subject="ALC-0001",
        subject_kind="Allocation",
        passport="SYS-0007",
        actor="PER-0001",
        organisation="ORG-0002",
        from_state="submitted",
        to_state="active",
        valid_at="2025-01-01T00:00:00.000Z",
        recorded_at="2025-01-02T03:04:05.678Z",
        payload_sha256=digest({}),
        files=(digest("a file"),),
    )


@given(events)
def test_the_template_writes_rfc_8785(one: Event) -> None:
    assert entry_bytes(one) == rfc8785.dumps(one.as_json())  # type: ignore[arg-type]
    assert entry_bytes(one) == canonical(one.as_json())
    assert leaf(one) == leaf_hash(entry_bytes(one))
    assert Event.from_json(one.as_json()) == one


def test_the_header_has_exactly_the_fields_of_the_format() -> None:
    assert list(FIELDS) == sorted(event(1).as_json())
    assert len(FIELDS) == 15


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seq", -1),
        ("seq", 2**53),
        ("seq", True),
        ("seq", "1"),
        ("v", 2),
        ("id", "0190a5d0-0000-4000-8000-000000000000"),
        ("id", None),
        ("valid_at", "2025-01-01T00:00:00Z"),
        ("valid_at", "2025-13-01T00:00:00.000Z"),
        ("recorded_at", "2025-01-01T00:00:00.000+08:00"),
        ("recorded_at", "2025-01-01T00:00:00.000Z\n"),
        ("payload_sha256", "AB" * 32),
        ("payload_sha256", None),
        ("files", ["ab" * 32]),
        ("files", ("zz",)),
        ("files", (1,)),
        ("operation", ""),
        ("operation", None),
        ("subject", "e\u0301"),
        ("actor", "\ud800"),
        ("passport", ""),
        ("organisation", 7),
        ("to_state", "e\u0301"),
    ],
)
def test_a_loose_value_is_refused(field: str, value: object) -> None:
    with pytest.raises(Invalid) as refusal:
        replace(event(1), **{field: value})
    assert refusal.value.field == field


def test_a_header_object_has_neither_more_nor_less() -> None:
    header = event(1).as_json()
    for bent in (
        {**header, "extra": 1},
        {k: v for k, v in header.items() if k != "passport"},
        {**header, "files": "x"},
    ):
        with pytest.raises(Invalid):
            Event.from_json(bent)


def test_an_entry_fits_a_bundle_of_the_tile_format() -> None:
    many = replace(event(1), files=tuple(digest(i) for i in range(1_000)))
    with pytest.raises(Invalid) as refusal:
        entry_bytes(many)
    assert refusal.value.rule == "event.length"


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_uuid7_is_that_of_rfc_9562(now: int, noise: bytes) -> None:
    made = uuid.UUID(uuid7(now, noise))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == now
    assert str(made) == uuid7(now, noise)


def test_uuid7_orders_by_time_and_refuses_the_impossible() -> None:
    assert uuid7(1, b"\xff" * 10) < uuid7(2, bytes(10))
    for now, noise in ((-1, bytes(10)), (2**48, bytes(10)), (1, bytes(9))):
        with pytest.raises(Invalid):
            uuid7(now, noise)


def test_an_instant_is_utc_with_milliseconds() -> None:
    beijing = timezone(timedelta(hours=8))
    assert instant(datetime(2025, 1, 1, 7, 59, 59, 999_999, beijing)) == "2024-12-31T23:59:59.999Z"
    with pytest.raises(Invalid):
        instant(datetime(2025, 1, 1))
