"""Bot protection that stands between us and a feed, told by what it answers.

Such an answer is a page for a browser, whatever its status says. It is recognised to give the operator the right
advice: no other interval and no other request would bring the feed, only the publisher can.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# Header → what its value must hold; only a product that stopped the request sends it so.
_HEADERS = (
    ("cf-mitigated", "challenge", "Cloudflare"),
    ("x-vercel-mitigated", "", "Vercel"),
    ("x-amzn-waf-action", "", "AWS WAF"),
    ("x-sucuri-block", "", "Sucuri"),
    ("x-kpsdk-ct", "", "Kasada"),
)

# What only the page of that product holds.
_PAGES = (
    ("Cloudflare", r"/cdn-cgi/challenge-platform/|_cf_chl_opt|<title>Attention Required! \| Cloudflare"),
    ("DataDome", r"captcha-delivery\.com"),
    ("Imperva", r"_Incapsula_Resource|Incapsula incident ID"),
    ("Akamai", r"errors\.edgesuite\.net|/_sec/cp_challenge/"),
    ("Sucuri", r"sucuri_cloudproxy_js|Sucuri Website Firewall"),
    ("HUMAN", r"px-captcha|_pxAppId"),
    ("DDoS-Guard", r"\.ddos-guard/js-challenge|<title>DDoS-Guard</title>"),
    ("Anubis", r"anubis_challenge|/\.within\.website/x/cmd/anubis"),
    ("AWS WAF", r"awswaf\.com/[^\"']+/challenge"),
    (
        "an unnamed product",
        r"<title>(?:just a moment\b|checking your browser|are you (?:a )?(?:robot|human)|human verification"
        r"|security check|bot verification|robot check|verifying you are human)",
    ),
)
_PAGES_BY_NAME = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _PAGES)
_HTML = re.compile(r"\s*(?:<!--[^>]{0,500}-->\s*)?<(?:!doctype\s+html|html|head|script|noscript)\b", re.IGNORECASE)


def protection(headers: Mapping[str, str], beginning: bytes) -> str | None:
    """Whose bot protection answered, in words; None when nothing says that one did.

    `headers` are looked up without regard to case, as httpx's are; `beginning` are the first bytes of the body. A feed
    that writes about such products is none: only an HTML page counts.
    """
    for header, value, name in _HEADERS:
        if header in headers and value in headers[header].lower():
            return name
    text = beginning.decode("ascii", "ignore")
    if not _HTML.match(text):
        return None
    return next((name for name, page in _PAGES_BY_NAME if page.search(text)), None)
