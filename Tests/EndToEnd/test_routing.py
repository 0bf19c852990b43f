"""Where a request goes: balancing, conditions, breakers, key pools (the reference's cases 15-17 and more)."""

import json
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from harness.gateway import GatewayCase
from harness.upstream import CHAT, ERROR, Upstream
from harness.wire import Wire, request


def chunk(content, **delta):
    """One event of OpenAI's stream."""
    return b"data: " + json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [
        {"index": 0, "delta": {"content": content, **delta}, "finish_reason": None}]}).encode() + b"\n\n"


ROLE = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n'
DONE = b"data: [DONE]\n\n"


class RoutingCase(GatewayCase):
    def inline(self, config):
        """The config as a header. Its label makes it this test's own: what is known of targets is kept by config."""
        return {"x-portkey-config": json.dumps({"id": self.id(), **config})}

    def chat(self, config=None, headers=None, **members):
        if config is not None:
            headers = {**self.inline(config), **(headers or {})}
        return super().chat(None, headers, **members)

    def keyed(self, *keys, **members):
        """Targets that differ in their keys, at this test's upstream."""
        return [self.upstream.target(api_key=key, **members) for key in keys]

    def asked(self):
        return [request["authorization"].removeprefix("Bearer ") for request in self.upstream.requests]

    def failing(self, *keys, status=500, headers=()):
        self.upstream.handler = lambda request, peer: peer.answer(ERROR, status, headers) \
            if request["authorization"].removeprefix("Bearer ") in keys else peer.answer(CHAT)

    def many(self, count, config, headers=None, threads=8):
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(lambda _: self.chat(config, headers), range(count)))


class LoadBalance(RoutingCase):
    """Load balancing."""

    def test_weights(self):
        """1,000 requests split by weight within three sigma (case 16)"""
        first, second = self.keyed("a", "b")
        config = {"strategy": {"mode": "loadbalance"}, "targets": [{**first, "weight": 0.7}, {**second, "weight": 0.3}]}
        answers = self.many(1000, config)
        self.assertEqual({answer.status for answer in answers}, {200})
        count = self.asked().count("a")
        self.assertLess(abs(count - 700), 3 * math.sqrt(1000 * 0.7 * 0.3))

    def test_default_weight(self):
        """a target without a weight weighs one (case 16)"""
        config = {"strategy": {"mode": "loadbalance"}, "targets": [*self.keyed("a", "b"), *self.keyed("c", weight=0)]}
        self.many(100, config)
        counts = [self.asked().count(key) for key in "abc"]
        self.assertEqual(counts[2], 0)
        self.assertLess(abs(counts[0] - 50), 16)

    def test_all_zero(self):
        """weights that are all zero are an error at once, not a hang (case 16)"""
        response = self.chat({"strategy": {"mode": "loadbalance"}, "targets": self.keyed("a", "b", weight=0)})
        self.assertEqual(response.status, 400, response)
        self.assertIn("weight is 0", json.dumps(response.json))

    def test_inside_fallback(self):
        """a balanced group whose pick fails falls through as a whole (case 15)"""
        self.failing("a", "b")
        config = {"strategy": {"mode": "fallback"}, "targets": [{"strategy": {"mode": "loadbalance"}, "targets": self.keyed("a", "b")}, *self.keyed("c")]}
        response = self.chat(config)
        self.assertEqual((response.status, response["x-portkey-last-used-option-index"]), (200, "config.targets[1]"), response)
        self.assertEqual(len(self.upstream.requests), 2)

    def test_sticky(self):
        """one user's requests go to one target, and other users' elsewhere"""
        config = {"strategy": {"mode": "loadbalance", "sticky": {"hash_fields": ["metadata.user"], "ttl": 600}}, "targets": self.keyed("a", "b", "c")}
        for user in range(12):
            for _ in range(3):
                self.chat(config, {"x-portkey-metadata": json.dumps({"user": f"u{user}"})})
        asked = self.asked()
        for user in range(12):
            self.assertEqual(len(set(asked[3 * user:3 * user + 3])), 1)
        self.assertGreater(len(set(asked)), 1)

    def test_least_busy(self):
        """least_busy keeps away from a target that is stuck"""
        self.upstream.handler = lambda request, peer: (request["authorization"] == "Bearer a" and time.sleep(1), peer.answer(CHAT))
        config = {"strategy": {"mode": "loadbalance", "algorithm": "least_busy"}, "targets": self.keyed("a", "b")}
        self.many(60, config, threads=6)
        self.assertLess(self.asked().count("a"), 20)


