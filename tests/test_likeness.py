"""Which articles tell the same text. How often over many of them: tests/quality/test_stories.py."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.likeness import bands, boilerplate, estimate, line_digests, same_item, signature, story_of
from monitor.model import Join, Near
from tests.effort import steps
from tests.factories import NOW, an_article

# One report of some length a language. Nothing in them is real.
REPORTS = {
    "en": (
        "Ferry with 214 aboard runs aground off Skelby",
        """A ferry carrying 214 passengers ran aground on a sandbank off Skelby on Tuesday evening, the coastguard said.
        Nobody was hurt. The vessel was on its way from Tarnvik with 63 cars and frozen fish when its radar failed.
        Two tugs tried to pull the ship free at high water but gave up when a cable parted. A third was due soon.
        The operator said the radar had been serviced in October. Crossings have been cancelled until Friday.
        The harbour master, Ole Brandt, said that the bank had moved forty metres since it was last surveyed.""",
    ),
    "fr": (
        "Grève des aiguilleurs dans le Val-Doré à partir de lundi",
        """Un train régional sur trois circulera à partir de lundi dans le Val-Doré, où les aiguilleurs font grève.
        Les syndicats réclament l'embauche de 140 agents et la remise en service de quatre postes fermés depuis l'été.
        La direction assure avoir proposé 60 recrutements sur deux ans et une prime de 900 euros aux agents de la ligne.
        Des autocars partiront toutes les demi-heures de la gare de Brévenne, mais ils ne suffiront pas le matin.
        Le dernier conflit de cette ampleur avait duré onze jours et s'était achevé par un accord à Saint-Aubry.""",
    ),
    "uk": (
        "У Старогірську відкрили міст, який будували дев'ять років",
        """У суботу в Старогірську відкрили рух новим мостом через Ворожбу, який коштував бюджету 1,2 мільярда гривень.
        Міська голова Олена Гайдай нагадала, що будівництво зупиняли тричі: через кошти, паводок і суд із підрядником.
        Довжина споруди 640 метрів, по ній прокладено чотири смуги для автомобілів, тротуари та велосипедну доріжку.
        Мешканці лівого берега досі витрачали на дорогу до лікарні понад годину, тепер вистачить чверті години.
        Головний інженер Тарас Мельничук пояснив, що опори забивали на глибину тридцять метрів через слабкий ґрунт.""",
    ),
    "ar": (
        "انهيار جسر قيد الإنشاء في مدينة الوادي وإصابة تسعة عمال",
        """أصيب تسعة عمال بجروح عندما انهار جسر قيد الإنشاء في مدينة الوادي فجر الأحد وفق ما أعلنت مديرية الدفاع المدني.
        وقال مدير المشروع سامي الحداد إن الدعامات المؤقتة انزلقت بعد أمطار غزيرة استمرت يومين على المدينة وضواحيها.
        وروى العامل حسن العلي أنه سمع صوتا يشبه الرعد ثم رأى السقالات تتهاوى فقفز إلى الرمل ولم يفهم ما حدث.
        وأمر وزير الأشغال بوقف العمل في ثلاثة جسور تنفذها الشركة نفسها إلى حين انتهاء التحقيق في أسباب الانهيار.
        وطالبت نقابة المهندسين بنشر نتائج فحص التربة التي أجريت قبل عامين لأن الموقع يمر فيه مجرى سيل قديم.""",
    ),
    "zh": (
        "青岩县暴雨致山体滑坡 省道中断千余人转移",
        """青岩县应急管理局周二通报，受连日暴雨影响，该县石坪镇周一夜间发生山体滑坡，省道中断，一千三百余名居民被紧急转移。
        滑坡发生在晚上十一点左右，约四万立方米的土石冲下山坡，掩埋了两百米长的公路和一座加油站的围墙。
        镇长周立民说，村里的老人最先发现水井变浑，立即敲锣通知邻居，如果没有那面锣，后果不堪设想。
        县里出动了六台挖掘机和一百八十名消防员清理道路，预计周四可以恢复单向通行，学生改为在家上课。
        水利专家何敏指出，该路段的挡土墙建于三十年前，设计标准偏低，今年春天的检查曾建议加固。""",
    ),
    "ja": (
        "白浜町の旧校舎で火災、けが人なし　築八十年の木造",
        """五日午後九時半ごろ、白浜町にある旧白浜小学校の校舎から火が出ていると通行人から通報があった。
        消防車十二台が出動し、火は約四時間後に消し止められたが、木造二階建ての校舎およそ九百平方メートルが全焼した。
        校舎は築八十年で、十年前に閉校した後は地域の資料館として使われていた。当日は休館日で中には誰もいなかったという。
        資料館には古い農具や写真など約三千点が保管されていたが、卒業アルバムの一部は町の図書館に移されていて無事だった。
        警察と消防は朝から現場検証を始め、配電盤の周辺を詳しく調べている。町長は再建の是非を住民と話し合う考えを示した。""",
    ),
    "th": (
        "ไฟไหม้ตลาดริมน้ำบ้านแหลมทอง ร้านค้าเสียหายกว่าหกสิบแห่ง",
        """เกิดเหตุเพลิงไหม้ตลาดริมน้ำบ้านแหลมทองเมื่อคืนวันศุกร์ ร้านค้าไม้เสียหายกว่าหกสิบแห่ง ไม่มีผู้เสียชีวิต
        นายกเทศมนตรีกล่าวว่า ไฟเริ่มจากร้านขายผ้ากลางตลาด แล้วลมแรงพัดให้ลุกลามไปทั้งสองฝั่งคลองอย่างรวดเร็ว
        รถดับเพลิงเข้าไม่ถึงเพราะทางเดินแคบ ต้องใช้เรือสูบน้ำจากคลองแทน แม่ค้าขายขนมเล่าว่าหยิบได้แต่กล่องเงิน
        จังหวัดเปิดศูนย์พักพิงที่วัดใกล้เคียงและจะจ่ายเงินช่วยเหลือครอบครัวละสองหมื่นบาท ส่วนสาเหตุยังอยู่ระหว่างการตรวจสอบ
        ตลาดแห่งนี้มีอายุกว่าหนึ่งร้อยปีและเป็นที่นิยมของนักท่องเที่ยว จะมีการสำรวจอาคารที่ยังเหลืออยู่ในสัปดาห์หน้า""",
    ),
}
REPORTS = {
    language: (title, "\n".join(map(str.strip, text.split("\n")))) for language, (title, text) in REPORTS.items()
}
TITLE, TEXT = REPORTS["en"]
OTHER_TITLES = {
    "en": "Passengers spend night on stranded ship",
    "fr": "Une semaine presque sans trains en vue",
    "uk": "Лівий берег більше не відрізаний",
    "ar": "تحقيق عاجل بعد سقوط الدعامات",
    "zh": "连夜抢险：一面铜锣救了全村",
    "ja": "卒業生が見守るなか焼け落ちた学び舎",
    "th": "ตลาดเก่าร้อยปีวอดในคืนเดียว",
}


