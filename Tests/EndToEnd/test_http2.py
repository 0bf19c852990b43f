"""HTTP/2 towards clients: what an exchange makes of a stream."""

import json
import os
import signal
import subprocess
import threading
import time
import unittest

from harness.configuration import plain, with_short_waits
from harness.gateway import Gateway, GatewayCase, free_port, mock
from harness.http2 import CANCEL, INTERNAL_ERROR, NO_ERROR, PREFACE, PROTOCOL_ERROR, Wire2, fields, raw
from harness.upstream import CHAT, Upstream
from harness.waiting import soon
from harness.wire import Wire

BODY = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}).encode()
STREAMED = json.dumps({"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": "hi"}]}).encode()


class HTTP2Case(GatewayCase):
    def wire(self, gateway=None, **more):
        wire = Wire2((gateway or self.gateway).port, **more)
        self.addCleanup(wire.socket.close)
        return wire

    def chat(self, *more, method="POST", path="/v1/chat/completions", length=None, headers=None):
        found = [*(headers or self.upstream.headers()).items(), ("content-type", "application/json"), *more]
        if length is not None:
            found.append(("content-length", str(length)))
        return fields(method, path, *found)

    def post(self, wire, stream, body=BODY, *more, sized=True, headers=None):
        wire.headers(stream, self.chat(*more, length=len(body) if sized else None, headers=headers), end=False)
        at = 0
        while at < len(body):
            wire.data(stream, body[at:at + 16384], end=at + 16384 >= len(body))
            at += 16384
        return wire


