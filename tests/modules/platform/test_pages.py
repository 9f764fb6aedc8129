"""Pages: bounded queries, no temporary sort, headers, errors in both languages, nothing that runs from a field."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hutong.kernel.permission import THE_HUB
from hutong.platform.entities import ENTITIES
from hutong.platform.people import Organisation

MOST_QUERIES = 8


def fill(hub, rows: int) -> None:
    now = hub.clock.now()
    first = Organisation.objects.count()
    Organisation.objects.bulk_create(
        [
            Organisation(
                code=f"ORG-{n:06d}", state="registered", version=1, created_at=now, name_en=f"House {n}", name_zh=f"单位{n}",
                register="other", register_id=f"R{n}",
            )
            for n in range(first + 1, first + rows + 1)
        ]
    )  # fmt: skip


def queries(path: str) -> int:
    client = Client()
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def test_a_list_takes_the_same_few_queries_at_ten_and_at_ten_thousand_rows(hub):
    fill(hub, 10)
    few = queries("/parties/organisation/")
    fill(hub, 9_990)
    assert queries("/parties/organisation/") == few <= MOST_QUERIES


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's query plan")
@pytest.mark.parametrize("key", sorted(ENTITIES))
def test_no_list_sorts_in_a_temporary_table(hub, key):
    from hutong.kernel.permission import Actor, Grant, Role
    from hutong.platform.scope import visible

    entity = ENTITIES[key]
    actor = Actor("PER-1", 1, tuple(Grant(r, 1) for r in Role))
    rows = (
        visible(entity.model.objects.all(), entity.view, actor)
        .select_related(*entity.select)
        .order_by("-id")[:51]
    )
    assert "TEMP B-TREE FOR ORDER BY" not in rows.explain()


def test_pages_go_on_by_keyset_and_meet_every_row_once(hub):
    import re

    fill(hub, 120)
    seen: list[str] = []
    path = "/parties/organisation/"
    while path:
        page = Client().get(path).content.decode()
        seen += re.findall(r"ORG-\d{6}(?=<)", page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 120


def test_every_answer_carries_the_policy_and_no_inline_script(hub):
    hub.organisation()
    for path in ("/", "/parties/organisation/", "/verify", "/accounts/login/", "/nowhere/at/all"):
        answer = Client().get(path)
        policy = answer["Content-Security-Policy"]
        assert "unsafe" not in policy and "default-src 'none'" in policy
        page = answer.content.decode()
        assert " style=" not in page and "<style" not in page and " onclick" not in page
        assert "<script>" not in page


def test_a_name_that_is_markup_stays_words(hub):
    hub.do(
        THE_HUB,
        "parties.organisation.register",
        name_en="<script>alert(1)</script>",
        name_zh="“引号”<b>",
        register="other",
        register_id="R-1",
    )
    page = Client().get("/parties/organisation/").content.decode()
    assert "<script>alert(1)" not in page and "&lt;script&gt;" in page


def test_a_formula_in_a_cell_is_disarmed_in_csv(hub):
    hub.do(
        THE_HUB,
        "parties.organisation.register",
        name_en="=cmd()",
        name_zh="甲",
        register="other",
        register_id="R-1",
    )
    lines = b"".join(Client().get("/parties/organisation/?format=csv").streaming_content).decode("utf-8-sig")
    assert "'=cmd()" in lines


def test_a_form_without_its_token_is_refused(hub):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(hub.person())
    assert strict.post("/do/parties.session.open/", {"reason": "x"}).status_code == 403


def test_a_sign_in_link_works_once(hub):
    from hutong.platform.web.accounts import make_link

    path = make_link(hub.person())
    assert Client().get(path).status_code == 200
    assert Client().post(path).status_code == 302
    assert Client().post(path).status_code == 403
    assert Client().get(path).status_code == 403


def test_errors_speak_both_languages(hub):
    english = Client().get("/parties/organisation/ORG-9999?lang=en").content.decode()
    chinese = Client().get("/parties/organisation/ORG-9999?lang=zh").content.decode()
    assert "What to do" in english and "处理办法" in chinese


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ('{"input": {"name_en": NaN}}', "json.constant"),
        ('{"input": {"a": 1, "a": 2}}', "json.doubled"),
        ("[" * 100 + "]" * 100, "json.too_deep"),
        ("{", "json.malformed"),
        ('{"input": "x"}', "request.form"),
        ('{"input": {"x": "' + "y" * 3_000_000 + '"}}', "json.too_large"),
    ],
)
def test_the_api_refuses_what_is_no_request(hub, body, rule):
    answer = Client().post(
        "/api/v1/operations/parties.organisation.register", body, content_type="application/json"
    )
    assert answer.status_code == 422 and answer.json()["rule"] == rule


def test_a_pickle_is_no_model_and_a_path_trap_no_archive(hub):
    import io
    import pickle
    import zipfile

    from hutong.kernel.errors import Invalid

    trap = io.BytesIO()
    with zipfile.ZipFile(trap, "w") as archive:
        archive.writestr("../../etc/passwd", "x")
    for content, rule in ((pickle.dumps({"a": 1}), "model.pickle"), (trap.getvalue(), "file.path_trap")):
        with pytest.raises(Invalid) as refused:
            hub.store(content)
        assert refused.value.rule == rule
