"""Upstreams that speak HTTP/2: many requests on one connection, and everything that an upstream may do to a stream."""

import contextlib
import json
import shutil
import signal
import socket
import ssl
import struct
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from h2.errors import ErrorCodes
from h2.settings import SettingCodes

import test_faults
from harness.certificates import Certificate
from harness.configuration import with_tls
from harness.gateway import Gateway, GatewayCase, accepts, free_port
from harness.http2 import CANCEL, Wire2, fields, raw
from harness.upstream import CHAT, Upstream
from harness.wire import Wire, open_streams, request, send

EVENTS = [b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"%d"},"finish_reason":null}]}\n\n' % n for n in range(5)] + [b"data: [DONE]\n\n"]
HEAD = [(":status", "200"), ("content-type", "application/json")]
#: Seconds that nothing takes unless it hangs.
PATIENCE = 10


def end(link, reset=False):
    """Ends a connection without a word of HTTP/2."""
    with link.lock:
        if reset:
            link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            link.socket.close()
        else:
            link.socket.shutdown(socket.SHUT_RDWR)


def eventually(condition):
    """Whether it comes true."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


class UpstreamCase(GatewayCase):
    """A gateway of one worker that speaks HTTP/2 to whatever it is led to."""

    @classmethod
    def configuration(cls):
        return {"version": 1, "upstream_http2": "prior_knowledge", **cls.bounds()}

    @classmethod
    def bounds(cls):
        return {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway.stop()
        cls.gateway = Gateway(cls.configuration(), workers=1)
        cls.addClassCleanup(cls.gateway.stop)

    def setUp(self):
        # A connection of an earlier test must not be this one's.
        self.upstream = self.serve()

    def serve(self, handler=None, settings=None, **options):
        upstream = Upstream(handler, settings, **options)
        self.addCleanup(upstream.close)
        return upstream

    def ask_many(self, count, **members):
        """The answers to as many chats at once."""
        with ThreadPoolExecutor(count) as pool:
            return [task.result() for task in [pool.submit(self.chat, **members) for _ in range(count)]]

    def assert_fault(self, response, status, code):
        self.assertEqual((response.status, response.json["error"]["code"]), (status, code), response)


class Streams(UpstreamCase):
    """HTTP/2 upstreams: streams"""

    def test_one_connection(self):
        """as many requests as come at once share one connection, also when it is still to be made"""
        together = threading.Barrier(40)

        def handler(request, peer):
            together.wait(PATIENCE)
            peer.answer(CHAT)
        self.upstream.handler = handler
        self.assertEqual([answer.status for answer in self.ask_many(40)], [200] * 40)
        self.assertEqual(self.upstream.connections, 1)
        self.assertEqual({request.version for request in self.upstream.requests}, {"HTTP/2"})

    def test_forms(self):
        """bodies with a length and without, an empty one, none at all, HEAD, and fields that come twice"""
        def answers(fields, *parts):
            def handler(request, peer):
                peer.headers(fields, end=not parts)
                for part in parts:
                    peer.data(part, end=part is parts[-1])
            return handler
        long = b"x" * 300_000
        cases = [
            ("GET", answers([*HEAD, ("content-length", "2")], b"{}"), 200, b"{}", "length"),
            ("GET", answers(HEAD, b"{", b"}"), 200, b"{}", "chunked"),
            ("GET", answers([*HEAD, ("content-length", str(len(long)))], long), 200, long, "length"),
            ("GET", answers(HEAD, long), 200, long, "chunked"),
            ("GET", answers(HEAD), 200, b"", "length"),
            ("GET", answers(HEAD, b""), 200, b"", "chunked"),
            ("GET", answers([(":status", "204")]), 204, b"", None),
            ("GET", answers([(":status", "304"), ("etag", '"a"')]), 304, b"", None),
            ("HEAD", answers([*HEAD, ("content-length", "99")]), 200, b"", None),
            ("GET", answers([*HEAD, ("x-one", "1"), ("x-one", "2")], b"{}"), 200, b"{}", "chunked"),
        ]
        for number, (method, handler, status, body, ended) in enumerate(cases):
            with self.subTest(number=number):
                self.upstream.handler = handler
                response = self.send(method, "/v1/models", self.upstream.headers())
                self.assertEqual((response.status, response.body), (status, body), response)
                if ended:
                    self.assertEqual(response.ended, ended)
        self.assertEqual(response.all("x-one"), ["1", "2"])
        self.assertEqual(self.upstream.connections, 1)

    def test_record(self):
        """the access line says what was spoken with the upstream"""
        gateway = Gateway({**self.configuration(), "log": {"format": "json", "access": "stdout"}}, workers=1)
        self.addCleanup(gateway.stop)
        self.assertEqual(send(gateway.port, "GET", "/v1/models", self.upstream.headers()).status, 200)
        self.assertTrue(eventually(lambda: '"total_us"' in gateway.said()))
        self.assertIn('"protocol":"HTTP/1.1","provider":"openai","upstream_protocol":"HTTP/2"', gateway.said())

    def test_interim_and_trailers(self):
        """interim answers and trailers end here"""
        def handler(request, peer):
            peer.headers([(":status", "103"), ("link", "</a>")])
            peer.headers([(":status", "100")])
            peer.headers(HEAD)
            peer.data(b'{"a":1}')
            peer.headers([("x-sum", "1")], end=True)
        self.upstream.handler = handler
        response = self.chat()
        self.assertEqual((response.status, response.json, response.ended), (200, {"a": 1}, "chunked"), response)
        self.assertIsNone(response["link"])

    def test_stream_limit_of_one(self):
        """an upstream that takes one stream at a time is asked on as many connections as there are requests"""
        busy, most = {}, []

        def handler(request, peer):
            busy[peer.link] = busy.get(peer.link, 0) + 1
            most.append(busy[peer.link])
            time.sleep(0.05)
            busy[peer.link] -= 1
            peer.answer(CHAT)
        self.upstream = self.serve(handler, {SettingCodes.MAX_CONCURRENT_STREAMS: 1})
        self.assertEqual(self.chat().status, 200)
        for _ in range(5):
            self.assertEqual([answer.status for answer in self.ask_many(8)], [200] * 8)
        self.assertEqual(max(most), 1)
        self.assertLessEqual(self.upstream.connections, 9)

    def test_many_settings_later(self):
        """requests that wait for a new connection's settings are begun once those come"""
        upstream = self.serve(lambda request, peer: peer.answer(CHAT), {SettingCodes.MAX_CONCURRENT_STREAMS: 64})
        self.upstream = upstream
        self.assertEqual([answer.status for answer in self.ask_many(60)], [200] * 60)
        self.assertEqual(upstream.connections, 1)

    def test_request_body_in_small_windows(self):
        """a body waits for an upstream's window, whose answers to others do not"""
        self.upstream = self.serve(settings={SettingCodes.INITIAL_WINDOW_SIZE: 1000})
        # The first streams cannot know of it yet.
        self.assertEqual(self.chat().status, 200)
        text = "é" * 60_000
        response = self.chat(user=text)
        self.assertEqual(response.status, 200)
        self.assertEqual(self.upstream.requests[1].json["user"], text)
        closed = self.serve(settings={SettingCodes.INITIAL_WINDOW_SIZE: 1000}, opens=False)
        self.assertEqual(send(self.gateway.port, "GET", "/v1/models", closed.headers()).status, 200)
        with Wire(self.gateway.port) as wire:
            wire.send(request("POST", "/v1/chat/completions", closed.headers(), {"model": "m", "user": text, "messages": []}))
            self.assertTrue(eventually(lambda: closed.links and sum(len(part) for _, parts in closed.links[0].requests.values() for part in parts) == 1000))
            self.assertEqual(send(self.gateway.port, "GET", "/v1/models", closed.headers()).status, 200)
            self.assertEqual(closed.connections, 1)

    def test_body_passes_as_it_comes(self):
        """a body that nothing needs to read goes upstream before its end, in chunks or of a length"""
        begun = []
        self.upstream = self.serve(on_headers=lambda fields, peer: begun.append(peer))
        for chunked in (True, False):
            with self.subTest(chunked=chunked), Wire(self.gateway.port) as wire:
                begun.clear()
                fields = "Transfer-Encoding: chunked" if chunked else "Content-Length: 10"
                headers = "".join(f"{name}: {value}\r\n" for name, value in self.upstream.headers().items())
                wire.send(f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: a\r\nContent-Type: audio/wav\r\n{fields}\r\n{headers}\r\n".encode())
                wire.send(b"5\r\nhello\r\n" if chunked else b"hello")
                self.assertTrue(eventually(lambda: begun))
                parts = begun[0].link.requests[begun[0].stream_id][1]
                self.assertTrue(eventually(lambda: b"".join(parts) == b"hello"))
                wire.send(b"5\r\nworld\r\n0\r\n\r\n" if chunked else b"world")
                self.assertTrue(eventually(lambda: b"".join(parts) == b"helloworld"))
                begun[0].answer({"text": "hi"})
                self.assertEqual(wire.response().json, {"text": "hi"})

    def test_long_streamed_body(self):
        """a long body is passed on whole, through windows that close again and again"""
        body = b"0123456789abcdef" * 200_000
        self.upstream.handler = lambda request, peer: peer.answer({"count": len(request.body), "same": request.body == body})
        response = self.send("POST", "/v1/audio/transcriptions", {**self.upstream.headers(), "Content-Type": "audio/wav"}, body)
        self.assertEqual(response.json, {"count": len(body), "same": True}, response)

    def test_stalled_client(self):
        """a client that takes nothing holds its stream's window, and the others on the connection go on"""
        sent = []

        def handler(request, peer):
            if request.json.get("stream"):
                peer.headers([(":status", "200"), ("content-type", "text/event-stream")])
                with contextlib.suppress(OSError):
                    for _ in range(4000):
                        peer.data(b"data: " + b"x" * 9990 + b"\n\n\n\n")
                        sent.append(10_000)
            else:
                peer.answer(CHAT)
        self.upstream.handler = handler
        wire, _ = self.open_stream()
        self.assertTrue(eventually(lambda: sum(sent) > 200_000))
        held = -1
        while held != (held := sum(sent)):
            time.sleep(0.3)
        # The window, what the socket of the client takes, and what was on its way.
        self.assertLess(held, 12 << 20)
        self.assertEqual([answer.status for answer in self.ask_many(5)], [200] * 5)
        self.assertEqual(self.upstream.connections, 1)
        wire.socket.close()
        self.assertTrue(eventually(lambda: self.upstream.links[0].resets))


class Ends(UpstreamCase):
    """HTTP/2 upstreams: ends of all kinds"""

    def test_refused(self):
        """a stream that is refused is begun anew, unseen; one that always is, is 502"""
        def handler(request, peer):
            if request.number == 1:
                return peer.reset(ErrorCodes.REFUSED_STREAM)
            peer.answer(CHAT)
        self.upstream.handler = handler
        response = self.chat()
        self.assertEqual((response.status, response["x-portkey-retry-attempt-count"], len(self.upstream.requests)), (200, "0", 2), response)
        self.upstream.handler = lambda request, peer: peer.reset(ErrorCodes.REFUSED_STREAM)
        self.assert_fault(self.chat(), 502, "upstream_closed")
        self.assertEqual(len(self.upstream.requests), 6)

    def test_going_away(self):
        """GOAWAY in mid-flight: streams above its last one are asked elsewhere, those below end as they would have"""
        held, above = threading.Event(), threading.Event()

        def handler(request, peer):
            if request.json.get("user") == "below":
                held.wait(PATIENCE)
                return peer.answer({"who": "below"})
            if not above.is_set():
                above.set()
                peer.link.go_away(peer.stream_id - 2)
                return
            peer.answer({"who": "above"})
        self.upstream.handler = handler
        with ThreadPoolExecutor(2) as pool:
            below = pool.submit(self.chat, user="below")
            self.assertTrue(eventually(lambda: self.upstream.requests))
            other = pool.submit(self.chat, user="above")
            self.assertEqual(other.result().json, {"who": "above"})
            held.set()
            self.assertEqual(below.result().json, {"who": "below"})
        self.assertEqual(self.upstream.connections, 2)
        self.assertTrue(eventually(lambda: self.upstream.links[0].closed), "a connection that takes no more ends with its last stream")
        self.assertEqual(self.chat(user="above").status, 200)
        self.assertEqual(self.upstream.connections, 2)

    def test_no_streams(self):
        """an upstream that takes no streams is waited for as long as a busy one, on one connection"""
        none = raw(4, 0, 0, (3).to_bytes(2, "big") + bytes(4))
        self.upstream = self.serve(lambda request, peer: peer.reset(ErrorCodes.REFUSED_STREAM), says=none)
        self.assert_fault(self.chat(), 503, "upstream_busy")
        self.assertEqual(self.upstream.connections, 1)

    def test_reset_before_an_answer(self):
        """a stream that is reset before its answer is 502, and asked again only where the config says so"""
        self.upstream.handler = lambda request, peer: peer.reset(ErrorCodes.INTERNAL_ERROR)
        self.assert_fault(self.chat(), 502, "upstream_closed")
        self.assertEqual(len(self.upstream.requests), 1)
        other = self.serve()
        config = {"strategy": {"mode": "fallback"}, "targets": [self.upstream.target(), other.target()]}
        self.assertEqual(self.chat(config).status, 200)
        self.assertEqual((len(self.upstream.requests), len(other.requests)), (2, 1))

    def test_reset_in_mid_stream(self):
        """a stream that is reset in mid-answer is a typed error event, or a body cut short, and the connection goes on"""
        def handler(request, peer):
            if request.json.get("stream"):
                peer.stream(*EVENTS[:2], end=False)
            else:
                peer.headers([*HEAD, ("content-length", "100")])
                peer.data(b'{"id":')
            peer.reset(ErrorCodes.INTERNAL_ERROR)
        self.upstream.handler = handler
        response = self.chat(stream=True)
        self.assertEqual((response.status, response.ended), (200, "cut"), response)
        self.assertEqual(response.body.split(b"\n\n")[:2], [event[:-2] for event in EVENTS[:2]])
        self.assertEqual(json.loads(response.body.rsplit(b"data: ", 1)[1])["error"]["code"], "stream_interrupted")
        response = self.chat()
        self.assertEqual((response.status, response.body, response.ended), (200, b'{"id":', "cut"), response)
        self.upstream.handler = lambda request, peer: peer.answer(CHAT)
        self.assertEqual(self.chat().status, 200)
        self.assertEqual(self.upstream.connections, 1)

    def test_end_without_a_reset(self):
        """an answer that is whole before its request is, is whole"""
        def answers(fields, peer):
            if dict(fields)[":method"] == "GET":
                return peer.answer({})
            peer.headers([(":status", "413"), ("content-type", "application/json"), ("content-length", "2")])
            peer.data(b"{}", end=True)
            peer.reset(ErrorCodes.NO_ERROR)
        self.upstream = self.serve(on_headers=answers, settings={SettingCodes.INITIAL_WINDOW_SIZE: 10}, opens=False)
        self.assertEqual(self.send("GET", "/v1/models", self.upstream.headers()).status, 200)
        response = self.chat(user="x" * 100_000)
        self.assertEqual((response.status, response.body), (413, b"{}"), response)

    def test_malformed(self):
        """what is no answer is 502 of a kind of its own; the connection is not to blame"""
        def bad(fields, body=b"", end=True):
            def handler(request, peer):
                peer.headers(fields, end=not body and end)
                if body:
                    peer.data(body, end=end)
            return handler
        cases = [
            bad([("content-type", "text/plain")]),
            bad([(":status", "20x")]),
            bad([*HEAD, ("connection", "close")]),
            bad([*HEAD, ("transfer-encoding", "chunked")], b"{}"),
            bad([*HEAD, ("Upper", "1")]),
            bad([*HEAD, ("x", "a\nb")]),
            bad([*HEAD, ("content-length", "1"), ("content-length", "2")], b"{}"),
            bad([*HEAD, ("content-length", "9")]),
            bad([*HEAD, ("x-large", "a" * 70_000)]),
        ]
        for number, handler in enumerate(cases):
            with self.subTest(number=number):
                self.upstream.handler = handler
                self.assert_fault(self.chat(), 502, "upstream_malformed")
        self.assertEqual((self.upstream.connections, len(self.upstream.requests)), (1, len(cases)))
        self.upstream.handler = bad([*HEAD, ("content-length", "1")], b"{}")
        self.assertEqual(self.chat().ended, "cut")

    def test_no_http2(self):
        """an upstream that answers in HTTP/1.1 where HTTP/2 was promised is 502"""
        class Deaf(Upstream):
            def serve(self, connection):
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                connection.close()
        deaf = Deaf()
        self.addCleanup(deaf.close)
        self.upstream = deaf
        self.assert_fault(self.chat(), 502, "upstream_closed")

    def test_client_leaves(self):
        """a client that leaves has its stream cancelled at once, and nothing else"""
        peers = []

        def handler(request, peer):
            peers.append(peer)
            if request.json.get("user") != "other":
                peer.stream(*EVENTS[:2], end=False)
        self.upstream.handler = handler
        delays = []
        for number in range(5):
            with ThreadPoolExecutor(1) as pool:
                other = pool.submit(self.chat, user="other")
                self.assertTrue(eventually(lambda: len(peers) == 2 * number + 1))
                wire, head = self.open_stream()
                self.assertEqual(head.status, 200)
                left = time.monotonic()
                wire.socket.close()
                at = peers[-1].closed_at(PATIENCE)
                self.assertIsNotNone(at)
                delays.append(at - left)
                self.assertEqual(peers[-1].link.resets[peers[-1].stream_id][1], ErrorCodes.CANCEL)
                peers[-2].answer(CHAT)
                self.assertEqual(other.result().status, 200)
        self.assertLess(min(delays), 0.1)
        self.assertEqual(self.upstream.connections, 1)

    def test_closed_while_idle(self):
        """a connection that ends while it is idle, or under a request that it has not heard, costs nobody anything"""
        self.assertEqual(self.chat().status, 200)
        for number in range(10):
            # The socket alone: the gateway may or may not have seen it when the next request comes.
            end(self.upstream.links[-1])
            if number % 2:
                time.sleep(0.05)
            self.assertEqual(self.chat().status, 200)
        self.assertEqual(len(self.upstream.requests), 11)

    def test_read_and_gone(self):
        """a connection that ends after it has read a request: what may not be done twice is 502, anything else is asked again (RFC 9113 §8.7)"""
        def handler(request, peer):
            if request.number != 2:
                return peer.answer(CHAT)
            # A host acknowledges within half a second what it has received.
            time.sleep(0.7 if resets else 0)
            end(peer.link, resets)
        for resets in (False, True):
            for method in ("POST", "GET"):
                with self.subTest(resets=resets, method=method):
                    self.upstream = self.serve(handler)
                    self.assertEqual(self.chat().status, 200)
                    if method == "GET":
                        self.assertEqual(self.send("GET", "/v1/models", self.upstream.headers()).status, 200)
                    else:
                        self.assert_fault(self.chat(), 502, "upstream_closed")
                    self.assertEqual(len(self.upstream.requests), 3 if method == "GET" else 2)

    def test_going_away_and_gone(self):
        """GOAWAY says of a stream that it may have been looked at: it is not asked again when the connection ends"""
        def handler(request, peer):
            if request.number == 1:
                return peer.answer(CHAT)
            peer.link.go_away(peer.stream_id)
            end(peer.link)
        self.upstream.handler = handler
        self.assertEqual(self.chat().status, 200)
        self.assert_fault(self.chat(), 502, "upstream_closed")
        self.assertEqual(len(self.upstream.requests), 2)

    def test_drains(self):
        """an upstream that drains, in two steps as they do, is asked nothing new, and what it is at ends whole"""
        go = threading.Event()

        def handler(request, peer):
            if request.json.get("stream"):
                peer.stream(*EVENTS[:2], end=False)
                go.wait(PATIENCE)
                for event in EVENTS[2:]:
                    peer.chunk(event)
                return peer.send(b"0\r\n\r\n")
            peer.answer(CHAT)
        self.upstream.handler = handler
        opened = [self.open_stream() for _ in range(10)]
        link = self.upstream.links[0]
        link.go_away(2**31 - 1)
        self.assertEqual(self.chat().status, 200)
        # The connection after it may have been asked before GOAWAY was read.
        last = max(link.requests)
        link.go_away(last)
        self.assertEqual(self.chat().status, 200)
        self.assertEqual(self.upstream.connections, 2)
        go.set()
        for wire, head in opened:
            self.assertEqual((b"".join(wire.body(head)), head.ended), (b"".join(EVENTS), "chunked"))
        self.assertTrue(eventually(lambda: link.closed))
        self.assertEqual(link.resets, {})

    def test_gateway_stops(self):
        """SIGTERM in mid-stream: every stream over HTTP/2 ends whole, and then the connection, with GOAWAY"""
        go = threading.Event()

        def handler(request, peer):
            if not request.json.get("stream"):
                go.wait(PATIENCE)
                return peer.answer(CHAT)
            peer.stream(*EVENTS[:2], end=False)
            go.wait(PATIENCE)
            for event in EVENTS[2:]:
                peer.chunk(event)
            peer.send(b"0\r\n\r\n")
        self.upstream.handler = handler
        gateway = Gateway(self.configuration(), workers=1)
        self.addCleanup(gateway.stop)
        opened = open_streams(self, gateway, self.upstream, 10)
        with Wire(gateway.port) as silent:
            silent.send(request("POST", "/v1/chat/completions", self.upstream.headers(), {"model": "m", "messages": []}))
            self.assertTrue(eventually(lambda: len(self.upstream.requests) == 11))
            gateway.child.send_signal(signal.SIGTERM)
            self.assertTrue(eventually(lambda: not accepts(gateway.port)))
            go.set()
            for wire, head in opened:
                self.assertEqual((b"".join(wire.body(head)), head.ended), (b"".join(EVENTS), "chunked"))
            self.assertEqual(silent.response().json, CHAT)
        self.assertEqual(gateway.child.wait(PATIENCE), 0, gateway.said())
        link = self.upstream.links[0]
        self.assertTrue(eventually(lambda: link.closed))
        self.assertEqual((self.upstream.connections, link.resets, link.goaway.error_code), (1, {}, ErrorCodes.NO_ERROR))

    def test_client_resets(self):
        """a stream that its client resets is reset at the upstream, and the others of both connections go on"""
        peers = {}
        self.upstream.handler = lambda request, peer: peers.update({request.json["user"]: peer})
        with Wire2(self.gateway.port) as wire:
            for stream in (1, 3):
                wire.headers(stream, fields("POST", "/v1/chat/completions", *self.upstream.headers().items(), ("content-type", "application/json")), end=False)
                wire.data(stream, json.dumps({"model": "m", "user": str(stream), "messages": []}).encode(), end=True)
            self.assertTrue(eventually(lambda: len(peers) == 2))
            wire.reset(1)
            self.assertIsNotNone(peers["1"].closed_at(PATIENCE))
            self.assertEqual({stream: code for stream, (_, code) in peers["1"].link.resets.items()}, {peers["1"].stream_id: CANCEL})
            peers["3"].answer(CHAT)
            self.assertEqual(json.loads(wire.whole(3).body), CHAT)
        self.assertEqual(self.upstream.connections, 1)

    def test_hedge_lost(self):
        """of two attempts on one connection the one that loses has its stream reset, and nothing else is"""
        peers = {}

        def handler(request, peer):
            peers[request["authorization"]] = peer
            if request["authorization"] == "Bearer b":
                peer.stream(*EVENTS)
        self.upstream.handler = handler
        targets = [self.upstream.target(api_key=key) for key in "ab"]
        config = {"strategy": {"mode": "fallback"}, "targets": targets, "hedge": {"after": 50, "budget": 1}}
        with ThreadPoolExecutor(1) as pool:
            beside = pool.submit(self.chat)
            self.assertTrue(eventually(lambda: "Bearer sk-caller" in peers))
            response = self.chat(config, stream=True)
            self.assertEqual((response.status, response.body, response["x-portkey-last-used-option-index"]), (200, b"".join(EVENTS), "config.targets[1]"))
            lost = peers["Bearer a"]
            self.assertIsNotNone(lost.closed_at(PATIENCE))
            self.assertEqual({stream: code for stream, (_, code) in lost.link.resets.items()}, {lost.stream_id: CANCEL})
            peers["Bearer sk-caller"].answer(CHAT)
            self.assertEqual(beside.result().status, 200)
        self.assertEqual(self.upstream.connections, 1)

    def test_hedge_refused(self):
        """a second attempt whose stream is refused costs nothing: the first is the answer"""
        def handler(request, peer):
            if request["authorization"] == "Bearer b":
                return peer.reset(ErrorCodes.REFUSED_STREAM)
            eventually(lambda: len(self.upstream.requests) == 2)
            peer.answer(CHAT)
        self.upstream.handler = handler
        targets = [self.upstream.target(api_key=key) for key in "ab"]
        response = self.chat({"strategy": {"mode": "fallback"}, "targets": targets, "hedge": {"after": 50, "budget": 1}})
        self.assertEqual((response.status, response["x-portkey-last-used-option-index"]), (200, "config.targets[0]"))
        self.assertEqual((self.upstream.connections, len(self.upstream.requests)), (1, 2))


class Silence(UpstreamCase):
    """HTTP/2 upstreams: silence"""

    @classmethod
    def bounds(cls):
        return {"limits": {"ping_after": "200ms", "ping_time": "400ms", "pool_idle": "2s"}}

    def test_ping(self):
        """a connection that was silent is asked for a sign of life with its next request; without one it is given up"""
        self.assertEqual(self.chat().status, 200)
        link = self.upstream.links[0]
        time.sleep(0.3)
        self.assertEqual(self.chat().status, 200)
        self.assertTrue(eventually(lambda: link.pings == 1))
        time.sleep(0.3)
        with link.lock:  # From here on it says nothing, though its host hears.
            started = time.monotonic()
            self.assertEqual(self.send("GET", "/v1/models", self.upstream.headers()).status, 200)
            self.assertGreaterEqual(time.monotonic() - started, 0.35)
        self.assertEqual(self.upstream.connections, 2)
        self.assertTrue(eventually(lambda: len(self.upstream.requests) == 4), "what was asked twice arrived twice")
        link = self.upstream.links[1]
        time.sleep(0.3)
        with link.lock:
            self.assert_fault(self.chat(), 502, "upstream_closed")
            self.assertEqual(len(self.upstream.requests), 4)
        self.assertTrue(eventually(lambda: len(self.upstream.requests) == 5), "what must not be asked again had arrived")
        self.assertEqual(self.chat().status, 200)
        self.assertEqual((self.upstream.connections, len(self.upstream.requests)), (3, 6))

    def test_unheard(self):
        """what the upstream's host has not even acknowledged when a silent connection is given up is asked of another"""
        upstream = self.serve()
        upstream.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.upstream = upstream
        self.assertEqual(self.chat().status, 200)
        link = upstream.links[0]
        with link.lock, ThreadPoolExecutor(1) as pool:
            # It is more than the host takes, and so the next is not taken at all.
            first = pool.submit(self.chat, user="x" * 60_000)
            time.sleep(0.25)
            self.assertEqual(self.chat().status, 200)
            self.assert_fault(first.result(), 502, "upstream_closed")
        self.assertEqual((upstream.connections, len(upstream.requests)), (2, 2))

    def test_suspect(self):
        """where an answer is waited for in vain, the connection takes no other request before it is heard of"""
        self.assertEqual(self.chat().status, 200)
        link = self.upstream.links[0]
        with link.lock:
            headers = {**self.upstream.headers(), "x-portkey-request-timeout": "700"}
            self.assertEqual(self.chat(headers=headers).status, 408)
            self.assertEqual(self.chat(headers=headers).status, 200)
            self.assertEqual(self.upstream.connections, 2)

    def test_idle(self):
        """an idle connection is closed with GOAWAY once its time is over"""
        self.assertEqual(self.chat().status, 200)
        link = self.upstream.links[0]
        self.assertTrue(eventually(lambda: link.closed))
        self.assertEqual(link.goaway.error_code, ErrorCodes.NO_ERROR)


class Secure(UpstreamCase):
    """HTTP/2 upstreams: over TLS"""

    @classmethod
    def setUpClass(cls):
        cls.directory = Path(tempfile.mkdtemp(prefix="sluice-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        authority = Certificate("authority", is_authority=True)
        cls.authority = cls.directory / "authority.pem"
        cls.authority.write_bytes(authority.pem)
        cls.certificate = Certificate("server", issuer=authority, names=["localhost", "127.0.0.1"]).write(cls.directory / "server.pem")
        cls.servers = {name: cls.secure(protocols) for name, protocols in {"h2": ["h2", "http/1.1"], "h1": ["http/1.1"], "none": [], "never": ["h2", "http/1.1"]}.items()}
        for server in cls.servers.values():
            cls.addClassCleanup(server.close)
        super().setUpClass()

    @classmethod
    def secure(cls, protocols):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cls.certificate)
        if protocols:
            context.set_alpn_protocols(protocols)

        class Server(Upstream):
            def serve(self, connection):
                try:
                    session = context.wrap_socket(connection, server_side=True)
                except OSError:
                    return connection.close()
                if session.selected_alpn_protocol() == "h2":
                    return self.serve2(session)
                self.serve1(session)
        return Server()

    @classmethod
    def configuration(cls):
        providers = {name: {"base_url": f"https://localhost:{server.port}/v1", "ca_file": str(cls.authority), "auth": "none"} for name, server in cls.servers.items()}
        providers["never"]["http2"] = False
        return {"version": 1, "providers": providers}

    def ask(self, name, **members):
        return self.chat(headers={"x-portkey-provider": name}, **members)

    def test_negotiated(self):
        """what is spoken is what the handshake finds; a provider may be told to speak HTTP/1.1"""
        for name, version in {"h2": "HTTP/2", "h1": "HTTP/1.1", "none": "HTTP/1.1", "never": "HTTP/1.1"}.items():
            with self.subTest(name=name):
                server = self.servers[name]
                server.handler = lambda request, peer: peer.stream(*EVENTS) if request.json.get("stream") else peer.answer(CHAT)
                self.assertEqual(self.ask(name).json, CHAT)
                response = self.ask(name, stream=True)
                self.assertEqual((response.body, response.ended), (b"".join(EVENTS), "chunked"))
                self.assertEqual({request.version for request in server.requests}, {version})

    def test_a_crowd(self):
        """a crowd that comes first waits for one handshake where HTTP/2 is found, and for one more where it is not"""
        for name, connections in {"h2": [1], "h1": range(2, 22)}.items():
            with self.subTest(name=name):
                server = self.secure(["h2", "http/1.1"] if name == "h2" else ["http/1.1"])
                self.addCleanup(server.close)
                together = threading.Barrier(20)

                def handler(request, peer, together=together):
                    together.wait(PATIENCE)
                    peer.answer(CHAT)
                server.handler = handler
                configuration = {"version": 1, "providers": {"one": {"base_url": f"https://localhost:{server.port}/v1", "ca_file": str(self.authority), "auth": "none"}}}
                gateway = Gateway(configuration, workers=1)
                self.addCleanup(gateway.stop)
                body = {"model": "m", "messages": []}
                with ThreadPoolExecutor(20) as pool:
                    asked = [pool.submit(send, gateway.port, "POST", "/v1/chat/completions", {"x-portkey-provider": "one"}, body) for _ in range(20)]
                    self.assertEqual([task.result().status for task in asked], [200] * 20)
                self.assertIn(server.connections, connections)

    def test_ends(self):
        """a connection that ends before it has received a request is no fault; one that has read it is not asked again"""
        server = self.secure(["h2"])
        self.addCleanup(server.close)
        configuration = {"version": 1, "providers": {"one": {"base_url": f"https://localhost:{server.port}/v1", "ca_file": str(self.authority), "auth": "none"}}}
        gateway = Gateway(configuration, workers=1)
        self.addCleanup(gateway.stop)

        def ask():
            return send(gateway.port, "POST", "/v1/chat/completions", {"x-portkey-provider": "one"}, {"model": "m", "messages": []})
        self.assertEqual(ask().status, 200)
        for _ in range(5):
            end(server.links[-1])
            self.assertEqual(ask().status, 200)
        self.assertEqual(len(server.requests), 6)
        server.handler = lambda request, peer: end(peer.link)
        self.assert_fault(ask(), 502, "upstream_closed")
        self.assertEqual(len(server.requests), 7)

    def test_large(self):
        """large bodies both ways, many at once, are the same bytes"""
        server = self.servers["h2"]
        server.handler = lambda request, peer: peer.answer({"echo": request.json["user"]})
        texts = [chr(97 + number) * 700_000 for number in range(6)]
        with ThreadPoolExecutor(6) as pool:
            answers = [task.result() for task in [pool.submit(self.ask, "h2", user=text) for text in texts]]
        self.assertEqual([answer.json["echo"] == text for answer, text in zip(answers, texts)], [True] * 6)

    def test_two_gateways(self):
        """one gateway in front of another, HTTP/2 over TLS between them"""
        self.upstream.handler = lambda request, peer: peer.stream(*EVENTS, gap=0.01) if request.json.get("stream") else peer.answer(CHAT)
        port = free_port()
        plain = self.directory / "server.pem"
        plain.chmod(0o600)
        behind = Gateway(with_tls(port, (str(plain), str(plain)), base=self.upstream.base))
        self.addCleanup(behind.stop)
        front = Gateway({"version": 1, "providers": {"behind": {"base_url": f"https://localhost:{port}/v1", "ca_file": str(self.authority), "auth": "none"}}}, workers=1)
        self.addCleanup(front.stop)
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
        with ThreadPoolExecutor(10) as pool:
            asked = [pool.submit(send, front.port, "POST", "/v1/chat/completions", {"x-portkey-provider": "behind"}, {**body, "stream": number % 2 == 1}) for number in range(40)]
            answers = [task.result() for task in asked]
        for number, answer in enumerate(answers):
            self.assertEqual((answer.status, answer.body if number % 2 else answer.json), (200, b"".join(EVENTS) if number % 2 else CHAT))
        self.assertTrue(eventually(lambda: " HTTP/2 " in behind.said()), behind.said())


class Faults(test_faults.Network, UpstreamCase):
    """A faulty network, over HTTP/2."""

    @classmethod
    def configuration(cls):
        return {**test_faults.FaultCase.configuration(), "upstream_http2": "prior_knowledge"}

    setUp = test_faults.FaultCase.setUp

    def assert_refused(self, response, status, code, requests):
        # An upstream speaks first: what breaks at its first bytes may break before it has read the request, or its connection's end.
        self.assertEqual((response.status, response.json["error"]["code"], response["x-portkey-retry-attempt-count"]), (status, code, "0"), response)
