"""What a plug-in needs comes from the environment, a file or the admin, or is named."""

from __future__ import annotations

import logging

import pytest
from django.utils import timezone

from ledgers.collecting.collector import Need
from ledgers.collecting.errors import NotConfiguredError
from ledgers.collecting.needs import ask_again, missing, opened, value_of
from ledgers.credentials import store_secret
from ledgers.models import CollectorRun, Credential, CredentialUse, RawPayload
from ledgers.tests.many import Many, asked, numbers, run

pytestmark = pytest.mark.usefixtures("ledger")


class Keyed(Many):
    slug = "many"
    is_plug_in = True
    needs = (Need(name="client_id", help="Which."), Need(name="secret", help="What."))

    def fetch(self, http, ask):
        value_of(self, "client_id"), value_of(self, "secret")
        yield from super().fetch(http, ask)


@pytest.fixture
def stored() -> None:
    store_secret("source:many", {"client_id": "stored id", "secret": "s3cret"}, actor="root")
    ask_again()


def test_the_environment_wins_over_what_is_stored(stored, settings) -> None:
    settings.OMC_SOURCE_KEYS = {"OMC_MANY_CLIENT_ID": "from outside"}
    assert value_of(Keyed(), "client_id") == "from outside"
    assert value_of(Keyed(), "secret") == "s3cret"


def test_a_file_may_hold_a_value(tmp_path, settings) -> None:
    (tmp_path / "secret").write_text("in a file\n")
    settings.OMC_SOURCE_KEYS = {"OMC_MANY_SECRET_FILE": str(tmp_path / "secret")}
    assert value_of(Keyed(), "secret") == "in a file"
    assert missing(Keyed()) == ["client_id"]
    settings.OMC_SOURCE_KEYS = {"OMC_MANY_SECRET_FILE": str(tmp_path / "nowhere")}
    with pytest.raises(NotConfiguredError, match=r"OMC_MANY_SECRET_FILE names .*nowhere"):
        value_of(Keyed(), "secret")


def test_what_is_missing_is_named_with_what_to_do() -> None:
    assert missing(Keyed()) == ["client_id", "secret"]
    with pytest.raises(NotConfiguredError, match="Set OMC_MANY_CLIENT_ID, or enter it in"):
        value_of(Keyed(), "client_id")


def test_what_is_stored_is_seen_after_it_was_asked_for_anew(stored) -> None:
    assert missing(Keyed()) == []
    Credential.objects.all().delete()
    assert missing(Keyed()) == []
    ask_again()
    assert missing(Keyed()) == ["client_id", "secret"]


def test_a_source_with_a_dash_has_a_variable_without() -> None:
    class Dashed(Keyed):
        slug = "my-source"

    with pytest.raises(NotConfiguredError, match="OMC_MY_SOURCE_SECRET"):
        value_of(Dashed(), "secret")


def test_a_round_of_many_looks_opens_the_keys_once(stored, settings) -> None:
    with asked(settings, numbers(a=1)):
        runs = run(Keyed("a", "b", "c", "d"), timezone.now())
    assert {look.outcome for look in runs} == {CollectorRun.Outcome.OK}
    used = CredentialUse.objects.filter(action=CredentialUse.Action.USED)
    assert used.count() == 1
    assert not RawPayload.objects.filter(url__contains="s3cret").exists()


def test_a_round_without_its_keys_asks_nothing_and_says_so(settings) -> None:
    with asked(settings, numbers(a=1)) as requests:
        (look,) = run(Keyed(), timezone.now())
    assert look.outcome == CollectorRun.Outcome.UNCONFIGURED
    assert "OMC_MANY_CLIENT_ID" in look.error
    assert requests == []


def test_keys_that_open_no_more_are_missing_and_the_log_says_why(stored, caplog) -> None:
    Credential.objects.update(sealed=b"\0" * 40)
    with (
        caplog.at_level(logging.ERROR),
        opened(Keyed()),
        pytest.raises(NotConfiguredError, match="enter it in the admin"),
    ):
        value_of(Keyed(), "secret")
    assert "The stored keys of many cannot be used." in caplog.text


def test_a_source_whose_keys_are_all_given_from_outside_opens_nothing(stored, settings) -> None:
    settings.OMC_SOURCE_KEYS = {"OMC_MANY_CLIENT_ID": "a", "OMC_MANY_SECRET": "b"}
    with opened(Keyed()):
        assert value_of(Keyed(), "secret") == "b"
    assert not CredentialUse.objects.filter(action=CredentialUse.Action.USED).exists()
