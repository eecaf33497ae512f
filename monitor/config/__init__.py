"""feeds.yaml and the environment → one frozen `Config`, or every error at once with its file, line and column.

yaml_positions  bytes → values that know where they stand
keys            every key: its type, its default, what it accepts
items           one item of the document → a checked model, or located problems
templates       the user's own templates, read and tried
rule_section    rules: compiled, references looked up, examples run
sections        all other sections, and the whole
yaml_spans      where things stand in the text, and how to splice it
editing         feeds added, removed and paused; `edit` does it to the file
replacing       one file replaced, whole or not at all
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from monitor.config import keys
from monitor.config.items import Findings
from monitor.config.sections import read_sections
from monitor.config.templates import read_templates
from monitor.config.values import archive_path, duration
from monitor.config.yaml_positions import MAX_BYTES, Node
from monitor.config.yaml_positions import read as read_yaml
from monitor.errors import ConfigError, Problem
from monitor.model import (
    AliasItems,
    BackupSpec,
    ChannelSpec,
    DigestSpec,
    FeedSpec,
    HeartbeatSpec,
    House,
    ProxySpec,
    RetentionSpec,
    RuleSpec,
    SmtpSpec,
)
from monitor.urls import DEFAULT, LinkRules, ParameterRules

__all__ = [
    "OPERATOR",
    "Config",
    "channel_secrets",
    "duration",
    "find",
    "load",
    "load_bytes",
    "secret",
    "where_a_secret_goes",
]

OPERATOR = "operator"  # the channel that notices go to

SYSTEM_FILE = Path("/etc/monitor/feeds.yaml")
SYSTEM_ARCHIVE = Path("/var/lib/monitor/archive.db")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything the program is told: paths absolute, defaults filled in, names looked up, queries known to compile."""

    path: Path  # the file it was read from, as given
    contact: str  # the operator's mail address
    archive: str  # an absolute path
    languages: tuple[str, ...]  # candidates for language tagging; empty: every language
    detector: str  # which library judges languages: langdetect, lingua
    timezone: str  # IANA name
    workers: int  # processes for parsing and enriching; 0: inline
    host_delay: timedelta  # between two requests to one host
    host_connections: int  # at the same time, to one host
    user_agent: str | None  # None: made from our name, version and the contact
    proxy: ProxySpec | None  # None: feeds are asked directly
    links: LinkRules  # what links are compared by: our own table, and `tracking` on top
    feeds: tuple[FeedSpec, ...]
    aliases: Mapping[str, AliasItems]
    rules: tuple[RuleSpec, ...]
    rule_places: Mapping[str, tuple[int, int]]  # line and column in the file, by the rule's name
    channels: Mapping[str, ChannelSpec]
    digests: Mapping[str, DigestSpec]
    heartbeat: HeartbeatSpec | None  # None: none is sent
    retention: RetentionSpec
    backup: BackupSpec | None  # None: nobody copies the archive but people
    smtp: SmtpSpec | None  # None: mail goes to `maildir`
    maildir: Path  # absolute; beside the archive
    templates: tuple[tuple[str, str], ...]  # (file name, source) of those that stand in for ours
    warnings: tuple[Problem, ...]  # in file order; nothing that keeps the file from being used

    @property
    def channels_and_operator(self) -> Mapping[str, ChannelSpec]:
        """The channels, and the operator's: where notices go. Unless one of that name is written, mail to `contact`."""
        mail = ChannelSpec(name=OPERATOR, kind="email", to=(self.contact,))
        return {OPERATOR: mail, **self.channels}

    @property
    def house(self) -> House:
        """Who we are, as far as a mail must say it."""
        sender = self.smtp.sender if self.smtp and self.smtp.sender else self.contact
        return House(contact=self.contact, sender=sender, timezone=self.timezone, templates=self.templates)


