"""What feeds.yaml means when it is right, and what is taken with a warning."""

from __future__ import annotations

import os
import re
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from monitor import config
from monitor.config import Config
from monitor.config import duration as as_duration
from monitor.errors import ConfigError
from monitor.model import ChannelSpec, DigestSpec, FeedSpec, HeartbeatSpec, ProxySpec, RetentionSpec, RuleSpec, SmtpSpec
from monitor.urls import DEFAULT, link_key
from tests.config.conftest import CONTACT, Load, Problems

EVERYTHING = """\
monitor:
  contact: desk@example.org            # in the User-Agent and as a mail's From
  archive: db/archive.db               # a path; later also postgresql://…
  languages: [fr, en, uk, ru, de]      # candidates for language tagging
  timezone: Europe/Paris
  workers: 2                           # processes for parsing and enriching; 0 = inline
  host_delay: 1s                       # between two requests to one host
  host_connections: 2
defaults: {every: 15m, alert_backlog: 0}   # alert_backlog: 24h = the first poll also alerts on items that young
feeds:
  - {key: lemonde, url: "https://www.lemonde.fr/rss/une.xml", language: fr, tags: [presse], every: 5m, fulltext: true}
  - {key: intranet, url: "http://10.0.0.5:8080/feed", allow_private: ["10.0.0.5:8080"]}   # otherwise refused
aliases:
  OTAN: [OTAN, NATO, "Alliance atlantique", НАТО, 北约]
rules:
  - name: Ukraine                      # the simple case stays simple
    query: Ukraine
    channels: [desk]
  - name: otan-ukraine
    query: '@OTAN NEAR/12 ukrain*'
    languages: [fr, en]
    channels: [desk]
    digest: morning
    examples: {match: ["L'OTAN et l'Ukraine …"], no_match: ["…"]}
channels:
  desk: {kind: email, to: [desk@example.org]}
digests:
  morning: {cron: "0 7 * * 1-5"}
smtp: {host: localhost, port: 25, security: none}
"""


def beginnings(loaded: Config, expected: str | None) -> list[str]:
    """The warnings as monitor prints them, each cut to the length of what is expected."""
    return [warning.located("feeds.yaml")[: len(f"feeds.yaml:{expected}")] for warning in loaded.warnings]


# ── what a right file means ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_whole_configuration_is_read(load: Load, tmp_path: Path) -> None:
    loaded = load(EVERYTHING)

    assert loaded == Config(
        path=tmp_path / "feeds.yaml",
        contact="desk@example.org",
        archive=str(tmp_path / "db/archive.db"),
        languages=("fr", "en", "uk", "ru", "de"),
        detector="langdetect",
        timezone="Europe/Paris",
        workers=2,
        host_delay=timedelta(seconds=1),
        host_connections=2,
        user_agent=None,
        proxy=None,
        links=DEFAULT,
        feeds=(
            FeedSpec(
                key="lemonde",
                url="https://www.lemonde.fr/rss/une.xml",
                language="fr",
                tags=("presse",),
                every=timedelta(minutes=5),
                max_every=timedelta(minutes=5),
                fulltext=True,
            ),
            FeedSpec(key="intranet", url="http://10.0.0.5:8080/feed", allow_private=("10.0.0.5:8080",)),
        ),
        aliases={"OTAN": ("OTAN", "NATO", "Alliance atlantique", "НАТО", "北约")},
        rules=(
            RuleSpec(name="Ukraine", query="Ukraine", channels=("desk",)),
            RuleSpec(
                name="otan-ukraine",
                query="@OTAN NEAR/12 ukrain*",
                languages=("fr", "en"),
                channels=("desk",),
                digest="morning",
                examples_match=("L'OTAN et l'Ukraine …",),
                examples_no_match=("…",),
            ),
        ),
        rule_places=loaded.rule_places,
        channels={"desk": ChannelSpec(name="desk", kind="email", to=("desk@example.org",))},
        digests={"morning": DigestSpec(name="morning", cron="0 7 * * mon,tue,wed,thu,fri", timezone="Europe/Paris")},
        heartbeat=None,
        retention=RetentionSpec(feeds=(("lemonde", timedelta.max), ("intranet", timedelta.max))),
        backup=None,
        smtp=SmtpSpec(host="localhost", port=25, security="none"),
        maildir=tmp_path / "db/maildir",
        templates=(),
        warnings=loaded.warnings,
    )
    assert loaded.warnings == ()


