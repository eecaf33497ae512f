"""`monitor.templates`: a folder of templates that stand in for ours, read and tried."""

from __future__ import annotations

from pathlib import Path

from monitor.config.items import did_you_mean
from monitor.render import NAMES, faults

LARGEST = 200_000  # bytes of a template


def read_templates(folder: Path) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """(file name, source) of each template in a folder, and what is wrong with them, one line each."""
    templates: list[tuple[str, str]] = []
    wrong: list[str] = []
    try:
        files = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
    except OSError as error:
        return (), (f"{folder} cannot be read: {error.strerror}. Name a folder of templates",)
    for file in files:
        if file.name not in NAMES:
            wrong.append(f"{file}: no mail is made of this. {did_you_mean(file.name, NAMES)}")
            continue
        try:
            source = file.read_bytes()[: LARGEST + 1]
            if len(source) > LARGEST:
                wrong.append(f"{file}: is longer than {LARGEST} bytes")
            templates.append((file.name, source.decode("utf-8")))
        except OSError as error:
            wrong.append(f"{file}: cannot be read: {error.strerror}")
        except UnicodeDecodeError:
            wrong.append(f"{file}: is not UTF-8")
    if not wrong:
        wrong += [f"{folder / name}: {what}" for name, what in faults(tuple(templates))]
    return tuple(templates), tuple(wrong)
