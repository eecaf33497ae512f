"""Every key of feeds.yaml: its type and its default. docs/configuration.md says what each is for."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, RootModel, StrictBool, StrictInt, model_validator

from monitor.config.values import (
    MAX_RECIPIENTS,
    AddressAndPort,
    AliasWord,
    AnyLanguage,
    ArchivePath,
    Command,
    Countries,
    Country,
    Cron,
    DroppedEverywhere,
    Duration,
    FeedKey,
    FolderPath,
    Host,
    Interval,
    Keep,
    Language,
    Languages,
    Lines,
    MailAddress,
    Name,
    Names,
    Once,
    Parameter,
    Patience,
    ProxyUrl,
    Site,
    Terms,
    Text,
    Times,
    TitleWeight,
    Until,
    Url,
    UserAgent,
    WebhookUrl,
    Weight,
    Zone,
    at_most,
    between,
)


class Section(BaseModel):
    """A mapping whose keys are all known. A key with nothing after it counts as not written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_not_written(cls, written: Any) -> Any:
        if not isinstance(written, dict):
            return written
        return {key: value for key, value in written.items() if value is not None or key not in cls.model_fields}


class SiteTracking(Section):
    """One of `hosts:` of `tracking:`."""

    drop: tuple[Parameter, ...] = ()
    keep: tuple[Parameter, ...] = ()


class Tracking(Section):
    """`tracking:` of `monitor:`"""

    drop: tuple[DroppedEverywhere, ...] = ()
    keep: tuple[Parameter, ...] = ()
    hosts: dict[Site, SiteTracking] = {}


class Monitor(Section):
    """`monitor:`"""

    contact: MailAddress
    archive: ArchivePath | None = None
    languages: Languages = ()
    detector: Literal["langdetect", "lingua"] = "langdetect"
    timezone: Zone = "UTC"
    workers: Annotated[StrictInt, between(0, 64)] = 2
    host_delay: Duration = timedelta(seconds=1)
    host_connections: Annotated[StrictInt, between(1, 16)] = 2
    user_agent: UserAgent | None = None
    proxy: ProxyUrl | None = None
    tracking: Tracking = Tracking()
    templates: FolderPath | None = None


class Telling(Section):
    """How a rule tells of what it finds: keys of `defaults:` and of each rule. None where `defaults:` decides."""

    group_wait: Duration | None = None
    group_interval: Duration | None = None
    followups: Literal["none", "updates", "all"] | None = None
    repeat: Interval | None = None
    max_per_hour: Annotated[StrictInt, between(1, 1000)] | None = None
    burst: Annotated[StrictInt, between(0, 1000)] | None = None


class Defaults(Telling):
    """`defaults:`, for the feeds and rules that do not say otherwise."""

    every: Interval = timedelta(minutes=15)
    min: Interval | None = None
    max: Interval | None = None
    alert_backlog: Duration = timedelta(0)
    language: Language | None = None
    tags: Names = ()
    fulltext: StrictBool = False


class Feed(Section):
    """One of `feeds:`. None where `defaults:` decides."""

    key: FeedKey
    url: Url
    title: Text | None = None
    language: Language | None = None
    country: Country | None = None
    tags: Names | None = None
    every: Interval | None = None
    min: Interval | None = None
    max: Interval | None = None
    alert_backlog: Duration | None = None
    fulltext: StrictBool | None = None
    keep: Keep | None = None
    allow_private: tuple[AddressAndPort, ...] = ()
    paused: StrictBool = False


class Examples(Section):
    """`examples:` of a rule."""

    match: tuple[Lines, ...] = ()
    no_match: tuple[Lines, ...] = ()


