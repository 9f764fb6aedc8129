"""Normalisation of text, with a record of what it did: the same string in two disguises has one form."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Zero-width and direction marks, soft hyphen, variation selectors: they change how text is drawn, not what it says.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
# Cyrillic and Greek letters drawn like Latin ones (a small part of Unicode UTS 39 confusables).
LOOKALIKES = dict(
    zip(
        "аеорсухіјѕһԁԛԝАВЕКМНОРСТУХІЈЅαορνΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "aeopcyxijshdqwABEKMHOPCTYXIJSaopvABEZHIKMNOPTYX",
        strict=True,
    )
)
_LOOKS = str.maketrans(LOOKALIKES)
_LATIN_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Normal:
    """text: the normal form. steps: names of the steps that changed something, in order."""

    text: str
    steps: tuple[str, ...]


def normalise(text: str) -> Normal:
    """NFKC, hidden marks out, look-alike letters back to Latin, case folded, spaces as one.

    NFKC: Unicode Standard Annex 15. A word wholly in another script is left alone, unless the text is mostly Latin and
    every letter of the word looks Latin.
    """
    steps: list[str] = []
    for name, step in (
        ("nfkc", lambda s: unicodedata.normalize("NFKC", s)),
        ("hidden", lambda s: _HIDDEN.sub("", s)),
        ("lookalike", _latin),
        ("case", lambda s: s.casefold()),
        ("space", lambda s: " ".join(s.split())),
    ):
        changed = step(text)
        if changed != text:
            steps.append(name)
        text = changed
    return Normal(text, tuple(steps))


def key(text: str) -> str:
    """What two spellings of one question share: the normal form without spaces and punctuation."""
    return "".join(c for c in normalise(text).text if unicodedata.category(c)[0] not in "PZ")


def _latin(text: str) -> str:
    letters = [c for c in text if c.isalpha()]
    latin = 2 * sum(c.isascii() for c in letters) >= len(letters)

    def repair(word: re.Match[str]) -> str:
        found = word.group()
        mixed = any(c.isascii() for c in found)
        alone = latin and all(c in LOOKALIKES for c in found)
        return found.translate(_LOOKS) if mixed or alone else found

    return _LATIN_WORD.sub(repair, text)
