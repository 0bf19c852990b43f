"""A TCP proxy that breaks what passes through it, with the toxics of toxiproxy (github.com/Shopify/toxiproxy, "Toxics")."""

import contextlib
import select
import socket
import struct
import threading
import time


class Toxic:
    """What is done to one direction of a connection; this one lets all pass.

    `pass_on` is given the bytes of one read and a function that sends; False ends the direction then and there.
    """

    def pass_on(self, data, send):
        send(data)
        return True

    def at_end(self, closing):
        """The sender has closed; `closing` says so to the other side."""
        closing()


class Latency(Toxic):
    def __init__(self, seconds):
        self.seconds = seconds

    def pass_on(self, data, send):
        time.sleep(self.seconds)
        return super().pass_on(data, send)


class Bandwidth(Toxic):
    def __init__(self, byte_count_per_second):
        self.rate = byte_count_per_second

    def pass_on(self, data, send):
        step = max(1, self.rate // 50)
        for at in range(0, len(data), step):
            send(data[at:at + step])
            time.sleep(step / self.rate)
        return True


class SlowClose(Toxic):
    def __init__(self, seconds):
        self.seconds = seconds

    def at_end(self, closing):
        time.sleep(self.seconds)
        closing()


class Timeout(Toxic):
    """Nothing passes after `byte_count` bytes, and the connection stays open."""

    def __init__(self, byte_count=0):
        self.left = byte_count

    def pass_on(self, data, send):
        taken, self.left = data[:self.left], max(0, self.left - len(data))
        if taken:
            send(taken)
        return True

    def at_end(self, closing):
        pass


class ResetPeer(Toxic):
    """The connection is reset once `byte_count` bytes have passed."""

    def __init__(self, byte_count=0):
        self.left, self.reset = byte_count, True

    def pass_on(self, data, send):
        taken, self.left = data[:self.left], self.left - len(data)
        if taken:
            send(taken)
            # What is on its way when a reset comes may be lost: the toxic is the reset, not the loss.
            time.sleep(0.05)
        return self.left > 0


class LimitData(ResetPeer):
    """The same, and the connection is closed as if all had been said."""

    def __init__(self, byte_count):
        super().__init__(byte_count)
        self.reset = False


class Slicer(Toxic):
    def __init__(self, byte_count, seconds=0.0):
        self.size, self.seconds = byte_count, seconds

    def pass_on(self, data, send):
        for at in range(0, len(data), self.size):
            send(data[at:at + self.size])
            time.sleep(self.seconds)
        return True


class FaultProxy:
    """Listens on a free port and leads to another; `answers` and `requests` make the toxic of each new connection's directions."""

    def __init__(self, port):
        self.to = port
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.connections, self.open = 0, set()
        self.heal()
        self.accepting = threading.Thread(target=self._accept, daemon=True)
        self.accepting.start()

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def heal(self):
        self.answers = self.requests = Toxic
        self.connections = 0

    def down(self):
        """No connection is accepted any more, and none stays."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.accepting.join()
        self.listener.close()
        self.drop()

    close = down

    def drop(self):
        """Ends the connections there are."""
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            far = socket.create_connection(("127.0.0.1", self.to))
            for connection in (near, far):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.open |= {near, far}
            self._start(near, far, self.requests())
            self._start(far, near, self.answers())

    def _start(self, source, sink, toxic):
        threading.Thread(target=self._pump, args=(source, sink, toxic), daemon=True).start()

    def _pump(self, source, sink, toxic):
        data = b""
        try:
            # Looked at, not waited in: a socket that a thread sleeps in is not closed, nor reset, before that thread wakes.
            while not select.select([source], [], [], 0.01)[0] or (data := source.recv(65536)):
                if data and not toxic.pass_on(data, sink.sendall):
                    return self._end(source, sink, toxic.reset)
                data = b""
            toxic.at_end(lambda: sink.shutdown(socket.SHUT_WR))
        except (OSError, ValueError):
            self._end(source, sink, False)

    def _end(self, source, sink, reset):
        for connection in (source, sink):
            self.open.discard(connection)
            with contextlib.suppress(OSError):
                if reset:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
