"""The response cache: what is found again, by whom, and what is never kept."""

import hashlib
import json
import time
import unittest

from harness.cache import SIMPLE, STATUS, CacheCase, chunk, event, events, said
from harness.configuration import plain
from harness.gateway import Gateway
from harness.upstream import ERROR
from harness.wire import Wire, request, send


class Simple(CacheCase):
    """cache: simple mode."""

    @classmethod
    def configuration(cls):
        # A machine that has much to do may need longer for a hundred answers than a client may need for one.
        return {**plain(), "limits": {"write_stall": "10m"}}

    def test_case_24(self):
        """MISS, then HIT of the same bytes; with force-refresh REFRESH, and HIT of the new ones (reference §12, case 24)"""
        first, second = self.assert_statuses(["MISS", "HIT"], self.ask, self.ask)
        self.assertEqual(first.body, second.body)
        self.assertEqual((first.status, second.status), (200, 200))
        self.assertEqual(second["content-type"], "application/json")
        self.assertEqual((first["age"], second["age"]), (None, "0"))
        refreshed, last = self.assert_statuses(["REFRESH", "HIT"], lambda: self.ask(headers={"x-portkey-cache-force-refresh": "true"}), self.ask)
        self.assertNotEqual(refreshed.body, first.body)
        self.assertEqual(refreshed.body, last.body)
        self.assertEqual(len(self.upstream.requests), 2)

    def test_refresh_by_value(self):
        """force-refresh says what it says: `false` is no refresh (§8: presence is enough there)"""
        self.assert_statuses(["MISS", "HIT"], self.ask, lambda: self.ask(headers={"x-portkey-cache-force-refresh": "false"}))

    def test_max_age(self):
        """max_age is in seconds, as a number or as text; a reader's own counts, too"""
        config = self.config(cache={"mode": "simple", "max_age": "1"})
        self.assert_statuses(["MISS", "HIT"], lambda: self.ask(config), lambda: self.ask(config))
        time.sleep(1.1)
        self.assert_statuses(["MISS", "HIT", "HIT"], lambda: self.ask(config), lambda: self.ask(config), self.ask)
        lasting = {"headers": {"x-portkey-cache-namespace": f"{self.namespace} 2"}}
        self.assert_statuses(["MISS"], lambda: self.ask(self.config(cache={"mode": "simple", "max_age": 60}), **lasting))
        time.sleep(1.1)
        self.assertEqual(self.ask(config, **lasting)[STATUS], "MISS")

    def test_age(self):
        """the age is told in seconds"""
        self.ask()
        time.sleep(1.1)
        self.assertEqual(self.ask()["age"], "1")

    def test_age_bounds(self):
        """how old an answer may be is from 0 to ten years of seconds, in a config and in a request; one second more is refused"""
        most = 315_360_000
        off = self.upstream.target()
        cases = [(self.config(cache={"mode": "simple", "max_age": age}), {}) for age in (most, str(most), most + 1, str(most + 1), -1, "-1", "1.5", 1.5)]
        cases += [(off, {"x-portkey-cache": "simple", "x-portkey-cache-ttl": ttl}) for ttl in (str(most), "0", str(most + 1), "-1", "", "99999999999999999999")]
        seen = []
        for number, (config, headers) in enumerate(cases):
            asked = [self.ask(config, headers, model=str(number)) for _ in range(2)]
            seen.append([answer[STATUS] if answer.status == 200 else answer.status for answer in asked])
        kept, refused = ["MISS", "HIT"], [400, 400]
        self.assertEqual(seen, [kept] * 2 + [refused] * 6 + [kept, ["DISABLED"] * 2] + [refused] * 4)

    def test_methods(self):
        """only a POST is answered from the cache, or kept"""
        headers = {"x-portkey-config": json.dumps(self.config()), "x-portkey-cache-namespace": self.namespace}
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
        self.ask()
        for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
            for _ in range(2):
                with Wire(self.gateway.port) as wire:
                    answer = wire.send(request(method, "/v1/chat/completions", headers, body)).response(method)
                self.assertIn(answer[STATUS], (None, "DISABLED"), method)
                self.assertIsNone(answer["age"], method)
        self.assert_statuses(["HIT"], self.ask)

    def test_no_age(self):
        """a max_age of 0 keeps nothing"""
        config = self.config(cache={"mode": "simple", "max_age": 0})
        self.assert_statuses(["DISABLED", "DISABLED"], lambda: self.ask(config), lambda: self.ask(config))

    def test_not_asked_for(self):
        """without `cache` nothing is kept and nothing found, even what another request has left (§8)"""
        config = self.upstream.target()
        self.assert_statuses(["DISABLED", "MISS", "DISABLED"], lambda: self.ask(config), self.ask, lambda: self.ask(config))
        self.assertEqual(len(self.upstream.requests), 3)

    def test_asked_for_by_header(self):
        """x-portkey-cache turns it on, x-portkey-cache-ttl says for how long"""
        config, on = self.upstream.target(), {"x-portkey-cache": "simple", "x-portkey-cache-ttl": "1"}
        self.assert_statuses(["MISS", "HIT"], *[lambda: self.ask(config, on)] * 2)
        time.sleep(1.1)
        self.assert_statuses(["MISS"], lambda: self.ask(config, on))
        for bad in ({"x-portkey-cache": "clever"}, {**on, "x-portkey-cache-ttl": "soon"}):
            self.assertEqual(self.ask(config, bad).status, 400)

    def test_semantic(self):
        """semantic mode finds what is asked in the same words; a miss says that it was one of that mode"""
        config = self.config(cache={"mode": "semantic"})
        self.assert_statuses(["SEMANTIC MISS", "HIT"], lambda: self.ask(config), lambda: self.ask(config))

    def test_explicit_stream_false(self):
        """an explicit `stream: false` is kept, and found without it (§8: never kept there)"""
        self.assert_statuses(["MISS", "HIT"], lambda: self.ask(stream=False), self.ask)

    def test_form_of_the_body(self):
        """the order of members and white space make no request another one"""
        headers = {"x-portkey-config": json.dumps(self.config()), "x-portkey-cache-namespace": self.namespace, "content-type": "application/json"}
        bodies = [b'{"model":"m","n":1,"messages":[{"role":"user","content":"\\u00e9"}]}',
                  '{ "messages" : [ {"content":"é","role":"user"} ],\n"n":1, "model":"m" }'.encode()]
        self.assert_statuses(["MISS", "HIT"], *(lambda body=body: self.send("POST", "/v1/chat/completions", headers, body) for body in bodies))

    def test_one_connection(self):
        """hits and misses take turns on one connection, pipelined"""
        config = {"x-portkey-config": json.dumps(self.config()), "x-portkey-cache-namespace": self.namespace}
        one = request("POST", "/v1/chat/completions", config, {"model": "m", "messages": []})
        other = request("POST", "/v1/chat/completions", config, {"model": "n", "messages": []})
        with Wire(self.gateway.port) as wire:
            wire.send(one)
            statuses = [wire.response()[STATUS]]
            wire.send(one + other + one + other)
            answers = [wire.response() for _ in range(4)]
        self.assertEqual(statuses + [answer[STATUS] for answer in answers], ["MISS", "HIT", "MISS", "HIT", "HIT"])
        self.assertEqual(answers[0].body, answers[2].body)

    def test_http10(self):
        """a client of HTTP/1.0 gets a hit with its length"""
        self.ask()
        raw = request("POST", "/v1/chat/completions", {"x-portkey-config": json.dumps(self.config()), "x-portkey-cache-namespace": self.namespace},
                      {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
        with Wire(self.gateway.port) as wire:
            answer = wire.send(raw).response()
        self.assertEqual((answer[STATUS], answer.ended, answer.status), ("HIT", "length", 200))

    def test_fields(self):
        """a hit has what the answer says of itself, nothing of the sending it was first part of, and the request's own trace"""
        own = [("x-request-id", "req-1"), ("openai-version", "2020-10-01"), ("set-cookie", "a=b"), ("x-ratelimit-remaining-requests", "9"),
               ("date", "yesterday"), ("x-portkey-cache-status", "HIT"), ("age", "7")]
        self.upstream.handler = lambda request, peer: peer.answer(said("a"), headers=own)
        first, second = self.assert_statuses(["MISS", "HIT"], lambda: self.ask(headers={"x-portkey-trace-id": "one"}),
                                             lambda: self.ask(headers={"x-portkey-trace-id": "two"}))
        self.assertEqual((second["x-request-id"], second["openai-version"]), ("req-1", "2020-10-01"))
        self.assertEqual([second["set-cookie"], second["x-ratelimit-remaining-requests"], second["date"]], [None, None, None])
        self.assertEqual((first["x-portkey-trace-id"], second["x-portkey-trace-id"]), ("one", "two"))
        self.assertEqual((second["x-portkey-provider"], second["x-portkey-last-used-option-index"], second["x-portkey-retry-attempt-count"]),
                         ("openai", "config", "0"))
        for name in ("content-length", "content-type", STATUS, "age", "x-portkey-provider"):
            self.assertEqual(len(second.all(name)), 1, name)

    def test_slow_reader(self):
        """a client that takes a large hit slowly gets all of it, though the entry is pushed out meanwhile"""
        text = "x" * 3_000_000
        self.upstream.handler = lambda request, peer: peer.answer(said(text + request.json["model"]))
        self.ask(model="first")
        wire = Wire(self.gateway.port)
        self.addCleanup(wire.socket.close)
        headers = {"x-portkey-config": json.dumps(self.config()), "x-portkey-cache-namespace": self.namespace}
        wire.send(request("POST", "/v1/chat/completions", headers, {"model": "first", "messages": [{"role": "user", "content": "hi"}]}))
        time.sleep(0.2)
        for number in range(100):
            self.ask(model=f"other {number}")
        answer = wire.response()
        self.assertEqual((answer[STATUS], answer.ended), ("HIT", "length"))
        self.assertEqual(answer.json["choices"][0]["message"]["content"], text + "first")

    def test_too_large(self):
        """an answer larger than a share of the cache is passed on and not kept"""
        self.upstream.handler = lambda request, peer: peer.answer(said("x" * 5_000_000))
        first, second = self.assert_statuses(["MISS", "MISS"], self.ask, self.ask)
        self.assertEqual(len(first.body), len(second.body))

    def test_endpoints(self):
        """each endpoint has its own answers; embeddings, moderations and the rest are kept as well"""
        headers = {"x-portkey-config": json.dumps(self.config()), "x-portkey-cache-namespace": self.namespace}
        self.upstream.handler = lambda request, peer: peer.answer({**said("a"), "data": [], "path": request.target, "n": request.number})
        for path in ("embeddings", "moderations", "completions", "images/generations"):
            ask = lambda: self.send("POST", f"/v1/{path}", headers, {"model": "m", "input": "a"})
            first, second = self.assert_statuses(["MISS", "HIT"], ask, ask)
            self.assertEqual(first.json["path"], f"/v1/{path}")
            self.assertEqual(first.body, second.body)

    def test_excluded_routes(self):
        """files, batches, fine-tuning and other routes are never kept (§8)"""
        headers = {"x-portkey-config": json.dumps(self.config())}
        self.upstream.handler = lambda request, peer: peer.answer({"object": "list", "data": []})
        for method, path in (("GET", "/v1/files"), ("GET", "/v1/batches"), ("POST", "/v1/batches"), ("GET", "/v1/fine_tuning/jobs"), ("GET", "/v1/models"),
                             ("POST", "/v1/threads")):
            for _ in range(2):
                answer = self.send(method, path, headers, {"a": 1} if method == "POST" else None)
                self.assertEqual((answer.status, answer[STATUS]), (200, "DISABLED"), path)
        self.assertEqual(len(self.upstream.requests), 12)

    def test_responses_that_go_on(self):
        """a response that is fetched later, or is part of a conversation kept elsewhere, is not kept"""
        headers = {"x-portkey-config": json.dumps(self.config()), "x-portkey-cache-namespace": self.namespace}
        self.upstream.handler = lambda request, peer: peer.answer({"id": "r", "object": "response", "status": "completed", "output": []})
        for member in ({"background": True}, {"conversation": "conv_1"}):
            for _ in range(2):
                self.assertEqual(self.send("POST", "/v1/responses", headers, {"model": "m", "input": "a", **member})[STATUS], "DISABLED")
        ask = lambda: self.send("POST", "/v1/responses", headers, {"model": "m", "input": "a", "background": False})
        self.assert_statuses(["MISS", "HIT"], ask, ask)


class Turned(unittest.TestCase):
    """cache: turned off."""

    def test_off(self):
        """with `limits.cache: off` nothing is kept, whatever configs say"""
        gateway = Gateway({**plain(), "limits": {"cache": "off"}})
        self.addCleanup(gateway.stop)
        headers = {"x-portkey-config": json.dumps({"provider": "openai", "api_key": "k", "custom_host": "http://127.0.0.1:1/v1", **SIMPLE})}
        self.assertEqual(send(gateway.port, "POST", "/v1/chat/completions", headers, {"model": "m", "messages": []})[STATUS], "DISABLED")


class Sharing(CacheCase):
    """cache: who shares what."""

    SECRETS = ["sk-sluice-" + letter * 43 for letter in "ab"]

    @classmethod
    def configuration(cls):
        digests = [hashlib.sha256(secret.encode()).hexdigest() for secret in cls.SECRETS]
        return {"version": 1, "keys": {f"team-{i}": {"digest": f"sha256:{digest}"} for i, digest in enumerate(digests)}}

    def keyed(self, index, **members):
        return self.ask(self.config(**members), {"x-portkey-api-key": self.SECRETS[index]})

    def test_key_holders(self):
        """the holders of two gateway keys never share an answer"""
        self.assert_statuses(["MISS", "MISS", "HIT", "HIT"], *(lambda i=i: self.keyed(i) for i in (0, 1, 0, 1)))

    def test_global_scope(self):
        """with `scope: global` they do, and share nothing with those whose config does not say so"""
        shared = {"cache": {"mode": "simple", "scope": "global"}}
        self.assert_statuses(["MISS", "HIT", "MISS"], lambda: self.keyed(0, **shared), lambda: self.keyed(1, **shared), lambda: self.keyed(0))

    def test_callers(self):
        """two callers with credentials of their own never share an answer (§8: another key gets a HIT there)"""
        config = {"provider": "openai", "custom_host": self.upstream.base, **SIMPLE}
        self.assert_statuses(["MISS", "MISS", "HIT", "MISS"],
                             *(lambda key=key: self.ask(config, {"authorization": f"Bearer {key}"}) for key in ("one", "two", "one", "onetwo")))

    def test_written_keys(self):
        """nor do configs with other credentials written in them, or another host"""
        host = self.upstream.base.replace("127.0.0.1", "localhost")
        self.assert_statuses(["MISS", "MISS", "MISS", "HIT"], self.ask, lambda: self.ask(self.config(api_key="other")),
                             lambda: self.ask(self.config(custom_host=host)), self.ask)

    def test_what_a_target_does(self):
        """what a config changes of a request makes it another: overrides, headers it sends, providers, fallbacks"""
        changes = [{}, {"override_params": {"seed": 1}}, {"override_params": {"seed": 2}}, {"openai_organization": "o"}, {"provider": "groq"},
                   {"strict_open_ai_compliance": False}]
        statuses = [self.ask(self.config(**change))[STATUS] for change in changes for _ in range(2)]
        self.assertEqual(statuses, ["MISS", "HIT"] * len(changes))
        fallback = {**SIMPLE, "strategy": {"mode": "fallback"}, "targets": [self.upstream.target(), self.upstream.target(api_key="second")]}
        self.assert_statuses(["MISS", "HIT"], lambda: self.ask(fallback), lambda: self.ask(fallback))

    def test_what_changes_no_answer(self):
        """how often a target is repeated or waited for, the trace and what an SDK says of itself make no other request"""
        self.ask()
        self.assert_statuses(["HIT"] * 4, lambda: self.ask(self.config(retry={"attempts": 2})), lambda: self.ask(self.config(request_timeout=9000)),
                             lambda: self.ask(headers={"x-stainless-retry-count": "1", "idempotency-key": "i", "traceparent": "t", "user-agent": "u"}),
                             lambda: self.ask(headers={"x-portkey-metadata": '{"a":1}'}))

    def test_fields(self):
        """fields that the provider sees make another request, in any order once"""
        fields = [{"openai-beta": "a"}, {"openai-beta": "b"}, {"x-own": "1"}, {"x-own": "2"}, {"x-portkey-openai-project": "p"}, {"anthropic-beta": "a"}]
        statuses = [self.ask(headers=field)[STATUS] for field in fields for _ in range(2)]
        self.assertEqual(statuses, ["MISS", "HIT"] * len(fields))
        # A cookie goes nowhere, unless it is named.
        self.assert_statuses(["MISS", "HIT"], self.ask, lambda: self.ask(headers={"cookie": "a=b"}))
        named = self.config(forward_headers=["cookie"])
        self.assert_statuses(["MISS", "MISS"], *(lambda c=c: self.ask(named, {"cookie": c}) for c in ("a=1", "a=2")))

    def test_what_is_asked(self):
        """the model, each parameter, the namespace, the path and the query make another request"""
        variants = [{}, {"model": "other"}, {"temperature": 0}, {"temperature": 0.0}, {"messages": []}, {"user": "u"}]
        statuses = [self.ask(**variant)[STATUS] for variant in variants for _ in range(2)]
        self.assertEqual(statuses, ["MISS", "HIT"] * len(variants))
        self.assertEqual(self.ask(headers={"x-portkey-cache-namespace": f"{self.namespace} 2"})[STATUS], "MISS")
        headers = {"x-portkey-config": json.dumps(self.config()), "x-portkey-cache-namespace": self.namespace}
        for query in ("?a=1", "?a=2"):
            self.assertEqual(self.send("POST", f"/v1/chat/completions{query}", headers, {"model": "m", "messages": []})[STATUS], "MISS")

    def test_numbers(self):
        """a number is what is written: one that is worth the same in other digits makes another request, and so does its text"""
        headers = {"x-portkey-config": json.dumps(self.config()), "x-portkey-cache-namespace": self.namespace, "content-type": "application/json"}
        written = ["1", "1.0", "1e0", "1E0", "1e+0", "10e-1", "1.00", "-1", "0", "-0", '"1"', "true", "[1]", "1e400", "100000000000000000000", "100000000000000000001"]
        statuses = []
        for value in written * 2:
            statuses.append(self.send("POST", "/v1/chat/completions", headers, b'{"model":"m","messages":[],"x":%s}' % value.encode())[STATUS])
        self.assertEqual(statuses, ["MISS"] * len(written) + ["HIT"] * len(written))

    def test_vary(self):
        """whatever an answer says it varies by, each field the provider saw is a part of what was asked"""
        self.upstream.handler = lambda request, peer: peer.answer(said(request["accept-language"] or "none"), headers=[("vary", "x-other")])
        ask = lambda language: self.ask(headers={"accept-language": language} if language else {})
        answers = self.assert_statuses(["MISS"] * 3 + ["HIT"] * 3, *[lambda language=language: ask(language) for language in ("de", "fr", None) * 2])
        self.assertEqual([answer.json["choices"][0]["message"]["content"] for answer in answers], ["de", "fr", "none"] * 2)
        self.assertEqual([answer["vary"] for answer in answers[3:]], [None] * 3)

    def test_conditions(self):
        """requests that conditions send to different targets do not share; metadata that leads the same way does"""
        config = {**SIMPLE, "strategy": {"mode": "conditional", "default": "b", "conditions": [{"query": {"metadata.plan": "pro"}, "then": "a"}]},
                  "targets": [self.upstream.target(name="a"), self.upstream.target(name="b")]}
        plans = ("pro", "free", "none", "pro")
        self.assert_statuses(["MISS", "MISS", "HIT", "HIT"],
                             *(lambda plan=plan: self.ask(config, {"x-portkey-metadata": json.dumps({"plan": plan})}) for plan in plans))

    def test_balanced(self):
        """targets that take turns share one answer: any of them could have given it"""
        config = {**SIMPLE, "strategy": {"mode": "loadbalance"}, "targets": [self.upstream.target(), self.upstream.target(api_key="second")]}
        self.assert_statuses(["MISS"] + ["HIT"] * 5, *[lambda: self.ask(config)] * 6)

    def test_twice_the_same_name(self):
        """a body with a name twice is never kept and finds nothing"""
        headers = {"x-portkey-config": json.dumps(self.config()), "x-portkey-cache-namespace": self.namespace, "content-type": "application/json"}
        body = b'{"model":"m","messages":[{"role":"user","content":"a","content":"b"}]}'
        ask = lambda: self.send("POST", "/v1/chat/completions", headers, body)
        self.assert_statuses(["DISABLED", "DISABLED"], ask, ask)


class NeverKept(CacheCase):
    """cache: what is never kept."""

    def test_errors(self):
        """an error is passed on as what it is, and the next request asks again (§8: replayed as 200 there)"""
        for status in (400, 401, 404, 429, 500, 503):
            self.upstream.forget()
            self.upstream.handler = lambda request, peer: peer.answer(ERROR, status)
            self.assert_never_kept(status)
        self.upstream.handler = self.answer
        self.assert_statuses(["MISS", "HIT"], self.ask, self.ask)

    def test_failed_target(self):
        """a fallback's first failure is not kept in place of the answer (§8)"""
        config = {**SIMPLE, "strategy": {"mode": "fallback"}, "targets": [self.upstream.target(api_key="bad"), self.upstream.target(api_key="good")]}
        self.upstream.handler = lambda request, peer: peer.answer(ERROR, 500) if request["authorization"] == "Bearer bad" else peer.answer(said("good"))
        first, second = self.assert_statuses(["MISS", "HIT"], lambda: self.ask(config), lambda: self.ask(config))
        self.assertEqual(second.json["choices"][0]["message"]["content"], "good")
        self.assertEqual(second["x-portkey-last-used-option-index"], "config.targets[1]")

    def test_other_success(self):
        """only 200 is"""
        self.upstream.handler = lambda request, peer: peer.answer(said("a"), 201)
        self.assert_never_kept(201)

    def test_error_in_success(self):
        """an error inside a 200 is not"""
        self.upstream.handler = lambda request, peer: peer.answer(ERROR)
        self.assert_never_kept()

    def test_not_json(self):
        """what is not JSON, or cut JSON of the announced length, is not"""
        for body in (b"<html>", json.dumps(said("a")).encode()[:-1]):
            self.upstream.forget()
            self.upstream.handler = lambda request, peer: peer.answer(body, headers=[("content-type", "application/json")])
            self.assert_never_kept()

    def test_without_length(self):
        """an answer that only its connection's end ends is not: it may have been cut"""
        body = json.dumps(said("a")).encode()

        def close(request, peer):
            peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" + body)
            peer.cut()
        self.upstream.handler = close
        self.assert_never_kept()

    def test_content_filter(self):
        """an answer that a filter cut, or that declines, is not"""
        for answer in (said("a", "content_filter"), said(None, refusal="no")):
            self.upstream.forget()
            self.upstream.handler = lambda request, peer: peer.answer(answer)
            self.assert_never_kept()

    def test_content_filter_of_streams(self):
        """nor is a stream in which one choice was cut by a filter, or declines, though others are well and it ends as it should"""
        def choices(*endings):
            return [event({**chunk({}), "choices": [{"index": index, "delta": delta, "finish_reason": reason} for index, (delta, reason) in enumerate(endings)]})]
        well = ({"content": "a"}, "stop")
        for number, last in enumerate((choices(well, ({}, "content_filter")), choices(({}, "content_filter"), well), choices(well, ({"refusal": "no"}, None)),
                                       choices(well) + [event({**chunk({}), "error": {"message": "late"}})])):
            self.upstream.forget()
            self.upstream.handler = lambda request, peer: peer.stream(*events("a", done=False)[:-1], *last, event(b"[DONE]"))
            self.assert_never_kept(stream=True, model=str(number))

    def test_content_filter_of_others(self):
        """in the words of other dialects: a message that declines, a response that is incomplete"""
        message = {"id": "m", "type": "message", "role": "assistant", "model": "c", "content": [], "stop_reason": "refusal", "usage": {"input_tokens": 1, "output_tokens": 1}}
        response = {"id": "r", "object": "response", "status": "incomplete", "incomplete_details": {"reason": "content_filter"}, "output": []}
        declined = {"id": "r", "object": "response", "status": "completed",
                    "output": [{"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}]}
        for path, provider, answer in (("messages", "anthropic", message), ("responses", "openai", response), ("responses", "openai", declined)):
            self.upstream.forget()
            self.upstream.handler = lambda request, peer: peer.answer(answer)
            headers = {"x-portkey-config": json.dumps(self.config(provider=provider)), "x-portkey-cache-namespace": self.namespace}
            body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]} if path == "messages" else {"model": "m", "input": "hi"}
            for _ in range(2):
                self.assertEqual(self.send("POST", f"/v1/{path}", headers, body)[STATUS], "MISS")
            self.assertEqual(len(self.upstream.requests), 2)

    def test_tool_calls(self):
        """calls of tools are kept where the config says so"""
        call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        self.upstream.handler = lambda request, peer: peer.answer(said(None, "tool_calls", tool_calls=[call]))
        self.assert_never_kept()
        config = self.config(cache={"mode": "simple", "tool_calls": True})
        self.assert_statuses(["MISS", "HIT"], lambda: self.ask(config), lambda: self.ask(config))

    def test_coded(self):
        """an answer in a coding that was not asked for is passed on and not kept"""
        self.upstream.handler = lambda request, peer: peer.answer(b"\x1f\x8b", headers=[("content-type", "application/json"), ("content-encoding", "gzip")])
        self.assert_never_kept()

    def test_cut(self):
        """a cut answer is not"""
        def cut(request, peer):
            peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{")
            peer.cut()
        self.upstream.handler = cut
        for _ in range(2):
            answer = self.ask()
            self.assertEqual((answer[STATUS], answer.ended), ("MISS", "cut"))
        self.upstream.handler = self.answer
        self.assert_statuses(["MISS", "HIT"], self.ask, self.ask)

    def test_failed_checks(self):
        """an answer that failed a guardrail is not, and a request that failed one finds none"""
        checks = {"input_guardrails": [{"contains": {"operator": "none", "words": ["hi"]}}]}
        for _ in range(2):
            self.assertEqual(self.ask(self.config(**checks))[STATUS], "DISABLED")
        self.upstream.forget()
        self.upstream.handler = self.answer
        checks = {"output_guardrails": [{"contains": {"operator": "none", "words": ["answer"]}}]}
        self.assert_never_kept(246, self.config(**checks))