def near(title: str, text: str, *, feed: str = "first", published_at: datetime | None = NOW, name: int = 1) -> Near:
    return Near(
        id=name,
        feed=feed,
        title=title,
        text=text,
        published_at=published_at,
        seen_at=NOW,
        signature=signature(title, text),
        headline=(),
    )


def judged(one: tuple[str, str], other: tuple[str, str], *, feed: str = "second", hours: float = 2) -> Join | None:
    """What the second one is to the first one, which "first" carried; None also where an index would not find it."""
    title, text = other
    earlier = near(*one)
    sketch = signature(title, text)
    if earlier.signature is None or sketch is None or not set(bands(sketch)) & set(bands(earlier.signature)):
        return None
    when = NOW + timedelta(hours=hours)
    article = an_article(feed=feed, title=title, text=text, signature=sketch, published_at=when, seen_at=when)
    return story_of(article, [earlier])


def relation(join: Join | None) -> str | None:
    return join.relation if join else None


# ── what is one story ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("language", REPORTS)
def test_a_copy_in_another_paper_is_one_whatever_its_script(language: str) -> None:
    join = judged(REPORTS[language], REPORTS[language])

    assert join == Join(to=1, relation="copy", score=1.0)


@pytest.mark.parametrize("language", REPORTS)
def test_a_copy_under_another_title_is_retitled(language: str) -> None:
    join = judged(REPORTS[language], (OTHER_TITLES[language], REPORTS[language][1]))

    assert join == Join(to=1, relation="retitled", score=1.0)


@pytest.mark.parametrize("language", REPORTS)
@pytest.mark.parametrize("lines", [2, 3])
def test_a_text_cut_from_the_end_is_a_cut_either_way_round(language: str, lines: int) -> None:
    title, text = REPORTS[language]
    cut = title, "\n".join(text.split("\n")[:lines])

    assert relation(judged(REPORTS[language], cut)) == "cut"
    assert relation(judged(cut, REPORTS[language])) == "cut"


