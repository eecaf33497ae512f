"""feeds.yaml edited from the command line: the lines that are meant change, and no other."""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor import config
from monitor.config.editing import NewFeed, add_feeds, edit, feed_keys, free_key, remove_feeds, same_feed, set_paused
from monitor.config.yaml_positions import read
from monitor.errors import ConfigError, EditError
from tests.commands import environment
from tests.config.conftest import CONTACT
from tests.effort import TWICE, steps

NEW = NewFeed(key="new", url="https://new.example/f", tags=("press", "a: b"))
FLOW = '{key: new, url: "https://new.example/f", tags: [press, "a: b"]}'
JSON = '{"key": "new", "url": "https://new.example/f", "tags": ["press", "a: b"]}'
BLOCK = ["key: new", 'url: "https://new.example/f"', 'tags: [press, "a: b"]']


def changes(before: str, after: str) -> list[str]:
    """The lines that differ, each with - or + before it; how lines end, and whether the last does, must not differ."""
    assert after.startswith("\ufeff") == before.startswith("\ufeff")
    assert ("\r\n" in after) == ("\r\n" in before)
    assert after.replace("\r\n", "").count("\n") in (0, after.count("\n"))
    assert not before or after.endswith("\n") == before.endswith("\n")
    lines = difflib.ndiff(before.removeprefix("\ufeff").splitlines(), after.removeprefix("\ufeff").splitlines())
    return [line[0] + line[2:] for line in lines if line[0] in "+-"]


def feeds_in(text: str) -> list[dict[str, object]]:
    """What a text says of its feeds."""
    root, problems = read(text.encode())
    assert problems == []
    return (root.value["feeds"] or []) if root is not None else []


