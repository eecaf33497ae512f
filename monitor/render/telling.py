"""Alerts as messages: one story, or many by rule, as a mail or as JSON. The same values give the same bytes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from monitor.mail import HEADER_LIMIT, Envelope, message_id, stub
from monitor.model import Bundle, House, NewMessage, Reader, RuleSpec, TellingArticle, Trend
from monitor.render import layout
from monitor.render.layout import Facts
from monitor.render.passages import has_mark, lead, marks_of, pieces, plain, web_link
from monitor.render.payload import SCHEMA, encoded, plain_document
from monitor.render.words import Words
from monitor.text import excerpt, one_line

TITLE_LIMIT = 200  # code points of a title that a subject or a heading shows
WORDS_SHOWN = 8
OUTLETS_SHOWN = 8
PREVIEW_LIMIT = 160  # code points of what a phone shows of a mail that is not opened
LINE_LIMIT = 300  # of any one line that is not said to be shorter
MUCH = 1.5  # times the usual: what is more, or less by so much, gets an arrow
STORIES_AT_LENGTH = 40  # in one mail; of those after them the title is shown, and where it stands

# RFC 4021 §2.1.54 (Importance), and what mail programs looked at before there was one.
_PRIORITIES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "low": (("Importance", "low"), ("X-Priority", "5")),
    "normal": (),
    "high": (("Importance", "high"), ("X-Priority", "1")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Everything one message is made of."""

    bundle: Bundle
    articles: tuple[TellingArticle, ...]  # of the bundle's alerts, in the order of raising
    form: str  # what the channel takes: mail, json
    house: House
    reader: Reader
    now: datetime
    rules: Mapping[str, RuleSpec]  # those of the articles, as far as they are still configured; in the file's order
    answers: tuple[str, ...] = ()  # Message-IDs of its thread, the first first; empty: it begins one
    trends: tuple[Trend, ...] = ()  # of the rules of a digest
    told_lately: int = 0  # stories that the rule told the recipient within the hour, before this


def compose(job: Job) -> NewMessage:
    """The message. It cannot fail: what cannot be laid out goes out as a stub, and says why."""
    try:
        return _compose(job)
    except Exception as fault:  # As where a template fails: the alert must still arrive.
        return compose_plainly(job, why=f"{type(fault).__name__}: {fault}")


def _compose(job: Job) -> NewMessage:
    words = Words(job.reader.language, job.reader.timezone or job.house.timezone)
    mail_id = identity(job)
    stories = _stories(job.articles)
    subject = _subject(job, stories, words)
    if job.form == "json":
        message = _json(job, mail_id, subject, stories, words)
    else:
        message = _mail(job, mail_id, stories, words)
    return _composed(job, mail_id, subject, message)


def compose_plainly(job: Job, *, why: str) -> NewMessage:
    """The message in the fewest words, for when `compose` was too much for a worker."""
    mail_id = identity(job)
    topic = job.bundle.rule or job.bundle.digest or job.bundle.kind
    first = one_line(job.articles[0].title, TITLE_LIMIT) if job.articles else ""
    lines = [*_plainly(_stories(job.articles)), "", f"This message could not be laid out as usual: {why}"]
    if job.form == "json":
        message = plain_document(mail_id, job.bundle.kind, f"[{topic}] {first}", "\n".join(lines))
    else:
        message = stub(_envelope(job, mail_id), subject=f"[{topic}] {first}", lines=lines)
    return _composed(job, mail_id, f"[{topic}]", message)


def _composed(job: Job, mail_id: str, subject: str, message: bytes) -> NewMessage:
    stories = len({article.story for article in job.articles})
    return NewMessage(bundle=job.bundle, message_id=mail_id, message=message, stories=stories, subject=subject)


