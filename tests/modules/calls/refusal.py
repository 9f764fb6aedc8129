"""What every refusal owes: its kind, its rule, its field, words in both languages, and a ledger left as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hutong.kernel.errors import HutongError
from hutong.platform.ledger.tables import Event

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@contextmanager
def refused(kind: type[HutongError], rule: str, field: str | None = None) -> Iterator[None]:
    """The block is refused by exactly this rule and field (None: the refusal names no field); nothing is logged."""
    before = Event.objects.count()
    with pytest.raises(kind) as caught:
        yield
    error = caught.value
    assert (type(error), error.rule, error.field) == (kind, rule, field)
    for words in (error.what, error.remedy):
        assert re.search(r"[A-Za-z]{2}", words.en) and CHINESE.search(words.zh)
    assert Event.objects.count() == before
