"""h11 as the judge of our answers: a client that refuses what RFC 9112 does not allow."""

import socket

import h11

from harness.wire import PATIENCE


class Judged:
    """One answer as h11 read it. `ended`: "whole", "cut" (the connection ended before the body did), or "nothing"."""

    def __init__(self):
        self.status, self.fields, self.body, self.interim, self.ended, self.fault = None, [], b"", [], "nothing", None

    def all(self, name):
        return [value.decode("latin-1") for field, value in self.fields if field.decode() == name.lower()]

    def __repr__(self):
        return f"<{self.status} {self.fields} {self.body[:300]!r} {self.ended} {self.fault}>"


class Client:
    """One connection. Requests go out as bytes, their method told to h11; answers come back judged."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = h11.Connection(h11.CLIENT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, data, method="POST"):
        """Sends those bytes and reads their answer."""
        self.reader.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
        self.reader.send(h11.EndOfMessage())
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before it was all read; the answer is there all the same
        return self._answer()

    def can_go_on(self):
        """Whether the connection is good for another request, in the reader's view; makes it ready for it."""
        if self.reader.our_state is not h11.DONE or self.reader.their_state is not h11.DONE:
            return False
        self.reader.start_next_cycle()
        return True

    def _answer(self):
        judged, is_at_end = Judged(), False
        while True:
            try:
                event = self.reader.next_event()
            except h11.RemoteProtocolError as error:
                # The end of the connection in mid-answer is how a broken answer shows; anything else is our fault.
                judged.ended = "cut" if judged.status else "nothing"
                judged.fault = None if is_at_end else str(error)
                return judged
            if event is h11.NEED_DATA:
                try:
                    data = self.socket.recv(65536)
                except ConnectionResetError:
                    # Without framing a reset is all that tells a cut answer from a whole one.
                    judged.ended = "cut" if judged.status else "nothing"
                    return judged
                except TimeoutError:
                    judged.fault = f"nothing more came for {PATIENCE} s"
                    return judged
                is_at_end = not data
                self.reader.receive_data(data)
            elif isinstance(event, h11.InformationalResponse):
                judged.interim.append(event.status_code)
            elif isinstance(event, h11.Response):
                judged.status, judged.fields = event.status_code, list(event.headers)
                judged.fault = judged.fault or head_fault(judged)
            elif isinstance(event, h11.Data):
                judged.body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                judged.ended = "whole"
                return judged
            else:
                return judged


def head_fault(judged):
    """What h11 lets pass and a stricter reader need not."""
    lengths, codings = judged.all("content-length"), judged.all("transfer-encoding")
    if len(lengths) > 1 or len(codings) > 1 or lengths and codings:
        return f"framed more than once: {lengths} {codings}"
    if judged.status in (204, 304) and codings or judged.status == 204 and lengths:
        return f"a {judged.status} with a body's framing"
    if len(judged.all("x-portkey-trace-id")) != 1:
        return f"{len(judged.all('x-portkey-trace-id'))} trace ids"
    for name in ("keep-alive", "proxy-connection", "te", "trailer", "upgrade"):
        if judged.all(name):
            return f"{name} of another hop"
    if any(value.strip() != value or set(value) & set(b"\r\n\0") for _, value in judged.fields):
        return "a field's value has blanks around it or ends a line"
    return None
