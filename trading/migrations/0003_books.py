"""Books kept beside the facts, and the notes of which facts changed since."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import ledgers.numeric
from django.db import migrations, models


NOTES = """
CREATE FUNCTION trading_note_prices(first timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared((extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
    INSERT INTO trading_bookchange (account_id, is_transfer, since, noted_at)
    VALUES (NULL, false, first, clock_timestamp());
END $$;

CREATE FUNCTION trading_note_facts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared((extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
    EXECUTE format(
        'INSERT INTO trading_bookchange (account_id, is_transfer, since, noted_at) '
        'SELECT moved.account_id, %L, min(least(moved.event_at, ('
        '    SELECT min(event_at) FROM %I.%I told WHERE told.account_id = moved.account_id '
        '    AND told.venue_id = moved.venue_id))), clock_timestamp() '
        'FROM moved GROUP BY moved.account_id',
        TG_TABLE_NAME = 'exchange_transfer', TG_TABLE_SCHEMA, TG_TABLE_NAME
    );
    RETURN NULL;
END $$;
"""
"""Both announce themselves to readers of a safe horizon before they take the clock, as every store
transaction does, so a note is never older than a horizon that did not show it."""


def note(table: str) -> migrations.RunSQL:
    """Return what notes which facts of a table come, or go."""
    made = [
        f"CREATE TRIGGER book_note_{event.lower()} AFTER {event} ON {table} "
        f"REFERENCING {which} TABLE AS moved FOR EACH STATEMENT "
        "EXECUTE FUNCTION trading_note_facts()"
        for event, which in (("INSERT", "NEW"), ("DELETE", "OLD"))
    ]
    gone = [f"DROP TRIGGER book_note_{event} ON {table}" for event in ("insert", "delete")]
    return migrations.RunSQL(made, gone)


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0004_transfer_in_time'),
        ('trading', '0002_orders'),
    ]

    operations = [
        migrations.CreateModel(
            name='BookAsked',
            fields=[
                ('pk', models.CompositePrimaryKey('user_id', 'moment', 'asset', 'currency', blank=True, editable=False, primary_key=True, serialize=False)),
                ('user_id', models.BigIntegerField()),
                ('moment', models.DateTimeField()),
                ('asset', models.CharField(max_length=30)),
                ('currency', models.CharField(max_length=30)),
                ('price', models.JSONField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='BookHead',
            fields=[
                ('user_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('version', models.BigIntegerField(default=0)),
                ('config', models.TextField(blank=True)),
                ('horizon', models.DateTimeField(null=True)),
                ('available_at', models.DateTimeField(null=True)),
                ('known_at', models.DateTimeField(null=True)),
                ('priced_at', models.DateTimeField(help_text='Null: no booking asked for a price.', null=True)),
                ('last_at', models.DateTimeField(help_text='Of the last entry.', null=True)),
                ('last_own_at', models.DateTimeField(help_text='Of the last own transfer.', null=True)),
                ('names', models.JSONField(default=dict, help_text='account:venue_id of halves, their names.')),
            ],
        ),
        migrations.CreateModel(
            name='BookParcel',
            fields=[
                ('pk', models.CompositePrimaryKey('user_id', 'match', 'asset', 'since', blank=True, editable=False, primary_key=True, serialize=False)),
                ('user_id', models.BigIntegerField()),
                ('match', models.TextField()),
                ('asset', models.CharField(max_length=30)),
                ('since', models.DateField()),
                ('until', models.DateField(null=True)),
                ('currency', models.CharField(max_length=10)),
                ('lots', models.JSONField(help_text='Of each: at, key, serial, quantity, cost.')),
            ],
        ),
        migrations.CreateModel(
            name='BookChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField(null=True)),
                ('is_transfer', models.BooleanField(default=False)),
                ('since', models.DateTimeField(help_text='The earliest event that changed.')),
                ('noted_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'indexes': [models.Index(fields=['account_id', 'noted_at'], name='book_change')],
            },
        ),
        migrations.CreateModel(
            name='BookDisposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('key', models.TextField()),
                ('asset', models.CharField(max_length=30)),
                ('lot', models.PositiveIntegerField(help_text='Its serial.', null=True)),
                ('quantity', ledgers.numeric.ExactField(max_digits=60)),
                ('cost', ledgers.numeric.ExactField(max_digits=60)),
                ('proceeds', ledgers.numeric.ExactField(max_digits=60)),
                ('is_fee', models.BooleanField()),
                ('account', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='exchange.account')),
            ],
            options={
                'indexes': [models.Index(fields=['account', 'at'], name='book_disposal')],
            },
        ),
        migrations.CreateModel(
            name='BookFee',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('key', models.TextField()),
                ('asset', models.CharField(max_length=30)),
                ('quantity', ledgers.numeric.ExactField(max_digits=60)),
                ('value', ledgers.numeric.ExactField(max_digits=60)),
                ('in_basis', models.BooleanField()),
                ('account', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='exchange.account')),
            ],
            options={
                'indexes': [models.Index(fields=['account', 'at'], name='book_fee')],
            },
        ),
        migrations.CreateModel(
            name='BookFlow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('key', models.TextField()),
                ('kind', models.CharField(max_length=12)),
                ('asset', models.CharField(max_length=30)),
                ('quantity', ledgers.numeric.ExactField(max_digits=60)),
                ('value', ledgers.numeric.ExactField(max_digits=60)),
                ('is_implied', models.BooleanField()),
                ('account', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='exchange.account')),
            ],
            options={
                'indexes': [models.Index(fields=['account', 'at'], name='book_flow')],
            },
        ),
        migrations.CreateModel(
            name='BookLot',
            fields=[
                ('pk', models.CompositePrimaryKey('account_id', 'serial', 'since', blank=True, editable=False, primary_key=True, serialize=False)),
                ('serial', models.PositiveIntegerField()),
                ('since', models.DateField()),
                ('until', models.DateField(null=True)),
                ('asset', models.CharField(max_length=30)),
                ('at', models.DateTimeField()),
                ('key', models.TextField()),
                ('quantity', ledgers.numeric.ExactField(max_digits=60)),
                ('cost', ledgers.numeric.ExactField(max_digits=60)),
                ('rest', ledgers.numeric.ExactField(max_digits=60)),
                ('rest_cost', ledgers.numeric.ExactField(max_digits=60)),
                ('is_open', models.BooleanField(help_text='Whether anything is left of it.')),
                ('rank', django.contrib.postgres.fields.ArrayField(base_field=ledgers.numeric.ExactField(max_digits=60), size=None)),
                ('account', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='exchange.account')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('is_open', True), ('until', None)), fields=['account', 'asset', 'rank'], name='book_lot_next')],
            },
        ),
        migrations.CreateModel(
            name='BookPosition',
            fields=[
                ('pk', models.CompositePrimaryKey('account_id', 'asset', 'since', blank=True, editable=False, primary_key=True, serialize=False)),
                ('asset', models.CharField(max_length=30)),
                ('since', models.DateField()),
                ('until', models.DateField(null=True)),
                ('quantity', ledgers.numeric.ExactField(max_digits=60)),
                ('cost', ledgers.numeric.ExactField(max_digits=60)),
                ('realized', ledgers.numeric.ExactField(max_digits=60)),
                ('realized_unmatched', ledgers.numeric.ExactField(max_digits=60)),
                ('income', ledgers.numeric.ExactField(max_digits=60)),
                ('fees', ledgers.numeric.ExactField(help_text='Outside the basis.', max_digits=60)),
                ('flows', ledgers.numeric.ExactField(max_digits=60)),
                ('unmatched', ledgers.numeric.ExactField(max_digits=60)),
                ('unpriced', models.BooleanField()),
                ('first_at', models.DateTimeField(help_text='Of the first entry that moved it.')),
                ('fills', models.PositiveIntegerField()),
                ('transfers', models.PositiveIntegerField()),
                ('fees_in_basis', ledgers.numeric.ExactField(max_digits=60)),
                ('implied_flows', ledgers.numeric.ExactField(max_digits=60)),
                ('account', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='exchange.account')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('until', None)), fields=['account'], name='book_position_now')],
            },
        ),
        migrations.RunSQL(
            NOTES,
            "DROP FUNCTION trading_note_facts(); DROP FUNCTION trading_note_prices(timestamptz)",
        ),
        note("exchange_fill"),
        note("exchange_transfer"),
    ]
