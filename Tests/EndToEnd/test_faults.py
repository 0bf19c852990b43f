"""Upstreams behind a faulty network: what the client is told, when, and how often the upstream is asked."""

import json
import time

from harness.faults import Bandwidth, FaultProxy, Latency, LimitData, ResetPeer, Slicer, SlowClose, Timeout, Toxic
from harness.gateway import GatewayCase
from harness.upstream import CHAT

EVENTS = [b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"%d"},"finish_reason":null}]}\n\n' % n for n in range(20)] + [b"data: [DONE]\n\n"]
WHOLE = json.dumps({**CHAT, "padding": "x" * 2000}).encode()
#: Bytes of an answer after which something of its body has passed, and its head for certain.
MID_BODY = 900
#: Seconds to an answer's first byte, and between two parts of it.
FIRST_BYTE = 0.8


class FaultCase(GatewayCase):
    @classmethod
    def configuration(cls):
        return {"version": 1, "timeouts": {"connect": "800ms", "first_byte": "800ms", "gap": "800ms", "total": "10s"}}

    def setUp(self):
        super().setUp()
        self.proxy = FaultProxy(self.upstream.port)
        self.addCleanup(self.proxy.close)

    def ask(self, streamed, padding="", **members):
        """(response, seconds): a chat through the faulty network, by a target with these members."""
        def handler(request, peer):
            if streamed:
                peer.stream(*EVENTS)
            else:
                peer.answer(json.loads(WHOLE))
        self.upstream.forget()
        self.upstream.handler = handler
        started = time.monotonic()
        response = self.chat(self.upstream.target(custom_host=self.proxy.base, **members), stream=streamed, user=padding)
        return response, time.monotonic() - started

    def assert_whole(self, response, streamed):
        self.assertEqual(response.status, 200, response)
        self.assertEqual((response.body, response.ended), (b"".join(EVENTS), "chunked") if streamed else (WHOLE, "length"))

    def assert_refused(self, response, status, code, requests):
        self.assertEqual((response.status, response.json["error"]["code"], len(self.upstream.requests)), (status, code, requests), response)
        self.assertEqual(response["x-portkey-retry-attempt-count"], "0")

    def assert_cut(self, response, streamed):
        """The client sees that it has not all of it, and nobody was asked again."""
        self.assertEqual((response.status, response.ended, len(self.upstream.requests)), (200, "cut", 1), response)
        if streamed:
            self.assertEqual(json.loads(response.body.rsplit(b"data: ", 1)[1])["error"]["code"], "stream_interrupted")
        else:
            self.assertTrue(WHOLE.startswith(response.body) and len(response.body) < len(WHOLE), response)


