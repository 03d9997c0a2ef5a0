"""Give the assets that were added to the catalogue their rows, also where a source brought them."""

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
        update_conflicts=True,
        unique_fields=["symbol"],
        update_fields=["name", "kind", "aliases", "is_verified"],
    )


class Migration(migrations.Migration):
    dependencies = [("ledgers", "0007_corrections")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
