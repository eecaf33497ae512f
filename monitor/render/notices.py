"""Mails that tell of no article: notices to the operator, tests of a channel, and what stands in for a refused mail."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime

from monitor.advice import advice, is_our_own_line
from monitor.mail import Envelope, plainer
from monitor.model import Condition, FeedTrouble, House, Notice, Pulse, Reader, Told
from monitor.render.layout import Facts, message
from monitor.render.words import Words
from monitor.text import one_line

LINE_LIMIT = 200  # code points of what a notice says in one line
HEADLINE_LIMIT = 120
NAMES_IN_SUBJECT = 5
NAMES_IN_A_ROW = 50
MOST_IN_A_STUB = 100  # articles


ENGLISH = Reader()  # what the archive and the log are told in

# The order in which a subject and the mail name what began and what is over.
CONDITIONS = ("channel_down", "backup_fails", "log_grows", "rule_fails", "feed_silent", "rule_silent", "rule_spike")


def notice_subject(notice: Notice, reader: Reader = ENGLISH) -> str:
    """What a notice says, in one line."""
    words = Words(reader.language, "UTC")
    if notice.pulse is not None:
        return one_line(_pulse_subject(notice.pulse, words), LINE_LIMIT)
    if notice.end is not None:
        return one_line(words("runs_again" if notice.end.is_over else "died", host=notice.end.host), LINE_LIMIT)

    def said(key: str, subjects: Sequence[str]) -> str:
        names = words.names([one_line(subject, 60) for subject in subjects], NAMES_IN_SUBJECT)
        return words(key, n=len(subjects), names=names) if subjects else ""

    parts = [
        said("fail", [trouble.feed for trouble in notice.failing]),
        *(said(kind, [each.subject for each in notice.begun if each.kind == kind]) for kind in CONDITIONS),
        said("work", [trouble.feed for trouble in notice.working]),
        *(said(f"{kind}_over", [each.subject for each in notice.ended if each.kind == kind]) for kind in CONDITIONS),
        said("repeat", [feed for feed, _ in notice.storms]),
    ]
    return one_line("; ".join(part for part in parts if part), LINE_LIMIT)


def _pulse_subject(pulse: Pulse, words: Words) -> str:
    """Whether all is well, and the figures that say so."""
    well = [
        words("feeds", n=pulse.feeds),
        words("new_articles", n=pulse.articles),
        words("waiting_alerts", n=pulse.waiting + pulse.queued),
    ]
    if pulse.coverage is not None:
        well.append(words("coverage", percent=words.percent(pulse.coverage)))
    well.append(f"{words('label_gaps').lower()}{words.colon} {_gaps(pulse, words, NAMES_IN_SUBJECT)}")
    ill = _ill(pulse, words)
    return f"{words('needs_a_look' if ill else 'all_well')}{words.colon} {', '.join([*ill, *well])}"


def _ill(pulse: Pulse, words: Words) -> list[str]:
    """What needs a look; nothing when all is well."""
    parts = [
        words("failing_feeds", n=pulse.failing) if pulse.failing else "",
        words("dead_letters", n=pulse.dead) if pulse.dead else "",
        *(_named(pulse.conditions, kind, words) for kind in CONDITIONS),
    ]
    return [part for part in parts if part]


def _headline(notice: Notice, subject: str, words: Words) -> str:
    """What stands above the mail: less than the subject where the rest stands right below."""
    if notice.pulse is None:
        return one_line(subject, HEADLINE_LIMIT)
    ill = _ill(notice.pulse, words)
    said = f"{words('needs_a_look')}{words.colon} {', '.join(ill)}" if ill else words("all_well")
    return one_line(said[:1].upper() + said[1:], HEADLINE_LIMIT)


def _named(conditions: Sequence[Condition], kind: str, words: Words) -> str:
    names = [one_line(each.subject, 60) for each in conditions if each.kind == kind]
    return words(kind, n=len(names), names=words.names(names, NAMES_IN_SUBJECT)) if names else ""


def _gaps(pulse: Pulse, words: Words, most: int) -> str:
    names = [f"{one_line(feed, 60)} ({words.number(gaps)})" for feed, gaps in pulse.gaps]
    return words.names(names, most) if names else words("none")


def notice_message(
    *,
    mail_id: str,
    notice: Notice,
    house: House,
    recipient: str,
    now: datetime,
    reader: Reader = ENGLISH,
    form: str = "mail",
) -> bytes:
    """The message that tells the operator how the whole is doing, and what does not go as it should."""
    subject = notice_subject(notice, reader)
    facts = notice_facts(notice, house=house, now=now, reader=reader)
    return message(
        "notice",
        Envelope(
            mail_id=mail_id,
            house=house,
            recipient=recipient,
            now=now,
            topic="heartbeat" if notice.pulse else "notices",
        ),
        lambda: facts,
        headline=subject,
        plainly=(*(f"{name}: {said}" for name, said in _in_short(notice)), *_paragraphs(notice, house, reader)),
        form=form,
    )


def _in_short(notice: Notice) -> list[tuple[str, str]]:
    return [
        *((trouble.feed, trouble.error or "works again") for trouble in (*notice.failing, *notice.working)),
        *((each.subject, each.error or each.kind) for each in notice.begun),
        *((each.subject, "over") for each in notice.ended),
    ]


def notice_facts(notice: Notice, *, house: House, now: datetime, reader: Reader = ENGLISH) -> Facts:
    """What the templates of a notice are given."""
    words = _words(reader, house)
    subject = notice_subject(notice, reader)
    groups = (
        ("these_fail", [_failing(trouble, words) for trouble in notice.failing]),
        ("these_began", [_begun(each, words) for each in notice.begun]),
        ("these_work", [_working(trouble, words) for trouble in notice.working]),
        ("these_ended", [_ended(each, words) for each in notice.ended]),
    )
    shown = [item for _, items in groups for item in items]
    return {
        "subject": f"[monitor] {subject}",
        "t": words,
        "headline": _headline(notice, subject, words),
        "preview": one_line(
            "; ".join(f"{item['name']}: {item['error'] or item['said']}" for item in shown), LINE_LIMIT
        ),
        "when": words.moment(now),
        "paragraphs": _paragraphs(notice, house, reader),
        "rows": _rows(notice.pulse, words) if notice.pulse else (),
        "groups": [{"heading": words(heading), "items": items} for heading, items in groups if items],
        "log": notice.end.log if notice.end else (),
        "closing": words("never_given_up") if notice.failing or notice.working else "",
        "contact": house.contact,
    }


def _paragraphs(notice: Notice, house: House, reader: Reader) -> list[str]:
    words = _words(reader, house)
    found = []
    if is_our_own_line([trouble.outcome for trouble in notice.failing], notice.feeds):
        found.append(words("our_own_line"))
    found += [words("storm", n=entries, feed=one_line(feed, 100)) for feed, entries in notice.storms]
    if notice.pulse and notice.pulse.dead:
        found.append(words("look_at_dead"))
    if notice.pulse:
        found.append(words("coverage_means"))
    if end := notice.end:
        if end.is_over:
            found.append(words("runs_again_means", since=words.moment(end.since)))
        else:
            found += [words("died_means"), end.why, words("died_next", unit=end.unit)]
    return [paragraph for paragraph in found if paragraph]


def _rows(pulse: Pulse, words: Words) -> list[tuple[str, str]]:
    feeds = words.number(pulse.feeds)
    rows = [
        ("label_since", words.moment(pulse.since)),
        ("label_feeds", words("of_which_fail", feeds=feeds, n=pulse.failing) if pulse.failing else feeds),
        ("label_articles", words.number(pulse.articles)),
        ("label_sent", words.number(pulse.sent)),
        ("label_queued", words.number(pulse.queued)),
        ("label_waiting", words.number(pulse.waiting)),
        ("label_dead", words.number(pulse.dead)),
        ("label_coverage", words("none") if pulse.coverage is None else words.percent(pulse.coverage)),
        ("label_gaps", _gaps(pulse, words, NAMES_IN_A_ROW)),
    ]
    if conditions := [said for kind in CONDITIONS if (said := _named(pulse.conditions, kind, words))]:
        rows.append(("these_began", "; ".join(conditions)))
    return [(words(label), said) for label, said in rows]


def test_facts(*, channel: str, house: House, recipient: str, now: datetime, reader: Reader) -> Facts:
    """What the templates of a test are given."""
    words = _words(reader, house)
    return {
        "subject": f"[monitor] {words('channel_works', channel=channel)}",
        "t": words,
        "channel": channel,
        "recipient": recipient,
        "when": words.moment(now),
        "contact": house.contact,
    }


def channel_test(
    *,
    mail_id: str,
    channel: str,
    house: House,
    recipient: str,
    now: datetime,
    reader: Reader = ENGLISH,
    form: str = "mail",
) -> bytes:
    """The message that shows whether a channel works."""
    return message(
        "test",
        Envelope(mail_id=mail_id, house=house, recipient=recipient, now=now, topic="test"),
        lambda: test_facts(channel=channel, house=house, recipient=recipient, now=now, reader=reader),
        headline=_words(reader, house)("channel_works", channel=channel),
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


def _failing(trouble: FeedTrouble, words: Words) -> dict[str, str]:
    since = words.moment(trouble.since) if trouble.since else ""
    said = words("failed_polls", n=trouble.failures, since=since, next=words.moment(trouble.next_poll_at))
    return {
        "name": trouble.feed,
        "title": _title(trouble),
        "said": said,
        "error": trouble.error or "",
        "advice": advice(trouble.outcome, trouble.status, language=words.language),
    }


def _working(trouble: FeedTrouble, words: Words) -> dict[str, str]:
    said = words("reported", when=words.moment(trouble.reported_at)) if trouble.reported_at else ""
    return {"name": trouble.feed, "title": _title(trouble), "said": said, "error": "", "advice": ""}


def _title(trouble: FeedTrouble) -> str:
    return one_line(trouble.title, 100) if trouble.title != trouble.feed else ""


def _begun(condition: Condition, words: Words) -> dict[str, str]:
    said = words(
        f"said_{condition.kind}",
        since=words.moment(condition.since),
        usual=words.number(condition.usual or 0.0),
        count=words.number(condition.count or 0),
        shell=shlex.quote(condition.subject),
    )
    name = _named([condition], condition.kind, words)
    return {"name": name, "title": "", "said": said, "error": condition.error or "", "advice": ""}


def _ended(condition: Condition, words: Words) -> dict[str, str]:
    name = words(f"{condition.kind}_over", n=1, names=one_line(condition.subject, 60))
    said = words("reported", when=words.moment(condition.told_at)) if condition.told_at else ""
    return {"name": name, "title": "", "said": said, "error": "", "advice": ""}


def _words(reader: Reader, house: House) -> Words:
    return Words(reader.language, reader.timezone or house.timezone)
