"""Find the scores of one asset among those of all."""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("human", "0002_exact_dates")]

    operations = [
        migrations.AddIndex("score", GinIndex(fields=["assets"], name="score_assets")),
    ]
