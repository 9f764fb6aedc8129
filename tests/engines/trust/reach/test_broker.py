"""The runner of questions: nothing lost, nothing counted twice, nothing spent beyond the budget."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hutong.engines.trust.reach.address import url_of
from hutong.engines.trust.reach.asks import Ask
from hutong.engines.trust.reach.broker import Broker
from hutong.engines.trust.reach.budget import Budget
from hutong.engines.trust.reach.cassette import Cassette
from hutong.engines.trust.reach.wire import Wire
from hutong.kernel.errors import Conflict, Exhausted, HutongError, Invalid

LOCAL = frozenset({"127.0.0.1"})
SWIFT = Budget(pause_s=0.001, longest_s=0.01, attempts=30)
ABOUT = {"url": "stub"}


def asks(n: int, bound: int = 0, start: int = 0) -> list[Ask]:
    return [Ask(json.dumps({"q": i}).encode(), bound=bound) for i in range(start, start + n)]


def broker(stub: Any, path: str = "/ask", **more: Any) -> Broker:
    wire = more.pop("wire", None) or Wire(LOCAL, timeout_s=2.0)
    return Broker(url_of(stub.url + path), wire, budget=more.pop("budget", SWIFT), **more)


class Flaky:
    """Answers {"a": q}; of the first attempts of each question some end in 429, 500, silence or half an answer."""

    def __init__(self, answer: Callable[..., bytes], troubles: str = "ok") -> None:
        self.answer, self.given, self.processed = answer, Counter[int](), Counter[int]()
        self.kinds: Counter[str] = Counter()

    def __call__(self, path: str, body: bytes) -> bytes | None:
        q = json.loads(body)["q"]
        tried = self.given[q]
        self.given[q] += 1
        kind = (
            ("429", "500", "silent", "half", "drop", "ok", "ok", "ok")[(q * 7 + tried * 3) % 8]
            if tried < 3
            else "ok"
        )
        self.kinds[kind] += 1
        if kind in ("429", "500"):
            return self.answer({"error": kind}, int(kind))
        # The endpoint did the work, but the answer is lost on the way.
        self.processed[q] += 1
        whole = self.answer({"a": q})
        return {"silent": None, "half": b"\0" + whole[:-3], "drop": b"\0"}.get(kind, whole)


def test_errors_and_silence_lose_nothing_and_count_nothing_twice(
    stub: Any, answer: Callable[..., bytes]
) -> None:
    stub.handler = flaky = Flaky(answer)
    n, budget = 160, Budget(pause_s=0.001, longest_s=0.01, parallel=80)
    with broker(stub, wire=Wire(LOCAL, timeout_s=0.6), budget=budget) as one:
        answers = one.run(asks(n))
    assert [a.value for a in answers] == [{"a": q} for q in range(n)]
    c, kinds = one.counts, flaky.kinds
    assert (c.asked, c.answered, c.refused, c.shared, c.replayed) == (n, n, 0, 0, 0)
    # Every attempt that the endpoint saw is on the books exactly once, under its own heading; a good answer that
    # came too late on a busy machine is a lost one like the others.
    assert c.sent == sum(flaky.given.values()) == one.purse.sent
    assert c.rejected == kinds["429"] + kinds["500"]
    assert c.lost == kinds["silent"] + kinds["half"] + kinds["drop"] + kinds["ok"] - n
    assert min(c.rejected, c.lost) > n / 8


def test_money_is_counted_once_and_what_is_unknown_at_its_bound(
    stub: Any, answer: Callable[..., bytes]
) -> None:
    stub.handler = flaky = Flaky(answer)
    budget = Budget(pause_s=0.001, longest_s=0.01, parallel=80)
    with broker(stub, wire=Wire(LOCAL, timeout_s=0.6), budget=budget, price=lambda value: 3) as one:
        one.run(asks(80, bound=10))
    assert one.counts.lost >= flaky.kinds["silent"] + flaky.kinds["half"] + flaky.kinds["drop"] > 9
    assert one.purse.spent == 80 * 3 + one.counts.lost * 10 and one.purse.held == 0
    assert one.cassette.spent == one.purse.spent


@pytest.mark.parametrize("limit", [{"requests": 25}, {"cost": 125}])
def test_no_budget_is_exceeded_and_the_run_goes_on_where_it_stopped(
    stub: Any, answer: Callable[..., bytes], limit: dict[str, int], tmp_path: Path
) -> None:
    stub.handler = lambda path, body: answer({"a": json.loads(body)["q"]})
    path = tmp_path / "c.jsonl"
    paid: Any = {"price": lambda value: 5}
    with (
        broker(stub, budget=Budget(**limit), **paid, cassette=Cassette(path, ABOUT)) as one,
        pytest.raises(Exhausted) as stop,
    ):
        one.run(asks(60, bound=5))
    assert stop.value.rule == "endpoint.budget" and one.counts.answered == 25 == stub.seen["/ask"]
    with broker(stub, **paid, cassette=Cassette(path, ABOUT)) as two:
        answers = two.run(asks(60, bound=5))
    assert [a.value["a"] for a in answers] == list(range(60)) and stub.seen["/ask"] == 60
    assert (two.counts.replayed, two.counts.answered, two.purse.spent) == (25, 35, 300)


def test_equal_questions_are_asked_once_and_replicates_apart(stub: Any, answer: Callable[..., bytes]) -> None:
    stub.handler = lambda path, body: answer({"a": 1})
    with broker(stub) as one:
        same = asks(1)[0]
        answers = one.run([same] * 50 + [Ask(same.body, replicate=1)])
        one.run([same])
    assert len(answers) == 51 and stub.seen["/ask"] == 2
    assert (one.counts.asked, one.counts.shared, one.counts.replayed) == (3, 49, 1)


def test_connections_are_kept(stub: Any, answer: Callable[..., bytes]) -> None:
    stub.handler = lambda path, body: answer({"a": 1})
    with broker(stub, budget=Budget(parallel=8)) as one:
        one.run(asks(200))
        one.run(asks(200, start=200))
    assert stub.connections <= 8 and stub.seen["/ask"] == 400


def test_the_rate_is_kept(stub: Any, answer: Callable[..., bytes]) -> None:
    stub.handler = lambda path, body: answer({"a": 1})
    import time

    start = time.monotonic()
    with broker(stub, budget=Budget(per_second=100.0)) as one:
        one.run(asks(31))
    # 31 questions at 100 per second take at least 30 steps.
    assert time.monotonic() - start >= 0.29


def test_the_endpoint_s_own_pause_is_kept(stub: Any, answer: Callable[..., bytes]) -> None:
    import time

    times: list[float] = []

    def once(path: str, body: bytes) -> bytes:
        times.append(time.monotonic())
        return answer({}, 429, "application/json", "Retry-After: 1") if len(times) == 1 else answer({"a": 1})

    stub.handler = once
    with broker(stub, budget=Budget(pause_s=0.001)) as one:
        one.run(asks(1))
    assert times[1] - times[0] >= 0.95


def test_an_endpoint_that_stays_down_ends_the_run_by_name(stub: Any, answer: Callable[..., bytes]) -> None:
    stub.handler = lambda path, body: answer({}, 503)
    with (
        broker(stub, budget=Budget(attempts=3, pause_s=0.001, parallel=4)) as one,
        pytest.raises(Invalid) as down,
    ):
        one.run(asks(500))
    assert down.value.rule == "endpoint.status" and "503" in down.value.what.en
    # It is not hammered with the rest.
    assert stub.seen["/ask"] <= 4 * 3


def test_one_answer_that_is_none_ends_the_run_and_what_was_answered_is_kept(
    stub: Any, answer: Callable[..., bytes], tmp_path: Path
) -> None:
    def handle(path: str, body: bytes) -> bytes:
        q = json.loads(body)["q"]
        return answer(b"<html>", 200, "text/html") if q == 20 else answer({"a": q})

    stub.handler = handle
    tape = Cassette(tmp_path / "c.jsonl", ABOUT)
    with broker(stub, budget=Budget(parallel=4), cassette=tape) as one, pytest.raises(Invalid) as page:
        one.run(asks(500))
    assert page.value.rule == "endpoint.not_json" and one.counts.refused == 1
    # The rest is not asked; all that was answered is kept.
    assert stub.seen["/ask"] <= 100 and len(tape.answers) == stub.seen["/ask"] - 1 == one.counts.answered


def test_a_call_from_many_threads_counts_the_same(stub: Any, answer: Callable[..., bytes]) -> None:
    stub.handler = lambda path, body: answer({"a": json.loads(body)["q"]})
    found: list[list[Any]] = []
    with broker(stub) as one:
        workers = [threading.Thread(target=lambda: found.append(one.run(asks(40)))) for _ in range(5)]
        for w in workers:
            w.start()
        for w in workers:
            w.join()
    assert len(found) == 5 and all([a.value["a"] for a in f] == list(range(40)) for f in found)
    assert stub.seen["/ask"] == 40


def recorded(stub: Any, answer: Callable[..., bytes], path: Path, n: int = 30) -> None:
    stub.handler = lambda p, body: answer({"a": json.loads(body)["q"]})
    with broker(stub, cassette=Cassette(path, ABOUT)) as one:
        one.run(asks(n))


def test_a_cassette_answers_without_a_network(
    stub: Any, answer: Callable[..., bytes], tmp_path: Path
) -> None:
    path = tmp_path / "c.jsonl"
    recorded(stub, answer, path)
    before = path.read_bytes()
    with Broker(url_of(stub.url), None, Cassette(path, ABOUT, writable=False)) as replay:
        assert [a.value["a"] for a in replay.run(asks(30))] == list(range(30))
        with pytest.raises(Invalid) as missing:
            replay.run(asks(1, start=99))
    assert missing.value.rule == "cassette.missing" and path.read_bytes() == before
    assert b'"q"' not in before  # questions are not in it


def test_any_flipped_byte_of_a_cassette_is_named(
    stub: Any, answer: Callable[..., bytes], tmp_path: Path
) -> None:
    path = tmp_path / "c.jsonl"
    recorded(stub, answer, path, 12)
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        broken = bytearray(whole)
        broken[place] ^= 1
        path.write_bytes(bytes(broken))
        with pytest.raises(Invalid) as found:
            Cassette(path, ABOUT, writable=False)
        line = whole[:place].count(b"\n") + 1
        assert found.value.rule == "cassette.tampered"
        assert (
            f" {line} " in found.value.what.en
            or broken[place : place + 1] == b"\n"
            or whole[place : place + 1] == b"\n"
        )
    lines = whole.splitlines(keepends=True)
    for changed in (lines[:3] + lines[4:], [*lines[:3], lines[4], lines[3], *lines[5:]], lines[1:]):
        path.write_bytes(b"".join(changed))
        with pytest.raises(Invalid):
            Cassette(path, ABOUT, writable=False)


def test_a_crash_in_the_middle_of_a_line_loses_that_line_only(
    stub: Any, answer: Callable[..., bytes], tmp_path: Path
) -> None:
    path = tmp_path / "c.jsonl"
    recorded(stub, answer, path)
    whole = path.read_bytes()
    for cut in (1, 40, len(whole.splitlines()[-1]) - 2):
        path.write_bytes(whole[:-cut])
        stub.seen.clear()
        with broker(stub, cassette=Cassette(path, ABOUT)) as again:
            assert [a.value["a"] for a in again.run(asks(30))] == list(range(30))
        assert stub.seen["/ask"] == 1
        Cassette(path, ABOUT, writable=False)


def test_a_cassette_has_one_writer_and_one_endpoint(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    one = Cassette(path, ABOUT)
    with pytest.raises(Conflict) as busy:
        Cassette(path, ABOUT)
    one.close()
    with pytest.raises(Conflict) as other:
        Cassette(path, {"url": "elsewhere"})
    assert (busy.value.rule, other.value.rule) == ("cassette.busy", "cassette.other")
    assert path.stat().st_mode & 0o077 == 0


def test_a_cassette_keeps_every_character_as_it_came(
    stub: Any, answer: Callable[..., bytes], tmp_path: Path
) -> None:
    # Composed and decomposed, half a pair, a separator of lines: none may be made another.
    text = "\u00e9 e\u0301 \u2028 \ud800 \uff41"
    stub.handler = lambda p, body: answer({"a": text})
    path = tmp_path / "c.jsonl"
    with broker(stub, cassette=Cassette(path, ABOUT)) as live:
        assert live.run(asks(1))[0].value == {"a": text}
    with Broker(url_of(stub.url), None, Cassette(path, ABOUT, writable=False)) as replay:
        assert replay.run(asks(1))[0].value == {"a": text}
    raw = json.dumps({"a": "e\u0301 \u2028"}, ensure_ascii=False).encode()
    stub.handler = lambda p, body: answer(raw)
    with broker(stub, cassette=Cassette(path, ABOUT)) as live:
        first = live.run(asks(1, start=1))[0].value
    assert Cassette(path, ABOUT, writable=False).answers[asks(1, start=1)[0].key].body.encode() == raw
    assert first == json.loads(raw)


def test_a_broker_does_not_work_in_a_forked_process(
    stub: Any, answer: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread is not there; it would wait for ever."""
    stub.handler = lambda p, body: answer({"a": 1})
    with broker(stub) as one:
        one.run(asks(1))
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: -1)
            with pytest.raises(Conflict) as refusal:
                one.run(asks(1, start=1))
    assert refusal.value.rule == "endpoint.process"


