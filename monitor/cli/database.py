"""The commands about the archive itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor import show
from monitor.cli.session import Session, json_option, now, pass_session
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.archive import Archive, Pruned
    from monitor.model import RetentionSpec
    from monitor.urls import LinkRules


@click.group()
def db() -> None:
    """The archive itself."""


@db.command("migrate")
@click.option("--no-backup", is_flag=True, help="Do not copy it first: it was copied elsewhere.")
@pass_session
def db_migrate(session: Session, no_backup: bool) -> None:
    """Bring the archive to this version's schema and rules for links (the daemon does so by itself when it starts)."""
    links = _links(session)

    async def main() -> tuple[tuple[str, ...], int]:
        async with session.writing(back_up=not no_backup) as (archive, thread):
            return archive.migrated, await thread(archive.rekey, links) if links is not None else 0

    applied, rekeyed = asyncio.run(main())
    if applied:
        show.line(f"applied: {', '.join(applied)}")
    if rekeyed:
        show.line(f"{show.counted(rekeyed, 'key')} of articles and entries brought up to date with the rules for links")
    if not applied and not rekeyed:
        show.line("the archive is up to date" if links is not None else "the archive's tables are up to date")


@db.command("backup")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--keep", type=click.IntRange(1), help="Drop the oldest copies beyond so many.")
@json_option
@pass_session
def db_backup(session: Session, folder: Path | None, keep: int | None, as_json: bool) -> None:
    """Copy the archive while the daemon runs, and check the copy.

    FOLDER and --keep are those of `backup:` in the configuration, unless they are given.
    """
    from monitor.archive import back_up

    if folder is None:
        backup = session.config.backup
        if backup is None:
            raise click.UsageError("name a folder, or write backup: {to: FOLDER} into the configuration")
        folder, keep = Path(backup.folder), keep or backup.keep
    made = back_up(session.archive_url, folder, now=now(), keep=keep)
    if as_json:
        show.as_json(made)
        return
    show.line(f"{made.path}: {_megabytes(made.size)}, checked, in {made.seconds:.1f} s")
    for path in made.dropped:
        show.line(f"dropped {path}")


@db.command("restore")
@click.argument("backup", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--drill", is_flag=True, help="Only try whether it could be restored; the archive stays.")
@json_option
@pass_session
def db_restore(session: Session, backup: Path, drill: bool, as_json: bool) -> None:
    """Put a copy in the archive's place, which is moved aside. The daemon must not run.

    What the feeds still offer since then is archived and matched again, so alerts that were sent after the copy was
    made may come a second time.
    """
    from monitor.archive import restore

    restored = restore(session.archive_url, backup, now=now(), drill=drill)
    if as_json:
        show.as_json(restored)
        return
    show.line(f"{backup}: {'can be restored' if drill else 'is the archive now'}")
    show.line(f"articles   {restored.articles}, the newest of {restored.last_seen_at or 'never'}")
    show.line(f"outbox     {restored.waiting} waiting, {restored.queued} to send, {restored.dead} given up")
    if restored.aside is not None:
        show.line(f"what was there is {restored.aside}")


@db.command("check")
@json_option
@pass_session
def db_check(session: Session, as_json: bool) -> int:
    """Look whether the archive is whole: its pages, its rows' promises to one another, its full-text index.

    While the daemon runs, the index is compared with the articles by their numbers; else by every word.
    """
    from monitor.archive import check

    checked = check(session.archive_url, now=now())
    if as_json:
        show.as_json(checked)
    elif checked.faults:
        for fault in checked.faults:
            show.line(fault)
    elif checked.every_word:
        show.line("the archive is whole, and its full-text index holds every word")
    else:
        show.line(
            "the archive is whole; its full-text index was compared by the articles' numbers only, because somebody"
            " holds the archive"
        )
    return 1 if checked.faults else 0


@db.command("reindex")
@pass_session
def db_reindex(session: Session) -> None:
    """Make the full-text index anew from the articles. The daemon must not run."""

    async def main() -> None:
        async with session.writing() as (archive, thread):
            await thread(archive.reindex)

    asyncio.run(main())
    show.line("the full-text index is made anew")


@db.command("prune")
@click.option("--dry-run", is_flag=True, help="Only say what would go. The daemon need not stop.")
@json_option
@pass_session
def db_prune(session: Session, dry_run: bool, as_json: bool) -> None:
    """Drop the texts that were kept for as long as `retention:` says (the daemon does so once a day).

    Title, link, dates, who carried an article, what matched and what was sent stay.
    """
    spec, at = session.config.retention, now()
    if dry_run:
        with session.reading() as archive:
            found = list(_looks(archive, spec, at))
        pruned = sum((Counter(each.articles) for each in found), Counter[str]())
        characters = sum(each.characters for each in found)
    else:
        pruned, characters = asyncio.run(_prune(session, spec, at)), None
    if as_json:
        show.as_json({"articles": dict(pruned), "characters": characters})
        return
    if pruned:
        show.table(["feed", "texts"], pruned.most_common(), right=("texts",))
        show.line()
    what = f"{show.counted(pruned.total(), 'text')} {'would go' if dry_run else 'pruned'}"
    show.line(what if characters is None else f"{what}, {characters:,} characters")
    if spec.shortest == timedelta.max:
        show.note("retention: keeps every text for ever")


def _looks(archive: Archive, spec: RetentionSpec, at: datetime) -> Iterator[Pruned]:
    after: tuple[str, int] | None = ("", 0)
    while after is not None:
        found = archive.prune_texts(spec, at, after=after, dry=True)
        after = found.after
        yield found


async def _prune(session: Session, spec: RetentionSpec, at: datetime) -> Counter[str]:
    from monitor.upkeep import prune_texts

    async with session.writing() as (archive, thread):
        return await prune_texts(thread, archive, spec, now=at)


@db.command("vacuum")
@pass_session
def db_vacuum(session: Session) -> None:
    """Give room that is no longer used back to the file system. The daemon must not run."""

    async def main() -> int:
        async with session.writing() as (archive, thread):
            return await thread(archive.vacuum)

    show.line(f"{_megabytes(asyncio.run(main()))} given back")


@db.command("salvage")
@click.argument("damaged", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("new", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def db_salvage(damaged: Path, new: Path, as_json: bool) -> None:
    """Make a NEW archive of what can still be read of a DAMAGED one, which is only read.

    What was still to be sent comes first: it is kept also where its article is lost. `monitor db restore NEW` puts it
    in the archive's place.
    """
    from monitor.archive import salvage

    saved = salvage(damaged, new)
    if as_json:
        show.as_json(saved)
        return
    rows = [
        (each.table, each.rows, "?" if each.lost is None else each.lost) for each in saved if each.rows or each.lost
    ]
    show.table(["table", "rows", "lost"], rows, right=("rows", "lost"))


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


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
