"""Text: hostile characters out, HTML to plain text, words for matching, excerpts, digests.

Whatever comes from a feed passes `clean` (or `html_to_text`, `plain_text`, `title_text`, `one_line`, which call it), so
the rest of the program never meets a control character, an invisible one or a second spelling of the same letter.

Matching works on *tokens*: words folded to a form blind to case, accents and apostrophes, with their offsets in the
text as it is shown. Source: the Unicode Standard (case folding §3.13; normal forms, https://unicode.org/reports/tr15/).
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from selectolax.lexbor import LexborHTMLParser

from monitor.model import Excerpt

# ── classes of characters, as the inside of a [...] ──────────────────────────────────────────────────────────────────

APOSTROPHES = "'’ʼʹ`´‘＇ʻ‛′"

# Drawn as nothing: soft hyphen, fillers, zero-width spaces, direction marks and overrides, word joiner, BOM, tags.
_JOINERS = "\u200c\u200d"
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_NEVER_TEXT = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff"  # controls, lone surrogates
_SPACES = "\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_BREAKS = "\r\x0b\x0c\x85\u2028\u2029"

# Arabic, Indic and neighbours, where a joiner is spelling, and emoji, which are glued with it.
_JOINING = (
    "\u0600-\u06ff\u0750-\u0dff\u1000-\u109f\u1780-\u18af\u2600-\u27bf\ufb50-\ufdff\ufe0f\ufe70-\ufefc"
    "\U0001f000-\U0001faff"
)

# Written without spaces between words: one token a character. Han, kana, bopomofo; then Thai, Lao, Myanmar, Khmer.
_HAN_KANA = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u3096\u309d-\u309f"
    "\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9d\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
_SPACELESS_BLOCKS = ((0x0E00, 0x0F00), (0x1000, 0x10A0), (0x1780, 0x1800), (0xA9E0, 0xAA00), (0xAA60, 0xAA80))
_BLOCKS_WITH_MARKS = ((0x0300, 0x2100), (0x2CE0, 0x3100), (0xA600, 0xAC00), (0xFB00, 0xFE30))


def _characters(blocks: Iterable[tuple[int, int]], categories: str) -> set[str]:
    """The characters of some blocks whose general category begins with one of the letters."""
    characters = (chr(point) for low, high in blocks for point in range(low, high))
    return {character for character in characters if unicodedata.category(character)[0] in categories}


_SPACELESS_CHARACTERS = _characters(_SPACELESS_BLOCKS, "LMN") - set("\u17b4\u17b5")
_ALL_MARKS = _characters(_BLOCKS_WITH_MARKS, "M")
SPACELESS = _HAN_KANA + "".join(_SPACELESS_CHARACTERS)
# Marks that belong to the word they stand in; those of the rarer Indic scripts by the row, which holds little else.
_MARKS = "".join(_ALL_MARKS - _SPACELESS_CHARACTERS) + "\U00011000-\U00011fff"

# ── cleaning ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_SUSPECT = re.compile(f"[{_NEVER_TEXT}{_INVISIBLE}{_JOINERS}{_SPACES}{_BREAKS}]")
_NOT_TEXT = re.compile(f"[{_NEVER_TEXT}{_INVISIBLE}]+")
_STRAY_JOINER = re.compile(f"(?<![{_JOINING}])[{_JOINERS}]+|[{_JOINERS}]+(?![{_JOINING}])")
_SPACE = re.compile(f"[{_SPACES}]")
_BREAK = re.compile(f"\r\n|[{_BREAKS}]")
# UAX #15 §13 (stream-safe text): no honest letter carries more, and normalising a longer run takes quadratic time.
_TOWER = re.compile(f"([{''.join(_ALL_MARKS)}]{{30}})[{''.join(_ALL_MARKS)}]+")


def clean(text: str) -> str:
    """The text without what is hostile or invisible: the one boundary for characters from outside.

    Normal form C. Controls, lone surrogates, direction overrides and invisible characters are dropped; every kind of
    space becomes a space, every kind of line break "\\n". A zero-width joiner stays where it is spelling (Persian,
    Indic, emoji).
    """
    if text.isascii() and text.isprintable():
        return text
    if _SUSPECT.search(text):
        text = _BREAK.sub("\n", text)
        text = _SPACE.sub(" ", text)
        text = _NOT_TEXT.sub("", text)
        if "\u200c" in text or "\u200d" in text:
            text = _STRAY_JOINER.sub("", text)
    return unicodedata.normalize("NFC", _TOWER.sub(r"\1", text))


def plain_text(text: str) -> str:
    """Plain text from outside, cleaned: its lines kept, spaces inside them collapsed, no empty ones."""
    lines = (" ".join(line.split()) for line in clean(text).split("\n"))
    return "\n".join(line for line in lines if line)


def one_line(text: str, limit: int) -> str:
    """The text cleaned, on one line, at most `limit` code points; "…" stands last where it was cut."""
    line = " ".join(clean(text).split())
    return line if len(line) <= limit else line[: max(limit - 1, 0)].rstrip() + "…"


# ── HTML ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

_BLOCKS = re.findall(
    r"\w+",
    """address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol p pre section summary table tbody
    td tfoot th thead tr ul""",
)
# What is no prose, and the readings printed above Chinese and Japanese characters, which would tear words apart.
_DROPPED = re.findall(
    r"\w+", "title script style template noscript svg math iframe object audio video canvas select textarea rt rp"
)
_BLOCK_SELECTOR = ",".join(_BLOCKS)
_MARK = "\x1e"  # stands for a line break until the line breaks of the source have become spaces

# Beyond this a tree parser's time grows with the square of the nesting (100,000 nested <div>: 14 s).
_MAX_TAGS = 5_000
_MAX_TREE_CHARS = 200_000

_TAG_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]*)")


def html_to_text(html_text: str) -> str:
    """Plain text of an HTML fragment or page, paragraphs separated by "\\n", cleaned. Never raises.

    Inline markup never splits a word; block elements break lines; scripts, styles, embedded media and forms' fields
    are gone.
    """
    if "<" not in html_text and "&" not in html_text:
        return plain_text(" ".join(html_text.split()))
    if _EMBEDDED.search(html_text):
        html_text = _without_unclosed(html_text)
    if len(html_text) > _MAX_TREE_CHARS or html_text.count("<") > _MAX_TAGS:
        marked = html.unescape(_without_tags(html_text))
    else:
        marked = _text_of_tree(html_text)
    return plain_text("\n".join(" ".join(block.split()) for block in marked.split(_MARK)))


# Elements that hold what is shown when something cannot be embedded. To an HTML parser one that is never closed, or
# closed the XML way (`<iframe src="…"/>`), holds the rest of the text, which would be dropped with it.
_EMBEDDED = re.compile("<(iframe|object|audio|video|canvas|svg|math|textarea|select|noscript)\\b[^<>]*>", re.IGNORECASE)


def _without_unclosed(html_text: str) -> str:
    """The text without the start tags of embedded things that nothing closes."""
    lowered = html_text.lower()
    last_ends: dict[str, int] = {}

    def kept(tag: re.Match[str]) -> str:
        name = tag[1].lower()
        if name not in last_ends:
            last_ends[name] = lowered.rfind(f"</{name}")
        return "" if tag[0].endswith("/>") or last_ends[name] < tag.start() else tag[0]

    return _EMBEDDED.sub(kept, html_text)


def _text_of_tree(html_text: str) -> str:
    """The text of the parsed document, `_MARK` wherever a block begins or ends."""
    # Without <body> a leading <noscript> would be read as part of the head, its text as ours.
    tree = LexborHTMLParser("<body>" + html_text.encode("utf-8", "ignore").decode())
    tree.strip_tags(_DROPPED)
    body = tree.body
    if body is None:
        return ""
    for block in body.css(_BLOCK_SELECTOR):
        block.insert_before(_MARK)
        block.insert_after(_MARK)
    return body.text()


def _without_tags(html_text: str) -> str:
    """The same for a document too big for a tree: one pass over its tags, time linear in its length. Entities stay."""
    first, *pieces = html_text.split("<")
    kept = [first]
    skipping = ""
    for piece in pieces:
        tag = _TAG_NAME.match(piece)
        name = tag[1].lower() if tag else ""
        if skipping:
            if name != skipping or not piece.startswith("/"):
                continue
            skipping = ""
        elif name in _DROPPED and not piece.startswith("/"):
            skipping = name
            continue
        if name in _BLOCKS:
            kept.append(_MARK)
        if not tag and not piece.startswith(("!", "?", "/")):
            kept.append("<" + piece)  # "a < b": no tag
        else:
            kept.append(piece.partition(">")[2])
    return "".join(kept)


# Only these are markup in a title: "Vector<T>" and "a < b" are words. A tag with attributes has an "=".
_TITLE_CODE = re.compile(
    r"<(script|style)(?:\s[^<>]*)?>[^<]*</\1\s*>|<!--(?:(?!-->).)*(?:-->|$)"
    r"|<(?:embed|input|link|meta|param)\s[^<>]*=[^<>]*>"
    r"|<(applet|audio|iframe|object|video)\s[^<>]*=[^<>]*>(?:[^<]*</\2\s*>)?",
    re.IGNORECASE | re.DOTALL,
)
_TITLE_TAG = re.compile(
    r"</?(a|abbr|b|big|blink|br|center|cite|code|del|div|em|font|h[1-6]|i|img|ins|li|mark|p|q|s|small|span|strike|strong"
    r"|sub|sup|tt|u|wbr)(/|\s[^<>]*)?>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")


def title_text(title: str) -> str:
    """A title that may hold markup or entities as one plain line; "a < b" and "AT&T" survive.

    Entities are decoded twice, because many feeds escape them twice: `L&amp;#8217;OTAN`.
    """
    if "<" in title:
        title = _TITLE_TAG.sub(_instead_of_tag, _TITLE_CODE.sub("", title))
    if "&" in title:
        title = _decode(_decode(title))
    return " ".join(clean(title).split())


def _instead_of_tag(tag: re.Match[str]) -> str:
    attributes = (tag[2] or "").strip(" \t\r\n\f/")
    if attributes and "=" not in attributes:
        return tag[0]
    return " " if tag[1].lower() in _BLOCKS else ""


def _decode(text: str) -> str:
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)


# ── folding ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_DIACRITICS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_DIACRITIC_RUN = re.compile(f"([\u0400-\u052f]?)([{_DIACRITICS}]+)")
_STRESSES = "\u0300\u0301"
_STRESSED_VOWELS = "аеиоуыэюяіє"

_ONE_APOSTROPHE = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))
_LETTERS = str.maketrans(
    # letters that are a base letter to everyone who types them
    {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ı": "i"}
    # Arabic: forms of alef, of ya and of kaf; no vowel signs, no tatweel
    | {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ـ": None}
    | dict.fromkeys(map(chr, (*range(0x064B, 0x0653), 0x0670, *range(0x06D6, 0x06DD), *range(0x06DF, 0x06E5))))
    # Hebrew points and accents
    | dict.fromkeys(map(chr, (*range(0x0591, 0x05BE), 0x05BF, 0x05C1, 0x05C2, 0x05C4, 0x05C5, 0x05C7)))
    # Arabic-Indic digits, both rows
    | {chr(zero + digit): str(digit) for zero in (0x0660, 0x06F0) for digit in range(10)}
)
INVISIBLE_RUN = re.compile(f"[{_INVISIBLE}{_JOINERS}\ufe00-\ufe0f]+")  # and variation selectors


def fold(text: str) -> str:
    """The form in which words are compared: blind to case, accents, width and the kind of apostrophe.

    ß is ss, œ oe, æ ae, ø o, ł l, đ d, ı i. й, ї, ў and ґ are letters of their own; ё is е. Kana, Devanagari and Thai
    keep their signs; Hebrew and Arabic lose their points, Arabic its forms of alef, ya and kaf. Folding twice changes
    nothing.
    """
    if text.isascii():
        return text.lower().replace("`", "'")
    text = INVISIBLE_RUN.sub("", text).translate(_ONE_APOSTROPHE)
    text = unicodedata.normalize("NFKC", text).casefold()
    text = _DIACRITIC_RUN.sub(_undecorated, unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", text).translate(_LETTERS)


def _undecorated(run: re.Match[str]) -> str:
    """Cyrillic keeps what makes another letter (й, ї, ў, ѓ) and loses stress marks; all others lose every mark."""
    base, signs = run[1], run[2]
    if not base:
        return ""
    if base in _STRESSED_VOWELS:
        signs = signs.translate(dict.fromkeys(map(ord, _STRESSES)))
    if base == "е":
        signs = signs.replace("\u0308", "")
    return base + signs


_fold_word = lru_cache(maxsize=50_000)(fold)
LONGEST_CACHED = 40  # letters; longer "words" are rare and would let a hostile feed fill memory

# ── tokens ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_NO_LETTERS = "\u0640\u115f\u1160\u3164\uffa0\ufc5e-\ufc63\ufcf2-\ufcf4\ufe70-\ufe7f"  # tatweel, fillers, vowel signs
LETTER = f"[^\\W_{APOSTROPHES}{SPACELESS}{_NO_LETTERS}]"
WITHIN = f"[{_MARKS}{_INVISIBLE}{_JOINERS}{_NO_LETTERS}]"
CYRILLIC = "[\u0400-\u052f\u0300\u0301]"
_TOKEN = re.compile(
    f"{LETTER}+(?:{WITHIN}+{LETTER}*|(?<={CYRILLIC})[{APOSTROPHES}](?=[\u0400-\u052f]){LETTER}+)*"
    f"|[{SPACELESS}][\u3099\u309a\uff9e\uff9f]?"
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of a text, in step: folded form, first code point, one past the last."""

    words: tuple[str, ...]
    starts: tuple[int, ...]  # code points in the text as given
    ends: tuple[int, ...]


