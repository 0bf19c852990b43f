"""A configuration that changes under a running gateway."""

import json
import os
import signal
import threading
import time

from harness.configuration import listening, plain
from harness.gateway import GatewayCase
from harness.upstream import CHAT

#: The name by which this machine's own programs reach the gateway.
HERE = {"Host": "localhost"}


class Reloads(GatewayCase):
    """Reload."""

    @classmethod
    def configuration(cls):
        return cls.named("one")

    @classmethod
    def named(cls, tag):
        """A file whose default config names its answer by a header's value."""
        target = cls.upstream.target(override_params={"tag": tag})
        target["api_key"] = "sk-upstream"
        return {**plain(), "configs": {"main": target}, "default": "main"}

    def write(self, text):
        """As editors do: another file under the same name."""
        with open(self.gateway.file + ".new", "w") as file:
            file.write(text)
        os.rename(self.gateway.file + ".new", self.gateway.file)

    def put(self, tag):
        self.write(json.dumps(listening(self.named(tag), self.gateway.port)))

    def tag(self):
        """Which configuration serves now."""
        self.upstream.forget()
        self.assertEqual(self.chat(headers=HERE).status, 200)
        return self.upstream.requests[0].json["tag"]

    def becomes(self, tag):
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            if self.tag() == tag:
                return
            time.sleep(0.02)
        self.fail(f"{tag} never served; the gateway said: {self.gateway.said()}")

    def test_file_watch(self):
        """a file that changes is taken up by itself"""
        self.put("watched")
        self.becomes("watched")

    def test_hang_up(self):
        """SIGHUP has the file read again"""
        self.put("hung-up")
        os.kill(self.gateway.pid, signal.SIGHUP)
        self.becomes("hung-up")

    def test_over_http(self):
        """POST /v1/sluice/reload answers when the new configuration has been adopted"""
        self.put("asked")
        response = self.send("POST", "/v1/sluice/reload", HERE)
        self.assertEqual((response.status, response.json["status"]), (200, "reloaded"), response)
        self.becomes("asked")
        self.assertEqual(self.send("GET", "/v1/sluice/reload", HERE).status, 405)

    def test_bad_file(self):
        """a bad file leaves the old one serving, and says so in log, metric and /ready"""
        self.put("good")
        self.becomes("good")
        self.write("version: 1\nlisten: 127.0.0.1:1\nconfigs:\n  main: {providr: openai}\ndefault: main\n")
        response = self.send("POST", "/v1/sluice/reload", HERE)
        self.assertEqual((response.status, response.json["status"]), (409, "refused"), response)
        self.assertIn('unknown key "providr"', " ".join(response.json["faults"]))
        self.assertEqual(self.tag(), "good")
        ready = self.send("GET", "/ready", HERE)
        self.assertEqual((ready.status, ready.json["status"], ready.json["configuration"]["stale"]), (200, "ready", True), ready)
        self.assertEqual(self.send("GET", "/ready").json["configuration"]["faults"], [], "others are not told what the file says")
        self.assertIn("sluice_configuration_stale 1", self.send("GET", "/metrics", HERE).body.decode())
        self.assertIn('unknown key "providr"', self.gateway.output.read_text())
        self.put("mended")
        self.becomes("mended")
        self.assertNotIn("configuration", self.send("GET", "/ready").json)
        self.assertIn("sluice_configuration_stale 0", self.send("GET", "/metrics", HERE).body.decode())

    def test_what_waits(self):
        """what a running process cannot change is said to wait for the next start"""
        self.write(json.dumps(listening({**self.named("waiting"), "limits": {"cache": "64MiB", "buffers": "128MiB"}}, self.gateway.port)))
        self.assertEqual(self.send("POST", "/v1/sluice/reload", HERE).status, 200)
        # All of it: other tests' access lines may come in between.
        said = self.gateway.output.read_text(errors="replace")
        for limit in ("cache", "buffers"):
            self.assertIn(f'"limits.{limit}" takes effect with the next start', said)
        self.put("waited")
        self.becomes("waited")

    def test_not_from_elsewhere(self):
        """only this machine's own programs have it reloaded"""
        for headers in ({**HERE, "Origin": "http://127.0.0.1"}, {"Host": "sluice.example"}):
            with self.subTest(headers=headers):
                self.assertEqual(self.send("POST", "/v1/sluice/reload", headers).status, 403)

    def test_thousand_under_load(self):
        """1,000 reloads under load lose no request"""
        stop, failures, served = threading.Event(), [], [0]

        def ask():
            while not stop.is_set():
                try:
                    response = self.chat(headers=HERE)
                    if response.status != 200:
                        failures.append(response)
                except Exception as error:  # whatever it is, a request was lost
                    failures.append(error)
                served[0] += 1

        clients = [threading.Thread(target=ask) for _ in range(4)]
        for client in clients:
            client.start()
        refused = [response for response in (self.send("POST", "/v1/sluice/reload", HERE) for _ in range(1000)) if response.status != 200]
        stop.set()
        for client in clients:
            client.join()
        self.assertEqual([getattr(lost, "body", lost) for lost in refused + failures][:3], [])
        self.assertGreater(served[0], 200)

    def test_in_flight(self):
        """a request in flight finishes on the configuration it began with"""
        self.put("before")
        self.becomes("before")
        release = threading.Event()
        self.upstream.forget()
        self.upstream.handler = lambda request, peer: (release.wait(5), peer.answer(CHAT))
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(self.chat(headers=HERE)))
        waiting.start()
        while not self.upstream.requests:
            time.sleep(0.01)
        self.put("after")
        self.assertEqual(self.send("POST", "/v1/sluice/reload", HERE).status, 200)
        release.set()
        waiting.join()
        self.assertEqual((answers[0].status, self.upstream.requests[0].json["tag"]), (200, "before"))
        self.upstream.handler = lambda request, peer: peer.answer(CHAT)
        self.becomes("after")


class WithoutFile(GatewayCase):
    """Without a file."""

    @classmethod
    def configuration(cls):
        return None

    def test_nothing_to_reload(self):
        """a gateway on its embedded default says that there is nothing to read"""
        response = self.send("POST", "/v1/sluice/reload", HERE)
        self.assertEqual(response.status, 409, response)
        self.assertIn("no configuration file", response.json["faults"][0])
