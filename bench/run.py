"""All benchmarks, one command: `make bench`. Figures are printed and kept in bench/results/.

    python bench/run.py [--feeds 1000] [--no-peer]

The peer, lemon24/reader, is installed once into an environment of its own under bench/results/.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import measure

HERE = Path(__file__).parent
RESULTS = HERE / "results"
PEER = RESULTS / "peer-reader"


def rounds(command: list[str]) -> list[dict[str, object]]:
    """Runs a benchmark and reads its JSON lines."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def peer_python() -> Path:
    """The peer's interpreter, installed on first use. It needs sgmllib3k, which feedparser no longer brings."""
    python = PEER / "bin" / "python"
    if not python.exists():
        print("installing the peer (once)", file=sys.stderr)
        venv.create(PEER, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "reader==3.26", "sgmllib3k"], check=True)
    return python


def main() -> None:
    """Side by side in one run, because the machine's speed drifts between runs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--no-peer", action="store_true")
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    results: dict[str, object] = {"python": platform.python_version(), "feeds": options.feeds}
    with tempfile.TemporaryDirectory() as folder, measure.feed_server(options.feeds) as port:
        count = str(options.feeds)
        ours = rounds([sys.executable, str(HERE / "pipeline.py"), str(port), count, folder])
        measure.set_round(port, 1)
        theirs = []
        if not options.no_peer:
            theirs = rounds([str(peer_python()), str(HERE / "peer_reader.py"), str(port), count, folder])
    results |= {"monitor": ours, "reader": theirs}
    stages = rounds([sys.executable, str(HERE / "stages.py")])
    results["stages"] = stages
    (RESULTS / "latest.json").write_text(json.dumps(results, indent=1))
    show(ours, theirs, stages)


def show(ours: list[dict[str, object]], theirs: list[dict[str, object]], stages: list[dict[str, object]]) -> None:
    """The figures as tables."""
    names = {1: "30 new entries", 2: "half 304, half 2 new", 3: "unchanged body", 4: "304"}
    print(
        f"{'round':22} {'CPU ms/feed':>12} {'reader':>8} {'ratio':>6} {'feeds/s':>8} {'blocked ms':>11} {'peak MB':>8}"
    )
    for index, round_ in enumerate(ours):
        peer = theirs[index]["cpu_ms_per_feed"] if theirs else None
        ratio = f"{round_['cpu_ms_per_feed'] / peer:.2f}" if peer else "-"  # type: ignore[operator]
        print(
            f"{names[index + 1]:22} {round_['cpu_ms_per_feed']:>12} {peer or '-':>8} {ratio:>6} "
            f"{round_['feeds_per_s']:>8} {round_['loop_blocked_ms']:>11} {round_['parent_peak_mb']:>8}"
        )
    print()
    for stage in stages:
        print(f"{stage['stage']:44} {stage['ms']:>8} ms")


if __name__ == "__main__":
    main()
