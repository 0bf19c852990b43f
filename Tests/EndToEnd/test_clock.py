"""A wall clock that jumps, forwards and back, under a running gateway (libfaketime)."""

import datetime
import glob
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from harness.gateway import Gateway
from harness.upstream import CHAT, Upstream
from harness.wire import Wire, request, send
from test_identity import new_key

DAY = 86_400
#: A second after a signed 32-bit count of seconds has ended.
AFTER_2038 = datetime.datetime(2038, 1, 19, 3, 14, 9, tzinfo=datetime.timezone.utc).timestamp()


class FakedClock:
    """What shows a process another wall clock: libfaketime. Without it these tests are skipped, and fail where CI is set.

    The monotonic clock is left alone: it cannot jump, and every wait is measured by it.
    """

    def __init__(self, **settings):
        libraries = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not libraries or not shutil.which("faketime"):
            if os.environ.get("CI"):
                raise AssertionError("libfaketime is missing, and in CI nothing is skipped for that")
            raise unittest.SkipTest("libfaketime is missing: sudo apt-get install faketime")
        # A library that has to set a variable for itself moves the environment, next to which Swift looks for its arguments:
        # another process holds what the variable is for.
        self.holder = subprocess.Popen(["faketime", "-f", "+0s", "sh", "-c", 'echo "$$ $FAKETIME_SHARED"; exec sleep 3600'], stdout=subprocess.PIPE, text=True,
                                       stderr=subprocess.DEVNULL)
        self.pid, _, held = self.holder.stdout.readline().strip().partition(" ")
        self.environment = {"LD_PRELOAD": libraries[0], "FAKETIME_SHARED": held, "DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1", **settings}

    def close(self):
        os.kill(int(self.pid), signal.SIGTERM)
        self.holder.wait(5)
        self.holder.stdout.close()


class ClockCase(unittest.TestCase):
    """A gateway whose wall clock the test sets, before an upstream."""

    @classmethod
    def configuration(cls, digest):
        return {"version": 1, "log": {"format": "json"}, "limits": {"idle": "2s"}, "timeouts": {"gap": "3s", "first_byte": "3s"},
                "keys": {"tests": {"digest": f"sha256:{digest}", "expires": "2037-01-01"}}, "configs": {"main": cls.upstream.target()}}

    @classmethod
    def setUpClass(cls):
        cls.token, digest = new_key()
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        descriptor, cls.offset = tempfile.mkstemp(prefix="sluice-test-")
        os.close(descriptor)
        cls.addClassCleanup(os.unlink, cls.offset)
        cls.jump(0)
        cls.data = tempfile.mkdtemp(prefix="sluice-test-")
        cls.addClassCleanup(shutil.rmtree, cls.data, ignore_errors=True)
        clock = FakedClock(FAKETIME_TIMESTAMP_FILE=cls.offset)
        cls.addClassCleanup(clock.close)
        cls.gateway = Gateway(cls.configuration(digest), {"SLUICE_DATA": cls.data, **clock.environment})
        cls.addClassCleanup(cls.gateway.stop)

    @classmethod
    def jump(cls, seconds):
        with open(cls.offset, "w") as file:
            file.write(f"{seconds:+d}s\n")

    def setUp(self):
        self.upstream.forget()
        self.addCleanup(self.jump, 0)

    def chat(self, **headers):
        return send(self.gateway.port, "POST", "/v1/chat/completions", {**self.upstream.headers(), **headers}, {"model": "m", "messages": []})

    def logged_at(self, response):
        """The time the access log gives the request, in seconds since 1970."""
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            for line in self.gateway.output.read_text().splitlines():
                if response["x-sluice-request-id"] in line:
                    said = json.loads(line)["time"]
                    return datetime.datetime.fromisoformat(said.replace("Z", "+00:00")).timestamp()
            time.sleep(0.02)
        self.fail(f"no line of {response} in the log: {self.gateway.said()}")

    def jumps(self):
        """Each jump in turn, there and back: what the clock is ahead by."""
        for seconds in (DAY, 0, -DAY, 0, int(AFTER_2038 - time.time()), 0):
            self.jump(seconds)
            yield seconds


