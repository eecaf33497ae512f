"""What programs are sent in place of a mail: one JSON object in UTF-8. docs/channels.md describes it."""

from __future__ import annotations

import json
from collections.abc import Mapping

SCHEMA = "monitor/1"  # keys are only ever added to it


def plain_document(mail_id: str, kind: str, subject: str, text: str) -> bytes:
    """A message that tells of no article, or stands in for one that could not be laid out."""
    return encoded({"schema": SCHEMA, "id": mail_id.strip("<>"), "kind": kind, "subject": subject, "text": text})


def encoded(document: Mapping[str, object]) -> bytes:
    """A message as it is sent."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
