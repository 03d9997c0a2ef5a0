"""Credentials: encrypted, bound to their row, masked, and every use written down."""

from __future__ import annotations

import base64
import json
import logging
import os
from threading import Barrier, Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from ledgers import credentials
from ledgers.credentials import (
    CredentialError,
    forget,
    masked,
    refusal_of,
    refuse,
    rotate,
    secret_of,
    store_secret,
)
from ledgers.models import Credential, CredentialUse

OWNER, OTHER = "account:7", "source:reddit"
SECRET = "correct-horse-battery-staple"
VALUES = {"key": "0123456789abcdef", "secret": SECRET}
pytestmark = pytest.mark.usefixtures("ledger")


def master_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def stored(owner: str = OWNER) -> None:
    store_secret(owner, VALUES, actor="mia")


def uses() -> list[tuple[str, str, str, str]]:
    rows = CredentialUse.objects.order_by("id")
    return list(rows.values_list("owner", "action", "actor", "purpose"))


def test_what_was_stored_comes_back_and_the_table_does_not_hold_it() -> None:
    stored()
    assert secret_of(OWNER, purpose="look") == VALUES
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledgers_credential::text FROM ledgers_credential")
        rows = str(cursor.fetchall())
    for value in VALUES.values():
        assert value not in rows
        assert value.encode().hex() not in rows


def test_an_owner_without_credentials_has_none_and_nothing_is_noted() -> None:
    assert secret_of(OWNER, purpose="look") == {}
    assert masked(OWNER) == {}
    forget(OWNER, actor="mia")
    assert uses() == []


def test_the_same_value_is_never_sealed_the_same_way() -> None:
    store_secret(OWNER, {"a": SECRET, "b": SECRET}, actor="mia")
    first, second = (bytes(row.sealed) for row in Credential.objects.all())
    assert first[:12] != second[:12]
    assert first[12:] != second[12:]


def test_four_signs_of_a_long_value_are_shown_and_none_of_a_short_one() -> None:
    store_secret(OWNER, {"long": SECRET, "short": "123456789012345"}, actor="mia")
    assert masked(OWNER) == {"long": "…aple", "short": "…"}


def test_masking_needs_no_master_key(settings) -> None:
    stored()
    settings.OMC_CREDENTIAL_KEY = "none"
    assert masked(OWNER)["secret"] == "…aple"


def test_values_do_not_show_themselves() -> None:
    stored()
    values = secret_of(OWNER, purpose="look")
    row = Credential.objects.get(name="secret")
    key = credentials._master_keys()[0]
    for shown in (repr(values), str(values), f"{values}", repr(row), str(row), repr(key)):
        assert SECRET not in shown
        assert "0123456789abcdef" not in shown
    assert repr(values) == "Secrets(key, secret)"


def test_storing_replaces_all_that_the_owner_had() -> None:
    stored()
    store_secret(OWNER, {"token": "t" * 20}, actor="mia")
    assert secret_of(OWNER, purpose="look") == {"token": "t" * 20}


@pytest.mark.parametrize("values", [{}, {"key": ""}, {"key": "k", "secret": ""}])
def test_an_empty_value_is_refused_and_what_was_there_stays(values) -> None:
    stored()
    with pytest.raises(CredentialError, match="empty"):
        store_secret(OWNER, values, actor="mia")
    assert secret_of(OWNER, purpose="look") == VALUES


def test_every_use_is_noted_with_its_purpose_and_without_the_value() -> None:
    stored()
    secret_of(OWNER, purpose="look at the account")
    rotate(actor="nobody")
    forget(OWNER, actor="mia")
    assert secret_of(OWNER, purpose="again") == {}
    assert uses() == [
        (OWNER, "stored", "mia", ""),
        (OWNER, "used", "", "look at the account"),
        (OWNER, "forgotten", "mia", ""),
    ]
    assert SECRET not in str(uses())


def test_a_use_that_might_be_taken_back_is_refused() -> None:
    stored()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        secret_of(OWNER, purpose="look")


def test_a_use_is_noted_even_if_what_follows_fails(settings) -> None:
    stored()
    settings.OMC_CREDENTIAL_KEY = master_key()
    with pytest.raises(CredentialError):
        secret_of(OWNER, purpose="look")
    assert uses()[-1] == (OWNER, "used", "", "look")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE ledgers_credentialuse SET purpose = 'nothing'",
        "DELETE FROM ledgers_credentialuse",
        "TRUNCATE ledgers_credentialuse",
    ],
)
def test_nobody_changes_the_notes(sql) -> None:
    stored()
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


@pytest.mark.parametrize("place", [0, 11, 12, 20, -1])
def test_a_changed_ciphertext_opens_no_more(place) -> None:
    stored()
    row = Credential.objects.get(name="secret")
    sealed = bytearray(row.sealed)
    sealed[place] ^= 1
    Credential.objects.filter(pk=row.pk).update(sealed=bytes(sealed))
    with pytest.raises(CredentialError, match="secret of account:7 was changed") as caught:
        secret_of(OWNER, purpose="look")
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("sealed", [b"", b"short"])
def test_a_cut_ciphertext_opens_no_more(sealed) -> None:
    stored()
    Credential.objects.filter(name="secret").update(sealed=sealed)
    with pytest.raises(CredentialError, match="was changed in the database"):
        secret_of(OWNER, purpose="look")


