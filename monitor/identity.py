"""What a feed's entries are known by: its guids, or, where those do not last, its links or its titles.

Some feeds give every entry a new guid at each poll, others at each edit. Trusted, such a guid makes news of what is
not; so a feed whose entries are seen to come again under other guids is known by its links, and one whose links do not
last either by titles and days. What is learned fades, so that a feed that is mended is trusted again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from monitor.model import Archived, Identity, Known, Revised, Verdict

_FADES = 0.99  # a poll; half is gone after 69, which are a day of polls every 20 minutes
_ENOUGH = 3.0  # entries; one or two are an accident
_OUTWEIGHS = 3.0  # how many came under another guid for each that was edited and kept its own


def learn(identity: Identity, verdicts: Sequence[Verdict], *, storm: int) -> Identity:
    """What the entries are known by after a whole document; `storm` of them are old titles under all new names."""
    again = [
        verdict
        for verdict in verdicts
        if isinstance(verdict, Known | Revised) and isinstance(verdict.of, Archived) and verdict.article.guid
    ]
    kept = sum(verdict.why == "entry" for verdict in again)
    renumbered = [verdict for verdict in again if verdict.why != "entry"]
    moved = sum(
        verdict.article.link_key is None
        or (isinstance(verdict.of, Archived) and verdict.article.link_key != verdict.of.link_key)
        for verdict in renumbered
    )
    learned = Identity(
        kept=identity.kept * _FADES + kept,
        renumbered=identity.renumbered * _FADES + len(renumbered) + storm,
        moved=identity.moved * _FADES + moved + storm,
    )
    return replace(learned, by=_by(learned))


def _by(identity: Identity) -> str:
    least = max(_ENOUGH, _OUTWEIGHS * identity.kept)
    if identity.moved >= least:
        return "title"
    return "link" if identity.renumbered >= least else "guid"


def remark(by: str) -> str | None:
    """What there is to say to people of a feed whose entries are known `by` this; None: its guids last."""
    match by:
        case "link":
            return "gives its entries new guids, so they are known by their links."
        case "title":
            return "gives its entries new guids and links, so they are known by their titles and days."
        case _:
            return None


def pack_identity(identity: Identity) -> str:
    """What was seen, as the archive keeps it: JSON."""
    return json.dumps([round(number, 3) for number in (identity.kept, identity.renumbered, identity.moved)])


def unpack_identity(by: str, seen: str) -> Identity:
    """What `pack_identity` packed."""
    kept, renumbered, moved = json.loads(seen)
    return Identity(by=by, kept=kept, renumbered=renumbered, moved=moved)
