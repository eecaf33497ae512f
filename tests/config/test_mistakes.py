"""Every mistake in feeds.yaml is named where it stands, with what to write instead."""

from __future__ import annotations

import re

import pytest

from tests.config.conftest import CONTACT, Load, Problems


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("contact: desk", "contact: 'desk' is no mail address", id="a contact without @"),
        pytest.param("contact: a@b@c", "contact: 'a@b@c' is no mail address", id="two @"),
        pytest.param("contact: '\"a b\"@example.org'", "contact: ", id="a quoted local part"),
        pytest.param("contact: .a@example.org", "contact: ", id="a leading dot"),
        pytest.param("contact: a@-example.org", "contact: ", id="a domain that begins with a hyphen"),
        pytest.param("contact: é@example.org", "contact: ", id="an address beyond ASCII"),
        pytest.param(f"contact: {'a' * 65}@example.org", "contact: ", id="a local part of 65 characters"),
        pytest.param("contact: Desk <a@example.org>", "contact: write the address alone", id="a name with it"),
        pytest.param(
            'contact: "a@example.org\\r\\nBcc: b@example.org"', "contact: holds a control character", id="a line break"
        ),
        pytest.param("contact: 7", 'contact: write it in quotes, to make it text: "7"', id="a number for text"),
        pytest.param("contact: [a]", "contact: write text here, not a list", id="a list for text"),
        pytest.param("archive: postgresql://db/x", "archive: this version keeps its archive in SQLite only", id="pg"),
        pytest.param("archive: mysql://db/x", "archive: write a path such as db/archive.db", id="an unknown scheme"),
        pytest.param("archive: ~/archive.db", "archive: write the whole path", id="a home directory"),
        pytest.param("languages: fr", "languages: write a list: [fr]", id="text for a list"),
        pytest.param("languages: {fr: 1}", "languages: write a list, such as [one, two]", id="a mapping for a list"),
        pytest.param("languages: [fr, 1]", 'languages[1]: write it in quotes, to make it text: "1"', id="in a list"),
        pytest.param("languages: [fr, ~]", "languages[1]: write it in quotes", id="nothing in a list"),
        pytest.param("languages: [français]", "languages[0]: is no language tag", id="a language by name"),
        pytest.param("timezone: Europe/Pariss", "timezone: is no time zone. Write one such as Europe/Paris", id="zone"),
        pytest.param("timezone: Europe", "timezone: is no time zone", id="half a zone"),
        pytest.param("timezone: ../../etc/passwd", "timezone: is no time zone", id="a zone that climbs"),
        pytest.param('timezone: ""', "timezone: is empty", id="an empty text"),
        pytest.param("workers: 65", "workers: 65 is out of range. Write a whole number from 0 to 64", id="too many"),
        pytest.param("workers: two", "workers: write a whole number, without quotes", id="a word for a number"),
        pytest.param("workers: true", "workers: write a whole number", id="a boolean for a number"),
        pytest.param("workers: 1.0", "workers: write a whole number", id="a fraction for a number"),
        pytest.param("host_connections: 0", "host_connections: 0 is out of range", id="no connection"),
        pytest.param("host_delay: 5", "host_delay: 5 has no unit. Write 5m for minutes", id="a duration without unit"),
        pytest.param("host_delay: 5 m", "host_delay: write a whole number and its unit", id="a space in a duration"),
        pytest.param("host_delay: -1s", "host_delay: write a whole number and its unit", id="a negative duration"),
        pytest.param("host_delay: -1", "host_delay: write a whole number and its unit", id="a negative number"),
        pytest.param("host_delay: true", "host_delay: write a whole number and its unit", id="a boolean duration"),
        pytest.param("host_delay: 1.5h", "host_delay: write a whole number and its unit", id="half an hour"),
        pytest.param("host_delay: 367d", "host_delay: is too long. Write at most 366d", id="more than a year"),
        pytest.param("host_delay: 99999999w", "host_delay: is too long. Write at most 36500d", id="an age"),
        pytest.param("user_agent: é", "user_agent: write at most 200 ASCII characters", id="a user agent with accents"),
        pytest.param("proxy: proxy.example.org:3128", "proxy: is no proxy. Write its address and port", id="no scheme"),
        pytest.param("proxy: http://proxy.example.org", "proxy: is no proxy", id="a proxy without a port"),
        pytest.param("proxy: socks5://proxy.example.org:1080", "proxy: is no proxy", id="a proxy of another kind"),
        pytest.param("proxy: http://proxy.example.org:3128/x", "proxy: is no proxy", id="a proxy with a path"),
        pytest.param("proxy: http://a:b@proxy.example.org:3128", "proxy: holds a password", id="a proxy's password"),
        pytest.param("tracking: [ref]", "tracking: write keys and values here", id="a list for a mapping"),
        pytest.param("tracking: {drop: ref}", "tracking.drop: write a list: [ref]", id="a parameter without a list"),
        pytest.param("tracking: {drops: []}", 'tracking.drops: there is no such key. Did you mean "drop"?', id="drops"),
        pytest.param(
            "tracking: {drop: [id]}", 'tracking.drop[0]: "id" chooses the article on many sites', id="an id dropped"
        ),
        pytest.param(
            "tracking: {drop: ['sto*']}", 'tracking.drop[0]: "story" chooses the article', id="too wide a beginning"
        ),
        pytest.param("tracking: {drop: ['s*']}", "tracking.drop[0]: would take in too much", id="a short beginning"),
        pytest.param("tracking: {keep: ['?ref']}", "tracking.keep[0]: write the name of a", id="no parameter"),
        pytest.param("tracking: {drop: ['id=*']}", "tracking.drop[0]: write the name of a", id="any value"),
        pytest.param(
            "tracking: {hosts: {a.example: {dorp: [x]}}}",
            'tracking.hosts.a.example.dorp: there is no such key. Did you mean "drop"?',
            id="a misspelt key of a host",
        ),
        pytest.param(
            "tracking: {hosts: {https://a.example/: {drop: [x]}}}",
            "tracking.hosts.https://a.example/: write a host name",
            id="a URL for a host",
        ),
        pytest.param(
            "tracking: {hosts: {www.a.example: {drop: [x]}}}",
            "tracking.hosts.www.a.example: write a.example: it stands for",
            id="a host with www",
        ),
        pytest.param("contct: x", 'contct: there is no such key. Did you mean "contact"?', id="a misspelt key"),
        pytest.param("zzz: x", "zzz: there is no such key. Known here: archive, contact,", id="an unknown key"),
        pytest.param("<<: {}", "<<: merge keys are not read", id="a merge key"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_write(written: str, expected: str, problems: Problems) -> None:
    contact = "" if written.startswith("contact:") else "  contact: desk@example.org\n"

    said = problems(f"monitor:\n  {written}\n{contact}")

    assert len(said) == 1
    assert re.match(rf"feeds\.yaml:2:\d+: monitor\.{re.escape(expected)}", said[0])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("{url: https://a.example/}", "2:10: feeds[0].key: is missing. Write key: gazette", id="no key"),
        pytest.param("{key: a}", "2:10: feeds[0].url: is missing. Write url: https://", id="no URL"),
        pytest.param(
            '{key: "a b", url: https://a.example/}', "2:16: feeds[0].key: write 1 to 200", id="a space in a key"
        ),
        pytest.param(
            '{key: "-a", url: https://a.example/}', "2:16: feeds[0].key: write 1 to 200", id="a key like an option"
        ),
        pytest.param(
            "{key: 2024, url: https://a.example/}",
            '2:16: feeds[0].key: write it in quotes, to make it text: "2024"',
            id="digits",
        ),
        pytest.param("{key: ~, url: https://a.example/}", "2:16: feeds[0].key: is missing", id="nothing as a key"),
        pytest.param("gazette", "2:10: feeds[0]: write keys and values here", id="text for a feed"),
        pytest.param("[a]", "2:10: feeds[0]: write keys and values here", id="a list for a feed"),
        pytest.param("~", "2:10: feeds[0]: write keys and values here", id="nothing for a feed"),
        pytest.param("{key: a, url: ftp://a.example/}", "2:24: feeds[0].url: is no web address", id="another scheme"),
        pytest.param("{key: a, url: a.example}", "2:24: feeds[0].url: is no web address", id="no scheme"),
        pytest.param("{key: a, url: https:///rss}", "2:24: feeds[0].url: is no web address", id="no host"),
        pytest.param('{key: a, url: "https://[::1/"}', "2:24: feeds[0].url: is no web address", id="an open bracket"),
        pytest.param(
            "{key: a, url: https://a.example:99999/}", "2:24: feeds[0].url: is no web address", id="a wrong port"
        ),
        pytest.param("{key: a, url: https://a.example:0/}", "2:24: feeds[0].url: is no web address", id="port 0"),
        pytest.param(
            r"{key: a, url: https://a.example\@b.example/}",
            "2:24: feeds[0].url: is no web address: write it without spaces",
            id="a backslash",
        ),
        pytest.param(
            "{key: a, url: https://a.example/a b}",
            "2:24: feeds[0].url: is no web address: write it without spaces",
            id="a space",
        ),
        pytest.param(
            r'{key: a, url: "https://a.example/\r\nX: y"}',
            "2:24: feeds[0].url: holds the control character U+000D",
            id="a line break",
        ),
        pytest.param(
            "{key: a, url: https://a.example/" + "x" * 2048 + "}",
            "2:24: feeds[0].url: is no web address: write it without",
            id="2,080 characters",
        ),
        pytest.param(
            "{key: a, url: https://a.example/, evry: 5m}",
            '2:44: feeds[0].evry: there is no such key. Did you mean "every"?',
            id="a misspelt key",
        ),
        pytest.param(
            "{key: a, url: https://a.example/, every: 15}",
            "2:51: feeds[0].every: 15 has no unit. Write 15m",
            id="no unit",
        ),
        pytest.param(
            "{key: a, url: https://a.example/, min: 1h}",
            "2:49: feeds[0].min: is longer than the interval itself, every: 15m",
            id="a minimum above the interval",
        ),
        pytest.param(
            "{key: a, url: https://a.example/, every: 1h, max: 90s}",
            "2:60: feeds[0].max: is shorter than the interval itself, every: 1h",
            id="a maximum below the interval",
        ),
        pytest.param(
            "{key: a, url: https://a.example/, every: 0s}", "2:51: feeds[0].every: is too short", id="no time at all"
        ),
        pytest.param(
            "{key: a, url: https://a.example/, country: FRA}",
            "2:53: feeds[0].country: is no country code",
            id="three letters",
        ),
        pytest.param(
            "{key: a, url: https://a.example/, paused: yes}",
            "2:52: feeds[0].paused: write true or false",
            id="yes for true",
        ),
        pytest.param(
            '{key: a, url: https://a.example/, title: "a\\nb"}',
            "2:51: feeds[0].title: holds the control character U+000A",
            id="a title of two lines",
        ),
        pytest.param(
            '{key: a, url: https://a.example/, tags: [" x"]}',
            "2:51: feeds[0].tags[0]: write at most 100 characters, without spaces",
            id="a tag with a space before it",
        ),
        pytest.param(
            "{key: a, url: https://a.example/, allow_private: [10.0.0.5]}",
            "2:60: feeds[0].allow_private[0]: write an IP address and a port",
            id="no port",
        ),
        pytest.param(
            '{key: a, url: https://a.example/, allow_private: ["localhost:80"]}',
            "2:60: feeds[0].allow_private[0]: write an IP",
            id="a name for an address",
        ),
        pytest.param(
            '{key: a, url: https://a.example/, allow_private: ["10.0.0.5:0"]}',
            "2:60: feeds[0].allow_private[0]: write an IP",
            id="port 0 allowed",
        ),
        pytest.param(
            '{key: a, url: https://a.example/, allow_private: ["10.0.0.555:80"]}',
            "2:60: feeds[0].allow_private[0]: write an IP",
            id="no such address",
        ),
        pytest.param(
            '{key: a, url: https://a.example/, allow_private: ["[10.0.0.5]:80"]}',
            "2:60: feeds[0].allow_private[0]: write an IP",
            id="IPv4 in brackets",
        ),
    ],
)
def test_a_wrong_feed_is_named_where_it_stands(written: str, expected: str, problems: Problems) -> None:
    said = problems(f"{CONTACT}feeds: [ {written} ]\n")

    assert len(said) == 1
    assert said[0].startswith(f"feeds.yaml:{expected}")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("smtp: {security: tls}", "2:7: smtp.host: is missing. Write host: localhost", id="no mail server"),
        pytest.param("smtp: {host: a b}", "2:14: smtp.host: write a host name or an IP address", id="no host name"),
        pytest.param("smtp: {host: a, port: 0}", "2:23: smtp.port: 0 is out of range", id="port 0"),
        pytest.param("smtp: {host: a, security: ssl}", "2:27: smtp.security: write none, starttls or tls", id="ssl"),
        pytest.param(
            "smtp: {host: a, password: hunter2}",
            "2:17: smtp.password: a secret never stands in this file. "
            "Put it into $CREDENTIALS_DIRECTORY/smtp-password, or into a file that $MONITOR_SMTP_PASSWORD_FILE names",
            id="a password",
        ),
        pytest.param("smtp: localhost", "2:7: smtp: write keys and values here", id="a host for the section"),
        pytest.param("defaults: {every: 900}", "2:19: defaults.every: 900 has no unit", id="a default without unit"),
        pytest.param("defaults: 15m", "2:11: defaults: write keys and values here", id="a duration for the section"),
        pytest.param("feeds: {a: b}", "2:8: feeds: write a list", id="a mapping of feeds"),
        pytest.param("rules: Ukraine", "2:8: rules: write a list", id="a word for the rules"),
        pytest.param("channels: [desk]", "2:11: channels: write a name, a colon", id="a list of channels"),
        pytest.param(
            "channels: {desk: ~}", "2:18: channels.desk: write keys and values here", id="a channel of nothing"
        ),
        pytest.param(
            "channels: {desk: {to: [a@b.example]}}",
            "2:18: channels.desk.kind: is missing. Write kind: email",
            id="no kind",
        ),
        pytest.param(
            "channels: {desk: {kind: sms}}",
            "2:25: channels.desk.kind: write email, maildir, console, webhook, exec or apprise",
            id="another kind",
        ),
        pytest.param(
            "channels: {desk: {kind: email}}",
            "2:18: channels.desk.to: an email channel needs an address",
            id="nobody to write to",
        ),
        pytest.param(
            "channels: {desk: {kind: email, to: []}}",
            "2:18: channels.desk.to: an email channel needs",
            id="an empty list of people",
        ),
        pytest.param(
            "channels: {desk: {kind: email, to: a@b.example}}",
            "2:36: channels.desk.to: write a list: [a@b.example]",
            id="one address for a list",
        ),
        pytest.param(
            "channels: {desk: {kind: email, to: [a@b.example, c]}}",
            "2:50: channels.desk.to[1]: 'c' is no mail",
            id="a wrong second address",
        ),
        pytest.param(
            "channels: {desk: {kind: console, path: x}}",
            "2:40: channels.desk.path: only kind: maildir",
            id="a console with a path",
        ),
        pytest.param(
            'channels: {" x": {kind: console}}',
            "2:12: channels. x: write at most 100 characters",
            id="a channel's name with a space",
        ),
        pytest.param(
            'channels: {"a\\nb": {kind: console}}',
            "2:12: channels.a b: holds the control character U+000A",
            id="a channel's name with a line break",
        ),
        pytest.param("digests: {d: {cron: 7 o'clock}}", "2:21: digests.d.cron: write five fields", id="no time table"),
        pytest.param("digests: {d: {cron: 99 7 * * *}}", "2:21: digests.d.cron: is no time table: ", id="minute 99"),
        pytest.param(
            "digests: {d: {cron: 0 0 31 2 *}}", "2:21: digests.d.cron: names a day that never comes", id="31 February"
        ),
        pytest.param(
            "digests: {d: {cron: 0 7 * * 5-1}}",
            '2:21: digests.d.cron: weekdays "5-1" run backwards',
            id="weekdays backwards",
        ),
        pytest.param(
            "digests: {d: {cron: 0 7 * * lundi}}",
            '2:21: digests.d.cron: weekday "lundi" is not understood',
            id="a French weekday",
        ),
        pytest.param(
            'digests: {d: {cron: "0 7 * * 1,,2"}}',
            '2:21: digests.d.cron: weekday "" is not understood',
            id="no weekday between commas",
        ),
        pytest.param("heartbeat: {cron: noon}", "2:19: heartbeat.cron: write five fields", id="no time for it"),
        pytest.param(
            "heartbeat: {ping_every: 1m}", "2:25: heartbeat.ping_every: says how to ping", id="how to ping, and nobody"
        ),
        pytest.param("heartbeat: {ping: ftp://x}", "2:19: heartbeat.ping: ", id="a ping to no web address"),
        pytest.param("digests: {d: {}}", "2:14: digests.d.cron: is missing. Write cron:", id="a digest without times"),
        pytest.param("aliases: {OTAN: NATO}", "2:17: aliases.OTAN: write a list: [NATO]", id="a word for an alias"),
        pytest.param(
            "aliases: {OTAN: []}", "2:17: aliases.OTAN: stands for nothing. Write a list: [OTAN]", id="an empty alias"
        ),
        pytest.param(
            "aliases: {OTAN: [NATO, 1]}",
            '2:24: aliases.OTAN[1]: write it in quotes, to make it text: "1"',
            id="a number in an alias",
        ),
        pytest.param(
            "aliases: {a b: [c]}",
            "2:11: aliases.a b: an alias is named with letters",
            id="an alias's name with a space",
        ),
        pytest.param(
            "aliases: {A: [b, 'c (d']}", '2:18: aliases.A[1]: the alias @A holds "c (d"', id="a query in an alias"
        ),
        pytest.param(
            "aliases: {A: ['@B'], B: ['@A']}",
            "2:15: aliases.A[0]: the alias @A contains itself",
            id="aliases in a circle",
        ),
        pytest.param("feds: []", '2:1: feds: there is no such key. Did you mean "feeds"?', id="a misspelt section"),
        pytest.param("? [a]\n: b", "2:3: a key must be plain text", id="a list as a key"),
    ],
)
def test_a_wrong_section_is_named_where_it_stands(written: str, expected: str, problems: Problems) -> None:
    said = problems(f"{CONTACT}{written}\n")

    assert said[0].startswith(f"feeds.yaml:{expected}")
    assert len(said) == (2 if "@B" in written else 1)


