"""Streams: exact, at once, and honest about their end."""

import base64
import hashlib
import json
import socket
import threading
import time

from harness.gateway import GatewayCase, shared
from harness.upstream import CHAT
from harness.wire import Wire, request


def event(**members):
    return b"data: " + json.dumps({"id": "c1", "object": "chat.completion.chunk", "choices": [], **members}).encode() + b"\n\n"


def delta(text):
    return event(choices=[{"index": 0, "delta": {"content": text}, "finish_reason": None}])


USAGE = event(usage={"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5})
DONE = b"data: [DONE]\n\n"


class Passage(GatewayCase):
    """Streams."""

    def read(self, **members):
        wire, response = self.open_stream(**members)
        self.assertEqual(response.status, 200, response)
        response.body = b"".join(wire.body(response))
        return response

    def test_exact(self):
        """comments, names, ids, odd line ends and invalid UTF-8 survive, wherever the upstream cuts them"""
        text = (b": OPENROUTER PROCESSING\n\n" + b"event: custom\r\nid: 7\r\ndata: {\"a\":1}\r\n\r\n" + b"retry: 10\n\n" + delta("é")
                + b"data: \xff\xfe\xc3\n\n" + b"data: two\ndata: lines\n\n" + b"data\n\n" + b"\xef\xbb\xbfdata: x\r\r" + DONE)
        for size in (len(text), 1, 3, 17):
            with self.subTest(size=size):
                runs = [text[i:i + size] for i in range(0, len(text), size)]
                self.upstream.handler = lambda request, peer: peer.stream(*runs)
                response = self.read()
                self.assertEqual((response.body, response.ended), (text, "chunked"))

    def test_vectors(self):
        """every vector of the event streams goes through byte for byte: whole, in threes and one at a time, the longest in 10,000 pieces"""
        vectors = json.loads(shared("data", "sse", "sse_vectors.json").read_text())["vectors"]
        self.assertEqual(len(vectors), 30)
        for vector in vectors:
            text = base64.b64decode(vector["b64"])
            for size in sorted({max(1, len(text)), max(3, len(text) // 5_000), max(1, len(text) // 10_000)}):
                with self.subTest(vector=vector["id"], size=size):
                    runs = [text[i:i + size] for i in range(0, len(text), size)]
                    self.upstream.handler = lambda request, peer: peer.stream(*runs)
                    response = self.read()
                    self.assertEqual((response.body, response.ended), (text, "chunked"))

    def test_headers(self):
        """a stream tells proxies not to hold or change it"""
        self.upstream.handler = lambda request, peer: peer.stream(delta("a"), DONE)
        response = self.read()
        self.assertTrue(response["content-type"].startswith("text/event-stream"))
        self.assertEqual(response["x-accel-buffering"], "no")
        self.assertIn("no-transform", ",".join(response.all("cache-control")))
        self.assertTrue(response["x-portkey-trace-id"])
        self.assertIsNone(response["content-length"])

    def test_at_once(self):
        """an event leaves when its last byte is there, not with the next one"""
        def handler(request, peer):
            peer.stream(end=False)
            for text in ("a", "b", "c"):
                chunk = delta(text)
                peer.chunk(chunk[:20])
                time.sleep(0.05)
                peer.chunk(chunk[20:])
                sent.append(time.monotonic())
                time.sleep(0.25)
            peer.chunk(DONE)
            peer.send(b"0\r\n\r\n")
        sent, seen, held = [], [], b""
        self.upstream.handler = handler
        wire, response = self.open_stream()
        for run in wire.body(response):
            held += run
            while len(seen) < held.count(b"\n\n") and len(seen) < 3:
                seen.append(time.monotonic())
        late = [at - before for at, before in zip(seen, sent)]
        self.assertEqual(len(late), 3)
        self.assertLess(max(late), 0.03, late)

    def test_head_at_once(self):
        """the head arrives before the first event does"""
        def handler(request, peer):
            peer.stream(end=False)
            time.sleep(0.5)
            peer.chunk(DONE)
            peer.send(b"0\r\n\r\n")
        self.upstream.handler = handler
        started = time.monotonic()
        wire, response = self.open_stream()
        self.assertLess(time.monotonic() - started, 0.2)
        self.assertEqual(b"".join(wire.body(response)), DONE)

    def test_big_event(self):
        """an event of 1 MB passes"""
        text = delta("x" * 1_000_000) + DONE
        self.upstream.handler = lambda request, peer: peer.stream(text)
        self.assertEqual(hashlib.sha256(self.read().body).digest(), hashlib.sha256(text).digest())

    def test_many_at_once(self):
        """a hundred streams at once keep to themselves"""
        def handler(request, peer):
            peer.stream(*(delta(f"{request.json['user']} {n}") for n in range(20)), DONE, gap=0.005)
        self.upstream.handler = handler
        opened = [self.open_stream(user=str(n)) for n in range(100)]
        for n, (wire, response) in enumerate(opened):
            self.assertEqual(b"".join(wire.body(response)), b"".join(delta(f"{n} {k}") for k in range(20)) + DONE)

    def test_json_instead_of_a_stream(self):
        """an upstream that answers JSON to a stream request is passed as it is"""
        response = self.chat(stream=True)
        self.assertEqual((response.status, response.json), (200, CHAT))


class Usage(GatewayCase):
    """Usage of streams."""

    def handler(self, request, peer):
        asked = (request.json.get("stream_options") or {}).get("include_usage")
        peer.stream(delta("a"), *([USAGE] if asked else []), DONE)

    def body(self, **members):
        self.upstream.handler = self.handler
        wire, response = self.open_stream(**members)
        return b"".join(wire.body(response))

    def test_added_and_removed(self):
        """usage is asked for upstream, and the extra chunk is removed when the client had not asked"""
        self.assertEqual(self.body(), delta("a") + DONE)
        self.assertIs(self.upstream.requests[0].json["stream_options"]["include_usage"], True)

    def test_kept(self):
        """the usage chunk stays when the client asked for it"""
        self.assertEqual(self.body(stream_options={"include_usage": True}), delta("a") + USAGE + DONE)

    def test_declined(self):
        """other stream options stay, and a declined usage chunk is not shown"""
        self.assertEqual(self.body(stream_options={"include_usage": False, "include_obfuscation": False}), delta("a") + DONE)
        self.assertIs(self.upstream.requests[0].json["stream_options"]["include_obfuscation"], False)

    def test_removed_when_cut(self):
        """the extra chunk is removed wherever the upstream cuts it"""
        text = delta("a") + USAGE + DONE
        for size in (1, 5, 50):
            with self.subTest(size=size):
                self.upstream.handler = lambda request, peer: peer.stream(*(text[i:i + size] for i in range(0, len(text), size)))
                wire, response = self.open_stream()
                self.assertEqual(b"".join(wire.body(response)), delta("a") + DONE)

    def test_usage_with_choices_stays(self):
        """a chunk that carries usage and choices is not the extra one"""
        text = event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}], usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2})
        self.upstream.handler = lambda request, peer: peer.stream(text, DONE)
        wire, response = self.open_stream()
        self.assertEqual(b"".join(wire.body(response)), text + DONE)


class Ends(GatewayCase):
    """Ends of streams."""

    def cut(self, reset=False, garbage=None):
        def handler(request, peer):
            peer.stream(delta("a"), end=False)
            time.sleep(0.05)
            if garbage:
                peer.send(garbage)
            else:
                peer.cut(reset)
        self.upstream.handler = handler

    def assert_aborted(self, wire, response, first):
        body = b"".join(wire.body(response))
        self.assertEqual(response.ended, "cut", "the stream looks whole")
        self.assertTrue(body.startswith(first), body)
        return body[len(first):]

    def test_upstream_cut(self):
        """a cut upstream ends in a typed error event and no final chunk"""
        for reset in (False, True):
            with self.subTest(reset=reset):
                self.cut(reset)
                wire, response = self.open_stream()
                rest = self.assert_aborted(wire, response, delta("a"))
                self.assertTrue(rest.startswith(b"data: ") and rest.endswith(b"\n\n"), rest)
                error = json.loads(rest[6:])["error"]
                self.assertTrue(error["message"] and error["type"], error)

    def test_upstream_malformed(self):
        """malformed framing ends the same way"""
        for garbage in (b"zz\r\nnonsense\r\n", b"5\r\nabcdeXX", b"ffffffffffffffffff\r\n"):
            with self.subTest(garbage=garbage):
                self.cut(garbage=garbage)
                wire, response = self.open_stream()
                rest = self.assert_aborted(wire, response, delta("a"))
                self.assertIn(b'"error"', rest)

    def test_cut_in_an_event(self):
        """an upstream cut within an event does not run into the error event"""
        def handler(request, peer):
            peer.stream(delta("a"), b'data: {"half', end=False)
            time.sleep(0.05)
            peer.cut()
        self.upstream.handler = handler
        wire, response = self.open_stream()
        rest = self.assert_aborted(wire, response, delta("a"))
        self.assertIn("error", json.loads(rest.rsplit(b"data: ", 1)[1]))
        self.assertNotIn(b'{"halfdata:', rest)

    def test_anthropic_cut(self):
        """an Anthropic stream is cut in Anthropic's words"""
        first = b'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":1}}}\n\n'

        def handler(request, peer):
            peer.stream(first, end=False)
            time.sleep(0.05)
            peer.cut()
        self.upstream.handler = handler
        with Wire(self.gateway.port) as wire:
            wire.send(request("POST", "/v1/messages", self.upstream.headers("anthropic"), {"model": "c", "max_tokens": 1, "stream": True, "messages": []}))
            response = wire.head()
            rest = self.assert_aborted(wire, response, first)
        self.assertTrue(rest.startswith(b"event: error\ndata: "), rest)
        error = json.loads(rest.split(b"data: ", 1)[1])
        self.assertEqual(error["type"], "error")
        self.assertTrue(error["error"]["type"] and error["error"]["message"])

    def test_before_the_head(self):
        """an upstream that closes without a word is a clear gateway error"""
        self.upstream.handler = lambda request, peer: peer.cut()
        response = self.chat()
        self.assertIn(response.status, (500, 502, 503), response)
        self.assertTrue(response.json["error"]["message"])
        self.assertTrue(response["x-portkey-trace-id"])


class ClientGone(GatewayCase):
    """Client gone."""

    def closed_after(self, when):
        """Milliseconds from the client's leave to the upstream's end of its connection."""
        left, closed, ready = [], [], threading.Event()

        def handler(request, peer):
            if when != "before the head":
                peer.stream(delta("a"), end=False)
            ready.set()
            closed.append(peer.closed_at(within=3))
        self.upstream.handler = handler
        wire = Wire(self.gateway.port)
        wire.send(request("POST", "/v1/chat/completions", self.upstream.headers(), {"model": "m", "stream": True, "messages": []}))
        self.assertTrue(ready.wait(3))
        if when != "before the head":
            response = wire.head()
            next(iter(wire.body(response)))
        else:
            time.sleep(0.05)
        left.append(time.monotonic())
        if when == "by reset":
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        wire.socket.close()
        deadline = time.monotonic() + 4
        while not closed and time.monotonic() < deadline:
            time.sleep(0.005)
        self.assertTrue(closed and closed[0], "the upstream connection was never closed")
        return (closed[0] - left[0]) * 1000

    def test_gone(self):
        """the upstream's connection is closed within 100 ms, whenever and however the client leaves"""
        for when in ("in mid-stream", "by reset", "before the head"):
            with self.subTest(when=when):
                self.assertLess(self.closed_after(when), 100)

    def test_nothing_kept(self):
        """300 clients gone in mid-stream leave no descriptor behind"""
        def handler(request, peer):
            peer.stream(delta("a"), end=False)
            peer.closed_at(within=5)
            peer.connection.close()
        self.upstream.handler = handler
        self.chat_and_leave(20)
        before = self.settled()
        self.chat_and_leave(300)
        self.assertLessEqual(self.settled(), before + 4)

    def chat_and_leave(self, count):
        for _ in range(count):
            wire, response = self.open_stream()
            wire.socket.close()

    def settled(self):
        time.sleep(0.5)
        return self.gateway.descriptors()


class Stalled(GatewayCase):
    """A stalled client."""

    def test_one_window(self):
        """costs one window, stops its upstream, disturbs no other, and gets every byte in the end"""
        total, piece = 40_000_000, b"x" * 60_000
        progress = []

        def handler(request, peer):
            if request.target.endswith("/content"):
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % total)
                for at in range(0, total, len(piece)):
                    peer.send(piece[:total - at])
                    progress.append(at)
            else:
                peer.answer(CHAT)
        self.upstream.handler = handler
        self.chat()
        memory = self.gateway.memory()
        with Wire(self.gateway.port) as wire:
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            wire.send(request("GET", "/v1/files/1/content", self.upstream.headers()))
            response = wire.head()
            time.sleep(1)
            stalled_at = len(progress)
            slowest = 0
            for _ in range(50):
                started = time.monotonic()
                self.assertEqual(self.chat().status, 200)
                slowest = max(slowest, time.monotonic() - started)
            self.assertEqual(len(progress), stalled_at, "the upstream was read on while the client stood still")
            self.assertLess(stalled_at * len(piece), 20_000_000, "what the kernel and one window hold is less")
            self.assertLess(self.gateway.memory() - memory, 3_000_000)
            self.assertLess(slowest, 0.5)
            self.assertEqual(sum(map(len, wire.body(response))), total)