class Network(FaultCase):
    """A faulty network."""

    def test_latency(self):
        """latency both ways delays the answer and changes nothing"""
        self.proxy.requests = self.proxy.answers = lambda: Latency(0.1)
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                response, seconds = self.ask(streamed)
                self.assert_whole(response, streamed)
                self.assertGreater(seconds, 0.2)

    def test_down(self):
        """an upstream that is down is 502 at once"""
        self.proxy.down()
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                response, seconds = self.ask(streamed)
                self.assert_refused(response, 502, "upstream_unreachable", 0)
                self.assertLess(seconds, 0.5)

    def test_bandwidth(self):
        """a thin line both ways delays the answer, past the time to the first byte and the gap, and changes nothing"""
        self.proxy.answers = lambda: Bandwidth(2000)
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                response, seconds = self.ask(streamed)
                self.assert_whole(response, streamed)
                self.assertGreater(seconds, FIRST_BYTE)
        self.proxy.heal()
        self.proxy.drop()
        self.proxy.requests = lambda: Bandwidth(20_000)
        response, _ = self.ask(False, "y" * 8000)
        self.assert_whole(response, False)
        self.assertEqual(self.upstream.requests[0].json["user"], "y" * 8000)

    def test_slow_close(self):
        """an answer that is whole is not waited on for its connection's end"""
        self.proxy.answers = lambda: SlowClose(3)
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                response, seconds = self.ask(streamed)
                self.assert_whole(response, streamed)
                self.assertLess(seconds, 1)

    def test_slicer(self):
        """an answer in slices of seven bytes is the same answer"""
        self.proxy.requests = self.proxy.answers = lambda: Slicer(7)
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                self.assert_whole(self.ask(streamed)[0], streamed)

    def test_timeout(self):
        """an upstream that goes silent is 504 before its head, and a cut answer after it, when the time is over and not later"""
        for streamed in (False, True):
            for passed in (0, 20, MID_BODY):
                with self.subTest(streamed=streamed, passed=passed):
                    self.proxy.answers = lambda: Timeout(passed)
                    response, seconds = self.ask(streamed)
                    if passed < MID_BODY:
                        self.assert_refused(response, 504, "upstream_timeout", 1)
                    else:
                        self.assert_cut(response, streamed)
                    self.assertTrue(FIRST_BYTE - 0.1 < seconds < FIRST_BYTE + 1.2, seconds)

    def test_request_lost(self):
        """an upstream that never gets the request, or half of it, is 504 too"""
        for streamed in (False, True):
            for passed in (0, 100):
                with self.subTest(streamed=streamed, passed=passed):
                    self.proxy.requests = lambda: Timeout(passed)
                    response, seconds = self.ask(streamed)
                    self.assert_refused(response, 504, "upstream_timeout", 0)
                    self.assertLess(seconds, FIRST_BYTE + 1.2)

    def test_ended(self):
        """a connection that is reset or closed is 502 before the head is whole, and a cut answer after it; the upstream is asked once"""
        for toxic in (ResetPeer, LimitData):
            for streamed in (False, True):
                for passed in (0, 20, MID_BODY):
                    with self.subTest(toxic=toxic.__name__, streamed=streamed, passed=passed):
                        self.proxy.answers = lambda: toxic(passed)
                        response, seconds = self.ask(streamed)
                        if passed < MID_BODY:
                            self.assert_refused(response, 502, "upstream_closed", 1)
                        else:
                            self.assert_cut(response, streamed)
                        self.assertLess(seconds, FIRST_BYTE)

    def test_request_ended(self):
        """a connection that is reset or closed while the request leaves is 502"""
        for toxic in (ResetPeer, LimitData):
            with self.subTest(toxic=toxic.__name__):
                self.proxy.requests = lambda: toxic(100)
                response, seconds = self.ask(False, "y" * 100_000)
                self.assert_refused(response, 502, "upstream_closed", 0)
                self.assertLess(seconds, FIRST_BYTE)


class Again(FaultCase):
    """Repeats over a faulty network."""

    def broken_first(self, toxic):
        """The first connection is so, the others are sound."""
        left = [toxic]
        self.proxy.answers = lambda: left.pop()() if left else Toxic()

    def test_repeated(self):
        """what fails before a byte of its answer has gone to the client is repeated where the config says so, as often as it says"""
        for number, toxic in enumerate((ResetPeer, lambda: LimitData(0), lambda: LimitData(20), Timeout, lambda: Timeout(20))):
            streamed = number % 2 == 0
            with self.subTest(toxic=number, streamed=streamed):
                self.proxy.drop()
                time.sleep(0.05)
                self.broken_first(toxic)
                response, _ = self.ask(streamed, retry={"attempts": 1, "on_status_codes": [502, 504]})
                self.assert_whole(response, streamed)
                self.assertEqual((response["x-portkey-retry-attempt-count"], len(self.upstream.requests)), ("1", 2))

    def test_not_repeated(self):
        """what has begun to reach the client is not repeated, and goes to no other target"""
        for toxic in (ResetPeer, LimitData, Timeout):
            for streamed in (False, True):
                with self.subTest(toxic=toxic.__name__, streamed=streamed):
                    self.proxy.drop()
                    time.sleep(0.05)
                    self.broken_first(lambda: toxic(MID_BODY))
                    response, _ = self.ask(streamed, retry={"attempts": 3, "on_status_codes": [500, 502, 503, 504]})
                    self.assert_cut(response, streamed)

    def test_fallback(self):
        """a target whose network fails before its answer began is fallen back from, within its time"""
        for toxic in (ResetPeer, Timeout, lambda: LimitData(20)):
            with self.subTest(toxic=toxic):
                self.upstream.forget()
                self.proxy.answers = toxic
                config = {"strategy": {"mode": "fallback"}, "targets": [self.upstream.target(custom_host=self.proxy.base), self.upstream.target()]}
                started = time.monotonic()
                response = self.chat(config)
                self.assertEqual((response.status, response["x-portkey-last-used-option-index"], len(self.upstream.requests)), (200, "config.targets[1]", 2))
                self.assertLess(time.monotonic() - started, FIRST_BYTE + 1.2)
