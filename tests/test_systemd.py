"""The service files: systemd accepts them, they fence the daemon in, and they agree with the program."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from monitor.__main__ import EXIT_CONFIG

FOLDER = Path(__file__).parent.parent / "systemd"
UNIT = FOLDER / "monitor.service"
UNITS = [UNIT, FOLDER / "monitor-failure@.service", FOLDER / "monitor-web.service"]

each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def directives() -> dict[str, list[str]]:
    """What the unit says: directive → its values, in file order."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            name, value = line.split("=", 1)
            found.setdefault(name, []).append(value)
    return found


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs systemd-analyze."""
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@needs_systemd
@each_unit
def test_systemd_finds_no_fault_with_the_unit(unit: Path, tmp_path: Path) -> None:
    for each in UNITS:  # side by side, as they are installed: one names the other
        shutil.copy(each, tmp_path)
    said = analyze("verify", str(tmp_path / unit.name.replace("@.", "@monitor."))).stderr.splitlines()

    # The program is not installed where the tests run; that is the one thing it may miss.
    assert [line for line in said if line and "/opt/monitor/bin/monitor is not executable" not in line] == []


@needs_systemd
@each_unit
def test_the_service_may_do_little_more_than_talk_to_the_network(unit: Path) -> None:
    exposure = analyze("security", "--offline=true", "--threshold=20", str(unit))

    assert exposure.returncode == 0, exposure.stdout + exposure.stderr


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="systemd-sysusers is not installed")
def test_systemd_would_make_the_user(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()

    made = subprocess.run(
        ["systemd-sysusers", f"--root={tmp_path}", "--dry-run", str(FOLDER / "monitor.sysusers")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert made.returncode == 0, made.stderr
    assert "monitor" in made.stderr + made.stdout


@each_unit
def test_every_setting_is_explained(unit: Path) -> None:
    """A block of settings follows a comment, so that nobody has to guess why a line is there."""
    unexplained = []
    explained = False
    for line in unit.read_text().splitlines():
        if line.startswith("#"):
            explained = True
        elif not line or line.startswith("["):
            explained = False
        elif not explained and not line.startswith(("Description=", "WantedBy=")):
            unexplained.append(line)

    assert unexplained == []


def test_the_unit_runs_the_daemon_on_the_documented_paths() -> None:
    unit = directives()

    assert unit["ExecStart"] == ["/opt/monitor/bin/monitor run"]
    assert "MONITOR_CONFIG=/etc/monitor/feeds.yaml" in unit["Environment"]
    assert unit["ConditionPathExists"] == ["/etc/monitor/feeds.yaml"]
    assert unit["StateDirectory"] == ["monitor"]


def test_a_wrong_configuration_is_not_started_over_and_over() -> None:
    prevented = directives()["RestartPreventExitStatus"][0].split()

    assert prevented == ["2", str(EXIT_CONFIG)]


def test_a_setup_without_a_mail_password_starts() -> None:
    assert "LoadCredential" not in directives()
    assert "#LoadCredential=smtp-password:/etc/monitor/smtp-password" in UNIT.read_text().splitlines()


def test_the_user_of_the_unit_is_the_one_that_is_made() -> None:
    [made] = [line for line in (FOLDER / "monitor.sysusers").read_text().splitlines() if not line.startswith("#")]
    unit = directives()

    assert re.split(r"\s+", made)[:2] == ["u", unit["User"][0]]
    assert unit["User"] == unit["Group"] == ["monitor"]
