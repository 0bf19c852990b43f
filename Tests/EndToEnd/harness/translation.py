"""A gateway between SDKs of one dialect and an upstream that answers in another's."""

import json
import threading

import anthropic
import openai

from harness.configuration import of_dialects
from harness.gateway import GatewayCase

HELLO = [{"role": "user", "content": "hello"}]
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
TIME = {"type": "object", "properties": {"zone": {"type": "string"}}}
#: A text in three pieces, and what they make.
SAID = ("text", "Grüße, ", "\"you\" ", "\U0001f30d\n")
TEXT = "Grüße, \"you\" \U0001f30d\n"
#: Two calls at once, as native answers are given them.
CALLS = [("call", "toolu_01", "weather", {"city": "Oslo \"N\" é"}), ("call", "toolu_02", "time", {"zone": "CET"})]


class Fault:
    """An error answer of a provider's."""

    def __init__(self, provider, status, headers=(), **options):
        self.status = status
        self.body, own = provider.error(status, **options)
        self.headers = [*own, *headers]


def give(peer, answer, kind="text/event-stream"):
    """Sends an upstream's answer: an object, a stream's events, bytes, or a `Fault`."""
    if isinstance(answer, Fault):
        peer.answer(answer.body, answer.status, answer.headers)
    elif isinstance(answer, list):
        peer.stream(*answer, kind=kind)
    else:
        peer.answer(answer)


class TranslationCase(GatewayCase):
    """The providers "oai", "claude", "gem" and "rock" are the test's upstream, which answers what `answer` was given."""

    @property
    def kind(self):
        """The content type of the provider's streams."""
        return getattr(getattr(self, "native", None), "kind", "text/event-stream")

    @classmethod
    def configuration(cls):
        return of_dialects(cls.upstream.port)

    def answer(self, *answers):
        """The upstream's answers in turn, as `give` takes them, the last one from then on."""
        left = list(answers)

        def handler(request, peer):
            give(peer, left.pop(0) if len(left) > 1 else left[0], self.kind)
        self.upstream.handler = handler

    def answer_in_steps(self, events, text):
        """The events, but from the first with `text` on only when `seen` is set; `kept` tells whether it was in time."""
        self.seen, self.kept = threading.Event(), []
        at = next(index for index, event in enumerate(events) if text.encode() in event)

        def handler(request, peer):
            peer.stream(*events[:at], end=False, kind=self.kind)
            self.kept.append(self.seen.wait(5))
            for event in events[at:]:
                peer.chunk(event)
            peer.send(b"0\r\n\r\n")
        self.upstream.handler = handler

    def answer_cut(self, events, cut=True):
        """The events but the last third, and half of the next; then the connection ends, or only the answer does."""
        at = 2 * len(events) // 3

        def handler(request, peer):
            peer.stream(*events[:at], end=False, kind=self.kind)
            if cut:
                peer.chunk(events[at][:len(events[at]) // 2])
                peer.cut()
            else:
                peer.send(b"0\r\n\r\n")
        self.upstream.handler = handler

    def headers(self, provider, headers):
        return {"x-portkey-config": json.dumps(provider) if isinstance(provider, dict) else provider, **headers} if (
            isinstance(provider, dict) or "-" in provider) else {"x-portkey-provider": provider, **headers}

    def openai(self, provider, headers=(), **options):
        """A client of a provider, of a config (an object), or of a declared one (a name with a hyphen)."""
        client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key="sk-caller", max_retries=0, timeout=10,
                               default_headers=self.headers(provider, dict(headers)), **options)
        self.addCleanup(client.close)
        return client

    def anthropic(self, provider, headers=(), **options):
        client = anthropic.Anthropic(base_url=self.gateway.url, api_key="sk-caller", max_retries=0, timeout=10,
                                     default_headers=self.headers(provider, dict(headers)), **options)
        self.addCleanup(client.close)
        return client

    @property
    def sent(self):
        """The body that arrived last."""
        return self.upstream.requests[-1].json

    def assert_members(self, actual, expected):
        """That an object has these members, whatever others."""
        self.assertEqual({name: actual.get(name) for name in expected}, expected)
