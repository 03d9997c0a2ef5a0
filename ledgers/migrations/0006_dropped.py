"""Remember what retention dropped."""

import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.db import migrations, models

from ledgers.appendonly import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("ledgers", "0005_credentials")]

    operations = [
        migrations.CreateModel(
            name="Dropped",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("table", models.CharField(max_length=63)),
                ("window", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ("dropped_at", models.DateTimeField()),
                (
                    "feed",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledgers.feed",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "dropped",
                "indexes": [models.Index(fields=["feed"], name="dropped_feed")],
            },
        ),
        AppendOnly("ledgers_dropped"),
    ]