def load(
    path: Path, *, environ: Mapping[str, str], archive: str | None = None, system_file: Path = SYSTEM_FILE
) -> Config:
    """The configuration in the file `path`. Raises ConfigError with all that is wrong with it.

    `archive` names another archive than the file, and wins over $MONITOR_ARCHIVE, which wins over the file. Paths in
    the file are relative to its folder; those from outside to the working directory. A file in the folder of
    `system_file` that names no archive means the service's.
    """
    return load_bytes(_contents(path), path, environ=environ, archive=archive, system_file=system_file)


def load_bytes(
    data: bytes,
    path: Path,
    *,
    environ: Mapping[str, str],
    archive: str | None = None,
    system_file: Path = SYSTEM_FILE,
) -> Config:
    """What `load` gives once the file `path` holds `data`. The file itself is not read."""
    root, problems = read_yaml(data)
    if root is None:
        if not problems:
            problems = [_whole(f"is empty. Begin with monitor: {{{keys.SAMPLES['contact']}}}")]
        raise ConfigError(str(path), tuple(problems))

    home = path.absolute().parent
    found = Findings(errors=problems)
    if not isinstance(root.value, dict):
        found.error(root, "", "begin with sections at the left margin: monitor:, feeds:, rules:, channels:")
        raise ConfigError(str(path), tuple(found.errors))
    written = read_sections(root, home, found)
    # What is typed by hand must mean the service's archive, although only the service is told its state directory.
    default = SYSTEM_ARCHIVE if home == system_file.parent else home / "db" / "archive.db"
    place = _archive(archive, environ, written.monitor, home, default, found)
    monitor = written.monitor
    templates = _templates(root, monitor, home, found)
    if found.errors or monitor is None:
        raise ConfigError(str(path), tuple(found.errors))

    return Config(
        path=path,
        contact=monitor.contact,
        archive=str(place),
        languages=monitor.languages,
        detector=monitor.detector,
        timezone=monitor.timezone,
        workers=monitor.workers,
        host_delay=monitor.host_delay,
        host_connections=monitor.host_connections,
        user_agent=monitor.user_agent,
        proxy=_proxy(monitor.proxy) if monitor.proxy else None,
        links=_links(monitor.tracking),
        feeds=written.feeds,
        aliases=written.aliases,
        rules=written.rules,
        rule_places=found.rule_places,
        channels=written.channels,
        digests=written.digests,
        heartbeat=written.heartbeat,
        retention=written.retention,
        backup=written.backup,
        smtp=written.smtp,
        maildir=place.parent / "maildir",
        templates=templates,
        warnings=tuple(sorted(found.warnings)),
    )


def find(environ: Mapping[str, str], cwd: Path, *, system_file: Path = SYSTEM_FILE) -> Path:
    """The configuration to use when none is named: $MONITOR_CONFIG, ./feeds.yaml, /etc/monitor/feeds.yaml.

    Raises ConfigError when there is none. A file that $MONITOR_CONFIG names need not exist: `load` then says so.
    """
    if named := environ.get("MONITOR_CONFIG"):
        return cwd / named
    for candidate in (cwd / "feeds.yaml", system_file):
        if candidate.is_file():
            return candidate
    message = (
        f"there is none here, and no {system_file}. Begin one that says "
        f"monitor: {{{keys.SAMPLES['contact']}}}, or name one: monitor --config FILE"
    )
    raise ConfigError("feeds.yaml", (_whole(message),))


