"""Let the last look at an account's balances be found without reading its history."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """An index on account and time."""

    dependencies = [("exchange", "0002_fill_value")]

    operations = [
        migrations.AddIndex(
            model_name="balance",
            index=models.Index(fields=["account", "event_at"], name="balance_in_time"),
        ),
    ]
