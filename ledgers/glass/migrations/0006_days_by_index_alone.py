"""Days of all series are read from the index alone, however their rows lie in the table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("glass", "0005_hourly_quotes")]

    operations = [
        migrations.RemoveIndex(model_name="rollup", name="rollup_days"),
        migrations.AddIndex(
            model_name="rollup",
            index=models.Index(
                fields=["event_at"],
                include=("source", "asset", "currency", "base", "count"),
                condition=models.Q(width=86400),
                name="rollup_days",
            ),
        ),
    ]
