"""The commands about what the archive makes of articles: which belong together, and why one is what it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from monitor import show
from monitor.cli.session import Age, Session, json_option, now, pass_session

if TYPE_CHECKING:
    from monitor.archive import Archive, DeliveryRow, Explanation, StoryRow
    from monitor.archive.reports import Carrier, Member

_TOLD_BY = {
    None: "known before this was written down",
    "new": "new: nobody had carried it",
    "link": "known by its link",
    "words": "known by its words, all the same",
    "content": "known by its content, all the same",
    "date": "known by its second of publication and its title or text",
    "title": "known by its title and day",
}
_RESTS_ON = {
    "script": "its script",
    "detected": "its words",
    "feed": "its words and what its feed carries",
    "declared": "what its feed declares; there was too little text to tell",
    "none": "nothing: there was too little text to tell",
}
_DATED_BY = {
    "published": "as its feed says",
    "updated": "as its feed says it was updated",
    "clamped": "its feed gives a date in the future",
}

# Of alerts; the others say it themselves.
_STATES = {"joined": "joined to its story, which had been told: nobody was told of this"}


@click.command()
@click.argument("number", type=click.IntRange(1), required=False)
@click.option("--since", type=Age(), metavar="AGE", default="1d", show_default=True, help="Seen in the last 1d, 12h, …")
@click.option("--events", is_flag=True, help="Reports of one event by different newsrooms, not copies of one text.")
@click.option("--all", "everything", is_flag=True, help="Those of a single article in a single feed too.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most this many.")
@json_option
@pass_session
def stories(
    session: Session,
    number: int | None,
    since: timedelta,
    events: bool,
    everything: bool,
    limit: int,
    as_json: bool,
) -> int:
    """Which articles belong together, those that most feeds carry first; with a NUMBER, that story's articles.

    A story joins copies and versions of one text. An event joins reports of different newsrooms; it is a guess.
    """
    kind = "event" if events else "story"
    with session.reading() as archive:
        if number is not None:
            return _one(archive, kind, number, as_json)
        rows = archive.story_rows(kind, since=now() - since, limit=limit, several=not everything)
    if as_json:
        show.as_json(rows)
        return 0
    columns = ["id", "last_seen_at", "feeds", "articles", "languages", "title"]
    if not rows:
        show.note(f"no {kind} of several articles or feeds in the last {show.ago(since)}; --since looks further back")
        return 0
    show.table(columns, ([getattr(row, each) for each in columns] for row in rows), right=("id", "feeds", "articles"))
    if len(rows) == limit:
        show.note("--limit shows more")
    return 0


def _one(archive: Archive, kind: str, number: int, as_json: bool) -> int:
    row = archive.story_row(number, kind)
    if row is None:
        article = archive.explain(number)
        its = None if article is None else article.story if kind == "story" else article.event
        names = f"`monitor stories{' --events' * (kind == 'event')}` names those there are"
        show.note(f"there is no {kind} {number}; {names if its is None else f'article {number} is in {kind} {its.id}'}")
        return 1
    if as_json:
        show.as_json(row)
    else:
        show.line(_heading(row))
        _members(row)
    return 0


def _heading(row: StoryRow) -> str:
    return f"{row.kind} {row.id}: {show.counted(row.articles, 'article')} in {show.counted(row.feeds, 'feed')}"


def _members(row: StoryRow, *, but_story: int | None = None) -> None:
    for member in row.members:
        if member.story == but_story:
            continue
        feeds = f" and {member.feeds - 1} more" if member.feeds > 1 else ""
        facts = (
            f"#{member.id}",
            show.cell(member.first_seen_at),
            f"{member.feed}{feeds}",
            f"[{member.language}]",
            _why(row, member),
        )
        show.line("  " + "  ".join(fact for fact in facts if fact))
        show.paragraph(member.title, indent=4)


def _why(row: StoryRow, member: Member) -> str:
    """Why an article is among the others; nothing where a later one was put with it, and brought it here."""
    if member.other is not None:
        return f"{member.relation} of {member.other}, {member.score:.2f}"
    if member == row.members[0]:
        return "the first"
    # A story is in an event as a whole, for the sake of one of its articles.
    return f"in story {member.story}" if row.kind == "event" else ""


@click.command()
@click.argument("what", metavar="URL|ID")
@json_option
@pass_session
def explain(session: Session, what: str, as_json: bool) -> int:
    """Why an article is what it is: who carried it, what told it, its language, story, event, rules and alerts."""
    with session.reading() as archive:
        numbers = articles_meant(session, archive, what)
        found = [explanation for number in numbers if (explanation := archive.explain(number)) is not None]
    if as_json:
        show.as_json(found)
    else:
        for number, explanation in enumerate(found):
            if number:
                show.line()
            _explain(explanation)
    if not found:
        show.note(not_there(what))
        return 1
    return 0


def articles_meant(session: Session, archive: Archive, what: str) -> tuple[int, ...]:
    """The articles that a number or a link names; a number is given back whether there is one or not."""
    from monitor.urls import link_key

    if what.isdecimal():
        return (int(what),)
    # The form that links are compared in, which is shown here, has no scheme; neither have many that people copy.
    links = session.config.links
    return archive.find_articles(what, link_key(what, links) or link_key(f"https://{what}", links))


def not_there(what: str) -> str:
    """What to say of a number or link that names no article."""
    if what.isdecimal():
        return f"there is no article {what}; `monitor search` and `monitor stories` show the numbers of those there are"
    return (
        f"{what} is not in the archive. Either no feed of the list has carried it while it was watched, or under"
        " another address; `monitor search` finds articles by their words"
    )


def _explain(article: Explanation) -> None:
    show.line(f"#{article.id}  {article.title}")
    show.line(f"  {article.link or '(no link)'}")
    show.line(f"  compared by: {article.link_key or 'no link that identifies it'}")
    published = "at no believable date"
    if article.published_at is not None:
        published = f"{show.cell(article.published_at)} ({_DATED_BY[article.published_source]})"
    show.line(f"  first seen {show.cell(article.first_seen_at)}, published {published}")
    show.line(
        f"  language {article.language}, confidence {article.language_confidence:.2f}: "
        f"it rests on {_RESTS_ON[article.language_source]}"
    )
    show.line("carried by")
    for carrier in article.carriers:
        show.line(f"  {show.cell(carrier.seen_at)}  {carrier.feed}  {_TOLD_BY[carrier.why]}")
        show.line(f"    {_entry(carrier)}")
    if article.changes:
        kept = f", {len(article.versions)} kept" if len(article.versions) != article.changes else ""
        show.line(f"changed {show.counted(article.changes, 'time')}{kept}; before it said")
        titles = [version.title for version in article.versions[1:]] + [article.title]
        for version, then in zip(article.versions, titles, strict=True):
            said = (
                version.title
                if version.title != then
                else f"(the same title, another text of {len(version.text)} characters)"
            )
            show.line(f"  {show.cell(version.seen_at)}  {said}")
    if article.story.articles > 1:
        show.line(_heading(article.story))
        _members(article.story)
    else:
        show.line(f"story {article.story.id}: no copy or other version of its text is known")
    if article.event is not None and any(member.story != article.story.id for member in article.event.members):
        show.line(f"{_heading(article.event)}; besides those of its story")
        _members(article.event, but_story=article.story.id)
    else:
        show.line("event: no other newsroom's report of the same is known")
    show.line("rules that matched" if article.rules else "no rule matched")
    for rule in article.rules:
        alert = (
            "no alert: it was no news then, or the rule tells nobody"
            if rule.alert is None
            else f"alert {rule.alert}, {_STATES.get(rule.state or '', rule.state)}"
        )
        show.line(f"  {rule.rule}  {show.cell(rule.matched_at)}  {alert}")
        if rule.excerpt:
            show.marked(rule.excerpt, rule.marks, indent=4)
        for delivery in rule.deliveries:
            show.line(f"    {delivery.channel}: {delivery.recipient}  {_became(delivery)}")


def _became(delivery: DeliveryRow) -> str:
    """What became of a delivery, with the channel's last words."""
    match delivery.state:
        case "waiting":
            until = f" until {show.cell(delivery.due_at)}" if delivery.due_at else ""
            return f"waits {show.WAITS_FOR[delivery.why or 'group']}{until}"
        case "sent":
            return f"sent {show.cell(delivery.sent_at)} as {delivery.message_id}: {delivery.reply}"
        case "queued":
            failed = f"; last it failed: {delivery.last_error}" if delivery.last_error else ""
            tried = show.counted(delivery.attempts, "try", "tries")
            return f"to be sent {show.cell(delivery.next_attempt_at)}, {tried} so far{failed}"
        case _:
            return f"given up after {show.counted(delivery.attempts, 'try', 'tries')}: {delivery.last_error}"


def _entry(carrier: Carrier) -> str:
    if carrier.guid and carrier.guid != carrier.link:
        return f"guid {carrier.guid}" + (f", link {carrier.link}" if carrier.link else "")
    return f"link {carrier.link}" if carrier.link else "neither guid nor link"
