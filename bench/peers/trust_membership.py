"""Membership inference of ART on a network given as weights: python trust_membership.py DATA.npz -> one line of JSON.

Needs adversarial-robustness-toolbox==1.20.1 and scikit-learn. ART's black box learns what members look like from half of
the members and strangers, whose membership it is told; returned are its scores of the other halves.
"""

import json
import sys
import time
import warnings
from importlib.metadata import version

import numpy as np


def network(data):
    def predict(rows):
        hidden = np.maximum(rows @ data["w0"] + data["b0"], 0.0)
        scores = hidden @ data["w1"] + data["b1"]
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    return predict


def main(data):
    from art.attacks.inference.membership_inference import MembershipInferenceBlackBox
    from art.estimators.classification import BlackBoxClassifier

    inside, outside = data["members"], data["strangers"]
    known, asked = slice(0, len(inside) // 2), slice(len(inside) // 2, None)
    told, left = slice(0, len(outside) // 2), slice(len(outside) // 2, None)
    classifier = BlackBoxClassifier(network(data), inside.shape[1:], len(data["b1"]))
    found = {"version": version("adversarial-robustness-toolbox")}
    for kind in ("rf", "gb"):
        np.random.seed(0)
        began = time.process_time()
        attack = MembershipInferenceBlackBox(classifier, attack_model_type=kind)
        attack.fit(inside[known], data["member_labels"][known], outside[told], data["stranger_labels"][told])
        pairs = (
            (inside[asked], data["member_labels"][asked]),
            (outside[left], data["stranger_labels"][left]),
        )
        scores = [
            np.asarray(attack.infer(x, y, probabilities=True)).reshape(len(x), -1)[:, -1] for x, y in pairs
        ]
        found[kind] = {
            "seconds": time.process_time() - began,
            "members": scores[0].tolist(),
            "strangers": scores[1].tolist(),
        }
    return found


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    print(json.dumps(main(dict(np.load(sys.argv[1])))))
