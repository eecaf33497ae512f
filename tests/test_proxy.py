"""A proxy is used when the configuration names it, and is not asked for what can be refused before."""

from __future__ import annotations

from base64 import b64encode

import pytest

from monitor.fetch import Fetcher
from monitor.model import Fetched, FetchFailed, FetchResult, Outcome, ProxySpec, Validators
from tests.factories import NOW
from tests.loopback import Answer, Site, redirect
from tests.proxyserver import ProxyServer
from tests.rss import item, rss

FEED = rss(item(1))


async def fetch(
    url: str, proxy: ProxyServer, *, user: str | None = None, password: str | None = None, allow: tuple[str, ...] = ()
) -> FetchResult:
    """One fetch by way of a proxy."""
    spec = ProxySpec(host="localhost", port=proxy.port, user=user)
    async with Fetcher(user_agent="test", proxy=spec, proxy_password=password) as fetcher:
        return await fetcher.fetch(url, Validators(), allow_private=allow, now=NOW)


async def test_a_feed_is_asked_through_the_proxy_by_its_name() -> None:
    async with Site({"/feed": Answer(body=FEED)}) as site, ProxyServer({"gazette.example": site.port}) as proxy:
        result = await fetch("http://gazette.example/feed", proxy)

    assert isinstance(result, Fetched)
    assert result.body == FEED
    assert proxy.asked == ["GET http://gazette.example/feed HTTP/1.1"]
    assert site.requests[0].header("Proxy-Authorization") is None


async def test_a_secure_feed_gets_a_tunnel_and_its_certificate_is_checked_against_its_name() -> None:
    async with Site() as site, ProxyServer({"gazette.example:443": site.port}) as proxy:
        result = await fetch("https://gazette.example/feed", proxy)

    assert proxy.asked == ["CONNECT gazette.example:443 HTTP/1.1"]
    assert isinstance(result, FetchFailed)
    assert result.kind is Outcome.TLS, "the server behind the tunnel speaks no TLS"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_user_and_password_are_for_the_proxy_alone(scheme: str) -> None:
    login = f"Basic {b64encode('desk:pässword'.encode()).decode()}"
    places = {"gazette.example": 1, "gazette.example:443": 1}

    async with ProxyServer(places, authorization=login) as proxy:
        without = await fetch(f"{scheme}://gazette.example/", proxy)
        wrong = await fetch(f"{scheme}://gazette.example/", proxy, user="desk", password="guessed")

    for result in (without, wrong):
        assert isinstance(result, FetchFailed)
        assert result.kind is Outcome.CONNECT
        assert "proxy-password" in result.detail
        assert "guessed" not in result.detail

    async with (
        Site({"/feed": Answer(body=FEED)}) as site,
        ProxyServer({"gazette.example": site.port}, authorization=login) as proxy,
    ):
        right = await fetch("http://gazette.example/feed", proxy, user="desk", password="pässword")

    assert isinstance(right, Fetched)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::7f00:1]",
        "10.0.0.5",
        "169.254.169.254",
        "localhost",
        "LOCALHOST.",
        "feeds.localhost",
        "localhost.localdomain",
        "router",
        "printer.local",
        "metadata.google.internal",
        "nas.home.arpa",
    ],
)
async def test_the_proxy_is_not_asked_for_what_can_only_be_local(host: str, scheme: str) -> None:
    async with ProxyServer({}) as proxy:
        result = await fetch(f"{scheme}://{host}/", proxy)

    assert isinstance(result, FetchFailed)
    assert result.kind is Outcome.REFUSED_ADDRESS
    assert proxy.asked == []


async def test_a_redirect_to_what_is_local_is_not_passed_to_the_proxy() -> None:
    async with (
        Site({"/feed": redirect("http://169.254.169.254/latest")}) as site,
        ProxyServer({"gazette.example": site.port}) as proxy,
    ):
        result = await fetch("http://gazette.example/feed", proxy)

    assert isinstance(result, FetchFailed)
    assert result.kind is Outcome.REFUSED_ADDRESS
    assert len(proxy.asked) == 1


async def test_an_allowed_private_address_is_asked_through_the_proxy_too() -> None:
    async with Site({"/feed": Answer(body=FEED)}) as site, ProxyServer({"10.0.0.5:8080": site.port}) as proxy:
        result = await fetch("http://10.0.0.5:8080/feed", proxy, allow=("10.0.0.5:8080",))

    assert isinstance(result, Fetched)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_refuses_or_is_gone_is_named(scheme: str) -> None:
    async with ProxyServer({}) as proxy:
        refused = await fetch(f"{scheme}://gazette.example/", proxy)
    gone = await fetch(f"{scheme}://gazette.example/", proxy)

    assert isinstance(refused, FetchFailed)
    assert "502" in refused.detail
    assert isinstance(gone, FetchFailed)
    assert gone.kind is Outcome.CONNECT
    assert f"the proxy localhost:{proxy.port}" in gone.detail


async def test_the_self_test_holds_behind_a_proxy() -> None:
    async with ProxyServer({}) as proxy:
        spec = ProxySpec(host="127.0.0.1", port=proxy.port)
        async with Fetcher(user_agent="test", proxy=spec) as fetcher:
            await fetcher.self_test()

    assert proxy.asked == []
