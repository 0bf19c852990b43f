"""A gateway with limits of its own, what its metrics say, and clients that ask it on a schedule."""

import re
import select
import socket
import struct
import time
import urllib.request

from harness import peers, readings
from harness.errors import ScenarioError
from harness.processes import free_port

RESET = struct.pack("ii", 1, 0)


class Gateway:
    """Sluice with those limits; `enter` is called in its process before it begins."""

    def __init__(self, shop, upstream, binary, limits, workers=1, enter=None, core=None):
        self.port = free_port()
        path = shop.directory / f"limited-{self.port}.yaml"
        path.write_text(peers.sluice_configuration(self.port, upstream, shop.directory / f"limited-{self.port}.log", limits=limits))
        self.process = shop.start_server([binary, "serve", "--config", str(path), "--workers", str(workers)], "sluice", self.port, core=core, enter=enter)
        self.errors = shop.directory / "sluice.err"
        self.processes = readings.tree(self.pid)

    @property
    def pid(self):
        return self.process.pid

    def metrics(self):
        """{name with labels: value}, of Sluice's own series."""
        with urllib.request.urlopen(f"http://localhost:{self.port}/metrics", timeout=30) as answer:
            return {name: float(value) for name, value in re.findall(r"^(sluice_\S+) (\S+)$", answer.read().decode(), re.M)}

    def each_worker(self, name):
        """One value a worker."""
        return [value for key, value in sorted(self.metrics().items()) if key.startswith(f"sluice_worker_{name}{{")]

    def ended(self):
        """A sentence when one of its processes is gone, else None."""
        if self.process.poll() is not None:
            return f"it ended with {self.process.returncode}"
        return None if readings.tree(self.pid) == self.processes else "a process of it ended, and was started again"


def chat(port, model, caller, padding=0, stream=False, fields=""):
    """A request's bytes."""
    streamed = '"stream":true,' if stream else ""
    body = f'{{"model":"{model}",{streamed}"messages":[{{"role":"user","content":"{"x" * padding}"}}]}}'
    return (f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {caller}\r\n"
            f"{fields}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


class Asker:
    """One connection that asks again and again, a request at a time."""

    def __init__(self, crowd, caller):
        self.crowd, self.caller = crowd, caller
        self.socket, self.held, self.unsent, self.asked = None, b"", b"", 0

    def ask(self, data, now):
        self.asked, self.unsent = now, data
        if self.socket is None:
            self.socket = socket.socket()
            self.socket.setblocking(False)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.connect_ex(("127.0.0.1", self.crowd.port))
            self.crowd.known[self.socket.fileno()] = self
            self.crowd.poller.register(self.socket, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
        self.push()

    def push(self):
        try:
            while self.unsent:
                self.unsent = self.unsent[self.socket.send(self.unsent):]
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass  # an answer may still be there to be read

    def pull(self, now):
        """Takes in what has come; the answer's (status, head, seconds), once it is whole, and (None, reason, seconds) when there is none."""
        try:
            data = self.socket.recv(1 << 16)
        except BlockingIOError:
            return None
        except OSError as error:
            data, reason = b"", type(error).__name__
        else:
            reason = "closed"
        if not data:
            self.leave()
            return (None, reason, now - self.asked) if self.asked else None
        self.held += data
        head, end, body = self.held.partition(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: (\d+)", head, re.I)
        if not end or length is None or len(body) < int(length[1]):
            return None
        answer = (int(head[9:12]), head.lower() + body[:400], now - self.asked)
        self.held, self.unsent, self.asked = b"", b"", 0
        if b"connection: close" in head.lower():
            self.leave()
        return answer

    def has_more(self):
        """Whether there may be more to read: readiness is told once."""
        try:
            return bool(self.socket.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def leave(self, reset=False):
        if self.socket is not None:
            self.crowd.known.pop(self.socket.fileno(), None)
            if reset:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.socket.close()
        self.socket, self.held, self.unsent = None, b"", b""


class Asking:
    """Askers of one gateway. `on_answer(asker, status, text, seconds)` is told each answer; a status of None is a connection that ended without."""

    def __init__(self, port, on_answer):
        self.port, self.on_answer = port, on_answer
        self.poller, self.known = select.epoll(), {}

    def turn(self, timeout):
        for descriptor, events in self.poller.poll(max(0, timeout), 1024):
            asker = self.known.get(descriptor)
            if asker is None:
                continue
            if events & select.EPOLLOUT and asker.unsent:
                asker.push()
            while events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR) and asker.socket is not None:
                waits = asker.asked
                found = asker.pull(time.monotonic())
                if found is None:
                    if asker.socket is None or not waits or not asker.has_more():
                        break
                    continue
                asker.asked = 0
                self.on_answer(asker, *found)
                break

    def close(self):
        for asker in list(self.known.values()):
            asker.leave(reset=True)
        self.poller.close()


def closed_loop(gateway, request, count, seconds, answered):
    """So many connections that ask again as soon as they are answered; returns the seconds it took."""
    began = time.monotonic()
    end = began + seconds

    def on_answer(asker, status, text, taken):
        answered(status, text, taken)
        if time.monotonic() < end:
            asker.ask(request, time.monotonic())

    crowd = Asking(gateway.port, on_answer)
    for _ in range(count):
        Asker(crowd, "loop").ask(request, time.monotonic())
    while time.monotonic() < end or any(asker.asked for asker in crowd.known.values()):
        crowd.turn(0.05)
        if time.monotonic() > end + 60:
            raise ScenarioError("answers did not come for a minute")
    crowd.close()
    return time.monotonic() - began


def open_loop(gateway, streams, seconds, answered, most=4000):
    """Requests on a schedule, whatever becomes of those before: `streams` is [(name, request, a second)].

    A request takes a connection that waits for nothing, or opens one. `answered(name, status, text, seconds)` counts from when the request was due.
    Returns how many could not be sent, since `most` waited.
    """
    free = {name: [] for name, _, _ in streams}
    began = time.monotonic()
    sent = {name: 0 for name, _, _ in streams}
    unsent = waiting = 0

    def on_answer(asker, status, text, taken):
        nonlocal waiting
        waiting -= 1
        answered(asker.caller, status, text, taken)
        free[asker.caller].append(asker)

    crowd = Asking(gateway.port, on_answer)
    while True:
        now = time.monotonic() - began
        if now > seconds and waiting == 0:
            break
        if now > seconds + 60:
            raise ScenarioError(f"{waiting} answers did not come for a minute")
        soonest = 0.05
        for name, request, rate in streams:
            due = int(min(now, seconds) * rate)
            while sent[name] < due:
                at = began + sent[name] / rate
                sent[name] += 1
                if waiting >= most:
                    unsent += 1
                    continue
                waiting += 1
                (free[name].pop() if free[name] else Asker(crowd, name)).ask(request, at)
            soonest = min(soonest, max(0.0005, (sent[name] + 1) / rate - now))
        crowd.turn(soonest)
    crowd.close()
    return unsent
