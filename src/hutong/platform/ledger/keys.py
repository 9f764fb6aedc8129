"""The log's own key: Ed25519, made at the first start, kept in the home with mode 600."""

from __future__ import annotations

import base64
import secrets
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from hutong.kernel.note import SigningKey
from hutong.platform.secrets import secret_of


def signing_key() -> SigningKey:
    """The key that signs this hub's checkpoints; its name is the log's origin."""
    return _key(str(settings.HUTONG_HOME), settings.HUTONG_NAME)


@lru_cache(maxsize=8)
def _key(home: str, name: str) -> SigningKey:
    text = secret_of(Path(home), "log", make=lambda: base64.b64encode(secrets.token_bytes(32)).decode())
    return SigningKey(name, base64.b64decode(text))
