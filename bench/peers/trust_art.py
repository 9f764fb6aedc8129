"""Attacks of ART on the rows of a .npz: python trust_art.py DATA.npz -> one line of JSON.

Needs adversarial-robustness-toolbox==1.20.1 and scikit-learn. Returns the rows that each attack ends with; the judge of
whether they flip, and how far they lie, is the caller, with one rule for both sides.
"""

import json
import sys
import time
import warnings
from importlib.metadata import version

import numpy as np

HOPS, WALK = 10, 200


class Counted:
    """A classifier's predict, with the rows that it was asked."""

    def __init__(self, classifier):
        self.asked, self._predict = 0, classifier.predict
        classifier.predict = self

    def __call__(self, x, *rest, **more):
        self.asked += len(x)
        return self._predict(x, *rest, **more)


def classifier_of(weights, bias):
    from art.estimators.classification.scikitlearn import ScikitlearnLogisticRegression
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression()
    model.coef_, model.intercept_, model.classes_ = weights, bias, np.arange(len(bias))
    model.n_features_in_ = weights.shape[1]
    return ScikitlearnLogisticRegression(model, clip_values=(0.0, 1.0))


def main(data):
    from art.attacks.evasion import BoundaryAttack, DeepFool, HopSkipJump

    made = {
        "HopSkipJump": lambda c: HopSkipJump(c, norm=2, max_iter=HOPS, verbose=False),
        "BoundaryAttack": lambda c: BoundaryAttack(c, targeted=False, max_iter=WALK, verbose=False),
        "DeepFool": lambda c: DeepFool(c, verbose=False),
    }
    found = {"version": version("adversarial-robustness-toolbox")}
    for name, attack in made.items():
        np.random.seed(0)
        classifier = classifier_of(data["weights"], data["bias"])
        counted = Counted(classifier)
        began = time.process_time()
        rows = attack(classifier).generate(data["rows"].copy())
        gone = time.process_time() - began
        found[name] = {
            "seconds": gone,
            "asked": counted.asked,
            "rows": np.asarray(rows, np.float64).tolist(),
        }
    return found


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    print(json.dumps(main(dict(np.load(sys.argv[1])))))
