"""What a value in feeds.yaml may be: one type for each kind of value.

A check raises ValueError with what is wrong and what to write instead; `items` adds where. No message repeats a URL,
because a URL may carry credentials.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from ipaddress import IPv6Address, ip_address
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from apscheduler.triggers.cron import CronTrigger
from pydantic import AfterValidator, BeforeValidator, StrictStr

from monitor.config.moments import until, window
from monitor.language import bcp47
from monitor.model import Window
from monitor.urls import MEANINGFUL, site

MAX_RECIPIENTS = 100  # each gets a mail of its own; more than that is a mailing list's work

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONTROL_IN_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DURATION = re.compile(r"([0-9]{1,8})(s|m|h|d|w)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
# A key is typed on command lines, so it has no spaces and does not look like an option.
_FEED_KEY = re.compile(r"(?!-)[^\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]{1,200}")
_ALIAS_NAME = re.compile(r"\w[\w-]{0,63}")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MAIL_ADDRESS = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@{_LABEL}(?:\.{_LABEL})*")
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?|[0-9A-Fa-f:.]+")
_PARAMETER = re.compile(r"[^\s&=#?*%]{1,100}(=[^\s&#*]{0,100})?\*?")
_IP_AND_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):([0-9]{1,5})")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")  # cron counts from Sunday, which is 0 and 7


def _text(value: str) -> str:
    if found := _CONTROL.search(value):
        raise ValueError(f"holds the control character U+{ord(found[0]):04X}. Delete it")
    if not value.strip():
        raise ValueError("is empty. Write something, or leave the key out")
    return value


def _lines(value: str) -> str:
    if found := _CONTROL_IN_LINES.search(value):
        raise ValueError(f"holds the control character U+{ord(found[0]):04X}. Delete it")
    if not value.strip():
        raise ValueError("is empty. Write something, or leave the key out")
    return value


def _name(value: str) -> str:
    _text(value)
    if value != value.strip() or len(value) > 100:
        raise ValueError("write at most 100 characters, without spaces at either end")
    return value


def _feed_key(value: str) -> str:
    if not _FEED_KEY.fullmatch(value):
        raise ValueError("write 1 to 200 characters without spaces, not beginning with a hyphen, such as le-monde")
    return value


def _alias_name(value: str) -> str:
    if not _ALIAS_NAME.fullmatch(value):
        raise ValueError("an alias is named with letters, digits, hyphens and underscores, so that @NAME can call it")
    return value


def duration(value: object) -> timedelta:
    """A time span such as `15m`, at most a hundred years. Raises ValueError for anything else."""
    if value == 0 and type(value) is int:
        return timedelta(0)
    if type(value) is int and value > 0:
        raise ValueError(f"{value} has no unit. Write {value}m for minutes (units: s, m, h, d, w)")
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("write a whole number and its unit, such as 15m (units: s, m, h, d, w)")
    return _capped(timedelta(days=36_500), timedelta(**{_UNITS[found[2]]: int(found[1])}))


def keeping(value: object) -> timedelta:
    """How long something is kept: a time span of a day or more, or `forever`, which is timedelta.max."""
    if value == "forever":
        return timedelta.max
    try:
        span = duration(value)
    except ValueError as error:
        raise ValueError(f"{error}; or forever") from None
    if span < timedelta(days=1):
        raise ValueError("is too short: what is due is pruned once a day. Write 1d or more, or forever")
    return span


def as_written(span: timedelta) -> str:
    """A time span as the file writes it, in the largest unit that fits: 15m."""
    for unit, name in reversed(_UNITS.items()):
        whole, rest = divmod(span, timedelta(**{name: 1}))
        if whole and not rest:
            return f"{whole}{unit}"
    return "0s"


def _at_most_a_year(value: timedelta) -> timedelta:
    return _capped(timedelta(days=366), value)


def _capped(most: timedelta, value: timedelta) -> timedelta:
    if value > most:
        raise ValueError(f"is too long. Write at most {most.days}d")
    return value


def _at_least_a_second(value: timedelta) -> timedelta:
    if value < timedelta(seconds=1):
        raise ValueError("is too short. Write at least 1s; 15m is usual")
    return value


def _language(value: str) -> str:
    if (tag := bcp47(value)) is None:
        raise ValueError("is no language tag. Write one such as fr, uk or pt-BR (RFC 5646)")
    return tag


def _country(value: str) -> str:
    if not re.fullmatch("[A-Za-z]{2}", value):
        raise ValueError("is no country code. Write two letters such as FR (ISO 3166-1)")
    return value.upper()


def _url(value: str) -> str:
    _text(value)
    try:
        parts = urlsplit(value)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:  # a port that is no number, a bracket that is not closed
        port_is_right = False
    if not port_is_right or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is no web address. Write it whole, such as https://www.example.org/rss.xml")
    if "\\" in value or re.search(r"\s", value) or len(value) > 2048:
        raise ValueError("is no web address: write it without spaces and backslashes, in at most 2048 characters")
    return value


def _webhook_url(value: str) -> str:
    _url(value)
    parts = urlsplit(value)
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "holds a login, and a secret never stands in this file. Leave user and password out: a webhook is known by "
            "its signature, whose secret is webhook-NAME"
        )
    return value


def _argument(value: str) -> str:
    if found := re.search("[\x00\ud800-\udfff]", value):
        raise ValueError(f"holds the character U+{ord(found[0]):04X}, which no program can be given. Delete it")
    return value


def _command(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values or not values[0].strip():
        raise ValueError("names no program. Write it first, then its arguments: [/usr/local/bin/notify, --now]")
    _path(values[0])
    return values


def _patience(value: timedelta) -> timedelta:
    if not timedelta(seconds=1) <= value <= timedelta(minutes=5):
        raise ValueError("write 1s to 5m")
    return value


def _proxy_url(value: str) -> str:
    _text(value)
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        port = None
    right = port and parts.scheme == "http" and _HOST.fullmatch(parts.hostname or "") and not parts.path.strip("/")
    if not right or parts.query or parts.fragment:
        raise ValueError("is no proxy. Write its address and port, such as http://proxy.example.org:3128")
    if parts.password is not None:
        raise ValueError(
            "holds a password, and a secret never stands in this file. Leave the user, and put the password into "
            "$CREDENTIALS_DIRECTORY/proxy-password, or into a file that $MONITOR_PROXY_PASSWORD_FILE names"
        )
    return value


def _address_and_port(value: str) -> str:
    """`10.0.0.5:8080`, or `[fd00::5]:8080`, each in its one usual spelling."""
    advice = 'write an IP address and a port, such as "10.0.0.5:8080" or "[fd00::5]:8080"'
    found = _IP_AND_PORT.fullmatch(value)
    if found is None or not 0 < int(found[3]) < 65536:
        raise ValueError(advice)
    try:
        address = ip_address(found[1] or found[2])
    except ValueError as error:
        raise ValueError(advice) from error
    if isinstance(address, IPv6Address) != bool(found[1]):
        raise ValueError(advice)
    return f"[{address}]:{int(found[3])}" if found[1] else f"{address}:{int(found[3])}"


def _mail_address(value: str) -> str:
    """A plain ASCII address (RFC 5321 §4.1.2, dot-string form); quoted local parts are refused on purpose."""
    if _CONTROL.search(value):
        raise ValueError("holds a control character or a line break. Write one address, such as desk@example.org")
    if "<" in value:
        raise ValueError("write the address alone, without a name: desk@example.org")
    found = _MAIL_ADDRESS.fullmatch(value)
    if found is None or len(value) > 254 or len(found[1]) > 64:
        raise ValueError(f"{value[:80]!r} is no mail address. Write one such as desk@example.org")
    return value


def archive_path(value: str) -> str:
    """A path as `Path` takes it: a `sqlite:///` in front is taken off, other schemes are refused."""
    _text(value)
    if value.startswith("sqlite:///"):
        return "/" + value.removeprefix("sqlite:///").lstrip("/")
    if value.startswith(("postgresql:", "postgres:")):
        raise ValueError("this version keeps its archive in SQLite only. Write a path, such as db/archive.db")
    if re.match("[a-z+]+:", value):
        raise ValueError("write a path such as db/archive.db, or sqlite:/// and an absolute path")
    return _path(value)


def _path(value: str) -> str:
    _text(value)
    if value.startswith("~"):
        raise ValueError('write the whole path: "~" is not understood here')
    return value


def _zone(value: str) -> str:
    _text(value)
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:  # unknown; absolute or with ".."; a folder such as "Europe"
        near = get_close_matches(value, available_timezones(), n=1)
        raise ValueError(f"is no time zone. Write one such as {near[0] if near else 'Europe/Paris'}") from error
    return value


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError("write a host name or an IP address, such as localhost or mail.example.org")
    return value


def _parameter(value: str) -> str:
    """A parameter of links, by name, by the beginning of its name, or with its value."""
    if not _PARAMETER.fullmatch(value) or value.endswith("=*"):
        raise ValueError('write the name of a parameter, such as ref, its beginning, such as "xyz_*", or "ref=rss"')
    if value.endswith("*") and len(value) < 4:
        raise ValueError("would take in too much. Write at least three characters before the star")
    return value.lower()


def _dropped_everywhere(value: str) -> str:
    """A parameter that may be dropped from the links of every site."""
    names = [name for name in MEANINGFUL if name == value or (value[-1] == "*" and name.startswith(value[:-1]))]
    if names and "=" not in value:
        raise ValueError(
            f'"{min(names)}" chooses the article on many sites, and two articles would become one. '
            f'Name the site: hosts: {{example.org: {{drop: ["{value}"]}}}}'
        )
    return value


def _site(value: str) -> str:
    if not _HOST.fullmatch(value) or "." not in value.strip("."):
        raise ValueError("write a host name in ASCII, such as example.org; what lies under it is meant too")
    if (plain := site(value.lower().rstrip("."))) != value:
        raise ValueError(f"write {plain}: it stands for its other spellings too")
    return value


def _user_agent(value: str) -> str:
    if not re.fullmatch("[\x21-\x7e]([\x20-\x7e]{0,198}[\x21-\x7e])?", value):
        raise ValueError("write at most 200 ASCII characters, such as: newsdesk/1.0 (+https://www.example.org/bot)")
    return value


def _cron(value: str) -> str:
    """The five fields with weekdays by name, comma-separated, because numbers are read in two ways: cron's
    Sunday is 0 and 7, APScheduler's Monday is 0 (https://github.com/agronholm/apscheduler/issues/286)."""
    fields = value.split()
    if len(fields) != 5 or len(value) > 100:
        raise ValueError('write five fields: minute hour day month weekday, such as "0 7 * * 1-5"')
    fields[4] = _weekdays(fields[4].lower())
    cron = " ".join(fields)
    try:
        trigger = CronTrigger.from_crontab(cron, timezone="UTC")
    except ValueError as error:
        raise ValueError(f'is no time table: {error}. Write one such as "0 7 * * 1-5"') from error
    if trigger.get_next_fire_time(None, datetime(2024, 1, 1, tzinfo=UTC)) is None:
        raise ValueError("names a day that never comes. Correct the day or the month")
    return cron


