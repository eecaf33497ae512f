"""The webhook channel: what is posted, who can tell that it was us, and what each answer means."""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from monitor.channels.webhook import ABOUT_THE_ENDPOINT, signature
from monitor.errors import ConfigError
from monitor.fetch import Fetcher
from monitor.model import Delivered, DeliveryResult, Refused, TryAgain
from tests.channels.messages import a_payload, all_results, for_programs, results
from tests.channels.programs import a_webhook
from tests.factories import NOW
from tests.loopback import Answer, Request, Route, Site, redirect

KEY = bytes(range(32))
SECRET = f"whsec_{b64encode(KEY).decode()}"
OTHER_SECRET = f"whsec_{b64encode(bytes(24)).decode()}"
TOKEN = "T0KEN77/B00TH88+xyz"
PATH = f"/services/{TOKEN}/in?key=qu3ryT0ken&n=1"

MANUAL = Path(__file__).parent.parent.parent / "docs/channels.md"


async def answered(route: Route, **given: Any) -> DeliveryResult:
    """What one message comes to when the endpoint answers so."""
    async with Site({"/hook": route}) as site, Fetcher(user_agent="test") as fetcher:
        (result,) = await results(a_webhook(site.url("/hook"), fetcher, allow=[site.pair], **given), for_programs())
    return result


async def asked(*, secret: str | None = None, message: bytes | None = None) -> Request:
    """The request that one message makes."""
    async with Site({"/hook": Answer()}) as site, Fetcher(user_agent="test") as fetcher:
        channel = a_webhook(site.url("/hook"), fetcher, allow=[site.pair], secret=secret)
        await results(channel, for_programs(message=message or a_payload()))
    return site.requests[0]


# ── what is sent ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_message_says_what_it_is_and_when_it_was_sent() -> None:
    request = await asked()

    assert (request.method, request.body) == ("POST", a_payload())
    assert request.header("Content-Type") == b"application/json"
    assert request.header("Idempotency-Key") == request.header("webhook-id") == b"1@example.org"
    assert request.header("webhook-timestamp") == str(int(NOW.timestamp())).encode()


async def test_without_a_secret_nothing_pretends_to_be_signed() -> None:
    assert (await asked()).header("webhook-signature") is None


async def test_a_signature_is_over_the_id_the_time_and_the_bytes() -> None:
    request = await asked(secret=SECRET)

    signed = b"1@example.org." + str(int(NOW.timestamp())).encode() + b"." + a_payload()
    expected = b"v1," + b64encode(hmac.new(KEY, signed, sha256).digest())
    assert request.header("webhook-signature") == expected


async def test_every_key_signs_while_a_secret_is_changed() -> None:
    both = (await asked(secret=f"{OTHER_SECRET}\n{SECRET}\n")).header("webhook-signature")
    old, new = [(await asked(secret=secret)).header("webhook-signature") for secret in (OTHER_SECRET, SECRET)]

    assert both == b"%b %b" % (old, new)


async def test_a_repeat_has_the_same_identity() -> None:
    async with Site({"/hook": Answer(status=500)}) as site, Fetcher(user_agent="test") as fetcher:
        channel = a_webhook(site.url("/hook"), fetcher, allow=[site.pair])
        for attempts in range(2):
            await results(channel, for_programs(attempts=attempts))

    first, again = site.requests
    assert first.header("Idempotency-Key") == again.header("Idempotency-Key")
    assert first.header("webhook-id") == again.header("webhook-id")


@pytest.mark.parametrize(
    "secret",
    ["tell-nobody", "whsec_", "whsec_tell nobody", "whsec_dGVsbC1ub2JvZHk=", f"{SECRET}\nwhsec_x", "whsec_é"],
    ids=["no prefix", "no key", "no base64", "too short", "a bad second line", "no ASCII"],
)
async def test_a_secret_that_cannot_sign_is_a_mistake_and_is_not_repeated(secret: str) -> None:
    async with Fetcher(user_agent="test") as fetcher:
        with pytest.raises(ConfigError) as caught:
            a_webhook("https://desk.example/", fetcher, secret=secret)

    said = str(caught.value)
    assert said.startswith("the secret webhook-desk: line ")
    assert "openssl rand" in said
    assert not [part for part in ("nobody", "dGVsbC", SECRET, "é") if part in said]


# ── what the answers mean ────────────────────────────────────────────────────────────────────────────────────────────

WIDE = {"channel_wide": True}


