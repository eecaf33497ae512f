"""An alert or a digest as a mail: what its templates are given. The same values give the same bytes.

A mail that cannot be laid out goes out as a stub with rule, title and link: an alert is never lost to its looks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from unicodedata import east_asian_width
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from monitor.advice import advice, is_our_own_line
from monitor.mail import Envelope, message_id, plainer, stub, whole_mail
from monitor.model import Article, FeedTrouble, House, LanguageGuess, Match, Notice, Span, Told, WaitingAlert
from monitor.text import one_line

__all__ = ["article_mail", "digest_mail", "message_id", "notice_mail", "notice_subject", "plainer_mail", "test_mail"]

TITLE_LIMIT = 200  # code points of a title that a subject or a heading shows
LEAD_LIMIT = 600  # code points of the article's beginning
WORDS_SHOWN = 8
NAMES_IN_SUBJECT = 5
COLUMNS = 76  # of a line of plain text
MOST_IN_A_STUB = 100  # articles

Facts = Mapping[str, object]
Pieces = tuple[tuple[str, bool], ...]  # text cut where marks begin and end; True: a matched word


# RFC 4021 §2.1.54 (Importance), and what mail programs looked at before there was one.
_PRIORITIES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "low": (("Importance", "low"), ("X-Priority", "5")),
    "normal": (),
    "high": (("Importance", "high"), ("X-Priority", "1")),
}


def article_mail(
    *,
    mail_id: str,
    rule: str,
    article: Article,
    match: Match,
    language: LanguageGuess,
    feed_title: str,
    house: House,
    recipient: str,
    now: datetime,
    priority: str = "normal",
) -> bytes:
    """The mail that tells one recipient of one match. `mail_id` is its Message-ID, `priority` that of the rule."""
    headers = (("X-Monitor-Rule", rule), ("X-Monitor-Feed", article.feed), *_PRIORITIES[priority])
    return _mail(
        "article",
        Envelope(mail_id=mail_id, house=house, recipient=recipient, now=now, topic=rule, headers=headers),
        lambda: _article_facts(rule, article, match, language, feed_title, house),
        headline=article.title,
        plainly=(f"Rule: {rule}", f"Title: {article.title}", f"Link: {article.link or 'none'}"),
    )


def digest_mail(
    *, mail_id: str, digest: str, waiting: Sequence[WaitingAlert], house: House, recipient: str, now: datetime
) -> bytes:
    """The mail that brings one recipient a digest: by rule, in the order rules appear in `waiting`, newest first."""
    headers = (("X-Monitor-Digest", digest),)
    return _mail(
        "digest",
        Envelope(mail_id=mail_id, house=house, recipient=recipient, now=now, topic=digest, headers=headers),
        lambda: _digest_facts(digest, waiting, house, now),
        headline=_count(waiting),
        plainly=tuple(f"{alert.rule}: {alert.title} {alert.link or ''}" for alert in waiting),
    )


def notice_subject(notice: Notice) -> str:
    """What a notice says, in one line: how many feeds, and which."""

    def said(feeds: Sequence[str], one: str, many: str) -> str:
        names = ", ".join(one_line(feed, 60) for feed in feeds[:NAMES_IN_SUBJECT])
        more = f" and {len(feeds) - NAMES_IN_SUBJECT} more" if len(feeds) > NAMES_IN_SUBJECT else ""
        return f"1 feed {one}: {names}" if len(feeds) == 1 else f"{len(feeds)} feeds {many}: {names}{more}"

    parts = [
        said([trouble.feed for trouble in notice.failing], "fails", "fail"),
        said([trouble.feed for trouble in notice.working], "works again", "work again"),
        said([feed for feed, _ in notice.storms], "repeats itself", "repeat themselves"),
    ]
    return one_line("; ".join(part for part in parts if not part.startswith("0 ")), TITLE_LIMIT)


def notice_mail(*, mail_id: str, notice: Notice, house: House, recipient: str, now: datetime) -> bytes:
    """The mail that tells the operator which feeds fail for good, work again, or bring old items as new."""
    subject = notice_subject(notice)
    troubles = (*notice.failing, *notice.working)
    return _mail(
        "notice",
        Envelope(mail_id=mail_id, house=house, recipient=recipient, now=now, topic="notices"),
        lambda: {
            "subject": f"[monitor] {subject}",
            "when": _moment(now, house),
            "failing": [_trouble(trouble, house) for trouble in notice.failing],
            "working": [_trouble(trouble, house) for trouble in notice.working],
            "storms": notice.storms,
            "is_our_own_line": is_our_own_line([trouble.outcome for trouble in notice.failing], notice.feeds),
            "contact": house.contact,
        },
        headline=subject,
        plainly=tuple(f"{trouble.feed}: {trouble.error or 'works again'}" for trouble in troubles),
    )


def plainer_mail(message: bytes, told: Sequence[Told], *, why: str) -> bytes:
    """The mail in place of one that a server refused for what it was: rule, title and link of each article, no more.

    Without articles (a notice) the subject has to do.
    """
    lines = [line for each in told[:MOST_IN_A_STUB] for line in (f"{each.rule}: {each.title}", each.link or "", "")]
    if len(told) > MOST_IN_A_STUB:
        lines += [f"and {len(told) - MOST_IN_A_STUB} more articles; `monitor alerts list` has them all", ""]
    return plainer(message, lines=[*lines, f"The mail server refused this message as it was: {why}"])


def test_mail(*, mail_id: str, channel: str, house: House, recipient: str, now: datetime) -> bytes:
    """The mail that shows whether a channel works."""
    return _mail(
        "test",
        Envelope(mail_id=mail_id, house=house, recipient=recipient, now=now, topic="test"),
        lambda: {
            "subject": f"[monitor] the channel {channel} works",
            "channel": channel,
            "recipient": recipient,
            "when": _moment(now, house),
            "contact": house.contact,
        },
        headline="the channel works",
        plainly=(f"Channel: {channel}",),
    )


def _mail(
    template: str, envelope: Envelope, facts: Callable[[], Facts], *, headline: str, plainly: Sequence[str]
) -> bytes:
    """The mail laid out with its templates, or a stub that has the headline and says the rest `plainly`."""
    try:
        given = facts()
        return whole_mail(
            envelope,
            subject=str(given["subject"]),
            text=_templates().get_template(f"{template}.txt.j2").render(given),
            html=_templates().get_template(f"{template}.html.j2").render(given),
        )
    except Exception as fault:  # Whatever it was, the alert must still arrive; the stub names the fault.
        excuse = f"This mail could not be laid out as usual ({type(fault).__name__}: {fault})."
        return stub(envelope, subject=f"[{envelope.topic}] {headline}", lines=[*plainly, "", excuse])


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("monitor"),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["filled"] = _filled
    return environment


# ── what the templates are given ─────────────────────────────────────────────────────────────────────────────────────


def _article_facts(
    rule: str, article: Article, match: Match, language: LanguageGuess, feed_title: str, house: House
) -> Facts:
    title = one_line(article.title, TITLE_LIMIT) or one_line(article.text, 80) or "(no title)"
    in_title = _marks(match.spans, "title") if article.title.startswith(title.rstrip("…")) else ()
    in_text = _marks(match.spans, "text")
    lead_end = _lead_end(article.text)
    return {
        "subject": f"[{one_line(rule, 60)}] {title}",
        "rule": rule,
        "title": _pieces(title, in_title),
        "link": _web_link(article.link),
        "source": one_line(feed_title, 100),
        "when": _when(article.published_at, article.seen_at, house),
        "moments": _moments(article, house),
        "language": _language(language),
        "lang": _lang_attribute(language.language),
        "authors": one_line(", ".join(article.authors), 200),
        "lead": _lead(article.text, lead_end, in_text),
        # Shown on its own only when the lead does not show a match already.
        "excerpt": _pieces(match.excerpt.text, match.excerpt.marks) if in_text and in_text[0][1] > lead_end else (),
        "words": _words(article, match.spans),
        "contact": house.contact,
    }


def _trouble(trouble: FeedTrouble, house: House) -> Facts:
    return {
        "feed": trouble.feed,
        "title": one_line(trouble.title, 100) if trouble.title != trouble.feed else "",
        "error": trouble.error,
        "failures": trouble.failures,
        "since": _moment(trouble.since, house) if trouble.since else None,
        "next": _moment(trouble.next_poll_at, house),
        "reported": _moment(trouble.reported_at, house) if trouble.reported_at else None,
        "advice": advice(trouble.outcome, trouble.status) if trouble.failures else "",
    }


def _digest_facts(digest: str, waiting: Sequence[WaitingAlert], house: House, now: datetime) -> Facts:
    groups: dict[str, list[WaitingAlert]] = {}
    for alert in waiting:
        groups.setdefault(alert.rule, []).append(alert)
    rules = ", ".join(f"{one_line(rule, 60)} ({len(alerts)})" for rule, alerts in groups.items())
    return {
        "subject": one_line(f"[{digest}] {_count(waiting)}: {rules}", TITLE_LIMIT),
        "digest": digest,
        "count": _count(waiting),
        "when": _moment(now, house),
        "groups": [
            (rule, [_digest_item(alert, house) for alert in sorted(alerts, key=_age, reverse=True)])
            for rule, alerts in groups.items()
        ],
        "contact": house.contact,
    }


def _age(alert: WaitingAlert) -> tuple[datetime, int]:
    return alert.published_at or alert.first_seen_at, alert.id


def _digest_item(alert: WaitingAlert, house: House) -> Facts:
    title = _pieces(one_line(alert.title, TITLE_LIMIT), ())
    excerpt = _pieces(alert.excerpt.text, alert.excerpt.marks)
    if not title or alert.excerpt.text == alert.title:  # a match in the title alone has the title as its excerpt
        title, excerpt = excerpt, ()
    return {
        "title": title or _pieces("(no title)", ()),
        "excerpt": excerpt,
        "link": _web_link(alert.link),
        "source": one_line(alert.feed_title, 100),
        "when": _when(alert.published_at, alert.first_seen_at, house),
        "language": _language_and_tag(alert.language),
        "lang": _lang_attribute(alert.language),
        "carriers": alert.carriers,
    }


def _count(waiting: Sequence[WaitingAlert]) -> str:
    return "1 article" if len(waiting) == 1 else f"{len(waiting)} articles"


def _words(article: Article, spans: Sequence[Span]) -> str:
    """The words that matched as the article writes them, each once."""
    if not spans:
        return "the article has none of the excluded words"
    found: dict[str, str] = {}
    for name, text in (("title", article.title), ("text", article.text)):
        for start, end in _marks(spans, name):
            found.setdefault(text[start:end].casefold(), one_line(text[start:end], 60))
    shown = list(found.values())[:WORDS_SHOWN]
    return ", ".join(shown) + (f" and {len(found) - WORDS_SHOWN} more" if len(found) > WORDS_SHOWN else "")


def _web_link(link: str | None) -> str | None:
    """The link if a reader may be sent there: absolute http(s), nothing in it that could end an attribute or a line."""
    if link is None or not link.isprintable() or re.search(r"[\s\"<>\\]", link):
        return None
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    return link if parts.scheme in ("http", "https") and parts.netloc else None


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

_DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def _moment(at: datetime, house: House) -> str:
    """An instant as the reader's clock showed it; the names do not depend on the process's locale."""
    local = at.astimezone(ZoneInfo(house.timezone))
    day, month = _DAYS[local.weekday()], _MONTHS[local.month - 1]
    return f"{day} {local.day} {month} {local.year}, {local:%H:%M} {local.tzname()}"


def _when(published_at: datetime | None, first_seen_at: datetime, house: House) -> str:
    return _moment(published_at, house) if published_at else f"first seen {_moment(first_seen_at, house)}"


def _moments(article: Article, house: House) -> list[tuple[str, str]]:
    """When it was published and when we saw it, labelled; once when both read the same."""
    first_seen = _moment(article.seen_at, house)
    if article.published_at is None:
        return [("Published", "the feed does not say"), ("First seen", first_seen)]
    if article.published_source == "clamped":
        return [("Published", "the feed names a moment in the future"), ("First seen", first_seen)]
    label = "Updated" if article.published_source == "updated" else "Published"
    published = _moment(article.published_at, house)
    return [(label, published)] + ([("First seen", first_seen)] if first_seen != published else [])


# ── which language ───────────────────────────────────────────────────────────────────────────────────────────────────

_LANGUAGES = dict(
    pair.split(":")
    for pair in (
        "af:Afrikaans ar:Arabic az:Azerbaijani be:Belarusian bg:Bulgarian bn:Bengali bs:Bosnian ca:Catalan cs:Czech "
        "cy:Welsh da:Danish de:German el:Greek en:English es:Spanish et:Estonian eu:Basque fa:Persian fi:Finnish "
        "fr:French ga:Irish gl:Galician gu:Gujarati he:Hebrew hi:Hindi hr:Croatian hu:Hungarian hy:Armenian "
        "id:Indonesian is:Icelandic it:Italian ja:Japanese ka:Georgian kk:Kazakh kn:Kannada ko:Korean lb:Luxembourgish "
        "lt:Lithuanian lv:Latvian mk:Macedonian ml:Malayalam mr:Marathi mt:Maltese ne:Nepali nl:Dutch no:Norwegian "
        "pa:Punjabi pl:Polish pt:Portuguese ro:Romanian ru:Russian sk:Slovak sl:Slovenian so:Somali sq:Albanian "
        "sr:Serbian sv:Swedish sw:Swahili ta:Tamil te:Telugu th:Thai tl:Tagalog tr:Turkish uk:Ukrainian ur:Urdu "
        "vi:Vietnamese zh:Chinese"
    ).split()
)


def _language(guess: LanguageGuess) -> str:
    """The language with its tag and how sure we are."""
    if guess.language == "und":
        return "not recognised"
    name = _language_and_tag(guess.language)
    match guess.source:
        case "detected":
            return f"{name}, {min(guess.confidence, 0.99):.0%} sure"  # a guess is never certain
        case "script":
            return f"{name}, by its script"
        case "feed" | "declared":
            return f"{name}, as the feed says"
        case _:
            return name


def _language_and_tag(tag: str) -> str:
    """The language's English name before its tag; the tag alone for a language we have no name for."""
    if tag == "und":
        return "language not recognised"
    name = _LANGUAGES.get(tag.partition("-")[0].lower())
    return f"{name} ({tag})" if name else tag


