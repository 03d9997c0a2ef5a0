"""Posts of subreddits."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest
from psycopg.types.range import Range

from ledgers.collecting.collector import Ask, Looked
from ledgers.collecting.errors import (
    BlockedError,
    DriftError,
    NotConfiguredError,
    RateLimitedError,
    StatusError,
)
from ledgers.collecting.registry import active, collectors
from ledgers.collecting.replaying import SHIPPED
from ledgers.human.collectors.reddit import LISTING, TOKEN_URL
from ledgers.human.models import Post
from ledgers.models import RawPayload
from ledgers.reading import pair
from ledgers.tests.sources import (
    NOW,
    SAMPLES,
    collect,
    only,
    parsed,
    payload,
    replayed,
    samples_needed,
    shipped,
)

REDDIT = collectors["reddit"]
URL = LISTING.format("Bitcoin")
MINUTE = timedelta(minutes=1)
KEYS = {
    "OMC_REDDIT_CLIENT_ID": "an-id",
    "OMC_REDDIT_CLIENT_SECRET": "a-secret",
    "OMC_REDDIT_USER_AGENT": "server:omc:1 (by /u/example)",
}


def post(name="t3_a", *, at=NOW, kind="t3", **fields) -> dict:
    data = {
        "name": name,
        "subreddit": "Bitcoin",
        "title": "Bitcoin rises",
        "author": "someone",
        "created_utc": at.timestamp(),
        "score": 7,
        "num_comments": 3,
        "permalink": f"/r/Bitcoin/comments/{name}/x/",
        "selftext": "",
        "removed_by_category": None,
    }
    return {"kind": kind, "data": data | fields}


def listing(*children, after=None) -> bytes:
    data = {"after": after, "dist": len(children), "children": list(children)}
    return json.dumps({"kind": "Listing", "data": data}).encode()


def parse(body: bytes | str) -> tuple[list, list]:
    return parsed(REDDIT, payload(URL, body))


def looked(*events, before=None) -> Looked:
    ask = Ask(scope="Bitcoin", window=Range(NOW, NOW + 15 * MINUTE), now=NOW)
    return Looked(ask=ask, observed_at=NOW, covered_until=before, overlaps=True, events=events)


@pytest.fixture
def keys(settings) -> None:
    settings.OMC_SOURCE_KEYS = KEYS
    settings.OMC_SUBREDDITS = ["Bitcoin"]


class FakeReddit:
    """An Http that answers from a script and notes what it was asked."""

    def __init__(self, *pages: bytes, token: bytes = b'{"access_token": "t0ken"}') -> None:
        self.pages, self.token, self.asked = list(pages), token, []

    def post(self, url, body, headers):
        self.asked.append((url, body, headers))
        return payload(url, self.token)

    def get(self, url, headers=None, **params):
        self.asked.append((url, params, headers))
        return payload(url, self.pages.pop(0))


def fetched(http: FakeReddit, *, known: bool = False) -> list:
    ask = Ask(scope="Bitcoin", window=Range(NOW, NOW), now=NOW, known=lambda: known)
    return list(REDDIT.fetch(http, ask))


def test_a_child_becomes_a_post() -> None:
    (record,), rejects = parse(listing(post()))
    assert (record.post_id, record.channel, record.author) == ("t3_a", "r/Bitcoin", "someone")
    assert (record.title, record.score, record.comments) == ("Bitcoin rises", 7, 3)
    assert (record.event_at, record.published_at, record.assets) == (NOW, NOW, ["BTC"])
    assert record.url == "https://www.reddit.com/r/Bitcoin/comments/t3_a/x/"
    assert (record.withdrawn, rejects) == (False, [])


@pytest.mark.parametrize("author", ["[deleted]", None])
def test_a_deleted_author_is_nobody(author) -> None:
    (record,), _ = parse(listing(post(author=author)))
    assert (record.author, record.withdrawn) == ("", False)


@pytest.mark.parametrize(
    "removed",
    [
        {"removed_by_category": "moderator"},
        {"selftext": "[removed]"},
        {"selftext": "[deleted]"},
        {"title": "[deleted by user]"},
    ],
)
def test_a_removed_post_is_withdrawn_and_its_words_are_not_kept(removed) -> None:
    (record,), _ = parse(listing(post(**removed)))
    assert (record.withdrawn, record.title, record.author) == (True, "[removed]", "")
    assert record.assets == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (post(kind="t1"), "no_post"),
        (post(score="many"), "not_a_number"),
        (post(num_comments=2**40), "not_a_count"),
        (post(created_utc="yesterday"), "not_a_number"),
        (post(title=None), "unknown_shape"),
        ({"kind": "t3", "data": {}}, "unknown_shape"),
        ("t3_a", "unknown_shape"),
    ],
)
def test_a_child_that_cannot_be_read_is_rejected_and_the_others_are_kept(bad, reason) -> None:
    posts, (reject,) = parse(listing(post("t3_good"), bad))
    assert ([one.post_id for one in posts], reject.reason) == (["t3_good"], reason)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('{"message": "Unauthorized", "error": 401}', BlockedError),
        ('{"message": "Forbidden", "error": 403, "reason": "private"}', BlockedError),
        ('{"message": "Too Many Requests", "error": 429}', RateLimitedError),
        ('{"message": "Not Found", "error": 404}', StatusError),
        ('{"error": "new kind of error"}', StatusError),
        ('{"kind": "t3", "data": {}}', DriftError),
        ('{"kind": "Listing", "data": {"posts": []}}', DriftError),
        ("[]", DriftError),
        ("", DriftError),
    ],
)
def test_what_is_no_listing_is_never_taken_for_no_posts(body, error) -> None:
    with pytest.raises(error):
        parse(body)


def test_only_an_empty_list_of_posts_is_empty() -> None:
    assert REDDIT.is_empty(payload(URL, listing()))
    assert not REDDIT.is_empty(payload(URL, listing(post())))


def test_a_list_that_reaches_back_to_the_last_look_leaves_no_gap() -> None:
    events = [NOW - MINUTE, NOW - 9 * MINUTE]
    assert REDDIT.covered(looked(*events, before=NOW - 5 * MINUTE)).lower == NOW - 5 * MINUTE
    assert REDDIT.covered(looked(*events, before=NOW - 20 * MINUTE)).lower == NOW - 9 * MINUTE
    assert REDDIT.covered(looked(*events)) == Range(NOW - 9 * MINUTE, NOW)


def test_a_pinned_post_on_top_does_not_pretend_to_reach_back() -> None:
    pinned = [NOW - timedelta(days=90), NOW - MINUTE, NOW - 9 * MINUTE]
    found = REDDIT.covered(looked(*pinned, before=NOW - timedelta(hours=5)))
    assert found == Range(NOW - 9 * MINUTE, NOW)


def test_an_empty_list_covers_only_the_time_since_the_last_look() -> None:
    assert REDDIT.covered(looked()) is None
    assert REDDIT.covered(looked(before=NOW - MINUTE)) == Range(NOW - MINUTE, NOW)
    assert REDDIT.covered(looked(NOW)) is None


@pytest.mark.usefixtures("keys")
def test_the_token_is_asked_for_with_the_apps_own_keys_and_used_as_a_bearer() -> None:
    http = FakeReddit(listing(post()))
    fetched(http)
    (token_url, body, sent), (url, params, bearer) = http.asked
    assert (token_url, body) == (TOKEN_URL, b"grant_type=client_credentials")
    assert sent["Authorization"] == "Basic YW4taWQ6YS1zZWNyZXQ="
    assert (url, params) == (URL, {"limit": "100", "raw_json": "1"})
    assert bearer["Authorization"] == "Bearer t0ken"
    assert {sent["User-Agent"], bearer["User-Agent"]} == {KEYS["OMC_REDDIT_USER_AGENT"]}


@pytest.mark.usefixtures("keys")
def test_pages_are_asked_for_until_something_is_known_or_there_are_none() -> None:
    pages = [listing(post(f"t3_{number}"), after=f"t3_{number}") for number in range(9)]
    assert len(fetched(FakeReddit(*pages))) == 5
    assert len(fetched(FakeReddit(*pages), known=True)) == 1
    assert len(fetched(FakeReddit(pages[0], listing(post())))) == 2


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("token", [b'{"error": "invalid_grant"}', b"[]", b'{"access_token": null}'])
def test_without_a_token_nothing_is_asked_and_the_remedy_is_named(token) -> None:
    http = FakeReddit(token=token)
    with pytest.raises(BlockedError, match="OMC_REDDIT_CLIENT_ID"):
        fetched(http)
    assert len(http.asked) == 1


@pytest.mark.usefixtures("ledger")
def test_it_is_off_until_it_has_its_keys(settings) -> None:
    settings.OMC_SOURCE_KEYS = {}
    assert "reddit" not in active()
    with pytest.raises(NotConfiguredError, match="OMC_REDDIT_USER_AGENT"):
        fetched(FakeReddit())
    settings.OMC_SOURCE_KEYS = KEYS
    assert "reddit" in active()


@pytest.mark.usefixtures("ledger", "keys")
def test_shipped_posts_are_collected_once_and_no_secret_is_kept_or_logged(settings, caplog) -> None:
    with replayed(SHIPPED, settings), caplog.at_level(logging.DEBUG):
        first, again = only(collect("reddit")), only(collect("reddit"))
    assert (first.outcome, first.new, again.new, again.revised) == ("ok", 8, 0, 0)
    kept = b" ".join(bytes(row.body or b"") for row in RawPayload.objects.all())
    assert [row.url for row in RawPayload.objects.all()] == [URL]
    for secret in ("a-secret", "an-example-and-no-token", "YW4taWQ6YS1zZWNyZXQ="):
        assert secret not in caplog.text
        assert secret.encode() not in kept


@pytest.mark.usefixtures("ledger", "keys")
def test_votes_are_revisions_and_a_removal_withdraws_the_post(settings, tmp_path) -> None:
    states = {
        "10:00": post(score=1),
        "11:00": post(score=90, num_comments=12),
        "12:00": post(score=90, removed_by_category="author"),
    }
    rows = ["host\tmethod\tpath\tstatus\tcontent_type\trecorded_at\tfile\tnote"]
    (tmp_path / "token").write_text('{"access_token": "x"}')
    rows.append("www.reddit.com\tPOST\t/api/v1/access_token\t200\tapplication/json\t\ttoken\t")
    for time, child in states.items():
        child["data"]["created_utc"] = (NOW - timedelta(hours=5)).timestamp()
        (tmp_path / time).write_bytes(listing(child))
        row = ["oauth.reddit.com", "GET", "/r/*/new", "200", "application/json"]
        rows.append("\t".join([*row, f"2026-03-18T{time}:00+00:00", time, "recorded"]))
    (tmp_path / "ROUTES.tsv").write_text("\n".join(rows))
    with replayed(tmp_path, settings, in_sequence=True):
        runs = [only(collect("reddit")) for _ in range(3)]
    assert [(run.new, run.revised) for run in runs] == [(1, 0), (0, 1), (0, 1)]
    assert [row.score for row in Post.objects.order_by("revision")] == [1, 90, 90]
    assert not Post.objects.at(pair()).exists()
    assert Post.objects.get(revision=2).title == "[removed]"


@pytest.mark.usefixtures("ledger", "keys")
@pytest.mark.parametrize(("status", "outcome"), [(403, "blocked"), (404, "transport")])
def test_a_refusal_is_no_silence(settings, tmp_path, status, outcome) -> None:
    header = "host\tmethod\tpath\tstatus\tcontent_type\trecorded_at\tfile\tnote"
    token = "www.reddit.com\tPOST\t/api/v1/access_token\t200\tapplication/json\t\ttoken\t"
    page = f"oauth.reddit.com\tGET\t/r/*/new\t{status}\ttext/html\t\tblocked\t"
    (tmp_path / "ROUTES.tsv").write_text(f"{header}\n{token}\n{page}")
    (tmp_path / "token").write_text('{"access_token": "x"}')
    (tmp_path / "blocked").write_text("<html>whoa there, pardner!</html>")
    with replayed(tmp_path, settings):
        run = only(collect("reddit"))
    assert (run.outcome, run.window) == (outcome, None)


def test_the_shipped_payload_has_the_true_shape() -> None:
    posts, rejects = parse(shipped("reddit/new.json", match="Bitcoin"))
    assert (len(posts), rejects) == (8, [])
    assert {one.channel for one in posts} == {"r/Bitcoin"}


LISTINGS = ("askreddit_new_2016", "popular_hot_2026-04-13T204947", "subreddit_listing_graw")


@samples_needed
@pytest.mark.parametrize("name", [*LISTINGS, "listing_empty"])
def test_every_recorded_listing_is_read_whole(name) -> None:
    body = (SAMPLES / "reddit" / f"{name}.json").read_bytes()
    posts, rejects = parse(body)
    assert len(posts) + len(rejects) == len(json.loads(body)["data"]["children"])
    assert rejects == []
    assert REDDIT.is_empty(payload(URL, body)) == (name == "listing_empty")


@samples_needed
@pytest.mark.parametrize(
    "name", ["error_401", "error_403", "error_404", "comments_thread_2022", "comments_thread_2025"]
)
def test_recorded_answers_that_are_no_listing_are_errors(name) -> None:
    with pytest.raises((BlockedError, StatusError, DriftError)):
        parse((SAMPLES / "reddit" / f"{name}.json").read_bytes())
