"""Alerts as messages, and the other mails there are. The same values give the same bytes.

telling   alerts on articles: one story or many, as a mail or as JSON
notices   mails that tell of no article
trial     a user's templates, tried before they are needed
layout    templates, ours or the user's; a stub when they fail
passages  pieces of articles with the matched words marked
words     what we say around them, in the reader's language
"""

from __future__ import annotations

from monitor.mail import message_id
from monitor.render.layout import NAMES
from monitor.render.notices import channel_test, notice_message, notice_subject, plainer_mail
from monitor.render.payload import plain_document
from monitor.render.telling import Job, compose, compose_plainly
from monitor.render.trial import faults
from monitor.render.words import LANGUAGES

__all__ = [
    "LANGUAGES",
    "NAMES",
    "Job",
    "channel_test",
    "compose",
    "compose_plainly",
    "faults",
    "message_id",
    "notice_message",
    "notice_subject",
    "plain_document",
    "plainer_mail",
]
