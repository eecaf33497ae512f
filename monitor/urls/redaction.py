"""URLs without what must not be shown or handed on: user and password, and parameters that hold a secret."""

from __future__ import annotations

import re

# User and password stand before the last "@" of the authority (RFC 3986 §3.2.1). Rather too much is hidden than too
# little: a secret's raw quote or bracket must not end it early, so only what ends a query parameter does.
_USERINFO = re.compile(r"//[^\s/?#]*@")
_SECRET_PARAMETER = re.compile(
    r"([?&;#][\w.%-]*(?:token|key|password|passwd|pwd|secret|sig|signature|auth)=)[^&#\s]*", re.IGNORECASE
)


def without_secrets(url: str) -> str:
    """The URL without user and password, and without the parameters that `redacted` hides."""
    url = _USERINFO.sub("//", url)
    cut, number = _SECRET_PARAMETER.subn(lambda found: found[1][0] if found[1][0] in "?#" else "", url)
    return re.sub(r"(?<=[?#])[&;]+", "", cut).rstrip("?#") if number else url


def redacted(text: str) -> str:
    """The text with the credentials of its URLs hidden: user and password, and parameters such as `token` or `key`."""
    return _SECRET_PARAMETER.sub(r"\1***", _USERINFO.sub("//***@", text))