# Of each style: the text with the feeds a and b, what changes when NEW is added, when b is paused, when b is removed.
STYLES = [
    pytest.param(
        'feeds:\n  - {key: a, url: "https://a.example"}   # the first\n  # about b\n'
        '  - {key: b, url: "https://b.example"}\t# a\ttab\n  # the end\n\nrules: []\n',
        [f"+  - {FLOW}"],
        [
            '-  - {key: b, url: "https://b.example"}\t# a\ttab',
            '+  - {key: b, url: "https://b.example", paused: true}\t# a\ttab',
        ],
        ['-  - {key: b, url: "https://b.example"}\t# a\ttab'],
        id="braces, two spaces in, comments between and behind",
    ),
    pytest.param(
        "feeds:\n- {key: a, url: 'https://a.example'}\n- {key: 'b', url: 'https://b.example'}\nrules: []\n",
        [f"+- {FLOW}"],
        ["-- {key: 'b', url: 'https://b.example'}", "+- {key: 'b', url: 'https://b.example', paused: true}"],
        ["-- {key: 'b', url: 'https://b.example'}"],
        id="braces at the margin, single quotes",
    ),
    pytest.param(
        "monitor: {}\nfeeds:\n    -   {key: a, url: https://a.example}\n"
        "    -   {key: b, url: https://b.example, title: }\n",
        [f"+    -   {FLOW}"],
        [
            "-    -   {key: b, url: https://b.example, title: }",
            "+    -   {key: b, url: https://b.example, title: , paused: true}",
        ],
        ["-    -   {key: b, url: https://b.example, title: }"],
        id="braces, four spaces in, the section last, an empty value",
    ),
    pytest.param(
        "feeds:\n  - {key: a,\n     url: https://a.example}\n"
        "  - {\n      key: b,\n      url: https://b.example,  # b\n    }\n",
        [f"+  - {FLOW}"],
        ["+      paused: true,"],
        ["-  - {", "-      key: b,", "-      url: https://b.example,  # b", "-    }"],
        id="braces over several lines",
    ),
    pytest.param(
        "feeds:\n  - key: a\n    url: https://a.example   # why\n    tags:\n      - x\n      # - y\n\n  - key: b\n"
        "    url: https://b.example\n    title: 'Béla''s'\n    # every: 5m\n\n  # end\nrules: []\n",
        [f"+  - {BLOCK[0]}", f"+    {BLOCK[1]}", f"+    {BLOCK[2]}", "+"],
        ["+    paused: true"],
        ["-  - key: b", "-    url: https://b.example", "-    title: 'Béla''s'", "-    # every: 5m", "-"],
        id="one key a line, blank lines between, a key commented out",
    ),
    pytest.param(
        "feeds:\n- url: https://a.example\n  key: a\n"
        "- url: https://b.example\n  key: b\n  title: |\n    Some\n    title\n\nrules: []\n",
        [f"+- {BLOCK[0]}", f"+  {BLOCK[1]}", f"+  {BLOCK[2]}"],
        ["+  paused: true"],
        ["-- url: https://b.example", "-  key: b", "-  title: |", "-    Some", "-    title"],
        id="one key a line at the margin, a block text last",
    ),
    pytest.param(
        "feeds:\n  -\n    key: a\n    url: https://a.example\n  -\n    key: b\n    url: https://b.example\n",
        ["+  -", f"+    {BLOCK[0]}", f"+    {BLOCK[1]}", f"+    {BLOCK[2]}"],
        ["+    paused: true"],
        ["-  -", "-    key: b", "-    url: https://b.example"],
        id="the dash on a line of its own",
    ),
    pytest.param(
        "x: &x [1]\nfeeds: &f # all\n  - &a {key: a, url: https://a.example}\n"
        "  - &b\n    key: b\n    url: https://b.example\ny: *x\n",
        [f"+  - {BLOCK[0]}", f"+    {BLOCK[1]}", f"+    {BLOCK[2]}"],
        ["+    paused: true"],
        ["-  - &b", "-    key: b", "-    url: https://b.example"],
        id="anchors",
    ),
    pytest.param(
        "%YAML 1.2\n---\n  feeds:\n    - {key: a, url: https://a.example}\n"
        "    - {key: b, url: https://b.example}\n  rules:\n...\n",
        [f"+    - {FLOW}"],
        ["-    - {key: b, url: https://b.example}", "+    - {key: b, url: https://b.example, paused: true}"],
        ["-    - {key: b, url: https://b.example}"],
        id="document marks, the whole document indented",
    ),
    pytest.param(
        "feeds: [{key: a, url: https://a.example}, {key: b, url: https://b.example}]  # all\n",
        [
            "-feeds: [{key: a, url: https://a.example}, {key: b, url: https://b.example}]  # all",
            f"+feeds: [{{key: a, url: https://a.example}}, {{key: b, url: https://b.example}}, {FLOW}]  # all",
        ],
        [
            "-feeds: [{key: a, url: https://a.example}, {key: b, url: https://b.example}]  # all",
            "+feeds: [{key: a, url: https://a.example}, {key: b, url: https://b.example, paused: true}]  # all",
        ],
        [
            "-feeds: [{key: a, url: https://a.example}, {key: b, url: https://b.example}]  # all",
            "+feeds: [{key: a, url: https://a.example}]  # all",
        ],
        id="a list in brackets",
    ),
    pytest.param(
        "{feeds: [{key: a, url: https://a.example}, {key: b, url: https://b.example}], monitor: {}}",
        [
            "-{feeds: [{key: a, url: https://a.example}, {key: b, url: https://b.example}], monitor: {}}",
            "+{feeds: [{key: a, url: https://a.example}, {key: b, url: https://b.example}, "
            f"{FLOW}], monitor: {{}}}}",
        ],
        [
            "-{feeds: [{key: a, url: https://a.example}, {key: b, url: https://b.example}], monitor: {}}",
            "+{feeds: [{key: a, url: https://a.example}, {key: b, url: https://b.example, paused: true}], monitor: {}}",
        ],
        [
            "-{feeds: [{key: a, url: https://a.example}, {key: b, url: https://b.example}], monitor: {}}",
            "+{feeds: [{key: a, url: https://a.example}], monitor: {}}",
        ],
        id="everything in braces",
    ),
    pytest.param(
        "feeds: [\n  {key: a, url: https://a.example},  # a\n  {key: b, url: https://b.example}   # b\n]\n",
        [
            "-  {key: b, url: https://b.example}   # b",
            "+  {key: b, url: https://b.example},   # b",
            f"+  {FLOW}",
        ],
        ["-  {key: b, url: https://b.example}   # b", "+  {key: b, url: https://b.example, paused: true}   # b"],
        [
            "-  {key: a, url: https://a.example},  # a",
            "+  {key: a, url: https://a.example}  # a",
            "-  {key: b, url: https://b.example}   # b",
        ],
        id="a list in brackets over several lines",
    ),
    pytest.param(
        "feeds: [\n  {key: a, url: https://a.example},\n  {key: b, url: https://b.example},  # b\n]\n",
        [f"+  {FLOW},"],
        ["-  {key: b, url: https://b.example},  # b", "+  {key: b, url: https://b.example, paused: true},  # b"],
        ["-  {key: b, url: https://b.example},  # b"],
        id="a list in brackets with a comma after the last",
    ),
    pytest.param(
        '{\n  "feeds": [\n    {\n      "key": "a",\n      "url": "https://a.example"\n    },\n'
        '    {\n      "key": "b",\n      "url": "https://b.example"\n    }\n  ]\n}\n',
        ["-    }", "+    },", f"+    {JSON}"],
        ['-      "url": "https://b.example"', '+      "url": "https://b.example",', '+      "paused": true'],
        ["-    },", "-    {", '-      "key": "b",', '-      "url": "https://b.example"'],
        id="JSON",
    ),
]
each_style = pytest.mark.parametrize(("text", "when_added", "when_paused", "when_removed"), STYLES)

