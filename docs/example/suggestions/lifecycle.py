"""States of a suggestion."""

from hutong.kernel.lifecycle import Lifecycle, State, Transition
from hutong.kernel.text import Text

SUGGESTION = Lifecycle(
    entity="suggestion",
    title=Text("Suggestion", "建议"),
    states=(
        State("submitted", Text("Submitted", "提交"), "waiting"),
        State("closed", Text("Closed", "办结"), "closed"),
    ),
    transitions=(
        Transition("answer", ("submitted",), "closed", separate_from=("suggestions.suggestion.send",)),
    ),
)
