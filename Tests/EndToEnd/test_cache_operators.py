"""The response cache: what operators see of it, and drop."""

import hashlib
import json
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

from harness.cache import SIMPLE, STATUS, CacheCase
from harness.configuration import plain
from harness.gateway import Gateway, command
from harness.upstream import ERROR
from harness.wire import Wire, request, send


class OperatorCase(CacheCase):
    """One who may ask."""

    LOCAL = {"Host": "localhost"}

    def statistics(self):
        return self.send("GET", "/v1/sluice/cache", self.LOCAL).json

    def purge(self, query):
        return self.send("DELETE", f"/v1/sluice/cache?{query}", self.LOCAL)

    def while_asked(self, query, headers=None, stream=False, config=None):
        """What a purge dropped while a request was with the upstream, and what that was answered."""
        asked, go = threading.Event(), threading.Event()
        self.addCleanup(go.set)

        def answer(request, peer):
            asked.set()
            go.wait(20)
            self.answer(request, peer)
        self.upstream.handler = answer
        fields = {"x-portkey-config": json.dumps(config or self.config()), "x-portkey-cache-namespace": self.namespace, **(headers or {})}
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], **({"stream": True} if stream else {})}
        with Wire(self.gateway.port) as wire:
            wire.send(request("POST", "/v1/chat/completions", fields, body))
            self.assertTrue(asked.wait(10))
            dropped = self.purge(query).json["entries"]
            go.set()
            answered = wire.response()
        self.upstream.handler = self.answer
        return dropped, answered


class Operating(OperatorCase):
    """cache: operators."""

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

    def test_while_asked(self):
        """what is on its way when answers are dropped is given to who asked and not kept, however it is selected, whole or streamed"""
        for query in (f"namespace={urllib.parse.quote(self.namespace)}", "model=gpt-4o-mini", "all"):
            for stream in (False, True):
                with self.subTest(query=query, stream=stream):
                    self.purge("all")
                    dropped, answered = self.while_asked(query, stream=stream)
                    self.assertEqual((dropped, answered.status, answered[STATUS]), (0, 200, "MISS"))
                    self.assert_statuses(["MISS", "HIT"], *[lambda: self.ask(stream=stream)] * 2)
        key = self.ask(headers={"x-sluice-explain": "1"})["x-sluice-cache-key"]
        dropped, answered = self.while_asked(f"key={key}", {"x-portkey-cache-force-refresh": "true"})
        # The answer to the stream, and the whole one made of it.
        self.assertEqual((dropped, answered[STATUS]), (2, "REFRESH"))
        self.assert_statuses(["MISS", "HIT"], self.ask, self.ask)

    def test_waiting_while_dropped(self):
        """who waits for an answer while answers are dropped gets it, and it is not kept"""
        asked, go = threading.Event(), threading.Event()
        self.addCleanup(go.set)
        self.upstream.handler = lambda request, peer: (asked.set(), go.wait(20), self.answer(request, peer))
        fields = {"x-portkey-config": json.dumps(self.config()), "x-portkey-cache-namespace": self.namespace}
        raw = request("POST", "/v1/chat/completions", fields, {"model": "m", "messages": []})
        wires = [Wire(self.gateway.port).send(raw)]
        self.addCleanup(wires[0].socket.close)
        self.assertTrue(asked.wait(10))
        before = self.statistics()["followed"]
        wires.append(Wire(self.gateway.port).send(raw))
        self.addCleanup(wires[1].socket.close)
        deadline = time.monotonic() + 10
        while self.statistics()["followed"] == before and time.monotonic() < deadline:
            time.sleep(0.01)
        self.purge("all")
        go.set()
        self.assertEqual([wire.response()[STATUS] for wire in wires], ["MISS", "HIT"])
        self.assertEqual(len(self.upstream.requests), 1)
        with Wire(self.gateway.port) as wire:
            self.assertEqual(wire.send(raw).response()[STATUS], "MISS")

    def test_old_and_dropped(self):
        """an old answer that is dropped while a new one is fetched is not given when that fails"""
        config = self.config(cache={"mode": "simple", "max_age": 1, "stale_if_error": 60})
        self.ask(config)
        time.sleep(1.1)
        self.answer = lambda request, peer: peer.answer(ERROR, 500)
        dropped, answered = self.while_asked("all", config=config)
        self.assertEqual((dropped >= 1, answered.status, answered["age"]), (True, 500, None))

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
        """the access log says where an answer came from, what it cost by the operator's book, and what it saved"""
        book = Path(self.enterContext(tempfile.TemporaryDirectory())) / "prices.yaml"
        book.write_text('version: "1"\nsource: "test"\nprices:\n  openai:\n    "gpt-4o-mini": {input: 2, output: 10}\n')
        gateway = Gateway({**plain(), "log": {"access": "stdout", "format": "json"}, "prices": str(book)})
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
        # Three tokens at two dollars a million and one at ten.
        self.assertEqual((miss["cost_usd"], miss.get("saved_usd"), hit.get("cost_usd"), hit["saved_usd"]), (0.000016, None, None, 0.000016))
        operators = {"Host": "localhost"}
        self.assertEqual(send(gateway.port, "GET", "/v1/sluice/cache", operators).json["saved_nanodollars"], 16_000)
        self.assertIn("sluice_cache_saved_dollars_total 1.6e-05", send(gateway.port, "GET", "/metrics", operators).body.decode())

    def test_faulty_prices(self):
        """a price book with a fault, or that is not there, keeps a gateway from starting, and says where"""
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        book, file = folder / "prices.yaml", folder / "sluice.yaml"
        file.write_text(json.dumps({**plain(), "listen": "127.0.0.1:0", "prices": str(book)}))
        missing = command("serve", "--no-supervisor", "--config", str(file))
        self.assertEqual((missing.returncode, f"prices: {book} cannot be read" in missing.stderr), (1, True), missing.stderr)
        book.write_text('version: "1"\nsource: "test"\nprices:\n  openai:\n    "gpt-4o-mini": {input: -2}\n')
        faulty = command("serve", "--no-supervisor", "--config", str(file))
        self.assertEqual((faulty.returncode, f"{book}:5:" in faulty.stderr), (1, True), faulty.stderr)


