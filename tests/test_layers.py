"""The layers: a module imports only from below. The table here is the architecture; code and table must agree."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "monitor"

# Bottom to top. Within the core each module may import those before it; edges never import one another.
WORDS = ["model", "errors"]
CORE = [
    "conditional",
    "challenge",
    "rhythm",
    "cadence",
    "moves",
    "policy",
    "hours",
    "baseline",
    "text",
    "sheets",
    "vocabulary",
    "events",
    "urls",
    "refusal",
    "language",
    "w3cdate",
    "inflate",
    "document",
    "sitemap",
    "jsonfeed",
    "parse",
    "likeness",
    "normalise",
    "page",
    "identity",
    "dedupe",
    "kinship",
    "rules",
    "advice",
    "mail",
    "render",
    "alert",
    "grouping",
    "findings",
    "opml",
    "feedout",
    "changes",
    "charts",
    "discover",
]
EDGES = ["config", "fetch", "workers", "archive", "channels", "logs", "notify"]
# An edge in several files: the others serve only the first.
PARTS_OF_EDGES = {"guard": "fetch", "resolver": "fetch", "body": "fetch", "pool": "workers", "preload": "workers"}
FLOWS = ["poll", "probe", "search", "export", "compose", "deliver", "watch", "upkeep"]
# Likewise of a flow.
PARTS_OF_FLOWS = {"fulltext": "poll"}
ENTRY = ["show", "cli", "web", "daemon", "__main__"]

# What only one module may touch.
SOLE_IMPORTERS = {
    "feedparser": {"parse"},
    "langdetect": {"language"},
    "lark": {"rules"},
    "lingua": {"language"},
    "lxml": {"page"},
    "trafilatura": {"page"},
    "apprise": {"channels"},  # opens connections of its own: docs/security.md
    "datasette": {"web"},
    "uvicorn": {"web"},
    "httpx": {"fetch", "guard"},
    "httpcore": {"fetch", "guard"},
    "aiosmtplib": {"channels"},
    "sqlite3": {"archive"},
    "sqlite_utils": {"archive"},
    "apscheduler": {"daemon", "config", "hours"},
    "yaml": {"config"},
    "listparser": {"opml"},
    "re2": {"rules"},
    "snowballstemmer": {"rules"},
}

# Ways out of this machine. Every request goes through the guard, so nobody else may open a connection: only look-ups,
# mail (aiosmtplib above) and the service manager's datagrams have a door of their own.
WAYS_OUT = {
    "aiohttp": set(),
    "asyncio.open_connection": set(),
    "ftplib": set(),
    "http.client": set(),
    "imaplib": set(),
    "poplib": set(),
    "pycurl": set(),
    "requests": set(),
    "smtplib": set(),
    "socket": {"channels", "guard", "notify", "resolver", "web"},  # web: to be asked, never to ask
    "socketserver": set(),
    "telnetlib": set(),
    "urllib.request": set(),
    "urllib3": set(),
    "xmlrpc.client": set(),
}
# As they stand in the code, whatever they were imported as.
CALLS_OUT = {
    "AsyncClient(": {"fetch"},
    "create_connection(": set(),
    "create_datagram_endpoint(": set(),
    "create_subprocess_exec(": {"channels"},
    "create_subprocess_shell(": set(),
    "fetch_url(": set(),  # trafilatura's own, which follows redirects anywhere
    "open_connection(": set(),
    "open_unix_connection(": set(),
    "sock_connect(": set(),
    "socket.socket(": {"notify"},
    "urlopen(": set(),
}

IMPURE = {
    "time",
    "random",
    "socket",
    "ssl",
    "subprocess",
    "threading",
    "asyncio",
    "logging",
    "structlog",
    "os",
    "secrets",
}


def modules() -> dict[str, list[Path]]:
    """Top-level module or sub-package name → its files."""
    found: dict[str, list[Path]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if "_shipped" not in path.parts:
            relative = path.relative_to(PACKAGE)
            found.setdefault(relative.parts[0].removesuffix(".py"), []).append(path)
    return found


def imports(path: Path) -> set[str]:
    """The dotted names a file imports at run time, wherever in the file. Imports for type checking do not count."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def own_imports(path: Path) -> set[str]:
    """The modules of this package a file imports, by top-level name."""
    return {
        name.split(".")[1] for name in imports(path) if name.startswith("monitor.") and name.split(".")[1] in modules()
    }


def allowed(module: str) -> set[str]:
    """What a module may import: all that lies below it."""
    module = PARTS_OF_EDGES.get(module, module)
    parts = {part for part, whole in PARTS_OF_EDGES.items() if whole == module}
    if module in WORDS:
        return set(WORDS[: WORDS.index(module)])
    if module in CORE:
        return {*WORDS, *CORE[: CORE.index(module) + 1]}
    if module in EDGES:
        return {*WORDS, *CORE, module, *parts}
    if module in PARTS_OF_FLOWS:
        return {*WORDS, *CORE, *EDGES}
    if module in FLOWS:
        return {*WORDS, *CORE, *EDGES, *(part for part, whole in PARTS_OF_FLOWS.items() if whole == module)}
    return {*WORDS, *CORE, *EDGES, *FLOWS, *ENTRY}


def test_every_module_has_its_place_in_the_table() -> None:
    assert set(modules()) == {"__init__", *WORDS, *CORE, *EDGES, *PARTS_OF_EDGES, *FLOWS, *PARTS_OF_FLOWS, *ENTRY}


@pytest.mark.parametrize("module", sorted(set(modules()) - {"__init__"}))
def test_a_module_imports_only_from_below(module: str) -> None:
    imported = set().union(*map(own_imports, modules()[module]))

    assert imported - allowed(module) == set()


@pytest.mark.parametrize("module", CORE)
def test_the_core_reads_no_clock_no_network_and_no_chance(module: str) -> None:
    imported = set().union(*map(imports, modules()[module]))

    assert {name for name in imported if name.split(".")[0] in IMPURE} == set()
    for path in modules()[module]:
        source = path.read_text()
        assert "datetime.now(" not in source
        assert "open(" not in source.replace("urlopen(", "")


@pytest.mark.parametrize("library", sorted(SOLE_IMPORTERS))
def test_a_library_has_one_door(library: str) -> None:
    importers = {
        module
        for module, files in modules().items()
        for path in files
        if any(name == library or name.startswith(f"{library}.") for name in imports(path))
    }

    assert importers <= SOLE_IMPORTERS[library]


@pytest.mark.parametrize("way", sorted(WAYS_OUT))
def test_no_module_has_a_way_out_of_its_own(way: str) -> None:
    importers = {
        module
        for module, files in modules().items()
        for path in files
        if any(name == way or name.startswith(f"{way}.") for name in imports(path))
    }

    assert importers <= WAYS_OUT[way]


@pytest.mark.parametrize("call", sorted(CALLS_OUT))
def test_nobody_opens_a_connection_past_the_guard(call: str) -> None:
    callers = {module for module, files in modules().items() for path in files if call in path.read_text()}

    assert callers <= CALLS_OUT[call]
