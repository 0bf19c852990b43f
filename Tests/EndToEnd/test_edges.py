"""HTTP/1.1 at the edge: framing, limits, connections, errors, traces."""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

from harness import configuration
from harness.gateway import Gateway, GatewayCase, free_port, shared
from harness.wire import Wire, request, send

CHAT_BODY = {"model": "m", "messages": []}


class Limits(GatewayCase):
    """Limits."""

    def raw(self, data):
        with Wire(self.gateway.port) as wire:
            response = wire.send_what_it_takes(data).response()
            self.assertTrue(wire.is_closed(), "the connection stays open after a refused head")
        self.assertEqual(self.upstream.requests, [])
        return response

    def test_long_line(self):
        """a request line over 8 KiB is 414"""
        self.assertEqual(self.raw(b"GET /" + b"a" * 8200 + b" HTTP/1.1\r\nHost: a\r\n\r\n").status, 414)

    def test_endless_line(self):
        """a request line that never ends is 414 too"""
        self.assertEqual(self.raw(b"GET /" + b"a" * 70_000).status, 414)

    def test_large_head(self):
        """a head over 64 KiB is 431"""
        fields = b"".join(b"x-%d: %s\r\n" % (n, b"a" * 4000) for n in range(20))
        self.assertEqual(self.raw(b"GET /v1/models HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n").status, 431)

    def test_many_fields(self):
        """more than 100 fields are 431, and 90 are not"""
        fields = b"".join(b"x-%d: a\r\n" % n for n in range(101))
        self.assertEqual(self.raw(b"GET /health HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n").status, 431)
        with Wire(self.gateway.port) as wire:
            fields = b"".join(b"x-%d: a\r\n" % n for n in range(90))
            self.assertEqual(wire.send(b"GET /health HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n").response().status, 200)

    def test_large_body(self):
        """a JSON body declared over 20 MiB is 413 before any of it is read"""
        headers = {**self.upstream.headers(), "Content-Type": "application/json", "Content-Length": str(21 << 20)}
        self.assertEqual(self.raw(request("POST", "/v1/chat/completions", headers)).status, 413)

    def test_large_body_expected(self):
        """nor is its client told to continue"""
        headers = {**self.upstream.headers(), "Content-Type": "application/json", "Content-Length": str(21 << 20), "Expect": "100-continue"}
        self.assertEqual(self.raw(request("POST", "/v1/chat/completions", headers)).status, 413)

    def test_large_chunked_body(self):
        """a chunked JSON body that grows over 20 MiB is 413"""
        headers = {**self.upstream.headers(), "Content-Type": "application/json", "Transfer-Encoding": "chunked"}
        with Wire(self.gateway.port) as wire:
            wire.send_what_it_takes(request("POST", "/v1/chat/completions", headers))
            piece = b'100000\r\n' + b" " * (1 << 20) + b"\r\n"
            for _ in range(22):
                wire.send_what_it_takes(piece)
            self.assertEqual(wire.response().status, 413)
        self.assertEqual(self.upstream.requests, [])

    def test_errors_are_typed(self):
        """each of these answers is JSON with a message and a trace id"""
        for data in (b"GET /" + b"a" * 8200 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"a: b\r\n" * 101 + b"\r\n",
                     b"GET / HTTP/1.1\r\n\r\n", request("POST", "/v1/chat/completions", {"Content-Type": "text/csv"}, b"a,b")):
            with self.subTest(data=data[:40]), Wire(self.gateway.port) as wire:
                response = wire.send(data).response()
                self.assertTrue(400 <= response.status < 500, response)
                self.assertTrue(response["content-type"].startswith("application/json"))
                self.assertTrue(response.message)
                self.assertTrue(response["x-portkey-trace-id"])