class Conditions(RoutingCase):
    """Conditional routing."""

    def route(self, *conditions, default=None, headers=None, **members):
        strategy = {"mode": "conditional", "conditions": [{"query": query, "then": then} for query, then in conditions]}
        if default:
            strategy["default"] = default
        targets = [{**target, "name": name} for target, name in zip(self.keyed("a", "b"), "ab")]
        response = self.chat({"strategy": strategy, "targets": targets}, headers, **members)
        return response if response.status != 200 else self.asked()[-1]

    def test_operators(self):
        """metadata, parameters, patterns, groups and lists decide (case 17)"""
        gold = {"x-portkey-metadata": '{"tier":"gold"}'}
        self.assertEqual(self.route(({"metadata.tier": {"$eq": "gold"}}, "b"), default="a", headers=gold), "b")
        self.assertEqual(self.route(({"metadata.tier": {"$eq": "gold"}}, "b"), default="a"), "a")
        self.assertEqual(self.route(({"params.temperature": {"$lt": 1}}, "b"), default="a", temperature=0.2), "b")
        self.assertEqual(self.route(({"params.temperature": {"$lt": 1}}, "b"), default="a", temperature=1.5), "a")
        self.assertEqual(self.route(({"params.model": {"$regex": "^gpt-4"}}, "b"), default="a"), "b")
        self.assertEqual(self.route(({"params.model": {"$regex": "^claude"}}, "b"), default="a"), "a")
        self.assertEqual(self.route(({"$or": [{"params.model": "x"}, {"metadata.tier": {"$in": ["gold", "silver"]}}]}, "b"), default="a", headers=gold), "b")
        self.assertEqual(self.route(({"metadata.absent": {"$regex": "undefined"}}, "b"), default="a"), "a")
        self.assertEqual(self.route(({"url.pathname": "/v1/chat/completions"}, "b"), default="a"), "b")
        self.assertEqual(self.route(({"headers.x-team": "blue"}, "b"), default="a", headers={"x-team": "blue"}), "b")
        self.assertEqual(self.route(({"params.messages.0.role": "user"}, "b"), default="a"), "b")

    def test_texts(self):
        """what cannot be decided is a 400 in the reference's words (case 17, §3.4)"""
        def message(*conditions, **more):
            response = self.route(*conditions, **more)
            self.assertEqual(response.status, 400)
            return response.message
        self.assertIn("Query router did not resolve to any valid target", message(({"metadata.tier": "gold"}, "b")))
        self.assertIn("Invalid target name found in the query router: zz", message(({}, "zz")))
        self.assertIn("No conditions passed in the query router", message())
        self.assertIn("Unsupported operator used in the query router: $foo", message(({"metadata.a": {"$foo": 1}}, "b")))
        self.assertIn("Invalid config passed", message(({"params.a": {"$regex": "(a"}}, "b")))
        self.assertEqual(self.upstream.requests, [])

    def test_too_many(self):
        """more tests than a config may have, beside a condition without any, are faults and nothing worse"""
        first = {"strategy": {"mode": "conditional", "conditions": [{"query": {"$or": [{}] * 1030}, "then": "a"}]}, "targets": [{**self.keyed("a")[0], "name": "a"}]}
        second = {"strategy": {"mode": "conditional", "conditions": []}, "targets": [{**self.keyed("a")[0], "name": "a"}]}
        response = self.chat({"strategy": {"mode": "loadbalance"}, "targets": [first, second]})
        self.assertEqual(response.status, 400, response)

    def test_large_bodies(self):
        """many tests of a large body hold nobody up: it is not read for each of them"""
        def taken(count):
            tests = {f"params.filler.x{n}": 1 for n in range(count)} | {f"params.absent{n}.y": {"$ne": 1} for n in range(count)}
            before = self.gateway.cpu_seconds()
            self.assertEqual(self.route((tests, "b"), default="a", filler={"numbers": list(range(1_000_000))}), "a")
            return self.gateway.cpu_seconds() - before

        few = taken(1)
        self.assertLess(taken(100), 10 * few)

    def test_neighbours_of_groups(self):
        """keys beside $or count, too, where the reference forgets them"""
        self.assertEqual(self.route(({"$or": [{}], "params.model": "other"}, "b"), default="a"), "a")


