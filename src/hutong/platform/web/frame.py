"""What surrounds every page: navigation, who is signed in, how far the ledger has come."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from hutong.kernel.permission import ANONYMOUS
from hutong.kernel.text import Text
from hutong.platform.actors import houses_of
from hutong.platform.component_pages import Frame, LedgerState, Link
from hutong.platform.entities import ENTITIES
from hutong.platform.ledger import checkpoints
from hutong.platform.web.pages import PAGES

HUB = Text("Hutong", "胡同")


def frame_context(request: HttpRequest) -> dict[str, object]:
    """For templates: `frame`."""
    return {"frame": frame_of(request)}


def know_ledger(request: HttpRequest, size: int, signed_at: datetime | None) -> None:
    """For a view that read the ledger's head with its own rows: the foot of the page need not ask again."""
    request.ledger_standing = (size, signed_at)  # type: ignore[attr-defined]


def frame_of(request: HttpRequest) -> Frame:
    actor = getattr(request, "actor", ANONYMOUS)
    signed_in = actor.id is not None
    houses = houses_of(request.user) if signed_in else []  # type: ignore[arg-type]
    size, signed_at = getattr(request, "ledger_standing", None) or checkpoints.standing()
    return Frame(
        hub=HUB,
        navigation=_navigation(request.path),
        search="/search",
        sign_in=None if signed_in else reverse(settings.LOGIN_URL),
        sign_out=reverse("account_logout") if signed_in else None,
        account=Link(Text("Account", "账户"), "/account", request.path == "/account") if signed_in else None,
        desk=Link(Text("My desk", "我的工作台"), "/my", request.path == "/my") if signed_in else None,
        person=str(getattr(request.user, "name", "")) if signed_in else None,
        acting_for=houses[0] if len(houses) == 1 else None,
        ledger=LedgerState(size, signed_at, "/ledger"),
        verify="/verify",
    )


def _navigation(path: str) -> tuple[Link, ...]:
    pages = [(p.navigation, p.title, f"/{p.path}") for p in PAGES if p.navigation is not None]
    lists = [(e.menu[0], e.menu[1], e.url) for e in ENTITIES.values() if e.menu is not None]
    ordered = sorted([*pages, *lists], key=lambda entry: entry[0])
    return tuple(
        Link(title, url, path == url or (url != "/" and path.startswith(url))) for _, title, url in ordered
    )
