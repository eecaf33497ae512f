"""Conditional requests: headers to validators and back, how long an answer is fresh and how long to stay away.

RFC 9110 (https://www.rfc-editor.org/rfc/rfc9110): validators §8.8, conditional requests §13, Retry-After §10.2.3,
HTTP dates §5.6.7. RFC 9111 (https://www.rfc-editor.org/rfc/rfc9111): freshness §4.2, Cache-Control §5.2, Expires §5.3.
Validators are opaque: they are kept and sent back byte for byte, never read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from monitor.model import Validators

# Longer ones are not worth keeping: the feed is then simply fetched whole.
LONGEST_VALIDATOR = 1024  # bytes

# What a longer Retry-After is read as. The caller has a cap of its own; this one only keeps the arithmetic finite.
LONGEST_WAIT = timedelta(days=3650)

# Some servers answer "not modified" whatever happened. Each feed is asked without conditions once in this time.
WHOLE_EVERY = timedelta(days=1)

# One that was caught at it is not asked conditionally for so long.
DISTRUSTED_FOR = timedelta(days=30)

_MAX_AGE = re.compile(r'(?:^|,)\s*max-age\s*=\s*"?(\d+)', re.IGNORECASE)
_NOT_KEPT = re.compile(r"(?:^|,)\s*no-(?:cache|store)\b", re.IGNORECASE)


def request_headers(validators: Validators) -> list[tuple[bytes, bytes]]:
    """The headers that ask "has it changed?"; empty when there is nothing to ask with.

    Both are sent when we have both: a server that knows ETags ignores the date (RFC 9110 §13.1.3), and some servers
    only understand the date.
    """
    headers = []
    if validators.etag:
        headers.append((b"If-None-Match", validators.etag))
    if validators.last_modified:
        headers.append((b"If-Modified-Since", validators.last_modified))
    return headers


def validators_from(headers: Iterable[tuple[bytes, bytes]]) -> Validators:
    """The validators of a response, from its raw header pairs; names in any case, the first of a repeated header wins.

    A value that is empty, over 1 KiB, or could not be sent back as a header (control characters) counts as absent.
    """
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found.setdefault(name.lower(), value)
    return Validators(etag=_kept(found.get(b"etag")), last_modified=_kept(found.get(b"last-modified")))


def _kept(value: bytes | None) -> bytes | None:
    if not value or len(value) > LONGEST_VALIDATOR or value != value.strip():
        return None
    if any((byte < 0x20 and byte != 0x09) or byte == 0x7F for byte in value):
        return None
    return value


def may_ask_conditionally(*, whole_at: datetime | None, lied_at: datetime | None, now: datetime) -> bool:
    """Whether the next request may carry validators, so that a 304 may answer it.

    `whole_at` is when the last whole document came, `lied_at` when the server was last caught saying "not modified" of
    a feed that had changed; None: never. An instant in the future, from a clock that was wrong, counts as never.
    """
    if lied_at is not None and timedelta(0) <= now - lied_at < DISTRUSTED_FOR:
        return False
    return whole_at is not None and timedelta(0) <= now - whole_at < WHOLE_EVERY


def fresh_for(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How much longer a response is fresh by its own account; None when it does not say, or not readably.

    Cache-Control's max-age counts before Expires, less the Age it has already; no-cache and no-store are zero.
    `headers` are looked up without regard to case.
    """
    control = headers.get("cache-control", "")
    if _NOT_KEPT.search(control):
        return timedelta(0)
    if found := _MAX_AGE.search(control):
        age = headers.get("age", "").strip()
        aged = _seconds(age) if age.isascii() and age.isdigit() else timedelta(0)
        return max(_seconds(found[1]) - aged, timedelta(0))
    if "expires" not in headers:
        return None
    # RFC 9111 §5.3: an Expires that is no date, "0" above all, is in the past.
    expires = _date(headers["expires"])
    return timedelta(0) if expires is None else _span(expires - (_date(headers.get("date", "")) or now))


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """How long the server asks us to wait, from a Retry-After header: seconds, or an HTTP date.

    Never negative: a date in the past or a negative number is zero. None when there is no header, or none we can read.
    """
    value = (value or "").strip()
    if not value.isascii():
        return None
    if value.removeprefix("-").isdigit():
        return _seconds(value)
    date = _date(value)
    return None if date is None else _span(date - now)


def _date(value: str) -> datetime | None:
    """An HTTP date; None for what is none."""
    try:
        date = parsedate_to_datetime(value)
        # An asctime date names no zone; HTTP dates are always UTC.
        return date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _span(wait: timedelta) -> timedelta:
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def _seconds(digits: str) -> timedelta:
    if digits.startswith("-"):
        return timedelta(0)
    if len(digits.lstrip("0")) > 9:
        return LONGEST_WAIT
    return min(timedelta(seconds=int(digits.lstrip("0") or "0")), LONGEST_WAIT)