class Patterns(RoutingCase):
    """Patterns in header configs."""

    def test_compiled_elsewhere(self):
        """a pattern that is slow to compile holds nobody else's request up"""
        # Each distinct, so that each is compiled: alternatives that overlap, repeated.
        def config(number):
            pattern = "(" + "|".join(f"a{number}b{n}.{{0,30}}c" for n in range(24)) + ")"
            return {"strategy": {"mode": "conditional", "conditions": [{"query": {"params.model": {"$regex": pattern}}, "then": "a"}], "default": "b"},
                    "targets": [{**target, "name": name} for target, name in zip(self.keyed("a", "b"), "ab")]}

        slowest, stop = [0.0], threading.Event()

        def others():
            while not stop.is_set():
                started = time.monotonic()
                self.chat(self.upstream.target())
                slowest[0] = max(slowest[0], time.monotonic() - started)

        watching = threading.Thread(target=others)
        watching.start()
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda number: self.chat(config(number)).status, range(24)))
        stop.set()
        watching.join()
        self.assertTrue(set(statuses) <= {200, 400}, statuses)
        self.assertLess(slowest[0], 0.5)

    def test_many_at_once(self):
        """requests that wait for their configs are each decided by their own"""
        def config(number):
            return {"strategy": {"mode": "conditional", "conditions": [{"query": {"params.model": {"$regex": f"^gpt-{number}"}}, "then": "a"}], "default": "b"},
                    "targets": [{**target, "name": name} for target, name in zip(self.keyed("a", "b"), "ab")]}
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda number: self.chat(config(number), model=f"gpt-{number}o").status, range(200)))
        self.assertEqual(set(answers), {200})
        self.assertEqual(set(self.asked()), {"a"})


class Repeats(RoutingCase):
    """Retries under load."""

    def test_budget(self):
        """an upstream that always fails sees at most 1.2 times the load, once the reserve is spent"""
        self.failing("a", status=503, headers=[("retry-after-ms", "1")])
        config = {**self.upstream.target(api_key="a"), "retry": {"attempts": 5, "use_retry_after_header": True}}
        answers = self.many(400, config)
        self.assertEqual({answer.status for answer in answers}, {503})
        self.assertLessEqual(len(self.upstream.requests), 400 * 1.2 + 15)
        self.assertGreater(len(self.upstream.requests), 400 * 1.1)

    def test_without_budget(self):
        """a config may turn the budget off"""
        self.failing("a", status=503, headers=[("retry-after-ms", "1")])
        config = {**self.upstream.target(api_key="a"), "retry": {"attempts": 2, "use_retry_after_header": True, "budget": False}}
        self.many(40, config)
        self.assertEqual(len(self.upstream.requests), 120)

    def test_date(self):
        """Retry-After may be a date"""
        at = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2))
        self.upstream.handler = lambda request, peer: peer.answer(ERROR, 503, [("Retry-After", at)]) if request.number == 1 else peer.answer(CHAT)
        started = time.monotonic()
        response = self.chat({**self.upstream.target(), "retry": {"attempts": 1, "use_retry_after_headers": True}})
        self.assertEqual(response.status, 200)
        self.assertTrue(0.9 < time.monotonic() - started < 2.6)

    def test_total_wait(self):
        """waits that would pass max_wait are not begun"""
        self.failing("a", status=503)
        started = time.monotonic()
        response = self.chat({**self.upstream.target(api_key="a"), "retry": {"attempts": 5, "max_wait": 1500}})
        self.assertEqual((response.status, len(self.upstream.requests)), (503, 2))
        self.assertLess(time.monotonic() - started, 1.6)


