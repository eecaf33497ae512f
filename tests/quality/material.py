"""Where the real material lies that these suites run over, and a server for it. Without the folder they are skipped."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

DATA = Path(__file__).parents[3] / "shared" / "data"

needs_material = pytest.mark.skipif(
    not DATA.is_dir(), reason="the real feeds are not here (a folder ../shared/data beside the checkout)"
)


@contextmanager
def served(bodies: Mapping[str, bytes]) -> Iterator[int]:
    """Serves each body at `/NAME` on loopback, with an ETag and no charset; gives the port. `bodies` may change."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = bodies.get(self.path.strip("/"))
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def configuration(names: list[str], port: int, rules: str = "rules: []") -> str:
    """feeds.yaml over such a server: every name a feed."""
    feeds = "".join(
        f'  - {{key: "{name}", url: "http://127.0.0.1:{port}/{name}", allow_private: ["127.0.0.1:{port}"]}}\n'
        for name in names
    )
    return f"monitor: {{contact: desk@example.org, host_delay: 0s, host_connections: 8}}\nfeeds:\n{feeds}{rules}\n"
