"""Instants as sitemaps and JSON Feed write them: the W3C's profile of ISO 8601, of which RFC 3339 is a part.

https://www.w3.org/TR/NOTE-datetime and https://www.rfc-editor.org/rfc/rfc3339
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

# A year, a month, a day, or an instant. Beyond the letter of both: blanks for the T and before the zone, a zone
# without colon, no zone.
_WRITTEN = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2})"
    r"(?:[Tt\s]\s*([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]+)?)?\s*(Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?)?)?)?",
    re.IGNORECASE,
)
_LONGEST = 64  # characters


def w3c_date(written: str | None) -> datetime | None:
    """The instant, in UTC, its fractions of a second dropped; None when it cannot be read.

    A year, month or day stands for its beginning. A time without zone is taken for UTC.
    """
    stripped = (written or "").strip()
    parts = _WRITTEN.fullmatch(stripped) if len(stripped) <= _LONGEST else None
    if parts is None:
        return None
    year, month, day = (int(part or 1) for part in parts.groups()[:3])
    hour, minute, second = (int(part or 0) for part in parts.groups()[3:6])
    days_end = (hour, minute, second) == (24, 0, 0)
    try:
        # 60 is a leap second (RFC 3339 §5.6).
        clock = (0, 0, 0) if days_end else (hour, minute, 59 if second == 60 else second)
        return datetime(year, month, day, *clock, tzinfo=_zone(parts[7])).astimezone(UTC) + timedelta(days=days_end)
    except (ValueError, OverflowError):
        return None


def _zone(written: str | None) -> timezone:
    if written is None or written[0] not in "+-":
        return UTC
    digits = written[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if written[0] == "-" else offset)
