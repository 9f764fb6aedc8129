"""The estimators a specification may name, each with the parameters it may set. A closed list: nothing is imported
by name from outside, and nothing runs that is not here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Kind = type[int] | type[Fraction] | tuple[str, ...]

ESTIMATORS: Mapping[str, Mapping[str, Kind]] = {
    "logistic_regression": {"C": Fraction, "max_iter": int, "class_weight": ("balanced",)},
    "random_forest": {
        "n_estimators": int,
        "max_depth": int,
        "min_samples_leaf": int,
        "class_weight": ("balanced",),
    },
    "gradient_boosting": {"n_estimators": int, "max_depth": int, "learning_rate": Fraction},
    "multilayer_perceptron": {"hidden": int, "max_iter": int, "alpha": Fraction},
}
LARGEST = 100_000


def check_parameters(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with their types: whole numbers, exact decimals, one of some words. Raises `Invalid`."""
    allowed = ESTIMATORS[kind]
    return {name: _parameter(name, value, allowed) for name, value in given.items()}


def _parameter(name: str, value: Any, allowed: Mapping[str, Kind]) -> Any:
    rule = allowed.get(name)
    if rule is int and type(value) is int and 0 < value <= LARGEST:
        return value
    if rule is Fraction and isinstance(value, str):
        try:
            found = Fraction(value)
        except (ValueError, ZeroDivisionError):
            found = Fraction(0)
        if 0 < found <= LARGEST:
            return found
    if isinstance(rule, tuple) and value in rule:
        return value
    raise Invalid(
        Text("The parameter {n} cannot be set to this.", "参数 {n} 不能设为该值。").format(n=str(name)[:40]),
        rule="spec.parameter",
        remedy=Text(
            "Known are {k}; whole numbers as they are, decimals in quotes.",
            "可用参数：{k}；整数直接书写，小数加引号。",
        ).format(k=", ".join(sorted(allowed))),
        field=f"model.parameters.{str(name)[:40]}",
    )


def make(kind: str, parameters: Mapping[str, Any]) -> Any:
    """The scikit-learn pipeline (scaling, then the estimator), every source of chance fixed."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    plain = {k: float(v) if isinstance(v, Fraction) else v for k, v in parameters.items()}
    return make_pipeline(StandardScaler(), _MAKERS[kind](plain))


def _logistic(p: dict[str, Any]) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(**{"max_iter": 2000, **p})


def _forest(p: dict[str, Any]) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(random_state=0, n_jobs=1, **p)


def _boosting(p: dict[str, Any]) -> Any:
    from sklearn.ensemble import GradientBoostingClassifier

    return GradientBoostingClassifier(random_state=0, **p)


def _perceptron(p: dict[str, Any]) -> Any:
    from sklearn.neural_network import MLPClassifier

    hidden = p.pop("hidden", 64)
    return MLPClassifier(hidden_layer_sizes=(hidden,), random_state=0, **{"max_iter": 400, **p})


_MAKERS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "logistic_regression": _logistic,
    "random_forest": _forest,
    "gradient_boosting": _boosting,
    "multilayer_perceptron": _perceptron,
}
