"""Words, signs and sentences: the one way in which rules and texts are read.

A text is read in two steps: `written_words` (as they stand there) and `fold_words` (as they are compared). The rest is
worked out only when a rule asks for it: `locate`, `sign_after`, `sign_before`, `exact_form`, `stem_form` and
`sentence_starts`.

Unlike `monitor.text.tokenize`, whose result is stored in fingerprints and must stay as it is, this reads `1,000` as one
word and `nº` as `n` with a sign behind it. And it is fast: every article is read this way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from monitor.text import APOSTROPHES, CYRILLIC, INVISIBLE_RUN, LETTER, LONGEST_CACHED, SPACELESS, WITHIN, fold

# ── classes of characters, as the inside of a [...] ──────────────────────────────────────────────────────────────────

_BASIC_PLANE = "".join(map(chr, range(0x10000)))


def _ranges(pattern: str) -> str:
    """What matches below U+10000, as ranges: of those `re` makes a table, which halves the time of \\w and [^...]."""
    return "".join(
        f"\\u{run.start():04x}-\\u{run.end() - 1:04x}" for run in re.finditer(f"(?:{pattern})+", _BASIC_PLANE)
    )


# Beyond that by the row: old scripts with all their signs, and the letters of 𝐟𝐚𝐧𝐜𝐲 headlines. No emoji.
_HIGHER_LETTERS = "\U00010000-\U0001bbff\U0001d400-\U0001d7ff\U0001e000-\U0001efff"
# To Unicode ª and º are letters; nº and 2ª hold signs.
_LETTERS = _ranges(f"(?![ªº]){LETTER}") + _HIGHER_LETTERS
_NO_DIGITS = _ranges(rf"(?![ªº\d]){LETTER}")
_LETTERS_AND_MARKS = _LETTERS + _ranges(WITHIN)
_NUMERO = "№"  # one character for n°: the word `n` with the sign °
_SOUND_MARKS = "\u3099\u309a\uff9e\uff9f"  # of kana
_CYRILLIC = "\u0400-\u052f"
_POINTS = ".,．，\u066b"  # full-width and Arabic ones, too
_SEPARATORS = ".,．，'’\u066b\u066c"
_SPACES = " \u00a0\u2009\u202f"  # within a number: plain, no-break, thin, narrow no-break

# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _groups(separator: str) -> str:
    """A pattern: three digits behind each of the same separators, then perhaps decimals."""
    more = rf"(?![{separator}]\d)" if separator in _SPACES else ""
    return rf"(?:[{separator}]\d{{3}})++{more}(?:(?![{separator}])[{_POINTS}]\d++)?+"


# What follows the first digit of a number with separators in it: groups of three, or of two before the last three
# (1,00,000), and decimals. It refuses where the digits before or after look like more of the same: dates, versions,
# telephone numbers. Nothing is captured, so that `findall` gives whole words.
_NUMBER = rf"""
    (?<!\d[{_SEPARATORS}].)
    (?: (?<![0\u0660\u06f0])
        (?: \d{{0,2}} (?:{"|".join(map(_groups, _SEPARATORS))})
          | \d? (?:,\d{{2}})+ ,\d{{3}} (?:\.\d++)?+
          | (?<!\d[{_SPACES}].)(?<![^\W\d_][-‐‑].)  # not in "06 123 456" or "COVID-19 100"
            \d{{0,2}} (?:{"|".join(map(_groups, _SPACES))})
        )
      | \d*+ [{_POINTS}] \d++
    ) (?![{_SEPARATORS}]?\d)
