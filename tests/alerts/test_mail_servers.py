"""Mail servers of all manners, from a feed on loopback to the bytes that arrive: no alert is lost, none is sent twice
on purpose."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.deliver import A_MINUTE_WHEN_RECOVERING
from tests.alerts.house import PATIENT, SHORT, a_house
from tests.channels.mailserver import HANG_UP, SILENCE, MailServer, Reply, RudeServer
from tests.mails import body, parsed, subject

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
THREE = "desk: {kind: email, to: [anna@example.org, bela@example.org, carl@example.org]}"


@pytest.mark.parametrize("reply", [SILENCE, HANG_UP], ids=["silence", "hung up"])
async def test_a_message_whose_final_dot_is_not_answered_is_sent_again_the_same(tmp_path: Path, reply: Reply) -> None:
    async with RudeServer({".": reply}, {}) as server, a_house(tmp_path, server) as house:
        house.channel(server, patience=3 * SHORT if reply is SILENCE else PATIENT)
        house.publish("Report on Ukraine")
        await house.poll()

        await house.send()
        unsure = house.rows("SELECT state, attempts, phase FROM deliveries")
        house.clock += MINUTE
        await house.send()

        assert unsure == [("queued", 1, "message")]
        assert house.rows("SELECT state FROM deliveries") == [("sent",)]
        assert house.rows("SELECT count(*) FROM alerts") == [(1,)]
    first, second = server.received
    assert first == second


async def test_a_final_dot_answered_after_nine_minutes_is_a_success(tmp_path: Path) -> None:
    def slowly(seconds: float) -> Reply:
        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.set()
            await may_answer.wait()
            writer.write(b"250 queued at last\r\n")
            await writer.drain()

        return answer

    asked, may_answer = asyncio.Event(), asyncio.Event()
    async with RudeServer({".": slowly(540)}) as server, a_house(tmp_path, server) as house:
        # The patience for everything else is over by then.
        house.channel(server, patience=PATIENT, command_seconds=3 * SHORT)
        house.publish("Report on Ukraine")
        await house.poll()
        sending = asyncio.create_task(house.send())
        await asked.wait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(sending), 5 * SHORT)
        may_answer.set()

        assert (await sending).sent == 1
        assert house.rows("SELECT state, reply FROM deliveries") == [("sent", "250 queued at last")]


async def test_three_days_without_a_server_cost_no_alert_and_then_it_is_not_flooded(tmp_path: Path) -> None:
    async with MailServer() as gone:
        port = gone.port
    async with a_house(tmp_path, port) as house:
        for part in range(25):
            house.publish(*(f"Report {part * 20 + n} on Ukraine" for n in range(20)))
            await house.poll()
            await house.send()
            house.items = house.items[:30]
        down_for = await house.goes_by(3 * DAY, step=5 * MINUTE)
        before = house.states()
        alerts = house.rows("SELECT count(*) FROM alerts")
        tries = house.rows("SELECT max(attempts) FROM deliveries")
        messages = house.rows("SELECT count(*) FROM messages")[0][0]
        async with MailServer() as server:
            house.channel(server)
            rate: list[int] = []
            while house.states().keys() != {"sent"}:
                house.clock += MINUTE
                already = len(server.received)
                await house.send()
                rate.append(len(server.received) - already)

    assert alerts == [(500,)]
    assert before == {"queued": 500}
    assert down_for.dead == 0
    assert tries == [(0,)]  # a relay that is down uses up nobody's attempts
    assert max(rate) <= A_MINUTE_WHEN_RECOVERING
    sent = [envelope.original_content for envelope in server.received]
    assert len(sent) == messages
    mails = [parsed(bytes(content or b"")) for content in sent]
    told = [int(n) for mail in mails for n in str(mail["X-Monitor-Alerts"]).removesuffix(" ...").split()]
    assert told == sorted(told)  # oldest first
    assert set(told) == set(range(1, 501))
    assert len({mail["Message-ID"] for mail in mails}) == len(mails)


async def test_five_hundred_alerts_of_three_days_come_sixty_a_minute_oldest_first(
    tmp_path: Path,
) -> None:
    async with MailServer() as gone:
        port = gone.port
    async with a_house(tmp_path, port) as house:
        for number in range(500):
            if number % 10 == 0:
                house.items = house.items[:20]
            house.publish(f"Report {number} on Ukraine")
            await house.poll()
            await house.compose()
        await house.goes_by(3 * DAY, step=10 * MINUTE)
        assert house.states() == {"queued": 500}
        async with MailServer() as server:
            house.channel(server)
            rate: list[int] = []
            while house.states().keys() != {"sent"}:
                house.clock += MINUTE
                already = len(server.received)
                await house.send()
                rate.append(len(server.received) - already)
            connections = server.connections

    numbers = [int(subject(bytes(each.original_content or b"")).split()[2]) for each in server.received]
    assert numbers == list(range(500))
    assert max(rate) == A_MINUTE_WHEN_RECOVERING
    assert connections == len([each for each in rate if each])  # one for each round


@pytest.mark.parametrize(
    "replies",
    [
        pytest.param({"greeting": b"554 go away\r\n"}, id="554 as a greeting"),
        pytest.param({"MAIL": b"550 not your domain\r\n"}, id="550 to MAIL FROM"),
        pytest.param({"greeting": SILENCE}, id="no greeting"),
        pytest.param({"EHLO": b"550 no\r\n", "HELO": b"550 no\r\n"}, id="550 to EHLO"),
    ],
)
async def test_a_relay_that_will_not_have_us_kills_no_alert_and_is_told(
    tmp_path: Path, replies: dict[str, Reply]
) -> None:
    async with RudeServer(replies) as server, MailServer() as mended, a_house(tmp_path, server) as house:
        house.channel(server, patience=3 * SHORT)
        house.publish("Report on Ukraine", "Ukraine again")
        await house.poll()

        await house.goes_by(6 * DAY, step=4 * HOUR)
        states = house.states()
        told = await house.watch()
        house.channel(mended)
        await house.goes_by(2 * HOUR, step=MINUTE)

        assert told == "1 channel is down: desk"
        assert states == {"queued": 2}
        assert house.rows("SELECT DISTINCT state FROM deliveries") == [("sent",)]
    assert "anna@example.org" in mended.recipients
    assert len(server.heard) <= 6 * 6 + 1  # once a look, whatever waits


async def test_a_login_that_is_refused_kills_no_alert(tmp_path: Path) -> None:
    async with MailServer(tls="required", login=("desk", "right")) as server, a_house(tmp_path, server) as house:
        wrong = {"host": "localhost", "security": "starttls", "user": "desk"}
        house.channel(server, password="wrong", **wrong)
        house.publish("Report on Ukraine")
        await house.poll()
        await house.goes_by(6 * DAY, step=HOUR)
        (down,) = (await house.thread(house.archive.status, house.clock)).channels_down
        states = house.states()
        house.channel(server, password="right", **wrong)
        await house.goes_by(2 * HOUR, step=HOUR)

        assert states == {"queued": 1}
        assert "check smtp.user and the password" in down.error
        assert "wrong" not in down.error
        assert house.states() == {"sent": 1}


async def injected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Encryption is agreed to, and what should be encrypted is slipped in before it."""
    writer.write(b"220 go ahead\r\n250-mail.example.org\r\n250 AUTH PLAIN\r\n235 welcome\r\n")
    await writer.drain()
    await reader.read()


