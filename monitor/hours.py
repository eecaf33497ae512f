"""Hours of the week and moments of the day, by a clock on some wall: windows, and when a time table strikes next.

A wall clock skips an hour in spring and repeats one in autumn. What is meant by its hands is meant once: a moment that
it skips comes as long after the gap as it lies within it, one that it shows twice is the first of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from monitor.model import Window

_MINUTE = timedelta(minutes=1)
_LONGEST = timedelta(days=8)  # no window of a week is longer


def is_within(window: Window, at: datetime) -> bool:
    """Whether an instant lies in a window; what goes past midnight belongs to the day on which it begins."""
    local = at.astimezone(ZoneInfo(window.timezone))
    day, now = local.weekday(), local.time()
    if window.start < window.end:
        return day in window.days and window.start <= now < window.end
    return (day in window.days and now >= window.start) or ((day - 1) % 7 in window.days and now < window.end)


def is_quiet(windows: Sequence[Window], at: datetime) -> bool:
    """Whether an instant lies in one of the windows."""
    return any(is_within(window, at) for window in windows)


def end_of_quiet(windows: Sequence[Window], at: datetime) -> datetime | None:
    """When an instant's window, and those that follow on it without a gap, are over. None: it lies in none.

    Windows that leave no gap in a whole week end a week later: what waits for them is looked at again then.
    """
    end = at
    while end - at < _LONGEST:
        ends = [_end(window, end) for window in windows if is_within(window, end)]
        if not ends:
            return None if end == at else end
        end = max(ends)
    return end


def _end(window: Window, at: datetime) -> datetime:
    """When the window that an instant lies in is over."""
    zone = ZoneInfo(window.timezone)
    local = at.astimezone(zone)
    day = local.date()
    if window.end == window.end.max:
        return _instant(datetime.combine(day + timedelta(days=1), datetime.min.time()), zone)
    if window.end <= local.time():
        day += timedelta(days=1)  # it began today and goes past midnight
    return max(_instant(datetime.combine(day, window.end), zone), at + _MINUTE)


def next_strike(cron: str, timezone: str, after: datetime) -> datetime:
    """The first instant after another at which a time table of five fields strikes, by the clock of a time zone.

    Each moment of the wall clock strikes once: a daily one once a day, however long the day is. Raises ValueError when
    it never does.
    """
    zone = ZoneInfo(timezone)
    # To the trigger the wall clock is one that never changes; what its hands mean is worked out here.
    hands = after.astimezone(zone).replace(tzinfo=UTC, fold=0)
    trigger = _trigger(cron)
    while True:
        strike = trigger.get_next_fire_time(None, hands)
        if strike is None:
            raise ValueError(f"{cron} never strikes")
        at = _instant(strike.replace(tzinfo=None), zone)
        if at > after:
            return at
        hands = strike + timedelta(seconds=1)


@lru_cache(maxsize=100)
def _trigger(cron: str) -> CronTrigger:
    return CronTrigger.from_crontab(cron, timezone=UTC)


def _instant(hands: datetime, zone: ZoneInfo) -> datetime:
    """The instant that a wall clock's hands mean, in UTC; PEP 495 puts those that it skips behind the gap."""
    return hands.replace(tzinfo=zone, fold=0).astimezone(UTC)
