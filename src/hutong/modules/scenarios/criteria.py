"""Acceptance tests as data: a closed list of queries with exact thresholds, declared before the pilot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from hutong.kernel.errors import Invalid
from hutong.kernel.quantity import Share
from hutong.kernel.text import Text

Query = Literal["share_correct", "error_count", "latency_median_ms", "latency_p95_ms", "days_run"]
MOST_TESTS = 12
LARGEST = 10**12

# Per query: what it measures, and whether the value must be at least or at most the threshold.
QUERIES: dict[Query, tuple[Text, Literal["at_least", "at_most"]]] = {
    "share_correct": (Text("share of correct answers", "正确率"), "at_least"),
    "error_count": (Text("number of wrong answers", "错误数"), "at_most"),
    "latency_median_ms": (Text("median latency (ms)", "时延中位数（毫秒）"), "at_most"),
    "latency_p95_ms": (Text("95th percentile of latency (ms)", "时延95分位数（毫秒）"), "at_most"),
    "days_run": (Text("days with records", "有记录的天数"), "at_least"),
}
EXAMPLE = (
    '[{"query": "share_correct", "at_least": "19/20", "n_at_least": 200}, '
    '{"query": "error_count", "at_most": 10}, {"query": "latency_p95_ms", "at_most": 500}, '
    '{"query": "days_run", "at_least": 30}]'
)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One test. n: answers with a known truth that a share needs at least; 1 for the other queries."""

    query: Query
    threshold: Fraction
    n: int = 1

    @property
    def words(self) -> Text:
        return QUERIES[self.query][0]

    @property
    def bound(self) -> Literal["at_least", "at_most"]:
        return QUERIES[self.query][1]

    def holds(self, value: Fraction) -> bool:
        return value >= self.threshold if self.bound == "at_least" else value <= self.threshold

    def demand(self) -> Text:
        """The test as a sentence."""
        limit = Share(self.threshold) if self.query == "share_correct" else None
        shown = (
            Text(limit.say("en"), limit.say("zh"))
            if limit is not None
            else Text(str(self.threshold), str(self.threshold))
        )
        words = (
            Text("{w} at least {t}", "{w}不低于{t}")
            if self.bound == "at_least"
            else Text("{w} at most {t}", "{w}不超过{t}")
        )
        said = words.format(w=self.words, t=shown)
        if self.query != "share_correct":
            return said
        return Text("{s}, over at least {n} answers", "{s}，样本不少于{n}条").format(s=said, n=self.n)

    def as_json(self) -> dict[str, Any]:
        """As it is stored: thresholds are whole numbers or fractions written ``n/d``."""
        whole = self.threshold.denominator == 1 and self.query != "share_correct"
        shown: int | str = (
            self.threshold.numerator if whole else f"{self.threshold.numerator}/{self.threshold.denominator}"
        )
        content: dict[str, Any] = {"query": self.query, self.bound: shown}
        return content | {"n_at_least": self.n} if self.query == "share_correct" else content


def read_criteria(given: Any) -> tuple[Criterion, ...]:
    """The tests of an opportunity. `Invalid`, with the number of the test, for anything outside the closed list."""
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_TESTS:
        raise _refused(
            "list",
            Text("An opportunity declares 1 to {n} acceptance tests.", "场景机会须声明1至{n}项验收条件。"),
            n=MOST_TESTS,
        )
    read = tuple(_one(number, row) for number, row in enumerate(given, start=1))
    names = [c.query for c in read]
    if len(set(names)) != len(names):
        raise _refused("twice", Text("A query is named twice.", "同一查询项重复。"))
    return read


def _one(number: int, row: Any) -> Criterion:
    query = row.get("query") if isinstance(row, Mapping) else None
    if query not in QUERIES:
        raise _refused(
            "query",
            Text("Test {i} names no known query: {q}.", "第{i}项的查询不在列表内，可用：{q}。"),
            i=number,
            q=", ".join(QUERIES),
        )
    bound = QUERIES[query][1]
    fields = {"query", bound} | ({"n_at_least"} if query == "share_correct" else set())
    if set(row) != fields:
        raise _refused(
            "fields",
            Text("Test {i} has exactly the fields {f}.", "第{i}项须且仅须包含字段：{f}。"),
            i=number,
            f=", ".join(sorted(fields)),
        )
    threshold = _share(number, row[bound]) if query == "share_correct" else _whole(number, row[bound])
    n = int(_whole(number, row["n_at_least"])) if query == "share_correct" else 1
    if n < 1:
        raise _refused("n", Text("Test {i} needs at least one answer.", "第{i}项的样本数至少为1。"), i=number)
    return Criterion(query, threshold, n)


def _share(number: int, raw: Any) -> Fraction:
    try:
        return Share.parse(str(raw), field="tests").fraction
    except Invalid as problem:
        raise _refused("share", Text("Test {i}: {w}", "第{i}项：{w}"), i=number, w=problem.what) from None


def _whole(number: int, raw: Any) -> Fraction:
    if type(raw) is not int or not 0 <= raw <= LARGEST:
        raise _refused(
            "whole", Text("Test {i} needs a whole number from 0.", "第{i}项须填写不小于0的整数。"), i=number
        )
    return Fraction(raw)


def _refused(rule: str, what: Text, **fields: object) -> Invalid:
    return Invalid(
        what.format(**fields),
        rule=f"opportunity.tests.{rule}",
        remedy=Text("Write them like this: {e}", "请按此格式填写：{e}").format(e=EXAMPLE),
        field="tests",
    )
