"""The document's sections → specs, with everything that is wrong found in one go.

Each feed, rule, channel, digest and alias is read on its own, so that a bad one hides no other. What names something
elsewhere in the file is looked up among the names as written, so that one mistake is reported once, where it was made.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib.util import find_spec
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from urllib.parse import urlsplit

from monitor.config import keys
from monitor.config.items import NOTHING, Findings, items, named, read, unknown_key
from monitor.config.rule_section import read_aliases, read_rules
from monitor.config.values import as_written
from monitor.config.yaml_positions import Node
from monitor.language import NO_LINGUA, installed
from monitor.model import (
    AliasItems,
    BackupSpec,
    ChannelSpec,
    DigestSpec,
    FeedSpec,
    HeartbeatSpec,
    Pace,
    Reader,
    RetentionSpec,
    RuleSpec,
    SmtpSpec,
)

SECTIONS = (
    *("monitor", "defaults", "feeds", "aliases", "rules", "channels", "digests", "heartbeat", "retention", "backup"),
    "smtp",
)
POLITE = timedelta(minutes=5)
OFTEN = timedelta(minutes=5)  # a feed that says nothing of `min` is never polled more often than this
LONGER = 4  # times `every`: what `max` is where nothing is said of it
SMTP_PORTS = {"none": 25, "starttls": 587, "tls": 465}
WEB_PORTS = {"http": 80, "https": 443}

_HURRIED = "is under 5 minutes, which few publishers welcome. Write 5m or more unless this one is your own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Everything the file says, as far as it could be read. `monitor` is None when that section could not."""

    monitor: keys.Monitor | None
    feeds: tuple[FeedSpec, ...]
    aliases: Mapping[str, AliasItems]
    rules: tuple[RuleSpec, ...]
    channels: Mapping[str, ChannelSpec]
    digests: Mapping[str, DigestSpec]
    heartbeat: HeartbeatSpec | None
    retention: RetentionSpec
    backup: BackupSpec | None
    smtp: SmtpSpec | None


def read_sections(root: Node, home: Path, found: Findings) -> Written:
    """Reads and checks the whole document, a mapping. What is wrong goes to `found` and is missing from the result.

    `home` is the folder that paths in the document are relative to; those of channels come back absolute.
    """
    for name, key in root.keys.items():
        if name not in SECTIONS:
            found.error(key, name, unknown_key(name, SECTIONS))

    monitor = _monitor(root, found)
    feeds = _feeds(root, found)
    aliases = read_aliases(root, found)
    timezone = monitor.timezone if monitor else "UTC"
    channels = _channels(root, home, timezone, found)
    digests = _digests(root, timezone, found)
    rules = read_rules(root, aliases, timezone, found)
    return Written(
        monitor=monitor,
        feeds=feeds,
        aliases=aliases,
        rules=rules,
        channels=channels,
        digests=digests,
        heartbeat=_heartbeat(root, timezone, found),
        retention=_retention(root, feeds, rules, found),
        backup=_backup(root, home, timezone, found),
        smtp=_smtp(root, found),
    )


# ── one section each ─────────────────────────────────────────────────────────────────────────────────────────────────


def _monitor(root: Node, found: Findings) -> keys.Monitor | None:
    node = root.entries.get("monitor", NOTHING)
    if node.value is None:
        message = f"is missing. Write monitor: {{{keys.SAMPLES['contact']}}}"
        found.error(root.keys.get("monitor", root), "monitor", message)
        return None
    monitor = read(keys.Monitor, node, "monitor", found)
    if monitor is not None and not installed(monitor.detector):
        found.error(node.at(["detector"]), "monitor.detector", NO_LINGUA)
    return monitor