VARIANTS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "byte order mark": lambda text: "\ufeff" + text,
    "no line break at the end": lambda text: text.removesuffix("\n"),
}
each_variant = pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)


@each_variant
@each_style
def test_a_new_feed_comes_after_the_last_one_and_looks_like_it(
    text: str, when_added: list[str], when_paused: object, when_removed: object, variant: Callable[[str], str]
) -> None:
    before = variant(text)

    after = add_feeds(before, [NEW])

    assert changes(before, after) == when_added
    assert feeds_in(after) == [
        *feeds_in(before),
        {"key": "new", "url": "https://new.example/f", "tags": ["press", "a: b"]},
    ]


@each_variant
@each_style
def test_pausing_changes_one_line(
    text: str, when_added: object, when_paused: list[str], when_removed: object, variant: Callable[[str], str]
) -> None:
    before = variant(text)

    after = set_paused(before, ["b"], True)

    assert changes(before, after) == when_paused
    assert [feed.get("paused") for feed in feeds_in(after)] == [None, True]


@each_variant
@each_style
def test_removing_takes_the_feeds_own_lines(
    text: str, when_added: object, when_paused: object, when_removed: list[str], variant: Callable[[str], str]
) -> None:
    before = variant(text)

    after = remove_feeds(before, ["b"])

    assert changes(before, after) == when_removed
    assert [feed["key"] for feed in feeds_in(after)] == ["a"]


@each_variant
@each_style
def test_what_is_undone_leaves_no_trace(
    text: str, when_added: object, when_paused: object, when_removed: object, variant: Callable[[str], str]
) -> None:
    before = variant(text)

    assert remove_feeds(add_feeds(before, [NEW]), ["new"]) == before
    assert set_paused(set_paused(before, ["a", "b"], True), ["b", "a"], False) == before


@each_style
def test_a_list_may_become_empty_and_be_filled_again(
    text: str, when_added: object, when_paused: object, when_removed: object
) -> None:
    emptied = remove_feeds(text, ["a", "b"])

    assert feeds_in(emptied) == []
    assert feed_keys(add_feeds(emptied, [NEW])) == ("new",)


