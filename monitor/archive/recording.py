"""What a poll found, in SQL: writing all of it at once.

Every write is idempotent on a natural key, so that a commit which seemed to fail and yet came through does no harm when
the poll is made again. Each function runs inside its caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from monitor.archive import pages, stories, watching
from monitor.archive.alerting import store_alert, store_matches
from monitor.archive.lookup import SAME_WORDS_FOR, fingerprints, last_article, link_keys
from monitor.archive.values import due, packed, params
from monitor.cadence import pack_rhythm
from monitor.dedupe import only_numbers_differ, says_more
from monitor.identity import pack_identity
from monitor.model import (
    SUCCESSES,
    UNDETERMINED,
    Archived,
    Article,
    Duplicate,
    Finding,
    LanguageGuess,
    Move,
    New,
    Outcome,
    PollOutcome,
    Revised,
    Verdict,
)
from monitor.rules import fts_text
from monitor.text import digest
from monitor.urls import CANON_VERSION

# An article that changes at every poll (a counter, the time it was touched) must not fill the archive.
MAX_VERSIONS = 50  # kept of one article
STAMPS = 3  # of these, so many that differ from the next in numbers alone


def record(db: sqlite3.Connection, outcome: PollOutcome, *, judged_up_to: int) -> bool:
    """Writes a poll, or nothing and False when articles after `judged_up_to` make its judgement outdated."""
    if outcome.findings:
        if _is_overtaken(db, outcome, judged_up_to):
            return False
        ids = _store_articles(db, outcome)
        revised = _store_revisions(db, outcome, ids)
        _store_sightings(db, outcome, ids)
        _join(db, outcome, ids)
        pages.want(db, outcome, ids)
        for finding, article in zip(outcome.findings, ids, strict=True):
            store_matches(db, finding.matches, article, outcome.at)
            watching.note_failures(db, finding.failures, article, outcome.at)
            relation = finding.story.relation if finding.story else None
            for alert in finding.alerts:
                if alert.kind != "revision" or article in revised:
                    store_alert(db, alert, article, outcome.at, relation=relation, feed=outcome.feed)
    _store_poll(db, outcome)
    _store_feed(db, outcome)
    _store_host(db, outcome)
    if outcome.move is not None:
        _store_move(db, outcome, outcome.move)
    return True


def _is_overtaken(db: sqlite3.Connection, outcome: PollOutcome, judged_up_to: int) -> bool:
    """Whether an article that was archived after the judgement is one of those judged new."""
    new = [finding.verdict.article for finding in outcome.findings if isinstance(finding.verdict, New)]
    if not new:
        return False
    row = db.execute(
        """
        SELECT EXISTS (
                   SELECT 1 FROM json_each(:entry_keys) AS judged
                   CROSS JOIN sightings ON sightings.feed = :feed AND sightings.entry_key = judged.value
               ) OR EXISTS (
                   SELECT 1 FROM json_each(:link_keys) AS judged
                   CROSS JOIN articles ON articles.link_key = judged.value AND articles.id > :judged_up_to
               ) OR EXISTS (
                   SELECT 1 FROM json_each(:fingerprints) AS judged
                   CROSS JOIN articles ON articles.fingerprint = judged.value AND articles.id > :judged_up_to
                   WHERE articles.first_seen_at >= :since
               ) AS overtaken
        """,
        params(
            feed=outcome.feed,
            judged_up_to=judged_up_to,
            entry_keys=[article.entry_key for article in new],
            link_keys=link_keys(new),
            fingerprints=fingerprints(new),
            since=outcome.at - SAME_WORDS_FOR,
        ),
    ).fetchone()
    return bool(row["overtaken"]) or stories.is_overtaken(db, new, judged_up_to)


def _store_articles(db: sqlite3.Connection, outcome: PollOutcome) -> tuple[int, ...]:
    """Adds the new articles, each with a story of its own, and returns every finding's article, in step."""
    last = last_article(db)
    new = [finding for finding in outcome.findings if isinstance(finding.verdict, New)]
    numbers = {finding.verdict.article.entry_key: last + number for number, finding in enumerate(new, start=1)}
    rows = [_article_row(finding, numbers[finding.verdict.article.entry_key]) for finding in new]
    db.executemany(
        """
        INSERT INTO stories (id, first_article, first_seen_at, last_seen_at)
        VALUES (:id, :id, :first_seen_at, :first_seen_at)
        """,
        [{"id": row["id"], "first_seen_at": row["first_seen_at"]} for row in rows],
    )
    db.executemany(
        """
        INSERT INTO articles (id, feed, story, first_seen_at, published_at, published_source, language,
                              language_confidence, language_source, guid, link, link_key, canon_version, content_digest,
                              fingerprint, authors, categories, title, text, title_words, text_words)
        VALUES (:id, :feed, :id, :first_seen_at, :published_at, :published_source, :language, :language_confidence,
                :language_source, :guid, :link, :link_key, :canon_version, :content_digest, :fingerprint,
                :authors, :categories, :title, :text, :title_words, :text_words)
        """,
        rows,
    )
    for finding in new:
        article = finding.verdict.article
        stories.index(db, numbers[article.entry_key], article)
    # Where a document repeats an entry, the first stands for it; the others point to that one.
    verdicts = {finding.verdict.article.entry_key: finding.verdict for finding in reversed(outcome.findings)}
    return tuple(_article_id(finding.verdict, numbers, verdicts) for finding in outcome.findings)