class Exchanges(HTTP2Case):
    """HTTP/2 exchanges."""

    def test_proxied(self):
        """a request arrives upstream as HTTP/1.1 with the same body, and its answer comes back without the hop's fields"""
        for sized in (True, False):
            with self.subTest(sized=sized):
                self.upstream.forget()
                answer = self.post(self.wire(), 1, BODY, ("cookie", "a=1"), ("cookie", "b=2"), ("te", "trailers"), sized=sized).whole(1)
                self.assertEqual((answer.status, json.loads(answer.body), answer.ended), (200, CHAT, True))
                self.assertFalse({"connection", "transfer-encoding", "keep-alive"} & {name for name, _ in answer.fields})
                self.assertTrue(answer["x-portkey-trace-id"])
                arrived = self.upstream.requests[0]
                self.assertEqual((arrived.version, arrived.body, arrived["te"]), ("HTTP/1.1", BODY, None))
                self.assertEqual(arrived.all("content-length"), [str(len(BODY))])

    def test_streamed(self):
        """events come as they leave the provider, each in its own time, and the last ends the stream"""
        self.upstream.handler = lambda request, peer: peer.stream(*(b"data: %d\n\n" % n for n in range(5)), gap=0.1)
        wire = self.post(self.wire(), 1, STREAMED)
        answer, came = wire.answer(1), []
        while not answer.ended:
            before = len(answer.body)
            self.assertTrue(wire.until(lambda: len(answer.body) > before or answer.ended))
            came.append(time.monotonic())
        self.assertEqual(answer.body, b"".join(b"data: %d\n\n" % n for n in range(5)))
        self.assertGreater(came[-1] - came[0], 0.3)
        self.assertIsNone(answer["content-length"])

    def test_many_at_once(self):
        """a hundred streams of one connection are answered, whichever comes first"""
        self.upstream.handler = lambda request, peer: (time.sleep(0.05 * (request.number % 3)), peer.answer({"n": request.json["n"]}))
        wire = self.wire()
        for number in range(100):
            self.post(wire, 2 * number + 1, json.dumps({"model": "m", "messages": [], "n": number}).encode())
        for number in range(100):
            self.assertEqual(json.loads(wire.whole(2 * number + 1).body), {"n": number})
        self.assertTrue(wire.lives())

    def test_many_in_turn(self):
        """streams follow each other on one connection"""
        before = self.upstream.connections
        wire = self.wire()
        for number in range(300):
            self.assertEqual(self.post(wire, 2 * number + 1).whole(2 * number + 1).status, 200)
        self.assertLess(self.upstream.connections - before, 5)

    def test_long_bodies(self):
        """bodies of megabytes go both ways, through windows that open as they are read"""
        self.upstream.handler = lambda request, peer: peer.answer(b"x" * 5_000_000, headers=[("Content-Type", "text/plain")])
        body = json.dumps({"model": "m", "messages": [], "pad": "y" * 3_000_000}).encode()
        for sized in (True, False):
            with self.subTest(sized=sized):
                self.upstream.requests.clear()
                wire = self.wire(settings={4: 1 << 20})
                wire.headers(1, self.chat(length=len(body) if sized else None), end=False)
                window, sent = 65535, 0
                while sent < len(body):
                    size = min(16384, window, len(body) - sent)
                    if size > 0:
                        wire.data(1, body[sent:sent + size], end=sent + size == len(body))
                        sent, window = sent + size, window - size
                        continue
                    seen = len(wire.frames)
                    self.assertTrue(wire.until(lambda: any(f.stream_id == 1 for f in wire.frames[seen:] if type(f).__name__ == "WindowUpdateFrame")), sent)
                    window += sum(f.window_increment for f in wire.frames[seen:] if type(f).__name__ == "WindowUpdateFrame" and f.stream_id == 1)
                answer = wire.whole(1)
                self.assertEqual((answer.status, len(answer.body)), (200, 5_000_000))
                self.assertEqual(self.upstream.requests[0].body, body)

    def test_slow_body(self):
        """a body that keeps up the least rate is waited for past the grace, and one that does not is refused"""
        gateway = Gateway({"version": 1, "limits": {"body_rate": "1KiB", "body_grace": "1s"}})
        self.addCleanup(gateway.stop)
        wire = self.wire(gateway)
        body = json.dumps({"model": "m", "messages": [], "pad": "x" * 12_000}).encode()
        for stream, sized in ((1, True), (3, False)):
            wire.headers(stream, self.chat(length=len(body) if sized else None), end=False)
            for at in range(0, len(body), 2000):
                wire.data(stream, body[at:at + 2000], end=at + 2000 >= len(body))
                time.sleep(0.3)
            self.assertEqual(wire.whole(stream).status, 200)
        wire.headers(5, self.chat(length=len(body)), end=False)
        for _ in range(6):
            wire.data(5, b"x")
            time.sleep(0.3)
        self.assertEqual((wire.whole(5).status, wire.whole(5).reset), (408, NO_ERROR))
        self.assertTrue(wire.lives())

    def test_without_body(self):
        """HEAD and GET have no DATA of theirs, and an answer without a body ends with its head"""
        self.upstream.handler = lambda request, peer: peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        wire = self.wire()
        wire.headers(1, self.chat(method="HEAD", path="/v1/models"))
        answer = wire.whole(1)
        self.assertEqual((answer.status, answer["content-length"], answer.body), (200, "100", b""))
        self.upstream.handler = lambda request, peer: peer.send(b"HTTP/1.1 204 No Content\r\n\r\n")
        wire.headers(3, self.chat(method="DELETE", path="/v1/files/x"))
        self.assertEqual((wire.whole(3).status, wire.whole(3).ended), (204, True))
        self.assertFalse(any(type(frame).__name__ == "DataFrame" for frame in wire.frames))

    def test_refusals(self):
        """what is refused in HTTP/1.1 is refused the same: status, code, id; and the connection goes on"""
        wire = self.wire()
        wire.headers(1, fields("GET", "/nothing"))
        wire.headers(3, [(":method", "CONNECT"), (":authority", "example.com:443")])
        wire.headers(5, fields("BREW", "/v1/models"))
        wire.headers(7, fields("GET", "/v1/models", *[(f"x-{n}", "y") for n in range(100)]))
        wire.headers(9, fields("GET", "/v1/models", authority="user@host"))
        wire.headers(11, fields("GET", "/" + "x" * 9000))
        self.post(wire, 13, b'{"model":')
        self.assertEqual([wire.whole(stream).status for stream in range(1, 15, 2)], [404, 501, 501, 431, 400, 414, 400])
        for stream in range(1, 15, 2):
            self.assertTrue(json.loads(wire.whole(stream).body)["error"]["message"])
        self.assertTrue(wire.lives())
        self.assertEqual(self.upstream.requests, [])

    def test_early_refusal(self):
        """a body that is too large is refused while it comes: the answer, then RST_STREAM with NO_ERROR"""
        wire = self.wire()
        wire.headers(1, self.chat(length=1 << 30), end=False).data(1, b"x" * 16384)
        self.assertTrue(wire.until(lambda: wire.answer(1).reset is not None))
        self.assertEqual((wire.answer(1).status, wire.answer(1).ended, wire.answer(1).reset), (413, True, NO_ERROR))
        wire.data(1, b"x" * 1000)
        self.assertEqual(self.post(wire, 3).whole(3).status, 200)

    def test_expectation(self):
        """100-continue is answered before the body"""
        wire = self.wire()
        wire.headers(1, self.chat(("expect", "100-continue"), length=len(BODY)), end=False)
        self.assertTrue(wire.until(lambda: wire.answer(1).interim))
        self.assertEqual(wire.data(1, BODY, end=True).whole(1).status, 200)

    def test_broken_upstream(self):
        """a stream whose provider breaks off gets an error event, then RST_STREAM"""
        self.upstream.handler = lambda request, peer: (peer.stream(b"data: 1\n\n", end=False), peer.cut())
        answer = self.post(self.wire(), 1, STREAMED).whole(1)
        self.assertTrue(answer.body.startswith(b"data: 1\n\n") and b'"error"' in answer.body, answer)
        self.assertEqual((answer.ended, answer.reset), (False, INTERNAL_ERROR))

    def test_cut_answer(self):
        """an answer with a length that is cut is reset"""
        self.upstream.handler = lambda request, peer: (peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), peer.cut())
        answer = self.post(self.wire(), 1).whole(1)
        self.assertEqual((answer.body, answer.ended, answer.reset), (b"half", False, INTERNAL_ERROR))

    def test_translated(self):
        """an answer that is said in another dialect is framed the same"""
        wire = self.wire()
        config = json.dumps({"provider": "anthropic", "api_key": "sk", "custom_host": mock().base})
        body = json.dumps({"model": "mock?tokens=5", "stream": True, "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}).encode()
        answer = self.post(wire, 1, body, headers={"x-portkey-config": config}).whole(1)
        self.assertTrue(answer.ended and answer.body.endswith(b"data: [DONE]\n\n"), answer)

    def test_malformed(self):
        """no malformed request goes any further"""
        wire = self.wire()
        cases = [
            [("x", "a\r\nhost: evil")], [("x", "a\0b")], [("x", " a")], [("X-Own", "a")], [("x:y", "a")], [("transfer-encoding", "chunked")],
            [("connection", "content-length")], [("upgrade", "h2c")], [("content-length", "1"), ("content-length", "2")], [("host", "other")],
            [("te", "gzip")], [("keep-alive", "1")], [("proxy-connection", "close")], [("content-length", "-1")],
        ]
        for number, more in enumerate(cases):
            wire.headers(2 * number + 1, self.chat() + more)
        paths = ["/ HTTP/1.1\r\n\r\nGET /smuggled", "/a b", "/#x", "", "v1/models", "http://evil/", "/\t"]
        for number, path in enumerate(paths, len(cases)):
            wire.headers(2 * number + 1, self.chat(path=path, method="GET"))
        for stream in range(1, 2 * (len(cases) + len(paths)), 2):
            self.assertEqual(wire.whole(stream).reset, PROTOCOL_ERROR, stream)
        self.assertTrue(wire.lives())
        self.assertEqual(self.upstream.requests, [])

    def test_body_length(self):
        """a body that is not as long as it said is not sent on as a whole request"""
        wire = self.wire()
        wire.headers(1, self.chat(length=len(BODY)), end=False).data(1, BODY[:-1], end=True)
        wire.headers(3, self.chat(length=len(BODY)), end=False).data(3, BODY + b"GET /smuggled HTTP/1.1\r\n\r\n", end=True)
        wire.headers(5, self.chat(length=len(BODY)), end=False).data(5, BODY).data(5, b"x", end=True)
        self.assertEqual([wire.whole(stream).reset for stream in (1, 3, 5)], [PROTOCOL_ERROR] * 3)
        self.assertEqual(self.upstream.requests, [])

    def test_http1_beside(self):
        """the same address speaks HTTP/1.1, and a request of it may look like the preface's start"""
        self.assertEqual(self.send("GET", "/health").status, 200)


class Leaving(HTTP2Case):
    """HTTP/2 streams that end before their time."""

    def waits(self):
        """An upstream handler that notes when the gateway let go of it."""
        let_go = []
        arrived = threading.Event()

        def handler(request, peer):
            arrived.set()
            let_go.append(peer.closed_at(5))

        self.upstream.handler = handler
        return arrived, let_go

    def test_reset_cancels(self):
        """a client's RST_STREAM lets go of the upstream at once, and of no other stream's"""
        arrived, let_go = self.waits()
        wire = self.post(self.wire(), 1)
        self.assertTrue(arrived.wait(5))
        began = time.monotonic()
        wire.reset(1, CANCEL)
        while not let_go and time.monotonic() < began + 5:
            time.sleep(0.005)
        self.assertLess(let_go[0] - began, 0.1)
        self.upstream.forget()
        self.assertEqual(self.post(wire, 3).whole(3).status, 200)

    def test_connection_gone(self):
        """a connection that closes lets go of every stream's upstream"""
        arrived, let_go = self.waits()
        wire = self.wire()
        for stream in range(1, 21, 2):
            self.post(wire, stream)
        self.assertTrue(arrived.wait(5))
        time.sleep(0.2)
        wire.socket.close()
        deadline = time.monotonic() + 5
        while len(let_go) < 10 and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(len(let_go), 10)
        self.assertTrue(all(let_go))

    def test_stalled_stream(self):
        """a stream whose client takes nothing holds back its provider, and no other stream"""
        sent = []

        def endless(request, peer):
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            while len(sent) < 2000:
                peer.chunk(b"data: %s\n\n" % (b"x" * 16000))
                sent.append(1)

        self.upstream.handler = endless
        wire = self.post(self.wire(opens=False), 1, STREAMED)
        self.assertTrue(wire.until(lambda: len(wire.answer(1).body) == 65535))
        time.sleep(0.5)
        self.assertLess(len(sent), 1000)
        wire.send(raw(8, 0, 0, (1 << 20).to_bytes(4, "big")))
        self.upstream.handler = lambda request, peer: peer.answer(CHAT)
        for stream in (3, 5, 7):
            self.assertEqual(self.post(wire, stream).whole(stream).status, 200)
        self.assertEqual(len(wire.answer(1).body), 65535)

    def test_drain(self):
        """at SIGTERM GOAWAY comes, streams under way finish, none is begun, and the process ends"""
        gateway = Gateway(plain())
        self.addCleanup(gateway.stop)
        self.upstream.handler = lambda request, peer: peer.stream(*(b"data: %d\n\n" % n for n in range(10)), gap=0.1)
        wire, idle = self.post(self.wire(gateway), 1, STREAMED), self.wire(gateway).ready()
        self.assertTrue(wire.until(lambda: wire.answer(1).body))
        gateway.child.send_signal(signal.SIGTERM)
        self.assertEqual(idle.ends(), NO_ERROR)
        self.assertTrue(wire.until(lambda: wire.goaway and wire.goaway.last_stream_id < 2**31 - 1))
        self.assertEqual((wire.goaway.error_code, wire.goaway.last_stream_id), (NO_ERROR, 1))
        wire.headers(3, self.chat(method="GET", path="/v1/models"))
        self.assertTrue(wire.whole(1).ended)
        self.assertIsNone(wire.answer(3).fields)
        self.assertIsNotNone(wire.ends())
        self.assertEqual(gateway.child.wait(3), 0)

    def test_drain_on_the_way(self):
        """what is asked before the client can know of the end is answered; a client that does not say that it knows is not waited for"""
        gateway = Gateway(plain())
        self.addCleanup(gateway.stop)
        self.upstream.handler = lambda request, peer: peer.stream(*(b"data: %d\n\n" % n for n in range(10)), gap=0.3)
        wire = self.post(self.wire(gateway), 1, STREAMED)
        wire.answers_pings = False
        self.assertTrue(wire.until(lambda: wire.answer(1).body))
        gateway.child.send_signal(signal.SIGTERM)
        self.assertTrue(wire.until(lambda: wire.goaway))
        self.assertEqual((wire.goaway.error_code, wire.goaway.last_stream_id), (NO_ERROR, 2**31 - 1))
        wire.headers(3, self.chat(method="GET", path="/v1/models"))
        self.assertEqual(wire.whole(3).status, 200)
        self.assertTrue(wire.until(lambda: wire.goaway.last_stream_id == 3))
        wire.headers(5, self.chat(method="GET", path="/v1/models"))
        self.assertTrue(wire.whole(1).ended)
        self.assertIsNone(wire.answer(5).fields)
        self.assertEqual((wire.ends(), gateway.child.wait(3)), (NO_ERROR, 0))

    def test_idle(self):
        """a connection without a stream is told to go, though it pings or sends a frame byte by byte, and one whose header block does not end, too"""
        gateway = Gateway(with_short_waits())
        self.addCleanup(gateway.stop)
        idle, slow, pinging, trickling = (self.wire(gateway).ready() for _ in range(4))
        trickling.answers_pings = False  # in the middle of its frame
        slow.send(raw(1, 1, 1, slow.pack(fields())))
        self.assertEqual(idle.ends(4), NO_ERROR)
        self.assertIsNotNone(slow.ends(4))
        deadline, frame = time.monotonic() + 20, iter(raw(6, 0, 0, b"12345678") * 1000)
        while not (pinging.closed and trickling.closed) and time.monotonic() < deadline:
            pinging.ping()
            trickling.send(bytes([next(frame)]))
            for wire in (pinging, trickling):
                wire.receive(0.05)
        self.assertEqual([wire.goaway.error_code for wire in (pinging, trickling)], [NO_ERROR] * 2)

    def test_switched_off(self):
        """`http2: false` answers the preface in HTTP/1.1"""
        gateway = Gateway({"version": 1, "http2": False})
        self.addCleanup(gateway.stop)
        wire = self.wire(gateway, preface=False)
        wire.send(PREFACE)
        self.assertTrue(wire.socket.recv(100).startswith(b"HTTP/1.1 505"))

    def test_alone(self):
        """`http1: false` speaks nothing else: what is no preface is answered with GOAWAY"""
        port = free_port()
        gateway = Gateway({"version": 1, "listen": [{"address": f"127.0.0.1:{port}", "http1": False}]})
        self.addCleanup(gateway.stop)
        with Wire(port) as wire:
            wire.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            said = b"".join(iter(wire.receive, b""))
        # The last frame: eight bytes of GOAWAY (RFC 9113 §6.8), its code PROTOCOL_ERROR.
        self.assertEqual((said[-17:-13], said[-4:]), (b"\0\0\x08\x07", b"\0\0\0\x01"))
        ran = subprocess.run(["nghttp", "-nv", f"http://127.0.0.1:{port}/health"], capture_output=True, timeout=30)
        self.assertEqual(ran.stdout.count(b":status: 200"), 1, ran.stdout[-500:])

    def test_record(self):
        """the access line says the version"""
        gateway = Gateway({"version": 1, "log": {"format": "json", "access": "stdout"}})
        self.addCleanup(gateway.stop)
        self.wire(gateway).headers(1, fields("GET", "/health")).whole(1)
        deadline = time.monotonic() + 5
        while '"protocol":"HTTP/2"' not in gateway.said() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertIn('"protocol":"HTTP/2"', gateway.said())


class Floods(HTTP2Case):
    """HTTP/2 floods."""

    def flood(self, frames, most=4000, batch=100):
        """How many frames a connection takes before it ends, and the code; the frames come in batches."""
        wire = self.wire().ready()
        for first in range(0, most, batch):
            wire.send(b"".join(frames(wire, number) for number in range(first, first + batch)))
            wire.wait_until_read()
            while wire.receive(0.001):
                pass
            if wire.closed or wire.goaway:
                return first + batch, wire.ends()
        return most, None

    def test_control(self):
        """frames that carry nothing end the connection with ENHANCE_YOUR_CALM within 2,000"""
        attacks = {
            "ping": lambda w, n: raw(6, 0, 0, b"12345678"), "settings": lambda w, n: raw(4, 0, 0), "unknown": lambda w, n: raw(0xBE, 0, 0, b"x"),
            "priority": lambda w, n: raw(2, 0, 2 * n + 1, bytes(5)), "window": lambda w, n: raw(8, 0, 0, b"\0\0\0\1"),
            "data": lambda w, n: (raw(1, 4, 1, w.pack(self.chat())) if n == 0 else b"") + raw(0, 0, 1),
        }
        for name, frames in attacks.items():
            with self.subTest(attack=name):
                taken, code = self.flood(frames)
                self.assertLessEqual(taken, 2000)
                self.assertIn(code, (11, -1))

    def test_resets(self):
        """resets, the client's and those it makes us send, end the connection within 2,000, and no upstream is left"""
        attacks = {
            "rapid reset": lambda w, n: raw(1, 5, 2 * n + 1, w.pack(self.chat(method="GET", path="/v1/models"))) + raw(3, 0, 2 * n + 1, b"\0\0\0\x08"),
            "made you reset": lambda w, n: raw(1, 5, 2 * n + 1, w.pack(self.chat(method="GET", path="/v1/models"))) + raw(8, 0, 2 * n + 1, b"\x7f\xff\xff\xff"),
            "refused length": lambda w, n: raw(1, 4, 2 * n + 1, w.pack(self.chat(length=1))) + raw(0, 1, 2 * n + 1, b"xx"),
        }
        for name, frames in attacks.items():
            with self.subTest(attack=name):
                before = self.gateway.memory()
                taken, code = self.flood(frames)
                self.assertLessEqual(taken, 2000)
                # Streams we reset count until that has left: a batch of them may pass the cap first, which is PROTOCOL_ERROR.
                self.assertIn(code, (11, 1, -1))
                self.assertLess(self.gateway.memory() - before, 8 << 20)
                self.assertEqual(self.send("GET", "/health").status, 200)

    def test_live_calls(self):
        """however fast a client gives up its streams, or makes us, one connection of it never has more than a hundred calls at upstreams"""
        live, most, lock = set(), [0], threading.Lock()

        def handler(request, peer):
            with lock:
                live.add(request.number)
                most[0] = max(most[0], len(live))
            peer.closed_at(5)
            with lock:
                live.discard(request.number)
        self.upstream.handler = handler
        for name, frame in {"rapid reset": raw(3, 0, 0, b"\0\0\0\x08"), "made you reset": raw(8, 0, 0, b"\x7f\xff\xff\xff")}.items():
            with self.subTest(attack=name):
                asked = self.chat(method="GET", path="/v1/models")
                before = len(self.upstream.requests)
                with self.wire() as wire:
                    wire.ready()
                    for batch in range(60):
                        streams = range(100 * batch, 100 * batch + 50)
                        wire.send(b"".join(raw(1, 5, 2 * n + 1, wire.pack(asked)) for n in streams))
                        soon(lambda: len(self.upstream.requests) - before >= 50, within=0.05)
                        wire.send(b"".join(frame[:5] + (2 * n + 1).to_bytes(4, "big") + frame[9:] for n in streams))
                        if wire.closed:
                            break
                    wire.ends(1)
                self.assertGreater(len(self.upstream.requests), before, "no stream reached an upstream: this shows nothing")
                self.assertLessEqual(most[0], 100)
                self.assertTrue(soon(lambda: not live), live)

    def test_header_blocks(self):
        """endless header blocks end the connection: CONTINUATION frames, empty ones, and fields that are named many times"""
        large = b"\x40\x01x\x7f\xa1\x1e" + b"a" * 4000
        attacks = {
            "continuation": lambda w, n: (raw(1, 1, 1, w.pack(fields())) if n == 0 else b"") + raw(9, 0, 1, b"\0\1x\1y" * 100),
            "empty continuation": lambda w, n: (raw(1, 1, 1, w.pack(fields())) if n == 0 else b"") + raw(9, 0, 1),
            "bomb": lambda w, n: raw(1, 5, 2 * n + 1, w.pack(fields()) + (large if n == 0 else b"\xbe" * 16000)),
        }
        for name, frames in attacks.items():
            with self.subTest(attack=name):
                taken, code = self.flood(frames, most=400, batch=4)
                self.assertLessEqual(taken, 100)
                self.assertIn(code, (11, -1))


class RealClients(HTTP2Case):
    """HTTP/2 clients as people use them."""

    def run_client(self, *arguments, data=None):
        try:
            return subprocess.run(arguments, capture_output=True, timeout=30, input=data)
        except FileNotFoundError:
            raise unittest.SkipTest(f"{arguments[0]} is not installed: apt-get install nghttp2-client curl")

    def test_curl(self):
        """curl, with prior knowledge: whole, streamed, and a body that waits for 100-continue"""
        headers = [part for name, value in self.upstream.headers().items() for part in ("-H", f"{name}: {value}")]
        curl = ["curl", "-sS", "--http2-prior-knowledge", "-w", "\n%{http_version} %{http_code}", *headers, "-H", "content-type: application/json"]
        target = f"{self.gateway.url}/v1/chat/completions"
        ran = self.run_client(*curl, "-d", BODY.decode(), target)
        self.assertEqual(ran.stdout.splitlines()[-1], b"2 200", ran)
        self.assertEqual(json.loads(ran.stdout.splitlines()[0]), CHAT)
        self.upstream.handler = lambda request, peer: peer.stream(b"data: 1\n\n", b"data: [DONE]\n\n")
        ran = self.run_client(*curl, "-N", "-d", STREAMED.decode(), target)
        self.assertEqual(ran.stdout, b"data: 1\n\ndata: [DONE]\n\n\n2 200", ran)
        self.upstream.forget()
        body = json.dumps({"model": "m", "messages": [], "pad": "x" * 2_000_000}).encode()
        ran = self.run_client(*curl, "-H", "Expect: 100-continue", "--data-binary", "@-", target, data=body)
        self.assertEqual(ran.stdout.splitlines()[-1], b"2 200", ran)
        self.assertEqual(self.upstream.requests[0].body, body)

    def test_nghttp(self):
        """nghttp, many times over one connection"""
        ran = self.run_client("nghttp", "-nv", "-m", "50", f"{self.gateway.url}/health")
        self.assertEqual(ran.stdout.count(b":status: 200"), 50, ran.stdout[-500:])

    def test_h2load(self):
        """h2load, a hundred streams at once over each connection: none fails"""
        ran = self.run_client("h2load", "-n", "5000", "-c", "5", "-m", "100", f"{self.gateway.url}/health")
        self.assertIn(b"5000 succeeded, 0 failed, 0 errored", ran.stdout, ran)

    def test_httpx(self):
        """httpx: whole and streamed, many at once"""
        import asyncio

        import httpx

        async def ask():
            async with httpx.AsyncClient(http1=False, http2=True, timeout=20) as client:
                asked = [client.post(f"{self.gateway.url}/v1/chat/completions", headers=self.upstream.headers(), content=BODY) for _ in range(100)]
                return await asyncio.gather(*asked)

        answers = asyncio.run(ask())
        self.assertEqual({(answer.status_code, answer.http_version) for answer in answers}, {(200, "HTTP/2")})

    def test_openai_sdk(self):
        """the openai SDK over httpx in HTTP/2: a completion, and one that is streamed"""
        import httpx
        import openai

        client = openai.OpenAI(
            base_url=f"{self.gateway.url}/v1", api_key="sk-test", max_retries=0, http_client=httpx.Client(http1=False, http2=True),
            default_headers={"x-portkey-provider": "openai", "x-portkey-custom-host": mock().base})
        self.addCleanup(client.close)
        whole = client.chat.completions.create(model="mock?tokens=5", messages=[{"role": "user", "content": "x"}])
        self.assertTrue(whole.choices[0].message.content)
        streamed = client.chat.completions.create(model="mock?tokens=20&gap=5", stream=True, messages=[{"role": "user", "content": "x"}])
        pieces = [chunk.choices[0].delta.content for chunk in streamed if chunk.choices and chunk.choices[0].delta.content]
        self.assertEqual(len(pieces), 20)


class Oracle(HTTP2Case):
    """HTTP/2 as another implementation reads it."""

    def test_h2(self):
        """the h2 library accepts every frame of every answer: whole, streamed, refused, reset, and interim"""
        import socket

        import h2.config
        import h2.connection
        import h2.events

        self.upstream.handler = lambda request, peer: (
            peer.stream(b"data: 1\n\n", end=False), peer.cut()) if b"cut" in request.body else peer.stream(b"data: 1\n\n", b"data: [DONE]\n\n")
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        connection.initiate_connection()
        wire = socket.create_connection(("127.0.0.1", self.gateway.port), timeout=10)
        self.addCleanup(wire.close)
        bodies = [STREAMED, STREAMED.replace(b"hi", b"cut"), b"{", BODY]
        for number, body in enumerate(bodies):
            stream = connection.get_next_available_stream_id()
            more = [("expect", "100-continue")] if number == 3 else []
            connection.send_headers(stream, self.chat(*more, length=len(body)))
            connection.send_data(stream, body, end_stream=True)
        wire.sendall(connection.data_to_send())
        ended = set()
        while len(ended) < len(bodies):
            data = wire.recv(65536)
            self.assertTrue(data)
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
                    ended.add(event.stream_id)
            wire.sendall(connection.data_to_send())


@unittest.skipUnless(os.environ.get("SLUICE_LONG"), "takes a minute: SLUICE_LONG=1, or make harden")
class LongFloods(HTTP2Case):
    """HTTP/2 floods, for as long as they are let."""

    def cost(self, frames, connections, batches):
        """Processor seconds and bytes of memory that so many connections of batches took; each gives up when it is ended."""
        before, memory = self.gateway.cpu_seconds(), self.gateway.memory()
        for _ in range(connections):
            with Wire2(self.gateway.port) as wire:
                wire.ready()
                for batch in range(batches):
                    wire.send(b"".join(frames(wire, batch * 100 + number) for number in range(100)))
                    if wire.closed:
                        break
                wire.ends(0.2)
        return self.gateway.cpu_seconds() - before, self.gateway.memory() - memory

    def test_rapid_resets(self):
        """100,000 resets over fresh connections cost at most a second for each 20,000, no memory, and no upstream stays called"""
        fields_of = self.chat(method="GET", path="/v1/models")
        seconds, memory = self.cost(lambda w, n: raw(1, 5, 2 * n + 1, w.pack(fields_of)) + raw(3, 0, 2 * n + 1, b"\0\0\0\x08"), 100, 10)
        print(f"      100,000 resets: {seconds:.2f} s, {memory / 1e6:.1f} MB")
        self.assertLess(seconds, 5)
        self.assertLess(memory, 8 << 20)
        began = time.monotonic()
        self.assertEqual(self.send("GET", "/health").status, 200)
        self.assertLess(time.monotonic() - began, 0.5)

    def test_continuations(self):
        """a hundred connections of header blocks that do not end take less than a megabyte, and none of it stays"""
        seconds, memory = self.cost(lambda w, n: (raw(1, 1, 1, w.pack(fields())) if n == 0 else b"") + raw(9, 0, 1, b"\0\1x\1y" * 100), 100, 1)
        print(f"      continuations: {seconds:.2f} s, {memory / 1e6:.1f} MB")
        self.assertLess(seconds, 2)
        self.assertLess(memory, 1 << 20)

    def test_control(self):
        """a hundred connections of control frames cost next to nothing"""
        attacks = {"ping": raw(6, 0, 0, b"12345678"), "settings": raw(4, 0, 0), "unknown": raw(0xBE, 0, 0), "priority": raw(2, 0, 1, bytes(5)),
                   "window update": raw(8, 0, 0, b"\0\0\0\1"), "empty data": raw(0, 0, 1)}
        for name, frame in attacks.items():
            with self.subTest(attack=name):
                seconds, memory = self.cost(lambda w, n: frame, 100, 20)
                print(f"      {name}: {seconds:.2f} s, {memory / 1e6:.1f} MB")
                self.assertLess(seconds, 2)
                self.assertLess(memory, 8 << 20)

    def test_header_bomb(self):
        """two hundred header blocks that name a large field 16,000 times cost less than 20 ms"""
        large = b"\x40\x01x\x7f\xa1\x1e" + b"a" * 4000
        seconds, _ = self.cost(lambda w, n: raw(1, 5, 2 * n + 1, w.pack(fields()) + (large if n == 0 else b"\xbe" * 16000)), 1, 2)
        print(f"      header bomb: {1000 * seconds:.0f} ms")
        self.assertLess(seconds, 0.02)
