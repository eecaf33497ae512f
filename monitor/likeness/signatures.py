"""Signatures to find candidates by: one-permutation MinHash, and the bands it is indexed by.

Sources: Li, Owen and Zhang 2012 (one permutation); Shrivastava 2017 (optimal densification of its empty slots).
"""

from __future__ import annotations

from collections.abc import Collection
from struct import Struct
from zlib import crc32

from monitor.likeness.boilerplate import without
from monitor.likeness.words import FIRST, MAX_TITLE, SECOND, SHORT, WORDS, words_of

SIGNATURE_VERSION = 1  # another number: signatures kept from before are not comparable

_SLOTS = 64  # of the whole text
_LEAD_SLOTS = 16  # of its beginning, so that a teaser and the whole text meet
_ROWS = 2  # slots in a band: of texts that share 0.3 of their shingles 95 % share one of 32 bands, of unrelated few
_LEAD = 24  # words: those of a short teaser
_FEWEST = 10  # words to compare by

_SIGNATURE = Struct(f">{_SLOTS + _LEAD_SLOTS}I")
_BANDS = (_SLOTS + _LEAD_SLOTS) // _ROWS


def _donors(slots: int) -> tuple[tuple[int, ...], ...]:
    """For each slot the order in which the others are asked when it is empty: as if by chance, always the same."""
    return tuple(
        tuple(sorted(range(slots), key=lambda other: crc32(b"%d %d" % (slot, other)))) for slot in range(slots)
    )


_ORDERS = {slots: _donors(slots) for slots in (_SLOTS, _LEAD_SLOTS)}


def signature(title: str, text: str, *, boilerplate: Collection[int] = ()) -> bytes | None:
    """What an article's words are compared by, 320 bytes; the same in every process and on every machine.

    `boilerplate`: digests of lines that are left out. None: too few words to compare.
    """
    telling = without(boilerplate, title, text)
    words = beginning = words_of(telling)
    if words.count < SHORT:
        words = words_of(f"{title[:MAX_TITLE]}\n{telling}")
        if words.count < _FEWEST:
            return None
    lead = beginning.shingles[: _LEAD * beginning.size // WORDS] or words.shingles
    return _SIGNATURE.pack(*_sketch(words.shingles, _SLOTS), *_sketch(lead, _LEAD_SLOTS))


def _sketch(shingles: Collection[int], slots: int) -> list[int]:
    """The least shingle of each slot, which the highest bits name; of an empty one that of its first donor."""
    shift = 33 - slots.bit_length()
    least = {shingle >> shift: shingle for shingle in sorted(shingles, reverse=True)}
    if len(least) == slots:
        return [least[slot] for slot in range(slots)]
    orders = _ORDERS[slots]
    return [
        least[slot] if slot in least else next(least[donor] for donor in orders[slot] if donor in least)
        for slot in range(slots)
    ]


def bands(signature: bytes) -> tuple[int, ...]:
    """What an index holds a signature under: 40 numbers from 0 to 2⁶³-1. Articles that tell the same share some."""
    slots = _SIGNATURE.unpack(signature)
    return tuple(
        ((slots[band * 2] << 32 | slots[band * 2 + 1]) * FIRST + band * SECOND >> 1) & 0x7FFF_FFFF_FFFF_FFFF
        for band in range(_BANDS)
    )


def estimate(a: bytes, b: bytes) -> float:
    """How many of two articles' shingles are common to both (Jaccard), 0 to 1, give or take 0.06."""
    slots = zip(_SIGNATURE.unpack(a)[:_SLOTS], _SIGNATURE.unpack(b)[:_SLOTS], strict=True)
    return len([None for one, other in slots if one == other]) / _SLOTS
