"""A day of everything: streams, aborts, repeats, fallbacks, hedges, refused answers and hits, whose records come to what the mock has counted itself."""

import json
import threading
import time
import unittest

from harness.chance import chance, seed
from harness.waiting import soon
from harness.wire import Wire, request
from test_books import CHAT, NANO_INPUT, NANO_OUTPUT, BooksCase

REFUSED = {"default.contains": {"operator": "none", "words": ["unwanted"]}, "deny": True}


class Day(BooksCase):
    """books: a day."""

    def setUp(self):
        super().setUp()
        house = lambda model: {"provider": "house", "override_params": {"model": model}}
        fallback = {"mode": "fallback"}
        self.written = self.configuration(configs={
            "all": {"provider": "house"},
            "repeated": {**house("mock?fail=2&status=503"), "retry": {"attempts": 3, "on_status_codes": [503]}},
            "second": {"strategy": fallback, "targets": [house("mock?status=500"), house("mock?tokens=9")]},
            "refused": {"strategy": {**fallback, "on_status_codes": [446]}, "targets": [
                {**house("mock?reply=unwanted"), "output_guardrails": [REFUSED]}, house("mock?tokens=7")]},
            "gone": {"strategy": {**fallback, "on_status_codes": [446]}, "targets": [{**house("mock?reply=unwanted"), "output_guardrails": [REFUSED]}, {"provider": "nowhere"}]},
            "late": {"strategy": fallback, "targets": [{**house("mock?latency=3000"), "request_timeout": 200}, {"provider": "nowhere"}]},
            "hedged": {"strategy": fallback, "hedge": {"after": 60, "budget": 1}, "targets": [house("mock?latency=1500"), house("mock?tokens=5")]},
            "cached": {**house("mock?tokens=11"), "cache": {"mode": "simple"}},
            "long": {**house("mock?size=40000000&tokens=3000&gap=1"), "cache": {"mode": "simple"}},
        })
        self.gateway = self.start(self.written)
        self.asked = 0

    def bill(self):
        stats = self.mock.stats()
        return stats["billed_input_tokens"], stats["billed_output_tokens"]

    def one(self, config, **members):
        """One request, and what the mock has counted for it."""
        before = self.bill()
        self.asked += 1
        answer = self.ask(self.gateway, {"x-portkey-config": config, "x-portkey-trace-id": f"day-{self.asked}"}, user="u" if config == "cached" else f"u{self.asked}", model="mock", **members)
        # What repeats there may be has a budget of its own.
        self.assertIn(answer.status, (200, 503) if config == "repeated" else (200,), answer)
        after = self.bill()
        return f"day-{self.asked}", (after[0] - before[0], after[1] - before[1])

    def test_exact(self):
        """each record's tokens and cost are what the mock has counted for its request, to the token and the nano-dollar; the day's sum is the mock's bill"""
        dice = chance("day")
        print(f"seed {seed()}")
        bills = {}
        kinds = ["all", "repeated", "second", "refused", "cached"]
        for config in kinds + [dice.choice(kinds) for _ in range(15)]:
            stream = config != "refused" and dice.random() < 0.5
            trace, bill = self.one(config, stream=stream)
            bills[trace] = (config, *bill)
        records = {record["trace"]: record for record in self.recorded(len(bills))}
        total = 0
        for trace, (config, tokens_in, tokens_out) in bills.items():
            record = records[trace]
            found = (record.get("tokens_in", 0) + record.get("lost_tokens_in", 0), record.get("tokens_out", 0) + record.get("lost_tokens_out", 0))
            self.assertEqual(found, (tokens_in, tokens_out), (config, record))
            self.assertIn("cost_usd", record)
            cost = round(record["cost_usd"] * 1e9) + round(record.get("lost_cost_usd", 0) * 1e9)
            self.assertEqual(cost, tokens_in * NANO_INPUT + tokens_out * NANO_OUTPUT, (config, record))
            self.assertNotIn("estimated", record)
            self.assertNotIn("lost_estimated", record)
            # A repeat that the budget of repeats refused has given no answer, and the mock billed none.
            self.assertEqual(record.get("cache") == "HIT" or record["status"] == 503, (tokens_in, tokens_out) == (0, 0), record)
            total += cost
            tries = record.get("tries", [])
            self.assertEqual([sum(entry.get(name, 0) for entry in tries) for name in ("tokens_in", "tokens_out", "cost_nanodollars")], [tokens_in, tokens_out, cost], record)
            self.assertEqual(len(tries), record["attempts"], record)
            for entry in tries:
                self.assertTrue(entry["begun_us"] <= entry.get("first_byte_us", entry["begun_us"]) <= entry["over_us"] <= record["total_us"], record)
            if config == "refused":
                self.assertEqual((tries[0]["tokens_in"], tries[0]["tokens_out"]), (record["lost_tokens_in"], record["lost_tokens_out"]), record)
                self.assertEqual(tries[0]["cost_nanodollars"], round(record["lost_cost_usd"] * 1e9))
            else:
                self.assertNotIn("lost_tokens_in", record)
        stats = self.bill()
        self.assertEqual(total, stats[0] * NANO_INPUT + stats[1] * NANO_OUTPUT)
        self.assertIn("HIT", {record["cache"] for record in records.values()})

    def test_hedged(self):
        """the loser of a hedge is in its record, reckoned, and its try says so; the winner's figures are exact"""
        trace, (tokens_in, tokens_out) = self.one("hedged", stream=True)
        [record] = self.recorded(1)
        self.assertEqual((record["trace"], record["hedged"], record["lost_estimated"]), (trace, True, True))
        self.assertEqual(record["tokens_out"], 5)
        self.assertNotIn("estimated", record)
        self.assertGreater(record["lost_tokens_in"], 0)
        self.assertEqual(record["lost_cost_usd"], (record["lost_tokens_in"] * NANO_INPUT + record["lost_tokens_out"] * NANO_OUTPUT) / 1e9)
        # No more than the gateway says can have been charged.
        self.assertLessEqual(tokens_in, record["tokens_in"] + record["lost_tokens_in"])
        self.assertLessEqual(tokens_out, record["tokens_out"] + record["lost_tokens_out"])
        [lost] = [entry for entry in record["tries"] if entry.get("end") == "hedge_lost"]
        [won] = [entry for entry in record["tries"] if entry is not lost]
        self.assertEqual((won["tokens_in"], won["tokens_out"]), (record["tokens_in"], record["tokens_out"]), record)
        self.assertTrue(lost["begun_us"] < won["begun_us"] < lost["over_us"] <= won["over_us"] == record["total_us"], record)
        self.assertEqual(lost["tokens_in"], record["lost_tokens_in"])

    def test_nothing_twice(self):
        """what a refused answer took, or one that came too late, is lost, and not the failure's own that came of the last attempt, with a budget and without"""
        for limits in ({}, {"usage_limits": {"credit_limit": 100}}):
            self.gateway.stop()
            self.gateway = self.start({**self.written, "unpriced": "allow", "keys": {"team": {"digest": self.digest, "config": "all", **limits}}})
            before = self.bill()
            known = {record["id"] for record in self.records()}
            self.ask(self.gateway, {"x-portkey-config": "gone"}, model="mock")
            after = self.bill()
            self.ask(self.gateway, {"x-portkey-config": "late"}, model="mock")
            self.assertTrue(soon(lambda: len(self.records()) == len(known) + 2), self.records())
            gone, late = [record for record in self.records() if record["id"] not in known]
            self.assertEqual((gone.get("lost_tokens_in"), gone.get("lost_tokens_out")), (after[0] - before[0], after[1] - before[1]), gone)
            for record in (gone, late):
                self.assertEqual((record["status"], record.get("tokens_in", 0), record.get("tokens_out", 0), record["cost_usd"]), (502, 0, 0, 0), record)
            self.assertTrue(late["lost_estimated"] and late["lost_tokens_in"] > 0, late)

    def test_left_behind(self):
        """who asks first, is too slow for others that wait for the same answer, and leaves: what the answer cost is in the books once, under an id of its own"""
        body = {"model": "mock", "stream": True, "messages": [{"role": "user", "content": "hello"}]}
        asked = request("POST", CHAT, {"x-portkey-api-key": self.key, "x-portkey-config": "long"}, body)
        before = self.bill()
        with Wire(self.gateway.port) as other:
            with Wire(self.gateway.port) as first:
                first.send(asked)
                self.assertIn(b"data:", first.socket.recv(65536))
                other.send(asked)
                read = threading.Thread(target=lambda: setattr(self, "given", other.response()))
                read.start()
                time.sleep(2)
            read.join()
        self.assertEqual((self.given.status, self.given["x-portkey-cache-status"]), (200, "HIT"))
        bill = self.bill()
        records = self.recorded(3)
        self.assertEqual(len({record["id"] for record in records}), 3, records)
        self.assertEqual(len(records), 3, records)
        billed = [record for record in records if record["cost_usd"]]
        self.assertEqual(len(billed), 1, records)
        self.assertEqual((billed[0]["tokens_in"], billed[0]["tokens_out"]), (bill[0] - before[0], bill[1] - before[1]))

    def test_aborted(self):
        """a stream whose client leaves is settled by the tokens that were seen, and says that it is reckoned"""
        before = self.bill()
        with Wire(self.gateway.port) as wire:
            wire.send(request("POST", CHAT, {"x-portkey-api-key": self.key}, {"model": "mock?tokens=500&gap=10", "stream": True, "messages": [{"role": "user", "content": "hello"}]}))
            read = b""
            while read.count(b"data:") < 12:
                read += wire.socket.recv(65536)
        [record] = self.recorded(1)
        seen = sum(1 for line in read.decode().splitlines() if line.startswith("data: {") and json.loads(line[6:])["choices"][0]["delta"].get("content"))
        self.assertTrue(record["aborted"] and record["estimated"])
        self.assertTrue(soon(lambda: time.sleep(0.1) or self.bill() == self.bill()))
        made = self.bill()[1] - before[1]
        self.assertLessEqual(seen, record["tokens_out"])
        # What was written to a client that left at the same moment may not have been read any more.
        self.assertLessEqual(record["tokens_out"], made + 1)

    def test_aborted_exactly(self):
        """a stream that has told what went in, and whose client leaves while nothing is on its way, comes to the mock's count to the token and the nano-dollar"""
        path = self.data / "prices.yaml"
        path.write_text(path.read_text().replace("  house:", "  claude:\n    \"mock?tokens=500&gap=300\": {input: 3, output: 15}\n  house:"))
        written = self.configuration(configs={"all": {"provider": "claude"}})
        written["providers"]["claude"] = {"dialect": "anthropic", "base_url": self.mock.base, "api_key": "k"}
        self.gateway.stop()
        self.gateway = self.start(written)
        body = {"model": "mock?tokens=500&gap=300", "max_tokens": 900, "stream": True, "messages": [{"role": "user", "content": "hello, and once more"}]}
        for left in (2, 5):
            before, gone, known = self.bill(), self.mock.stats()["aborted_by_client"], len(self.records())
            with Wire(self.gateway.port) as wire:
                wire.send(request("POST", "/v1/messages", {"x-portkey-api-key": self.key}, body))
                read = b""
                while read.count(b"content_block_delta") < 2 * left:
                    read += (data := wire.socket.recv(65536))
                    self.assertTrue(data, read)
            self.assertTrue(soon(lambda: self.mock.stats()["aborted_by_client"] > gone))
            record = self.recorded(known + 1)[-1]
            tokens_in, tokens_out = (after - first for after, first in zip(self.bill(), before))
            self.assertTrue(record["aborted"] and record["estimated"], record)
            self.assertEqual((record["tokens_in"], record["tokens_out"]), (tokens_in, tokens_out), record)
            self.assertEqual((tokens_out, round(record["cost_usd"] * 1e9)), (left, tokens_in * 3_000 + tokens_out * 15_000), record)


if __name__ == "__main__":
    unittest.main()
