"""Feeds added to feeds.yaml, removed from it and paused in it, by splicing its text: every other line stays as it is.

The functions from text to text are pure. Each reads its result again and compares it with what was meant, so that a
layout it does not understand is refused and never damaged. `edit` does one such change to the file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from urllib.parse import urlsplit

from monitor.config import Config, feeds_section, load_bytes
from monitor.config.feeds_section import Written, in_one_line
from monitor.config.items import NOTHING, Findings
from monitor.config.items import read as read_item
from monitor.config.keys import Feed
from monitor.config.replacing import locked
from monitor.config.yaml_positions import read as read_yaml
from monitor.errors import ConfigError, EditError
from monitor.text import one_line

MAX_KEY = 40  # characters of a key that we make up

_WEB_PORTS = {"http": 80, "https": 443}
# Letters that are not Latin ones with an accent. Roughly as newspapers spell Cyrillic names in Latin letters: a key is
# to be recognised and typed, not to be turned back.
_LATIN = str.maketrans(
    dict(
        pair.split(":")
        for pair in "а:a б:b в:v г:g ґ:g д:d е:e є:ie ж:zh з:z и:i і:i ї:i й:i к:k л:l м:m н:n о:o п:p р:r с:s т:t у:u "
        "ў:u ф:f х:kh ц:ts ч:ch ш:sh щ:shch ъ: ы:y ь: э:e ю:yu я:ya ё:e ђ:dj ј:j љ:lj њ:nj ћ:c џ:dz "
        "æ:ae œ:oe ø:o đ:d ł:l þ:th ð:d ı:i ': ’:".split()
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFeed:
    """A feed to be written. What each field means and may hold: the keys of `feeds:` in docs/configuration.md."""

    key: str
    url: str
    title: str | None = None  # None, here and below: not written
    language: str | None = None
    country: str | None = None
    tags: tuple[str, ...] = ()  # empty: not written
    every: str | None = None  # as the file has it: 15m
    allow_private: tuple[str, ...] = ()  # empty: not written


# ── from text to text ────────────────────────────────────────────────────────────────────────────────────────────────


def add_feeds(text: str, feeds: Sequence[NewFeed]) -> str:
    """The text with these feeds after its last one, laid out as that one is.

    Raises EditError when a key or a URL (as `same_feed` compares them) is there already, or a value is none that its
    key can have.
    """
    section = feeds_section.read(text)
    if not feeds:
        return text
    taken = set(section.keys)
    by_address = {
        same_feed(node.entries.get("url", NOTHING).raw): key
        for key, node in zip(section.keys, section.nodes, strict=True)
    }
    for feed in feeds:
        if feed.key in taken:
            raise EditError(f'there is already a feed "{one_line(feed.key, 80)}". Choose another key')
        address = same_feed(feed.url)
        if address in by_address:
            first, new = one_line(by_address[address], 80), one_line(feed.key, 80)
            raise EditError(f'feed "{first}" already has this URL. Leave "{new}" out, or change the URL of "{first}"')
        taken.add(feed.key)
        by_address[address] = feed.key
    written = [_checked(feed) for feed in feeds]
    return section.spliced(section.adding(written), [*(node.value for node in section.nodes), *written])


def remove_feeds(text: str, keys: Collection[str]) -> str:
    """The text without the feeds of these keys, and without the comments inside them.

    Raises EditError when a key is no feed's, or a rule names the feed.
    """
    section = feeds_section.read(text)
    removed = section.find(keys)
    if not removed:
        return text
    for rule in section.items_of("rules"):
        for named in rule.entries.get("feeds", NOTHING).items:
            if named.raw in keys:
                name = one_line(rule.entries.get("name", NOTHING).raw, 80)
                where = f'feed "{named.raw}" is one of the feeds of rule "{name}" (line {named.line})'
                raise EditError(f"{where}. Take it out there first")
    kept = [node.value for index, node in enumerate(section.nodes) if index not in removed]
    return section.spliced(section.removing(removed), kept)


def set_paused(text: str, keys: Collection[str], paused: bool) -> str:
    """The text with the feeds of these keys paused, or no longer so. Those that are so already stay as they are.

    Raises EditError when a key is no feed's.
    """
    section = feeds_section.read(text)
    chosen = section.find(keys)
    feeds = [node.value for node in section.nodes]
    splices = []
    for index in sorted(chosen):
        if (feeds[index].get("paused") is True) is not paused:
            splices += section.pausing(index) if paused else section.resuming(index)
            feeds[index] = {**feeds[index], "paused": paused}
    return section.spliced(splices, feeds) if splices else text


def feed_keys(text: str) -> tuple[str, ...]:
    """The keys of the feeds in the text, in its order. Raises EditError when it cannot be read."""
    return tuple(feeds_section.read(text).keys)


def _checked(feed: NewFeed) -> Written:
    """The keys and values to write. Raises EditError when a value is none that its key can have."""
    written: dict[str, str | list[str]] = {"key": feed.key, "url": feed.url}
    for name in ("title", "language", "country", "tags", "every", "allow_private"):
        if value := getattr(feed, name):
            written[name] = value if isinstance(value, str) else list(value)
    node, _ = read_yaml(in_one_line(written).encode("utf-8"))
    found = Findings()
    if node is None or node.value != written:
        raise EditError(f'feed "{one_line(feed.key, 80)}" holds text that YAML cannot: delete its control characters')
    if read_item(Feed, node, "", found) is None:
        problem = found.errors[0]
        raise EditError(f'feed "{one_line(feed.key, 80)}": {problem.path.lstrip(".")}: {problem.message}')
    return written


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def free_key(wanted: str, taken: Collection[str]) -> str:
    """A readable key for the feed of that title or host, unlike all those taken (in capitals, too).

    Lower-case ASCII letters, digits and hyphens, at most 40 characters; `feed` when nothing in `wanted` can be written
    so. From the second on a number follows: `gazette-2`.
    """
    latin = unicodedata.normalize("NFC", wanted).casefold().translate(_LATIN)
    words = re.findall("[a-z0-9]+", unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode("ascii"))
    stem = _cut("-".join(words) or "feed", MAX_KEY)
    used = {key.casefold() for key in taken}
    key, number = stem, 1
    while key in used:
        number += 1
        key = f"{_cut(stem, MAX_KEY - len(str(number)) - 1)}-{number}"
    return key


def _cut(key: str, length: int) -> str:
    """The key without what is too long; between two words, where that leaves most of it."""
    if len(key) <= length:
        return key
    whole_words = key[: length + 1].rpartition("-")[0]
    return whole_words if 2 * len(whole_words) > length else key[:length].rstrip("-")


def same_feed(url: str) -> str:
    """The URL in its form for comparison: equal forms are one feed.

    http or https, `www.`, capitals in the host, the scheme's own port, a slash at the end and a fragment make no
    difference. What is no URL comes back as it is. The form may hold a password: never print it.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:  # a port that is no number, a bracket that is not closed
        return url
    if not host:
        return url
    user, at, _ = parts.netloc.rpartition("@")
    name = f"[{host}]" if ":" in host else host.rstrip(".").removeprefix("www.")
    own_port = "" if port in (None, _WEB_PORTS.get(parts.scheme)) else f":{port}"
    return f"{user}{at}{name}{own_port}{parts.path.rstrip('/')}" + (f"?{parts.query}" if parts.query else "")


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def edit(path: Path, change: Callable[[str], str], *, environ: Mapping[str, str]) -> Config:
    """Does one change to the file `path`, and gives the configuration it then holds.

    The new text is checked as `load` checks a file, and only then takes the old one's place, all at once. Raises
    EditError or ConfigError, with the file as it was, when the change, the check or the replacing fails, or another
    program wrote the file meanwhile. Two edits at one moment are done one after the other. A text that is unchanged is
    not written.
    """
    with locked(path) as file:
        root, problems = read_yaml(file.data)
        if root is None and problems:
            raise ConfigError(str(path), tuple(problems))
        new = change(file.data.decode("utf-8")).encode("utf-8")
        try:
            config = load_bytes(new, path, environ=environ)
        except ConfigError as error:
            load_bytes(file.data, path, environ=environ)  # raises what was wrong before, at its own lines
            raise EditError(_refusal(path, error, file.data, new)) from error
        if new != file.data:
            file.replace(new)
    return config


def _refusal(path: Path, error: ConfigError, old: bytes, new: bytes) -> str:
    """What would be wrong, at the lines of the file as people see it, which is the old one."""
    before, after = (data.decode("utf-8").splitlines() for data in (old, new))
    kept = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    lines = {block.b + n + 1: block.a + n + 1 for block in kept for n in range(block.size)}
    problems = tuple(replace(problem, line=lines.get(problem.line, 0)) for problem in error.problems)
    return f"{path} was left as it is, because it would then be wrong:\n{ConfigError(str(path), problems)}"
