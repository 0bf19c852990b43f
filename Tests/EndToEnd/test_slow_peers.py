"""Clients that are slow on purpose, whichever way they speak: each wait has its end, and others are served meanwhile."""

import json
import socket
import ssl
import threading
import time

from harness.http2 import CANCEL, NO_ERROR, Wire2, fields, raw
from harness.upstream import CHAT
from harness.wire import Wire, request
from test_tls import TLSCase

PATH = "/v1/chat/completions"
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
#: Seconds for what must come about, on a machine that others keep busy.
LONG = 30


class SlowCase(TLSCase):
    """A gateway with short times, over TLS and without."""

    def http2(self, tls, **more):
        """A connection of HTTP/2, by ALPN or by prior knowledge."""
        wrapped = None
        if tls:
            context = self.authority.context()
            context.set_alpn_protocols(["h2"])
            wrapped = context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), timeout=LONG), server_hostname="localhost")
            self.assertEqual(wrapped.selected_alpn_protocol(), "h2")
        wire = Wire2(self.gateway.port, wrapped=wrapped, **more)
        self.addCleanup(wire.socket.close)
        return wire

    def chat(self, length=len(BODY)):
        return fields("POST", PATH, ("content-type", "application/json"), ("content-length", str(length)))

    def post(self, wire, stream, body=BODY):
        return wire.headers(stream, self.chat(len(body)), end=False).data(stream, body, end=True)

    def others_are_served(self):
        self.assertEqual(self.ask().status, 200)

    def endless(self, ended):
        """An upstream that streams for as long as it is listened to."""
        def handler(incoming, peer):
            try:
                peer.stream(end=False)
                while True:
                    peer.chunk(b"data: " + b"x" * 16_000 + b"\n\n")
            except OSError:
                ended.set()
                raise
        self.upstream.handler = handler


class SlowPeers(SlowCase):
    """Slow peers."""

    others = {"limits": {"tls_handshake": "1s", "head_time": "1s", "body_grace": "1s", "body_rate": "1KiB", "write_stall": "1s"}}

    def test_trickling_handshake(self):
        """a handshake that comes a byte at a time has the time of any other, however often a byte comes"""
        left, right = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = self.authority.context().wrap_bio(left, right, server_hostname="localhost")
        try:
            session.do_handshake()
        except ssl.SSLWantReadError:
            pass
        hello, before = right.read(), self.failures("timeout")
        with socket.create_connection(("127.0.0.1", self.port)) as client:
            client.settimeout(0.1)
            began, at, closed = time.monotonic(), 0, False
            while not closed and time.monotonic() - began < LONG and at < len(hello) - 1:
                try:
                    client.sendall(hello[at:at + 1])
                    at += 1
                    closed = client.recv(1) == b""
                except TimeoutError:
                    continue
                except OSError:
                    closed = True
            self.assertTrue(closed)
            self.assertGreater(time.monotonic() - began, 0.5)
        self.rises("timeout", before)
        self.others_are_served()

    def test_body_over_tls(self):
        """a body that trickles over TLS is 408"""
        wire = self.wire()
        wire.socket.settimeout(LONG)
        wire.send(request("POST", PATH, {"Content-Type": "application/json", "Content-Length": "5000"}))
        threading.Thread(target=self.trickle, args=(lambda: wire.socket.sendall(b" "),), daemon=True).start()
        self.others_are_served()
        self.assertEqual(wire.response().status, 408)

    def trickle(self, send):
        for _ in range(10 * LONG):
            try:
                send()
            except (OSError, ValueError):
                return
            time.sleep(0.1)

    def test_head_over_tls(self):
        """so is a head"""
        wire = self.wire()
        wire.socket.settimeout(LONG)
        wire.send(b"GET / HTTP/1.1\r\nX: ")
        threading.Thread(target=self.trickle, args=(lambda: wire.socket.sendall(b"a"),), daemon=True).start()
        self.assertEqual(wire.response().status, 408)

    def test_stalled_over_tls(self):
        """who takes nothing over TLS is cut off, and so is its provider"""
        ended = threading.Event()
        self.endless(ended)
        wire = self.wire()
        wire.send(request("POST", PATH, {}, {"model": "m", "stream": True, "messages": []}))
        self.assertTrue(ended.wait(LONG))

    def test_streams(self):
        """a stream whose body trickles is 408, one of the same connection that does not is served, with TLS and without"""
        for tls in (False, True):
            with self.subTest(tls=tls):
                self.upstream.handler = lambda incoming, peer: peer.answer(CHAT)
                wire = self.http2(tls)
                wire.headers(1, self.chat(5000), end=False)
                wire.headers(3, self.chat(5000), end=False)
                deadline = time.monotonic() + LONG
                while wire.answer(3).reset is None and time.monotonic() < deadline:
                    wire.data(3, b" ")
                    wire.receive(0.1)
                for stream in (1, 3):
                    answer = wire.whole(stream, LONG)
                    self.assertTrue(wire.until(lambda: answer.reset is not None, LONG))
                    self.assertEqual((answer.status, answer.reset), (408, NO_ERROR), stream)
                self.assertEqual(self.post(wire, 5).whole(5, LONG).status, 200)

    def test_windows(self):
        """a stream whose window does not open is reset in its time, and its provider let go; the connection's other streams go on"""
        for tls in (False, True):
            for kind in ("stream", "connection", "whole"):
                with self.subTest(tls=tls, kind=kind):
                    ended = threading.Event()
                    self.endless(ended)
                    # The stream's own window, with the connection's wide open, or the other way round.
                    wire = self.http2(tls, opens=False, settings={4: 10} if kind != "connection" else {4: 1 << 20})
                    wire.send(raw(8, 0, 0, (1 << 20).to_bytes(4, "big")) if kind != "connection" else b"")
                    if kind == "whole":
                        # An answer that is complete, and too long for its window.
                        self.upstream.handler = lambda incoming, peer: (peer.answer(CHAT), ended.set())
                    self.post(wire, 1)
                    answer = wire.answer(1)
                    self.assertTrue(wire.until(lambda: answer.reset is not None or wire.closed, LONG))
                    self.assertTrue(ended.wait(LONG))
                    if kind == "connection":
                        continue
                    self.assertEqual((answer.status, answer.reset, answer.ended), (200, CANCEL, False))
                    self.upstream.handler = lambda incoming, peer: peer.answer({})
                    self.assertEqual(self.post(wire, 3).whole(3, LONG).status, 200)


