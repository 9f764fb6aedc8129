"""Each operation is reachable and equal through Python, API, CLI and page; the matrix has no undeclared cell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.test import Client

from hutong.cli import reference
from hutong.cli.operations import verb, word
from hutong.kernel.errors import HutongError
from hutong.kernel.operation import OPERATIONS
from hutong.kernel.permission import POLICY, THE_HUB, Role
from hutong.platform import runner
from hutong.platform.api import api
from hutong.platform.entities import ENTITIES
from hutong.platform.people import Person

ROOT = Path(__file__).resolve().parents[3]
OPEN = [o for o in OPERATIONS.values() if not o.hidden]


@pytest.fixture(scope="module")
def schema():
    return api.get_openapi_schema()


@pytest.mark.parametrize("operation", OPEN, ids=lambda o: o.name)
def test_the_same_inputs_in_api_cli_and_python(operation, schema):
    path = schema["paths"][f"/api/v1/operations/{operation.name}"]["post"]
    ref = path["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
    given = schema["components"]["schemas"][ref]["properties"]["input"]
    names = [p.name for p in operation.parameters]
    assert list(given["properties"]) == names
    assert given["required"] == [p.name for p in operation.parameters if p.required]
    import inspect

    signature = inspect.signature(verb(operation))
    assert set(names) <= set(signature.parameters)
    assert word(operation.verb) == operation.verb.replace("_", "-")


def test_each_operation_has_its_form_with_the_same_fields(hub):
    person = hub.person()
    hub.do(THE_HUB, "parties.grant.give", person=person, role="auditor")
    client = Client()
    client.force_login(person)
    for operation in OPEN:
        page = client.get(f"/do/{operation.name}/").content.decode()
        missing = [p.name for p in operation.parameters if f'name="{p.name}"' not in page]
        assert not missing, (operation.name, missing)


def test_hidden_operations_have_no_form_and_no_path(hub, schema):
    for operation in OPERATIONS.values():
        if operation.hidden:
            assert f"/api/v1/operations/{operation.name}" not in schema["paths"]
            assert Client().get(f"/do/{operation.name}/").status_code == 404


@pytest.mark.parametrize(
    ("given", "kind", "rule", "field"),
    [
        (
            {"name_en": "A", "name_zh": "甲", "register_id": "91110108MA0000001X"},
            "invalid",
            None,
            "register_id",
        ),
        ({"name_en": "A", "name_zh": "甲"}, "invalid", "input.required", "register_id"),
        (
            {"name_en": "A", "name_zh": "甲", "register_id": "1", "colour": "red"},
            "invalid",
            "input.unknown",
            "colour",
        ),
    ],
)
def test_the_same_refusal_in_python_api_and_page(hub, given, kind, rule, field):
    person = hub.person()
    hub.do(THE_HUB, "parties.grant.give", person=person, role="task_force")
    from hutong.platform.actors import actor_of

    with pytest.raises(HutongError) as refused:
        runner.run(actor_of(person, hub.clock.now()), "parties.organisation.register", given)
    error = refused.value
    assert (error.kind, error.field) == (kind, field) and (rule is None or error.rule == rule)
    from hutong.platform.web.accounts import make_token

    answer = Client().post(
        "/api/v1/operations/parties.organisation.register",
        json.dumps({"input": given}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {make_token(person, 'test')}"},
    )
    assert answer.status_code == error.status and answer["Content-Type"] == "application/problem+json"
    said = answer.json()
    assert (said["kind"], said["rule"], said["field"]) == (error.kind, error.rule, error.field)
    assert said["what"]["zh"] == error.what.zh
    client = Client()
    client.force_login(person)
    if "colour" not in given:
        for language, words in (("en", error.what.en), ("zh", error.what.zh)):
            page = client.post(f"/do/parties.organisation.register/?lang={language}", given)
            assert page.status_code == error.status
            import html

            assert words in html.unescape(page.content.decode())
            assert 'value="A"' in page.content.decode()


def test_every_permission_in_use_is_declared_with_a_rule():
    used = {o.permission for o in OPERATIONS.values()} | {e.view for e in ENTITIES.values()}
    assert not {p.name for p in used if not POLICY.get(p)}
    assert not {p.name for p in POLICY if p not in used}


def test_every_declaration_speaks_both_languages_and_explains_itself():
    for operation in OPERATIONS.values():
        assert (
            operation.doc.strip()
            and "{subject}" in operation.sentence.zh
            and "{subject}" in operation.sentence.en
        )
        assert operation.name.split(".")[0] in {e.scope for e in ENTITIES.values()}


@pytest.mark.parametrize("name", sorted(reference.pages()))
def test_the_reference_is_what_the_declarations_say(name):
    held = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert held == reference.pages()[name], "run: hutong reference"


@pytest.mark.parametrize("role", list(Role))
def test_a_stranger_with_one_role_meets_no_error_page(hub, role):
    house = hub.organisation()
    person = hub.person()
    if role is not Role.SYSTEM:
        hub.do(THE_HUB, "parties.grant.give", person=person, role=role.value, organisation=house)
    client = Client()
    client.force_login(Person.objects.get(pk=person.pk))
    for entity in ENTITIES.values():
        for language in ("en", "zh"):
            assert client.get(f"{entity.url}?lang={language}").status_code == 200
    assert client.get("/my").status_code == 200


def test_kinds_of_records_and_roles_are_called_as_the_glossary_calls_them():
    import yaml

    from hutong.kernel.permission import ROLE_LABELS

    terms = yaml.safe_load((ROOT / "docs" / "glossary.yml").read_text(encoding="utf-8"))
    known = {(t["en"].casefold(), t["zh"]) for t in terms}
    used = [e.title for e in ENTITIES.values()] + list(ROLE_LABELS.values())
    assert not [(t.en, t.zh) for t in used if (t.en.casefold(), t.zh) not in known]
