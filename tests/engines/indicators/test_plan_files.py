"""Plan files: what is refused and by which rule, and the two plans that are shipped."""

from __future__ import annotations

import runpy
from datetime import date
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.engines.indicators import Evaluator, load_plan, status
from hutong.kernel.errors import Invalid
from hutong.kernel.measure import Measure, Measures
from hutong.kernel.values import Missing

cases = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("indicator_cases.py"))))
HEAD, text_of = cases.HEAD, cases.indicator_text
PLANS = Path(__file__).resolve().parents[3] / "plans"
GOOD = HEAD + text_of("T1", "sum(a.flow)") + text_of("T2", "T1 * 2")
OVERLAP = (
    "      - {version: v1, from: 2023-01-01, to: 2024-01-02, text: {en: D, zh: 口径}, expression: sum(a.flow)}\n"
    "      - {version: v2, from: 2024-01-01, text: {en: D, zh: 口径}, expression: sum(a.flow)}\n"
)


def refused(text: str, measures: object = None) -> Invalid:
    with pytest.raises(Invalid) as caught:
        load_plan(text, measures)  # type: ignore[arg-type]
    assert caught.value.what.zh and caught.value.remedy.en and caught.value.remedy.zh
    return caught.value


@pytest.mark.parametrize(
    ("text", "rule", "names"),
    [
        (
            HEAD + text_of("T1", "T2 + 1 [chip_hour]") + text_of("T2", "T1 * 2"),
            "indicators.cycle",
            "T1 → T2 → T1",
        ),
        (HEAD + text_of("T1", "T1 * 2"), "indicators.cycle", "T1 → T1"),
        (HEAD + text_of("T1", "sum(a.flow)", "fen"), "plan.unit_mismatch", "chip hour"),
        (HEAD + text_of("T1", "sum(a.flow) + sum(a.money)"), "indicators.type.unit_mismatch", "T1"),
        (HEAD + text_of("T1", "sum(a.rate)", "percent"), "indicators.type.sum_of_ratio", "a.rate"),
        (HEAD + text_of("T1", "sum(a.flow)", nature="stock"), "plan.nature_mismatch", "stock"),
        (HEAD + text_of("T1", "sum(a.flow)") + text_of("T1", "sum(a.flow)"), "plan.duplicate_id", "T1"),
        (HEAD + text_of("T1", "sum(no.such)"), "plan.unknown_measure", "no.such"),
        (HEAD + text_of("T1", "T9.9"), "plan.unknown_indicator", "T9.9"),
        (HEAD + text_of("T1", "sum(a.flow"), "indicators.expression.syntax", "column"),
        (HEAD + text_of("T1", "", definitions=OVERLAP), "plan.overlapping_versions", "v1 and v2"),
        (
            GOOD.replace("owner}\n    source: {ref: s, verified: true}\n", "owner}\n", 1),
            "plan.source",
            "source",
        ),
        (GOOD.replace("ref: s, verified", "ref: nowhere, verified", 1), "plan.source", "nowhere"),
        (GOOD.replace("title: {en: N, zh: 名}", "title: {en: N}", 1), "plan.language", "zh"),
        (GOOD.replace("title: {en: N, zh: 名}", "title: 名", 1), "plan.language", "English"),
        (GOOD.replace("title: {en: N, zh: 名}", 'title: {en: "", zh: 名}', 1), "plan.language", "English"),
        (GOOD.replace("must_declare: owner", "goal: .nan", 1), "plan.number.not_finite", ".nan"),
        (GOOD.replace("must_declare: owner", "goal: Infinity", 1), "plan.number.not_finite", "Infinity"),
        (GOOD.replace("must_declare: owner", "goal: 1e400", 1), "plan.number", "1e400"),
        (GOOD.replace("must_declare: owner", "goal: null", 1), "plan.target", "goal"),
        (GOOD.replace("nodes: [T1]", "nodes: [T7]", 1), "plan.unknown_node", "T7"),
        (GOOD.replace("nodes: [T1]", "nodes: []", 1), "plan.incomplete", "node"),
        (GOOD.replace("    owner: owner\n", "    owner: unknown\n", 1), "plan.ask", "ask"),
        (GOOD.replace("    owner: owner\n", "    owner: nobody\n", 1), "plan.body", "nobody"),
        (GOOD.replace("kind: reach", "kind: wish", 1), "plan.choice", "wish"),
        (
            GOOD.replace("    nature: flow\n", "    nature: flow\n    colour: green\n", 1),
            "plan.unknown_field",
            "colour",
        ),
        (GOOD.replace("from: 2020-01-01", "from: 2023-02-30", 1), "plan.date", "2023-02-30"),
        (GOOD.replace("timezone: Asia/Shanghai", "timezone: ../etc/passwd"), "plan.timezone", "passwd"),
        (
            GOOD.replace("  title: {en: Test", "  id: again\n  title: {en: Test"),
            "plan.yaml.duplicate_key",
            "id",
        ),
        (GOOD.replace("document: TEST-1", "document: !!python/object:os.system x"), "plan.yaml.tag", "tags"),
        ("a: &x [1]\nb: *x\n", "plan.yaml.alias", "aliases"),
        ("[" * 100 + "]" * 100, "plan.yaml.depth", "24"),
        ("[" * 5000, "plan.yaml.syntax", "YAML"),
        ("a: " + "x" * (1 << 20), "plan.yaml.size", "1 MiB"),
        ("a: [1", "plan.yaml.syntax", "YAML"),
        ("", "plan.yaml.empty", "empty"),
        ("- a\n- b\n", "plan.type", "group of fields"),
        ("plan: {}\n", "plan.missing", "sources"),
    ],
)
def test_refused_files(text: str, rule: str, names: str) -> None:
    error = refused(text)
    assert error.rule == rule
    assert names in error.what.en and "line " in error.what.en


