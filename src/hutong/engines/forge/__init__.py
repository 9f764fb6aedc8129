"""Forge: from a build specification and a table to a model file that says the same as what was trained.

spec = read_spec(Path("spec.yaml").read_text())
made = build(spec, table)          # ONNX bytes, parity report, counts on held-out rows
rows = matrix(table, spec); kept = holdout_mask(len(rows), spec)
"""

from hutong.engines.forge.build import Built, build
from hutong.engines.forge.parity import Parity, compare
from hutong.engines.forge.rows import boundary_rows, groups_of, holdout_mask, labels_of, matrix
from hutong.engines.forge.spec import FORMAT, BuildSpec, Feature, read_spec, spec_of

__all__ = [
    "FORMAT",
    "BuildSpec",
    "Built",
    "Feature",
    "Parity",
    "boundary_rows",
    "build",
    "compare",
    "groups_of",
    "holdout_mask",
    "labels_of",
    "matrix",
    "read_spec",
    "spec_of",
]
