"""The email channel against mail servers of all manners. Waits are short: the servers that hang do so for ever."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from monitor.channels import EmailChannel
from monitor.model import Delivered, Refused, SmtpSpec, TryAgain
from tests.channels.mailserver import HANG_UP, SILENCE, MailServer, Reply, RudeServer, Running, trusting
from tests.channels.messages import MESSAGE, a_delivery, all_results, results

ANNA, BELA, CARL = "anna@example.org", "bela@example.org", "carl@example.org"
PASSWORD = "correct horse"

PATIENT = 30.0  # seconds, never waited for
SHORT = 0.1


def a_channel(
    server: Running | int, *, host: str = "127.0.0.1", patience: float = PATIENT, **given: Any
) -> EmailChannel:
    """A channel to a server, or to a port."""
    port = server if isinstance(server, int) else server.port
    smtp = {name: given.pop(name) for name in ("security", "user") if name in given}
    values: dict[str, Any] = {"sender": "desk@example.org", "password": None, "tls_context": trusting()}
    values |= {"command_seconds": patience, "final_dot_seconds": patience}
    return EmailChannel(
        "desk", SmtpSpec(host=host, port=port, security=smtp.pop("security", "none"), **smtp), **(values | given)
    )


# ── what goes well ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_message_arrives_byte_for_byte_with_its_envelope() -> None:
    async with MailServer() as server:
        (result,) = await results(a_channel(server, sender="bounces@example.org"))

    assert result == Delivered(reply="250 queued as 42")
    (envelope,) = server.received
    assert envelope.content == MESSAGE
    assert (envelope.mail_from, envelope.rcpt_tos) == ("bounces@example.org", [ANNA])


async def test_all_messages_go_over_one_connection() -> None:
    async with MailServer() as server:
        found = await results(a_channel(server), *(a_delivery(number) for number in range(20)))

    assert len(found) == len(server.received) == 20
    assert server.connections == 1


async def test_we_call_ourselves_by_a_full_name() -> None:
    async with MailServer() as server:
        await results(a_channel(server))

    assert "." in server.names[0]


async def test_a_login_is_made_over_starttls() -> None:
    async with MailServer(tls="required", login=("desk", PASSWORD)) as server:
        channel = a_channel(server, host="localhost", security="starttls", user="desk", password=PASSWORD)

        (result,) = await results(channel)

    assert isinstance(result, Delivered)


async def test_a_connection_may_be_encrypted_from_the_start() -> None:
    async with MailServer(tls="always") as server:
        (result,) = await results(a_channel(server, host="localhost", security="tls"))

    assert isinstance(result, Delivered)


async def test_a_server_that_ends_connections_after_some_messages_gets_them_all() -> None:
    async with MailServer(messages_a_connection=2) as server:
        found = await results(a_channel(server), *(a_delivery(number) for number in range(5)))

    assert [type(result) for result in found] == [Delivered] * 5
    assert (len(server.received), server.connections) == (5, 3)


async def test_an_answer_to_the_final_dot_may_take_longer_than_any_other() -> None:
    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(reader.read(1), 3 * SHORT)
        writer.write(b"250 queued at last\r\n")

    async with RudeServer({".": late}) as server:
        (result,) = await results(a_channel(server, command_seconds=SHORT, final_dot_seconds=PATIENT))

    assert result == Delivered(reply="250 queued at last")


async def test_a_server_that_never_says_goodbye_does_not_hold_us_up() -> None:
    async with RudeServer({"QUIT": SILENCE}) as server:
        (result,) = await results(a_channel(server, patience=SHORT))

    assert isinstance(result, Delivered)


# ── what concerns one message ────────────────────────────────────────────────────────────────────────────────────────


async def test_three_recipients_have_three_fates() -> None:
    replies = {BELA: "451 greylisted, come back", CARL: "550 no such user"}
    async with MailServer(rcpt=replies) as server:
        found = await all_results(
            a_channel(server), [a_delivery(n, recipient=whom) for n, whom in enumerate((BELA, CARL, ANNA))]
        )

    where = f"127.0.0.1:{server.port} said"
    assert found == [
        (0, TryAgain(why=f"{where} 451 greylisted, come back", phase="recipient")),
        (1, Refused(why=f"{where} 550 no such user", about="recipient", phase="recipient")),
        (2, Delivered(reply="250 queued as 42")),
    ]
    assert server.recipients == [ANNA]
    assert server.connections == 1


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        pytest.param({"DATA": b"451 not now\r\n"}, "later", id="4xx to DATA"),
        pytest.param({"DATA": b"554 no\r\n"}, "message", id="5xx to DATA"),
        pytest.param({".": b"452 disk full\r\n"}, "later", id="4xx after the final dot"),
        pytest.param({".": b"554 looks like spam\r\n"}, "message", id="5xx after the final dot"),
        pytest.param({".": b"299 what\r\n"}, "later", id="a code without meaning"),
        pytest.param({"RCPT": b"450 greylisted\r\n"}, "later", id="4xx to RCPT"),
        pytest.param({"RCPT": b"550 no such user\r\n"}, "recipient", id="5xx to RCPT"),
        pytest.param({"RCPT": b"550 no such user\r\n", "RSET": HANG_UP}, "recipient", id="5xx to RCPT, then hung up"),
    ],
)
async def test_what_a_server_says_of_a_message_is_about_that_message(replies: dict[str, Reply], expected: str) -> None:
    async with RudeServer(replies) as server:
        found = await results(a_channel(server), a_delivery(1), a_delivery(2))

    assert [result.about if isinstance(result, Refused) else "later" for result in found] == [expected, expected]
    assert not any(isinstance(result, TryAgain) and result.channel_wide for result in found)


@pytest.mark.parametrize(
    "replies",
    [
        pytest.param({"RCPT": b"421 closing\r\n"}, id="421 to RCPT"),
        pytest.param({"RCPT": HANG_UP}, id="hung up at RCPT"),
        pytest.param({"DATA": HANG_UP}, id="hung up at DATA"),
        pytest.param({".": HANG_UP}, id="hung up after the final dot"),
        pytest.param({".": b"what?\r\n"}, id="an answer that is none, so that later ones cannot be told apart"),
    ],
)
async def test_a_connection_lost_with_a_message_is_made_anew_for_the_next(replies: dict[str, Reply]) -> None:
    async with RudeServer(replies, {}) as server:
        first, second = await results(a_channel(server), a_delivery(1), a_delivery(2))

    assert isinstance(first, TryAgain)
    assert not first.channel_wide
    assert isinstance(second, Delivered)
    assert len(server.heard) == 2


@pytest.mark.parametrize("reply", [SILENCE, HANG_UP], ids=["silence", "hung up"])
async def test_no_answer_to_the_final_dot_is_tried_again_and_the_next_message_goes_out(reply: Reply) -> None:
    async with RudeServer({".": reply}, {}) as server:
        first, second = await results(a_channel(server, patience=SHORT), a_delivery(1), a_delivery(2))

    assert isinstance(first, TryAgain)
    assert not first.channel_wide
    assert isinstance(second, Delivered)
    assert len(server.received) == 2


@pytest.mark.parametrize("reply", [SILENCE, HANG_UP], ids=["silence", "hung up"])
async def test_no_answer_to_two_messages_in_a_row_is_the_servers_trouble(reply: Reply) -> None:
    async with RudeServer({".": reply}) as server:
        found = await results(a_channel(server, patience=SHORT), *(a_delivery(number) for number in range(5)))

    assert [isinstance(result, TryAgain) and result.channel_wide for result in found] == [False, True]


async def test_two_messages_without_an_answer_are_the_messages_trouble_when_one_went_through_between() -> None:
    async def take_one(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"250 queued\r\n")

    async with RudeServer({".": HANG_UP}, {".": take_one}, {".": HANG_UP}, {}) as server:
        found = await results(a_channel(server), *(a_delivery(number) for number in range(4)))

    assert [type(result) for result in found] == [TryAgain, Delivered, TryAgain, Delivered]
    assert not any(isinstance(result, TryAgain) and result.channel_wide for result in found)


async def test_a_message_taken_in_between_clears_the_server() -> None:
    async def take_and_leave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"250 queued as 42\r\n")

    async with RudeServer({".": HANG_UP}, {".": take_and_leave}, {".": HANG_UP}) as server:
        found = await results(a_channel(server), a_delivery(1), a_delivery(2), a_delivery(3))

    assert [type(result) for result in found] == [TryAgain, Delivered, TryAgain]
    assert not any(isinstance(result, TryAgain) and result.channel_wide for result in found)


async def test_a_connection_lost_that_cannot_be_made_anew_means_the_channel_is_down() -> None:
    async with RudeServer({".": HANG_UP}, {"greeting": HANG_UP}) as server:
        first, second = await results(a_channel(server), a_delivery(1), a_delivery(2), a_delivery(3))

    assert isinstance(first, TryAgain)
    assert not first.channel_wide
    assert isinstance(second, TryAgain)
    assert second.channel_wide


@pytest.mark.parametrize("recipient", ["бела@example.org", "a b@example.org", "a@b\r\nRCPT TO:<c@d>", ""])
async def test_an_address_that_smtp_cannot_carry_is_refused_and_the_next_message_goes_out(recipient: str) -> None:
    async with MailServer() as server:
        first, second = await results(a_channel(server), a_delivery(1, recipient=recipient), a_delivery(2))

    assert isinstance(first, Refused)
    assert "correct the channel's `to`" in first.why
    assert isinstance(second, Delivered)
    assert server.recipients == [ANNA]


# ── what concerns the server ─────────────────────────────────────────────────────────────────────────────────────────


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A reply that comes letter by letter and never ends."""
    while not reader.at_eof():
        writer.write(b"2")
        await writer.drain()
        with suppress(TimeoutError):
            await asyncio.wait_for(reader.read(1), SHORT / 10)


