"""Remember what a replay needs, what it resolved, and what was erased."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from ledgers.appendonly import ERASURE, UNDO_ERASURE, guard_rows, guard_truncate

TEXTS = django.contrib.postgres.fields.ArrayField


class Migration(migrations.Migration):
    dependencies = [("ledgers", "0006_dropped")]

    operations = [
        migrations.AddField(
            "collectorrun",
            "urls",
            TEXTS(base_field=models.TextField(), default=list, help_text="Of each payload.", size=None),
        ),
        migrations.AddField(
            "collectorrun",
            "observed",
            TEXTS(
                base_field=models.DateTimeField(),
                default=list,
                help_text="When, each payload.",
                size=None,
            ),
        ),
        migrations.AddField(
            "rejectedrecord",
            "resolved_by",
            models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="resolved",
                to="ledgers.collectorrun",
            ),
        ),
        migrations.AlterField(
            "erasure", "fact", models.CharField(help_text="Table.", max_length=100)
        ),
        migrations.AddField(
            "erasure",
            "identity",
            TEXTS(
                base_field=models.TextField(),
                default=list,
                help_text="Values of the fact's identity, in order.",
                size=None,
            ),
            preserve_default=False,
        ),
        migrations.RunSQL(
            "UPDATE ledgers_erasure SET identity = ARRAY[row_id::text]",
            "UPDATE ledgers_erasure SET row_id = id",
        ),
        migrations.AlterField("erasure", "row_id", models.BigIntegerField(default=0)),
        migrations.RemoveField("erasure", "row_id"),
        migrations.AddField(
            "erasure",
            "columns",
            TEXTS(
                base_field=models.TextField(),
                default=list,
                help_text="What was blanked.",
                size=None,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "erasure",
            "revisions",
            models.PositiveIntegerField(default=0, help_text="Rows that were blanked."),
            preserve_default=False,
        ),
        migrations.AddField(
            "erasure",
            "actor",
            models.CharField(default="", max_length=150),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            "erasure",
            models.UniqueConstraint(fields=["fact", "identity"], name="erasure_identity"),
        ),
        migrations.RunSQL(
            ERASURE,
            UNDO_ERASURE,
        ),
        migrations.RunSQL(
            [guard_rows("ledgers_erasure"), guard_truncate("ledgers_erasure")],
            [
                'DROP TRIGGER append_only ON "ledgers_erasure"',
                'DROP TRIGGER append_only_truncate ON "ledgers_erasure"',
            ],
        ),
    ]
