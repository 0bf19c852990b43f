"""Child processes that never outlive the scenario, and free ports for them."""

import ctypes
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from harness.errors import ScenarioError

#: How long a server may take to accept its first connection, in seconds.
START_LIMIT = 30
#: How long a stopped process may take to leave before it is killed, in seconds.
STOP_LIMIT = 3

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def has_two_cores():
    """Whether proxy and load can have a core each."""
    return len(os.sched_getaffinity(0)) >= 2


def core_number(index):
    """The number by which the kernel knows the first core we may use, the second, ..."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[min(index, len(cores) - 1)]


def pinned(command, core):
    """The command held to one core; unchanged where there is only one."""
    if not has_two_cores():
        return command
    return ["taskset", "-c", str(core_number(core)), *command]


class Workshop:
    """A temporary directory and the processes started in it; all gone on exit.

    Every child is its own process group, and dies with this process even when that is killed.
    """

    def __enter__(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # children inherit it
        self.directory = Path(tempfile.mkdtemp(prefix="sluice-perf-"))
        self.processes = []
        #: What proxies show their clients over TLS; None for plaintext.
        self.tls = None
        signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            self.stop(process)
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self, command, name, core=None, environment=None, stdout=None, enter=None):
        """Starts a process; its error output goes to NAME.err in the directory. It calls `enter` before its program begins."""
        if core is not None:
            command = pinned(command, core)
        errors = open(self.directory / f"{name}.err", "ab")
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stdout or errors, stderr=errors,
            cwd=self.directory, env={**os.environ, **(environment or {})},
            start_new_session=True, preexec_fn=lambda: (_die_with_parent(), enter() if enter else None))
        process.name = name
        errors.close()
        self.processes.append(process)
        return process

    def start_server(self, command, name, port, **options):
        """Starts a process and waits until it accepts on the port."""
        process = self.start(command, name, **options)
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise ScenarioError(f"{name} ended with {process.returncode} at once: {self.complaint(process)}")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return process
            except OSError:
                time.sleep(0.02)
        raise ScenarioError(f"{name} did not accept on 127.0.0.1:{port} within {START_LIMIT} s: {self.complaint(process)}")

    def output(self, command, name):
        """What a program prints until it ends; that it fails is an error, with what it said."""
        process = self.start(command, name, stdout=subprocess.PIPE)
        said = process.communicate()[0].decode()
        if process.returncode != 0:
            raise ScenarioError(f"{name} ended with {process.returncode}: {said} {self.complaint(process)}")
        return said.strip()

    def complaint(self, process):
        """The last lines a process wrote to its error output."""
        text = (self.directory / f"{process.name}.err").read_text(errors="replace").strip()
        return " | ".join(text.splitlines()[-3:]) or "it said nothing"

    def stop(self, process):
        """Ends a process and its group: asked first, then killed."""
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                # Only now, while it is not reaped: its number may be another's later.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process in self.processes:
            self.processes.remove(process)
