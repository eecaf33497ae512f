"""Links: make them absolute, and bring them to a normal form that says when two links are the same article.

Links for people stay the publisher's own (`resolve`); only the key for comparison is rewritten (`link_key`).
RFC 3986: https://www.rfc-editor.org/rfc/rfc3986

absolute   links as people get them
tracking   which parameters only say where a reader came from; `LinkRules`
wrappers   redirecting addresses whose target stands in them
keys       the form to compare by, and its version
redaction  URLs without their secrets
"""

from monitor.urls.absolute import MAX_LINK, resolve
from monitor.urls.keys import CANON_VERSION, canon, link_key, site
from monitor.urls.redaction import redacted, without_secrets
from monitor.urls.tracking import DEFAULT, MEANINGFUL, LinkRules, ParameterRules
from monitor.urls.wrappers import unwrapped

__all__ = [
    "CANON_VERSION",
    "DEFAULT",
    "MAX_LINK",
    "MEANINGFUL",
    "LinkRules",
    "ParameterRules",
    "canon",
    "link_key",
    "redacted",
    "resolve",
    "site",
    "unwrapped",
    "without_secrets",
]
