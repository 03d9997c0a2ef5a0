"""Migration operations that make a table append-only.

Rows are guarded by a row trigger, which PostgreSQL copies to every partition, also future ones.
TRUNCATE has only statement triggers, and those of a parent do not fire for a partition: each
partition gets its own (`guard_truncate`, called by `partitions.ensure_months`).

Two doors pass the triggers, `omc_clear_seed` and `omc_erase` (with `omc_erase_quotes` for what
journals quoted): SECURITY DEFINER functions owned by the role `omc_keeper`, which cannot log in.
A setting as a key would open for anyone who types SET.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FIRST_ERASE = """
CREATE FUNCTION omc_erase(fact regclass, declared text, row_id bigint, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    EXECUTE format('UPDATE %s SET %I = '''' WHERE id = $1', fact, declared) USING row_id;
    INSERT INTO ledgers_erasure (fact, row_id, reason, erased_at)
    VALUES (fact::text, row_id, reason, clock_timestamp());
END $$;
"""


def give_away(*functions: str) -> str:
    """Return the statement that makes the keeper the owner of functions.

    A managed database's owner is no superuser: it must be a member of a role, and the role may
    create in the schema, to give a function away. Both are taken back at once.
    """
    given = "\n".join(
        f"    ALTER FUNCTION {function} OWNER TO omc_keeper;" for function in functions
    )
    return f"""
DO $$ BEGIN
    EXECUTE format('GRANT omc_keeper TO %I', current_user);
    EXECUTE format('GRANT CREATE ON SCHEMA %I TO omc_keeper', current_schema());
{given}
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM omc_keeper', current_schema());
    EXECUTE format('REVOKE omc_keeper FROM %I', current_user);
END $$;
"""


INSTALL = [
    """
DO $$ BEGIN CREATE ROLE omc_keeper NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;

CREATE FUNCTION omc_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'omc_keeper' THEN
        RETURN CASE TG_OP WHEN 'UPDATE' THEN NEW ELSE OLD END;
    END IF;
    RAISE EXCEPTION '% of % refused: facts are append-only.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION omc_clear_seed(fact regclass) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE cleared bigint;
BEGIN
    IF current_setting('omc.environment', true) = 'production' THEN
        RAISE EXCEPTION 'Seed rows are not cleared in production.';
    END IF;
    EXECUTE format('DELETE FROM %s WHERE run_id IN '
                   '(SELECT id FROM ledgers_collectorrun WHERE kind = ''seed'')', fact);
    GET DIAGNOSTICS cleared = ROW_COUNT;
    RETURN cleared;
END $$;

GRANT INSERT ON ledgers_erasure TO omc_keeper;
GRANT USAGE ON SEQUENCE ledgers_erasure_id_seq TO omc_keeper;
GRANT SELECT ON ledgers_collectorrun TO omc_keeper;
""",
    FIRST_ERASE,
    give_away("omc_clear_seed(regclass)", "omc_erase(regclass, text, bigint, text)"),
]
REMOVE = """
DROP FUNCTION omc_clear_seed(regclass);
DROP FUNCTION omc_erase(regclass, text, bigint, text);
DROP FUNCTION omc_append_only();
"""

ERASING = (
    "omc_erase(regclass, text[], text[], bigint[], text, text)",
    "omc_erase_quotes(regclass, bigint, text[], bigint[])",
)
ERASURE = [
    "DROP FUNCTION omc_erase(regclass, text, bigint, text)",
    """
CREATE FUNCTION omc_erase(
    fact regclass, identity text[], columns text[], ids bigint[], reason text, actor text
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE wrong text; blanked bigint; written bigint;
BEGIN
    SELECT name INTO wrong FROM unnest(columns) AS name
    LEFT JOIN pg_attribute a ON a.attrelid = fact AND a.attname = name
    WHERE a.atttypid IS NULL OR a.atttypid NOT IN ('text'::regtype, 'varchar'::regtype) OR EXISTS (
        SELECT FROM pg_index i
        WHERE i.indrelid = fact AND i.indisunique AND a.attnum = ANY (i.indkey)
    );
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION '% of % is not erased: it is no text, or tells which thing is meant.',
            wrong, fact USING ERRCODE = 'restrict_violation';
    END IF;
    EXECUTE format('UPDATE %s SET %s WHERE id = ANY ($1)', fact, (
        SELECT string_agg(format('%I = %L', name, ''), ', ') FROM unnest(columns) AS name
    )) USING ids;
    GET DIAGNOSTICS blanked = ROW_COUNT;
    INSERT INTO ledgers_erasure (fact, identity, columns, revisions, reason, actor, erased_at)
    VALUES (fact::text, identity, columns, blanked, reason, actor, clock_timestamp())
    RETURNING id INTO written;
    RETURN written;
END $$;

CREATE FUNCTION omc_without(value jsonb, said text[]) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path FROM CURRENT AS $$
DECLARE words text; one text;
BEGIN
    CASE jsonb_typeof(value)
    WHEN 'object' THEN
        RETURN (SELECT coalesce(jsonb_object_agg(key, omc_without(part, said)), '{}')
                FROM jsonb_each(value) AS members (key, part));
    WHEN 'array' THEN
        RETURN (SELECT coalesce(jsonb_agg(omc_without(part, said) ORDER BY place), '[]')
                FROM jsonb_array_elements(value) WITH ORDINALITY AS items (part, place));
    WHEN 'string' THEN
        words := value #>> '{}';
        FOREACH one IN ARRAY said LOOP words := replace(words, one, '[erased]'); END LOOP;
        RETURN to_jsonb(words);
    ELSE RETURN value;
    END CASE;
END $$;

CREATE FUNCTION omc_erase_quotes(journal regclass, erasure bigint, said text[], ids bigint[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE blanked bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM ledgers_erasure WHERE id = erasure) THEN
        RAISE EXCEPTION 'There is no erasure %.', erasure USING ERRCODE = 'restrict_violation';
    END IF;
    EXECUTE format('UPDATE %s SET payload = omc_without(payload, $1) '
                   'WHERE id = ANY ($2) AND payload <> omc_without(payload, $1)', journal)
    USING said, ids;
    GET DIAGNOSTICS blanked = ROW_COUNT;
    RETURN blanked;
END $$;
GRANT SELECT ON ledgers_erasure TO omc_keeper;
""",
    give_away(*ERASING),
]
"""Replaces the first `omc_erase`, which blanked one column of one row."""
UNDO_ERASURE = [
    *(f"DROP FUNCTION {function}" for function in ERASING),
    "DROP FUNCTION omc_without(jsonb, text[])",
    FIRST_ERASE,
    give_away("omc_erase(regclass, text, bigint, text)"),
]


def guard_truncate(table: str) -> str:
    """Return the statement that refuses TRUNCATE of one table or partition."""
    return (
        f'CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON "{table}" '
        "FOR EACH STATEMENT EXECUTE FUNCTION omc_append_only()"
    )


def guard_rows(table: str) -> str:
    """Return the statement that refuses UPDATE and DELETE of a table and all its partitions."""
    return (
        f'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON "{table}" '
        "FOR EACH ROW EXECUTE FUNCTION omc_append_only()"
    )


class AppendOnly(migrations.RunSQL):
    """Refuse UPDATE, DELETE and TRUNCATE of one table, but for the keeper."""

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(
            sql=[
                guard_rows(table),
                guard_truncate(table),
                f'GRANT SELECT, UPDATE, DELETE ON "{table}" TO omc_keeper',
            ],
            reverse_sql=[
                f'DROP TRIGGER append_only ON "{table}"',
                f'DROP TRIGGER append_only_truncate ON "{table}"',
            ],
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Write only the table into a migration."""
        return self.__class__.__qualname__, [self.table], {}


class CreatePartitionedModel(migrations.CreateModel):
    """CreateModel whose table is PARTITION BY RANGE (event_at), without a DEFAULT partition."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        """Create the parent; months are made by `partitions.ensure_months`."""
        plain = schema_editor.sql_create_table
        schema_editor.sql_create_table = f"{plain} PARTITION BY RANGE (event_at)"
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        finally:
            schema_editor.sql_create_table = plain
