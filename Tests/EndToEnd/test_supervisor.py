"""The supervisor: crashes, restarts, upgrades, signals, and what the service manager is told."""

import json
import os
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from harness.configuration import listening, plain, reverse_proxy
from harness.gateway import Gateway, binary, command, free_port
from harness.http2 import Wire2
from harness.http2 import fields as http2_fields
from harness.upstream import CHAT, Upstream
from harness.waiting import soon
from harness.wire import Cut, Wire, open_streams, request

EVENTS = [b"data: %d\n\n" % number for number in range(40)]
#: The name by which this machine's own programs reach the gateway.
HERE = {"Host": "localhost"}


def is_running(pid):
    """Whether there is such a process, and it is no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Asking:
    """Threads that each ask over and over, on a new connection a time or on one they keep."""

    def __init__(self, port, headers, count=4, keeps=False):
        self.port, self.headers, self.keeps = port, headers, keeps
        self.stopping, self.faults, self.answered, self.refused = threading.Event(), [], [], []
        self.threads = [threading.Thread(target=self._run) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def _run(self):
        wire = None
        while not self.stopping.is_set():
            started = time.monotonic()
            try:
                wire = wire or Wire(self.port)
            except ConnectionRefusedError:
                self.refused.append(time.monotonic())
                continue
            try:
                body = {"model": "m", "messages": []}
                response = wire.send(request("POST", "/v1/chat/completions", self.headers, body)).response()
                if response.status == 200 and response.ended == "length":
                    self.answered.append((started, time.monotonic()))
                else:
                    self.faults.append((started, time.monotonic(), response))
                if not self.keeps or response["connection"] == "close":
                    wire.socket.close()
                    wire = None
            except (OSError, Cut) as error:
                self.faults.append((started, time.monotonic(), repr(error)))
                wire.socket.close()
                wire = None

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


class SupervisorCase(unittest.TestCase):
    def setUp(self):
        self.upstream = Upstream(lambda incoming, peer: (
            peer.stream(*EVENTS, gap=0.05) if incoming.json.get("stream") else peer.answer(CHAT)))
        self.addCleanup(self.upstream.close)
        self.asking = []
        self.addCleanup(lambda: [asking.stop() for asking in self.asking])

    def start(self, *options, configuration=None, environment=None, program=None, workers=2):
        self.gateway = Gateway(configuration or plain(), environment=environment, workers=workers, options=options, program=program)
        self.addCleanup(self.gateway.stop)
        return self.gateway

    def ask(self, **options):
        self.asking.append(Asking(self.gateway.port, self.upstream.headers(), **options))
        return self.asking[-1]

    def open_streams(self, count):
        return open_streams(self, self.gateway, self.upstream, count)

    def assert_whole(self, opened):
        for wire, response in opened:
            self.assertEqual(b"".join(wire.body(response)), b"".join(EVENTS), self.gateway.said())
            self.assertEqual(response.ended, "chunked")

    def answers(self):
        """Whether a request on a new connection is answered."""
        with Wire(self.gateway.port) as wire:
            return wire.send(request("GET", "/ready", HERE)).response("GET").status == 200

    def metric(self, name):
        with Wire(self.gateway.port) as wire:
            text = wire.send(request("GET", "/metrics", HERE)).response("GET").body.decode()
        return int(re.search(rf"^{name} (\d+)$", text, re.M)[1])

    def lines(self, word):
        return [line for line in self.gateway.output.read_text().splitlines() if word in line]

    def status(self, within):
        try:
            return self.gateway.child.wait(within)
        except subprocess.TimeoutExpired:
            return None


class Crash(SupervisorCase):
    """A crash of the serving process."""

    def test_restart(self):
        """refuses no connection, and costs only the requests that it had; one line says what happened, and a metric counts it"""
        self.start()
        asking = self.ask(count=4)
        self.assertTrue(soon(lambda: asking.answered))
        for number, name in ((signal.SIGSEGV, "segmentation fault"), (signal.SIGKILL, "killed"), (signal.SIGILL, "illegal instruction")):
            with self.subTest(signal=number.name):
                serving, before = self.gateway.serving, self.metric("sluice_restarts_total")
                gone_at = self.kill(serving, number)
                self.assertTrue(soon(lambda: serving not in self.gateway.children and self.gateway.children), self.gateway.said())
                # Asked after its end, and answered: by its successor.
                self.assertTrue(soon(lambda: [answer for answer in asking.answered if answer[0] > gone_at]), self.gateway.said())
                back_at = min(answer[1] for answer in asking.answered if answer[0] > gone_at)
                print(f"      {number.name}: first answer {1000 * (back_at - gone_at):.0f} ms after its end")
                # A connection that is made once the process is gone waits for its successor, and is not cut.
                self.assertEqual([fault for fault in asking.faults if fault[0] > gone_at], [])
                self.assertEqual(self.metric("sluice_restarts_total"), before + 1)
                line, = self.lines(f"serving process {serving} was killed by signal {number.value} ({name})")
                self.assertRegex(line, r"after \d+ m?s; version [\d.]+, build [0-9a-f]{40}; restart \d+ (now|in \d+ ms)$")
        asking.stop()
        self.assertEqual(asking.refused, [])
        # Those whose request a crash took with it, and nobody else.
        self.assertLessEqual(len(asking.faults), 3 * 4)

    def kill(self, process, number):
        """When the process had ended: a signal is no end yet, and until then it answers."""
        end = os.pidfd_open(process)
        try:
            os.kill(process, number)
            self.assertTrue(select.select([end], [], [], 10)[0], f"{process} goes on after signal {number}")
            return time.monotonic()
        finally:
            os.close(end)

    def test_waiting_connections(self):
        """connections made while nothing serves are answered when something does again"""
        self.start()
        os.kill(self.gateway.serving, signal.SIGKILL)
        wires = [Wire(self.gateway.port).send(request("GET", "/ready", HERE)) for _ in range(50)]
        for wire in wires:
            with wire:
                self.assertEqual(wire.response("GET").status, 200)

    def test_unix_socket(self):
        """a Unix socket goes on, too"""
        path = f"{tempfile.mkdtemp(prefix='sluice-test-')}/s"
        self.addCleanup(shutil.rmtree, os.path.dirname(path))
        self.start(configuration={**plain(), "listen": [f"unix:{path}"]})
        inode = os.stat(path).st_ino
        os.kill(self.gateway.serving, signal.SIGKILL)
        with Wire(path) as wire:
            self.assertEqual(wire.send(request("GET", "/ready", HERE)).response("GET").status, 200)
        self.assertEqual(os.stat(path).st_ino, inode)

    def test_no_core(self):
        """leaves no core file, unless asked to, and no report of the runtime's"""
        for options, is_left in (((), False), (("--core-dumps",), True)):
            with self.subTest(options=options):
                gateway = self.start(*options)
                serving = gateway.serving
                limits = Path(f"/proc/{serving}/limits").read_text()
                soft = re.search(r"Max core file size +(\S+) +(\S+)", limits)
                self.assertEqual((soft[1], soft[2]) == ("1", "1"), not is_left, limits)
                environment = Path(f"/proc/{serving}/environ").read_bytes().split(b"\0")
                self.assertIn(b"SWIFT_BACKTRACE=enable=no", environment)
                os.kill(serving, signal.SIGABRT)
                self.assertTrue(soon(lambda: self.lines("restart 1 now")))
                if not is_left:
                    self.assertEqual([path for path in gateway.directory.iterdir() if "core" in path.name], [])
                self.assertEqual(self.lines("Backtrace"), [])
                gateway.stop()

    def test_backs_off(self):
        """those that die young, one after another, have successors that wait longer, but never for a second, and SIGHUP ends the wait"""
        self.start()
        for count in range(7):
            self.assertTrue(soon(lambda: self.gateway.children and len(self.lines("listening on")) == count + 1), self.gateway.said())
            os.kill(self.gateway.serving, signal.SIGKILL)
            self.assertTrue(soon(lambda: len(self.lines("was killed by signal 9")) == count + 1))
        waits = [re.search(r"restart \d+ (.*)$", line)[1] for line in self.lines("was killed by signal 9")]
        self.assertEqual(waits, ["now", "in 100 ms", "in 200 ms", "in 400 ms", "in 800 ms", "in 800 ms", "in 800 ms"])
        self.assertEqual(self.gateway.children, [])
        os.kill(self.gateway.pid, signal.SIGHUP)
        self.assertTrue(soon(lambda: self.gateway.children, within=0.5))
        self.assertTrue(self.answers())

    def test_dies_with_supervisor(self):
        """a serving process never outlives its supervisor"""
        self.start()
        serving = self.gateway.serving
        self.assertNotEqual(serving, self.gateway.pid)
        os.kill(self.gateway.pid, signal.SIGKILL)
        self.assertTrue(soon(lambda: not is_running(serving), within=1))

    def test_ignored_signals(self):
        """is noticed also where whoever started the supervisor ignores SIGCHLD"""
        child = subprocess.Popen([binary(), "serve", "--listen", f"127.0.0.1:{free_port()}"], stderr=subprocess.PIPE, text=True,
                                 preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        try:
            while "listening on" not in child.stderr.readline():
                pass
            serving, = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
            os.kill(int(serving), signal.SIGKILL)
            while f"serving process {serving} was killed by signal 9" not in (line := child.stderr.readline()):
                self.assertTrue(line, "the supervisor has ended")
        finally:
            child.terminate()
            self.assertEqual((child.wait(5), child.stderr.close()), (0, None))

    def test_reads_nothing(self):
        """a serving process that stands still keeps its supervisor from nothing, however much there is to tell it"""
        self.start()
        serving = self.gateway.serving
        os.kill(serving, signal.SIGSTOP)
        # More than there is room for between the two.
        for _ in range(1000):
            os.kill(self.gateway.pid, signal.SIGHUP)
            self.assertTrue(soon(lambda: not waits(self.gateway.pid, signal.SIGHUP)), "the supervisor takes no signals any more")
        os.kill(self.gateway.pid, signal.SIGTERM)
        self.assertTrue(soon(lambda: self.lines("asked to stop")), self.gateway.said())
        os.kill(serving, signal.SIGCONT)
        self.assertEqual(self.status(within=10), 0, self.gateway.said())

    def test_ended_by_hand(self):
        """a serving process that is sent SIGTERM itself drains, and has a successor"""
        self.start()
        opened, serving = self.open_streams(3), self.gateway.serving
        os.kill(serving, signal.SIGTERM)
        self.assert_whole(opened)
        self.assertTrue(soon(lambda: self.lines(f"serving process {serving} ended with status 0")), self.gateway.said())
        self.assertTrue(self.answers())


    def test_dropped_address(self):
        """an address that the file no longer has is closed once the successor of a crashed process serves"""
        self.start(configuration={**plain(), "listen": [f"127.0.0.1:{free_port()}"]})
        text = json.loads(Path(self.gateway.file).read_text())
        dropped, new = int(text["listen"][1].rpartition(":")[2]), free_port()
        Path(self.gateway.file).write_text(json.dumps(listening({**plain(), "listen": [f"127.0.0.1:{new}"]}, self.gateway.port)))
        self.assertTrue(soon(lambda: self.lines("takes effect with the next start")), self.gateway.said())
        self.assertFalse(refuses(dropped))
        os.kill(self.gateway.serving, signal.SIGKILL)
        self.assertTrue(soon(lambda: refuses(dropped)), self.gateway.said())
        self.assertFalse(refuses(new))
        self.assertTrue(self.answers())


class Start(SupervisorCase):
    """The start."""

    def test_twice(self):
        """a second with the same pid file or Unix socket says which process has it, and leaves the first alone"""
        directory = tempfile.mkdtemp(prefix="sluice-test-")
        self.addCleanup(shutil.rmtree, directory)
        path, pid_file = f"{directory}/s", Path(f"{directory}/pid")
        for mode in ((), ("--no-supervisor",)):
            with self.subTest(mode=mode):
                gateway = self.start("--pid-file", str(pid_file), *mode, configuration={**plain(), "listen": [f"unix:{path}"]})
                inode = os.stat(path).st_ino
                for other in ((), ("--no-supervisor",)):
                    ended = command("serve", *other, "--listen", f"127.0.0.1:{free_port()}", "--pid-file", str(pid_file))
                    self.assertEqual((ended.returncode, f"process {gateway.pid} has it" in ended.stderr), (1, True), ended)
                    ended = command("serve", *other, "--listen", f"unix:{path}")
                    self.assertEqual((ended.returncode, f"unix:{path}: another process does" in ended.stderr), (1, True), ended)
                self.assertEqual((pid_file.read_text(), os.stat(path).st_ino), (f"{gateway.pid}\n", inode))
                with Wire(path) as wire:
                    self.assertEqual(wire.send(request("GET", "/ready", HERE)).response("GET").status, 200)
                gateway.child.terminate()
                self.assertEqual((self.status(within=10), pid_file.exists()), (0, False), gateway.said())
        with self.subTest("what one that was killed has left is taken over"):
            gateway = self.start("--pid-file", str(pid_file), configuration={**plain(), "listen": [f"unix:{path}"]})
            gateway.child.kill()
            gateway.child.wait()
            gateway = self.start("--pid-file", str(pid_file), configuration={**plain(), "listen": [f"unix:{path}"]})
            self.assertEqual(pid_file.read_text(), f"{gateway.pid}\n")
            with Wire(path) as wire:
                self.assertEqual(wire.send(request("GET", "/ready", HERE)).response("GET").status, 200)
        with self.subTest("a file that is no socket is not removed"):
            Path(f"{directory}/file").write_text("mine")
            ended = command("serve", "--listen", f"unix:{directory}/file")
            self.assertEqual((ended.returncode, "no socket" in ended.stderr), (1, True), ended)
            self.assertEqual(Path(f"{directory}/file").read_text(), "mine")

    def test_names(self):
        """ps and top call the processes by what they are, also after a restart"""
        self.start()
        os.kill(self.gateway.serving, signal.SIGKILL)
        self.assertTrue(self.answers())
        self.assertEqual(named(self.gateway.pid), "sluice")
        self.assertEqual(named(self.gateway.serving), "sluice:serving")

    def test_fault(self):
        """a fault of the configuration is said once, and is the exit status"""
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write("version: 1\nnonsense: 1\n")
            file.flush()
            ended = command("serve", "--config", file.name)
        self.assertEqual(ended.returncode, 1, ended)
        self.assertEqual(ended.stderr.count("nonsense"), 1, ended.stderr)
        self.assertNotIn("serving process", ended.stderr)

    def test_taken(self):
        """an address that another process has is said, and is the exit status"""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            ended = command("serve", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
        self.assertEqual(ended.returncode, 1, ended)
        self.assertIn("another process does", ended.stderr)

    def test_signal_before_ready(self):
        """a signal that comes before the process is ready ends it cleanly, whenever that is"""
        for delay in (0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08):
            with self.subTest(delay=delay):
                # To the supervisor, once it can take signals: before that, there is nothing to end but itself.
                child = subprocess.Popen([binary(), "serve", "--listen", f"127.0.0.1:{free_port()}"], stderr=subprocess.PIPE)
                self.assertTrue(soon(lambda: blocks_sigterm(child.pid)))
                time.sleep(delay)
                child.send_signal(signal.SIGTERM)
                _, said = child.communicate(timeout=5)
                self.assertEqual(child.returncode, 0, said)

    def test_pid_file(self):
        """--pid-file holds the supervisor's id, and is gone afterwards; a path that cannot be written is an error"""
        directory = tempfile.mkdtemp(prefix="sluice-test-")
        self.addCleanup(shutil.rmtree, directory)
        self.start("--pid-file", f"{directory}/pid")
        self.assertEqual(Path(f"{directory}/pid").read_text(), f"{self.gateway.pid}\n")
        self.gateway.child.terminate()
        self.assertEqual(self.status(within=3), 0)
        self.assertFalse(os.path.exists(f"{directory}/pid"))
        ended = command("serve", "--listen", f"127.0.0.1:{free_port()}", "--pid-file", f"{directory}/no/pid")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("no such file or directory", ended.stderr)

    def test_without_supervisor(self):
        """--no-supervisor serves in one process, which drains on SIGTERM and says so where SIGUSR2 means nothing"""
        self.start("--no-supervisor")
        self.assertEqual(self.gateway.children, [])
        opened = self.open_streams(3)
        os.kill(self.gateway.pid, signal.SIGUSR2)
        self.assertTrue(soon(lambda: self.lines("SIGUSR2")))
        ended = command("upgrade", "--pid", str(self.gateway.pid))
        self.assertEqual(ended.returncode, 1)
        self.assertIn("no supervisor", ended.stderr)
        self.gateway.child.terminate()
        self.assert_whole(opened)
        self.assertEqual(self.status(within=3), 0, self.gateway.said())

    def test_stray_variable(self):
        """a variable that looks like a supervisor's, and is not, is refused"""
        ended = command("serve", "--listen", f"127.0.0.1:{free_port()}", env={**os.environ, "SLUICE_CONTROL": "3"})
        self.assertEqual(ended.returncode, 1)
        self.assertIn("SLUICE_CONTROL", ended.stderr)


def named(pid):
    return Path(f"/proc/{pid}/comm").read_text().strip()


def sockets(pid):
    """How many sockets a process has."""
    count = 0
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            count += os.readlink(f"/proc/{pid}/fd/{number}").startswith("socket:")
        except FileNotFoundError:  # closed meanwhile
            pass
    return count


def blocks_sigterm(pid):
    return signal.SIGTERM in signals_of(pid, "SigBlk")


def waits(pid, number):
    """Whether a signal has been sent and not been taken."""
    return number in signals_of(pid, "ShdPnd")


def signals_of(pid, row):
    """The signals in a row of a process's status; none when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return set()
    bits = int(re.search(rf"{row}:\s+(\w+)", status)[1], 16)
    return {number for number in signal.valid_signals() if bits >> (number - 1) & 1}


class UpgradeCase(SupervisorCase):
    """The binary is a copy at a path of the test's own, which it may change."""

    def setUp(self):
        super().setUp()
        directory = tempfile.mkdtemp(prefix="sluice-test-")
        self.addCleanup(shutil.rmtree, directory)
        self.program = f"{directory}/sluice"
        self.put(binary())

    def put(self, source):
        """Another file at the same path, as a package manager does it."""
        shutil.copy(source, self.program + ".new")
        os.rename(self.program + ".new", self.program)

    def put_script(self, text):
        Path(self.program + ".new").write_text(f"#!/bin/sh\n{text}\n")
        os.chmod(self.program + ".new", stat.S_IRWXU)
        os.rename(self.program + ".new", self.program)

    def upgrade(self):
        return command("upgrade", "--pid", str(self.gateway.pid))


class HTTP2Asking:
    """A client that has several streams under way at any moment, on a thread; one connection after another, each until the gateway says that it ends."""

    def __init__(self, port):
        self.port, self.answered, self.connections, self.faults = port, 0, 0, []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopping.is_set():
            with Wire2(self.port) as wire:
                self.connections += 1
                stream = -1
                while not wire.goaway and not self.stopping.is_set():
                    asked = range(stream + 2, stream + 10, 2)
                    for stream in asked:
                        wire.headers(stream, http2_fields(path="/health"))
                    for one in asked:
                        answer = wire.whole(one)
                        self.answered += answer.status == 200
                        if answer.status != 200:
                            self.faults.append((one, repr(answer), repr(wire.goaway)))

    def stop(self):
        self.stopping.set()
        self.thread.join()


class Upgrade(UpgradeCase):
    """An upgrade."""

    def test_under_load(self):
        """three under live streams and steady requests: nothing is cut, reset or refused, and the old ones end with their streams"""
        self.start(program=self.program)
        asking = [self.ask(count=2), self.ask(count=2, keeps=True)]
        supervisor, served = self.gateway.pid, [self.gateway.serving]
        opened = []
        for count in range(3):
            opened += self.open_streams(17)
            self.put(binary())
            ended = self.upgrade()
            self.assertEqual(ended.returncode, 0, ended.stderr + self.gateway.said())
            self.assertIn(f"process {self.gateway.serving} serves", ended.stdout)
            self.assertNotIn(self.gateway.serving, served)
            served.append(self.gateway.serving)
            self.assertEqual(self.metric("sluice_upgrades_total"), count + 1)
        self.assertEqual(self.gateway.pid, supervisor)
        # The supervisor itself is the file that is there now.
        self.assertEqual(os.readlink(f"/proc/{supervisor}/exe"), self.program)
        self.assert_whole(opened)
        time.sleep(0.5)
        for one in asking:
            one.stop()
            self.assertEqual((one.faults, one.refused), ([], []), self.gateway.said())
            self.assertGreater(len(one.answered), 20)
        self.assertTrue(soon(lambda: self.gateway.children == served[-1:], within=10), self.gateway.said())
        self.assertEqual(len(self.lines("has finished what it had")), 3)
        # What it became stops as ever.
        self.gateway.child.terminate()
        self.assertEqual(self.status(within=3), 0, self.gateway.said())

    def test_signal(self):
        """SIGUSR2 asks for the same, and a crash afterwards restarts the new binary"""
        self.start(program=self.program)
        first = self.gateway.serving
        os.kill(self.gateway.pid, signal.SIGUSR2)
        self.assertTrue(soon(lambda: self.lines("upgraded: process")), self.gateway.said())
        self.assertTrue(soon(lambda: self.gateway.children and first not in self.gateway.children, within=10), self.gateway.said())
        os.kill(self.gateway.serving, signal.SIGSEGV)
        self.assertTrue(soon(lambda: self.lines("restart 1 now")))
        self.assertTrue(self.answers())
        self.assertEqual(os.readlink(f"/proc/{self.gateway.serving}/exe"), self.program)

    def test_http2_clients(self):
        """over HTTP/2, too, nothing is refused: a client that asks on until it reads that its connection ends, and then on another, gets every answer"""
        self.start(program=self.program)
        asking = [HTTP2Asking(self.gateway.port) for _ in range(4)]
        for _ in range(3):
            self.assertEqual(self.upgrade().returncode, 0, self.gateway.said())
            time.sleep(0.3)
        for one in asking:
            one.stop()
            self.assertEqual(one.faults, [], self.gateway.said())
            self.assertGreater(one.answered, 20)
            self.assertGreaterEqual(one.connections, 4)

    def test_idle_clients(self):
        """a client between two requests is answered once more, and told that its connection ends"""
        self.start(program=self.program)
        with Wire(self.gateway.port) as wire:
            self.assertEqual(wire.send(request("GET", "/health")).response("GET").status, 200)
            self.assertEqual(self.upgrade().returncode, 0, self.gateway.said())
            time.sleep(0.3)
            response = wire.send(request("GET", "/health")).response("GET")
            self.assertEqual((response.status, response["connection"]), (200, "close"))

    def test_restart_keeps_old_binary(self):
        """a crash while another file has the binary's place restarts what ran, not what is there"""
        self.start(program=self.program)
        self.put_script("exit 7")
        os.kill(self.gateway.serving, signal.SIGKILL)
        self.assertTrue(self.answers())

    def test_failed_start(self):
        """a new binary that does not start, or a file it cannot serve by, leaves the old process serving, and says why"""
        self.start("--ready-timeout", "1", program=self.program)
        serving, opened = self.gateway.serving, self.open_streams(3)
        for text, reason in (("exit 7", "ended with status 7"), ("kill -SEGV $$", "killed by signal 11"), ("exec sleep 30", "not ready within 1 s")):
            with self.subTest(script=text):
                self.put_script(text)
                ended = self.upgrade()
                self.assertEqual(ended.returncode, 1, ended)
                self.assertIn(reason, ended.stderr)
                self.assertEqual(self.gateway.children, [serving])
        with self.subTest("no file"):
            os.unlink(self.program)
            ended = self.upgrade()
            self.assertEqual((ended.returncode, "no such file" in ended.stderr), (1, True), ended)
        with self.subTest("bad configuration"):
            self.put(binary())
            good = Path(self.gateway.file).read_text()
            Path(self.gateway.file).write_text("version: 1\nnonsense: 1\n")
            ended = self.upgrade()
            self.assertEqual(ended.returncode, 1, ended)
            self.assertTrue(self.lines('unknown key "nonsense"'))
            Path(self.gateway.file).write_text(good)
        self.assert_whole(opened)
        self.assertEqual(self.gateway.serving, serving)
        self.assertEqual(len(self.lines("the upgrade failed, and the service goes on as it was")), 5)
        self.assertEqual(self.upgrade().returncode, 0, "and then a good one is taken")

    def test_proven_file(self):
        """what becomes the supervisor is the file that has shown that it serves, not one that has its place by then"""
        self.start(program=self.program)
        supervisor = self.gateway.pid
        bad = f"{self.program}.bad"
        Path(bad).write_text("#!/bin/sh\nexit 7\n")
        os.chmod(bad, stat.S_IRWXU)
        # It is replaced as soon as it has been started.
        self.put_script(f'mv {bad} {self.program}\nexec {binary()} "$@"')
        ended = self.upgrade()
        self.assertEqual(ended.returncode, 0, ended.stderr + self.gateway.said())
        self.assertIsNone(self.gateway.child.poll())
        self.assertFalse(os.path.exists(bad))
        self.assertEqual(os.readlink(f"/proc/{supervisor}/exe"), binary())
        self.assertTrue(self.answers())
        self.put(binary())
        os.kill(self.gateway.serving, signal.SIGKILL)
        self.assertTrue(self.answers(), "and it keeps the service up")

    def test_leaves_nothing_open(self):
        """ten leave no descriptor behind, and the supervisor its name, its arguments, its pid file and where it is asked"""
        pid_file = f"{self.program}.pid"
        self.start("--pid-file", pid_file, program=self.program)
        arguments = Path(f"/proc/{self.gateway.pid}/cmdline").read_bytes()
        counts = []
        for _ in range(10):
            self.put(binary())
            ended = command("upgrade", "--pid-file", pid_file)
            self.assertEqual(ended.returncode, 0, ended.stderr + self.gateway.said())
            self.assertTrue(soon(lambda: len(self.gateway.children) == 1), self.gateway.said())
            self.assertTrue(self.answers())
            counts.append(tuple(len(os.listdir(f"/proc/{pid}/fd")) for pid in (self.gateway.pid, self.gateway.serving)))
        self.assertEqual(len({supervisor for supervisor, _ in counts}), 1, counts)
        self.assertLess(max(serving for _, serving in counts) - min(serving for _, serving in counts), 5, counts)
        for pid in (self.gateway.pid, self.gateway.serving):
            opened = [os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")]
            self.assertEqual([path for path in opened if path.startswith(self.program) and path != pid_file], [])
        self.assertEqual(Path(f"/proc/{self.gateway.pid}/cmdline").read_bytes(), arguments)
        self.assertEqual((named(self.gateway.pid), named(self.gateway.serving)), ("sluice", "sluice:serving"))
        ended = command("serve", "--listen", f"127.0.0.1:{free_port()}", "--pid-file", pid_file)
        self.assertIn(f"process {self.gateway.pid} has it", ended.stderr)

    def test_signal_meanwhile(self):
        """SIGUSR2 while one is under way changes nothing, also for who waits for it"""
        self.start(program=self.program)
        gate = f"{self.program}.gate"
        self.put_script(f'while ! [ -e {gate} ]; do sleep 0.05; done\nexec {binary()} "$@"')
        waiting = subprocess.Popen([binary(), "upgrade", "--pid", str(self.gateway.pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertTrue(soon(lambda: len(self.gateway.children) == 2))
        os.kill(self.gateway.pid, signal.SIGUSR2)
        self.assertTrue(soon(lambda: self.lines("no upgrade: an upgrade is under way")), self.gateway.said())
        self.assertIsNone(waiting.poll())
        Path(gate).touch()
        said, faults = waiting.communicate(timeout=20)
        self.assertEqual((waiting.returncode, f"process {self.gateway.serving} serves" in said), (0, True), said + faults + self.gateway.said())
        self.assertEqual(self.metric("sluice_upgrades_total"), 1)

    def test_reload_meanwhile(self):
        """SIGHUP while one is under way is for the new process, too, which may have read the file before"""
        secret, log = Path(f"{self.program}.key"), f"{self.program}.log"
        secret.write_text("sk-before")
        os.chmod(secret, 0o600)
        os.mkfifo(log)
        reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
        configuration = {**reverse_proxy(f"http://127.0.0.1:{self.upstream.port}/v1"), "log": {"access": log}}
        configuration["providers"]["origin"] = {"dialect": "openai", "base_url": f"http://127.0.0.1:{self.upstream.port}/v1", "api_key": f"file:{secret}"}
        self.start(program=self.program, configuration=configuration)
        # The new one opens its log once it has read all else, and waits there for somebody who reads it.
        os.close(reader)
        waiting = subprocess.Popen([binary(), "upgrade", "--pid", str(self.gateway.pid)], stdout=subprocess.DEVNULL)
        self.assertTrue(soon(lambda: len(self.gateway.children) == 2 and sockets(self.gateway.serving) > 2), self.gateway.said())
        secret.write_text("sk-after")
        os.kill(self.gateway.pid, signal.SIGHUP)
        self.assertTrue(soon(lambda: self.lines("configuration read again (SIGHUP)")), self.gateway.said())
        reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.assertEqual(waiting.wait(20), 0, self.gateway.said())
        self.assertTrue(soon(lambda: len(self.lines("configuration read again (SIGHUP)")) == 2), self.gateway.said())
        self.upstream.forget()
        with Wire(self.gateway.port) as wire:
            body = {"model": "m", "messages": []}
            self.assertEqual(wire.send(request("POST", "/v1/chat/completions", HERE, body)).response().status, 200)
        self.assertEqual(self.upstream.requests[0]["authorization"], "Bearer sk-after")

    def test_one_at_a_time(self):
        """a second upgrade during the first is refused, and SIGTERM during one ends both"""
        self.start(program=self.program)
        self.put_script("exec sleep 30")
        waiting = subprocess.Popen([binary(), "upgrade", "--pid", str(self.gateway.pid)], stderr=subprocess.PIPE, text=True)
        self.assertTrue(soon(lambda: len(self.gateway.children) == 2))
        ended = self.upgrade()
        self.assertEqual((ended.returncode, "an upgrade is under way" in ended.stderr), (1, True), ended)
        self.gateway.child.terminate()
        self.assertIn("is stopping", waiting.communicate(timeout=5)[1])
        self.assertEqual(waiting.returncode, 1)
        self.assertEqual(self.status(within=3), 0, self.gateway.said())

    def test_other_workers_and_addresses(self):
        """another number of workers shares the sockets that are there; new addresses are opened, old ones closed"""
        self.start(program=self.program, configuration={**plain(), "listen": [f"127.0.0.1:{free_port()}"]})
        text = json.loads(Path(self.gateway.file).read_text())
        other, new = int(text["listen"][1].rpartition(":")[2]), free_port()
        Path(self.gateway.file).write_text(json.dumps(listening({**plain(), "workers": 5, "listen": [f"127.0.0.1:{new}"]}, self.gateway.port)))
        asking = self.ask(count=4)
        self.assertEqual(self.upgrade().returncode, 0, self.gateway.said())
        for _ in range(50):
            self.assertTrue(self.answers())
        socket.create_connection(("127.0.0.1", new), timeout=1).close()
        self.assertTrue(soon(lambda: refuses(other)))
        asking.stop()
        self.assertEqual((asking.faults, asking.refused), ([], []))

    def test_stopping_with_old_streams(self):
        """SIGTERM has the streams of an earlier process finish, too"""
        self.start(program=self.program)
        opened = self.open_streams(5)
        self.assertEqual(self.upgrade().returncode, 0)
        opened += self.open_streams(5)
        self.gateway.child.terminate()
        self.assert_whole(opened)
        self.assertEqual(self.status(within=3), 0, self.gateway.said())

    def test_who_may_ask(self):
        """a process that is no supervisor is said to be none"""
        ended = command("upgrade", "--pid", str(os.getpid()))
        self.assertEqual((ended.returncode, "no supervisor" in ended.stderr), (1, True), ended)
        ended = command("upgrade")
        self.assertEqual((ended.returncode, "--pid" in ended.stderr), (64, True), ended)


def refuses(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return False
    except ConnectionRefusedError:
        return True


class ServiceManager(UpgradeCase):
    """The service manager."""

    def setUp(self):
        super().setUp()
        self.path = f"{os.path.dirname(self.program)}/notify"
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.notices.close)
        self.notices.bind(self.path)
        self.notices.settimeout(5)

    def hear(self, start):
        """The next notice that begins so; others before it are dropped."""
        while True:
            notice = self.notices.recv(4096).decode()
            if notice.startswith(start):
                return notice

    def test_notices(self):
        """hears of readiness, reloads, upgrades and the stop, from the supervisor alone (sd_notify(3))"""
        self.start(program=self.program, environment={"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": "400000"})
        self.assertEqual(self.hear("READY=1"), f"READY=1\nMAINPID={self.gateway.pid}")
        environment = Path(f"/proc/{self.gateway.serving}/environ").read_text()
        self.assertNotIn("NOTIFY_SOCKET", environment)
        self.hear("WATCHDOG=1")
        self.hear("WATCHDOG=1")
        os.kill(self.gateway.pid, signal.SIGHUP)
        self.assertRegex(self.hear("RELOADING=1"), r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
        self.hear("READY=1")
        os.kill(self.gateway.serving, signal.SIGKILL)
        self.assertEqual(self.hear("STATUS=restart"), "STATUS=restart 1 now")
        self.hear("READY=1")
        self.assertEqual(self.upgrade().returncode, 0)
        self.hear("RELOADING=1")
        self.assertEqual(self.hear("READY=1"), f"READY=1\nMAINPID={self.gateway.pid}")
        self.hear("WATCHDOG=1")
        self.gateway.child.terminate()
        self.hear("STOPPING=1")
        self.assertEqual(self.status(within=3), 0)

    def test_watchdog_of_a_hang(self):
        """hears nothing while the workers do not turn"""
        self.start(environment={"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": "400000"})
        self.hear("WATCHDOG=1")
        os.kill(self.gateway.serving, signal.SIGSTOP)
        time.sleep(0.5)
        self.notices.settimeout(0.01)
        with self.assertRaises(TimeoutError):
            while True:
                self.notices.recv(4096)
        self.notices.settimeout(0.8)
        with self.assertRaises(TimeoutError):
            self.hear("WATCHDOG=1")
        os.kill(self.gateway.serving, signal.SIGCONT)
        self.hear("WATCHDOG=1")

    def test_without_supervisor(self):
        """a process without a supervisor tells the same"""
        self.start("--no-supervisor", environment={"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": "400000"})
        self.assertEqual(self.hear("READY=1"), f"READY=1\nMAINPID={self.gateway.pid}")
        self.hear("WATCHDOG=1")
        os.kill(self.gateway.pid, signal.SIGHUP)
        self.hear("RELOADING=1")
        self.hear("READY=1")
        self.gateway.child.terminate()
        self.hear("STOPPING=1")
        self.assertEqual(self.status(within=3), 0)

    def test_activation(self):
        """may open the sockets (LISTEN_FDS), which then are there before and after every process of ours"""
        for options in ((), ("--no-supervisor",)):
            with self.subTest(options=options), socket.socket() as opened:
                opened.bind(("127.0.0.1", 0))
                opened.listen()
                port = opened.getsockname()[1]
                # As systemd starts it: the socket is descriptor 3, and the process id is in the environment.
                line = f"exec 3<&{opened.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 exec {binary()} serve {' '.join(options)} --listen 127.0.0.1:{port} --workers 3"
                # Not sh: Debian's takes descriptors of one digit alone.
                child = subprocess.Popen(["/bin/bash", "-c", line], pass_fds=[opened.fileno()], stderr=subprocess.DEVNULL)
                try:
                    for _ in range(10):
                        with Wire(port) as wire:
                            self.assertEqual(wire.send(request("GET", "/ready", HERE)).response("GET").status, 200)
                finally:
                    child.terminate()
                    self.assertEqual(child.wait(5), 0)
