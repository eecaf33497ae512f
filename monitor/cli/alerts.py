"""The commands about alerts: what became of them, who is not to hear of what for a while, digests."""

from __future__ import annotations

import asyncio
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from monitor import show
from monitor.cli.session import Age, Session, json_option, now, pass_session
from monitor.text import one_line
from monitor.urls import redacted

if TYPE_CHECKING:
    from monitor.archive import AlertRow
    from monitor.deliver import SentByHand
    from monitor.model import Mute


@click.group()
def alerts() -> None:
    """The alerts and the outbox."""


@alerts.command("list")
@click.option(
    "--state", type=click.Choice(["waiting", "queued", "sent", "dead", "joined"]), help="Only those in this state."
)
@click.option("--since", type=Age(), metavar="AGE", help="Only those raised in the last 30d, 12h, …")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most this many.")
@json_option
@pass_session
def alerts_list(session: Session, state: str | None, since: timedelta | None, limit: int, as_json: bool) -> None:
    """The alerts, newest first, and what became of them."""
    with session.reading() as archive:
        rows = archive.alert_rows(limit=limit, state=state, since=now() - since if since else None)
    if as_json:
        show.as_json(rows)
        return
    columns = ["id", "created_at", "rule", "title", "state", "recipients", "last_error"]
    show.table(
        columns,
        ([_state(row) if column == "state" else getattr(row, column) for column in columns] for row in rows),
        right=("id",),
    )


def _state(row: AlertRow) -> str:
    """An alert's state; of one that waits also what for, and until when."""
    if row.waits_for is None:
        return row.state
    until = f" until {show.cell(row.due_at)}" if row.due_at else f" {row.digest}" if row.digest else ""
    return f"{row.state}: {show.WAITS_FOR[row.waits_for]}{until}"


@alerts.command("rate")
@click.argument("number", metavar="ID", type=int)
@click.argument("verdict", type=click.Choice(["useful", "useless", "wrong"]))
@click.option("--note", help="Why, for whoever mends the rule.")
@pass_session
def alerts_rate(session: Session, number: int, verdict: str, note: str | None) -> None:
    """Say what an alert was worth: useful; useless (a right match, not worth a mail); or wrong (no match for people).

    `monitor sql alert-precision` makes a figure for each rule of it. The daemon need not stop.
    """

    async def main() -> bool:
        async with session.writing("amend") as (archive, thread):
            return await thread(archive.rate, number, verdict, one_line(note, 500) if note else None, now())

    if not asyncio.run(main()):
        raise click.UsageError(f"there is no alert {number}; `monitor alerts list` names them")
    show.line(f"alert {number} is noted as {verdict}")


@alerts.command("resend")
@click.argument("numbers", metavar="[ID]...", type=int, nargs=-1)
@pass_session
def alerts_resend(session: Session, numbers: tuple[int, ...]) -> int:
    """Send what was given up once more: the messages of these alerts, or all there are.

    For when what stood in their way is gone: an address corrected on the server's side, a full mailbox emptied. They go
    out as they are, under the Message-ID they had, so that a mail program can tell one that came after all.
    """

    async def main() -> tuple[int, ...]:
        async with session.writing("amend") as (archive, thread):
            return await thread(archive.resend, numbers or None, now())

    queued = asyncio.run(main())
    missing = [number for number in numbers if number not in queued]
    for number in missing:
        show.note(f"alert {number}: no message of it was given up; `monitor alerts list --state dead` names those")
    if queued or not missing:
        counted = show.counted(len(set(queued)), "alert")
        show.line(f"{counted} queued once more; the daemon or `monitor deliver` sends them")
    return 1 if missing else 0


@alerts.command("send-test")
@click.argument("channel", required=False)
@pass_session
def alerts_send_test(session: Session, channel: str | None) -> int:
    """Send a test message through a channel (or every channel) right now and report what the server said."""
    from monitor.deliver import send_test

    config = session.config
    if channel is not None and channel not in config.channels:
        known = ", ".join(config.channels) or "none"
        raise click.UsageError(f"there is no channel {channel!r}; the configuration has: {known}")
    wanted = config.channels if channel is None else {channel: config.channels[channel]}

    async def main() -> tuple[SentByHand, ...]:
        async with session.channels(wanted) as opened:
            return await send_test(list(wanted.values()), opened, house=config.house, now=now())

    results = asyncio.run(main())
    for result in results:
        show.line(f"{result.channel}: {result.recipient}: {result.said}")
    return 0 if results and all(result.delivered for result in results) else 1


