"""Which recent article tells the same text: signatures to find candidates by, exact comparison to judge them.

words.py           a text as it is compared: words, shingles, what of it tells something
boilerplate.py     lines that stand under many headlines in one document
signatures.py      an article's words in 320 bytes, and the bands an index holds them under
contradictions.py  other words in the same surroundings: what tells bulletins from one mould apart
stories.py         copy, cut, new title, update or none of it; versions of one item
"""

from monitor.likeness.boilerplate import boilerplate, line_digests
from monitor.likeness.signatures import SIGNATURE_VERSION, bands, estimate, signature
from monitor.likeness.stories import same_item, story_of
from monitor.likeness.words import MAX_CHARACTERS

__all__ = [
    "MAX_CHARACTERS",
    "SIGNATURE_VERSION",
    "bands",
    "boilerplate",
    "estimate",
    "line_digests",
    "same_item",
    "signature",
    "story_of",
]
