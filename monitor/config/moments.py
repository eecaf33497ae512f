"""Days, hours and moments that people write: `until: 2027-03-31`, `times: [mon-fri 7:00-20:00]`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.model import Window

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"(?:(?P<days>[a-z,-]+)\s+)?(?P<start>\d{1,2}:\d\d)\s*[-–]\s*(?P<end>\d{1,2}:\d\d)", re.IGNORECASE)
_WHOLE_DAYS = re.compile(r"[a-z]{3}(?:[,-][a-z]{3})*", re.IGNORECASE)


def window(value: str) -> Window:
    """`mon-fri 7:00-20:00`, `sat,sun` (all day), or, for every day, `22:00-6:00`. Raises ValueError."""
    if _WHOLE_DAYS.fullmatch(value.strip()):
        return Window(days=_days(value.strip().lower()), start=time(), end=time.max)
    match = _WINDOW.fullmatch(value.strip())
    if match is None:
        raise ValueError(f'"{value}" is not understood. Write days and hours, such as "mon-fri 7:00-20:00"')
    days = _days(match["days"].lower()) if match["days"] else frozenset(range(7))
    start, end = _time(match["start"]), _time(match["end"])
    if start == end:
        raise ValueError(f'"{value}" begins when it ends. Write 0:00-24:00 for the whole day')
    return Window(days=days, start=start, end=end)


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        for name in (first, last or first):
            if name not in _DAYS:
                raise ValueError(f'"{name}" is no day. Write mon, tue, wed, thu, fri, sat or sun')
        low, high = _DAYS.index(first), _DAYS.index(last or first)
        days.update(day % 7 for day in range(low, high + 1 if high >= low else high + 8))
    return frozenset(days)


def _time(text: str) -> time:
    hours, minutes = map(int, text.split(":"))
    if (hours, minutes) == (24, 0):
        return time.max
    if hours > 23 or minutes > 59:
        raise ValueError(f'"{text}" is no time of day. Write one from 0:00 to 24:00')
    return time(hours, minutes)


def until(value: object) -> date | datetime:
    """The last day, or a moment with its offset from UTC. Raises ValueError."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == len("2027-03-31") else datetime.fromisoformat(value)
        except ValueError:
            value = None
    if isinstance(value, date):
        return value
    raise ValueError("write the last day, such as 2027-03-31, or a moment, such as 2027-03-31T18:00+02:00")


def end_of(value: date | datetime, zone: str) -> datetime:
    """The moment at which something that lasts until then is over, in UTC."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    return datetime.combine(value + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
