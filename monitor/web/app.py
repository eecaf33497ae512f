"""Datasette (https://datasette.io) on the archive, with our pages, questions and limits; and serving it."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
import uvicorn
from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import Database
from datasette.plugins import pm
from datasette.utils.asgi import Base400, Response
from datasette.utils.asgi import NotFound as DatasetteNotFound
from datasette.views.base import DatasetteError
from markupsafe import Markup

from monitor.archive.adhoc import Params, Recipe, bounded_connection, cookbook, restrict
from monitor.errors import MonitorError, WebError
from monitor.render import LANGUAGES
from monitor.render.words import Words
from monitor.text import html_to_text
from monitor.web import feeds, finding, out, rules, shown, stories, today
from monitor.web.door import App, Door, names_of
from monitor.web.site import LANGUAGE_COOKIE, Ask, BadRequest, NotFound, Request, Site

if TYPE_CHECKING:
    import sqlite3

log = structlog.get_logger()
F = TypeVar("F", bound=Callable[..., Any])

HERE = Path(__file__).parent
DATABASE = "archive"
SQL_MILLISECONDS = 5_000
SQL_ROWS = 1_000
MEMORY_BYTES = 2 * 2**30  # of the whole process

Page = Callable[[Site, Ask], Mapping[str, Any]]
View = Callable[..., Awaitable[Response]]

# Address → what makes the page, its template.
PAGES: Mapping[str, tuple[Page, str]] = {
    r"/$": (today.today, "today.html"),
    r"/search$": (finding.find, "search.html"),
    r"/rules$": (rules.rule_list, "rules.html"),
    r"/rules/(?P<name>[^/]+)$": (rules.rule, "rule.html"),
    r"/(?P<kind>stories|events)/(?P<number>\d{1,18})$": (stories.story, "story.html"),
    r"/articles/(?P<number>\d{1,18})$": (stories.article, "article.html"),
    r"/feeds$": (feeds.feed_list, "feeds.html"),
    r"/feeds/(?P<key>[^/]+)$": (feeds.feed, "feed.html"),
}


def hook(method: F) -> F:
    """Marks what Datasette is to call."""
    marked: F = hookimpl(method)
    return marked


# Datasette's own answer to a fault: it prints every variable there was.
_PRINTS_EVERYTHING = "datasette.handle_exception"


class ArchiveDatabase(Database):  # type: ignore[misc]  # Datasette is not typed
    """The archive as Datasette reads it: an archive, read-only, bounded."""

    def __init__(self, datasette: Datasette, path: str, instant_of: Callable[[str], str]) -> None:
        super().__init__(datasette, path=path, is_mutable=True)
        self._instant_of = instant_of

    def connect(self, write: bool = False) -> sqlite3.Connection:  # Datasette's own signature
        """A connection that cannot write, whatever is asked for."""
        if write:
            raise MonitorError("the archive is only read here.")
        return bounded_connection(self.path)

    async def execute(self, sql: str, params: Any = None, **given: Any) -> Any:
        """Runs a query; its parameters are understood as `monitor sql` does: ages, and none where nothing is given."""
        if isinstance(params, Mapping):
            params = Params((name, self._meant(name, value)) for name, value in params.items())
        return await super().execute(sql, params, **given)

    async def table_counts(self, limit: int = 10) -> dict[str, None]:
        """Unknown: counting is slow where there is much, and nothing shows it."""
        return dict.fromkeys(await self.table_names())

    async def attached_databases(self) -> list[Any]:
        """None: nothing can be attached."""
        return []

    def _meant(self, name: str, value: Any) -> Any:
        if not isinstance(value, str) or re.fullmatch(r"p\d+", name):  # Datasette's own, of its filters
            return value
        return self._instant_of(value) if value else None


class Plugin:
    """What Datasette asks of us."""

    __name__ = "monitor.web"  # Datasette takes plugins for modules

    def __init__(self, site: Site) -> None:
        self.site = site
        self.datasette: Datasette | None = None

    @hook
    def register_routes(self, datasette: Datasette) -> list[tuple[str, View]] | None:
        """Our pages."""
        if datasette is not self.datasette:
            return None
        return [
            *((address, self._view(page, template)) for address, (page, template) in PAGES.items()),
            (r"/export\.(?P<form>csv|jsonl|rss|atom|json|parquet)$", self._export),
            (r"/questions$", self._questions),
            (r"/language$", self._language),
        ]

    @hook
    def prepare_connection(self, conn: sqlite3.Connection, database: str, datasette: Datasette) -> None:
        """Takes from a connection what people's queries do not need."""
        if datasette is self.datasette and database == DATABASE:
            restrict(conn)

    @hook
    def extra_template_vars(self, request: Request | None, datasette: Datasette) -> dict[str, Any]:
        """What every template may use."""
        return self._shared(self.site.words(request), request) if datasette is self.datasette else {}

    @hook
    def handle_exception(self, request: Request, exception: Exception, datasette: Datasette) -> Response | None:
        """What went wrong, on a page of ours, or as JSON who asked for that."""
        if datasette is not self.datasette:
            return None
        status, why = _told(exception, self.site.words(request))
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("page_failed", path=str(request.scope.get("path")), exc_info=exception)
        if str(request.scope.get("path", "")).endswith(".json"):
            return Response.json({"ok": False, "error": why, "status": int(status)}, status=int(status))
        return self._failed(request, datasette, status, why)

    def _shared(self, words: Words, request: Request | None) -> dict[str, Any]:
        path = str(request.scope.get("path", "/")) if request else "/"
        return {
            "w": words,
            "here": path,
            "whole": f"{path}?{request.query_string}" if request and request.query_string else path,
            "languages": LANGUAGES,
            "quoted": shown.quoted,
            "url": shown.url,
            "web_link": shown.web_link,
            "passage": shown.passage,
            "parquet": find_spec("duckdb") is not None,
        }

    # ── views ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _view(self, page: Page, template: str) -> View:
        async def view(request: Request, datasette: Datasette) -> Response:
            return await self._answered(request, datasette, page, template)

        return view

    async def _answered(self, request: Request, datasette: Datasette, page: Page, template: str) -> Response:
        words = self.site.words(request)
        try:
            ask = self.site.ask(request)
            given = await self.site.run(page, self.site, ask)
        except NotFound as error:
            return await self._failed(request, datasette, HTTPStatus.NOT_FOUND, str(error))
        except (BadRequest, ValueError) as error:
            told = str(error) if isinstance(error, BadRequest) else words("web_bad_request")
            return await self._failed(request, datasette, HTTPStatus.BAD_REQUEST, told)
        except MonitorError as error:
            return await self._failed(request, datasette, HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        tools = {
            "when": lambda at: shown.when(at, words, ask.now),
            "since": lambda at: shown.ago(ask.now - at, words),
            "now": ask.now,
        }
        html = await datasette.render_template(template, {**tools, **given}, request=request)
        return Response.html(html, headers={"cache-control": "private, no-cache"})

    async def _failed(self, request: Request, datasette: Datasette, status: HTTPStatus, why: str) -> Response:
        html = await datasette.render_template("failed.html", {"why": why, "status": int(status)}, request=request)
        return Response.html(html, status=int(status))

    async def _export(self, request: Request, datasette: Datasette) -> Response:
        try:
            file = await self.site.run(out.export, self.site, self.site.ask(request))
        except (BadRequest, ValueError) as error:
            return await self._failed(request, datasette, HTTPStatus.BAD_REQUEST, str(error))
        except MonitorError as error:
            return await self._failed(request, datasette, HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        # Of a name beyond ASCII both forms (RFC 6266 §5, appendix D).
        plain = file.name.encode("ascii", "replace").decode().replace("?", "_")
        kind = "inline" if file.shown else "attachment"
        headers = {"content-disposition": f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{shown.quoted(file.name)}"}
        return Response(file.body, headers=headers, content_type=file.type)

    async def _questions(self, request: Request, datasette: Datasette) -> Response:
        html = await datasette.render_template("questions.html", {"recipes": cookbook()}, request=request)
        return Response.html(html)

    async def _language(self, request: Request) -> Response:
        given = self.site.ask(request).given
        back = given.get("back", "/")
        if not re.fullmatch(r"/(?![/\\])[\x21-\x7e]*", back):  # a place of ours, nothing that leads elsewhere
            back = "/"
        response = Response.redirect(back)
        if given.get("to") in LANGUAGES:
            response.set_cookie(LANGUAGE_COOKIE, given["to"], max_age=365 * 86400, httponly=True, samesite="lax")
        return response


def _told(error: Exception, words: Words) -> tuple[HTTPStatus, str]:
    """The status and the words for what went wrong."""
    match error:
        case DatasetteNotFound():
            return HTTPStatus.NOT_FOUND, words("web_no_page")
        case Base400():
            return HTTPStatus(error.status), str(error)
        case DatasetteError():
            # Its message may be HTML: what Datasette has to say of a query that took too long.
            told = html_to_text(str(error.message)) if error.message_is_html else str(error.message)
            # What it blames nobody for is a mistake in the address all the same.
            return HTTPStatus(400 if error.status == HTTPStatus.INTERNAL_SERVER_ERROR else error.status), told
        case MonitorError():
            return HTTPStatus.SERVICE_UNAVAILABLE, str(error)
        case MemoryError():
            return HTTPStatus.SERVICE_UNAVAILABLE, words("web_no_memory")
        case _:
            return HTTPStatus.INTERNAL_SERVER_ERROR, words("web_our_fault")


def _queries(recipes: Iterable[Recipe]) -> dict[str, Any]:
    """The cookbook as Datasette lists questions."""
    found = {}
    for recipe in recipes:
        told = Markup("<dl>{}</dl>").format(
            Markup("").join(
                Markup("<dt><code>{}</code></dt><dd>{}</dd>").format(each.name, each.meaning)
                for each in recipe.parameters
            )
        )
        found[recipe.name] = {
            "sql": recipe.sql,
            "title": recipe.title,
            "description_html": str(told) if recipe.parameters else "",
            "params": [each.name for each in recipe.parameters],
        }
    return found


def make_app(site: Site, *, hosts: Iterable[str], password: str | None, instant_of: Callable[[str], str]) -> App:
    """The whole as one ASGI application."""
    plugin = Plugin(site)
    datasette = Datasette(
        [],
        metadata={"title": "monitor", "databases": {DATABASE: {"queries": _queries(cookbook())}}},
        template_dir=str(HERE / "templates"),
        static_mounts=[("static", str(HERE / "static"))],
        settings={
            "default_page_size": 50,
            "max_returned_rows": SQL_ROWS,
            "sql_time_limit_ms": SQL_MILLISECONDS,
            "facet_time_limit_ms": 500,
            "allow_download": False,
            "allow_csv_stream": True,
            "max_csv_mb": 50,
            "suggest_facets": False,
            "num_sql_threads": 3,
            "default_cache_ttl": 0,
            "truncate_cells_html": 300,
        },
        pdb=False,
    )
    plugin.datasette = datasette
    datasette.add_database(ArchiveDatabase(datasette, site.archive, instant_of), name=DATABASE)
    pm.register(plugin, name=f"monitor.web {id(plugin)}")
    if pm.has_plugin(_PRINTS_EVERYTHING):
        pm.unregister(name=_PRINTS_EVERYTHING)
    return Door(datasette.app(), hosts=list(hosts), password=password)


def listen(host: str, port: int) -> socket.socket:
    """A socket on which requests may come; port 0: any that is free. Raises WebError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return socket.create_server(address[:2], family=family, backlog=128)
    except (OSError, UnicodeError) as error:
        why = _why(error)
        raise WebError(f"{host}, port {port}: {why}. Choose others with --host and --port.") from error


def _why(error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return "no name of a host"
    # asyncio and socket write more into it than the system says.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)


def server_of(app: App) -> uvicorn.Server:
    """The server of these pages, which is yet to run."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=5,
            limit_concurrency=100,
            h11_max_incomplete_event_size=32_768,
        )
    )


def serve(app: App, door: socket.socket) -> None:
    """Answers requests until it is told to stop."""
    _limit_memory()
    server_of(app).run(sockets=[door])


def _limit_memory() -> None:
    """What all pages together may take; beyond it a page fails, and the machine does not."""
    if sys.platform == "linux":  # of private memory, RLIMIT_DATA counts all there since Linux 4.7 (setrlimit(2))
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


__all__ = ["listen", "make_app", "names_of", "serve", "server_of"]
