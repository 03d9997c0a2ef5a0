"""Keep raw payloads and rejected items, so that a better parser can read them again."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from functools import cache
from itertools import zip_longest
from typing import Any

from django.conf import settings
from django.utils import timezone

from ledgers.collecting.collector import Reject
from ledgers.collecting.payload import Payload
from ledgers.collecting.revalidating import forget_answers
from ledgers.models import CollectorRun, RawPayload, RejectedRecord

DAY = timedelta(days=1)


def keep_payload(payload: Payload) -> None:
    """Keep the bytes once per content, compressed: in the bucket if there is one, else here."""
    now = timezone.now()
    if kept := RawPayload.objects.filter(pk=payload.sha256).only("seen_at").first():
        if kept.seen_at < now - DAY:
            RawPayload.objects.filter(pk=payload.sha256).update(seen_at=now)
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
        seen_at=now,
        size=len(payload.body),
        body=body,
    )
    RawPayload.objects.bulk_create([row], ignore_conflicts=True)


def note_payload(run: CollectorRun, payload: Payload) -> None:
    """Keep the bytes, and in the run what a replay needs beside them: the same bytes may come from
    several URLs and again at other moments.
    """
    keep_payload(payload)
    run.payloads.append(payload.sha256)
    run.urls.append(payload.url)
    run.observed.append(payload.observed_at)
    run.save(update_fields=["payloads", "urls", "observed"])


def answers_of(run: CollectorRun) -> Iterator[Payload | None]:
    """Yield the answers of a run as they came, oldest first; None for what is no longer kept."""
    kept = RawPayload.objects.in_bulk(run.payloads)
    for sha256, url, observed_at in zip_longest(run.payloads, run.urls, run.observed):
        row = kept.get(sha256)
        if row is None:
            yield None
            continue
        yield Payload(
            url=url or row.url,
            status=row.status,
            content_type=row.content_type,
            fetched_at=run.finished_at or run.started_at,
            observed_at=observed_at or row.observed_at,
            body=read_payload(row),
        )


def read_payload(kept: RawPayload) -> bytes:
    """Return the bytes that were kept."""
    if kept.body is not None:
        return zlib.decompress(kept.body)
    answer = bucket().get_object(Bucket=settings.OMC_PAYLOAD_BUCKET, Key=_key(kept.sha256))
    return zlib.decompress(answer["Body"].read())


def forget_payloads(hashes: Collection[str]) -> int:
    """Delete kept bytes for good, so that nothing brings them back; return how many went."""
    forget_answers()
    return drop_payloads(hashes)


def drop_payloads(hashes: Collection[str]) -> int:
    """Delete kept bytes, wherever they lie; return how many payloads went."""
    kept = RawPayload.objects.filter(pk__in=hashes)
    if settings.OMC_PAYLOAD_BUCKET:
        for sha256 in kept.filter(body=None).values_list("pk", flat=True):
            bucket().delete_object(Bucket=settings.OMC_PAYLOAD_BUCKET, Key=_key(sha256))
    return kept.delete()[0]


def keep_rejects(run: CollectorRun, rejects: Iterable[Reject], *, payload: str = "") -> None:
    """Keep items that are no records, with the reason."""
    RejectedRecord.objects.bulk_create(
        RejectedRecord(
            run=run,
            reason=reject.reason,
            detail=_storable(reject.detail),
            item=_storable(reject.item),
            payload=payload,
        )
        for reject in rejects
    )


def settle_rejects(run: CollectorRun, rejects: Collection[Reject], *, payload: str) -> int:
    """Mark the rejects of a payload that `run` could read as resolved; return how many.

    What is still refused stays open, and what is refused for the first time is kept.
    """
    refused = Counter(_storable(reject.item) for reject in rejects)
    resolved = []
    for open_one in RejectedRecord.objects.filter(payload=payload, resolved_by=None):
        if refused[open_one.item]:
            refused[open_one.item] -= 1
        else:
            resolved.append(open_one.pk)
    fresh = (reject for reject in rejects if _take(refused, _storable(reject.item)))
    keep_rejects(run, fresh, payload=payload)
    return RejectedRecord.objects.filter(pk__in=resolved).update(resolved_by=run)


def _take(counts: Counter[str], name: str) -> bool:
    counts[name] -= 1
    return counts[name] >= 0


def _storable(text: str) -> str:
    """Write NUL, which PostgreSQL cannot store as text, as an escape."""
    return text.replace("\0", "\\0")


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
