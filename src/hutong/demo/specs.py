"""The build specifications of the two systems, as their engineers write them."""

from __future__ import annotations

FORM_READER = """\
format: hutong-build/1
target: digit
labels: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
image: [8, 8]
augment: [shift, noise, contrast, blur, occlusion]
features:
  - {range: p, from: 0, to: 63, low: 0, high: 16, whole: true}
model:
  kind: multilayer_perceptron
  parameters: {hidden: 128, alpha: "0.1"}
split: {holdout: "0.40", seed: form-reader-1}
tolerance: "0.001"
"""

# Colour and sex are groups for comparison and never inputs.
RELEASE_ADVISER = """\
format: hutong-build/1
target: released
labels: ["No", "Yes"]
decision: {positive: "Yes", at: "0.83"}
features:
  - {column: year, low: 1997, high: 2002, whole: true}
  - {column: age, low: 12, high: 66, whole: true}
  - {column: employed, values: {"No": 0, "Yes": 1}, low: 0, high: 1}
  - {column: citizen, values: {"No": 0, "Yes": 1}, low: 0, high: 1}
  - {column: checks, low: 0, high: 6, whole: true}
groups: [colour, sex]
model:
  kind: logistic_regression
  parameters: {C: "1"}
split: {holdout: "0.50", seed: release-adviser-1}
tolerance: "0.001"
"""
