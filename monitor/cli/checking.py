"""`monitor check`: what is wrong with the configuration, what is doubtful in its rules, and how its feeds answer."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

import click

from monitor import show
from monitor.cli.session import EXIT_SOME_FEEDS_FAILED, Session, now, pass_session
from monitor.errors import ArchiveError, Problem
from monitor.search import by_key, finder

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.config import Config
    from monitor.model import ChannelSpec, FeedSpec
    from monitor.probe import FeedCheck
    from monitor.rules import Aliases, Rule
    from monitor.rules.doubts import Doubt
    from monitor.rules.tree import Part


@click.command()
@click.option("--online", is_flag=True, help="Also fetch and read every feed once; nothing is written.")
@click.option("--json", "as_json", is_flag=True, help="With --online: what the feeds answered, as JSON.")
@pass_session
def check(session: Session, online: bool, as_json: bool) -> int:
    """Validate the configuration; every error with its line and column.

    Beside errors it warns of rules that can never match, match nearly everything, find only what another rule finds,
    or use words that no article of the archive has. With --online, exit status 3 unless every feed is fine or
    redirected.
    """
    from monitor import config as configuration

    if as_json and not online:
        raise click.UsageError("--json goes with --online")
    config = session.config
    if config.smtp and config.smtp.user and configuration.secret("smtp-password", session.environ) is None:
        show.note(
            "smtp.user is set but there is no password: put it into $CREDENTIALS_DIRECTORY/smtp-password (systemd's "
            "LoadCredential=), or name a file with $MONITOR_SMTP_PASSWORD_FILE (warning)"
        )
    proxy_password = configuration.secret("proxy-password", session.environ)
    if config.proxy:
        show.note(
            "monitor.proxy is set: the proxy looks the feeds' names up, so it alone can refuse addresses inside your "
            "network. Let it refuse them; docs/security.md says why (warning)"
        )
        if config.proxy.user and proxy_password is None:
            show.note(
                "monitor.proxy names a user but there is no password: put it into "
                "$CREDENTIALS_DIRECTORY/proxy-password, or name a file with $MONITOR_PROXY_PASSWORD_FILE (warning)"
            )
    for channel in config.channels.values():
        _check_secret(channel, session.environ)
    if config.smtp is None and any(channel.kind == "email" for channel in config.channels.values()):
        show.note(f"there is no smtp: block, so mails are written to the maildir {config.maildir}")
    _warn_of_rules(session, config)
    sizes = (("feed", config.feeds), ("rule", config.rules), ("channel", config.channels))
    fine = f"{config.path}: {', '.join(show.counted(len(items), thing) for thing, items in sizes)}: fine"
    if as_json:
        show.note(fine)
    else:
        show.line(fine)
    return _check_online(config, proxy_password, as_json=as_json) if online else 0


def _check_secret(channel: ChannelSpec, environ: Mapping[str, str]) -> None:
    """Says what a channel's missing secret means. Raises ConfigError for one that cannot be read or used."""
    from monitor import config as configuration
    from monitor.channels import check_secret

    if channel.secret_name is None:
        return
    secret = configuration.secret(channel.secret_name, environ)
    if secret is not None:
        check_secret(channel, secret)
        return
    where = configuration.where_a_secret_goes(channel.secret_name)
    if channel.kind == "webhook":
        show.note(f"the webhook {channel.name} signs nothing without a secret; to sign, {where} (warning)")
    else:
        show.note(f"the channel {channel.name} has no addresses to send to: {where}, one a line (warning)")


# ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────────────

_LATEST = 1_000  # articles that the rules are held against
_ENOUGH = 200  # of them at least, before it means anything that a rule matches many, or none has a word
_NEARLY_EVERYTHING = 0.5  # of the latest articles


def _warn_of_rules(session: Session, config: Config) -> None:
    """What is doubtful in rules that are written correctly."""
    from monitor.rules import Aliases, compile_rule
    from monitor.rules.doubts import doubts

    aliases = Aliases(config.aliases)
    rules = [compile_rule(spec, aliases) for spec in config.rules]
    found = doubts(rules, config.feeds, now(), config.timezone)
    try:
        with session.reading() as archive:
            found += _doubts_by_articles(archive, config, rules, aliases)
    except ArchiveError:
        pass  # nothing is archived yet, or not readable: `monitor status` says which
    for doubt in found:
        line, column = config.rule_places[doubt.rule]
        problem = Problem(line=line, column=column, path=f'rule "{doubt.rule}"', message=doubt.message)
        show.note(f"{problem.located(str(config.path))} (warning)")


