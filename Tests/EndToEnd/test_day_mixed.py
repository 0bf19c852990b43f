"""A day of OpenAI's, Anthropic's, Gemini's and Bedrock's dialects over five endpoints, six classes of tokens each at a price of its own: all books come to what the mocks have counted."""

import collections
import concurrent.futures
import dataclasses
import json
import unittest
import urllib.parse
from datetime import datetime, timedelta, timezone

from harness.chance import chance, rounds
from harness.gateway import Gateway, Mock
from harness.metrics import scrape, total
from harness.waiting import soon
from harness.wire import Wire, request
from test_books import CHAT, BooksCase
from test_day import REFUSED

MESSAGES, RESPONSES, COMPLETIONS, EMBEDDINGS = "/v1/messages", "/v1/responses", "/v1/completions", "/v1/embeddings"
#: Nano-dollars a token at "house", by the price book's names; other providers cost so many times as much.
PRICES = {"input": 3_000, "cached": 300, "cache_write_5m": 3_750, "output": 15_000, "reasoning": 20_000, "audio_output": 64_000}
TIMES = {"house": 1, "claude": 2, "gem": 3, "rock": 5}
#: What each provider tells apart of a script's words, since its dialect has a place for it; the rest is input and output.
TOLD = {"house": {"cached", "cache_write", "thinking"}, "claude": {"cached", "cache_write", "thinking"}, "gem": {"cached", "thinking"},
        "rock": {"cached", "cache_write"}}
#: By the book's names, where records have each class but the two that are not named.
MEMBERS = {"cached": "tokens_cached", "cache_write_5m": "tokens_cache_write_5m", "reasoning": "tokens_reasoning", "audio_output": "tokens_audio_out"}
#: The longest answer that requests allow.
MOST = 400
FALLBACK = {"mode": "fallback"}


@dataclasses.dataclass(frozen=True)
class Script:
    """What a mock is told to answer, and so what its tokens are."""
    tokens: int = 20
    cached: int = 40
    cache_write: int = 24
    thinking: int = 7
    #: Bytes of sound in the text's place.
    audio: int = 0

    def model(self, *more):
        words = {**dataclasses.asdict(self), "tokens": 0 if self.audio else self.tokens}
        words = [f"{name}={value}" for name, value in words.items() if value] + list(more)
        return "mock?" + "&".join(words) if words else "mock"

    def classes(self, provider):
        """Of an answer the tokens that the provider tells apart."""
        told = lambda name: getattr(self, name) if name in TOLD[provider] else 0
        return collections.Counter({"cached": told("cached"), "cache_write_5m": told("cache_write"), "reasoning": told("thinking")})

    def taken(self, provider, tokens_in, tokens_out):
        """What a mock has counted for one answer, by classes."""
        return by_classes(self.classes(provider), tokens_in, tokens_out, "audio_output" if self.audio else "output")


def by_classes(told, tokens_in, tokens_out, spoken="output"):
    """All that a mock has counted, where so much of it is told apart."""
    return collections.Counter({**told, "input": tokens_in - told["cached"] - told["cache_write_5m"], spoken: tokens_out - told["reasoning"]})


#: Ends at once, with one word that a guardrail refuses.
UNWANTED = Script(tokens=1, cached=16, cache_write=0, thinking=0)


@dataclasses.dataclass(frozen=True)
class Kind:
    """What is asked, and of whom."""
    path: str
    provider: str
    script: Script = Script()
    streams: bool = True

    def body(self, user, text, stream):
        body = {"model": "mock", **({"stream": True} if stream else {})}
        if self.path == MESSAGES:
            return {**body, "max_tokens": MOST, "messages": [{"role": "user", "content": text}], "metadata": {"user_id": user}}
        body["user"] = user
        if self.path == CHAT:
            sound = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}} if self.script.audio else {}
            return {**body, **sound, "max_tokens": MOST, "messages": [{"role": "user", "content": text}]}
        if self.path == RESPONSES:
            return {**body, "max_output_tokens": MOST, "input": text}
        return {**body, "max_tokens": MOST, "prompt": text} if self.path == COMPLETIONS else {**body, "input": [text, text]}

    def target(self, *more, script=None, **members):
        return {"provider": self.provider, "override_params": {"model": (script or self.script).model(*more)}, **members}


