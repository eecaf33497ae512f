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

_FADES = 0.99  # what entries showed, a poll; half is gone after 69, which are a day of polls every 20 minutes
_POLL_FADES = 0.9  # what polls showed; half is gone after 7
_ENOUGH = 3  # entries; one or two are an accident
_CERTAIN = 0.8  # polls that turned: one with enough entries, or as many as it takes for these
_OUTWEIGHS = 3  # how many came under another guid for each that was edited and kept its own


def learn(identity: Identity, verdicts: Sequence[Verdict], *, again: int, stood: int) -> Identity:
    """What the entries are known by after a whole document, of which `verdicts` are the entries that changed.

    `again` of them are new articles under headlines the feed carried before; `stood` is how many entries did not change
    at all.
    """
    came_again = [
        verdict
        for verdict in verdicts
        if isinstance(verdict, Known | Revised) and isinstance(verdict.of, Archived) and verdict.article.guid
    ]
    kept = sum(verdict.why == "entry" for verdict in came_again)
    elsewhere = sum(_is_elsewhere(verdict) for verdict in came_again)
    turned = elsewhere + again
    share = min(turned / _ENOUGH, 1) if turned * 2 >= len(verdicts) else 0
    learned = Identity(
        kept=identity.kept * _FADES + kept,
        renumbered=identity.renumbered * _FADES + len(came_again) - kept - elsewhere,
        stood=identity.stood * _POLL_FADES + bool(stood or kept),
        turned=identity.turned * _POLL_FADES + share,
    )
    return replace(learned, by=_by(learned))


def unchanged(identity: Identity) -> Identity:
    """What the entries are known by after a poll in which nothing had changed."""
    learned = replace(identity, stood=identity.stood * _POLL_FADES + 1, turned=identity.turned * _POLL_FADES)
    return replace(learned, by=_by(learned))


def _is_elsewhere(verdict: Known | Revised) -> bool:
    """Whether an entry came again under another guid and another link."""
    if verdict.why == "entry":
        return False
    key = verdict.article.link_key
    return key is None or (isinstance(verdict.of, Archived) and key != verdict.of.link_key)


def _by(identity: Identity) -> str:
    # The day's bulletins have old titles under new names as well, but stand as they are until the next day's.
    if identity.turned > max(identity.stood, _CERTAIN):
        return "title"
    return "link" if identity.renumbered >= max(_ENOUGH, _OUTWEIGHS * identity.kept) else "guid"


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
    numbers = (identity.kept, identity.renumbered, identity.stood, identity.turned)
    return json.dumps([round(number, 3) for number in numbers])


def unpack_identity(by: str, seen: str) -> Identity:
    """What `pack_identity` packed."""
    kept, renumbered, stood, turned = json.loads(seen)
    return Identity(by=by, kept=kept, renumbered=renumbered, stood=stood, turned=turned)
