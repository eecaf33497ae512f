"""The command `monitor`: runs the command line and turns every expected error into one line and an exit status."""

from __future__ import annotations

import os
import signal
import sys

from monitor.errors import ArchiveBusy, ArchiveError, ConfigError, MonitorError

EXIT_FAILED = 1
EXIT_ARCHIVE = 69  # EX_UNAVAILABLE of sysexits.h
EXIT_BUSY = 75  # EX_TEMPFAIL
EXIT_CONFIG = 78  # EX_CONFIG


def main() -> int:
    """Runs the command line; the exit status is the contract's."""
    from monitor.cli import cli

    try:
        status = cli.main(prog_name="monitor", standalone_mode=False)
    except BrokenPipeError:
        # The reader of our output has gone (`monitor search … | head`): end as quietly as any other tool would.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Exception as error:
        return _explained(error)
    return status if isinstance(status, int) else 0


def _explained(error: Exception) -> int:
    """Prints an expected error and gives its exit status; re-raises an unexpected one, which is a fault of ours."""
    import click

    match error:
        case click.ClickException():
            error.show()
            return error.exit_code
        case click.Abort():
            print("stopped", file=sys.stderr)
            return 128 + signal.SIGINT
        case ConfigError():
            print(error, file=sys.stderr)
            return EXIT_CONFIG
        case ArchiveBusy():
            status = EXIT_BUSY
        case ArchiveError():
            status = EXIT_ARCHIVE
        case MonitorError():
            status = EXIT_FAILED
        case _:
            raise error
    print(f"monitor: {error}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
