"""How suggestions appear on pages, in the API and in the CLI."""

from hutong.kernel.text import Text
from hutong.modules.suggestions import policy as may
from hutong.modules.suggestions.models import Suggestion
from hutong.platform.entities import Entity, Show, show

WORDS = Show("words", Text("Words", "内容"), "long")
FROM = Show("organisation", Text("Organisation", "单位"), "record")

show(
    Entity(
        model=Suggestion,
        scope="suggestions",
        resource="suggestion",
        view=may.VIEW,
        title=Suggestion.title,
        plural=Text("Suggestions", "建议"),
        columns=(FROM, WORDS),
        fields=(FROM, WORDS, Show("answer", Text("Answer", "答复"), "long")),
        empty=Text("Nobody has suggested anything yet. Send the first one.", "尚无建议，欢迎提交第一条。"),
        select=("organisation",),
    )
)
