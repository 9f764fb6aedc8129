"""An ending names the rule that refused a job: twenty characters were too few for most rules."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compute", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="job", name="ending", field=models.CharField(default="", max_length=80)
        ),
    ]