@pytest.mark.parametrize("language", REPORTS)
def test_an_outlets_own_longer_version_is_an_update(language: str) -> None:
    title, text = REPORTS[language]
    first = title, "\n".join(text.split("\n")[:3])

    assert relation(judged(first, REPORTS[language], feed="first")) == "update"


def test_apostrophes_spaces_and_case_make_no_other_text() -> None:
    title, text = REPORTS["fr"]
    other = title.upper(), text.replace("'", "’").replace(" ", "\u00a0 ").upper()

    assert judged(REPORTS["fr"], other) == Join(to=1, relation="copy", score=1.0)


def test_a_sentence_put_before_and_one_taken_out_leave_it_a_copy() -> None:
    lines = TEXT.split("\n")
    other = OTHER_TITLES["en"], "\n".join(["A night nobody aboard will forget is over.", *lines[:2], *lines[3:]])

    assert relation(judged((TITLE, TEXT), other)) == "retitled"


def test_short_sentences_that_were_replaced_are_no_contradictions() -> None:
    other = TEXT.replace("Crossings have been cancelled until Friday", "Buses Cross By The Brammen Bridge Meanwhile")

    assert relation(judged((TITLE, TEXT), (TITLE, other))) == "copy"


BLAST = (
    "{0} people were killed and {1} injured when a boiler exploded in a laundry in Kadem on Monday, police said. {2}"
)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        pytest.param(
            "12 killed in Kadem laundry blast", BLAST.format("12", "31", "A street was closed."), id="a higher toll"
        ),
        pytest.param(
            "5 killed in Kadem laundry blast",
            BLAST.format("5", "11", "A street was closed. The mayor was on her way to the hospital."),
            id="a sentence more",
        ),
    ],
)
def test_an_outlet_brings_its_own_teaser_up_to_date(title: str, text: str) -> None:
    first = "5 killed in Kadem laundry blast", BLAST.format("5", "11", "A street was closed.")

    assert relation(judged(first, (title, text), feed="first")) == "update"


def test_the_best_of_several_candidates_is_taken() -> None:
    cut = near(TITLE, "\n".join(TEXT.split("\n")[:2]), name=1)
    whole = near(OTHER_TITLES["en"], TEXT, name=2)
    article = an_article(feed="second", title=TITLE, text=TEXT, signature=signature(TITLE, TEXT))

    assert story_of(article, [cut, whole]) == Join(to=2, relation="retitled", score=1.0)


LONG_HEADLINE = "Two tugs and a hundred volunteers free stranded whale from sandbank off Skelby"


def test_a_long_headline_says_it_all_where_there_is_no_text() -> None:
    assert relation(judged((LONG_HEADLINE, ""), (LONG_HEADLINE, ""))) == "copy"


# ── what is not ──────────────────────────────────────────────────────────────────────────────────────────────────────

WEATHER = {
    "en": "{0} can expect {1} on {2}, with up to {3} degrees and wind from the {4}. Check the forecast before you go.",
    "fr": "À {0}, on attend {1} {2}, avec {3} degrés l'après-midi et un vent de {4}. Consultez nos prévisions.",
    "uk": "У місті {0} {2} очікується {1}, вдень {3} градусів, вітер {4}. Більше про погоду читайте в нашому каналі.",
    "ru": "В городе {0} {2} ожидается {1}, днём {3} градусов, ветер {4}. Больше новостей о погоде читайте в канале.",
    "de": "In {0} gibt es am {2} {1} bei {3} Grad und Wind aus {4}. Mehr zum Wetter der Woche auf unserer Seite.",
    "ar": "يتوقع خبراء الأرصاد في {0} يوم {2} {1} ودرجة حرارة تبلغ {3} مع رياح {4}. تابعوا النشرة قبل الخروج.",
    "zh": "{0}气象台预报，{2}白天{1}，最高气温{3}度，{4}风三级。请市民出行前留意最新预报，合理安排出行时间。",
    "ja": "{0}の{2}の天気は{1}、最高気温は{3}度、風は{4}の見込み。お出かけの前に最新の予報をご確認ください。",
    "th": "พยากรณ์อากาศ{0}วัน{2} {1} อุณหภูมิสูงสุด {3} องศา ลมทิศ{4} โปรดตรวจสอบพยากรณ์อากาศล่าสุดก่อนออกเดินทาง",
}
WEATHERS = {
    "en": [("Aldmoor", "light rain", "Monday", "12", "west"), ("Skelby", "some fog", "Monday", "9", "east")],
    "fr": [("Brévenne", "des averses", "mardi", "14", "nord"), ("Courmelles", "du soleil", "mardi", "17", "sud")],
    "uk": [("Калинівка", "дощ", "у вівторок", "7", "західний"), ("Ворожба", "сніг", "у вівторок", "2", "північний")],
    "ru": [("Заречный", "дождь", "во вторник", "7", "западный"), ("Лунинск", "снег", "во вторник", "2", "северный")],
    "de": [("Hallstedt", "Regen", "Montag", "8", "Westen"), ("Oldenrode", "Nebel", "Montag", "5", "Osten")],
    "ar": [("الوادي", "أمطار خفيفة", "الاثنين", "21", "غربية"), ("الساحل", "غيوم متفرقة", "الاثنين", "24", "شرقية")],
    "zh": [("青岩县", "小雨转阴", "周一", "14", "东北"), ("石坪市", "晴间多云", "周一", "19", "西南")],
    "ja": [("白浜町", "曇り時々雨", "月曜", "14", "北東"), ("北山市", "晴れ", "月曜", "19", "南西")],
    "th": [("เชียงทอง", "ฝนเล็กน้อย", "จันทร์", "31", "เหนือ"), ("บ้านแหลม", "ท้องฟ้าแจ่มใส", "จันทร์", "34", "ใต้")],
}


