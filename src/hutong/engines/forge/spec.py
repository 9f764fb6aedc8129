"""The build specification: what is learned from which columns, with what, and which rows are held back.

A specification is plain data with a digest. Fractions are decimal strings; a sensitive column may be a group by which
results are compared, never an input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import yaml

from hutong.engines.forge.augment import WAYS
from hutong.engines.forge.estimators import ESTIMATORS, check_parameters
from hutong.kernel.canonical import digest
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

FORMAT = "hutong-build/1"
_KEYS = {
    "format",
    "target",
    "labels",
    "features",
    "groups",
    "image",
    "augment",
    "decision",
    "model",
    "split",
    "tolerance",
}
_NEEDED = {"format", "target", "labels", "features", "model", "split"}
MOST_FEATURES = 4096


def refuse(rule: str, what: Text, field_: str, remedy: Text | None = None) -> Invalid:
    """The `Invalid` of a broken rule of the specification."""
    hint = remedy or Text("Correct the specification and send it again.", "请更正构建规格后重新提交。")
    return Invalid(what, rule=f"spec.{rule}", remedy=hint, field=field_)


@dataclass(frozen=True, slots=True)
class Feature:
    """One input column. values: code of each word of a column of words, None for a column of numbers."""

    column: str
    low: Fraction | None = None
    high: Fraction | None = None
    whole: bool = False
    values: tuple[tuple[str, int], ...] | None = None


@dataclass(frozen=True)
class BuildSpec:
    """A checked specification. `plain` is what it was read from, and what its digest covers."""

    target: str
    labels: tuple[str, ...]
    features: tuple[Feature, ...]
    groups: tuple[str, ...]
    image: tuple[int, int] | None
    augment: tuple[str, ...]
    positive: str | None
    decision_at: Fraction | None
    model: str
    parameters: Mapping[str, Any] = field(hash=False)
    holdout: Fraction
    seed: str
    tolerance: Fraction
    plain: Mapping[str, Any] = field(hash=False)

    @cached_property
    def digest(self) -> str:
        return digest(self.plain)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the build reads."""
        return tuple(dict.fromkeys((*(f.column for f in self.features), self.target, *self.groups)))


def read_spec(text: str) -> BuildSpec:
    """A specification from YAML or JSON text. Raises `Invalid` naming the part that is wrong."""
    try:
        plain = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as problem:
        words = str(problem).splitlines()[0][:160]
        raise refuse(
            "yaml", Text("This is not YAML: {p}", "不是有效的YAML：{p}").format(p=words), "spec"
        ) from None
    return spec_of(plain)


def spec_of(plain: Any) -> BuildSpec:
    """A specification from plain data. Raises `Invalid` naming the part that is wrong."""
    if not isinstance(plain, Mapping):
        raise refuse("form", Text("A specification is a mapping.", "构建规格应为映射。"), "spec")
    _check_keys(plain)
    features = _features(plain["features"])
    labels = tuple(_text(v, "labels") for v in _list(plain["labels"], "labels"))
    if len(labels) < 2 or len(set(labels)) != len(labels):
        raise refuse(
            "labels",
            Text("There are two or more different labels.", "标签应为两个以上且互不相同。"),
            "labels",
        )
    target = _text(plain["target"], "target")
    groups = tuple(_text(v, "groups") for v in _list(plain.get("groups", []), "groups"))
    _apart(features, target, groups)
    positive, decision_at = _decision(plain.get("decision"), labels)
    model = _map(plain["model"], "model")
    kind = _text(model.get("kind"), "model.kind")
    if kind not in ESTIMATORS:
        known = ", ".join(sorted(ESTIMATORS))
        raise refuse(
            "model",
            Text("There is no model “{k}”.", "不存在模型“{k}”。").format(k=kind[:40]),
            "model.kind",
            Text("Choose one of: {k}.", "请选择其一：{k}。").format(k=known),
        )
    split = _map(plain["split"], "split")
    return BuildSpec(
        target=target,
        labels=labels,
        features=features,
        groups=groups,
        image=_image(plain.get("image"), len(features)),
        augment=_augment(plain),
        positive=positive,
        decision_at=decision_at,
        model=kind,
        parameters=check_parameters(kind, _map(model.get("parameters", {}), "model.parameters")),
        holdout=_share(split.get("holdout"), "split.holdout"),
        seed=_text(split.get("seed"), "split.seed"),
        tolerance=_share(plain.get("tolerance", "0.0001"), "tolerance"),
        plain=dict(plain),
    )


def _check_keys(plain: Mapping[str, Any]) -> None:
    for key in plain:
        if key not in _KEYS:
            raise refuse(
                "key",
                Text("There is no part “{k}”.", "不存在部分“{k}”。").format(k=str(key)[:40]),
                str(key)[:40],
            )
    for key in sorted(_NEEDED - set(plain)):
        raise refuse("missing", Text("The part “{k}” is missing.", "缺少部分“{k}”。").format(k=key), key)
    if plain["format"] != FORMAT:
        raise refuse("format", Text("The format is {f}.", "格式应为 {f}。").format(f=FORMAT), "format")


