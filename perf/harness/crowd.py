"""Many streaming clients in one epoll loop, and the answers they read."""

import errno
import json
import re
import select
import socket
import struct
import time

#: What an event says, in both the paced upstream's and the mock's dialect.
CONTENT = re.compile(rb'"content":\s?"((?:[^"\\]|\\.)*)"')
#: Turns a close into a reset: no FIN, unread bytes or not.
RESET = struct.pack("ii", 1, 0)


class Fault(Exception):
    """A stream that was not what was sent."""


class Answer:
    """One answer read as it comes: a head, then chunks, then the end."""

    def __init__(self):
        self.status = None
        self.finished = False
        self._held = b""
        self._left = None  # bytes left of this chunk and its line end; None while in the head

    def feed(self, data):
        """Takes bytes off the wire; returns the body's bytes among them."""
        data, self._held = self._held + data, b""
        if self._left is None:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._held = data
                return b""
            head = data[:end].lower()
            self.status = int(head[9:12])
            if b"\ntransfer-encoding: chunked" not in head:
                raise Fault(f"status {self.status}, and not a chunked stream: {data[end + 4:end + 204]!r}")
            data, self._left = data[end + 4:], 0
        body = []
        at = 0
        while at < len(data):
            if self._left > 2:
                run = data[at:at + self._left - 2]
                body.append(run)
                at += len(run)
                self._left -= len(run)
            elif self._left > 0:
                self._left -= 1
                at += 1
            else:
                line = data.find(b"\r\n", at)
                if line < 0:
                    self._held = data[at:]
                    break
                if line == at:  # the empty line after the last chunk
                    self.finished = True
                    break
                size = int(data[at:line].split(b";")[0], 16)
                at = line + 2
                self._left = size + 2 if size else 0
        return b"".join(body)


class Client:
    """One request under way."""

    def __init__(self, crowd, connection, request, tag):
        self.crowd, self.socket, self.tag = crowd, connection, tag
        self.unsent, self.answer = request, Answer()
        self.opened = time.monotonic_ns()
        self.events = 0
        self.ended = False  # saw [DONE]
        self._text = b""

    def read(self, data):
        """The contents of the events that `data` completes."""
        self._text += self.answer.feed(data)
        end = self._text.rfind(b"\n\n") + 2
        if end < 2:
            return []
        whole, self._text = self._text[:end], self._text[end:]
        if b"data: [DONE]" in whole:
            self.ended = True
        contents = CONTENT.findall(whole)
        self.events += len(contents)
        return contents


class Crowd:
    """Clients of one proxy. `on_events(client, contents, now)` sees every event as it arrives;
    `on_end(client, fault)` sees each client once, with None after a whole answer."""

    def __init__(self, port, on_events, on_end):
        self.port, self.on_events, self.on_end = port, on_events, on_end
        self.poller = select.epoll()
        self.clients = {}

    def open(self, body, headers=(), tag=None, port=None):
        """Starts one request without waiting for anything; at another `port` than the crowd's when one is given."""
        port = port or self.port
        payload = json.dumps(body, separators=(",", ":")).encode()  # as the paced upstream looks for it
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        request = (f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                   f"Content-Type: application/json\r\n{lines}Content-Length: {len(payload)}\r\n\r\n").encode() + payload
        connection = socket.socket()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect_ex(("127.0.0.1", port))
        client = Client(self, connection, request, tag)
        self.clients[connection.fileno()] = client
        self.poller.register(connection, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
        return client

    def close(self, client, reset=False):
        """Leaves in mid-air: with a FIN, or with a reset."""
        if reset:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.clients.pop(client.socket.fileno(), None)
        client.socket.close()

    def turn(self, timeout):
        """Waits for at most `timeout` seconds and serves what came."""
        for descriptor, events in self.poller.poll(timeout, 1024):
            client = self.clients.get(descriptor)
            if client is None:
                continue
            try:
                if client.unsent and events & select.EPOLLOUT:
                    client.unsent = client.unsent[client.socket.send(client.unsent):]
                if events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                    self._receive(client)
            except BlockingIOError:
                continue
            except Fault as fault:
                self._end(client, str(fault))
            except OSError as error:
                self._end(client, errno.errorcode.get(error.errno, str(error)))

    def _receive(self, client):
        while client.socket.fileno() >= 0:
            data = client.socket.recv(65536)
            now = time.monotonic_ns()
            if not data:
                return self._end(client, f"closed after {client.events} events")
            contents = client.read(data)
            if contents:
                self.on_events(client, contents, now)
            if client.answer.finished:
                return self._end(client, None if client.ended else f"ended after {client.events} events without [DONE]")
            if len(data) < 65536:
                return

    def _end(self, client, fault):
        if client.socket.fileno() >= 0:
            self.close(client)
            self.on_end(client, fault)


def percentile(ordered, fraction):
    """The value below which that fraction lies, of a sorted list."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * fraction))] if ordered else 0