def _article_row(finding: Finding, number: int) -> dict[str, str | int | float | bytes | None]:
    article = finding.verdict.article
    guess = finding.language or UNDETERMINED
    return params(
        id=number,
        feed=article.feed,
        first_seen_at=article.seen_at,
        published_at=article.published_at,
        published_source=article.published_source,
        language=guess.language,
        language_confidence=guess.confidence,
        language_source=guess.source,
        guid=article.guid,
        link=article.link,
        link_key=article.link_key,
        canon_version=CANON_VERSION,
        content_digest=article.content_digest,
        fingerprint=article.fingerprint,
        authors=article.authors,
        categories=article.categories,
        title=article.title,
        text=article.text,
        title_words=fts_text(article.title),
        text_words=fts_text(article.text),
    )


def _article_id(verdict: Verdict, numbers: Mapping[str, int], verdicts: Mapping[str, Verdict]) -> int:
    """The article a verdict is about; one that points to an entry of its own document is about that entry's."""
    if isinstance(verdict, New):
        return numbers[verdict.article.entry_key]
    match verdict.of:
        case Archived(id=number):
            return number
        case Article(entry_key=entry_key):
            return _article_id(verdicts[entry_key], numbers, verdicts)
        case unreachable:
            assert_never(unreachable)


def _store_revisions(db: sqlite3.Connection, outcome: PollOutcome, ids: tuple[int, ...]) -> set[int]:
    """Keeps what revised articles said before, and lets them say what they say now; those that say more than other
    numbers."""
    revised = set()
    for finding, article in zip(outcome.findings, ids, strict=True):
        if not isinstance(finding.verdict, Revised | Duplicate):
            continue
        now_says = finding.verdict.article
        held = db.execute(
            "SELECT title, text, content_digest, text_source, pruned_at FROM articles WHERE id = ?", (article,)
        ).fetchone()
        said = finding.verdict.of.content_digest if isinstance(finding.verdict, Revised) else None
        if now_says.content_digest == held["content_digest"]:
            continue
        if said == held["content_digest"]:
            if not only_numbers_differ(held["title"], held["text"], now_says.title, now_says.text):
                revised.add(article)
            _revise(db, article, held, now_says, finding.language)
        elif finding.verdict.why != "words" and held["pruned_at"] is None and says_more(now_says.text, held["text"]):
            # The article's text is another feed's, a teaser perhaps. It gives way, but the title stays.
            fuller = replace(now_says, title=held["title"], content_digest=digest(held["title"], now_says.text))
            _revise(db, article, held, fuller, finding.language)
    return revised


def _revise(
    db: sqlite3.Connection, article: int, held: sqlite3.Row, now_says: Article, language: LanguageGuess | None
) -> None:
    _keep_version(db, article, held, now_says)
    # The text of its page gives way only to a longer one, or to that of the page as it is now. So does the language,
    # which rests on the text.
    page_stays = held["text_source"] == "page" and len(held["text"]) > len(now_says.text)
    given = params(
        article=article,
        title=now_says.title,
        text=now_says.text,
        content_digest=now_says.content_digest,
        fingerprint=now_says.fingerprint,
        title_words=fts_text(now_says.title),
        text_words=fts_text(now_says.text),
        updated_at=now_says.seen_at,
        page_stays=page_stays,
        language=language and language.language,
        confidence=language and language.confidence,
        source=language and language.source,
    )
    db.execute(
        """
        UPDATE articles SET
            title = :title, title_words = :title_words, content_digest = :content_digest, fingerprint = :fingerprint,
            updated_at = :updated_at, revisions = revisions + 1, pruned_at = NULL,
            text = iif(:page_stays, text, :text), text_source = iif(:page_stays, text_source, 'feed'),
            text_words = iif(:page_stays, text_words, :text_words),
            language = iif(:page_stays, language, coalesce(:language, language)),
            language_confidence = iif(:page_stays, language_confidence, coalesce(:confidence, language_confidence)),
            language_source = iif(:page_stays, language_source, coalesce(:source, language_source))
        WHERE id = :article
        """,
        given,
    )
    if not page_stays:
        stories.index_signature(db, article, now_says.signature)