def _feeds(root: Node, found: Findings) -> tuple[FeedSpec, ...]:
    defaults = keys.Defaults()
    defaults_node = root.entries.get("defaults", NOTHING)
    if defaults_node.value is not None:
        defaults = read(keys.Defaults, defaults_node, "defaults", found) or defaults

    specs: dict[str, FeedSpec] = {}
    lines: dict[str, int] = {}
    keys_by_address: dict[str, str] = {}
    inheriting: list[str] = []  # URLs of the feeds that leave `every` to the defaults
    for path, node in items(root, "feeds", found):
        feed = read(keys.Feed, node, path, found)
        if feed is None:
            continue
        if feed.key in specs:
            message = f'"{feed.key}" is already the feed in line {lines[feed.key]}. Rename one of them'
            found.error(node.at(["key"]), f"{path}.key", message)
            continue
        address = feed.url.partition("://")[2].rstrip("/")
        if (other := keys_by_address.setdefault(address, feed.key)) != feed.key:
            found.warn(node.at(["url"]), f"{path}.url", f'feed "{other}" has the same URL. Remove one of them')
        pace = _pace(feed, defaults)
        _check_pace(pace, feed, node, path, found)
        specs[feed.key] = _feed_spec(feed, defaults, pace)
        lines[feed.key] = node.line
        inheriting += [feed.url] if feed.every is None else []
        _doubt_feed(feed, node, path, found)
        if _wants_fulltext(feed, defaults) and not _reads_pages():
            where = (node if feed.fulltext is not None else defaults_node).at(["fulltext"])
            found.warn(where, f"{path}.fulltext", _NO_EXTRA)

    _check_pace(_pace(defaults, defaults), defaults, defaults_node, "defaults", found)
    if defaults.every < POLITE and not all(map(_is_this_machine, inheriting)):
        found.warn(defaults_node.at(["every"]), "defaults.every", _HURRIED)
    if defaults.min is not None and defaults.min < POLITE:
        found.warn(defaults_node.at(["min"]), "defaults.min", _HURRIED)
    if not root.entries.get("feeds", NOTHING).value:
        found.warn(root, "feeds", "there is none, so nothing is polled. Add one, such as - {key: …, url: https://…}")
    return tuple(specs.values())


def _feed_spec(feed: keys.Feed, defaults: keys.Defaults, pace: Pace) -> FeedSpec:
    return FeedSpec(
        key=feed.key,
        url=feed.url,
        title=feed.title,
        language=feed.language or defaults.language,
        country=feed.country,
        tags=defaults.tags if feed.tags is None else feed.tags,
        every=pace.every,
        min_every=pace.min,
        max_every=pace.max,
        alert_backlog=defaults.alert_backlog if feed.alert_backlog is None else feed.alert_backlog,
        fulltext=_wants_fulltext(feed, defaults) and _reads_pages(),
        keep=feed.keep,
        allow_private=feed.allow_private,
        paused=feed.paused,
    )


def _pace(feed: keys.Feed | keys.Defaults, defaults: keys.Defaults) -> Pace:
    """A feed's interval and how far its rhythm may move it.

    An `every` of its own is a promise: without a `max` of its own, nothing makes it longer.
    """
    every = feed.every or defaults.every
    longest = every if feed.every else defaults.max or LONGER * every
    return Pace(every=every, min=feed.min or min(defaults.min or OFTEN, every), max=feed.max or max(longest, every))


def _check_pace(pace: Pace, written: keys.Feed | keys.Defaults, node: Node, path: str, found: Findings) -> None:
    """Reports bounds that leave out the interval itself, at the bound that is written there."""
    if written.min is not None and pace.min > pace.every:
        message = f"is longer than the interval itself, every: {as_written(pace.every)}. Write a shorter one"
        found.error(node.at(["min"]), f"{path}.min", message)
    if written.max is not None and pace.max < pace.every:
        message = f"is shorter than the interval itself, every: {as_written(pace.every)}. Write a longer one"
        found.error(node.at(["max"]), f"{path}.max", message)


def _wants_fulltext(feed: keys.Feed, defaults: keys.Defaults) -> bool:
    return defaults.fulltext if feed.fulltext is None else feed.fulltext


def _reads_pages() -> bool:
    """Whether the extra that reads pages is installed, with the part of it that pip 23 forgets."""
    return all(find_spec(module) is not None for module in ("trafilatura", "lxml_html_clean"))


_NO_EXTRA = "no page is read, because trafilatura is not installed. Install it: pip install 'media-monitor[fulltext]'"


def _doubt_feed(feed: keys.Feed, node: Node, path: str, found: Findings) -> None:
    """What is allowed and yet probably not meant."""
    if feed.every is not None and feed.every < POLITE and not _is_this_machine(feed.url):
        found.warn(node.at(["every"]), f"{path}.every", _HURRIED)
    if feed.min is not None and feed.min < POLITE and not _is_this_machine(feed.url):
        found.warn(node.at(["min"]), f"{path}.min", _HURRIED)
    if urlsplit(feed.url).password:
        found.warn(node.at(["url"]), f"{path}.url", "holds a password, which whoever can read this file then knows")
    if (pair := _private_pair(feed.url)) is not None and pair not in feed.allow_private:
        message = f'a private address is refused unless allowed. Write allow_private: ["{pair}"]'
        found.warn(node.at(["url"]), f"{path}.url", message)


