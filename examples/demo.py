"""The demonstration: the real daemon against the newsroom on this machine. No network, no configuration.

    make demo                    25 seconds, then a tour of what happened
    DEMO_SECONDS=40 make demo    as long as you like
    KEEP=1 make demo             leaves the daemon and the newsroom running until Ctrl-C

Everything lies in `demo/`, made afresh each time. The exit status is 0 only if the alerts the newsroom's articles call
for arrived, each once, and no others.
"""

from __future__ import annotations

import html
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as mail_policy
from functools import partial
from pathlib import Path

from newsroom import Newsroom, Outlet, Published

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "demo"
CONFIG = FOLDER / "feeds.yaml"
ARCHIVE = FOLDER / "archive.db"
MAILDIR = FOLDER / "maildir"

START_SECONDS = 30  # how long the daemon may take until it has polled every feed once
SETTLE_SECONDS = 5  # kept free at the end: poll the last article, send its mail, look for mails too many
LATE_SECONDS = 15  # a busy machine gets this much longer before an alert counts as missing
STOP_SECONDS = 20

EXPLAINED = "https://www.courrier-du-quai.example/region/baleine-rochebrune-48133"  # copied, cut, reported, corrected

Alert = tuple[str, str]  # rule, title

_OUTLETS = re.compile(r" \(\d+ outlets\)$")  # at the end of a subject

CONFIGURATION = """\
# Written by the demonstration for the newsroom on this machine. Compare ../feeds.yaml, which is meant for real feeds.

monitor:
  contact: desk@example.org
  archive: archive.db                  # relative to this file
  languages: [fr, en, uk, ru, de]
  timezone: Europe/Paris
  host_delay: 0s                       # one host serves all feeds here, and does not mind

defaults:
  every: 2s                            # real publishers would mind; 15m is usual
  group_wait: 0s                       # each story in a mail of its own, at once; 30s is usual

feeds:
{feeds}

aliases:
  OTAN: [OTAN, NATO, "Alliance atlantique", НАТО]

rules:
  - name: Ukraine
    query: ukrain* OR україн* OR украин*
    channels: [desk, screen]
    examples:
      match: ["L'Ukraine et ses voisins", "Дунайские порты Украины"]
      no_match: ["Une note du sénateur"]
  - name: OTAN
    query: '@OTAN'
    channels: [desk, screen]
    examples:
      match: ["L’OTAN se réunit", "NATO verlegt Flugabwehr"]
      no_match: ["L'abbé en soutane", "Senator Anatole Briggs"]

channels:
  desk: {{kind: email, to: [desk@example.org]}}   # there is no smtp: section, so mails go to the folder maildir/
  screen: {{kind: console}}
"""


def main() -> int:
    """Runs the demonstration; gives the exit status."""
    seconds = float(os.environ.get("DEMO_SECONDS") or 25)
    keep = bool(os.environ.get("KEEP"))
    # Told to stop from outside, leave by the same doors as always, so that the daemon does not stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    started = time.monotonic()
    with Newsroom() as newsroom:
        make_folder(newsroom)
        heading(f"A newsroom of {len(newsroom.outlets)} feeds, the real daemon, about {seconds:.0f} seconds")
        with daemon() as process:
            if not until(lambda: all_polled(newsroom), START_SECONDS, process):
                return failed("the daemon did not poll every feed once; its own words are above")
            publish(newsroom, process, until_=started + seconds - SETTLE_SECONDS)
            watch(newsroom, process, until_=started + seconds)
            if process.poll() is None and keep:
                show(newsroom)
                wait_for_ctrl_c(newsroom, process)
        if process.returncode != 0:
            return failed(f"the daemon ended with exit status {process.returncode} instead of 0")
        return verdict(newsroom) if keep else show(newsroom)


# ── before ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def make_folder(newsroom: Newsroom) -> None:
    """An empty `demo/` with its configuration. A folder there that is not ours is left alone."""
    if FOLDER.exists():
        if any(FOLDER.iterdir()) and not CONFIG.exists():
            sys.exit(f"{FOLDER} exists and is not the demonstration's. Move it away, then try again.")
        shutil.rmtree(FOLDER)
    FOLDER.mkdir()
    feeds = "\n".join(feed_entry(newsroom, outlet) for outlet in newsroom.outlets.values())
    CONFIG.write_text(CONFIGURATION.format(feeds=feeds))


