"""The configuration that comes with the program, and its manual."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor import config
from monitor.config import keys
from tests.config.conftest import Load

ROOT = Path(__file__).parent.parent.parent


def test_the_shipped_configuration_is_right_and_sends_to_the_maildir() -> None:
    loaded = config.load(ROOT / "feeds.yaml", environ={})

    assert loaded.warnings == ()
    assert loaded.smtp is None
    assert len(loaded.feeds) >= 25
    assert all(feed.url.startswith("https://") for feed in loaded.feeds)
    assert {feed.language for feed in loaded.feeds} == {"fr", "uk", "ru", "en", "de"}
    assert any(rule.examples_match and rule.examples_no_match for rule in loaded.rules)
    assert any(rule.digest for rule in loaded.rules)


def every_section(base: type[keys.Section] = keys.Section) -> list[type[keys.Section]]:
    """The sections there are, also those that another one shares its keys with."""
    return [found for section in base.__subclasses__() for found in (section, *every_section(section))]


def sections_of_the_manual() -> dict[str, str]:
    manual = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    return {part.partition("\n")[0].strip(): part for part in re.split(r"(?m)^## ", manual)}


@pytest.mark.parametrize(
    ("section", "model"),
    [
        ("monitor", keys.Monitor),
        ("monitor", keys.Tracking),
        ("monitor", keys.SiteTracking),
        ("defaults", keys.Defaults),
        ("feeds", keys.Feed),
        ("rules", keys.Rule),
        ("rules", keys.Examples),
        ("channels", keys.Channel),
        ("channels", keys.Reader),
        ("digests", keys.Digest),
        ("heartbeat", keys.Heartbeat),
        ("retention", keys.Retention),
        ("backup", keys.Backup),
        ("smtp", keys.Smtp),
    ],
)
def test_the_manual_explains_every_key(section: str, model: type[keys.Section]) -> None:
    text = sections_of_the_manual()[section]

    missing = [key for key in model.model_fields if f"\n| `{key}` | " not in text]

    assert missing == []


def test_the_manual_names_no_key_that_there_is_not() -> None:
    documented = {
        key for text in sections_of_the_manual().values() for key in re.findall(r"(?m)^\| `([a-z_]+)` ", text)
    }
    models = every_section()

    assert documented == {key for model in models for key in model.model_fields}


def test_every_required_key_has_a_sample_of_what_to_write() -> None:
    models = every_section()

    required = {key for model in models for key, info in model.model_fields.items() if info.is_required()}

    assert required == set(keys.SAMPLES)


def test_the_manuals_first_example_is_right(load: Load) -> None:
    text = sections_of_the_manual()["A small one to begin with"]

    loaded = load(text.partition("```yaml\n")[2].partition("```")[0])

    assert loaded.warnings == ()


def test_the_manuals_examples_together_are_right(load: Load) -> None:
    manual = sections_of_the_manual()
    sections = (
        "monitor",
        "defaults",
        "feeds",
        "aliases",
        "rules",
        "channels",
        "digests",
        "heartbeat",
        "retention",
        "backup",
        "smtp",
    )

    loaded = load("".join(manual[name].partition("```yaml\n")[2].partition("```")[0] for name in sections))

    assert loaded.warnings == ()
    assert len(loaded.rules) == 2
