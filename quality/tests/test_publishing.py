"""What /metrics tells is told to CloudWatch too, where that is wanted."""

from __future__ import annotations

from datetime import timedelta

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from django.utils import timezone
from moto import mock_aws

from ledgers.collecting.registry import feed_of
from ledgers.jobs import cadences
from ledgers.models import Ledger
from quality.measures import measured
from quality.publishing import AT_ONCE, publish
from quality.tests.factories import HOUR, covered, make_alert, make_collector

pytestmark = pytest.mark.usefixtures("ledger")
SPACE = "OhMyCoins"


@pytest.fixture
def cloud(settings, monkeypatch):
    """Answer for AWS, with metrics wanted."""
    settings.OMC_CLOUDWATCH_NAMESPACE = SPACE
    credentials(monkeypatch)
    with mock_aws():
        yield boto3.client("cloudwatch")


def credentials(monkeypatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-southeast-2")


def told(cloud) -> dict[tuple[str, ...], float]:
    """Return the newest value of every series in the cloud, by its name and its dimensions."""
    pages = cloud.get_paginator("list_metrics").paginate(Namespace=SPACE)
    return {
        (one["MetricName"], *sorted(part["Value"] for part in one["Dimensions"])): value(cloud, one)
        for page in pages
        for one in page["Metrics"]
    }


def value(cloud, metric) -> float:
    now = timezone.now()
    (point,) = cloud.get_metric_statistics(
        Namespace=SPACE,
        MetricName=metric["MetricName"],
        Dimensions=metric["Dimensions"],
        StartTime=now - HOUR,
        EndTime=now + HOUR,
        Period=24 * 3600,
        Statistics=["Maximum"],
    )["Datapoints"]
    return float(point["Maximum"])


def test_every_series_arrives_with_its_labels_and_its_value(sources, cloud) -> None:
    sources(source := make_collector("source", Ledger.GLASS))
    now = timezone.now()
    covered(feed_of(source, ""), now - HOUR)
    make_alert("a", ledger="")
    publish(now)
    expected = {
        (metric.name, *sorted(text for text in labels.values() if text)): number
        for metric in measured(now)
        for labels, number in metric.series
    }
    arrived = told(cloud)
    assert arrived == pytest.approx(expected, abs=5)
    assert arrived["omc_feed_state", "glass", "source"] == 1
    assert arrived["omc_alerts", "error", "open"] == 1


def test_more_series_than_one_request_takes_are_sent_in_several(sources, cloud) -> None:
    scopes = tuple(f"scope{number}" for number in range(AT_ONCE + 1))
    sources(make_collector("source", Ledger.GLASS, scopes=scopes))
    publish(timezone.now())
    pages = cloud.get_paginator("list_metrics").paginate(
        Namespace=SPACE, MetricName="omc_feed_state"
    )
    assert sum(len(page["Metrics"]) for page in pages) == AT_ONCE + 1


def test_nothing_is_sent_unless_it_is_wanted(cloud, settings) -> None:
    settings.OMC_CLOUDWATCH_NAMESPACE = ""
    publish(timezone.now())
    assert cloud.list_metrics(Namespace=SPACE)["Metrics"] == []


def test_a_cloud_that_does_not_answer_is_an_error_so_that_the_slot_is_tried_again(
    settings, monkeypatch
) -> None:
    settings.OMC_CLOUDWATCH_NAMESPACE = SPACE
    credentials(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "http://127.0.0.1:1")
    with pytest.raises(EndpointConnectionError):
        publish(timezone.now())


def test_beat_publishes_each_minute() -> None:
    assert cadences()["alerts:publish"] == timedelta(minutes=1)
