"""The commands that ask the archive. None of them changes anything."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from monitor import show
from monitor.cli.session import Session, json_option, now, pass_session

if TYPE_CHECKING:
    from monitor.archive import Status


RESCAN = "A fault of monitor's: please report it. Once mended: monitor rules test {rule} --backfill 7d --alert"

UPKEEP = {
    "backup_fails": "no backup could be made in {each.subject}",
    "log_grows": "a program has been reading the archive for so long that its log has {each.count} MB"
    " (fuser -v {each.subject} names it)",
}


@click.command()
@click.argument("query", required=False)
@click.argument("parameters", metavar="[NAME=VALUE]...", nargs=-1)
@click.option(
    "--file", "file", type=click.File(encoding="utf-8"), help="Read the query from a file; - is standard input."
)
@click.option("--list", "list_", is_flag=True, help="The questions of the cookbook, by name.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array of objects.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values.")
@click.option("--seconds", type=click.FloatRange(0.1), default=30.0, show_default=True, help="Give up after this long.")
@pass_session
def sql(
    session: Session,
    query: str | None,
    parameters: tuple[str, ...],
    file: Any,
    list_: bool,
    as_json: bool,
    as_csv: bool,
    seconds: float,
) -> None:
    """Ask the archive in SQL: a SELECT, or the name of a cookbook question. Read-only, and the daemon need not stop."""
    from monitor.archive.adhoc import cookbook, run_sql

    recipes = {recipe.name: recipe for recipe in cookbook()}
    if list_:
        show.table(["name", "question"], ((recipe.name, recipe.title) for recipe in recipes.values()))
        return
    if (query is None) == (file is None):
        raise click.UsageError('give a query, as in: monitor sql "SELECT key, state FROM feeds"; or --file, or --list')
    text = file.read() if file else str(query)
    if text in recipes:
        text = recipes[text].sql
    columns, rows = run_sql(session.archive_url, text, seconds=seconds, params=_sql_parameters(parameters))
    if as_json:
        show.as_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif as_csv:
        show.as_csv(columns, rows)
    else:
        show.table(columns, rows)


def _sql_parameters(given: Sequence[str]) -> dict[str, str]:
    parameters = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals:
            raise click.UsageError(f"{each!r} is no parameter: write NAME=VALUE")
        parameters[name] = value
    return parameters


@click.command()
@json_option
@pass_session
def status(session: Session, as_json: bool) -> int:
    """How the daemon is doing: feeds by state, articles, backlog, last success, problems.

    Exit status 1 when alerts do not get through: messages were given up (`monitor alerts list --state dead` names
    them), a channel is down, a message has waited for over an hour, or a rule fails.
    """
    with session.reading() as archive:
        at = now()
        found = archive.status(at)
    if as_json:
        show.as_json(found)
    else:
        _print_status(found, at)
    return 0 if found.gets_through else 1


def _print_status(found: Status, at: datetime) -> None:
    states = ", ".join(f"{count} {state}" for state, count in found.feeds.items()) or "none yet"
    last = f"{show.ago(at - found.last_success_at)} ago" if found.last_success_at else "never"
    waited = f", the oldest for {show.ago(found.oldest_queued)}" if found.oldest_queued else ""
    show.line(f"feeds       {states}")
    show.line(f"articles    {found.articles}, {found.articles_today} in the last 24 hours")
    show.line(
        f"polls       {found.polls_today} in the last 24 hours, {found.failed_polls_today} failed; last success {last}"
    )
    if found.pages_waiting or found.pages_failed_today:
        failed = f"{found.pages_failed_today} given up in the last 24 hours (`monitor sql pages-not-read` says why)"
        show.line(f"pages       {found.pages_waiting} to read; {failed}")
    show.line(f"outbox      {show.counted(found.queued, 'message')} to send{waited}; {found.dead} given up")
    if found.held:
        reasons = ", ".join(f"{alerts} {show.WAITS_FOR[why]}" for why, alerts in found.held.items())
        show.line(f"waiting     {show.counted(found.waiting, 'alert')}: {reasons}")
    for down in found.channels_down:
        show.line()
        tried = show.counted(down.failures, "try", "tries")
        soon = show.ago(down.next_at - at)
        show.line(f"channel {down.channel}: down for {show.ago(at - down.since)} ({tried}), tried again in {soon}")
        show.paragraph(down.error, indent=2)
    for rule in found.failing_rules:
        show.line()
        articles = show.counted(rule.count or 0, "article")
        show.line(f"rule {rule.subject}: failed on {articles}, first {show.ago(at - rule.since)} ago; the others ran")
        show.paragraph(rule.error or "", indent=2)
        show.paragraph(RESCAN.format(rule=shlex.quote(rule.subject)), indent=2)
    for each in found.upkeep:
        show.line()
        show.paragraph(f"{UPKEEP[each.kind].format(each=each)}, first {show.ago(at - each.since)} ago")
        if each.error:
            show.paragraph(each.error, indent=2)
    for problem in found.problems:
        show.line()
        polls = show.counted(problem.failures, "poll")
        since, soon = show.ago(at - problem.since), show.ago(problem.next_poll_at - at)
        show.line(f"{problem.feed}: {problem.state} for {since} ({problem.outcome}, {polls}), asked again in {soon}")
        show.paragraph(problem.error, indent=2)
        show.paragraph(problem.advice, indent=2)
    if found.remarks or found.held_hosts:
        show.line()
    for remark in found.remarks:
        show.paragraph(f"{remark.feed}: {remark.remark}")
    for held in found.held_hosts:
        show.paragraph(f"{held.host} asked for fewer requests; it is left alone for {show.ago(held.until - at)}")
    if found.delivery_problems:
        show.line()
        show.table(
            ["channel", "messages", "problem"],
            ((p.channel, p.messages, p.error) for p in found.delivery_problems),
            right=("messages",),
        )
