"""What becomes of each entry of a document: verdict and enrichment → `Finding`, and what they say together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.alert import alerts_for, collected, followups_for
from monitor.model import (
    AlertIntent,
    Archived,
    Article,
    ChannelSpec,
    Duplicate,
    Enrichment,
    FeedSpec,
    FeedState,
    Finding,
    Known,
    New,
    PollOutcome,
    ReadFeed,
    Revised,
    RuleSpec,
    Verdict,
)

# A feed that was away for so long comes back with a backlog, which is told together.
AWAY = timedelta(hours=6)


def findings_of(
    verdicts: Sequence[Verdict], enriched: Mapping[str, Enrichment], *, rules: Collection[str]
) -> tuple[Finding, ...]:
    """Each entry's verdict with what is new about it: language, and matches that its article does not have yet.

    `enriched` is by entry key. A reload may reach the workers before it reaches a poll under way: matches of rules that
    are not among this poll's `rules` are left out, as if the poll had been made before the reload altogether.
    """
    matched_here: dict[str, set[str]] = {}  # entry key of a new article in this document → rules that matched it
    findings = []
    for verdict in verdicts:
        enrichment = enriched.get(verdict.article.entry_key)
        if isinstance(verdict, Known) or enrichment is None:
            findings.append(Finding(verdict=verdict))
            continue
        matched = _matched_before(verdict, matched_here)
        matches = tuple(match for match in enrichment.matches if match.rule in rules and match.rule not in matched)
        matched.update(match.rule for match in matches)
        findings.append(
            Finding(
                verdict=verdict,
                language=enrichment.language,
                matches=matches,
                story=enrichment.story,
                event=enrichment.event,
                failures=tuple(each for each in enrichment.failures if each.rule in rules),
            )
        )
    return tuple(findings)


def _matched_before(verdict: New | Revised | Duplicate, matched_here: dict[str, set[str]]) -> set[str]:
    """The rules that matched this article already; the set is the one to add to."""
    match verdict:
        case New(article=article):
            return matched_here.setdefault(article.entry_key, set())
        case Duplicate(of=Article(entry_key=entry_key)):
            return matched_here.setdefault(entry_key, set())
        case Revised(of=archived) | Duplicate(of=Archived() as archived):
            # One archived article may be met twice in a document; the second meeting must not alert again.
            return matched_here.setdefault(f"article {archived.id}", set(archived.rules))
    raise AssertionError(f"no such verdict: {verdict}")


def with_prospects(finding: Finding, spec: FeedSpec, state: FeedState, now: datetime) -> Finding:
    """The finding, with whether it is news, and the page to be read for its full text."""
    if isinstance(finding.verdict, Known):
        return finding
    article = finding.verdict.article
    # A duplicate has its full text, or none, from the feed that brought it first.
    page = article.link if spec.fulltext and isinstance(finding.verdict, New | Revised) else None
    return replace(finding, news=state.primed or _is_backlog_news(spec, article, now), page=page)


def _is_backlog_news(spec: FeedSpec, article: Article, now: datetime) -> bool:
    """Whether a feed's first poll alerts on this article: it must be known to be as young as `alert_backlog`."""
    return article.published_at is not None and now - article.published_at < spec.alert_backlog


def with_alerts(
    finding: Finding,
    state: FeedState,
    *,
    rules: Mapping[str, RuleSpec],
    channels: Mapping[str, ChannelSpec],
    now: datetime,
) -> Finding:
    """The finding with the alerts it earns: of rules that match it now and, where something known is said anew or
    carried by another feed, of those that matched it before. None when it is no news."""
    if not finding.news:
        return finding
    alerts = alerts_for(finding.matches, rules=rules, channels=channels, now=now)
    match finding.verdict:
        case Revised(of=of):
            alerts += followups_for("revision", of.rules, rules=rules, channels=channels, now=now)
        case Duplicate(of=Archived() as of):
            alerts += followups_for("carrier", of.rules, rules=rules, channels=channels, now=now)
    return replace(finding, alerts=_without_flood(alerts, state, now))


def _without_flood(alerts: tuple[AlertIntent, ...], state: FeedState, now: datetime) -> tuple[AlertIntent, ...]:
    """The alerts; those of a feed that was away for long go together."""
    was_away = state.failing_since is not None and now - state.failing_since >= AWAY
    return collected(alerts, why="backlog", now=now) if was_away else alerts


def is_gap(state: FeedState, read: ReadFeed, verdicts: Sequence[Verdict]) -> bool | None:
    """Whether the document shares nothing with what this feed carried before; None when there is nothing to compare."""
    if not state.primed or read.entries == 0:
        return None
    seen_before = len(read.articles) < read.entries or any(isinstance(verdict, Known | Revised) for verdict in verdicts)
    return not seen_before


def with_storm(outcome: PollOutcome, again: Collection[str]) -> PollOutcome:
    """The outcome with what a storm of old items under new identities brings sent together, and said."""
    findings = tuple(
        replace(finding, alerts=collected(finding.alerts, why="storm", now=outcome.at))
        if finding.verdict.article.entry_key in again
        else finding
        for finding in outcome.findings
    )
    problem = (
        f"{len(again)} entries came as new although the feed carried their headlines before: its guids and links do not"
        " last. Their alerts are sent in one digest"
    )
    return replace(outcome, findings=findings, storm=len(again), problems=(*outcome.problems, problem))
