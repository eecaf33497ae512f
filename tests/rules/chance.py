"""Rules and articles by chance, in many languages: what they say is drawn from the same few words, so that they meet.

An article knows its words from the table below, not from the program's reading of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from monitor.model import AliasItems, Article, Outlet
from tests.factories import an_article
from tests.rules.plain import Plain, Word

# Written | its words | folded, where that is not the same | signs: "2+" is a plus behind the second, "#" one in front.
_TABLE = {
    "fr": """
        l’OTAN | l OTAN | l otan
        OTAN | OTAN | otan
        été | été | ete
        cœur | cœur | coeur
        guerre
        Guerre | Guerre | guerre
        paix
        ukrainien
        ukrainiennes
        élection | élection | election
        élections | élections | elections
        États-Unis | États Unis | etats unis
        Etats-Unis | Etats Unis | etats unis
        Canal+ | Canal | canal | 1+
        canal
        n° 7 | n 7 | n 7 | 1°
        #Ukraine | Ukraine | ukraine | #
        Ukraine | Ukraine | ukraine
    """,
    "de": """
        Straße | Straße | strasse
        Strasse | Strasse | strasse
        GROẞ | GROẞ | gross
        Łódź | Łódź | lodz
        Krieg | Krieg | krieg
        Kriege | Kriege | kriege
        ø | ø | o
    """,
    "en": """
        AT&T | AT T | at t | 1&
        AT & T | AT T | at t | 1&
        R&D | R D | r d | 1&
        C++ | C | c | 1++
        C# | C | c | 1#
        C | C | c
        attack
        attacks
        attacked
        20,000
        20 000
        20000
        1,00,000
        100 000
        20
        3,5
        3.5
        2026
        G20 | G20 | g20
        20,000km
        NATO’s | NATO s | nato s
        woman
        women
    """,
    "uk": """
        об’єднання | об’єднання | об'єднання
        об'єднання
        Київ | Київ | київ
        Києва | Києва | києва
        війна
        війни
        НАТО | НАТО | нато
        ёлка | ёлка | елка
        ґрунт
    """,
    "el": """
        Ελλάδα | Ελλάδα | ελλαδα
        πόλεμος | πόλεμος | πολεμοσ
        ΠΟΛΕΜΟΣ | ΠΟΛΕΜΟΣ | πολεμοσ
        ΝΑΤΟ | ΝΑΤΟ | νατο
    """,
    "tr": """
        İstanbul | İstanbul | istanbul
        ısı | ısı | isi
        NATO’nun | NATO nun | nato nun
        savaş | savaş | savas
        savaşı | savaşı | savasi
    """,
    "ar": """
        مُحَمَّد | مُحَمَّد | محمد
        محمد
        إيران | إيران | ايران
        الحرب
        الناتو
    """,
    "he": """
        שָׁלוֹם | שָׁלוֹם | שלום
        שלום
        מלחמה
        המלחמה
    """,
    "zh": "北约 | 北 约\n 战争 | 战 争\n 美国 | 美 国\n 美国和北约 | 美 国 和 北 约",
    "th": "นาโต | น า โ ต\n รัสเซีย | ร ั ส เ ซ ี ย",
    "hi": "नाटो\n युद्ध\n यूक्रेन",
    "ko": "우크라이나\n 우크라이나는\n 전쟁\n 나토",
}
_SPACELESS = ("zh", "th")
_BETWEEN = (" ", " ", " ", ", ", " – ", " « ", "! Et ", "\n", "\n", " 🚨 ", " 🪖 ")

_AUTHORS = (("", ()), ("Anna Guerre", ("anna", "guerre")), ("Dmytro Ukraine", ("dmytro", "ukraine")))
_LINKS = ((None, ()), ("https://news.example/otan/20-ans", ("https", "news", "example", "otan", "20", "ans")))
_CATEGORIES = ((), ("Guerre",), ("À la une", "Ukraine"))


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the table: what stands in a text, and the words that it is."""

    language: str
    written: str
    words: tuple[Word, ...]


