"""An answer that brings nothing → what it means, in the words of `polls.outcome` and in words for people.

Status codes: RFC 9110 §15 (https://www.rfc-editor.org/rfc/rfc9110), 429: RFC 6585, 451: RFC 7725. 999 is no registered
code: some large sites send it to whom they take for a robot.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus

from monitor.challenge import protection
from monitor.conditional import retry_after
from monitor.model import FetchFailed, Outcome
from monitor.text import one_line

LONGEST_DETAIL = 300  # characters


def refusal(
    status: int, headers: Mapping[str, str], *, site: str, wanted: str, page: bytes, now: datetime
) -> FetchFailed:
    """What a status other than success means.

    `headers` are looked up without regard to case. `wanted` is what was asked for, "feed" or "page"; `page` is the
    beginning of the body, where that is a web page; `now` is what a Retry-After date counts from.
    """
    wait = retry_after(headers.get("Retry-After"), now)
    answered = f"{site} answered {status}"
    if product := protection(headers, page):
        return protected(site, status, product, wait)
    if status == 429 or (status == 503 and wait is not None):
        return failed(Outcome.RATE_LIMITED, f"{answered}: it asks us to come less often", status, wait)
    if status == 410:
        return failed(Outcome.GONE, f"{answered}: the {wanted} is gone for good", status, wait)
    if status in (401, 407):
        detail = f"{answered}: it wants a login, or another one than the {wanted}'s URL carries"
        return failed(Outcome.BLOCKED, detail, status, wait)
    if status in (402, 403, 451, 999):
        return failed(Outcome.BLOCKED, f"{answered}: it will not give us this {wanted}", status, wait)
    if status == 404:
        return failed(Outcome.HTTP_ERROR, f"{answered}: there is nothing at the {wanted}'s address", status, wait)
    if status >= 500:
        return failed(Outcome.HTTP_ERROR, f"{answered} ({_phrase(status)})", status, wait)
    return failed(Outcome.HTTP_ERROR, f"{answered} ({_phrase(status)}), which brings no {wanted}", status, wait)


def protected(site: str, status: int, product: str, wait: timedelta | None = None) -> FetchFailed:
    """What a bot protection's page means, whatever its status."""
    why = f"{site} answered {status}: its bot protection ({product}) wants a browser"
    return failed(Outcome.BLOCKED, why, status, wait)


def failed(kind: Outcome, detail: str, status: int | None = None, wait: timedelta | None = None) -> FetchFailed:
    """A failure, its detail on one line of bounded length."""
    return FetchFailed(kind=kind, detail=one_line(detail, LONGEST_DETAIL), status=status, retry_after=wait)


def _phrase(status: int) -> str:
    known = {each.value: each.phrase for each in HTTPStatus}
    return known.get(status, "a status of its own making")