def test_tracking_parameters_of_the_file_come_on_top_of_our_own(load: Load) -> None:
    loaded = load(
        "monitor:\n  contact: desk@example.org\n  tracking:\n    drop: [Campaign, 'xyz_*', origin=mail]\n"
        "    keep: [utm_id]\n    hosts: {example.org: {drop: [id], keep: [campaign]}}\n"
    )

    def key(link: str) -> str | None:
        return link_key(link, loaded.links)

    assert key("https://a.example/x?campaign=1&xyz_from=2&origin=mail&utm_source=3&utm_id=4") == "a.example/x?utm_id=4"
    assert key("https://a.example/x?id=1&origin=desk") == "a.example/x?id=1&origin=desk"
    assert key("https://blog.example.org/x?campaign=1&id=2") == "blog.example.org/x?campaign=1"


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://proxy.example.org:3128", ProxySpec(host="proxy.example.org", port=3128)),
        ("http://desk%40home@[fd00::5]:8080/", ProxySpec(host="fd00::5", port=8080, user="desk@home")),
    ],
)
def test_a_proxy_is_an_address_and_perhaps_a_user(url: str, proxy: ProxySpec, load: Load) -> None:
    assert load(f"monitor: {{contact: desk@example.org, proxy: '{url}'}}\n").proxy == proxy


def test_a_contact_alone_is_enough(load: Load, tmp_path: Path) -> None:
    loaded = load(CONTACT)

    assert (loaded.languages, loaded.timezone, loaded.workers, loaded.smtp) == ((), "UTC", 2, None)
    assert (loaded.feeds, loaded.rules, loaded.archive) == ((), (), str(tmp_path / "db/archive.db"))


def test_a_key_with_nothing_after_it_counts_as_not_written(load: Load) -> None:
    loaded = load(
        "monitor:\n  contact: desk@example.org\n  timezone:\ndefaults:\nfeeds:\naliases:\nrules:\nchannels:\n"
        "digests:\nsmtp:\n"
    )

    assert (loaded.timezone, loaded.feeds, loaded.rules, loaded.smtp) == ("UTC", (), (), None)


def test_a_feed_takes_from_the_defaults_what_it_does_not_say(load: Load) -> None:
    loaded = load(
        CONTACT + "defaults: {every: 1h, alert_backlog: 1d, language: fr, tags: [presse]}\n"
        "feeds:\n"
        "  - {key: a, url: https://a.example/}\n"
        "  - {key: b, url: https://b.example/, every: 30m, alert_backlog: 0s, language: de, tags: []}\n"
    )

    inheriting, own = loaded.feeds
    assert (inheriting.every, inheriting.alert_backlog) == (timedelta(hours=1), timedelta(days=1))
    assert (inheriting.language, inheriting.tags) == ("fr", ("presse",))
    assert (own.every, own.alert_backlog) == (timedelta(minutes=30), timedelta(0))
    assert (own.language, own.tags) == ("de", ())


@pytest.mark.parametrize(
    ("defaults", "feed", "pace"),
    [
        pytest.param("", "", "5m 15m 1h", id="nothing is said"),
        pytest.param("every: 10m", "", "5m 10m 40m", id="the default interval"),
        pytest.param("every: 2m", "", "2m 2m 8m", id="a short default interval"),
        pytest.param("every: 10m, min: 1m, max: 20m", "", "1m 10m 20m", id="default bounds"),
        pytest.param("every: 10m, max: 20m", "every: 5m", "5m 5m 5m", id="an interval of its own is a promise"),
        pytest.param("max: 2h", "every: 5h", "5m 5h 5h", id="also a long one"),
        pytest.param("", "every: 5m, max: 1h", "5m 5m 1h", id="that a maximum beside it qualifies"),
        pytest.param("min: 10m", "every: 2m", "2m 2m 2m", id="and no default minimum can break"),
        pytest.param("", "min: 1m, max: 15m", "1m 15m 15m", id="bounds of its own"),
    ],
)
def test_a_feeds_interval_has_bounds(defaults: str, feed: str, pace: str, load: Load) -> None:
    line = ", ".join(filter(None, ("key: a, url: https://a.example/", feed)))

    (spec,) = load(f"{CONTACT}defaults: {{{defaults}}}\nfeeds: [{{{line}}}]").feeds

    assert [spec.min_every, spec.every, spec.max_every] == [as_duration(span) for span in pace.split()]


