"""What we say around the articles: whole in both languages, with the right numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest

import monitor
from monitor.render.notices import CONDITIONS
from monitor.render.words import _CALENDAR, _NAMES, _PHRASES, LANGUAGES, Words

ENGLISH, FRENCH = Words("en", "Europe/London"), Words("fr", "Europe/Paris")


def forms(key: str, language: int) -> tuple[str, ...]:
    """The one form of a phrase, or both."""
    phrase = _PHRASES[key][language]
    return phrase if isinstance(phrase, tuple) else (phrase,)


def places(text: str) -> set[str]:
    """What a phrase has filled in."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", _PHRASES)
def test_every_phrase_is_said_in_both_languages_with_the_same_things_in_it(key: str) -> None:
    assert len(_PHRASES[key]) == len(LANGUAGES)
    assert all(form.strip() == form != "" for language in (0, 1) for form in forms(key, language))
    english, french = places(forms(key, 0)[-1]), places(forms(key, 1)[-1])
    assert english == french


def test_every_phrase_that_is_asked_for_is_there_and_no_other() -> None:
    package = Path(monitor.__file__).parent
    pages = [*package.glob("web/*.py"), *package.glob("web/templates/*.html")]
    sources = [*package.glob("render/*.py"), *package.glob("templates/*.j2"), *pages]
    text = "".join(source.read_text(encoding="utf-8") for source in sources)

    asked = set(re.findall(r"""(?:words|self|\b[tw])\(\s*["']([a-z_0-9]+)["']""", text))
    asked |= {name for names in re.findall(r"""words\("(\w+)" if [^)]* else "(\w+)"\)""", text) for name in names}
    # What the pages ask for by a name that is put together: periods, states, relations, units.
    families = ("6h 24h 1d 3d 7d 30d 90d 365d all", "f_ok f_new f_failing f_blocked f_gone f_paused f_removed")
    families += ("r_copy r_cut r_retitled r_update r_report", "s_waiting s_queued s_sent s_dead s_joined")
    families += ("days hours minutes seconds", "story event", "bar_week")
    asked |= {f"web_{name}" for names in families for name in names.split()}
    asked -= {name for name in asked if name.endswith("_")}
    asked |= set(re.findall(r"\(\"/\w*\", \"(web_\w+)\"\)", text))
    reasons = ("mute", "quiet", "cap", "burst", "storm", "backlog")
    asked |= {f"{what}_{why}" for what in ("held", "topic") for why in reasons}
    asked |= {form for kind in CONDITIONS for form in (kind, f"said_{kind}", f"{kind}_over")}
    # What a notice is put together from is named first, in tables, and asked for further down.
    notices = (package / "render/notices.py").read_text(encoding="utf-8")
    asked |= set(re.findall(r"""["'](\w+)["']""", notices)) & set(_PHRASES)
    assert asked == set(_PHRASES)


def test_french_sets_no_line_end_before_its_punctuation() -> None:
    for key in _PHRASES:
        for form in forms(key, 1):
            said = FRENCH(key, n=2, **dict.fromkeys(places(form) - {"n"}, "x"))
            assert not re.search(r" [:;!?»%]|« ", said), key


@pytest.mark.parametrize(
    ("n", "english", "french"),
    [
        pytest.param(0, "0 stories", "0 sujet", id="none"),
        pytest.param(1, "1 story", "1 sujet", id="one"),
        pytest.param(2, "2 stories", "2 sujets", id="two"),
        pytest.param(12_345, "12,345 stories", "12\u202f345 sujets", id="many"),
    ],
)
def test_what_is_counted_has_its_plural(n: int, english: str, french: str) -> None:
    assert (ENGLISH("stories", n=n), FRENCH("stories", n=n)) == (english, french)


@pytest.mark.parametrize(
    ("n", "english", "french"),
    [(2.5, "2.5", "2,5"), (0.04, "0.0", "0,0"), (9.0, "9", "9"), (10.4, "10", "10"), (1234.5, "1,234", "1\u202f234")],
)
def test_numbers_are_written_as_the_language_does(n: float, english: str, french: str) -> None:
    assert (ENGLISH.number(n), FRENCH.number(n)) == (english, french)


def test_names_beyond_the_first_are_counted() -> None:
    assert ENGLISH.names(["a", "b", "c"], 3) == "a, b, c"
    assert ENGLISH.names(["a", "b", "c"], 2) == "a, b and 1 more"
    assert FRENCH.names(["a", "b", "c"], 2) == "a, b et 1 autre"
    assert FRENCH.names(["a", "b", "c"], 1) == "a et 2 autres"


@pytest.mark.parametrize(
    ("at", "english", "french"),
    [
        pytest.param(
            datetime(2026, 1, 5, 23, 30, tzinfo=UTC),
            "Mon 5 Jan 2026, 23:30 GMT",
            "mar. 6 janv. 2026, 00:30 CET",
            id="midnight",
        ),
        pytest.param(
            datetime(2026, 8, 1, 12, tzinfo=UTC),
            "Sat 1 Aug 2026, 13:00 BST",
            "sam. 1 août 2026, 14:00 CEST",
            id="summer",
        ),
    ],
)
def test_an_instant_is_what_the_readers_clock_showed(at: datetime, english: str, french: str) -> None:
    assert (ENGLISH.moment(at), FRENCH.moment(at)) == (english, french)


def test_both_calendars_and_both_tables_of_languages_are_whole() -> None:
    assert {(len(days), len(months)) for days, months in _CALENDAR.values()} == {(7, 12)}
    assert _NAMES["en"].keys() == _NAMES["fr"].keys()
    assert set(_CALENDAR) == set(_NAMES) == set(LANGUAGES)