def _lang_attribute(tag: str) -> str | None:
    """The tag for HTML's lang attribute; None when there is nothing to say."""
    return None if tag == "und" else tag


# ── passages, and the matched words in them ──────────────────────────────────────────────────────────────────────────

# French sets a space inside guillemets and before high punctuation, where no line may end. `text.clean` made it a
# common one; here it gets its nature back, character for character, so that marks keep their places.
_BOUND_SPACE = re.compile(r" (?=[:;!?»%€])|(?<=«) ")


def _marks(spans: Sequence[Span], name: str) -> list[tuple[int, int]]:
    """One field's spans in order; those that touch or overlap are one: 北 and 约 are read as 北约."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((span.start, span.end) for span in spans if span.field == name):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _pieces(text: str, marks: Sequence[tuple[int, int]]) -> Pieces:
    """The text cut where marks begin and end; marks that lie outside it are left out."""
    text = _BOUND_SPACE.sub("\u00a0", text)
    pieces = []
    at = 0
    for low, high in marks:
        low, high = max(low, at), min(high, len(text))
        if low < high:
            pieces += [(text[at:low], False), (text[low:high], True)]
            at = high
    pieces.append((text[at:], False))
    return tuple((piece, is_match) for piece, is_match in pieces if piece)


def _lead_end(text: str) -> int:
    """Where the article's beginning ends: all of a short text, else between two words if there are any."""
    if len(text) <= LEAD_LIMIT:
        return len(text)
    edge = max(text.rfind(" ", LEAD_LIMIT - 60, LEAD_LIMIT), text.rfind("\n", LEAD_LIMIT - 60, LEAD_LIMIT))
    return edge if edge > 0 else LEAD_LIMIT


