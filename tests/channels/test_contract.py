"""What every channel promises, whatever it sends by. A new channel is one more way in WAYS."""

from __future__ import annotations

import io
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from monitor import render
from monitor.channels import (
    AppriseChannel,
    Channel,
    ConsoleChannel,
    EmailChannel,
    ExecChannel,
    MaildirChannel,
    WebhookChannel,
    open_channels,
)
from monitor.channels.apprise import Service
from monitor.fetch import Fetcher
from monitor.model import ChannelSpec, Delivered, Delivery, Posted, Refused, SmtpSpec, TryAgain
from tests.channels.mailserver import MailServer, RudeServer
from tests.channels.messages import MESSAGE, a_delivery, a_payload, all_results, for_programs, offered, results
from tests.channels.programs import StandIn, a_program, a_webhook, an_apprise_channel, an_exec_channel
from tests.factories import HOUSE, NOW
from tests.loopback import Answer, Site

SMTP = SmtpSpec(host="127.0.0.1", port=25, security="none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A channel, and what has arrived at its other end."""

    channel: Channel
    arrived: Callable[[], int]  # messages
    received: Callable[[], list[bytes]] | None = None  # their bytes; None: this way shows them in a form of its own
    message: Callable[[int], Delivery] = a_delivery  # the message of that number, of the sort this way takes


@asynccontextmanager
async def by_email(_: Path) -> AsyncIterator[Way]:
    async with MailServer() as server:
        yield Way(
            channel=an_email_channel(server.port),
            arrived=lambda: len(server.received),
            received=lambda: [bytes(envelope.original_content or b"") for envelope in server.received],
        )


@asynccontextmanager
async def by_maildir(folder: Path) -> AsyncIterator[Way]:
    yield Way(
        channel=MaildirChannel("desk", folder / "maildir"),
        arrived=lambda: len(list((folder / "maildir" / "new").glob("*"))),
    )


@asynccontextmanager
async def by_console(_: Path) -> AsyncIterator[Way]:
    screen = io.StringIO()
    yield Way(
        channel=ConsoleChannel("desk", screen),
        arrived=lambda: screen.getvalue().splitlines().count("Ukraine"),  # the subject
    )


@asynccontextmanager
async def by_webhook(_: Path) -> AsyncIterator[Way]:
    async with Site({"/hook": Answer(status=202)}) as site, Fetcher(user_agent="test") as fetcher:
        yield Way(
            channel=a_webhook(site.url("/hook"), fetcher, allow=[site.pair]),
            arrived=lambda: len(site.requests),
            received=lambda: [request.body for request in site.requests],
            message=for_programs,
        )


@asynccontextmanager
async def by_exec(folder: Path) -> AsyncIterator[Way]:
    box = folder / "box"
    box.mkdir()
    command = a_program(folder, f'cat > "{box}/$(ls "{box}" | wc -l)"')

    def received() -> list[bytes]:
        return [(box / str(number)).read_bytes() for number in range(len(names_in(box)))]

    yield Way(
        channel=an_exec_channel(command), arrived=lambda: len(received()), received=received, message=for_programs
    )


@asynccontextmanager
async def by_apprise(_: Path) -> AsyncIterator[Way]:
    pytest.importorskip("apprise", reason="the extra is not here (make apprise)")
    async with Site({"/hook": Answer()}) as site:
        yield Way(
            channel=an_apprise_channel(f"json://{site.pair}/hook"),
            arrived=lambda: len(site.requests),
            message=for_programs,
        )


@asynccontextmanager
async def by_apprise_standing_in(_: Path) -> AsyncIterator[Way]:
    service = StandIn()
    channel = AppriseChannel(ChannelSpec(name="desk", kind="apprise"), [Service(name="line 1", notifier=service)])
    yield Way(channel=channel, arrived=lambda: len(service.taken), message=for_programs)


@asynccontextmanager
async def by_email_to_nobody(_: Path) -> AsyncIterator[Way]:
    async with RudeServer({}) as server:
        port = server.port
    yield Way(channel=an_email_channel(port), arrived=lambda: 0)


@asynccontextmanager
async def by_maildir_in_a_file(folder: Path) -> AsyncIterator[Way]:
    (folder / "file").write_text("")
    yield Way(channel=MaildirChannel("desk", folder / "file" / "maildir"), arrived=lambda: 0)


@asynccontextmanager
async def by_closed_console(_: Path) -> AsyncIterator[Way]:
    screen = io.StringIO()
    screen.close()
    yield Way(channel=ConsoleChannel("desk", screen), arrived=lambda: 0)


@asynccontextmanager
async def by_webhook_to_nobody(_: Path) -> AsyncIterator[Way]:
    async with Site() as site:
        url, pair = site.url("/hook"), site.pair
    async with Fetcher(user_agent="test") as fetcher:
        yield Way(channel=a_webhook(url, fetcher, allow=[pair]), arrived=lambda: 0, message=for_programs)


@asynccontextmanager
async def by_exec_of_nothing(folder: Path) -> AsyncIterator[Way]:
    yield Way(channel=an_exec_channel([str(folder / "nothing")]), arrived=lambda: 0, message=for_programs)


@asynccontextmanager
async def by_apprise_to_nobody(_: Path) -> AsyncIterator[Way]:
    pytest.importorskip("apprise", reason="the extra is not here (make apprise)")
    async with Site() as site:
        pair = site.pair
    yield Way(channel=an_apprise_channel(f"json://{pair}/"), arrived=lambda: 0, message=for_programs)


WAYS = [by_email, by_maildir, by_console, by_webhook, by_exec, by_apprise, by_apprise_standing_in]
BROKEN_WAYS = [
    by_email_to_nobody,
    by_maildir_in_a_file,
    by_closed_console,
    by_webhook_to_nobody,
    by_exec_of_nothing,
    by_apprise_to_nobody,
]
WAYS_FOR_PROGRAMS = [by_webhook, by_exec, by_apprise, by_apprise_standing_in]
WAYS_OF_BYTES = [by_email, by_webhook, by_exec]  # a maildir has the line ends of files: below


def an_email_channel(port: int) -> EmailChannel:
    smtp = SmtpSpec(host="127.0.0.1", port=port, security="none")
    return EmailChannel("desk", smtp, sender="desk@example.org", password=None)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
async def way(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Way]:
    async with request.param(tmp_path) as opened:
        yield opened


every_way_for_programs = pytest.mark.parametrize("way", WAYS_FOR_PROGRAMS, indirect=True, ids=lambda way: way.__name__)
every_way_of_bytes = pytest.mark.parametrize("way", WAYS_OF_BYTES, indirect=True, ids=lambda way: way.__name__)
every_way = pytest.mark.parametrize("way", WAYS, indirect=True, ids=lambda way: way.__name__)
every_broken_way = pytest.mark.parametrize("way", BROKEN_WAYS, indirect=True, ids=lambda way: way.__name__)


# ── what all of them promise ─────────────────────────────────────────────────────────────────────────────────────────


@every_way
async def test_each_message_is_sent_and_answered_for_in_order(way: Way) -> None:
    found = await all_results(way.channel, [way.message(number) for number in (3, 1, 2)])

    assert [number for number, _ in found] == [3, 1, 2]
    assert all(isinstance(result, Delivered) and result.reply for _, result in found)
    assert way.arrived() == 3


@every_way
async def test_nothing_to_send_is_nothing_to_say(way: Way) -> None:
    assert await all_results(way.channel, []) == []


@every_way
async def test_a_result_is_given_before_the_next_message_is_sent(way: Way) -> None:
    async with aclosing(way.channel.send(offered(way.message(1), way.message(2)))) as sending:
        delivery, result = await anext(sending)

        assert (delivery.id, isinstance(result, Delivered)) == (1, True)
        assert way.arrived() == 1


@every_way
async def test_what_was_not_answered_for_was_not_sent(way: Way) -> None:
    async with aclosing(way.channel.send(offered(way.message(1), way.message(2)))) as sending:
        await anext(sending)

    assert way.arrived() == 1


@every_way
async def test_a_channel_sends_again_after_it_was_stopped(way: Way) -> None:
    async with aclosing(way.channel.send(offered(way.message(1), way.message(2)))) as sending:
        await anext(sending)

    (result,) = await results(way.channel, way.message(2))

    assert isinstance(result, Delivered)
    assert way.arrived() == 2


@every_way
async def test_a_message_sent_again_is_taken_again(way: Way) -> None:
    first, again = await results(way.channel, way.message(1)), await results(way.channel, way.message(1))

    assert [type(result) for result in (*first, *again)] == [Delivered, Delivered]


@every_broken_way
async def test_a_channel_that_is_down_says_so_and_never_raises(way: Way) -> None:
    result, *others = await results(way.channel, way.message(1), way.message(2))

    assert isinstance(result, TryAgain)
    assert result.channel_wide
    assert result.why
    assert result.why.isprintable()
    assert not [other for other in others if not isinstance(other, TryAgain)]


@every_way_of_bytes
async def test_the_bytes_of_a_message_are_sent_unchanged_however_often(way: Way) -> None:
    assert way.received is not None

    for _ in range(2):
        await results(way.channel, way.message(1))

    assert way.received() == [way.message(1).message] * 2


@every_way_for_programs
@pytest.mark.parametrize(
    "message",
    [
        MESSAGE,
        b"",
        b"\xff",
        b"[" * 100_000,
        b'{"id": "1@example.org"}',
        a_payload(id=1),
        a_payload(id=""),
        a_payload(id="a b"),
        a_payload(id="1\r\nX-Evil: 1"),
        a_payload(id="é"),
        a_payload(subject=None),
    ],
    ids=lambda message: repr(message[:40]),
)
async def test_what_was_not_made_for_a_program_is_refused_and_holds_up_nothing(way: Way, message: bytes) -> None:
    refused, taken = await results(way.channel, replace(way.message(1), message=message), way.message(2))

    assert isinstance(refused, Refused)
    assert (refused.about, refused.why.isprintable()) == ("address", True)
    assert isinstance(taken, Delivered)
    assert way.arrived() == 1


# ── maildir ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_maildir_holds_the_message_with_the_line_ends_of_files(tmp_path: Path) -> None:
    await results(MaildirChannel("desk", tmp_path / "mail"), a_delivery())

    (file,) = (tmp_path / "mail" / "new").iterdir()
    assert file.read_bytes() == MESSAGE.replace(b"\r\n", b"\n")


async def test_a_maildir_is_nobody_elses_to_read(tmp_path: Path) -> None:
    await results(MaildirChannel("desk", tmp_path / "mail"), a_delivery())

    folders = [tmp_path / "mail", *(tmp_path / "mail" / part for part in ("tmp", "new", "cur"))]
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700] * 4
    (file,) = (tmp_path / "mail" / "new").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_message_lies_in_a_maildir_once_however_often_it_is_sent(tmp_path: Path) -> None:
    channel = MaildirChannel("desk", tmp_path)
    await results(channel, a_delivery())

    await results(channel, a_delivery(message=b"other bytes"))

    (file,) = (tmp_path / "new").iterdir()
    assert file.read_bytes() == MESSAGE.replace(b"\r\n", b"\n")
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_a_message_that_was_read_is_not_delivered_again(tmp_path: Path) -> None:
    channel = MaildirChannel("desk", tmp_path)
    await results(channel, a_delivery())
    (file,) = (tmp_path / "new").iterdir()
    file.rename(tmp_path / "cur" / f"{file.name}:2,RS")

    (result,) = await results(channel, a_delivery())

    assert isinstance(result, Delivered)
    assert list((tmp_path / "new").iterdir()) == []


