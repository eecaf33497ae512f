"""YAML with positions: what is read, what is refused, and where the file says so; with either parser."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml

from monitor.config.yaml_positions import MAX_BYTES, Node, read

BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def loader(request: pytest.FixtureRequest) -> Any:
    return getattr(yaml, request.param)


def root_of(text: str, loader: Any = yaml.SafeLoader) -> Node:
    root, problems = read(text.encode(), loader)
    assert root is not None
    assert not problems
    return root


def places(data: str | bytes, loader: Any) -> list[str]:
    """Each problem as `line:column: message`."""
    _, problems = read(data.encode() if isinstance(data, str) else data, loader)
    return [problem.located("")[1:] for problem in problems]


# ── what is read ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "value"),
    [
        pytest.param("no", "no", id="no is text, so Norwegian stays a language"),
        pytest.param("Yes", "Yes", id="yes is text"),
        pytest.param("on", "on", id="on is text"),
        pytest.param("22:22", "22:22", id="a time of day is text, not a base 60 number"),
        pytest.param("2026-11-22", "2026-11-22", id="a date is text"),
        pytest.param("1_000", "1_000", id="digits with an underscore are text"),
        pytest.param("true", True, id="true is a boolean"),
        pytest.param("False", False, id="False is a boolean"),
        pytest.param("tRUE", "tRUE", id="a boolean in mixed case is text"),
        pytest.param("null", None, id="null is nothing"),
        pytest.param("~", None, id="a tilde is nothing"),
        pytest.param("", None, id="nothing is nothing"),
        pytest.param("42", 42, id="digits are a number"),
        pytest.param("-7", -7, id="a number has a sign"),
        pytest.param("010", 10, id="a leading zero does not mean octal"),
        pytest.param("0o17", 15, id="octal is written with 0o"),
        pytest.param("0xff", 255, id="hexadecimal is written with 0x"),
        pytest.param("1" * 19, "1" * 19, id="a number too long to count with stays text"),
        pytest.param("1.5", 1.5, id="a fraction is a number"),
        pytest.param("-.5e3", -500.0, id="a fraction needs no leading digit"),
        pytest.param("1e3", 1000.0, id="an exponent makes a number"),
        pytest.param("-.INF", -math.inf, id="infinity is a number"),
        pytest.param("1.2.3", "1.2.3", id="a version is text"),
        pytest.param("-", ["-"], id="a lone hyphen begins a list"),
        pytest.param("'42'", "42", id="quoted digits are text"),
        pytest.param('"true"', "true", id="a quoted word is text"),
        pytest.param("|\n  42\n", "42\n", id="a block of digits is text"),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(written: str, value: object, loader: Any) -> None:
    root = root_of(f"key: {written}" if written != "-" else "key:\n- '-'", loader)

    assert root.value == {"key": value}
    assert type(root.value["key"]) is type(value)


def test_not_a_number_is_a_number(loader: Any) -> None:
    root = root_of("key: .nan", loader)

    assert math.isnan(root.value["key"])


def test_every_value_knows_its_line_and_column(loader: Any) -> None:
    root = root_of("monitor:\n  contact: a\nfeeds:\n  - {key: été, url: b}\n  - c\n", loader)

    assert [
        (node.line, node.column) for node in map(root.at, (["monitor", "contact"], ["feeds", 0, "url"], ["feeds", 1]))
    ] == [
        (2, 12),
        (4, 21),
        (5, 5),
    ]
    assert root.entries["monitor"].keys["contact"].line == 2


def test_a_path_that_does_not_exist_ends_at_the_last_value_that_does(loader: Any) -> None:
    root = root_of("feeds:\n  - key: a\n", loader)

    assert root.at(["feeds", 0, "url"]) is root.entries["feeds"].items[0]
    assert root.at(["feeds", 7]) is root.entries["feeds"]


def test_a_byte_order_mark_is_no_part_of_the_file(loader: Any) -> None:
    root, problems = read(b"\xef\xbb\xbfkey: b", loader)

    assert not problems
    assert root is not None
    assert (root.value, root.column) == ({"key": "b"}, 1)


def test_an_alias_stands_for_the_value_of_its_anchor(loader: Any) -> None:
    root = root_of("a: &shared [x, &word y]\nb: *shared\nc: *word\n", loader)

    assert root.value == {"a": ["x", "y"], "b": ["x", "y"], "c": "y"}


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "---\n", "~"])
def test_a_file_with_nothing_in_it_is_none(text: str, loader: Any) -> None:
    assert read(text.encode(), loader) == (None, [])


@pytest.mark.parametrize(
    ("written", "column"),
    [
        pytest.param("q: a bc", 6, id="plain"),
        pytest.param("q: 'a bc'", 7, id="in single quotes"),
        pytest.param('q: "a bc"', 7, id="in double quotes"),
        pytest.param("q: '''a bc'", 9, id="after a doubled quote"),
        pytest.param('q: "\\u0061 bc"', None, id="after an escape it cannot be told"),
        pytest.param("q: a\n  bc", None, id="over several lines it cannot be told"),
        pytest.param("q: |\n  a bc", None, id="in a block it cannot be told"),
        pytest.param("q: &anchor a bc", None, id="behind an anchor it cannot be told"),
    ],
)
def test_a_place_within_a_text_has_its_column_in_the_file(written: str, column: int | None, loader: Any) -> None:
    node = root_of(written, loader).entries["q"]

    assert node.column_of(node.raw.index("bc")) == column


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param("a: 1\nb: 2\na: 3\n", '3:1: "a" is already written in line 1', id="a key written twice"),
        pytest.param("--- a\n--- b\n", "2:1: a second document begins here", id="two documents"),
        pytest.param("a:\n  [x]: y\n", "2:3: a key must be plain text", id="a list as a key"),
        pytest.param("[" * 5000, "1:31: nested more than 30 deep", id="five thousand brackets"),
        pytest.param("- " * 5000 + "x", "1:61: nested more than 30 deep", id="five thousand hyphens"),
        pytest.param("{a: " * 40, "1:121: nested more than 30 deep", id="forty braces"),
        pytest.param(BOMB, "5:4: more than 1,000,000 values", id="aliases that multiply"),
        pytest.param("a: &a [*a]", "1:8: *a stands for nothing written before it", id="an anchor within itself"),
        pytest.param("q: *ukrain", "1:4: *ukrain stands for nothing", id="a query that begins with a star"),
        pytest.param("a: !!python/object/apply:os.system [x]", "1:4: the tag !!python/object", id="a python tag"),
        pytest.param("a: ! 42", "1:4: the tag ! is not read", id="a tag without a name"),
        pytest.param("!x a: b", "1:1: the tag !x is not read", id="a tag on a key"),
        pytest.param("a: b\0", "1:5: control character U+0000. Delete it", id="NUL"),
        pytest.param("a:\n  \x1bb", "2:3: control character U+001B", id="an escape character"),
        pytest.param(b"\xff\xfea\0", " is UTF-16. Save it as UTF-8", id="UTF-16"),
        pytest.param(b"a: b\nc: \xe9t\xe9\n", "2:4: byte 0xe9 is not UTF-8", id="Latin-1"),
        pytest.param(b"#" * (MAX_BYTES + 1), " is over 10 MB", id="more than 10 MB"),
        pytest.param(
            "q: @OTAN sommet", "1:4: not YAML: text cannot begin with @. Put it in quotes: '@OTAN", id="at sign"
        ),
        pytest.param("a:\n\tb: c\n", "2:1: not YAML: a tab. Indent with spaces", id="a tab"),
        pytest.param("a: b: c", '1:5: not YAML: a ":" where none can be', id="a colon within text"),
        pytest.param(
            'q: "a b" OR c\n', "1:10: not YAML: text goes on after its closing quote", id="half a quoted text"
        ),
        pytest.param("- a\nb: c\n", "2:1: not YAML: this does not belong here", id="a key within a list"),
        pytest.param('a: "b\n', "1:4: not YAML: this quote is never closed", id="an open quote"),
        pytest.param("a: [b,\nc: {d\n", "2:4: not YAML: this bracket is not closed", id="an open bracket"),
        pytest.param("%YAML 9.9\n---\na\n", "1:1: not YAML: found incompatible YAML", id="another YAML version"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_where_it_stands(data: str | bytes, expected: str, loader: Any) -> None:
    said = places(data, loader)

    assert len(said) == 1
    assert said[0].startswith(expected)


@pytest.mark.parametrize("escape", ["\\U00110000", "\\UFFFFFFFF"])
def test_an_escape_beyond_unicode_is_refused(escape: str, loader: Any) -> None:
    root, problems = read(f'a: "{escape}"'.encode(), loader)

    assert root is None
    assert "not YAML" in problems[0].message or "names no character" in problems[0].message


def test_a_second_key_and_a_tag_leave_the_rest_readable(loader: Any) -> None:
    root, problems = read(b"a: 1\na: 2\nb: !!str c\n", loader)

    assert root is not None
    assert root.value == {"a": 1, "b": "c"}
    assert [problem.line for problem in problems] == [2, 3]
