"""The response cache: what operators see of it, and drop."""

import json
import time
import urllib.parse

from harness.cache import STATUS, CacheCase
from harness.configuration import plain
from harness.gateway import Gateway, command
from harness.wire import send


class Operating(CacheCase):
    """cache: operators."""

    LOCAL = {"Host": "localhost"}

    def statistics(self):
        return self.send("GET", "/v1/sluice/cache", self.LOCAL).json

    def purge(self, query):
        return self.send("DELETE", f"/v1/sluice/cache?{query}", self.LOCAL)

    def test_statistics(self):
        """the counts say what became of requests, and what was saved"""
        before = self.statistics()
        self.assert_statuses(["MISS", "HIT", "HIT", "REFRESH"], self.ask, self.ask, self.ask, lambda: self.ask(headers={"x-portkey-cache-force-refresh": "true"}))
        after = self.statistics()
        changes = {name: after[name] - before[name] for name in ("hits", "misses", "refreshes", "stored", "entries", "saved_tokens_in", "saved_tokens_out")}
        self.assertEqual(changes, {"hits": 2, "misses": 1, "refreshes": 1, "stored": 2, "entries": 1, "saved_tokens_in": 6, "saved_tokens_out": 2})
        metrics = self.send("GET", "/metrics", self.LOCAL).body.decode()
        self.assertIn(f"sluice_cache_hits_total {after['hits']}\n", metrics)
        self.assertIn('sluice_cache_saved_tokens_total{direction="input"}', metrics)
        self.assertIn('sluice_cache_hit_age_seconds_bucket{le="+Inf"}', metrics)

    def test_purge(self):
        """entries are dropped by namespace, by model, by key, and all"""
        explained = self.ask(model="x")
        self.assertEqual(self.purge(f"namespace={urllib.parse.quote(self.namespace)}").json["entries"], 1)
        self.assert_statuses(["MISS", "MISS", "HIT"], lambda: self.ask(model="x"), lambda: self.ask(model="y"), lambda: self.ask(model="y"))
        self.assertEqual(self.purge("model=y").json["entries"], 1)
        self.assert_statuses(["HIT", "MISS"], lambda: self.ask(model="x"), lambda: self.ask(model="y"))
        explained = self.ask(model="x", headers={"x-sluice-explain": "1"})
        self.assertEqual(explained[STATUS], "HIT")
        self.assertEqual(self.purge(f"key={explained['x-sluice-cache-key']}").json["entries"], 1)
        self.assertEqual(self.purge(f"key={explained['x-sluice-cache-key']}").json["entries"], 0)
        self.assert_statuses(["MISS", "HIT"], lambda: self.ask(model="x"), lambda: self.ask(model="y"))
        self.assertGreaterEqual(self.purge("all").json["entries"], 2)
        self.assertEqual(self.statistics()["entries"], 0)

    def test_slips(self):
        """a purge of nothing named, or of what is no part, is refused; and so is everybody who is not an operator"""
        for query in ("", "tenat=a", "key=12", "key=" + "0" * 32 + "&model=a", "model=%zz"):
            self.assertEqual(self.purge(query).status, 400, query)
        self.assertEqual(self.send("POST", "/v1/sluice/cache", self.LOCAL).status, 405)
        for headers in ({}, {**self.LOCAL, "Origin": "http://localhost"}):
            self.assertEqual(self.send("DELETE", "/v1/sluice/cache?all", headers).status, 403)

    def test_command(self):
        """`sluice cache` does the same from the command line"""
        self.ask()
        address = ["--address", f"127.0.0.1:{self.gateway.port}"]
        stats = command("cache", "stats", *address)
        self.assertEqual(stats.returncode, 0, stats.stderr)
        self.assertRegex(stats.stdout, r"(?m)^entries +[1-9]")
        purged = command("cache", "purge", "--namespace", self.namespace, *address)
        self.assertEqual((purged.returncode, purged.stdout), (0, "1 entry dropped\n"), purged.stderr)
        self.assertEqual(self.ask()[STATUS], "MISS")
        self.assertNotEqual(command("cache", "purge", *address).returncode, 0)
        unreachable = command("cache", "stats", "--address", "127.0.0.1:1")
        self.assertEqual(unreachable.returncode, 1)
        self.assertIn("127.0.0.1:1", unreachable.stderr)

    def test_log(self):
        """the access log says where an answer came from, and what it saved"""
        gateway = Gateway({**plain(), "log": {"access": "stdout", "format": "json"}})
        self.addCleanup(gateway.stop)
        headers = {"x-portkey-config": json.dumps(self.config())}
        for _ in range(2):
            send(gateway.port, "POST", "/v1/chat/completions", headers, {"model": "m", "messages": []})
        deadline = time.monotonic() + 5
        while gateway.output.read_text().count('"path"') < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        lines = [json.loads(line) for line in gateway.output.read_text().splitlines() if line.startswith("{")]
        # Of two workers, either may write first.
        hit, miss = sorted(lines, key=lambda line: line["cache"])
        self.assertEqual((miss["cache"], miss["tokens_in"], miss.get("saved_tokens_in")), ("MISS", 3, None))
        self.assertEqual((hit["cache"], hit.get("tokens_in"), hit["saved_tokens_in"], hit["saved_tokens_out"], hit["attempts"]), ("HIT", None, 3, 1, 0))
