"""`monitor.templates`: a folder of templates is read and tried, and what is wrong in one is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.conftest import CONTACT, Load, Problems

FOLDER = "monitor: {contact: desk@example.org, templates: mails}\n"


def test_a_folder_of_templates_is_read_with_the_configuration(load: Load, tmp_path: Path) -> None:
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails" / "story.txt.j2").write_text("{{ rule }}\n", encoding="utf-8")
    (tmp_path / "mails" / ".story.txt.j2.swp").write_bytes(b"\xff")  # what an editor leaves

    assert load(FOLDER).house.templates == (("story.txt.j2", "{{ rule }}\n"),)


def test_a_fault_in_a_template_is_a_mistake_in_the_configuration(problems: Problems, tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    folder.mkdir()
    (folder / "story.txt.j2").write_text("one\n{{ titel }}\n", encoding="utf-8")

    (problem,) = problems(FOLDER)

    assert problem.startswith("feeds.yaml:1:")
    assert f"monitor.templates: {folder / 'story.txt.j2'}: line 2: 'titel' is undefined" in problem


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param("storry.txt.j2", b"x", "no mail is made of this", id="a name that is none"),
        pytest.param("story.txt.j2", b"\xff\xfe", "is not UTF-8", id="another encoding"),
        pytest.param("story.txt.j2", b"x" * 200_001, "is longer than 200000 bytes", id="too long"),
    ],
)
def test_what_cannot_be_a_template_is_named(
    problems: Problems,
    tmp_path: Path,
    name: str,
    content: bytes,
    said: str,
) -> None:
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails" / name).write_bytes(content)

    assert said in problems(FOLDER)[0]


def test_a_folder_that_is_not_there_is_a_mistake(problems: Problems) -> None:
    assert "mails cannot be read: No such file or directory" in problems(FOLDER)[0]


def test_without_a_folder_the_mails_are_ours(load: Load) -> None:
    assert load(CONTACT).house.templates == ()
