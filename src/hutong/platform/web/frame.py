"""What surrounds every page: navigation, who is signed in, how far the ledger has come."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from hutong.kernel.permission import ANONYMOUS
from hutong.kernel.text import Text
from hutong.platform.component_pages import Frame, LedgerState, Link
from hutong.platform.entities import ENTITIES
from hutong.platform.ledger import checkpoints, store
from hutong.platform.people import Organisation
from hutong.platform.web.pages import PAGES

HUB = Text("Hutong", "胡同")


def frame_context(request: HttpRequest) -> dict[str, object]:
    """For templates: `frame`."""
    return {"frame": frame_of(request)}


def frame_of(request: HttpRequest) -> Frame:
    actor = getattr(request, "actor", ANONYMOUS)
    signed_in = actor.id is not None
    houses = sorted({g.organisation for g in actor.grants if g.organisation is not None})
    house = Organisation.objects.filter(pk=houses[0]).first() if len(houses) == 1 else None
    head = checkpoints.latest()
    return Frame(
        hub=HUB,
        navigation=_navigation(request.path),
        search="/search",
        sign_in=None if signed_in else reverse(settings.LOGIN_URL),
        sign_out=reverse("account_logout") if signed_in else None,
        account=Link(Text("Account", "账户"), "/account", request.path == "/account") if signed_in else None,
        desk=Link(Text("My desk", "我的工作台"), "/my", request.path == "/my") if signed_in else None,
        person=str(getattr(request.user, "name", "")) if signed_in else None,
        acting_for=house.name if house is not None else None,
        ledger=LedgerState(store.size(), head.signed_at if head else None, "/ledger"),
        verify="/verify",
    )


def _navigation(path: str) -> tuple[Link, ...]:
    pages = [(p.navigation, p.title, f"/{p.path}") for p in PAGES if p.navigation is not None]
    lists = [(e.menu[0], e.menu[1], e.url) for e in ENTITIES.values() if e.menu is not None]
    ordered = sorted([*pages, *lists], key=lambda entry: entry[0])
    return tuple(
        Link(title, url, path == url or (url != "/" and path.startswith(url))) for _, title, url in ordered
    )