NAMES = (
    CONTACT
    + "feeds: [{key: a, url: https://a.example/, tags: [presse]}]\naliases: {OTAN: [OTAN, NATO]}\n"
    + "channels: {desk: {kind: console}}\ndigests: {morning: {cron: 0 7 * * *}}\n"
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("{query: a}", "6:10: rules[0].name: is missing. Write name: Ukraine", id="no name"),
        pytest.param("{name: R}", '6:10: rules[0]: rule "R" looks for nothing', id="nothing to look for"),
        pytest.param(
            "{name: R, any: []}", '6:10: rules[0]: rule "R" looks for nothing', id="an empty list to look for"
        ),
        pytest.param(
            "{name: R, none: [a]}", "6:10: rules[0]: this says only what must be absent", id="only what is absent"
        ),
        pytest.param(
            "{name: R, query: -a}", "6:27: rules[0].query: this says only what must be absent", id="only an absent word"
        ),
        pytest.param("{name: R, query: ''}", "6:27: rules[0].query: is empty", id="an empty query"),
        pytest.param("{name: R, query: a (b}", '6:29: rules[0].query: "(" is never closed', id="plain, at its column"),
        pytest.param(
            "{name: R, query: 'a (b'}", '6:30: rules[0].query: "(" is never closed', id="quoted, at its column"
        ),
        pytest.param(
            '{name: R, query: "a \\"b\\" (c"}',
            '6:27: rules[0].query: column 7 of the query: "(" is never',
            id="with escapes, at the query",
        ),
        pytest.param(
            '{name: R, query: "a\u00a0\u00a0(b"}', '6:31: rules[0].query: "(" is never closed', id="behind other spaces"
        ),
        pytest.param(
            '{name: R, query: "e\u0301 (b"}',
            '6:27: rules[0].query: column 3 of the query: "(" is never',
            id="behind composed letters, at the query",
        ),
        pytest.param(
            "{name: R, query: '@OTN'}",
            "6:28: rules[0].query: there is no alias @OTN. Did you mean @OTAN?",
            id="an unknown alias",
        ),
        pytest.param(
            "{name: R, all: [a], any: [b, b, c (d], none: [e]}",
            '6:44: rules[0].any[2]: "(" is never closed',
            id="in a list",
        ),
        pytest.param(
            "{name: R, query: a, channels: [dsk]}",
            '6:41: rules[0].channels[0]: there is no channel "dsk". Did you mean "desk"?',
            id="channel",
        ),
        pytest.param(
            "{name: R, query: a, channels: [desk, 1]}",
            "6:47: rules[0].channels[1]: write it in quotes",
            id="a number for a channel",
        ),
        pytest.param(
            "{name: R, query: a, digest: noon}",
            '6:38: rules[0].digest: there is no digest "noon". Known here: morning',
            id="digest",
        ),
        pytest.param(
            "{name: R, query: a, feeds: [a, b]}",
            '6:41: rules[0].feeds[1]: there is no feed "b". Known here: a',
            id="feed",
        ),
        pytest.param(
            "{name: R, query: a, tags: [press]}",
            '6:37: rules[0].tags[0]: there is no tag of a feed "press". Did you mean "presse"?',
            id="tag",
        ),
        pytest.param(
            "{name: R, query: a, languages: [french]}", "6:42: rules[0].languages[0]: is no language tag", id="language"
        ),
        pytest.param(
            "{name: R, query: a, examples: [a]}",
            "6:40: rules[0].examples: write keys and values here",
            id="a list of examples",
        ),
        pytest.param(
            "{name: R, query: a, examples: {mach: [a]}}",
            '6:41: rules[0].examples.mach: there is no such key. Did you mean "match"?',
            id="a misspelt kind of example",
        ),
        pytest.param(
            "{name: R, query: a, examples: {match: [a, b]}}",
            '6:52: rules[0].examples.match[1]: rule "R" does not match this example: "b". Correct the rule or',
            id="an example that does not match",
        ),
        pytest.param(
            "{name: R, query: a, examples: {no_match: [a]}}",
            '6:52: rules[0].examples.no_match[0]: rule "R" matches this example: "a"',
            id="an example that matches",
        ),
        pytest.param(
            "{name: R, query: a, enabled: false, examples: {match: [b]}}",
            '6:65: rules[0].examples.match[0]: rule "R" does not',
            id="an example of a rule not in use",
        ),
        pytest.param(
            '{name: R, query: a, examples: {match: ["a\\0"]}}',
            "6:49: rules[0].examples.match[0]: holds the control character U+0000",
            id="NUL in an example",
        ),
    ],
)
def test_a_wrong_rule_is_named_where_it_stands(written: str, expected: str, problems: Problems) -> None:
    said = problems(f"{NAMES}rules: [ {written} ]\n")

    assert len(said) == 1
    assert said[0].startswith(f"feeds.yaml:{expected}")