class Tenants(OperatorCase):
    """cache: what one key's holder was answered."""

    SECRETS = ["sk-sluice-" + letter * 43 for letter in "ab"]

    @classmethod
    def configuration(cls):
        digests = [hashlib.sha256(secret.encode()).hexdigest() for secret in cls.SECRETS]
        return {"version": 1, "keys": {f"team-{i}": {"digest": f"sha256:{digest}"} for i, digest in enumerate(digests)}}

    def keyed(self, index):
        return self.ask(headers={"x-portkey-api-key": self.SECRETS[index]})

    def test_tenant(self):
        """is dropped by the key's name, and nobody else's is; nor is it kept when it was on its way"""
        self.assert_statuses(["MISS", "MISS"], lambda: self.keyed(0), lambda: self.keyed(1))
        self.assertEqual(self.purge("tenant=team-0").json["entries"], 1)
        self.assertEqual(self.purge("tenant=team-2").json["entries"], 0)
        dropped, answered = self.while_asked("tenant=team-0", {"x-portkey-api-key": self.SECRETS[0]})
        self.assertEqual((dropped, answered[STATUS]), (0, "MISS"))
        self.assert_statuses(["HIT", "MISS", "HIT"], lambda: self.keyed(1), lambda: self.keyed(0), lambda: self.keyed(0))


class Others(OperatorCase):
    """cache: who is no operator."""

    SECRET = "sk-sluice-" + "a" * 43

    @classmethod
    def configuration(cls):
        digest = hashlib.sha256(cls.SECRET.encode()).hexdigest()
        return {"version": 1, "keys": {"team": {"digest": f"sha256:{digest}"}}, "trusted_proxies": {"networks": ["127.0.0.0/8"]}}

    def test_elsewhere(self):
        """a caller elsewhere drops nothing and is told nothing, with a gateway key, a credential of its own or none; it may have its own answer anew"""
        config = {"provider": "openai", "custom_host": self.upstream.base.replace("127.0.0.1", "localhost"), **SIMPLE}
        elsewhere = {**self.LOCAL, "X-Forwarded-For": "203.0.113.9"}
        for own in ({"authorization": "Bearer sk-own"}, {"x-portkey-api-key": self.SECRET}, {"authorization": f"Bearer {self.SECRET}"}, {}):
            for method, query in (("DELETE", "?all"), ("DELETE", f"?namespace={urllib.parse.quote(self.namespace)}"), ("DELETE", "?tenant=team"), ("GET", "")):
                answer = self.send(method, f"/v1/sluice/cache{query}", {**elsewhere, **own})
                self.assertEqual(answer.status, 403, (own, method, query))
        ask = lambda key, **headers: self.ask(config, {"authorization": f"Bearer {key}", **headers})
        self.assert_statuses(["MISS", "MISS", "HIT", "REFRESH", "HIT", "HIT"], lambda: ask("one"), lambda: ask("two"), lambda: ask("one"),
                             lambda: ask("one", **{"x-portkey-cache-force-refresh": "true"}), lambda: ask("one"), lambda: ask("two"))