@pytest.mark.parametrize(
    ("replies", "host"),
    [
        pytest.param({"EHLO": b"250-mail.example.org\r\n250 AUTH PLAIN\r\n"}, "localhost", id="no encryption offered"),
        pytest.param(
            {"EHLO": b"250-mail.example.org\r\n250 STARTTLS\r\n", "STARTTLS": injected},
            "localhost",
            id="plain text slipped in",
        ),
    ],
)
async def test_without_the_encryption_asked_for_neither_login_nor_mail_goes_out(
    tmp_path: Path, replies: dict[str, Reply], host: str
) -> None:
    async with RudeServer(replies) as server, a_house(tmp_path, server) as house:
        house.channel(server, host=host, security="starttls", user="desk", password="secret", patience=10 * SHORT)
        house.publish("Report on Ukraine")
        await house.poll()

        await house.send()
        house.clock += HOUR

        assert house.states() == {"queued": 1}
        assert await house.watch() == "1 channel is down: desk"
    said = b"".join(line for lines in server.heard for line in lines)
    assert not server.received
    for word in (b"AUTH", b"MAIL", b"secret", b"c2VjcmV0"):
        assert word not in said


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["wrong name", "nobody's certificate"])
async def test_a_certificate_that_cannot_be_trusted_gets_no_mail(tmp_path: Path, host: str) -> None:
    async with MailServer(tls="starttls") as server, a_house(tmp_path, server) as house:
        house.channel(server, host=host, security="starttls", **({"tls_context": None} if host == "localhost" else {}))
        house.publish("Report on Ukraine")
        await house.poll()
        await house.send()
        house.clock += HOUR

        assert house.states() == {"queued": 1}
        assert await house.watch() == "1 channel is down: desk"
    assert server.received == []