async def test_what_a_crash_left_half_written_is_written_anew(tmp_path: Path) -> None:
    channel = MaildirChannel("desk", tmp_path)
    await results(channel, a_delivery())
    (file,) = (tmp_path / "new").iterdir()
    file.rename(tmp_path / "tmp" / file.name).write_bytes(b"half")

    await results(channel, a_delivery())

    assert file.read_bytes() == MESSAGE.replace(b"\r\n", b"\n")
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    "message_id", ["<../../evil@example.org>", "</etc/passwd@x>", "<" + "x" * 5000 + "@x>", "<\x00@x>"]
)
async def test_no_message_id_leads_out_of_a_maildir(tmp_path: Path, message_id: str) -> None:
    (result,) = await results(MaildirChannel("desk", tmp_path / "mail"), a_delivery(message_id=message_id))

    assert isinstance(result, Delivered)
    assert len(list((tmp_path / "mail" / "new").iterdir())) == 1
    assert names_in(tmp_path) == ["mail"]


# ── console ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_console_shows_subject_and_text() -> None:
    screen = io.StringIO()
    mail = render.channel_test(mail_id="<1@x>", channel="desk", house=HOUSE, recipient="desk", now=NOW)

    await results(ConsoleChannel("desk", screen), a_delivery(message=mail))

    assert "[monitor] the channel desk works" in screen.getvalue()
    assert "Sun 22 Nov 2026, 13:00 CET" in screen.getvalue()
    assert "<p" not in screen.getvalue()


