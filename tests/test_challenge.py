"""A page that bot protection sends in place of the feed is told from the feed, and from other pages."""

from __future__ import annotations

import httpx
import pytest

from monitor.challenge import protection

PAGE = b"<!DOCTYPE html><html lang=en><head><title>%s</title></head><body>%s</body></html>"


@pytest.mark.parametrize(
    ("headers", "page", "product"),
    [
        pytest.param({"CF-Mitigated": "challenge"}, b"", "Cloudflare", id="a header alone"),
        pytest.param({"cf-mitigated": "Challenge"}, b"", "Cloudflare", id="in any case"),
        pytest.param({"x-amzn-waf-action": "captcha"}, b"", "AWS WAF", id="another's header"),
        pytest.param({}, PAGE % (b"Just a moment...", b""), "an unnamed product", id="a title"),
        pytest.param(
            {},
            PAGE % (b"Un instant\xe2\x80\xa6", b"<script src=/cdn-cgi/challenge-platform/h/b></script>"),
            "Cloudflare",
            id="a translated title",
        ),
        pytest.param({}, b"\n <html><script src=https://ct.captcha-delivery.com/c.js>", "DataDome", id="a script"),
        pytest.param({}, PAGE % (b"", b"<iframe src='/_Incapsula_Resource?x=1'>"), "Imperva", id="a frame"),
        pytest.param({}, PAGE % (b"Access Denied", b"https://errors.edgesuite.net/18.ab"), "Akamai", id="a reference"),
        pytest.param({}, PAGE % (b"Making sure", b"<script id=anubis_challenge>"), "Anubis", id="proof of work"),
    ],
)
def test_bot_protection_is_recognised(headers: dict[str, str], page: bytes, product: str) -> None:
    assert protection(httpx.Headers(headers), page) == product


@pytest.mark.parametrize(
    ("headers", "page"),
    [
        pytest.param({}, b"", id="nothing"),
        pytest.param(
            {"server": "cloudflare", "cf-ray": "8"}, PAGE % (b"Not found", b""), id="a host behind Cloudflare"
        ),
        pytest.param({"cf-mitigated": "block"}, b"", id="another value"),
        pytest.param({}, PAGE % (b"Log in", b"just a moment please"), id="a login page"),
        pytest.param({}, b"<rss><title>Just a moment: captcha-delivery.com explained</title>", id="a feed about it"),
        pytest.param({}, b'{"title": "_Incapsula_Resource"}', id="a JSON feed about it"),
        pytest.param({}, b"\xff\xfe\x00<html", id="bytes that are no text"),
    ],
)
def test_what_is_no_bot_protection_is_not_taken_for_it(headers: dict[str, str], page: bytes) -> None:
    assert protection(httpx.Headers(headers), page) is None
