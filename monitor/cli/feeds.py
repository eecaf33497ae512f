"""The feeds: list them, and edit them in feeds.yaml without an editor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from monitor import show
from monitor.cli.feeds_online import opened_prober, show_feeds, with_scheme
from monitor.cli.session import Session, json_option, known_feeds, pass_session
from monitor.urls import redacted

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.probe import FoundFeed

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
@click.option("--no-check", is_flag=True, help="Do not ask the URL whether there is a feed.")
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
    no_check: bool,
) -> int:
    """Add a feed to feeds.yaml, after the last one.

    URL may be the page of an outlet that announces one feed. It is asked first, and exit status 1 means that there is
    no feed, or more than one to choose from; nothing is written then.
    """
    from monitor.config.editing import NewFeed, add_feeds, feed_keys, free_key

    url, name = with_scheme(url), title
    _not_yet_there(session, url)
    if not no_check:
        found = asyncio.run(_asked(session, url, allow_private))
        if found is None:
            return 1
        if found.url != url:
            show.note(f"{redacted(url)} leads to {redacted(found.url)}, which is added")
        url, name = found.url, title or found.title

    def added(text: str) -> str:
        # The key is made here, where the text can no longer change, so that two adds at once do not choose the same.
        new = NewFeed(
            key=key or free_key(name or _host(url), feed_keys(text)),
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
    return 0


def _not_yet_there(session: Session, url: str) -> None:
    """Raises EditError when the feed list has this URL, before anybody is asked."""
    from monitor.config.editing import same_feed
    from monitor.errors import EditError

    for feed in session.config.feeds:
        if same_feed(feed.url) == same_feed(url):
            raise EditError(f'feed "{feed.key}" already has this URL')


async def _asked(session: Session, url: str, allow_private: tuple[str, ...]) -> FoundFeed | None:
    """The feed that a URL means; None when there is none, or no one: that is said."""
    from monitor.probe import FoundFeed, NoFeed, SeveralFeeds, checked

    async with opened_prober(session) as prober:
        match await checked(prober, url, allow_private=allow_private):
            case FoundFeed() as found:
                return found
            case SeveralFeeds(feeds=feeds):
                show_feeds([replace(feed, url=redacted(feed.url)) for feed in feeds])
                show.note("several feeds; add the one you mean by its own URL")
            case NoFeed(detail=detail):
                show.note(f"no feed at {redacted(url)}: {detail} `--no-check` adds it all the same.")
    return None


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
