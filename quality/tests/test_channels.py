"""Each channel tells what it is given, and a setting that cannot work stops the start."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time

import boto3
import pytest
from django.core.exceptions import ImproperlyConfigured
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns import sns_backends

from quality.channels import (
    EmailChannel,
    LogChannel,
    Notice,
    SnsChannel,
    WebhookChannel,
    configured,
    signature,
)
from quality.findings import Level
from quality.posting import PostError, post
from quality.tests.factories import NOW, make_user
from quality.tests.receivers import HOST, mail_server, web_server


def notice(**options) -> Notice:
    values = {
        "alert_id": 7,
        "kind": "opened",
        "at": NOW,
        "check": "freshness.glass",
        "ledger": "glass",
        "subject": "coinspot",
        "level": Level.CRITICAL,
        "message": "No price of BTC since 09:15.",
        "hint": "Look at the last runs.",
        "findings": 3,
    }
    return Notice(**{**values, **options})


def test_the_log_is_the_channel_of_a_new_installation() -> None:
    assert [channel.name for channel in configured()] == ["log"]


@pytest.mark.parametrize("names", [["pigeon"], ["log", "pigeon"], ["LOG"], [""]])
def test_an_unknown_channel_is_an_error_that_names_it_and_those_that_exist(settings, names) -> None:
    settings.OMC_ALERT_CHANNELS = names
    with pytest.raises(ImproperlyConfigured) as raised:
        configured()
    assert f"OMC_ALERT_CHANNELS names {names[-1]!r}" in str(raised.value)
    assert str(raised.value).endswith("There are: email, log, sns, webhook.")


def test_no_channel_at_all_is_a_choice(settings) -> None:
    settings.OMC_ALERT_CHANNELS = []
    assert configured() == []


@pytest.mark.parametrize(
    ("kind", "level", "logged"),
    [
        ("opened", Level.WARNING, logging.WARNING),
        ("opened", Level.CRITICAL, logging.CRITICAL),
        ("escalated", Level.ERROR, logging.ERROR),
        ("resolved", Level.CRITICAL, logging.INFO),
    ],
)
def test_the_log_has_the_level_of_the_alert(caplog, kind, level, logged) -> None:
    with caplog.at_level(logging.INFO, "quality.channels"):
        LogChannel().send(notice(kind=kind, level=level))
    (line,) = caplog.records
    assert line.levelno == logged
    said = line.getMessage()
    assert said.startswith(f"alert=7 {kind} {level.name} check=freshness.glass subject=coinspot")
    assert said.endswith("No price of BTC since 09:15. Look at the last runs.")


def test_a_mail_is_sent_to_those_who_are_named(settings) -> None:
    settings.OMC_ALERT_EMAIL_TO = ["ops@example.com", "night@example.com"]
    with mail_server() as server:
        use_mail_server(settings, server)
        EmailChannel().send(notice())
    (mail,) = server.bodies
    assert b"To: ops@example.com, night@example.com" in mail
    assert b"Subject: [CRITICAL] coinspot (freshness.glass)" in mail
    assert b"No price of BTC since 09:15." in mail
    assert b"Look at the last runs." in mail


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(("email", "to"), [("ada@example.com", "ada@"), ("", "ops@")])
def test_what_is_one_users_business_goes_to_that_user_who_has_an_address(
    settings, email, to
) -> None:
    settings.OMC_ALERT_EMAIL_TO = ["ops@example.com"]
    ada = make_user(email=email)
    with mail_server() as server:
        use_mail_server(settings, server)
        EmailChannel().send(notice(user_id=ada.pk))
    (mail,) = server.bodies
    assert f"To: {to}example.com".encode() in mail


def test_a_mail_without_anybody_to_send_it_to_stops_the_start(settings) -> None:
    settings.OMC_ALERT_CHANNELS = ["email"]
    with pytest.raises(ImproperlyConfigured, match="OMC_ALERT_EMAIL_TO"):
        configured()


def test_a_webhook_gets_what_slack_takes_and_can_prove_who_sent_it(settings) -> None:
    with web_server() as server:
        use_web_server(settings, server)
        before = int(time.time())
        WebhookChannel().send(notice())
    (body,), (headers,) = server.bodies, server.headers
    said = json.loads(body)
    assert said["text"] == "[CRITICAL] coinspot (freshness.glass)"
    assert "No price of BTC since 09:15." in said["attachments"][0]["text"]
    assert said["metadata"]["event_payload"]["alert"] == 7
    stamp = headers["X-OMC-Timestamp"]
    assert before <= int(stamp) <= int(time.time())
    own = hmac.new(b"shared secret", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["X-OMC-Signature"] == f"sha256={own}"
    assert headers["X-OMC-Signature"] != signature("another secret", stamp, body)


@pytest.mark.parametrize(("status", "is_taken"), [(204, True), (302, False), (500, False)])
def test_a_webhook_that_does_not_take_it_or_leads_elsewhere_has_failed(
    settings, status, is_taken
) -> None:
    with web_server() as server:
        use_web_server(settings, server)
        server.answers = [status]
        if is_taken:
            WebhookChannel().send(notice())
        else:
            with pytest.raises(PostError, match=f"127.0.0.1 answered {status}"):
                WebhookChannel().send(notice())
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:9/x", "no public address"),
        ("https://10.0.0.8/x", "no public address"),
        ("https://[::1]/x", "no public address"),
        ("https://169.254.169.254/latest", "no public address"),
        ("https://localhost/x", "no public address"),
        ("ftp://example.com/x", "such as https://hooks.example.com/x"),
        ("", "such as https://hooks.example.com/x"),
        ("https://ada:secret@example.com/x", "holds a name or password"),
    ],
)
def test_a_webhook_that_is_private_or_no_address_stops_the_start(settings, url, said) -> None:
    settings.OMC_ALERT_CHANNELS = ["webhook"]
    settings.OMC_ALERT_WEBHOOK_SECRET = "shared secret"
    settings.OMC_ALERT_WEBHOOK_URL = url
    with pytest.raises(ImproperlyConfigured, match=f"OMC_ALERT_WEBHOOK_URL.*{said}"):
        configured()


def test_a_name_that_leads_to_a_private_address_is_refused_when_it_connects(settings) -> None:
    with web_server() as server:
        use_web_server(settings, server)
        settings.OMC_ALLOW_PRIVATE = []
        with pytest.raises(PostError, match="no public address"):
            post(f"http://localhost:{server.port}/x", b"", {})
    assert server.bodies == []


def test_a_webhook_without_a_secret_stops_the_start(settings) -> None:
    settings.OMC_ALERT_CHANNELS = ["webhook"]
    settings.OMC_ALERT_WEBHOOK_URL = "https://hooks.example.com/x"
    with pytest.raises(ImproperlyConfigured, match="OMC_ALERT_WEBHOOK_SECRET"):
        configured()


def test_a_message_to_sns_reaches_the_queues_of_its_topic(settings, monkeypatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        topic = boto3.client("sns", region_name="ap-southeast-2").create_topic(Name="omc")
        settings.OMC_ALERT_SNS_TOPIC = topic["TopicArn"]
        SnsChannel().send(notice(subject="coin\u00e9\n" * 40))
        sent = sns_backends[DEFAULT_ACCOUNT_ID]["ap-southeast-2"].topics[topic["TopicArn"]]
        ((_, text, subject, attributes, _),) = sent.sent_notifications
    assert "No price of BTC since 09:15." in text
    assert subject.startswith("[CRITICAL] coin??")
    assert len(subject) == 100
    assert attributes["level"]["Value"] == "critical"


@pytest.mark.parametrize("topic", ["", "omc", "arn:aws:sns:ap-southeast-2:omc"])
def test_a_topic_that_is_none_stops_the_start(settings, topic) -> None:
    settings.OMC_ALERT_CHANNELS = ["sns"]
    settings.OMC_ALERT_SNS_TOPIC = topic
    with pytest.raises(ImproperlyConfigured, match="OMC_ALERT_SNS_TOPIC"):
        configured()


def use_mail_server(settings, server) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = HOST, server.port


def use_web_server(settings, server) -> None:
    settings.OMC_ALLOW_PRIVATE = [server.place]
    settings.OMC_ALERT_WEBHOOK_URL = f"http://{server.place}/hook?a=b"
    settings.OMC_ALERT_WEBHOOK_SECRET = "shared secret"