class Streams(RoutingCase):
    """A stream's first moments."""

    def stream_config(self, *keys, **members):
        return self.inline({"strategy": {"mode": "fallback"}, "targets": self.keyed(*keys), **members})

    def events(self, headers):
        wire, head = self.open_stream(headers)
        return head, b"".join(wire.body(head))

    def test_error_inside(self):
        """an error inside a 200 stream, before any content, is the next target's turn"""
        def handler(request, peer):
            if request["authorization"] == "Bearer a":
                peer.stream(ROLE, b'data: {"error":{"message":"busy","type":"overloaded_error"}}\n\n')
            else:
                peer.stream(ROLE, chunk("fine"), DONE)
        self.upstream.handler = handler
        head, body = self.events(self.stream_config("a", "b"))
        self.assertEqual((head.status, head["x-portkey-last-used-option-index"]), (200, "config.targets[1]"))
        self.assertEqual(body, ROLE + chunk("fine") + DONE)

    def test_error_without_another(self):
        """with nobody left to ask, the stream goes through as it came"""
        error = b'data: {"error":{"message":"busy","type":"overloaded_error"}}\n\n'
        self.upstream.handler = lambda request, peer: peer.stream(error)
        head, body = self.events(self.stream_config("a", "b"))
        self.assertEqual((head.status, body, len(self.upstream.requests)), (200, error, 2))

    def test_after_content(self):
        """an error after content is not hidden: no other target is asked"""
        error = b'data: {"error":{"message":"broke","type":"server_error"}}\n\n'
        self.upstream.handler = lambda request, peer: peer.stream(chunk("so far"), error)
        head, body = self.events(self.stream_config("a", "b"))
        self.assertEqual((body, len(self.upstream.requests)), (chunk("so far") + error, 1))

    def test_closed_before_content(self):
        """a stream that closes before any content is the next target's turn"""
        def handler(request, peer):
            if request["authorization"] == "Bearer a":
                peer.stream(ROLE, end=False)
                peer.cut()
            else:
                peer.stream(chunk("fine"), DONE)
        self.upstream.handler = handler
        head, body = self.events(self.stream_config("a", "b"))
        self.assertEqual((head.status, body), (200, chunk("fine") + DONE))

    def test_first_token(self):
        """first_token_timeout counts to content, not to a head that is sent early"""
        def handler(request, peer):
            if request["authorization"] == "Bearer a":
                peer.stream(ROLE, end=False)
                time.sleep(1)
            else:
                peer.stream(chunk("fine"), DONE)
        self.upstream.handler = handler
        started = time.monotonic()
        head, body = self.events(self.stream_config("a", "b", first_token_timeout=150))
        self.assertEqual((head.status, body), (200, chunk("fine") + DONE))
        self.assertLess(time.monotonic() - started, 0.6)

    def test_head_in_time(self):
        """request_timeout is for the head alone, also where a stream is held for its content"""
        def handler(request, peer):
            peer.stream(ROLE, end=False)
            time.sleep(0.5)
            peer.chunk(chunk("late") + DONE)
            peer.send(b"0\r\n\r\n")
        self.upstream.handler = handler
        head, body = self.events(self.stream_config("a", "b", request_timeout=200))
        self.assertEqual((head.status, head["x-portkey-last-used-option-index"], body), (200, "config.targets[0]", ROLE + chunk("late") + DONE))

    def test_gap(self):
        """gap_timeout ends a stream that says nothing more with an error event"""
        def handler(request, peer):
            peer.stream(chunk("so far"), end=False)
            time.sleep(1)
        self.upstream.handler = handler
        started = time.monotonic()
        wire, head = self.open_stream(self.stream_config("a", gap_timeout=200))
        received = b""
        while piece := wire.socket.recv(65536):
            received += piece
        self.assertLess(time.monotonic() - started, 0.8)
        self.assertIn(b'"error"', received)
        self.assertNotIn(b"[DONE]", received)

    def test_total(self):
        """total_timeout holds over all attempts"""
        self.upstream.handler = lambda request, peer: (time.sleep(0.2), peer.answer(ERROR, 503, [("retry-after-ms", "1")]))
        config = {**self.upstream.target(), "retry": {"attempts": 5, "use_retry_after_header": True}, "total_timeout": 500}
        started = time.monotonic()
        response = self.chat(config)
        self.assertLess(time.monotonic() - started, 0.8)
        self.assertGreaterEqual(response.status, 500)
        self.assertLessEqual(len(self.upstream.requests), 3)