def feed_entry(newsroom: Newsroom, outlet: Outlet) -> str:
    """A feed as the configuration names it."""
    # Where an article must alert that was there before the first poll, the feed asks for its backlog.
    backlog = any(version.at == 0 and version.alerts for item in outlet.items for version in item.versions)
    return (
        f'  - {{key: {outlet.key}, url: "{newsroom.url(outlet.key)}", language: {outlet.language}, '
        f'allow_private: ["{newsroom.address}"]{", alert_backlog: 24h" if backlog else ""}}}'
    )


# ── the daemon ───────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def daemon() -> Iterator[subprocess.Popen[str]]:
    """Runs `monitor run` and relays what it says; stops it as a service manager would, by SIGTERM."""
    arguments = ["--config", str(CONFIG), "--log-format", "text", "run"]
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", *arguments],
        cwd=ROOT,
        env=environment() | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert process.stdout is not None
    assert process.stderr is not None
    relays = [
        threading.Thread(target=relay_alerts, args=(process.stdout,), daemon=True),
        threading.Thread(target=relay_log, args=(process.stderr,), daemon=True),
    ]
    for thread in relays:
        thread.start()
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for thread in relays:
            thread.join(STOP_SECONDS)
        process.stdout.close()
        process.stderr.close()


def environment() -> dict[str, str]:
    """Our environment without what would change the daemon's behaviour."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MONITOR_")}
    for name in ("CREDENTIALS_DIRECTORY", "JOURNAL_STREAM", "NOTIFY_SOCKET", "STATE_DIRECTORY", "WATCHDOG_USEC"):
        ours.pop(name, None)
    return ours | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}


def relay_log(stream: Iterator[str]) -> None:
    """Passes on the daemon's log, line by line."""
    for line in stream:
        say("daemon", line.rstrip("\n"), style="2")


def relay_alerts(stream: Iterator[str]) -> None:
    """Passes on of each alert, which the console channel prints whole, its subject, its link and what matched."""
    told: list[str] = []
    for line in map(str.rstrip, stream):
        if line.startswith("["):
            told = [line]
        elif line.startswith(("https://", "Matched:")):
            told.append(line)
        if told and line.startswith("Matched:"):
            say("alert", *told, style="1;33")


def all_polled(newsroom: Newsroom) -> bool:
    """Whether the archive has every feed's first poll; what is published from now on is news."""
    try:
        with closing(sqlite3.connect(f"{ARCHIVE.as_uri()}?mode=ro", uri=True)) as archive:
            [polled] = archive.execute("SELECT count(*) FROM feeds WHERE polled_at IS NOT NULL").fetchone()
    except sqlite3.OperationalError:  # not there yet, or its tables are not
        return False
    return bool(polled == len(newsroom.outlets))


def publish(newsroom: Newsroom, process: subprocess.Popen[str], *, until_: float) -> None:
    """Publishes what the newsroom has, its own time stretched or squeezed so that the last article is out by then."""
    schedule = newsroom.schedule()
    pace = max(until_ - time.monotonic(), 1) / schedule[-1]
    begun = time.monotonic()
    for at in schedule:
        until(lambda: False, begun + at * pace - time.monotonic(), process)
        # However short the demonstration: what is corrected now must have been read before.
        until(partial(have_arrived, corrected(newsroom, at)), LATE_SECONDS, process)
        for published in newsroom.publish_until(at):
            what = "corrects" if published.is_correction else "publishes"
            say("newsroom", f"{published.outlet.title} {what}: {title_of(published)}", style="36")


def watch(newsroom: Newsroom, process: subprocess.Popen[str], *, until_: float) -> None:
    """Waits for the last alerts, and to the end in any case: a mail too many would come late too."""
    late = max(until_ + LATE_SECONDS, time.monotonic() + SETTLE_SECONDS)
    until(partial(have_arrived, expected(newsroom)), late - time.monotonic(), process)
    until(lambda: False, until_ - time.monotonic(), process)


