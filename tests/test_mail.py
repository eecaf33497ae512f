"""A mail's header is exactly ours, its bytes are what the standards ask, and a stub can always be had."""

from __future__ import annotations

import base64
import re
from dataclasses import replace

import pytest

from monitor.mail import SUBJECT_LIMIT, Envelope, message_id, plainer, stub, whole_mail
from tests.factories import HOUSE, NOW
from tests.mails import HOSTILE, body, parsed, subject

HEADERS = [
    "Content-Type",
    "MIME-Version",
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Id",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "X-Monitor-Rule",
]
AN_ENVELOPE = Envelope(
    mail_id="<1@example.org>",
    house=HOUSE,
    recipient="desk@example.org",
    now=NOW,
    topic="ukraine",
    headers=(("X-Monitor-Rule", "ukraine"),),
)


def a_mail(envelope: Envelope = AN_ENVELOPE, **given: str) -> bytes:
    return whole_mail(envelope, **({"subject": "[ukraine] x", "text": "text\n", "html": "<p>html</p>\n"} | given))


# ── the whole mail ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_mail_says_what_it_is_in_its_header() -> None:
    mail = parsed(a_mail())

    assert mail.keys() == HEADERS
    assert mail["From"] == "monitor <desk@example.org>"
    assert mail["To"] == "desk@example.org"
    assert mail["Subject"] == "[ukraine] x"
    assert mail["Date"] == "Sun, 22 Nov 2026 12:00:00 +0000"
    assert mail["Message-ID"] == "<1@example.org>"
    assert mail["List-Id"] == "<ukraine.monitor.example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["X-Monitor-Rule"] == "ukraine"


def test_text_and_html_say_it_in_utf8_quoted_printable() -> None:
    mail = parsed(a_mail())

    parts = [(part.get_content_type(), part.get_content_charset()) for part in mail.walk()]
    assert parts == [("multipart/alternative", None), ("text/plain", "utf-8"), ("text/html", "utf-8")]
    assert [part["Content-Transfer-Encoding"] for part in mail.walk()][1:] == ["quoted-printable"] * 2


def test_a_mail_is_short_ascii_lines_that_end_in_crlf() -> None:
    mail = a_mail(subject="НАТО та Україна " * 12, text="北约外长 " * 400 + "x" * 3000 + "\n")

    assert mail.isascii()
    assert b"\n" not in mail.replace(b"\r\n", b"")
    assert max(map(len, mail.split(b"\r\n"))) <= 78


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("From here to there\n", id="a line that a mailbox would take for a new mail"),
        pytest.param(".\n\n..\n", id="lines that SMTP would take for the end"),
        pytest.param("-- \nsignature\n", id="a space at the end of a line"),
        pytest.param("--=_x\n--=_x--\n", id="lines that look like the end of a part"),
        pytest.param("« 5\u00a0% »\u00a0: l’œuvre 北约 👩‍🚀\n", id="every kind of letter"),
        pytest.param("=?utf-8?q?x?= =0D=0A\n", id="text that is encoded already"),
        pytest.param("", id="nothing at all"),
    ],
)
def test_a_body_arrives_as_it_was_given(text: str) -> None:
    mail = a_mail(text=text, html=text)

    assert (body(mail, "plain"), body(mail, "html")) == (text, text)


@pytest.mark.parametrize("given", HOSTILE)
def test_a_hostile_subject_is_only_ever_a_subject(given: str) -> None:
    mail = a_mail(subject=f"[ukraine] {given}")

    assert parsed(mail).keys() == HEADERS
    assert parsed(mail).get_all("To") == ["desk@example.org"]
    assert subject(mail).startswith("[ukraine]")
    assert subject(mail).isprintable()
    assert len(subject(mail)) <= SUBJECT_LIMIT
    assert body(mail, "plain") == "text\n"


@pytest.mark.parametrize("given", HOSTILE)
def test_no_other_value_gets_into_the_header_either(given: str) -> None:
    house = replace(HOUSE, sender=given, contact=given)
    envelope = replace(AN_ENVELOPE, house=house, recipient=given, topic=given, headers=(("X-Monitor-Rule", given),))

    assert parsed(a_mail(envelope)).keys() == HEADERS


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("L’OTAN réunit ses ministres : « l’Ukraine d’abord »", id="French"),
        pytest.param("Україна " * 30, id="encoded over several lines"),
        pytest.param("Ж" * 260, id="encoded without a space to break at"),
        pytest.param("a" * 70 + " " + "b" * 100, id="ASCII that must be folded"),
        pytest.param("cost: =?utf-8?q?a=0D=0ABcc=3A_evil=40x?= =5", id="an encoded word is words"),
        pytest.param("وزراء خارجية الناتو (NATO)", id="Arabic and Latin"),
        pytest.param("👩‍🚀 北约", id="an emoji of several characters"),
    ],
)
def test_a_subject_reads_as_it_was_given(given: str) -> None:
    assert subject(a_mail(subject=given)) == given.strip()


