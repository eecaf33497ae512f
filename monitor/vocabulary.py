"""Words of headlines in the languages of the news: those that tell nothing, days, months, numbers, opposites.

All languages together, because a title is too short to be sure of its language; left out is what means much in another
one ("war" is a German "was", "tres" a French "very"). A language that is missing loses little: a word that every
article has weighs next to nothing anyway.
"""

from __future__ import annotations

from monitor.text import fold, fold_words, written_words

# ── words that tell nothing ──────────────────────────────────────────────────────────────────────────────────────────

# Articles, pronouns, prepositions, auxiliaries, and how newsrooms say that they say something.
FUNCTION_WORDS = frozenset(
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
    das der dem den des die diese dieser dieses ein eine einem einen einer eines und oder aber auch auf aus bei
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
    de het een en van voor met aan bij naar uit op te ten ter door om over onder tegen tussen niet geen ook nog wel
    maar dan als dat dit deze zijn haar hun hij zij wordt worden werd heeft hebben had kan wil na meer
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

# ── days and numbers ─────────────────────────────────────────────────────────────────────────────────────────────────

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
WEEKDAY_OF = {fold(name): day for day, names in enumerate(_WEEKDAYS, start=1) for name in names.split()}
MONTH_OF = {fold(name): month for month, names in enumerate(_MONTHS, start=1) for name in names.split()}

# What may be written as a word; only words that are no others in another language.
_NUMBER_WORDS = (
    "two deux zwei dois duas twee dwa dwaj dwie dwóch два две двое двух двоє iki två δύο",
    "three trois drei drie trzy trzech три трое трех троє трьох uc τρεις",
    "four quatre vier cuatro quattro quatro cztery czterech четыре четверо четырех чотири чотирьох dort fyra",
    "five cinq funf cinco cinque vijf pięć pięciu пять пятеро пяти п'ять п'ятеро bes fem πέντε",
    "six sechs seis zes sześć sześciu шесть шестеро шести шість шестеро alti έξι",
    "seven sept sieben siete sette sete zeven siedem siedmiu семь семеро семи сім семеро yedi επτά",
    "eight huit acht ocho oito osiem ośmiu восемь восьмеро восьми вісім sekiz οκτώ",
    "nine neuf neun nueve negen dziewięć dziewięciu девять девяти дев'ять dokuz εννέα",
    "dix zehn diez dieci tien dziesięć dziesięciu десять десяти δέκα",
    "eleven onze elf undici jedenaście одиннадцать одинадцять",
    "twelve douze zwolf doce dodici doze twaalf dwanaście двенадцать дванадцять",
)
NUMBER_OF = {fold(word): value for value, words in enumerate(_NUMBER_WORDS, start=2) for word in words.split()}

# ── opposites ────────────────────────────────────────────────────────────────────────────────────────────────────────

# Up and down, as markets, prices, votes and the weather go; then open and close, convict and acquit.
OPPOSITES = (
    (
        """
        rise rose rising raise gain higher grow jump surge soar climb rally hausse monte grimpe augmente bondit steigt
        steigen gestiegen plus erhoht sube suben alza aumenta gana rialzo sale salgono aumento alta avanca stijgt
        stijgen hoger rośnie wzrost drożeje wzrosły вырос выросли растет рост повысил подорожал зростає виріс зросла
        зросли підвищив подорожчав yukseldi artti yukselis ارتفاع ترتفع يرتفع صعود 上涨 上升 上調 上昇 続伸 反発
        引上 상승
        """,
        """
        fall fell falling drop lower decline slide slip sink tumble plunge ease cut baisse chute recule plonge sinkt
        sinken gefallen fallt minus gesenkt baja bajan caída cae desciende ribasso scende scendono calo desce cai queda
        daalt dalen lager spada spadek tanieje spadły упал упали падает падение снизил снизился подешевел падає впав
        знизив знизилася впали подешевшав dustu geriledi dusus انخفاض تنخفض ينخفض هبوط تراجع 下跌 下降 下调 反落 続落
        引下 하락
        """,
    ),
    (
        "open opens opening ouvre öffnet eröffnet abre apre открыл відкрив",
        "close closes ferme schließt cierra chiude закрыл закрив",
    ),
    (
        "convict guilty condamné verurteilt condenado condannato осужден засуджено",
        "acquit relaxé acquitté freigesprochen absuelto assolto оправдан виправдано",
    ),
)
