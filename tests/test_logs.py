"""One event, one line, no secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator, Mapping

import pytest
import structlog

from monitor import logs, urls


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def configured(
    *,
    verbosity: int = 0,
    format: str | None = None,
    environ: Mapping[str, str] | None = None,
    stream: io.StringIO | None = None,
) -> io.StringIO:
    """Configures logging to a stream and gives the stream."""
    stream = stream or io.StringIO()
    logs.configure(verbosity=verbosity, format=format, environ=environ or {}, stream=stream)
    return stream


JOURNAL = {"JOURNAL_STREAM": "8:12345"}


# ── forms ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_event_is_its_words_and_then_its_facts() -> None:
    stream = configured(environ=JOURNAL)

    logs.get().info("poll done", feed="courrier", status=200, new=3, took_ms=412)

    assert stream.getvalue() == "<6>poll done feed=courrier status=200 new=3 took_ms=412\n"


@pytest.mark.parametrize(
    ("method", "priority"),
    [
        pytest.param("debug", "<7>", id="debug is syslog debug"),
        pytest.param("info", "<6>", id="info is syslog info"),
        pytest.param("warning", "<4>", id="warning is syslog warning"),
        pytest.param("error", "<3>", id="error is syslog err"),
        pytest.param("critical", "<2>", id="critical is syslog crit"),
    ],
)
def test_the_journal_gets_a_priority_with_every_line(method: str, priority: str) -> None:
    stream = configured(environ=JOURNAL, verbosity=1)

    getattr(logs.get(), method)("feed silent")

    assert stream.getvalue() == f"{priority}feed silent\n"


def test_a_file_gets_the_time_in_utc_and_the_level() -> None:
    stream = configured()

    logs.get().warning("poll failed", feed="courrier")

    time, rest = stream.getvalue().split(" ", 1)
    assert time.endswith("Z")
    assert len(time) == len("2026-11-22T12:00:07Z")
    assert rest == "warning poll failed feed=courrier\n"


def test_a_terminal_gets_colours() -> None:
    stream = configured(stream=Terminal())

    logs.get().warning("poll failed", feed="courrier")

    assert "\x1b[33mwarning poll failed\x1b[0m" in stream.getvalue()


def test_no_color_is_obeyed() -> None:
    stream = configured(stream=Terminal(), environ={"NO_COLOR": "1"})

    logs.get().warning("poll failed", feed="courrier")

    assert "\x1b" not in stream.getvalue()
    assert stream.getvalue().endswith(" warning poll failed feed=courrier\n")


def test_a_terminal_that_inherited_the_journals_variable_is_still_a_terminal() -> None:
    stream = configured(stream=Terminal(), environ=JOURNAL)

    logs.get().info("poll done")

    assert "<6>" not in stream.getvalue()


def test_json_lines_keep_numbers_as_numbers() -> None:
    stream = configured(format="json")

    logs.get().info("poll done", feed="courrier", status=None, new=3, gap=False)

    line = json.loads(stream.getvalue())
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "event": "poll done",
        "feed": "courrier",
        "status": None,
        "new": 3,
        "gap": False,
    }


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match='"xml" is not one of text, logfmt, json'):
        configured(format="xml")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param("courrier", "courrier", id="a plain word stands bare"),
        pytest.param("connection refused", '"connection refused"', id="a space asks for quotes"),
        pytest.param('a "b"', r'"a \"b\""', id="quotes are escaped"),
        pytest.param(r"C:\x", r'"C:\\x"', id="a backslash is escaped"),
        pytest.param("", '""', id="nothing is seen to be nothing"),
        pytest.param(None, "-", id="an absent value is a dash"),
        pytest.param(True, "yes", id="true is yes"),
        pytest.param("Вісник Дніпра", '"Вісник Дніпра"', id="letters of all scripts stay"),
        pytest.param("x" * 1_001, "x" * 1_000 + "…", id="an endless value is cut"),
    ],
)
def test_a_value_reads_back_as_one_value(value: object, written: str) -> None:
    stream = configured(environ=JOURNAL)

    logs.get().info("seen", value=value)

    assert stream.getvalue() == f"<6>seen value={written}\n"


# ── verbosity and the libraries ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("verbosity", "heard"),
    [
        pytest.param(-1, ["warning"], id="quiet lets warnings through"),
        pytest.param(0, ["info", "warning"], id="the default adds the events of the day"),
        pytest.param(1, ["debug", "info", "warning"], id="verbose adds the rest"),
    ],
)
def test_verbosity_chooses_what_is_heard(verbosity: int, heard: list[str]) -> None:
    stream = configured(environ=JOURNAL, verbosity=verbosity)

    for method in ("debug", "info", "warning"):
        getattr(logs.get(), method)(method)

    assert [line[3:] for line in stream.getvalue().splitlines()] == heard


def test_configuring_again_moves_every_line_to_the_new_stream() -> None:
    log = logs.get()
    first = configured(environ=JOURNAL)
    log.info("one")
    second = configured(environ=JOURNAL)
    log.info("two")

    assert first.getvalue() == "<6>one\n"
    assert second.getvalue() == "<6>two\n"


def test_a_librarys_warning_takes_the_same_form() -> None:
    stream = configured(environ=JOURNAL)

    logging.getLogger("apscheduler.scheduler").warning("Run time of job %s was missed", "tick")

    assert stream.getvalue() == "<4>Run time of job tick was missed\n"


@pytest.mark.parametrize("library", ["httpx", "httpcore.connection", "apscheduler.executors.default", "asyncio"])
def test_a_librarys_chatter_is_left_out_even_when_verbose(library: str) -> None:
    stream = configured(environ=JOURNAL, verbosity=2)

    logging.getLogger(library).info("HTTP Request: GET https://gazette.example/rss.xml")

    assert stream.getvalue() == ""


# ── hostile values ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("format", ["text", "logfmt", "json"])
@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("x\n<6>all is well", id="a line feed would forge a second line"),
        pytest.param("x\r\x1b[2Jgone", id="an escape sequence would wipe the screen"),
        pytest.param("x\u202eevil", id="a direction override would turn the text around"),
        pytest.param("x\u2028y\x85z", id="Unicode has line ends of its own"),
        pytest.param("x\x9b31mred", id="the one-byte form of an escape sequence is one too"),
        pytest.param("x\ud800y", id="a lone surrogate cannot be written"),
    ],
)
def test_one_event_is_one_printable_line(format: str, hostile: str) -> None:
    stream = configured(format=format)

    logs.get().warning(f"said {hostile}", title=hostile)

    written = stream.getvalue()
    assert written.endswith("\n")
    assert len(written.splitlines()) == 1
    assert written.rstrip("\n").isprintable()
    written.encode()


def test_json_gives_back_what_was_logged() -> None:
    stream = configured(format="json")

    logs.get().info("seen", title="x\n\x1b[2J\u202e«é»")

    assert json.loads(stream.getvalue())["title"] == "x\n\x1b[2J\u202e«é»"


def test_a_traceback_is_one_line_in_the_journal() -> None:
    stream = configured(environ=JOURNAL)

    try:
        raise RuntimeError("first\nsecond")
    except RuntimeError:
        logs.get().exception("poll failed in an unforeseen way", host="gazette.example")

    [line] = stream.getvalue().splitlines()
    assert line.startswith('<3>poll failed in an unforeseen way host=gazette.example exception="Traceback')
    assert r"RuntimeError: first\nsecond" in line


def test_a_traceback_cannot_pose_as_an_event_on_a_terminal() -> None:
    stream = configured(format="text")

    try:
        raise RuntimeError("x\n12:00:00 all is well\x1b[2J")
    except RuntimeError:
        logs.get().exception("poll failed")

    first, *below = stream.getvalue().splitlines()
    assert first.endswith("error poll failed")
    assert all(line.startswith("  | ") for line in below)
    assert r"  | 12:00:00 all is well\u001b[2J" in below


# ── credentials ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        pytest.param("https://joe:s3cret@a.example/f", "https://***@a.example/f", id="user and password"),
        pytest.param("https://joe@a.example/f", "https://***@a.example/f", id="a user alone may be a token"),
        pytest.param("smtp://joe:p@ss@a.example:25", "smtp://***@a.example:25", id="an at sign in the password"),
        pytest.param(
            "https://a.example/f?id=3&token=s3cret&x=1", "https://a.example/f?id=3&token=***&x=1", id="a token"
        ),
        pytest.param("https://a.example/?API_Key=s3cret", "https://a.example/?API_Key=***", id="any case, any prefix"),
        pytest.param("https://a.example/?apikey=s3cret#top", "https://a.example/?apikey=***#top", id="apikey"),
        pytest.param("https://a.example/?password=s3'cret", "https://a.example/?password=***", id="a raw quote"),
        pytest.param("https://a.example/?secret=a%20b", "https://a.example/?secret=***", id="secret"),
        pytest.param("https://a.example/?X-Amz-Signature=0f", "https://a.example/?X-Amz-Signature=***", id="signed"),
        pytest.param("https://a.example/?a=1&amp;sig=0f", "https://a.example/?a=1&amp;sig=***", id="escaped for HTML"),
        pytest.param(
            "GET https://j:p@a.example/x and https://k:q@b.example/y",
            "GET https://***@a.example/x and https://***@b.example/y",
            id="every address in a sentence",
        ),
        pytest.param("mail desk@example.org", "mail desk@example.org", id="a mail address stays"),
        pytest.param("https://a.example/@joe?keyword=x", "https://a.example/@joe?keyword=x", id="an innocent address"),
    ],
)
def test_credentials_are_hidden_in_every_url(text: str, redacted: str) -> None:
    assert urls.redacted(text) == redacted


@pytest.mark.parametrize("format", ["text", "logfmt", "json"])
def test_no_credential_reaches_a_line_by_any_way(format: str) -> None:
    stream = configured(format=format)
    url = "https://joe:s3cret@a.example/f?token=s3cret"

    logs.get().info(f"asking {url}", url=url, tried=[url], settings={"url": url})
    logging.getLogger("httpx").warning("HTTP Request: GET %s", url)
    try:
        raise RuntimeError(f"no answer from {url}")
    except RuntimeError:
        logs.get().exception("poll failed")

    assert "s3cret" not in stream.getvalue().replace('raise RuntimeError(f"no answer from {url}")', "")
    assert stream.getvalue().count("a.example") >= 6
