"""Does a model give away who was in its training data, and is a claim of differential privacy true.

refs = train_references(fit, rows, labels, apart, 16, seed)        # or family("network", classes) as `fit`
score = scores(target, online_marginal(refs), target_apart, refs)  # RMIA; `votes` where only labels are given
auc = auc_limits(placements(score[members], score[~members]), alpha) shown = bracket(epsilon, delta,
Gaussian(sigma), (with_person, without), alpha)  # accountant above, audit below

`room` makes tests of it. Names are imported from their files, so that nothing loads unasked.
"""
