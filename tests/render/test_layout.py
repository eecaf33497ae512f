"""Templates, ours and a user's: what is wrong in one is told when it is read, and costs no alert when it is met."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import monitor
from monitor.model import Excerpt
from monitor.render import NAMES, compose, compose_plainly, faults
from tests.factories import HOUSE
from tests.mails import body, parsed
from tests.render.builders import HALF_A_PAIR, a_job, a_mail, shown, told


def with_templates(**sources: str) -> bytes:
    """A story's mail where the user has templates: `story_txt`, `layout_html`."""
    templates = tuple((f"{name.replace('_', '.')}.j2", source) for name, source in sources.items())
    return a_mail(told(), house=replace(HOUSE, templates=templates))


def test_every_template_of_ours_can_be_replaced() -> None:
    assert {path.name for path in (Path(monitor.__file__).parent / "templates").iterdir()} == set(NAMES)


def test_a_users_template_stands_in_for_ours_and_the_others_stay() -> None:
    mail = with_templates(story_txt="{{ rule }}: {{ item.outlet }} {{ item.link }}\n")

    assert body(mail, "plain") == "ukraine: La Gazette https://gazette.example/2026/11/22/otan-ukraine\n"
    assert "Read the article" in shown(body(mail, "html"))


def test_a_users_layout_is_around_our_pages() -> None:
    layout = "<body><p>The Desk</p>{% block content required %}{% endblock %}{% block footer required %}{% endblock %}"

    html = body(with_templates(layout_html=layout), "html")

    assert html.startswith("<body><p>The Desk</p>")
    assert "Read the article" in html


def test_what_a_feed_wrote_is_escaped_in_a_users_template_too() -> None:
    templates = (("story.html.j2", "<p>{{ item.outlet }}</p>"),)

    html = body(a_mail(told(outlet="<script>"), house=replace(HOUSE, templates=templates)), "html")

    assert html.startswith("<p>&lt;script&gt;</p>")


@pytest.mark.parametrize(
    "template",
    [
        pytest.param("{{ ''.__class__.__mro__[1].__subclasses__() }}", id="the way to every class"),
        pytest.param("{{ t.__init__.__globals__ }}", id="the globals of a function of ours"),
        pytest.param("{{ item.update({'title': ()}) }}", id="changing what it is given"),
        pytest.param("{% include '/etc/passwd' %}", id="another file"),
        pytest.param("{% include '../monitor/mail.py' %}", id="a file of ours"),
    ],
)
def test_a_template_reaches_nothing_but_what_it_is_given(template: str) -> None:
    assert faults((("story.txt.j2", template),))

    mail = with_templates(story_txt=template)

    assert parsed(mail).get_content_type() == "text/plain"
    assert "could not be laid out" in body(mail, "plain")
    assert "root:" not in body(mail, "plain")


@pytest.mark.parametrize(
    ("name", "source", "fault"),
    [
        pytest.param("story.txt.j2", "{{ rule }}\n{{ titel }}", "line 2: 'titel' is undefined", id="a name unknown"),
        pytest.param("story.html.j2", "a\n\n{% if %}", "line 3: Expected an expression", id="a mistake in its grammar"),
        pytest.param("story.txt.j2", "\n{{ item.tittle }}", "line 2: ", id="a fact that there is not"),
        pytest.param("digest.txt.j2", "{% for g in groups %}\n{{ g.name }}{% endfor %}", "line 2: ", id="in a loop"),
        pytest.param("digest.txt.j2", "{{ 1 / (groups | length) }}", "line 1: ZeroDivisionError", id="only when empty"),
        pytest.param("marks.txt.j2", "{% macro marked(x) %}{% endmacro %}", "line 1: ", id="a macro that is missed"),
        pytest.param("layout.html.j2", "{{ subjekt }}", "line 1: 'subjekt' is undefined", id="around all of them"),
        pytest.param("notice.txt.j2", "{{ groups[9].heading }}", "line 1: ", id="a notice's"),
    ],
)
def test_a_fault_is_found_before_it_is_met(name: str, source: str, fault: str) -> None:
    found = dict(faults(((name, source),)))

    assert list(found) == [name] or name.startswith("marks")
    assert any(each.startswith(fault) for each in found.values())


def test_our_own_templates_have_no_fault() -> None:
    assert faults(()) == ()


# ── stubs ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_mail_that_cannot_be_laid_out_arrives_as_a_stub() -> None:
    mail = a_mail(told(title="Україна", lead=HALF_A_PAIR))

    header = parsed(mail)
    assert header.get_content_type() == "text/plain"
    assert header["Message-ID"] == parsed(a_mail(told()))["Message-ID"]
    assert header["To"] == "desk@example.org"
    assert header["X-Monitor-Rule"] == "ukraine"
    assert header["Subject"] == "[ukraine] ???????"
    rule, title, link, _, excuse = body(mail, "plain").splitlines()
    assert rule == "Rule: ukraine"
    assert title == "Title: Україна"
    assert link == "Link: https://gazette.example/2026/11/22/otan-ukraine"
    assert excuse.startswith("This mail could not be laid out as usual (UnicodeEncodeError: ")


def test_a_digest_that_cannot_be_laid_out_still_names_its_articles() -> None:
    broken = Excerpt(text=HALF_A_PAIR, marks=())
    mail = a_mail(told(title="Kyiv", link=None), told(alert=2, excerpt=broken, rule="otan"), kind="digest")

    lines = body(mail, "plain").splitlines()
    assert parsed(mail)["Subject"] == "[morning] 2 stories"
    assert lines[:4] == ["Rule: ukraine", "Title: Kyiv", "Link: none", ""]
    assert "Rule: otan" in lines


def test_a_fault_in_one_mail_leaves_the_others_alone() -> None:
    broken = replace(HOUSE, templates=(("story.html.j2", "{{ titel }}"),))

    assert "could not be laid out" in body(a_mail(told(), house=broken), "plain")
    assert "could not be laid out" not in body(a_mail(told(), kind="digest", house=broken), "plain")


@pytest.mark.parametrize("form", ["mail", "json"])
def test_whatever_goes_wrong_a_message_is_made(form: str) -> None:
    job = a_job(told(), kind="overflow", why="a reason nobody knows", form=form)

    message = compose(job)

    assert message.message_id == compose_plainly(job, why="x").message_id
    said = body(message.message, "plain") if form == "mail" else message.message.decode()
    assert "could not be laid out as usual: KeyError" in said
    assert "https://gazette.example/2026/11/22/otan-ukraine" in said


def test_what_was_too_much_for_a_worker_is_said_plainly() -> None:
    message = compose_plainly(a_job(told()), why="it took longer than 30 seconds")

    assert parsed(message.message)["Subject"] == "[ukraine] L?OTAN r?unit ses ministres sur l?Ukraine"
    assert "it took longer than 30 seconds" in body(message.message, "plain")
