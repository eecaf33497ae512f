"""The exec channel: what a program is given, what its end means, and that nothing of it is left behind."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.model import Delivered, DeliveryResult, Refused, TryAgain
from tests.channels.messages import a_payload, all_results, for_programs, offered, results
from tests.channels.programs import a_program, an_exec_channel

BRIEF = timedelta(seconds=0.2)
OURS = {
    "PATH": "/usr/bin:/bin",
    "LANG": "fr_FR.UTF-8",
    "HOME": "/home/monitor",
    "CREDENTIALS_DIRECTORY": "/run/credentials/monitor.service",
    "MONITOR_SMTP_PASSWORD_FILE": "/etc/monitor/smtp-password",
    "MONITOR_CONFIG": "/etc/monitor/feeds.yaml",
    "LD_PRELOAD": "/tmp/evil.so",
}


async def ends(folder: Path, script: str, **given: Any) -> DeliveryResult:
    """What one message comes to with a program that does this."""
    (result,) = await results(an_exec_channel(a_program(folder, script), **given), for_programs())
    return result


@contextmanager
def a_pipe(folder: Path, name: str) -> Iterator[int]:
    """A named pipe, held open for reading and writing, so that nobody who opens it waits."""
    os.mkfifo(folder / name)
    descriptor = os.open(folder / name, os.O_RDWR)
    yield descriptor
    os.close(descriptor)


# ── what a program is given ──────────────────────────────────────────────────────────────────────────────────────────


async def test_a_program_reads_the_message_and_gets_its_arguments_unread_by_any_shell(tmp_path: Path) -> None:
    command = [*a_program(tmp_path, 'cat > "$1"; printf %s "$2" > "$1.2"'), str(tmp_path / "got"), "$HOME; `id` *"]

    (result,) = await results(an_exec_channel(command), for_programs())

    assert result == Delivered(reply="exit status 0")
    assert (tmp_path / "got").read_bytes() == a_payload()
    assert (tmp_path / "got.2").read_text() == "$HOME; `id` *"


async def test_a_programs_environment_is_three_variables_of_ours_and_four_about_the_message(tmp_path: Path) -> None:
    result = await ends(tmp_path, f'cat /proc/$$/environ > "{tmp_path}/environ"', environ=OURS)

    assert isinstance(result, Delivered)
    assert dict(
        each.partition("=")[::2] for each in (tmp_path / "environ").read_text(encoding="utf-8").split("\0") if each
    ) == {
        "PATH": "/usr/bin:/bin",
        "LANG": "fr_FR.UTF-8",
        "HOME": "/home/monitor",
        "MONITOR_ID": "1@example.org",
        "MONITOR_KIND": "alert",
        "MONITOR_SUBJECT": "Ukraine",
        "MONITOR_RECIPIENT": "desk",
    }


async def test_a_strange_subject_is_a_plain_variable(tmp_path: Path) -> None:
    subject = "a\x00b\nc\x1b[31m " + "é" * 300_000
    channel = an_exec_channel(a_program(tmp_path, f'printf %s "$MONITOR_SUBJECT" > "{tmp_path}/subject"'))

    (result,) = await results(channel, for_programs(message=a_payload(subject=subject)))

    assert isinstance(result, Delivered)
    found = (tmp_path / "subject").read_text(encoding="utf-8")
    assert found.isprintable()
    assert len(found) <= 1000


async def test_no_open_file_of_ours_reaches_a_program(tmp_path: Path) -> None:
    ours = os.open(tmp_path, os.O_RDONLY)
    os.dup2(ours, 200, inheritable=True)
    try:
        result = await ends(tmp_path, "[ ! -e /proc/self/fd/200 ]")
    finally:
        os.close(200)
        os.close(ours)

    assert isinstance(result, Delivered)


async def test_a_program_starts_in_the_root_folder_and_a_group_of_its_own(tmp_path: Path) -> None:
    await ends(tmp_path, f'pwd > "{tmp_path}/where"; cut -d" " -f5 /proc/$$/stat > "{tmp_path}/group"')

    assert (tmp_path / "where").read_text() == "/\n"
    assert int((tmp_path / "group").read_text()) != os.getpgid(0)


async def test_a_message_that_is_not_read_holds_up_nobody(tmp_path: Path) -> None:
    channel = an_exec_channel(a_program(tmp_path, "exit 0"))

    (result,) = await results(channel, for_programs(message=a_payload(text="long " * 1_000_000)))

    assert isinstance(result, Delivered)


async def test_a_repeat_has_the_same_identity(tmp_path: Path) -> None:
    channel = an_exec_channel(a_program(tmp_path, f'echo "$MONITOR_ID" >> "{tmp_path}/ids"; exit 75'))

    for attempts in range(2):
        await results(channel, for_programs(attempts=attempts))

    assert (tmp_path / "ids").read_text() == "1@example.org\n" * 2


# ── what its end means ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("script", "kind", "wide_or_about"),
    [
        ("exit 0", Delivered, None),
        ("exit 1", TryAgain, False),
        ("exit 2", TryAgain, False),
        ("exit 65", Refused, "message"),
        ("exit 75", TryAgain, False),
        ("exit 126", TryAgain, True),
        ("exit 127", TryAgain, True),
        ("exit 255", TryAgain, False),
        ("/no/such/program", TryAgain, True),
        ("kill -TERM $$", TryAgain, False),
        ("kill -KILL $$", TryAgain, False),
    ],
)
async def test_an_end_means(tmp_path: Path, script: str, kind: type, wide_or_about: object) -> None:
    result = await ends(tmp_path, script)

    assert type(result) is kind
    match result:
        case TryAgain(channel_wide=found) | Refused(about=found):
            assert found == wide_or_about


async def test_a_signal_is_called_by_its_name(tmp_path: Path) -> None:
    result = await ends(tmp_path, "kill -TERM $$")

    assert isinstance(result, TryAgain)
    assert result.why == f"{tmp_path}/program was ended by SIGTERM"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo no; exit 1", ""),
        ("echo first >&2; echo last >&2; echo >&2; exit 1", ": last"),
        (r"printf 'red\033[31m\000\377' >&2; exit 1", ": red"),
        ("head -c 10000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo the end >&2; exit 1", ": the end"),
        ("head -c 10000000 /dev/zero | tr '\\0' x >&2; exit 1", ": xxxx"),
    ],
    ids=["nothing on standard error", "the last line", "control characters", "a flood", "a flood without an end"],
)
async def test_a_programs_last_line_is_kept_clean_and_short(tmp_path: Path, script: str, why: str) -> None:
    result = await ends(tmp_path, script)

    assert isinstance(result, TryAgain)
    assert result.why.isprintable()
    assert result.why.startswith(f"{tmp_path}/program ended with status 1{why}")
    assert len(result.why) <= len(str(tmp_path)) + 250


async def test_a_flood_on_standard_output_is_nobodys(tmp_path: Path) -> None:
    assert await ends(tmp_path, "head -c 100000000 /dev/zero; echo fine >&2") == Delivered(reply="exit status 0: fine")


@pytest.mark.parametrize("what", ["nothing", "a folder", "not executable", "no program", "under a file"])
async def test_what_cannot_be_run_is_the_channels_fault(tmp_path: Path, what: str) -> None:
    file = tmp_path / "program"
    if what == "a folder":
        file.mkdir()
    elif what != "nothing":
        file.write_bytes(b"\x00\x01 nothing that runs")
        file.chmod(stat.S_IRUSR if what == "not executable" else 0o700)
    command = [str(file / "x" if what == "under a file" else file)]

    found = await all_results(an_exec_channel(command), [for_programs(1), for_programs(2)])

    ((number, result),) = found
    assert number == 1
    assert isinstance(result, TryAgain)
    assert result.channel_wide
    assert "cannot be run" in result.why
    assert "Correct the channel's command" in result.why


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_program_that_hangs_is_tried_again_and_two_in_a_row_are_the_programs_fault(tmp_path: Path) -> None:
    with a_pipe(tmp_path, "never"):
        channel = an_exec_channel(a_program(tmp_path, f'cat "{tmp_path}/never"'), timeout=BRIEF)
        found = await all_results(channel, [for_programs(number) for number in (1, 2, 3)])

    why = f"{tmp_path}/program did not end within 0.2 s"
    assert found == [(1, TryAgain(why=why)), (2, TryAgain(why=why, channel_wide=True))]


async def test_nothing_of_a_program_outlives_an_offer_that_is_abandoned(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "alive")
    with a_pipe(tmp_path, "never"):
        never = tmp_path / "never"
        script = f'exec 3> "{tmp_path}/alive"; trap "" TERM; cat "{never}" & echo here >&3; cat "{never}"'
        channel = an_exec_channel(a_program(tmp_path, script))
        alive = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
        reader = asyncio.StreamReader()

        async with aclosing(channel.send(offered(for_programs()))) as sending:
            offer = asyncio.ensure_future(anext(sending))
            await _readable(alive)
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(alive, "rb", buffering=0)
            )
            assert await reader.readline() == b"here\n"
            offer.cancel()
            with pytest.raises(asyncio.CancelledError):
                await offer

        async with asyncio.timeout(30):
            assert await reader.read() == b"", "the pipe ends once nobody has it open"
        transport.close()


async def _readable(descriptor: int) -> None:
    """Waits until somebody has written."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(descriptor, lambda: ready.done() or ready.set_result(None))
    try:
        async with asyncio.timeout(30):
            await ready
    finally:
        loop.remove_reader(descriptor)


async def test_what_a_program_leaves_running_holds_up_nobody(tmp_path: Path) -> None:
    with a_pipe(tmp_path, "leash"):  # what is left running ends with it
        result = await ends(tmp_path, f'exec 3< "{tmp_path}/leash"; cat <&3 & echo "on its way" >&2')

    assert result == Delivered(reply="exit status 0: on its way")