@pytest.mark.parametrize(
    ("before", "keys", "after"),
    [
        pytest.param("[{key: a}, {key: b}, {key: c}]", "a", "[{key: b}, {key: c}]", id="the first"),
        pytest.param("[{key: a}, {key: b}, {key: c}]", "ab", "[{key: c}]", id="the first two"),
        pytest.param("[{key: a}, {key: b}, {key: c}]", "bc", "[{key: a}]", id="the last two"),
        pytest.param("[{key: a}, {key: b}, {key: c},]", "ac", "[{key: b},]", id="the ends"),
        pytest.param("[\n  {key: a}  # a\n  , {key: b}  # b\n  ]", "b", "[\n  {key: a}  # a\n  ]", id="a comma before"),
        pytest.param(
            "[\n  {key: a}\n  , {key: b}  # b\n  ]", "a", "[\n  {key: b}  # b\n  ]", id="a comma on the next line"
        ),
        pytest.param("\n- key: a\n\n- key: b\n# end", "b", "\n- key: a\n# end", id="a comment right behind"),
        pytest.param(
            "\n- key: a\n\n- key: b\n# c\n- key: c", "b", "\n- key: a\n\n# c\n- key: c", id="a comment before the next"
        ),
        pytest.param("[\n  {key: a}, {key: b},\n  {key: c}]", "b", "[\n  {key: a}, {key: c}]", id="two on a line"),
        pytest.param("[\n  {key: a}  # a\n]", "a", "[\n]", id="the only one, with a remark"),
        pytest.param("\n- key: a\n\n- key: b\n\n- key: c", "b", "\n- key: a\n\n- key: c", id="between blank lines"),
        pytest.param("\n- key: a\n\n- key: b\n\n- key: c", "bc", "\n- key: a", id="the last two, blank lines between"),
    ],
)
def test_the_feeds_that_stay_are_laid_out_as_before(before: str, keys: str, after: str) -> None:
    assert remove_feeds(f"feeds: {before}\n", list(keys)) == f"feeds: {after}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", f"feeds:\n  - {FLOW}\n", id="nothing"),
        pytest.param("# nothing yet", f"# nothing yet\n\nfeeds:\n  - {FLOW}", id="a comment without a line break"),
        pytest.param(
            f"{CONTACT}# the rules\nrules: []\n",
            f"{CONTACT}\nfeeds:\n  - {FLOW}\n\n# the rules\nrules: []\n",
            id="no section: after monitor",
        ),
        pytest.param("rules: []\n", f"rules: []\n\nfeeds:\n  - {FLOW}\n", id="no section, no monitor: at the end"),
        pytest.param(f"feeds:   # c\n{CONTACT}", f"feeds:   # c\n  - {FLOW}\n{CONTACT}", id="an empty section first"),
        pytest.param(f"{CONTACT}feeds:", f"{CONTACT}feeds:\n  - {FLOW}", id="an empty section last"),
        pytest.param(f"feeds: ~  # c\n{CONTACT}", f"feeds:  # c\n  - {FLOW}\n{CONTACT}", id="null"),
        pytest.param(f"feeds: []  # c\n{CONTACT}", f"feeds:  # c\n  - {FLOW}\n{CONTACT}", id="empty brackets"),
        pytest.param("feeds:\n  []\nrules: []\n", f"feeds:\n  - {FLOW}\nrules: []\n", id="empty brackets below"),
        pytest.param("feeds: [ # none\n  ]\n", f"feeds: [ # none\n  {FLOW}]\n", id="brackets with a comment"),
        pytest.param("{rules: []}\n", f"{{rules: [], feeds: [{FLOW}]}}\n", id="braces without the section"),
        pytest.param("{feeds: , rules: []}\n", f"{{feeds: [{FLOW}], rules: []}}\n", id="braces, an empty section"),
        pytest.param('{\n  "rules": []\n}\n', f'{{\n  "rules": [],\n  "feeds": [{JSON}]\n}}\n', id="JSON without it"),
        pytest.param("monitor: {}\r\n", f"monitor: {{}}\r\n\r\nfeeds:\r\n  - {FLOW}\r\n", id="CRLF"),
    ],
)
def test_a_missing_or_empty_section_is_begun(text: str, expected: str) -> None:
    assert add_feeds(text, [NEW]) == expected