def test_the_column_in_a_block_query_is_counted_in_the_query(problems: Problems) -> None:
    said = problems(CONTACT + "rules:\n  - name: R\n    query: >-\n      a OR\n      (b\n")

    assert said[0].startswith('feeds.yaml:4:12: rules[0].query: column 6 of the query: "(" is never closed')


def test_examples_do_not_mind_for_which_feeds_and_languages_a_rule_is(load: Load) -> None:
    loaded = load(
        NAMES + "rules:\n  - {name: R, query: a, feeds: [a], tags: [presse], languages: [fr], examples: {match: [a]}}\n"
    )

    assert loaded.rules[0].languages == ("fr",)


def test_the_examples_of_a_rule_not_in_use_are_tried_too(load: Load) -> None:
    loaded = load(NAMES + "rules: [{name: R, query: a, enabled: false, examples: {match: [a]}}]")

    assert loaded.rules[0].enabled is False


def test_an_example_of_several_lines_begins_with_its_title(problems: Problems) -> None:
    said = problems(NAMES + 'rules: [{name: R, query: "title:a b", examples: {match: ["a\\nb", "b\\na"]}}]')

    assert [message.split(": ")[1] for message in said] == ["rules[0].examples.match[1]"]


def test_every_mistake_is_named_at_once_in_file_order(problems: Problems) -> None:
    said = problems(
        "monitor: {contact: desk, workers: many}\n"
        "feeds:\n"
        "  - {key: a, url: https://a.example/, every: 15}\n"
        "  - {key: b, url: https://b.example/, every: 1h}\n"
        "  - {key: b, url: https://c.example/}\n"
        "rules:\n"
        "  - {name: R, query: a}\n"
        "  - {name: R, query: (}\n"
        "  - {name: S, query: a, feeds: [a, b, c]}\n"
        "channels: {desk: {kind: sms}}\n"
        "monitor: {}\n"
    )

    assert [message.split(": ")[0] for message in said] == [
        "feeds.yaml:1:20",
        "feeds.yaml:1:35",
        "feeds.yaml:3:46",
        "feeds.yaml:5:11",
        "feeds.yaml:8:12",
        "feeds.yaml:8:23",
        "feeds.yaml:9:39",
        "feeds.yaml:10:25",
        "feeds.yaml:11:1",
    ]