@pytest.mark.parametrize("feed", ["first", "second"])
@pytest.mark.parametrize("title", ["{0}: {1}", "Weather: the forecast of the day"])
@pytest.mark.parametrize("language", WEATHER)
def test_bulletins_from_one_mould_are_not_one_story(language: str, title: str, feed: str) -> None:
    one, other = ((title.format(*row), WEATHER[language].format(*row)) for row in WEATHERS[language])

    assert judged(one, other, feed=feed, hours=0) is None


ROUND_UP = "\n".join(text.split("\n")[0] for _, text in REPORTS.values())
BLURB = (
    "The Long Table is a weekly talk about food and work. Rhea Calder and Finn Moss cook, eat and talk with a guest."
)
GUESTS = BLURB + " This year: Peter Lund and Jonas Eek of Aldmoor, Ali Demir of Brammen, each in a talk of his own."
RATES = "La couronne vaut {} pour un euro et 3,98 pour un dollar, un peu plus que la veille, selon la banque."
OUTLOOK = REPORTS["fr"][1]
FIGURES = (
    "The port of Skelby counted {} ships that day, {} of them with grain, {} with timber and {} with cars. The pilots "
    "went out {} times, the tugs {} times. The harbour master asks all masters to keep the eastern lane free for the "
    "dredger, which works there until spring, and to report at the outer buoy an hour before they mean to come in."
)
DAILY = "Good morning and welcome to our briefing. {} That is all. Sign up to receive it every day, and write to us."


