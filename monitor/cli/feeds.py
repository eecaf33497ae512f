"""The feeds: list them, and edit them in feeds.yaml without an editor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from monitor import show
from monitor.cli.session import Session, json_option, known_feeds, pass_session
from monitor.urls import redacted

if TYPE_CHECKING:
    from monitor.config import Config

RELOAD = "a running daemon takes it up on `systemctl reload monitor` (or SIGHUP)"

keys_argument = click.argument("keys", metavar="KEY...", nargs=-1, required=True)


@click.group()
def feeds() -> None:
    """The feeds."""


@feeds.command("list")
@json_option
@pass_session
def feeds_list(session: Session, as_json: bool) -> None:
    """Every feed with its state; logins and tokens in addresses are hidden."""
    with session.reading() as archive:
        rows = [
            replace(row, url=redacted(row.url), moved_to=row.moved_to and redacted(row.moved_to))
            for row in archive.feed_rows()
        ]
    if as_json:
        show.as_json(rows)
        return
    columns = ["key", "title", "language", "state", "articles", "polled_at", "next_poll_at", "last_error"]
    show.table(columns, ([getattr(row, column) for column in columns] for row in rows), right=("articles",))


@feeds.command("add")
@click.argument("url")
@click.option("--key", help="The feed's name in rules and commands. Default: made from the title or the host.")
@click.option("--title", help="What mails call it. Default: the feed's own title.")
@click.option("--language", metavar="TAG", help="What it is written in, such as fr or pt-BR; a hint.")
@click.option("--country", metavar="CODE", help="Two letters, such as FR.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="A group that rules can choose; may be repeated.")
@click.option("--every", metavar="TIME", help="How often to poll it, such as 5m. Default: what defaults: says.")
@click.option(
    "--allow-private",
    metavar="IP:PORT",
    multiple=True,
    help="A private address it may be fetched from; may be repeated.",
)
@pass_session
def feeds_add(
    session: Session,
    url: str,
    key: str | None,
    title: str | None,
    language: str | None,
    country: str | None,
    tags: tuple[str, ...],
    every: str | None,
    allow_private: tuple[str, ...],
) -> None:
    """Add a feed to feeds.yaml, after the last one."""
    from monitor.config.editing import NewFeed, add_feeds, feed_keys, free_key

    def added(text: str) -> str:
        # The key is made here, where the text can no longer change, so that two adds at once do not choose the same.
        new = NewFeed(
            key=key or free_key(title or _host(url), feed_keys(text)),
            url=url,
            title=title,
            language=language,
            country=country,
            tags=tags,
            every=every,
            allow_private=allow_private,
        )
        return add_feeds(text, [new])

    config = _edit(session, added)
    feed = config.feeds[-1]
    if session.verbosity >= 0:
        for warning in config.warnings:
            if warning.path.startswith(f"feeds[{len(config.feeds) - 1}]"):
                show.note(f"{warning.located(str(config.path))} (warning)")
    show.line(f"added {feed.key}: {redacted(feed.url)}; {RELOAD}")


@feeds.command("remove")
@keys_argument
@pass_session
def feeds_remove(session: Session, keys: tuple[str, ...]) -> None:
    """Take feeds out of feeds.yaml. Their articles stay in the archive."""
    from monitor.config.editing import remove_feeds

    known_feeds(session.config, keys)
    _edit(session, lambda text: remove_feeds(text, keys))
    show.line(f"removed {_names(keys)}; {RELOAD}")


@feeds.command("pause")
@keys_argument
@pass_session
def feeds_pause(session: Session, keys: tuple[str, ...]) -> None:
    """Stop polling feeds, until they are resumed."""
    _set_paused(session, keys, True)


@feeds.command("resume")
@keys_argument
@pass_session
def feeds_resume(session: Session, keys: tuple[str, ...]) -> None:
    """Poll paused feeds again."""
    _set_paused(session, keys, False)


def _set_paused(session: Session, keys: tuple[str, ...], paused: bool) -> None:
    from monitor.config.editing import set_paused

    known_feeds(session.config, keys)
    already = {feed.key for feed in session.config.feeds if feed.paused is paused}
    if so_already := [key for key in keys if key in already]:
        show.line(f"{'already paused' if paused else 'not paused'}: {_names(so_already)}")
    if changed := [key for key in keys if key not in already]:
        _edit(session, lambda text: set_paused(text, changed, paused))
        show.line(f"{'paused' if paused else 'resumed'} {_names(changed)}; {RELOAD}")


def _edit(session: Session, change: Callable[[str], str]) -> Config:
    from monitor.config.editing import edit

    return edit(session.config.path, change, environ=session.environ)


def _host(url: str) -> str:
    """What to name a feed after when nothing else is known of it."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _names(keys: tuple[str, ...] | list[str]) -> str:
    return ", ".join(dict.fromkeys(keys))
