"""The database itself refuses to change or delete evidence, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from typing import Any

FROZEN = ("platform_event", "platform_tile", "platform_checkpoint")
PAYLOAD = "platform_payload"
ERASURE = (
    "NEW.seq = OLD.seq AND (NEW.body IS NULL OR NEW.body = OLD.body) "
    "AND (NEW.salt IS NULL OR NEW.salt = OLD.salt)"
)
MESSAGE = "evidence is append-only: write a new event that supersedes"


def _sqlite() -> list[str]:
    statements = []
    for table in FROZEN:
        for verb in ("UPDATE", "DELETE"):
            statements.append(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
            )
    statements.append(
        f"CREATE TRIGGER {PAYLOAD}_no_update BEFORE UPDATE ON {PAYLOAD} WHEN NOT ({ERASURE}) "
        f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    )
    statements.append(
        f"CREATE TRIGGER {PAYLOAD}_no_delete BEFORE DELETE ON {PAYLOAD} "
        f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    )
    return statements


def _postgresql() -> list[str]:
    statements = [
        f"""CREATE OR REPLACE FUNCTION hutong_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{MESSAGE}'; END $$""",
        f"""CREATE OR REPLACE FUNCTION hutong_erase_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'UPDATE' AND {ERASURE} THEN RETURN NEW; END IF;
          RAISE EXCEPTION '{MESSAGE}';
        END $$""",
    ]
    for table in FROZEN:
        statements.append(
            f"CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION hutong_append_only()"
        )
    statements.append(
        f"CREATE TRIGGER {PAYLOAD}_frozen BEFORE UPDATE OR DELETE ON {PAYLOAD} "
        "FOR EACH ROW EXECUTE FUNCTION hutong_erase_only()"
    )
    for table in (*FROZEN, PAYLOAD):
        statements.append(
            f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION hutong_append_only()"
        )
    return statements


def install(connection: Any) -> None:
    """Create the triggers on this connection's database."""
    statements = _sqlite() if connection.vendor == "sqlite" else _postgresql()
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def names(connection: Any) -> set[str]:
    """The triggers that are in force, by name: `doctor` compares them with what should be there."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {row[0] for row in cursor.fetchall()}


def expected(connection: Any) -> set[str]:
    """The names that `install` creates for this vendor."""
    statements = _sqlite() if connection.vendor == "sqlite" else _postgresql()
    return {s.split()[2] for s in statements if s.startswith("CREATE TRIGGER")}
