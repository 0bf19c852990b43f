"""Configuration files broken at random: told where, never applied, and no reason to fall over."""

import json
import os
import re
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

from harness.chance import chance, mutated, rounds
from harness.configuration import listening
from harness.gateway import ROOT, Gateway, binary
from harness.upstream import Upstream
from harness.wire import Wire, request, send

#: The name by which this machine's own programs reach the gateway.
HERE = {"Host": "localhost"}
SCALARS = ("", "~", "null", "true", "-1", "0", "99999999999999999999999", "1e999", ".nan", "0x10", "[", "]", "{", "}", "{}", "[]", "''", '"', "'", "a: b",
           "- a", "?", "*x", "&x a", "!!binary AAAA", "!!python/object:os.system x", "<<: *x", "|", ">", "# ", "\t", "env:NOT_THERE", "file:/not/there",
           "file:/dev/zero", "unix:" + "x" * 200, "127.0.0.1:99999", "1h1h", "1KiB", "@", "\x00", "\x07", "\u2028", "\ufeff", "\U0001f600", "x" * 5000,
           "../../etc/passwd", "%TAG ! tag:x,2000:", "---", "...")


def broken(source, text):
    """The file with one to three faults of its own kind, or of bytes."""
    if source.random() < 0.3:
        return mutated(source, text.encode())
    lines = text.split("\n")
    for _ in range(source.randint(1, 3)):
        at = source.randrange(len(lines))
        kind = source.randrange(7)
        if kind == 0:
            lines[at] = re.sub(r":.*", lambda _: ": " + source.choice(SCALARS), lines[at], count=1)
        elif kind == 1:
            lines[at] = " " * source.randint(0, 9) + lines[at].lstrip()
        elif kind == 2:
            lines.insert(source.randrange(len(lines)), lines[at])
        elif kind == 3:
            lines.insert(at, source.choice(SCALARS))
        elif kind == 4:
            lines.pop(at)
            lines = lines or [""]
        elif kind == 5:
            lines[at] = lines[at].replace(":", source.choice(["", " :", "::", ": &a", ": *a", ": {", ": ["]), 1)
        else:
            lines[at] += source.choice(SCALARS)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def examples():
    """What is broken: every example of the repository. The price book is none."""
    return [path.read_text() for path in sorted((ROOT / "config").rglob("*.yaml")) if path.name != "prices.yaml"]


class Checked(unittest.TestCase):
    """sluice check."""

    def test_mutated(self):
        """says of any file that it is sound, or what is wrong with it and where; it ends in time, and by itself"""
        source = chance("configs")
        texts, counts = examples(), {0: 0, 1: 0}
        self.assertTrue(texts)

        def judge(data):
            with tempfile.TemporaryDirectory() as directory:
                path = os.path.join(directory, "broken.yaml")
                with open(path, "wb") as file:
                    file.write(data)
                return data, subprocess.run([binary(), "check", path], capture_output=True, timeout=60, cwd=directory)

        with ThreadPoolExecutor(2) as pool:
            for data, done in pool.map(judge, [broken(source, source.choice(texts)) for _ in range(rounds(200, 10_000))]):
                said = (done.stdout + done.stderr).decode(errors="replace")
                self.assertIn(done.returncode, (0, 1), f"{data!r}: {said[-2000:]}")
                if done.returncode == 1:
                    self.assertRegex(said, r"broken\.yaml:\d+:\d+: .+", f"{data!r}")
                counts[done.returncode] += 1
        self.assertGreater(min(counts.values()), 5, counts)


class Reloaded(unittest.TestCase):
    """A running gateway given broken files."""

    def test_mutated(self):
        """serves on whatever the file has become; what it refuses it says, and the configuration before goes on"""
        source = chance("reloads")
        upstream = Upstream()
        self.addCleanup(upstream.close)
        target = {**upstream.target(override_params={"tag": "sound"}), "api_key": "sk-upstream"}
        sound = {"version": 1, "configs": {"main": target}, "default": "main"}
        gateway = Gateway(sound)
        self.addCleanup(gateway.stop)
        # The listeners stay what they are: it is the rest that is broken.
        good = json.dumps(listening(sound, gateway.port), indent=1)
        counts = {200: 0, 409: 0}

        def put(data):
            with open(gateway.file + ".new", "wb") as file:
                file.write(data)
            os.rename(gateway.file + ".new", gateway.file)

        def tag():
            upstream.forget()
            with Wire(gateway.port) as wire:
                answer = wire.send(request("POST", "/v1/chat/completions", HERE, {"model": "m", "messages": []})).response()
            return answer.status, upstream.requests[0].json.get("tag") if upstream.requests else None

        texts = [good, *examples()]
        for _ in range(rounds(200, 10_000)):
            # As often as any the one that this gateway could take: examples listen elsewhere.
            data = broken(source, source.choice((good, source.choice(texts))))
            put(data)
            answer = send(gateway.port, "POST", "/v1/sluice/reload", HERE)
            said = f"{data!r}: {answer}"
            self.assertIn(answer.status, (200, 409), said)
            counts[answer.status] += 1
            self.assertIsNone(gateway.ended, f"{said}; {gateway.said()}")
            if answer.status == 409:
                self.assertTrue(answer.json["faults"], said)
                self.assertEqual(tag(), (200, "sound"), said)
            else:
                self.assertEqual(send(gateway.port, "GET", "/health").status, 200, said)
                put(good.encode())
                self.assertEqual(send(gateway.port, "POST", "/v1/sluice/reload", HERE).status, 200, said)
                self.assertEqual(tag(), (200, "sound"), said)
        self.assertGreater(min(counts.values()), 5, counts)
