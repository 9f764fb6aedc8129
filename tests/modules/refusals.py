"""A refusal as every test wants it: class, rule, field, both languages, and nothing changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hutong.kernel.errors import HutongError
from hutong.platform.ledger.tables import Event

CHINESE = re.compile("[\u4e00-\u9fff]")


@contextmanager
def refused(error: type[HutongError], rule: str, field: str | None = None) -> Iterator[None]:
    """The block ends in exactly this refusal, and the ledger is as long as before."""
    before = Event.objects.count()
    with pytest.raises(HutongError) as caught:
        yield
    found = caught.value
    assert (type(found), found.rule, found.field) == (error, rule, field), found.what.en
    for text in (found.what, found.remedy):
        assert text.en.strip() and CHINESE.search(text.zh), text
        assert "{" not in text.en + text.zh, text
    assert Event.objects.count() == before
