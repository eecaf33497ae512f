"""What strangers write, from a feed on loopback to the bytes at the mail server and to a terminal: inert everywhere."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import escape
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from monitor.render import NAMES
from monitor.watch import queue_storm_notice
from tests.alerts.house import RULE, a_house
from tests.channels.mailserver import MailServer
from tests.commands import monitor
from tests.mails import HOSTILE, body, parsed, subject
from tests.rss import item, rss

ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<style>@import 'https://evil.example/x.css'</style>",
    "<iframe src=https://evil.example></iframe>",
    "{{ 7 * 7 }} {% raw %}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<img src=https://evil.example/pixel.gif>",
    "</pre></p></body><script>1</script>",
]
USUAL = "{name: ukraine, query: Ukraine, channels: [desk]}"  # with everything as it is by itself
LINKS = [
    "javascript:alert(1)",
    "data:text/html,<script>1</script>",
    "vbscript:x",
    "file:///etc/passwd",
]


def arrived(server: MailServer) -> list[bytes]:
    """The messages as they came, byte for byte."""
    return [bytes(envelope.original_content or b"") for envelope in server.received]


def loads(html: str) -> list[str]:
    """Whatever a mail program would do something with: tags that run or fetch, handlers, links that are none."""
    tree = LexborHTMLParser(html)
    found = []
    for node in tree.css("*"):
        if node.tag in ("script", "iframe", "object", "embed", "link", "img", "svg", "form", "base", "video", "audio"):
            found.append(node.tag)
        for name, value in node.attributes.items():
            if name.startswith("on") or name in ("src", "srcset", "background", "action", "formaction"):
                found.append(f"{node.tag} {name}")
            if name == "href" and not re.match(r"(https?|mailto):", value or ""):
                found.append(f"href {value}")
            if name == "style" and re.search(r"url\(|expression|@import", value or ""):
                found.append(f"style {value}")
    found += ["import" for node in tree.css("style") if re.search(r"@import|url\(", node.text() or "")]
    return found


async def test_hostile_titles_arrive_as_one_line_under_the_headers_that_we_set(tmp_path: Path) -> None:
    titles = [str(each.values[0]) for each in HOSTILE]
    async with MailServer() as server, a_house(tmp_path, server) as house:
        house.publish("Plain Ukraine")
        await house.poll()
        await house.send()
        for title in titles:
            house.publish("TITLE Ukraine")
            written = escape(title.replace("\ud800", "SURROGATE")).replace("SURROGATE", "&#xD800;")
            house.items[0] = house.items[0].replace("TITLE", written)
            house.serve(rss(*house.items))
            await house.poll()
            await house.send()

        assert set(house.states()) == {"sent"}
        raised = house.rows("SELECT count(*) FROM articles WHERE id > 3")[0][0]
    plain, *hostile = arrived(server)
    assert raised == len(titles)
    assert len(hostile) == raised
    expected = set(parsed(plain).keys())
    for mail in hostile:
        assert set(parsed(mail).keys()) - {"Content-Transfer-Encoding"} == expected - {"Content-Transfer-Encoding"}
        assert subject(mail).isprintable()
        assert len(subject(mail)) <= 300
        assert parsed(mail)["Bcc"] is None
        assert "https://gazette.example/" in body(mail, "plain")
    assert {tuple(envelope.rcpt_tos) for envelope in server.received} == {("anna@example.org",)}


async def test_markup_from_a_feed_runs_and_loads_nothing_in_a_mail(tmp_path: Path) -> None:
    async with MailServer() as server, a_house(tmp_path, server) as house:
        for number, attack in enumerate(ATTACKS, 10):
            house.items.insert(
                0,
                item(
                    number,
                    title=f"{attack} Ukraine {number}",
                    description=escape(f"<p>{attack}</p>") + f" Ukraine {number} " + attack,
                    author=attack,
                    category=attack,
                ),
            )
        for number, link in enumerate(LINKS, 50):
            house.items.insert(0, item(number, title=f"Ukraine {number}", description=f"w{number}", link=link))
        house.serve(rss(*house.items, title=escape(ATTACKS[0])))
        await house.poll()
        await house.send()
        count = house.rows("SELECT count(*) FROM alerts WHERE state = 'sent'")[0][0]

    assert count == len(ATTACKS) + len(LINKS)
    for mail in arrived(server):
        html = body(mail, "html")
        assert loads(html) == []
        assert not any("evil" in (node.attributes.get("href") or "") for node in LexborHTMLParser(html).css("a"))
        text = body(mail, "plain")
        assert "javascript:" not in re.sub(r"<[^>]*>", "", text).replace("alert(1)", "")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\x9b]", text)


async def test_what_a_broken_feed_is_called_and_says_is_inert_in_the_operators_mail(tmp_path: Path) -> None:
    async with MailServer() as server, a_house(tmp_path, server) as house:
        house.serve(f"<html><title>{ATTACKS[0]}{ATTACKS[1]}</title></html>".encode())
        for _ in range(6):
            await house.poll()
        assert await house.watch() is not None
        await house.send()

    (mail,) = arrived(server)
    assert loads(body(mail, "html")) == []


ESCAPES = "\x1b[31mred\x1b]0;title\x07 \x9b2J \u202efdp.exe\u202c"
FAKE = "Ukraine 2026-11-22T12:00:00Z ERROR fake line"


async def test_nothing_in_a_title_steers_a_terminal_or_makes_up_a_line(tmp_path: Path) -> None:
    async with MailServer() as server, a_house(tmp_path, server) as house:
        house.publish(f"Ukraine {FAKE}", "Ukraine and \u202efdp.exe")
        document = rss(*house.items).replace(b"fake line", b"fake&#10;2026-11-22T12:00:01Z ERROR line")
        house.serve(document)
        await house.poll()
        await house.send()

    for command in (["alerts", "list"], ["search", "Ukraine"], ["explain", "https://gazette.example/3"], ["status"]):
        said = monitor(*command, cwd=tmp_path)
        assert said.status == 0, said.err
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", said.out)
        assert not any(line.startswith("2026-11-22T12:00:01Z ERROR") for line in said.out.splitlines())
    listed = monitor("alerts", "list", "--json", cwd=tmp_path).json()
    assert len(listed) == 2
    assert json.dumps(listed)


# ── what our own side writes ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "to",
    [
        pytest.param('"anna@example.org\\r\\nBcc: evil@example.org"', id="a header behind an address"),
        pytest.param('"\\"anna bela\\"@example.org"', id="a quoted local part"),
        pytest.param('"anna@example.org, bela@example.org"', id="two in one"),
        pytest.param('"Anna <anna@example.org>"', id="with a name"),
        pytest.param("anna", id="no domain"),
        pytest.param("'anna@exämple.org'", id="letters that SMTP cannot carry"),
        pytest.param("'<anna@example.org> SIZE=1'", id="a command's parameter"),
        pytest.param(", ".join(f"u{n}@example.org" for n in range(300)), id="three hundred recipients"),
    ],
)
def test_a_recipient_that_a_mail_cannot_carry_is_refused_with_its_place(tmp_path: Path, to: str) -> None:
    (tmp_path / "feeds.yaml").write_text(
        f"monitor: {{contact: desk@example.org}}\nchannels: {{desk: {{kind: email, to: [{to}]}}}}\n"
    )

    said = monitor("check", cwd=tmp_path)

    assert said.status == 78
    assert re.search(r"feeds\.yaml:2:\d+: channels\.desk\.to", said.out + said.err)


@pytest.mark.parametrize(
    "written",
    [
        'monitor: {contact: "desk@example.org\\nBcc: x@example.org"}',
        'monitor: {contact: desk@example.org}\nsmtp: {host: localhost, sender: "desk@example.org\\r\\nX: y"}',
        'monitor: {contact: desk@example.org}\nsmtp: {host: "localhost\\r\\nQUIT"}',
    ],
    ids=["the contact", "the sender", "the host"],
)
def test_a_sender_that_a_mail_cannot_carry_is_refused_with_its_place(tmp_path: Path, written: str) -> None:
    (tmp_path / "feeds.yaml").write_text(f"{written}\n")

    said = monitor("check", cwd=tmp_path)

    assert said.status == 78
    assert re.search(r"feeds\.yaml:\d+:\d+: ", said.out + said.err)


async def test_a_rules_name_cannot_make_up_a_header(tmp_path: Path) -> None:
    rule = RULE.replace("name: ukraine", 'name: "=?utf-8?q?a=0D=0ABcc=3A_x?= ukraine"')
    async with MailServer() as server, a_house(tmp_path, server, rules=rule) as house:
        house.publish("Report on Ukraine")
        await house.poll()
        await house.send()

    (mail,) = arrived(server)
    assert parsed(mail)["Bcc"] is None
    assert len(parsed(mail).get_all("Subject") or []) == 1


# ── what fails while a mail is made ──────────────────────────────────────────────────────────────────────────────────


async def test_a_template_that_fails_on_one_alert_costs_it_its_looks_and_others_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    fails = "{% if 'broken' in t.tag(item.lang or '') or item.story == 4 %}{{ item.nothing.there }}{% endif %}fine\n"
    (folder / "story.txt.j2").write_text(fails + "{{ item.link }}\n")
    assert "story.txt.j2" in NAMES
    async with MailServer() as server, a_house(tmp_path, server) as house:
        templates = (("story.txt.j2", (folder / "story.txt.j2").read_text()),)
        house.config = replace(house.config, templates=templates)
        for title in ("First on Ukraine", "Second on Ukraine", "Third on Ukraine"):
            house.publish(title)
            await house.poll()
            await house.send()

        assert house.states() == {"sent": 3}
    first, second, third = arrived(server)
    assert body(first, "plain").startswith("fine")
    assert body(third, "plain").startswith("fine")
    stub = body(second, "plain")
    assert "Second on Ukraine" in stub
    assert "https://gazette.example/4" in stub
    assert "could not be laid out as usual" in stub


async def test_old_items_under_new_names_are_one_mail_and_a_word_to_the_operator(tmp_path: Path) -> None:
    async with MailServer() as server, a_house(tmp_path, server, rules=USUAL) as house:

        def renamed(mark: int) -> bytes:
            return rss(
                *(
                    item(
                        n,
                        title=f"Report {n} on Ukraine",
                        guid=f"g-{n}-{mark}",
                        link=f"https://gazette.example/{mark}/{n}",
                        published=None,
                        description=f"Ukraine. Read by {mark}-{n}.",
                    )
                    for n in range(100, 200)
                )
            )

        storms = 0
        for mark in (0, 0, 0, 1, 2):
            house.serve(renamed(mark))
            for outcome in await house.poll():
                storms += bool(outcome.storm)
                if outcome.storm:
                    await queue_storm_notice(
                        house.thread,
                        house.archive,
                        house.config,
                        feed=outcome.feed,
                        entries=outcome.storm,
                        now=house.clock,
                    )
            await house.goes_by(timedelta(minutes=5), step=timedelta(minutes=1))

        assert set(house.states()) == {"sent"}
        stored = house.rows("SELECT count(*) FROM articles")[0][0]
    kinds = [parsed(mail)["X-Monitor-Kind"] for mail in arrived(server)]
    assert storms >= 1
    assert kinds.count("overflow") >= 1
    assert len(kinds) <= 6  # not one for each of hundreds
    assert any("repeats itself" in subject(mail) for mail in arrived(server))
    assert stored >= 200  # nothing was dropped
