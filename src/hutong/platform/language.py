"""The language in which this request, job or command speaks: Chinese or English.

A context variable, so that text far from a request (a filter, an error, a job's log) is said in the language of
whoever asked. The web side chooses, strongest first: ``?lang=``, the cookie, Accept-Language (RFC 9110 12.5.4),
English.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

from hutong.kernel.text import LANGUAGES, Language

COOKIE = "hutong_language"
PARAMETER = "lang"
DEFAULT: Language = "en"
# BCP 47 tags: what Django calls its catalogues, and what a page declares as its language.
DJANGO_CODES: dict[Language, str] = {"en": "en", "zh": "zh-hans"}
HTML_CODES: dict[Language, str] = {"en": "en", "zh": "zh-Hans"}
_ONE_YEAR = 365 * 24 * 3600

_current: ContextVar[Language] = ContextVar("hutong_language", default=DEFAULT)


def current() -> Language:
    """The language in force here; English where nobody chose."""
    return _current.get()


def other(language: Language) -> Language:
    return "en" if language == "zh" else "zh"


@contextmanager
def use(language: Language) -> Iterator[None]:
    """Speak `language` inside the block, Django's own sentences included. ValueError for any other language."""
    if language not in LANGUAGES:
        raise ValueError(f"a language is one of {LANGUAGES}, not {language!r}")
    token = _current.set(language)
    try:
        with translation.override(DJANGO_CODES[language]):
            yield
    finally:
        _current.reset(token)


def read(tag: str | None) -> Language | None:
    """The language that a tag asks for (``zh-CN``, ``EN``, ``zh_Hans``), or None where we do not speak it."""
    first = (tag or "").strip().lower().replace("_", "-").partition("-")[0]
    return first if first in LANGUAGES else None


def accepted(header: str) -> Language | None:
    """The first language of an Accept-Language header that we speak."""
    spoken = (read(tag) for tag, _quality in parse_accept_lang_header(header))
    return next((language for language in spoken if language), None)


def asked(request: HttpRequest) -> Language | None:
    """The language named in the address itself."""
    return read(request.GET.get(PARAMETER))


def choose(request: HttpRequest) -> Language:
    """The language for this request."""
    return (
        asked(request)
        or read(request.COOKIES.get(COOKIE))
        or accepted(request.headers.get("Accept-Language", ""))
        or DEFAULT
    )


def address_in(request: HttpRequest, language: Language) -> str:
    """This page's own address in another language."""
    query = request.GET.copy()
    query[PARAMETER] = language
    return f"{request.path}?{query.urlencode()}"


class LanguageMiddleware:
    """Speaks the chosen language while the response is made; remembers a language asked for in the address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        language = choose(request)
        with use(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", HTML_CODES[language])
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        wanted = asked(request)
        if wanted:
            response.set_cookie(
                COOKIE, wanted, max_age=_ONE_YEAR, httponly=True, samesite="Lax", secure=request.is_secure()
            )
        return response


def language_context(request: HttpRequest) -> dict[str, object]:
    """For templates: `language`, `html_language`, `other_language` and this page's address in the other one."""
    language = current()
    return {
        "language": language,
        "html_language": HTML_CODES[language],
        "other_language": other(language),
        "other_language_code": HTML_CODES[other(language)],
        "other_language_url": address_in(request, other(language)),
    }
