"""The commands that ask: the configuration, the archive, the feeds. None of them changes anything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from monitor import show
from monitor.cli.matching import by_key, candidates_for, each_match, finder, hit_of, print_hit, progress
from monitor.cli.session import EXIT_SOME_FEEDS_FAILED, Age, Session, json_option, now, pass_session
from monitor.errors import ConfigError, RuleError

if TYPE_CHECKING:
    from monitor.archive import Status
    from monitor.config import Config
    from monitor.model import FeedSpec
    from monitor.probe import FeedCheck


@click.command()
@click.option("--online", is_flag=True, help="Also fetch and read every feed once; nothing is written.")
@click.option("--json", "as_json", is_flag=True, help="With --online: what the feeds answered, as JSON.")
@pass_session
def check(session: Session, online: bool, as_json: bool) -> int:
    """Validate the configuration; every error with its line and column.

    With --online, exit status 3 unless every feed is fine or redirected.
    """
    from monitor import config as configuration

    if as_json and not online:
        raise click.UsageError("--json goes with --online")
    config = session.config
    if config.smtp and config.smtp.user and configuration.secret("smtp-password", session.environ) is None:
        show.note(
            "smtp.user is set but there is no password: put it into $CREDENTIALS_DIRECTORY/smtp-password (systemd's "
            "LoadCredential=), or name a file with $MONITOR_SMTP_PASSWORD_FILE (warning)"
        )
    proxy_password = configuration.secret("proxy-password", session.environ)
    if config.proxy:
        show.note(
            "monitor.proxy is set: the proxy looks the feeds' names up, so it alone can refuse addresses inside your "
            "network. Let it refuse them; docs/security.md says why (warning)"
        )
        if config.proxy.user and proxy_password is None:
            show.note(
                "monitor.proxy names a user but there is no password: put it into "
                "$CREDENTIALS_DIRECTORY/proxy-password, or name a file with $MONITOR_PROXY_PASSWORD_FILE (warning)"
            )
    if config.smtp is None and any(channel.kind == "email" for channel in config.channels.values()):
        show.note(f"there is no smtp: block, so mails are written to the maildir {config.maildir}")
    sizes = (("feed", config.feeds), ("rule", config.rules), ("channel", config.channels))
    fine = f"{config.path}: {', '.join(show.counted(len(items), thing) for thing, items in sizes)}: fine"
    if as_json:
        show.note(fine)
    else:
        show.line(fine)
    return _check_online(config, proxy_password, as_json=as_json) if online else 0


def _check_online(config: Config, proxy_password: str | None, *, as_json: bool) -> int:
    from monitor.advice import is_our_own_line
    from monitor.probe import GOOD

    asked = [feed for feed in config.feeds if not feed.paused]
    checks = asyncio.run(_ask_every_feed(config, proxy_password, asked))
    if as_json:
        show.as_json(checks)
    else:
        show.table(["feed", "answer", "found"], ([check.feed, check.answer, _facts(check)] for check in checks))
    if paused := len(config.feeds) - len(asked):
        show.note(f"{show.counted(paused, 'paused feed')} not asked")
    if is_our_own_line([check.outcome for check in checks if check.outcome], len(checks)):
        show.note("most feeds could not be reached: look at this machine's network and name server first")
    return 0 if all(check.answer in GOOD for check in checks) else EXIT_SOME_FEEDS_FAILED


def _facts(check: FeedCheck) -> str:
    """What was found at a feed, in one column: a table of ten would be folded beyond reading on a terminal."""
    facts = (
        f"HTTP {check.status}" if check.status is not None else None,
        check.format,
        show.counted(check.entries, "entry", "entries") if check.entries is not None else None,
        f"newest {show.cell(check.newest)}" if check.newest else None,
        check.language,
        f"{check.bytes:,} bytes" if check.bytes is not None else None,
        f"robots: {check.robots}" if check.robots else None,
    )
    return "; ".join(filter(None, [", ".join(filter(None, facts)), check.detail]))


async def _ask_every_feed(config: Config, proxy_password: str | None, feeds: Sequence[FeedSpec]) -> Sequence[FeedCheck]:
    from monitor.poll import brief_for, user_agent
    from monitor.probe import check_feeds, open_prober

    async with open_prober(
        user_agent=user_agent(config),
        proxy=config.proxy,
        proxy_password=proxy_password,
        brief=brief_for(config),
        workers=config.workers,
        now=now,
        host_delay=config.host_delay,
        host_connections=config.host_connections,
    ) as prober:
        return await check_feeds(prober, feeds)


@click.command()
@click.argument("query")
@click.option("--since", type=Age(), metavar="AGE", help="Only articles first seen in the last 30d, 12h, …")
@click.option("--feed", metavar="KEY", help="Only articles first carried by this feed.")
@click.option("--lang", metavar="TAG", help="Only articles in this language, such as fr.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most this many.")
@json_option
@pass_session
def search(
    session: Session,
    query: str,
    since: timedelta | None,
    feed: str | None,
    lang: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Search the archive with the rule language, newest first."""
    from monitor.model import RuleSpec
    from monitor.rules import RuleSet, compile_rule

    config = _config(session)
    try:
        rule = compile_rule(RuleSpec(name="search", query=query), config.aliases if config else {})
    except RuleError as error:
        raise click.UsageError(f"query, {error}") from None
    rules, feeds = RuleSet([rule]), by_key(config.feeds if config else ())
    with session.reading() as archive:
        rows = archive.search(
            candidates_for(rules.rules), since=now() - since if since else None, feed=feed, language=lang
        )
        with progress(now(), archive.extent(None).first_seen_at) as line:
            found = each_match(rows, finder(rules, feeds), line)
            hits = [hit_of(row, matches[0]) for row, matches in islice(found, limit)]
    if as_json:
        show.as_json(hits)
        return
    for hit in hits:
        print_hit(hit)
    more = "; --limit shows more" if len(hits) == limit else ""
    show.note(f"{show.counted(len(hits), 'article')}{more}" if hits else "no article matches")


def _config(session: Session) -> Config | None:
    """The configuration; None when the archive was named on the command line and there is no file."""
    try:
        return session.config
    except ConfigError:
        if session.archive is None:
            raise
        return None


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

    Exit status 1 when messages were given up; `monitor alerts list --state dead` names them.
    """
    with session.reading() as archive:
        at = now()
        found = archive.status(at)
    if as_json:
        show.as_json(found)
    else:
        _print_status(found, at)
    return 1 if found.dead else 0


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
    show.line(f"outbox      {found.queued} to send{waited}; {found.waiting} wait for a digest; {found.dead} given up")
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
