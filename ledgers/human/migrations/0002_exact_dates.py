"""Mark articles whose date is not their own, and find by the time of storing what is not scored."""

import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("human", "0001_initial")]

    operations = [
        migrations.AddField(
            "article",
            "is_publication_exact",
            models.BooleanField(
                default=True, help_text="False: published_at is when we first saw it."
            ),
        ),
        migrations.AlterField(
            "article",
            "published_on",
            models.DateField(
                help_text="Day of publication as the item has it, UTC; 1970-01-01 if it has none."
            ),
        ),
        migrations.AddIndex(
            "article",
            django.contrib.postgres.indexes.BrinIndex(
                fields=["known_at"], name="article_known", autosummarize=True
            ),
        ),
        migrations.AddIndex(
            "post",
            django.contrib.postgres.indexes.BrinIndex(
                fields=["known_at"], name="post_known", autosummarize=True
            ),
        ),
    ]