def _is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    address = _address(host)
    return address.is_loopback if address else host == "localhost" or host.endswith(".localhost")


def _private_pair(url: str) -> str | None:
    """What `allow_private` must hold for this URL to be fetched. None when its host is public, or a name."""
    parts = urlsplit(url)
    address = _address(parts.hostname or "")
    if address is None or address.is_global:
        return None
    port = parts.port or WEB_PORTS[parts.scheme]
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


# Which kinds a key is for. `kind` is everybody's.
KINDS_WITH = {
    "to": ("email", "maildir", "console", "exec"),
    "path": ("maildir",),
    "url": ("webhook",),
    "allow_private": ("webhook",),
    "command": ("exec",),
    "timeout": ("webhook", "exec", "apprise"),
}

NEEDED = {
    "email": ("to", "an email channel needs an address. Write to: [desk@example.org]"),
    "webhook": ("url", "a webhook channel needs an address. Write url: https://example.org/hook"),
    "exec": ("command", "an exec channel needs a program. Write command: [/usr/local/bin/notify]"),
}

# The name of such a channel is part of its secret's, which is a file's name and a variable's.
_NAME_OF_A_SECRET = re.compile("[A-Za-z0-9_-]+")

NO_APPRISE = "apprise is not installed. Install it (pip install 'media-monitor[apprise]'), or choose another kind"


def _channels(root: Node, home: Path, timezone: str, found: Findings) -> dict[str, ChannelSpec]:
    channels: dict[str, ChannelSpec] = {}
    for name, path, node in named(root, "channels", keys.ItemName, found):
        channel = read(keys.Channel, node, path, found)
        if channel is None:
            continue
        key, message = NEEDED.get(channel.kind, ("kind", ""))
        if not getattr(channel, key):
            found.error(node, f"{path}.{key}", message)
        for key, kinds in KINDS_WITH.items():
            if key in channel.model_fields_set and channel.kind not in kinds:
                found.error(node.at([key]), f"{path}.{key}", f"only kind: {' or '.join(kinds)} has this. Remove it")
        for address in channel.readers:
            if address not in channel.to:
                message = f"{address} is not among the channel's `to`. Add it there, or remove it here"
                found.error(node.at(["readers"]).keys[address], f"{path}.readers.{address}", message)
        spec = _channel_spec(name, channel, home, timezone)
        if spec.secret_name and not _NAME_OF_A_SECRET.fullmatch(name):
            message = f"names its secret {channel.kind}-NAME too: write ASCII letters, digits and hyphens only"
            found.error(root.entries["channels"].keys[name], path, message)
        if channel.kind == "apprise" and find_spec("apprise") is None:
            found.error(node.at(["kind"]), f"{path}.kind", NO_APPRISE)
        _doubt_channel(spec, node, path, found)
        channels[name] = spec
    return channels


def _channel_spec(name: str, channel: keys.Channel, home: Path, timezone: str) -> ChannelSpec:
    whole = Reader(language=channel.language, timezone=channel.timezone)
    readers = {
        address: Reader(language=each.language or whole.language, timezone=each.timezone or whole.timezone)
        for address, each in channel.readers.items()
    }
    zone = channel.timezone or timezone
    return ChannelSpec(
        name=name,
        kind=channel.kind,
        to=channel.to,
        path=str(home / channel.path) if channel.path else None,
        url=channel.url,
        allow_private=channel.allow_private,
        command=(str(home / channel.command[0]), *channel.command[1:]) if channel.command else (),
        timeout=channel.timeout,
        quiet=tuple(replace(window, timezone=zone) for window in channel.quiet),
        max_per_hour=channel.max_per_hour,
        reader=whole,
        readers=readers,
    )


def _doubt_channel(channel: ChannelSpec, node: Node, path: str, found: Findings) -> None:
    """What is allowed and yet probably not meant."""
    if channel.kind == "webhook" and channel.url:
        pair = _private_pair(channel.url)
        if pair is not None and pair not in channel.allow_private:
            message = f'a private address is refused unless allowed. Write allow_private: ["{pair}"]'
            found.warn(node.at(["url"]), f"{path}.url", message)
        if pair is None and not channel.allow_private and channel.url.startswith("http:"):
            found.warn(node.at(["url"]), f"{path}.url", "the messages would travel unencrypted. Write https:")
    if channel.kind == "exec" and channel.command and (why := _cannot_run(Path(channel.command[0]))):
        message = f"{channel.command[0]} {why}, so nothing would be sent"
        advice = "Write the program's whole path, and each argument apart"
        found.warn(node.at(["command"]), f"{path}.command", f"{message}. {advice}")


