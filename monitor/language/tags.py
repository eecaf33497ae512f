"""Language tags in their usual form: BCP 47 (RFC 5646, https://www.rfc-editor.org/rfc/rfc5646)."""

from __future__ import annotations

import re

_TAG = re.compile(r"([a-z]{2,3})(-[a-z]{4})?(-(?:[a-z]{2}|[0-9]{3}))?((?:-[a-z0-9]{1,8})*)", re.IGNORECASE)

# Three-letter codes that have a two-letter form, and country codes that feeds give as a language. Only country codes
# that are no language themselves: `se` is Northern Sami, `kr` Kanuri.
_MEANT = {
    "ara": "ar", "bul": "bg", "ces": "cs", "cze": "cs", "deu": "de", "ger": "de", "ell": "el", "gre": "el", "eng": "en",
    "est": "et", "fas": "fa", "per": "fa", "fin": "fi", "fra": "fr", "fre": "fr", "heb": "he", "hun": "hu", "ita": "it",
    "jpn": "ja", "kor": "ko", "lav": "lv", "lit": "lt", "nld": "nl", "dut": "nl", "pol": "pl", "por": "pt", "ron": "ro",
    "rum": "ro", "rus": "ru", "slk": "sk", "slo": "sk", "spa": "es", "swe": "sv", "tur": "tr", "ukr": "uk", "zho": "zh",
    "chi": "zh", "iw": "he", "in": "id", "ji": "yi",
    "ua": "uk", "by": "be", "rs": "sr", "cz": "cs", "gr": "el", "dk": "da", "jp": "ja", "cn": "zh",
}  # fmt: skip
_NO_LANGUAGE = frozenset({"und", "zxx", "mul", "mis"})  # codes that say "none in particular"


def bcp47(tag: str | None) -> str | None:
    """The tag in its usual form: `fr_FR` is `fr-FR`, `EN` is `en`, `ua` is `uk`. None for what is no language tag."""
    parts = _TAG.fullmatch((tag or "").strip()[:36].replace("_", "-"))
    if parts is None:
        return None
    language = parts[1].lower()
    if language in _NO_LANGUAGE:
        return None
    script, region, rest = (parts[2] or "").title(), (parts[3] or "").upper(), parts[4].lower()
    return _MEANT.get(language, language) + script + region + rest


def base(tag: str | None) -> str:
    """The language of a tag without script and region: `pt` of `pt-BR`. Empty for None."""
    return (tag or "").partition("-")[0]
