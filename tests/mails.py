"""Mails for tests: what strangers write into them, and how a mail program reads them."""

from __future__ import annotations

import email
import email.policy
import re
from email.header import decode_header, make_header
from email.message import EmailMessage, Message

import pytest

HOSTILE = [
    pytest.param("=?utf-8?q?a=0D=0ABcc=3A_evil=40x?=", id="an encoded word that holds a header (CVE-2024-6923)"),
    pytest.param("=?utf-8?b?YQ0KQmNjOiBldmlsQHg=?=", id="the same in base64"),
    pytest.param("News =?utf-8?q?a=0D=0A=0D=0Abody?= today", id="an encoded word that holds a body, within words"),
    pytest.param("=?utf-8?b?YQ0KDQpib2R5?=", id="a body in base64"),
    pytest.param("=?utf-8?q?a=0D=0ABcc=3A_x?= Україна", id="an encoded word beside letters that need encoding"),
    pytest.param("?= =?utf-8?q?x?=\r\n ", id="encoded words and folds in pieces"),
    pytest.param("a\r\nBcc: evil@x", id="carriage return and line feed"),
    pytest.param("a\r\n\r\nbody", id="an empty line"),
    pytest.param("a\nBcc: evil@x", id="line feed"),
    pytest.param("a\rBcc: evil@x", id="carriage return"),
    pytest.param("a\x00b", id="NUL"),
    pytest.param("a\x0bBcc: evil@x", id="vertical tab"),
    pytest.param("a\x0cBcc: evil@x", id="form feed"),
    pytest.param("a\x85Bcc: evil@x", id="next line, U+0085"),
    pytest.param("a\u2028Bcc: evil@x", id="line separator, U+2028"),
    pytest.param("a\ud800b", id="half of a surrogate pair"),
    pytest.param("abc\u202efed", id="right-to-left override"),
    pytest.param("long " * 1000, id="5,000 characters"),
    pytest.param("x" * 5000, id="5,000 characters without a space"),
    pytest.param("Ж" * 5000, id="5,000 Cyrillic letters"),
    pytest.param("Re: From here: to there.", id="looks like headers"),
    pytest.param("", id="nothing at all"),
]


def parsed(mail: bytes) -> Message:
    """The mail as a cautious parser reads it: nothing decoded."""
    return email.message_from_bytes(mail)


def subject(mail: bytes) -> str:
    """The subject as a mail program shows it: unfolded (RFC 5322 §2.2.3), decoded."""
    unfolded = re.sub(r"\r\n(?=[ \t])", "", parsed(mail)["Subject"])
    return str(make_header(decode_header(unfolded.lstrip())))


def body(mail: bytes, kind: str) -> str:
    part = email.message_from_bytes(mail, _class=EmailMessage, policy=email.policy.default).get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")
