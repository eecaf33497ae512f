"""`monitor feeds`: feeds.yaml edited by the commands a user types."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import Result, monitor

FILE = """\
monitor: {contact: desk@example.org}
feeds:   # what we watch
  - {key: gazette, url: "https://www.gazette.example/rss"}   # the first
  - key: herald
    url: https://reader:secret@herald.example/rss?token=hidden
rules:
  - {name: ukraine, query: Ukraine, feeds: [herald]}
channels: {}
"""
RELOAD = "; a running daemon takes it up on `systemctl reload monitor` (or SIGHUP)\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A feeds.yaml with two feeds."""
    path = tmp_path / "feeds.yaml"
    path.write_text(FILE)
    return path


def feeds(file: Path, *arguments: str) -> Result:
    """Runs `monitor feeds` in the file's folder; nothing it prints may give a password away, nothing is asked."""
    unasked = ("--no-check",) if arguments[0] == "add" else ()
    result = monitor("-q", "feeds", *arguments, *unasked, cwd=file.parent)
    assert "secret" not in result.out + result.err
    assert "hidden" not in result.out + result.err
    return result


def test_a_feed_is_added_with_all_that_is_said_of_it(file: Path) -> None:
    options = ["--key", "rada", "--title", "Рада", "--language", "uk", "--country", "UA", "--tag", "a", "--tag", "b"]

    result = feeds(file, "add", "http://10.0.0.5/rss", *options, "--every", "5m", "--allow-private", "10.0.0.5:80")

    assert (result.status, result.out) == (0, f"added rada: http://10.0.0.5/rss{RELOAD}")
    assert file.read_text() == FILE.replace(
        "rules:",
        '  - key: rada\n    url: "http://10.0.0.5/rss"\n    title: Рада\n    language: uk\n    country: UA\n'
        '    tags: [a, b]\n    every: 5m\n    allow_private: ["10.0.0.5:80"]\nrules:',
    )


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (("https://www.times.example/rss",), "times-example"),
        (("https://times.example/rss", "--title", "Le Temps (Genève)"), "le-temps-geneve"),
        (("https://times.example/rss", "--title", "Gazette"), "gazette-2"),
    ],
)
def test_a_key_is_made_from_the_title_or_the_host(arguments: tuple[str, ...], key: str, file: Path) -> None:
    result = feeds(file, "add", *arguments)

    assert result.out.startswith(f"added {key}: ")


def test_what_is_doubtful_about_the_new_feed_is_said(file: Path) -> None:
    result = monitor(
        "feeds", "add", "--no-check", "https://reader:other-secret@times.example/?api_key=hidden", cwd=file.parent
    )

    assert result.out.startswith("added times-example: https://***@times.example/?api_key=***;")
    assert f"{file}:7:10: feeds[2].url: holds a password" in result.err
    assert "secret" not in result.out + result.err


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("add", "http://gazette.example/rss/"), 1, 'feed "gazette" already has this URL'),
        (("add", "https://reader:secret@herald.example/rss?token=hidden"), 1, 'feed "herald" already has this URL'),
        (("add", "https://times.example", "--key", "herald"), 1, 'there is already a feed "herald"'),
        (("add", "https://reader:secret@:80"), 1, "url: is no web address"),
        (("add", "https://times.example", "--every", "5"), 1, "every: write a whole number and its unit"),
        (("add",), 2, "Missing argument 'URL'"),
        (
            ("remove", "herald"),
            1,
            'feed "herald" is one of the feeds of rule "ukraine" (line 7). Take it out there first',
        ),
        (("remove", "gazete"), 2, "there is no feed 'gazete' in"),
        (("pause", "gazette", "heral"), 2, "did you mean 'herald'?"),
        (("resume", "nobody-knows-it"), 2, "`monitor feeds list` names them"),
        (("remove",), 2, "Missing argument 'KEY...'"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    arguments: tuple[str, ...], status: int, said: str, file: Path
) -> None:
    result = feeds(file, *arguments)

    assert (result.status, result.out) == (status, "")
    assert said in result.err
    assert file.read_text() == FILE


def test_a_feed_is_removed(file: Path) -> None:
    result = feeds(file, "remove", "gazette")

    assert (result.status, result.out) == (0, f"removed gazette{RELOAD}")
    assert file.read_text() == "".join(line for line in FILE.splitlines(keepends=True) if "gazette" not in line)


def test_feeds_are_paused_and_resumed(file: Path) -> None:
    paused = feeds(file, "pause", "gazette", "herald")
    with_both_paused = file.read_text()
    resumed = feeds(file, "resume", "herald", "gazette")

    assert (paused.status, paused.out) == (0, f"paused gazette, herald{RELOAD}")
    assert with_both_paused == FILE.replace('rss"}   #', 'rss", paused: true}   #').replace(
        "rules:", "    paused: true\nrules:"
    )
    assert (resumed.status, resumed.out) == (0, f"resumed herald, gazette{RELOAD}")
    assert file.read_text() == FILE


def test_a_feed_that_is_paused_already_is_left_so(file: Path) -> None:
    feeds(file, "pause", "gazette")
    before = file.stat()

    again = feeds(file, "pause", "gazette")
    other = feeds(file, "resume", "herald")

    assert (again.status, again.out) == (0, "already paused: gazette\n")
    assert (other.status, other.out) == (0, "not paused: herald\n")
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_file_with_mistakes_is_to_be_corrected_first(file: Path) -> None:
    file.write_text(f"{FILE}digests: none\n")

    result = feeds(file, "pause", "gazette")

    assert result.status == 78
    assert result.err.startswith(f"{file}:9:")


def test_the_named_file_is_the_one_that_is_edited(file: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    result = monitor("--config", str(file), "feeds", "pause", "gazette", cwd=elsewhere)

    assert result.status == 0
    assert "paused: true" in file.read_text()
