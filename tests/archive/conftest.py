"""An archive of each backend, for what every archive promises. A new backend is one more name in BACKENDS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.archive import Archive, open_archive
from tests.factories import NOW, a_feed

Open = Callable[[], Archive]

BACKENDS = ["sqlite"]


@pytest.fixture(params=BACKENDS)
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the test's archive; called again, closes it first."""
    opened: list[Archive] = []

    def reopen() -> Archive:
        if opened:
            opened.pop().close()
        opened.append(open_archive(str(tmp_path / "archive.db"), now=NOW))
        return opened[0]

    yield reopen
    opened.pop().close()


@pytest.fixture
def archive(reopen: Open) -> Archive:
    """An archive that knows the gazette and the courier."""
    archive = reopen()
    archive.sync_feeds([a_feed(), a_feed(key="courier", url="https://courier.example/atom.xml")], NOW)
    return archive
