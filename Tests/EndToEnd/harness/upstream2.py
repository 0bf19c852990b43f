"""One HTTP/2 connection of an upstream written in a test: its requests and its peers look as those of HTTP/1.1 do."""

import select
import threading
import time

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

PREFACE = b"PRI * HTTP/2.0"
#: Fields of the hop, which HTTP/2 has none of.
HOP = {"connection", "transfer-encoding", "keep-alive", "upgrade"}


class Connection2:
    """Serves `connection`; `begun(fields, body, peer)` is called on a thread of its own for each request that is whole.

    `settings` are those it sends, and `says` bytes right behind them; `opens` tells whether it opens windows again for what it reads; `answers_pings`, whether it does.
    """

    def __init__(self, connection, begun, settings=None, opens=True, answers_pings=True, on_headers=None, says=b""):
        self.socket, self.begun, self.opens, self.on_headers = connection, begun, opens, on_headers
        self.lock, self.changed = threading.RLock(), threading.Condition()
        self.state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="latin-1", validate_outbound_headers=False,
                                                                          normalize_outbound_headers=False))
        if settings:
            self.state.local_settings = h2.settings.Settings(client=False, initial_values=settings)
        self.answers_pings, self.pings = answers_pings, 0
        self.requests, self.resets, self.closed = {}, {}, None
        self.goaway = None
        self.state.initiate_connection()
        self.flush()
        if says:
            self.raw(says)

    def flush(self):
        with self.lock:
            data = self.state.data_to_send()
            if data:
                try:
                    self.socket.setblocking(True)
                    self.socket.sendall(data)
                except OSError:
                    self.note_closed()

    def raw(self, data):
        """Sends bytes as they are."""
        with self.lock:
            self.socket.sendall(data)

    def note_closed(self):
        with self.changed:
            self.closed = self.closed or time.monotonic()
            self.changed.notify_all()

    def serve(self):
        try:
            while self.closed is None:
                if not getattr(self.socket, "pending", lambda: 0)() and not select.select([self.socket], [], [], 0.1)[0]:
                    continue
                with self.lock:
                    self.socket.setblocking(False)
                    try:
                        data = self.socket.recv(65536)
                    except (BlockingIOError, OSError) as error:
                        if isinstance(error, BlockingIOError) or "did not complete" in str(error):
                            continue
                        data = b""
                    if not data:
                        break
                    try:
                        events = self.state.receive_data(data)
                    except h2.exceptions.ProtocolError as error:
                        self.flush()
                        self.fault = error
                        break
                    for event in events:
                        self.take(event)
                    self.flush()
                with self.changed:
                    self.changed.notify_all()
        except (ValueError, OSError):  # the socket was closed under select
            pass
        finally:
            self.note_closed()
            self.socket.close()

    def take(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self.requests[event.stream_id] = (event.headers, [])
            if self.on_headers:
                threading.Thread(target=self.on_headers, args=(event.headers, Peer2(self, event.stream_id)), daemon=True).start()
        elif isinstance(event, h2.events.DataReceived):
            self.requests[event.stream_id][1].append(event.data)
            if self.opens and event.flow_controlled_length:
                self.state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            fields, parts = self.requests[event.stream_id]
            peer = Peer2(self, event.stream_id, fields)
            if not self.on_headers:
                threading.Thread(target=self.answer, args=(fields, b"".join(parts), peer), daemon=True).start()
        elif isinstance(event, h2.events.StreamReset):
            with self.changed:
                self.resets[event.stream_id] = (time.monotonic(), event.error_code)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event
        elif isinstance(event, h2.events.PingReceived):
            self.pings += 1
            if not self.answers_pings:
                self.state.data_to_send()  # the answer is thrown away

    def answer(self, fields, body, peer):
        try:
            self.begun(fields, body, peer)
        except (OSError, h2.exceptions.ProtocolError, KeyError):
            pass

    def go_away(self, last_stream, code=0):
        with self.lock:
            self.raw(b"\0\0\x08\x07\0\0\0\0\0" + last_stream.to_bytes(4, "big") + code.to_bytes(4, "big"))


class Peer2:
    """The gateway's end of one stream; takes what a peer of HTTP/1.1 is told, in its words, and says it in frames."""

    def __init__(self, link, stream, fields=()):
        self.link, self.stream_id = link, stream
        self.is_head = dict(fields).get(":method") == "HEAD"
        self.held, self.left, self.is_chunked, self.ended = b"", None, False, False

    # As HTTP/1.1 has it.

    def send(self, data):
        self.held += data
        while self.held and not self.ended:
            if self.left is None:
                head, end, rest = self.held.partition(b"\r\n\r\n")
                if not end:
                    return
                self.held = rest
                self._head(head)
            elif self.is_chunked:
                line, end, rest = self.held.partition(b"\r\n")
                size = int(line.split(b";")[0] or b"0", 16) if end else None
                if size is None or len(rest) < size + 2:
                    return
                self.held = rest[size + 2:]
                self.data(rest[:size], end=size == 0)
            else:
                part, self.held = self.held[:self.left], self.held[self.left:]
                self.left -= len(part)
                self.data(part, end=self.left == 0)

    def _head(self, head):
        lines = head.decode("latin-1").split("\r\n")
        status = lines[0].split(" ")[1]
        fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
        self.is_chunked = ("transfer-encoding", "chunked") in [(name, value.lower()) for name, value in fields]
        length = int(dict(fields).get("content-length", 0))
        interim = status[0] == "1"
        self.headers([(":status", status), *((name, value) for name, value in fields if name not in HOP)],
                     end=not interim and not self.is_chunked and (length == 0 or self.is_head))
        self.left = None if interim else length

    def answer(self, body, status=200, headers=()):
        from harness.upstream import Peer
        Peer.answer(self, body, status, headers)

    def stream(self, *runs, **options):
        from harness.upstream import Peer
        Peer.stream(self, *runs, **options)

    def chunk(self, run):
        from harness.upstream import Peer
        Peer.chunk(self, run)

    def cut(self, reset=False):
        """Ends the stream here and now."""
        self.reset(h2.errors.ErrorCodes.INTERNAL_ERROR)

    def closed_at(self, within):
        """When the gateway reset the stream or closed its connection, or None when it did neither in that many seconds."""
        with self.link.changed:
            self.link.changed.wait_for(lambda: self.stream_id in self.link.resets or self.link.closed, within)
            return self.link.resets.get(self.stream_id, (self.link.closed,))[0]

    # In frames.

    def headers(self, fields, end=False):
        with self.link.lock:
            self.link.state.send_headers(self.stream_id, fields, end_stream=end)
            self.link.flush()
        self.ended = end

    def data(self, data, end=False):
        at = 0
        while at < len(data) or (end and not self.ended):
            with self.link.lock:
                room = min(self.link.state.local_flow_control_window(self.stream_id), self.link.state.max_outbound_frame_size, len(data) - at)
                if room > 0 or at == len(data):
                    self.ended = end and at + room == len(data)
                    self.link.state.send_data(self.stream_id, data[at:at + room], end_stream=self.ended)
                    at += room
                    self.link.flush()
                    continue
            with self.link.changed:
                if self.link.closed or self.stream_id in self.link.resets:
                    raise OSError("the stream is closed")
                self.link.changed.wait(0.05)

    def reset(self, code):
        with self.link.lock:
            self.link.state.reset_stream(self.stream_id, code)
            self.link.flush()