def wait_for_ctrl_c(newsroom: Newsroom, process: subprocess.Popen[str]) -> None:
    """Lets everything run on."""
    heading("Still running: Ctrl-C stops it")
    print(f"the feeds: http://{newsroom.address}/   the daemon: process {process.pid}\n", flush=True)
    try:
        process.wait()
    except KeyboardInterrupt:
        print(flush=True)


def until(condition: Callable[[], bool], seconds: float, process: subprocess.Popen[str]) -> bool:
    """Waits for the condition, at most so long, and no longer than the daemon lives; gives whether it came to hold."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline or process.poll() is not None:
            return False
        time.sleep(0.1)
    return True


# ── did the right alerts arrive? ─────────────────────────────────────────────────────────────────────────────────────


def expected(newsroom: Newsroom) -> set[Alert]:
    """What the published articles call for: each names the rules that must alert on it."""
    return {alert for published in newsroom.published() for alert in alerts_of(published)}


def corrected(newsroom: Newsroom, at: float) -> set[Alert]:
    """What was called for by the articles that are corrected at that moment, as they were before."""
    return {
        alert
        for published in newsroom.published()
        if any(version.at == at for version in published.item.versions)
        for alert in alerts_of(published)
    }


def alerts_of(published: Published) -> set[Alert]:
    """What one article, or correction, calls for."""
    return {(rule, title_of(published)) for rule in published.version.alerts}


def have_arrived(alerts: set[Alert]) -> bool:
    """Whether all of these lie in the maildir."""
    return alerts <= set(arrived())


def arrived() -> Counter[Alert]:
    """What lies in the maildir."""
    return Counter(
        (
            mail["X-Monitor-Rule"],
            plain(_OUTLETS.sub("", str(mail["Subject"]).removeprefix(f"[{mail['X-Monitor-Rule']}] "))),
        )
        for mail in mails()
    )


def mails() -> list[EmailMessage]:
    """The mails, oldest first."""
    paths = sorted(MAILDIR.glob("new/*"), key=lambda path: path.stat().st_mtime_ns)
    return [message for path in paths if isinstance(message := _read(path), EmailMessage)]


def _read(path: Path) -> object:
    return message_from_bytes(path.read_bytes(), policy=mail_policy)


def title_of(published: Published) -> str:
    """A title as a reader sees it."""
    return plain(html.unescape(published.version.title))


def plain(text: str) -> str:
    """One spelling for what papers spell differently: apostrophes and spaces."""
    return " ".join(text.replace("’", "'").split())


# ── the tour ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def show(newsroom: Newsroom) -> int:
    """What happened, told by the commands anyone would use; then the verdict."""
    asked = [tour(title, *arguments) for title, arguments in TOUR]
    show_a_mail()
    status = verdict(newsroom) if all(asked) else failed("a command of the tour failed")
    what_next(newsroom)
    return status


TOUR: tuple[tuple[str, Sequence[str]], ...] = (
    ("The state of things", ["status"]),
    (
        "Every article once, in the language it is written in",
        ["sql", "SELECT language, count(*) AS articles FROM articles GROUP BY language ORDER BY articles DESC"],
    ),
    (
        "Carried by several feeds, kept once, alerted once",
        [
            "sql",
            "SELECT a.title, group_concat(DISTINCT s.feed) AS carried_by FROM articles AS a JOIN sightings AS s "
            "ON s.article = a.id GROUP BY a.id HAVING count(DISTINCT s.feed) > 1 ORDER BY a.id",
        ],
    ),
    (
        "Corrected by its paper: what it said before, what it says now",
        [
            "sql",
            "SELECT r.title AS before, a.title AS now FROM revisions AS r JOIN articles AS a ON a.id = r.article "
            "WHERE r.title <> a.title ORDER BY r.id",
        ],
    ),
    ("Stories: one text, whoever carries it, cut or under another title", ["stories"]),
    ("Events: reports of one thing, each newsroom in its own words", ["stories", "--events"]),
    ("Why an article is what it is, by any link to it", ["explain", f"{EXPLAINED}?utm_source=newsletter"]),
    ("The alerts", ["alerts", "list"]),
    ("The rule language also searches", ["search", "@OTAN NEAR/12 ukrain*", "--lang", "en"]),
)


def tour(title: str, *arguments: str) -> bool:
    """Runs one command and shows it with what it prints. Whether it ended well."""
    heading(title)
    print(f"$ monitor {shlex.join(arguments)}\n", flush=True)
    command = [sys.executable, "-m", "monitor", "-q", "--config", str(CONFIG), *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode == 0


def show_a_mail() -> None:
    """One of the mails, as text."""
    heading("One of the mails")
    chosen = next((mail for mail in mails() if mail["X-Monitor-Rule"] == "OTAN"), None)
    if chosen is None:
        print("there is none")
        return
    for name in ("From", "To", "Subject", "Date"):
        print(f"  {name}: {chosen[name]}")
    body = chosen.get_body(preferencelist=("plain",))
    print("\n" + textwrap.indent(body.get_content() if body else "", "  "))


def verdict(newsroom: Newsroom) -> int:
    """Compares the mails with what the articles call for; gives the exit status."""
    heading("The verdict")
    wanted, came = Counter(expected(newsroom)), arrived()
    answers = newsroom.answers
    print(f"{answers.total()} requests to the newsroom, {answers[304]} answered 304 (nothing new, nothing sent)")
    missing, surplus = wanted - came, came - wanted
    if not missing and not surplus:
        print(f"{came.total()} alerts expected, the same {came.total()} arrived: each once, and no others")
        return 0
    for (rule, title), count in sorted(missing.items()):
        print(f"- missing     {rule}: {title}" + (f" ({count} times)" if count > 1 else ""))
    for (rule, title), count in sorted(surplus.items()):
        print(f"+ unexpected  {rule}: {title}" + (f" ({count} times)" if count > 1 else ""))
    return failed(f"{wanted.total()} alerts were expected, {came.total()} arrived")


def what_next(newsroom: Newsroom) -> None:
    """Where things lie and what to try."""
    heading("To look around")
    monitor = f"{os.path.relpath(Path(sys.executable).parent / 'monitor', ROOT)} --config demo/feeds.yaml"
    tries: Mapping[str, str] = {
        "search 'title:ukrain* NOT @OTAN'": "search with the language of the rules",
        "search 'україн*' --json": "the same for machines",
        "sql --list": "questions the archive answers by name",
        'sql "SELECT feed, outcome, count(*) FROM polls GROUP BY 1, 2"': "and any of your own",
        "rules list": "the rules and how often each matched",
        "feeds list": "the feeds and their state",
        "explain 1": "why an article is what it is, by its number",
    }
    width = max(map(len, tries))
    for arguments, why in tries.items():
        print(f"  {monitor} {arguments:<{width}}  # {why}")
    print("\n  demo/feeds.yaml   the configuration: change it, it is yours")
    print("  demo/archive.db   the archive, an SQLite file")
    print("  demo/maildir/     the mails: mutt -f demo/maildir, or any mail program that reads a maildir")


# ── on the screen ────────────────────────────────────────────────────────────────────────────────────────────────────

_COLOURED = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
_PRINTING = threading.Lock()


def say(who: str, line: str, *more: str, style: str) -> None:
    """One line of what goes on, after its speaker's name, and what more there is to say of it."""
    lines = [f"{who:>8} │ {line}", *(f"{'':>8} │   {each}" for each in more)]
    with _PRINTING:
        print("\n".join(f"\x1b[{style}m{each}\x1b[0m" if _COLOURED else each for each in lines), flush=True)


def heading(text: str) -> None:
    """A line above what follows."""
    rule = "─" * max(100 - len(text), 3)
    print(f"\n\x1b[1m── {text} {rule}\x1b[0m\n" if _COLOURED else f"\n── {text} {rule}\n", flush=True)


def failed(why: str) -> int:
    """Says why the demonstration failed; gives the exit status."""
    print(f"\nThe demonstration failed: {why}", flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
