"""A cache of the quotes that were the newest at each whole hour, for histories as they were known."""

from django.db import migrations, models

from ledgers.glass.hourly import HourlyQuotes
from ledgers.numeric import ExactField


def fill(apps, schema_editor):
    """Make the cache of an installation that holds quotes already."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM glass_quote)")
        if not cursor.fetchone()[0]:
            return
    HourlyQuotes().rebuild()


class Migration(migrations.Migration):
    dependencies = [("glass", "0004_rollup_days")]

    operations = [
        migrations.CreateModel(
            name="HourlyQuote",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "source",
                        "asset",
                        "currency",
                        "at",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("source", models.CharField(max_length=40)),
                ("asset", models.CharField(max_length=30)),
                ("currency", models.CharField(max_length=30)),
                ("at", models.DateTimeField(help_text="The hour.")),
                ("event_at", models.DateTimeField()),
                ("known_at", models.DateTimeField()),
                ("quoted_at", models.DateTimeField()),
                ("price", ExactField(max_digits=60, null=True)),
                ("withdrawn", models.BooleanField()),
            ],
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
