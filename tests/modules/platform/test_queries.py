"""How many queries a page takes: few on every kind of page, for everybody, and as many at 10 as at 10,000 rows."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from lane import Lane

from hutong.kernel.identifiers import uscc_check_digit
from hutong.kernel.permission import THE_HUB, Role
from hutong.platform.entities import ENTITIES
from hutong.platform.people import Person
from hutong.site.settings import LANE

MOST = 8


def queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200, path
    return len(seen)


def signed_in(person: Person | None) -> Client:
    client = Client()
    if person is not None:
        client.force_login(person)
    return client


@pytest.fixture
def travelled(hub):
    """A system that was filed, under a plan that is loaded: every department has records."""
    from hutong.kernel.places import plans_directory

    text = (plans_directory() / "beijing-2023-2025.yaml").read_bytes()
    lane = Lane(hub)
    lane.filing()
    lane.ethics()
    hub.do(lane.office, "plan.plan.load", file=hub.store(text, "plan.yaml"))
    return lane


def test_every_kind_of_page_takes_few_queries_for_everybody(travelled):
    people = [None, *(Person.objects.get(code=a.code) for a in travelled.people.values())]
    seen: set[str] = set()
    for person in people:
        client = signed_in(person)
        paths = [
            "/",
            "/ledger",
            "/verify",
            "/search?q=form",
            "/plan/task/6",
            "/plan/objective/1",
            "/plan/figure/T6.2",
        ]
        paths += ["/my", "/account"] if person is not None else []
        for entity in ENTITIES.values():
            paths.append(entity.url)
            record = entity.model._default_manager.order_by("-id").first()
            if record is not None and client.get(f"{entity.url}{record.code}").status_code == 200:
                paths.append(f"{entity.url}{record.code}")
                seen.add(entity.scope)
        many = {path: n for path in paths if (n := queries(client, path)) > MOST}
        assert not many, (person, many)
    assert seen >= set(LANE) - {"scenarios"}


def cloned(model, first: int, last: int) -> None:
    """Copies of the newest record, from number to number."""
    pattern = model._default_manager.order_by("-id").first()
    values = {
        f.attname: getattr(pattern, f.attname) for f in model._meta.concrete_fields if not f.primary_key
    }
    own = {"register_id", "email", "label", "key"} & values.keys()
    model._default_manager.bulk_create(
        model(**{**values, "code": f"{model.prefix}-{n:07d}", **dict.fromkeys(own, f"{n}@x")})
        for n in range(first, last)
    )


LISTS = (
    "calls.call",
    "compute.centre",
    "datahub.dataset",
    "parties.organisation",
    "passport.system",
    "compute.pool",
)


@pytest.mark.parametrize("key", LISTS)
def test_a_list_takes_as_many_queries_at_ten_thousand_rows_as_at_ten(hub, key):
    lane = Lane(hub)
    lane.allocation()
    lane.dataset_version()
    entity, client = ENTITIES[key], signed_in(Person.objects.get(code=lane.office.code))
    cloned(entity.model, 1_000_000, 1_000_010)
    few = queries(client, entity.url)
    cloned(entity.model, 2_000_000, 2_010_000)
    assert queries(client, entity.url) == few <= MOST


def test_board_desk_and_search_take_as_many_queries_at_ten_thousand_rows(travelled):
    from hutong.modules.calls.models import Call

    client = signed_in(Person.objects.get(code=travelled.office.code))
    paths = ("/", "/my", "/search?q=form", "/plan/figure/T2.1")
    few = {path: queries(client, path) for path in paths}
    cloned(Call, 2_000_000, 2_010_000)
    assert {path: queries(client, path) for path in paths} == few


def test_a_passport_takes_as_many_queries_with_a_long_dossier(travelled):
    client, path = (
        signed_in(Person.objects.get(code=travelled.engineer.code)),
        f"/passport/system/{travelled.system().code}",
    )
    few = queries(client, path)
    for n in range(30):
        first = f"91110108MB{n:07d}"
        travelled.hub.do(
            THE_HUB,
            "parties.organisation.register",
            name_en=f"N {n}",
            name_zh=f"第{n}",
            register_id=first + uscc_check_digit(first),
        )
        travelled.hub.do(
            travelled.engineer,
            "calls.proposal.submit",
            call=travelled.call(),
            system=travelled.system(),
            summary="Once more.",
            hours="5",
            budget="10",
        )
    assert queries(client, path) == few <= MOST


def test_signing_in_costs_two_queries(hub):
    person = hub.person()
    client = signed_in(person)
    plain = queries(Client(), "/verify")
    assert queries(client, "/verify") <= plain + 3
    hub.do(THE_HUB, "parties.grant.give", person=person, role=Role.TASK_FORCE.value)
    assert queries(client, "/verify") == plain + 2
