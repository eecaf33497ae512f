"""The bytes of a whole mail: its header, a plain and an HTML body, or the stub that goes out when those cannot be had.

A header holds a stranger's words. They are put on one line and encoded (RFC 2047) wherever a mail program could read
something into them, and the finished mail is parsed again: it must have exactly the headers we meant.

RFC 5322 (messages), RFC 2045 to 2047 (MIME), RFC 2919 (List-Id), RFC 3834 (Auto-Submitted).
"""

from __future__ import annotations

import base64
import email
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.utils import format_datetime
from hashlib import blake2b

from monitor.model import House
from monitor.text import one_line

SUBJECT_LIMIT = 270  # code points
VALUE_LIMIT = 254  # of an address (RFC 5321 §4.5.3.1.3)
HEADER_LIMIT = 600  # of a header of our own: some Message-IDs; a line may have 998 octets (RFC 5322 §2.1.1)

_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP
_CRLF = policy.compat32.clone(linesep="\r\n")


def message_id(*parts: str, contact: str) -> str:
    """The Message-ID that these parts always get. Short, so that no header line must be folded."""
    return f"<{_digest(json.dumps(parts))}@{_domain(contact)}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a mail says about itself, whatever is in it."""

    mail_id: str  # its Message-ID
    house: House
    recipient: str  # an address, or a channel's name when the channel has no addresses
    now: datetime
    topic: str  # the rule, or the digest: what readers file by
    headers: tuple[tuple[str, str], ...] = ()  # of our own: X-Monitor-…


def whole_mail(envelope: Envelope, *, subject: str, text: str, html: str) -> bytes:
    """The mail, verified. Raises ValueError when a parser does not find in it exactly what was put there."""
    # The older classes on purpose: `EmailMessage` decodes an encoded word in a value it is given, and before Python
    # 3.11.10 and 3.12.5 the line breaks in it became headers (CVE-2024-6923).
    mail = MIMEMultipart("alternative", boundary=f"=_{_digest(envelope.mail_id)}")
    fields = _fields(envelope, subject)
    for name, value in fields:
        mail[name] = _encoded(name, value)
    for body, subtype in ((text, "plain"), (html, "html")):
        part = MIMENonMultipart("text", subtype, charset="utf-8")
        del part["MIME-Version"]
        part.set_payload(body, _UTF8)
        mail.attach(part)
    finished = mail.as_bytes(policy=_CRLF)
    _verify(finished, fields)
    return finished


def stub(envelope: Envelope, *, subject: str, lines: Sequence[str]) -> bytes:
    """A plain mail that cannot fail: no templates, no encoded headers ("?" for what ASCII cannot say), base64."""
    return _plain([f"{name}: {_ascii(value)}" for name, value in _fields(envelope, subject)], lines)


def _plain(header: Sequence[str], lines: Sequence[str]) -> bytes:
    head = [*header, "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"]
    head.append("Content-Transfer-Encoding: base64")
    printable = ["".join(char if char.isprintable() else " " for char in line) for line in lines]
    body = base64.encodebytes("\r\n".join([*printable, ""]).encode("utf-8", "replace")).decode("ascii")
    return "\r\n".join([*head, "", *body.splitlines(), ""]).encode("ascii")


def plainer(message: bytes, *, lines: Sequence[str]) -> bytes:
    """A plain mail in place of one that a server refused: the same header, these lines, nothing else."""
    header = email.message_from_bytes(message).items()
    kept = [(name, str(value)) for name, value in header if not name.startswith(("Content-", "MIME-"))]
    return _plain([f"{name}: {value if value.isascii() else _ascii(value)}" for name, value in kept], lines)


def _fields(envelope: Envelope, subject: str) -> list[tuple[str, str]]:
    """The header, in order, not yet encoded."""
    house, recipient = envelope.house, one_line(envelope.recipient, VALUE_LIMIT)
    return [
        ("From", f"monitor <{one_line(house.sender, VALUE_LIMIT)}>"),
        # A channel without addresses is written as a group with nobody in it (RFC 5322 §3.4).
        ("To", recipient if "@" in recipient else f"{_slug(recipient)}:;"),
        ("Subject", one_line(subject, SUBJECT_LIMIT)),
        ("Date", format_datetime(envelope.now)),
        ("Message-ID", envelope.mail_id),
        ("List-Id", f"<{_slug(envelope.topic)}.monitor.{_domain(house.contact)}>"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        *((name, one_line(value, HEADER_LIMIT)) for name, value in envelope.headers),
    ]


def _encoded(name: str, value: str) -> str:
    """The value as a header may carry it: encoded, unless it is ASCII that nobody could take for an encoded word."""
    return value if value.isascii() and "=?" not in value else Header(value, "utf-8", header_name=name).encode()


def _verify(mail: bytes, fields: Sequence[tuple[str, str]]) -> None:
    parsed = email.message_from_bytes(mail)
    if parsed.keys() != ["Content-Type", "MIME-Version", *(name for name, _ in fields)] or parsed.defects:
        raise ValueError(f"the finished mail has the headers {parsed.keys()}")
    if [part.get_content_type() for part in parsed.walk()] != ["multipart/alternative", "text/plain", "text/html"]:
        raise ValueError("the finished mail does not have the two bodies it should have")


def _ascii(value: str) -> str:
    return "".join(char if " " <= char <= "~" else "?" for char in value).replace("=?", "= ?")


def _slug(name: str) -> str:
    """The name as a label of a List-Id; with a digest when ASCII cannot spell it, so that no two names share one."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    return plain if plain == name.lower() else f"{plain}-{_digest(name)[:8]}".lstrip("-")


def _domain(address: str) -> str:
    domain = address.rpartition("@")[2].lower()
    return domain if re.fullmatch(r"[a-z0-9.-]{1,253}", domain) else "localhost"


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
