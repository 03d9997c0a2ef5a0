"""The metrics of `/metrics`, sent to AWS CloudWatch where no Prometheus asks for them.

Each series of each metric is one datum: its labels are the dimensions, so that an alarm on
`omc_feed_age_seconds` names a feed as a rule of Prometheus does. CloudWatch bills by the series.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from quality.amazon import client_of, plain
from quality.measures import Metric, measured

AT_ONCE = 500
"""Data of one request; CloudWatch takes a thousand, and one megabyte."""
MAX_DIMENSION = 255


def publish(now: datetime) -> None:
    """Send everything that is measured; do nothing unless OMC_CLOUDWATCH_NAMESPACE is set.

    What is refused raises: the slot of this chore is sent again, and at last found as given up.
    """
    namespace = settings.OMC_CLOUDWATCH_NAMESPACE
    if not namespace:
        return
    client = client_of("cloudwatch")
    for part in _parts(list(_data(measured(now), now))):
        client.put_metric_data(Namespace=namespace, MetricData=part)


def _parts(data: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(data), AT_ONCE):
        yield list(data[start : start + AT_ONCE])


def _data(metrics: Sequence[Metric], now: datetime) -> Iterator[dict[str, Any]]:
    """Yield each series as CloudWatch takes it; a label without a value is no dimension there."""
    for metric in metrics:
        unit = "Seconds" if metric.name.endswith("_seconds") else "None"
        for labels, value in metric.series:
            yield {
                "MetricName": metric.name,
                "Dimensions": [
                    {"Name": name, "Value": plain(text)[:MAX_DIMENSION]}
                    for name, text in labels.items()
                    if text
                ],
                "Timestamp": now,
                "Value": value,
                "Unit": unit,
            }
