"""What suggestions offer to the plan."""

from collections.abc import Iterable

from hutong.kernel.measure import Fact, measure
from hutong.kernel.text import Text
from hutong.platform.evidence import facts_from_events


@measure(
    "suggestions.suggestions_answered",
    unit="count(suggestion)",
    nature="flow",
    title=Text("Suggestions answered", "已答复建议数"),
    definition=Text(
        "Suggestions that were answered, on the day of the answer.", "已答复的建议，按答复之日计。"
    ),
)
def suggestions_answered() -> Iterable[Fact]:
    return facts_from_events("suggestions.suggestion.answer", kind="suggestions.suggestion")
