"""Reports of the same event by different newsrooms: the weak relation, which groups and never suppresses.

Two steps. `headline` reduces an article to its telling words, once, when it is read; `event_of` compares those with
the few recent articles that share rare ones, and names the one that surely reports the same, or none. A wrong join
misleads the reader of the group, a missed one costs him a line: where the signs disagree, there is no join.

A headline is numbers only, so that it can be kept and looked up: first the words of the title, then `LEAD`, then words
that only the lead has. From `WORDS` on a number is the digest of a word, and equal means the same word. Below are
the figures of the title, which are no words to look up by: dates from `DATES` on, other numbers as their value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence

from monitor.model import Article, Join, Near
from monitor.text import digest, fold, fold_words, written_words

# Goes up when `headline` gives other numbers for the same text: kept ones must then be computed again.
HEADLINE_VERSION = 1

LEAD = 0  # stands between the words of the title and those of the lead
DATES = 1 << 32  # weekdays, days of a month
WORDS = 1 << 62  # words; those with the next lower bit set are pairs of characters
_PAIRS = 1 << 61

_MOST = 24  # numbers in a headline
_LEAD_WORDS = 40  # of the text that are looked at

# ── words that tell nothing ──────────────────────────────────────────────────────────────────────────────────────────

# Articles, pronouns, prepositions, auxiliaries, and how newsrooms say that they say something. Folded; of all
# languages together, because a title is too short to be sure of its language. Left out where a word means much in
# another one: "war" (German "was"), "sol", "pan".
_FUNCTION_WORDS = frozenset(
    fold_words(
        written_words("""
    a about after again all also am amid an and any are as at be been before being but by can could did do does down
    during for from get gets had has have he her his how if in into is it its just more most near new no not now of off
    on one or our out over own per set she should since so some such than that the their them then there these they
    this those to too under until up upon us via was we were what when where which while who whom whose why will with
    would you your say says said saying tell tells told report reports reported reportedly according sources source
    update updates updated live video photo photos pictures watch breaking exclusive news latest analysis opinion
    exclusif direct infos actualite photos selon apres avant avec sans sous sur dans des les une aux ces ses son leur
    leurs mais plus moins pas que qui quoi dont pour par est sont etait etaient ete etre avoir ont ainsi comme contre
    entre vers chez tout tous toute toutes cette cet elle elles ils nous vous fait faire peut doit deja encore tres
    aussi alors lors depuis pendant jusqu quand comment pourquoi le la de du et en au ce se ne un on il si ou
    das der dem den des die dies diese dieser dieses ein eine einem einen einer eines und oder aber auch auf aus bei
    bis
    durch fur gegen hat haben hatte ich ihr ihre im in ist kann kein keine mehr mit nach nicht noch nur ob ohne sein
    seine seinen seiner sich sie sind so soll sollen uber um unter vom von vor wegen weil wenn werden wer wie wieder
    will
    wird wir wo wurde wurden zu zum zur zwischen als am an es er doch jetzt heute gestern morgen eilmeldung laut
    liveblog
    ticker
    el los las lo un una unos unas del al con sin sobre tras ante bajo desde hasta entre hacia para por que quien cual
    como cuando donde cuanto su sus este esta estos estas ese esa eso esto ya muy mas menos pero sino no ni si se le
    les
    es son fue fueron era ser estar esta estan ha han hay hoy ayer segun ultima hora directo
    il lo gli uno una dei delle degli della dello nel nella nei nelle dal dalla dai sul sulla sui con per tra fra
    che chi
    cui come dove quando perche piu meno anche ancora dopo prima contro sono era stato stata hanno ha essere diretta
    o os as um uma uns umas dos das do da no na nos nas ao aos pelo pela com sem sob apos ate mais mas ou quem seu sua
    seus suas foi sao nao ja diz ao vivo
    de het een en van voor met aan bij naar uit op te ten ter door om tot over onder tegen tussen niet geen ook nog wel
    maar dan als dat die dit deze zijn haar hun hij zij wordt worden werd heeft hebben had kan wil na meer
    i w we z ze na do od po za o u dla przez przed nad pod bez przy oraz ale lub albo nie tak ze jest sa byl byla bylo
    byly bedzie jak juz tylko jeszcze czy co kto gdy gdzie jego jej ich ten ta to te tej tego tym sie
    a v s se na do z ze o u k ke pro po pri pod nad za od je jsou byl byla bylo ale nebo jako jak uz jen co kdo
    ve bir bu su da de ile icin gibi daha cok en mi ne o olarak oldu olan sonra once kadar son dakika
    och att det som en ett den av for pa med till fran om har inte ar var kan ska efter mot og er til fra ikke som
    si in la cu de din pe pentru nu un o ca mai sa este au fost dupa
    и в во на не что с со как а по но из к ко у за от о об для до же бы ли или это этот эта эти этого этой тот той том
    та те его ее их он она они оно мы вы я ты был была были было будет будут быть есть при над под без про через между
    после перед около также тоже уже еще только если когда где кто чем чтобы который которая которые которого которых
    свой своего своей своих себя так там тут все всех всего более менее из-за сообщил сообщила сообщили сообщает заявил
    заявила заявили заявление рассказал рассказала рассказали назвал назвали стало стали стал известно видео фото
    новости онлайн срочно обновлено
    і й та в у на не що з із зі як а по але чи або до від од для за про при під над без через між після перед біля це
    цей ця ці цього цієї той те ті його її їх він вона вони воно ми ви я ти був була були було буде будуть бути є також
    теж вже ще лише тільки якщо коли де хто чим щоб який яка які якого яких свій свого своєї своїх себе так там тут усі
    всі більше менше повідомив повідомила повідомили повідомляє заявив заявила заявили розповів розповіла розповіли
    назвав назвали стало стали став відомо відео фото новини онлайн терміново оновлено
    от да се със е са за при ще които който която на в и с
    في من على الى عن مع هذا هذه ذلك تلك التي الذي الذين ان او ثم قد لا ما لم لن كان كانت يكون هو هي هم بين بعد قبل حول
    خلال عند كل غير ضد منذ حتي اذا كما لكن و بـ ل عاجل فيديو صور بالفيديو بالصور
    در از به با که این آن را برای تا است شد می های هم یا اما بر
    של את על עם לא זה זו הוא היא הם אל כי גם או אבל אם כל יותר אחרי לפני בין עד
    και το τα του της των τον την τη οι ο η στο στη στην στον στα στις για με από απο που να θα δεν είναι ειναι σε
    ένα ενα
    μια ως αλλά αλλα ή μετά μετα πριν
    """)
    )
)

# Days and months, folded: the beginning is enough where languages inflect. A date tells a day, not an event.
_WEEKDAYS = (
    "monday lundi montag lunes lunedi maandag poniedziałek понедельник понедельника понеділок понеділка الاثنين",
    "tuesday mardi dienstag martes martedi dinsdag wtorek вторник вторника вівторок вівторка الثلاثاء",
    "wednesday mercredi mittwoch miercoles mercoledi woensdag środa środę среда среду среды середа середу الاربعاء",
    "thursday jeudi donnerstag jueves giovedi donderdag czwartek четверг четверга четвер четверга الخميس",
    "friday vendredi freitag viernes venerdi vrijdag piątek пятница пятницу пятницы п'ятниця п'ятницю الجمعة",
    "saturday samedi samstag sabado sabato zaterdag sobota sobotę суббота субботу субботы субота суботу السبت",
    "sunday dimanche sonntag domingo domenica zondag niedziela niedzielę воскресенье неділя неділю الاحد",
)
_MONTHS = (
    "january jan janvier januar enero gennaio janeiro stycznia styczeń январь января січень січня يناير",
    "february feb fevrier februar febrero febbraio fevereiro lutego luty февраль февраля лютий лютого فبراير",
    "march mar mars märz marzo março marca marzec март марта березень березня مارس",
    "april apr avril abril aprile kwietnia kwiecień апрель апреля квітень квітня ابريل",
    "may mai mayo maggio maio maja май мая травень травня مايو",
    "june jun juin juni junio giugno junho czerwca czerwiec июнь июня червень червня يونيو",
    "july jul juillet juli julio luglio julho lipca lipiec июль июля липень липня يوليو",
    "august aug août agosto sierpnia sierpień август августа серпень серпня اغسطس",
    "september sep sept septembre septiembre settembre setembro września wrzesień сентябрь сентября вересня سبتمبر",
    "october oct octobre oktober octubre ottobre outubro października październik октябрь октября жовтня اكتوبر",
    "november nov novembre noviembre novembro listopada listopad ноябрь ноября листопад листопада نوفمبر",
    "december dec decembre dezember diciembre dicembre dezembro grudnia grudzień декабрь декабря грудня ديسمبر",
)
_WEEKDAY_OF = {fold(name): day for day, names in enumerate(_WEEKDAYS, start=1) for name in names.split()}
_MONTH_OF = {fold(name): month for month, names in enumerate(_MONTHS, start=1) for name in names.split()}

# ── stems ────────────────────────────────────────────────────────────────────────────────────────────────────────────

# Endings of inflection, longest first, one a word. What is left is cut to `_STEM` letters: derived words meet there
# (Russia, Russian; президент, президентский), and so do most spellings of a name (Zelensky, Zelenskyy).
_STEM = 6
_LATIN_ENDINGS = re.compile("(?:ing|ed|es|en|er|ow|em|ami|ach|[aeiouys])$")
_CYRILLIC_ENDINGS = re.compile(
    "(?:иями|ями|ами|ого|его|ому|ему|ыми|ими|ої|ою|ею|ій|ая|яя|ое|ее|ые|ие|ый|ий|ой|ом|ем|ам|ям|ах|ях|ов|ев|ів|ей"
    "|ую|юю|ых|их|ым|им|ью|[аеиоуыэюяьійї])$"
)
_ARABIC_PREFIX = re.compile("^(?:وال|بال|كال|فال|لل|ال)(?=..)")
_ARABIC_ENDINGS = re.compile("(?:ات|ون|ين|ان|ية|ها|[ةهي])$")
_HANGUL_ENDINGS = re.compile("(?:에서|으로|[은는이가을를의에도로와과])$")


def _stem(word: str) -> str:
    """What a folded word has in common with its inflected forms."""
    first = word[0]
    if len(word) < 4 or not word.isalpha():
        return _HANGUL_ENDINGS.sub("", word) if "가" <= first <= "힣" and len(word) == 3 else word
    if first <= "\u024f":
        return (_LATIN_ENDINGS.sub("", word) if len(word) > 4 else word.removesuffix("s"))[:_STEM]
    if "\u0400" <= first <= "\u052f":
        return _CYRILLIC_ENDINGS.sub("", word)[:_STEM]
    if "\u0600" <= first <= "\u06ff":
        bare = _ARABIC_PREFIX.sub("", word)
        return _ARABIC_ENDINGS.sub("", bare) if len(bare) > 3 else bare
    if "가" <= first <= "힣":
        return _HANGUL_ENDINGS.sub("", word)
    return word[:_STEM]


# ── the telling words ────────────────────────────────────────────────────────────────────────────────────────────────

# "… - Outlet", "… | Outlet": what stands after the last bar, or after the last dash if it looks like a name.
_TAIL = re.compile(r"^(.*\S)\s*(?:\s[-–—·•]\s|\s\|\s?|｜|\|)\s*(\S.*)$")
_LONGEST_OUTLET = 4  # words
_FEWEST_BEFORE = 3  # words that a title keeps when its outlet goes

_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
# Katakana are words of their own; hiragana are endings and particles, and part what stands around them.
_UNSPACED = re.compile(f"[{_SPACELESS}]+|[\u30a1-\u30ff\uff66-\uff9f]{{2,}}|[\u3041-\u309f]+")
_DATE = re.compile(r"(\d{1,2})\s*月\s*(\d{1,2})\s*日|\b(\d{1,2})[./](\d{1,2})[./](?:20)?\d\d\b")
_THOUSANDS = re.compile(r"(?<=\d)[,. \u00a0\u202f](?=\d{3}(?!\d))")


def headline(title: str, text: str) -> tuple[int, ...]:
    """The telling words of title and lead, as numbers: see the module. Empty: there is nothing to tell an event by.

    At most 24. Where there are more, those of the smallest digests stay, so that two long titles keep the same ones.
    Without a title the beginning of the text is the title.
    """
    if not title.strip():
        title, text = text[:200].partition("\n")[0], ""
    words, figures = _telling(without_outlet(title))
    if not words:
        return ()
    kept = _few(words, _MOST - min(len(figures), 4))
    numbers = [*kept, *figures[:4]]
    room = _MOST - len(numbers) - 1
    lead = " ".join(text[:600].split()[:_LEAD_WORDS])
    more = [word for word in _telling(lead)[0] if word not in kept and not word & _PAIRS] if lead else []
    if room > 0 and more:
        numbers += [LEAD, *_few(more, room)]
    return tuple(numbers)


def without_outlet(title: str) -> str:
    """The title without the name of the newsroom that many append to it: "… - Le Monde", "… | BBC News"."""
    tail = _TAIL.match(title)
    if tail is None:
        return title
    before, outlet = written_words(tail[1]), written_words(tail[2])
    bar = title[len(tail[1]) :].lstrip()[0] in "|｜"
    if len(before) < _FEWEST_BEFORE or len(outlet) > (_LONGEST_OUTLET if outlet and len(outlet[0]) > 1 else 12):
        return title
    return tail[1] if bar or all(word[0].isupper() or not word[0].islower() for word in outlet) else title


def _few(words: list[int], most: int) -> list[int]:
    if len(words) <= most:
        return words
    kept = set(sorted(words)[:most])
    return [word for word in words if word in kept]


def _telling(text: str) -> tuple[list[int], list[int]]:
    """The distinct telling words, in the order of the text; the distinct dates and numbers."""
    figures: list[int] = []

    def dated(found: re.Match[str]) -> str:
        month, day = (found[1], found[2]) if found[1] else (found[4], found[3])
        figures.append(DATES + 32 * int(month) + int(day))
        return " "

    text = _THOUSANDS.sub("", _DATE.sub(dated, text))
    pieces = [_unspaced(found[0]) for found in _UNSPACED.finditer(text)]
    words = [pair for piece in pieces for pair in piece]
    folded = fold_words(written_words(_UNSPACED.sub(" ", text) if words else text))
    for index, word in enumerate(folded):
        if word.isdecimal():
            beside = folded[max(index - 1, 0) : index + 2]
            month = next((_MONTH_OF[name] for name in beside if name in _MONTH_OF), 0)
            is_day = bool(month) and len(word) < 3 and 1 <= int(word) <= 31
            figures.append(DATES + 32 * month + int(word) if is_day else int(word[:9]))
        elif word in _WEEKDAY_OF:
            figures.append(DATES + _WEEKDAY_OF[word])
        elif (
            len(word) > 1 and word not in _FUNCTION_WORDS and not (word in _MONTH_OF and _beside_number(folded, index))
        ):
            words.append(_word(_stem(word)))
    return list(dict.fromkeys(words)), list(dict.fromkeys(figures))


def _beside_number(words: Sequence[str], index: int) -> bool:
    return any(word.isdecimal() for word in words[max(index - 1, 0) : index + 2])


def _unspaced(run: str) -> Iterable[int]:
    run = fold(run)
    if "\u3041" <= run[0] <= "\u309f":
        return ()
    if "\u30a1" <= run[0] <= "\u30ff":
        return (_word(run),)
    size = 2 if run[0] >= "\u3000" else 4
    return [_word(run[at : at + size]) | _PAIRS for at in range(max(len(run) - size + 1, 1))]


def _word(stem: str) -> int:
    return (digest(stem) & (_PAIRS - 1)) | WORDS


# ── the comparison ───────────────────────────────────────────────────────────────────────────────────────────────────

_SURE = 0.7  # the score from which a join is right in nine of ten cases
_FEWEST_SHARED = 3  # words of two titles
_SMALLEST_ARCHIVE = 500  # reports; a smaller one knows too little of what is rare
_UNKNOWN = 0.75  # the weight of a word whose frequency nobody asked for
_PAIR = 0.5  # a pair of characters is about half a word
_OTHER_FIGURES = 0.85  # what is left of a score when both titles give numbers, and none in common


def likeness_of(
    headline_a: Sequence[int], headline_b: Sequence[int], frequency: Mapping[int, int], reports: int
) -> float:
    """How surely two headlines tell of the same event, 0 to 1; the same either way round.

    `frequency`: in how many of the archive's `reports` recent articles a word stands.
    """
    title_a, figures_a, all_a = _parts(headline_a)
    title_b, figures_b, all_b = _parts(headline_b)
    both = title_a & title_b
    if len(both) - sum(0.5 for word in both if word & _PAIRS) < _FEWEST_SHARED or _contradict(figures_a, figures_b):
        return 0.0

    def weight(words: Iterable[int]) -> float:
        return math.fsum(_rarity(word, frequency, reports) for word in words)

    shared = weight(both)
    # A word of one title that the other's lead has is no contradiction, and half an agreement.
    confirmed = 0.5 * weight((title_a & all_b | title_b & all_a) - both)
    score = (2 * shared + confirmed) / (weight(title_a) + weight(title_b))
    numbers_a, numbers_b = _numbers(figures_a), _numbers(figures_b)
    if numbers_a and numbers_b and not numbers_a & numbers_b:
        score *= _OTHER_FIGURES
    return min(1.0, max(0.0, score))


def event_of(article: Article, others: Sequence[Near], *, frequency: Mapping[int, int], reports: int) -> Join | None:
    """The report that most surely tells of the same event as an article, with the score. None: none is sure enough.

    Only reports of other feeds: what one newsroom says twice is a version or a series. Of equally sure ones the oldest.
    """
    best: tuple[float, float, str] | None = None
    found: Near | None = None
    for other in others:
        if other.feed == article.feed:
            continue
        score = likeness_of(article.headline, other.headline, frequency, reports)
        rank = (-score, other.seen_at.timestamp(), str(other.id))
        if score >= _SURE and (best is None or rank < best):
            best, found = rank, other
    return Join(to=found.id, relation="report", score=round(-best[0], 3)) if best and found else None


def _parts(headline: Sequence[int]) -> tuple[set[int], set[int], set[int]]:
    """The words of the title, its dates and numbers, the words of title and lead."""
    end = headline.index(LEAD) if LEAD in headline else len(headline)
    title = {number for number in headline[:end] if number >= WORDS}
    figures = {number for number in headline[:end] if number < WORDS}
    return title, figures, title | set(headline[end + 1 :])


def _numbers(figures: set[int]) -> set[int]:
    return {figure for figure in figures if figure < DATES}


def _contradict(figures_a: set[int], figures_b: set[int]) -> bool:
    """Whether the titles name different days."""
    days_a, days_b = figures_a - _numbers(figures_a), figures_b - _numbers(figures_b)
    return bool(days_a and days_b and not days_a & days_b)


def _rarity(word: int, frequency: Mapping[int, int], reports: int) -> float:
    """1 for a word nobody else has, towards 0 for one that every article has (inverse document frequency)."""
    known = frequency.get(word)
    if known is None:
        rarity = _UNKNOWN
    else:
        archive = max(reports, _SMALLEST_ARCHIVE)
        rarity = math.log((archive + 1) / (min(max(known, 0), archive) + 1)) / math.log(archive + 1)
    return rarity * (_PAIR if word & _PAIRS else 1.0)