@pytest.mark.parametrize(
    ("before", "resumed"),
    [
        pytest.param("- {paused: true, key: a, url: u}", "- {paused: false, key: a, url: u}", id="first in braces"),
        pytest.param("- paused: true\n  key: a", "- paused: false\n  key: a", id="on the line of the dash"),
        pytest.param(
            "- key: a\n  paused: true  # until May", "- key: a\n  paused: false  # until May", id="with a remark"
        ),
        pytest.param("- key: a\n  paused: true\n  url: u", "- key: a\n  url: u", id="on a line of its own"),
    ],
)
def test_resuming_keeps_what_else_stands_there(before: str, resumed: str) -> None:
    assert set_paused(f"feeds:\n{before}\n", ["a"], False) == f"feeds:\n{resumed}\n"


@pytest.mark.parametrize(
    ("before", "paused"),
    [
        ("- {key: a, paused: false}", "- {key: a, paused: true}"),
        ("- key: a\n  paused:  # or not\n  url: u", "- key: a\n  paused: true  # or not\n  url: u"),
        ("- {key: a, paused: true}", "- {key: a, paused: true}"),
    ],
)
def test_pausing_changes_a_value_that_is_there(before: str, paused: str) -> None:
    assert set_paused(f"feeds:\n{before}\n", ["a"], True) == f"feeds:\n{paused}\n"


@pytest.mark.parametrize(
    "title",
    [
        *(
            "Le Monde",
            "no",
            "2024",
            "null",
            "a: b",
            "a, b",
            "[x]",
            "- x",
            "#x",
            "x #y",
            'a "b"',
            "l'eau",
            "@x",
            "*x",
            ":",
        ),
        *("Україна", " x ", "\\n", "}", "%x", "!x", "---", "1e3", "{{ x }}", "北约", "😀", "a:b", "?", "-", "a\u00a0b"),
    ],
)
@pytest.mark.parametrize("text", ["", "feeds:\n- key: a\n  url: https://a.example\n", '{"x": 1}'])
def test_any_title_is_read_back_as_it_was(title: str, text: str) -> None:
    after = add_feeds(
        text, [NewFeed(key="new", url="https://new.example/?a=1&b=#c", title=title, tags=(title.strip(),))]
    )

    assert feeds_in(after)[-1] == {
        "key": "new",
        "url": "https://new.example/?a=1&b=#c",
        "title": title,
        "tags": [title.strip()],
    }


def test_a_block_text_at_the_very_end_is_no_obstacle() -> None:
    text = "feeds:\n- key: a\n  title: |\n    Some"

    assert add_feeds(text, [NEW]) == f"{text}\n- {BLOCK[0]}\n  {BLOCK[1]}\n  {BLOCK[2]}"


def test_every_field_is_written_in_the_files_order() -> None:
    new = NewFeed(
        key="x",
        url="http://10.0.0.5/f",
        title="X",
        language="no",
        country="FR",
        tags=("a", "b"),
        every="5m",
        allow_private=("10.0.0.5:80",),
    )

    assert add_feeds("feeds:\n", [new]) == (
        'feeds:\n  - {key: x, url: "http://10.0.0.5/f", title: X, language: no, country: FR, tags: [a, b], every: 5m, '
        'allow_private: ["10.0.0.5:80"]}\n'
    )


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────

