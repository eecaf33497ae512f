"""`monitor web`: the archive to look at, in a browser."""

from __future__ import annotations

from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path

import click

from monitor import show
from monitor.cli.asking import instant_of
from monitor.cli.session import Session, now, pass_session
from monitor.errors import ConfigError, WebError

NOT_INSTALLED = "The web pages need Datasette, which is not installed. Install it: pip install 'media-monitor[web]'"
SHORTEST_PASSWORD = 12  # characters


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="The port; 0: any free.")
@click.option(
    "--password-credential",
    metavar="NAME",
    help="Ask for a password: that of $CREDENTIALS_DIRECTORY/NAME, or of the file that $MONITOR_NAME_FILE names.",
)
@click.option("--allow-host", metavar="NAME", multiple=True, help="Answer to this host name too, as behind a proxy.")
@pass_session
def web(session: Session, host: str, port: int, password_credential: str | None, allow_host: tuple[str, ...]) -> None:
    """Serve pages on the archive: today, rules, stories, feeds, search, SQL. Read-only; the daemon need not stop."""
    if find_spec("datasette") is None:
        raise WebError(NOT_INSTALLED)
    password = _password(session, password_credential)
    if password is None and not _is_loopback(host):
        raise click.UsageError(
            f"whoever reaches {host} could read the whole archive: add --password-credential NAME, or leave --host out"
            " and let a web server that asks for a password pass requests on"
        )
    from monitor.web.app import listen, make_app, names_of, serve
    from monitor.web.site import Site

    session.log()
    with session.reading():  # an archive that cannot be read is said so now, not on every page
        pass
    archive = session.archive_url
    site = Site(archive=archive, settings=_settings(session), environ=session.environ, clock=now)
    app = make_app(site, hosts=names_of(host, allow_host), password=password, instant_of=instant_of)
    with listen(host, port) as door:
        shown = f"[{host}]" if ":" in host else host
        show.note(f"http://{shown}:{door.getsockname()[1]}/ shows {archive}; Ctrl-C ends it")
        serve(app, door)


def _password(session: Session, name: str | None) -> str | None:
    """The password to ask for; None: none is."""
    if name is None:
        return None
    from monitor import config as configuration

    password = configuration.secret(name, session.environ)
    if password is None:
        raise click.UsageError(f"there is no secret {name!r}: {configuration.where_a_secret_goes(name)}")
    if len(password) < SHORTEST_PASSWORD:
        raise click.UsageError(f"the secret {name!r} is too short to keep anybody out: {SHORTEST_PASSWORD} characters")
    return password


def _settings(session: Session) -> Path | None:
    """The configuration's file; None when the archive was named on the command line and there is no file."""
    try:
        return session.config.path
    except ConfigError:
        if session.archive is None:
            raise
        return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
