"""Keep raw payloads and rejected items, so that a better parser can read them again."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from functools import cache
from typing import Any

from django.conf import settings

from ledgers.collecting.collector import Reject
from ledgers.collecting.payload import Payload
from ledgers.models import CollectorRun, RawPayload, RejectedRecord


def keep_payload(payload: Payload) -> None:
    """Keep the bytes once per content, compressed: in the bucket if there is one, else here."""
    if RawPayload.objects.filter(pk=payload.sha256).exists():
        return
    body: bytes | None = zlib.compress(payload.body)
    if settings.OMC_PAYLOAD_BUCKET:
        bucket().put_object(Bucket=settings.OMC_PAYLOAD_BUCKET, Key=_key(payload.sha256), Body=body)
        body = None
    row = RawPayload(
        sha256=payload.sha256,
        url=payload.url,
        status=payload.status,
        content_type=payload.content_type[:100],
        observed_at=payload.observed_at,
        size=len(payload.body),
        body=body,
    )
    RawPayload.objects.bulk_create([row], ignore_conflicts=True)


def read_payload(kept: RawPayload) -> bytes:
    """Return the bytes that were kept."""
    if kept.body is not None:
        return zlib.decompress(kept.body)
    answer = bucket().get_object(Bucket=settings.OMC_PAYLOAD_BUCKET, Key=_key(kept.sha256))
    return zlib.decompress(answer["Body"].read())


def keep_rejects(run: CollectorRun, rejects: Iterable[Reject], *, payload: str = "") -> None:
    """Keep items that are no records, with the reason; NUL cannot be stored as text."""
    RejectedRecord.objects.bulk_create(
        RejectedRecord(
            run=run,
            reason=reject.reason,
            detail=reject.detail.replace("\0", "\\0"),
            item=reject.item.replace("\0", "\\0"),
            payload=payload,
        )
        for reject in rejects
    )


def is_rejected(payload: str) -> bool:
    """Tell whether the rejects of this very payload are kept already."""
    return RejectedRecord.objects.filter(payload=payload).exists()


@cache
def bucket() -> Any:
    """Return this process's S3 client; boto3 is imported only where a bucket is used."""
    import boto3  # noqa: PLC0415  # 33 MB that most installations never need

    return boto3.client("s3", endpoint_url=settings.OMC_S3_ENDPOINT or None)


def _key(sha256: str) -> str:
    return f"payloads/{sha256[:2]}/{sha256}.zlib"
