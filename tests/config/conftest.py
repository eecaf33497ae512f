"""Loading a text as feeds.yaml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from monitor import config
from monitor.config import Config
from monitor.errors import ConfigError

CONTACT = "monitor: {contact: desk@example.org}\n"

Load = Callable[..., Config]
Problems = Callable[..., list[str]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a text as the file feeds.yaml."""

    def load_text(text: str | bytes, environ: Mapping[str, str] | None = None, archive: str | None = None) -> Config:
        path = tmp_path / "feeds.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return config.load(path, environ=environ or {}, archive=archive)

    return load_text


@pytest.fixture
def problems(load: Load) -> Callable[..., list[str]]:
    """What is wrong with a text, each problem as monitor prints it."""

    def problems_of(text: str | bytes, **given: Any) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(text, **given)
        return [problem.located("feeds.yaml") for problem in caught.value.problems]

    return problems_of
