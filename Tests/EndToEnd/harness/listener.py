"""What every server of a test does: listen on a free port, and serve each connection on a thread of its own."""

import socket
import threading


class Listener:
    """Serves connections from the end of `__init__`, which a subclass therefore calls last, until `close`."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.accepting = threading.Thread(target=self._accept, daemon=True)
        self.accepting.start()

    def close(self):
        # A thread that still waited in accept(2) could accept for the next socket of the same number, and answer for it.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.accepting.join()
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.accepted(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def accepted(self, connection):
        """Before the thread that serves it begins."""

    def serve(self, connection):
        raise NotImplementedError
