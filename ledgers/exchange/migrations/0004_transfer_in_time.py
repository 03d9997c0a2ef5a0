"""Let the transfers of a span be found without reading an account's history."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exchange", "0003_balance_in_time")]

    operations = [
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(fields=["account", "event_at"], name="transfer_in_time"),
        ),
    ]