def _weekdays(field: str) -> str:
    if field == "*":
        return field
    chosen: set[str] = set()
    for part in field.split(","):
        found = re.fullmatch(r"(?:\*|(\w+)(?:-(\w+))?)(?:/([1-7]))?", part)
        if found is None:
            raise ValueError(f'weekday "{part}" is not understood. Write 1-5, mon-fri or sat,sun')
        first = _weekday(found[1]) if found[1] else 0
        last = _weekday(found[2]) if found[2] else (first if found[1] and not found[3] else 6)
        if last == 0 and first > 0:
            last = 7  # fri-sun
        if last < first:
            raise ValueError(f'weekdays "{part}" run backwards. Write the earlier day first (sun is 0 and 7)')
        chosen.update(_WEEKDAYS[first : last + 1 : int(found[3] or 1)])
    return ",".join(day for day in _WEEKDAYS[1:] if day in chosen)


def _weekday(word: str) -> int:
    if word in _WEEKDAYS:
        return _WEEKDAYS.index(word)
    if re.fullmatch("[0-7]", word):
        return int(word)
    raise ValueError(f'weekday "{word}" is not understood. Write 0 to 7 or mon, tue, wed, thu, fri, sat, sun')


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e6 <= value <= 1e6:
        raise ValueError("write a number from -1000000 to 1000000")
    return float(value)


