"""The commands. Each reads its arguments, calls one flow or one archive method, and prints what came back.

Data goes to standard output, messages to standard error. Imports that cost time are made by the command that needs
them, so that `monitor --help` is instant.

    session   the global options, the configuration, the archive, the clock
    working   run, poll, deliver: what changes the archive or sends
    checking  check
    asking    sql, status: what only reads
    searching search
    exporting export
    web       web: pages in a browser
    feeds     the feeds: list and edit them
    opml, feeds_online   more of the group feeds: lists of feeds, and looking for feeds on the network
    rules     the rules: list them, try one on the archive (backtest), record what it would have matched (backfill)
    rules_diff, rules_explain, rules_bench   more of the group rules
    matching  what a search of the archive prints
    alerts    the alerts, mutes, digests
    database  db: the archive itself
"""

from __future__ import annotations

from pathlib import Path

import click

from monitor import __version__
from monitor.cli import (
    alerts,
    asking,
    checking,
    database,
    exporting,
    feeds,
    feeds_online,
    opml,
    rules,
    rules_bench,
    rules_diff,
    rules_explain,
    searching,
    stories,
    web,
    working,
)
from monitor.cli.session import Session


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    help="The configuration. Default: $MONITOR_CONFIG, ./feeds.yaml, /etc/monitor/feeds.yaml.",
)
@click.option("--archive", metavar="URL", help="The archive, in place of the one the configuration names.")
@click.option("-v", "--verbose", count=True, help="Say more; twice for everything.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@click.option("--log-format", type=click.Choice(["text", "logfmt", "json"]), help="Default: what suits the output.")
@click.version_option(__version__, prog_name="monitor")
@click.pass_context
def cli(
    context: click.Context,
    config_path: Path | None,
    archive: str | None,
    verbose: int,
    quiet: bool,
    log_format: str | None,
) -> None:
    """Watch feeds, keep every article once, alert on rules.

    Exit status: 0 fine, 1 failed, 2 usage, 3 some or all feeds failed, 69 archive unreachable, 75 another daemon holds
    the archive, 78 bad configuration.
    """
    context.obj = Session(
        config_path=config_path, archive=archive, verbosity=-1 if quiet else verbose, log_format=log_format
    )


for command in (
    working.run,
    working.poll,
    working.deliver,
    checking.check,
    searching.search_command,
    asking.sql,
    exporting.export,
    web.web,
    stories.stories,
    stories.explain,
    asking.status,
    feeds.feeds,
    rules.rules,
    alerts.alerts,
    alerts.digest,
    database.db,
):
    cli.add_command(command)

for command in (rules_diff.rules_diff, rules_explain.rules_explain, rules_bench.rules_bench):
    rules.rules.add_command(command)

for command in (feeds_online.discover, opml.import_opml, opml.export_opml):
    feeds.feeds.add_command(command)