KINDS = {
    "chat": Kind(CHAT, "house"),
    "sound": Kind(CHAT, "house", Script(cache_write=0, audio=900)),
    "chat to Anthropic": Kind(CHAT, "claude"),
    "chat to Gemini": Kind(CHAT, "gem"),
    "chat to Bedrock": Kind(CHAT, "rock"),
    "messages": Kind(MESSAGES, "claude"),
    "messages to OpenAI": Kind(MESSAGES, "house"),
    "messages to Gemini": Kind(MESSAGES, "gem"),
    "responses": Kind(RESPONSES, "house"),
    "completions": Kind(COMPLETIONS, "house"),
    "embeddings": Kind(EMBEDDINGS, "house", Script(tokens=0, cached=0, cache_write=0, thinking=0), streams=False),
}
WAYS = ["plain", "kept", "repeated", "rescued", "refused", "hedged", "late", "left"]
#: Of which a guardrail reads answers, and the mock fails by user.
CONVERSED = ["chat", "chat to Anthropic", "messages", "messages to OpenAI"]


def config(way, kind):
    """How a request of that kind is led."""
    good = kind.target()
    return {
        "plain": good,
        "kept": {**good, "cache": {"mode": "simple"}},
        "repeated": {**kind.target("fail=1", "status=503"), "retry": {"attempts": 2, "on_status_codes": [503]}},
        "rescued": {"strategy": FALLBACK, "targets": [kind.target("status=500"), good]},
        "refused": {"strategy": {**FALLBACK, "on_status_codes": [446]}, "targets": [
            kind.target("reply=unwanted", script=UNWANTED, output_guardrails=[REFUSED]), good]},
        "hedged": {"strategy": FALLBACK, "hedge": {"after": 100, "budget": 1}, "targets": [kind.target("latency=2000"), good]},
        "late": {"strategy": FALLBACK, "targets": [kind.target("latency=3000", request_timeout=700), good]},
        "left": kind.target("gap=10", script=dataclasses.replace(kind.script, tokens=300)),
    }[way]


def rows(provider):
    """The price book's of one provider: of all that it is asked for, as budgets want it."""
    configs = [config(way, kind) for way in WAYS for kind in KINDS.values() if kind.provider == provider]
    models = {target["override_params"]["model"] for config in configs for target in config.get("targets", [config])}
    prices = ", ".join(f"{name}: {price * TIMES[provider] / 1000:g}" for name, price in PRICES.items())
    return f"  {provider}:\n" + "".join(f'    "{model}": {{{prices}}}\n' for model in sorted(models))


