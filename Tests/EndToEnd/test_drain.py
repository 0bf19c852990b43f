"""SIGTERM, SIGINT and the way out."""

import signal
import socket
import subprocess
import time
import unittest

from harness.configuration import plain
from harness.gateway import Gateway
from harness.upstream import Upstream
from harness.wire import Wire, open_streams, request


class Drain(unittest.TestCase):
    """The end of the process."""

    def setUp(self):
        self.upstream = Upstream(lambda incoming, peer: peer.stream(*(b"data: %d\n\n" % n for n in range(20)), gap=0.05))
        self.addCleanup(self.upstream.close)
        self.gateway = Gateway(plain())
        self.addCleanup(self.gateway.stop)

    def streams(self, count):
        return open_streams(self, self.gateway, self.upstream, count)

    def status(self, within):
        try:
            return self.gateway.child.wait(within)
        except subprocess.TimeoutExpired:
            return None

    def test_finishes_streams(self):
        """SIGTERM and SIGINT let every stream end, take no new connection, and exit 0"""
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number.name):
                if self.gateway.child.poll() is not None:
                    self.gateway.stop()
                    self.gateway = Gateway(plain())
                    self.addCleanup(self.gateway.stop)
                opened = self.streams(10)
                self.gateway.child.send_signal(number)
                time.sleep(0.3)
                with self.assertRaises(OSError):
                    socket.create_connection(("127.0.0.1", self.gateway.port), timeout=1).close()
                for wire, response in opened:
                    self.assertEqual(b"".join(wire.body(response)), b"".join(b"data: %d\n\n" % n for n in range(20)))
                    self.assertEqual(response.ended, "chunked")
                self.assertEqual(self.status(within=3), 0, self.gateway.said())

    def test_idle_connections_do_not_hold(self):
        """idle keep-alive connections do not keep the process alive"""
        with Wire(self.gateway.port) as wire:
            wire.send(request("GET", "/health")).response()
            self.gateway.child.send_signal(signal.SIGTERM)
            self.assertEqual(self.status(within=2), 0, self.gateway.said())

    def test_request_under_way(self):
        """a request whose head came before the signal is answered, and its connection closed"""
        self.upstream.handler = lambda incoming, peer: (time.sleep(0.5), peer.answer({"a": 1}))
        with Wire(self.gateway.port) as wire:
            wire.send(request("POST", "/v1/chat/completions", self.upstream.headers(), {"model": "m", "messages": []}))
            time.sleep(0.2)
            self.gateway.child.send_signal(signal.SIGTERM)
            self.assertEqual(wire.response().json, {"a": 1})
            self.assertTrue(wire.is_closed())
        self.assertEqual(self.status(within=2), 0)

    def test_second_signal(self):
        """a second signal ends the process at once"""
        self.streams(1)
        self.gateway.child.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        self.gateway.child.send_signal(signal.SIGTERM)
        self.assertIsNotNone(self.status(within=0.5))
