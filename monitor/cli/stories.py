"""The commands about what the archive makes of articles: which belong together, and why one is what it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from monitor import show
from monitor.cli.session import Age, Session, json_option, now, pass_session

if TYPE_CHECKING:
    from monitor.archive import Archive, Explanation, StoryRow
    from monitor.archive.reports import Carrier

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
        show.note(
            f"there is no {kind} {number}; `monitor stories{' --events' * (kind == 'event')}` names those there are"
        )
        return 1
    if as_json:
        show.as_json(row)
    else:
        show.line(_heading(row))
        _members(row)
    return 0


def _heading(row: StoryRow) -> str:
    return f"{row.kind} {row.id}: {show.counted(row.articles, 'article')} in {show.counted(row.feeds, 'feed')}"


def _members(row: StoryRow, but: int | None = None) -> None:
    for member in row.members:
        if member.id == but:
            continue
        why = "the first" if member.other is None else f"{member.relation} of {member.other}, {member.score:.2f}"
        feeds = f" and {member.feeds - 1} more" if member.feeds > 1 else ""
        show.line(
            f"  #{member.id}  {show.cell(member.first_seen_at)}  {member.feed}{feeds}  [{member.language}]  {why}"
        )
        show.paragraph(member.title, indent=4)


@click.command()
@click.argument("what", metavar="URL|ID")
@json_option
@pass_session
def explain(session: Session, what: str, as_json: bool) -> int:
    """Why an article is what it is: who carried it, what told it, its language, story, event, rules and alerts."""
    from monitor.urls import link_key

    with session.reading() as archive:
        by_number = what.isdecimal()
        numbers = (int(what),) if by_number else archive.find_articles(what, link_key(what, session.config.links))
        found = [explanation for number in numbers if (explanation := archive.explain(number)) is not None]
    if as_json:
        show.as_json(found)
    else:
        for number, explanation in enumerate(found):
            if number:
                show.line()
            _explain(explanation)
    if not found:
        show.note(
            f"{what} is not in the archive. Either no feed of the list has carried it while it was watched, or under"
            " another address; `monitor search` finds articles by their words"
        )
        return 1
    return 0


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
        for version in article.versions:
            show.line(f"  {show.cell(version.seen_at)}  {version.title}")
    for row in (article.story, article.event):
        if row is not None and (row.articles > 1):
            show.line(_heading(row))
            _members(row)
    if article.story.articles == 1:
        show.line(f"story {article.story.id}: no copy or other version of its text is known")
    if article.event is None:
        show.line("event: no other newsroom's report of the same is known")
    show.line("rules that matched" if article.rules else "no rule matched")
    for rule in article.rules:
        alert = "no alert: it was no news then" if rule.alert is None else f"alert {rule.alert}, {rule.state}"
        show.line(f"  {rule.rule}  {show.cell(rule.matched_at)}  {alert}")
        if rule.excerpt:
            show.marked(rule.excerpt, rule.marks, indent=4)


def _entry(carrier: Carrier) -> str:
    if carrier.guid and carrier.guid != carrier.link:
        return f"guid {carrier.guid}" + (f", link {carrier.link}" if carrier.link else "")
    return f"link {carrier.link}" if carrier.link else "neither guid nor link"
