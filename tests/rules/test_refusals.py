"""What a query is refused for, where, and what its writer is told to write instead."""

from __future__ import annotations

import pytest

from monitor.errors import RuleError
from monitor.rules.grammar import Aliases, parse
from monitor.rules.tree import Term

ALIASES = Aliases({"OTAN": ["OTAN", "NATO"]})
LITERALLY = 'To search for it literally, write "'


@pytest.mark.parametrize(
    ("query", "column", "message"),
    [
        # nothing there
        pytest.param("", 1, "the query is empty. Write at least one word", id="nothing"),
        pytest.param(" \n", 1, "the query is empty", id="space"),
        pytest.param('a ""', 4, "the phrase is empty", id="an empty phrase"),
        pytest.param("a …", 3, '"…" holds no letter or digit', id="only signs"),
        pytest.param("a OR", 5, "the query ends after OR, where a word is expected. Write one", id="OR and nothing"),
        pytest.param("a OR  \n", 8, "the query ends after OR", id="OR and space"),
        pytest.param("(a OR", 6, "the query ends after OR", id="OR and nothing, in parentheses"),
        pytest.param("NOT", 4, "the query ends after NOT", id="NOT alone"),
        pytest.param("a NEAR/3", 9, "the query ends after NEAR/3", id="NEAR and nothing"),
        pytest.param("first(100):", 12, "the query ends after first(100):", id="first and nothing"),
        pytest.param("feed:(a OR", 11, "the query ends after OR, where a value is expected", id="a value missing"),
        pytest.param(
            "OR a", 1, 'OR stands at the beginning, where a word is expected. Write one, or "OR"', id="OR first"
        ),
        pytest.param("NEAR/3 a", 1, "NEAR/3 stands at the beginning", id="NEAR first"),
        pytest.param("a AND OR b", 7, "OR stands after AND", id="two operators"),
        pytest.param(
            "a NOT AND b", 7, 'AND stands after NOT, where a word is expected. Write one, or "AND"', id="NOT AND"
        ),
        pytest.param("(OR a)", 2, "OR stands after (", id="OR behind a parenthesis"),
        pytest.param("(a OR) b", 6, ") stands after OR, where a word is expected. Write one", id="OR before one"),
        pytest.param("a -)", 4, ") stands after -", id="a dash before a parenthesis"),
        pytest.param("a - b", 3, "- stands right before what must be absent. Write -word", id="a dash alone"),
        pytest.param("a = b", 3, "a comparison stands only behind count(…)", id="an equals sign alone"),
        pytest.param("a ~ b", 3, "~ stands right before a word. Write ~word", id="a tilde alone"),
        # parentheses and quotation marks
        pytest.param(
            "a AND (b OR c",
            7,
            '"(" is never closed. Close it, or quote the text to search for a literal "("',
            id="an open parenthesis",
        ),
        pytest.param("((a) (b c", 6, '"(" is never closed', id="the inner of two open parentheses"),
        pytest.param("a count(b", 3, '"count(" is never closed', id="an open count"),
        pytest.param("feed:(a", 6, '"(" is never closed', id="an open group of values"),
        pytest.param("a) b", 2, '")" closes nothing. Remove it, or quote the text', id="a closing parenthesis"),
        pytest.param("a ()", 3, "nothing between the parentheses. Remove them, or write a word", id="empty ones"),
        pytest.param("count()", 6, "nothing between the parentheses", id="a count of nothing"),
        pytest.param("feed:()", 6, "nothing between the parentheses", id="a group of no values"),
        pytest.param(
            'a "b c', 3, '" opens a phrase that is never closed. Close it, or remove it', id="an open quotation mark"
        ),
        pytest.param("a «b", 3, "« opens a phrase that is never closed", id="an open guillemet"),
        pytest.param('="b', 2, '" opens a phrase', id="one behind a mark"),
        pytest.param('tag:"b', 5, '" opens a phrase', id="one behind a field"),
        pytest.param('count(a) "b', 10, '" opens a phrase', id="one behind a count"),
        # NEAR
        pytest.param("a NEAR b", 3, "after NEAR stands how near: NEAR/5, up to 1000 words between", id="NEAR alone"),
        pytest.param("a NEAR/x b", 3, "or NEAR/s, in one sentence, or NEAR/p, in one paragraph", id="NEAR/x"),
        pytest.param("a BEFORE b", 3, "after BEFORE stands how near: BEFORE/5", id="BEFORE alone"),
        pytest.param(
            "a NEAR/5000 b", 3, "at most 1000 words may lie between. Write NEAR/1000, or NEAR/p", id="too far"
        ),
        pytest.param(
            "a NEAR/3 (b c)", 3, "beside NEAR AND has no place in the text. Write a NEAR/3 b AND c NEAR/3 b", id="AND"
        ),
        pytest.param(
            "-a NEAR/3 b", 4, "beside NEAR absence has no place in the text. Write NOT (a NEAR/3 b)", id="NOT"
        ),
        pytest.param("a BEFORE/3 (b OR -c)", 3, "beside BEFORE absence", id="absence on one side of OR"),
        pytest.param(
            "author:a NEAR/3 b", 10, "author: has no place in the text. Put it outside: a NEAR/3", id="author"
        ),
        pytest.param("author:(a NEAR/3 b)", 11, "author: has no place in the text", id="NEAR within author"),
        pytest.param("a NEAR/3 lang:fr", 3, "lang: has no place in the text", id="NEAR and a language"),
        pytest.param("a NEAR/3 /b/", 3, "a regular expression has no place in the text", id="NEAR and an expression"),
        pytest.param("a NEAR/3 count(b) > 1", 3, "count() has no place in the text", id="NEAR and a count"),
        pytest.param(
            "first(9): a NEAR/3 b",
            13,
            "first() cannot stand. Put it in front: first(100): (a NEAR/3 b)",
            id="NEAR and first",
        ),
        pytest.param("title:a NEAR/3 text:b", 9, "title and text are never side by side", id="title beside text"),
        # fields
        pytest.param("foo:a", 1, 'there is no field "foo". There are title, text, author, link,', id="no field"),
        pytest.param("titlee:a", 1, 'there is no field "titlee". Did you mean title:a?', id="a field misspelt"),
        pytest.param("title: a", 1, 'title: needs a word, a "phrase" or a (group) right behind it', id="and a space"),
        pytest.param("a title:", 3, "title: needs a word", id="a field and nothing"),
        pytest.param("a title:-b", 9, "absence goes in front: write -title:word", id="absence behind a field"),
        pytest.param("a title:NOT b", 9, "absence goes in front: write -title:word", id="NOT behind a field"),
        pytest.param("first(5): -b", 11, "absence goes in front: write -first(5):word", id="absence behind first"),
        pytest.param("title:text:a", 7, "text: cannot stand within title:. Put it outside", id="a field in a field"),
        pytest.param("title:(a tag:b)", 10, "tag: cannot stand within title:", id="a value within a field"),
        pytest.param("title:/a/", 7, "/a/ cannot stand within title:", id="an expression within a field"),
        pytest.param("title:count(a) > 1", 7, "count cannot stand within title:", id="a count within a field"),
        pytest.param("title:(first(5): a)", 8, "first(5): cannot stand within title:", id="first within a field"),
        pytest.param(
            "feed:(a b)", 9, "within feed:(…) stand values with OR between them. Write feed:(a OR b)", id="AND"
        ),
        pytest.param("feed:(a AND b)", 9, "within feed:(…) stand values with OR between them", id="AND, written"),
        pytest.param("feed:(a (b))", 9, "within feed:(…) stand values", id="a group among values"),
        pytest.param(
            "feed:*", 6, "in feed: a * stands only at the end, behind a beginning. Write feed:news*", id="a star"
        ),
        pytest.param('tag:"b*c"', 6, "in tag: a * stands only at the end", id="a star inside a value"),
        pytest.param('tag:" "', 6, "tag: needs a value", id="an empty value"),
        pytest.param(
            "lang:french", 6, 'takes the code of a language, not "french". Write lang:fr', id="a language's name"
        ),
        pytest.param("lang:f*", 6, "takes the code of a language", id="a language that begins so"),
        pytest.param("country:France", 9, 'takes the two letters of a country, not "France"', id="a country's name"),
        pytest.param("lang:ua", 6, "ua is the code of a country. Write lang:uk", id="a country for a language"),
        pytest.param("country:uk", 9, "Write country:GB for the United Kingdom, country:UA", id="a language for one"),
        # marks, expressions, counts, first
        pytest.param(
            "=(a OR b)", 1, '= stands before a word or a "phrase". Write =word at each one', id="= and a group"
        ),
        pytest.param("~@OTAN", 1, '~ stands before a word or a "phrase". Write ~word', id="~ and an alias"),
        pytest.param("=~a", 1, "= stands before a word", id="two marks"),
        pytest.param("=!a", 1, "! does not negate here", id="a mark before an exclamation mark"),
        pytest.param("=a||b", 1, "| joins nothing here", id="a mark before bars"),
        pytest.param("~a~2", 1, "~ behind a word does not make it fuzzy", id="a tilde before and behind"),
        pytest.param("=title:a", 1, "= stands right before the word. Write title:=a", id="a mark before a field"),
        pytest.param(
            "/a", 1, "no slash ends this regular expression. Close it, as in /colou?r/", id="an open expression"
        ),
        pytest.param("/a/gi", 1, "behind a regular expression stands nothing but i", id="an expression and flags"),
        pytest.param("//", 1, "there is nothing between the slashes", id="an empty expression"),
        pytest.param(
            "a /(b/", 4, 'a "(" is never closed. Close it, or write \\( for the sign', id="RE2: a parenthesis"
        ),
        pytest.param("a /b)/", 4, 'a ")" closes nothing', id="RE2: a closing parenthesis"),
        pytest.param("/a[b/", 3, 'a "[" is never closed', id="RE2: a bracket"),
        pytest.param("/a(?=b)/", 3, "(?= looks ahead or behind, which cannot be done", id="RE2: look-ahead"),
        pytest.param("/(?<!a)b/", 2, "(?<! looks ahead or behind", id="RE2: look-behind"),
        pytest.param(
            r"/(a)\1/", 5, r"\1 refers back, which cannot be done. Write the pattern again", id="RE2: reference"
        ),
        pytest.param("/(?P<n>a)(?P=n)/", 2, "refers back", id="RE2: a named reference"),
        pytest.param("/(?>a)/", 2, "(?> means nothing here. Write (…), (?:…) or (?i)", id="RE2: an atomic group"),
        pytest.param(r"/a\q/", 3, r"\q means nothing here", id="RE2: an unknown escape"),
        pytest.param(
            "/*a/", 2, r"* has nothing before it to repeat. Write \* for the sign", id="RE2: nothing to repeat"
        ),
        pytest.param("/a**/", 3, "** repeats a repetition", id="RE2: a repeated repetition"),
        pytest.param("/a{2000}/", 3, "{2000} repeats too often. At most 1000 times", id="RE2: too often"),
        pytest.param("/[z-a]/", 3, "z-a is no set of characters", id="RE2: a range turned round"),
        pytest.param(r"/(\pL{500} ){2}/", 2, "it is too big. Repeat less, or write several", id="RE2: too big"),
        pytest.param(
            "count(a)", 9, "behind count() stands what to compare with. Write count(word) >= 3", id="a count alone"
        ),
        pytest.param("count(a) b", 10, "behind count() stands what to compare with", id="a count and a word"),
        pytest.param("count(a) => 3", 11, "= stands before a number", id="arrows for a comparison"),
        pytest.param("count(a) >= many", 13, ">= stands before a number. Write count(word) >= 3", id="no number"),
        pytest.param("count(a b) > 1", 1, "within count() AND has no place in the text", id="a count of both"),
        pytest.param("count(link:a) > 1", 1, "within count() link: has no place in the text", id="a count in links"),
        pytest.param("count (a) > 1", 11, "a comparison stands only behind count(…)", id="count and a space"),
        pytest.param("first(0): a", 1, "first() takes 1 to 10,000 words", id="the first of none"),
        pytest.param(
            "first(a): b", 1, "first(…) is not known here. Write first(100): (a OR b)", id="first without number"
        ),
        pytest.param("first:a", 1, "first: is no field here. Write first(100): a", id="first as a field"),
        # aliases
        pytest.param("@otn", 1, "there is no alias @otn. Did you mean @OTAN?", id="an alias misspelt"),
        pytest.param("@xyzzy", 1, 'Add it under "aliases"', id="an alias unknown"),
        pytest.param("@ a", 1, "@ stands before the name of an alias", id="an alias without name"),
        # limits
        pytest.param("(" * 150 + "a" + ")" * 150, 101, "more than 100 deep. Write it flatter", id="too deep"),
        pytest.param("NOT " * 150 + "a", 401, "more than 100 deep", id="too many NOTs"),
        pytest.param("a NEAR/1 " * 150 + "a", 903, "more than 100 deep", id="too long a chain"),
        pytest.param("first(5):" * 150 + "a", 901, "more than 100 deep", id="too many firsts"),
        pytest.param(
            "a " * 5_001, 10_001, "longer than 10,000 characters. Move lists of words into aliases", id="too long"
        ),
        # what other query languages write
        pytest.param("a W/5 b", 3, f'W/5 is not an operator here. Write a NEAR/5 b. {LITERALLY}W/5"', id="Lexis W/n"),
        pytest.param("a w/s b", 3, "For one sentence write a NEAR/s b", id="Lexis w/s"),
        pytest.param("a W/PARA b", 3, "For one paragraph write a NEAR/p b", id="Lexis W/PARA"),
        pytest.param("a pre/3 b", 3, "For an order write a BEFORE/3 b", id="Lexis pre/n"),
        pytest.param("a /5 b /5 c", 3, "/5 is not an operator here. Write a NEAR/5 b", id="Westlaw /n"),
        pytest.param("a /p b", 3, "For one paragraph write a NEAR/p b", id="Westlaw /p"),
        pytest.param("a NOT W/5 b", 7, "W/5 is not an operator here", id="dtSearch NOT W/n"),
        pytest.param("a near5 b", 3, "after NEAR stands how near: NEAR/5", id="Factiva nearN"),
        pytest.param("a near/5 b", 3, "after NEAR stands how near: NEAR/5", id="Meltwater near/n"),
        pytest.param("a NEAR/5f b", 3, "For an order write a BEFORE/5 b", id="Brandwatch NEAR/nf"),
        pytest.param("a ONEAR/4 b", 3, "For an order write a BEFORE/4 b", id="ONEAR"),
        pytest.param("a ADJ b", 3, 'or "a b" for words in a row', id="ADJ"),
        pytest.param("a adj3 b", 3, "Write a BEFORE/3 b", id="Factiva adjN"),
        pytest.param("a AROUND(5) b", 3, "AROUND(…) is not known here. Write a NEAR/5 b", id="Google AROUND"),
        pytest.param('"a b"~5', 6, "For words near one another write a NEAR/5 b", id="Lucene slop"),
        pytest.param("atleast5(a)", 1, "Write count(word) >= 5", id="Lexis ATLEAST"),
        pytest.param("headline(a)", 1, "Write title:(a OR b)", id="Lexis HEADLINE"),
        pytest.param("allcaps(a)", 1, "Write =WORD", id="Lexis ALLCAPS"),
        pytest.param("terror!", 1, f'! does not shorten a word here. Write terror*. {LITERALLY}terror!"', id="Lexis !"),
        pytest.param("hd=nato", 1, "hd= is no field here. Write title:nato", id="Factiva hd="),
        pytest.param("rst=lemonde", 1, "Write source:lemonde", id="Factiva rst="),
        pytest.param("intitle:nato", 1, "intitle: is no field here. Write title:nato", id="Google intitle:"),
        pytest.param('a intitle:"b c"', 3, 'Write title:"a phrase"', id="Google intitle: and a phrase"),
        pytest.param("site:www.lemonde.fr/x", 1, 'Write link:"lemonde.fr"', id="Google site:"),
        pytest.param("https://lemonde.fr/x", 1, 'Write link:"lemonde.fr"', id="an address"),
        pytest.param("inurl:politique", 1, 'Write link:"politique"', id="FreshRSS inurl:"),
        pytest.param("after:2024-01-01", 1, "rules look at new articles only", id="Google after:"),
        pytest.param("filetype:pdf", 1, "nor anything like it. Leave it out", id="Google filetype:"),
        pytest.param("language:fr", 1, "Write lang:fr", id="Brandwatch language:"),
        pytest.param("category:news", 1, "Write tag:news", id="category:"),
        pytest.param("ingress:nato", 1, "Write first(100): nato", id="Meltwater ingress:"),
        pytest.param("!a", 1, "! does not negate here. Write -word or NOT word", id="FreshRSS !"),
        pytest.param("a || b", 3, "|| joins nothing here. Write OR, AND, or nothing for AND", id="||"),
        pytest.param("a | b", 3, "| joins nothing here", id="Google |"),
        pytest.param("a|b", 1, "| joins nothing here. Write (a OR b)", id="| without spaces"),
        pytest.param("a && b", 3, "&& joins nothing here", id="&&"),
        pytest.param("a & b", 3, "& joins nothing here", id="& alone"),
        pytest.param("a ANDNOT b", 3, "Write a -b, or a NOT b", id="ANDNOT"),
        pytest.param("a XOR b", 3, "Write (a -b) OR (b -a)", id="XOR"),
        pytest.param("+a", 1, "every word must be there unless OR stands beside it. Leave the + out", id="Google +"),
        pytest.param("nato~2", 1, "~ behind a word does not make it fuzzy", id="Lucene fuzzy"),
        pytest.param("nato^3", 1, "^ gives no weight here. Give the rule a score:", id="Lucene boost"),
        pytest.param(r"\(a\)", 1, "a backslash changes no meaning here", id="a backslash"),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused_with_what_to_do(query: str, column: int, message: str) -> None:
    with pytest.raises(RuleError) as refused:
        parse(query, ALIASES)

    assert message in refused.value.message
    assert "\n" not in refused.value.message
    assert refused.value.column == column


def test_a_word_that_is_refused_may_be_quoted() -> None:
    for word in ("W/5", "near5", "ADJ", "intitle:nato", "terror!", "a|b", "+a", "nato^3", "NEAR/5", "/5", "title:"):
        assert isinstance(parse(f'"{word}"', ALIASES), Term)
