"""An HTTP/2 client that sends exactly the frames it is given, and reads what comes back frame by frame."""

import socket
import time

from hpack import Decoder
from hpack.hpack import encode_integer
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame, WindowUpdateFrame

from harness.waiting import soon
from harness.wire import PATIENCE

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CALM = (
    0, 1, 2, 3, 5, 6, 7, 8, 9, 11)


def raw(kind, flags, stream, payload=b"", length=None):
    """A frame's bytes, right or wrong."""
    length = len(payload) if length is None else length
    return length.to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def unread(local, remote):
    """Bytes that lie in the socket of so named ends (proc_pid_net_tcp(5)), or 0 where there is none."""
    with open("/proc/net/tcp") as table:
        rows = (line.split() for line in table)
        return next((int(row[4].split(":")[1], 16) for row in rows if row[1] == local and row[2] == remote), 0)


class Answer:
    """What came on one stream."""

    def __init__(self):
        self.fields, self.interim, self.trailers, self.body = None, [], None, b""
        self.ended, self.reset = False, None

    @property
    def status(self):
        return int(dict(self.fields)[":status"]) if self.fields else None

    def __getitem__(self, name):
        return dict(self.fields).get(name)

    def __repr__(self):
        return f"<{self.fields} {self.body[:200]!r} ended={self.ended} reset={self.reset}>"


class Wire2:
    """One HTTP/2 connection to the gateway, by prior knowledge."""

    def __init__(self, port, preface=True, settings=None, opens=True, wrapped=None):
        self.socket = wrapped or socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.decoder = Decoder()
        self.held, self.frames, self.streams, self.settings = b"", [], {}, {}
        self.goaway, self.closed, self.block = None, False, None
        #: Whether windows are opened again for what is read.
        self.opens = opens
        self.answers_pings = True
        if preface:
            frame = SettingsFrame(0, settings=settings or {})
            self.send(PREFACE + frame.serialize())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            self.closed = True
        return self

    def wait_until_read(self, within=5):
        """Waits until the gateway's process has read what was sent: on a busy machine it may lie in the socket for a while."""
        near, far = (f"{int.from_bytes(socket.inet_aton(host), 'little'):08X}:{port:04X}" for host, port in (self.socket.getsockname(), self.socket.getpeername()))
        return soon(lambda: not unread(far, near), within)

    def headers(self, stream, fields, end=True, flags=0):
        return self.send(raw(1, 4 | (1 if end else 0) | flags, stream, self.pack(fields)))

    def pack(self, fields):
        """A header block of literals that enter no table: whatever becomes of it, the next one stands alone."""
        def text(value):
            data = value.encode("latin-1")
            return bytes(encode_integer(len(data), 7)) + data
        return b"".join(b"\0" + text(name) + text(value) for name, value in fields)

    def data(self, stream, payload=b"", end=False):
        return self.send(raw(0, 1 if end else 0, stream, payload))

    def reset(self, stream, code=CANCEL):
        return self.send(raw(3, 0, stream, code.to_bytes(4, "big")))

    def ping(self, payload=b"12345678"):
        return self.send(raw(6, 0, 0, payload))

    # Reading.

    def receive(self, within=PATIENCE):
        """Takes in what comes next; False at the end of the connection or of the time."""
        self.socket.settimeout(max(0.001, within))
        try:
            data = self.socket.recv(65536)
        except (TimeoutError, BlockingIOError):
            return False
        except ConnectionResetError:
            data = b""
        if not data:
            self.closed = True
            return False
        self.held += data
        while len(self.held) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(self.held[:9]))
            if len(self.held) < 9 + length:
                break
            frame.parse_body(memoryview(self.held[9:9 + length]))
            self.held = self.held[9 + length:]
            self._take(frame)
        return True

    def answer(self, stream):
        return self.streams.setdefault(stream, Answer())

    def _take(self, frame):
        self.frames.append(frame)
        name = type(frame).__name__
        if isinstance(frame, SettingsFrame):
            if "ACK" not in frame.flags:
                self.settings.update(frame.settings)
                self.send(raw(4, 1, 0))
        elif isinstance(frame, HeadersFrame):
            self.block = (frame.stream_id, frame.data, "END_STREAM" in frame.flags)
            if "END_HEADERS" in frame.flags:
                self._end_block()
        elif name == "ContinuationFrame":
            stream, data, ended = self.block
            self.block = (stream, data + frame.data, ended)
            if "END_HEADERS" in frame.flags:
                self._end_block()
        elif isinstance(frame, DataFrame):
            answer = self.answer(frame.stream_id)
            answer.body += frame.data
            answer.ended = answer.ended or "END_STREAM" in frame.flags
            if self.opens and frame.data:
                size = len(frame.data).to_bytes(4, "big")
                self.send(raw(8, 0, 0, size) + (b"" if answer.ended else raw(8, 0, frame.stream_id, size)))
        elif isinstance(frame, RstStreamFrame):
            self.answer(frame.stream_id).reset = frame.error_code
        elif isinstance(frame, GoAwayFrame):
            self.goaway = frame
        elif isinstance(frame, PingFrame) and "ACK" not in frame.flags and self.answers_pings:
            self.send(raw(6, 1, 0, frame.opaque_data))

    def _end_block(self):
        stream, data, ended = self.block
        fields = [(str(name), str(value)) for name, value in self.decoder.decode(data)]
        answer = self.answer(stream)
        if answer.fields is not None:
            answer.trailers = fields
        elif dict(fields)[":status"].startswith("1"):
            answer.interim.append(fields)
        else:
            answer.fields = fields
        answer.ended = answer.ended or ended

    def until(self, condition, within=PATIENCE):
        """Reads until the condition holds; whether it came to."""
        deadline = time.monotonic() + within
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0 or self.closed:
                return False
            self.receive(left)
        return True

    def whole(self, stream, within=PATIENCE):
        """The stream's answer, once it has ended or been reset."""
        answer = self.answer(stream)
        self.until(lambda: answer.ended or answer.reset is not None or self.goaway is not None and self.closed, within)
        return answer

    def ready(self):
        """The handshake is over: the server's settings have come, and it has acknowledged ours."""
        self.until(lambda: any(isinstance(frame, SettingsFrame) and "ACK" in frame.flags for frame in self.frames))
        return self

    def lives(self):
        """Whether a PING comes back."""
        self.ping(b"livelive")
        return self.until(lambda: any(isinstance(frame, PingFrame) and "ACK" in frame.flags and frame.opaque_data == b"livelive" for frame in self.frames), 5)

    def ends(self, within=5):
        """The code of the GOAWAY with which the connection ends; -1 when it just closes, None when it does not."""
        self.until(lambda: self.closed, within)
        if not self.closed:
            return None
        return self.goaway.error_code if self.goaway else -1


def fields(method="GET", path="/v1/models", *more, authority="gateway.test", scheme="http"):
    """A request's fields."""
    return [(":method", method), (":scheme", scheme), (":path", path), (":authority", authority),
            *((name.lower(), value) for name, value in more)]


__all__ = [name for name in globals() if name.isupper()] + ["Answer", "Wire2", "WindowUpdateFrame", "fields", "raw"]
