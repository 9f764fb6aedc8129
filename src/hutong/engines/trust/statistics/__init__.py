"""The statistics core: counts in, limits and decisions with controlled error out. numpy and scipy only.

What may decide (`exact` is True: the error holds at every size and every truth):

- `exact`: one proportion, or share of a finite bank; `differences`, `paired`: two of them.
- `sequences`, `sequential`: limits and tests that hold whenever one stops.
- `gaps.largest_gap`: the largest gap between groups; `judges.judged_limits`: a rate behind a judge that errs.
- `ledger`: one alpha over all claims of a certificate.

What is shown only (`exact` is False): score intervals, bootstrap (`resample`), clustered t.

`counts` and `metrics` turn one table of counts into every group metric; `power` says before a run what a size can show;
`prng.stream` is the only source of chance. Names are imported from their files, so that nothing loads unasked.
"""
