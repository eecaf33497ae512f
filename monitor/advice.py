"""What to do about a feed that fails: for each kind of failure what it means and what helps, in words for people.

`polls.outcome` names the kind; `docs/operations.md` has the same list at more length.
"""

from __future__ import annotations

from collections.abc import Collection

from monitor.model import Outcome

# What the fetch itself says of a failure stands in `last_error`; this is what follows from it.
_ADVICE = {
    Outcome.DNS: "Its host has no address. When other feeds work, the host is gone or misspelt: look for the feed's new"
    " address. Otherwise look at this machine's name server.",
    Outcome.CONNECT: "Its server takes no connection. This mostly passes; when it stays, look for a new address.",
    Outcome.TLS: "Its certificate is not valid, which only the publisher can mend. This mostly passes.",
    Outcome.TIMEOUT: "Its server or the line is too slow. This mostly passes; when it stays, look for a new address.",
    Outcome.REFUSED_ADDRESS: "What is on a private network must not get into the archive by way of a feed.",
    Outcome.REDIRECTS: "Its address leads nowhere. Open it in a browser, and write down where the feed is now.",
    Outcome.HTTP_ERROR: "Its server answers with an error. When it stays, look for the feed's new address.",
    Outcome.GONE: "The publisher has taken it away. Look for its new address, or remove it from feeds.yaml.",
    Outcome.BLOCKED: "The server will not have us. Ask the publisher to let our User-Agent through, or look for another"
    " feed of theirs; a more frequent or disguised request would not help.",
    Outcome.RATE_LIMITED: "The server wants fewer requests. We keep away as long as it says; give the feed a longer"
    " `every`, or its host a longer `host_delay`, when this comes back.",
    Outcome.TOO_LARGE: "It is larger than any feed should be. Look for a shorter one of the same publisher.",
    Outcome.TRUNCATED: "It arrives cut off; what is complete is kept. When it stays, tell the publisher.",
    Outcome.PROTOCOL: "Its server sends what is no proper HTTP. This mostly passes; when it stays, tell the publisher.",
    Outcome.NOT_A_FEED: "What is at its address is no feed. Open it in a browser: a page there often tells where the"
    " feed is now.",
    Outcome.PARSER: "Its document is too much for the parser. Tell the publisher, or us.",
}
_NOT_FOUND = "There is nothing at its address any more. Look for the new one, or remove it from feeds.yaml."
_LOGIN = "Write a login into the feed's URL (https://user:password@…), or correct the one that is there."
_SERVER_FAULT = "The fault is on its server's side, and mostly passes."
_NOT_MODIFIED = "The server answers “not modified” to a question that was not asked. Tell the publisher."

# Nothing came back from the publisher; when it happens to most feeds at once, it happens here.
_UNREACHED = frozenset({Outcome.DNS, Outcome.CONNECT, Outcome.TIMEOUT, Outcome.TLS})


def advice(outcome: Outcome, status: int | None) -> str:
    """What a failure means and what helps against it. `status` is the HTTP status, None without an answer."""
    if outcome is Outcome.HTTP_ERROR and status == 404:
        return _NOT_FOUND
    if outcome is Outcome.HTTP_ERROR and status is not None and status >= 500:
        return _SERVER_FAULT
    if outcome is Outcome.BLOCKED and status in (401, 407):
        return _LOGIN
    if outcome is Outcome.PROTOCOL and status == 304:
        return _NOT_MODIFIED
    return _ADVICE[outcome]


def is_our_own_line(failing: Collection[Outcome], feeds: int) -> bool:
    """Whether so many of all `feeds` cannot be reached that the fault is rather here than with each publisher."""
    unreached = sum(outcome in _UNREACHED for outcome in failing)
    return unreached >= 3 and unreached * 2 > feeds
