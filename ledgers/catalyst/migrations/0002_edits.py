"""Keep when an author changed an announcement, and whether a publication time is exact."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalyst", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="edited_at",
            field=models.DateTimeField(help_text="When its author last changed it.", null=True),
        ),
        migrations.AddField(
            model_name="event",
            name="is_publication_exact",
            field=models.BooleanField(
                default=True,
                help_text="False: published_at is the latest that it can have been.",
            ),
        ),
    ]