class Breakers(RoutingCase):
    """Circuit breakers."""

    def config(self, **breaker):
        rule = {"failure_threshold": 3, "cooldown_interval": 600, **breaker}
        return {"strategy": {"mode": "fallback", "cb_config": rule}, "targets": self.keyed("a", "b")}

    def test_opens_and_heals(self):
        """failures open it, the other target serves, a probe closes it again"""
        config = self.config()
        self.failing("a")
        for _ in range(6):
            self.assertEqual(self.chat(config).status, 200)
        self.assertEqual(self.asked().count("a"), 3)
        self.upstream.forget()
        self.failing()
        time.sleep(0.8)
        for _ in range(4):
            self.chat(config)
        self.assertEqual(self.asked(), ["a"] * 4)

    def test_quota_is_no_failure(self):
        """a 429 parks a target for as long as it asks, and opens nothing"""
        config = self.config(cooldown_interval=60_000)
        self.failing("a", status=429, headers=[("retry-after-ms", "400")])
        for _ in range(6):
            self.assertEqual(self.chat(config).status, 200)
        self.assertEqual(self.asked().count("a"), 1)
        time.sleep(0.5)
        self.failing()
        self.upstream.forget()
        self.chat(config)
        self.assertEqual(self.asked(), ["a"])

    def test_error_in_a_stream(self):
        """an error inside a 200 stream is a failure of the target's"""
        self.upstream.handler = lambda request, peer: peer.stream(ROLE, b'data: {"error":{"type":"overloaded_error"}}\n\n') \
            if request["authorization"] == "Bearer a" else peer.stream(chunk("x"), DONE)
        config = self.inline(self.config(cooldown_interval=60_000))
        for _ in range(6):
            wire, head = self.open_stream(config)
            self.assertIn(b"x", b"".join(wire.body(head)))
        self.assertEqual(self.asked().count("a"), 3)

    def test_others_breakers(self):
        """what one caller's config makes of a target is not another's"""
        self.failing("a")
        mine = {**self.config(failure_threshold=1, cooldown_interval=3_600_000), "request_timeout": 1000}
        self.chat(mine)
        self.upstream.forget()
        self.failing("a")
        self.chat({**self.config(), "override_params": {"seed": 1}})
        self.assertEqual(self.asked(), ["a", "b"])

    def test_never_the_last(self):
        """with every target open the least bad is asked"""
        config = {**self.config(), "targets": self.keyed("a")}
        self.failing("a")
        statuses = [self.chat(config).status for _ in range(6)]
        self.assertEqual((statuses, len(self.upstream.requests)), ([500] * 6, 6))