def _keep_version(db: sqlite3.Connection, article: int, held: sqlite3.Row, now_says: Article) -> None:
    """Keeps what an article said before. Of one that changes all the time, the first versions and the last."""
    kept = db.execute("SELECT count(*) AS versions FROM revisions WHERE article = ?", (article,)).fetchone()["versions"]
    if kept >= STAMPS and only_numbers_differ(held["title"], held["text"], now_says.title, now_says.text):
        return
    if kept >= MAX_VERSIONS:
        db.execute("DELETE FROM revisions WHERE id = (SELECT max(id) FROM revisions WHERE article = ?)", (article,))
    db.execute(
        """
        INSERT INTO revisions (article, seen_at, title, text)
        SELECT id, coalesce(updated_at, first_seen_at), title, text FROM articles WHERE id = ?
        """,
        (article,),
    )


def _store_sightings(db: sqlite3.Connection, outcome: PollOutcome, ids: tuple[int, ...]) -> None:
    """Notes which entry carried which article, what told that, and what it said. An entry that was sighted before keeps
    all but the last.

    Where guids do not last, a feed has one entry an article: a new one at each poll would fill the archive.
    """
    lasting = outcome.identity is None or outcome.identity.by == "guid"
    for finding, article in zip(outcome.findings, ids, strict=True):
        entry = finding.verdict.article
        why = "new" if isinstance(finding.verdict, New) else finding.verdict.why
        given = params(
            feed=outcome.feed,
            entry_key=entry.entry_key,
            article=article,
            seen_at=entry.seen_at,
            guid=entry.guid,
            link=entry.link,
            why=None if why == "entry" else why,
            content_digest=entry.content_digest,
        )
        if not lasting and why not in ("new", "entry"):
            again = db.execute(
                "UPDATE sightings SET content_digest = :content_digest WHERE article = :article AND feed = :feed", given
            )
            if again.rowcount:
                continue
        db.execute(
            """
            INSERT INTO sightings (feed, entry_key, article, seen_at, guid, link, why, content_digest)
            VALUES (:feed, :entry_key, :article, :seen_at, :guid, :link, :why, :content_digest)
            ON CONFLICT DO UPDATE SET content_digest = excluded.content_digest
            """,
            given,
        )


def _join(db: sqlite3.Connection, outcome: PollOutcome, ids: tuple[int, ...]) -> None:
    """Puts articles into the stories and events they belong to, and counts what this poll added to."""
    by_key = {
        finding.verdict.article.entry_key: article for finding, article in zip(outcome.findings, ids, strict=True)
    }
    for finding, article in zip(outcome.findings, ids, strict=True):
        for join, put in ((finding.story, stories.join_story), (finding.event, stories.join_event)):
            if join is not None:
                put(db, article, join.to if isinstance(join.to, int) else by_key[join.to], join, outcome.at)
    # A new article's own story is right as it was made.
    touched = {i for finding, i in zip(outcome.findings, ids, strict=True) if not isinstance(finding.verdict, New)}
    if touched:
        stories.count_stories(db, touched)


def _store_poll(db: sqlite3.Connection, outcome: PollOutcome) -> None:
    db.execute(
        """
        INSERT INTO polls (feed, at, status, outcome, duration_ms, bytes, entries, new, gap, error, problems)
        VALUES (:feed, :at, :status, :outcome, :duration_ms, :bytes, :entries, :new, :gap, :error, :problems)
        """,
        params(
            feed=outcome.feed,
            at=outcome.at,
            status=outcome.status,
            outcome=outcome.outcome,
            duration_ms=outcome.duration // timedelta(milliseconds=1),
            bytes=outcome.wire_bytes,
            entries=outcome.entries,
            new=outcome.new,
            gap=outcome.gap,
            error=outcome.error,
            problems=outcome.problems,
        ),
    )


