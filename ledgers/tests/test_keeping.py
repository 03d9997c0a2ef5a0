"""Raw payloads are kept once, here or in a bucket."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from defusedxml.ElementTree import fromstring
from moto import mock_aws

from ledgers.collecting.collector import each
from ledgers.collecting.errors import BadValueError
from ledgers.collecting.keeping import bucket, forget_payloads, keep_payload, read_payload
from ledgers.models import RawPayload
from ledgers.tests.sources import payload

pytestmark = pytest.mark.django_db
ANSWER = payload("https://example.org/a", b'{"a": 1}' * 1000)


def test_the_same_bytes_are_kept_once_and_come_back_as_they_were() -> None:
    keep_payload(ANSWER)
    keep_payload(ANSWER)
    kept = RawPayload.objects.get()
    assert read_payload(kept) == ANSWER.body
    assert len(kept.body) < kept.size == len(ANSWER.body)


def test_an_element_that_is_no_record_is_kept_as_its_source_wrote_it() -> None:
    def refuse(item: object) -> None:
        raise BadValueError("no", "It is none.")

    (reject,) = each([fromstring("<entry><title>A</title></entry>")], refuse)
    assert reject.item == "<entry><title>A</title></entry>"


@pytest.fixture
def s3(settings, monkeypatch) -> Iterator[None]:
    """Have a bucket, as AWS would answer."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-southeast-2")
    settings.OMC_PAYLOAD_BUCKET = "payloads"
    with mock_aws():
        bucket.cache_clear()
        boto3.client("s3").create_bucket(
            Bucket="payloads", CreateBucketConfiguration={"LocationConstraint": "ap-southeast-2"}
        )
        yield
        bucket.cache_clear()


@pytest.mark.usefixtures("s3")
def test_with_a_bucket_the_bytes_lie_there_and_the_row_only_names_them() -> None:
    keep_payload(ANSWER)
    kept = RawPayload.objects.get()
    assert kept.body is None
    assert read_payload(kept) == ANSWER.body
    listed = bucket().list_objects_v2(Bucket="payloads")["Contents"]
    assert [one["Key"] for one in listed] == [f"payloads/{ANSWER.sha256[:2]}/{ANSWER.sha256}.zlib"]


@pytest.mark.usefixtures("s3")
def test_what_is_forgotten_is_gone_from_the_bucket_too() -> None:
    other = payload("https://example.org/b", b"[]")
    for one in (ANSWER, other):
        keep_payload(one)
    assert forget_payloads([ANSWER.sha256]) == 1
    assert [kept.sha256 for kept in RawPayload.objects.all()] == [other.sha256]
    assert len(bucket().list_objects_v2(Bucket="payloads")["Contents"]) == 1