@pytest.mark.parametrize(
    ("one", "other", "feed", "hours"),
    [
        pytest.param(
            ("5 killed in Kadem laundry blast", BLAST.format("5", "11", "")),
            ("12 killed in Kadem laundry blast", BLAST.format("12", "31", "")),
            "second",
            30,
            id="a short text with another toll, elsewhere",
        ),
        pytest.param(
            ("5 killed in Kadem laundry blast", BLAST.format("5", "11", "")),
            ("5 killed in Ostrova laundry blast", BLAST.format("5", "11", "").replace("Kadem", "Ostrova")),
            "first",
            2,
            id="a short text with another place",
        ),
        pytest.param((TITLE, TEXT), (TITLE, TEXT), "second", 24 * 9, id="the same text nine days later"),
        pytest.param(
            (
                "Rates of 10 November",
                "One crown is 4.21 to the euro and 3.98 to the dollar, 12 more than the day before.",
            ),
            (
                "Rates of 11 November",
                "One crown is 4.27 to the euro and 3.91 to the dollar, 9 more than the day before.",
            ),
            "first",
            24,
            id="today's rates and yesterday's",
        ),
        pytest.param(
            ("Taux de change du lundi 10 novembre", RATES.format("4,21")),
            ("Taux de change du mardi 11 novembre", RATES.format("4,27")),
            "first",
            2,
            id="the rates of two days that come together",
        ),
        pytest.param(
            ("Skelby in figures", FIGURES.format(41, 12, 7, 3, 29, 33)),
            ("Skelby in figures", FIGURES.format(38, 15, 9, 2, 31, 36)),
            "first",
            2,
            id="a bulletin of figures",
        ),
        pytest.param(("Sky over Aldmoor", OUTLOOK), ("Sky over Skelby", OUTLOOK), "first", 1, id="one sky, two towns"),
        pytest.param(("Sky over Aldmoor", OUTLOOK), ("Sky over Skelby", OUTLOOK), "second", 1, id="elsewhere, too"),
        pytest.param(
            ("Peter Lund, Jonas Eek", GUESTS), ("Ali Demir, Brammen", GUESTS), "first", 1, id="a blurb with all guests"
        ),
        pytest.param(
            ("Half a day", "\n".join(TEXT.split("\n")[:2])),
            (
                "Sandbank off Skelby: tugs, passengers and coastguard wait",
                "\n".join([*REPORTS["fr"][1].split("\n"), *TEXT.split("\n")[:2]]),
            ),
            "second",
            1,
            id="a quote of many words",
        ),
        pytest.param(
            ("Briefing", "\n".join([*TEXT.split("\n")[:2], *REPORTS["fr"][1].split("\n")[:3]])),
            ("Briefing", "\n".join([*TEXT.split("\n")[:2], *REPORTS["uk"][1].split("\n")[:3]])),
            "second",
            1,
            id="two lines in five",
        ),
        pytest.param(
            ("Briefing", DAILY.format("A. B.")), ("Briefing", DAILY.format("C. D.")), "first", 24, id="a daily"
        ),
        pytest.param(
            ("41: The last eel smokers", BLURB), ("42: A bakery", BLURB), "first", 2, id="a programme's blurb"
        ),
        pytest.param(REPORTS["en"], REPORTS["fr"], "second", 1, id="another language"),
        pytest.param(REPORTS["fr"], ("The day in brief", ROUND_UP), "second", 1, id="a round-up with its first lines"),
        pytest.param(
            (TITLE, TEXT),
            (REPORTS["uk"][0], REPORTS["uk"][1] + "\n" + TEXT.split("\n")[2]),
            "second",
            1,
            id="a paragraph that both have",
        ),
        pytest.param(("Storm", ""), ("Storm", ""), "second", 1, id="a short headline without text"),
        pytest.param((LONG_HEADLINE, ""), (LONG_HEADLINE, ""), "second", 24 * 3, id="a headline three days later"),
    ],
)
def test_what_only_looks_alike_is_left_alone(
    one: tuple[str, str], other: tuple[str, str], feed: str, hours: float
) -> None:
    assert judged(one, other, feed=feed, hours=hours) is None


def test_undated_numbers_of_a_series_in_one_document_are_not_updates() -> None:
    texts = [BLAST.format(killed, injured, "") for killed, injured in (("5", "11"), ("3", "19"))]
    earlier = near("Blast in Kadem laundry", texts[0], published_at=None)
    article = an_article(
        feed="first",
        title="Blast in Kadem laundry",
        text=texts[1],
        signature=signature("Blast in Kadem laundry", texts[1]),
        published_at=None,
        seen_at=NOW,
    )

    assert story_of(article, [earlier]) is None


# ── boilerplate ──────────────────────────────────────────────────────────────────────────────────────────────────────

FOOTER = "Read more on our site, follow us everywhere and support independent reporting with a small gift each month."


def entry(language: str, footer: str = FOOTER) -> tuple[str, str]:
    title, text = REPORTS[language]
    return title, f"{text}\n{footer.format(title=title)}"


def test_lines_under_unlike_headlines_are_boilerplate() -> None:
    found = boilerplate([entry("en"), entry("fr"), entry("uk")])

    assert found == {line_digests("", FOOTER)[0]}


def test_a_line_that_repeats_each_title_is_one_line() -> None:
    found = boilerplate(
        [entry(language, "The post {title} appeared first on Gazette") for language in ("en", "fr", "uk")]
    )

    assert found == {line_digests(TITLE, f"The post {TITLE} appeared first on Gazette")[0]}


def test_two_copies_and_versions_of_one_item_make_no_boilerplate() -> None:
    versions = [(f"{TITLE}, {state}", TEXT) for state in ("says coastguard", "say police", "tugs arrive")]

    assert boilerplate([entry("en"), entry("fr")]) == frozenset()
    assert boilerplate(versions) == frozenset()