def tokenize(text: str) -> Tokens:
    """The words of a text and where they stand.

    Apostrophes, hyphens and underscores separate words; between two Cyrillic letters an apostrophe is spelling
    (об'єднання). Han, kana, Thai, Lao, Khmer and Myanmar give one token a character; Hangul are words. Invisible
    characters inside a word are overlooked.
    """
    written = written_words(text)
    spans = locate(written, text)
    return Tokens(fold_words(written), tuple(start for start, _ in spans), tuple(end for _, end in spans))


def written_words(text: str) -> list[str]:
    """The words of a text as they are written: with `fold_words` what `tokenize` does, less the offsets."""
    return _TOKEN.findall(text)


def fold_words(written: Sequence[str]) -> tuple[str, ...]:
    """Each word folded; never empty."""
    return tuple([_fold_word(word) if len(word) <= LONGEST_CACHED else fold(word) for word in written])


def locate(written: Sequence[str], text: str) -> list[tuple[int, int]]:
    """Where each of a text's `written_words` stands: (first code point, one past the last)."""
    # Between two words is nothing that could begin one, so the next place that reads like a word is the word.
    spans = []
    end = 0
    for word in written:
        start = text.find(word, end)
        end = start + len(word)
        spans.append((start, end))
    return spans


# ── excerpts ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_EDGE = 30  # code points we are ready to give up for a cut between words


