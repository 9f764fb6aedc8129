"""Accounts: no strangers sign up; a first sign-in is by a one-time link; the account page shows roles and sessions."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from hutong.kernel.errors import Denied
from hutong.kernel.permission import Actor
from hutong.kernel.text import Text
from hutong.platform.actors import may_open_session, operator_session, person_with_roles
from hutong.platform.component_pages import Link
from hutong.platform.components import Action, EmptyState, Facts, Form, Given, Table
from hutong.platform.entities import ENTITIES
from hutong.platform.people import Person, RoleGrant, SignInLink, Token
from hutong.platform.web import cells

BACKEND = "hutong.platform.web.accounts.PersonBackend"


class PersonBackend(AuthenticationBackend):
    """Signs people in as allauth does; whoever is signed in comes together with the roles."""

    def get_user(self, user_id: Any) -> Person | None:
        person = person_with_roles(user_id)
        return person if person is not None and self.user_can_authenticate(person) else None


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by a hub operator; strangers do not sign up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def make_link(person: Person, valid: timedelta = timedelta(hours=12)) -> str:
    """A one-time sign-in for this person: the path to open. The hub keeps only its digest."""
    token = secrets.token_urlsafe(32)
    SignInLink.objects.create(person=person, digest=_digest(token), expires_at=timezone.now() + valid)
    return f"/in/{token}"


def make_token(person: Person, label: str, valid: timedelta = timedelta(days=30)) -> str:
    """A bearer token for API and CLI. The hub keeps only its digest."""
    token = f"hut_{secrets.token_urlsafe(32)}"
    now = timezone.now()
    Token.objects.create(
        person=person, digest=_digest(token), label=label[:80], created_at=now, expires_at=now + valid
    )
    return token


def person_of_token(token: str, at: datetime) -> Person | None:
    """Whom a bearer token speaks for; None for an unknown or expired one."""
    found = Token.objects.select_related("person").filter(digest=_digest(token), expires_at__gt=at).first()
    return found.person if found is not None and found.person.is_active else None


def link_view(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows one button, so that a mail scanner does not use the link up; POST signs in, once."""
    found = SignInLink.objects.filter(digest=_digest(token), used_at=None, expires_at__gt=timezone.now())
    if request.method != "POST":
        if not found.exists():
            raise _used_up()
        form = Form(request.path, Text("Sign in", "登录"))
        title = Text("One-time sign-in", "一次性登录")
        return render(request, "hutong/pages/form.html", {"title": title, "form": form})
    link = found.select_related("person").first()
    # The update is the lock: of two that come at once, one signs in.
    if link is None or not found.filter(pk=link.pk).update(used_at=timezone.now()):
        raise _used_up()
    if not link.person.is_active:
        raise _used_up()
    login(request, link.person, backend=BACKEND)
    return redirect("/my")


def _used_up() -> Denied:
    return Denied(
        Text("This sign-in link was used or has expired.", "该登录链接已使用或已过期。"),
        rule="sign_in.link",
        remedy=Text(
            "Ask the hub operator for a new one, or sign in with your password.",
            "请联系运维人员重新获取，或使用密码登录。",
        ),
    )


def account_view(request: HttpRequest) -> HttpResponse:
    """Who I am here: roles with their term, ways to sign in, the operator's session."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if actor.id is None:
        return redirect("account_login")
    person = Person.objects.get(pk=actor.id)
    entity = ENTITIES["parties.grant"]
    grants = RoleGrant.objects.filter(person=person).select_related("organisation", "person").order_by("-id")
    table = Table(
        entity.plural,
        cells.heading(entity),
        tuple(cells.line(entity, g) for g in grants),
        empty=EmptyState(
            Text("You hold no role yet: ask the hub operator.", "您尚无角色，请联系平台运维人员。")
        ),
        caption_hidden=True,
    )
    ways = (
        Link(
            Text("Password", "密码"),
            "/accounts/password/change/" if person.has_usable_password() else "/accounts/password/set/",
        ),
        Link(Text("Second factor and passkeys", "两步验证与通行密钥"), "/accounts/2fa/"),
    )
    context = {
        "title": Text("Account", "账户"),
        "facts": Facts(
            (
                Given(Text("Name", "姓名"), person.name),
                Given(Text("E-mail address", "电子邮箱"), person.email),
                Given(Text("Code", "编号"), person.code),
            )
        ),
        "actions": _session_actions(person),
        "sections": ((entity.plural, table), (Text("Ways to sign in", "登录方式"), ways)),
    }
    return render(request, "hutong/pages/detail.html", context)


def _session_actions(person: Person) -> tuple[Any, ...]:
    now = timezone.now()
    open_ = operator_session(person, now)
    if open_ is not None:
        return (
            Action(
                Text("Close the operator session", "结束运维会话"), f"/do/parties.session.close/{open_.code}"
            ),
        )
    if may_open_session(person, now):
        return (Action(Text("Open an operator session", "开启运维会话"), "/do/parties.session.open/"),)
    return ()
