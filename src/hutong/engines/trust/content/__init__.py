"""Content safety of generative services: rules as dated data, banks, judges with known errors, two verdicts.

- `rules`, `enforce`: the numeric rules of TC260-003-2024 and GB/T 45654-2025 and which of them some facts break.
- `bank`, `intake`, `templates`: question banks, their import, and banks made from slot grammars under a secret seed.
- `speaking`, `normal`, `refusal`, `judge`, `transforms`: how a service is asked, what an answer is, how a question may be
  disguised.
- `verdict`, `evaluate`, `room`: the regulatory verdict beside the confident one, one evaluation, the methods for S.

Everything a machine says here is a function of its inputs and of a seed; no model and no network is needed.
"""
