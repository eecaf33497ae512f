"""The commands about the archive itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from monitor import show
from monitor.cli.session import Session, pass_session
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.urls import LinkRules


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
