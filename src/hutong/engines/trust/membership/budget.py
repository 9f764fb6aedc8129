"""P at level 4: the claimed epsilon lies between what drawn outputs show (audit) and what its mechanism gives
(accountant).

The system declares what is claimed (`System.privacy`), or the target says it (`promise.Promised`, whose digest
covers the promise); the plan binds either. Two claims: the accountant supports what is declared and it is within
the profile's epsilon_max; and enough fresh outputs with and without one person do not contradict it.

The second cannot be shown from a model file, whatever its format: a trained model is one output of its mechanism,
drawn with everybody in. How far one output refutes a claim depends on the attack and not on the noise, so that
half the noise would pass most of the time. The outputs come from who can run the mechanism anew: a target that
draws, or a file of outputs (`recorded.Promising`). Without them the claim is not run, and level 4 is not reached.
"""

from __future__ import annotations

from hutong.engines.trust.figures import above, below, nearest, short
from hutong.engines.trust.findings import not_estimable, whole
from hutong.engines.trust.membership.audit import Bracket, Counts, count_outputs, judge_counts
from hutong.engines.trust.membership.promise import Promise, Promised, promise_of
from hutong.engines.trust.rooms import Bench, Setting
from hutong.engines.trust.types import Claim, Finding, Json, State, refuse
from hutong.kernel.text import Text

BUDGET = "P4.budget"
# Half the noise is then refuted in at least 95 of 100 audits (measured: tests of this package).
OUTPUTS = 20_000
_COUNTS = ("with_person", "found", "without", "alarms", "sharp_found", "sharp_alarms", "repeats")
MECHANISM = "P4.mechanism"
NO_PROMISE = Text("no differential privacy is claimed", "未声明差分隐私保证")
NO_OUTPUTS = Text(
    "a model is one output of its mechanism; fresh outputs with and without one person were not given",
    "模型只是隐私机制的一个输出；未提供含与不含某一个人时的全新输出",
)
TWO_PROMISES = Text(
    "the outputs belong to another promise than the declared one", "输出结果与所声明的隐私承诺不对应"
)
_WORDS: dict[str, Text] = {
    "supported": Text("claimed ε {c}: the declared mechanism gives {a}", "声明ε={c}：所声明机制给出ε={a}"),
    "bracketed": Text(
        "claimed ε {c}: outputs show at least {b}, the mechanism gives {a}",
        "声明ε={c}：输出显示ε至少为{b}，机制给出ε={a}",
    ),
    "refuted": Text(
        "claimed ε {c} is refuted by the outputs: at least {b} (mechanism as declared: {a}, "
        "weaker at least {s} times)",
        "声明ε={c}被输出结果否定：至少为{b}（按声明机制为{a}，实际强度至少弱{s}倍）",
    ),
    "unsupported": Text(
        "claimed ε {c} is less than what the declared mechanism gives: {a}", "声明ε={c}小于所声明机制的ε={a}"
    ),
    "repeated": Text("{r} outputs came twice: noise was used again", "{r}个输出重复出现，随机噪声被重复使用"),
    "over": Text("claimed ε {c} is above the limit {t}", "声明ε={c}超过限值{t}"),
}


def declared(setting: Setting) -> Promise | None:
    """The promise in the system's declaration. `Invalid` system.privacy where it is none."""
    if setting.system.privacy is None:
        return None
    try:
        return promise_of(setting.system.privacy)
    except (KeyError, TypeError, ValueError) as error:
        what = Text("The claimed ε lacks a number of its mechanism: {e}.", "声明的ε缺少机制参数：{e}。")
        raise refuse("system.privacy", what.format(e=str(error)[:60]), where="privacy") from error


def no_promise(setting: Setting) -> Text | None:
    """Why nothing is to be held against a mechanism."""
    return None if setting.system.privacy is not None or setting.may("outputs") else NO_PROMISE


def no_outputs(setting: Setting) -> Text | None:
    """Why no outputs are to be held against a claim."""
    return None if setting.may("outputs") else no_promise(setting) or NO_OUTPUTS


def mechanism_claims(setting: Setting) -> tuple[Claim, ...]:
    """That the declared mechanism gives the declared epsilon. None where the declaration claims nothing."""
    promise = declared(setting)
    if promise is None:
        return ()
    bar = nearest(setting.profile.thresholds["epsilon_max"].value)
    return (
        Claim(
            id=MECHANISM,
            category="P",
            level=4,
            kind="mechanism_supports",
            metric="epsilon",
            statement=Text(
                "the claimed ε is at most {t}, and the declared mechanism gives it",
                "声明的ε不超过{t}，且所声明机制可给出该ε",
            ).format(t=bar),
            population=Text("the declared mechanism", "所声明的隐私机制"),
            null=Text("the declared mechanism gives a larger ε", "所声明机制给出更大的ε"),
            threshold=bar,
            direction="<=",
            queries=0,
            params={"promise": promise.as_json()},
        ),
    )


