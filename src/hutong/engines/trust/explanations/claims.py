"""The claims of category X, made from the setting before anything is asked."""

from __future__ import annotations

from dataclasses import replace

from hutong.engines.trust.bars import HELD_OUT, Said, bar_claim, bar_of
from hutong.engines.trust.explanations.draw import MEASURED, NEIGHBOURED, exact_rows, measured_rows
from hutong.engines.trust.explanations.faithful import MEASURES
from hutong.engines.trust.explanations.sanity import refits_for
from hutong.engines.trust.figures import nearest
from hutong.engines.trust.power import share_reach
from hutong.engines.trust.rooms import Setting
from hutong.engines.trust.types import Claim
from hutong.kernel.text import Text

DRAWN = Text("rows drawn from those held out by the committed seed", "按承诺种子从留出数据抽取的样本")
# Artefacts with permuted weights, neighbours of a row, rows that the gates explain at most.
ARTEFACTS = 30
NEIGHBOURS = 3


def additive_claims(setting: Setting) -> tuple[Claim, ...]:
    return (
        Claim(
            id="X2.additive",
            category="X",
            level=2,
            kind="all_explained",
            metric="additive",
            statement=Text(
                "the attributions of every row add up to its score less the mean score, to 0.000000001",
                "各样本归因之和等于其分数减平均分数，误差不超过0.000000001",
            ),
            population=DRAWN,
            null=Text("some attributions do not add up", "存在归因之和不符的样本"),
            n=measured_rows(setting, MEASURED),
            params={"all": ["additive", "as_answered"]},
        ),
    )


def faithful_claims(setting: Setting) -> tuple[Claim, ...]:
    base = _share(setting, "X2.faithful", 2, "faithful_min", measured_rows(setting, MEASURED), len(MEASURES))
    return (
        replace(
            base,
            kind="faithful_at_least",
            metric="faithfulness",
            statement=Text(
                "taking inputs away by rank moves the score more than by chance in at least {t} of rows, by each measure",
                "就每项指标而言，不低于{t}的样本按归因排序移除输入比随机移除更影响分数",
            ).format(t=base.threshold),
            null=Text("by some measure in fewer than {t}", "某项指标下该比例低于{t}").format(
                t=base.threshold
            ),
            params={"measures": list(MEASURES)},
        ),
    )


def stable_claims(setting: Setting) -> tuple[Claim, ...]:
    base = _share(setting, "X3.stable", 3, "stable_min", measured_rows(setting, NEIGHBOURED))
    step, similar = _value(setting, "stable_step"), _value(setting, "explanation_similar")
    return (
        replace(
            base,
            metric="stability",
            statement=Text(
                "in at least {t} of rows no neighbour within {s} of the range is explained otherwise (cosine below {c})",
                "不低于{t}的样本，其取值范围{s}内的邻近样本解释一致（余弦不低于{c}）",
            ).format(t=base.threshold, s=step, c=similar),
            null=Text("in fewer than {t}", "该比例低于{t}").format(t=base.threshold),
            params={"neighbours": NEIGHBOURS, "step": step, "similar": similar},
        ),
    )


def label_claims(setting: Setting) -> tuple[Claim, ...]:
    alpha = nearest(setting.alpha)
    # From the published alpha, by which it is judged.
    refits = refits_for(float(alpha)) if setting.alpha > 0 else 0
    return (
        Claim(
            id="X3.labels",
            category="X",
            level=3,
            kind="labels_gate",
            metric="evidence",
            statement=Text(
                "explanations argue more for the true labels than those of {n} models on random labels, and differ from them",
                "解释对真实标签的支持强于{n}个随机标签模型，且与其不同",
            ).format(n=refits),
            population=HELD_OUT,
            null=Text(
                "the system is one more model of its family trained on random labels",
                "该系统等同于同族随机标签模型",
            ),
            threshold=alpha,
            direction="<=",
            alpha=alpha,
            n=refits,
            stopping="until one refit is as good (Besag and Clifford 1991)",
            params={"refits": refits, "similar": _value(setting, "explanation_similar")},
        ),
    )


def weight_claims(setting: Setting) -> tuple[Claim, ...]:
    base = _share(setting, "X3.weights", 3, "sanity_changed_min", ARTEFACTS)
    similar = _value(setting, "explanation_similar")
    return (
        replace(
            base,
            metric="changed",
            statement=Text(
                "explanations change (cosine below {c}) in at least {t} of artefacts whose learned numbers are permuted",
                "将所学参数随机置换后，解释发生变化（余弦低于{c}）的比例不低于{t}",
            ).format(t=base.threshold, c=similar),
            population=Text("permutations of the artefact's learned numbers", "模型所学参数的随机置换"),
            null=Text("in fewer than {t}", "该比例低于{t}").format(t=base.threshold),
            params={"artefacts": ARTEFACTS, "similar": similar},
        ),
    )


def bounded_claims(setting: Setting) -> tuple[Claim, ...]:
    bar = _value(setting, "attribution_error_max")
    return (
        Claim(
            id="X4.bounded",
            category="X",
            level=4,
            kind="all_explained",
            metric="attribution_error",
            statement=Text(
                "every attribution is computed without sampling, with an error of at most {t}, proven, in log-odds or probability",
                "各项归因均精确计算、无抽样，误差经证明不超过{t}（以对数几率或概率计）",
            ).format(t=bar),
            population=DRAWN,
            null=Text("some attribution may be further off", "存在误差可能更大的归因"),
            threshold=bar,
            direction="<=",
            n=exact_rows(setting),
            params={"all": ["exact", "bounded", "added", "as_answered", "mixed_as_answered"], "bound": bar},
        ),
    )


def _value(setting: Setting, name: str) -> str:
    return nearest(setting.profile.thresholds[name].value)


def _share(setting: Setting, name: str, level: int, key: str, n: int, cases: int = 1) -> Claim:
    """A claim that a share of n units is at least a threshold of the profile; words are added by the caller."""
    reach = share_reach(n, bar_of(setting, key), setting.alpha, cases) if setting.alpha > 0 else (None, None)
    said, kind = Said(HELD_OUT, HELD_OUT), "explained_share_at_least"
    return bar_claim(setting, name, ("X", level), kind, name, key, said, n, reach, share=True)
