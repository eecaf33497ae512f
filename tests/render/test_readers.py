"""From the configuration to each reader: the language, the clock and the templates are theirs, and threads hold."""

from __future__ import annotations

from pathlib import Path

from tests.archive.builders import an_alert, leased
from tests.factories import NOW, later
from tests.mails import body, parsed, subject
from tests.test_compose import ANNA, BELA, FEEDS, Room, room

__all__ = ["room"]  # a fixture

READERS = FEEDS.replace(
    "to: [anna@example.org, bela@example.org]",
    "to: [anna@example.org, bela@example.org], language: fr, timezone: Europe/Paris, "
    "readers: {bela@example.org: {language: en, timezone: Asia/Tokyo}}",
)


async def mails(room: Room) -> dict[str, bytes]:
    """Recipient → the mail that is to be sent."""
    await room.composer.compose_due()
    messages = await room.outbox.thread(leased, room.outbox.archive, now=room.clock, until=later(days=999))
    return {message.recipient: message.message for message in messages}


async def test_each_recipient_is_told_in_their_language_by_their_clock(room: Room) -> None:
    room.configure(READERS)
    await room.raise_alerts(an_alert(ANNA, BELA))

    sent = await mails(room)

    anna, bela = body(sent["anna@example.org"], "plain"), body(sent["bela@example.org"], "plain")
    assert "Règle\u00a0:" in anna
    assert "dim. 22 nov. 2026, 13:00 CET" in anna
    assert "Rule:" in bela
    assert "Sun 22 Nov 2026, 21:00 JST" in bela


async def test_where_nothing_is_said_a_mail_is_english_by_the_clock_of_the_house(room: Room) -> None:
    await room.raise_alerts(an_alert(ANNA))

    sent = await mails(room)

    assert "Rule:" in body(sent["anna@example.org"], "plain")
    assert "Sun 22 Nov 2026, 12:00 UTC" in body(sent["anna@example.org"], "plain")


async def test_a_folder_of_templates_is_what_mails_are_made_of(room: Room, tmp_path: Path) -> None:
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails" / "story.txt.j2").write_text("{{ rule }} by the desk\n", encoding="utf-8")
    room.configure(FEEDS.replace("timezone: UTC", "timezone: UTC, templates: mails"))
    await room.raise_alerts(an_alert(ANNA))

    sent = await mails(room)

    assert body(sent["anna@example.org"], "plain") == "ukraine by the desk\n"
    assert parsed(sent["anna@example.org"])["X-Monitor-Story"] == "1"
    assert subject(sent["anna@example.org"]).startswith("[ukraine] ")


async def test_a_digest_in_a_readers_language_strikes_by_its_own_clock(room: Room) -> None:
    room.configure(READERS.replace('"0 7 * * *"', '"0 7 * * *", timezone: Asia/Tokyo'))
    await room.composer.begin()
    await room.raise_alerts(an_alert(ANNA, digest="morning", due_at=None, why="digest"))
    room.clock = NOW.replace(hour=22)  # 7:00 in Tokyo

    sent = await mails(room)

    assert subject(sent["anna@example.org"]) == "[morning] 1 sujet: ukraine (1)"
