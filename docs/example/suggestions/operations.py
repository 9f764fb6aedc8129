"""What can be done with suggestions."""

from typing import Annotated

from hutong.kernel.operation import Long, operation
from hutong.kernel.text import Text
from hutong.modules.suggestions import policy as may
from hutong.modules.suggestions.lifecycle import SUGGESTION
from hutong.modules.suggestions.models import Suggestion
from hutong.platform.context import RunContext

Words = Annotated[str, Text("Words", "内容"), Long(2_000)]


@operation(
    "suggestions.suggestion.send",
    permission=may.SEND,
    title=Text("Send a suggestion", "提交建议"),
    sentence=Text("sent the suggestion {subject}", "提交了建议 {subject}"),
    lifecycle=SUGGESTION,
    creates=Suggestion,
)
def suggestion_send(ctx: RunContext, *, words: Words) -> Suggestion:
    """Tell the hub what would help."""
    return Suggestion(organisation=ctx.own_organisation(), words=words)


@operation(
    "suggestions.suggestion.answer",
    permission=may.ANSWER,
    title=Text("Answer", "答复"),
    sentence=Text("answered the suggestion {subject}", "答复了建议 {subject}"),
    lifecycle=SUGGESTION,
    transition=SUGGESTION.answer,
)
def suggestion_answer(ctx: RunContext, suggestion: Suggestion, *, words: Words) -> None:
    """Answer a suggestion; whoever sent it may not answer it."""
    suggestion.answer = words
