"""Give every asset of the catalogue its row."""

from django.db import migrations

from ledgers.catalogue import CATALOGUE


def fill(apps, schema_editor):
    asset = apps.get_model("ledgers", "Asset")
    asset.objects.bulk_create(
        (
            asset(
                symbol=known.symbol,
                name=known.name,
                kind="fiat" if known.is_fiat else "crypto",
                aliases=list(known.aliases),
                is_verified=True,
            )
            for known in CATALOGUE
        ),
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("ledgers", "0002_append_only")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