def test_one_mistake_is_reported_once_though_others_refer_to_it(problems: Problems) -> None:
    said = problems(
        CONTACT + "defaults: {every: 900, tags: [presse]}\n"
        "feeds: [{key: a, url: nowhere}]\n"
        "aliases: {OTAN: 7}\n"
        "rules:\n"
        "  - name: R\n"
        "    query: '@OTAN'\n"
        "    feeds: [a]\n"
        "    tags: [presse]\n"
        "    channels: [desk]\n"
        "    digest: d\n"
        "    examples: {match: [NATO]}\n"
        "channels: {desk: {kind: sms}}\n"
        "digests: {d: {cron: never}}\n"
    )

    assert [message.split(": ")[1] for message in said] == [
        "defaults.every",
        "feeds[0].url",
        "aliases.OTAN",
        "channels.desk.kind",
        "digests.d.cron",
    ]


def test_a_hundred_people_are_enough_for_one_channel(problems: Problems) -> None:
    people = ", ".join(f"p{number}@example.org" for number in range(101))

    said = problems(f"{CONTACT}channels: {{desk: {{kind: email, to: [{people}]}}}}")

    assert said == ["feeds.yaml:2:36: channels.desk.to: holds 101; at most 100"]


def test_many_known_names_are_not_all_listed(problems: Problems) -> None:
    feeds = "".join(f"  - {{key: a{number:02}, url: https://a{number}.example/}}\n" for number in range(12))

    said = problems(f"{CONTACT}feeds:\n{feeds}rules: [{{name: R, query: a, feeds: [zzz]}}]")

    assert said[0].endswith('there is no feed "zzz". Known here: a00, a01, a02, a03, a04, a05, a06, a07, a08, a09, …')