def mechanism_observe(claim: Claim, bench: Bench) -> Json:
    """What the accountant has to be asked: nothing of the target."""
    return {"promise": claim.params["promise"]}


def mechanism_rule(claim: Claim, counts: Json) -> Finding:
    """An exact computation, no sample."""
    promise = _promised(counts)
    most = promise.mechanism.accountant(promise.delta)
    over = promise.epsilon > float(str(claim.threshold))
    key = "over" if over else "unsupported" if most > promise.epsilon else "supported"
    fields = {"c": short(nearest(promise.epsilon)), "a": short(above(most)), "t": claim.threshold}
    state: State = "pass" if key == "supported" else "fail"
    return Finding(claim.id, state, _WORDS[key].format(**fields), above(most), threshold=claim.threshold)


def _promised(counts: Json) -> Promise:
    record = counts["promise"]
    if not isinstance(record, dict):
        raise TypeError("promise")
    return promise_of(record)


def claims(setting: Setting) -> tuple[Claim, ...]:
    bar = nearest(setting.profile.thresholds["epsilon_max"].value)
    return (
        Claim(
            id=BUDGET,
            category="P",
            level=4,
            kind="budget_bracketed",
            metric="epsilon",
            statement=Text(
                "the claimed ε is at most {t}, supported by its mechanism and not refuted by its outputs",
                "声明的ε不超过{t}，有机制核算支持，且未被输出结果否定",
            ).format(t=bar),
            population=Text("fresh outputs with and without one person", "含与不含某一个人时的全新输出"),
            null=Text("the true ε is above the claim", "真实ε超过声明值"),
            threshold=bar,
            direction="<=",
            alpha=nearest(setting.alpha),
            n=OUTPUTS,
            params={"outputs": OUTPUTS},
        ),
    )


def observe(claim: Claim, bench: Bench) -> Json:
    """Counts of the audit and the promise as decimal strings."""
    target = bench.target
    if not isinstance(target, Promised):
        return {"not_run": NO_PROMISE.as_json()}
    promise = promise_of(target.promise.as_json())
    told = declared(bench.setting)
    if told is not None and told.as_json() != promise.as_json():
        return {"not_run": TWO_PROMISES.as_json()}
    half = OUTPUTS // 2
    outputs = [target.draw(side, half, bench.chance(f"{BUDGET}.draw", int(side))) for side in (True, False)]
    found = count_outputs(promise.mechanism, (outputs[0], outputs[1]), promise.delta, bench.seed)
    return {"promise": promise.as_json(), **{name: getattr(found, name) for name in _COUNTS}}


def rule(claim: Claim, counts: Json) -> Finding:
    """The bracket again from promise and counts. What was counted too little is not estimable."""
    promise, found = _promised(counts), _counts(counts)
    total = found.with_person + found.without
    # A quarter may have gone into choosing the test.
    if total < OUTPUTS * 3 // 4 or min(found.with_person, found.without) * 4 < total:
        return not_estimable(claim, Text("too few outputs: {n}", "输出数量不足：{n}").format(n=total), total)
    shown = judge_counts(promise.epsilon, promise.delta, promise.mechanism, found, float(str(claim.alpha)))
    over = promise.epsilon > float(str(claim.threshold))
    key = shown.state if shown.state != "bracketed" else "over" if over else "bracketed"
    state: State = "pass" if key == "bracketed" else "fail"
    return Finding(
        claim.id, state, _said(key, shown, claim), nearest(promise.epsilon), below(shown.below),
        above(shown.above), claim.threshold, total,
        ({"strength_at_least": below(shown.strength), "state": shown.state},),
    )  # fmt: skip


def _counts(counts: Json) -> Counts:
    found = Counts(*(whole(counts, name) for name in _COUNTS))
    pairs = ((found.found, found.with_person), (found.alarms, found.without))
    sharp = ((found.sharp_found, found.with_person), (found.sharp_alarms, found.without))
    if any(hits > n for hits, n in pairs + sharp):
        raise ValueError("more outputs found than drawn")
    return found


def _said(key: str, shown: Bracket, claim: Claim) -> Text:
    numbers = {"c": shown.claimed, "b": shown.below, "a": shown.above, "s": shown.strength}
    fields = {k: short(nearest(v)) for k, v in numbers.items()}
    return _WORDS[key].format(**fields, t=claim.threshold, r=shown.counts.repeats)