@pytest.mark.parametrize("name", ["X\r\nBcc: evil@x\r\nY", "X: y\nBcc"], ids=["a header within", "a header at the end"])
def test_a_mail_with_a_header_we_did_not_mean_is_not_let_out(name: str) -> None:
    envelope = replace(AN_ENVELOPE, headers=((name, "x"),))

    with pytest.raises(ValueError, match="the finished mail has the headers"):
        a_mail(envelope)


def test_a_recipient_without_an_address_is_a_group_of_nobody() -> None:
    mail = parsed(a_mail(replace(AN_ENVELOPE, recipient="Desk One")))

    assert re.fullmatch(r"desk-one-[0-9a-f]{8}:;", mail["To"])


# ── the stub ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("given", HOSTILE)
def test_a_stub_bears_everything(given: str) -> None:
    envelope = replace(AN_ENVELOPE, recipient=given, topic=given, headers=(("X-Monitor-Rule", given),))

    mail = stub(envelope, subject=given, lines=(f"Title: {given}", "\x1b[31m\u202e"))

    assert parsed(mail).keys() == [*HEADERS[2:], "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]
    assert mail.isascii()
    assert b"\n" not in mail.replace(b"\r\n", b"")
    lines = body(mail, "plain").splitlines()
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)


def test_a_stub_says_its_lines_in_full_and_its_subject_in_ascii() -> None:
    mail = stub(AN_ENVELOPE, subject="[ukraine] Україна =?x?", lines=("Title: Україна", "", "a" * 2000))

    assert parsed(mail)["Subject"] == "[ukraine] ??????? = ?x?"
    assert body(mail, "plain") == "Title: Україна\n\n" + "a" * 2000 + "\n"
    assert base64.b64decode(mail.partition(b"\r\n\r\n")[2]).startswith(b"Title: ")


@pytest.mark.parametrize("given", HOSTILE)
def test_a_plainer_mail_has_the_header_of_the_one_that_was_refused(given: str) -> None:
    refused = a_mail(subject=f"[ukraine] {given} Україна" + " guerre" * 30)

    mail = plainer(refused, lines=("ukraine: Україна", "https://gazette.example/1", given))

    ours = HEADERS[2:]
    assert parsed(mail).keys() == [*ours, "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]
    assert [parsed(mail)[name] for name in ours] == [parsed(refused)[name] for name in ours]
    assert mail.isascii()
    assert b"\n" not in mail.replace(b"\r\n", b"")
    assert max(map(len, mail.split(b"\r\n"))) < 998
    assert body(mail, "plain").splitlines()[:2] == ["ukraine: Україна", "https://gazette.example/1"]


def test_a_plainer_mail_can_be_had_of_anything() -> None:
    mail = plainer("Subject: Україна\r\nX: \xe9\r\n\r\nx".encode("latin-1", "replace"), lines=("x",))

    assert mail.isascii()


# ── the identity ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_message_id_depends_on_its_parts_and_on_nothing_else() -> None:
    first = message_id("rule", "feed", contact="desk@example.org")

    assert first == message_id("rule", "feed", contact="desk@example.org")
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", first)


def test_a_message_id_is_short_however_long_its_parts_are() -> None:
    assert len(message_id("x" * 5000, "\ud800", contact="desk@example.org")) == len("<@example.org>") + 32


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(("rul", "efeed"), id="cut elsewhere"),
        pytest.param(("rule feed",), id="joined"),
        pytest.param(("rule", "feed", ""), id="one more, empty"),
        pytest.param(("feed", "rule"), id="in another order"),
    ],
)
def test_other_parts_make_another_message_id(other: tuple[str, ...]) -> None:
    first = message_id("rule", "feed", contact="desk@example.org")

    assert first != message_id(*other, contact="desk@example.org")


def test_a_message_id_never_carries_a_strange_domain() -> None:
    assert message_id("x", contact="desk@exa\r\nmple.org").endswith("@localhost>")


@pytest.mark.parametrize("other", ["otan ukraine", "otan_ukraine", "OTAN & Ukraine", "otan-україна", "Україна"])
def test_rules_whose_names_look_alike_do_not_share_a_list_id(other: str) -> None:
    one, another = (parsed(a_mail(replace(AN_ENVELOPE, topic=topic))) for topic in ("otan-ukraine", other))

    assert one["List-Id"] != another["List-Id"]
    assert re.fullmatch(r"<[a-z0-9-]+\.monitor\.example\.org>", another["List-Id"])
