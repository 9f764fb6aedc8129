"""How the evaluator reaches a system: what each access allows, foreign files in a jail, models behind an endpoint.

- `door.open_target`: the one door; a file, a log or the declaration of an endpoint in, a `Target` out.
- `ladder`: from the powers a target gives to the highest level that each category can reach.
- `jail.inspect_file`: look at a foreign file in a child without network; one named finding for what is hostile.
- `kept.JailedTarget`: a model file run in such a child for as long as it is needed; pickles are read, never loaded.
- `convert.to_onnx`: the same model as ONNX, and whether it is still the same.
- `endpoint.open_endpoint`: a `broker.Broker` (budget, retries, cassette) for `http.HttpTarget` and `openai.ChatTarget`;
  `endpoint.Watched` asks `drift.Sentinels` beside the rows.

Names are imported from their files, so that nothing loads unasked.
"""