TWO = (
    "feeds:\n- {key: a, url: 'https://user:secret@a.example/f'}\n- {key: bee, url: https://b.example}\n"
    "rules:\n- {name: buzz, query: x, feeds: [bee]}\n"
)


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (NewFeed(key="a", url="https://c.example"), 'already a feed "a"'),
        (NewFeed(key="c", url="http://user:secret@www.A.example:80/f/"), 'feed "a" already has this URL'),
        (NewFeed(key="c d", url="https://c.example"), "key: write 1 to 200 characters without spaces"),
        (NewFeed(key="c", url="c.example"), "url: is no web address"),
        (NewFeed(key="c", url="https://c.example", language="french!"), "language: is no language tag"),
        (NewFeed(key="c", url="https://c.example", every="15"), "every: write a whole number and its unit"),
        (NewFeed(key="c", url="https://c.example", allow_private=("c.example:80",)), "allow_private[0]: write an IP"),
        (NewFeed(key="c", url="https://c.example", title="a\nb"), "title: holds the control character U+000A"),
    ],
)
def test_a_feed_that_cannot_be_is_refused_with_the_reason(new: NewFeed, said: str) -> None:
    with pytest.raises(EditError) as caught:
        add_feeds(TWO, [new])

    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "second", [NewFeed(key="c", url="https://d.example"), NewFeed(key="d", url="https://c.example")]
)
def test_two_new_feeds_cannot_be_the_same(second: NewFeed) -> None:
    with pytest.raises(EditError):
        add_feeds(TWO, [NewFeed(key="c", url="http://c.example/"), second])


def test_a_feed_that_a_rule_names_is_not_removed() -> None:
    with pytest.raises(EditError, match=r'feed "bee" is one of the feeds of rule "buzz" \(line 5\)\. Take it out'):
        remove_feeds(TWO, ["a", "bee"])


@pytest.mark.parametrize(
    "change", [lambda: remove_feeds(TWO, ["be"]), lambda: set_paused(TWO, ["be"], True)], ids=["remove", "pause"]
)
def test_an_unknown_key_gets_a_suggestion(change: Callable[[], str]) -> None:
    with pytest.raises(EditError, match=r'there is no feed "be"\. Did you mean "bee"\?'):
        change()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("feeds: [\n", "line 2, column 1: not YAML", id="not YAML"),
        pytest.param("- a\n", "sections at the left margin", id="no mapping"),
        pytest.param("feeds: x\n", "feeds: in line 1 is no list", id="no list"),
        pytest.param("x: &x []\nfeeds: *x\n", "written elsewhere", id="the list written elsewhere"),
        pytest.param("feeds: &f []\nx: *f\n", "in an editor", id="a list that also stands elsewhere"),
        pytest.param("---\n...\n", "in an editor", id="a document that has ended"),
    ],
)
def test_a_layout_that_is_not_understood_is_left_alone(text: str, said: str) -> None:
    with pytest.raises(EditError, match=said):
        add_feeds(text, [NEW])


@pytest.mark.parametrize(
    "change",
    [lambda text: remove_feeds(text, ["a"]), lambda text: set_paused(text, ["a"], True)],
    ids=["remove", "pause"],
)
def test_a_feed_that_also_stands_elsewhere_is_left_alone(change: Callable[[str], str]) -> None:
    with pytest.raises(EditError, match="in an editor"):
        change("feeds:\n- &a {key: a}\nx: *a\n")


