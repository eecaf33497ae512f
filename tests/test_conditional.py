"""Validators go back as they came; Retry-After is read as the specification and its strange users write it."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from monitor.conditional import fresh_for, may_ask_conditionally, request_headers, retry_after, validators_from
from monitor.model import Validators
from tests.factories import NOW

A_DAY = 24 * 3600


def test_both_validators_are_sent_byte_for_byte() -> None:
    validators = Validators(etag=b'W/"caf\xc3\xa9"', last_modified=b"Sun, 22 Nov 2026 11:59:59 GMT")

    assert request_headers(validators) == [
        (b"If-None-Match", b'W/"caf\xc3\xa9"'),
        (b"If-Modified-Since", b"Sun, 22 Nov 2026 11:59:59 GMT"),
    ]


def test_without_validators_the_request_is_unconditional() -> None:
    assert request_headers(Validators()) == []


def test_one_validator_is_sent_alone() -> None:
    assert request_headers(Validators(etag=b'"1"')) == [(b"If-None-Match", b'"1"')]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        pytest.param(b'"abc"', b'"abc"', id="a strong one is kept"),
        pytest.param(b'W/"abc"', b'W/"abc"', id="a weak one keeps its mark"),
        pytest.param(b"abc", b"abc", id="one without quotes is kept, for servers that send such"),
        pytest.param(b'"\xe9\xff"', b'"\xe9\xff"', id="bytes that are no text are kept (RFC 9110 §8.8.3, obs-text)"),
        pytest.param(b'"' + b"x" * 1022 + b'"', b'"' + b"x" * 1022 + b'"', id="one of exactly 1 KiB is kept"),
        pytest.param(b'"' + b"x" * 1023 + b'"', None, id="one over 1 KiB is not"),
        pytest.param(b"", None, id="an empty one is none"),
        pytest.param(b'"a\r\nX-Evil: 1"', None, id="one with a line break is not kept"),
        pytest.param(b'"a\x00"', None, id="one with a NUL is not kept"),
        pytest.param(b'"a\x1b[0m"', None, id="one with an escape character is not kept"),
    ],
)
def test_a_validator_is_kept_only_if_it_can_be_sent_back(value: bytes, kept: bytes | None) -> None:
    assert validators_from([(b"ETag", value), (b"Last-Modified", value)]) == Validators(etag=kept, last_modified=kept)


def test_header_names_are_read_in_any_case_and_the_first_of_two_wins() -> None:
    headers = [(b"eTAG", b'"first"'), (b"ETag", b'"second"'), (b"LAST-MODIFIED", b"yesterday")]

    assert validators_from(headers) == Validators(etag=b'"first"', last_modified=b"yesterday")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("30", 30, id="seconds"),
        pytest.param(" 30 ", 30, id="seconds with blanks around"),
        pytest.param("0", 0, id="zero is zero, not nothing"),
        pytest.param("00000000000000000000120", 120, id="leading zeros do not count"),
        pytest.param("-1", 0, id="a negative number is zero"),
        pytest.param("1000000000000", 3650 * A_DAY, id="an absurd number stays finite"),
        pytest.param("9" * 5000, 3650 * A_DAY, id="a number of 5,000 digits stays finite"),
        pytest.param("Sun, 22 Nov 2026 12:05:00 GMT", 300, id="an HTTP date (RFC 9110 §5.6.7)"),
        pytest.param("Sunday, 22-Nov-26 12:05:00 GMT", 300, id="the obsolete RFC 850 form"),
        pytest.param("Sun Nov 22 12:05:00 2026", 300, id="the asctime form, which is UTC"),
        pytest.param("Sun, 22 Nov 2026 11:00:00 GMT", 0, id="a date in the past is zero"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", 3650 * A_DAY, id="the end of time stays finite"),
        pytest.param("abc", None, id="a word is nothing"),
        pytest.param("", None, id="an empty value is nothing"),
        pytest.param(None, None, id="no header is nothing"),
        pytest.param("1.5", None, id="a fraction is nothing"),
        pytest.param("--5", None, id="two signs are nothing"),
        pytest.param("١٢", None, id="digits of another script are nothing"),
        pytest.param("Sun, 99 Nov 2026 12:00:00 GMT", None, id="a date that does not exist is nothing"),
        pytest.param("Sun, 22 Nov 2026 12:00:00 +9999", None, id="a zone that does not exist is nothing"),
    ],
)
def test_retry_after(value: str | None, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)

    assert retry_after(value, NOW) == expected


# ── how long an answer is fresh ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, None, id="not said"),
        pytest.param({"Cache-Control": "public"}, None, id="said of something else"),
        pytest.param({"Cache-Control": "public, max-age=600"}, 600, id="max-age"),
        pytest.param({"Cache-Control": 'MAX-AGE = "600"'}, 600, id="loosely written"),
        pytest.param({"Cache-Control": "s-maxage=600"}, None, id="a shared cache's is not for us"),
        pytest.param({"Cache-Control": "max-age=600", "Age": "500"}, 100, id="less the age it has"),
        pytest.param({"Cache-Control": "max-age=600", "Age": "9999"}, 0, id="older than that"),
        pytest.param({"Cache-Control": "max-age=600", "Age": "old"}, 600, id="an age that is none"),
        pytest.param({"Cache-Control": "max-age=600, no-cache"}, 0, id="no-cache wins"),
        pytest.param({"Cache-Control": "no-store"}, 0, id="no-store"),
        pytest.param({"Cache-Control": "max-age=-1"}, None, id="a negative one is none"),
        pytest.param({"Cache-Control": "max-age=" + "9" * 5000}, 3650 * A_DAY, id="five thousand digits"),
        pytest.param({"Expires": "Sun, 22 Nov 2026 12:30:00 GMT"}, 1800, id="Expires, from now"),
        pytest.param(
            {"Expires": "Sun, 22 Nov 2026 12:30:00 GMT", "Date": "Sun, 22 Nov 2026 12:20:00 GMT"},
            600,
            id="Expires, by the server's own clock",
        ),
        pytest.param({"Expires": "Sun, 22 Nov 2026 12:30:00 GMT", "Cache-Control": "max-age=60"}, 60, id="both"),
        pytest.param({"Expires": "0"}, 0, id="Expires: 0"),
        pytest.param({"Expires": "-1"}, 0, id="Expires: -1"),
        pytest.param({"Expires": "soon"}, 0, id="an Expires that is no date"),
        pytest.param({"Expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0, id="long past"),
        pytest.param({"Expires": "Fri, 31 Dec 9999 23:59:59 GMT"}, 3650 * A_DAY, id="at the end of the calendar"),
    ],
)
def test_freshness_is_read_as_the_specification_has_it(headers: dict[str, str], seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)

    assert fresh_for(httpx.Headers(headers), NOW) == expected


# ── servers that lie ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("whole", "lied", "conditional"),
    [
        pytest.param(None, None, False, id="nothing whole has come yet"),
        pytest.param(timedelta(hours=23), None, True, id="a whole document came today"),
        pytest.param(timedelta(hours=24), None, False, id="once a day it must be a whole one"),
        pytest.param(timedelta(hours=1), timedelta(days=29), False, id="caught at a lie this month"),
        pytest.param(timedelta(hours=1), timedelta(days=30), True, id="trusted again after that"),
        pytest.param(timedelta(hours=-3), None, False, id="a clock that ran ahead"),
        pytest.param(timedelta(hours=1), timedelta(hours=-3), True, id="and that caught a lie tomorrow"),
    ],
)
def test_a_feed_is_fetched_whole_once_a_day_and_from_liars_always(
    whole: timedelta | None, lied: timedelta | None, conditional: bool
) -> None:
    whole_at = None if whole is None else NOW - whole
    lied_at = None if lied is None else NOW - lied

    assert may_ask_conditionally(whole_at=whole_at, lied_at=lied_at, now=NOW) is conditional
