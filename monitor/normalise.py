"""`ParsedEntry` → `Article`: identity, link, plain text, a believable date and where it came from."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from monitor.model import Article, ParsedEntry
from monitor.text import digest, fingerprint, fold, html_to_text, one_line, plain_text, title_text
from monitor.urls import DEFAULT, LinkRules, link_key

MAX_KEY = 512  # code points of an entry key
MAX_TEXT = 1_048_576  # code points of an article's text

_CUT = re.compile(rf".{{{MAX_KEY - 20}}}…[0-9a-f]{{1,16}}", re.DOTALL)  # what `_bounded` leaves of a longer key

_TITLE_WORDS = 12  # of the text, for an entry without a title
_TITLE_LENGTH = 120
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # older dates in feeds are defaults of broken clocks, not dates


def entry_keys(entries: Sequence[ParsedEntry], links: LinkRules = DEFAULT) -> tuple[str, ...]:
    """What each entry of a document is known by in its feed, in step with `entries`.

    The guid; without one the link; without both a digest of title and text. Where different entries share that, it is
    narrowed by link, then by title (by text where there is no title), so that one guid with several links is several
    articles. Equal keys are left to true repeats only: same guid, same link, same title.
    """
    identities = [(entry.guid, entry.link, entry.title or entry.body) for entry in entries]
    candidates = [_key_candidates(entry, links) for entry in entries]
    rungs = [0] * len(entries)
    while True:
        holders: dict[str, set[int]] = defaultdict(set)
        for index, rung in enumerate(rungs):
            holders[candidates[index][rung]].add(index)
        ambiguous = {
            index
            for indexes in holders.values()
            if len({identities[index] for index in indexes}) > 1
            for index in indexes
            if rungs[index] + 1 < len(candidates[index])
        }
        if not ambiguous:
            return tuple(_bounded(keys[rung]) for keys, rung in zip(candidates, rungs, strict=True))
        for index in ambiguous:
            rungs[index] += 1


def _key_candidates(entry: ParsedEntry, links: LinkRules) -> tuple[str, ...]:
    """Ways to name an entry, from the most lasting one to the most exact one."""
    link = link_key(entry.link, links) or entry.link
    exact = f"{digest(entry.link, entry.title or entry.body):x}"
    if entry.guid:
        return entry.guid, f"{entry.guid} {link or '-'}", f"{entry.guid} {link or '-'} {exact}"
    if link:
        return link, f"{link} {exact}"
    return (f"text {digest(entry.title, entry.body):x}",)


def _bounded(key: str) -> str:
    return key if len(key) <= MAX_KEY else f"{key[: MAX_KEY - 20]}…{digest(key):x}"


def rekeyed(entry_key: str, *, guid: str | None, link: str | None, rules: LinkRules) -> str:
    """A stored entry key as `entry_keys` would give it with these rules, given the entry's guid and link.

    Unchanged where it does not rest on the link, and where it was too long to be kept whole.
    """
    if link is None or entry_key == guid or _CUT.fullmatch(entry_key):
        return entry_key
    stem = f"{guid} " if guid else ""
    if not entry_key.startswith(stem):
        return entry_key
    # A link holds no space; a digest of the title may stand behind it.
    _, space, exact = entry_key.removeprefix(stem).partition(" ")
    return _bounded(f"{stem}{link_key(link, rules) or link}{space}{exact}")


def shared_links(entries: Sequence[ParsedEntry], links: LinkRules = DEFAULT) -> frozenset[str]:
    """Canonical links that several items of one document share, and that so identify none of them.

    A live blog's page, or the home page that some feeds link every item to. Items are told apart by their headlines;
    where those are all one, by anchors on the page that have each its own text.
    """
    carriers: dict[str, list[ParsedEntry]] = defaultdict(list)
    for entry in entries:
        key = link_key(entry.link, links)
        if key is not None:
            carriers[key].append(entry)
    return frozenset(key for key, carried in carriers.items() if len(carried) > 1 and _are_several(carried))


def _are_several(entries: Sequence[ParsedEntry]) -> bool:
    if len({fold(title_text(entry.title)) for entry in entries}) > 1:
        return True
    anchors = {(entry.link or "").partition("#")[2] for entry in entries}
    return len(anchors) > 1 and len({digest(entry.body) for entry in entries}) > 1


def entry_digest(entry: ParsedEntry, entry_key: str) -> int:
    """63 bits over everything the entry says; equal: nothing about it changed."""
    return digest(
        entry_key,
        entry.guid,
        entry.link,
        entry.title,
        entry.body,
        "plain" if entry.body_is_plain else "html",
        *entry.authors,
        None,
        *entry.categories,
        None,
        str(entry.published),
        str(entry.updated),
        entry.language,
    )


def normalise(
    entry: ParsedEntry,
    *,
    entry_key: str,
    feed: str,
    feed_language: str | None,
    seen_at: datetime,
    shared: Collection[str] = (),
    links: LinkRules = DEFAULT,
) -> Article:
    """The entry as an article to keep.

    `seen_at` is the time of the poll and bounds believable dates; `shared` are the document's `shared_links`. `links`
    says what its links are compared by, the same as for those and for its entry key.
    """
    text = body_text(entry)
    title = title_text(entry.title) or _first_words(text) or entry.link or entry.guid or ""
    canonical = link_key(entry.link, links)
    published_at, published_source = _published(entry, seen_at)
    return Article(
        feed=feed,
        entry_key=entry_key,
        guid=entry.guid,
        link=entry.link,
        link_key=None if canonical in shared else canonical,
        title=title,
        text=text,
        authors=entry.authors,
        categories=entry.categories,
        published_at=published_at,
        published_source=published_source,
        seen_at=seen_at,
        declared_language=entry.language or feed_language,
        digest=entry_digest(entry, entry_key),
        content_digest=digest(title, text),
        fingerprint=fingerprint(title, text),
    )


def body_text(entry: ParsedEntry) -> str:
    """The entry's text, plain, paragraphs separated by "\n"."""
    return (plain_text(entry.body) if entry.body_is_plain else html_to_text(entry.body))[:MAX_TEXT]


def _first_words(text: str) -> str:
    words = text.split(maxsplit=_TITLE_WORDS)
    start = " ".join(words[:_TITLE_WORDS]) + ("…" if len(words) > _TITLE_WORDS else "")
    return one_line(start, _TITLE_LENGTH)


def _published(entry: ParsedEntry, seen_at: datetime) -> tuple[datetime | None, str]:
    """The first of published and updated that lies between 1990 and now; failing that, a date in the future is now."""
    dates = [(entry.published, "published"), (entry.updated, "updated")]
    for date, source in dates:
        if date is not None and _EARLIEST <= date <= seen_at:
            return date, source
    if any(date is not None and date > seen_at for date, _source in dates):
        return seen_at, "clamped"
    return None, "none"