def test_a_thousand_feeds_take_no_more_work_than_ten_times_a_hundred() -> None:
    def edited(number: int) -> None:
        new = [
            NewFeed(key=f"k{n}", url=f"https://h{n}.example/f", title=f"No: {n}", tags=("a",)) for n in range(number)
        ]
        keys = [feed.key for feed in new]

        text = add_feeds(TWO, new)
        paused = set_paused(text, keys, True)

        assert feed_keys(paused) == ("a", "bee", *keys)
        assert set_paused(paused, keys, False) == text
        assert remove_feeds(text, keys) == TWO

    assert steps(lambda: edited(200)) < TWICE * steps(lambda: edited(100))
    edited(1_000)


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wanted", "taken", "key"),
    [
        ("Le Monde", (), "le-monde"),
        ("feeds.bbci.co.uk", (), "feeds-bbci-co-uk"),
        ("L'Équipe – à la une", (), "lequipe-a-la-une"),
        ("Süddeutsche Straße", (), "suddeutsche-strasse"),
        ("Українська правда", (), "ukrainska-pravda"),
        ("Новая газета", (), "novaya-gazeta"),
        ("Cœur de l\u2019Œuvre", (), "coeur-de-loeuvre"),
        ("北约", (), "feed"),
        ("", ("feed",), "feed-2"),
        ("Le Monde", ("le-monde", "Le-Monde-2"), "le-monde-3"),
        ("The quick brown fox jumps over the lazy dogs", (), "the-quick-brown-fox-jumps-over-the-lazy"),
        ("x" * 50, ("x" * 40,), "x" * 38 + "-2"),
        ("-- A --", (), "a"),
    ],
)
def test_a_key_is_readable_ascii_and_free(wanted: str, taken: tuple[str, ...], key: str) -> None:
    assert free_key(wanted, taken) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/f", "http://a.example/f/"),
        ("https://www.A.example/f", "https://a.example:443/f"),
        ("http://a.example:80", "https://a.example/"),
        ("https://a.example/f#top", " https://a.example/f"),
    ],
)
def test_one_feed_may_be_spelled_in_several_ways(one: str, other: str) -> None:
    assert same_feed(one) == same_feed(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/f", "https://a.example/F"),
        ("https://a.example/f?a=1", "https://a.example/f"),
        ("https://a.example:8443/", "https://a.example/"),
        ("https://a:b@a.example/", "https://c:d@a.example/"),
        ("http://[::1]/", "http://[::2]/"),
    ],
)
def test_two_feeds_stay_two(one: str, other: str) -> None:
    assert same_feed(one) != same_feed(other)


@pytest.mark.parametrize("url", ["", "nothing", "https://a.example:port/", "http://[::1", "/path"])
def test_what_is_no_url_is_compared_as_it_is(url: str) -> None:
    assert same_feed(url) == url


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────────

FILE = f"{CONTACT}feeds:\n  - {{key: a, url: https://a.example, tags: [x]}}\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A feeds.yaml with one feed, in a folder of its own."""
    path = tmp_path / "etc" / "feeds.yaml"
    path.parent.mkdir()
    path.write_text(FILE)
    return path


def add_new(text: str) -> str:
    return add_feeds(text, [NEW])


def untouched(path: Path, text: str = FILE) -> bool:
    """Whether the file is as it was, and nothing was left beside it."""
    return path.read_text() == text and list(path.parent.iterdir()) == [path]


def test_an_edit_gives_the_configuration_it_wrote(path: Path) -> None:
    edited = edit(path, add_new, environ={})

    assert edited == config.load(path, environ={})
    assert [feed.key for feed in edited.feeds] == ["a", "new"]
    assert list(path.parent.iterdir()) == [path]


def test_mode_owner_and_attributes_stay(path: Path) -> None:
    path.chmod(0o640)
    os.utime(path, (0, 0))
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
    before = path.stat()

    edit(path, add_new, environ={})

    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino
    assert after.st_mtime > 0