class FileBreaker(RoutingCase):
    """A circuit breaker for the whole file."""

    @classmethod
    def configuration(cls):
        return {**super().configuration(), "cb_config": {"failure_threshold": 2, "cooldown_interval": 60_000}}

    def test_all_targets(self):
        """targets without a breaker of their own have the file's"""
        self.failing("a")
        config = {"strategy": {"mode": "fallback"}, "targets": self.keyed("a", "b")}
        for _ in range(5):
            self.assertEqual(self.chat(config).status, 200)
        self.assertEqual(self.asked().count("a"), 2)

    def test_own_breaker(self):
        """a config's own goes before the file's"""
        self.failing("a")
        config = {"strategy": {"mode": "fallback", "cb_config": {"failure_threshold": 4}}, "targets": self.keyed("a", "b")}
        for _ in range(6):
            self.assertEqual(self.chat(config).status, 200)
        self.assertEqual(self.asked().count("a"), 4)


class KeyPools(RoutingCase):
    """Targets with several credentials."""

    def pool(self, *keys):
        target = self.upstream.target(credentials=[{"api_key": key} for key in keys])
        del target["api_key"]
        return target

    def test_spread(self):
        """requests are spread over the keys"""
        self.many(60, self.pool("a", "b", "c"))
        self.assertEqual(set(self.asked()), {"a", "b", "c"})

    def test_refused_key(self):
        """a key that is refused is set aside, and its request goes on with another at once"""
        self.failing("a", status=401)
        started = time.monotonic()
        answers = self.many(40, self.pool("a", "b"))
        self.assertEqual({answer.status for answer in answers}, {200})
        self.assertLessEqual(self.asked().count("a"), 8)
        self.assertLess(time.monotonic() - started, 5)
        self.assertIn("was refused with 401", self.gateway.output.read_text())

    def test_parked_key(self):
        """a key whose quota is spent waits for its reset while the other works"""
        self.failing("a", status=429, headers=[("retry-after", "30")])
        answers = self.many(40, self.pool("a", "b"))
        self.assertEqual({answer.status for answer in answers}, {200})
        self.assertLessEqual(self.asked().count("a"), 8)

    def test_remaining_quota(self):
        """what is left of each key's quota steers the pick"""
        def handler(request, peer):
            left = "10" if request["authorization"] == "Bearer a" else "990"
            peer.answer(CHAT, 200, [("x-ratelimit-remaining-requests", left), ("x-ratelimit-limit-requests", "1000"), ("x-ratelimit-reset-requests", "1m0s")])
        self.upstream.handler = handler
        pool = self.pool("a", "b")
        self.many(20, pool)
        self.upstream.forget()
        self.many(100, pool)
        self.assertLess(self.asked().count("a"), 12)

    def test_requests_own_fault(self):
        """a request that every key is refused for parks the first alone"""
        self.failing("a", "b", "c", status=429, headers=[("retry-after", "30")])
        pool = self.pool("a", "b", "c")
        self.assertEqual(self.chat(pool).status, 429)
        self.failing()
        self.upstream.forget()
        self.many(30, pool)
        self.assertEqual(len(set(self.asked())), 2)

    def test_all_refused(self):
        """when every key is refused the last refusal is the answer"""
        self.failing("a", "b", status=401)
        self.assertEqual(self.chat(self.pool("a", "b")).status, 401)
        self.assertEqual(sorted(self.asked()), ["a", "b"])


