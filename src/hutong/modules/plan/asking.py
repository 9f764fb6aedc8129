"""From a request to a look: ``as_of`` and ``known_on`` are days, ``plan`` the id of another plan."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest

from hutong.kernel.clock import parse_date, say_date
from hutong.kernel.text import Text
from hutong.modules.plan.figures import Figures
from hutong.modules.plan.looks import look
from hutong.modules.plan.points import days
from hutong.modules.plan.queries import Board
from hutong.modules.plan.words import Place
from hutong.platform.component_pages import DatePick
from hutong.platform.components import Choice
from hutong.platform.web.frame import know_ledger

ASKED = ("as_of", "known_on", "plan")


def place_of(request: HttpRequest) -> Place:
    """Addresses that keep what the reader asked for."""
    return Place({name: request.GET[name] for name in ASKED if request.GET.get(name)})


def _dates(request: HttpRequest) -> tuple[date | None, date | None, str | None]:
    given = {
        n: parse_date(request.GET[n], field=n) if request.GET.get(n) else None for n in ("as_of", "known_on")
    }
    return given["as_of"], given["known_on"], request.GET.get("plan") or None


def figures_of(request: HttpRequest) -> Figures:
    """The figures of the look that the request asks for. `Invalid` for a date that is none or lies ahead."""
    as_of, known_on, plan = _dates(request)
    figures = Figures(look(as_of, known_on), plan)
    know_ledger(request, figures.size, figures.signed_at)
    return figures


def date_pick(board: Board) -> DatePick:
    """Today, the ends of the last twelve months, the last day of the plan, and the day that is looked at."""
    today = look().day
    offered = {today, board.look.day, *days(look())}
    if board.text.ends < today:
        offered.add(board.text.ends)
    chosen = board.look.day
    choices = (Choice(d.isoformat(), _day(d, today), d == chosen) for d in sorted(offered, reverse=True))
    return DatePick("/", tuple(choices))


def _day(day: date, today: date) -> Text:
    said = Text(say_date(day, "en"), say_date(day, "zh"))
    return Text("today, {d}", "今日，{d}").format(d=said) if day == today else said
