"""An alert or a digest as the bytes of a whole mail: the same values give the same bytes.

Titles, authors and feed names are a stranger's words. They pass `text.one_line`, are encoded (RFC 2047) wherever a mail
program could read something into them, and are escaped in HTML; the finished mail is parsed again and must have exactly
the headers we meant. A mail that cannot be laid out goes out as a plain stub: an alert is never lost to its looks.

The mail itself: RFC 5322, MIME RFC 2045 to 2047, List-Id RFC 2919, Auto-Submitted RFC 3834.
"""

from __future__ import annotations

import base64
import email
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from functools import cache
from hashlib import blake2b
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from monitor.model import Article, House, LanguageGuess, Match, Span, WaitingAlert
from monitor.text import one_line

TITLE_LIMIT = 200  # code points of a title that a subject or a heading shows
LEAD_LIMIT = 600  # code points of the article's beginning
WORDS_SHOWN = 8

Pieces = tuple[tuple[str, bool], ...]  # text cut where marks begin and end; True: a matched word


def message_id(*parts: str, contact: str) -> str:
    """The Message-ID that these parts always get. Short, so that no header line must be folded."""
    return f"<{_digest(json.dumps(parts))}@{_domain(contact)}>"


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
) -> bytes:
    """The mail that tells one recipient of one match. `mail_id` is its Message-ID."""
    return _mail(
        "article",
        _Envelope(
            mail_id=mail_id,
            house=house,
            recipient=recipient,
            now=now,
            topic=rule,
            headers=(("X-Monitor-Rule", rule), ("X-Monitor-Feed", article.feed)),
        ),
        lambda: _article_facts(rule, article, match, language, feed_title, house),
        headline=article.title,
        plainly=(f"Rule: {rule}", f"Title: {article.title}", f"Link: {article.link or 'none'}"),
    )


def digest_mail(
    *, mail_id: str, digest: str, waiting: Sequence[WaitingAlert], house: House, recipient: str, now: datetime
) -> bytes:
    """The mail that brings one recipient a digest: by rule, in the order rules appear in `waiting`, newest first."""
    return _mail(
        "digest",
        _Envelope(
            mail_id=mail_id,
            house=house,
            recipient=recipient,
            now=now,
            topic=digest,
            headers=(("X-Monitor-Digest", digest),),
        ),
        lambda: _digest_facts(digest, waiting, house, now),
        headline=f"{len(waiting)} articles",
        plainly=tuple(f"{alert.rule}: {alert.title} {alert.link or ''}" for alert in waiting),
    )