class Hedges(RoutingCase):
    """A second attempt beside a slow one."""

    def test_stale_connection(self):
        """a pooled connection that dies while both are under way sends no request to the other's host"""
        other = Upstream(lambda request, peer: (time.sleep(0.6), peer.answer(CHAT)))
        self.addCleanup(other.close)

        def handler(request, peer):
            if request.number == 1:
                peer.answer(CHAT)
            elif request.number == 2:
                time.sleep(0.2)
                peer.cut()
            else:
                peer.answer(CHAT)
        self.upstream.handler = handler
        config = {"strategy": {"mode": "fallback"}, "targets": [self.upstream.target(api_key="a"), other.target(api_key="b")], "hedge": {"after": 100, "budget": 1}}
        self.assertEqual(self.chat(config).status, 200)
        response = self.chat(config)
        self.assertEqual((response.status, response["x-portkey-last-used-option-index"]), (200, "config.targets[1]"))
        self.assertEqual({request["authorization"] for request in self.upstream.requests}, {"Bearer a"})
        self.assertEqual({request["authorization"] for request in other.requests}, {"Bearer b"})

    def test_undecided_and_failing(self):
        """a first attempt whose stream has begun without content goes on when the second fails"""
        def handler(request, peer):
            if request["authorization"] == "Bearer a":
                peer.stream(ROLE, end=False)
                time.sleep(0.4)
                peer.chunk(chunk("late") + DONE)
                peer.send(b"0\r\n\r\n")
            else:
                time.sleep(0.1)
                peer.answer(ERROR, 500)
        self.upstream.handler = handler
        config = {"strategy": {"mode": "fallback"}, "targets": self.keyed("a", "b"), "hedge": {"after": 100, "budget": 1}}
        wire, head = self.open_stream(self.inline(config))
        self.assertEqual((head.status, head["x-portkey-last-used-option-index"], b"".join(wire.body(head))), (200, "config.targets[0]", ROLE + chunk("late") + DONE))
        self.assertEqual(self.asked(), ["a", "b"])

    def test_second_wins(self):
        """the second attempt's content is the answer, and the first is let go at once"""
        gone = []
        def handler(request, peer):
            if request["authorization"] == "Bearer a":
                peer.stream(ROLE, end=False)
                started = time.monotonic()
                gone.append((peer.closed_at(within=3) or math.inf) - started)
            else:
                time.sleep(0.05)
                peer.stream(ROLE, chunk("quick"), DONE)
        self.upstream.handler = handler
        config = {"strategy": {"mode": "fallback"}, "targets": self.keyed("a", "b"), "hedge": {"after": 100, "budget": 1}}
        wire, head = self.open_stream({**self.inline(config), "x-sluice-explain": "1"})
        self.assertEqual((head.status, head["x-portkey-last-used-option-index"], b"".join(wire.body(head))), (200, "config.targets[1]", ROLE + chunk("quick") + DONE))
        self.assertIn("hedge_lost", head["x-sluice-decision"])
        deadline = time.monotonic() + 2
        while not gone and time.monotonic() < deadline:
            time.sleep(0.01)
        # After 100 ms it began, after 150 the answer was there.
        self.assertLess(gone[0], 0.25)

    def test_first_wins(self):
        """a first attempt that speaks before the second is the answer"""
        def handler(request, peer):
            time.sleep(0.15 if request["authorization"] == "Bearer a" else 0.6)
            peer.answer(CHAT)
        self.upstream.handler = handler
        config = {"strategy": {"mode": "fallback"}, "targets": self.keyed("a", "b"), "hedge": {"after": 50, "budget": 1}}
        response = self.chat(config)
        self.assertEqual((response.status, response["x-portkey-last-used-option-index"]), (200, "config.targets[0]"))
        self.assertEqual(len(self.upstream.requests), 2)

    def test_first_fails(self):
        """while the second is under way the first may fail, and the other way round"""
        for failing, index in (("a", 1), ("b", 0)):
            with self.subTest(failing=failing):
                def handler(request, peer, failing=failing):
                    is_failing = request["authorization"] == f"Bearer {failing}"
                    time.sleep(0.15 if is_failing else 0.4)
                    peer.answer(ERROR, 500) if is_failing else peer.answer(CHAT)
                self.upstream.handler = handler
                config = {"strategy": {"mode": "fallback"}, "targets": self.keyed("a", "b"), "hedge": {"after": 50, "budget": 1}}
                response = self.chat(config)
                self.assertEqual((response.status, response["x-portkey-last-used-option-index"]), (200, f"config.targets[{index}]"))

    def test_budget(self):
        """no more than the budget's share of requests is hedged"""
        self.upstream.handler = lambda request, peer: (time.sleep(0.05), peer.answer(CHAT))
        config = {"strategy": {"mode": "fallback"}, "targets": self.keyed("a", "b"), "hedge": {"after": 5, "budget": 0.05}}
        self.many(200, config)
        self.assertLessEqual(self.asked().count("b"), 200 * 0.05 + 15)

    def test_side_effects(self):
        """what the provider would keep twice is not sent twice"""
        self.upstream.handler = lambda request, peer: (time.sleep(0.2), peer.answer(CHAT))
        config = {"strategy": {"mode": "fallback"}, "targets": self.keyed("a", "b"), "hedge": {"after": 20, "budget": 1}}
        self.chat(config, store=True)
        self.assertEqual(len(self.upstream.requests), 1)

    def test_client_leaves(self):
        """a client that leaves takes both attempts with it"""
        closed = []
        def handler(request, peer):
            closed.append(peer.closed_at(within=3))
        self.upstream.handler = handler
        config = {"strategy": {"mode": "fallback"}, "targets": self.keyed("a", "b"), "hedge": {"after": 20, "budget": 1}}
        wire = Wire(self.gateway.port)
        wire.send(request("POST", "/v1/chat/completions", self.inline(config), {"model": "m", "messages": []}))
        time.sleep(0.3)
        self.assertEqual(len(self.upstream.requests), 2)
        wire.socket.close()
        time.sleep(0.3)
        self.assertEqual(len(closed), 2)
        self.assertTrue(all(closed))