def test_a_key_with_a_line_break_is_not_sent(stub: Any, answer: Callable[..., bytes]) -> None:
    stub.handler = lambda p, body: answer({"a": 1})
    for key in ("a\r\nX: y", "ключ"):
        with broker(stub, wire=Wire(LOCAL, {"Authorization": key})) as one, pytest.raises(Invalid):
            one.run(asks(1))
    assert not stub.seen


def test_a_key_is_written_nowhere(stub: Any, answer: Callable[..., bytes], tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    stub.handler = lambda p, body: answer({"a": 1})
    wire = Wire(LOCAL, {"Authorization": "Bearer s3cret"})
    with broker(stub, wire=wire, cassette=Cassette(path, ABOUT)) as one:
        one.run(asks(2))
    assert b"s3cret" in stub.heads[0] and b"s3cret" not in path.read_bytes()


def test_input_that_the_endpoint_declines_is_an_answer(stub: Any, answer: Callable[..., bytes]) -> None:
    stub.handler = lambda p, body: answer({"error": "bad"}, 422)
    with broker(stub) as one:
        (found,) = one.run(asks(1))
    assert found.declined and one.counts.answered == 1 and stub.seen["/ask"] == 1


@pytest.mark.parametrize("rule", ["endpoint.status"])
def test_a_refused_key_is_not_tried_again(stub: Any, answer: Callable[..., bytes], rule: str) -> None:
    stub.handler = lambda p, body: answer({}, 401)
    with broker(stub, budget=Budget(parallel=1)) as one, pytest.raises(HutongError) as refusal:
        one.run(asks(9))
    assert refusal.value.rule == rule and stub.seen["/ask"] == 1 and one.counts.refused == 1
