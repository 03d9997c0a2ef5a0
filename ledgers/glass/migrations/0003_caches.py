"""Caches over quotes and candles: the newest quote of each series, bars of hours and days.

Every tick writes the newest quotes again, so their pages have room for the next versions.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations, models

from ledgers.glass.projections import OF_CANDLES, OF_QUOTES, LatestQuotes
from ledgers.numeric import ExactField


def fill(apps, schema_editor):
    """Make the caches of an installation that holds facts already."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM glass_quote) OR EXISTS (SELECT FROM glass_candle)"
        )
        if not cursor.fetchone()[0]:
            return
    for projection in (LatestQuotes(), OF_QUOTES, OF_CANDLES):
        projection.rebuild()


def series(*more):
    """Return the key of a cache's row and the columns in it."""
    return [
        (
            "pk",
            models.CompositePrimaryKey(
                "source",
                "asset",
                "currency",
                *more,
                blank=True,
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        ("source", models.CharField(max_length=40)),
        ("asset", models.CharField(max_length=30)),
        ("currency", models.CharField(max_length=30)),
    ]


def exact(*names, **options):
    """Return exact numbers, each of which may be missing."""
    return [(name, ExactField(max_digits=60, null=True, **options)) for name in names]


class Migration(migrations.Migration):
    dependencies = [("glass", "0002_admin_views")]

    operations = [
        migrations.CreateModel(
            name="LatestQuote",
            fields=[
                *series(),
                ("event_at", models.DateTimeField()),
                ("published_at", models.DateTimeField(null=True)),
                ("known_at", models.DateTimeField()),
                ("available_at", models.DateTimeField()),
                ("observed_at", models.DateTimeField()),
                ("run_id", models.BigIntegerField()),
                ("parser", models.PositiveSmallIntegerField()),
                ("revision", models.PositiveSmallIntegerField()),
                ("withdrawn", models.BooleanField()),
                ("quoted_at", models.DateTimeField()),
                *exact("bid", "ask", "last"),
            ],
        ),
        migrations.CreateModel(
            name="Rollup",
            fields=[
                *series("base", "width", "event_at"),
                (
                    "base",
                    models.PositiveIntegerField(help_text="Seconds of the candles; 0: quotes."),
                ),
                ("width", models.PositiveIntegerField(help_text="Seconds.")),
                ("event_at", models.DateTimeField(help_text="When it begins.")),
                *exact("open", "high", "low", "close", "volume"),
                *exact("total", help_text="The sum of the closes."),
                ("count", models.PositiveIntegerField(help_text="Inputs that have a price.")),
                ("available_at", models.DateTimeField()),
                ("known_at", models.DateTimeField()),
            ],
        ),
        *(
            migrations.AddIndex(
                model_name=model,
                index=BrinIndex(
                    autosummarize=True, fields=["known_at"], name=f"{model}_known", pages_per_range=32
                ),
            )
            for model in ("quote", "candle")
        ),
        migrations.RunSQL(
            "ALTER TABLE glass_latestquote SET (fillfactor = 40)", migrations.RunSQL.noop
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
