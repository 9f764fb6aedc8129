"""JSON over HTTP to the engine of a centre: one place where silence becomes `Unreachable`."""

from __future__ import annotations

import json
from typing import Any

import httpx

from hutong.modules.compute.adapters.refusals import Unreachable


class Refused(Exception):
    """The engine answered and refused: HTTP status and its own words."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{status}: {said}")
        self.status, self.said = status, said


class Rest:
    """An HTTP service below `url`. No answer, or a good one that is no JSON, is `Unreachable`.

    transport lets a test, or a socket in the file system, stand in for the network.
    """

    def __init__(
        self,
        centre: str,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        timeout_s: float = 20.0,
        transport: httpx.BaseTransport | None = None,
        verify: str | bool = True,
    ) -> None:
        self.centre = centre
        # Proxies of the environment are for other traffic: what goes to a centre goes there.
        self.client = httpx.Client(
            base_url=url,
            headers=headers,
            timeout=timeout_s,
            transport=transport,
            trust_env=False,
            verify=verify,
        )

    def call(
        self, method: str, path: str, *, body: Any = None, query: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and parsed answer; the bare text of an error that is no JSON; None where there is no content."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        content = None if body is None else json.dumps(body)
        headers = None if content is None else {"content-type": kind}
        try:
            answer = self.client.request(method, path, content=content, params=query, headers=headers)
        except httpx.HTTPError as problem:
            raise Unreachable(self.centre, f"{method} {path}: {problem!r}") from problem
        try:
            return answer.status_code, answer.json() if answer.content else None
        except ValueError as problem:
            if answer.status_code >= 400:
                return answer.status_code, answer.text
            raise Unreachable(self.centre, f"{method} {path}: no JSON") from problem

    def ask(self, method: str, path: str, *, body: Any = None, query: dict[str, str] | None = None) -> Any:
        """The answer where all is well; else `Refused` for a 4xx, and `Unreachable` for a 5xx or 429."""
        status, said = self.call(method, path, body=body, query=query)
        if status >= 500 or status == 429:
            raise Unreachable(self.centre, f"{method} {path}: {status} {str(said)[:300]}")
        if status >= 400:
            raise Refused(status, str(said)[:300])
        return said
