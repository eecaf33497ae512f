"""What feeds.yaml may say of a rule beside its query, and of an alias by language."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from monitor.errors import ConfigError
from monitor.model import Window
from tests.config.conftest import Load

HEAD = "monitor: {contact: desk@example.org, timezone: Europe/Paris}\nchannels: {desk: {kind: console}}\n"


def rule(keys: str) -> str:
    return f"{HEAD}rules:\n  - {{name: r, channels: [desk], {keys}}}\n"


def test_a_rule_may_weigh_what_it_finds(load: Load) -> None:
    (spec,) = load(rule("score: {OTAN: 10, guerre: 5.5, football: -20}, threshold: 12, title_weight: 2")).rules

    assert spec.score == (("OTAN", 10.0), ("guerre", 5.5), ("football", -20.0))
    assert (spec.threshold, spec.title_weight) == (12.0, 2.0)


@pytest.mark.parametrize(
    ("until", "end"),
    [
        ("2026-03-31", datetime(2026, 3, 31, 22, tzinfo=UTC)),  # summer time has begun
        ("2026-03-01", datetime(2026, 3, 1, 23, tzinfo=UTC)),
        ('"2026-03-01T18:00+02:00"', datetime(2026, 3, 1, 16, tzinfo=UTC)),
        ('"2026-03-01T18:00"', datetime(2026, 3, 1, 17, tzinfo=UTC)),
    ],
)
def test_a_rule_ends_with_its_last_day_or_at_a_moment(until: str, end: datetime, load: Load) -> None:
    (spec,) = load(rule(f"query: Ukraine, until: {until}")).rules

    assert spec.until == end


@pytest.mark.parametrize(
    ("times", "window"),
    [
        ("mon-fri 7:00-20:00", Window(days=frozenset(range(5)), start=time(7), end=time(20), timezone="Europe/Paris")),
        (
            "sat,sun 09:30-24:00",
            Window(days=frozenset([5, 6]), start=time(9, 30), end=time.max, timezone="Europe/Paris"),
        ),
        (
            "Fri-Mon 22:00-6:00",
            Window(days=frozenset([4, 5, 6, 0]), start=time(22), end=time(6), timezone="Europe/Paris"),
        ),
        ("0:00-12:00", Window(days=frozenset(range(7)), start=time(0), end=time(12), timezone="Europe/Paris")),
    ],
)
def test_a_rule_may_be_for_some_hours(times: str, window: Window, load: Load) -> None:
    (spec,) = load(rule(f'query: Ukraine, times: ["{times}"]')).rules

    assert spec.times == (window,)


def test_a_rule_has_countries_a_priority_and_what_people_note(load: Load) -> None:
    (spec,) = load(
        rule('query: Ukraine, countries: [fr, BE], priority: high, owner: Ada, note: "For the embassy."')
    ).rules

    assert (spec.countries, spec.priority, spec.owner, spec.note) == (("FR", "BE"), "high", "Ada", "For the embassy.")


def test_an_alias_may_have_forms_by_language(load: Load) -> None:
    text = f"{HEAD}aliases: {{UN: {{any: [ООН], en: ['=UN'], fr: ['=ONU', Nations unies]}}}}\nrules:\n"

    loaded = load(f"{text}  - {{name: r, channels: [desk], query: '@UN', examples: {{match: [UN], no_match: [un]}}}}\n")

    assert loaded.aliases["UN"] == {"any": ("ООН",), "en": ("=UN",), "fr": ("=ONU", "Nations unies")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (rule("score: {OTAN: 10}"), "rules[0].score: needs a threshold beside it"),
        (rule("query: OTAN, threshold: 10"), "rules[0].threshold: has nothing to add up"),
        (rule("score: {OTAN: 10}, threshold: 11"), "never reach the threshold 11"),
        (rule('score: {"(OTAN": 10}, threshold: 5'), "rules[0].score.(OTAN: column 1 of the term:"),
        (rule("score: {OTAN: much}, threshold: 5"), "write a number from"),
        (rule("query: a, title_weight: 0"), "write a number above 0"),
        (rule("query: a, times: [mon 7-8]"), "Write days and hours, such as"),
        (rule('query: a, times: ["man-fri 7:00-8:00"]'), '"man" is no day'),
        (rule('query: a, times: ["7:00-25:00"]'), '"25:00" is no time of day'),
        (rule('query: a, times: ["7:00-7:00"]'), "begins when it ends"),
        (rule("query: a, until: tomorrow"), "write the last day, such as 2027-03-31"),
        (rule("query: a, countries: [France]"), "is no country code"),
        (rule("query: a, priority: urgent"), "rules[0].priority"),
        (rule("query: '~élections', languages: [fr], examples: {match: [une guerre]}"), "does not match this example"),
        (f"{HEAD}aliases: {{UN: {{english: [UN]}}}}\n", "aliases.UN"),
        (f"{HEAD}aliases: {{UN: {{en: ['u*']}}}}\n", "aliases.UN.en[0]"),
        (f"{HEAD}aliases: {{UN: {{en: []}}}}\n", "stands for nothing"),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_stands(text: str, message: str, load: Load) -> None:
    with pytest.raises(ConfigError) as refused:
        load(text)

    assert message in str(refused.value)


def test_examples_are_read_in_the_rules_language(load: Load) -> None:
    keys = "query: '~élection', languages: [fr], examples: {match: [Les élections], no_match: [Les électriciens]}"

    assert load(rule(keys)).rules


def test_a_rule_may_call_a_shipped_alias_which_one_of_the_file_replaces(load: Load) -> None:
    examples = 'query: "@NATO", examples: {match: ["Die NAVO"], no_match: [Rammstein]}'
    replaced = 'query: "@NATO", examples: {match: [Rammstein], no_match: ["Die NAVO"]}'

    assert load(rule(examples)).rules
    assert load(rule(replaced) + "aliases: {nato: [Rammstein]}\n").rules


def test_a_misspelt_shipped_alias_is_suggested(load: Load) -> None:
    with pytest.raises(ConfigError, match="Did you mean @Ukraine"):
        load(rule('query: "@Ukriane"'))
