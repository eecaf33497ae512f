"""Mail servers on loopback: one that keeps to the protocol, and one that does what a test tells it to.

async with MailServer(rcpt={"bela@example.org": "451 later"}) as server: ... server.port, server.received
async with RudeServer({"MAIL": HANG_UP}) as server: ... server.port, server.heard
"""

from __future__ import annotations

import asyncio
import atexit
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@cache
def certificate() -> Path:
    """A key and a certificate for the name localhost, signed by itself, made once a run. Skips without openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here, so there is no certificate to test with")
    folder = Path(tempfile.mkdtemp(prefix="monitor-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    both = folder / "localhost.pem"
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", both]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    request = ["openssl", "req", "-x509", *new_key, *name, "-days", "2", "-out", folder / "certificate.pem"]
    subprocess.run(request, check=True, capture_output=True)
    both.write_text(both.read_text() + (folder / "certificate.pem").read_text())
    return both


def trusting() -> ssl.SSLContext:
    """A client's TLS settings that trust the test certificate, and check names as always."""
    return ssl.create_default_context(cafile=certificate())


def _serving() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate())
    return context


class Running:
    """A server on a free port of 127.0.0.1, as long as the block lasts."""

    def __init__(self, protocol: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext | None = None) -> None:
        self._protocol = protocol
        self._tls = tls
        self.port = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()


class MailServer(Running):
    """A real SMTP server (aiosmtpd) that keeps what it takes; replies can be set by sender, recipient or message.

    `tls`: "starttls" offers it, "required" insists on it, "always" speaks nothing else. `login`: user and password.
    """

    def __init__(
        self,
        *,
        mail: str | None = None,  # the reply to every MAIL FROM; None: 250
        rcpt: Mapping[str, str] | None = None,  # replies by recipient
        data: Mapping[str, str] | None = None,  # replies after the final dot, by recipient
        tls: str | None = None,
        login: tuple[str, str] | None = None,
        messages_a_connection: int | None = None,  # then 421; None: any number
    ) -> None:
        self.received: list[Envelope] = []
        self.names: list[str] = []  # what clients called themselves, once a connection
        self._mail = mail
        self._rcpt = rcpt or {}
        self._data = data or {}
        self._messages_a_connection = messages_a_connection
        self._login = login
        settings: dict[str, Any] = {"hostname": "mail.example.org", "enable_SMTPUTF8": False}
        if tls in ("starttls", "required"):
            settings |= {"tls_context": _serving(), "require_starttls": tls == "required"}
        if login is not None:
            settings |= {"authenticator": self._authenticate, "auth_required": True}
        super().__init__(lambda: SMTP(self, **settings), _serving() if tls == "always" else None)

    @property
    def recipients(self) -> list[str]:
        """Whom the messages taken so far were for, in order."""
        return [recipient for envelope in self.received for recipient in envelope.rcpt_tos]

    @property
    def connections(self) -> int:
        """How many connections went as far as a greeting by name."""
        return len(self.names)

    def _authenticate(self, *call: Any) -> AuthResult:
        given = call[-1]
        assert isinstance(given, LoginPassword)
        return AuthResult(success=(given.login.decode(), given.password.decode()) == self._login, handled=False)

    async def handle_EHLO(  # noqa: N802  # the library's names
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        session.carried = 0
        if session.ssl is None or server.transport.get_extra_info("sslcontext"):
            self.names.append(hostname)
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if session.carried == self._messages_a_connection:
            return "421 that is enough for one connection"
        envelope.mail_from = address
        return self._mail or "250 fine"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self._rcpt.get(address, "250 fine")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        session.carried += 1
        reply = self._data.get(envelope.rcpt_tos[0], "250 queued as 42")
        if reply.startswith("250"):
            self.received.append(envelope)
        return reply


HANG_UP = b""  # instead of a reply: end the connection
SILENCE = None  # instead of a reply: say nothing more, until the client goes

Reply = bytes | None | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


class RudeServer(Running):
    """Answers by the first word of a line, as told: bytes, HANG_UP, SILENCE, or a coroutine that takes over.

    "greeting" is what it says first, "." what it says after a message. Whatever is not set goes well. `replies` may be
    a list: one for each connection in turn, the last for all that follow.
    """

    WELL: Mapping[str, Reply] = {
        "greeting": b"220 mail.example.org\r\n",
        "EHLO": b"250 mail.example.org\r\n",
        "DATA": b"354 go on\r\n",
        ".": b"250 queued as 42\r\n",
        "QUIT": b"221 bye\r\n",
    }

    def __init__(self, *replies: Mapping[str, Reply]) -> None:
        self.heard: list[list[bytes]] = []  # the lines of each connection
        self.received: list[bytes] = []  # the messages, whatever was answered
        self._replies = replies
        super().__init__(lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader(), self._talk))

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        replies = self.WELL | dict(self._replies[min(len(self.heard), len(self._replies) - 1)])
        lines: list[bytes] = []
        self.heard.append(lines)
        try:
            going_on = await self._say(replies["greeting"], reader, writer)
            while going_on and (line := await reader.readline()):
                lines.append(line)
                verb = line.split()[0].decode("latin-1").upper() if line.split() else ""
                going_on = await self._say(replies.get(verb, b"250 fine\r\n"), reader, writer)
                if verb == "DATA" and replies["DATA"] == self.WELL["DATA"]:
                    self.received.append(await reader.readuntil(b"\r\n.\r\n"))
                    going_on = await self._say(replies["."], reader, writer)
                going_on = going_on and verb != "QUIT"
        except ConnectionError:
            pass  # the client went first
        finally:
            writer.close()

    async def _say(self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Gives the reply; whether the conversation goes on."""
        if reply is SILENCE:
            await reader.read()
            return False
        if callable(reply):
            await reply(reader, writer)
            return False
        writer.write(reply)
        await writer.drain()
        return reply != HANG_UP
