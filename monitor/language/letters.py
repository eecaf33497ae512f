"""The letters of each language: one that a language does not have speaks against it, one of its own for it.

Written down from general knowledge of the alphabets, with the letters that loan words keep.
"""

from __future__ import annotations

# Letters beyond a to z. A language that is not listed may have any. Turkish and Romanian are still found written as if
# their eight-bit codes were Western European ones: ý for ı, ã for ă.
LATIN = {
    "af": "áéèêëíîïóôöúûü", "ca": "àèéíïòóúüç", "cs": "áčďéěíňóřšťúůýž", "cy": "áàâäéèêëíìîïóòôöúùûüŵŷ",
    "da": "æøåéèêëóôü", "de": "äöüßéèàâ", "en": "éèêïçñ", "es": "áéíóúüñ", "et": "äöõüšžé", "fi": "äöåšžé",
    "fr": "àâæçéèêëîïôœùûüÿ", "hr": "čćđšž", "hu": "áéíóöőúüű", "id": "é",
    "it": "àèéìíîòóùú", "lt": "ąčęėįšųūž", "lv": "āčēģīķļņōŗšūž",
    "nb": "æøåéèêëóòôàü", "nl": "éëïóöüèêàáíúâôûçñ", "pl": "ąćęłńóśźżé", "pt": "áâãàçéêíóôõúü", "ro": "ăâîșțşţéãþ",
    "sk": "áäčďéíĺľňóôŕšťúýž", "sl": "čšžé", "so": "", "sq": "ëçé", "sv": "åäöéèàü", "sw": "",
    "tl": "ñáéíóúàèìòùâêîôû", "tr": "çğıöşüâîûýðþ",
    "ast": "áéíóúüñḥḷ", "az": "çəğıöşüâ", "br": "ñùêéâôûü", "bs": "čćđšž", "ceb": "ñáéíóúàèìòù", "co": "àèéìíòóùú",
    "eo": "ĉĝĥĵŝŭ", "eu": "ñüç", "fo": "áðíóúýæø", "fy": "âêéëïôöûúü", "ga": "áéíóú", "gd": "àèéìòóù", "gl": "áéíóúñüï",
    "ha": "ɓɗƙƴāēīōū", "ht": "èòéà", "ilo": "ñáéíóú", "is": "áðéíóúýþæö", "jv": "éèê", "ku": "çêîşû", "la": "āēīōūæœë",
    "lb": "äëéöüêèûôîß", "lg": "ŋ", "mg": "àâéèêìîôòñ", "mi": "āēīōū", "ms": "é", "mt": "ċġħżàèìòù",
    "nds": "äöüßåéê", "nn": "æøåéèêëóòôàü", "ny": "ŵ", "oc": "àáèéíïòóúüç", "om": "", "rw": "", "sco": "é", "sn": "",
    "sr": "čćđšž", "st": "šêô", "su": "éè", "tk": "çäžňöşüý", "tn": "êôš", "ts": "", "uz": "", "xh": "", "zu": "",
}  # fmt: skip

# Whole alphabets.
_RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_PERSIAN = "ءآأؤئابپتثجچحخدذرزژسشصضطظعغفقكکگلمنوهیيةۀ"
CYRILLIC = {
    "bg": "абвгдежзийклмнопрстуфхцчшщъьюяѝ", "mk": "абвгдѓежзѕијклљмнњопрстќуфхцчџшѐѝ", "ru": _RUSSIAN,
    "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", "be": "абвгґдеёжзійклмнопрстуўфхцчшыьэюя",
    "sr": "абвгдђежзијклљмнњопрстћуфхцчџш", "kk": _RUSSIAN + "әғқңөұүһі", "ky": _RUSSIAN + "ңөү", "mn": _RUSSIAN + "өү",
    "tt": _RUSSIAN + "әҗңөүһ", "tg": "абвгғдеёжзиӣйкқлмнопрстуӯфхҳчҷшъэюя",
}  # fmt: skip
ARABIC = {
    "ar": "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي", "fa": _PERSIAN, "ur": _PERSIAN + "ٹڈڑںہھےۃۂ",
    "ps": _PERSIAN + "ټډړښځڅږڼېۍګۀى", "ckb": "ءئابپتجچحخدرڕزژسشعغفڤقكکگلڵمنوۆهھەیيێ",
}  # fmt: skip
ALPHABETS = {"LATIN": LATIN, "CYRILLIC": CYRILLIC, "ARABIC": ARABIC}

# Letters of a language without statistics that those it borrows know nothing of.
OWN = {
    "az": "ə", "be": "ў", "ckb": "ڕڵۆێە", "eo": "ĉĝĥĵŝŭ", "fo": "ðæøý", "fy": "ûê", "gd": "àèìòù", "ha": "ɓɗƙ",
    "is": "þðæö", "kk": "әғқңұһ", "ku": "êîşû", "ky": "ңөү", "lb": "ë", "mi": "āēīōū", "mn": "өү", "mt": "ħġżċ",
    "ps": "ټډړښځڅېۍ",
    "sr": "ђћјљњџ", "tg": "ғӣқӯҳҷ", "tk": "ňäž", "tt": "әҗңөүһ", "yo": "ẹọṣàá",
}  # fmt: skip
