"""Views that give quotes and candles a key of one column, for the admin."""

from django.db import migrations, models

import ledgers.numeric

SHARED = (
    "event_at, published_at, known_at, available_at, observed_at, run_id, parser, revision, "
    "withdrawn, source, asset, currency"
)
WRITTEN = {
    '%': '%25', '~': '%7E', '/': '%2F', ':': '%3A', ' ': '%20', '+': '%2B', '&': '%26', '#': '%23',
}


def text(column: str) -> str:
    """Write a column as public ids write it."""
    written = column
    for character, code in WRITTEN.items():
        written = f"replace({written}, '{character}', '{code}')"
    return written


def view(table: str, parts: list[str], own: str) -> str:
    """Write the view of one table."""
    moment = "to_char(event_at AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISS\"Z\"')"
    series = [text(part) if part != "interval" else '"interval"::text' for part in parts]
    key = " || '~' || ".join([*series, moment, "revision::text"])
    name = table.replace("_", ".")
    return (
        f"CREATE VIEW {table}_row AS "
        f"SELECT '{name}.' || {key} AS id, {SHARED}, {own} FROM {table}"
    )


def fields(*own):
    """Return the fields of a row, for Django's state."""
    return [
        ("id", models.TextField(primary_key=True, serialize=False)),
        ("event_at", models.DateTimeField()),
        ("published_at", models.DateTimeField(null=True)),
        ("known_at", models.DateTimeField()),
        ("available_at", models.DateTimeField()),
        ("observed_at", models.DateTimeField()),
        ("run_id", models.BigIntegerField()),
        ("parser", models.PositiveSmallIntegerField()),
        ("revision", models.PositiveSmallIntegerField()),
        ("withdrawn", models.BooleanField()),
        ("source", models.CharField(max_length=40)),
        ("asset", models.CharField(max_length=30)),
        ("currency", models.CharField(max_length=30)),
        *own,
    ]


def exact(name, **options):
    """Return one exact number."""
    return (name, ledgers.numeric.ExactField(max_digits=60, **options))


class Migration(migrations.Migration):
    dependencies = [("glass", "0001_initial")]

    operations = [
        migrations.RunSQL(
            view("glass_quote", ["source", "asset", "currency"], "quoted_at, bid, ask, last"),
            "DROP VIEW glass_quote_row",
        ),
        migrations.RunSQL(
            view(
                "glass_candle",
                ["source", "asset", "currency", "interval"],
                '"interval", open, high, low, close, volume',
            ),
            "DROP VIEW glass_candle_row",
        ),
        migrations.CreateModel(
            name="QuoteRow",
            fields=fields(
                ("quoted_at", models.DateTimeField()),
                exact("bid", null=True),
                exact("ask", null=True),
                exact("last", null=True),
            ),
            options={"db_table": "glass_quote_row", "managed": False, "verbose_name": "quote"},
        ),
        migrations.CreateModel(
            name="CandleRow",
            fields=fields(
                ("interval", models.PositiveIntegerField(help_text="Seconds.")),
                exact("open"),
                exact("high"),
                exact("low"),
                exact("close"),
                exact("volume"),
            ),
            options={"db_table": "glass_candle_row", "managed": False, "verbose_name": "candle"},
        ),
    ]
