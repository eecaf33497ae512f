"""Who comes in, and what every answer tells the browser: ASGI around Datasette.

Pages need no script, so none may run: whatever an article holds, and however it got past the escaping, it stays text.
A site in another tab cannot ask through the reader's browser under a name of its own (DNS rebinding): only the names we
are known by are answered.
"""

from __future__ import annotations

import base64
import binascii
import csv
import hmac
import io
from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
from typing import Any

from monitor.sheets import inert

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Datasette writes the names of columns into a style element of its tables.
TABLES_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
LONGEST_ADDRESS = 16_384  # bytes

csv.field_size_limit(2**31 - 1)  # a cell may be as long as an article


class Door:
    """Lets in who asks for one of our names, and, where there is a password, says it (RFC 7617)."""

    def __init__(self, app: App, *, hosts: Collection[str], password: str | None) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._password = password

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or hands it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        if scope["method"] not in ("GET", "HEAD"):
            await _refuse(send, 405, "This archive is only read: GET and HEAD.", ((b"allow", b"GET, HEAD"),))
        elif len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"") > LONGEST_ADDRESS:
            await _refuse(send, 414, "This address is too long.")
        elif not self._is_ours(headers.get(b"host", b"")):
            await _refuse(
                send, 421, "This name is not one that monitor web answers to. Start it with --allow-host NAME."
            )
        elif not self._is_known(headers.get(b"authorization", b"")):
            challenge = b'Basic realm="monitor", charset="UTF-8"'
            await _refuse(send, 401, "A password is needed here.", ((b"www-authenticate", challenge),))
        else:
            await self._app(scope, receive, _Answer(send, str(scope["path"])))

    def _is_ours(self, host: bytes) -> bool:
        name = host.decode("latin-1").lower()
        if name.startswith("["):
            return name.partition("]")[0] + "]" in self._hosts
        return name.partition(":")[0] in self._hosts

    def _is_known(self, authorization: bytes) -> bool:
        """Whether the password is right, whatever the name; in a time that does not tell how much of it is."""
        if self._password is None:
            return True
        scheme, _, given = authorization.partition(b" ")
        if scheme.lower() != b"basic":
            return False
        try:
            said = base64.b64decode(given.strip(), validate=True).partition(b":")[2]
        except binascii.Error:
            return False
        return hmac.compare_digest(said, self._password.encode())


class _Answer:
    """Passes an answer on, with what the browser is to be told, and no formulas in CSV."""

    def __init__(self, send: Send, path: str) -> None:
        self._send = send
        self._path = path
        self._csv: _Inert | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = {name.lower(): value for name, value in message["headers"]}
            ours = {name for name, _ in HEADERS} | {b"content-security-policy", b"content-length"}
            is_csv = self._path.endswith(".csv") and headers.get(b"content-type", b"").startswith(b"text/")
            # An export of ours has been through this.
            if is_csv and not self._path.startswith("/export."):
                self._csv = _Inert()
            else:
                ours.discard(b"content-length")
            policy = TABLES_POLICY if self._path.startswith("/archive") else POLICY
            kept = [(name, value) for name, value in message["headers"] if name.lower() not in ours]
            message = {
                **message,
                "headers": [*kept, *HEADERS, (b"content-security-policy", policy.encode())],
            }
        elif self._csv is not None and message["type"] == "http.response.body":
            last = not message.get("more_body", False)
            message = {**message, "body": self._csv.feed(message.get("body", b""), last=last)}
        await self._send(message)


class _Inert:
    """CSV (RFC 4180) as it comes, each cell such that a spreadsheet takes it for text."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, more: bytes, *, last: bool) -> bytes:
        """The rows that are complete with these bytes."""
        self._held += more
        end = len(self._held) if last else self._whole()
        if not end:
            return b""
        rows, self._held = self._held[:end], self._held[end:]
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        for row in csv.reader(io.StringIO(rows.decode("utf-8", "replace"), newline="")):
            writer.writerow([inert(cell) for cell in row])
        return out.getvalue().encode()

    def _whole(self) -> int:
        """Where the last complete row ends: at a line's end with an even number of quotes before it."""
        end = self._held.rfind(b"\n") + 1
        while end and self._held.count(b'"', 0, end) % 2:
            end = self._held.rfind(b"\n", 0, end - 1) + 1
        return end


async def _refuse(send: Send, status: int, why: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", b"text/plain; charset=utf-8"), *HEADERS, *headers],
        }
    )
    await send({"type": "http.response.body", "body": f"{why}\n".encode()})


def names_of(host: str, more: Iterable[str]) -> frozenset[str]:
    """The names that a server on this address answers to."""
    return frozenset(["localhost", "127.0.0.1", "[::1]", f"[{host}]" if ":" in host else host, *more])
