"""Was a trigger planted in a classifier: four ways to look, each with a false-alarm rate that is known.

- `inversion`: is there a small stamp that turns almost every input into one class (Wang et al. 2019, Neural
  Cleanse, without gradients); how much is too much is learnt from clean twins (`twins`).
- `lift`: does a conjunction of values come with one label in the training rows as it does not in trusted
  rows.
- `spectral`: do the training rows of a class spread in a direction in which trusted rows do not (Tran et al.
  2018).
- `strip`: does an input keep its class whatever is laid over it (Gao et al. 2019); of inputs, not of models.

`scan` puts the first three together; `room` makes a test of it.
"""
