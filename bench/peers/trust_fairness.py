"""Fairlearn and AIF360 on the groups of a .npz: python trust_fairness.py DATA.npz -> one line of JSON.

Needs fairlearn==0.15.0 and aif360==0.6.1. AIF360 knows two groups only, so its gap is that of the first attribute.
"""

import json
import sys
import time
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd

REPLICATES, TRIES = 3, 2


def fastest(call):
    took, value = [], None
    for _ in range(TRIES):
        began = time.process_time()
        value = call()
        took.append(time.process_time() - began)
    return min(took), value


def fairlearn(data):
    from fairlearn.metrics import (
        MetricFrame,
        equalized_odds_difference,
        false_positive_rate,
        selection_rate,
        true_positive_rate,
    )

    names = {"selection_rate": selection_rate, "tpr": true_positive_rate, "fpr": false_positive_rate}
    both = pd.DataFrame({"age": data["age"], "sex": data["sex"]})
    truth = {"y_true": data["outcome"], "y_pred": data["decision"]}

    def frame(**more):
        return MetricFrame(metrics=names, sensitive_features=both, **truth, **more)

    once, plain = fastest(frame)
    began = time.process_time()
    frame(n_boot=REPLICATES, ci_quantiles=[0.025, 0.975], random_state=0)
    gone = time.process_time() - began
    gap_seconds, gap = fastest(lambda: equalized_odds_difference(sensitive_features=both, **truth))
    sex = equalized_odds_difference(sensitive_features=data["sex"], **truth)
    return {
        "version": version("fairlearn"),
        "replicates": REPLICATES,
        "replicate_seconds": (gone - once) / REPLICATES,
        "frame_seconds": once,
        "groups": [[int(a), int(s)] for a, s in plain.by_group.index],
        "values": {name: plain.by_group[name].tolist() for name in names},
        "gap_seconds": gap_seconds,
        "gap": float(gap),
        "gap_of_sex": float(sex),
    }


def aif360(data):
    from aif360.datasets import BinaryLabelDataset
    from aif360.metrics import ClassificationMetric

    table = pd.DataFrame({k: data[k].astype(float) for k in ("sex", "age", "outcome")})
    decision, chance = data["decision"].astype(float)[:, None], np.random.default_rng(0)

    def prepare(rows=slice(None)):
        truth = BinaryLabelDataset(
            df=table.iloc[rows], label_names=["outcome"], protected_attribute_names=["sex"]
        )
        given = truth.copy()
        given.labels = decision[rows]
        return truth, given

    def measure(truth, given):
        return ClassificationMetric(truth, given, [{"sex": 0}], [{"sex": 1}]).equalized_odds_difference()

    both = prepare()
    seconds, gap = fastest(lambda: measure(*both))
    # It has no bootstrap of its own: rows drawn anew, set up and measured.
    replicate, _ = fastest(lambda: measure(*prepare(chance.integers(0, len(table), len(table)))))
    return {
        "version": version("aif360"),
        "whole_seconds": fastest(lambda: measure(*prepare()))[0],
        "gap_seconds": seconds,
        "replicate_seconds": replicate,
        "gap_of_sex": float(gap),
    }


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    columns = dict(np.load(sys.argv[1]))
    print(json.dumps({"fairlearn": fairlearn(columns), "aif360": aif360(columns)}))
