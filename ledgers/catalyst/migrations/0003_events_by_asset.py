"""Find the events of one asset among those of all."""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("catalyst", "0002_edits")]

    operations = [
        migrations.AddIndex("event", GinIndex(fields=["assets"], name="event_assets")),
    ]