@alerts.command("tell-end", hidden=True)
@click.argument("unit")
@pass_session
def alerts_tell_end(session: Session, unit: str) -> int:
    """Tell the operator that the daemon has ended; for the service manager (monitor-failure@.service).

    It goes past the archive, which may be what is broken, at once and once: the daemon says when it runs again.
    """
    from monitor.config import OPERATOR
    from monitor.deliver import send_notice
    from monitor.model import Notice
    from monitor.watch import end_of, forget_end

    config = session.config
    end = end_of(config, unit=unit, environ=session.environ, log=_last_lines(unit), now=now())
    if end is None:
        show.note("the operator was told already")
        return 0
    channel = config.channels_and_operator[OPERATOR]

    async def main() -> tuple[SentByHand, ...]:
        async with session.channels({OPERATOR: channel}) as opened:
            notice = Notice(end=end, feeds=len(config.feeds))
            return await send_notice(notice, channel, opened[OPERATOR], house=config.house, now=now())

    results = asyncio.run(main())
    for result in results:
        show.line(f"{result.channel}: {result.recipient}: {result.said}")
    if any(result.delivered for result in results):
        return 0
    forget_end(config)
    return 1


def _last_lines(unit: str) -> tuple[str, ...]:
    """The last lines that a unit wrote, as its journal has them; none where that cannot be asked."""
    command = ["journalctl", "--unit", unit, "--lines", "15", "--output", "cat", "--no-pager"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return ()
    text = done.stdout.decode(errors="replace")
    return tuple(redacted(one_line(line, 300)) for line in text.splitlines()[-15:])


@alerts.command("mute")
@click.option("--rule", help="The rule that is not to be told of.")
@click.option("--story", type=click.IntRange(1), help="The story that is not to be told of; mails name its number.")
@click.option("--for", "span", type=Age(), metavar="TIME", required=True, help="For how long: 2h, 1d, 1w, …")
@pass_session
def alerts_mute(session: Session, rule: str | None, story: int | None, span: timedelta) -> int:
    """Hear nothing of a rule, or of a story, for a while.

    Nothing is lost: its matches are recorded all the same, and what came meanwhile arrives in one mail when the mute
    ends. The daemon need not stop.
    """
    _one_of(rule, story)
    at = now()
    until = at + span

    async def main() -> bool:
        async with session.writing("amend") as (archive, thread):
            if story is not None and await thread(archive.story_row, story) is None:
                return False
            await thread(archive.mute, rule=rule, story=story, until=until, now=at)
            return True

    if rule is not None:
        _known_rule(session, rule)
    if not asyncio.run(main()):
        show.note(f"there is no story {story}; `monitor stories` names those there are")
        return 1
    show.line(f"{_named(rule, story)} is muted until {show.cell(until)}; what comes meanwhile is told then")
    return 0


@alerts.command("unmute")
@click.option("--rule", help="The rule to be told of again.")
@click.option("--story", type=click.IntRange(1), help="The story to be told of again.")
@pass_session
def alerts_unmute(session: Session, rule: str | None, story: int | None) -> int:
    """End a mute before its time: what it held back is told now."""
    _one_of(rule, story)

    async def main() -> int:
        async with session.writing("amend") as (archive, thread):
            return await thread(archive.unmute, rule=rule, story=story, now=now())

    if not asyncio.run(main()):
        show.note(f"{_named(rule, story)} is not muted; `monitor alerts mutes` names what is")
        return 1
    show.line(f"{_named(rule, story)} is told of again; the daemon or `monitor deliver` sends what was held back")
    return 0


@alerts.command("mutes")
@json_option
@pass_session
def alerts_mutes(session: Session, as_json: bool) -> None:
    """What is muted, and until when."""
    with session.reading() as archive:
        rows = archive.mutes(now())
    if as_json:
        show.as_json(rows)
    elif not rows:
        show.note("nothing is muted")
    else:
        show.table(["muted", "since", "until"], ([_muted(row), row.created_at, row.until] for row in rows))


def _muted(mute: Mute) -> str:
    return _named(mute.rule, mute.story)


def _named(rule: str | None, story: int | None) -> str:
    return f"rule {rule}" if rule is not None else f"story {story}"


def _one_of(rule: str | None, story: int | None) -> None:
    if (rule is None) == (story is None):
        raise click.UsageError("name one of the two: --rule NAME or --story NUMBER")


def _known_rule(session: Session, rule: str) -> None:
    known = [spec.name for spec in session.config.rules]
    if rule not in known:
        raise click.UsageError(f"there is no rule {rule!r}; the configuration has: {', '.join(known) or 'none'}")


@click.command()
@click.argument("name")
@pass_session
def digest(session: Session, name: str) -> int:
    """Put together a digest now, before its time, of all that waits for it."""
    from monitor.compose import Composer

    config = session.config
    if name not in config.digests:
        known = ", ".join(config.digests) or "none"
        raise click.UsageError(f"there is no digest {name!r}; the configuration has: {known}")

    async def main() -> int:
        async with session.writing("amend") as (archive, thread):
            composer = Composer(config=config, archive=archive, thread=thread, now=now)
            return await composer.compose_digest(config.digests[name])

    messages = asyncio.run(main())
    if messages:
        show.line(f"{show.counted(messages, 'message')} queued; the daemon or `monitor deliver` sends them")
    else:
        show.note(f"nothing waits for the digest {name}")
    return 0