def excerpt(text: str, spans: Sequence[tuple[int, int]], *, width: int = 240) -> Excerpt:
    """One line of at most `width` code points around the first span, with the spans in it marked; "…" where it was cut.

    Spans are (start, end) in code points, end exclusive, in any order; overlapping ones become one mark. Without spans:
    the beginning of the text.
    """
    flat = text.replace("\n", " ")
    ordered = sorted(spans)
    first_start, first_end = ordered[0] if ordered else (0, 0)
    if len(flat) <= width:
        start, end = 0, len(flat)
    else:
        room = width - 2  # for the two "…"
        lead = max(0, min(room // 3, room - (first_end - first_start)))
        start = max(0, min(first_start - lead, len(flat) - room))
        end = min(len(flat), start + room)
        if start > 0:
            start = flat.find(" ", start - 1, min(start + _EDGE, first_start)) + 1 or start
        if end < len(flat):
            edge = flat.rfind(" ", max(end - _EDGE, min(first_end, end)), end + 1)
            end = edge if edge >= 0 else end
    before, after = "…" if start > 0 else "", "…" if end < len(flat) else ""
    shift = len(before) - start
    marks: list[tuple[int, int]] = []
    for low, high in ordered:
        if low >= end:
            break
        if high <= start:
            continue
        low, high = max(low, start) + shift, min(high, end) + shift
        if marks and low < marks[-1][1]:  # "Alliance" within "l’Alliance atlantique"
            marks[-1] = marks[-1][0], max(high, marks[-1][1])
        else:
            marks.append((low, high))
    return Excerpt(text=before + flat[start:end] + after, marks=tuple(marks))


# ── digests ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_FEWEST_WORDS = 20  # two texts shorter than this may say the same and mean different events


def digest(*parts: str | None) -> int:
    """63 bits over the parts, never negative. None and "" differ, and so do ("ab", "c") and ("a", "bc")."""
    hashed = blake2b(digest_size=8)
    for part in parts:
        encoded = b"" if part is None else part.encode("utf-8", "surrogatepass")
        hashed.update(b"-" if part is None else b"%d:" % len(encoded))
        hashed.update(encoded)
    return int.from_bytes(hashed.digest(), "big") >> 1


def fingerprint(title: str, text: str) -> int | None:
    """63 bits over the folded words of title and text: equal for copies that differ in case, spacing or punctuation.

    None when the text has fewer than 20 words: too little to say that two articles are the same.
    """
    text_words = fold_words(written_words(text))
    if len(text_words) < _FEWEST_WORDS:
        return None
    return digest(" ".join(fold_words(written_words(title))), " ".join(text_words))
