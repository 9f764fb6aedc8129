"""X at levels 2 to 4: attributions that add up and are faithful; stable and dependent on what was learned; exact.

The explanation of a system is what `explain` finds by asking it or from its weights. What is judged is therefore
whether the system can be explained in this way, and whether what is explained was learned from its labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from hutong.engines.trust.access import NEEDS_RUN
from hutong.engines.trust.distances import LinearModel, TreeEnsemble
from hutong.engines.trust.explanations import claims, draw
from hutong.engines.trust.explanations.explain import NoScores, ask_of, form_of
from hutong.engines.trust.explanations.faithful import MEASURES, wins
from hutong.engines.trust.explanations.fill import filler_of
from hutong.engines.trust.explanations.forms import TOLERANCE, Ask
from hutong.engines.trust.explanations.randomise import randomise
from hutong.engines.trust.explanations.refit import Family, refit_of
from hutong.engines.trust.explanations.rules import RULES as RULES
from hutong.engines.trust.explanations.sanity import (
    compare_labels,
    compare_weights,
    explainer_of,
    permuted,
)
from hutong.engines.trust.explanations.stable import stable_rows
from hutong.engines.trust.rooms import Bench, Method, Setting
from hutong.engines.trust.targets import variant
from hutong.engines.trust.types import Claim, Json
from hutong.kernel.text import Text

NO_SCORES = Text("the system gives no scores", "系统未给出分数")
NO_TRAINING = Text("the training rows were not given", "未提供训练数据")
NO_WEIGHTS = Text(
    "the weights were not given, or hold nothing learned that is known",
    "未提供权重，或其中无可识别的所学参数",
)
NO_EXACT = Text(
    "no exact explanation: over 12 inputs, and neither a linear model nor trees with shap installed",
    "无精确解释：输入超过12个，且既非线性模型，亦非可用shap解释的树模型",
)
# What a gate asks of one model, and the training rows that a refit uses: a null of fewer rows is only harder to beat.
GATE_ASKS = 16_000
GATE_BACKGROUND = 2
GATE_ROWS = 96
TRAINING_ROWS = 2000


def _asking(observe: Callable[[Claim, Bench], Json]) -> Callable[[Claim, Bench], Json]:
    """A test that asks for scores; where there are none it was not run."""

    def asked(claim: Claim, bench: Bench) -> Json:
        try:
            return observe(claim, bench)
        except NoScores:
            return {"not_run": NO_SCORES.as_json()}

    return asked


def _rows(claim: Claim) -> int:
    """The rows that were planned."""
    return claim.n or 0


def _additive(claim: Claim, bench: Bench) -> Json:
    sample, model = draw.sample_of(bench, "X2", _rows(claim)), draw.linear_of(bench.setting)
    if not len(sample.rows):
        return {"rows": 0}
    found = draw.explained(sample, bench.chance("X2.orders"), model)
    return {
        "rows": len(sample.rows),
        "how": found.how,
        "additive": int(found.additive(TOLERANCE).sum()),
        "as_answered": draw.as_answered(sample, sample.rows, found.full, model),
    }


def _faithful(claim: Claim, bench: Bench) -> Json:
    sample, model = draw.sample_of(bench, "X2", _rows(claim)), draw.linear_of(bench.setting)
    if not len(sample.rows):
        return {"rows": 0, "measures": []}
    found = draw.explained(sample, bench.chance("X2.orders"), model)
    data, domain = bench.setting.data, bench.setting.system.domain
    fill = filler_of(data.features, domain, bench.chance("X2.noise"))
    chance = bench.chance("X2.rivals")
    won = wins(sample.ask, sample.rows, sample.classes, found.values, sample.background, fill, chance)
    return {
        "rows": len(sample.rows),
        "how": found.how,
        "measures": [{"measure": m, "won": int(won[m].sum())} for m in MEASURES],
    }


def _stable(claim: Claim, bench: Bench) -> Json:
    sample, model = draw.sample_of(bench, "X3.stable", _rows(claim)), draw.linear_of(bench.setting)
    if not len(sample.rows):
        return {"units": 0, "hits": 0}
    count = int(str(claim.params["neighbours"]))
    attribute = draw.attributor(sample, lambda: bench.chance("X3.orders"), model, count + 1)
    hit = stable_rows(
        attribute,
        sample.rows,
        sample.classes,
        bench.setting.system.domain,
        Fraction(str(claim.params["step"])),
        float(str(claim.params["similar"])),
        [bench.chance("X3.neighbours", i) for i in range(count)],
    )
    return {"units": len(hit), "hits": int(hit.sum())}


def family_of(setting: Setting) -> Family:
    """The family whose refits stand for random labels; what cannot be read is taken for a network, the freest."""
    model = form_of(draw.content_of(setting), setting.system)
    if isinstance(model, LinearModel):
        return "linear"
    return "trees" if isinstance(model, TreeEnsemble) else "network"


def _gate(bench: Bench, node: str) -> tuple[draw.Sample, int]:
    """The rows that a gate explains, and the seed of its orders."""
    width = bench.setting.system.domain.width
    most = max(8, min(GATE_ROWS, GATE_ASKS // (2 * GATE_BACKGROUND * (width + 1))))
    sample = draw.sample_of(bench, node, most, GATE_BACKGROUND)
    return sample, int(bench.chance(f"{node}.orders").integers(2**62))


def _labels(claim: Claim, bench: Bench) -> Json:
    data, planned = bench.setting.data, int(str(claim.params["refits"]))
    if data.train_features is None or data.train_labels is None:
        return {"not_run": NO_TRAINING.as_json()}
    sample, seed = _gate(bench, "X3.labels")
    drawn = bench.chance("X3.training").permutation(len(data.train_labels))[:TRAINING_ROWS]
    if not len(sample.rows) or len(np.unique(data.train_labels[drawn])) < 2:
        return {"planned": planned, "drawn": 0, "as_good": 0, "alike": 0}
    family = family_of(bench.setting)
    refits = permuted(
        refit_of(family),
        data.train_features[drawn],
        data.train_labels[drawn],
        len(bench.setting.system.labels),
        (bench.chance("X3.refit", i) for i in range(planned)),
    )
    # The true label is explained, not the one given: a model of noise argues for nothing in particular.
    explain = explainer_of(sample.rows, data.labels[sample.places], sample.background, seed)
    found = compare_labels(sample.ask, refits, explain, planned, float(str(claim.params["similar"])))
    return {
        "planned": found.planned,
        "drawn": found.drawn,
        "as_good": found.as_good,
        "alike": found.alike,
        "family": family,
    }


def _weights(claim: Claim, bench: Bench) -> Json:
    content, system = draw.content_of(bench.setting), bench.setting.system
    if content is None or randomise(content, bench.chance("X3.artefact")) is None:
        return {"not_run": NO_WEIGHTS.as_json()}
    sample, seed = _gate(bench, "X3.weights")
    if not len(sample.rows):
        return {"units": 0, "hits": 0}

    def others() -> Iterator[Ask]:
        for i in range(int(str(claim.params["artefacts"]))):
            changed = randomise(content, bench.chance("X3.artefact", i))
            if changed is not None:
                yield ask_of(variant(bench.target, changed, system))

    explain = explainer_of(sample.rows, sample.classes, sample.background, seed)
    found = compare_weights(sample.ask, others(), explain, float(str(claim.params["similar"])))
    return {"units": found.drawn, "hits": found.drawn - found.alike}


def _bounded(claim: Claim, bench: Bench) -> Json:
    setting = bench.setting
    sample, model = draw.sample_of(bench, "X4", _rows(claim)), draw.exact_of(setting)
    if not len(sample.rows):
        return {"rows": 0}
    found = draw.explained(sample, bench.chance("X4.orders"), model)
    bound = float(str(claim.params["bound"]))
    # Values within their limits add up within the sum of these: shap's weights are float32.
    slack = np.maximum(TOLERANCE, (found.upper - found.lower).sum(axis=1) / 2)
    rows = len(sample.rows)
    # A form that is read rightly is right between the rows too, which is where coalitions lie.
    mask = bench.chance("X4.mixed").random(sample.rows.shape) < 0.5
    mixed = np.where(mask, sample.rows, np.resize(sample.background, mask.shape)).astype(np.float32)
    between = rows if model is None else draw.as_answered(sample, mixed, found.full, model)
    return {
        "rows": rows,
        "how": found.how,
        "exact": rows * int(found.exact),
        "bounded": int((found.error <= bound).sum()),
        "added": int((found.gaps <= slack).sum()),
        "as_answered": draw.as_answered(sample, sample.rows, found.full, model),
        "mixed_as_answered": between,
    }


def _asked(setting: Setting) -> Text | None:
    if not setting.may("ask"):
        return NEEDS_RUN
    return None if setting.may("scores") else NO_SCORES


def _trained(setting: Setting) -> Text | None:
    return _asked(setting) or (NO_TRAINING if setting.data.train_features is None else None)


def _weighed(setting: Setting) -> Text | None:
    return _asked(setting) or (NO_WEIGHTS if draw.content_of(setting) is None else None)


def _exactly(setting: Setting) -> Text | None:
    return _asked(setting) or (None if draw.is_exact(setting) else NO_EXACT)


def _method(
    name: str,
    level: int,
    made: Callable[[Setting], tuple[Claim, ...]],
    observe: Callable[[Claim, Bench], Json],
    missing: Callable[[Setting], Text | None] = _asked,
    statistical: bool = True,
) -> Method:
    return Method(f"explanations.{name}", "X", level, made, _asking(observe), statistical, missing)


METHODS: tuple[Method, ...] = (
    _method("additive", 2, claims.additive_claims, _additive, statistical=False),
    _method("faithful", 2, claims.faithful_claims, _faithful),
    _method("stable", 3, claims.stable_claims, _stable),
    _method("labels", 3, claims.label_claims, _labels, _trained),
    _method("weights", 3, claims.weight_claims, _weights, _weighed),
    _method("bounded", 4, claims.bounded_claims, _bounded, _exactly, statistical=False),
)
