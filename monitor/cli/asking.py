"""The commands that ask the archive. None of them changes anything."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from difflib import get_close_matches
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from monitor import show
from monitor.cli.matching import PROGRESS_AFTER
from monitor.cli.session import Session, json_option, now, pass_session

if TYPE_CHECKING:
    from monitor.archive import Status
    from monitor.archive.adhoc import Recipe


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
@click.option("--list", "list_", is_flag=True, help="The questions of the cookbook, with what each can be asked.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array of objects.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values.")
@click.option("--md", "as_markdown", is_flag=True, help="A table in Markdown.")
@click.option("--explain", is_flag=True, help="How SQLite would answer, instead of the answer.")
@click.option("--show", "shown", is_flag=True, help="The query itself, instead of the answer.")
@click.option("--seconds", type=click.FloatRange(0.1), default=30.0, show_default=True, help="Give up after this long.")
@click.option(
    "--rows", type=click.IntRange(1), default=100_000, show_default=True, help="Refuse an answer of more than these."
)
@pass_session
def sql(
    session: Session,
    query: str | None,
    parameters: tuple[str, ...],
    file: Any,
    list_: bool,
    as_json: bool,
    as_csv: bool,
    as_markdown: bool,
    explain: bool,
    shown: bool,
    seconds: float,
    rows: int,
) -> None:
    """Ask the archive in SQL: a SELECT, or the name of a cookbook question. Read-only, and the daemon need not stop.

    In a value, an age such as since=90d is the instant so long ago. In a query, words('北约') is what articles_fts must
    MATCH to find these words.
    """
    from monitor.archive.adhoc import cookbook, run_sql

    recipes = {recipe.name: recipe for recipe in cookbook()}
    if list_:
        _list_questions(recipes.values(), as_json=as_json)
        return
    if as_json + as_csv + as_markdown > 1:
        raise click.UsageError("--json, --csv and --md are three ways to print: choose one")
    if file is None and query is not None:
        text = _question(query, recipes)
    elif file is not None:
        text, parameters = file.read(), (*((query,) if query else ()), *parameters)
    else:
        raise click.UsageError('give a query, as in: monitor sql "SELECT key, state FROM feeds"; or --file, or --list')
    if shown:
        show.line(text.rstrip())
        return
    if explain:
        text = f"EXPLAIN QUERY PLAN\n{text}"
    given = _sql_parameters(parameters, text)
    with _clock(seconds) as look:
        columns, found = run_sql(session.archive_url, text, seconds=seconds, rows=rows, params=given, look=look)
        answer = list(found)
    if explain:
        _print_plan(columns, answer)
    elif as_json:
        show.as_json([dict(zip(columns, row, strict=True)) for row in answer])
    elif as_csv:
        show.as_csv(columns, answer)
    elif as_markdown:
        show.as_markdown(columns, answer)
    else:
        show.table(columns, answer, right=_numbers(columns, answer))


def _list_questions(recipes: Iterable[Recipe], *, as_json: bool) -> None:
    if as_json:
        show.as_json(list(recipes))
        return
    for recipe in recipes:
        show.paragraph(f"{recipe.name}: {recipe.title}")
        for parameter in recipe.parameters:
            show.paragraph(f"{parameter.name}=  {parameter.meaning}", indent=4)


def _question(query: str, recipes: Mapping[str, Recipe]) -> str:
    """The SQL that is meant: a question of the cookbook, or what was written."""
    if query in recipes:
        return recipes[query].sql
    if re.fullmatch(r"[\w-]+", query):  # one word is no SELECT
        near = get_close_matches(query, recipes, n=1)
        hint = f"did you mean {near[0]}?" if near else "`monitor sql --list` names them"
        raise click.UsageError(f"there is no question {query!r} in the cookbook; {hint}")
    return query


def _sql_parameters(given: Sequence[str], text: str) -> dict[str, str]:
    parameters = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals:
            raise click.UsageError(f"{each!r} is no parameter: write NAME=VALUE")
        if not re.search(rf"[:@$]{re.escape(name)}\b", text):
            asked = sorted(set(re.findall(r"(?<!:):([A-Za-z]\w*)", text)))
            hint = f"it has {', '.join(asked)}" if asked else "it has none"
            raise click.UsageError(f"the query has no parameter {name!r}; {hint}")
        parameters[name] = instant_of(value)
    return parameters


def instant_of(value: str) -> str:
    """An age as the instant so long ago, as the archive writes instants; any other value as it is."""
    from monitor.config import duration

    if not re.fullmatch(r"\d+[smhdw]", value):
        return value
    return f"{now() - duration(value):%Y-%m-%dT%H:%M:%SZ}"


def _numbers(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """The columns that hold nothing but numbers."""
    return [
        column
        for place, column in enumerate(columns)
        if all(row[place] is None or isinstance(row[place], int | float) for row in rows)
    ]


@contextmanager
def _clock(seconds: float) -> Iterator[Callable[[], None]]:
    """On a terminal, a line that says how long a query has taken once it takes more than a second."""
    began = last = monotonic()
    is_shown = False

    def look() -> None:
        nonlocal last, is_shown
        at = monotonic()
        if at - began < PROGRESS_AFTER or at - last < 1 or not sys.stderr.isatty():
            return
        last, is_shown = at, True
        print(f"\r\x1b[K{at - began:.0f} s of {seconds:g}", end="", file=sys.stderr, flush=True)

    try:
        yield look
    finally:
        if is_shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _print_plan(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """SQLite's plan as a tree."""
    depth = {0: -1}
    for row in rows:
        number, parent, _, detail = row
        depth[number] = depth.get(parent, -1) + 1
        show.line(f"{'  ' * depth[number]}{detail}")


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
