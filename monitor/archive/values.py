"""Our values as SQLite keeps them, and back.

An instant is UTC text `YYYY-MM-DDTHH:MM:SSZ`, so that `date()` works on it and comparing texts compares instants.
A tuple of texts is a JSON array. A set of digests is one blob, eight bytes each.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

Bindable = str | int | float | bytes | None

LARGEST_INTEGER = 2**63 - 1


def params(**values: object) -> dict[str, Bindable]:
    """Named parameters for a statement, each value in the form the archive keeps it in."""
    return {name: bindable(value) for name, value in values.items()}


def bindable(value: object) -> Bindable:
    """One value in the form the archive keeps it in. Never refuses a text or a number because of what it holds."""
    match value:
        case None | float() | bytes():
            return value
        case str():
            return storable(value)
        case int():  # a bool too
            return min(int(value), LARGEST_INTEGER)
        case datetime():
            return instant_text(value)
        case tuple() | list():
            return json_array(value)
        case _:
            raise TypeError(f"the archive has no form for a {type(value).__name__}")


def storable(text: str) -> str:
    """The text, with `?` for what SQLite cannot keep: lone surrogates, and NUL, which ends a text for its functions."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def json_array(values: Iterable[object]) -> str:
    """A JSON array as text, readable by people: characters stand for themselves."""
    kept = [bindable(value) if isinstance(value, str | int) else value for value in values]
    return json.dumps(kept, ensure_ascii=False)


def instant_text(instant: datetime) -> str:
    """An aware instant as text; what is below a second is cut off."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def due(instant: datetime) -> datetime:
    """The instant, rounded up to a whole second: what becomes due must never become due too early."""
    return instant + timedelta(microseconds=-instant.microsecond % 1_000_000)


def instant(text: str) -> datetime:
    """The instant a text stands for."""
    return datetime.fromisoformat(text)


def instant_or_none(text: str | None) -> datetime | None:
    """The instant a text stands for; None for none."""
    return None if text is None else instant(text)


def seconds_or_none(number: int | None) -> timedelta | None:
    """The time span a number of seconds stands for; None for none."""
    return None if number is None else timedelta(seconds=number)


def texts(array: str) -> tuple[str, ...]:
    """The texts of a JSON array."""
    return tuple(json.loads(array))


def packed(digests: Iterable[int]) -> bytes:
    """Digests as one blob, eight bytes each, big end first, in ascending order: one set, one blob."""
    ordered = sorted(digests)
    return struct.pack(f">{len(ordered)}Q", *ordered)


def unpacked(blob: bytes) -> frozenset[int]:
    """The digests in a blob that `packed` made."""
    return frozenset(struct.unpack(f">{len(blob) // 8}Q", blob))


def marks(array: str) -> tuple[tuple[int, int], ...]:
    """The (start, end) pairs of an excerpt's marks."""
    return tuple((start, end) for start, end in json.loads(array))
