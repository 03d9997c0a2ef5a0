"""When kept bytes came last, so that retention can tell old ones; those of today count from today."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledgers", "0009_coverage_ends")]
    operations = [
        migrations.AddField(
            model_name="rawpayload",
            name="seen_at",
            field=models.DateTimeField(
                db_index=True,
                default=django.utils.timezone.now,
                help_text="When they came last, to within a day.",
            ),
        )
    ]