def test_boilerplate_is_left_out_of_signatures_and_of_comparison() -> None:
    lines = frozenset(line_digests("", FOOTER))

    assert signature(TITLE, f"{TEXT}\n{FOOTER}", boilerplate=lines) == signature(TITLE, TEXT)
    assert signature("Storm", FOOTER, boilerplate=lines) is None
    first = near("Council meets", f"The council meets.\n{FOOTER}")
    article = an_article(title="Council meets", text=f"Rain falls.\n{FOOTER}", signature=first.signature, feed="second")
    assert story_of(article, [first], boilerplate=lines) is None


# ── signatures ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("title", "text"), [("", ""), ("Storm", ""), ("Storm", "It rains."), ("暴雨", "下雨了。"), ("!", "?" * 1000)]
)
def test_too_few_words_have_no_signature(title: str, text: str) -> None:
    assert signature(title, text) is None


def test_a_signature_is_the_same_in_every_process() -> None:
    code = "import sys; from monitor.likeness import signature; print(signature(*sys.argv[1:]).hex())"
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONUTF8": "1"}

    for title, text in REPORTS.values():
        other = subprocess.run(
            [sys.executable, "-c", code, title, text], env=environment, capture_output=True, text=True
        )
        assert other.stdout.strip() == (signature(title, text) or b"").hex(), other.stderr


def test_a_signature_never_changes_within_its_version() -> None:
    """A change here needs a new SIGNATURE_VERSION: archives hold signatures made before."""
    assert (signature(TITLE, TEXT) or b"")[-8:].hex() == "eb7c72daf329f82f"


def test_a_long_text_costs_no_more_than_its_beginning() -> None:
    whole = " ".join(f"word{number}" for number in range(150_000))

    assert signature("A title", whole) == signature("A title", whole[:50_000])
    assert steps(lambda: signature("A title", whole)) == steps(lambda: signature("A title", whole[:50_000]))


texts = st.text(max_size=400) | st.lists(st.sampled_from(TEXT.split()), max_size=120).map(" ".join)


@given(texts, texts, texts, texts)
@settings(deadline=None)
@example("", "", "", "")
@example("a " * 3000, "b " * 3000, "c " * 3000, "\ud800" * 30)
@example(TITLE, TEXT, TITLE, TEXT + " \u200d")
def test_no_text_is_too_strange(title_a: str, text_a: str, title_b: str, text_b: str) -> None:
    one, other = signature(title_a, text_a), signature(title_b, text_b)
    joins = [judged((title_a, text_a), (title_b, text_b), feed=feed) for feed in ("first", "second")]
    same_item(title_a, text_a, title_b, text_b)
    boilerplate([(title_a, text_a), (title_b, text_b)] * 3)

    assert all(join is None or 0 <= join.score <= 1 for join in joins)
    if one is not None and other is not None:
        assert len(one) == len(other) == 320
        assert all(0 <= band < 2**63 for band in bands(one))
        assert estimate(one, other) == estimate(other, one)
        assert estimate(one, one) == 1.0


@given(st.lists(st.sampled_from(TEXT.split()), min_size=20, max_size=120).map(" ".join), st.text(max_size=400))
@settings(deadline=None)
def test_a_text_is_a_copy_of_itself_or_too_short_to_say(words: str, strange: str) -> None:
    text = f"{words} {strange}"

    assert relation(judged(("A title", text), ("A title", text))) in {"copy", None}


# ── versions of one item ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param((TITLE, ""), (TITLE, TEXT), True, id="a text is added"),
        pytest.param((TITLE, TEXT), ("Ship stuck", TEXT), True, id="a new title"),
        pytest.param(("Mayor opens new bridge", ""), ("Mayor opens bridge in rain", ""), True, id="a reworded title"),
        pytest.param(("Стрілянина у школі", "Поранено двох"), ("Стрілянина в школі: деталі", ""), True, id="ukrainian"),
        pytest.param(("5 dead in Kadem", ""), ("12 dead in Kadem", ""), True, id="a higher toll"),
        pytest.param((TITLE, TEXT), REPORTS["fr"], False, id="another item"),
        pytest.param(
            ("Live: election", "Polls close."), ("Live: storm", "Ferries stay tied up."), False, id="a page in turn"
        ),
        pytest.param(
            ("Rates of 10 November", "The crown gains against all others."),
            ("Rates of 11 November", "Little moved before the holiday in Velland."),
            False,
            id="today's after yesterday's",
        ),
    ],
)
def test_versions_of_one_item_are_told_from_items_in_turn(
    one: tuple[str, str], other: tuple[str, str], *, same: bool
) -> None:
    assert same_item(*one, *other) is same
    assert same_item(*other, *one) is same
