"""What the ORM has no words for: triggers that keep evidence unchanged, and the full-text index."""

from typing import Any

from django.db import migrations

from hutong.platform.ledger import triggers
from hutong.platform.search import create_index


def build(apps: Any, schema_editor: Any) -> None:
    triggers.install(schema_editor.connection)
    create_index(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("platform", "0001_initial")]
    operations = [migrations.RunPython(build, migrations.RunPython.noop)]
