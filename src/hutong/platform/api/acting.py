"""Who calls: a bearer token, or the browser's session with its CSRF token. Nobody is the public."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja.utils import check_csrf

from hutong.kernel.errors import Denied
from hutong.kernel.permission import ANONYMOUS, Actor
from hutong.kernel.text import Text
from hutong.platform.actors import actor_of
from hutong.platform.web.accounts import person_of_token
from hutong.platform.web.middleware import slow_down, too_many

SAFE = ("GET", "HEAD", "OPTIONS")


def actor_for(request: HttpRequest) -> Actor:
    """The actor of this call. Raises `Denied` for a bad token or a forged form, `Exhausted` for too many calls."""
    actor = _actor(request)
    request.actor = actor  # type: ignore[attr-defined]
    if request.method not in SAFE and too_many(request, "api", settings.HUTONG_RATE_LIMIT):
        raise slow_down()
    return actor


def _actor(request: HttpRequest) -> Actor:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind:
        now = timezone.now()
        person = person_of_token(token.strip(), now) if kind.lower() == "bearer" else None
        if person is None:
            raise Denied(
                Text("This token is not known or has expired.", "令牌未知或已过期。"),
                rule="token.unknown",
                remedy=Text("Make a new one: hutong token.", "请用 hutong token 重新生成。"),
            )
        return actor_of(person, now)
    actor: Actor = getattr(request, "actor", ANONYMOUS)
    if actor.id is not None and request.method not in SAFE and check_csrf(request) is not None:
        raise Denied(
            Text("The request did not come from a page of this hub.", "请求并非来自本平台页面。"),
            rule="request.forged",
            remedy=Text("Send the CSRF token, or use a bearer token.", "请附带CSRF令牌，或使用Bearer令牌。"),
        )
    return actor