def identity(job: Job) -> str:
    """The Message-ID: made of whom it tells of which alerts, so that it is the same however often it is composed."""
    bundle = job.bundle
    # A revision or a carrier is not told by its article alone, so its alert's number is in it, too.
    alerts = [
        f"{article.rule} {article.identity}" + (f" {article.alert}" if article.kind != "article" else "")
        for article in job.articles
    ]
    when = [] if alerts else [job.now.isoformat()]
    return message_id(
        bundle.kind, bundle.digest or "", bundle.channel, bundle.recipient, *alerts, *when, contact=job.house.contact
    )


@dataclass(frozen=True, slots=True)
class _Story:
    """What one rule found of one story."""

    rule: str
    articles: tuple[TellingArticle, ...]  # in the order of raising

    @property
    def head(self) -> TellingArticle:
        """What it is shown by."""
        return self.articles[0]


def _stories(articles: Sequence[TellingArticle]) -> list[_Story]:
    found: dict[tuple[str, int], list[TellingArticle]] = {}
    for article in articles:
        found.setdefault((article.rule, article.story), []).append(article)
    return [_Story(rule, tuple(told)) for (rule, _), told in found.items()]


def _by_rule(job: Job, stories: Sequence[_Story]) -> list[tuple[str, list[_Story]]]:
    """In the file's order of rules, each rule's stories newest first; rules that are gone last."""
    order = {name: place for place, name in enumerate(job.rules)}
    groups: dict[str, list[_Story]] = {}
    for story in sorted(stories, key=lambda story: order.get(story.rule, len(order))):
        groups.setdefault(story.rule, []).append(story)
    return [(rule, sorted(told, key=_age, reverse=True)) for rule, told in groups.items()]


def _age(story: _Story) -> tuple[datetime, int]:
    return story.head.published_at or story.head.first_seen_at, story.head.alert


# ── subjects ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _subject(job: Job, stories: Sequence[_Story], words: Words) -> str:
    bundle = job.bundle
    part = "" if bundle.part[1] == 1 else f" ({words('part', number=bundle.part[0], of=bundle.part[1])})"
    topic = one_line(bundle.rule or bundle.digest or words(f"topic_{bundle.why}"), 60)
    if not stories:
        return f"[{topic}] {words('nothing')}"
    count = words("stories", n=len({story.head.story for story in stories}))
    # In a mail of many the one shown first.
    first = _title((stories[0] if bundle.rule is None else _by_rule(job, stories)[0][1][0]).head, words)
    match bundle.kind:
        case "story":
            outlets = len(stories[0].head.outlets)
            return f"[{topic}] {first}" + (f" ({words('outlets', n=outlets)})" if outlets > 1 else "")
        case "followup":
            # The title the thread began under, and nothing after it: Gmail shows as one thread only what has one
            # subject, whatever is answered.
            was = stories[0].head.before
            return f"Re: [{topic}] {one_line(was, TITLE_LIMIT) if was else first}"
        case "group":
            return one_line(f"[{topic}] {count}: {first}", TITLE_LIMIT) + part
        case "summary":
            return one_line(f"[{topic}] {words('topic_burst')}: {count}, {first}", TITLE_LIMIT) + part
        case _:
            rules = ", ".join(f"{one_line(rule, 60)} ({len(told)})" for rule, told in _by_rule(job, stories))
            return one_line(f"[{topic}] {count}: {rules}", TITLE_LIMIT) + part


def _title(article: TellingArticle, words: Words) -> str:
    return one_line(article.title, TITLE_LIMIT) or one_line(article.lead, 80) or words("no_title")


# ── mails ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def facts_of(job: Job) -> tuple[str, Facts]:
    """The template that lays a job out as a mail, and what it is given."""
    words = Words(job.reader.language, job.reader.timezone or job.house.timezone)
    stories = _stories(job.articles)
    subject = _subject(job, stories, words)
    if job.bundle.kind in ("story", "followup"):
        return "story", _story_facts(job, subject, stories[0], words)
    return "digest", _digest_facts(job, subject, stories, words)


def _mail(job: Job, mail_id: str, stories: Sequence[_Story], words: Words) -> bytes:
    is_one = job.bundle.kind in ("story", "followup")
    return layout.message(
        "story" if is_one else "digest",
        _envelope(job, mail_id),
        lambda: facts_of(job)[1],
        headline=stories[0].head.title if is_one else words("stories", n=len(stories)),
        plainly=_plainly(stories),
    )