def test_mail(*, mail_id: str, channel: str, house: House, recipient: str, now: datetime) -> bytes:
    """The mail that shows whether a channel works."""
    return _mail(
        "test",
        _Envelope(mail_id=mail_id, house=house, recipient=recipient, now=now, topic="test"),
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


# ── what the templates are given ─────────────────────────────────────────────────────────────────────────────────────


def _article_facts(
    rule: str, article: Article, match: Match, language: LanguageGuess, feed_title: str, house: House
) -> Mapping[str, object]:
    title = one_line(article.title, TITLE_LIMIT) or one_line(article.text, 80) or "(no title)"
    first_seen = _moment(article.seen_at, house)
    published = _moment(article.published_at, house) if article.published_at else None
    in_text = _marks(match.spans, "text")
    lead_end = _lead_end(article.text)
    return {
        "subject": f"[{one_line(rule, 60)}] {title}",
        "rule": rule,
        "title": _pieces(title, _marks(match.spans, "title") if article.title.startswith(title.rstrip("…")) else ()),
        "link": _web_link(article.link),
        "source": one_line(feed_title, 100),
        "when": published or first_seen,
        "moments": _moments(article, published, first_seen),
        "language": _language(language),
        "lang": _lang_attribute(language.language),
        "authors": one_line(", ".join(article.authors), 200),
        "lead": _lead(article.text, lead_end, in_text),
        # Shown on its own only when the lead does not show a match already.
        "excerpt": _pieces(match.excerpt.text, match.excerpt.marks) if in_text and in_text[0][1] > lead_end else None,
        "words": _words(article, match.spans),
        "contact": house.contact,
    }


def _digest_facts(digest: str, waiting: Sequence[WaitingAlert], house: House, now: datetime) -> Mapping[str, object]:
    groups: dict[str, list[WaitingAlert]] = {}
    for alert in waiting:
        groups.setdefault(alert.rule, []).append(alert)
    count = f"{len(waiting)} {'article' if len(waiting) == 1 else 'articles'}"
    rules = ", ".join(f"{one_line(rule, 60)} ({len(alerts)})" for rule, alerts in groups.items())
    return {
        "subject": one_line(f"[{digest}] {count}: {rules}", TITLE_LIMIT),
        "digest": digest,
        "count": count,
        "when": _moment(now, house),
        "groups": [
            (rule, [_digest_item(alert, house) for alert in sorted(alerts, key=_age, reverse=True)])
            for rule, alerts in groups.items()
        ],
        "contact": house.contact,
    }


def _age(alert: WaitingAlert) -> tuple[datetime, int]:
    return alert.published_at or alert.first_seen_at, alert.id


def _digest_item(alert: WaitingAlert, house: House) -> Mapping[str, object]:
    title = one_line(alert.title, TITLE_LIMIT)
    excerpt = _pieces(alert.excerpt.text, alert.excerpt.marks)
    # A match in the title alone has the title as its excerpt: shown once, with its marks.
    only_title = not title or alert.excerpt.text == title
    return {
        "title": excerpt if only_title else _pieces(title, ()),
        "excerpt": None if only_title else excerpt,
        "link": _web_link(alert.link),
        "source": one_line(alert.feed_title, 100),
        "when": _moment(alert.published_at or alert.first_seen_at, house),
        "language": _language_and_tag(alert.language),
        "lang": _lang_attribute(alert.language),
        "carriers": alert.carriers,
    }


def _moments(article: Article, published: str | None, first_seen: str) -> list[tuple[str, str]]:
    """When it was published and when we saw it, labelled; once when both read the same."""
    if published is None:
        return [("Published", "the feed does not say"), ("First seen", first_seen)]
    if article.published_source == "clamped":
        return [("Published", "the feed names a moment in the future"), ("First seen", first_seen)]
    label = "Updated" if article.published_source == "updated" else "Published"
    return [(label, published)] + ([("First seen", first_seen)] if first_seen != published else [])


def _words(article: Article, spans: Sequence[Span]) -> str:
    """The words that matched as the article writes them, each once."""
    if not spans:
        return "the article has none of the excluded words"
    found: dict[str, str] = {}
    for name, text in (("title", article.title), ("text", article.text)):
        for start, end in _marks(spans, name):
            found.setdefault(text[start:end].casefold(), one_line(text[start:end], 60))
    shown = list(found.values())
    return ", ".join(shown[:WORDS_SHOWN]) + (
        f" and {len(shown) - WORDS_SHOWN} more" if len(shown) > WORDS_SHOWN else ""
    )


def _language(guess: LanguageGuess) -> str:
    """The language with its tag and how sure we are."""
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
        return "not recognised"
    name = _LANGUAGES.get(tag.partition("-")[0].lower())
    return f"{name} ({tag})" if name else tag


def _lang_attribute(tag: str) -> str | None:
    """The tag for HTML's lang attribute; None when there is nothing to say."""
    return None if tag == "und" else tag


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

_DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def _moment(at: datetime, house: House) -> str:
    """An instant as the reader's clock showed it; the names do not depend on the process's locale."""
    local = at.astimezone(ZoneInfo(house.timezone))
    return (
        f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}, {local:%H:%M} {local.tzname()}"
    )


def _web_link(link: str | None) -> str | None:
    """The link if a reader may be sent there: absolute http(s), nothing in it that could end an attribute or a line."""
    if link is None or not link.isprintable() or re.search(r"[\s\"<>\\]", link):
        return None
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    return link if parts.scheme in ("http", "https") and parts.netloc else None


# ── marked passages ──────────────────────────────────────────────────────────────────────────────────────────────────