def test_values_are_brought_to_their_usual_form(load: Load) -> None:
    loaded = load(
        "monitor: {contact: desk@example.org, languages: [FR, fr, pt_br]}\n"
        "feeds:\n"
        "  - {key: a, url: https://a.example/, country: fr, language: no, tags: [x, x],\n"
        '     allow_private: ["[FD00:0::5]:080", "10.0.0.5:80"]}\n'
    )

    assert loaded.languages == ("fr", "pt-BR")
    assert (loaded.feeds[0].country, loaded.feeds[0].language, loaded.feeds[0].tags) == ("FR", "no", ("x",))
    assert loaded.feeds[0].allow_private == ("[fd00::5]:80", "10.0.0.5:80")


@pytest.mark.parametrize(
    ("written", "duration"),
    [
        ("1s", timedelta(seconds=1)),
        ("15m", timedelta(minutes=15)),
        ("2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
        ("1w", timedelta(weeks=1)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(written: str, duration: timedelta, load: Load) -> None:
    loaded = load(CONTACT + f"feeds: [{{key: a, url: https://a.example/, every: {written}}}]")

    assert loaded.feeds[0].every == duration


def test_a_time_span_for_a_command_may_be_longer_than_one_for_a_feed() -> None:
    assert config.duration("1000d") == timedelta(days=1000)


@pytest.mark.parametrize("written", ["0s", "0", "0m"])
def test_the_pause_between_requests_may_be_none(written: str, load: Load) -> None:
    loaded = load(f"monitor: {{contact: desk@example.org, host_delay: {written}}}")

    assert loaded.host_delay == timedelta(0)


@pytest.mark.parametrize(
    ("cron", "weekdays"),
    [
        pytest.param("0 7 * * *", "*", id="every day"),
        pytest.param("0 7 * * 1-5", "mon,tue,wed,thu,fri", id="cron counts from Sunday"),
        pytest.param("0 7 * * 0", "sun", id="0 is Sunday"),
        pytest.param("0 7 * * 7", "sun", id="7 is Sunday too"),
        pytest.param("0 7 * * 5-7", "fri,sat,sun", id="a range up to Sunday"),
        pytest.param("0 7 * * sat-sun", "sat,sun", id="a range of names up to Sunday"),
        pytest.param("0 7 * * MON,wed", "mon,wed", id="names in any case"),
        pytest.param("0 7 * * */2", "tue,thu,sat,sun", id="every second day, from Sunday"),
        pytest.param("0 7 * * 1-5/2", "mon,wed,fri", id="every second day of a range"),
        pytest.param("0 7 * * 2/3", "tue,fri", id="every third day from Tuesday"),
    ],
)
def test_weekdays_mean_what_cron_means_by_them(cron: str, weekdays: str, load: Load) -> None:
    loaded = load(CONTACT + f'digests: {{d: {{cron: "{cron}"}}}}')

    assert loaded.digests["d"].cron == f"0 7 * * {weekdays}"


@pytest.mark.parametrize(("security", "port"), [("none", 25), ("starttls", 587), ("tls", 465)])
def test_the_mail_servers_port_follows_from_its_security(security: str, port: int, load: Load) -> None:
    loaded = load(CONTACT + f"smtp: {{host: mail.example.org, security: {security}}}")

    assert loaded.smtp == SmtpSpec(host="mail.example.org", port=port, security=security)


def test_mail_comes_from_the_sender_and_without_one_from_the_contact(load: Load) -> None:
    with_sender = load(CONTACT + "smtp: {host: localhost, sender: alerts@example.org}").house
    without = load(CONTACT + "smtp: {host: localhost}").house

    assert (with_sender.contact, with_sender.sender) == ("desk@example.org", "alerts@example.org")
    assert (without.sender, without.timezone) == ("desk@example.org", "UTC")


def test_a_maildirs_path_is_relative_to_the_file(load: Load, tmp_path: Path) -> None:
    loaded = load(CONTACT + "channels: {a: {kind: maildir, path: mail/in}, b: {kind: maildir, path: /srv/mail}}")

    assert loaded.channels["a"].path == str(tmp_path / "mail/in")
    assert loaded.channels["b"].path == "/srv/mail"


def test_another_name_for_publishers_is_kept(load: Load) -> None:
    loaded = load('monitor: {contact: desk@example.org, user_agent: "newsdesk/1.0 (+https://example.org/bot)"}')

    assert loaded.user_agent == "newsdesk/1.0 (+https://example.org/bot)"


# ── where the archive is ──────────────────────────────────────────────────────────────────────────────────────────────

IN_FILE = "monitor: {contact: desk@example.org, archive: in-file.db}"


@pytest.mark.parametrize(
    ("text", "environ", "argument", "expected"),
    [
        pytest.param(
            IN_FILE,
            {"MONITOR_ARCHIVE": "/env.db", "STATE_DIRECTORY": "/state"},
            "/argument.db",
            "/argument.db",
            id="the argument wins",
        ),
        pytest.param(
            IN_FILE,
            {"MONITOR_ARCHIVE": "/env.db", "STATE_DIRECTORY": "/state"},
            None,
            "/env.db",
            id="then the environment",
        ),
        pytest.param(IN_FILE, {"STATE_DIRECTORY": "/state"}, None, "{home}/in-file.db", id="then the file"),
        pytest.param(CONTACT, {"STATE_DIRECTORY": "/state:/more"}, None, "/state/archive.db", id="then the service's"),
        pytest.param(CONTACT, {}, None, "{home}/db/archive.db", id="then beside the file"),
        pytest.param(CONTACT, {}, "here.db", "{cwd}/here.db", id="an argument is relative to the working directory"),
        pytest.param(CONTACT, {}, "sqlite:////srv/a.db", "/srv/a.db", id="a URL with four slashes"),
        pytest.param(
            IN_FILE.replace("in-file.db", '"sqlite:///srv/a.db"'), {}, None, "/srv/a.db", id="a URL with three slashes"
        ),
    ],
)
def test_the_archive_is_the_first_that_is_named(
    text: str, environ: dict[str, str], argument: str | None, expected: str, load: Load, tmp_path: Path
) -> None:
    loaded = load(text, environ=environ, archive=argument)

    assert loaded.archive == expected.format(home=tmp_path, cwd=Path.cwd())
    assert loaded.maildir == Path(loaded.archive).parent / "maildir"


def test_the_systems_own_configuration_means_the_services_archive_for_everyone(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(CONTACT)

    loaded = config.load(tmp_path / "mine.yaml", environ={}, system_file=tmp_path / "feeds.yaml")

    assert loaded.archive == "/var/lib/monitor/archive.db"


@pytest.mark.parametrize(
    ("environ", "argument", "source"),
    [({"MONITOR_ARCHIVE": "postgresql://db/x"}, None, "$MONITOR_ARCHIVE"), ({}, "postgresql://db/x", "--archive")],
)
def test_an_archive_from_outside_that_cannot_be_one_is_named(
    environ: dict[str, str], argument: str | None, source: str, problems: Problems
) -> None:
    said = problems(CONTACT, environ=environ, archive=argument)

    assert len(said) == 1
    assert said[0].startswith(f"feeds.yaml: {source}: this version keeps its archive in SQLite only")


def test_nothing_is_read_from_the_process_environment(load: Load, tmp_path: Path) -> None:
    os.environ["MONITOR_ARCHIVE"] = "/elsewhere.db"
    try:
        loaded = load(CONTACT)
    finally:
        del os.environ["MONITOR_ARCHIVE"]

    assert loaded.archive == str(tmp_path / "db/archive.db")


# ── what is doubtful ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("feed", "expected"),
    [
        pytest.param("url: https://a.example/, every: 4m", "2:51: feeds[0].every: is under 5 minutes", id="hurried"),
        pytest.param(
            "url: http://127.0.0.1/, every: 1s, allow_private: ['127.0.0.1:80']", None, id="hurried, on this machine"
        ),
        pytest.param("url: http://localhost/, every: 1s", None, id="hurried, on localhost"),
        pytest.param("url: http://desk.localhost/, every: 1s", None, id="hurried, on a name of this machine"),
        pytest.param("url: https://a.example/, every: 5m", None, id="five minutes"),
        pytest.param("url: https://a.example/, fulltext: true", None, id="full text, with what reads pages installed"),
        pytest.param("url: https://u:p@a.example/", "2:24: feeds[0].url: holds a password", id="a password"),
        pytest.param(
            "url: http://10.0.0.5/",
            '2:24: feeds[0].url: a private address is refused unless allowed. Write allow_private: ["10.0.0.5:80"]',
            id="private",
        ),
        pytest.param(
            'url: "https://[fd00::5]/"',
            '2:24: feeds[0].url: a private address is refused unless allowed. Write allow_private: ["[fd00::5]:443"]',
            id="private IPv6",
        ),
        pytest.param("url: http://8.8.8.8/", None, id="a public address"),
    ],
)
def test_a_doubtful_feed_is_taken_with_a_warning(feed: str, expected: str | None, load: Load) -> None:
    loaded = load(f"{CONTACT}feeds: [ {{key: a, {feed}}} ]")

    assert len(loaded.feeds) == 1
    assert beginnings(loaded, expected) == ([f"feeds.yaml:{expected}"] if expected else [])


@pytest.mark.parametrize(
    ("feeds", "paths"),
    [
        pytest.param("{key: a, url: https://a.example/}", ["defaults.every"], id="a publisher's feed inherits it"),
        pytest.param("{key: a, url: http://localhost/}", [], id="only feeds on this machine inherit it"),
        pytest.param("{key: a, url: https://a.example/, every: 1h}", [], id="nobody inherits it"),
    ],
)
def test_a_hurried_default_is_warned_of_once(feeds: str, paths: list[str], load: Load) -> None:
    loaded = load(f"{CONTACT}defaults: {{every: 10s}}\nfeeds: [{feeds}]")

    assert [warning.path for warning in loaded.warnings] == paths


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "1:1: feeds: there is none, so nothing is polled", id="no feed"),
        pytest.param(
            "feeds: [{key: a, url: https://a.example/x}, {key: b, url: http://a.example/x/}]",
            '2:59: feeds[1].url: feed "a" has the same URL',
            id="one URL twice",
        ),
        pytest.param(
            "feeds: [{key: a, url: https://a.example/}]\nrules: [{name: R, query: a}]",
            "3:9: rules[0]: names no channel",
            id="a rule without a channel",
        ),
        pytest.param(
            "feeds: [{key: a, url: https://a.example/}]\nrules: [{name: R, query: a, enabled: false}]",
            None,
            id="a rule not in use without a channel",
        ),
        pytest.param(
            "feeds: [{key: a, url: https://a.example/}]\ndigests: {d: {cron: 0 7 1 * 1}}",
            "3:21: digests.d.cron: runs only on days where both",
            id="a digest on both kinds of day",
        ),
        pytest.param(
            "feeds: [{key: a, url: https://a.example/}]\nsmtp: {host: mail.example.org, user: u}",
            "3:38: smtp.user: the password would travel unencrypted",
            id="a password in the clear",
        ),
        pytest.param(
            "feeds: [{key: a, url: https://a.example/}]\nsmtp: {host: localhost, user: u}",
            None,
            id="a password to this machine",
        ),
    ],
)
def test_what_is_allowed_but_hardly_meant_is_warned_of(text: str, expected: str | None, load: Load) -> None:
    loaded = load(CONTACT + text)

    assert beginnings(loaded, expected) == ([f"feeds.yaml:{expected}"] if expected else [])


# ── finding and reading files ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: there is no such file"):
        config.load(tmp_path / "nowhere.yaml", environ={})


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        config.load(tmp_path, environ={})


def test_a_file_of_ten_megabytes_is_not_read_to_its_end(problems: Problems) -> None:
    assert problems(b"#" * 11_000_000) == ["feeds.yaml: is over 10 MB. A configuration is a thousand times smaller"]


def test_the_named_file_wins_then_the_local_one_then_the_systems(tmp_path: Path) -> None:
    local, system = tmp_path / "feeds.yaml", tmp_path / "etc.yaml"
    system.touch()

    only_system = config.find({}, tmp_path, system_file=system)
    local.touch()
    both = config.find({}, tmp_path, system_file=system)
    named = config.find({"MONITOR_CONFIG": "other.yaml"}, tmp_path, system_file=system)

    assert (only_system, both, named) == (system, local, tmp_path / "other.yaml")


def test_with_no_file_anywhere_the_message_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Begin one that says monitor: \{contact: desk@example\.org\}"):
        config.find({}, tmp_path, system_file=tmp_path / "none.yaml")


# ── secrets ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_credential_wins_over_a_named_file(tmp_path: Path) -> None:
    (tmp_path / "smtp-password").write_text("one\n")
    (tmp_path / "other").write_text("two\r\n")
    named = {"MONITOR_SMTP_PASSWORD_FILE": str(tmp_path / "other")}

    assert config.secret("smtp-password", {"CREDENTIALS_DIRECTORY": str(tmp_path), **named}) == "one"
    assert config.secret("smtp-password", {"CREDENTIALS_DIRECTORY": str(tmp_path / "empty"), **named}) == "two"
    assert config.secret("smtp-password", {"CREDENTIALS_DIRECTORY": str(tmp_path / "empty")}) is None
    assert config.secret("smtp-password", {}) is None


def test_spaces_and_inner_line_breaks_belong_to_a_secret(tmp_path: Path) -> None:
    (tmp_path / "smtp-password").write_text(" a b \n\n")

    assert config.secret("smtp-password", {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == " a b \n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(None, "the secret smtp-password cannot be read from here: No such file", id="missing"),
        pytest.param(b"", "the secret smtp-password is empty", id="empty"),
        pytest.param(b"\xff", "the secret smtp-password cannot be read from here: it is not UTF-8", id="not UTF-8"),
    ],
)
def test_a_secret_that_was_promised_and_is_not_there_is_an_error(
    content: bytes | None, expected: str, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ConfigError, match=re.escape(f"{file}: {expected}")):
        config.secret("smtp-password", {"MONITOR_SMTP_PASSWORD_FILE": str(file)})


@pytest.mark.parametrize(
    ("defaults", "feed", "expected"),
    [
        ("{fulltext: true}", "", True),
        ("{fulltext: true}", ", fulltext: false", False),
        ("{}", ", fulltext: true", True),
        ("{}", "", False),
    ],
)
def test_a_feeds_fulltext_is_its_own_or_the_default(defaults: str, feed: str, expected: bool, load: Load) -> None:
    loaded = load(f"{CONTACT}defaults: {defaults}\nfeeds: [ {{key: a, url: https://a.example/{feed}}} ]")

    assert loaded.feeds[0].fulltext is expected


def test_a_detector_that_is_not_installed_is_a_mistake_that_says_what_to_install(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lingua", None)

    with pytest.raises(ConfigError) as mistake:
        load("monitor:\n  contact: desk@example.org\n  detector: lingua\n")

    (problem,) = mistake.value.problems
    assert problem.located("feeds.yaml").startswith("feeds.yaml:3:13: monitor.detector: lingua is not installed.")
    assert "media-monitor[lingua]" in problem.message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("feeds: [ {key: a, url: https://a.example/, fulltext: true} ]", "2:54: feeds[0].fulltext"),
        ("defaults: {fulltext: true}\nfeeds: [ {key: a, url: https://a.example/} ]", "2:22: feeds[0].fulltext"),
    ],
)
def test_without_what_reads_pages_none_is_read_and_the_file_is_taken_with_a_warning(
    text: str, place: str, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trafilatura", None)  # how Python is told that there is no such module

    loaded = load(f"{CONTACT}{text}")

    assert not loaded.feeds[0].fulltext
    (warning,) = loaded.warnings
    assert warning.located("feeds.yaml").startswith(f"feeds.yaml:{place}: no page is read")
    assert "media-monitor[fulltext]" in warning.message


@pytest.mark.parametrize("written", ["heartbeat:", "heartbeat: {}"])
def test_a_heartbeat_that_says_nothing_comes_at_eight_by_the_houses_clock(load: Load, written: str) -> None:
    loaded = load(f"monitor: {{contact: desk@example.org, timezone: Europe/Paris}}\n{written}\n")

    assert loaded.heartbeat == HeartbeatSpec(cron="0 8 * * *", timezone="Europe/Paris")


def test_without_the_section_there_is_no_heartbeat(load: Load) -> None:
    assert load("monitor: {contact: desk@example.org}\n").heartbeat is None