class SlowReaders(SlowCase):
    """Readers that never stall, and never get on."""

    others = {"limits": {"write_stall": "1m", "answer_grace": "1s", "answer_rate": "1MiB"}}

    def test_trickle(self):
        """an answer of which a little is taken now and then is cut once it is behind the least rate, over TLS and without"""
        for wire in (self.wire(), Wire(self.gateway.port)):
            self.addCleanup(wire.socket.close)
            ended = threading.Event()
            self.endless(ended)
            wire.send(request("POST", PATH, {}, {"model": "m", "stream": True, "messages": []}))
            deadline = time.monotonic() + LONG
            while not ended.wait(0.05) and time.monotonic() < deadline:
                try:
                    wire.socket.recv(1000)
                except OSError:
                    break
            self.assertTrue(ended.wait(LONG))
            self.upstream.handler = lambda incoming, peer: peer.answer({})
            self.others_are_served()

    def test_trickling_window(self):
        """a window that is opened by a few bytes now and then holds its stream no longer, and the connection's others go on"""
        for tls in (False, True):
            with self.subTest(tls=tls):
                ended = threading.Event()
                self.endless(ended)
                wire = self.http2(tls, opens=False, settings={4: 10})
                wire.send(raw(8, 0, 0, (1 << 20).to_bytes(4, "big")))
                self.post(wire, 1)
                answer = wire.answer(1)
                deadline = time.monotonic() + LONG
                while answer.reset is None and time.monotonic() < deadline:
                    wire.send(raw(8, 0, 1, (100).to_bytes(4, "big")))
                    wire.receive(0.1)
                self.assertEqual((answer.status, answer.reset, answer.ended), (200, CANCEL, False))
                self.assertTrue(ended.wait(LONG))
                self.upstream.handler = lambda incoming, peer: peer.answer({})
                self.assertEqual(self.post(wire, 3).whole(3, LONG).status, 200)
