"""One hostile server for all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.torture.hostile import Hostile, hostile


@pytest.fixture(scope="session")
def server() -> Iterator[Hostile]:
    """The server without manners."""
    with hostile() as running:
        yield running
