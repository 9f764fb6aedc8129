"""The declaration of an endpoint: where it lies, how it is asked and answers, and what asking may cost. YAML.

kind: http           # or openai: a chat endpoint
url: https://model.example/predict
key_env: MODEL_KEY   # variable of the environment that holds the bearer token; the token itself stands nowhere
allow: [10.0.0.7]    # hosts of one's own network that may be asked
rate: 50             # attempts per second;  requests, cost: attempts and millionths of the currency in all
follow: false        # no redirect is followed
watch: 4             # questions repeated during a run; an endpoint that drifts ends it (`sentinels`)
http:  {rows: rows, scores: "out.items[].p", version: "out.v"}    # fields of `answers.Shape`, and batch
openai: {model: m, instruction: "Answer yes or no.", tokens: 8}   # system_prompt, price: {read, written}, more: {}
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hutong.engines.trust.reach.address import url_of
from hutong.engines.trust.reach.answers import Shape
from hutong.engines.trust.reach.budget import Budget
from hutong.engines.trust.reach.openai import Price
from hutong.engines.trust.types import refuse
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

KINDS = ("http", "openai")
_OWN = frozenset(
    ("kind", "url", "key_env", "allow", "rate", "requests", "cost", "parallel", "timeout_s", "cassette", "replay",
     "follow", "watch",     *KINDS)
)  # fmt: skip
_HTTP = frozenset({"rows", "named", "labels", "scores", "extra", "version", "batch"})
_CHAT = frozenset({"model", "instruction", "system_prompt", "tokens", "price", "more"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """kind: of `KINDS`. key_env: the variable that holds the bearer token, read when the endpoint is opened.

    follow: whether redirects are. watch: sentinels asked during a run. cassette: file of recorded answers; replay: that file alone. shape, batch: of kind http.
    chat, price: of kind openai, the fields of its model.
    """

    kind: str
    url: str
    key_env: str | None = None
    allow: frozenset[str] = frozenset()
    budget: Budget = field(default_factory=Budget)
    timeout_s: float = 30.0
    cassette: Path | None = None
    replay: bool = False
    follow: bool = True
    watch: int = 0
    shape: Shape | None = None
    batch: int = 64
    chat: Mapping[str, Any] = field(default_factory=dict, hash=False)
    price: Price = field(default_factory=Price)

    @property
    def key(self) -> str | None:
        """The bearer token. `Invalid` endpoint.key where the variable is not set."""
        if self.key_env is None or self.replay:
            return None
        key = os.environ.get(self.key_env)
        if not key:
            what = Text("The variable {v}, which holds the key, is not set.", "未设置存放密钥的环境变量{v}。")
            raise refuse("endpoint.key", what.format(v=self.key_env[:80]), where="key_env")
        return key


def read_declaration(path: Path, content: bytes) -> Endpoint:
    """The endpoint that a YAML file declares; paths in it are relative to the file.

    `Invalid`: endpoint.form (the field is named), endpoint.url.
    """
    try:
        record = yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise form("YAML", "the declaration cannot be read", "声明无法读取") from error
    if not isinstance(record, dict):
        raise form("kind", "the declaration is no table of fields", "声明不是字段表")
    return endpoint_of({str(k): v for k, v in record.items()}, path.absolute().parent)


def endpoint_of(record: Mapping[str, Any], folder: Path, speaks: bool = False) -> Endpoint:
    """From the fields of a declaration. Nothing is guessed: a field that is not known is refused by name.

    folder: where its paths begin. speaks: it is a service to be judged by its words, and needs no instruction to classify.
    """
    kind = str(record.get("kind"))
    if kind not in KINDS:
        raise form("kind", "it is one of: http, openai", "应为http或openai之一")
    _known(record, _OWN, "")
    mine = _map(record, kind)
    _known(mine, _HTTP if kind == "http" else _CHAT, f"{kind}.")
    url = str(url_of(str(record.get("url") or "")))
    cassette = record.get("cassette")
    common: dict[str, Any] = {
        "kind": kind, "url": url, "key_env": None if record.get("key_env") is None else str(record["key_env"]),
        "allow": frozenset(str(h) for h in record.get("allow") or ()), "budget": _budget(record),
        "timeout_s": _number(record, "timeout_s", 30.0), "cassette": None if cassette is None else folder / str(cassette),
        "replay": record.get("replay") is True, "follow": record.get("follow") is not False,
        "watch": min(8, int(_number(record, "watch", 0))),
    }  # fmt: skip
    if kind == "http":
        return Endpoint(**common, shape=_shape(mine), batch=int(_number(mine, "batch", 64)))
    if not isinstance(mine.get("model"), str):
        raise form("openai.model", "the model is not named", "未指明模型")
    if not speaks and not isinstance(mine.get("instruction"), str):
        raise form("openai.instruction", "a classifier needs its instruction", "分类器须给出提示语")
    price = _map(mine, "price")
    _known(price, frozenset({"read", "written"}), "openai.price.")
    return Endpoint(
        **common, chat=mine, price=Price(*(int(_number(price, n, 0)) for n in ("read", "written")))
    )


def _shape(mine: Mapping[str, Any]) -> Shape:
    def path(name: str) -> str | None:
        return None if mine.get(name) is None else str(mine[name])

    return Shape(
        str(mine.get("rows", "rows")),
        mine.get("named") is True,
        path("labels"),
        path("scores"),
        _map(mine, "extra"),
        path("version"),
    )


def _budget(record: Mapping[str, Any]) -> Budget:
    def whole(name: str) -> int | None:
        return None if record.get(name) is None else int(_number(record, name, 0))

    rate = None if record.get("rate") is None else _number(record, "rate", 0)
    if rate is not None and rate <= 0:
        raise form("rate", "it is above 0", "应大于0")
    return Budget(whole("requests"), whole("cost"), rate, max(1, whole("parallel") or 16))


def _known(record: Mapping[str, Any], known: frozenset[str], prefix: str) -> None:
    for name in record:
        if name not in known:
            raise form(f"{prefix}{name}", "there is no such field", "没有该字段")


def _map(record: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = record.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise form(name, "it is a table of fields", "应为字段表")
    return {str(k): v for k, v in (value or {}).items()}


def _number(record: Mapping[str, Any], name: str, usual: float) -> float:
    value = record.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise form(name, "it is a number, not below 0", "应为非负数")
    return float(value)


def form(field_: str, en: str, zh: str) -> Invalid:
    """The refusal of a declaration at one of its fields, to be raised by the caller."""
    what = Text("The endpoint is not declared: {f}, {e}.", "接口声明有误：{f}，{e}。").format(
        f=field_[:60], e=Text(en, zh)
    )
    remedy = Text("See the guide, “Endpoints”.", "参见指南“接口”一节。")
    return refuse("endpoint.form", what, remedy, field_)