def test_no_message_repeats_the_password_of_a_url(problems: Problems) -> None:
    said = problems(CONTACT + 'feeds: [{key: a, url: "https://user:hunter2@a.example:x/"}]')

    assert "hunter2" not in "".join(said)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "feeds.yaml: is empty. Begin with monitor: {contact: desk@example.org}", id="empty"),
        pytest.param("# soon\n", "feeds.yaml: is empty.", id="only a comment"),
        pytest.param(
            "feeds: []", "feeds.yaml:1:1: monitor: is missing. Write monitor: {contact:", id="no monitor section"
        ),
        pytest.param(
            "monitor:\nfeeds: []", "feeds.yaml:1:1: monitor: is missing. Write", id="an empty monitor section"
        ),
        pytest.param(
            "monitor: {workers: 1}", "feeds.yaml:1:10: monitor.contact: is missing. Write contact:", id="no contact"
        ),
        pytest.param(b"\xff\xfe", "feeds.yaml: is UTF-16. Save it as UTF-8", id="UTF-16"),
        pytest.param("a: [b", "feeds.yaml:1:4: not YAML: this bracket", id="not YAML"),
    ],
)
def test_a_file_that_is_no_configuration_gets_one_clear_message(
    text: str | bytes, expected: str, problems: Problems
) -> None:
    said = problems(text)

    assert len(said) == 1
    assert said[0].startswith(expected)


@pytest.mark.parametrize("text", ["just text", "[a, list]", "42"])
def test_a_file_that_is_no_mapping_is_told_how_to_begin(text: str, problems: Problems) -> None:
    said = problems(text)

    assert len(said) == 1
    assert said[0].startswith("feeds.yaml:1:1: begin with sections at the left margin: monitor:, feeds:")