def _cannot_run(program: Path) -> str | None:
    """Why a program cannot be run from here; None when it can."""
    try:
        if not program.exists():
            return "does not exist"
        if not program.is_file():
            return "is no file"
    except OSError as error:
        return f"cannot be looked at ({error.strerror})"
    return None if os.access(program, os.X_OK) else "is not executable"


def _heartbeat(root: Node, timezone: str, found: Findings) -> HeartbeatSpec | None:
    node = root.entries.get("heartbeat")
    if node is None:
        return None
    heartbeat = keys.Heartbeat() if node.value is None else read(keys.Heartbeat, node, "heartbeat", found)
    if heartbeat is None:
        return None
    _doubt_days(heartbeat.cron, node, "heartbeat", found)
    for key in ("ping_every", "allow_private"):
        if key in heartbeat.model_fields_set and heartbeat.ping is None:
            found.error(node.at([key]), f"heartbeat.{key}", "says how to ping, and there is no `ping`. Add it")
    return HeartbeatSpec(
        cron=heartbeat.cron,
        timezone=heartbeat.timezone or timezone,
        ping=heartbeat.ping,
        ping_every=heartbeat.ping_every,
        allow_private=heartbeat.allow_private,
    )


def _retention(root: Node, feeds: Sequence[FeedSpec], rules: Sequence[RuleSpec], found: Findings) -> RetentionSpec:
    node = root.entries.get("retention", NOTHING)
    retention = keys.Retention()
    if node.value is not None:
        retention = read(keys.Retention, node, "retention", found) or retention
    tags = {tag for feed in feeds for tag in feed.tags}
    for tag in retention.tags:
        if tag not in tags:
            message = f'no feed has the tag "{tag}". Give it to one, or remove it here'
            found.warn(node.at(["tags"]).keys[tag], f"retention.tags.{tag}", message)
    return RetentionSpec(
        keep=retention.keep,
        keep_matched=retention.keep_matched,
        feeds=tuple((feed.key, _keep(feed, retention)) for feed in feeds),
        rules=tuple((rule.name, rule.keep) for rule in rules if rule.keep is not None),
    )


def _keep(feed: FeedSpec, retention: keys.Retention) -> timedelta:
    """How long a feed's texts are kept: as it says, else the longest of its tags, else as all."""
    if feed.keep is not None:
        return feed.keep
    return max((retention.tags[tag] for tag in feed.tags if tag in retention.tags), default=retention.keep)


def _backup(root: Node, home: Path, timezone: str, found: Findings) -> BackupSpec | None:
    node = root.entries.get("backup")
    if node is None:
        return None
    backup = read(keys.Backup, node, "backup", found)
    if backup is None:
        return None
    _doubt_days(backup.cron, node, "backup", found)
    return BackupSpec(
        folder=str(home / backup.to), cron=backup.cron, timezone=backup.timezone or timezone, keep=backup.keep
    )


def _digests(root: Node, timezone: str, found: Findings) -> dict[str, DigestSpec]:
    digests: dict[str, DigestSpec] = {}
    for name, path, node in named(root, "digests", keys.ItemName, found):
        digest = read(keys.Digest, node, path, found)
        if digest is None:
            continue
        _doubt_days(digest.cron, node, path, found)
        digests[name] = DigestSpec(
            name=name, cron=digest.cron, timezone=digest.timezone or timezone, empty=digest.empty
        )
    return digests


def _doubt_days(cron: str, node: Node, path: str, found: Findings) -> None:
    _, _, day, _, weekday = cron.split()
    if day != "*" and weekday != "*":
        message = "runs only on days where both the day of the month and the weekday fit. Put * for one of them"
        found.warn(node.at(["cron"]), f"{path}.cron", message)


def _smtp(root: Node, found: Findings) -> SmtpSpec | None:
    node = root.entries.get("smtp", NOTHING)
    if node.value is None or (smtp := read(keys.Smtp, node, "smtp", found)) is None:
        return None
    if smtp.user and smtp.security == "none" and smtp.host not in ("localhost", "127.0.0.1", "::1"):
        found.warn(node.at(["user"]), "smtp.user", "the password would travel unencrypted. Write security: starttls")
    return SmtpSpec(
        host=smtp.host,
        port=smtp.port or SMTP_PORTS[smtp.security],
        security=smtp.security,
        user=smtp.user,
        sender=smtp.sender,
    )
