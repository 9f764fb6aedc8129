"""The city's plan: every figure on it is computed from what happened in the lane."""