def _envelope(job: Job, mail_id: str) -> Envelope:
    bundle = job.bundle
    topic = bundle.rule or bundle.digest or bundle.kind
    headers = _headers(job, topic)
    return Envelope(
        mail_id=mail_id, house=job.house, recipient=bundle.recipient, now=job.now, topic=topic, headers=headers
    )


def _plainly(stories: Sequence[_Story]) -> tuple[str, ...]:
    lines = []
    for story in stories:
        for article in story.articles:
            lines += [f"Rule: {article.rule}", f"Title: {article.title}", f"Link: {article.link or 'none'}", ""]
    return tuple(lines[:-1])


def _headers(job: Job, topic: str) -> tuple[tuple[str, str], ...]:
    bundle, articles = job.bundle, job.articles
    rule = job.rules.get(bundle.rule) if bundle.rule else None
    unsubscribe = quote(f"unsubscribe {one_line(topic, 40)} ({one_line(bundle.channel, 20)})")
    headers = []
    if job.answers:
        # RFC 5322 §3.6.4
        headers += [("In-Reply-To", job.answers[-1]), ("References", _references(job.answers))]
    headers += [
        ("List-Unsubscribe", f"<mailto:{job.house.contact}?subject={unsubscribe}>"),  # RFC 2369 §3.2
        ("X-Monitor-Kind", bundle.kind),
    ]
    if bundle.rule:
        headers.append(("X-Monitor-Rule", bundle.rule))
    if bundle.digest:
        headers.append(("X-Monitor-Digest", bundle.digest))
    if bundle.kind in ("story", "followup"):
        head = articles[0]
        headers += [("X-Monitor-Feed", head.feed), ("X-Monitor-Story", str(head.story))]
        headers += [("X-Monitor-Language", head.language.language)]
    if articles:
        shown = " ".join(str(article.alert) for article in articles[:20])
        headers.append(("X-Monitor-Alerts", shown + (" ..." if len(articles) > 20 else "")))
    return (*headers, *_PRIORITIES[rule.priority if rule else "normal"])


def _references(answers: Sequence[str]) -> str:
    """The Message-IDs of a thread, as many as a header line holds: the first always, then the last ones."""
    kept = list(answers)
    while len(kept) > 1 and len(" ".join(kept)) > HEADER_LIMIT:
        del kept[1]
    return " ".join(kept)


def _story_facts(job: Job, subject: str, story: _Story, words: Words) -> Facts:
    return {
        "subject": subject,
        "t": words,
        "rule": story.rule,
        "item": _item(job, story, words, at_length=True),
        "preview": _preview(job, story, words),
        "why": words("why_rule", rule=one_line(story.rule, 100)),
        "mutes": (
            (words("mute_story"), f"monitor alerts mute --story {story.head.story} --for 1d"),
            (words("mute_rule"), _mute_rule(story.rule)),
        ),
        "contact": job.house.contact,
    }


def _mute_rule(rule: str) -> str:
    return f"monitor alerts mute --rule {shlex.quote(rule)} --for 1d"


