"""A feed's user, password and token are told to nobody: no log line, no archive column, no mail, no command."""

from __future__ import annotations

import asyncio
import io
import logging
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from monitor import logs
from monitor.daemon import report_poll
from monitor.fetch import Limits
from monitor.model import Outcome
from tests.commands import monitor
from tests.loopback import Answer, Request, Site, redirect
from tests.rss import item, rss
from tests.torture.room import room, settings

PASSWORD, TOKEN = "pa55-of-the-desk", "t0ken-of-the-desk"
IMPATIENT = Limits(total=timedelta(seconds=0.5), connect=timedelta(seconds=0.5))


def secret_in(text: str | bytes) -> bool:
    """Whether either secret, plain or as Basic credentials carry it, is in a text."""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return any(secret in text for secret in (PASSWORD, TOKEN, "ZGVzazpwYTU1"))  # the last: base64 of "desk:pa55"


# What the operator wrote, and what it led to.
ADDRESSES = {("feeds", "url"), ("feeds", "given_url"), ("feed_moves", "from_url"), ("feed_moves", "to_url")}


def everything_but_the_feeds_addresses(archive: Path) -> str:
    """The whole archive as text. The addresses themselves stay out: they are what the operator wrote."""
    connection = sqlite3.connect(f"file:{archive}?mode=ro", uri=True)
    try:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        rows = []
        for table in tables:
            columns = [column[1] for column in connection.execute(f"PRAGMA table_info({table})")]
            wanted = [f'"{each}"' for each in columns if (table, each) not in ADDRESSES]
            if wanted:
                rows += connection.execute(f"SELECT {', '.join(wanted)} FROM {table}").fetchall()
        return "\n".join(map(repr, rows))
    finally:
        connection.close()


async def test_credentials_of_a_feeds_address_are_told_to_nobody(tmp_path: Path) -> None:
    stream, raw = io.StringIO(), io.StringIO()
    unredacted = logging.StreamHandler(raw)
    root = logging.getLogger()
    level = root.level
    logs.configure(verbosity=2, format="logfmt", environ={}, stream=stream)
    root.addHandler(unredacted)
    try:
        async with Site() as site:

            async def stall(_: Request) -> AsyncIterator[bytes]:
                yield b"HTTP/1.1 200 OK\r\n\r\n<rss>"
                await site.left.wait()

            # A bare fragment and an empty link take their page from the feed's own address.
            news = rss(item(1, link="#one", guid="1"), item(2, link="", guid="2")).replace(
                b"<link>https://gazette.example/</link>", b""
            )
            site.routes = {
                "/good": Answer(body=news),
                "/missing": Answer(status=404),
                "/login": Answer(status=401, headers={"WWW-Authenticate": "Basic"}),
                "/cut": b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n",
                "/page": Answer(body=b"<html><title>Log in</title></html>"),
                "/stalls": lambda request: stall(request),
                "/circle": redirect(f"/circle?token={TOKEN}"),
                "/nowhere": redirect(f"ftp://desk:{PASSWORD}@gazette.example/?token={TOKEN}"),
                "/inside": redirect(f"http://desk:{PASSWORD}@127.0.0.2/?token={TOKEN}"),
            }
            query = f"?token={TOKEN}"
            feeds = {
                path.strip("/"): site.url(path + query, userinfo=f"desk:{PASSWORD}@") for path in sorted(site.routes)
            }
            feeds["secure"] = feeds["good"].replace("http:", "https:")
            feeds["nobody"] = f"http://desk:{PASSWORD}@127.0.0.1:1/{query}"
            feeds["inner"] = f"http://desk:{PASSWORD}@10.0.0.1/{query}"
            config = settings(tmp_path, feeds, allow=[site.pair, "127.0.0.1:1"])
            async with room(config, limits=IMPATIENT) as newsroom:
                outcomes = await newsroom.poll()
                site.routes["/good"] = Answer(body=news.replace(b"</channel>", item(3).encode() + b"</channel>"))
                outcomes |= await newsroom.poll("good")
            for outcome in outcomes.values():
                report_poll(outcome)
            try:
                raise RuntimeError(f"something unforeseen about {feeds['good']}")
            except RuntimeError:
                logs.get().exception("poll failed in an unforeseen way", host="gazette.example")

            status = await asyncio.to_thread(monitor, "-v", "status", cwd=tmp_path)
            listed = await asyncio.to_thread(monitor, "-v", "feeds", "list", "--json", cwd=tmp_path)
            checked = await asyncio.to_thread(monitor, "-v", "check", cwd=tmp_path)
            delivered = await asyncio.to_thread(monitor, "-v", "deliver", cwd=tmp_path)
    finally:
        root.removeHandler(unredacted)
        root.setLevel(level)

    kinds = {outcome.outcome for outcome in outcomes.values()}
    assert kinds >= {Outcome.HTTP_ERROR, Outcome.TIMEOUT, Outcome.TLS, Outcome.NOT_A_FEED, Outcome.REFUSED_ADDRESS}
    assert site.requests[0].header("Authorization"), "the credentials are used"
    assert "poll failed" in stream.getvalue()
    assert not secret_in(stream.getvalue())
    assert not secret_in("".join(line for line in raw.getvalue().splitlines() if "RuntimeError" not in line)), (
        "only a fault of ours may quote an address before the log hides what is secret in it"
    )
    assert not secret_in(everything_but_the_feeds_addresses(newsroom.database))
    for result in (status, listed, checked, delivered):
        assert not secret_in(result.out + result.err)
    mails = [file.read_bytes() for file in (tmp_path / "db" / "maildir").rglob("*") if file.is_file()]
    assert mails
    assert not any(map(secret_in, mails))
