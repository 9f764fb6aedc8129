"""shap on the rows of a .npz: python trust_shap.py DATA.npz -> one line of JSON. Needs shap==0.51.0 and scikit-learn."""

import json
import sys
import time
import warnings
from importlib.metadata import version

import numpy as np
import shap
from sklearn.ensemble import RandomForestClassifier


def timed(call):
    began = time.process_time()
    value = np.asarray(call(), np.float64)
    return {"seconds": time.process_time() - began, "values": value.tolist()}


def main(data):
    rows, background = data["rows"].astype(np.float64), data["background"].astype(np.float64)
    weights, bias = data["weights"], float(data["bias"][0])
    np.random.seed(0)
    kernel = shap.KernelExplainer(lambda x: x @ weights + bias, background)
    defaults = timed(lambda: kernel.shap_values(rows, silent=True))
    # Without its choice of ten features: the weighted regression over all of them, exact for a linear model.
    whole = timed(lambda: kernel.shap_values(rows, l1_reg=0, silent=True))
    forest = RandomForestClassifier(100, random_state=0).fit(data["train"], data["labels"])
    explainer = shap.TreeExplainer(forest, background, feature_perturbation="interventional")
    trees = timed(lambda: explainer.shap_values(rows, check_additivity=False)[:, :, 1])
    same = float(np.abs(forest.predict_proba(data["rows"])[:, 1] - data["forest"]).max())
    return {
        "version": version("shap"), "defaults": defaults, "whole": whole, "trees": trees, "forest_differs_by": same,
    }  # fmt: skip


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    print(json.dumps(main(dict(np.load(sys.argv[1])))))
