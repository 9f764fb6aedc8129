"""S at level 2 for classifiers: what lies outside the declared domain is refused, what lies inside is answered, twice alike.

A census of drawn probes, no sampling claim: one wrong answer fails it. A model served behind a door (`System.guarded`)
is probed through that door, which is `targets.outside` with the declared domain; a bare model has to refuse by
itself. A column without bounds leaves the door open, and the probe beyond it shows that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hutong.engines.trust.data import Rows
from hutong.engines.trust.findings import rows_of, whole
from hutong.engines.trust.rooms import Bench, Method, Rule, Setting
from hutong.engines.trust.targets import OutOfDomain, Predictions, Target, outside
from hutong.engines.trust.types import Claim, Domain, Finding, Json, System
from hutong.kernel.errors import HutongError
from hutong.kernel.text import Text

EACH = 20
NEEDS_RUN = Text("a log cannot be asked about malformed input", "仅有预测日志，无法测试异常输入")
PROBE_WORDS: dict[str, Text] = {
    "no number": Text("no number", "空值"),
    "infinity": Text("infinity", "无穷值"),
    "too high": Text("above the bound", "超出上限"),
    "too low": Text("below the bound", "低于下限"),
    "not whole": Text("not whole", "非整数"),
    "column short": Text("a column short", "缺少一列"),
    "column more": Text("a column too many", "多出一列"),
    "text": Text("text", "文本"),
    "empty": Text("no row", "空数据"),
}


def ask(target: Target, system: System, rows: Any) -> Predictions:
    """What the served system answers. `OutOfDomain` where its door refuses; any error of the model as it comes."""
    if system.guarded:
        broken = outside(rows, system.domain)
        if broken is not None:
            raise OutOfDomain(broken)
    raw = getattr(target, "raw", target.predict)
    answer: Predictions = raw(rows)
    return answer


def probes(rows: Rows, domain: Domain, chance: np.random.Generator) -> list[tuple[str, Any]]:
    """Malformed inputs made from real rows (n, d): name and input, EACH of every kind that the domain has."""
    found: list[tuple[str, Any]] = [("empty", rows[:0])]
    wholes = [i for i, c in enumerate(domain.columns) if c.whole]
    # Every column comes before any comes again.
    order = np.resize(chance.permutation(domain.width), EACH)
    for place in order.tolist():
        row = rows[chance.integers(len(rows))][None, :].copy()
        column = domain.columns[place]
        span = float((column.high or 1) - (column.low or 0)) or 1.0
        high = float(column.high if column.high is not None else row.max()) + span * (1 + chance.random())
        low = float(column.low if column.low is not None else row.min()) - span * (1 + chance.random())
        if column.whole:
            # Refused for its size and for nothing else.
            high, low = float(np.ceil(high)), float(np.floor(low))
        values = [("no number", np.nan), ("infinity", np.inf), ("too high", high), ("too low", low)]
        found += [(name, _with(row, place, value)) for name, value in values]
        if wholes:
            found.append(("not whole", _with(row, wholes[int(chance.integers(len(wholes)))], None)))
        found.append(("column short", np.delete(row, place, axis=1)))
        found.append(("column more", np.insert(row, place, 0.0, axis=1)))
        found.append(("text", row.astype(str)))
    return found


def _with(row: Rows, place: int, value: float | None) -> Rows:
    changed = row.copy()
    changed[0, place] = np.floor(row[0, place]) + 0.5 if value is None else value
    return changed


def _claims(setting: Setting) -> tuple[Claim, ...]:
    return (
        Claim(
            id="S2.input",
            category="S",
            level=2,
            kind="all_refused",
            metric="refused",
            statement=Text(
                "malformed and out-of-domain input is refused; input of the domain is answered, twice alike",
                "异常及域外输入均被拒绝；域内输入均获答复且两次一致",
            ),
            population=Text("probes drawn by the committed seed", "按承诺种子抽取的探测样本"),
            null=Text(
                "some malformed input is answered as if it were good", "存在异常输入被当作正常输入处理"
            ),
            n=setting.data.n,
            params={"each": EACH},
        ),
    )


def _missing(setting: Setting) -> Text | None:
    return None if setting.access != "log" else NEEDS_RUN


def _observe(claim: Claim, bench: Bench) -> Json:
    data, system = bench.setting.data, bench.setting.system
    tally: dict[str, list[int]] = {}
    for name, rows in probes(data.features, system.domain, bench.chance("S2.input")):
        tried = tally.setdefault(name, [0, 0])
        tried[0] += 1
        tried[1] += refused(bench, rows)
    inside = [outside(row[None, :], system.domain) is None for row in data.features]
    first, again = bench.clean.labels, bench.target.predict(data.features[::-1]).labels[::-1]
    return {
        "probes": [{"name": k, "tried": t, "refused": r} for k, (t, r) in tally.items()],
        "rows": data.n,
        "answered": int((np.array(inside) & (first >= 0)).sum()),
        "alike": int((first == again).sum()),
    }


def refused(bench: Bench, rows: Any) -> bool:
    """Whether the served system gives no answer to this input, or one that is no prediction (output.*).

    An endpoint that is down, a budget that is spent or a jail that broke refuses nothing: those errors are raised.
    """
    try:
        answer = ask(bench.target, bench.setting.system, rows)
    except HutongError as error:
        if error.rule.startswith("output."):
            return True
        raise
    except (OutOfDomain, ValueError, TypeError, RuntimeError):
        return True
    except Exception as error:
        # onnxruntime raises its own family for a wrong shape or type; it has no public base class.
        return type(error).__module__.startswith("onnxruntime")
    return len(answer) == 0


def refused_rule(claim: Claim, counts: Json) -> Finding:
    tried = rows_of(counts, "probes")
    total, refused = sum(whole(p, "tried") for p in tried), sum(whole(p, "refused") for p in tried)
    rows, answered, alike = whole(counts, "rows"), whole(counts, "answered"), whole(counts, "alike")
    numbers = {"r": refused, "t": total, "a": answered, "n": rows, "s": alike}
    words = Text(
        "refused {r} of {t} malformed inputs; answered {a} of {n} good rows, {s} alike when asked again",
        "{t}项异常输入拒绝{r}项；{n}行正常数据答复{a}行，重复询问一致{s}行",
    ).format(**numbers)
    open_to = [PROBE_WORDS[str(p["name"])] for p in tried if p["tried"] != p["refused"]]
    if open_to:
        more = Text(", ".join(t.en for t in open_to), "、".join(t.zh for t in open_to))
        words = Text("{w}; answered: {m}", "{w}；未拒绝：{m}").format(w=words, m=more)
    good = total > 0 and rows > 0 and refused == total and answered == rows and alike == rows
    return Finding(claim.id, "pass" if good else "fail", words, n=total, details=tuple(tried))


METHODS = (Method("input_domain", "S", 2, _claims, _observe, statistical=False, missing=_missing),)
RULES: dict[str, Rule] = {"all_refused": refused_rule}