class LeastLatency(RoutingCase):
    """least_latency."""

    def test_leaves_and_returns(self):
        """a target that turns slow is left within 5 s, and found again when it heals"""
        slow = threading.Event()
        def handler(request, peer):
            time.sleep(1.5 if request["authorization"] == "Bearer a" and slow.is_set() else 0.15)
            peer.stream(chunk("x"), DONE)
        self.upstream.handler = handler
        config = self.inline({"strategy": {"mode": "loadbalance", "algorithm": "least_latency"}, "targets": self.keyed("a", "b")})

        def run(seconds):
            """How many of the requests of the last second went to a."""
            end = time.monotonic() + seconds

            def ask(_):
                while time.monotonic() < end:
                    self.events(config)

            with ThreadPoolExecutor(2) as pool:
                list(pool.map(ask, range(2)))
            last = [r["authorization"] for r in self.upstream.requests if r.at > end - 1]
            return last.count("Bearer a") / max(1, len(last))

        self.assertGreater(run(1.5), 0.2)
        slow.set()
        self.assertLess(run(4), 0.1)
        slow.clear()
        self.assertGreater(run(12), 0.2)

    def events(self, headers):
        wire, head = self.open_stream(headers)
        body = b"".join(wire.body(head))
        wire.socket.close()
        return body


class Explained(RoutingCase):
    """Explain."""

    def test_header(self):
        """an answer says how it was decided to who asks, and to nobody else"""
        self.failing("a", status=503)
        config = {"strategy": {"mode": "fallback"}, "targets": self.keyed("a", "b")}
        response = self.chat(config, {"x-sluice-explain": "1"})
        self.assertRegex(response["x-sluice-decision"], r"^config\.targets\[0\];503;\d+ms;first, config\.targets\[1\];200;\d+ms;fallback$")
        self.assertIsNone(self.chat(config)["x-sluice-decision"])

    def test_targets(self):
        """the targets' state is told on this machine, and to no web page"""
        self.failing("a", status=503)
        self.chat({"strategy": {"mode": "fallback"}, "targets": self.keyed("a", "b")})
        response = self.send("GET", "/v1/sluice/targets", {"Host": "localhost"})
        self.assertEqual(response.status, 200, response)
        rows = [row for row in response.json["targets"] if str(self.upstream.port) in row["target"]]
        self.assertTrue(any(row["failures"] > 0 for row in rows) and any(row["successes"] > 0 for row in rows), rows)
        self.assertNotIn("Bearer", json.dumps(response.json))
        for headers in ({"Host": "localhost", "Origin": "https://evil.example"}, {"Host": "localhost", "Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}):
            with self.subTest(headers=headers):
                self.assertEqual(self.send("GET", "/v1/sluice/targets", headers).status, 403)
        self.assertIn("sluice_target_failures", self.send("GET", "/metrics", {"Host": "localhost"}).body.decode())
