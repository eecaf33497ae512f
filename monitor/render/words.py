"""The words around the articles, in the languages we speak: English and French.

What an article says is shown as it stands; only what we say about it is said in the reader's language. A phrase that
counts has two forms, for one and for several; French counts all below 2 as one, English only 1 (CLDR, Plural Rules).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.model import LanguageGuess
from monitor.render.notice_words import NOTICE_PHRASES, Phrase
from monitor.render.web_words import WEB_PHRASES

LANGUAGES = ("en", "fr")

_PHRASES: Mapping[str, tuple[Phrase, Phrase]] = {
    # what there is to read
    "no_title": ("(no title)", "(sans titre)"),
    "further_down": ("Further down:", "Plus loin :"),
    "read": ("Read the article", "Lire l’article"),
    "outlets": (("{n} outlet", "{n} outlets"), ("{n} média", "{n} médias")),
    "stories": (("{n} story", "{n} stories"), ("{n} sujet", "{n} sujets")),
    "articles": (("{n} article", "{n} articles"), ("{n} article", "{n} articles")),
    "also": ("Also carried by {names}", "Également dans {names}"),
    "and_more": ("{names} and {n} more", ("{names} et {n} autre", "{names} et {n} autres")),
    "part": ("part {number} of {of}", "partie {number} sur {of}"),
    # the facts
    "rule": ("Rule", "Règle"),
    "matched": ("Matched", "Mots trouvés"),
    "nothing_excluded": ("the article has none of the excluded words", "l’article n’a aucun des mots exclus"),
    "language": ("Language", "Langue"),
    "author": ("Author", "Auteur"),
    "published": ("Published", "Publié"),
    "updated": ("Updated", "Mis à jour"),
    "first_seen": ("First seen", "Repéré"),
    "seen_at": ("first seen {when}", "repéré {when}"),
    "no_date": ("the feed does not say", "le flux ne le dit pas"),
    "future_date": ("the feed names a moment in the future", "le flux donne une date à venir"),
    "not_recognised": ("not recognised", "non reconnue"),
    "language_not_recognised": ("language not recognised", "langue non reconnue"),
    "sure": ("{language}, {percent} sure", "{language}, sûr à {percent}"),
    "by_script": ("{language}, by its script", "{language}, d’après l’écriture"),
    "by_feed": ("{language}, as the feed says", "{language}, selon le flux"),
    # what is new of a story that was told
    "new_version": ("A new version of a story you were told of.", "Nouvelle version d’un sujet déjà signalé."),
    "new_copy": ("The same text, now also here.", "Le même texte, désormais aussi ici."),
    "new_carrier": ("{outlet} carries this story now, too.", "{outlet} reprend désormais ce sujet."),
    "was_titled": ("It was titled: {title}", "Titre précédent : {title}"),
    # why so many come together
    "held_mute": (
        "These were held back while their rule or story was muted.",
        "Ces articles ont été retenus tant que leur règle ou leur sujet était en sourdine.",
    ),
    "held_quiet": (
        "These came during quiet hours.",
        "Ces articles sont arrivés pendant les heures de silence.",
    ),
    "held_cap": (
        "These are more than the limit of mails an hour lets through, so they come together. Nothing was left out.",
        "La limite d’e-mails par heure était atteinte : voici le reste en un seul envoi. Rien n’a été omis.",
    ),
    "held_burst": (
        "So much comes in that it is summed up every quarter of an hour. Nothing is left out.",
        "Les nouvelles affluent : elles sont résumées tous les quarts d’heure. Rien n’est omis.",
    ),
    "held_storm": (
        "A feed brought old articles under new names. So that they do not flood you, they come together.",
        "Un flux a republié d’anciens articles sous de nouveaux noms. Pour ne pas vous inonder, les voici ensemble.",
    ),
    "held_backlog": (
        "A feed was away for hours and brought what it had missed.",
        "Un flux a été absent plusieurs heures et rapporte ce qui manquait.",
    ),
    "topic_mute": ("after the mute", "après la sourdine"),
    "topic_quiet": ("after the quiet hours", "après les heures de silence"),
    "topic_cap": ("over the limit", "au-delà de la limite"),
    "topic_burst": ("breaking", "en continu"),
    "topic_storm": ("republished", "republication"),
    "topic_backlog": ("backlog", "rattrapage"),
    "in_the_hour": ("{stories} in the last hour", "{stories} en une heure"),
    # digests
    "trend": (
        ("{n} article found, usually {usual}", "{n} articles found, usually {usual}"),
        ("{n} article trouvé, d’ordinaire {usual}", "{n} articles trouvés, d’ordinaire {usual}"),
    ),
    "nothing": ("nothing new", "rien de nouveau"),
    "nothing_long": (
        "No article matched since the last digest. The rules were watching all the same.",
        "Aucun article trouvé depuis le dernier récapitulatif. Les règles veillaient pourtant.",
    ),
    # why this mail
    "why_rule": (
        "You get this mail because the rule “{rule}” sends its matches to you.",
        "Vous recevez cet e-mail parce que la règle « {rule} » vous envoie ce qu’elle trouve.",
    ),
    "why_rules": (
        "You get this mail because the rules above send their matches to you.",
        "Vous recevez cet e-mail parce que les règles ci-dessus vous envoient ce qu’elles trouvent.",
    ),
    "why_digest": (
        "You get this mail because rules send their matches to you in the digest “{digest}”.",
        "Vous recevez cet e-mail parce que des règles vous envoient ce qu’elles trouvent dans « {digest} ».",
    ),
    "mute_story": ("To pause this story, run:", "Pour une pause de ce sujet :"),
    "mute_rule": ("To pause this rule, run:", "Pour une pause de cette règle :"),
    "mute_a_rule": ("To pause a rule, run:", "Pour une pause d’une règle :"),
    "name": ("NAME", "NOM"),
    "questions": ("Questions: {contact}", "Questions : {contact}"),
    **NOTICE_PHRASES,
    **WEB_PHRASES,
}


_SET_APART = re.compile("(?<=«) | (?=[:;!?»%])")


@dataclass(frozen=True, slots=True)
class Words:
    """What we say, to one reader."""

    language: str  # one of LANGUAGES
    timezone: str  # IANA name

    def __call__(self, key: str, n: float | None = None, **given: object) -> str:
        """A phrase with its places filled in; `n` chooses its form, and may fill one in."""
        phrase = _PHRASES[key][self.language == "fr"]
        if isinstance(phrase, tuple):
            count = 0 if n is None else n
            phrase = phrase[0] if count == 1 or (count < 2 and self.language == "fr") else phrase[1]
        filled = phrase.format(n="" if n is None else self.number(n), **given)
        # Where French sets a space before high punctuation and inside guillemets, no line may end.
        return _SET_APART.sub("\u00a0", filled)

    @property
    def colon(self) -> str:
        """What stands after a label."""
        return "\u00a0:" if self.language == "fr" else ":"

    def number(self, n: float) -> str:
        """A number, with at most one decimal where it is small."""
        text = f"{n:,.0f}" if n >= 10 or float(n).is_integer() else f"{n:.1f}"
        return text.replace(",", "\u202f").replace(".", ",") if self.language == "fr" else text

    def percent(self, share: float) -> str:
        """A share of one, with one decimal; never rounded up to the whole."""
        tenths = math.floor(share * 1000 + 1e-9)
        text = f"{tenths / 10:.1f}".removesuffix(".0")
        return f"{text.replace('.', ',')}\u00a0%" if self.language == "fr" else f"{text} %"

    def names(self, names: list[str], most: int) -> str:
        """Some names, and how many more there are."""
        shown = ", ".join(names[:most])
        return self("and_more", n=len(names) - most, names=shown) if len(names) > most else shown

    # ── when ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def moment(self, at: datetime) -> str:
        """An instant as the reader's clock showed it; the names do not depend on the process's locale."""
        local = at.astimezone(ZoneInfo(self.timezone))
        days, months = _CALENDAR[self.language]
        day, month = days[local.weekday()], months[local.month - 1]
        return f"{day} {local.day} {month} {local.year}, {local:%H:%M} {local.tzname()}"

    def clock(self, at: datetime) -> str:
        """The time of day, as the reader's clock showed it."""
        return f"{at.astimezone(ZoneInfo(self.timezone)):%H:%M}"

    def date(self, local: datetime) -> str:
        """A day of a reader's calendar, without its year."""
        return f"{local.day} {_CALENDAR[self.language][1][local.month - 1]}"

    @property
    def weekdays(self) -> list[str]:
        """The days of the week, Monday first."""
        return _CALENDAR[self.language][0]

    # ── which language ───────────────────────────────────────────────────────────────────────────────────────────────

    def guess(self, guess: LanguageGuess) -> str:
        """A language with its tag, and how sure we are."""
        if guess.language == "und":
            return self("not_recognised")
        name = self.tag(guess.language)
        match guess.source:
            case "detected":
                percent = f"{min(guess.confidence, 0.99):.0%}"  # a guess is never certain
                return self(
                    "sure", language=name, percent=percent.replace("%", "\u00a0%" if self.language == "fr" else "%")
                )
            case "script":
                return self("by_script", language=name)
            case "feed" | "declared":
                return self("by_feed", language=name)
            case _:
                return name

    def tag(self, tag: str) -> str:
        """A language's name before its tag; the tag alone for a language we have no name for."""
        if tag == "und":
            return self("language_not_recognised")
        name = _NAMES[self.language].get(tag.partition("-")[0].lower())
        return f"{name} ({tag})" if name else tag


