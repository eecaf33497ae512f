"""The apprise channel: several services, one thread, and addresses that nobody is told."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from importlib.util import find_spec

import pytest

from monitor.channels import AppriseChannel
from monitor.channels.apprise import REMEMBERED, Service, services_of
from monitor.errors import ConfigError
from monitor.model import ChannelSpec, Delivered, TryAgain
from tests.channels.messages import all_results, for_programs, results
from tests.channels.programs import StandIn, an_apprise_channel
from tests.loopback import Answer, Site, redirect

SPEC = ChannelSpec(name="desk", kind="apprise")
BRIEF = timedelta(seconds=0.1)
TOKEN = "T0KEN77"

needs_apprise = pytest.mark.skipif(find_spec("apprise") is None, reason="the extra is not here (make apprise)")


def a_channel(*services: StandIn, timeout: timedelta = timedelta(seconds=30)) -> AppriseChannel:
    """A channel with these services, in this order."""
    spec = ChannelSpec(name="desk", kind="apprise", timeout=timeout)
    named = [Service(name=f"line {number} (Stand-in)", notifier=each) for number, each in enumerate(services, start=1)]
    return AppriseChannel(spec, named)


def raises(error: Exception) -> Callable[[], bool]:
    """Something a service does that apprise did not foresee."""

    def does() -> bool:
        raise error

    return does


# ── by what a service does ───────────────────────────────────────────────────────────────────────────────────────────


async def test_every_service_gets_subject_and_text() -> None:
    first, second = StandIn(), StandIn()

    (result,) = await results(a_channel(first, second), for_programs())

    assert result == Delivered(reply="taken by line 1 (Stand-in), line 2 (Stand-in)")
    assert first.taken == second.taken == [("Ukraine", "L’Ukraine\n\nlast line\n")]
    assert first.thread is not threading.main_thread()


@pytest.mark.parametrize(
    ("works", "result"),
    [
        ((True, True), Delivered(reply="taken by line 1 (Stand-in), line 2 (Stand-in)")),
        ((True, False), TryAgain(why="not taken by line 2 (Stand-in)")),
        ((False, True), TryAgain(why="not taken by line 1 (Stand-in)")),
        ((False, False), TryAgain(why="not taken by line 1 (Stand-in), line 2 (Stand-in)", channel_wide=True)),
    ],
    ids=["both", "the first", "the second", "neither"],
)
async def test_services_that_took_it_mean(works: tuple[bool, bool], result: Delivered | TryAgain) -> None:
    first, second = (StandIn(lambda does=does: does) for does in works)  # type: ignore[misc]

    assert await results(a_channel(first, second), for_programs()) == [result]


async def test_a_service_that_breaks_is_one_that_did_not_take_it() -> None:
    broken, fine = StandIn(raises(KeyError(f"https://x/{TOKEN}"))), StandIn()

    (result,) = await results(a_channel(broken, fine), for_programs())

    assert result == TryAgain(why="not taken by line 1 (Stand-in), KeyError")
    assert len(fine.taken) == 1


async def test_who_took_a_message_does_not_get_it_again_for_the_sake_of_another() -> None:
    works = iter([False, False, True])
    fine, shaky = StandIn(), StandIn(lambda: next(works))
    channel = a_channel(fine, shaky)

    found = [(await results(channel, for_programs()))[0] for _ in range(3)]

    assert [type(result) for result in found] == [TryAgain, TryAgain, Delivered]
    assert (fine.asked, shaky.asked) == (1, 3)


async def test_a_message_sent_again_after_all_took_it_is_sent_to_all() -> None:
    service = StandIn()
    channel = a_channel(service)

    for _ in range(2):
        await results(channel, for_programs())

    assert service.asked == 2


async def test_what_is_remembered_of_half_sent_messages_is_bounded() -> None:
    fine, broken = StandIn(), StandIn(lambda: False)
    channel = a_channel(fine, broken)

    await results(channel, *(for_programs(number) for number in range(REMEMBERED + 1)))
    await results(channel, for_programs(0), for_programs(REMEMBERED))

    assert fine.asked == REMEMBERED + 2, "the first was forgotten, the last was not"


async def test_a_service_that_hangs_costs_its_time_and_nobody_waits_for_it() -> None:
    goes_on = threading.Event()
    slow = StandIn(lambda: goes_on.wait(30))
    channel = a_channel(StandIn(), slow, timeout=BRIEF)

    first = await all_results(channel, [for_programs(1), for_programs(2)])
    meanwhile = await results(channel, for_programs(2))
    goes_on.set()
    await asyncio.to_thread(slow.thread.join)
    (later,) = await results(channel, for_programs(1))

    late = TryAgain(why="apprise did not end within 0.1 s; missing: line 2 (Stand-in)", channel_wide=True)
    assert first == [(1, late)]
    assert meanwhile == [TryAgain(why="apprise is still busy with an earlier message", channel_wide=True)]
    assert isinstance(later, Delivered)
    assert slow.asked == 1, "what it took after its time is not sent to it again"


# ── by apprise itself ────────────────────────────────────────────────────────────────────────────────────────────────


@needs_apprise
async def test_apprise_sends_what_it_is_given_and_follows_no_redirect(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with Site() as other, Site({f"/{TOKEN}": Answer()}) as site:
        site.routes["/moved"] = redirect(other.url("/"), 307)
        secret = f"# the desk's\n\n  json://{site.pair}/{TOKEN}  \r\njson://{site.pair}/moved?{TOKEN}\n"
        (result,) = await results(an_apprise_channel(secret), for_programs())

    assert result == TryAgain(why="not taken by line 4 (JSON)")
    assert {request.target.partition("?")[0] for request in site.requests} == {f"/{TOKEN}", "/moved"}
    sent = site.requests[0].body.decode()
    assert '"title": "Ukraine"' in sent
    assert "last line" in sent
    assert other.connections == 0
    assert TOKEN not in caplog.text


@needs_apprise
@pytest.mark.parametrize(
    ("secret", "why"),
    [
        (f"json://127.0.0.1/\nno-such-service://x/{TOKEN}", "line 2 is no address"),
        (TOKEN, "line 1 is no address"),
        (f"slack://{TOKEN}", "line 1 is no address"),
        ("\n# nothing\n", "it names no service"),
    ],
    ids=["an unknown service", "no address", "half an address", "nothing"],
)
def test_a_secret_that_apprise_cannot_read_is_a_mistake_and_is_not_repeated(
    secret: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    with pytest.raises(ConfigError) as caught:
        services_of(secret, SPEC)

    assert str(caught.value).startswith(f"the secret apprise-desk: {why}")
    assert TOKEN not in str(caught.value)
    assert TOKEN not in caplog.text


@needs_apprise
def test_nothing_of_an_address_is_shown() -> None:
    (service,) = services_of(f"json://desk:{TOKEN}@127.0.0.1/{TOKEN}", SPEC)

    assert service.name == "line 1 (JSON)"
    assert TOKEN not in repr(service)
