"""lemon24/reader on the same feeds, in its own environment: `update_feeds`, four rounds, one JSON line each.

ENV/bin/python bench/peer_reader.py PORT FEEDS FOLDER
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import measure
from reader import make_reader


def main(port: int, feeds: int, folder: Path) -> None:
    """Adds the feeds, then updates them four times."""
    reader = make_reader(str(folder / "reader.db"))
    for feed in range(feeds):
        reader.add_feed(measure.url(feed, port))
    for number in (1, 2, 3, 4):
        measure.set_round(port, number)
        wall, cpu = time.perf_counter(), time.process_time()
        reader.update_feeds(workers=10, scheduled=False)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(
            json.dumps(
                {
                    "round": number,
                    "cpu_ms_per_feed": round(cpu * 1000 / feeds, 2),
                    "feeds_per_s": round(feeds / wall, 1),
                    "parent_peak_mb": round(measure.peak_mb(os.getpid())),
                    "entries": reader.get_entry_counts().total,
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
