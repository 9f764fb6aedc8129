"""The one door: whatever a system is given as, it comes out as a `Target` that every test can ask.

| given                                            | opened                                          | access          |
|--------------------------------------------------|-------------------------------------------------|-----------------|
| table of answers (CSV, Parquet, NPZ)             | read; it can be asked nothing new               | log             |
| ONNX file                                        | run in a jailed child, its graph read here      | weights         |
| skops file (scikit-learn)                        | loaded and run in a jailed child                | scores, labels  |
| declaration of an endpoint, plain HTTP           | asked under rate and budget, answers recorded   | scores, labels  |
| declaration of an endpoint, OpenAI-compatible    | asked under rate and budget, answers recorded   | labels          |

A service that is judged by its words has a declaration of its own (`content`), which takes its chat from `chat_of`.

A file is run in the jail or not at all. Which walls the machine gives the jail is said by `walls_of`, so that a report can say
it; where no jail can be made, opening is refused (jail.unavailable). `access` says why a graph may be read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from hutong.engines.trust.log import LogTarget
from hutong.engines.trust.reach.archives import is_zip
from hutong.engines.trust.reach.broker import Broker
from hutong.engines.trust.reach.declaration import Endpoint, read_declaration
from hutong.engines.trust.reach.endpoint import Watched, open_endpoint
from hutong.engines.trust.reach.filewords import found, refused
from hutong.engines.trust.reach.http import HttpTarget, about
from hutong.engines.trust.reach.kept import KEPT, JailedTarget
from hutong.engines.trust.reach.openai import Chat, ChatTarget
from hutong.engines.trust.reach.sentinels import of_chat, of_rows
from hutong.engines.trust.reach.tables import LARGEST, TABLES, Table, table_of
from hutong.engines.trust.targets import Target
from hutong.engines.trust.types import System, refuse
from hutong.kernel.errors import NotFound
from hutong.kernel.text import Text

DECLARED = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Source:
    """What a system is given as: the bytes of a file with the suffix of its name, or an endpoint.

    A value that can be sent to another process; the process that opens it has a child or a connection of its own.
    """

    content: bytes = field(default=b"", repr=False)
    suffix: str = ""
    endpoint: Endpoint | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """Opens the target when it is called: what a run sends to its workers."""

    source: Source
    system: System

    def __call__(self) -> Target:
        return open_target(self.source, self.system)

    @property
    def alone(self) -> bool:
        """Whether one process must do all the asking: budget, rate and record of an endpoint are kept in one place."""
        return self.source.endpoint is not None

    @property
    def seconds(self) -> float | None:
        """Seconds for one attempt at an endpoint whose rate is limited; None where the machine sets the pace."""
        endpoint = self.source.endpoint
        rate = None if endpoint is None else endpoint.budget.per_second
        return None if rate is None else 1 / rate

    def recorded(self, cassette: Path | None, replay: bool = False) -> Door:
        """The same endpoint, its answers recorded in (replay: taken from nowhere but) that file. Files stay as they are."""
        endpoint = self.source.endpoint
        if endpoint is None:
            return self
        kept = replace(endpoint, cassette=cassette or endpoint.cassette, replay=replay or endpoint.replay)
        return replace(self, source=replace(self.source, endpoint=kept))


def source_of(path: Path) -> Source:
    """A file read once: what is looked at is what is opened. `NotFound` file.missing; `Invalid` file.size, endpoint.*."""
    try:
        suffix = path.suffix.lower()
        if path.stat().st_size > (LARGEST if suffix in TABLES else KEPT.largest):
            raise refused(found("file.size"))
        content = path.read_bytes()
    except OSError as error:
        raise NotFound(
            Text("There is no file {f}.", "没有文件{f}。").format(f=path),
            rule="file.missing",
            remedy=Text("Give the path of a file that can be read.", "请提供可读取的文件路径。"),
            field=path.name,
        ) from error
    if suffix in DECLARED:
        return Source(suffix=suffix, endpoint=read_declaration(path, content))
    return Source(content, suffix)


def open_target(source: Source, system: System) -> Target:
    """The target. Raises as its opener: file.*, jail.*, model.*, endpoint.*, cassette.*, log.*."""
    if source.endpoint is not None:
        return _asked(source.endpoint, system)
    if source.suffix in TABLES:
        return _log(table_of(source.content, source.suffix), system)
    return JailedTarget(source.content, "skops" if is_zip(source.content) else "onnx", system)


def walls_of(target: Target) -> Mapping[str, str]:
    """What holds the child of a file in on this machine (`walls.Walls`); empty where nothing is run."""
    found_: Mapping[str, str] = getattr(target, "walls", {})
    return found_


def _asked(endpoint: Endpoint, system: System) -> Target:
    broker, watched = broker_of(endpoint), endpoint.watch if not endpoint.replay else 0
    if endpoint.shape is not None:
        plain = HttpTarget(broker, system, endpoint.shape, endpoint.batch)
        return (
            Watched(plain, of_rows(broker, system, endpoint.shape, watched), ends=True) if watched else plain
        )
    chat, _ = chat_of(endpoint, system, broker)
    asked = ChatTarget(chat, system, str(endpoint.chat["instruction"]))
    return Watched(asked, of_chat(chat, watched), ends=True) if watched else asked


def chat_of(endpoint: Endpoint, system: System, broker: Broker | None = None) -> tuple[Chat, str]:
    """A chat at that endpoint, and the SHA-256 that stands for what is asked: address, model, prompt, declared version."""
    given, broker = endpoint.chat, broker or broker_of(endpoint)
    prompt, more = given.get("system_prompt"), dict(given.get("more") or {})
    chat = Chat(broker, str(given["model"]), int(given.get("tokens", 256)), prompt, endpoint.price, more)
    asked = {"model": chat.model, "prompt": prompt or "", "tokens": chat.tokens, "more": more}
    return chat, about(broker, system, asked)


def broker_of(endpoint: Endpoint) -> Broker:
    """Who asks it. `Invalid` endpoint.key; errors as `open_endpoint`."""
    return open_endpoint(
        endpoint.url, key=endpoint.key, allowed=endpoint.allow, budget=endpoint.budget, price=endpoint.price.of,
        cassette=endpoint.cassette, replay=endpoint.replay, timeout_s=endpoint.timeout_s,
        follow=endpoint.follow,
    )  # fmt: skip


def _log(table: Table, system: System) -> LogTarget:
    """Probabilities in columns named by the labels, or one column "label" with the answers."""
    if all(label in table for label in system.labels):
        columns: list[Any] = [table[label].astype(np.float64) for label in system.labels]
        return LogTarget(system, np.column_stack(columns))
    if "label" not in table:
        what = Text(
            "A log has one column per label with its probability, or one column named label.",
            "预测日志须按标签各列一列概率，或含名为label的一列。",
        )
        raise refuse("log.columns", what, where="model")
    return LogTarget(system, labels=tuple(table["label"].astype(str).tolist()))
