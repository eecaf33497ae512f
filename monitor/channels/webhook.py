"""The webhook channel: each message is posted as JSON, signed so that the receiver can tell who sent it.

Headers and signature are those of Standard Webhooks 1.0.0
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md), beside an Idempotency-Key.
What a status means: RFC 9110 §15, 425: RFC 8470, 429: RFC 6585.

The request itself is made by whoever opens the channel, through the one client that guards all addresses. A token may
stand in the URL's path or query, so neither is ever told: results name the host only.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from monitor.channels import payload
from monitor.errors import ConfigError, Problem
from monitor.model import ChannelSpec, Delivered, Delivery, DeliveryResult, FetchFailed, Posted, Refused, TryAgain
from monitor.text import one_line

PREFIX = "whsec_"
SHORTEST_KEY, LONGEST_KEY = 24, 64  # bytes, as the specification has it

# What these say is about the address or about us, not about the message: the next one would hear the same.
ABOUT_THE_ENDPOINT = {
    401: "it wants a login or a signature; check the channel's url and its secret",
    402: "it wants to be paid",
    403: "it will not have our messages; check the channel's url and its secret",
    404: "there is nothing at the channel's url; correct it",
    405: "there is nothing at the channel's url that takes messages; correct it",
    407: "a proxy wants a login",
    429: "it asks us to come less often",
    502: "what is behind it is down",
    503: "it is down, or busy",
    504: "what is behind it does not answer",
}
NOT_NOW = (408, 425)  # beside every other 5xx

_SAID = 200  # code points of a server's words that are kept
_SHORTEST_TOKEN = 6  # characters; anything shorter in a URL is no secret, and would cut words to pieces


class Post(Protocol):
    """How a message gets out: `Fetcher.post`."""

    async def __call__(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        allow_private: Collection[str],
        timeout: timedelta,
        now: datetime,
    ) -> Posted | FetchFailed:
        """Posts once, within `timeout`. Never raises for what the network does."""
        ...


class WebhookChannel:
    """Posts each message to one URL."""

    def __init__(self, spec: ChannelSpec, *, secret: str | None, post: Post, now: Callable[[], datetime]) -> None:
        """`secret` None: messages are not signed. Raises ConfigError for one that cannot sign."""
        assert spec.url, "checked when the configuration was read"
        self.name = spec.name
        self._url = spec.url
        self._allow_private = spec.allow_private
        self._timeout = spec.timeout
        self._keys = signing_keys(secret, spec) if secret is not None else ()
        self._hidden = _tokens(spec.url) | set((secret or "").split())
        self._post = post
        self._now = now

    async def send(self, deliveries: AsyncIterable[Delivery]) -> AsyncGenerator[tuple[Delivery, DeliveryResult], None]:
        """Posts each message. After the endpoint turned out to be down, the rest is not posted."""
        async for delivery in deliveries:
            result = await self._offer(delivery)
            yield delivery, result
            if isinstance(result, TryAgain) and result.channel_wide:
                return

    async def _offer(self, delivery: Delivery) -> DeliveryResult:
        message = payload.read(delivery)
        if isinstance(message, Refused):
            return message
        now = self._now()
        answer = await self._post(
            self._url,
            delivery.message,
            headers=_headers(message.id, int(now.timestamp()), delivery.message, self._keys),
            allow_private=self._allow_private,
            timeout=self._timeout,
            now=now,
        )
        if isinstance(answer, FetchFailed):
            return TryAgain(why=self._without_tokens(answer.detail), channel_wide=True)
        return _result(answer, one_line(self._without_tokens(answer.said), _SAID))

    def _without_tokens(self, said: str) -> str:
        """A server's words, less what it repeats of the URL: error pages like to."""
        for token in sorted(self._hidden, key=len, reverse=True):
            said = said.replace(token, "…")
        return said


def signing_keys(secret: str, spec: ChannelSpec) -> tuple[bytes, ...]:
    """The keys in a channel's secret, one a line. Each signs, so that a receiver can take a new one in its own time.

    Raises ConfigError, which does not repeat it, when a line is no key.
    """
    keys = []
    for number, line in enumerate(secret.split(), start=1):
        try:
            key = b64decode(line.removeprefix(PREFIX), validate=True) if line.startswith(PREFIX) else b""
        except ValueError:
            key = b""
        if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
            message = (
                f"line {number} is no signing key. Write {PREFIX} and {SHORTEST_KEY} to {LONGEST_KEY} bytes in base64: "
                f'echo "{PREFIX}$(openssl rand -base64 32)"'
            )
            raise ConfigError(f"the secret {spec.secret_name}", (Problem(line=0, column=0, path="", message=message),))
        keys.append(key)
    return tuple(keys)


def _headers(message_id: str, timestamp: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": message_id,
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
    }
    signatures = [signature(key, message_id, timestamp, body) for key in keys]
    return {**headers, "webhook-signature": " ".join(signatures)} if signatures else headers


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature over a message, as the header has it. `timestamp` is in Unix seconds."""
    # The id may hold full stops, as a Message-ID does. That is safe because nobody outside chooses any of it.
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{b64encode(hmac.digest(key, signed, sha256)).decode()}"


def _result(answer: Posted, said: str) -> DeliveryResult:
    """What an answer means for the message."""
    status, answered = answer.status, f"{answer.site} answered {answer.status}"
    words = f": {said}" if said else ""
    if 200 <= status < 300:
        return Delivered(reply=f"{status} {said}".rstrip())
    if 300 <= status < 400:
        towards = f", which leads to {answer.moved_to}" if answer.moved_to else ""
        why = f"{answered}{towards}. Redirects are not followed; write the new address into the channel's url"
        return TryAgain(why=why, channel_wide=True)
    if advice := ABOUT_THE_ENDPOINT.get(status):
        return TryAgain(why=f"{answered}: {advice}{words}", channel_wide=True, after=answer.retry_after)
    if status in NOT_NOW or status >= 500:
        return TryAgain(why=f"{answered}{words}", after=answer.retry_after)
    if status == 410:
        # The receiver is gone, not the message wrong: like a mailbox it is offered again over a day, then given up.
        return Refused(why=f"{answered}: it wants no more messages; write another url, or remove it", about="recipient")
    return Refused(why=f"{answered}{words}", about="message")


def _tokens(url: str) -> set[str]:
    """Every part of a URL in which a token may stand, as it is written and as a server may repeat it."""
    parts = urlsplit(url)
    path, query = parts.path.rstrip("/"), parts.query
    values = {value for _, value in parse_qsl(query)} | set(query.replace("=", "&").split("&"))
    found = {path, query, f"{path}?{query}", *path.split("/"), *values}
    plain = found | {unquote(each) for each in found}
    return {token for each in plain for token in (each, quote(each, safe="")) if len(token) >= _SHORTEST_TOKEN}
