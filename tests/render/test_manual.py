"""docs/mails.md says what templates are given, and its example works."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.model import Notice, Reader
from monitor.render import NAMES, faults, notices
from monitor.render.telling import facts_of
from tests.factories import HOUSE, NOW
from tests.mails import body
from tests.render.builders import a_job, a_mail, told
from tests.render.test_notices import TROUBLE

MANUAL = (Path(__file__).parent.parent.parent / "docs/mails.md").read_text(encoding="utf-8")
TEMPLATES = MANUAL.partition("## Templates of your own")[2]
DOCUMENTED = set(re.findall(r"`(\w+)`", TEMPLATES))

STORY = facts_of(a_job(told()))[1]
DIGEST = facts_of(a_job(told(), kind="digest"))[1]
NOTICE = notices.notice_facts(Notice(failing=(TROUBLE,), feeds=1), house=HOUSE, now=NOW)


def inside(facts: Mapping[str, object], *path: str | int) -> Mapping[str, object]:
    """What stands deeper in what a template is given."""
    found: object = facts
    for step in path:
        found = found[step]
    assert isinstance(found, Mapping)
    return found


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(STORY, id="story"),
        pytest.param(inside(STORY, "item"), id="an item"),
        pytest.param(DIGEST, id="digest"),
        pytest.param(inside(DIGEST, "groups", 0), id="a group"),
        pytest.param(NOTICE, id="notice"),
        pytest.param(inside(NOTICE, "groups", 0), id="a group of a notice"),
        pytest.param(inside(NOTICE, "groups", 0, "items", 0), id="a feed"),
        pytest.param(
            notices.test_facts(channel="desk", house=HOUSE, recipient="a@b.example", now=NOW, reader=Reader()),
            id="test",
        ),
    ],
)
def test_the_manual_names_all_that_a_template_is_given(given: Mapping[str, object]) -> None:
    assert set(given) <= DOCUMENTED


def test_the_manual_names_every_template() -> None:
    assert set(re.findall(r"`(\w+\.(?:html|txt)\.j2)`", TEMPLATES)) == set(NAMES)


def test_the_manuals_example_is_a_template_without_a_fault() -> None:
    source = TEMPLATES.partition("```jinja\n")[2].partition("```")[0]
    templates = (("story.txt.j2", source),)

    assert faults(templates) == ()
    text = body(a_mail(told(), house=replace(HOUSE, templates=templates)), "plain")
    assert text.startswith("L’OTAN réunit ses ministres sur l’*Ukraine*\nLa Gazette, Sun 22 Nov 2026, 13:00 CET\n")


def test_the_manual_names_every_kind_of_mail_and_every_header_of_ours() -> None:
    kinds = set(re.findall(r"\| `(\w+)` \|", MANUAL.partition("## How to hear less")[0]))
    ours = set(re.findall(r"`(X-Monitor-\w+)`", MANUAL))

    mails = [a_mail(told(), kind=kind) for kind in kinds - {"none", "updates", "all"}]
    assert {"story", "group", "followup", "summary", "overflow", "digest"} <= kinds
    assert ours == {name for mail in mails for name in re.findall(r"(?m)^(X-Monitor-\w+):", mail.decode("ascii"))}
