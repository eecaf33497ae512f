"""Mails that tell of no article: notices to the operator, tests of a channel, and what stands in for a refused mail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitor.advice import advice, is_our_own_line
from monitor.mail import Envelope, plainer
from monitor.model import FeedTrouble, House, Notice, Told
from monitor.render.layout import Facts, message
from monitor.render.words import Words
from monitor.text import one_line

LINE_LIMIT = 200  # code points of what a notice says in one line
NAMES_IN_SUBJECT = 5
MOST_IN_A_STUB = 100  # articles


def notice_subject(notice: Notice) -> str:
    """What a notice says, in one line: how many feeds, and which."""

    def said(feeds: Sequence[str], one: str, many: str) -> str:
        names = ", ".join(one_line(feed, 60) for feed in feeds[:NAMES_IN_SUBJECT])
        more = f" and {len(feeds) - NAMES_IN_SUBJECT} more" if len(feeds) > NAMES_IN_SUBJECT else ""
        return f"1 feed {one}: {names}" if len(feeds) == 1 else f"{len(feeds)} feeds {many}: {names}{more}"

    parts = [
        said([trouble.feed for trouble in notice.failing], "fails", "fail"),
        said([trouble.feed for trouble in notice.working], "works again", "work again"),
        said([feed for feed, _ in notice.storms], "repeats itself", "repeat themselves"),
    ]
    return one_line("; ".join(part for part in parts if not part.startswith("0 ")), LINE_LIMIT)


def notice_message(
    *, mail_id: str, notice: Notice, house: House, recipient: str, now: datetime, form: str = "mail"
) -> bytes:
    """The message that tells the operator which feeds fail for good, work again, or bring old items as new."""
    subject = notice_subject(notice)
    troubles = (*notice.failing, *notice.working)
    return message(
        "notice",
        Envelope(mail_id=mail_id, house=house, recipient=recipient, now=now, topic="notices"),
        lambda: notice_facts(notice, house=house, now=now),
        headline=subject,
        plainly=tuple(f"{trouble.feed}: {trouble.error or 'works again'}" for trouble in troubles),
        form=form,
    )


def notice_facts(notice: Notice, *, house: House, now: datetime) -> Facts:
    """What the templates of a notice are given."""
    return {
        "subject": f"[monitor] {notice_subject(notice)}",
        "headline": notice_subject(notice),
        "preview": one_line("; ".join(f"{each.feed}: {each.error}" for each in notice.failing), LINE_LIMIT),
        "when": _moment(now, house),
        "failing": [_trouble(trouble, house) for trouble in notice.failing],
        "working": [_trouble(trouble, house) for trouble in notice.working],
        "storms": notice.storms,
        "is_our_own_line": is_our_own_line([trouble.outcome for trouble in notice.failing], notice.feeds),
        "contact": house.contact,
    }


def test_facts(*, channel: str, house: House, recipient: str, now: datetime) -> Facts:
    """What the templates of a test are given."""
    return {
        "subject": f"[monitor] the channel {channel} works",
        "channel": channel,
        "recipient": recipient,
        "when": _moment(now, house),
        "contact": house.contact,
    }


def channel_test(
    *, mail_id: str, channel: str, house: House, recipient: str, now: datetime, form: str = "mail"
) -> bytes:
    """The message that shows whether a channel works."""
    return message(
        "test",
        Envelope(mail_id=mail_id, house=house, recipient=recipient, now=now, topic="test"),
        lambda: test_facts(channel=channel, house=house, recipient=recipient, now=now),
        headline="the channel works",
        plainly=(f"Channel: {channel}",),
        form=form,
    )


def plainer_mail(refused: bytes, told: Sequence[Told], *, why: str) -> bytes:
    """The mail in place of one that a server refused for what it was: rule, title and link of each article, no more.

    Without articles (a notice) the subject has to do.
    """
    lines = [line for each in told[:MOST_IN_A_STUB] for line in (f"{each.rule}: {each.title}", each.link or "", "")]
    if len(told) > MOST_IN_A_STUB:
        lines += [f"and {len(told) - MOST_IN_A_STUB} more articles; `monitor alerts list` has them all", ""]
    return plainer(refused, lines=[*lines, f"The mail server refused this message as it was: {why}"])


def _trouble(trouble: FeedTrouble, house: House) -> Facts:
    return {
        "feed": trouble.feed,
        "title": one_line(trouble.title, 100) if trouble.title != trouble.feed else "",
        "error": trouble.error,
        "failures": trouble.failures,
        "since": _moment(trouble.since, house) if trouble.since else None,
        "next": _moment(trouble.next_poll_at, house),
        "reported": _moment(trouble.reported_at, house) if trouble.reported_at else None,
        "advice": advice(trouble.outcome, trouble.status) if trouble.failures else "",
    }


def _moment(at: datetime, house: House) -> str:
    return Words("en", house.timezone).moment(at)
