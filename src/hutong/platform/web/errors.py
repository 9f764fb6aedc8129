"""The five errors, and Django's own, as pages in the reader's language."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hutong.kernel.errors import HutongError
from hutong.kernel.text import Text
from hutong.platform.component_pages import Link
from hutong.platform.components import Problem

HOME = Link(Text("To the plan board", "返回规划看板"), "/")


def problem_response(request: HttpRequest, error: HutongError) -> HttpResponse:
    """A page that says what happened, by which rule, and what to do next."""
    return _page(request, Problem.of(error), error.status)


def _page(request: HttpRequest, problem: Problem, status: int) -> HttpResponse:
    return render(request, "hutong/pages/error.html", {"problem": problem, "home": HOME}, status=status)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return _page(
            request,
            Problem(
                Text("What was sent is larger than a form may be.", "提交内容超过表单上限。"),
                Text(
                    "Shorten the longest answer, or attach it as a file.",
                    "请缩短最长的填写项，或以附件提交。",
                ),
                "request.too_large",
                413,
            ),
            413,
        )
    return _page(
        request,
        Problem(
            Text("The request could not be read.", "请求无法识别。"),
            Text("Go back, reload the page and send again.", "请返回并刷新页面后重新提交。"),
            "request.malformed",
            400,
        ),
        400,
    )


def denied(request: HttpRequest, exception: Any = None, reason: str = "") -> HttpResponse:
    return _page(
        request,
        Problem(
            Text("The page was too old, or came from elsewhere.", "页面已过期或来源不符。"),
            Text("Reload the page and send again.", "请刷新页面后重新提交。"),
            "request.forged",
            403,
        ),
        403,
    )


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _page(
        request,
        Problem(
            Text("There is no such page.", "页面不存在。"),
            Text("Search for it, or start from the plan board.", "请检索，或从规划看板进入。"),
            "page.unknown",
            404,
        ),
        404,
    )


def server_error(request: HttpRequest) -> HttpResponse:
    return _page(
        request,
        Problem(
            Text("The hub failed; nothing was saved.", "系统出错，未保存任何内容。"),
            Text(
                "Try again; if it stays, tell the operator the time.",
                "请重试；如仍出错，请将时间告知运维人员。",
            ),
            "server.error",
            500,
        ),
        500,
    )
