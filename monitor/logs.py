"""Logging: one event, one line, without secrets, in the form the place it goes to reads best.

    a terminal        12:00:07 poll done feed=courrier status=200 new=3 took_ms=41
    a file or a pipe  2026-11-22T12:00:07Z info poll done feed=courrier status=200 new=3 took_ms=41
    the journal       <6>poll done feed=courrier status=200 new=3 took_ms=41
    json              {"time": "2026-11-22T12:00:07Z", "level": "info", "event": "poll done", "feed": "courrier", …}

What a feed or a server says reaches the log in field values and in the text of exceptions. Before a line is written,
credentials are taken out of its URLs, and control characters, escape sequences and direction overrides are shown
instead of obeyed. The journal's `<6>` is a syslog priority (sd-daemon(3)).
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from monitor.urls import redacted

# These tell of every request and every job at INFO; our own lines say the same once, with the feed's name.
_CHATTY = ("apscheduler", "asyncio", "httpcore", "httpx")

_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
_COLOURS = {"debug": "\x1b[2m", "warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[1;31m"}
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"

# Longer values are cut: a line is to be read. A traceback gets room for its last, telling frames.
_LONGEST_VALUE = 1_000
_LONGEST_TRACEBACK = 20_000

# Controls (C0, DEL, C1), line separators, direction marks and overrides, the byte order mark, lone surrogates.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_NEEDS_QUOTES = re.compile(r'[\s"=\\]')


def configure(*, verbosity: int, format: str | None, environ: Mapping[str, str], stream: TextIO) -> None:
    """Sends every log line, ours and the libraries', to `stream`. Calling it again replaces the set-up before.

    `verbosity`: below zero only warnings and errors, 0 also the events of the day, above zero also what is of interest
    when something is wrong. `format`: text, logfmt or json; None chooses text on a terminal and logfmt elsewhere.
    `environ`: JOURNAL_STREAM makes logfmt lines carry priorities instead of times, NO_COLOR keeps colours away.
    Raises ValueError for another format.
    """
    level = logging.WARNING if verbosity < 0 else logging.INFO if verbosity == 0 else logging.DEBUG
    handler = _Handler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.processors.format_exc_info, _renderer(format, environ, stream)]
        )
    )
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def get() -> structlog.stdlib.BoundLogger:
    """The program's logger. It may be asked for before `configure`, whose settings it follows at every event."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("monitor")
    return logger


class _Handler(logging.StreamHandler[TextIO]):
    """A handler of ours, so that `configure` knows which one to replace."""


# ── one event → one line ─────────────────────────────────────────────────────────────────────────────────────────────


def _renderer(
    format: str | None, environ: Mapping[str, str], stream: TextIO
) -> Callable[[WrappedLogger, str, EventDict], str]:
    terminal = stream.isatty()
    match format or ("text" if terminal else "logfmt"):
        case "text":
            return partial(_text, coloured=terminal and not environ.get("NO_COLOR"))
        case "logfmt" if "JOURNAL_STREAM" in environ:
            return _journal
        case "logfmt":
            return _logfmt
        case "json":
            return _json
        case unknown:
            raise ValueError(f'log format "{unknown}" is not one of text, logfmt, json')


def _text(_logger: WrappedLogger, _method: str, event: EventDict, *, coloured: bool) -> str:
    """For people: the local time, and a traceback below the line, each of its lines marked as belonging to it."""
    at, level, said, facts = _taken_apart(event)
    trace = facts.pop("exception", None)
    time = f"{at.astimezone():%H:%M:%S}"
    if level != "info":
        said = f"{level} {said}"
    told = _fields(facts)
    if coloured:
        said = f"{_COLOURS.get(level, '')}{said}{_PLAIN}"
        time, told = f"{_DIM}{time}{_PLAIN}", f"{_DIM}{told}{_PLAIN}"
    below = "".join(f"\n  | {_visible(each)}" for each in str(trace).splitlines()) if trace else ""
    return f"{time} {said}{told}{below}"


def _logfmt(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    at, level, said, facts = _taken_apart(event)
    return f"{at:%Y-%m-%dT%H:%M:%SZ} {level} {said}{_fields(facts)}"


def _journal(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    _, level, said, facts = _taken_apart(event)
    return f"<{_PRIORITIES.get(level, 6)}>{said}{_fields(facts)}"


def _json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    at, level, said, facts = _taken_apart(event)
    line = {"time": f"{at:%Y-%m-%dT%H:%M:%SZ}", "level": level, "event": said} | facts
    # What `_visible` writes for a character is its JSON escape, so the reader gets back what was logged.
    return _visible(json.dumps(line, ensure_ascii=False))


def _taken_apart(event: EventDict) -> tuple[datetime, str, str, dict[str, object]]:
    """When, level, words, facts of an event, credentials hidden, still with whatever characters the world put in."""
    record: logging.LogRecord = event["_record"]
    facts = {
        key: _plain(value, _LONGEST_TRACEBACK if key == "exception" else _LONGEST_VALUE)
        for key, value in event.items()
        if key not in ("event", "_record", "_from_structlog")
    }
    words = str(_plain(str(event["event"]), _LONGEST_VALUE))
    return datetime.fromtimestamp(record.created, UTC), record.levelname.lower(), _visible(words), facts


def _plain(value: object, limit: int) -> object:
    """Numbers, booleans and None as they are; all else as text, shortened: a traceback at its start."""
    match value:
        case None | bool() | int() | float():
            return value
        case datetime():
            return value.isoformat()
    text = redacted(str(value))
    if len(text) <= limit:
        return text
    return "…" + text[-limit:] if limit == _LONGEST_TRACEBACK else text[:limit] + "…"


def _fields(facts: Mapping[str, object]) -> str:
    return "".join(f" {key}={_field(value)}" for key, value in facts.items())


def _field(value: object) -> str:
    """A value as logfmt has it: bare when that is unmistakable, quoted otherwise."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
    text = str(value)
    if text and not _NEEDS_QUOTES.search(text):
        return _visible(text)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_visible(escaped)}"'


def _visible(text: str) -> str:
    r"""Shows what would move the cursor, end the line or turn text around: a line feed as `\n`, others as `\u001b`."""
    return _UNPRINTABLE.sub(lambda found: json.dumps(found[0])[1:-1], text)
