"""Distances to a change of decision: exact where the model's form allows, the best attack's elsewhere.

model = read_model(onnx_bytes, width)                       # linear or a sum of trees, else `Invalid` model.form
found = minimal_linear(model, rows, "l2", domain)           # or minimal_trees: distance, counter-example, bound
tried = evade(predict, rows, "linf", domain, budget=2000)   # any system: an upper bound, never a proof
shown = smooth(predict, row, radius, sigma, alpha)          # sequential certificate of the smoothed system
"""

from hutong.engines.trust.distances.attacks import ATTACKS, Evasions, evade
from hutong.engines.trust.distances.feasible import NORMS, Distances, Norm, box_of, is_feasible, project, size
from hutong.engines.trust.distances.forms import read_model
from hutong.engines.trust.distances.linear import closed_form, minimal_linear
from hutong.engines.trust.distances.masking import Leak, Sign, falling_signs, flat_signs, leaks, masked_signs
from hutong.engines.trust.distances.models import LinearModel, Tree, TreeEnsemble, deciding_at, linear, tree
from hutong.engines.trust.distances.smoothing import Smoothed, decide_bar, smooth
from hutong.engines.trust.distances.trees import minimal_trees

__all__ = [
    "ATTACKS",
    "NORMS",
    "Distances",
    "Evasions",
    "Leak",
    "LinearModel",
    "Norm",
    "Sign",
    "Smoothed",
    "Tree",
    "TreeEnsemble",
    "box_of",
    "closed_form",
    "decide_bar",
    "deciding_at",
    "evade",
    "falling_signs",
    "flat_signs",
    "is_feasible",
    "leaks",
    "linear",
    "masked_signs",
    "minimal_linear",
    "minimal_trees",
    "project",
    "read_model",
    "size",
    "smooth",
    "tree",
]
