"""The permission in SQL is the permission in Python; what belongs to another house cannot be reached by its code."""

from __future__ import annotations

import random

import pytest
from django.test import Client
from lane import Lane

from hutong.kernel.permission import ANONYMOUS, THE_HUB, Actor, Grant, Role, allowing
from hutong.platform.entities import ENTITIES
from hutong.platform.people import Organisation, Person
from hutong.platform.scope import visible


@pytest.fixture
def full(hub):
    """Two systems of two houses, each with records along the lane."""
    lanes = [Lane(hub), Lane(hub)]
    for one in lanes:
        one.activate()
        one.grant()
        one.ethics()
    return lanes


def test_sql_and_python_agree_for_a_thousand_actors_and_records(full):
    chance = random.Random(20260101)
    houses = list(Organisation.objects.values_list("pk", flat=True))
    people = list(Person.objects.all())
    compared = 0
    while compared < 1000:
        person = chance.choice(people)
        roles = chance.sample(list(Role), chance.randint(0, 3))
        grants = tuple(Grant(r, chance.choice([None, *houses])) for r in roles)
        actor = Actor(person.code, person.pk, grants) if chance.random() > 0.1 else ANONYMOUS
        for entity in chance.sample(list(ENTITIES.values()), 3):
            seen = set(visible(entity.model.objects.all(), entity.view, actor).values_list("pk", flat=True))
            for record in entity.model.objects.all()[:10]:
                assert (record.pk in seen) == bool(allowing(entity.view, actor, record)), (entity.key, actor)
                compared += 1


def test_another_houses_records_are_not_there(full):
    mine, other = full
    hers = Client()
    hers.force_login(Person.objects.get(pk=mine.engineer.id))
    tried = 0
    for entity in ENTITIES.values():
        for record in entity.model.objects.all():
            if allowing(entity.view, mine.engineer, record):
                continue
            paths = [f"{entity.url}{record.code}", f"/evidence/{record.code}", f"/evidence/{record.code}/bundle.json",
                     f"/api/v1{entity.url}{record.code}", f"/api/v1{entity.url}{record.code}/events",
                     *(f"/do/{o.name}/{record.code}" for o in entity.operations())]  # fmt: skip
            for path in paths:
                answer = hers.get(path)
                assert answer.status_code in (403, 404), (path, answer.status_code)
                tried += 1
            lists = hers.get(entity.url).content.decode()
            assert f">{record.code}<" not in lists, record.code
    assert tried > 50
    assert hers.get(f"/passport/{other.system().code}/bundle.json").status_code == 404


def test_an_operation_on_another_houses_record_is_not_found(full, hub):
    mine, other = full
    from hutong.kernel.errors import NotFound

    for operation, name, record in (
        ("passport.system.publish", "system", other.system()),
        ("calls.proposal.withdraw", "proposal", other.made["proposal"]),
        ("compute.allocation.close", "allocation", other.made["allocation"]),
    ):
        with pytest.raises(NotFound):
            hub.do(
                mine.engineer,
                operation,
                **{name: record, "reason": "mine now"} if "publish" not in operation else {name: record},
            )


def test_the_hub_itself_holds_no_standing_person(hub):
    assert THE_HUB.id is None
    assert not Person.objects.filter(is_staff=True).exists()
