"""Whose request it is, as proxies tell: the PROXY protocol, X-Forwarded-For, and whom not to believe."""

import json
import os
import shutil
import socket
import struct
import tempfile
import time
from pathlib import Path

from harness.authority import Authority
from harness.configuration import plain, with_tls
from harness.gateway import Gateway, GatewayCase, free_port
from harness.waiting import soon
from harness.wire import Cut, Wire, request

HERE = {"Host": "localhost"}
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def binary(source, command=0x21, extra=b""):
    addresses = socket.inet_aton(source) + socket.inet_aton("198.51.100.1") + struct.pack("!HH", 4711, 443) + extra
    return SIGNATURE + bytes([command, 0x11]) + struct.pack("!H", len(addresses)) + addresses


def line(source):
    return f"PROXY TCP4 {source} 198.51.100.1 4711 443\r\n".encode()


class ProxyCase(GatewayCase):
    """A gateway that logs to a file, behind proxies on this machine."""

    trusted = {"networks": ["127.0.0.0/8"]}

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="sluice-test-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.log = Path(cls.directory, "access.log")
        super().setUpClass()

    @classmethod
    def configuration(cls):
        return {**plain(), "log": {"format": "json", "access": str(cls.log)}, "trusted_proxies": cls.trusted}

    def peer(self, path):
        """Who asked for `path`, by the access log."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            for row in self.log.read_text().splitlines() if self.log.exists() else ():
                if json.loads(row).get("path") == path:
                    return json.loads(row)["peer"]
            time.sleep(0.02)
        self.fail(f"nobody asked for {path}")


class ProxyProtocol(ProxyCase):
    """The PROXY protocol."""

    @classmethod
    def configuration(cls):
        cls.authority = Authority()
        cls.addClassCleanup(shutil.rmtree, cls.authority.directory, True)
        cls.port, cls.tls_port, cls.path = free_port(), free_port(), os.path.join(cls.directory, "s")
        listeners = [
            {"address": f"127.0.0.1:{cls.port}", "proxy_protocol": True},
            {**with_tls(cls.tls_port, cls.authority.sign("server", "DNS:localhost"))["listen"][0], "proxy_protocol": True},
            {"address": f"unix:{cls.path}", "proxy_protocol": True},
        ]
        return {**super().configuration(), "listen": listeners}

    def health(self, header, path="/health", address=None):
        with Wire(address or self.port) as wire:
            return wire.send(header + request("GET", path, HERE)).response("GET").status

    def test_versions(self):
        """both versions name the client, in the log and in the requests that follow on the connection"""
        for number, header in enumerate((line("192.0.2.1"), binary("192.0.2.2"), binary("192.0.2.3", extra=b"\x04\0\2\0\0"))):
            with self.subTest(header=header), Wire(self.port) as wire:
                wire.send(header + request("GET", f"/at/{number}/first", HERE))
                self.assertEqual(wire.response("GET").status, 404)
                self.assertEqual(wire.send(request("GET", f"/at/{number}/second", HERE)).response("GET").status, 404)
                for place in ("first", "second"):
                    self.assertEqual(self.peer(f"/at/{number}/{place}"), f"192.0.2.{number + 1}")

    def test_itself(self):
        """a proxy that speaks for itself is the client"""
        for number, header in enumerate((b"PROXY UNKNOWN\r\n", SIGNATURE + b"\x20\0\0\0")):
            with self.subTest(header=header):
                self.assertEqual(self.health(header, f"/itself/{number}"), 404)
                self.assertEqual(self.peer(f"/itself/{number}"), "127.0.0.1")

    def test_pieces(self):
        """a header may come in pieces, each byte by itself"""
        with Wire(self.port) as wire:
            for byte in binary("192.0.2.9"):
                wire.send(bytes([byte]))
                time.sleep(0.002)
            self.assertEqual(wire.send(request("GET", "/pieces", HERE)).response("GET").status, 404)
        self.assertEqual(self.peer("/pieces"), "192.0.2.9")

    def test_before_tls(self):
        """it stands before the TLS handshake"""
        with socket.create_connection(("127.0.0.1", self.tls_port), 10) as plain_socket:
            plain_socket.sendall(binary("192.0.2.4"))
            with self.authority.context().wrap_socket(plain_socket, server_hostname="localhost") as secure:
                secure.sendall(request("GET", "/tls", HERE))
                self.assertTrue(secure.recv(4096).startswith(b"HTTP/1.1 404"))
        self.assertEqual(self.peer("/tls"), "192.0.2.4")

    def test_http2(self):
        """it stands before HTTP/2's preface"""
        with Wire(self.port) as wire:
            wire.send(line("192.0.2.5") + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
            self.assertEqual(wire.receive()[3:4], b"\x04", "a SETTINGS frame")

    def test_no_header(self):
        """a connection without one is closed, counted and told once"""
        metric = lambda: [row for row in self.send("GET", "/metrics", HERE).body.decode().splitlines() if row.startswith("sluice_proxy_headers_refused_total")]
        before = int(metric()[0].split()[1])
        for header in (b"", b"PROXY TCP4 192.0.2.1 198.51.100.1 4711\r\n", binary("192.0.2.1", command=0x22)):
            with self.subTest(header=header), self.assertRaises((Cut, ConnectionResetError)):
                self.health(header)
        self.assertEqual(int(metric()[0].split()[1]), before + 3)
        self.assertTrue(soon(lambda: "began with no PROXY header: its connection was closed" in self.gateway.said()), self.gateway.said())
        self.assertEqual(self.gateway.said().count("began with no PROXY header: its connection was closed"), 1)

    def test_not_trusted(self):
        """who is no trusted proxy is closed, whatever it says"""
        with self.assertRaises((Cut, ConnectionResetError, BrokenPipeError)):
            self.health(line("127.0.0.1"), address=self.path)

    def test_operator(self):
        """a client elsewhere is no operator; one on this machine is"""
        self.assertEqual(self.health(line("192.0.2.1"), "/metrics"), 403)
        self.assertEqual(self.health(line("127.0.0.1"), "/metrics"), 200)
        # A proxy that does not say for whom may have asked somebody else first.
        for header in (b"PROXY UNKNOWN\r\n", SIGNATURE + b"\x20\0\0\0", SIGNATURE + b"\x21\0\0\0", SIGNATURE + b"\x21\x31\0\xd8" + bytes(216)):
            with self.subTest(header=header):
                self.assertEqual(self.health(header, "/metrics"), 403)

    def test_plain_listener(self):
        """other listeners take no header"""
        with Wire(self.gateway.port) as wire:
            self.assertEqual(wire.send(line("192.0.2.1")).response("GET").status, 501)

    def test_late(self):
        """a header that does not come in time ends the connection"""
        port = free_port()
        gateway = Gateway({**plain(), "listen": [{"address": f"127.0.0.1:{port}", "proxy_protocol": True}], "trusted_proxies": self.trusted, "limits": {"head_time": "1s"}})
        self.addCleanup(gateway.stop)
        with Wire(port) as wire:
            wire.send(b"PROXY TCP4 ")
            try:
                self.assertEqual(wire.socket.recv(10), b"")
            except ConnectionResetError:
                pass
        self.assertTrue(soon(lambda: "sent no PROXY header in time" in gateway.said()), gateway.said())


class Forwarded(ProxyCase):
    """X-Forwarded-For."""

    def test_client(self):
        """names the client to the log"""
        self.assertEqual(self.send("GET", "/for/client", {**HERE, "X-Forwarded-For": "203.0.113.9, 192.0.2.7, 127.0.0.9"}).status, 404)
        self.assertEqual(self.peer("/for/client"), "192.0.2.7")

    def test_unreadable(self):
        """that says nothing leaves the proxy"""
        self.assertEqual(self.send("GET", "/for/nobody", {**HERE, "X-Forwarded-For": "unknown"}).status, 404)
        self.assertEqual(self.peer("/for/nobody"), "127.0.0.1")

    def test_operator(self):
        """has no proxy ask as an operator"""
        self.assertEqual(self.send("GET", "/metrics", {**HERE, "X-Forwarded-For": "127.0.0.1"}).status, 403)


class ForwardedByOthers(ProxyCase):
    """X-Forwarded-For of who is no proxy."""

    trusted = {"networks": ["10.0.0.0/8"]}

    def test_not_believed(self):
        """is not believed"""
        self.assertEqual(self.send("GET", "/for/me", {**HERE, "X-Forwarded-For": "192.0.2.7"}).status, 404)
        self.assertEqual(self.peer("/for/me"), "127.0.0.1")


class ForwardedStandard(ProxyCase):
    """Forwarded (RFC 7239)."""

    trusted = {"networks": ["127.0.0.1"], "header": "forwarded"}

    def test_client(self):
        """names the client where it is the field of the proxies, and X-Forwarded-For does not"""
        headers = {**HERE, "Forwarded": 'for="[2001:db8::7]:4711";proto=https', "X-Forwarded-For": "192.0.2.7"}
        self.assertEqual(self.send("GET", "/forwarded", headers).status, 404)
        self.assertEqual(self.peer("/forwarded"), "2001:db8::7")