@pytest.mark.parametrize(
    ("status", "kind", "traits"),
    [
        (200, Delivered, {}),
        (201, Delivered, {}),
        (202, Delivered, {}),
        (204, Delivered, {}),
        (301, TryAgain, WIDE),
        (302, TryAgain, WIDE),
        (304, TryAgain, WIDE),
        (308, TryAgain, WIDE),
        (400, Refused, {"about": "message"}),
        (401, TryAgain, WIDE),
        (402, TryAgain, WIDE),
        (403, TryAgain, WIDE),
        (404, TryAgain, WIDE),
        (405, TryAgain, WIDE),
        (407, TryAgain, WIDE),
        (408, TryAgain, {"channel_wide": False}),
        (409, Refused, {"about": "message"}),
        (410, Refused, {"about": "recipient"}),
        (413, Refused, {"about": "message"}),
        (415, Refused, {"about": "message"}),
        (422, Refused, {"about": "message"}),
        (425, TryAgain, {"channel_wide": False}),
        (429, TryAgain, WIDE),
        (500, TryAgain, {"channel_wide": False}),
        (501, TryAgain, {"channel_wide": False}),
        (502, TryAgain, WIDE),
        (503, TryAgain, WIDE),
        (504, TryAgain, WIDE),
        (507, TryAgain, {"channel_wide": False}),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
async def test_a_status_means(status: int, kind: type, traits: dict[str, Any]) -> None:
    result = await answered(Answer(status=status, headers={"Location": "/elsewhere"}))

    assert type(result) is kind
    assert {name: getattr(result, name) for name in traits} == traits


async def test_a_reply_is_kept_in_short() -> None:
    assert await answered(Answer(status=202, body=b"queued\r\n as  42")) == Delivered(reply="202 queued as 42")
    assert await answered(Answer(status=204)) == Delivered(reply="204")
    long = await answered(Answer(body=b"word " * 500))
    assert isinstance(long, Delivered)
    assert len(long.reply) <= 210


async def test_what_an_endpoint_says_of_a_message_is_told() -> None:
    result = await answered(Answer(status=422, body=b'{"error": "no text"}'))

    assert result == Refused(why='127.0.0.1 answered 422: {"error": "no text"}', about="message")


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_an_endpoint_says_when_to_come_back(status: int) -> None:
    result = await answered(Answer(status=status, headers={"Retry-After": "3600"}))

    assert isinstance(result, TryAgain)
    assert result.after == timedelta(hours=1)


async def test_a_redirect_is_not_followed_and_says_what_to_do() -> None:
    async with Site() as other:
        result = await answered(redirect(other.url("/new?token=T0KEN"), 301))

    assert isinstance(result, TryAgain)
    assert f"leads to http://{other.pair}." in result.why
    assert "write the new address" in result.why
    assert "T0KEN" not in result.why
    assert other.connections == 0


@pytest.mark.parametrize("status", [*ABOUT_THE_ENDPOINT, 301])
async def test_an_endpoint_that_is_no_use_now_is_left_alone(status: int) -> None:
    async with Site({"/hook": Answer(status=status)}) as site, Fetcher(user_agent="test") as fetcher:
        channel = a_webhook(site.url("/hook"), fetcher, allow=[site.pair])
        found = await all_results(channel, [for_programs(number) for number in (1, 2, 3)])

    assert [number for number, _ in found] == [1]
    assert len(site.requests) == 1


async def test_a_message_that_is_refused_does_not_hold_up_the_next() -> None:
    replies = iter([Answer(status=400), Answer(status=500), Answer()])

    async with Site({"/hook": lambda _: next(replies)}) as site, Fetcher(user_agent="test") as fetcher:
        channel = a_webhook(site.url("/hook"), fetcher, allow=[site.pair])
        found = await results(channel, *(for_programs(number) for number in (1, 2, 3)))

    assert [type(result) for result in found] == [Refused, TryAgain, Delivered]


async def test_silence_is_no_answer() -> None:
    async with Site() as site, Fetcher(user_agent="test") as fetcher:

        async def silence(_: Request) -> AsyncIterator[bytes]:
            await site.left.wait()
            yield b""

        site.routes["/hook"] = lambda request: silence(request)
        channel = a_webhook(site.url("/hook"), fetcher, allow=[site.pair], timeout=timedelta(seconds=0.2))
        (result,) = await results(channel, for_programs())

    assert result == TryAgain(why="127.0.0.1 did not finish its answer within 0.2 s", channel_wide=True)


@pytest.mark.parametrize(
    "reply", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 2x0 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nbroken"]
)
async def test_what_is_no_answer_is_one_more_try(reply: bytes) -> None:
    result = await answered(reply)

    assert isinstance(result, TryAgain)
    assert result.channel_wide
    assert result.why.isprintable()


async def test_an_endpoint_without_encryption_or_leave_gets_nothing() -> None:
    async with Site({"/hook": Answer()}) as site, Fetcher(user_agent="test") as fetcher:
        secure = a_webhook(site.url("/hook").replace("http:", "https:"), fetcher, allow=[site.pair])
        inner = a_webhook(site.url("/hook"), fetcher)
        found = [*await results(secure, for_programs()), *await results(inner, for_programs())]

    assert [(type(result), result.channel_wide) for result in found if isinstance(result, TryAgain)] == [
        (TryAgain, True)
    ] * 2
    assert site.requests == []


# ── what is not told ─────────────────────────────────────────────────────────────────────────────────────────────────


def replies_that_tell(token_path: str) -> list[Route]:
    """Answers that repeat what they were asked for, in every place and form."""
    said = f"no {token_path} here, nor {SECRET}, {TOKEN}, {TOKEN.replace('+', '%2B')}, qu3ryT0ken".encode()
    headers = {"Location": f"/elsewhere{token_path}", "Retry-After": TOKEN}
    answers: list[Route] = [
        Answer(status=status, body=said, headers=headers)
        for status in (200, 301, 400, 401, 403, 404, 405, 410, 422, 429, 500, 502, 503)
    ]
    return [*answers, b"HTTP/1.1 999 " + said + b"\r\n\r\n", b"HTTP/1.1 " + said + b"\r\n\r\n", b"", said]


@pytest.mark.parametrize("number", range(len(replies_that_tell(PATH))))
async def test_no_token_and_no_secret_is_told_whatever_the_endpoint_says(number: int) -> None:
    async with Site() as site, Fetcher(user_agent="test") as fetcher:
        site.routes[PATH.partition("?")[0]] = replies_that_tell(PATH)[number]
        channel = a_webhook(site.url(PATH), fetcher, allow=[site.pair], secret=SECRET)
        (result,) = await results(channel, for_programs())

    assert len(site.requests) == 1
    for part in ("T0KEN", "B00TH", "qu3ryT0ken", SECRET, SECRET.removeprefix("whsec_")):
        assert part not in repr(result)


async def test_no_token_is_told_where_nothing_answers() -> None:
    async with Site() as site:
        url, pair = site.url(PATH), site.pair
    async with Fetcher(user_agent="test") as fetcher:
        found = [
            *await results(a_webhook(url, fetcher, allow=[pair], secret=SECRET), for_programs()),
            *await results(a_webhook(url, fetcher, secret=SECRET), for_programs()),
            *await results(a_webhook(url.replace("http:", "https:"), fetcher, allow=[pair]), for_programs()),
        ]

    assert [type(result) for result in found] == [TryAgain] * 3
    assert not re.search("T0KEN|B00TH|qu3ry|whsec", repr(found))


# ── the manual's example ─────────────────────────────────────────────────────────────────────────────────────────────


def the_manuals_receiver() -> ModuleType:
    """The Python example of the manual, as a module."""
    (example,) = re.findall(r"(?s)```python\n(.*?)```", MANUAL.read_text(encoding="utf-8"))
    module = ModuleType("receiver")
    exec(example, module.__dict__)
    return module


async def test_a_receiver_verifies_a_message_as_the_manual_says() -> None:
    receiver = the_manuals_receiver()
    request = await asked(secret=f"{OTHER_SECRET}\n{SECRET}")
    headers = {name.decode().lower(): value.decode() for name, value in request.headers}
    now = NOW.timestamp()

    assert receiver.is_from_monitor(SECRET, headers, request.body, now=now)
    assert receiver.is_from_monitor(OTHER_SECRET, headers, request.body, now=now + 200)
    assert not receiver.is_from_monitor(f"whsec_{b64encode(b'x' * 32).decode()}", headers, request.body, now=now)
    assert not receiver.is_from_monitor(SECRET, headers, request.body + b" ", now=now)
    assert not receiver.is_from_monitor(SECRET, headers, request.body, now=now + 3600)
    assert not receiver.is_from_monitor(SECRET, headers | {"webhook-id": "2@example.org"}, request.body, now=now)
    unsigned = {name: value for name, value in headers.items() if name != "webhook-signature"}
    assert not receiver.is_from_monitor(SECRET, unsigned, request.body, now=now)


def test_signatures_are_those_of_the_specifications_libraries() -> None:
    """The known answer that the libraries of Standard Webhooks are tested with."""
    key = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    found = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
