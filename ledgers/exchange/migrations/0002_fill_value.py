"""Keep what a venue says a trade was worth in the account's currency."""

from django.db import migrations

import ledgers.numeric


class Migration(migrations.Migration):
    dependencies = [("exchange", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="fill",
            name="value",
            field=ledgers.numeric.ExactField(
                help_text="In the account's currency, if the venue tells.",
                max_digits=60,
                null=True,
            ),
        ),
    ]
