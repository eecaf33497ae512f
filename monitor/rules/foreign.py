"""What other query languages mean by something that would be read otherwise here, and what to write instead.

Google and its alerts, Factiva, Lexis, Westlaw, dtSearch, Brandwatch, Meltwater, Talkwalker, Lucene, FreshRSS: people
bring their queries along. What is an operator there and would be a word here is refused rather than searched for.
"""

from __future__ import annotations

import re
from difflib import get_close_matches

from monitor.text import one_line, tokenize

# ── words and signs ──────────────────────────────────────────────────────────────────────────────────────────────────

# Nothing that lacks all of this is foreign: it is letters and digits, an apostrophe or a dash among them, a star.
_SUSPECT = re.compile(
    r"[^\w*'’.,%°‑–-]|^[-–‑]$|^(?:NEAR|BEFORE|AROUND|ADJ|ONEAR|ANDNOT|BUTNOT|XOR)\d*$|^(?:near|adj)\d+$"
)

# A whole word and what to say of it. {0} is the word, {n} the number in it, or else 5.
_NEAR = (
    "after NEAR stands how near: NEAR/{n}, up to 1000 words between, or NEAR/s, in one sentence, "
    "or NEAR/p, in one paragraph"
)
_NO_OPERATOR = "{0} is not an operator here. "
_WORDS = tuple(
    (re.compile(pattern), message)
    for pattern, message in (
        (r"NEAR|NEAR/.*(?<!f)|(?i:near)(?:[/:]?\d+|/[sSpP].*)", _NEAR),
        (r"BEFORE|BEFORE\d+|BEFORE/.*|(?i:before)/(?:\d+|[sSpP].*)", _NEAR.replace("NEAR", "BEFORE")),
        (r"NEAR/\d+f|(?i:onear|pre|p)/(?:\d+|n)|ONEAR\d*", _NO_OPERATOR + "For an order write a BEFORE/{n} b"),
        (r"(?i:adj)/?\d+|ADJ", _NO_OPERATOR + 'Write a BEFORE/{n} b, or "a b" for words in a row'),
        (r"(?i:not[_-]?(?:w|near))/\d+", _NO_OPERATOR + "Write NOT (a NEAR/{n} b)"),
        (r"(?i:w|n|ow|within|around)?/(?:\d+|n)|AROUND\d*", _NO_OPERATOR + "Write a NEAR/{n} b"),
        (r"(?i:w?/s(?:eg|ent|entence)?)|\+s", _NO_OPERATOR + "For one sentence write a NEAR/s b"),
        (r"(?i:w?/p(?:ara|aragraph)?)|\+p", _NO_OPERATOR + "For one paragraph write a NEAR/p b"),
        (r"<.+>", _NO_OPERATOR + "Write AND, OR, NOT or NEAR/{n}"),
        (r"ANDNOT|BUTNOT|&!", _NO_OPERATOR + "Write a -b, or a NOT b"),
        (r"XOR", _NO_OPERATOR + "Write (a -b) OR (b -a)"),
        (r"&", "& joins nothing here. Write AND, or nothing for it; to search for AT&T write it without spaces"),
        (r"\|+|&+", "{0} joins nothing here. Write OR, AND, or nothing for AND"),
        (r"[^|]+(?:\|+[^|]+)+", "| joins nothing here. Write (a OR b)"),
        (r".+&&.+", "&& joins nothing here. Write AND, or nothing but a space"),
        (r"//+i?", "there is nothing between the slashes. Write a regular expression as /colou?r/"),
        (r"/.+/[A-Za-z]+", "behind a regular expression stands nothing but i. Write /colou?r/ or /colou?r/i"),
        (r"/.*", "no slash ends this regular expression. Close it, as in /colou?r/; a slash inside it is \\/"),
        (r"!.*", "! does not negate here. Write -word or NOT word"),
        (r"\+.+", "+ demands nothing here: every word must be there unless OR stands beside it. Leave the + out"),
        (r".+~\d*", "~ behind a word does not make it fuzzy. Write ~word for its stem, or spellings as (a OR b)"),
        (r".*\^\d+(?:\.\d+)?", "^ gives no weight here. Give the rule a score: with the weight of each word"),
        (r"[<>=≤≥]+\d*", "a comparison stands only behind count(…). Write count(word) >= 3"),
        (r"[~=]", "{0} stands right before a word. Write {0}word"),
        (r"[-−–—‑]", "{0} stands right before what must be absent. Write -word"),
        (r":", "a colon stands right behind a field. Write title:word, or first(100): word"),
        (r"\\.*|.*\\", "a backslash changes no meaning here. Put the text between quotation marks"),
    )
)
_OPERATORS = re.compile(r"[!|~^]|&&")  # what is none of a word behind = or ~ either
_SHORTENED = re.compile(r"(\w{2,})!")


def advice(word: str, behind: str) -> str | None:
    """What to write instead of an unquoted word that another language gives a meaning; None: it is a plain word.

    `behind` is the character behind it, "" at the end of the query.
    """
    if behind and behind in "(（" and (called := _called(word)):
        return f"{word}(…) is not known here. Write {called}"
    if _SUSPECT.search(word) is None:
        return None
    field = _FIELD.fullmatch(word) or _ASSIGNED.fullmatch(word)
    if field and (message := _of_field(field[1], field[2], field[3], behind)):
        return message + _literally(word)
    shortened = _SHORTENED.fullmatch(word)
    if shortened and word.islower():  # Yahoo! is a name
        return f"! does not shorten a word here. Write {shortened[1]}*{_literally(word)}"
    for pattern, message in _WORDS:
        if pattern.fullmatch(word):
            number = re.search(r"\d{1,4}", word)
            return message.format(_shown(word), n=number[0] if number else 5) + _literally(word)
    return None