def _positive(value: float) -> float:
    if value <= 0:
        raise ValueError("write a number above 0; 1 counts the title like the text")
    return value


def _window(value: object) -> Window:
    if not isinstance(value, str):
        raise ValueError('write days and hours in quotes, such as "mon-fri 7:00-20:00"')
    return window(value)


def between(low: int, high: int) -> AfterValidator:
    def check(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"{value} is out of range. Write a whole number from {low} to {high}")
        return value

    return AfterValidator(check)


def at_most(count: int) -> AfterValidator:
    def check(values: tuple[str, ...]) -> tuple[str, ...]:
        if len(values) > count:
            raise ValueError(f"holds {len(values)}; at most {count}")
        return values

    return AfterValidator(check)


# ── the types of values ──────────────────────────────────────────────────────────────────────────────────────────────

# What stands twice in a list is meant once.
Once = AfterValidator(lambda values: tuple(dict.fromkeys(values)))

Text = Annotated[StrictStr, AfterValidator(_text)]
Lines = Annotated[StrictStr, AfterValidator(_lines)]
Name = Annotated[StrictStr, AfterValidator(_name)]
AliasWord = Annotated[StrictStr, AfterValidator(_alias_name)]
FeedKey = Annotated[StrictStr, AfterValidator(_feed_key)]
Duration = Annotated[timedelta, BeforeValidator(duration), AfterValidator(_at_most_a_year)]
Keep = Annotated[timedelta, BeforeValidator(keeping)]
Interval = Annotated[Duration, AfterValidator(_at_least_a_second)]
Language = Annotated[StrictStr, AfterValidator(_language)]
Country = Annotated[StrictStr, AfterValidator(_country)]
Url = Annotated[StrictStr, AfterValidator(_url)]
WebhookUrl = Annotated[StrictStr, AfterValidator(_webhook_url)]
Command = Annotated[tuple[Annotated[StrictStr, AfterValidator(_argument)], ...], AfterValidator(_command)]
Patience = Annotated[Duration, AfterValidator(_patience)]
ProxyUrl = Annotated[StrictStr, AfterValidator(_proxy_url)]
AddressAndPort = Annotated[StrictStr, AfterValidator(_address_and_port)]
MailAddress = Annotated[StrictStr, AfterValidator(_mail_address)]
ArchivePath = Annotated[StrictStr, AfterValidator(archive_path)]
FolderPath = Annotated[StrictStr, AfterValidator(_path)]
Zone = Annotated[StrictStr, AfterValidator(_zone)]
Host = Annotated[StrictStr, AfterValidator(_host)]
Parameter = Annotated[StrictStr, AfterValidator(_parameter)]
DroppedEverywhere = Annotated[Parameter, AfterValidator(_dropped_everywhere)]
Site = Annotated[StrictStr, AfterValidator(_site)]
UserAgent = Annotated[StrictStr, AfterValidator(_user_agent)]
Cron = Annotated[StrictStr, AfterValidator(_cron)]
Names = Annotated[tuple[Name, ...], Once]
Countries = Annotated[tuple[Country, ...], Once]
AnyLanguage = Annotated[StrictStr, AfterValidator(lambda value: value if value == "any" else _language(value))]
Weight = Annotated[float, BeforeValidator(_number)]
TitleWeight = Annotated[Weight, AfterValidator(_positive)]
Times = Annotated[Window, BeforeValidator(_window)]
Until = Annotated[date | datetime, BeforeValidator(until)]
Languages = Annotated[tuple[Language, ...], Once]
Terms = Annotated[tuple[Text, ...], Once]
