"""What an endpoint says it is: the model and fingerprint of a chat, or the place of a plain answer that names a version.

The system behind an address cannot be hashed, so this is the most that can be observed of it from outside: an endpoint that says
nothing of itself, or says the same of two systems, is not told apart here (for that, see `drift`).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hutong.engines.trust.reach.answers import Shape, predictions, question
from hutong.engines.trust.reach.asks import Ask
from hutong.engines.trust.reach.broker import Broker
from hutong.engines.trust.reach.cassette import Cassette
from hutong.engines.trust.reach.declaration import Endpoint
from hutong.engines.trust.reach.door import broker_of, chat_of
from hutong.engines.trust.reach.openai import spoken
from hutong.engines.trust.types import System

# Asked of a chat to hear what it is; its answer is of no interest.
GREETING = "1 + 1 = ?"
LONGEST = 200
UNSAID = ""


def said(value: Any, endpoint: Endpoint) -> str:
    """What one JSON answer says of the system that gave it, in one line; "" where it says nothing.

    `Invalid` endpoint.mapping where a chat's answer is none.
    """
    if endpoint.shape is None:
        return _line(*spoken(value).version)
    return _line(_at(value, endpoint.shape))


def heard(tape: Path, endpoint: Endpoint) -> Counter[str]:
    """What the answers on a record say of the systems that gave them. Empty without a record; errors as `Cassette`."""
    if not tape.exists():
        return Counter()
    record = Cassette(tape, {"url": endpoint.url}, writable=False)
    return Counter(said(json.loads(a.body), endpoint) for a in record.answers.values() if a.status == 200)


def greet(endpoint: Endpoint, system: System) -> str:
    """Ask the endpoint one question and return what it says it is.

    A classifier is asked about the lowest row of its domain, so that an answer of a wrong shape is told here and not in the
    middle of a run. Errors as `Broker.run`, and of the answer's shape: endpoint.mapping, endpoint.rows, output.*.
    """
    once = replace(endpoint, cassette=None, budget=replace(endpoint.budget, attempts=2))
    with broker_of(once) as broker:
        if once.shape is None:
            chat, _ = chat_of(once, system, broker)
            found = broker.run([broker.anew(chat.body(GREETING), 0)])[0]
            return UNSAID if found.declined else said(found.value, once)
        return _greeted(broker, once, once.shape, system)


def _greeted(broker: Broker, endpoint: Endpoint, shape: Shape, system: System) -> str:
    row = np.array([[float(c.low or 0) for c in system.domain.columns]], dtype=np.float32)
    found = broker.run([Ask(question(row, system.domain, shape))])[0]
    if found.declined:
        return UNSAID
    predictions(found.value, 1, system, shape)
    return said(found.value, endpoint)


def address(endpoint: Endpoint) -> str:
    """SHA-256 that stands for where and how an endpoint is asked, without saying it."""
    asked = dict(endpoint.chat) if endpoint.shape is None else endpoint.shape.as_json()
    # JSON and not the canonical form: a temperature is a float.
    told = json.dumps(
        {"url": endpoint.url, "kind": endpoint.kind, "asked": asked}, sort_keys=True, default=str
    )
    return hashlib.sha256(told.encode()).hexdigest()


def _at(value: Any, shape: Shape) -> str:
    for key in (shape.version or "").split("."):
        if not isinstance(value, dict) or key not in value:
            return UNSAID
        value = value[key]
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else UNSAID


def _line(*parts: str) -> str:
    """One printable line: what a stranger's server says is shown on pages and kept in records."""
    told = " / ".join(p for p in parts if p)
    return "".join(c if c.isprintable() else "?" for c in told)[:LONGEST]
