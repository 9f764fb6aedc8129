"""What happens to every request: security headers, who acts, and how often."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from hutong.kernel.errors import Exhausted, HutongError
from hutong.kernel.permission import ANONYMOUS
from hutong.kernel.text import Text
from hutong.platform.actors import actor_of
from hutong.platform.web.errors import problem_response

Respond = Callable[[HttpRequest], HttpResponseBase]

# No inline script or style, no eval, nothing from elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
SIGN_IN = ("/accounts/login/", "/in/", "/accounts/2fa/authenticate/", "/accounts/password/reset/")


class SecurityHeadersMiddleware:
    """Puts the headers on every answer."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class ActorMiddleware:
    """Says who acts: ``request.actor``. Errors of the closed set become pages."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        person = request.user if request.user.is_authenticated else None
        request.actor = actor_of(person, timezone.now()) if person else ANONYMOUS  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponseBase | None:
        if isinstance(problem, HutongError) and not request.path.startswith("/api/"):
            return problem_response(request, problem)
        return None


class RateLimitMiddleware:
    """Bounds writes and sign-ins per minute, by person or by address."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method == "POST" and not request.path.startswith("/api/"):
            signing_in = request.path.startswith(SIGN_IN)
            limit = settings.HUTONG_SIGN_IN_LIMIT if signing_in else settings.HUTONG_RATE_LIMIT
            if too_many(request, "in" if signing_in else "do", limit):
                return problem_response(request, slow_down())
        return self.get_response(request)


def too_many(request: HttpRequest, what: str, limit: int) -> bool:
    """Whether this person or address has done more than `limit` of these within the running minute."""
    actor = getattr(request, "actor", ANONYMOUS)
    who = actor.code if actor.id is not None else request.META.get("REMOTE_ADDR", "")
    key = f"rate:{what}:{who}:{int(timezone.now().timestamp()) // 60}"
    cache.add(key, 0, 120)
    return bool(cache.incr(key) > limit)


def slow_down() -> Exhausted:
    return Exhausted(
        Text("Too many requests within a minute.", "一分钟内请求过多。"),
        rule="rate.limit",
        remedy=Text("Wait a minute and try again.", "请一分钟后重试。"),
    )
