"""What programs are sent: one JSON object in UTF-8, of which a channel reads four keys and passes on all.

docs/channels.md says what else is in it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from monitor.model import Delivery, Refused

# It goes into a header and into a signature, as it is.
_ID = re.compile("[\x21-\x7e]{1,256}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What every message to a program says of itself."""

    id: str  # the Message-ID without its angle brackets: the same at every attempt
    kind: str  # story, digest, notice, …: docs/channels.md has them all
    subject: str  # one line
    text: str  # plain text


def read(delivery: Delivery) -> Payload | Refused:
    """What a message says of itself; Refused when it is none for programs.

    That is a mail which was queued while its channel was of another kind: no attempt can make it one.
    """
    match _decoded(delivery.message):
        case {"id": str(id), "kind": str(kind), "subject": str(subject), "text": str(text)} if _ID.fullmatch(id):
            return Payload(id=id, kind=kind, subject=subject, text=text)
    return Refused(why=f'the message was not made for the channel "{delivery.channel}" as it is now: its kind changed')


def _decoded(message: bytes) -> object:
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        return None