def test_all_problems_are_collected_with_their_lines() -> None:
    text = GOOD.replace("kind: reach", "kind: wish", 1) + text_of("T3", "sum(no.such)")
    error = refused(text)
    line = next(i for i, row in enumerate(text.splitlines(), 1) if "kind: wish" in row)
    assert f"line {line}, indicators[0].target.kind" in error.what.en
    assert "no.such" in error.what.en and error.field == "indicators[0].target.kind"
    many = refused(HEAD + "".join(text_of(f"T{i}", "sum(no.such)") for i in range(1, 10)))
    assert "9 problems" in many.what.en and "and 4 more" in many.what.en and "另有4处" in many.what.zh


def test_measures_are_checked_against_what_is_offered() -> None:
    names = {"a.flow", "b.flow", "a.stock", "a.money", "a.rate"}
    assert load_plan(GOOD, names).id == "test-plan", "z.later is awaited and need not be offered"
    assert refused(GOOD, names - {"b.flow"}).rule == "plan.unknown_measure"
    offered = Measures()
    for name in names:
        unit = "second" if name == "a.flow" else cases.registry({name: []})[name].unit
        nature = cases.registry({name: []})[name].nature
        offered.add(Measure(name, unit, nature, cases.NAME, cases.NAME, list))
    assert refused(GOOD, offered).rule == "plan.measure_mismatch"


def test_an_earlier_period_closes_no_cycle() -> None:
    assert load_plan(HEAD + text_of("T1", "sum(a.flow) + previous(T1, 1 year)")).indicators[0].id == "T1"


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, len(GOOD) - 1), st.sampled_from(["", ":", "]", "{", "'", "\t", "*", "\x00", "９", "\n"])
)
def test_a_damaged_file_is_read_or_refused(place: int, put: str) -> None:
    try:
        load_plan(GOOD[:place] + put + GOOD[place + 1 :])
    except Invalid as error:
        assert error.what.zh


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(Invalid) as caught:
        load_plan(path)
    assert caught.value.rule == "plan.yaml.encoding"


@pytest.fixture(scope="module")
def beijing() -> SimpleNamespace:
    return SimpleNamespace(plan=load_plan(PLANS / "beijing-2023-2025.yaml"))


def test_the_beijing_plan_is_complete(beijing: SimpleNamespace) -> None:
    plan = beijing.plan
    assert plan.document == "京政发〔2023〕14号" and plan.adopted_on == date(2023, 5, 21)
    assert (len(plan.objectives), len(plan.groups), len(plan.tasks), len(plan.safeguards)) == (5, 5, 16, 4)
    assert len(plan.indicators) >= 44
    nodes = [*plan.objectives, *plan.tasks, *plan.safeguards]
    assert all(plan.of_node(n.id) for n in nodes), "every node has an indicator"
    assert all(i.source.citation.zh and i.source.citation.en for i in plan.indicators)
    assert {a.task for a in plan.annual_plans[0].actions} == {t.id for t in plan.tasks}
    assert all(a.milestones for a in plan.annual_plans[0].actions)


def test_no_figure_and_no_target_defaults_to_zero(beijing: SimpleNamespace) -> None:
    plan = beijing.plan
    bare = Evaluator(plan, {})
    empty = Measures()
    for m in plan.measures:
        empty.add(Measure(m.name, m.unit.name, m.nature, cases.NAME, cases.NAME, list))
    for maker in (bare, Evaluator(plan, empty)):
        for one in plan.indicators:
            assert isinstance(maker.evaluate(one.id, maker.lens("2024")).value, Missing), one.id
    for one in plan.indicators:
        assert one.target.baseline.value is None
        assert one.nature == "qualitative" or one.target.baseline.reason
        assert 0 not in (one.target.goal, one.target.low, one.target.high)
        found = status(Missing(), one.target, plan.ends)
        assert found.state in (("not_known",) if one.target.declared else ("not_measurable",))
        if not one.target.declared:
            assert one.target.must_declare and one.target.must_declare.en in found.reason.en


def test_numeric_targets_are_those_of_the_documents(beijing: SimpleNamespace) -> None:
    plan = beijing.plan
    stated = {
        i.id: (i.target.kind, i.target.goal, i.target.low, i.target.high)
        for i in plan.indicators
        if i.target.declared and i.nature != "qualitative"
    }
    n = Fraction
    assert stated == {
        "T8.1": ("reach", n(3000), None, None),
        "T8.2": ("maintain", n(10), None, None),
        "T8.3": ("reach", n(10000), None, None),
        "T9.1": ("range", None, n(5), n(10)),
        "T9.2": ("rank", n(1), None, None),
        "T9.3": ("reach", n(20), None, None),
        "T9.4": ("reach", n(100), None, None),
        "T9.5": ("reach", n(2000), None, None),
        "T9.6": ("reach", n(500), None, None),
        "T11.5": ("reach", n(5), None, None),
        "T11.6": ("reach", n(10), None, None),
        "T11.7": ("reach", n(100), None, None),
        "T11.8": ("reach", n(1000), None, None),
        "T11.9": ("maintain", n(10), None, None),
    }
    assert plan.indicator("T8.1").unit.name == "yi_yuan", "300 billion yuan are 3000 亿元"
    assert all(plan.indicator(i).source.verified for i in stated)


def test_another_hub_loads(tmp_path: Path) -> None:
    plan = load_plan(PLANS / "example-ai-factory.yaml")
    assert (plan.id, plan.zone, len(plan.indicators)) == ("example-ai-factory", "Europe/Helsinki", 3)
    assert plan.indicator("T1.2").definitions[0].formula == (
        "(sum(compute.chip_hours_delivered) / sum(compute.centres_active))"
    )