def _doubts_by_articles(archive: Archive, config: Config, rules: Sequence[Rule], aliases: Aliases) -> Iterator[Doubt]:
    """What the archive says: rules that match nearly everything, and words that nobody writes."""
    from monitor.rules import Document, RuleSet
    from monitor.rules.doubts import Doubt, words_wanted

    rows = list(islice(archive.search(None), _LATEST))
    if len(rows) < _ENOUGH:
        return
    matches_of = finder(RuleSet([rule for rule in rules if rule.spec.enabled]), by_key(config.feeds))
    matched = Counter(match.rule for row in rows for match in matches_of(row))
    for name, count in matched.items():
        if count >= _NEARLY_EVERYTHING * len(rows):
            message = f"matches {count} of the latest {len(rows):,} articles. Ask for something that fewer of them hold"
            yield Doubt(rule=name, message=message)
    written = sorted({word for row in rows for word in Document.of(row.title, row.text).words})
    unwritten: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for part, names in words_wanted(rules, aliases).items():
        where = _unwritten(part, written, len(rows), archive)
        if where is not None:
            word = part.letters + "*" * part.is_open + _nearest(part.letters, written)
            for name in names:
                unwritten[name, where].append(word)
    for (name, where), words in unwritten.items():
        thing = "word" if len(words) == 1 else "words"
        yield Doubt(rule=name, message=f"{where} has the {thing} {', '.join(words)}")


def _unwritten(part: Part, written: Sequence[str], latest: int, archive: Archive) -> str | None:
    """Where a word does not stand; None: it does. `written` holds the words of the latest articles, sorted."""
    from monitor.rules import fts_word

    place = bisect_left(written, part.letters)
    first = written[place] if place < len(written) else ""
    if first == part.letters or (part.is_open and first.startswith(part.letters)):
        return None
    asked = fts_word(part)
    if asked is None:
        return f"none of the latest {latest:,} articles"
    return None if archive.is_indexed(asked) else "no article of the archive"


def _nearest(letters: str, written: Sequence[str]) -> str:
    """The word that may be meant."""
    alike = [word for word in written if word[0] == letters[0] and abs(len(word) - len(letters)) <= 1]
    near = get_close_matches(letters, alike, n=1, cutoff=0.8)
    return f" (did you mean {near[0]}?)" if near else ""


def _check_online(config: Config, proxy_password: str | None, *, as_json: bool) -> int:
    from monitor.advice import is_our_own_line
    from monitor.probe import GOOD

    asked = [feed for feed in config.feeds if not feed.paused]
    checks = asyncio.run(_ask_every_feed(config, proxy_password, asked))
    if as_json:
        show.as_json(checks)
    else:
        show.table(["feed", "answer", "found"], ([check.feed, check.answer, _facts(check)] for check in checks))
    if paused := len(config.feeds) - len(asked):
        show.note(f"{show.counted(paused, 'paused feed')} not asked")
    if is_our_own_line([check.outcome for check in checks if check.outcome], len(checks)):
        show.note("most feeds could not be reached: look at this machine's network and name server first")
    return 0 if all(check.answer in GOOD for check in checks) else EXIT_SOME_FEEDS_FAILED


def _facts(check: FeedCheck) -> str:
    """What was found at a feed, in one column: a table of ten would be folded beyond reading on a terminal."""
    facts = (
        f"HTTP {check.status}" if check.status is not None else None,
        check.format,
        show.counted(check.entries, "entry", "entries") if check.entries is not None else None,
        f"newest {show.cell(check.newest)}" if check.newest else None,
        check.language,
        f"{check.bytes:,} bytes" if check.bytes is not None else None,
        f"robots: {check.robots}" if check.robots else None,
    )
    return "; ".join(filter(None, [", ".join(filter(None, facts)), check.detail]))


async def _ask_every_feed(config: Config, proxy_password: str | None, feeds: Sequence[FeedSpec]) -> Sequence[FeedCheck]:
    from monitor.poll import brief_for, user_agent
    from monitor.probe import check_feeds, open_prober

    async with open_prober(
        user_agent=user_agent(config),
        proxy=config.proxy,
        proxy_password=proxy_password,
        brief=brief_for(config),
        workers=config.workers,
        now=now,
        host_delay=config.host_delay,
        host_connections=config.host_connections,
    ) as prober:
        return await check_feeds(prober, feeds)