async def test_three_recipients_have_three_fates_and_nobody_gets_it_twice(tmp_path: Path) -> None:
    rcpt = {"bela@example.org": "451 greylisted", "carl@example.org": "550 no such user"}
    async with MailServer(rcpt=rcpt) as server, a_house(tmp_path, server, channels=THREE) as house:
        house.publish("Report on Ukraine")
        await house.poll()
        await house.send()
        first = list(server.recipients)
        await house.goes_by(3 * HOUR, step=MINUTE)
        del rcpt["bela@example.org"]
        await house.goes_by(2 * DAY, step=HOUR)
        status = await house.thread(house.archive.status, house.clock)

        assert first == ["anna@example.org"]
        assert house.rows("SELECT recipient, state FROM deliveries ORDER BY recipient") == [
            ("anna@example.org", "sent"),
            ("bela@example.org", "sent"),
            ("carl@example.org", "dead"),
        ]
        assert status.dead == 1
        assert "550 no such user" in status.delivery_problems[0].error
    assert Counter(server.recipients) == {"anna@example.org": 1, "bela@example.org": 1}


async def test_a_mail_refused_as_spam_goes_as_a_plain_one_and_a_dead_one_can_be_sent_again(tmp_path: Path) -> None:
    looks_like_spam = {".": b"554 looks like spam\r\n"}
    async with (
        RudeServer(looks_like_spam) as server,
        MailServer() as mended,
        a_house(tmp_path, server) as house,
    ):
        house.publish("Report on Ukraine")
        await house.poll()
        await house.send()
        status = await house.thread(house.archive.status, house.clock)
        states = house.states()
        house.channel(mended)
        await house.thread(house.archive.resend, None, house.clock)
        await house.send()

        assert states == {"dead": 1}
        assert (status.dead, len(status.delivery_problems)) == (1, 1)
        assert house.states() == {"sent": 1}
    whole, plain = (message.removesuffix(b".\r\n") for message in server.received)
    assert parsed(whole).get_content_type() == "multipart/alternative"
    assert parsed(plain).get_content_type() == "text/plain"
    assert parsed(whole)["Message-ID"] == parsed(plain)["Message-ID"]
    text = body(plain, "plain")
    assert "ukraine: Report on Ukraine" in text
    assert "https://gazette.example/3" in text
    assert "554 looks like spam" in text
    assert len(mended.received) == 1


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A reply letter by letter that never ends."""
    while not reader.at_eof():
        writer.write(b"2")
        await writer.drain()
        try:
            await asyncio.wait_for(reader.read(1), SHORT / 10)
        except TimeoutError:
            continue


@pytest.mark.parametrize(
    ("replies", "sent"),
    [
        pytest.param({"greeting": drip}, 0, id="the greeting"),
        pytest.param({"MAIL": drip}, 0, id="the reply to MAIL FROM"),
        pytest.param({"RCPT": drip}, 0, id="the reply to RCPT TO"),
        pytest.param({"DATA": drip}, 0, id="the reply to DATA"),
        pytest.param({"QUIT": SILENCE}, 1, id="no reply to QUIT"),
    ],
)
async def test_a_server_that_drips_its_replies_holds_nobody_up(
    tmp_path: Path, replies: dict[str, Reply], sent: int
) -> None:
    async with RudeServer(replies) as server, a_house(tmp_path, server) as house:
        house.channel(server, patience=3 * SHORT)
        house.publish("Report on Ukraine")
        await house.poll()

        async with asyncio.timeout(PATIENT):
            counts = await house.send()

        assert counts.sent == sent
        assert house.states() == {"sent" if sent else "queued": 1}
