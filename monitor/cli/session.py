"""What every command shares: the global options, the configuration, the archive, the clock."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor import show

if TYPE_CHECKING:
    from monitor.archive import Access, Archive, ArchiveThread
    from monitor.channels import Channel
    from monitor.config import Config
    from monitor.model import ChannelSpec

EXIT_SOME_FEEDS_FAILED = 3


def now() -> datetime:
    """The wall clock, in whole seconds as the archive keeps it."""
    return datetime.now(UTC)


@dataclass
class Session:
    """What the global options said, and the configuration once a command asks for it."""

    config_path: Path | None
    archive: str | None
    verbosity: int
    log_format: str | None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @cached_property
    def config(self) -> Config:
        """The configuration; its warnings are printed when it is first asked for. Raises ConfigError."""
        from monitor import config

        path = self.config_path or config.find(self.environ, Path.cwd())
        loaded = config.load(path, environ=self.environ, archive=self.archive)
        if self.verbosity >= 0:
            for warning in loaded.warnings:
                show.note(f"{warning.located(str(path))} (warning)")
        return loaded

    @property
    def archive_url(self) -> str:
        """The archive: `--archive`, else what the configuration says."""
        if self.archive is not None:
            return self.archive
        return self.config.archive

    @contextmanager
    def reading(self) -> Iterator[Archive]:
        """The archive, opened read-only: the daemon need not stop."""
        from monitor.archive import open_archive

        archive = open_archive(self.archive_url, access="read", now=now())
        try:
            yield archive
        finally:
            archive.close()

    @asynccontextmanager
    async def writing(
        self, access: Access = "hold", *, back_up: bool = True
    ) -> AsyncIterator[tuple[Archive, ArchiveThread]]:
        """The archive on its thread, held alone: raises ArchiveBusy while a daemon holds it. Or amended beside one."""
        from monitor.archive import ArchiveThread, open_archive

        thread = ArchiveThread()
        try:
            archive = await thread(open_archive, self.archive_url, access=access, now=now(), back_up=back_up)
            try:
                yield archive, thread
            finally:
                await thread(archive.close)
        finally:
            await thread.aclose()

    @asynccontextmanager
    async def channels(self, specs: Mapping[str, ChannelSpec]) -> AsyncIterator[Mapping[str, Channel]]:
        """These channels, opened as the daemon would. Raises ConfigError for a secret that is missing or unusable."""
        from monitor import config as configuration
        from monitor.channels import open_channels
        from monitor.poll import open_fetcher

        config = self.config
        async with AsyncExitStack() as stack:
            post = None
            if any(spec.kind == "webhook" for spec in specs.values()):
                proxy_password = configuration.secret("proxy-password", self.environ)
                fetcher = await stack.enter_async_context(open_fetcher(config, proxy_password=proxy_password))
                post = fetcher.post
            yield open_channels(
                specs,
                smtp=config.smtp,
                sender=config.house.sender,
                password=configuration.secret("smtp-password", self.environ),
                maildir=config.maildir,
                secrets=configuration.channel_secrets(specs, self.environ),
                post=post,
                now=now,
                environ=self.environ,
            )

    def log(self) -> None:
        """Sets up logging for a command that works like the daemon."""
        from monitor import logs

        logs.configure(verbosity=self.verbosity, format=self.log_format, environ=self.environ, stream=sys.stderr)


def known_feeds(config: Config, keys: Sequence[str]) -> None:
    """Raises UsageError for a key that no feed of the configuration has, with the nearest one."""
    known = [feed.key for feed in config.feeds]
    for key in keys:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "`monitor feeds list` names them"
            raise click.UsageError(f"there is no feed {key!r} in {config.path}; {hint}")


pass_session = click.make_pass_decorator(Session)
json_option = click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")


class Age(click.ParamType):  # type: ignore[type-arg]  # generic in the stubs only
    """A time span back from now, such as 30d or 12h."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> timedelta:
        from monitor.config import duration

        if isinstance(value, timedelta):
            return value
        try:
            return duration(value)
        except ValueError as error:
            self.fail(str(error), param, context)
