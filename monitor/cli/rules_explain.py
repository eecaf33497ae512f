"""`monitor rules explain`: for an article and every rule, what decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from monitor import show
from monitor.cli.rules import rule_named
from monitor.cli.session import Session, json_option, now, pass_session
from monitor.cli.stories import articles_meant, not_there
from monitor.model import FeedSpec, Span
from monitor.search import by_key, documents_of

if TYPE_CHECKING:
    from monitor.archive import SearchRow
    from monitor.archive.reports import Raised
    from monitor.rules import Rule
    from monitor.rules.explaining import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Words of an article; the fields are keys of `monitor rules explain --json`."""

    field: str  # title, text
    start: int  # characters
    end: int  # exclusive
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One thing that decided."""

    part: str  # of the query, or the key of the rule
    why: str
    where: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A rule, whether it matches the article, and why."""

    rule: str
    outcome: str  # match, no_match, out_of_scope
    reasons: tuple[Decided, ...]
    recorded_at: datetime | None  # of the match on record; None: there is none
    alert: int | None  # None: it raised none
    state: str | None  # of the alert


@click.command("explain")
@click.argument("what", metavar="URL|ID")
@click.option("--rule", "name", metavar="NAME", help="Only this rule.")
@json_option
@pass_session
def rules_explain(session: Session, what: str, name: str | None, as_json: bool) -> int:
    """Why each rule matches an article or does not: what was found and where, or the part that decided no.

    The rules are those of the configuration as it is now, the article is as the archive has it now. What was recorded
    when it came, and whether an alert was sent, stands beside it.
    """
    from monitor.rules import Aliases, compile_rule

    config = session.config
    specs = config.rules if name is None else (rule_named(config, name),)
    aliases = Aliases(config.aliases)
    rules = [compile_rule(spec, aliases) for spec in specs]
    feeds = by_key(config.feeds)
    told: list[tuple[SearchRow, list[Judged]]] = []
    with session.reading() as archive:
        for number in articles_meant(session, archive, what):
            row, known = archive.search_row(number), archive.explain(number)
            if row is not None and known is not None:
                raised = {each.rule: each for each in known.rules}
                told.append((row, [_judged(rule, row, feeds, raised.get(rule.spec.name)) for rule in rules]))
    if as_json:
        show.as_json([{"id": row.id, "title": row.title, "link": row.link, "rules": judged} for row, judged in told])
    else:
        for number, (row, judged) in enumerate(told):
            if number:
                show.line()
            _print(row, judged)
    if not told:
        show.note(not_there(what))
        return 1
    return 0


def _judged(rule: Rule, row: SearchRow, feeds: Mapping[str, FeedSpec], raised: Raised | None) -> Judged:
    """A rule on an article: on the first of its carriers for which it matches, or else for which it is."""
    from monitor.rules.explaining import out_of_scope, reasons

    outcome = "out_of_scope"
    why: list[Reason] = []
    for document in documents_of(row, feeds):
        barred = out_of_scope(rule, document, row.first_seen_at)
        if barred:
            if outcome == "out_of_scope":
                why += [reason for reason in barred if reason not in why]
        elif rule.match(document) is not None:
            outcome, why = "match", list(reasons(rule, document))
            break
        elif outcome == "out_of_scope":
            outcome, why = "no_match", list(reasons(rule, document))
    return Judged(
        rule=rule.spec.name,
        outcome=outcome,
        reasons=tuple(Decided(part=each.part, why=each.why, where=_pieces(each.spans, row)) for each in why),
        recorded_at=None if raised is None else raised.matched_at,
        alert=None if raised is None else raised.alert,
        state=None if raised is None else raised.state,
    )


def _pieces(spans: Sequence[Span], row: SearchRow) -> tuple[Piece, ...]:
    texts = {"title": row.title, "text": row.text}
    return tuple(
        Piece(field=span.field, start=span.start, end=span.end, words=texts[span.field][span.start : span.end])
        for span in spans
    )


_SAID = {"match": "matches", "no_match": "does not match", "out_of_scope": "is not for it"}
_MOST_SHOWN = 4  # places of one part


def _print(row: SearchRow, judged: Sequence[Judged]) -> None:
    show.line(f"#{row.id}  {row.title}")
    show.line(f"  {row.link or '(no link)'}")
    carriers = ", ".join(carrier.feed for carrier in row.carriers)
    show.line(f"  first seen {show.cell(row.first_seen_at)}, language {row.language}, carried by {carriers}")
    for each in judged:
        show.line(f"{each.rule}: {_SAID[each.outcome]}{_on_record(each, row)}")
        for reason in each.reasons:
            show.paragraph(f"{reason.part}  {reason.why}{_where(reason.where)}", indent=2)


def _on_record(judged: Judged, row: SearchRow) -> str:
    """What became of it when the article came, and why that may differ."""
    if judged.recorded_at is None:
        if judged.outcome != "match":
            return ""
        age = f"{(now() - row.first_seen_at).days + 1}d"
        return (
            "; it is not on record: the rule or the article has changed since."
            f" `monitor rules test {judged.rule} --backfill {age}` records it"
        )
    at = show.cell(judged.recorded_at)
    if judged.outcome != "match":
        return f"; but it did at {at}: the rule or the article has changed since"
    if judged.alert is None:
        return f"; recorded {at}, no alert: it was no news then, or the rule tells nobody"
    return f"; recorded {at}, alert {judged.alert} {judged.state}"


def _where(pieces: Sequence[Piece]) -> str:
    """The words found and the characters they stand at."""
    if not pieces:
        return ""
    places = [f"“{piece.words}” {piece.field} {piece.start}–{piece.end}" for piece in pieces[:_MOST_SHOWN]]
    more = f" and {len(pieces) - _MOST_SHOWN} more" if len(pieces) > _MOST_SHOWN else ""
    return f": {', '.join(places)}{more}"
