"""An upstream written in the test: it records exactly what arrived and answers as told."""

import json
import select
import socket
import struct
import threading
import time

from harness.listener import Listener
from harness.upstream2 import PREFACE, Connection2

CHAT = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": "gpt-4o-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}
ERROR = {"error": {"message": "upstream says no", "type": "server_error", "param": None, "code": None}}


class Request:
    """One request as it arrived."""

    def __init__(self, raw, head, body, number, connection_number):
        lines = head.decode("latin-1").split("\r\n")
        self.raw, self.head, self.body, self.at = raw, head, body, time.monotonic()
        self.method, self.target, self.version = lines[0].split(" ", 2)
        self.fields = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
        #: Counted from 1 over the upstream's life, and over its connection's.
        self.number, self.number_on_connection = number, connection_number

    def all(self, name):
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def __getitem__(self, name):
        values = self.all(name)
        return values[0] if values else None

    @property
    def json(self):
        return json.loads(self.body)


class Peer:
    """The gateway's end of one upstream connection."""

    def __init__(self, connection):
        self.connection = connection

    def send(self, data):
        self.connection.sendall(data)

    def answer(self, body, status=200, headers=()):
        """A whole answer: JSON from an object, or bytes as they are."""
        kind = []
        if isinstance(body, (dict, list)):
            body, kind = json.dumps(body).encode(), [("Content-Type", "application/json")]
        fields = [*kind, *headers, ("Content-Length", str(len(body)))]
        self.send(f"HTTP/1.1 {status} Status\r\n".encode() + "".join(f"{n}: {v}\r\n" for n, v in fields).encode("latin-1") + b"\r\n" + body)

    def stream(self, *runs, end=True, kind="text/event-stream", gap=0):
        """A chunked answer, one chunk a run; without its end the caller goes on."""
        self.send(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for run in runs:
            self.chunk(run)
            if gap:
                time.sleep(gap)
        if end:
            self.send(b"0\r\n\r\n")

    def chunk(self, run):
        self.send(b"%x\r\n%s\r\n" % (len(run), run))

    def cut(self, reset=False):
        """Ends the connection here and now."""
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            try:
                self.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.connection.close()

    def closed_at(self, within):
        """When the gateway closed its end, or None when it did not in that many seconds."""
        deadline = time.monotonic() + within
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self.connection], [], [], left)[0]:
                try:
                    if self.connection.recv(65536) == b"":
                        return time.monotonic()
                except OSError:
                    return time.monotonic()
        return None


class Upstream(Listener):
    """Listens on a free port; `handler(request, peer)` answers, and may be replaced at any time.

    It speaks whatever it is spoken to; the rest is for its HTTP/2 connections, see `Connection2`.
    """

    def __init__(self, handler=None, settings=None, **options):
        self.settings, self.options = settings, options
        self.handler = handler or (lambda request, peer: peer.answer(CHAT))
        self.requests, self.connections, self.links = [], 0, []
        self.lock = threading.Lock()
        super().__init__()

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def target(self, **members):
        """A config's target that leads here."""
        return {"provider": "openai", "api_key": "sk-upstream", "custom_host": self.base, **members}

    def headers(self, provider="openai"):
        """The pass-through headers that lead here."""
        return {"x-portkey-provider": provider, "x-portkey-custom-host": self.base, "Authorization": "Bearer sk-caller"}

    def forget(self):
        """Starts over: default handler, nothing recorded."""
        with self.lock:
            self.requests = []
        self.handler = lambda request, peer: peer.answer(CHAT)

    def accepted(self, connection):
        with self.lock:
            self.connections += 1

    def serve(self, connection):
        if connection.recv(len(PREFACE), socket.MSG_PEEK | socket.MSG_WAITALL) == PREFACE:
            return self.serve2(connection)
        self.serve1(connection)

    def serve2(self, connection):
        link = Connection2(connection, self.begun2, self.settings, **self.options)
        with self.lock:
            self.links.append(link)
        link.serve()

    def begun2(self, fields, body, peer):
        named = dict(fields)
        lines = [f"{named[':method']} {named[':path']} HTTP/2", f"host: {named[':authority']}"]
        head = "\r\n".join(lines + [f"{name}: {value}" for name, value in fields if not name.startswith(":")]).encode("latin-1")
        with self.lock:
            request = Request(head + b"\r\n\r\n" + body, head, body, len(self.requests) + 1, (peer.stream_id + 1) // 2)
            self.requests.append(request)
        self.handler(request, peer)

    def serve1(self, connection):
        held, count = b"", 0
        try:
            while True:
                while (whole := whole_request(held)) is None:
                    data = connection.recv(65536)
                    if not data:
                        return connection.close()
                    held += data
                raw, head, body, held = whole
                count += 1
                with self.lock:
                    request = Request(raw, head, body, len(self.requests) + 1, count)
                    self.requests.append(request)
                self.handler(request, Peer(connection))
        except OSError:
            connection.close()


def whole_request(data):
    """The first request of `data`: (raw, head, body, what follows); None while it is not all there."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        return None
    length = chunked = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        if name.lower() == b"transfer-encoding":
            chunked = 1
    if not chunked:
        if len(rest) < length:
            return None
        size = len(head) + 4 + length
        return data[:size], head, rest[:length], data[size:]
    body, at = b"", 0
    while True:
        line = rest.find(b"\r\n", at)
        if line < 0:
            return None
        size = int(rest[at:line].split(b";")[0], 16)
        at = line + 2
        if size == 0:
            end = rest.find(b"\r\n", at)
            while end > at:  # trailers
                at = end + 2
                end = rest.find(b"\r\n", at)
            if end < 0:
                return None
            size = len(head) + 4 + end + 2
            return data[:size], head, body, data[size:]
        if len(rest) < at + size + 2:
            return None
        body += rest[at:at + size]
        at += size + 2
