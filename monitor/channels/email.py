"""The email channel: SMTP (RFC 5321), with encryption as configured and never less.

What a failure means depends on where it happens. Whatever goes wrong before the server has heard of a recipient
(connecting, greeting, encryption, login, sender) would go wrong for every message: the channel is down. What it says
of a recipient or of the message is about that message. Silence after the message was handed over is no refusal: it is
offered again, under the same Message-ID.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import replace
from typing import Literal

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPHeloError,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from monitor.model import Delivered, Delivery, DeliveryResult, Refused, SmtpSpec, TryAgain
from monitor.text import one_line

# RFC 5321 §4.5.3.2 asks for minutes; the outbox keeps every message, so a shorter patience costs a repeat at worst.
# Only the answer to the final dot gets its ten minutes, because giving up there means sending twice.
COMMAND_SECONDS = 60.0
FINAL_DOT_SECONDS = 600.0
QUIT_SECONDS = 5.0

# What goes into a command as it is. The library would make an address of anything.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.:\[\]-]+")

_REPLY = 300  # code points of a server's words that are kept


class EmailChannel:
    """Sends each message to its recipient over one connection, opened for a round of messages and closed after it."""

    def __init__(
        self,
        name: str,
        smtp: SmtpSpec,
        *,
        sender: str,
        password: str | None,
        command_seconds: float = COMMAND_SECONDS,
        final_dot_seconds: float = FINAL_DOT_SECONDS,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self.name = name
        self._smtp = smtp
        self._sender = sender
        self._password = password
        self._command_seconds = command_seconds
        self._final_dot_seconds = final_dot_seconds
        self._tls_context = tls_context  # None: the system's certificates, verified

    async def send(self, deliveries: AsyncIterable[Delivery]) -> AsyncGenerator[tuple[Delivery, DeliveryResult], None]:
        """Offers each message. After the channel turned out to be down, the rest is not offered."""
        client: SMTP | None = None
        cut_short = 0  # messages in a row after which there was no connection any more
        try:
            async for delivery in deliveries:
                begun = await self._begin(client)
                if isinstance(begun, TryAgain):
                    yield delivery, begun
                    return
                client = begun
                result = await self._offer(client, delivery)
                if isinstance(result, TryAgain) and not client.is_connected:
                    cut_short += 1
                    # Once may be the message's fault. Twice is the server's, and each try may take ten minutes.
                    result = replace(result, channel_wide=cut_short > 1)
                else:
                    cut_short = 0
                yield delivery, result
                if isinstance(result, TryAgain) and result.channel_wide:
                    return
        finally:
            if client is not None:
                await _leave(client)

    async def _begin(self, client: SMTP | None) -> SMTP | TryAgain:
        """A connection on which the server took our sender, or why there is none.

        That is the connection at hand if possible, else a new one: servers end those that carried enough messages.
        """
        if client is not None:
            if client.is_connected and await self._announce(client):
                return client
            await _leave(client)
        return await self._connect()

    async def _connect(self) -> SMTP | TryAgain:
        """A new connection on which the server took our sender, or why there is none."""
        smtp = self._smtp
        if smtp.user is not None and self._password is None:
            return TryAgain(
                why=f"smtp.user is {smtp.user} but there is no password: put it into "
                "$CREDENTIALS_DIRECTORY/smtp-password, or name a file with $MONITOR_SMTP_PASSWORD_FILE",
                channel_wide=True,
                phase="login",
            )
        client = SMTP(
            hostname=smtp.host,
            port=smtp.port,
            timeout=self._command_seconds,
            local_hostname=_our_name(self._sender),
            use_tls=smtp.security == "tls",
            start_tls=smtp.security == "starttls",  # required when asked for: never falls back to plain text
            tls_context=self._tls_context if smtp.security != "none" else None,
        )
        phase = "connection"
        try:
            await client.connect()
            await _introduce(client)
            if smtp.user is not None and self._password is not None:
                phase = "login"
                await self._log_in(client, smtp.user, self._password)
            phase = "sender"
            await client.mail(self._sender)
        except (SMTPException, OSError, ValueError) as error:
            await _leave(client)
            return TryAgain(why=self._why(error), channel_wide=True, phase=phase)
        except asyncio.CancelledError:
            client.close()  # nobody else knows of it yet
            raise
        return client

    async def _log_in(self, client: SMTP, user: str, password: str) -> None:
        try:
            await client.login(user, password)
        except SMTPResponseException as error:
            # Servers have been seen to repeat what they were sent, so their words are not kept here.
            raise SMTPException(
                f"the login of {user} was refused ({error.code}); check smtp.user and the password"
            ) from None

    async def _announce(self, client: SMTP) -> bool:
        """Opens the next transaction with our sender's name; whether the server took it."""
        try:
            await client.mail(self._sender)
        except (SMTPException, OSError, ValueError):
            return False
        return True

    async def _offer(self, client: SMTP, delivery: Delivery) -> DeliveryResult:
        """One message over an announced connection. It is closed when it is not known what the server says next."""
        if not _ADDRESS.fullmatch(delivery.recipient):
            await _start_over(client)
            why = f"{delivery.recipient!r} is no address that SMTP can carry; correct the channel's `to`"
            return Refused(why=why, phase="recipient")
        about: Literal["recipient", "message"] = "recipient"
        try:
            await client.rcpt(delivery.recipient)
            about = "message"
            response = await client.data(delivery.message, timeout=self._final_dot_seconds)
        except SMTPResponseException as error:
            await _start_over(client)
            if 500 <= error.code < 600:
                return Refused(why=self._why(error), about=about, phase=about)
            return TryAgain(why=self._why(error), phase=about)
        except (SMTPException, OSError) as error:
            client.close()
            return TryAgain(why=self._why(error), phase=about)
        return Delivered(reply=one_line(f"{response.code} {response.message}", _REPLY))

    def _why(self, error: Exception) -> str:
        """The failure in one line: which server, what it said or did. The password is in none of these."""
        where = f"{self._smtp.host}:{self._smtp.port}"
        match error:
            case SMTPResponseException(code=code, message=said):
                return one_line(f"{where} said {code} {said}", _REPLY)
            case SMTPTimeoutError() | TimeoutError():
                return f"{where} did not answer in time"
            case SMTPServerDisconnected():
                return f"{where} closed the connection"
            case ssl.SSLCertVerificationError(verify_message=why):
                return f"{where} shows a certificate that cannot be trusted: {why}"
            case _:
                return one_line(f"{where}: {str(error) or type(error).__name__}", _REPLY)


async def _introduce(client: SMTP) -> None:
    """Says who we are, where connecting has not; the library would do it with the sender's name, and blame that."""
    if client.is_ehlo_or_helo_needed:
        try:
            await client.ehlo()
        except SMTPHeloError:
            await client.helo()


async def _start_over(client: SMTP) -> None:
    """Makes the connection ready for the next message, or closes it."""
    try:
        await client.rset()
    except (SMTPException, OSError):
        client.close()


async def _leave(client: SMTP) -> None:
    """Says goodbye, without waiting for a server that does not."""
    try:
        if client.is_connected:
            await client.quit(timeout=min(QUIT_SECONDS, client.timeout or QUIT_SECONDS))
    except (SMTPException, OSError):
        pass  # everything that mattered was answered before
    finally:
        client.close()


def _our_name(sender: str) -> str:
    """What we call ourselves (EHLO): this host's name, in the sender's domain when it has none of its own.

    The library would ask DNS for a full name, which can take long and may find nothing.
    """
    host = socket.gethostname()
    return host if "." in host else f"{host}.{sender.rpartition('@')[2]}"
