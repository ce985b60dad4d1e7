"""How often the user is told."""

from typing import cast

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from ds_lsp.lsp.notify import ASKED_EVERY_S, PASSING_EVERY_S, Notifier
from ds_lsp.service.health import Occasion
from tests.unit.fakes import FakeTime


class Client:
    """What arrives at a client."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.time = FakeTime()
        self.notifier = Notifier(cast(LanguageServer, self), self.time.clock)
        self.notifier.open()

    def window_show_message(self, params: types.ShowMessageParams) -> None:
        self.shown.append(params.message.removeprefix("ds-lsp: "))

    def say(self, message: str | None, occasion: Occasion) -> None:
        self.notifier.notify_once("provider", message, occasion)


def test_what_is_said_before_the_client_is_ready_is_held_back() -> None:
    client = Client()
    client.notifier.is_open = False
    client.notifier.notify_once("a", "never mind")
    client.notifier.notify_once("a", None)
    client.notifier.notify_once("b", "still so")
    assert client.shown == []
    client.notifier.open()
    assert client.shown == ["still so"]


def test_news_is_shown_when_it_changes_and_again_when_it_comes_back() -> None:
    client = Client()
    for message in ("a", "a", "b", None, None, "b"):
        client.say(message, Occasion.NEWS)
    assert client.shown == ["a", "b", "b"]


def test_a_passing_trouble_that_comes_and_goes_is_shown_once_in_a_while() -> None:
    client = Client()
    for _ in range(10):
        client.say("offline", Occasion.TRANSIENT)
        client.say(None, Occasion.NEWS)
        client.time.now += PASSING_EVERY_S / 20
    assert client.shown == ["offline"]
    client.time.now += PASSING_EVERY_S
    client.say("offline", Occasion.TRANSIENT)
    client.time.now += 10 * PASSING_EVERY_S
    # An outage that lasts is not news, however long it lasts.
    client.say("offline", Occasion.TRANSIENT)
    assert client.shown == ["offline"] * 2


def test_who_asks_is_told_again_but_not_at_every_stroke() -> None:
    client = Client()
    client.say("no key", Occasion.NEWS)
    client.say("no key", Occasion.ASKED)
    assert client.shown == ["no key"]
    client.time.now += ASKED_EVERY_S
    client.say("no key", Occasion.ASKED)
    client.say("no key", Occasion.ASKED)
    assert client.shown == ["no key"] * 2


def test_a_message_holds_no_link() -> None:
    client = Client()
    client.say("[a](command:b) is excluded, [c][d]\u202e", Occasion.NEWS)
    assert client.shown == ["[a] (command:b) is excluded, [c][d]\\u202e"]


def test_messages_are_one_line() -> None:
    client = Client()
    client.say("a\n b\r\n\tc", Occasion.NEWS)
    assert client.shown == ["a b c"]
