"""The binary under test: started, reached, measured and stopped."""

import atexit
import ctypes
import functools
import itertools
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

from harness.configuration import SPEAKS_HTTP2, listening, plain
from harness.upstream import Upstream
from harness.wire import Wire, request, send

ROOT = Path(__file__).resolve().parents[3]
#: Seconds until the binary must accept connections.
START_LIMIT = 10
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


@functools.cache
def binary():
    """Path of the binary: SLUICE_BINARY, else the release build, else the debug build."""
    named = os.environ.get("SLUICE_BINARY")
    candidates = [Path(named)] if named else [ROOT / ".build/release/sluice", ROOT / ".build/debug/sluice"]
    for path in candidates:
        if os.access(path, os.X_OK):
            return str(path.resolve())
    raise SystemExit(f"{candidates[0]} is not there: swift build --product sluice, or name it in SLUICE_BINARY")


def command(*arguments, **options):
    """Runs one of the binary's commands to its end."""
    return subprocess.run([binary(), *arguments], capture_output=True, text=True, timeout=20, **options)


def new_key():
    """A gateway key and its digest."""
    said = command("key", "new").stdout
    return re.search(r"sk-sluice-\w+", said)[0], re.search(r"sha256:[0-9a-f]{64}", said)[0]


class Ports:
    """Ports to listen on, below those that the kernel gives to outgoing connections: a block of them is this process's until it ends."""

    FIRST, BLOCK, BLOCKS = 10_000, 100, 220

    def __init__(self):
        # An abstract Unix address is held by one process, and let go by the kernel.
        self.held = socket.socket(socket.AF_UNIX)
        for block in random.sample(range(self.BLOCKS), self.BLOCKS):
            try:
                self.held.bind(f"\0sluice-test-ports-{block}")
            except OSError:
                continue
            first = self.FIRST + block * self.BLOCK
            self.turn = itertools.cycle(range(first, first + self.BLOCK))
            return
        raise RuntimeError("all blocks of test ports are taken: too many suites run on this machine")

    def free(self):
        for _ in range(self.BLOCK):
            port = next(self.turn)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("0.0.0.0", port))
                    return port
                except OSError:
                    continue
        raise RuntimeError("every test port of this process is in use")


@functools.cache
def ports():
    return Ports()


def free_port():
    """A port that nobody listens on, and nobody else is given while this process lives."""
    return ports().free()


def shared(*parts):
    """A file of the shared data; its test is skipped when it is missing, and fails where CI is set."""
    path = Path(os.environ.get("SLUICE_SHARED", ROOT.parent / "shared")).joinpath(*parts)
    if not path.exists():
        if os.environ.get("CI"):
            raise AssertionError(f"{path} is missing, and in CI nothing is skipped for that")
        raise unittest.SkipTest(f"{path} is missing: set SLUICE_SHARED")
    return path