def _marks(spans: Sequence[Span], name: str) -> list[tuple[int, int]]:
    """One field's spans in order; those that touch or overlap are one: 北 and 约 are read as 北约."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((span.start, span.end) for span in spans if span.field == name):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _pieces(text: str, marks: Sequence[tuple[int, int]], start: int = 0, stop: int | None = None) -> Pieces:
    """text[start:stop] cut where marks begin and end; marks beyond it are cut or left out."""
    stop = len(text) if stop is None else stop
    pieces = []
    at = start
    for low, high in marks:
        low, high = max(low, at), min(high, stop)
        if low < high:
            pieces += [(text[at:low], False), (text[low:high], True)]
            at = high
    pieces.append((text[at:stop], False))
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
        paragraphs.append(_pieces(text, marks, start, start + len(paragraph)))
        start += len(paragraph) + 1
    paragraphs = [pieces for pieces in paragraphs if pieces]
    if stop < len(text) and paragraphs:
        paragraphs[-1] += ((" …", False),)
    return paragraphs


# ── the mail ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class _Envelope:
    """What every mail must say about itself, whatever is in it."""

    mail_id: str
    house: House
    recipient: str
    now: datetime
    topic: str  # the rule, or the digest: what readers file by
    headers: tuple[tuple[str, str], ...] = ()

    def fields(self, subject: str) -> list[tuple[str, str]]:
        """The header, in order, not yet encoded."""
        sender = one_line(self.house.sender, 320)
        recipient = one_line(self.recipient, 320)
        return [
            ("From", sender if "<" in sender else f"monitor <{sender}>"),
            # A channel without addresses is written as a group with nobody in it (RFC 5322 §3.4).
            ("To", recipient if "@" in recipient else f"{_slug(recipient)}:;"),
            ("Subject", one_line(subject, TITLE_LIMIT + 70)),
            ("Date", format_datetime(self.now)),
            ("Message-ID", self.mail_id),
            ("List-Id", f"<{_slug(self.topic)}.monitor.{_domain(self.house.contact)}>"),
            ("Auto-Submitted", "auto-generated"),
            ("X-Auto-Response-Suppress", "All"),
            *((name, one_line(value, 200)) for name, value in self.headers),
        ]


def _mail(
    template: str,
    envelope: _Envelope,
    facts: Callable[[], Mapping[str, object]],
    *,
    headline: str,
    plainly: Sequence[str],
) -> bytes:
    """The mail laid out with its templates, or a stub that has the headline and says the rest `plainly`."""
    try:
        given = facts()
        fields = envelope.fields(str(given["subject"]))
        text = _templates().get_template(f"{template}.txt.j2").render(given)
        html = _templates().get_template(f"{template}.html.j2").render(given)
        return _verified(_assembled(fields, text, html, boundary=f"=_{_digest(envelope.mail_id)}"), fields)
    except Exception as fault:  # Whatever it was, the alert must still arrive; the stub names the fault.
        return _stub(envelope, headline, plainly, fault)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("monitor"),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP


def _assembled(fields: Sequence[tuple[str, str]], text: str, html: str, *, boundary: str) -> bytes:
    # The older classes on purpose: `EmailMessage` decodes an encoded word in a value it is given, and before Python
    # 3.11.10 and 3.12.5 the line breaks in it became headers (CVE-2024-6923).
    mail = MIMEMultipart("alternative", boundary=boundary)
    for name, value in fields:
        mail[name] = _encoded(name, value)  # type: ignore[assignment]  # typed str; these classes take a Header too
    for body, subtype in ((text, "plain"), (html, "html")):
        part = MIMEText(body, subtype, _UTF8)  # type: ignore[arg-type]  # typed str; a Charset is what sets quoted-printable
        del part["MIME-Version"]
        mail.attach(part)
    return mail.as_bytes(policy=policy.compat32.clone(linesep="\r\n"))


def _encoded(name: str, value: str) -> Header | str:
    """The value as a header may carry it: encoded, unless it is ASCII that nobody could take for an encoded word."""
    return value if value.isascii() and "=?" not in value else Header(value, "utf-8", header_name=name)


def _verified(mail: bytes, fields: Sequence[tuple[str, str]]) -> bytes:
    """The mail, once a parser finds in it exactly what we put there. Raises ValueError otherwise."""
    parsed = email.message_from_bytes(mail)
    expected = ["Content-Type", "MIME-Version", *(name for name, _ in fields)]
    if parsed.keys() != expected or parsed.defects:
        raise ValueError(f"the finished mail has the headers {parsed.keys()}")
    if [part.get_content_type() for part in parsed.walk()] != ["multipart/alternative", "text/plain", "text/html"]:
        raise ValueError("the finished mail does not have the two bodies it should have")
    return mail


def _stub(envelope: _Envelope, headline: str, plainly: Sequence[str], fault: Exception) -> bytes:
    """A mail that cannot fail: ASCII headers, and one plain body in base64."""
    fields = envelope.fields(f"[{envelope.topic}] {headline}")
    said = [*plainly, "", f"This mail could not be laid out as usual ({type(fault).__name__}: {fault}).", ""]
    lines = ["".join(char if char.isprintable() else " " for char in line) for line in said]
    body = base64.encodebytes("\n".join(lines).encode("utf-8", "replace"))
    head = [f"{name}: {_ascii(value)}" for name, value in fields]
    head += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64"]
    return "\r\n".join([*head, "", *body.decode("ascii").splitlines(), ""]).encode("ascii")


def _ascii(value: str) -> str:
    return "".join(char if " " <= char <= "~" else "?" for char in value).replace("=?", "= ?")


def _slug(name: str) -> str:
    """The name as a label of a List-Id; with a digest when letters and digits alone cannot spell it."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    return plain if plain == name.lower() else f"{plain}-{_digest(name)[:8]}".lstrip("-")


def _domain(address: str) -> str:
    domain = address.rpartition("@")[2].rstrip(">").lower()
    return domain if re.fullmatch(r"[a-z0-9.-]{1,253}", domain) else "localhost"


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
