"""What can go wrong in a way the caller must hear of.

    MonitorError                    every error this package raises on purpose
    ├── ConfigError                 feeds.yaml cannot be used; carries every problem found  (exit 78)
    ├── EditError                   feeds.yaml cannot be changed as asked; it was left as it is
    ├── RuleError                   one rule's query cannot be compiled; carries the column
    ├── ArchiveError                the archive cannot be opened, read or written           (exit 69)
    │   ├── ArchiveForeign          the file is not ours, is damaged, or a newer monitor wrote it
    │   ├── ArchiveLost             the file went away, or was damaged, while it was open
    │   └── ArchiveBusy             another daemon holds the archive                        (exit 75)
    ├── WorkerFailed                a worker process hung, died or ran out of memory
    ├── ExportError                 articles cannot be written in the form, or to the place, asked for
    ├── WebError                    the web pages cannot be served as asked for
    └── QueryRefused                an ad-hoc SQL query was denied, or ran past its limits

An expected outcome (a feed that is down, a mail that is refused) is a value from `model`, never one of these.
"""

from __future__ import annotations

from dataclasses import dataclass


class MonitorError(Exception):
    """Root of every error this package raises on purpose; its text is one line that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One thing wrong with the configuration, where it stands and what to write instead."""

    line: int  # 1-based; 0 when the problem is the file as a whole
    column: int  # 1-based; 0 when the problem is the file as a whole
    path: str  # where in the document, such as `feeds[3].every`; empty for the file as a whole
    message: str

    def located(self, file: str) -> str:
        """The problem as `file:line:column: path: message`, the form editors jump to."""
        place = f"{file}:{self.line}:{self.column}" if self.line else file
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class ConfigError(MonitorError):
    """The configuration cannot be used. `problems` holds all of them, in file order."""

    def __init__(self, file: str, problems: tuple[Problem, ...]) -> None:
        self.file = file
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(problem.located(file) for problem in self.problems))


class EditError(MonitorError):
    """The configuration cannot be changed as asked. The file was left as it is, unless the text says otherwise."""


class RuleError(MonitorError):
    """A query cannot be compiled. `column` is 1-based within the query text."""

    def __init__(self, message: str, column: int) -> None:
        self.message = message
        self.column = column
        super().__init__(f"column {column}: {message}")


class ArchiveError(MonitorError):
    """The archive cannot be opened, read or written."""


class ArchiveForeign(ArchiveError):
    """The file is not a monitor archive, is damaged, or was written by a newer monitor. It was not touched."""


class ArchiveLost(ArchiveError):
    """The file was moved, deleted, replaced or damaged while it was open. Nothing more may be written to it."""


class ArchiveBusy(ArchiveError):
    """Another process holds the archive for writing. The text names it."""


class WorkerFailed(MonitorError):
    """A worker process hung, died or ran out of memory while it worked for one feed."""


class ExportError(MonitorError):
    """Articles cannot be written in the form, or to the place, that was asked for."""


class WebError(MonitorError):
    """The web pages cannot be served as was asked for."""


class QueryRefused(MonitorError):
    """An ad-hoc SQL query was denied, failed, or ran past its time, memory or row limit."""