class Process:
    """A child that dies with us, and whose output is kept for the report; it calls `enter` before its program begins."""

    def __init__(self, arguments, ready, environment=None, enter=lambda: None, program=None):
        self.directory = Path(tempfile.mkdtemp(prefix="sluice-test-"))
        self.output = self.directory / "output"
        with open(self.output, "wb") as output:
            self.child = subprocess.Popen(
                [program or binary(), *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.directory,
                env={**os.environ, **(environment or {})}, start_new_session=True,
                preexec_fn=lambda: (_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL), enter()))
        atexit.register(self.stop)
        deadline = time.monotonic() + START_LIMIT
        while not ready():
            if self.child.poll() is not None or time.monotonic() > deadline:
                state = f"ended with {self.child.poll()}" if self.child.poll() is not None else "is not ready"
                said = self.said()
                self.stop()
                raise AssertionError(f"sluice {' '.join(arguments)} {state}; it said: {said}")
            time.sleep(0.01)

    @property
    def pid(self):
        return self.child.pid

    @property
    def children(self):
        """Process ids of what it has started: a gateway's serving processes, the newest last."""
        with open(f"/proc/{self.pid}/task/{self.pid}/children") as file:
            children = [(started_at(child), child) for child in map(int, file.read().split())]
        return [child for _, child in sorted(one for one in children if one[0] is not None)]

    @property
    def serving(self):
        """The process that serves: the supervisor's newest child, else the process itself."""
        return (self.children or [self.pid])[-1]

    def said(self):
        return self.output.read_text(errors="replace")[-2000:].strip() or "nothing"

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.serving}/fd"))

    def memory(self):
        """Resident bytes of the process that serves."""
        with open(f"/proc/{self.serving}/smaps_rollup") as file:
            return 1024 * next(int(line.split()[1]) for line in file if line.startswith("Rss:"))

    def cpu_seconds(self):
        """Processor time that the process that serves has taken so far, all its threads together; to the nanosecond."""
        taken = 0
        for task in os.listdir(f"/proc/{self.serving}/task"):
            with open(f"/proc/{self.serving}/task/{task}/schedstat") as file:
                taken += int(file.read().split()[0])
        return taken / 1e9

    def stop(self):
        atexit.unregister(self.stop)
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(3)
            except subprocess.TimeoutExpired:
                # Only now, while it is not reaped: its number may be another's later.
                os.killpg(self.child.pid, signal.SIGKILL)
                self.child.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def started_at(pid):
    """When a process was started, in ticks since the machine was; None when it is gone, which may happen while it is looked at."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[19])
    except (FileNotFoundError, ProcessLookupError):
        return None


class Gateway(Process):
    """`sluice serve`, on a configuration or on none."""

    def __init__(self, configuration=None, environment=None, workers=2, options=(), **process):
        self.port = free_port()
        arguments = ["serve", "--workers", str(workers), *options]
        self.file = None
        if configuration is None:
            arguments += ["--listen", f"127.0.0.1:{self.port}"]
        else:
            descriptor, self.file = tempfile.mkstemp(prefix="sluice-test-", suffix=".yaml")
            with os.fdopen(descriptor, "w") as file:
                file.write(json.dumps(listening(configuration, self.port), indent=2))  # JSON is YAML
            arguments += ["--config", self.file]
        super().__init__(arguments, lambda: "listening on" in self.said() and accepts(self.port), environment, **process)
        self.first = self.serving

    @classmethod
    def with_arguments(cls, port, *arguments):
        """One on `port` without a file, told the rest by arguments."""
        gateway = cls.__new__(cls)
        gateway.port, gateway.file = port, None
        Process.__init__(gateway, ["serve", "--workers", "2", "--listen", f"127.0.0.1:{port}", *arguments], lambda: accepts(port))
        gateway.first = gateway.serving
        return gateway

    @property
    def ended(self):
        """How it ended, or its first serving process did: a supervisor starts another, and hides it. None while all is well."""
        if self.child.poll() is not None:
            return f"ended with {self.child.poll()}"
        return None if self.serving == self.first else "ended, and was started again"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        super().stop()
        if self.file and os.path.exists(self.file):
            os.unlink(self.file)


class Mock(Process):
    """`sluice mock`: models such as "mock?tokens=5&gap=2" script its answers."""

    def __init__(self, *options):
        self.port = free_port()
        super().__init__(["mock", "--port", str(self.port), *options], lambda: accepts(self.port))

    @functools.cached_property
    def reached(self):
        """The port to reach it by: where the gateway speaks HTTP/2, somebody has to stand between."""
        return Upstream(self._relay).port if SPEAKS_HTTP2 else self.port

    def _relay(self, request, peer):
        head = request.head.replace(b" HTTP/2\r\n", b" HTTP/1.1\r\n", 1) + b"\r\n"
        if request["content-length"] is None and request.body:
            head += b"content-length: %d\r\n" % len(request.body)
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(head + b"connection: close\r\n\r\n" + request.body)
            while data := connection.recv(65536):
                peer.send(data)

    @property
    def base(self):
        return f"http://127.0.0.1:{self.reached}/v1"

    def stats(self):
        """Its counters: requests, open_connections, started_streams, aborted_by_client and others."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/mock/stats", timeout=5) as answer:
            return json.load(answer)

    def target(self, **members):
        return {"provider": "openai", "api_key": "sk-mock", "custom_host": self.base, **members}


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class GatewayCase(unittest.TestCase):
    """A case with a gateway of its own, an upstream written in the test, and the mock provider."""

    @classmethod
    def configuration(cls):
        """The gateway's configuration; None starts it with none, and so with the mock as its default."""
        return plain()

    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.gateway = Gateway(cls.configuration())
        cls.addClassCleanup(cls.gateway.stop)

    def setUp(self):
        self.upstream.forget()

    def tearDown(self):
        if ended := self.gateway.ended:
            said = self.gateway.said()
            self.gateway.stop()
            type(self).gateway = Gateway(type(self).configuration())
            type(self).addClassCleanup(type(self).gateway.stop)
            self.fail(f"the gateway {ended} during this test; it said: {said}")

    def send(self, method, target, headers=(), body=None):
        """One request on a connection of its own."""
        return send(self.gateway.port, method, target, headers, body)

    def chat(self, config=None, headers=None, **members):
        """A chat request, routed by an inline config or by headers (default: to the test's upstream)."""
        if config is not None:
            headers = {"x-portkey-config": json.dumps(config), **(headers or {})}
        elif headers is None:
            headers = self.upstream.headers()
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], **members}
        return self.send("POST", "/v1/chat/completions", headers, body)

    def open_stream(self, headers=None, **members):
        """A streamed chat request whose head has come: (connection, response)."""
        wire = Wire(self.gateway.port)
        self.addCleanup(wire.socket.close)
        body = {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": "hi"}], **members}
        wire.send(request("POST", "/v1/chat/completions", headers or self.upstream.headers(), body))
        return wire, wire.head()


@functools.cache
def mock():
    """The one mock provider of this run."""
    return Mock()
