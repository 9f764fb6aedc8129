"""What an endpoint says it is; sentinels at the door; what is no answer is not kept; no redirect where none is wanted."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hutong.engines import trust
from hutong.engines.trust.reach import identity, sentinels
from hutong.engines.trust.reach.declaration import Endpoint, endpoint_of
from hutong.engines.trust.reach.door import Source, open_target
from hutong.engines.trust.reach.endpoint import Watched
from hutong.kernel.errors import Conflict, Exhausted, Invalid

COLUMNS = (trust.Column("age", Fraction(18), Fraction(80), whole=True), trust.Column("income"))
SYSTEM = trust.System("S", "1", trust.Domain("table", COLUMNS), ("no", "yes"))
Answer = Callable[..., bytes]


def http(url: str, folder: Path, **more: Any) -> Endpoint:
    record = {
        "kind": "http", "url": url, "allow": ["127.0.0.1"], "cassette": "c.jsonl",
        "http": {"labels": "labels", "version": "model.version", "batch": 10}, **more,
    }  # fmt: skip
    return endpoint_of(record, folder)


def labels(answer: Answer, version: object = "4", flip: Callable[[int], bool] = lambda n: False) -> Any:
    count = [0]

    def handle(path: str, body: bytes) -> bytes:
        count[0] += 1
        names = ["yes", "no"] if flip(count[0]) else ["no", "yes"]
        found = [names[int(row[0] > 49)] for row in json.loads(body)["rows"]]
        return answer({"labels": found, "model": {"version": version}})

    return handle


def rows(n: int) -> Any:
    chance = np.random.default_rng(3)
    return np.stack([chance.integers(18, 81, n), chance.random(n)], axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("version", "told"),
    [("4", "4"), (7, "7"), (None, ""), ({"a": 1}, ""), ("a\nb\x1b[31m", "a?b?[31m"), ("x" * 900, "x" * 200)],
)  # fmt: skip
def test_a_version_is_one_line_of_bounded_length(
    stub: Any, answer: Answer, tmp_path: Path, version: object, told: str
) -> None:
    stub.handler = labels(answer, version)
    assert identity.greet(http(stub.url, tmp_path), SYSTEM) == told
    assert not (tmp_path / "c.jsonl").exists() and sum(stub.seen.values()) == 1


def test_every_answer_on_the_record_is_heard(stub: Any, answer: Answer, tmp_path: Path) -> None:
    declared = http(stub.url, tmp_path)
    tape = tmp_path / "c.jsonl"
    assert not identity.heard(tape, declared)
    stub.handler = labels(answer, "4")
    with trust.closing(open_target(Source(endpoint=declared), SYSTEM)) as target:
        target.predict(rows(60))
        stub.handler = labels(answer, "5")
        target.predict(rows(60))
    found = identity.heard(tape, declared)
    assert set(found) == {"4", "5"} and sum(found.values()) == len(tape.read_text().splitlines()) - 1


def test_an_address_stands_for_where_and_how_and_says_neither(tmp_path: Path) -> None:
    one, same = (http("http://127.0.0.1:1/p", tmp_path) for _ in range(2))
    moved, other = (
        http("http://127.0.0.1:2/p", tmp_path),
        http("http://127.0.0.1:1/p", tmp_path, http={"labels": "l"}),
    )
    assert identity.address(one) == identity.address(same)
    assert len({identity.address(e) for e in (one, moved, other)}) == 3
    chat = {"kind": "openai", "url": "http://127.0.0.1:1/c", "openai": {"model": "m", "more": {"top_p": 0.5}}}
    assert len(identity.address(endpoint_of(chat, tmp_path, speaks=True))) == 64


def test_what_is_no_answer_is_not_kept_and_can_be_asked_again(
    stub: Any, answer: Answer, tmp_path: Path
) -> None:
    stub.handler = lambda path, body: answer({"labels": ["no"]})
    declared = http(stub.url, tmp_path)
    with (
        trust.closing(open_target(Source(endpoint=declared), SYSTEM)) as target,
        pytest.raises(Invalid) as wrong,
    ):
        target.predict(rows(5))
    assert wrong.value.rule == "endpoint.rows"
    stub.handler = labels(answer)
    with trust.closing(open_target(Source(endpoint=declared), SYSTEM)) as target:
        assert len(target.predict(rows(5))) == 5


def test_no_redirect_is_followed_where_none_is_wanted(stub: Any, answer: Answer, tmp_path: Path) -> None:
    moved = labels(answer)

    def handle(path: str, body: bytes) -> bytes:
        return (
            moved(path, body) if path == "/there" else answer({}, 307, "application/json", "Location: /there")
        )

    stub.handler = handle
    assert identity.greet(http(stub.url, tmp_path), SYSTEM) == "4"
    with pytest.raises(Invalid) as refused:
        identity.greet(http(stub.url, tmp_path, follow=False), SYSTEM)
    assert refused.value.rule == "endpoint.redirect" and stub.seen["/there"] == 1


def test_attempts_are_counted_over_all_runs(stub: Any, answer: Answer, tmp_path: Path) -> None:
    stub.handler = labels(answer)
    declared = http(stub.url, tmp_path, requests=8)
    for n, enough in ((40, True), (40, True), (400, False)):
        with trust.closing(open_target(Source(endpoint=declared), SYSTEM)) as target:
            if enough:
                target.predict(rows(n))
            else:
                with pytest.raises(Exhausted):
                    target.predict(rows(n))
    assert sum(stub.seen.values()) == 8


@pytest.mark.parametrize("drifts", [False, True])
def test_sentinels_at_the_door_end_a_run_that_drifts(
    stub: Any, answer: Answer, tmp_path: Path, drifts: bool
) -> None:
    """Nothing in its words says so: after some hundred answers it decides the other way round."""
    stub.handler = labels(answer, "4", lambda n: drifts and n > 400)
    declared = http(stub.url, tmp_path, watch=4)
    with trust.closing(open_target(Source(endpoint=declared), SYSTEM)) as target:
        assert isinstance(target, Watched) and target.access == "labels"
        if drifts:
            with pytest.raises(Conflict) as moved:
                target.predict(rows(8 * sentinels.EVERY))
            assert moved.value.rule == "endpoint.drift" and moved.value.what.zh
        else:
            target.predict(rows(8 * sentinels.EVERY))
            assert target.finding().state == "pass" and target.finding().n == 32
    asked = sum(stub.seen.values())
    # Gone on with, it finds its sentinels on the record.
    if not drifts:
        with trust.closing(open_target(Source(endpoint=declared), SYSTEM)) as target:
            target.predict(rows(8 * sentinels.EVERY))
        assert sum(stub.seen.values()) == asked


def test_a_run_that_asks_little_is_not_looked_at_each_time(stub: Any, answer: Answer, tmp_path: Path) -> None:
    stub.handler = labels(answer)
    with trust.closing(open_target(Source(endpoint=http(stub.url, tmp_path, watch=2)), SYSTEM)) as target:
        for start in range(30):
            target.predict(rows(40)[start : start + 1])
        assert isinstance(target, Watched) and target.sentinels.pairs == 0
        assert sum(stub.seen.values()) <= 30 + 2 * (3 + 8)