def _store_feed(db: sqlite3.Connection, outcome: PollOutcome) -> None:
    """What the feed is now. A None in the outcome leaves what is stored; a paused or removed feed stays so."""
    failed = outcome.outcome not in SUCCESSES
    validators = outcome.validators
    db.execute(
        """
        UPDATE feeds SET
            own_title = coalesce(:title, own_title), title = coalesce(given_title, :title, own_title),
            own_language = coalesce(:language, own_language),
            language = coalesce(given_language, :language, own_language),
            state = iif(state IN ('paused', 'removed'), state, :state),
            next_poll_at = :next_poll_at, polled_at = :at, changed_at = iif(:changed, :at, changed_at),
            failures = iif(:failed, failures + 1, 0), failing_since = iif(:failed, coalesce(failing_since, :at), NULL),
            last_outcome = :outcome, last_error = :error,
            problems = iif(:read, :problems, problems),
            -- Only a whole document tells where the feed lives; it came from its own address, or from a new one.
            moved_to = iif(:whole, :moved_to, moved_to), moved_polls = iif(:whole, :moved_polls, moved_polls),
            whole_at = iif(:whole, :at, whole_at), lied_at = iif(:lied, :at, lied_at),
            ttl_seconds = iif(:complete, :ttl, ttl_seconds), period_seconds = iif(:complete, :period, period_seconds),
            rhythm = coalesce(:rhythm, rhythm),
            identity = coalesce(:identity, identity), identity_seen = coalesce(:identity_seen, identity_seen),
            etag = iif(:validated, :etag, etag), last_modified = iif(:validated, :last_modified, last_modified),
            primed = max(primed, :primed), body_digest = coalesce(:body_digest, body_digest),
            entry_digests = coalesce(:entry_digests, entry_digests)
        WHERE key = :feed
        """,
        params(
            feed=outcome.feed,
            at=outcome.at,
            title=outcome.title,
            language=outcome.language,
            failed=failed,
            state=_state(outcome),
            next_poll_at=due(outcome.next_poll_at),
            changed=any(isinstance(finding.verdict, New | Revised) for finding in outcome.findings),
            outcome=outcome.outcome,
            error=outcome.error,
            read=outcome.entries is not None,
            problems=outcome.problems,
            whole=outcome.whole,
            moved_to=outcome.moved_to,
            moved_polls=outcome.moved_polls,
            lied=outcome.lied,
            complete=outcome.body_digest is not None,
            ttl=None if outcome.ttl is None else int(outcome.ttl.total_seconds()),
            period=None if outcome.period is None else int(outcome.period.total_seconds()),
            rhythm=None if outcome.rhythm is None else pack_rhythm(outcome.rhythm),
            identity=outcome.identity and outcome.identity.by,
            identity_seen=outcome.identity and pack_identity(outcome.identity),
            validated=validators is not None,
            etag=validators and validators.etag,
            last_modified=validators and validators.last_modified,
            primed=outcome.primed,
            body_digest=outcome.body_digest,
            entry_digests=None if outcome.entry_digests is None else packed(outcome.entry_digests),
        ),
    )


def _state(outcome: PollOutcome) -> str:
    """What a feed that is polled at all is after this poll."""
    match outcome.outcome:
        case Outcome.BLOCKED | Outcome.GONE as state:
            return state.value
        case kind if kind in SUCCESSES:
            return "ok"
        case _:
            return "failing"


def _store_move(db: sqlite3.Connection, outcome: PollOutcome, move: Move) -> None:
    """From now on the feed is polled elsewhere; what we compare documents by stays, validators are of one address."""
    given = params(feed=outcome.feed, at=outcome.at, to_url=move.to_url, host=move.host, why=move.why)
    db.execute("INSERT INTO hosts (host) VALUES (:host) ON CONFLICT DO NOTHING", {"host": move.host})
    db.execute(
        """
        INSERT INTO feed_moves (feed, at, from_url, to_url, why)
        SELECT key, :at, url, :to_url, :why FROM feeds WHERE key = :feed
        """,
        given,
    )
    db.execute(
        "UPDATE feeds SET url = :to_url, host = :host, etag = NULL, last_modified = NULL WHERE key = :feed", given
    )


def _store_host(db: sqlite3.Connection, outcome: PollOutcome) -> None:
    """Leaves the feed's host alone for a while: for longer when another feed heard so last. A success clears that."""
    if outcome.hold is not None:
        db.execute(
            """
            UPDATE hosts SET
                hold_until = max(coalesce(hold_until, ''),
                                 iif(coalesce(limited_feed, :feed) = :feed, :at_first, :confirmed)),
                limited_feed = :feed
            WHERE host = (SELECT host FROM feeds WHERE key = :feed)
            """,
            params(feed=outcome.feed, at_first=due(outcome.hold.at_first), confirmed=due(outcome.hold.confirmed)),
        )
    elif outcome.outcome in SUCCESSES:
        db.execute(
            """
            UPDATE hosts SET limited_feed = NULL
            WHERE host = (SELECT host FROM feeds WHERE key = :feed) AND limited_feed IS NOT NULL
            """,
            {"feed": outcome.feed},
        )