def _digest_facts(job: Job, subject: str, stories: Sequence[_Story], words: Words) -> Facts:
    bundle = job.bundle
    trends = {trend.rule: trend for trend in job.trends}
    groups = []
    shown = 0
    by_rule = _by_rule(job, stories)
    for rule, told in by_rule:
        articles = sum(len(story.articles) for story in told)
        said = words("stories", n=len(told))
        if trend := _trend(trends.get(rule), words):
            said = f"{said} · {trend}"
        elif articles > len(told):
            said = f"{said}, {words('articles', n=articles)}"
        items = []
        for story in told:
            items.append(_item(job, story, words, at_length=shown < STORIES_AT_LENGTH))
            shown += 1
        groups.append({"rule": rule, "said": said, "items": items})
    count = words("stories", n=len({story.head.story for story in stories}))
    heading = bundle.rule or bundle.digest or words(f"topic_{bundle.why}")
    if bundle.part[1] > 1:
        heading = f"{heading} ({words('part', number=bundle.part[0], of=bundle.part[1])})"
    held = words(f"held_{bundle.why}") if bundle.kind in ("overflow", "summary") else ""
    if bundle.kind == "summary" and job.told_lately:
        so_far = words("in_the_hour", stories=words("stories", n=job.told_lately + len(stories)))
        count = f"{count} · {so_far}"
    single = bundle.rule
    titles = [
        f"{_title(story.head, words)} ({one_line(story.head.outlet, 60)})" for _, told in by_rule for story in told
    ]
    return {
        "subject": subject,
        "t": words,
        "preview": one_line(" · ".join(titles[:4]), PREVIEW_LIMIT),
        "heading": heading,
        "count": count if stories else words("nothing"),
        "when": words.moment(job.now),
        "held": held,
        "nothing": "" if stories else words("nothing_long"),
        "groups": groups,
        "has_one_rule": single is not None,
        "why": words("why_digest", digest=bundle.digest)
        if bundle.digest
        else words("why_rule", rule=one_line(single, 100))
        if single
        else words("why_rules"),
        "mutes": (
            (words("mute_rule"), _mute_rule(single)) if single else (words("mute_a_rule"), _mute_rule(words("name"))),
        ),
        "contact": job.house.contact,
    }


def _trend(trend: Trend | None, words: Words) -> str:
    """How many articles a rule found against how many it usually does, with an arrow where that is another number."""
    if trend is None or trend.usual is None:
        return ""
    arrow = " ↑" if trend.matches > MUCH * trend.usual else " ↓" if trend.matches * MUCH < trend.usual else ""
    return words("trend", n=trend.matches, usual=words.number(trend.usual)) + arrow


def _item(job: Job, story: _Story, words: Words, *, at_length: bool) -> Facts:
    """One story, as the templates show it."""
    head = story.head
    found = tuple(dict.fromkeys(word for article in story.articles for word in article.words))
    title = _title(head, words)
    passages = lead(head.lead, head.words, is_whole=head.is_whole) if at_length else []
    title_pieces = pieces(title, marks_of(title, head.words))
    passage = pieces(head.excerpt.text, head.excerpt.marks) if at_length else ()
    others = [name for name in head.outlets if name != head.outlet]
    return {
        "title": title_pieces,
        "link": web_link(head.link),
        "outlet": one_line(head.outlet, 100),
        "country": head.country or "",
        "when": _when(head, words),
        "moments": _moments(head, words),
        "language": words.guess(head.language),
        "tongue": words.tag(head.language.language),
        "lang": None if head.language.language == "und" else head.language.language,
        "authors": one_line(", ".join(head.authors), 200),
        "lead": passages,
        # Shown on its own only when neither lead nor title shows a match already.
        "excerpt": () if plain(passage) in plain(title_pieces) or has_mark(passages) else passage,
        "passage": () if head.excerpt.text == head.title else passage,
        "words": _words(found, words),
        "outlets": len(head.outlets),
        "also": words("also", names=words.names([one_line(name, 60) for name in others], OUTLETS_SHOWN))
        if others
        else "",
        "note": _note(job, head, words),
        "before": words("was_titled", title=one_line(head.before, TITLE_LIMIT))
        if head.before and head.before != head.title
        else "",
        "others": [
            {
                "title": pieces(_title(article, words), marks_of(_title(article, words), article.words)),
                "link": web_link(article.link),
                "outlet": one_line(article.outlet, 100),
                "lang": None if article.language.language == "und" else article.language.language,
            }
            for article in story.articles[1:]
        ],
        "story": head.story,
        "at_length": at_length,
    }


