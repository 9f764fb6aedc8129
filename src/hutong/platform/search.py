"""Bilingual search that finds one- and two-character Chinese words.

Chinese text is split into single characters and queried as a phrase, on FTS5 (SQLite) and on PostgreSQL alike:
word segmentation loses recall on short names. Latin words are matched by prefix.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django.db import connection, models

_CJK = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_CJK}]+|[0-9A-Za-z]+")
_HAN = re.compile(rf"[{_CJK}]")


class SearchDocument(models.Model):
    """What can be found: one row per record that a public or scoped page shows."""

    code = models.CharField(max_length=24, unique=True)
    kind = models.CharField(max_length=40)
    title_en = models.CharField(max_length=300)
    title_zh = models.CharField(max_length=300)
    body = models.TextField()

    class Meta:
        app_label = "platform"
        ordering: ClassVar[list[str]] = ["code"]


def split(text: str) -> str:
    """Tokens separated by spaces, each Chinese character its own token."""
    return " ".join(" ".join(t) if _HAN.match(t) else t.lower() for t in _TOKEN.findall(text))


def _match_sqlite(query: str) -> str:
    parts = []
    for token in _TOKEN.findall(query):
        parts.append(f'"{" ".join(token)}"' if _HAN.match(token) else f'"{token.lower()}"*')
    return " AND ".join(parts)


def _match_postgresql(query: str) -> str:
    parts = []
    for token in _TOKEN.findall(query):
        parts.append(f"({' <-> '.join(token)})" if _HAN.match(token) else f"{token.lower()}:*")
    return " & ".join(parts)


def create_index(connection: Any) -> None:
    """The full-text index beside the table; called by the first migration."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("CREATE VIRTUAL TABLE platform_search USING fts5(code UNINDEXED, words)")
        else:
            cursor.execute("CREATE TABLE platform_search (code varchar(24) PRIMARY KEY, words tsvector)")
            cursor.execute("CREATE INDEX platform_search_words ON platform_search USING gin (words)")


def index(code: str, kind: str, title_en: str, title_zh: str, body: str) -> None:
    """Put a record into the index, or renew it."""
    SearchDocument.objects.update_or_create(
        code=code,
        defaults={"kind": kind, "title_en": title_en[:300], "title_zh": title_zh[:300], "body": body},
    )
    words = split(f"{code} {title_en} {title_zh} {body}")
    value = "%s" if connection.vendor == "sqlite" else "to_tsvector('simple', %s)"
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM platform_search WHERE code = %s", [code])
        cursor.execute(f"INSERT INTO platform_search (code, words) VALUES (%s, {value})", [code, words])


def find(query: str, limit: int = 50) -> list[SearchDocument]:
    """Documents that hold every word of the query, best known first by code. An empty query finds nothing."""
    sqlite = connection.vendor == "sqlite"
    match = _match_sqlite(query) if sqlite else _match_postgresql(query)
    if not match:
        return []
    where = "words MATCH %s" if sqlite else "words @@ to_tsquery('simple', %s)"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT code FROM platform_search WHERE {where} LIMIT {int(limit)}", [match])
        codes = [row[0] for row in cursor.fetchall()]
    return list(SearchDocument.objects.filter(code__in=codes))