def _lead(text: str, stop: int, marks: Sequence[tuple[int, int]]) -> list[Pieces]:
    """The beginning of the article, a paragraph each, with "…" where it goes on."""
    paragraphs = []
    start = 0
    for paragraph in text[:stop].split("\n"):
        paragraphs.append(_pieces(paragraph, [(low - start, high - start) for low, high in marks]))
        start += len(paragraph) + 1
    paragraphs = [pieces for pieces in paragraphs if pieces]
    if stop < len(text) and paragraphs:
        paragraphs[-1] += (("\u00a0…", False),)
    return paragraphs


def _filled(text: str, indent: str = "") -> str:
    """A paragraph in lines for a terminal, where a Chinese, Japanese or Korean character takes two columns.

    Words are kept whole, so Chinese and Japanese are left to the terminal to break.
    """
    lines, room = [""], COLUMNS - _columns(indent)
    width = 0  # of the last line
    for word in text.split(" "):
        columns = _columns(word)
        if not lines[-1]:
            lines[-1], width = word, columns
        elif width + 1 + columns <= room:
            lines[-1], width = f"{lines[-1]} {word}", width + 1 + columns
        else:
            lines.append(word)
            width = columns
    return "\n".join(indent + line for line in lines)


def _columns(text: str) -> int:
    return len(text) if text.isascii() else sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
