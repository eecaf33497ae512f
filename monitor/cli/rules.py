"""The commands about rules: what there are, and what one of them finds in the archive."""

from __future__ import annotations

from datetime import timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from monitor import show
from monitor.cli.backfill import record_matches
from monitor.cli.backtest import back_test, print_test
from monitor.cli.session import Age, Session, json_option, now, pass_session
from monitor.errors import ArchiveError, RuleError
from monitor.model import RuleSpec
from monitor.search import written

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.rules import Rule


@click.group()
def rules() -> None:
    """The rules: list them, try one on the archive, compare, explain, time them."""


@rules.command("list")
@json_option
@pass_session
def rules_list(session: Session, as_json: bool) -> None:
    """Every rule, and how often it matched."""
    config = session.config
    try:
        with session.reading() as archive:
            hits = archive.rule_hits(now())
    except ArchiveError:
        hits = {}  # nothing archived yet: the rules can be listed all the same
    rows = []
    for rule in config.rules:
        total, week = hits.get(rule.name, (0, 0))
        rows.append(
            {
                "name": rule.name,
                "query": written(rule),
                "channels": rule.channels,
                "digest": rule.digest,
                "enabled": rule.enabled,
                "matches": total,
                "last_7_days": week,
            }
        )
    if as_json:
        show.as_json(rows)
        return
    columns = ["name", "query", "channels", "digest", "enabled", "matches", "last_7_days"]
    show.table(columns, ([row[column] for column in columns] for row in rows), right=("matches", "last_7_days"))


def rule_named(config: Config, name: str) -> RuleSpec:
    """A rule of the configuration. Raises UsageError for a name that no rule has, with the nearest one."""
    rules_by_name = {rule.name: rule for rule in config.rules}
    if name not in rules_by_name:
        near = get_close_matches(name, rules_by_name, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "`monitor rules list` names them"
        raise click.UsageError(f"there is no rule {name!r} in {config.path}; {hint}")
    return rules_by_name[name]


# ── rules test ───────────────────────────────────────────────────────────────────────────────────────────────────────


@rules.command("test")
@click.argument("name", required=False)
@click.option("--query", metavar="Q", help="Any query, in place of a rule of the configuration.")
@click.option("--since", type=Age(), metavar="AGE", help="Look at articles first seen in the last 12h, 7d, … (30d)")
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="Show so many articles, and count the others.",
)
@click.option(
    "--backfill", type=Age(), metavar="AGE", help="Record the rule's matches in the articles of the last 7d, 12h, …"
)
@click.option(
    "--alert", is_flag=True, help="With --backfill: also tell the rule's channels, of what they were not told."
)
@json_option
@pass_session
def rules_test(
    session: Session,
    name: str | None,
    query: str | None,
    since: timedelta | None,
    limit: int,
    backfill: timedelta | None,
    alert: bool,
    as_json: bool,
) -> int:
    """What a rule would have found, and how many mails a day it would have sent.

    The daemon need not stop. Nothing is written unless --backfill asks for it: that records what the rule would have
    matched before it was there, so that `monitor sql`, `rules list` and `explain` know of it. Nobody is mailed unless
    --alert says so, and running it again adds only what is missing.
    """
    config = session.config
    if (name is None) == (query is None):
        raise click.UsageError("name a rule, as in: monitor rules test ukraine; or give --query 'NATO NEAR/5 summit'")
    if alert and backfill is None:
        raise click.UsageError("--alert goes with --backfill")
    if backfill is not None and since is not None:
        raise click.UsageError("--backfill says itself how far back to go; leave --since out")
    spec = rule_named(config, name) if name is not None else RuleSpec(name="", query=query, channels=("you",))
    rule = _compiled(config, spec)
    if backfill is not None:
        if name is None:
            raise click.UsageError(
                "--backfill records the matches of a rule by its name; write it into the configuration"
            )
        return record_matches(session, rule, backfill, alert=alert, as_json=as_json)
    if not spec.enabled:
        show.note(f"rule {spec.name} is switched off (enabled: false); this is what it would find if it were not")
    test = back_test(session, rule, since or timedelta(days=30), limit, print_them=not as_json)
    if as_json:
        show.as_json(test.as_json())
    else:
        print_test(test)
    return 0


def _compiled(config: Config, spec: RuleSpec) -> Rule:
    from monitor.rules import compile_rule

    try:
        return compile_rule(spec, config.aliases)
    except RuleError as error:
        raise click.UsageError(f"query, {error}") from None