def secret(name: str, environ: Mapping[str, str]) -> str | None:
    """The secret of that name: the file $CREDENTIALS_DIRECTORY/NAME, else the file that $MONITOR_NAME_FILE names.

    A line break at the end is not part of it. None when there is neither. Raises ConfigError when there is one that
    cannot be read or is empty.
    """
    places: list[tuple[Path, bool]] = []  # where it may be, and whether it must be there
    if folder := environ.get("CREDENTIALS_DIRECTORY"):
        places.append((Path(folder, name), False))
    if file_name := environ.get(_variable(name)):
        places.append((Path(file_name), True))
    for file, must_exist in places:
        try:
            text = file.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
        except (OSError, ValueError) as error:
            if isinstance(error, FileNotFoundError) and not must_exist:
                continue
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            message = f"the secret {name} cannot be read from here: {reason}. Correct the file, its owner or its name"
            raise ConfigError(str(file), (_whole(message),)) from error
        if not text:
            raise ConfigError(str(file), (_whole(f"the secret {name} is empty. Write it into this file"),))
        return text
    return None


def channel_secrets(channels: Mapping[str, ChannelSpec], environ: Mapping[str, str]) -> dict[str, str]:
    """The secrets of those channels that have one, by the channel's name.

    Raises ConfigError as `secret` does, and when an apprise channel has none, for it has nowhere to send without.
    """
    secrets = {}
    for channel in channels.values():
        if channel.secret_name is None:
            continue
        found = secret(channel.secret_name, environ)
        if found is not None:
            secrets[channel.name] = found
        elif channel.kind == "apprise":
            message = (
                f'the channel "{channel.name}" has no addresses: {where_a_secret_goes(channel.secret_name)}, one a line'
            )
            raise ConfigError(channel.secret_name, (_whole(message),))
    return secrets


def where_a_secret_goes(name: str) -> str:
    """Where `secret` looks for the one of that name, as advice."""
    return f"put it into $CREDENTIALS_DIRECTORY/{name}, or name a file with ${_variable(name)}"


def _variable(name: str) -> str:
    return f"MONITOR_{name.replace('-', '_').upper()}_FILE"


def _contents(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        message = "there is no such file. Name the right one: monitor --config FILE"
        raise ConfigError(str(path), (_whole(message),)) from error
    except OSError as error:
        message = f"cannot be read: {error.strerror}. Name a file that monitor may read: monitor --config FILE"
        raise ConfigError(str(path), (_whole(message),)) from error


def _archive(
    argument: str | None,
    environ: Mapping[str, str],
    monitor: keys.Monitor | None,
    home: Path,
    default: Path,
    found: Findings,
) -> Path:
    """Where the archive is: absolute. A name from outside that cannot be one goes to `found`."""
    for source, name in (("--archive", argument), ("$MONITOR_ARCHIVE", environ.get("MONITOR_ARCHIVE"))):
        if name:
            try:
                return Path(archive_path(name)).absolute()
            except ValueError as error:
                found.errors.append(_whole(str(error), source))
                return home
    if monitor is not None and monitor.archive is not None:
        return home / monitor.archive
    state, _, _ = environ.get("STATE_DIRECTORY", "").partition(":")  # systemd may name several; the first is ours
    if state:
        return Path(state, "archive.db").absolute()
    return default


def _templates(root: Node, monitor: keys.Monitor | None, home: Path, found: Findings) -> tuple[tuple[str, str], ...]:
    if monitor is None or monitor.templates is None:
        return ()
    templates, wrong = read_templates(home / monitor.templates)
    for message in wrong:
        found.error(root.at(["monitor", "templates"]), "monitor.templates", message)
    return templates


def _proxy(url: str) -> ProxySpec:
    parts = urlsplit(url)
    assert parts.hostname, "checked when it was read"
    assert parts.port, "checked when it was read"
    return ProxySpec(host=parts.hostname, port=parts.port, user=unquote(parts.username) if parts.username else None)


def _links(tracking: keys.Tracking) -> LinkRules:
    hosts = {
        host: ParameterRules(drop=frozenset(each.drop), keep=frozenset(each.keep))
        for host, each in tracking.hosts.items()
    }
    return DEFAULT.extended(drop=tracking.drop, keep=tracking.keep, hosts=hosts)


def _whole(message: str, path: str = "") -> Problem:
    return Problem(line=0, column=0, path=path, message=message)