def advice_behind(mark: str, word: str) -> str | None:
    """The same for an unquoted word behind a mark, = or ~."""
    if mark == "~" and word.isdecimal():
        return f"~{_shown(word)} means nothing here. For words near one another write a NEAR/{_shown(word)} b"
    if re.fullmatch(r"[<>=~]*\d*", word) and mark == "=":
        return f"a comparison stands only behind count(…). Write count(word) >= 3{_literally('=' + word)}"
    if word[0] in "=~":
        return f"a word has one mark. Write ={_shown(word[1:]) or 'word'} or ~{_shown(word[1:]) or 'word'}"
    field = _FIELD.fullmatch(word)
    if field and (field[1].lower() in _OURS or field[1].lower() in _OWN):
        ours = _OURS.get(field[1].lower(), field[1].lower())
        return f"{mark} stands right before the word. Write {ours}:{mark}{_shown(field[3]) or 'word'}"
    return advice(word, "") if _OPERATORS.search(word) else None


_CALLED = {
    "title": "title:(a OR b)",
    "headline": "title:(a OR b)",
    "hlead": "title:(a OR b)",
    "text": "text:(a OR b)",
    "body": "text:(a OR b)",
    "author": "author:(a OR b)",
    "byline": "author:(a OR b)",
    "source": "source:(a OR b)",
    "publication": "source:(a OR b)",
    "lead": "first(100): (a OR b)",
    "first": "first(100): (a OR b)",
    "caps": "=Word, where case counts",
    "allcaps": "=WORD, where case counts",
    "nocaps": "=word, where case counts",
    "near": "a NEAR/5 b",
    "before": "a BEFORE/5 b",
    "around": "a NEAR/5 b",
}


def _called(word: str) -> str | None:
    """What to write for a word with a parenthesis right behind it."""
    times = re.fullmatch(r"(?i:atl(?:east)?)(\d{1,4})", word)
    return f"count(word) >= {times[1]}" if times else _CALLED.get(word.lower())


# ── fields ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_FIELD = re.compile(r"([^\W\d_]+)(:)(.*)", re.DOTALL)
_ASSIGNED = re.compile(r"([a-z]{2,12})(=)(.*)", re.DOTALL)

_OWN = ("title", "text", "author", "link", "source", "feed", "tag", "lang", "country")
_ELSEWHERE = {
    "title": "intitle allintitle headline headlines hl hd hlead titles titre titel título titolo subject",
    "text": "intext allintext inbody body content contents fulltext message texte",
    "link": "site inurl allinurl url uri links domain host hostname website http https",
    "author": "by byline authors creator authorname auteur autor",
    "source": "publisher publication outlet medium sourcename rst sn",
    "lang": "language languages la langue sprache",
    "country": "region location countries pays land",
    "tag": "tags category categories label labels hashtag hashtags keyword keywords topic c",
    "feed": "feeds f",
}
_OURS = {name: ours for ours, names in _ELSEWHERE.items() for name in names.split()}
_LEADS = frozenset(("lead", "lp", "ingress", "intro", "first"))
_DATES = frozenset(
    "after before since until date dates pubdate published publishdate userdate daterange from to year".split()
)
_NOWHERE = frozenset("related cache filetype ext info inanchor allinanchor wc reach sentiment engagement".split())


def _of_field(name: str, sign: str, value: str, behind: str) -> str | None:
    """What to say of NAME:value or NAME=value; None when it is no field."""
    if not value and behind:
        value = "(a OR b)" if behind in "(（" else "" if behind.isspace() else '"a phrase"'
    lowered = name.lower()
    if lowered in _OWN and sign == ":":  # nothing stands behind it, or it would have been read as a field
        return f'{lowered}: needs a word, a "phrase" or a (group) right behind it'
    if lowered in _OWN or lowered in _OURS:
        return f"{name}{sign} is no field here. Write {_with_value(_OURS.get(lowered, lowered), value)}"
    if lowered in _LEADS:
        return f"{name}{sign} is no field here. Write first(100): {_shown(value) or 'word'}"
    if sign == "=":
        return None
    if lowered in _DATES:
        return f"{name}: is no field here: rules look at new articles only. Leave it out; monitor search has --since"
    if lowered in _NOWHERE:
        return f"{name}: is no field here, nor anything like it. Leave it out"
    close = get_close_matches(lowered, _OWN, n=1, cutoff=0.7)
    if close:
        return f'there is no field "{_shown(name)}". Did you mean {_with_value(close[0], value)}?'
    return f'there is no field "{_shown(name)}". There are {", ".join(_OWN)}'


def _with_value(field: str, value: str) -> str:
    """A field of ours with the value that was written."""
    value = _shown(value.strip("/"))
    if field == "link" and value and value[0] not in '("':
        return f'link:"{value.removeprefix("www.").partition("/")[0]}"'
    return f"{field}:{value or 'word'}"


def _literally(word: str) -> str:
    """How to search for the word itself, when it holds one."""
    if not tokenize(word).words:
        return ""
    return f'. To search for it literally, write "{_shown(word)}"'


def _shown(text: str) -> str:
    """A piece of the query as an error shows it: on one line, not too long."""
    return one_line(text, 60)