def _preview(job: Job, story: _Story, words: Words) -> str:
    """What a phone shows beside the subject, which has the title: what is new, who says it, and where it matched."""
    head = story.head
    said = " ".join(filter(None, (_note(job, head, words), f"{one_line(head.outlet, 60)}{words.colon}")))
    room = max(PREVIEW_LIMIT - len(said) - 1, PREVIEW_LIMIT // 2)
    return one_line(
        f"{said} {excerpt(head.excerpt.text or head.lead, head.excerpt.marks, width=room).text}", LINE_LIMIT
    )


def _note(job: Job, article: TellingArticle, words: Words) -> str:
    """What is new of a story that was told before."""
    if job.bundle.why != "followup":
        return ""
    match article.kind, article.relation:
        case "carrier", _:
            return words("new_carrier", outlet=one_line(article.outlet, 100))
        case "article", "copy" | "cut" | "retitled":
            return words("new_copy")
        case _:
            return words("new_version")


def _words(found: Sequence[str], words: Words) -> str:
    """The words that matched as the article writes them."""
    if not found:
        return words("nothing_excluded")
    return words.names([one_line(word, 60) for word in found], WORDS_SHOWN)


def _when(article: TellingArticle, words: Words) -> str:
    if article.published_at:
        return words.moment(article.published_at)
    return words("seen_at", when=words.moment(article.first_seen_at))


def _moments(article: TellingArticle, words: Words) -> list[tuple[str, str]]:
    """When it was published and when we saw it, labelled; once when both read the same."""
    seen = words.moment(article.first_seen_at)
    if article.published_at is None:
        return [(words("published"), words("no_date")), (words("first_seen"), seen)]
    if article.published_source == "clamped":
        return [(words("published"), words("future_date")), (words("first_seen"), seen)]
    label = words("updated" if article.published_source == "updated" else "published")
    published = words.moment(article.published_at)
    return [(label, published)] + ([(words("first_seen"), seen)] if seen != published else [])


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _json(job: Job, mail_id: str, subject: str, stories: Sequence[_Story], words: Words) -> bytes:
    """The message for programs; docs/channels.md describes it. Keys are only ever added."""
    bundle = job.bundle
    lines = [subject, ""]
    for rule, told in _by_rule(job, stories):
        for story in told:
            head = story.head
            lines += [f"{_title(head, words)} ({one_line(head.outlet, 100)})", web_link(head.link) or "", ""]
            lines += [] if bundle.rule else [f"{words('rule')}: {rule}", ""]
    document = {
        "schema": SCHEMA,
        "id": mail_id.strip("<>"),
        "in_reply_to": job.answers[-1].strip("<>") if job.answers else None,
        "kind": bundle.kind,
        "created_at": _instant(job.now),
        "channel": bundle.channel,
        "recipient": bundle.recipient,
        "rule": bundle.rule,
        "digest": bundle.digest,
        "held": bundle.why if bundle.kind in ("overflow", "summary") else None,
        "part": {"number": bundle.part[0], "of": bundle.part[1]},
        "subject": subject,
        "text": "\n".join(lines).rstrip() + "\n",
        "stories": [
            {
                "rule": rule,
                "story": story.head.story,
                "outlets": list(story.head.outlets),
                "articles": [_article(article) for article in story.articles],
            }
            for rule, told in _by_rule(job, stories)
            for story in told
        ],
    }
    return encoded(document)


def _article(article: TellingArticle) -> dict[str, object]:
    return {
        "alert": article.alert,
        "kind": article.kind,
        "article": article.article,
        "title": article.title,
        "link": web_link(article.link),
        "feed": article.feed,
        "outlet": article.outlet,
        "country": article.country,
        "authors": list(article.authors),
        "language": article.language.language,
        "language_confidence": round(article.language.confidence, 3),
        "published_at": _instant(article.published_at) if article.published_at else None,
        "published_source": article.published_source,
        "first_seen_at": _instant(article.first_seen_at),
        "excerpt": article.excerpt.text,
        "marks": [list(mark) for mark in article.excerpt.marks],
        "words": list(article.words),
        "score": article.score,
        "relation": article.relation,
        "title_before": article.before,
    }


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