@pytest.mark.parametrize(
    ("replies", "said"),
    [
        pytest.param({"greeting": b"554 go away\r\n"}, "554 go away", id="a greeting that sends us away"),
        pytest.param({"greeting": b"421 too busy\r\n"}, "421 too busy", id="a greeting that asks to come later"),
        pytest.param({"greeting": b"HTTP/1.1 400 Bad Request\r\n"}, "HTTP/1.1 400", id="a server of another kind"),
        pytest.param({"greeting": SILENCE}, "did not answer in time", id="no greeting"),
        pytest.param({"greeting": HANG_UP}, "Unexpected EOF", id="hung up instead of a greeting"),
        pytest.param({"greeting": drip}, "did not answer in time", id="a greeting letter by letter"),
        pytest.param({"EHLO": b"550 no\r\n", "HELO": b"550 who are you\r\n"}, "550 who are you", id="HELO refused"),
        pytest.param({"EHLO": SILENCE}, "did not answer in time", id="no answer to EHLO"),
        pytest.param({"MAIL": b"550 not your domain\r\n"}, "550 not your domain", id="the sender refused"),
        pytest.param({"MAIL": b"451 database down\r\n"}, "451 database down", id="the sender put off"),
        pytest.param({"MAIL": SILENCE}, "did not answer in time", id="no answer to MAIL FROM"),
        pytest.param({"MAIL": HANG_UP}, "closed the connection", id="hung up at MAIL FROM"),
    ],
)
async def test_trouble_before_any_recipient_is_named_is_the_channels(replies: dict[str, Reply], said: str) -> None:
    async with RudeServer(replies) as server:
        found = await results(a_channel(server, patience=3 * SHORT), a_delivery(1), a_delivery(2))

    (result,) = found
    assert isinstance(result, TryAgain)
    assert result.channel_wide
    assert said in result.why
    assert f"127.0.0.1:{server.port}" in result.why
    assert result.phase == ("sender" if "MAIL" in replies else "connection")


