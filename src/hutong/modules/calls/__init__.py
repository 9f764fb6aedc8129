"""Open competition: a call, proposals, reviews without conflicts, a ranked decision, awards."""
