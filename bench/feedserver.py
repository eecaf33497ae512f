"""A thousand feeds on loopback, for the benchmarks: a process of its own, so that its work is nobody else's.

    python bench/feedserver.py PORT FEEDS

Every feed has 30 full entries of about 2,500 characters (75 kB, sent gzipped). What it answers depends on the round,
set with `POST /round?n=N`:

    1   everything is new: 200
    2   even feeds answer 304 to a conditional request; odd feeds carry 2 new entries
    3   every feed answers 200 with the body of round 2, byte for byte, whatever was asked
    4   every feed answers 304

The feeds are spread over 127.0.1.1 … 127.0.1.200, so that a client meets 200 hosts.
"""

from __future__ import annotations

import asyncio
import gzip
import random
import sys
from functools import cache
from itertools import accumulate
from urllib.parse import urlsplit

HOSTS = 200
ENTRIES = 30

SYLLABLES = "ba cor da el fin ga hol is ka lu mar no pe rin so ta vel wi zan".split()

# Own sentences. Their words shuffled, among as many made-up ones that come as often as words do (Zipf), make texts that
# share a language, no more. Whole sentences would make each the copy of many others, and the same ninety words in all
# titles each a report of what all others report, which news is not.
MADE_UP = 40_000
OFTEN = list(accumulate(1 / rank for rank in range(1, MADE_UP + 1)))
SENTENCES = {
    "fr": [
        "Les ministres ont examiné hier soir une série de mesures destinées à protéger la frontière orientale.",
        "Selon le porte-parole du gouvernement, aucune décision ne sera prise avant la réunion de l’OTAN.",
        "Plusieurs milliers de soldats participent depuis lundi à des manœuvres près du grand fleuve.",
        "La présidente a rappelé que l’Ukraine pouvait compter sur le soutien de ses voisins européens.",
        "Dans la capitale, les habitants font la queue devant les boulangeries malgré la pluie froide.",
        "Un diplomate cité sous couvert d’anonymat évoque des garanties juridiques encore très incertaines.",
    ],
    "en": [
        "Officials met late on Tuesday to discuss a package of measures meant to calm the eastern border.",
        "A spokeswoman said that no decision would be taken before the alliance had heard every member.",
        "Several thousand troops have been training since Monday on the plain beyond the wide river.",
        "The minister repeated that Ukraine could rely on its neighbours for as long as that was needed.",
        "In the old harbour, fishermen complained about the price of fuel and about a very long winter.",
        "One diplomat, who asked not to be named, described the legal guarantees as a matter of months.",
    ],
    "de": [
        "Die Außenminister berieten am späten Abend über neue Maßnahmen zum Schutz der östlichen Grenze.",
        "Nach Angaben einer Sprecherin fällt die Entscheidung erst nach dem Treffen des Bündnisses in Brüssel.",
        "Seit Montag üben mehrere tausend Soldaten in der Ebene jenseits des breiten Flusses.",
        "Der Kanzler bekräftigte, die Ukraine könne sich weiterhin auf ihre Nachbarn verlassen.",
        "Im Hafen klagen die Fischer über den Preis des Treibstoffs und über den langen Winter.",
        "Ein Diplomat, der ungenannt bleiben wollte, sprach von noch ungewissen rechtlichen Zusagen.",
    ],
    "uk": [
        "Міністри пізно ввечері обговорили низку заходів, що мають захистити східний кордон.",
        "За словами речниці, жодного рішення не ухвалять до зустрічі країн НАТО у Брюсселі.",
        "Від понеділка кілька тисяч військових беруть участь у навчаннях за широкою рікою.",
        "Прем’єрка нагадала, що Україна може розраховувати на підтримку своїх сусідів.",
        "У старій гавані рибалки скаржаться на ціни на пальне та на дуже довгу зиму.",
        "Дипломат, який просив не називати його імені, говорить про непевні юридичні гарантії.",
    ],
}