def test_a_symbolic_link_stays_and_paths_are_relative_to_it(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "feeds.yaml"
    link.symlink_to(path)

    edited = edit(link, add_new, environ={})

    assert link.is_symlink()
    assert feed_keys(path.read_text()) == ("a", "new")
    assert edited.archive == str(tmp_path / "db" / "archive.db")


def test_a_change_that_changes_nothing_writes_nothing(path: Path) -> None:
    before = path.stat()

    edit(path, lambda text: text, environ={})

    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_result_with_mistakes_is_refused_at_the_lines_people_see(path: Path) -> None:
    text = f"{FILE}  # one more\n  - {{key: b, url: https://b.example}}\nrules:\n  - {{name: r, query: x, tags: [x]}}\n"
    path.write_text(text)

    with pytest.raises(EditError) as caught:
        edit(path, lambda text: remove_feeds(text, ["a"]), environ={})

    said = str(caught.value).splitlines()
    assert said[0] == f"{path} was left as it is, because it would then be wrong:"
    assert said[1].startswith(f'{path}:7:32: rules[0].tags[0]: there is no tag of a feed "x"')
    assert untouched(path, text)


@pytest.mark.parametrize("broken", ["feeds: [\n", "monitor: {contact: nobody}\nfeeds:\n", b"\xff\xfe", b"a: \xff"])
def test_a_file_that_was_wrong_before_is_corrected_first(broken: str | bytes, path: Path) -> None:
    path.write_bytes(broken if isinstance(broken, bytes) else broken.encode())

    with pytest.raises(ConfigError) as caught:
        edit(path, add_new, environ={})

    assert str(caught.value).startswith(f"{path}:")


def test_an_edit_may_mend_a_file(path: Path) -> None:
    path.write_text(f"{FILE}  - {{key: b, url: nowhere}}\n")

    edit(path, lambda text: remove_feeds(text, ["b"]), environ={})

    assert untouched(path)


def test_a_file_that_another_program_wrote_meanwhile_is_left_alone(path: Path) -> None:
    def slow(text: str) -> str:
        path.write_text(f"{FILE}# by hand\n")
        return add_new(text)

    with pytest.raises(EditError, match=r"was changed by another program meanwhile\. .* run this again"):
        edit(path, slow, environ={})

    assert untouched(path, f"{FILE}# by hand\n")


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(EditError, match="cannot be read: No such file"):
        edit(tmp_path / "feeds.yaml", add_new, environ={})
    with pytest.raises(EditError, match="is not a file that can be replaced"):
        edit(tmp_path, add_new, environ={})


ADD = """
import sys
from pathlib import Path
from monitor.config.editing import NewFeed, add_feeds, edit
print("ready", flush=True)
sys.stdin.readline()
for n in range(5):
    new = NewFeed(key=f"{sys.argv[2]}-{n}", url=f"https://{sys.argv[2]}.example/{n}")
    edit(Path(sys.argv[1]), lambda text: add_feeds(text, [new]), environ={})
"""


def test_of_edits_at_one_moment_none_is_lost(path: Path) -> None:
    command = [sys.executable, "-c", ADD, str(path)]
    editors = [
        subprocess.Popen([*command, name], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name in ("x", "y", "z")
    ]
    for editor in editors:
        assert editor.stdout is not None
        editor.stdout.readline()
    for editor in editors:
        assert editor.stdin is not None
        editor.stdin.write("\n")
        editor.stdin.flush()
    for editor in editors:
        editor.communicate(timeout=60)

    assert [editor.returncode for editor in editors] == [0, 0, 0]
    assert sorted(feed_keys(path.read_text())) == ["a", *(f"{name}-{n}" for name in "xyz" for n in range(5))]


# Root may do anything: without these capabilities it is as bound by modes as everybody else.
BOUND = ["setpriv", "--bounding-set=-dac_override,-fowner,-chown", "--inh-caps=-all"] if os.geteuid() == 0 else []


@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "limit", "said"),
    [
        pytest.param(0o644, 0o555, "unlimited", "Permission denied. It was left as it is; run this as", id="a folder"),
        pytest.param(0o444, 0o755, "unlimited", "it is write-protected. It was left as it is; run this", id="a file"),
        pytest.param(0o644, 0o755, "0", "File too large. It was left as it is; make room in", id="no room"),
    ],
)
def test_what_cannot_be_written_is_said_and_stays_whole(
    file_mode: int, folder_mode: int, limit: str, said: str, path: Path
) -> None:
    path.chmod(file_mode)
    path.parent.chmod(folder_mode)
    add = f"ulimit -f {limit}; exec {sys.executable} -m monitor --config {path} feeds pause a"

    done = subprocess.run(
        [*BOUND, "sh", "-c", add], env=environment(), capture_output=True, text=True, timeout=60, check=False
    )

    path.parent.chmod(0o755)
    assert done.returncode == 1, done.stderr
    assert f"monitor: {path} could not be replaced: {said}" in done.stderr
    assert untouched(path)
