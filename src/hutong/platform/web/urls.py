"""Addresses of the web face."""

from __future__ import annotations

from django.urls import path

from hutong.platform.web.accounts import account_view, link_view
from hutong.platform.web.desk import desk_view, home_view, search_view
from hutong.platform.web.details import detail_view
from hutong.platform.web.evidence import (
    bundle_view,
    drawer_view,
    event_view,
    ledger_view,
    lesson_view,
    program_view,
    verify_view,
)
from hutong.platform.web.forms import form_view
from hutong.platform.web.lists import list_view
from hutong.platform.web.pages import PAGES

urlpatterns = [
    path("", home_view, name="home"),
    path("my", desk_view, name="desk"),
    path("account", account_view, name="account"),
    path("in/<str:token>", link_view, name="sign_in_link"),
    path("search", search_view, name="search"),
    path("verify", verify_view, name="verify"),
    path("verify/lesson", lesson_view, name="verify_lesson"),
    path("verify/verify.py", program_view, name="verify_program"),
    path("ledger", ledger_view, name="ledger"),
    path("ledger/event/<int:seq>", event_view, name="event"),
    path("evidence/<str:code>", drawer_view, name="evidence"),
    path("evidence/<str:code>/bundle.json", bundle_view, name="bundle"),
    *(path(p.path, p.view, name=p.name) for p in PAGES if p.path),
    path("do/<str:name>/", form_view, name="do"),
    path("do/<str:name>/<str:code>", form_view, name="do_on"),
    path("<str:scope>/<str:resource>/", list_view, name="list"),
    path("<str:scope>/<str:resource>/<str:code>", detail_view, name="detail"),
]