async def test_nobody_listening_is_the_channels_trouble() -> None:
    async with RudeServer({}) as server:
        port = server.port

    (result,) = await results(a_channel(port), a_delivery(1), a_delivery(2))

    assert isinstance(result, TryAgain)
    assert result.channel_wide
    assert f"127.0.0.1:{port}" in result.why


async def test_a_server_that_ends_every_connection_before_a_message_is_down() -> None:
    async with MailServer(messages_a_connection=0) as server:
        (result,) = await results(a_channel(server), a_delivery(1), a_delivery(2))

    assert isinstance(result, TryAgain)
    assert result.channel_wide
    assert server.connections == 1


# ── encryption and login ─────────────────────────────────────────────────────────────────────────────────────────────


def nothing_was_given_away(server: RudeServer) -> bool:
    return not any(line.startswith((b"MAIL", b"AUTH")) for lines in server.heard for line in lines)


@pytest.mark.parametrize(
    "replies",
    [
        pytest.param({}, id="not offered"),
        pytest.param({"EHLO": b"250-x\r\n250 AUTH PLAIN\r\n"}, id="not offered, but a login is"),
        pytest.param({"EHLO": b"502 no\r\n"}, id="nothing offered at all"),
        pytest.param(
            {"EHLO": b"250-x\r\n250 STARTTLS\r\n", "STARTTLS": b"454 not now\r\n"}, id="offered, then refused"
        ),
        pytest.param({"EHLO": b"250-x\r\n250 STARTTLS\r\n", "STARTTLS": HANG_UP}, id="offered, then hung up"),
        pytest.param(
            {"EHLO": b"250-x\r\n250 STARTTLS\r\n", "STARTTLS": b"220 go\r\nplain\r\n"}, id="accepted in plain text"
        ),
    ],
)
async def test_without_the_encryption_asked_for_nothing_is_sent(replies: dict[str, Reply]) -> None:
    async with RudeServer(replies) as server:
        channel = a_channel(server, security="starttls", user="desk", password=PASSWORD, patience=3 * SHORT)

        (result,) = await results(channel)

    assert isinstance(result, TryAgain)
    assert result.channel_wide
    assert nothing_was_given_away(server)