def _entry(language: str, row: str) -> Entry:
    written, *more = (cell.strip() for cell in row.split("|"))
    pieces = more[0].split() if more else [written]
    folded = more[1].split() if len(more) > 1 else [_number(piece) for piece in pieces]
    sign = more[2] if len(more) > 2 else ""
    words = [Word(piece, form) for piece, form in zip(pieces, folded, strict=True)]
    if sign == "#":
        words[0] = words[0]._replace(before="#")
    elif sign:
        words[int(sign[0]) - 1] = words[int(sign[0]) - 1]._replace(sign=sign[1:])
    return Entry(language, written, tuple(words))


def _number(piece: str) -> str:
    """A number of the table folded: its groups together, its decimals behind a dot."""
    if piece[0].isdigit():
        return piece.replace(",", ".") if piece in ("3,5", "3.5") else piece.replace(",", "").replace(" ", "")
    return piece


ENTRIES = tuple(_entry(language, row) for language, rows in _TABLE.items() for row in rows.strip().split("\n"))


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed whose articles, and the rules about which, draw from the same few words."""

    outlet: Outlet
    source: tuple[str, ...]  # the words of its title
    entries: tuple[Entry, ...]
    languages: tuple[str, ...]

    @property
    def aliases(self) -> dict[str, AliasItems]:
        """An alias of its words, each under its language, and one of that and a beginning."""
        forms: dict[str, list[str]] = {"any": [self.entries[0].written]}
        for entry in self.entries[1:3]:
            forms.setdefault(entry.language, []).append(f'"{entry.written}"')
        return {"few": {key: tuple(items) for key, items in forms.items()}, "more": ("@few", "ukrain*", "=OTAN")}


def a_feed_by_chance(chance: Random, number: int) -> Feed:
    """A feed of a few words in up to three languages."""
    languages = tuple(chance.sample(sorted(_TABLE), k=3))
    of_these = [entry for entry in ENTRIES if entry.language in languages]
    title, words = chance.choice([(None, ()), ("Le Monde", ("le", "monde")), ("Guerre & Paix", ("guerre", "paix"))])
    return Feed(
        Outlet(
            feed=f"{chance.choice(['monde', 'temps'])}{number}",
            title=title,
            tags=chance.choice([(), ("Presse",), ("presse-fr", "Sport")]),
            country=chance.choice([None, "FR", "UA"]),
        ),
        words,
        tuple(chance.sample(of_these, k=min(len(of_these), chance.randint(3, 6)))),
        (*languages, "und", "fr-CA"),
    )


def an_article_by_chance(chance: Random, feed: Feed, number: int) -> tuple[Article, Plain]:
    """An article of a feed, and what a plain reader knows of it."""
    title, title_words = _text(chance, feed.entries, chance.randint(0, 3), (" ",))
    text, text_words = _text(chance, feed.entries, chance.randint(0, 9), _BETWEEN)
    (author, author_words), (link, link_words) = chance.choice(_AUTHORS), chance.choice(_LINKS)
    link = link and f"{link}/{number}"
    article = an_article(
        feed=feed.outlet.feed,
        guid=f"{feed.outlet.feed}-{number}",
        title=title,
        text=text,
        authors=(author,) if author else (),
        categories=chance.choice(_CATEGORIES),
        link=link,
        link_key=link and link.removeprefix("https://"),
        content_digest=number,
        digest=number,
    )
    host = ("news", "example") if link else ()
    plain = Plain(
        texts=(title, text),
        words=(title_words, text_words),
        others={
            "author": author_words,
            "link": (*link_words, str(number)) if link else (),
            "source": (*feed.source, *host),
        },
        outlet=feed.outlet,
        categories=article.categories,
        language=chance.choice(feed.languages),
    )
    return article, plain


def _text(chance: Random, entries: Sequence[Entry], number: int, between: Sequence[str]) -> tuple[str, list[Word]]:
    text, words = "", []
    sentence = paragraph = 0
    for index in range(number):
        entry = chance.choice(entries)
        gap = chance.choice(between) if index else ""
        if text[-1:].isdigit() and entry.written[0].isdigit() and gap in (" ", ", "):
            gap = " – "  # or they would be one number
        text += gap
        sentence += gap in ("! Et ", "\n")
        paragraph += gap == "\n"
        if gap == "! Et ":
            words.append(Word("Et", "et", sentence, paragraph, len(text) - 1))
        at = len(text)
        text += entry.written
        for word in entry.words:
            at = text.index(word.written, at) + len(word.written)
            words.append(word._replace(sentence=sentence, paragraph=paragraph, end=at))
    return text, words


# ── queries ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def a_query(chance: Random, feed: Feed, depth: int = 2) -> str:
    """A query about a feed's articles; one in ten or so is refused, as saying only what must be absent."""
    if depth == 0 or chance.random() < 0.25:
        return chance.choice(_LEAVES)(chance, feed)
    one, other = a_query(chance, feed, depth - 1), a_query(chance, feed, depth - 1)
    return chance.choice(
        (
            f"({one}) OR ({other})",
            f"({one}) AND ({other})",
            f"({one}) ({other})",
            f"({one}) NOT ({other})",
            f"NOT ({one})",
        )
    )


