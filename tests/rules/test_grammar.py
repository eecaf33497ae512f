"""The grammar of queries: which tree each makes, what is refused and how, and that a shown tree reads the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import RuleError
from monitor.rules.grammar import Aliases, parse
from monitor.rules.shown import shown
from monitor.rules.tree import And, Count, First, Has, In, Near, Node, Not, Or, Regex, Term
from monitor.text import clean
from tests.effort import TWICE, steps

# The same examples every time, however slow the machine.
repeatable = settings(deadline=None, derandomize=True, max_examples=400)

ITEMS: dict[str, Any] = {
    "OTAN": ["OTAN", "NATO", "Alliance atlantique"],
    "front": ["@otan", "ligne de front", "soldat*"],
    "election": {"any": ["vote"], "fr": ["élection", "scrutin"], "de": ["Wahl"]},
    "poll": {"fr": ["@election", "sondage"], "fr-CA": ["@election"]},
}
ALIASES = Aliases(ITEMS)


def drawn(node: Node) -> str:
    """A tree in short: every node but a word in parentheses, its kind first."""
    match node:
        case Term(parts, field):
            words = "_".join(part.exact or part.stem or part.letters + "*" * part.is_open for part in parts)
            mark = "=" if parts[0].exact else "~" if parts[0].stem else ""
            return f"{field}:{mark}{words}" if field else mark + words
        case Or(nodes) | And(nodes):
            return f"({type(node).__name__.lower()} {' '.join(map(drawn, nodes))})"
        case Near(left, right, reach, ordered):
            return f"({'before' if ordered else 'near'} {reach} {drawn(left)} {drawn(right)})"
        case Not(inner):
            return f"(not {drawn(inner)})"
        case Has(field, value, is_open):
            return f"({field} {value}{'*' * is_open})"
        case Regex(source, ignore_case):
            return f"(regex {source}{' i' * ignore_case})"
        case Count(inner, compare, number):
            return f"(count {drawn(inner)} {compare} {number})"
        case First(words, inner):
            return f"(first {words} {drawn(inner)})"
        case In(language, inner):
            return f"(in {language} {drawn(inner)})"


# ── trees ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        pytest.param("Ukraine", "ukraine", id="a word"),
        pytest.param(" Ukraine\n", "ukraine", id="a word between spaces"),
        pytest.param('"Alliance atlantique"', "alliance_atlantique", id="a phrase"),
        pytest.param("« Alliance atlantique »", "alliance_atlantique", id="a phrase in guillemets"),
        pytest.param("»Alliance atlantique«", "alliance_atlantique", id="a phrase in German guillemets"),
        pytest.param("„Alliance atlantique“", "alliance_atlantique", id="a phrase in German quotation marks"),
        pytest.param("“Alliance atlantique”", "alliance_atlantique", id="a phrase in curly quotation marks"),
        pytest.param("Etats-Unis", "etats_unis", id="a word with a hyphen"),
        pytest.param("ukrain*", "ukrain*", id="a beginning"),
        pytest.param("a b", "(and a b)", id="two words"),
        pytest.param("a AND b", "(and a b)", id="AND"),
        pytest.param("a AND b c AND d", "(and a b c d)", id="AND, written and not"),
        pytest.param("a OR b OR c", "(or a b c)", id="OR"),
        pytest.param("a b OR -c d", "(or (and a b) (and (not c) d))", id="NOT, then AND, then OR"),
        pytest.param("a and b or not c", "(and a and b or not c)", id="operators in lower case are words"),
        pytest.param("a ANDROID OR b ORAL NOTE", "(or (and a android) (and b oral note))", id="words that begin so"),
        pytest.param('a "OR" b', "(and a or b)", id="a quoted operator is a word"),
        pytest.param('a OR"b c"NOT(d)', "(or a (and b_c (not d)))", id="spaces that can be left out"),
        pytest.param("a(b)c", "(and a b c)", id="parentheses divide words"),
        pytest.param("（a OR b） c", "(and (or a b) c)", id="full-width parentheses"),
        pytest.param("NOT NOT a", "a", id="twice absent is present"),
        pytest.param("a -b –c −d", "(and a (not b) (not c) (not d))", id="dashes before a word"),
        pytest.param("a -(b OR c)", "(and a (not (or b c)))", id="a dash before a group"),
        pytest.param('a -"b c" -@OTAN', "(and a (not b_c) (not (or otan nato alliance_atlantique)))", id="and others"),
        pytest.param("a NEAR/5 b", "(near 5 a b)", id="NEAR"),
        pytest.param("a BEFORE/0 b", "(before 0 a b)", id="BEFORE"),
        pytest.param("a NEAR/s b BEFORE/p c", "(before p (near s a b) c)", id="one sentence, one paragraph"),
        pytest.param("a NEAR/1 b NEAR/2 c", "(near 2 (near 1 a b) c)", id="a chain reads from the left"),
        pytest.param("a NEAR/1 (b NEAR/2 c)", "(near 1 a (near 2 b c))", id="a chain with parentheses"),
        pytest.param("(a OR b) NEAR/1 @OTAN", "(near 1 (or a b) (or otan nato alliance_atlantique))", id="NEAR of any"),
        pytest.param("a NEAR/1 b c OR d", "(or (and (near 1 a b) c) d)", id="NEAR binds tighter than AND"),
        pytest.param("NOT (a NEAR/1 b)", "(not (near 1 a b))", id="absence of a NEAR"),
        pytest.param("a NEAR/1000 b", "(near 1000 a b)", id="NEAR as far as it goes"),
        pytest.param("title:a b", "(and title:a b)", id="a field reaches over one word"),
        pytest.param("TITLE:a", "title:a", id="a field in upper case"),
        pytest.param('text:"a b" author:c', "(and text:a_b author:c)", id="a field and a phrase"),
        pytest.param("link:(a OR -b c)", "(or link:a (and (not link:b) link:c))", id="a field and a group"),
        pytest.param("source:@OTAN", "(or source:otan source:nato source:alliance_atlantique)", id="and an alias"),
        pytest.param("-title:a", "(not title:a)", id="absence from a field"),
        pytest.param("title:(a NEAR/1 b)", "(near 1 title:a title:b)", id="NEAR within a field"),
        pytest.param("title:a NEAR/1 b", "(near 1 title:a b)", id="NEAR in one field"),
        pytest.param("title:=A title:~b", "(and title:=A title:~b)", id="marks behind a field"),
        pytest.param('=OTAN ="Le Monde"', "(and =OTAN =Le_Monde)", id="exactly so"),
        pytest.param("-=OTAN", "(not =OTAN)", id="absence of what is exactly so"),
        pytest.param('~élections ~"deux mots"', "(and ~élections ~deux_mots)", id="stems"),
        pytest.param("@otan", "(or otan nato alliance_atlantique)", id="an alias in another case"),
        pytest.param(
            "@front", "(or otan nato alliance_atlantique ligne_de_front soldat*)", id="an alias within an alias"
        ),
        pytest.param("@election", "(or vote (in fr (or election scrutin)) (in de wahl))", id="forms of languages"),
        pytest.param(
            "@poll",
            "(or (in fr (or vote election scrutin sondage)) (in und wahl) (in fr-ca (or vote election scrutin)))",
            id="languages within languages",
        ),
        pytest.param(
            "title:@election NEAR/3 x",
            "(near 3 (or title:vote (in fr (or title:election title:scrutin)) (in de title:wahl)) x)",
            id="forms of languages beside NEAR and in a field",
        ),
        pytest.param("feed:le-monde a", "(and (feed le-monde) a)", id="a feed"),
        pytest.param("feed:le-* -tag:Presse", "(and (feed le-*) (not (tag presse)))", id="feeds that begin so"),
        pytest.param('tag:"Politique  étrangère"', "(tag politique etrangere)", id="a tag of two words"),
        pytest.param("tag:(C++ OR @x OR -y)", "(or (tag c++) (tag @x) (tag -y))", id="tags as they are"),
        pytest.param("lang:(fr OR pt-BR OR und)", "(or (lang fr) (lang pt-br) (lang und))", id="languages"),
        pytest.param("COUNTRY:FR", "(country fr)", id="a country"),
        pytest.param("/colou?rs? of (the|a)/", "(regex colou?rs? of (the|a))", id="a regular expression"),
        pytest.param(r"a /\/b\.\\/i c", r"(and a (regex \/b\.\\ i) c)", id="a slash inside, and i"),
        pytest.param("(/a/)", "(regex a)", id="a regular expression in parentheses"),
        pytest.param("a/b", "a_b", id="a slash inside a word"),
        pytest.param("count(a) >= 3", "(count a >= 3)", id="count"),
        pytest.param(
            "count(a OR @OTAN)<2 b", "(and (count (or a (or otan nato alliance_atlantique)) < 2) b)", id="count of"
        ),
        pytest.param("count(a NEAR/3 b) = 0", "(count (near 3 a b) = 0)", id="count of a NEAR"),
        pytest.param("count(title:a)>1 OR -count(b)<=2", "(or (count title:a > 1) (not (count b <= 2)))", id="counts"),
        pytest.param("first(100): a b", "(and (first 100 a) b)", id="first reaches over one word"),
        pytest.param("FIRST( 50 ):(a NEAR/3 b)", "(first 50 (near 3 a b))", id="first and a group"),
        pytest.param("first(50):count(a) >= 2", "(first 50 (count a >= 2))", id="how often among the first"),
        pytest.param("count first", "(and count first)", id="count and first are words by themselves"),
        pytest.param(
            "title：（北 OR a） count（b）>1", "(and (or title:北 title:a) (count b > 1))", id="full-width signs"
        ),
        pytest.param('צה"ל', "צה_ל", id="a quotation mark inside a Hebrew acronym"),
        pytest.param("Yahoo!", "yahoo", id="a name with an exclamation mark"),
        pytest.param("10:30", "10_30", id="a colon between digits"),
        pytest.param("Near adjacent before w adj", "(and near adjacent before w adj)", id="words like operators"),
    ],
)
def test_a_query_makes_the_tree_a_reader_expects(query: str, tree: str) -> None:
    assert drawn(parse(query, ALIASES)) == tree


# ── aliases ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("items", "tree"),
    [
        pytest.param(["Alliance atlantique"], "alliance_atlantique", id="several words are one"),
        pytest.param(['"Alliance atlantique"'], "alliance_atlantique", id="in quotation marks too"),
        pytest.param(["soldat*"], "soldat*", id="a beginning"),
        pytest.param(["=Le Monde", '="Le Monde"'], "=Le_Monde", id="exactly so, each form once"),
        pytest.param(["=E\u0301lan"], "=Élan", id="exactly so, however composed"),
        pytest.param(["~élection"], "~élection", id="a stem"),
        pytest.param(['"OR"', "and"], "(or or and)", id="an operator in quotation marks"),
        pytest.param({"any": ["x"], "fr": ["x", "y"]}, "(or x (in fr y))", id="a form of all languages is one"),
        pytest.param({"FR-ca": ["x"]}, "(in fr-ca x)", id="a language in whatever case"),
    ],
)
def test_an_alias_stands_for_any_of_its_forms(items: Any, tree: str) -> None:
    assert drawn(parse("@A", Aliases({"A": items}))) == tree


@pytest.mark.parametrize(
    ("items", "message"),
    [
        pytest.param({"A": ["@B"], "B": ["x", "@a"]}, "the alias @A contains itself: @A → @B → @A", id="a circle"),
        pytest.param({"A": []}, "the alias @A is empty. Give it a word, or remove it here", id="an empty alias"),
        pytest.param({"A": {"fr": []}}, "the alias @A is empty", id="a language without forms"),
        pytest.param({"A": ["x", "@B"]}, "there is no alias @B", id="an alias of an unknown alias"),
        pytest.param({"A": ["a OR b"]}, 'the alias @A holds "a OR b". An item is a word, a phrase', id="operators"),
        pytest.param({"A": ["a BEFORE/3 b"]}, "list each by itself", id="BEFORE"),
        pytest.param({"A": ["(a)"]}, "list each by itself", id="parentheses"),
        pytest.param({"A": ["-a"]}, "list each by itself", id="absence"),
        pytest.param({"A": ["title:a"]}, "list each by itself", id="a field"),
        pytest.param({"A": ["/a b/i"]}, "list each by itself", id="a regular expression"),
        pytest.param({"A": ["u*"]}, 'the alias @A holds "u*": * needs at least two letters', id="a bad beginning"),
        pytest.param({"A": ["…"]}, 'the alias @A holds "…"', id="only signs"),
        pytest.param({"A": [""]}, 'the alias @A holds "": the phrase is empty', id="an empty item"),
        pytest.param({"A": {"french": ["x"]}}, 'has forms under "french". Write the code of a language', id="a name"),
        pytest.param(
            {"A": ["@A0"]} | {f"A{n}": [f"@A{n + 1}"] for n in range(2_000)} | {"A2000": ["x"]},
            "more than 100 deep",
            id="a chain without end",
        ),
    ],
)
def test_a_broken_alias_is_named_where_the_query_uses_it(items: dict[str, Any], message: str) -> None:
    aliases = Aliases(items)
    for _ in range(2):  # a second query that uses it is told the same
        with pytest.raises(RuleError) as refused:
            parse("Ukraine @A", aliases)

        assert message in refused.value.message
        assert refused.value.column == 9


def test_aliases_that_multiply_each_other_stay_small() -> None:
    doubled = {f"A{n}": [f"@A{n + 1}", f"@A{n + 1}"] for n in range(60)} | {"A60": ["x"]}
    by_language = {f"A{n}": {"fr": [f"@A{n + 1}"], "uk": [f"@A{n + 1}"]} for n in range(60)} | {"A60": ["x"]}

    assert drawn(parse("@A0", Aliases(doubled))) == "x"
    assert drawn(parse("@A0", Aliases(by_language))) == "(or (in fr x) (in und x) (in uk x))"


def test_two_queries_share_what_an_alias_stands_for() -> None:
    first, second = parse("a @OTAN", ALIASES), parse("b @otan", ALIASES)

    assert isinstance(first, And)
    assert isinstance(second, And)
    assert first.nodes[1] is second.nodes[1]


# ── whatever is written ──────────────────────────────────────────────────────────────────────────────────────────────

_PIECES = """a b OTAN Kyiv =a ~a ukrain* -a AND OR NOT NEAR/3 BEFORE/s NEAR NEAR/x w/5 ( ) ( ) @OTAN @election @x @ "
«a» « title: author:a feed:a feed:(a tag:* lang:fr x: /a count( >= > 3 first(9): first( ! | … ~5 a̸"""
PIECES = st.sampled_from([*_PIECES.split(), '"a b"', "title:(a OR b)", "/a b/", "count(a) >= 2", "\n"])
ANYTHING = st.one_of(
    st.text(st.sampled_from("ab*\"«»“„()-–@:!?~=|/\\'’ \n\u200b\u0301ANDORT<>3北éß")),
    st.text(max_size=60),
    st.lists(PIECES, max_size=14).map(" ".join),
    st.lists(PIECES, max_size=8).map("".join),
)


def refusal(query: str) -> RuleError | None:
    """Why a query is refused; None when it makes a tree."""
    try:
        assert drawn(parse(query, ALIASES))
    except RuleError as refused:
        return refused
    return None


@repeatable
@given(ANYTHING)
def test_any_text_parses_or_is_refused_in_one_line(query: str) -> None:
    refused = refusal(query)

    if refused is not None:
        assert 1 <= refused.column <= len(clean(query)) + 1
        assert refused.message
        assert "\n" not in refused.message


@pytest.mark.parametrize(
    "piece",
    """( ) " « » “ a_ a_OR_ - NOT_ /a_ / \\ ~ = =a_ a_NEAR/3_ title: feed:( feed:a_ count( first(1):_ @ @OTAN_ *
    @OTAN_NEAR/3_ a*_ א" a| x: <a> w/ (a_OR_(b)_ "a"_""".split(),
)
def test_the_longest_query_is_read_or_refused_at_once(piece: str) -> None:
    def read(length: int) -> None:
        for end in ("", "a", ")", '"'):
            refusal((piece.replace("_", " ") * length)[: length - len(end)] + end)

    read(500)  # what is made at the first use
    assert steps(lambda: read(1_000)) < TWICE * steps(lambda: read(500)) + 500
    read(10_000)


# ── a tree, shown ────────────────────────────────────────────────────────────────────────────────────────────────────

WORDS = [
    "a",
    "Ukraine",
    "l'OTAN",
    "ukrain*",
    '"a b"',
    '"OR"',
    "=OTAN",
    '="Le Monde"',
    "~élection",
    "@OTAN",
    '"w/5"',
    "北约",
]
SIMPLE = st.sampled_from(WORDS)
TITLED = st.builds("{}:{}".format, st.sampled_from(["title", "text"]), SIMPLE)
PLACED = st.recursive(
    st.one_of(SIMPLE, SIMPLE, SIMPLE),
    lambda inner: st.one_of(
        st.builds("({} OR {})".format, inner, inner),
        st.builds("({} {} {})".format, inner, st.sampled_from(["NEAR/3", "BEFORE/0", "NEAR/s", "BEFORE/p"]), inner),
    ),
    max_leaves=5,
)
QUERIES = st.recursive(
    st.one_of(
        PLACED,
        TITLED,
        st.sampled_from(
            ["feed:a-b*", 'tag:"a b"', "lang:(fr OR pt-br)", "country:fr", r"/a\/(b|c)\\/i", "author:(a -b)"]
        ),
        st.builds("count({}) {} {}".format, PLACED, st.sampled_from([">=", ">", "=", "<", "<="]), st.integers(0, 99)),
    ),
    lambda inner: st.one_of(
        st.builds("({} OR {})".format, inner, inner),
        st.builds("({} {} AND {})".format, inner, inner, inner),
        st.builds("-({})".format, inner),
        st.builds("first(9): ({})".format, inner),
    ),
    max_leaves=8,
)


def test_a_tree_of_a_hundred_levels_is_made_and_shown() -> None:
    query = "(a OR b c " * 100 + "d" + ")" * 100

    assert shown(parse(query, ALIASES)).startswith("a OR (b AND c AND (a OR (b AND c AND (")


@repeatable
@given(QUERIES)
def test_a_shown_tree_reads_the_same(query: str) -> None:
    tree = parse(query, ALIASES)

    assert parse(shown(tree), ALIASES) == tree


@pytest.mark.parametrize(
    ("query", "text"),
    [
        pytest.param("Ukraine", "ukraine", id="a word"),
        pytest.param("a b OR -(c d)", "(a AND b) OR -(c AND d)", id="parentheses say what belongs together"),
        pytest.param("a NEAR/3 b BEFORE/s c", "(a NEAR/3 b) BEFORE/s c", id="also of a chain"),
        pytest.param("title:(a OR b)", "title:a OR title:b", id="a field at each word"),
        pytest.param("“l’OTAN”", '"l otan"', id="a phrase"),
        pytest.param("=OTAN =Kyiv*", "=OTAN AND =Kyiv*", id="exactly so"),
        pytest.param('"94-000 22/11"', '"94-000-22-11"', id="numbers that are not one"),
        pytest.param("北约", "北约", id="a phrase that needs no quotation marks"),
        pytest.param("@election", "vote OR (election OR scrutin) [fr] OR wahl [de]", id="forms of a language"),
        pytest.param("first(9):(a b)", "first(9): (a AND b)", id="first"),
        pytest.param(r"/a\/b/i", r"/a\/b/i", id="a regular expression"),
        pytest.param("feed:(a OR b*) count(c)>3", "(feed:a OR feed:b*) AND count(c) > 3", id="values and counts"),
    ],
)
def test_a_tree_is_shown_as_a_query(query: str, text: str) -> None:
    assert shown(parse(query, ALIASES)) == text
