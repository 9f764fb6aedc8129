"""Bilingual text: every sentence a person reads exists in English and in Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages.

    ``Text("Approved", "已批准")``; `format` fills ``{name}`` fields in both, and a field that is itself a
    `Text` appears in the matching language.
    """

    en: str
    zh: str

    def __post_init__(self) -> None:
        if not self.en or not self.zh:
            raise ValueError(f"a text needs both languages: en={self.en!r} zh={self.zh!r}")

    def say(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en

    def format(self, **fields: object) -> Text:
        def side(language: Language) -> str:
            values = {k: v.say(language) if isinstance(v, Text) else v for k, v in fields.items()}
            return self.say(language).format(**values)

        return Text(en=side("en"), zh=side("zh"))

    def as_json(self) -> dict[str, str]:
        return {"en": self.en, "zh": self.zh}

    def __str__(self) -> str:
        return self.en