async def test_nothing_in_a_message_steers_the_terminal() -> None:
    screen = io.StringIO()
    message = "Subject: a\x1b]0;title\x07\r\n\r\n\x1b[31mred\x9b2J\x08\x00\u202eback\r\n"

    await results(ConsoleChannel("desk", screen), a_delivery(message=message.encode()))

    assert all(line.isprintable() for line in screen.getvalue().splitlines())
    assert "red" in screen.getvalue()


async def test_a_console_that_lacks_a_character_shows_the_rest() -> None:
    screen = io.TextIOWrapper(io.BytesIO(), encoding="ascii")

    (result,) = await results(ConsoleChannel("desk", screen), a_delivery())

    assert isinstance(result, Delivered)
    screen.seek(0)
    assert "L?Ukraine" in screen.read()


async def test_a_console_without_a_stream_is_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    await results(ConsoleChannel("desk"), a_delivery())

    assert "L’Ukraine" in capsys.readouterr().out


# ── the configured channels ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("spec", "smtp", "kind"),
    [
        (ChannelSpec(name="x", kind="email", to=("a@example.org",)), SMTP, EmailChannel),
        (ChannelSpec(name="x", kind="email", to=("a@example.org",)), None, MaildirChannel),
        (ChannelSpec(name="x", kind="maildir"), SMTP, MaildirChannel),
        (ChannelSpec(name="x", kind="console"), SMTP, ConsoleChannel),
        (ChannelSpec(name="x", kind="webhook", url="https://desk.example/"), None, WebhookChannel),
        (ChannelSpec(name="x", kind="exec", command=("/bin/true",)), None, ExecChannel),
    ],
    ids=["email", "email without a mail server", "maildir", "console", "webhook", "exec"],
)
def test_a_configured_channel_is_opened_by_name(spec: ChannelSpec, smtp: SmtpSpec | None, kind: type) -> None:
    async def post(*_: Any, **__: Any) -> Posted:
        raise AssertionError("nothing is sent")

    opened = open_channels(
        {"x": spec},
        smtp=smtp,
        sender="desk@example.org",
        password=None,
        maildir=Path("nowhere"),
        post=post,
        now=lambda: NOW,
    )

    assert opened.keys() == {"x"}
    assert isinstance(opened["x"], kind)
    assert opened["x"].name == "x"


async def test_a_maildir_channel_writes_where_it_says_and_mail_without_a_server_beside_the_archive(
    tmp_path: Path,
) -> None:
    opened = open_channels(
        {
            "mail": ChannelSpec(name="mail", kind="email", to=("anna@example.org",)),
            "folder": ChannelSpec(name="folder", kind="maildir", path=str(tmp_path / "own")),
        },
        smtp=None,
        sender="desk@example.org",
        password=None,
        maildir=tmp_path / "beside",
    )

    await results(opened["mail"], a_delivery(1))
    await results(opened["folder"], a_delivery(2))

    assert len(list((tmp_path / "beside" / "new").iterdir())) == 1
    assert len(list((tmp_path / "own" / "new").iterdir())) == 1