_CALENDAR = {
    "en": (
        "Mon Tue Wed Thu Fri Sat Sun".split(),
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(),
    ),
    "fr": (
        "lun. mar. mer. jeu. ven. sam. dim.".split(),
        "janv. févr. mars avril mai juin juil. août sept. oct. nov. déc.".split(),
    ),
}


def _table(*pairs: str) -> Mapping[str, str]:
    return {tag: name for pair in pairs for tag, name in [pair.split(":")]}


_NAMES = {
    "en": _table(
        *(
            "af:Afrikaans ar:Arabic az:Azerbaijani be:Belarusian bg:Bulgarian bn:Bengali bs:Bosnian ca:Catalan "
            "cs:Czech cy:Welsh da:Danish de:German el:Greek en:English es:Spanish et:Estonian eu:Basque fa:Persian "
            "fi:Finnish fr:French ga:Irish gl:Galician gu:Gujarati he:Hebrew hi:Hindi hr:Croatian hu:Hungarian "
            "hy:Armenian id:Indonesian is:Icelandic it:Italian ja:Japanese ka:Georgian kk:Kazakh kn:Kannada "
            "ko:Korean lb:Luxembourgish lt:Lithuanian lv:Latvian mk:Macedonian ml:Malayalam mr:Marathi mt:Maltese "
            "ne:Nepali nl:Dutch no:Norwegian pa:Punjabi pl:Polish pt:Portuguese ro:Romanian ru:Russian sk:Slovak "
            "sl:Slovenian so:Somali sq:Albanian sr:Serbian sv:Swedish sw:Swahili ta:Tamil te:Telugu th:Thai "
            "tl:Tagalog tr:Turkish uk:Ukrainian ur:Urdu vi:Vietnamese zh:Chinese"
        ).split()
    ),
    "fr": _table(
        *(
            "af:afrikaans ar:arabe az:azéri be:biélorusse bg:bulgare bn:bengali bs:bosnien ca:catalan cs:tchèque "
            "cy:gallois da:danois de:allemand el:grec en:anglais es:espagnol et:estonien eu:basque fa:persan "
            "fi:finnois fr:français ga:irlandais gl:galicien gu:gujarati he:hébreu hi:hindi hr:croate hu:hongrois "
            "hy:arménien id:indonésien is:islandais it:italien ja:japonais ka:géorgien kk:kazakh kn:kannada "
            "ko:coréen lb:luxembourgeois lt:lituanien lv:letton mk:macédonien ml:malayalam mr:marathi mt:maltais "
            "ne:népalais nl:néerlandais no:norvégien pa:pendjabi pl:polonais pt:portugais ro:roumain ru:russe "
            "sk:slovaque sl:slovène so:somali sq:albanais sr:serbe sv:suédois sw:swahili ta:tamoul te:télougou "
            "th:thaï tl:tagalog tr:turc uk:ukrainien ur:ourdou vi:vietnamien zh:chinois"
        ).split()
    ),
}