class Rule(Telling):
    """One of `rules:`."""

    name: Name
    query: Lines | None = None
    any: Terms = ()
    all: Terms = ()
    none: Terms = ()
    score: dict[Text, Weight] = {}
    threshold: Weight | None = None
    title_weight: TitleWeight = 1.0
    feeds: Names = ()
    tags: Names = ()
    languages: Languages = ()
    countries: Countries = ()
    times: tuple[Times, ...] = ()
    channels: Names = ()
    digest: Name | None = None
    priority: Literal["low", "normal", "high"] = "normal"
    enabled: StrictBool = True
    until: Until | None = None
    keep: Keep | None = None
    owner: Text | None = None
    note: Lines | None = None
    examples: Examples = Examples()


class Reader(Section):
    """One of `readers:` of a channel. None where the channel decides."""

    language: Literal["en", "fr"] | None = None
    timezone: Zone | None = None


class Channel(Section):
    """One of `channels:`."""

    kind: Literal["email", "maildir", "console", "webhook", "exec", "apprise"]
    to: Annotated[tuple[MailAddress, ...], Once, at_most(MAX_RECIPIENTS)] = ()
    path: FolderPath | None = None
    url: WebhookUrl | None = None
    allow_private: tuple[AddressAndPort, ...] = ()
    command: Command = ()
    timeout: Patience = timedelta(seconds=30)
    language: Literal["en", "fr"] = "en"
    timezone: Zone | None = None
    readers: dict[MailAddress, Reader] = {}
    quiet: tuple[Times, ...] = ()
    max_per_hour: Annotated[StrictInt, between(1, 10_000)] | None = None


class Digest(Section):
    """One of `digests:`."""

    cron: Cron
    timezone: Zone | None = None
    empty: StrictBool = False


class Heartbeat(Section):
    """`heartbeat:`"""

    cron: Cron = "0 8 * * *"
    timezone: Zone | None = None
    ping: WebhookUrl | None = None
    ping_every: Interval = timedelta(minutes=5)
    allow_private: tuple[AddressAndPort, ...] = ()


class Retention(Section):
    """`retention:`"""

    keep: Keep = timedelta.max
    keep_matched: Keep = timedelta.max
    tags: dict[Name, Keep] = {}


class Backup(Section):
    """`backup:`"""

    to: FolderPath
    cron: Cron = "30 3 * * *"
    timezone: Zone | None = None
    keep: Annotated[StrictInt, between(1, 1000)] = 7


class Smtp(Section):
    """`smtp:`"""

    host: Host
    port: Annotated[StrictInt, between(1, 65535)] | None = None
    security: Literal["none", "starttls", "tls"] = "none"
    user: Text | None = None
    sender: MailAddress | None = None


class ItemName(RootModel[Name]):
    """The name of a channel or a digest."""


class AliasName(RootModel[AliasWord]):
    """The name of an alias."""


class AliasTerms(RootModel[Terms]):
    """What one alias stands for."""


class AliasForms(RootModel[dict[AnyLanguage, Terms]]):
    """What one alias stands for, by language; `any` in every one."""


# What to write for a key that is missing.
SAMPLES = {
    "contact": "contact: desk@example.org",
    "key": "key: gazette",
    "url": "url: https://www.example.org/rss.xml",
    "name": "name: Ukraine",
    "kind": "kind: email",
    "cron": 'cron: "0 7 * * 1-5"',
    "host": "host: localhost",
    "to": "to: backups",
}

# What to say of a key that we do not have and that people write.
HINTS = {
    "password": "a secret never stands in this file. Put it into $CREDENTIALS_DIRECTORY/smtp-password, "
    "or into a file that $MONITOR_SMTP_PASSWORD_FILE names",
    "secret": "a secret never stands in this file. Put it into $CREDENTIALS_DIRECTORY/webhook-NAME, NAME being the "
    "channel's, or into a file that $MONITOR_WEBHOOK_NAME_FILE names",
    "urls": "addresses that hold tokens never stand in this file. Put them into $CREDENTIALS_DIRECTORY/apprise-NAME, "
    "one a line, NAME being the channel's, or into a file that $MONITOR_APPRISE_NAME_FILE names",
    "<<": "merge keys are not read. Put what feeds share under defaults:",
}
