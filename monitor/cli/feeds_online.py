"""`monitor feeds discover`: looks for feeds on the network, and changes nothing."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor import __version__, show
from monitor.cli.session import Session, json_option, now, pass_session
from monitor.errors import ConfigError
from monitor.urls import redacted

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.probe import Discovery, FoundFeed, Prober

HOST_DELAY = timedelta(seconds=1)  # without a configuration
HOST_CONNECTIONS = 2

private_option = click.option(
    "--allow-private",
    metavar="HOST:PORT",
    multiple=True,
    help='An address that may be asked although it is not public, such as "10.0.0.5:8080".',
)


@click.command("discover")
@click.argument("url")
@private_option
@json_option
@pass_session
def discover(session: Session, url: str, allow_private: tuple[str, ...], as_json: bool) -> int:
    """Find the feeds of a page: what it announces, what it links to, or where feeds mostly are.

    Each is asked and read; nothing is written. Works without a feeds.yaml too. Exit status 1 when there is none.
    """
    url = with_scheme(url)
    found = asyncio.run(_discover(session, url, allow_private))
    feeds = [replace(feed, url=redacted(feed.url)) for feed in found.feeds]
    if as_json:
        show.as_json(feeds)
    elif feeds:
        show_feeds(feeds)
    for address, why in found.refused:
        show.note(f"{address} is announced, but cannot be used: {why}")
    if not feeds:
        _say_what_is_there(found, url)
        return 1
    if found.detail is None:
        show.note(f"{redacted(url)} is a feed itself")
    if not as_json:
        hidden = " (with its credentials)" if feeds[0].url != found.feeds[0].url else ""
        show.note(f"to watch it: monitor feeds add {shlex.quote(feeds[0].url)}{hidden}")
    return 0


def with_scheme(url: str) -> str:
    """An address as people type it, as a whole one: https:// in front where nothing is."""
    return url if "://" in url else f"https://{url}"


def show_feeds(feeds: Sequence[FoundFeed]) -> None:
    """The feeds: a table, or on a terminal two lines each. Their addresses must not carry credentials any more."""
    columns = ["url", "title", "format", "entries", "newest", "language"]
    if not sys.stdout.isatty():
        show.table(columns, ([getattr(feed, column) for column in columns] for feed in feeds), right=("entries",))
    for feed in feeds:
        if sys.stdout.isatty():  # a table would fold the addresses, which are there to be copied
            newest = f"newest {show.cell(feed.newest)}" if feed.newest else None
            entries = show.counted(feed.entries, "entry", "entries")
            show.line(feed.url)
            show.paragraph(", ".join(filter(None, [feed.title, feed.format, entries, newest, feed.language])), indent=2)
        if feed.same_as:
            show.note(f"{feed.url} carries the same entries as {redacted(feed.same_as)}")


def _say_what_is_there(found: Discovery, url: str) -> None:
    show.note(f"no feed at {redacted(url)}: {found.detail or 'nothing was found'}")
    if not found.looked:
        return
    show.note(
        "Neither what the page points to nor the usual addresses are feeds. Look for “RSS”, “Feed” or “Newsletter” on"
        " it in a browser, try one of its sections, or ask the publisher."
    )


async def _discover(session: Session, url: str, allow_private: Sequence[str]) -> Discovery:
    from monitor.probe import discover

    async with opened_prober(session) as prober:
        return await discover(prober, url, allow_private=allow_private)


@asynccontextmanager
async def opened_prober(session: Session) -> AsyncIterator[Prober]:
    """A prober that asks as the configuration says; where there is none, politely and under our name only."""
    from monitor.config import secret
    from monitor.poll import brief_for, user_agent
    from monitor.probe import open_prober
    from monitor.workers import Brief

    config = _config(session)
    if config is None:
        show.note("there is no feeds.yaml: publishers hear our name and version, but not whom to write to")
    async with open_prober(
        user_agent=user_agent(config) if config else f"monitor/{__version__} (feeds)",
        proxy=config.proxy if config else None,
        proxy_password=secret("proxy-password", session.environ),
        brief=brief_for(config) if config else Brief(languages=(), rules=(), aliases={}),
        workers=1,  # a process, whatever the configuration says: it can be killed over a hostile page
        now=now,
        host_delay=config.host_delay if config else HOST_DELAY,
        host_connections=config.host_connections if config else HOST_CONNECTIONS,
    ) as prober:
        yield prober


def _config(session: Session) -> Config | None:
    """The configuration; None when none is named and there is none. Raises ConfigError for one that cannot be used."""
    from monitor import config

    if session.config_path is None:
        try:
            config.find(session.environ, Path.cwd())
        except ConfigError:
            return None
    return session.config