class Waits(GatewayCase):
    """Waits."""

    @classmethod
    def configuration(cls):
        return configuration.with_short_waits()

    def test_slow_head(self):
        """a head that does not come in its time is 408, however it trickles"""
        with Wire(self.gateway.port) as wire:
            started = time.monotonic()
            wire.send(b"GET /health HTTP/1.1\r\nHo")
            for _ in range(8):
                time.sleep(0.2)
                wire.send_what_it_takes(b"x")
            self.assertEqual(wire.response().status, 408)
            self.assertTrue(wire.is_closed())
            self.assertLess(time.monotonic() - started, 4)

    def test_idle(self):
        """an idle connection is closed without an answer"""
        with Wire(self.gateway.port) as wire:
            self.assertEqual(wire.send(request("GET", "/health")).response().status, 200)
            self.assertTrue(wire.is_closed(within=4))
            self.assertEqual(wire.held, b"")


class Connections(GatewayCase):
    """Connections."""

    def test_keep_alive(self):
        """one connection carries many requests, to one upstream connection"""
        before = self.upstream.connections
        with Wire(self.gateway.port) as wire:
            for _ in range(20):
                wire.send(request("POST", "/v1/chat/completions", self.upstream.headers(), CHAT_BODY))
                self.assertEqual(wire.response().status, 200)
        self.assertLessEqual(self.upstream.connections - before, 1)

    def test_refusal_after_head(self):
        """a request that cannot be read is refused with a body, whatever method the one before it had"""
        for before in (request("HEAD", "/health", {"Host": "a"}), request("GET", "/health", {"Host": "a"})):
            with self.subTest(before=before), Wire(self.gateway.port) as wire:
                self.assertEqual(wire.send(before).response(before.split()[0].decode()).status, 200)
                answer = wire.send(b"FOO / HTTP/1.1\r\nHost: a\r\n\r\n").response()
                self.assertEqual((answer.status, answer.ended, answer["connection"]), (501, "length", "close"))
                self.assertIn("error", answer.json)

    def test_pipelining(self):
        """pipelined requests are answered in order"""
        def handler(incoming, peer):
            time.sleep(0.2 if incoming.target.endswith("slow") else 0)
            peer.answer({"target": incoming.target})
        self.upstream.handler = handler
        headers = self.upstream.headers()
        with Wire(self.gateway.port) as wire:
            wire.send(request("GET", "/v1/slow", headers) + request("GET", "/health") + request("POST", "/v1/x", headers, {"a": 1})
                      + request("GET", "/v1/last", headers))
            answers = [wire.response() for _ in range(4)]
        self.assertEqual([answer.status for answer in answers], [200] * 4)
        self.assertEqual([answers[i].json["target"] for i in (0, 2, 3)], ["/v1/slow", "/v1/x", "/v1/last"])

    def test_byte_by_byte(self):
        """a request that comes byte by byte is the same request"""
        data = request("POST", "/v1/chat/completions", self.upstream.headers(), CHAT_BODY)
        with Wire(self.gateway.port) as wire:
            for at in range(len(data)):
                wire.send(data[at:at + 1])
            self.assertEqual(wire.response().status, 200)

    def test_close_asked_for(self):
        """Connection: close is obeyed, and answered"""
        with Wire(self.gateway.port) as wire:
            response = wire.send(request("GET", "/health", {"Connection": "close"})).response()
            self.assertEqual(response["connection"].lower(), "close")
            self.assertTrue(wire.is_closed())

    def test_http_1_0(self):
        """an HTTP/1.0 client gets an unchunked answer and a closed connection"""
        self.upstream.handler = lambda incoming, peer: peer.stream(b"data: a\n\n")
        with Wire(self.gateway.port) as wire:
            fields = "".join(f"{name}: {value}\r\n" for name, value in self.upstream.headers().items())
            wire.send(f"GET /v1/models HTTP/1.0\r\n{fields}\r\n".encode())
            response = wire.response()
            self.assertEqual((response.status, response.body, response["transfer-encoding"]), (200, b"data: a\n\n", None))
            self.assertTrue(wire.is_closed())

    def test_continue(self):
        """Expect: 100-continue is answered before the body is sent"""
        body = json.dumps(CHAT_BODY).encode()
        headers = {**self.upstream.headers(), "Content-Type": "application/json", "Content-Length": str(len(body)), "Expect": "100-continue"}
        with Wire(self.gateway.port) as wire:
            wire.send(request("POST", "/v1/chat/completions", headers))
            self.assertEqual(wire.response(interim=True).status, 100)
            wire.send(body)
            self.assertEqual(wire.response().status, 200)
        self.assertEqual(self.upstream.requests[0].body, body)

    def test_head(self):
        """HEAD has the head of GET and no body"""
        with Wire(self.gateway.port) as wire:
            response = wire.send(request("HEAD", "/health")).response("HEAD")
            self.assertEqual((response.status, response.body), (200, b""))
            self.assertEqual(wire.send(request("GET", "/health")).response().status, 200)

    def test_head_upstream(self):
        """HEAD passes upstream, and its Content-Length promises no body"""
        self.upstream.handler = lambda incoming, peer: peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
        with Wire(self.gateway.port) as wire:
            self.assertEqual(wire.send(request("HEAD", "/v1/files/1/content", self.upstream.headers())).response("HEAD").status, 200)
            self.assertEqual(wire.send(request("GET", "/health")).response().status, 200)
        self.assertEqual(self.upstream.requests[0].method, "HEAD")

    def test_absolute_form(self):
        """an absolute-form target is the same resource"""
        with Wire(self.gateway.port) as wire:
            wire.send(b"GET http://a/health HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(wire.response().status, 200)

    def test_upgrade(self):
        """an upgrade is not taken, and not passed on"""
        headers = {**self.upstream.headers(), "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "eA=="}
        response = self.send("GET", "/v1/models", headers)
        self.assertNotEqual(response.status, 101)
        for sent in self.upstream.requests:
            self.assertIsNone(sent["upgrade"])

    def test_stale_upstream(self):
        """a pooled connection that dies under its next request is replaced, unseen"""
        def handler(incoming, peer):
            if incoming.number_on_connection > 1:
                peer.cut()
            else:
                peer.answer({"number": incoming.number})
        self.upstream.handler = handler
        with Wire(self.gateway.port) as wire:
            for _ in range(10):
                wire.send(request("POST", "/v1/chat/completions", self.upstream.headers(), CHAT_BODY))
                self.assertEqual(wire.response().status, 200)

    def test_dead_pool(self):
        """a pooled connection that its upstream closed is not used again"""
        self.upstream.handler = lambda incoming, peer: (peer.answer({}), time.sleep(0.02), peer.cut())
        for _ in range(10):
            self.assertEqual(self.chat().status, 200)
            time.sleep(0.05)

    def test_many_clients(self):
        """500 connections at once are all served"""
        wires = [Wire(self.gateway.port) for _ in range(500)]
        data = request("POST", "/v1/chat/completions", self.upstream.headers(), CHAT_BODY)
        for wire in wires:
            wire.send(data)
        self.assertEqual([wire.response().status for wire in wires], [200] * 500)
        for wire in wires:
            wire.socket.close()

    def test_trailers_and_extensions(self):
        """chunk extensions and trailers are read and do not disturb the next request"""
        body = json.dumps(CHAT_BODY).encode()
        data = b"%x;a=b\r\n%s\r\n0\r\nX-Trailer: 1\r\n\r\n" % (len(body), body)
        headers = {**self.upstream.headers(), "Content-Type": "application/json", "Transfer-Encoding": "chunked"}
        with Wire(self.gateway.port) as wire:
            wire.send(request("POST", "/v1/chat/completions", headers) + data + request("GET", "/health"))
            self.assertEqual([wire.response().status, wire.response().status], [200, 200])
        self.assertEqual(self.upstream.requests[0].body, body)


class OwnRoutes(GatewayCase):
    """Own routes."""

    def test_health(self):
        """/health and /ready answer without any routing"""
        for target in ("/health", "/ready"):
            self.assertEqual(self.send("GET", target).status, 200)

    def test_unknown(self):
        """a path outside /v1 is 404, in JSON"""
        response = self.send("GET", "/nowhere")
        self.assertEqual(response.status, 404, response)
        self.assertTrue(response.message)


class Traces(GatewayCase):
    """Trace ids."""

    def trace(self, **headers):
        return self.chat(headers={**self.upstream.headers(), **headers})["x-portkey-trace-id"]

    def test_echo(self):
        """the client's trace id comes back"""
        self.assertEqual(self.trace(**{"x-portkey-trace-id": "my-trace-1"}), "my-trace-1")

    def test_traceparent(self):
        """else the trace id of traceparent"""
        self.assertEqual(self.trace(traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), "4bf92f3577b34da6a3ce929d0e0e4736")

    def test_bad_traceparent(self):
        """a faulty traceparent counts as none"""
        for value in ("00-zz-1-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", ""):
            with self.subTest(value=value):
                trace = self.trace(traceparent=value)
                self.assertTrue(trace)
                self.assertNotIn("zz", trace)
                self.assertNotEqual(trace, "0" * 32)

    def test_made(self):
        """else one is made, another each time"""
        self.assertNotEqual(self.trace(), self.trace())

    def test_on_errors(self):
        """every error carries it, so that SDKs do not repeat the request"""
        for headers in ({}, {"x-portkey-provider": "nope"}, {"x-portkey-config": "{"}):
            response = self.chat(headers={**headers, "x-portkey-trace-id": "t-1"})
            self.assertEqual(response.all("x-portkey-trace-id"), ["t-1"], response)

    def test_no_injection(self):
        """a trace id cannot smuggle a header"""
        with Wire(self.gateway.port) as wire:
            wire.send(b"GET /health HTTP/1.1\r\nHost: a\r\nx-portkey-trace-id: a\rb: c\r\n\r\n")
            self.assertEqual(wire.response().status, 400)


class UnixSocket(GatewayCase):
    """A Unix socket."""

    @classmethod
    def configuration(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        cls.path = os.path.join(cls.directory.name, "sluice.sock")
        return configuration.with_unix_socket(cls.path)

    def test_served(self):
        """serves requests and streams as a port does"""
        # The port, by which the harness tells that the gateway is there, may be open first.
        deadline = time.monotonic() + 5
        while not os.path.exists(self.path) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(send(self.path, "GET", "/health").status, 200)
        self.upstream.handler = lambda incoming, peer: peer.stream(b"data: [DONE]\n\n")
        response = send(self.path, "POST", "/v1/chat/completions", self.upstream.headers(), {**CHAT_BODY, "stream": True})
        self.assertEqual((response.status, response.body), (200, b"data: [DONE]\n\n"))


class Corpus(GatewayCase):
    """The HTTP/1.1 edge corpus."""

    def test_all_cases(self):
        """every case passes: whole, line by line, byte by byte"""
        runner = shared("data", "h1", "h1_runner.py")
        said = {}

        def judge(split):
            port = free_port()
            gateway = Gateway(configuration.reverse_proxy(f"http://127.0.0.1:{port}/v1"))
            try:
                done = subprocess.run([sys.executable, str(runner), "--port", str(gateway.port), "--upstream-port", str(port),
                                       "--path", "/v1/x", "--split", split, "-v"], capture_output=True, text=True, timeout=300)
                said[split] = done.stdout + done.stderr
            finally:
                gateway.stop()

        threads = [threading.Thread(target=judge, args=(split,)) for split in ("none", "line", "byte")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for split, text in said.items():
            with self.subTest(split=split):
                counts = re.search(r"(\d+) cases, (\d+) pass", text)
                self.assertTrue(counts and int(counts[1]) > 0, text)
                self.assertEqual(counts[1], counts[2], text)
        self.assertEqual(len(said), 3)