class Jumps(ClockCase):
    """The wall clock."""

    def test_seen(self):
        """requests are served on either side of a jump, and the log has the new time"""
        for ahead in self.jumps():
            with self.subTest(ahead=ahead):
                response = self.chat()
                self.assertEqual(response.status, 200, response)
                self.assertAlmostEqual(self.logged_at(response), time.time() + ahead, delta=5)

    def test_no_storm(self):
        """no jump makes the gateway busy, or ends a connection that waits"""
        with Wire(self.gateway.port) as wire:
            for ahead in self.jumps():
                with self.subTest(ahead=ahead):
                    self.assertEqual(wire.send(request("GET", "/health")).response().status, 200)
                    before = self.gateway.cpu_seconds()
                    time.sleep(0.5)
                    self.assertLess(self.gateway.cpu_seconds() - before, 0.1)

    def test_timeouts(self):
        """time-outs end when they would have: neither early nor late"""
        self.upstream.handler = lambda incoming, peer: (time.sleep(1), peer.answer(CHAT))
        for ahead in self.jumps():
            with self.subTest(ahead=ahead):
                started = time.monotonic()
                with Wire(self.gateway.port) as wire:
                    wire.send(request("POST", "/v1/chat/completions", {**self.upstream.headers(), "x-portkey-request-timeout": "300"}, {"model": "m"}))
                    time.sleep(0.05)
                    self.jump(-ahead // 2)
                    self.assertEqual(wire.response().status, 408)
                self.assertTrue(0.28 < time.monotonic() - started < 0.8)

    def test_stream(self):
        """a stream runs through all of them"""
        jumps = [*range(6)]
        self.upstream.handler = lambda incoming, peer: peer.stream(*(b"data: %d\n\n" % n for n in jumps), gap=0.1)
        with Wire(self.gateway.port) as wire:
            wire.send(request("POST", "/v1/chat/completions", self.upstream.headers(), {"model": "m", "stream": True}))
            response, held = wire.head(), b""
            clock = self.jumps()
            for run in wire.body(response):
                held += run
                next(clock, None)
        self.assertEqual((held, response.ended), (b"".join(b"data: %d\n\n" % n for n in jumps), "chunked"))

    def test_expiry(self):
        """a key that expires by the clock expires with it, and comes back with it"""
        for ahead, status in ((0, 200), (int(AFTER_2038 - time.time()), 401), (-DAY, 200)):
            with self.subTest(ahead=ahead):
                self.jump(ahead)
                self.assertEqual(self.chat(**{"x-portkey-api-key": self.token}).status, status)


class Windows(ClockCase):
    """The wall clock: windows and ages."""

    @classmethod
    def configuration(cls, digest):
        return {"version": 1, "keys": {"tests": {"digest": f"sha256:{digest}", "config": "main", "rate_limits": [{"type": "requests", "unit": "rph", "value": 9}]}},
                "configs": {"main": cls.upstream.target()}}

    def test_rate_windows(self):
        """no jump gives a rate limit's requests back, or takes any"""
        def ask():
            return send(self.gateway.port, "POST", "/v1/chat/completions", {"x-portkey-api-key": self.token}, {"model": "m", "messages": []}).status
        for ahead in self.jumps():
            with self.subTest(ahead=ahead):
                self.assertEqual(ask(), 200)
        self.assertEqual([ask() for _ in range(4)], [200, 200, 200, 429])
        for ahead in self.jumps():
            with self.subTest(ahead=ahead):
                self.assertEqual(ask(), 429)

    def test_ages(self):
        """a kept answer is as old as it is, whatever the clock says"""
        kept = {**self.upstream.headers(), "x-portkey-config": json.dumps({**self.upstream.target(), "cache": {"mode": "simple", "max_age": 60}})}
        self.assertEqual(self.chat(**kept)["x-portkey-cache-status"], "MISS")
        for ahead in self.jumps():
            with self.subTest(ahead=ahead):
                answer = self.chat(**kept)
                self.assertEqual(answer["x-portkey-cache-status"], "HIT")
                self.assertLess(int(answer["age"]), 30)


class Begun(unittest.TestCase):
    """A gateway begun after 2038."""

    def test_serves(self):
        """serves, makes identifiers that grow, and tells the time"""
        upstream = Upstream()
        self.addCleanup(upstream.close)
        clock = FakedClock(FAKETIME="@2106-02-07 06:28:20", TZ="UTC")
        self.addCleanup(clock.close)
        gateway = Gateway({"version": 1}, clock.environment)
        self.addCleanup(gateway.stop)
        answers = [send(gateway.port, "POST", "/v1/chat/completions", upstream.headers(), {"model": "m", "messages": []}) for _ in range(3)]
        self.assertEqual([answer.status for answer in answers], [200] * 3)
        identifiers = [answer["x-sluice-request-id"] for answer in answers]
        self.assertEqual(len(set(identifiers)), 3)
        # Its first 48 bits are milliseconds since 1970 (RFC 9562 §5.7).
        milliseconds = int(identifiers[0].replace("-", "")[:12], 16)
        self.assertEqual(datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc).year, 2106)
