"""The commands about one table each: alerts, the archive itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from monitor import show
from monitor.cli.session import Age, Session, json_option, now, pass_session
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.urls import LinkRules


@click.group()
def alerts() -> None:
    """The alerts and the outbox."""


@alerts.command("list")
@click.option("--state", type=click.Choice(["waiting", "queued", "sent", "dead"]), help="Only those in this state.")
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
    show.table(columns, ([getattr(row, column) for column in columns] for row in rows), right=("id",))


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
        show.line(f"{show.counted(len(queued), 'message')} queued; the daemon or `monitor deliver` sends them")
    return 1 if missing else 0


@alerts.command("send-test")
@click.argument("channel", required=False)
@pass_session
def alerts_send_test(session: Session, channel: str | None) -> int:
    """Send a test message through a channel (or every channel) right now and report what the server said."""
    from monitor import config as configuration
    from monitor.channels import open_channels
    from monitor.deliver import send_test

    config = session.config
    if channel is not None and channel not in config.channels:
        known = ", ".join(config.channels) or "none"
        raise click.UsageError(f"there is no channel {channel!r}; the configuration has: {known}")
    opened = open_channels(
        config.channels,
        smtp=config.smtp,
        sender=config.house.sender,
        password=configuration.secret("smtp-password", session.environ),
        maildir=config.maildir,
    )
    wanted = [channel] if channel is not None else list(config.channels)
    results = asyncio.run(send_test([config.channels[name] for name in wanted], opened, house=config.house, now=now()))
    for result in results:
        show.line(f"{result.channel}: {result.recipient}: {result.said}")
    return 0 if results and all(result.delivered for result in results) else 1


@click.group()
def db() -> None:
    """The archive itself."""


@db.command("migrate")
@pass_session
def db_migrate(session: Session) -> None:
    """Bring the archive to this version's schema and rules for links (the daemon does so by itself when it starts)."""
    links = _links(session)

    async def main() -> tuple[tuple[str, ...], int]:
        async with session.writing() as (archive, thread):
            return archive.migrated, await thread(archive.rekey, links) if links is not None else 0

    applied, rekeyed = asyncio.run(main())
    if applied:
        show.line(f"applied: {', '.join(applied)}")
    if rekeyed:
        show.line(f"{show.counted(rekeyed, 'key')} of articles and entries brought up to date with the rules for links")
    if not applied and not rekeyed:
        show.line("the archive is up to date" if links is not None else "the archive's tables are up to date")


def _links(session: Session) -> LinkRules | None:
    """The rules that links are compared by; None where the archive alone is named, and no configuration can be had."""
    try:
        return session.config.links
    except ConfigError as error:
        if session.archive is None:
            raise
        show.note(str(error))
        show.note(
            "without a configuration, links stay as they were compared; the daemon compares them anew at its start"
        )
        return None
