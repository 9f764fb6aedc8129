"""Endpoints that the hub may ask: names from ``endpoints.yaml`` in the hub's home, which only its operator writes.

Addresses and tokens stay outside the database: a record holds the name alone, and a token stands in the environment of the
worker, under the variable that the entry names. A user picks a name that is admitted for his own organisation and can make
the hub call nothing else (CWE-918): redirects are not followed, and an address that is not public needs the operator's word.

town-assistant:
  owner: [ORG-0003]            # codes of the organisations that may have it evaluated
  kind: openai                 # or http
  url: https://model.example/v1/chat/completions
  model: town-7b               # openai only
  token_env: TOWN_TOKEN        # variable that holds the bearer token
  requests: 20000              # attempts in one evaluation; cost, rate, parallel, timeout_s, price as at the terminal
  allowed: [10.0.0.7:8000]     # hosts of one's own network; a public address needs none
  openai: {tokens: 256}        # or http: {scores: "out[].p", version: "model.version"}
  judge: true                  # it may judge the answers of others
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from hutong.engines.trust.reach.declaration import Endpoint, endpoint_of
from hutong.engines.trust.reach.identity import address
from hutong.kernel.errors import HutongError, Invalid, NotFound
from hutong.kernel.text import Text

FILE = "endpoints.yaml"
# Questions that are repeated during a run, so that a service that becomes another is noticed even where it does not say so.
WATCH = 4
_OWN = frozenset({"owner", "judge", "model", "token_env", "allowed"})
_AS_DECLARED = ("kind", "url", "rate", "requests", "cost", "parallel", "timeout_s", "watch", "http", "openai")
CORRECT = Text("The hub's operator corrects {f}.", "请平台运维人员更正 {f}。").format(f=FILE)


@dataclass(frozen=True, slots=True)
class Admitted:
    """An endpoint of the operator's file. declared: fields as `reach.declaration` reads them, without any token.

    owners: codes of organisations. judge: whether it may judge answers. address: stands for where and how it is asked.
    """

    name: str
    owners: frozenset[str]
    judge: bool
    declared: Mapping[str, Any] = field(hash=False, repr=False)
    endpoint: Endpoint = field(hash=False, repr=False)

    @property
    def address(self) -> str:
        return address(self.endpoint)

    @property
    def requests(self) -> int | None:
        return self.endpoint.budget.requests


def admitted(name: str, organisation: str) -> Admitted:
    """The endpoint of that name, if it is admitted for that organisation. `NotFound` names those that are; whether others
    exist is not told. `Invalid` endpoint.file where the operator's file is wrong."""
    mine = {n: e for n, e in _all().items() if organisation in e.owners}
    return _one(name, mine)


def judging(name: str) -> Admitted:
    """The endpoint of that name, if the operator lets it judge answers. Errors as `admitted`."""
    return _one(name, {n: e for n, e in _all().items() if e.judge})


def _one(name: str, known: Mapping[str, Admitted]) -> Admitted:
    if name not in known:
        raise NotFound(
            Text("No endpoint “{n}” is admitted here.", "此处未准入接口“{n}”。").format(n=name[:60]),
            rule="endpoint.not_admitted",
            remedy=Text(
                "Admitted are: {k}. The hub's operator admits one in {f}.",
                "已准入：{k}。由平台运维人员在 {f} 中登记。",
            ).format(k=", ".join(sorted(known)) or "-", f=FILE),
            field="endpoint",
        )
    return known[name]


def _all() -> dict[str, Admitted]:
    place = Path(settings.HUTONG_HOME) / FILE
    return _read(place, place.stat().st_mtime_ns) if place.is_file() else {}


@lru_cache(maxsize=4)
def _read(place: Path, changed: int) -> dict[str, Admitted]:
    try:
        read = yaml.safe_load(place.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError):
        # What YAML quotes of a broken line may be what nobody is to read.
        raise _wrong(Text("{f} is no YAML.", "{f} 不是YAML。").format(f=FILE)) from None
    if not isinstance(read, Mapping):
        raise _wrong(Text("{f} is no table of names.", "{f} 不是名称表。").format(f=FILE))
    return {str(name): _entry(str(name), one) for name, one in read.items()}


def _entry(name: str, one: Any) -> Admitted:
    if not isinstance(one, Mapping):
        raise _at(name, "kind")
    for key in one:
        if key not in _OWN and key not in _AS_DECLARED:
            raise _at(name, str(key))
    given = one.get("owner") or ()
    owners = [given] if isinstance(given, str) else given
    if not isinstance(owners, list | tuple) or not all(isinstance(o, str) for o in owners):
        raise _at(name, "owner")
    declared = _declared(one)
    try:
        endpoint = endpoint_of(declared, Path(), speaks=True)
    except (HutongError, ValueError, TypeError, AttributeError) as error:
        raise _at(name, getattr(error, "field", None) or "kind") from None
    return Admitted(name, frozenset(owners), one.get("judge") is True, declared, endpoint)


def _declared(one: Mapping[str, Any]) -> dict[str, Any]:
    """The entry in the words of the engine. Redirects are never followed: a lab's server does not say whom the hub asks."""
    made = {key: one[key] for key in _AS_DECLARED if one.get(key) is not None}
    if one.get("model") is not None:
        made["openai"] = {**(made.get("openai") or {}), "model": one["model"]}
    if one.get("token_env") is not None:
        made["key_env"] = one["token_env"]
    return {"watch": WATCH, **made, "allow": list(one.get("allowed") or ()), "follow": False}


def _at(name: str, key: str) -> Invalid:
    what = Text("{f}: “{n}” is wrong at “{k}”.", "{f}：“{n}”的“{k}”有误。")
    return _wrong(what.format(f=FILE, n=name[:40], k=key[:40]))


def _wrong(what: Text) -> Invalid:
    return Invalid(what, rule="endpoint.file", remedy=CORRECT, field="endpoint")
