"""Make the table of encrypted credentials, and the append-only one of what was done with them."""

import django.db.models.functions.datetime
from django.db import migrations, models

from ledgers.appendonly import AppendOnly


class Migration(migrations.Migration):
    """Two tables; the second one refuses every change."""

    dependencies = [("ledgers", "0004_breaker")]

    operations = [
        migrations.CreateModel(
            name="Credential",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "owner",
                    models.CharField(help_text="source:<slug> or account:<id>", max_length=120),
                ),
                ("name", models.CharField(max_length=60)),
                (
                    "key_id",
                    models.CharField(help_text="Which master key sealed it.", max_length=16),
                ),
                (
                    "sealed",
                    models.BinaryField(
                        help_text="Nonce, then AES-256-GCM of the value and its tag."
                    ),
                ),
                ("hint", models.CharField(help_text="What may be shown of it.", max_length=8)),
                ("stored_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "name"), name="credential_identity")
                ],
            },
        ),
        migrations.CreateModel(
            name="CredentialUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("owner", models.CharField(max_length=120)),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("stored", "Stored"),
                            ("used", "Used"),
                            ("rotated", "Sealed under another key"),
                            ("forgotten", "Forgotten"),
                            ("refused", "Refused by the venue"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "actor",
                    models.CharField(blank=True, help_text="Who did it.", max_length=150),
                ),
                (
                    "purpose",
                    models.CharField(blank=True, help_text="What it was used for.", max_length=200),
                ),
                (
                    "at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["owner", "-at"], name="credential_use")],
            },
        ),
        AppendOnly("ledgers_credentialuse"),
    ]
