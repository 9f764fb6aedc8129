"""Drift is noticed, randomness is not taken for it, and the chance of a false alarm is what was said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hutong.engines import trust
from hutong.engines.trust.reach.address import url_of
from hutong.engines.trust.reach.answers import Shape, question
from hutong.engines.trust.reach.broker import Broker
from hutong.engines.trust.reach.drift import Sentinels
from hutong.engines.trust.reach.endpoint import Watched, open_endpoint
from hutong.engines.trust.reach.http import HttpTarget
from hutong.engines.trust.reach.openai import Chat
from hutong.engines.trust.reach.wire import Wire
from hutong.kernel.errors import Invalid

SYSTEM = trust.System("S", "1", trust.Domain("table", (trust.Column("x"),)), ("no", "yes"))
ITEMS = [f"item {i}" for i in range(6)]


def run(ask: Callable[[str, int], str], rounds: int = 6, alpha: float = 0.05) -> Sentinels:
    one = Sentinels(ask, ITEMS, rounds, alpha)
    one.start()
    for _ in range(rounds):
        one.check()
    return one


def test_the_same_system_is_not_called_another() -> None:
    steady = run(lambda item, replicate: item)
    assert not steady.drifted and steady.finding().state == "pass" and steady.pairs == 36


@pytest.mark.parametrize("noise", [0.1, 0.5, 0.9])
def test_a_system_that_answers_at_random_is_called_drifted_no_more_than_alpha(noise: float) -> None:
    chance = np.random.default_rng(int(noise * 100))
    alarms = sum(run(lambda item, r: str(chance.random() < noise)).drifted for _ in range(600))
    # 600 x 5 % with three standard errors.
    assert alarms <= 30 + 3 * (600 * 0.05 * 0.95) ** 0.5


def test_a_system_that_is_exchanged_is_noticed() -> None:
    found = 0
    for seed in range(60):
        chance, asked = np.random.default_rng(seed), [0]

        def ask(item: str, replicate: int, chance: Any = chance, asked: list[int] = asked) -> str:
            asked[0] += 1
            changed = asked[0] > 6 * 9 + 12  # after the second check
            return "x" if chance.random() < (0.2 if changed else 0.95) else "y"

        one = run(ask)
        found += one.drifted
        assert one.finding().state == ("fail" if one.drifted else "pass")
    assert found >= 57


def test_two_versions_behind_one_address_are_named(stub: Any, answer: Callable[..., bytes]) -> None:
    calls = [0]

    def balanced(path: str, body: bytes) -> bytes:
        calls[0] += 1
        choice = {"message": {"content": json.loads(body)["messages"][0]["content"]}}
        return answer({"choices": [choice], "model": "m", "system_fingerprint": f"f{calls[0] % 2}"})

    stub.handler = balanced
    with Broker(url_of(stub.url), Wire(frozenset({"127.0.0.1"}))) as broker:
        chat = Chat(broker, "m")
        chat.ask(["a", "b", "c"])

        def text(item: str, replicate: int) -> str:
            said = chat.again(item, replicate)
            return "" if said is None else said.text

        one = Sentinels(text, ITEMS[:2], 2)
        one.start()
        one.check()
    assert one.finding().state == "pass"
    found = one.finding(list(chat.versions))
    assert found.state == "fail" and found.words.en.startswith("2 versions")


def test_a_watched_target_is_seen_to_change_while_it_is_evaluated(
    stub: Any, answer: Callable[..., bytes], tmp_path: Path
) -> None:
    asked = [0]

    def exchanged(path: str, body: bytes) -> bytes:
        asked[0] += 1
        n = len(json.loads(body)["rows"])
        return answer({"labels": ["yes" if asked[0] < turn else "no"] * n})

    stub.handler = exchanged
    rows = np.arange(400, dtype=np.float32)[:, None] / 400
    for turn, state in ((10**9, "pass"), (60, "fail")):
        asked[0] = 0
        with open_endpoint(
            stub.url, allowed=frozenset({"127.0.0.1"}), cassette=tmp_path / f"{turn}"
        ) as broker:
            target = HttpTarget(broker, SYSTEM, Shape(labels="labels"), batch=10)
            items = [question(rows[i : i + 1], SYSTEM.domain, target.shape).decode() for i in range(4)]
            watched = Watched(target, Sentinels(broker.again, items, 5), every=80)
            found = watched.predict(rows)
            assert len(found) == 400 and watched.digest == target.digest and watched.access == "labels"
            assert watched.finding().state == state
        with open_endpoint(stub.url, replay=True, cassette=tmp_path / f"{turn}") as replay:
            again = Watched(
                HttpTarget(replay, SYSTEM, target.shape, 10), Sentinels(replay.again, items, 5), 80
            )
            assert (again.predict(rows).labels == found.labels).all() and again.finding() == watched.finding()


def test_without_a_repeated_question_nothing_is_said() -> None:
    assert Sentinels(lambda i, r: "", ITEMS).finding().state == "not_run"
    with pytest.raises(Invalid):
        Sentinels(lambda i, r: "", []).start()
