"""`monitor feeds import-opml` and `export-opml`: feeds from other readers' lists, and ours for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

import click

from monitor import show
from monitor.cli.session import Session, pass_session
from monitor.errors import MonitorError
from monitor.urls import redacted, without_secrets

if TYPE_CHECKING:
    from monitor.config.editing import NewFeed
    from monitor.opml import FeedList, ListedFeed


@click.command("import-opml")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Only say what would be added.")
@pass_session
def import_opml(session: Session, file: IO[bytes], dry_run: bool) -> None:
    """Add the feeds of an OPML list to feeds.yaml; FILE may be - for standard input.

    Folders and categories become tags. A feed that is there already is named and left as it is. All are added, or
    none when something is wrong.
    """
    from monitor.config.editing import add_feeds, edit
    from monitor.opml import MAX_LIST, NotOpml, read

    found = read(file.read(MAX_LIST + 1))
    if isinstance(found, NotOpml):
        raise MonitorError(f"{file.name} is no list of feeds: {found.detail}")
    config = session.config
    sorting = _sort(found, {feed.key: feed.url for feed in config.feeds})
    for remark in (*found.problems, *sorting.remarks):
        show.note(remark)
    if dry_run:
        rows = ((feed.key, feed.title, redacted(feed.url), feed.tags, feed.language) for feed in sorting.new)
        show.table(["key", "title", "url", "tags", "language"], rows)
    elif sorting.new:
        edit(config.path, lambda text: add_feeds(text, sorting.new), environ=session.environ)
    show.line(sorting.summary(str(config.path), dry_run=dry_run))


@dataclass(slots=True, kw_only=True)
class _Sorting:
    """What becomes of each outline of a list."""

    new: list[NewFeed] = field(default_factory=list)
    there: int = 0
    repeated: int = 0
    unusable: int = 0
    remarks: list[str] = field(default_factory=list)

    def summary(self, file: str, *, dry_run: bool) -> str:
        """The one line that is left when all else has scrolled by."""
        added = f"{show.counted(len(self.new), 'feed')} {'would be ' if dry_run else ''}added to {file}"
        others = (
            (self.there, "already there"),
            (self.repeated, "in the list more than once"),
            (self.unusable, "without a usable address"),
        )
        return "; ".join([added, *(f"{count} {what}" for count, what in others if count)])


def _sort(found: FeedList, configured: Mapping[str, str]) -> _Sorting:
    """The list's feeds that are not among the `configured` (key → URL), each once, and what to say of the others."""
    from monitor.config.editing import NewFeed, free_key, same_feed

    sorting = _Sorting()
    keys = {same_feed(url): key for key, url in configured.items()}
    taken = set(configured)
    new: dict[str, NewFeed] = {}
    for feed in found.feeds:
        form = same_feed(feed.url)
        if form in keys:
            sorting.there += 1
            sorting.remarks.append(f'{_name(feed)}: already there as "{keys[form]}"')
        elif form in new:
            # One feed in several folders has all their tags.
            tags = tuple(dict.fromkeys((*new[form].tags, *feed.tags)))
            more = ", with the tags of both" if tags != new[form].tags else ""
            new[form] = replace(new[form], tags=tags)
            sorting.repeated += 1
            sorting.remarks.append(f'{_name(feed)}: in the list more than once, added once as "{new[form].key}"{more}')
        else:
            key = free_key(feed.key or feed.title or urlsplit(feed.url).hostname or "feed", taken)
            taken.add(key)
            new[form] = NewFeed(key=key, url=feed.url, title=feed.title, language=feed.language, tags=feed.tags)
    sorting.new = list(new.values())
    sorting.unusable = len(found.unusable)
    sorting.remarks += [f"{each.name}: {each.why}" for each in found.unusable]
    if not (found.feeds or found.unusable):
        sorting.remarks.append("the list names no feed")
    if found.lists:
        names = ", ".join(found.lists[:5]) + (", …" if len(found.lists) > 5 else "")
        sorting.remarks.append(f"other lists and pages it refers to are not read: {names}")
    return sorting


def _name(feed: ListedFeed) -> str:
    return feed.title or redacted(feed.url)


@click.command("export-opml")
@click.argument("file", type=click.File("wb", atomic=True), default="-")
@click.option(
    "--tag", "tags", metavar="TAG", multiple=True, help="Only feeds with this tag; more than one: any of them."
)
@click.option("--with-credentials", is_flag=True, help="Keep the passwords and tokens in the feeds' addresses.")
@pass_session
def export_opml(session: Session, file: IO[bytes], tags: Sequence[str], with_credentials: bool) -> None:
    """Write the feeds as an OPML list, to FILE or standard output.

    Each feed is in a folder named after its first tag, with all its tags as categories.
    """
    from monitor.opml import ListedFeed, write

    feeds = [feed for feed in session.config.feeds if not tags or set(tags) & set(feed.tags)]
    if tags and not feeds:
        known = ", ".join(sorted({tag for feed in session.config.feeds for tag in feed.tags})) or "none"
        raise click.UsageError(f"no feed has the tag {', '.join(tags)}; feeds.yaml has: {known}")
    listed = []
    for feed in feeds:
        url = feed.url if with_credentials else without_secrets(feed.url)
        if url != feed.url:
            show.note(f"{feed.key}: the credentials in its address were left out (--with-credentials keeps them)")
        listed.append(ListedFeed(url=url, title=feed.title, tags=feed.tags, language=feed.language, key=feed.key))
    file.write(write(listed, title="Feeds of monitor"))
