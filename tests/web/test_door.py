"""Only who may comes in, only reading is possible, and a hostile query costs its own page alone."""

from __future__ import annotations

import csv
import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.archive import open_archive
from monitor.web.door import POLICY, _Inert
from tests.archive.builders import fill
from tests.commands import environment, monitor
from tests.factories import NOW
from tests.web.serving import Client, served

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("door") / "archive.db"
    with closing(open_archive(str(path), now=NOW)) as archive:
        fill(archive)
    return path


@pytest.fixture(scope="module")
def client(path: Path) -> Iterator[Client]:
    with served(path) as client:
        yield client


def test_no_script_runs_nothing_is_framed_and_nothing_is_loaded_from_elsewhere(client: Client) -> None:
    for address in ("/", "/archive", "/nowhere", "/export.csv"):
        headers = client.get(address).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert "script-src" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
    assert client.get("/").headers["content-security-policy"] == POLICY
    assert "server" not in client.get("/").headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_but_reading_is_possible(method: str, client: Client) -> None:
    assert client.get("/archive/articles", method=method).status == 405


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8001", "", "[::2]"])
def test_a_name_that_is_not_ours_is_not_answered(host: str, client: Client) -> None:
    assert client.get("/", Host=host).status == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8001", "127.0.0.1:1", "[::1]:8001"])
def test_the_names_that_are_ours_are_answered(host: str, client: Client) -> None:
    assert client.get("/", Host=host).status == 200


def test_with_a_password_nothing_is_shown_without_it(path: Path) -> None:
    with served(path, password=PASSWORD) as client:
        assert client.get("/").status == 401
        assert client.get("/").headers["www-authenticate"] == 'Basic realm="monitor", charset="UTF-8"'
        assert client.get("/static/style.css").status == 401
        assert client.get("/archive.json", password="correct hors").status == 401
        assert client.get("/", Authorization="Basic %%%").status == 401
        assert client.get("/", Authorization="Bearer x").status == 401
        assert client.get("/", password=PASSWORD).status == 200


HOSTILE = {
    "INSERT INTO feeds (key) VALUES ('x')": 400,
    "DELETE FROM articles": 400,
    "SELECT 1; DROP TABLE articles": 400,
    "ATTACH 'x.db' AS x": 400,
    "VACUUM INTO 'x.db'": 400,
    "PRAGMA journal_mode = DELETE": 400,
    "SELECT load_extension('x')": 400,
    "SELECT zeroblob(900000000)": 400,
    "SELECT printf('%.*c', 900000000, 'x')": 200,
    "SELECT replace(hex(zeroblob(8000000)), '00', 'xxxxxxxxxx')": 400,
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT zeroblob(1000000) FROM n": 400,
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT group_concat(i) FROM n": 400,
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n": 400,
    "WITH x AS (" * 200 + "SELECT 1" + ")" * 200 + " SELECT * FROM x": 400,
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n": 200,  # the first thousand
    "SELECT * FROM pragma_table_info('feeds')": 200,
}


@pytest.mark.parametrize("sql", HOSTILE)
def test_a_hostile_query_costs_its_own_page_alone(sql: str, client: Client, path: Path) -> None:
    from urllib.parse import quote

    before = path.read_bytes()
    answer = client.get(f"/archive?sql={quote(sql)}")

    assert answer.status == HOSTILE[sql], answer.page.said
    assert client.get("/").status == 200
    assert client.get("/archive?sql=SELECT+1").status == 200
    assert path.read_bytes() == before
    assert not (path.parent / "x.db").exists()


@given(st.lists(st.lists(st.text(max_size=20), min_size=1, max_size=4), max_size=6), st.integers(1, 7))
def test_csv_is_made_harmless_however_it_is_cut(rows: list[list[str]], size: int) -> None:
    from monitor.sheets import inert

    rows = [[re.sub("[\r\0]", "", cell).encode(errors="replace").decode() for cell in row] for row in rows]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    body = out.getvalue().encode()
    made = _Inert()

    parts = [made.feed(body[at : at + size], last=False) for at in range(0, len(body), size)]
    parts.append(made.feed(b"", last=True))

    expected = [[inert(cell) for cell in row] for row in csv.reader(io.StringIO(out.getvalue(), newline=""))]
    assert list(csv.reader(io.StringIO(b"".join(parts).decode(), newline=""))) == expected


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def running(path: Path, *options: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    """The command as it is used, on a free port."""
    command = [sys.executable, "-m", "monitor", "--archive", str(path), "web", "--port", "0", *options]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=environment(**variables), cwd=path.parent
    ) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            assert said.startswith("http://127.0.0.1:"), said + process.stderr.read()
            yield process, Client(int(said.removeprefix("http://127.0.0.1:").partition("/")[0]))
        finally:
            process.kill()


def test_the_command_serves_asks_for_the_password_and_ends_when_it_is_told_to(path: Path, tmp_path: Path) -> None:
    (tmp_path / "web-password").write_text(f"{PASSWORD}\n")
    with running(path, "--password-credential", "web-password", CREDENTIALS_DIRECTORY=str(tmp_path)) as (web, client):
        assert client.get("/").status == 401
        assert client.get("/", password=PASSWORD).status == 200
        os.kill(web.pid, signal.SIGTERM)
        assert web.wait(20) in (0, -signal.SIGTERM)


def test_all_pages_together_take_so_much_memory_and_no_more(path: Path) -> None:
    with running(path) as (web, client):
        assert client.get("/").status == 200
        limits = Path(f"/proc/{web.pid}/limits").read_text()

    assert f"Max data size             {2 * 2**30}" in limits


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--host", "0.0.0.0"), "whoever reaches 0.0.0.0 could read the whole archive: add --password-credential"),
        (("--password-credential", "web-password"), "put it into $CREDENTIALS_DIRECTORY/web-password"),
        (("--port", "70000"), "70000 is not in the range"),
    ],
)
def test_what_would_show_the_archive_to_anybody_is_refused(options: tuple[str, ...], said: str, path: Path) -> None:
    result = monitor("--archive", str(path), "web", *options, cwd=path.parent)

    assert result.status == 2
    assert said in " ".join(result.err.split())


def test_a_password_that_is_too_short_is_refused(path: Path, tmp_path: Path) -> None:
    (tmp_path / "p").write_text("short")

    result = monitor("--archive", str(path), "web", "--password-credential", "p", CREDENTIALS_DIRECTORY=str(tmp_path))

    assert result.status == 2
    assert "too short" in result.err


def test_a_port_that_is_taken_and_an_archive_that_is_not_there_are_told(path: Path, client: Client) -> None:
    taken = monitor("--archive", str(path), "web", "--port", str(client.port))
    nothing = monitor("--archive", str(path.parent / "none.db"), "web", "--port", "0")

    assert (taken.status, nothing.status) == (1, 69)
    assert "Address already in use. Choose others with --host and --port." in taken.err
    assert "does not exist" in nothing.err