def name(chance: random.Random) -> str:
    """A name made up by chance."""
    return "".join(chance.choices(SYLLABLES, k=3)).capitalize()


def some(chance: random.Random, words: list[str], number: int) -> str:
    """So many words, half of a language's and half made up, each of the language's once."""
    real = chance.sample(words, number // 2)
    made_up = [made(rank) for rank in chance.choices(range(MADE_UP), cum_weights=OFTEN, k=number - number // 2)]
    mixed = real + made_up
    chance.shuffle(mixed)
    return " ".join(mixed)


@cache
def made(rank: int) -> str:
    """The made-up word of a rank."""
    return name(random.Random(rank)).lower()


@cache
def entry(feed: int, number: int) -> str:
    """One item, the same for the same numbers."""
    chance = random.Random(feed * 100_003 + number)
    language = list(SENTENCES)[feed % len(SENTENCES)]
    sentences = SENTENCES[language]
    words = " ".join(sentences).split()
    paragraphs = [f'<p><img src="/img/{number}.jpg" alt="" width="640" height="360"></p>']
    while sum(map(len, paragraphs)) < 2_400:
        first, mixed, last = (some(chance, words, number) for number in (15, 20, 15))
        link = f'<a href="/topic/{chance.randrange(999)}?from=rss" class="internal">{chance.choice(words)}</a>'
        paragraphs.append(f"<p>{first}. {name(chance)} {mixed}, {link}. <em>{last} {name(chance)}.</em></p>")
    title = f"{name(chance)} {some(chance, words, 6)} {name(chance)}"
    body = "".join(paragraphs)
    day = number % 28 + 1
    return (
        f"<item><title>{title}</title><link>http://feed{feed}.example/story/{number}</link>"
        f'<guid isPermaLink="false">feed{feed}-{number}</guid>'
        f"<pubDate>Sun, {day:02} Nov 2025 {number % 24:02}:00:00 GMT</pubDate>"
        f"<description><![CDATA[{body}]]></description></item>"
    )


@cache
def body(feed: int, extra: int) -> bytes:
    """A whole document, gzipped: `extra` new entries on top, as many old ones gone."""
    language = list(SENTENCES)[feed % len(SENTENCES)]
    items = "".join(entry(feed, number) for number in range(ENTRIES + extra - 1, extra - 1, -1))
    document = (
        f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Feed {feed}</title>'
        f"<link>http://feed{feed}.example/</link><description>bench</description><language>{language}</language>"
        f"{items}</channel></rss>"
    )
    return gzip.compress(document.encode(), 6, mtime=0)


class Server:
    """Answers for all feeds; one round at a time."""

    def __init__(self) -> None:
        self.round = 1

    def answer(self, path: str, conditional: bool) -> bytes:
        """The whole response to one request."""
        where = urlsplit(path)
        if where.path == "/round":
            self.round = int(where.query.removeprefix("n="))
            return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        feed = int(where.path.strip("/"))
        changed = self.round >= 2 and feed % 2
        etag = f'"{feed}-{2 if changed else 0}"'
        if conditional and (self.round == 4 or (self.round == 2 and not changed)):
            return f"HTTP/1.1 304 Not Modified\r\nETag: {etag}\r\n\r\n".encode()
        content = body(feed, 2 if changed else 0)
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Encoding: gzip\r\n"
            f"ETag: {etag}\r\nLast-Modified: Sun, 22 Nov 2026 10:00:00 GMT\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode()
                writer.write(self.answer(path, b"if-none-match" in head.lower()))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def main(port: int, feeds: int) -> None:
    """Makes every body first, then listens and says so."""
    for feed in range(feeds):
        body(feed, 0)
        if feed % 2:
            body(feed, 2)
    entry.cache_clear()
    server = Server()
    for host in range(1, HOSTS + 1):
        await asyncio.start_server(server.serve, f"127.0.1.{host}", port, backlog=512)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
