"""Links made absolute, as people get them: the publisher's own, only made safe to follow."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, urljoin, urlsplit

MAX_LINK = 2048  # code points; browsers and feeds in practice stay below

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_LINE_BREAKS = re.compile(r"[\t\r\n]+\s*")  # XML pretty-printers fold long links
_BAD_IN_LINK = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
# Of these a link shows nothing, or something else than it leads to; escaped they lead where they led.
_HIDDEN_IN_LINK = re.compile(
    "[ \x80-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e0fff]"
)
_BAD_IN_HOST = re.compile(r"[\s<>\"{}|^`%]|" + _HIDDEN_IN_LINK.pattern)


def resolve(link: str | None, *bases: str | None) -> str | None:
    """The link as an absolute http(s) URL, relative ones taken from the first base that is absolute itself.

    A base's own query is not inherited, as RFC 3986 §5.2.2 would have it for a bare fragment: in a feed's address it is
    where the reader's token stands.

    None for what nobody can follow or should: `javascript:`, `data:`, `tag:`, junk, anything over 2,048 characters.
    """
    if not link or len(link) > MAX_LINK:
        return None
    link = _LINE_BREAKS.sub("", link.strip())
    if not link or _BAD_IN_LINK.search(link):
        return None
    if not _SCHEME.match(link):
        base = next((base for base in bases if split_http(base)), None)
        if base is None:
            return None
        try:
            link = urljoin(urlsplit(base)._replace(query="").geturl(), link)
        except ValueError:
            return None
    parts = split_http(link)
    if parts is None or len(link) > MAX_LINK:
        return None
    link = parts._replace(scheme=parts.scheme.lower()).geturl()
    return _HIDDEN_IN_LINK.sub(lambda hidden: quote(hidden[0]), link)


def split_http(url: str | None) -> SplitResult | None:
    """The parts of an absolute http(s) URL; None for anything else."""
    if not url:
        return None
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # unbalanced brackets, a port that is no number
        return None
    return parts if usable and not _BAD_IN_HOST.search(parts.netloc.rpartition("@")[2]) else None