def _apart(features: tuple[Feature, ...], target: str, groups: tuple[str, ...]) -> None:
    names = [f.column for f in features]
    if len(set(names)) != len(names):
        raise refuse("features", Text("A column is listed twice.", "存在重复列。"), "features")
    if target in names:
        raise refuse("leak", Text("The target is among the inputs.", "目标列不得作为输入。"), "features")
    sensitive = sorted(set(groups) & {*names, target})
    if sensitive:
        raise refuse(
            "sensitive",
            Text("The sensitive column {c} is among the inputs.", "敏感列 {c} 不得作为输入。").format(
                c=sensitive[0]
            ),
            "features",
            Text(
                "Leave it out of the inputs; it stays a group for comparison.",
                "请从输入中移除，仅保留为分组。",
            ),
        )


def _features(given: Any) -> tuple[Feature, ...]:
    found: list[Feature] = []
    for item in _list(given, "features"):
        if isinstance(item, str):
            found.append(Feature(item))
        elif isinstance(item, Mapping) and "range" in item:
            found.extend(_run_of(item))
        elif isinstance(item, Mapping):
            found.append(_feature(_text(item.get("column"), "features.column"), item))
        else:
            raise refuse(
                "features", Text("An input is a name or a mapping.", "输入应为列名或映射。"), "features"
            )
    if not found or len(found) > MOST_FEATURES:
        raise refuse(
            "features",
            Text("There are 1 to {n} inputs.", "输入列应为1至{n}个。").format(n=MOST_FEATURES),
            "features",
        )
    return tuple(found)


def _run_of(item: Mapping[str, Any]) -> list[Feature]:
    """``{range: p, from: 0, to: 63}``: the columns p0 to p63."""
    first, last = item.get("from"), item.get("to")
    if type(first) is not int or type(last) is not int or not 0 <= first <= last < MOST_FEATURES:
        raise refuse("range", Text("A range has whole ends.", "范围两端应为整数。"), "features.range")
    prefix = _text(item["range"], "features.range")
    return [_feature(f"{prefix}{i}", item) for i in range(first, last + 1)]


def _feature(column: str, item: Mapping[str, Any]) -> Feature:
    values = item.get("values")
    coded = None
    if values is not None:
        words = _map(values, "features.values")
        if len(words) < 2 or not all(type(v) is int for v in words.values()):
            raise refuse(
                "values", Text("Words are coded by whole numbers.", "取值须以整数编码。"), "features.values"
            )
        coded = tuple((str(k), int(v)) for k, v in words.items())
    low, high = (_number(item.get(k), f"features.{k}") for k in ("low", "high"))
    return Feature(column, low, high, bool(item.get("whole", coded is not None)), coded)


def _decision(given: Any, labels: tuple[str, ...]) -> tuple[str | None, Fraction | None]:
    if given is None:
        return None, None
    rule = _map(given, "decision")
    positive = _text(rule.get("positive"), "decision.positive")
    if len(labels) != 2 or positive not in labels:
        raise refuse(
            "decision",
            Text("A decision names one of two labels.", "决策须指明两个标签之一。"),
            "decision.positive",
        )
    return positive, _share(rule.get("at", "0.5"), "decision.at")


def _image(given: Any, width: int) -> tuple[int, int] | None:
    if given is None:
        return None
    shape = _list(given, "image")
    if len(shape) != 2 or not all(type(n) is int and n > 0 for n in shape) or shape[0] * shape[1] != width:
        raise refuse(
            "image", Text("Height times width is the number of inputs.", "高乘宽应等于输入列数。"), "image"
        )
    return shape[0], shape[1]


def _augment(plain: Mapping[str, Any]) -> tuple[str, ...]:
    ways = tuple(_text(v, "augment") for v in _list(plain.get("augment", []), "augment"))
    unknown = sorted(set(ways) - set(WAYS))
    if unknown or len(set(ways)) != len(ways):
        raise refuse(
            "augment",
            Text("These ways to make more images are not known.", "存在未知或重复的数据增强方式。"),
            "augment",
            Text("Choose among: {k}.", "可选：{k}。").format(k=", ".join(WAYS)),
        )
    if ways and plain.get("image") is None:
        raise refuse("augment", Text("Only images are multiplied.", "仅图像数据可做增强。"), "augment")
    return ways


def _map(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise refuse("form", Text("“{w}” is a mapping.", "“{w}”应为映射。").format(w=where), where)
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise refuse("form", Text("“{w}” is a list.", "“{w}”应为列表。").format(w=where), where)
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise refuse("form", Text("“{w}” is a text.", "“{w}”应为文本。").format(w=where), where)
    return value


def _number(value: Any, where: str) -> Fraction | None:
    if value is None:
        return None
    try:
        return Fraction(value if type(value) is int else str(value))
    except (ValueError, ZeroDivisionError):
        raise refuse(
            "number", Text("“{w}” is a decimal number.", "“{w}”应为十进制数。").format(w=where), where
        ) from None


def _share(value: Any, where: str) -> Fraction:
    found = _number(value, where) if isinstance(value, str) else None
    if found is None or not 0 < found < 1:
        raise refuse(
            "share",
            Text(
                "“{w}” is a decimal between 0 and 1, in quotes.", "“{w}”应为0与1之间的小数（加引号）。"
            ).format(w=where),
            where,
        )
    return found