async def test_what_is_slipped_in_before_encryption_begins_is_not_believed() -> None:
    heard = bytearray()

    async def slip_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 go\r\n250-x\r\n250 AUTH PLAIN\r\n")
        heard.extend(await reader.read(5))

    async with RudeServer({"EHLO": b"250-x\r\n250 STARTTLS\r\n", "STARTTLS": slip_in}) as server:
        channel = a_channel(server, security="starttls", user="desk", password=PASSWORD, patience=3 * SHORT)

        (result,) = await results(channel)

    assert isinstance(result, TryAgain)
    assert heard[:2] == b"\x16\x03"  # a TLS handshake, nothing else
    assert nothing_was_given_away(server)


@pytest.mark.parametrize(
    ("security", "tls"), [("starttls", "starttls"), ("tls", "always")], ids=["STARTTLS", "TLS from the start"]
)
@pytest.mark.parametrize(
    ("host", "context"),
    [
        pytest.param("localhost", None, id="signed by nobody we know"),
        pytest.param("127.0.0.1", trusting, id="made out to another name"),
    ],
)
async def test_a_certificate_that_cannot_be_trusted_ends_it(
    security: str, tls: str, host: str, context: Callable[[], Any] | None
) -> None:
    async with MailServer(tls=tls) as server:
        channel = a_channel(server, host=host, security=security, tls_context=context and context())

        (result,) = await results(channel)

    assert isinstance(result, TryAgain)
    assert result.channel_wide
    assert "certificate" in result.why
    assert not server.received


async def test_a_refused_login_is_the_channels_trouble_and_says_what_to_check() -> None:
    async with MailServer(tls="required", login=("desk", "another")) as server:
        channel = a_channel(server, host="localhost", security="starttls", user="desk", password=PASSWORD)

        (result,) = await results(channel)

    assert isinstance(result, TryAgain)
    assert result.channel_wide
    assert "the login of desk was refused (535); check smtp.user and the password" in result.why


async def test_a_login_without_a_password_says_where_to_put_one() -> None:
    async with MailServer() as server:
        (result,) = await results(a_channel(server, user="desk", password=None))

    assert isinstance(result, TryAgain)
    assert result.channel_wide
    assert "$CREDENTIALS_DIRECTORY/smtp-password" in result.why
    assert server.connections == 0


@pytest.mark.parametrize("form", ["535 wrong: {}\r\n", "no reply at all: {}\r\n", "999 {}\r\n"])
async def test_a_server_that_repeats_the_password_does_not_get_it_into_a_result(form: str) -> None:
    plain = base64.b64encode(f"\0desk\0{PASSWORD}".encode()).decode()
    echo = form.format(f"{PASSWORD} {plain}").encode()

    async with RudeServer({"EHLO": b"250-x\r\n250 AUTH PLAIN\r\n", "AUTH": echo}) as server:
        (result,) = await results(a_channel(server, user="desk", password=PASSWORD))

    assert isinstance(result, TryAgain)
    assert PASSWORD not in repr(result)
    assert plain not in repr(result)


async def test_a_servers_words_are_one_harmless_line() -> None:
    async with RudeServer({"RCPT": b"550-no\x1b[31m\r\n550 such\x07 user" + b"!" * 5000 + b"\r\n"}) as server:
        (result,) = await results(a_channel(server))

    assert isinstance(result, Refused)
    assert result.why.isprintable()
    assert len(result.why) <= 300


async def test_a_servers_words_in_another_encoding_do_no_harm() -> None:
    async with RudeServer({"RCPT": "550 boîte pleine à craquer\r\n".encode("latin-1")}) as server:
        (result,) = await results(a_channel(server))

    assert isinstance(result, Refused)
    assert "550 bo" in result.why
    result.why.encode()  # as the archive keeps it


# ── interrupted ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("verb", ["EHLO", "AUTH", "MAIL", "."])
async def test_a_round_that_is_cancelled_leaves_no_connection_behind(verb: str) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def wait(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        left.set()

    async with RudeServer({"EHLO": b"250-x\r\n250 AUTH PLAIN\r\n", "AUTH": b"235 fine\r\n", verb: wait}) as server:
        channel = a_channel(server, user="desk", password=PASSWORD, patience=5 * SHORT)
        sending = asyncio.create_task(results(channel))
        await asked.wait()

        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)

        assert sending.cancelled()
        async with asyncio.timeout(5):
            await left.wait()
