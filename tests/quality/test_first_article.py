"""One real French article, odd apostrophes and spacing included, from a feed item to the mail that it causes.

Run by itself it prints the report: `.venv/bin/python -m tests.quality.test_first_article`.
"""

from __future__ import annotations

import email
import email.policy
import tempfile
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape
from pathlib import Path

import pytest

from tests.commands import monitor
from tests.quality.material import DATA, configuration, needs_material, served
from tests.rss import item, rss

ARTICLE = DATA.parent / "seed-article.txt"
TITLE = "Des initiatives mondiales face à une offensive"

MATCHING = ["Ukraine", "OTAN", '"l\'OTAN"', "États-Unis", "Etats-Unis", "soldat*", "@OTAN"]
NOT_MATCHING = ["Iran", "note"]


@dataclass
class Trial:
    """What the article came to."""

    language: str
    confidence: float
    matched: set[str]  # rule names, which are the queries
    mails: dict[str, EmailMessage]  # by rule


def run_trial(folder: Path) -> Trial:
    """A first poll without the article, a second one with it, and what was delivered."""
    body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in ARTICLE.read_text().splitlines())
    old = item(1, title="Un autre sujet", description="Rien de tout cela.")
    article = item(2, title=TITLE, description=body)
    rules = "aliases: {OTAN: [OTAN, NATO, 'Alliance atlantique', НАТО, 北约]}\nrules:\n" + "".join(
        f"  - {{name: '{quoted}', query: '{quoted}', channels: [desk]}}\n"
        for quoted in (query.replace("'", "''") for query in MATCHING + NOT_MATCHING)
    )
    bodies = {"quotidien": rss(old, language="fr")}
    with served(bodies) as port:
        channels = "channels: {desk: {kind: email, to: [desk@example.org]}}"
        (folder / "feeds.yaml").write_text(configuration(["quotidien"], port, rules + channels))
        for body_ in (bodies["quotidien"], rss(article, old, language="fr")):
            bodies["quotidien"] = body_
            polled = monitor("poll", "--all", cwd=folder)
            assert polled.status == 0, polled.err
    monitor("deliver", cwd=folder)
    (row,) = monitor(
        "sql", f"SELECT language, language_confidence FROM articles WHERE title = '{TITLE}'", "--json", cwd=folder
    ).json()
    matched = monitor(
        "sql", f"SELECT rule FROM matches JOIN articles ON id = article WHERE title = '{TITLE}'", "--json", cwd=folder
    ).json()
    mails = {}
    for path in (folder / "db" / "maildir" / "new").iterdir():
        mail = email.message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=email.policy.default)
        mails[str(mail["X-Monitor-Rule"])] = mail
    return Trial(row["language"], row["language_confidence"], {each["rule"] for each in matched}, mails)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """One trial for all promises below."""
    return run_trial(tmp_path_factory.mktemp("first"))


@needs_material
def test_it_is_french_beyond_doubt(trial: Trial) -> None:
    assert trial.language == "fr"
    assert trial.confidence >= 0.95


@needs_material
def test_it_matches_what_a_reader_would_find_in_it_and_nothing_else(trial: Trial) -> None:
    assert trial.matched == set(MATCHING)


@needs_material
@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        ("OTAN", "militaire de l’*OTAN* près des frontières"),
        ('"l\'OTAN"', "militaire de *l’OTAN* près des frontières"),
        ("Ukraine", "l’invasion de l’*Ukraine* par la Russie"),
        ("États-Unis", "a accusé l’Ukraine et les *Etats-Unis* de mener"),
        ("soldat*", "plus de 94 000 *soldats* russes"),
        ("@OTAN", "la limitation de l’expansion de l’*Alliance atlantique*"),
    ],
)
def test_its_mail_shows_the_matched_words_where_they_stand(rule: str, shown: str, trial: Trial) -> None:
    part = trial.mails[rule].get_body(("plain",))

    assert part is not None
    assert shown in " ".join(part.get_content().split())


def main() -> None:
    """The report."""
    with tempfile.TemporaryDirectory() as folder:
        trial = run_trial(Path(folder))
    print(f"language {trial.language}, confidence {trial.confidence}")
    print(f"matched: {', '.join(sorted(trial.matched))}")
    print(f"not matched: {', '.join(sorted({*MATCHING, *NOT_MATCHING} - trial.matched))}")
    body = trial.mails["@OTAN"].get_body(("plain",))
    print(body.get_content() if body else "")


if __name__ == "__main__":
    main()
