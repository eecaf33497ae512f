"""Facts laid out by templates, ours or the user's, or said plainly when that fails: no alert is lost to its looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from jinja2 import ChoiceLoader, Environment, FunctionLoader, PackageLoader, StrictUndefined, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

from monitor.mail import Envelope, stub, whole_mail
from monitor.render.passages import direction, filled
from monitor.render.payload import plain_document

Facts = Mapping[str, object]
Templates = tuple[tuple[str, str], ...]  # (file name, source)

# What a user may put a template of their own in place of.
NAMES = tuple(
    f"{name}.{form}.j2"
    for name, forms in {
        "layout": ("html",),
        "marks": ("html", "txt"),
        "story": ("html", "txt"),
        "digest": ("html", "txt"),
        "notice": ("html", "txt"),
        "test": ("html", "txt"),
    }.items()
    for form in forms
)


def laid_out(template: str, facts: Facts, templates: Templates) -> tuple[str, str]:
    """The plain and the HTML body. Raises whatever is wrong with a template."""
    environment = _environment(templates)
    return (
        environment.get_template(f"{template}.txt.j2").render(facts),
        environment.get_template(f"{template}.html.j2").render(facts),
    )


def message(
    template: str,
    envelope: Envelope,
    facts: Callable[[], Facts],
    *,
    headline: str,
    plainly: Sequence[str],
    form: str = "mail",
) -> bytes:
    """The mail laid out with its templates, or a stub that has the headline and says the rest `plainly`; in the form
    json, the mail's plain text for programs."""
    try:
        given = facts()
        text, html = laid_out(template, given, envelope.house.templates)
        subject = str(given["subject"])
        if form == "json":
            return plain_document(envelope.mail_id, template, subject, text)
        return whole_mail(envelope, subject=subject, text=text, html=html)
    except Exception as fault:  # Whatever it was, the alert must still arrive; the stub names the fault.
        excuse = f"This mail could not be laid out as usual ({type(fault).__name__}: {fault})."
        subject, lines = f"[{envelope.topic}] {headline}", [*plainly, "", excuse]
        if form == "json":
            return plain_document(envelope.mail_id, template, subject, "\n".join(lines))
        return stub(envelope, subject=subject, lines=lines)


@lru_cache(maxsize=4)
def _environment(templates: Templates) -> Environment:
    sources = dict(templates)

    def users(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        # Under its name, which is what a fault in it is told by.
        return (sources[name], name, lambda: True) if name in sources else None

    # In a sandbox: a template is a user's own, but nothing in one needs more than to lay out what it is given.
    environment = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([FunctionLoader(users), PackageLoader("monitor")]),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["filled"] = filled
    environment.filters["direction"] = direction
    return environment
