"""A report bundle: any flipped byte names its part, a lying signer is found out, counts come out again bit for bit."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import time
from dataclasses import replace
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hutong.engines import trust
from hutong.engines.trust.bundle import crosswalk, crosswalks, load, make_bundle, page, rerun, save, verify
from hutong.engines.trust.bundle import parts as form
from hutong.engines.trust.bundle.crosswalk import load_table
from hutong.engines.trust.bundle.envelope import seal, statement
from hutong.engines.trust.runs import Journal, run, tasks_of
from hutong.engines.trust.runs.records import system_of
from hutong.engines.trust.runs.rows import Head, body_of, read, write
from hutong.kernel.canonical import canonical, digest
from hutong.kernel.errors import Conflict, HutongError, Invalid, NotFound
from hutong.kernel.note import SigningKey

sys.path.insert(0, str(Path(__file__).parents[1] / "runs"))
from planted import SEED, Planted, planted

KEY = SigningKey("laboratory", bytes(range(32)))
PUBLIC = KEY.verify_key


def evidence(case: Planted, less: int = 0) -> list[trust.Evidence]:
    checks = case.profile.checks[less:]
    return [trust.Evidence(c.id, True, "a" * 64, f"EVI-{i}", "ann", "bo") for i, c in enumerate(checks)]


@pytest.fixture(scope="module")
def case() -> Planted:
    """Unfair to its second group, so that there is something to lie about."""
    return planted(bias=0.3)


@cache
def _made(folder: Path) -> dict[str, bytes]:
    case = planted(bias=0.3)
    path = folder / "journal"
    seen = run(case.plan, case.open, case.system, case.profile, case.data, SEED, path, workers=1)
    with Journal(path, case.plan) as book:
        return make_bundle(case.plan, seen, evidence(case), KEY, journal=book.export(), seed=SEED)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return _made(tmp_path_factory.mktemp("made"))


def resigned(parts: dict[str, bytes], **changed: bytes) -> dict[str, bytes]:
    """What a signer with the key could put out: other parts, with a manifest and a statement that fit them."""
    new = {**parts, **{n.replace("_", "."): content for n, content in changed.items()}}
    manifest = json.loads(parts[form.MANIFEST])
    manifest["parts"] = {n: hashlib.sha256(new[n]).hexdigest() for n in form.LISTED}
    new[form.MANIFEST] = canonical(manifest)
    said = json.loads(base64.b64decode(json.loads(parts[form.STATEMENT])["payload"]))
    said["predicate"]["configuration"][3]["digest"]["sha256"] = hashlib.sha256(new[form.MANIFEST]).hexdigest()
    new[form.STATEMENT] = seal(said, KEY)
    return new


def test_an_honest_bundle_verifies_in_both_forms(
    case: Planted, parts: dict[str, bytes], tmp_path: Path
) -> None:
    for path in (tmp_path / "folder", tmp_path / "one.jsonl"):
        save(parts, path)
        said = verify(load(path), PUBLIC, model=case.model, data=case.data)
        assert said.ok and not said.broken, said.as_json()
        assert said.verdict is not None and said.report == json.loads(parts[form.MANIFEST])["report"]


def test_the_same_evaluation_is_the_same_bytes(
    case: Planted, parts: dict[str, bytes], tmp_path: Path
) -> None:
    seen = run(case.plan, case.open, case.system, case.profile, case.data, SEED, tmp_path / "j", workers=2)
    with Journal(tmp_path / "j", case.plan) as book:
        journal = book.export()
    shuffled = list(reversed(evidence(case)))
    assert make_bundle(case.plan, seen, shuffled, KEY, journal=journal, seed=SEED) == parts


@pytest.mark.parametrize("name", form.NAMES)
def test_every_flipped_byte_names_its_part(case: Planted, parts: dict[str, bytes], name: str) -> None:
    chance = np.random.default_rng(len(name))
    whole = parts[name]
    places = {0, len(whole) - 1, *chance.integers(0, len(whole), 60).tolist()}
    for place in places:
        broken = bytearray(whole)
        broken[place] ^= 1 << int(chance.integers(8))
        said = verify({**parts, name: bytes(broken)}, PUBLIC)
        assert not said.ok and said.verdict is None
        assert said.broken == (name.partition(".")[0],), (place, said.as_json())


def test_a_broken_journal_names_its_row(parts: dict[str, bytes]) -> None:
    lines = parts[form.JOURNAL].split(b"\n")
    lines[5] = lines[5].replace(b'"n":', b'"m":')
    said = verify({**parts, form.JOURNAL: b"\n".join(lines)}, PUBLIC)
    assert said.broken == ("journal",) and "row 5" in said.items[-1].words.en


def test_a_missing_or_added_part_is_named(parts: dict[str, bytes], tmp_path: Path) -> None:
    for name in form.NAMES:
        less = {n: c for n, c in parts.items() if n != name}
        assert verify(less, PUBLIC).broken == (name.partition(".")[0],)
    assert verify({**parts, "more.txt": b"x"}, PUBLIC).broken == ("more.txt",)


def test_every_flipped_byte_of_the_one_file_form_is_refused(parts: dict[str, bytes], tmp_path: Path) -> None:
    whole, chance = form.pack(parts), np.random.default_rng(4)
    for place in chance.integers(0, len(whole), 150).tolist():
        broken = bytearray(whole)
        broken[place] ^= 1 << int(chance.integers(8))
        try:
            found = form.unpack(bytes(broken))
        except Invalid as error:
            assert error.rule == "bundle.form"
            continue
        assert verify(found, PUBLIC).broken


def test_another_key_and_an_unsigned_statement_are_refused(parts: dict[str, bytes]) -> None:
    other = SigningKey("laboratory", bytes(32))
    assert verify(parts, other.verify_key).broken == ("statement",)
    again = seal(json.loads(base64.b64decode(json.loads(parts[form.STATEMENT])["payload"])), other)
    assert verify({**parts, form.STATEMENT: again}, PUBLIC).broken == ("statement",)


def test_another_model_or_other_data_are_named(case: Planted, parts: dict[str, bytes]) -> None:
    assert verify(parts, PUBLIC, model=case.model + b"\0").broken == ("model",)
    fewer = {**case.columns, "train_features": None, "train_labels": None}
    assert verify(parts, PUBLIC, data=trust.data_of(fewer, case.system)).broken == ("data",)


def test_a_lying_signer_is_found_out(case: Planted, parts: dict[str, bytes]) -> None:
    """The key alone is not enough: counts, verdict, page and statement must follow from one another."""
    head, rows = read(parts[form.JOURNAL])
    observations = json.loads(parts[form.OBSERVATIONS])
    better = json.loads(parts[form.OBSERVATIONS])
    better["counts"]["Q2.accuracy"]["classes"][0]["hits"] -= 1
    assert verify(resigned(parts, observations_json=canonical(better)), PUBLIC).broken == ("observations",)
    other = canonical({**observations, "artefact": "b" * 64})
    assert verify(resigned(parts, observations_json=other), PUBLIC).broken == ("model",)
    fewer = write(head, [body_of(t, c) for t, c in rows[:-1]])
    assert verify(resigned(parts, journal_jsonl=fewer), PUBLIC).broken == ("journal",)
    foreign = write(replace(head, data="c" * 64), [body_of(t, c) for t, c in rows])
    assert verify(resigned(parts, journal_jsonl=foreign), PUBLIC).broken == ("journal",)
    verdict = json.loads(parts[form.VERDICT])
    verdict["outcome"] = "pass"
    assert verify(resigned(parts, verdict_json=canonical(verdict)), PUBLIC).broken == ("verdict",)
    pretty = parts[form.REPORT].replace("✘".encode(), "✔".encode())
    assert verify(resigned(parts, report_html=pretty), PUBLIC).broken == ("report",)
    answered = json.loads(parts[form.EVIDENCE])[1:]
    assert verify(resigned(parts, evidence_json=canonical(answered)), PUBLIC).broken == ("verdict",)
    plan = json.loads(parts[form.PLAN])
    plan["alpha"] = "0.5"
    assert verify(resigned(parts, plan_json=canonical(plan)), PUBLIC).broken == ("plan",)


def test_a_statement_that_says_more_than_the_parts_is_found_out(parts: dict[str, bytes]) -> None:
    said = json.loads(base64.b64decode(json.loads(parts[form.STATEMENT])["payload"]))
    said["predicate"]["result"] = "PASSED"
    assert verify({**parts, form.STATEMENT: seal(said, KEY)}, PUBLIC).broken == ("report",)
    said["subject"][0]["digest"]["sha256"] = "d" * 64
    assert verify({**parts, form.STATEMENT: seal(said, KEY)}, PUBLIC).broken == ("model",)


def test_the_statement_is_in_toto_and_its_signature_is_dsse(case: Planted, parts: dict[str, bytes]) -> None:
    """Read with nothing of ours: the envelope of DSSE 1.0, Statement v1, Test Result v0.1."""
    outer = json.loads(parts[form.STATEMENT])
    payload = base64.b64decode(outer["payload"])
    kind = outer["payloadType"]
    signed = b" ".join(
        [b"DSSEv1", str(len(kind)).encode(), kind.encode(), str(len(payload)).encode(), payload]
    )
    Ed25519PublicKey.from_public_bytes(PUBLIC.public).verify(
        base64.b64decode(outer["signatures"][0]["sig"]), signed
    )
    said = json.loads(payload)
    assert kind == "application/vnd.in-toto+json" and said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert said["subject"][0]["digest"] == {"sha256": hashlib.sha256(case.model).hexdigest()}
    told = said["predicate"]
    assert told["result"] in ("PASSED", "WARNED", "FAILED") and told["warnedTests"] == []
    assert {*told["passedTests"], *told["failedTests"]} == {c.id for c in case.plan.claims}
    assert "Q2.accuracy" in told["passedTests"] and told["result"] == "FAILED"


def test_a_rerun_gives_the_same_counts_and_names_what_differs(case: Planted, parts: dict[str, bytes]) -> None:
    again = rerun(parts, case.open, case.profile, case.data)
    assert again.ok and again.tasks == len(tasks_of(case.plan))
    head, rows = read(parts[form.JOURNAL])
    place = next(i for i, (_, c) in enumerate(rows) if "cases" in c)
    task, counts = rows[place]
    lied: Any = {**json.loads(canonical(counts))}
    lied["cases"][0]["counts"]["classes"][0]["hits"] += 1
    rows[place] = (task, lied)
    journal = write(head, [body_of(t, c) for t, c in rows])
    again = rerun(resigned(parts, journal_jsonl=journal), case.open, case.profile, case.data)
    assert [d[0] for d in again.differ] == [task] and not again.ok


def test_a_rerun_needs_the_seed_and_the_very_same_things(case: Planted, parts: dict[str, bytes]) -> None:
    manifest = json.loads(parts[form.MANIFEST])
    hidden = {**parts, form.MANIFEST: canonical({**manifest, "seed": None})}
    with pytest.raises(Invalid) as error:
        rerun(hidden, case.open, case.profile, case.data)
    assert error.value.rule == "rerun.seed"
    assert rerun(hidden, case.open, case.profile, case.data, seed=SEED).ok
    for change in ({"seed": "other"}, {}):
        other = case.open if change else planted(rows=400).open
        with pytest.raises(Conflict):
            rerun(parts, other, case.profile, case.data, **change)


def test_a_hundred_thousand_rows_are_verified_offline_in_three_seconds(tmp_path: Path) -> None:
    """One row per person and claim: 50,000 rows of data, each asked for two claims on its own."""
    case = planted(rows=100_000)
    answers = case.open().predict(case.data.features)
    counts: dict[str, list[dict[str, Any]]] = {"Q2.accuracy": [], "R2.clean": []}
    for label, given in zip(case.data.labels.tolist(), answers.labels.tolist(), strict=True):
        classes = [{"label": name, "n": int(label == i), "hits": int(label == i == given)} for i, name in enumerate(case.system.labels)]  # fmt: skip
        counts["R2.clean"].append({"classes": classes})
        counts["Q2.accuracy"].append({"classes": classes, "rows_seen_in_training": 0})
    seen = trust.observe(case.plan, case.open(), case.system, case.profile, case.data, SEED)
    rest = iter(json.loads(canonical(dict(seen.counts["R2.corruptions"])))["cases"])
    bodies = []
    for task in tasks_of(case.plan, 1):
        if task.claim in counts:
            one: Any = counts[task.claim][task.part]
        else:
            one = {"cases": [next(rest)]} if task.of > 1 else seen.counts[task.claim]
        bodies.append(body_of(task.id, one))
    # The rows that were also met in training, by chance, lie in one row: the sum is what is compared.
    first: Any = json.loads(bodies[0])["counts"]
    first["rows_seen_in_training"] = seen.counts["Q2.accuracy"]["rows_seen_in_training"]
    bodies[0] = body_of(tasks_of(case.plan, 1)[0].id, first)
    assert len(bodies) > 100_000
    journal = write(Head(case.plan.digest, case.plan.artefact, case.plan.data, 1), bodies)
    save(make_bundle(case.plan, seen, evidence(case), KEY, journal=journal), tmp_path / "b")
    # One thread, nothing waited for: processor time is what an idle machine takes.
    start = time.process_time()
    said = verify(load(tmp_path / "b"), PUBLIC, model=case.model)
    seconds = time.process_time() - start
    assert said.ok, said.as_json()
    print(f"{len(bodies)} rows verified in {seconds:.2f} s")
    assert seconds < 3


def test_without_a_journal_one_row_per_claim_is_written(case: Planted) -> None:
    seen = trust.observe(case.plan, case.open(), case.system, case.profile, case.data, SEED)
    made = make_bundle(case.plan, seen, evidence(case), KEY)
    assert verify(made, PUBLIC).ok
    assert len(read(made[form.JOURNAL])[1]) == len(tasks_of(case.plan, 0))


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_speaks_both_languages_runs_nothing_and_escapes_names(case: Planted) -> None:
    hostile = replace(case.plan, system={**case.plan.system, "name": "<script>alert(1)</script>\"'"})
    seen = trust.observe(case.plan, case.open(), case.system, case.profile, case.data, SEED)
    verdict = trust.judge(case.plan, seen, evidence(case, less=1))
    html = page(hostile, verdict, "e" * 64).decode()
    tags = _Tags()
    tags.feed(html)
    assert not tags.open
    names = {t for t, _ in tags.seen}
    assert not names & {"script", "img", "iframe", "object", "link", "form"} and "svg" in names
    assert not any(a.startswith("on") for _, attributes in tags.seen for a in attributes)
    for _, attributes in tags.seen:
        target = attributes.get("href")
        assert target is None or any(a.get("id") == target.removeprefix("#") for _, a in tags.seen), target
    assert [a["lang"] for t, a in tags.seen if t == "article"] == ["en", "zh-CN"]
    for language in ("en", "zh"):
        assert verdict.words.say(language) in unescape(html)


@pytest.mark.parametrize("name", crosswalks())
def test_a_crosswalk_names_only_claims_that_exist_and_leaves_no_clause_out(
    case: Planted, parts: dict[str, bytes], name: str
) -> None:
    verdict = verify(parts, PUBLIC).verdict
    assert verdict is not None
    known = {c.id for c in case.plan.claims} | {c.id for c in case.profile.checks}
    table = load_table(name)
    for entry in table["clauses"]:
        for claim in entry["claims"]:
            assert "*" in claim or claim in known, claim
            assert claim[0] in trust.CATEGORIES
    made: Any = crosswalk(verdict, name)
    assert [c["clause"] for c in made["clauses"]] == [e["clause"] for e in table["clauses"]]
    assert json.loads(canonical(made)) == made and made["shown"] > 0
    for clause in made["clauses"]:
        states = {link["state"] for link in clause["evidence"]}
        assert clause["state"] == "pass" if states == {"pass"} else clause["state"] != "pass"
        assert not any(link["value"] is None and not link["records"] and link["state"] == "pass" and not link["n"]
                       for link in clause["evidence"])  # fmt: skip


def test_a_clause_stands_as_its_worst_claim_does(case: Planted) -> None:
    seen = trust.observe(case.plan, case.open(), case.system, case.profile, case.data, SEED)
    verdict = trust.judge(case.plan, seen, [])
    made: Any = crosswalk(verdict, "nist-ai-rmf")
    by = {c["clause"]: c for c in made["clauses"]}
    assert by["MANAGE 2.4"]["state"] == "not_run" and by["MEASURE 2.12"]["state"] == "not_covered"
    # One check answered, another not: the clauses they bear on part company, though both are within R1 and S1.
    stop = trust.Evidence("S1.stop", True, "a" * 64, "EVI-9", "ann")
    back = trust.Evidence("R1.fallback", True, "b" * 64, "EVI-8", "ann")
    made = crosswalk(trust.judge(case.plan, seen, [stop, back]), "nist-ai-rmf")
    by = {c["clause"]: c for c in made["clauses"]}
    assert by["MANAGE 2.4"]["state"] == "pass" and by["MAP 5.1"]["state"] == "not_run"
    assert by["MANAGE 2.4"]["evidence"][0]["records"][0]["record"] == "EVI-9"
    refused = replace(stop, answer=False)
    made = crosswalk(trust.judge(case.plan, seen, [refused, back]), "nist-ai-rmf")
    assert {c["clause"]: c["state"] for c in made["clauses"]}["MANAGE 2.4"] == "fail"
    with pytest.raises(NotFound):
        crosswalk(verdict, "../profiles/form-reader")


def test_a_system_survives_its_record(case: Planted) -> None:
    assert system_of(case.system.as_json()) == case.system
    image = trust.System("I", "1", trust.Domain.image(8, 8, 0, 16), ("0", "1"))
    assert system_of(image.as_json()) == image
    for broken in (
        {},
        {**case.system.as_json(), "domain": {"kind": "sound"}},
        {**case.system.as_json(), "labels": "ab"},
    ):
        with pytest.raises(HutongError):
            system_of(broken)


def test_every_step_of_access_has_its_words() -> None:
    from hutong.engines.trust.bundle.words import ACCESS
    from hutong.engines.trust.reach.ladder import ladder_on

    assert set(ACCESS) == {rung.id for rung in ladder_on(None).rungs}


def test_what_is_signed_does_not_pass_what_was_not_shown(case: Planted) -> None:
    seen = trust.observe(case.plan, case.open(), case.system, case.profile, case.data, SEED)
    verdict = trust.judge(case.plan, seen, [])
    said: Any = statement(case.plan, verdict, "0" * 64, "1" * 64)
    shown = {f.claim for c in verdict.cells for f in c.findings if f.state == "pass"}
    assert set(said["predicate"]["passedTests"]) == shown and digest(said)