def _form(chance: Random, feed: Feed) -> str:
    """A word or a phrase, in one of the ways of writing them."""
    entry = chance.choice(feed.entries)
    written, folded = entry.written, entry.words[0].folded
    forms = [
        f'"{written}"',
        f'"{written}"',
        f'"{" ".join(word.folded for word in entry.words)}"',
        f'"{written.upper()}"' if written.isascii() else f'"{written}"',
        f'="{written}"',
        f'~"{written}"',
        f'"{written} {chance.choice(feed.entries).written}"',
        "@few",
        "@more",
    ]
    if entry.language not in _SPACELESS and len(folded) > 2 and folded.isalpha():
        cut = chance.randint(2, len(folded) - 1)
        forms += [
            f"{folded[:cut]}*",
            f"{folded[:cut]}*",
            f"{folded[:2]}*{folded[-1]}",
            f"{folded[:cut]}?{folded[cut + 1 :]}",
        ]
        forms.append(f"={entry.words[0].written[:2]}*")
    if entry.words[0].written.isdigit():
        forms.append(f'"{folded[:2]}*"' if len(folded) > 1 else f'"{folded}"')
    return chance.choice(forms)


def _placed(chance: Random, feed: Feed) -> str:
    """What may stand beside NEAR."""
    match chance.randrange(6):
        case 0:
            return f"({_form(chance, feed)} OR {_form(chance, feed)})"
        case 1:
            return f"({_near(chance, feed)})"
        case _:
            return _form(chance, feed)


def _near(chance: Random, feed: Feed) -> str:
    reach = chance.choice(("0", "1", "3", "10", "s", "p"))
    return f"{_form(chance, feed)} {chance.choice(('NEAR', 'BEFORE'))}/{reach} {_form(chance, feed)}"


def _around(chance: Random, feed: Feed) -> str:
    return (
        f"{_placed(chance, feed)} {chance.choice(('NEAR', 'BEFORE'))}/{chance.choice('059sp')} {_placed(chance, feed)}"
    )


def _within(chance: Random, feed: Feed) -> str:
    return f"{chance.choice(('title', 'text'))}:({_placed(chance, feed)})"


def _first(chance: Random, feed: Feed) -> str:
    return f"first({chance.choice((1, 3, 6))}): ({_placed(chance, feed)})"


def _count(chance: Random, feed: Feed) -> str:
    return f"count({_placed(chance, feed)}) {chance.choice(('>=', '>', '=', '<=', '<'))} {chance.randint(0, 3)}"


def _other(chance: Random, feed: Feed) -> str:
    entry = chance.choice(feed.entries)
    written = entry.words[0].written
    return chance.choice(
        (
            "author:guerre",
            "author:(anna OR dmytro)",
            'link:"news.example"',
            "link:otan",
            "source:monde",
            'source:"guerre paix"',
            f"feed:{feed.outlet.feed}",
            "feed:mon*",
            "tag:presse",
            "tag:press*",
            "tag:Guerre",
            f"lang:{chance.choice(feed.languages[:4])}",
            "country:FR",
            "/OTAN|NATO/",
            "/[0-9]{2}/",
            # Not in Turkish, where RE2 and our plain reader's regular expressions differ about what an i is.
            f"/{written[:2]}/i" if written[:2].isalpha() and entry.language != "tr" else "/guer+e/i",
        )
    )


_LEAVES: tuple[Callable[[Random, Feed], str], ...] = (
    _form,
    _form,
    _form,
    _near,
    _around,
    _around,
    _within,
    _first,
    _count,
    _other,
)
