"""A passport that was published stays public after its system is withdrawn: who was published is read off the log."""

from typing import Any

from django.db import migrations, models


def remember(apps: Any, schema_editor: Any) -> None:
    event, system = apps.get_model("platform", "Event"), apps.get_model("passport", "System")
    published = event.objects.filter(operation="passport.system.publish").values_list("subject", flat=True)
    system.objects.filter(code__in=list(published)).update(public=True)


class Migration(migrations.Migration):
    dependencies = [("passport", "0001_initial"), ("platform", "0002_evidence_and_search")]

    operations = [
        migrations.AddField(model_name="system", name="public", field=models.BooleanField(default=False)),
        migrations.RunPython(remember, migrations.RunPython.noop),
    ]