class Mixed(BooksCase):
    """books: a mixed day."""

    ADMIN = "an-admin-key-of-this-mixed-day-0123456789abcdef"

    def setUp(self):
        super().setUp()
        # One for each provider: whose tokens they are is seen by who has counted them.
        self.mocks = {"house": self.mock, **{provider: Mock() for provider in TIMES if provider != "house"}}
        for mock in self.mocks.values():
            self.addCleanup(mock.stop)
        (self.data / "prices.yaml").write_text(f'version: "mixed-1"\nsource: "tests"\nprices:\n{"".join(map(rows, TIMES))}')
        root = {provider: mock.base.removesuffix("/v1") for provider, mock in self.mocks.items()}
        configuration = self.configuration(
            key={"usage_limits": [{"type": "cost", "credit_limit": 1000}, {"type": "tokens", "credit_limit": 1_000_000_000}]},
            policies={"per-user": {"group_by": [{"key": "metadata._user"}], "usage_limits": {"credit_limit": 1000}}},
            providers={
                "house": {"base_url": f"{root['house']}/v1", "auth": "none"},
                "claude": {"dialect": "anthropic", "base_url": f"{root['claude']}/v1", "api_key": "k"},
                "gem": {"dialect": "gemini", "base_url": f"{root['gem']}/v1beta", "api_key": "k"},
                "rock": {"dialect": "bedrock", "base_url": root["rock"], "api_key": "k"}},
            configs={"all": {"provider": "house"}})
        self.gateway = Gateway(configuration, {"SLUICE_DATA": str(self.data), "SLUICE_ADMIN_KEY": self.ADMIN})
        self.addCleanup(self.gateway.stop)
        self.began = datetime.now(timezone.utc) - timedelta(minutes=1)
        self.asked, self.dice = 0, chance("mixed day")
        #: What the books have to come to, by provider: the answers' nano-dollars and tokens, those of attempts that were lost, and of answers that were cut.
        self.expected = {provider: collections.Counter() for provider in TIMES}

    def test_day(self):
        """each request of these endpoints, dialects and ways is in the books at the mocks' own count, or at a bound and saying so; and all books agree"""
        self.one_by_one()
        self.at_once()
        counted = sum(sum(bill) for bill in self.bills().values())
        self.assertEqual(sum(sums["tokens"] + sums["lost_tokens"] for sums in self.expected.values()), counted)
        self.reconcile()
        self.reckoned()
        self.reconcile()

    # MARK: What mocks have counted

    def bills(self):
        """Tokens in and out, by provider."""
        stats = {provider: mock.stats() for provider, mock in self.mocks.items()}
        return {provider: (told["billed_input_tokens"], told["billed_output_tokens"]) for provider, told in stats.items()}

    def since(self, before, provider):
        """What that provider has counted since; no other may have counted anything."""
        after = self.bills()
        self.assertLessEqual({name for name in after if after[name] != before[name]}, {provider})
        return tuple(late - early for early, late in zip(before[provider], after[provider]))

    @staticmethod
    def cost(provider, classes):
        return TIMES[provider] * sum(PRICES[name] * count for name, count in classes.items())

    def expect(self, provider, classes, beginning=""):
        """Adds tokens to what the books have to come to."""
        self.expected[provider].update({f"{beginning}nanodollars": self.cost(provider, classes), f"{beginning}tokens": sum(classes.values())})

    # MARK: Asking

    def request(self, way, kind, stream):
        """The bytes of one request, and its trace."""
        self.asked += 1
        user, text = ("u", "hello") if way == "kept" else (f"u{self.asked}", "what is new? " * self.dice.randrange(1, 9))
        fields = {"x-portkey-api-key": self.key, "x-portkey-config": json.dumps(config(way, kind)), "x-portkey-trace-id": f"mixed-{self.asked}",
                  "x-portkey-metadata": json.dumps({"_user": f"u{self.asked % 3}"})}
        return request("POST", kind.path, fields, kind.body(user, text, stream)), f"mixed-{self.asked}"

    def answer(self, asked):
        with Wire(self.gateway.port) as wire:
            return wire.send(asked).response()

    def one(self, way, kind, stream):
        """One request: its trace, and what its provider has counted for it."""
        before = self.bills()
        asked, trace = self.request(way, kind, stream)
        answer = self.answer(asked)
        # What repeats there may be has a budget of its own.
        self.assertIn(answer.status, (200, 503) if way == "repeated" else (200,), (way, kind, stream, answer))
        return trace, self.since(before, kind.provider)

    def by_trace(self):
        """All records, once those of all requests are there."""
        records = self.recorded(self.asked)
        self.assertEqual(len(records), self.asked)
        return {record["trace"]: record for record in records}

    # MARK: What is counted

    def one_by_one(self):
        """Each request is held against what was counted for it."""
        ways = [("plain", name, stream) for name, kind in KINDS.items() for stream in ((False, True) if kind.streams else (False,))]
        ways += [(way, name, self.dice.random() < 0.5) for way in ("repeated", "rescued") for name in CONVERSED]
        ways += [("rescued", name, False) for name in KINDS if name not in CONVERSED] + [("refused", name, False) for name in CONVERSED]
        self.dice.shuffle(ways)
        # Not failures first, which would open breakers.
        ways.sort(key=lambda way: way[0] != "plain")
        ways += [("kept", name, stream) for name in CONVERSED for stream in (False, True, False)]
        asked = [(way, name, *self.one(way, KINDS[name], stream)) for way, name, stream in ways]
        records, classes = self.by_trace(), set()
        for way, name, trace, bill in asked:
            with self.subTest(way=way, kind=name, trace=trace):
                classes |= self.check(way, KINDS[name], records[trace], bill)
        # None of it agrees for want of anything to count.
        self.assertEqual(classes, set(PRICES))
        self.assertTrue(any(way == "repeated" and records[trace]["status"] == 200 for way, _, trace, _ in asked))
        self.assertEqual({name for _, name, trace, _ in asked if records[trace]["cache"] == "HIT"}, set(CONVERSED))

    def check(self, way, kind, record, bill):
        """Holds a record against what was counted for its request; which classes of tokens that had."""
        provider, lost = kind.provider, collections.Counter()
        self.assertFalse({"estimated", "lost_estimated", "unpriced"} & record.keys(), record)
        if record["cache"] == "HIT" or record["status"] == 503:
            self.assertEqual((bill, record["cost_usd"]), ((0, 0), 0), record)
            return set()
        if way == "refused":
            # Two answers to one prompt, of which the first is a word.
            fresh = (bill[0] - UNWANTED.cached - kind.script.cached - kind.script.cache_write) // 2
            lost = UNWANTED.taken(provider, fresh + UNWANTED.cached, 1)
            bill = bill[0] - fresh - UNWANTED.cached, bill[1] - 1
        classes = kind.script.taken(provider, *bill)
        self.assertEqual((record["provider"], record["tokens_in"], record["tokens_out"]), (provider, *bill), record)
        self.assertEqual({name: record.get(member, 0) for name, member in MEMBERS.items()}, {name: classes[name] for name in MEMBERS}, record)
        self.assertEqual(round(record["cost_usd"] * 1e9), self.cost(provider, classes), record)
        self.assertEqual(record.get("lost_tokens_in", 0) + record.get("lost_tokens_out", 0), sum(lost.values()), record)
        self.assertEqual(round(record.get("lost_cost_usd", 0) * 1e9), self.cost(provider, lost), record)
        self.assertEqual(len(record["tries"]), 1 if way in ("plain", "kept") else 2, record)
        tried = [sum(entry.get(name, 0) for entry in record["tries"]) for name in ("tokens_in", "tokens_out", "cost_nanodollars")]
        self.assertEqual((sum(tried[:2]), tried[2]), (sum((classes + lost).values()), self.cost(provider, classes + lost)), record)
        self.expect(provider, classes)
        self.expect(provider, lost, "lost_")
        return {name for name, count in (classes + lost).items() if count > 0}

    def at_once(self):
        """Many requests beside each other: of each provider the sum of all is held against what was counted."""
        before, kinds = self.bills(), [name for name in KINDS if name != "sound"]
        chosen = [(self.dice.choice(("plain", "plain", "rescued", "kept")), self.dice.choice(kinds)) for _ in range(rounds(80, 2000))]
        asked = [(KINDS[name], *self.request(way, KINDS[name], KINDS[name].streams and self.dice.random() < 0.5)) for way, name in chosen]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda one: self.answer(one[1]), asked))
        self.assertEqual({answer.status for answer in answers}, {200})
        records, told = self.by_trace(), {provider: collections.Counter() for provider in TIMES}
        for kind, _, trace in asked:
            if records[trace]["cache"] != "HIT":
                told[kind.provider].update(kind.script.classes(kind.provider))
        after = self.bills()
        for provider, classes in told.items():
            self.expect(provider, by_classes(classes, *(late - early for early, late in zip(before[provider], after[provider]))))

    # MARK: What is reckoned

    def reckoned(self):
        """What nobody has counted is in the books at a bound that is not below what the provider has counted, and says so."""
        for way, name in [*((way, name) for way in ("hedged", "late") for name in CONVERSED), ("late", "responses"), ("late", "chat to Gemini")]:
            for stream in (False, True):
                with self.subTest(way=way, kind=name, stream=stream):
                    self.check_beaten(way, KINDS[name], stream)
        for name in ("chat", "messages", "chat to Anthropic", "messages to OpenAI", "responses"):
            with self.subTest(way="left", kind=name):
                self.check_left(KINDS[name])

    def check_beaten(self, way, kind, stream):
        """The slower of two attempts, of which nothing has come but what its provider has counted all the same."""
        provider = kind.provider
        trace, (tokens_in, tokens_out) = self.one(way, kind, stream)
        record = self.by_trace()[trace]
        # Both were asked the same; of a stream nothing had come out.
        won_out = kind.script.tokens + kind.script.thinking
        self.assertEqual(tokens_out, won_out if stream else 2 * won_out, record)
        classes = kind.script.taken(provider, tokens_in // 2, won_out)
        self.assertEqual((record["tokens_in"], record["tokens_out"]), (tokens_in // 2, won_out), record)
        self.assertEqual(round(record["cost_usd"] * 1e9), self.cost(provider, classes), record)
        self.assertNotIn("estimated", record)
        self.assertTrue(record["lost_estimated"], record)
        self.assertEqual(record.get("hedged", False), way == "hedged", record)
        # The bound: each byte a token, and the longest answer that may have been made meanwhile.
        self.assertTrue(tokens_in // 2 <= record["lost_tokens_in"] <= record["bytes_in"], record)
        self.assertTrue(64 <= record["lost_tokens_out"] <= MOST if stream else record["lost_tokens_out"] == MOST, record)
        lost = round(record["lost_cost_usd"] * 1e9)
        taken = dataclasses.replace(kind.script, thinking=0).taken(provider, tokens_in // 2, 0) if stream else classes
        self.assertGreaterEqual(lost, self.cost(provider, taken), record)
        [entry] = [entry for entry in record["tries"] if entry.get("end") == ("hedge_lost" if way == "hedged" else "timeout")]
        self.assertEqual((entry["tokens_in"], entry["tokens_out"], entry["cost_nanodollars"]), (record["lost_tokens_in"], record["lost_tokens_out"], lost), record)
        self.expect(provider, classes)
        self.expected[provider].update({"lost_nanodollars": lost, "lost_tokens": record["lost_tokens_in"] + record["lost_tokens_out"]})

    def check_left(self, kind):
        """A stream whose client leaves."""
        provider, before = kind.provider, self.bills()
        gone = self.mocks[provider].stats()["aborted_by_client"]
        asked, trace = self.request("left", kind, True)
        with Wire(self.gateway.port) as wire:
            wire.send(asked)
            read = b""
            while read.count(b"data:") < 14:
                read += (data := wire.socket.recv(65536))
                self.assertTrue(data, read)
        record = self.by_trace()[trace]
        self.assertTrue(soon(lambda: self.mocks[provider].stats()["aborted_by_client"] > gone))
        tokens_in, tokens_out = self.since(before, provider)
        self.assertTrue(record["aborted"] and record["estimated"], record)
        self.assertFalse({"lost_tokens_in", "lost_estimated"} & record.keys(), record)
        self.assertTrue(tokens_in <= record["tokens_in"] <= record["bytes_in"], record)
        self.assertTrue(tokens_out <= record["tokens_out"] <= MOST, record)
        cut = round(record["cost_usd"] * 1e9)
        self.assertGreaterEqual(cut, self.cost(provider, kind.script.taken(provider, tokens_in, tokens_out)), record)
        self.expected[provider].update({"cut_nanodollars": cut, "cut_tokens": record["tokens_in"] + record["tokens_out"]})

    # MARK: All books

    def reconcile(self):
        """Records, budgets, graphs and metrics tell the same."""
        whole = lambda unit, provider: sum(self.expected[provider][f"{what}{unit}"] for what in ("", "lost_", "cut_"))
        cost, tokens = ({provider: whole(unit, provider) for provider in TIMES} for unit in ("nanodollars", "tokens"))
        records = self.by_trace().values()
        told = {provider: [record for record in records if record.get("provider") == provider] for provider in TIMES}
        sums = lambda rows, *names: sum(row.get(name, 0) for row in rows for name in names)
        self.assertEqual({name: round(sums(rows, "cost_usd", "lost_cost_usd") * 1e9) for name, rows in told.items()}, cost)
        self.assertEqual({name: sums(rows, "tokens_in", "tokens_out", "lost_tokens_in", "lost_tokens_out") for name, rows in told.items()}, tokens)
        self.assertTrue(soon(lambda: total(scrape(self.gateway), "request_count", method="POST") == self.asked), scrape(self.gateway))
        self.check_budgets(sum(cost.values()), sum(tokens.values()))
        self.check_metrics(cost, tokens)
        self.check_graphs(cost, tokens)

    def check_budgets(self, cost, tokens):
        spent = lambda unit: total(scrape(self.gateway), "sluice_budget_spent", scope="key", name="team", unit=unit)
        self.assertTrue(soon(lambda: total(scrape(self.gateway), "sluice_budget_reservations") == 0))
        self.assertEqual((round(spent("dollars") * 1e9), spent("tokens")), (cost, tokens))
        accounts = self.get("/v1/policies/usage-limits/per-user/entities")["data"]
        self.assertEqual((len(accounts), sum(round(row["current_usage"] * 1e9) for row in accounts)), (3, cost))

    def check_metrics(self, cost, tokens):
        text = scrape(self.gateway)
        for provider, sums in self.expected.items():
            with self.subTest(metrics=provider):
                self.assertEqual(round(total(text, "llm_cost_sum", provider=provider) * 1e9), cost[provider])
                self.assertEqual(total(text, "llm_token_sum", provider=provider), tokens[provider])
                # By model stands what providers have told of the answers.
                self.assertEqual(round(total(text, "sluice_model_cost_dollars_total", provider=provider) * 1e9), sums["nanodollars"])
                self.assertEqual(total(text, "sluice_model_tokens_total", provider=provider), sums["tokens"])

    def check_graphs(self, cost, tokens):
        self.assertTrue(soon(lambda: self.get("/v1/logs", timed=True)["total"] == self.asked))
        graph = lambda name: self.get(f"/v1/analytics/graphs/{name}", timed=True)
        # Cents.
        self.assertEqual(round(graph("cost")["summary"]["total"] * 1e7), sum(cost.values()))
        self.assertEqual(round(sum(point["total"] for point in graph("cost")["data_points"]) * 1e7), sum(cost.values()))
        self.assertEqual(graph("tokens")["summary"]["total"], sum(tokens.values()))
        groups = self.get("/v1/analytics/groups/ai_service", timed=True, columns="requests,cost")["data"]
        self.assertEqual({row["ai_service"]: round(row["cost"] * 1e7) for row in groups if row["cost"]}, cost)

    def get(self, path, timed=False, **query):
        """An answer of the admin API; of all that was since the test began, where that is to be said."""
        if timed:
            query |= {"time_of_generation_min": self.began.isoformat().replace("+00:00", "Z"),
                      "time_of_generation_max": (datetime.now(timezone.utc) + timedelta(minutes=1)).isoformat().replace("+00:00", "Z")}
        with Wire(self.gateway.port) as wire:
            answer = wire.send(request("GET", f"{path}?{urllib.parse.urlencode(query)}", {"x-portkey-api-key": self.ADMIN})).response()
        self.assertEqual(answer.status, 200, answer)
        return answer.json


if __name__ == "__main__":
    unittest.main()