@pytest.mark.parametrize(
    "moved", [{"owner": OTHER}, {"name": "another"}, {"owner": OTHER, "name": "another"}]
)
def test_a_ciphertext_in_another_row_opens_nothing_there(moved) -> None:
    store_secret(OWNER, {"secret": SECRET}, actor="mia")
    Credential.objects.update(**moved)
    with pytest.raises(CredentialError, match="was changed"):
        secret_of(moved.get("owner", OWNER), purpose="steal")


def test_another_master_key_is_named_with_both_variables(settings) -> None:
    stored()
    sealed_by = Credential.objects.first().key_id
    settings.OMC_CREDENTIAL_KEY = master_key()
    with pytest.raises(CredentialError) as caught:
        secret_of(OWNER, purpose="look")
    said = str(caught.value)
    assert sealed_by in said
    assert "OMC_CREDENTIAL_KEY" in said
    assert "OMC_CREDENTIAL_KEY_FALLBACKS" in said
    assert settings.OMC_CREDENTIAL_KEY not in said


@pytest.mark.parametrize("key", ["", "short", "ä" * 44, "!" * 44, base64.b64encode(b"x" * 16)])
def test_a_master_key_that_is_none_is_named(settings, key) -> None:
    settings.OMC_CREDENTIAL_KEY = key.decode() if isinstance(key, bytes) else key
    with pytest.raises(CredentialError, match="OMC_CREDENTIAL_KEY does not hold 32 bytes"):
        stored()
    assert not Credential.objects.exists()


def test_a_bad_fallback_is_named(settings) -> None:
    settings.OMC_CREDENTIAL_KEY_FALLBACKS = ["bad"]
    with pytest.raises(CredentialError, match="OMC_CREDENTIAL_KEY_FALLBACKS does not hold"):
        stored()


def turned(settings, *, keeps_old: bool = True) -> str:
    """Put a new master key before the old one."""
    old = str(settings.OMC_CREDENTIAL_KEY)
    settings.OMC_CREDENTIAL_KEY = master_key()
    settings.OMC_CREDENTIAL_KEY_FALLBACKS = [old] if keeps_old else []
    return old


def test_a_rotation_seals_all_anew_and_the_old_key_can_go(settings, capsys) -> None:
    stored()
    stored(OTHER)
    old = turned(settings)
    assert secret_of(OWNER, purpose="before") == VALUES
    call_command("rotate_keys", "--json")
    assert json.loads(capsys.readouterr().out) == {"rotated": 4}
    settings.OMC_CREDENTIAL_KEY_FALLBACKS = []
    assert secret_of(OWNER, purpose="after") == secret_of(OTHER, purpose="after") == VALUES
    assert uses().count((OWNER, "rotated", "manage.py rotate_keys", "")) == 1
    settings.OMC_CREDENTIAL_KEY = old
    with pytest.raises(CredentialError):
        secret_of(OWNER, purpose="with the old key")


def test_a_second_rotation_has_nothing_to_do(settings, capsys) -> None:
    stored()
    turned(settings)
    assert [rotate(actor="x"), rotate(actor="x")] == [2, 0]
    call_command("rotate_keys")
    assert "0 values were encrypted anew" in capsys.readouterr().out


def test_new_values_are_sealed_by_the_newest_key(settings) -> None:
    stored()
    turned(settings)
    stored(OTHER)
    settings.OMC_CREDENTIAL_KEY_FALLBACKS = []
    assert secret_of(OTHER, purpose="look") == VALUES


def test_a_rotation_that_cannot_open_a_value_changes_nothing(settings) -> None:
    stored(OTHER)
    turned(settings)
    stored()
    before = set(Credential.objects.values_list("pk", "key_id"))
    turned(settings)
    with pytest.raises(CommandError, match="of source:reddit was encrypted under the key"):
        call_command("rotate_keys")
    assert set(Credential.objects.values_list("pk", "key_id")) == before


def test_a_refusal_lasts_until_other_values_are_stored() -> None:
    stored()
    assert refusal_of(OWNER) == ""
    refuse(OWNER, reason="Invalid key." + "x" * 300)
    secret_of(OWNER, purpose="look")
    assert refusal_of(OWNER).startswith("Invalid key.")
    assert refusal_of(OTHER) == ""
    stored()
    assert refusal_of(OWNER) == ""


def test_two_who_store_at_once_leave_the_pair_of_one() -> None:
    pairs = [{"key": f"key-{n}", "secret": f"secret-{n}"} for n in range(8)]
    start = Barrier(len(pairs))

    def run(values: dict[str, str]) -> None:
        start.wait()
        store_secret(OWNER, values, actor="mia")
        connection.close()

    threads = [Thread(target=run, args=(pair,)) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert secret_of(OWNER, purpose="look") in pairs


def test_nothing_of_it_is_logged(settings, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    stored()
    secret_of(OWNER, purpose="look")
    turned(settings)
    rotate(actor="mia")
    forget(OWNER, actor="mia")
    for value in (*VALUES.values(), settings.OMC_CREDENTIAL_KEY):
        assert value not in caplog.text
