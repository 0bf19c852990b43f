"""A strict reading of HTTP/1.1 requests: the shared runner's own parser, judging what reached an upstream and what a client had said."""

import ast
import re
import threading

from harness.gateway import shared
from harness.listener import Listener

#: Empty lines before a request that a server may skip (RFC 9112 §2.2).
EMPTY_LINES = 4
#: Fields of one hop (RFC 9110 §7.6.1), which reach no upstream.
HOP_BY_HOP = {b"keep-alive", b"proxy-connection", b"te", b"upgrade", b"http2-settings", b"trailer"}


def reader():
    """The runner's function for one request: bytes → (request or None, what follows, fault or None).

    The runner is a script; of it only the parser is taken, from the file itself.
    """
    source = ast.parse(shared("data", "h1", "h1_runner.py").read_text())
    wanted = [node for node in source.body if isinstance(node, ast.FunctionDef) and node.name == "strict1"
              or isinstance(node, ast.Assign) and any(getattr(target, "id", None) == "TOK" for target in node.targets)]
    if len(wanted) != 2:
        raise AssertionError("the shared runner has no strict1 and TOK any more")
    names = {"re": re}
    exec(compile(ast.Module(wanted, []), "h1_runner.py", "exec"), names)
    return names["strict1"]


def requests(strict, data):
    """The whole requests that `data` begins with, in a reading nobody disputes; what follows is faulty or incomplete."""
    found = []
    while data:
        for _ in range(EMPTY_LINES):
            data = data.removeprefix(b"\r\n")
        request, left, fault = strict(data)
        if request is None or fault or left is data:
            break
        found.append(request)
        data = left
    return found


class StrictUpstream(Listener):
    """Records whole requests and the faults of what arrives, connection by connection; answers each with `X-Upstream`."""

    def __init__(self, strict):
        self.strict = strict
        self.lock, self.requests, self.faults = threading.Lock(), [], []
        super().__init__()

    def take(self):
        """What came since the last time: (requests, faults)."""
        with self.lock:
            taken = self.requests, self.faults
            self.requests, self.faults = [], []
        return taken

    def serve(self, connection):
        held = b""
        try:
            while data := connection.recv(65536):
                held += data
                while held:
                    request, left, fault = self.strict(held)
                    if fault:
                        with self.lock:
                            self.faults.append(f"{fault}: {held[:200]!r}")
                        return connection.close()
                    if request is None:
                        break
                    held = left
                    with self.lock:
                        self.requests.append(request)
                    body = b"" if request["method"] == b"HEAD" else b'{"ok":1}'
                    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Upstream: 1\r\nContent-Length: 8\r\n\r\n" + body)
        except OSError:
            pass
        connection.close()
