"""An HTTP/1.1 client that sends exactly the bytes it is given and tells how an answer ended."""

import json
import select
import socket
import time

#: Seconds a test waits for bytes that must come.
PATIENCE = 10


class Response:
    """One answer. `ended` is how its body ended: "length", "chunked", "none", "close" (no framing, so the
    end of the connection is its end), or "cut" (the connection ended before the body did)."""

    def __init__(self, status, reason, fields):
        self.status, self.reason, self.fields = status, reason, fields
        self.body, self.ended, self.trailers = b"", None, []

    def all(self, name):
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def __getitem__(self, name):
        values = self.all(name)
        return values[0] if values else None

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def message(self):
        """What an error body says, in either dialect's place for it."""
        body = self.json
        return (body.get("error") or {}).get("message") or body.get("message") or ""

    def __repr__(self):
        return f"<{self.status} {self.fields} {self.body[:300]!r} {self.ended}>"


class Cut(Exception):
    """The connection ended where an answer should have been."""


class Wire:
    """One connection to the gateway."""

    def __init__(self, address, tls=None, name="localhost"):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(address if isinstance(address, str) else ("127.0.0.1", address))
        if family == socket.AF_INET:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=name)
        self.held = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def send_what_it_takes(self, data):
        """Sends until all left or the peer has had enough; a refused request need not be read to its end."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def receive(self):
        """More bytes; b"" at the end of the connection."""
        try:
            return self.socket.recv(65536)
        except ConnectionResetError:
            return b""

    def head(self):
        """The next answer's head; interim ones are answers too."""
        while b"\r\n\r\n" not in self.held:
            data = self.receive()
            if not data:
                raise Cut(f"the connection ended in a head: {self.held!r}")
            self.held += data
        head, _, self.held = self.held.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        _, status, reason = (lines[0] + "  ").split(" ", 2)
        fields = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
        return Response(int(status), reason.strip(), fields)

    def response(self, method="POST", interim=False):
        """The next whole answer; interim ones are dropped unless asked for."""
        response = self.head()
        while response.status < 200 and not interim:
            response = self.head()
        for run in self.body(response, method):
            response.body += run
        return response

    def body(self, response, method="POST"):
        """The body's bytes as they come; sets how it ended."""
        if method == "HEAD" or response.status < 200 or response.status in (204, 304):
            response.ended = "none"
            return
        if "chunked" in (response["transfer-encoding"] or ""):
            yield from self._chunks(response)
            return
        left = response["content-length"]
        response.ended = "close" if left is None else "length"
        left = None if left is None else int(left)
        while left is None or left > 0:
            run = self.held or self.receive()
            self.held = b""
            if not run:
                response.ended = "close" if left is None else "cut"
                return
            if left is not None:
                run, self.held = run[:left], run[left:]
                left -= len(run)
            yield run

    def _line(self):
        while b"\r\n" not in self.held:
            data = self.receive()
            if not data:
                return None
            self.held += data
        line, _, self.held = self.held.partition(b"\r\n")
        return line

    def _chunks(self, response):
        response.ended = "cut"
        while True:
            line = self._line()
            if line is None:
                return
            left = int(line.split(b";")[0], 16)
            if left == 0:
                break
            while left > 0:
                run = self.held or self.receive()
                self.held = b""
                if not run:
                    return
                run, self.held = run[:left], run[left:]
                left -= len(run)
                yield run
            if self._line() != b"":
                return
        while True:
            line = self._line()
            if line is None:
                return
            if not line:
                response.ended = "chunked"
                return
            response.trailers.append(line)

    def is_closed(self, within=2):
        """Whether the peer closes within that many seconds, sending nothing more."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if select.select([self.socket], [], [], 0.05)[0]:
                return self.receive() == b""
        return False


def request(method, target, headers=(), body=None, host="gateway.test"):
    """A request's bytes; a body brings its Content-Length unless the headers frame it."""
    fields = list(headers.items() if isinstance(headers, dict) else headers)
    host = next((value for name, value in fields if name.lower() == "host"), host)
    fields = [(name, value) for name, value in fields if name.lower() != "host"]
    names = {name.lower() for name, _ in fields}
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
        if "content-type" not in names:
            fields.append(("Content-Type", "application/json"))
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        fields.append(("Content-Length", str(len(body))))
    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
    return head.encode("latin-1") + (body or b"")


def chunked(*runs, trailers=b""):
    """Those runs as the chunks of one body."""
    return b"".join(b"%x\r\n%s\r\n" % (len(run), run) for run in runs) + b"0\r\n" + trailers + b"\r\n"


def send(address, method, target, headers=(), body=None):
    """One request on a connection of its own, and its whole answer."""
    with Wire(address) as wire:
        return wire.send(request(method, target, headers, body)).response(method)


def open_streams(case, gateway, upstream, count):
    """Streams that have begun, each on a connection that `case` closes: (wire, head)."""
    opened = []
    for _ in range(count):
        wire = Wire(gateway.port)
        case.addCleanup(wire.socket.close)
        wire.send(request("POST", "/v1/chat/completions", upstream.headers(), {"model": "m", "stream": True, "messages": []}))
        opened.append((wire, wire.head()))
    return opened