"""
_SPELLING = f"[{APOSTROPHES}](?<={CYRILLIC}.)(?=[{_CYRILLIC}])"  # об’єднання
_REST = f"[{_LETTERS_AND_MARKS}]* (?: {_SPELLING} (?:[{_LETTERS_AND_MARKS}]|{_SPELLING})* | )"
# A plain class first, so that `re` skips to the next word at full speed; then what most words go on with.
_WORD = re.compile(
    rf"""[{_LETTERS}{SPACELESS}{_NUMERO}]
    (?: (?<=[{_NO_DIGITS}]) {_REST}
      | (?<=[{SPACELESS}]) [{_SOUND_MARKS}]?
      | (?<={_NUMERO})
      | (?: (?<=\d) {_NUMBER} | ) {_REST}
    )""",
    re.VERBOSE,
)


def written_words(text: str) -> list[str]:
    """The words of a text as they are written.

    A word is a run of letters, digits and marks. Han, kana, Thai, Lao, Khmer and Myanmar: every character; Hangul are
    words. A number is one word with its separators (1,000 1 000 3,5); dates and versions are several. Apostrophes,
    hyphens, underscores and the ordinal signs º ª divide words; between two Cyrillic letters an apostrophe is spelling.
    № is a word. Invisible characters inside a word are part of what is written.
    """
    return _WORD.findall(text)


_MOST_CACHED = 50_000  # words, about 10 MB


class _Folded(dict[str, str]):
    """Words as written → folded, filled as they come up. Emptied when full: the usual words are back at once."""

    def __missing__(self, word: str) -> str:
        folded = _fold_word(word)
        if len(word) <= LONGEST_CACHED:
            if len(self) >= _MOST_CACHED:
                self.clear()
            self[word] = folded
        return folded


_folded = _Folded()


def fold_words(written: Sequence[str]) -> tuple[str, ...]:
    """Each word in the form in which words are compared, never empty: `monitor.text.fold`, and numbers in one form.

    "1,000", "1.000", "1'000" and "1 000" are "1000"; "3,5" is "3.5"; № is "n". Folding twice changes nothing.
    """
    return tuple(map(_folded.__getitem__, written))


def _fold_word(word: str) -> str:
    if word == _NUMERO:
        return "n"
    folded = fold(word)
    if not folded.isascii():
        folded = folded.translate(_PLAIN_DIGITS)
    number = _FIGURES.match(folded)
    return folded if number is None else _one_form(number[0]) + folded[number.end() :]


# Digits of all scripts; `fold` leaves those of India as they are.
_PLAIN_DIGITS = {
    ord(digit): str(unicodedata.decimal(digit)) for digit in re.findall(r"\d", _BASIC_PLANE) if not digit.isascii()
}
_FIGURES = re.compile(rf"[0-9]+(?:[{_SEPARATORS}{_SPACES}][0-9]+)+")
_SEPARATOR = re.compile(f"[{_SEPARATORS}{_SPACES}]")


def _one_form(number: str) -> str:
    """A number without the separators of its groups, and with a dot before its decimals."""
    figures = _SEPARATOR.split(number)
    separators = _SEPARATOR.findall(number)
    if len(separators) == 1:
        has_decimals = len(figures[0]) > 3 or figures[0].startswith("0") or len(figures[1]) != 3
    else:
        has_decimals = separators[0] != separators[-1]
    return "".join(figures[:-1]) + "." * has_decimals + figures[-1]


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


# ── words as they are written ────────────────────────────────────────────────────────────────────────────────────────

_ONE_WIDTH = {point: unicodedata.normalize("NFKC", chr(point)) for point in range(0xFF01, 0xFFEF)}
_AS_WRITTEN = str.maketrans(dict.fromkeys(APOSTROPHES, "'") | dict.fromkeys("\u0640\u00a0\u2009\u202f")) | _ONE_WIDTH


def exact_form(written: str) -> str:
    """A word of a text for comparison with `=OTAN`: case and accents count, width and kind of apostrophe do not.

    Normal form C, without invisible characters.
    """
    if written.isascii():
        return written
    return _cached_form(written) if len(written) <= LONGEST_CACHED else _form(written)


def _form(written: str) -> str:
    return unicodedata.normalize("NFC", INVISIBLE_RUN.sub("", written).translate(_AS_WRITTEN))


_cached_form = lru_cache(maxsize=10_000)(_form)


def stem_form(written: str) -> str:
    """A word of a text as a stemmer takes it: `exact_form` in lower case."""
    return unicodedata.normalize("NFC", exact_form(written).lower())


# ── signs ────────────────────────────────────────────────────────────────────────────────────────────────────────────

_SIGN = re.compile(
    f"(?P<plus>[+＋]{{1,2}})|(?P<hash>[#＃♯])|(?P<degree>\\.?[°º˚])"
    f"|(?P<and>[{_SPACES}]{{0,2}}[&＆](?=[{_SPACES}]{{0,2}}[^\\W_]))"
)


def sign_after(text: str, end: int) -> str:
    """The sign at a word that ends before the code point `end`: "&", "+", "++", "#", "°", or "" for none.

    Spaces may stand around &, and a word must follow it. º is °, and so is what № ends with.
    """
    sign = _SIGN.match(text, end)
    if sign is None:
        return "°" if text[end - 1 : end] == _NUMERO else ""
    match sign.lastgroup:
        case "plus":
            return "+" * len(sign[0])
        case "hash":
            return "#"
        case "degree":
            return "°"
        case _:
            return "&"


def sign_before(text: str, start: int) -> str:
    """The sign before a word that begins at a code point: "#" of a hashtag, or "" for none."""
    is_sign = start > 0 and text[start - 1] in "#＃" and not (start > 1 and text[start - 2].isalnum())
    return "#" if is_sign else ""


# ── sentences ────────────────────────────────────────────────────────────────────────────────────────────────────────

_STOPS = ".!?…‼⁇⁈⁉؟۔।॥။።։។៕"
_WIDE_STOPS = "。！？｡．"
_CLOSING = "\"'’”»›)\\]}"
_WIDE_CLOSING = "」』）】》〉］”’"
_OPENING = "`\"'‘’“”„«»‹›(\\[{¿¡—–-"
# Only the first of several stops in a row is tried, or a million dots would take a million squared steps.
_GREEK = "\u0370-\u03ff\u1f00-\u1fff"
_STOP = re.compile(
    rf"""[\n;{_STOPS}{_WIDE_STOPS}]
    (?: (?<=\n) \s*
      | (?<=[{_STOPS}])(?<![{_STOPS}].) (?P<more>[{_STOPS}]*+) (?:[{_CLOSING}]|[{_SPACES}][»›])* [{_SPACES}]+
        (?= (?:[{_OPENING}][{_SPACES}]?){{0,4}} (?P<first>[^\W_]) )
      | (?<=[{_GREEK}];) [{_SPACES}]+ (?= [{_OPENING}]?(?P<greek>[{_GREEK}]) )  # a question mark, or the semicolon
      | (?<=[{_WIDE_STOPS}]) [{_WIDE_STOPS}{_STOPS}]*+ (?P<quoted>[{_WIDE_CLOSING}]*+) \s*
    )""",
    re.VERBOSE,
)
_THAI = re.compile("[\u0e00-\u0e7f]")
_HIRAGANA = re.compile("[\u3041-\u309f]")

# Before a dot that ends no sentence; with a capital: only with one. Single letters and letters with dots between
# (z.B. U.S.) go without saying. What ends sentences as a word, in any of these languages, does not stand here.
_ABBREVIATIONS = frozenset(
    """
    Adm Assn Ave Blvd Brig Bros Capt Cllr Cmdr Co Col Corp Cpl Dept Det Dist Dr Drs Ft Gen Gov Hon Inc Insp Jr Lt Ltd
    Maj Messrs Mr Mrs Ms Mt Pres Prof Pvt Rep Reps Rev Sen Sens Sgt Spc Sr St Ste Supt Univ approx apt atty ca cf dept
    esp etc incl viz vs
    Mlle Mlles MM Mme Mmes Mgr Cie av bd env gouv
    Abg Bd Frl Hl Hr Hrn Ing Jh Mag Nr Nrn Str Tel allg bspw bz bzgl bzw dgl dipl evtl exkl geb gem ggf ggfs inkl insb
    jhd kfm lt mdl mio mrd nr röm sog staatl stellv str tel usf usw vgl zb zzgl
    Avda Cía Dña Excmo Exma Exmo Gral Ilmo Lic Núm Pdte Sra Sras Sres Srta Ud Uds avda dpto gral núm pág págs prov tte
    Dra Dras Ilma Pça dra
    Avv Cav Comm Dott Dssa Egr On Ing Sig Sigg Sigra Spett avv dott ecc geom onn pag pagg sig
    Blz Dhr Mej Mevr Mw bijv blz burg dhr drs enz evt mevr mw resp zgn zog
    dvs f.eks jfr mrk osv pga
    Ks Płk itd itp godz gm inż im ks lek mgr mjr mec mld mln np pkt płk prok proc rtm tj tys tzn tzw ul woj zob św
    č čj hod mudr judr ing phdr popř př resp tř zejm
    акад бул вул гг гос гражд див др ед зам зав изд им инж исп кв корп мин млн млрд напр нач обл оз пл пом пос пр проф
    просп р-н руб рр св сек см соц ст тел тыс ул упр уч чл тис грн смт
    κα κος αρ σελ καθ
    Av Doç Mah Müh Sn Sok Yrd
    """.split()
)
# Words, too ("He said no."): abbreviations only before a figure.
_BEFORE_FIGURES = frozenset(
    """
    abs apr art arts aug avr bl cap ch chap dec déc dez ene feb févr fev fig figs genn giu jan janv juil jul jun kap lug
    mag mai mar mars may min n no nos nov num oct ok okt op ott p par pos pp sec sep sept set sett vol vols рис гл стр
    """.split()
)
# "am 3. Mai", "der 1. FC Köln": ordinals, which German writes with a dot.
_BEFORE_ORDINALS = frozenset(
    """
    am ab an bis beim das dem den der des die im ihr ihre ihren ihrem ihrer in mit nach sein seine seinen seinem seiner
    seit und vom von vor zum zur auf platz montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag
    """.split()
)
_GERMAN_MONTHS = re.compile(
    "(?:Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)\\b"
)
_OPENED = re.compile("[(\\[{«»„“”\"'‘’/–—-]")
_LOOKED_BACK = 40  # code points: no abbreviation and no ordinal is longer


def sentence_starts(text: str) -> list[int]:
    """Where sentences begin: code points, ascending, 0 first. Every line begins one.

    A stop ends a sentence when something follows that may begin one: a capital, a figure, a letter of a script without
    capitals. In doubt (abbreviations, initials, German ordinals) it does not. Thai marks no sentences. Time is linear.
    """
    return [0, *_starts(text)]


def _starts(text: str) -> Iterator[int]:
    for stop in _STOP.finditer(text):
        start = stop.end()
        if start == len(text):
            return
        first = stop["first"]
        if first is not None:
            may_begin = not first.islower() and not _THAI.match(first)
            if may_begin and not (
                stop[0][0] == "." and not stop["more"] and _is_abbreviated(text, stop.start(), start, first)
            ):
                yield start
        elif stop["greek"] is not None:
            if stop["greek"].isupper():
                yield start
        elif not (stop["quoted"] and _HIRAGANA.match(text, start)):  # 「そうです。」と述べた
            yield start


def _is_abbreviated(text: str, dot: int, start: int, first: str) -> bool:
    """Whether a single dot belongs to the word before it."""
    before = text[max(0, dot - _LOOKED_BACK) : dot].rsplit(None, 2)
    if not before or text[dot - 1].isspace():
        return False
    last = _OPENED.split(before[-1])[-1]
    if last in _ABBREVIATIONS or last.lower() in _ABBREVIATIONS or _THAI.match(last[-1:]):
        return True
    if all(len(piece) <= 2 and piece.isalpha() for piece in last.split(".")) and (len(last) == 1 or "." in last):
        return True  # J. K., z.B., U.S., Ph.D.
    last = last.lower()
    if first.isdecimal():
        return last in _BEFORE_FIGURES
    if not last.isdecimal() or len(last) > 2:
        return False
    return bool(_GERMAN_MONTHS.match(text, start)) or (len(before) > 1 and before[-2].lower() in _BEFORE_ORDINALS)
