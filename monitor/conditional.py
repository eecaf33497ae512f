"""Conditional requests: headers to validators and back, and how long a server asks us to stay away.

RFC 9110 (https://www.rfc-editor.org/rfc/rfc9110): validators §8.8, conditional requests §13, Retry-After §10.2.3,
HTTP dates §5.6.7. Validators are opaque: they are kept and sent back byte for byte, never read.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from monitor.model import Validators

# Longer ones are not worth keeping: the feed is then simply fetched whole.
LONGEST_VALIDATOR = 1024  # bytes

# What a longer Retry-After is read as. The caller has a cap of its own; this one only keeps the arithmetic finite.
LONGEST_WAIT = timedelta(days=3650)


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


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """How long the server asks us to wait, from a Retry-After header: seconds, or an HTTP date.

    Never negative: a date in the past or a negative number is zero. None when there is no header, or none we can read.
    """
    value = (value or "").strip()
    if not value.isascii():
        return None
    if value.removeprefix("-").isdigit():
        return _seconds(value)
    try:
        date = parsedate_to_datetime(value)
        # An asctime date names no zone; HTTP dates are always UTC.
        wait = date.replace(tzinfo=date.tzinfo or UTC) - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def _seconds(digits: str) -> timedelta:
    if digits.startswith("-"):
        return timedelta(0)
    if len(digits.lstrip("0")) > 9:
        return LONGEST_WAIT
    return min(timedelta(seconds=int(digits.lstrip("0") or "0")), LONGEST_WAIT)
