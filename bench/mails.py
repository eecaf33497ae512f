"""The mails there are, as a reader meets them: samples, screenshots, what a terminal shows, what a spam filter says.

    python bench/mails.py [--out FOLDER] [--only NAME] [--no-screenshots] [--no-scores]

Writes a folder of samples: each mail whole (.eml), its two bodies, its HTML in headless Chromium on a phone (390 px
wide) and on a desk (1,280 px), light and dark, and `index.html` to leaf through them. SpamAssassin (`spamassassin -L`:
without network, so without block lists and DKIM) scores each as it leaves us, before any server has
put its mark on it; the default mails must stay below 1. What is not
installed is said and left out. On Debian: apt install chromium spamassassin w3m fonts-noto-core fonts-noto-cjk
"""

from __future__ import annotations

import argparse
import email
import email.policy
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from monitor.model import (
    Bundle,
    Condition,
    End,
    FeedTrouble,
    House,
    LanguageGuess,
    Notice,
    Outcome,
    Pulse,
    Reader,
    RuleSpec,
    TellingArticle,
    Trend,
    Waiting,
)
from monitor.render import Job, channel_test, compose, message_id, notice_message
from monitor.text import excerpt

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "mails"
NOW = datetime(2026, 11, 22, 12, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOUSE = House(contact="desk@newsroom.example", sender="monitor@newsroom.example", timezone="Europe/Paris")
READER = "claire@newsroom.example"
WIDTHS = {"phone": 390, "desk": 1280}  # px
SCHEMES = {"light": 1, "dark": 0}  # what Blink's setting `preferredColorScheme` calls them
MOST_POINTS = 1.0  # of SpamAssassin, for the mails that everybody gets
DEFAULT = ("story", "digest", "notice", "heartbeat")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# ── what there is to tell of ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Report:
    """An article for a sample."""

    language: str
    outlet: str
    country: str | None
    title: str
    text: str
    words: tuple[str, ...]


FRENCH = Report(
    "fr",
    "Le Courrier du Quai",
    "FR",
    "L’OTAN réunit ses ministres à Bruxelles : l’Ukraine au menu, la facture aussi",
    "Les ministres des Affaires étrangères de l’OTAN se réunissent mardi à Bruxelles pour parler de l’Ukraine. "
    "Il sera question de livraisons d’armes, de formation et d’argent, a dit un porte-parole dimanche.\n"
    "« Nous aiderons aussi longtemps qu’il le faudra », a-t-il ajouté. Plusieurs capitales demandent pourtant qui "
    "paiera, et quand : une première estimation parle de 5 % de plus que prévu l’an passé.",
    ("OTAN", "Ukraine"),
)
ENGLISH = Report(
    "en",
    "The Harbour Gazette",
    "GB",
    "NATO ministers meet on Ukraine as winter sets in",
    "Foreign ministers of the alliance will meet in Brussels on Tuesday. Ukraine’s air defence comes first on the "
    "list, two diplomats said, and who pays for it second.\nA decision is not expected before December.",
    ("NATO", "Ukraine"),
)
UKRAINIAN = Report(
    "uk",
    "Вісник",
    "UA",
    "Міністри країн НАТО зберуться у Брюсселі, щоб обговорити допомогу Україні",
    "Міністри закордонних справ країн НАТО зберуться у вівторок у Брюсселі. Об’єднання зусиль — єдиний шлях, "
    "заявили у Києві. Йдеться про зброю, навчання та гроші для України.",
    ("НАТО", "Україні", "України"),
)
ARABIC = Report(
    "ar",
    "صحيفة الميناء",
    "QA",
    "وزراء خارجية الناتو يجتمعون في بروكسل لبحث دعم أوكرانيا",
    "يجتمع وزراء خارجية دول الناتو يوم الثلاثاء في بروكسل لبحث دعم أوكرانيا. وقال متحدث إن المحادثات ستتناول "
    "الأسلحة والتدريب والتمويل (5% أكثر من العام الماضي).\nولم يصدر تعليق من موسكو حتى الآن.",
    ("الناتو", "أوكرانيا"),
)
HEBREW = Report(
    "he",
    "עיתון הנמל",
    "IL",
    "NATO: שרי החוץ ייפגשו בבריסל כדי לדון באוקראינה",
    "שרי החוץ של מדינות NATO ייפגשו ביום שלישי בבריסל. על הפרק: נשק, הכשרה וכסף לאוקראינה.",
    ("NATO", "באוקראינה", "לאוקראינה"),
)
CHINESE = Report(
    "zh",
    "港口日报",
    "CN",
    "北约外长将在布鲁塞尔讨论乌克兰局势",
    "北约成员国外长将于周二在布鲁塞尔举行会议，讨论对乌克兰的军事援助、培训和资金问题。发言人周日表示，"
    "初步估计费用将比去年高出百分之五。\n莫斯科方面尚未作出回应。",
    ("北约", "乌克兰"),
)
LONG = replace(
    FRENCH,
    title="« Nous aiderons aussi longtemps qu’il le faudra » : à Bruxelles, les ministres de l’OTAN promettent des "
    "armes, des instructeurs et de l’argent à l’Ukraine, mais personne ne veut encore dire qui paiera, combien, ni "
    "quand, et plusieurs capitales, de Madrid à Bratislava, réclament une nouvelle répartition dès le sommet de juin",
    text="https://courrier.example/" + "tres-long-chemin/" * 9 + " dit tout de l’Ukraine. " + FRENCH.text,
)
DEEP = replace(
    ENGLISH,
    title="What the council does this week",
    text="The council meets on Monday about parking, and on Wednesday about the new library. " * 12
    + "On Friday it hears a report on refugees from Ukraine.",
    words=("Ukraine",),
)
REPORTS = (FRENCH, ENGLISH, UKRAINIAN, ARABIC, CHINESE, HEBREW)
PAPERS = tuple(
    f"{name} {kind}"
    for name in ("Quai", "Harbour", "Elbe", "Léman")
    for kind in ("Courrier", "Gazette", "Echo", "Anzeiger", "Post", "Tribune", "Journal", "Observer", "Times", "Bote")
)


def article(number: int, report: Report, **given: object) -> TellingArticle:
    """An alert's article, as the archive would give it."""
    spans = [found.span() for found in re.finditer("|".join(map(re.escape, report.words)), report.text)]
    at = NOW - timedelta(minutes=7 + 19 * number)
    return replace(
        TellingArticle(
            alert=number,
            kind="article",
            rule="OTAN et Ukraine",
            story=number,
            article=number,
            identity=f"quai {number}",
            feed="quai",
            outlet=report.outlet,
            country=report.country,
            title=report.title,
            lead=report.text,
            is_whole=True,
            link=f"https://news.example/2026/11/22/{number}?ref=rss&lang={report.language}",
            authors=("Claire Martin", "AFP") if report is FRENCH else (),
            language=LanguageGuess(language=report.language, confidence=0.98, source="detected"),
            published_at=at,
            published_source="published",
            first_seen_at=at + timedelta(minutes=4),
            excerpt=excerpt(report.text, spans),
            words=report.words,
            score=1.0,
            relation=None,
            before=None,
            outlets=(report.outlet,),
        ),
        **given,
    )


def job(kind: str, *articles: TellingArticle, why: str = "group", language: str = "en", **given: object) -> Job:
    """What a message is made of."""
    is_of_rule = kind in ("story", "followup", "group", "summary")
    bundle = Bundle(
        kind=kind,
        channel="desk",
        recipient=READER,
        why=why,
        deliveries=tuple(_waiting(each, why) for each in articles),
        rule=articles[0].rule if is_of_rule else None,
        digest="morning" if kind == "digest" else None,
    )
    rules = {each.rule: RuleSpec(name=each.rule, query="Ukraine", channels=("desk",)) for each in articles}
    values = {"bundle": bundle, "articles": articles, "form": "mail", "house": HOUSE, "now": NOW, "rules": rules}
    reader = Reader(language=language, timezone="Europe/Paris" if language == "fr" else "Europe/London")
    return Job(**{"reader": reader, **values, **given})


def _waiting(told: TellingArticle, why: str) -> Waiting:
    return Waiting(
        id=told.alert,
        alert=told.alert,
        rule=told.rule,
        story=told.story,
        channel="desk",
        recipient=READER,
        created_at=NOW,
        due_at=None,
        why=why,
        digest="morning" if why == "digest" else None,
    )


def several(count: int, **given: object) -> tuple[TellingArticle, ...]:
    """Articles in the languages there are, in turn."""
    return tuple(article(number, REPORTS[number % len(REPORTS)], **given) for number in range(1, count + 1))


def digest_articles() -> tuple[TellingArticle, ...]:
    """Two rules; one story with a version and a copy beside it, and one that forty papers carry."""
    first = article(1, FRENCH, outlets=(FRENCH.outlet, "Le Phare", "Elbe Post"))
    return (
        first,
        article(2, replace(FRENCH, outlet="Le Phare"), story=1, relation="copy"),
        article(3, replace(ENGLISH, outlet="Elbe Post"), story=1, relation="update"),
        article(4, UKRAINIAN),
        article(5, ARABIC),
        article(6, CHINESE),
        article(7, HEBREW),
        article(8, ENGLISH, rule="Winter", words=("winter",), outlets=(ENGLISH.outlet, *PAPERS)),
        article(9, DEEP, rule="Winter", words=("refugees",), published_at=None, published_source="none"),
    )


def notice() -> Notice:
    """What the operator is told."""
    trouble = FeedTrouble(
        feed="gazette",
        title="The Harbour Gazette",
        outcome=Outcome.BLOCKED,
        status=403,
        failures=6,
        since=NOW - timedelta(hours=7),
        error="the server refuses the request: 403 Forbidden",
        next_poll_at=NOW + timedelta(hours=2),
        reported_at=None,
    )
    away = replace(
        trouble,
        feed="elbe",
        title="Elbe",
        outcome=Outcome.TIMEOUT,
        status=None,
        error="no answer within 30 seconds",
    )
    back = replace(trouble, feed="leman", title="Le Léman", failures=0, since=None, reported_at=NOW - timedelta(days=2))
    ago = timedelta(days=3)
    begun = (
        Condition(kind="channel_down", subject="desk", since=NOW - HOUR, error="mail.example:25: connection refused"),
        Condition(kind="feed_silent", subject="phare", since=NOW - ago, usual=34.2),
        Condition(kind="rule_spike", subject="OTAN et Ukraine", since=NOW, count=181, usual=42.5),
    )
    ended = (Condition(kind="rule_silent", subject="Winter", since=NOW - 3 * ago, usual=2.5, told_at=NOW - ago),)
    return Notice(
        failing=(trouble, away), working=(back,), storms=(("phare", 212),), begun=begun, ended=ended, feeds=42
    )


def heartbeat(**given: Any) -> Notice:
    """What the operator is told every morning."""
    pulse = Pulse(
        since=NOW - timedelta(days=1),
        feeds=42,
        failing=0,
        articles=1310,
        sent=17,
        waiting=0,
        queued=0,
        dead=0,
        coverage=0.9987,
        gaps=(),
        conditions=(),
    )
    return Notice(pulse=replace(pulse, **given), feeds=42)


def samples() -> Iterator[tuple[str, bytes]]:
    """Each mail there is, by name."""

    def mail(name: str, given: Job) -> tuple[str, bytes]:
        return name, compose(given).message

    carried = (FRENCH.outlet, *PAPERS)
    thread = (message_id("1", contact=HOUSE.contact), message_id("2", contact=HOUSE.contact))
    yield mail("story", job("story", article(1, ENGLISH, outlets=(ENGLISH.outlet, "Elbe Post"))))
    yield mail("story-fr", job("story", article(1, FRENCH), language="fr"))
    yield mail("story-ar", job("story", article(1, ARABIC)))
    yield mail("story-he", job("story", article(1, HEBREW), language="fr"))
    yield mail("story-zh", job("story", article(1, CHINESE)))
    yield mail("story-uk", job("story", article(1, UKRAINIAN), language="fr"))
    yield mail("story-long", job("story", article(1, LONG), language="fr"))
    yield mail("story-deep", job("story", article(1, DEEP, published_at=None, published_source="none")))
    yield mail("story-40-carriers", job("story", article(1, FRENCH, outlets=carried), language="fr"))
    new_version = article(2, FRENCH, kind="revision", before="L’OTAN réunit ses ministres", outlets=carried[:3])
    yield mail("followup", job("followup", new_version, why="followup", answers=thread))
    yield mail("followup-fr", job("followup", new_version, why="followup", answers=thread, language="fr"))
    yield mail("group", job("group", *several(4)))
    yield mail("group-fr", job("group", *several(4), language="fr"))
    summary = job("summary", *several(6), why="burst", answers=thread[:1], told_lately=31)
    yield mail("summary", summary)
    yield mail("overflow", job("overflow", *several(5), why="quiet"))
    yield mail("overflow-fr", job("overflow", *several(5), why="cap", language="fr"))
    trends = (Trend(rule="OTAN et Ukraine", matches=7, usual=2.5), Trend(rule="Winter", matches=2, usual=9.0))
    yield mail("digest", job("digest", *digest_articles(), why="digest", trends=trends))
    yield mail("digest-fr", job("digest", *digest_articles(), why="digest", trends=trends, language="fr"))
    yield mail("digest-200", job("digest", *several(200), why="digest"))
    yield mail("digest-empty", job("digest", why="digest"))
    ill = heartbeat(failing=2, dead=3, waiting=4, gaps=(("gazette", 2),), coverage=0.93, conditions=notice().begun)
    end = End(host="news", unit="monitor.service", since=NOW, why="exit-code exited 69", log=("the disk is full",) * 3)
    for language in ("en", "fr"):
        reader = Reader(language=language)
        for name, told in {
            "notice": notice(),
            "heartbeat": heartbeat(),
            "heartbeat-ill": ill,
            "ended": Notice(end=end, feeds=42),
            "again": Notice(end=replace(end, is_over=True), feeds=42),
        }.items():
            mail_id = message_id(name, language, contact=HOUSE.contact)
            given = {"mail_id": mail_id, "house": HOUSE, "recipient": READER, "now": NOW, "reader": reader}
            yield name if language == "en" else f"{name}-fr", notice_message(notice=told, **given)  # type: ignore[arg-type]
        mail_id = message_id("test", language, contact=HOUSE.contact)
        yield (
            "test" if language == "en" else "test-fr",
            channel_test(mail_id=mail_id, channel="desk", house=HOUSE, recipient=READER, now=NOW, reader=reader),
        )
    broken = replace(HOUSE, templates=(("story.html.j2", "{{ nothing_like_it }}"),))
    yield mail("stub", job("story", article(1, FRENCH), house=broken))


# ── what a reader's program makes of them ────────────────────────────────────────────────────────────────────────────


def bodies(mail: bytes) -> tuple[str, str | None]:
    """The plain and the HTML body; None: there is none, as in a stub."""
    message = email.message_from_bytes(mail, policy=email.policy.default)
    plain, rich = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    return plain.get_content().replace("\r\n", "\n"), rich.get_content() if rich else None


def subject(mail: bytes) -> str:
    """The subject, decoded."""
    return str(email.message_from_bytes(mail, policy=email.policy.default)["Subject"])


def screenshots(folder: Path, names: Sequence[str]) -> None:
    """Each HTML body in headless Chromium: NAME-phone-light.png and so on, as high as it is."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("no screenshots: Chromium is not installed (apt install chromium)")
        return
    with tempfile.TemporaryDirectory() as profile:
        chromium = [browser, "--headless", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={profile}"]
        heights = _heights(chromium, folder, names)
        for name in names:
            for device, width in WIDTHS.items():
                for scheme, setting in SCHEMES.items():
                    picture = folder / f"{name}-{device}-{scheme}.png"
                    picture.unlink(missing_ok=True)
                    _run(
                        [
                            *chromium,
                            f"--blink-settings=preferredColorScheme={setting}",
                            f"--window-size={width},{min(heights[f'{name}-{device}'], 8000)}",
                            f"--screenshot={picture}",
                            (folder / f"{name}.html").as_uri(),
                        ]
                    )
                    if not picture.exists():
                        sys.exit(f"Chromium took no picture of {name}")


def _heights(chromium: Sequence[str], folder: Path, names: Sequence[str]) -> dict[str, int]:
    """How high each body is on each device, in px. A window is at least 500 px wide, but a frame may be a phone's."""
    frames = "".join(
        f'<iframe id="{name}-{device}" style="border:0;width:{width}px" '
        f'srcdoc="{html.escape((folder / f"{name}.html").read_text(), quote=True)}"></iframe>'
        for name in names
        for device, width in WIDTHS.items()
    )
    script = """
        const heights = {};
        for (const frame of document.querySelectorAll("iframe"))
          heights[frame.id] = frame.contentDocument.documentElement.scrollHeight;
        document.body.textContent = JSON.stringify(heights);
    """
    page = folder / "heights.html"
    page.write_text(f'<!DOCTYPE html><meta charset="utf-8"><body>{frames}<script>onload = () => {{{script}}}</script>')
    dumped = _run([*chromium, "--dump-dom", page.as_uri()])
    page.unlink()
    found = re.search(r"<body>(\{.*\})</body>", dumped)
    if found is None:
        sys.exit("Chromium did not say how high the mails are")
    heights: dict[str, int] = json.loads(found[1])
    return heights


def in_a_terminal(folder: Path, names: Sequence[str]) -> None:
    """What a text browser makes of the HTML, for who reads mail in one: NAME.w3m."""
    if shutil.which("w3m") is None:
        print("HTML in a terminal: w3m is not installed (apt install w3m)")
        return
    for name in names:
        page = _run(["w3m", "-dump", "-cols", "80", "-T", "text/html", "-I", "UTF-8", str(folder / f"{name}.html")])
        (folder / f"{name}.w3m").write_text(page)


def spam_points(mail: bytes) -> tuple[float, list[str]]:
    """What SpamAssassin gives a mail, and the rules that make it up."""
    done = subprocess.run(["spamassassin", "--local", "--test-mode"], input=mail, capture_output=True, check=True)
    report = email.message_from_bytes(done.stdout)["X-Spam-Status"] or ""
    flat = " ".join(report.split())
    points, tests = re.search(r"score=(-?[\d.]+)", flat), re.search(r"tests=(.*?) (?:autolearn|version)", flat)
    if points is None or tests is None:
        sys.exit(f"SpamAssassin said something else: {flat or done.stderr.decode()}")
    return float(points[1]), [rule for rule in re.split(r"[,\s]+", tests[1]) if rule != "none"]


def judge(mails: Iterable[tuple[str, bytes]]) -> bool:
    """Prints what SpamAssassin says of each mail; whether the default ones are below the limit."""
    if shutil.which("spamassassin") is None:
        print("no scores: SpamAssassin is not installed (apt install spamassassin)")
        return True
    fine = True
    print(f"{'mail':20} {'points':>6}  rules of SpamAssassin")
    for name, mail in mails:
        points, rules = spam_points(mail)
        is_too_much = name in DEFAULT and points >= MOST_POINTS
        fine = fine and not is_too_much
        print(f"{name:20} {points:6.1f}  {', '.join(rules) or '-'}{'  TOO MUCH' if is_too_much else ''}")
    return fine


def _run(command: Sequence[str]) -> str:
    """What a command says. Chromium complains of much on the other stream that is nothing to us."""
    return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.decode("utf-8", "replace")


def index(folder: Path, mails: Sequence[tuple[str, bytes]]) -> None:
    """A page to leaf through all of them."""
    parts = []
    for name, mail in mails:
        pictures = "".join(
            f'<img src="{name}-{device}-{scheme}.png" alt="{device}, {scheme}" width="{min(width, 640)}">'
            for device, width in WIDTHS.items()
            for scheme in SCHEMES
            if (folder / f"{name}-{device}-{scheme}.png").exists()
        )
        parts.append(
            f"<h2>{name}</h2><p>{html.escape(subject(mail))} · {len(mail):,} bytes</p>"
            f"<details><summary>text</summary><pre>{html.escape(bodies(mail)[0])}</pre></details><div>{pictures}</div>"
        )
    style = "body{font-family:sans-serif;background:#bbb}div{display:flex;gap:8px;align-items:flex-start}"
    page = f'<!DOCTYPE html><meta charset="utf-8"><title>mails</title><style>{style}</style>{"".join(parts)}'
    (folder / "index.html").write_text(page)


def main() -> int:
    """Writes and judges them; 1 when a default mail has too many points."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=RESULTS, help="the folder (default: bench/results/mails)")
    parser.add_argument("--only", action="append", help="only the mail of this name; may be said again")
    parser.add_argument("--no-screenshots", action="store_true", help="without Chromium")
    parser.add_argument("--no-scores", action="store_true", help="without SpamAssassin")
    given = parser.parse_args()
    folder: Path = given.out.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    mails = [(name, mail) for name, mail in samples() if not given.only or name in given.only]
    shown = []
    for name, mail in mails:
        plain, rich = bodies(mail)
        (folder / f"{name}.eml").write_bytes(mail)
        (folder / f"{name}.txt").write_text(plain)
        if rich is not None:
            (folder / f"{name}.html").write_text(rich)
            shown.append(name)
    if not given.no_screenshots:
        screenshots(folder, shown)
    in_a_terminal(folder, shown)
    index(folder, mails)
    print(f"{len(mails)} mails in {folder}")
    return 0 if given.no_scores or judge(mails) else 1


if __name__ == "__main__":
    sys.exit(main())
