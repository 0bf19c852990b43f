"""The response cache at its edges: answers that are not what they seem, requests that wait in vain, and clients that stop reading."""

import json
import threading
import time

from harness.cache import SIMPLE, STATUS, CacheCase, events, said
from harness.configuration import plain
from harness.upstream import ERROR
from harness.wire import Wire, request

ANTHROPIC_START = [b"event: message_start\ndata: " + json.dumps({"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant",
                   "model": "c", "content": [], "stop_reason": None, "usage": {"input_tokens": 3, "output_tokens": 1}}}).encode() + b"\n\n",
                   b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
                   b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}\n\n']


class Unfit(CacheCase):
    """cache: answers that are not what they seem."""

    def test_other_words_for_a_filter(self):
        """an answer that ended for a reason of the provider's own is not kept, whole or streamed: it may be another name for a filter"""
        for word in ("SAFETY", "guardrail_intervened", "sensitive", "error", "insufficient_system_resource"):
            for stream in (False, True):
                self.upstream.forget()
                self.upstream.handler = lambda request, peer: (
                    peer.stream(*events("a", finish=word)) if request.json.get("stream") else peer.answer(said("a", word)))
                self.assert_never_kept(model=f"{word} {stream}", stream=stream)
        runs = events("a")
        runs[0] = runs[0].replace(b'"finish_reason": null', b'"finish_reason": ""')
        self.upstream.handler = lambda request, peer: peer.stream(*runs)
        self.assert_statuses(["MISS", "HIT"], *[lambda: self.ask(model="none yet", stream=True)] * 2)
        for word in ("stop", "length", "eos", "MAX_TOKENS"):
            self.upstream.handler = lambda request, peer: peer.answer(said("a", word))
            self.assert_statuses(["MISS", "HIT"], lambda: self.ask(model=word), lambda: self.ask(model=word))

    def test_failed_choice(self):
        """nor is one whose choice failed, or that has none"""
        failed = said("a")
        failed["choices"][0]["error"] = {"code": 502, "message": "provider returned an error"}
        for number, answer in enumerate((failed, {**said("a"), "choices": []}, {name: value for name, value in said("a").items() if name != "choices"})):
            self.upstream.forget()
            self.upstream.handler = lambda request, peer: peer.answer(answer)
            self.assert_never_kept(model=str(number))

    def test_unjudged_stream(self):
        """a stream that output guardrails did not see is not given as a whole answer that they would have judged"""
        config = self.config(output_guardrails=[{"contains": {"operator": "none", "words": ["answer"]}}])
        self.assertEqual(self.ask(config, stream=True).status, 200)
        judged = self.ask(config)
        self.assertEqual((judged.status, judged[STATUS]), (246, "MISS"))

    def test_tool_calls_of_others(self):
        """calls of tools that one config keeps are not found by another that does not want them kept"""
        call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        self.upstream.handler = lambda request, peer: peer.answer(said(None, "tool_calls", tool_calls=[call]))
        keeps = self.config(cache={"mode": "simple", "tool_calls": True})
        self.assert_statuses(["MISS", "HIT", "MISS"], lambda: self.ask(keeps), lambda: self.ask(keeps), self.ask)

    def test_members_without_place(self):
        """what the other form has no place for, at any level, keeps an answer in the form it came in"""
        answers = []
        for place in ("root", "choice", "message"):
            answer = said("a")
            {"root": answer, "choice": answer["choices"][0], "message": answer["choices"][0]["message"]}[place]["content_filter_results"] = {"hate": {"filtered": False}}
            answers.append(answer)
        answers.append(said(None, "tool_calls", tool_calls=[{"id": "c", "type": "custom", "custom": {"name": "f", "input": "x"}}]))
        config = self.config(cache={"mode": "simple", "tool_calls": True})
        for number, answer in enumerate(answers):
            self.upstream.handler = lambda request, peer: peer.stream(*events("b")) if request.json.get("stream") else peer.answer(answer)
            self.assert_statuses(["MISS", "MISS"], lambda: self.ask(config, model=str(number)), lambda: self.ask(config, model=str(number), stream=True))

    def test_loose(self):
        """who wants a provider's own words gets them as they came: an answer that has some is not made into another form"""
        config = self.config(strict_open_ai_compliance=False)
        self.assert_statuses(["MISS", "HIT"], lambda: self.ask(config), lambda: self.ask(config, stream=True))
        self.upstream.handler = lambda request, peer: peer.stream(*events("b", finish="MAX_TOKENS")) if request.json.get("stream") else peer.answer(said("a", "MAX_TOKENS"))
        for first in (False, True):
            asks = [lambda stream=stream: self.ask(config, model=str(first), stream=stream) for stream in (first, not first)]
            self.assert_statuses(["MISS", "MISS"], *asks)

    def test_accounts(self):
        """whose account an answer was fetched with is told to nobody else"""
        own = [("openai-organization", "org-1"), ("openai-project", "proj-1"), ("anthropic-organization-id", "o")]
        self.upstream.handler = lambda request, peer: peer.answer(said("a"), headers=own)
        _, hit = self.assert_statuses(["MISS", "HIT"], self.ask, self.ask)
        self.assertEqual([hit[name] for name, _ in own], [None] * 3)

    def test_fields_of_any_provider(self):
        """a field that any provider takes for a part of the request makes it another; and so does another kind of answer"""
        fields = [{"x-amzn-bedrock-guardrailidentifier": "a"}, {"x-amzn-bedrock-guardrailidentifier": "b"}, {"anthropic-workspace": "a"},
                  {"accept": "audio/mpeg"}]
        statuses = [self.ask(headers=field)[STATUS] for field in fields for _ in range(2)]
        self.assertEqual(statuses, ["MISS", "HIT"] * len(fields))
        self.ask()
        self.assert_statuses(["HIT"] * 4, *(lambda field=field: self.ask(headers=field) for field in (
            {"accept": "*/*"}, {"accept": "application/json, text/event-stream"}, {"x-amzn-trace-id": "t"}, {"x-stainless-lang": "js"})))

    def test_all_forms_go(self):
        """a key is purged, and had anew, in all its forms: none is made from one that is out of date"""
        self.assert_statuses(["MISS", "HIT"], self.ask, lambda: self.ask(stream=True))
        key = self.ask(headers={"x-sluice-explain": "1"})["x-sluice-cache-key"]
        purged = self.send("DELETE", f"/v1/sluice/cache?key={key}", {"Host": "localhost"})
        self.assertEqual(purged.json["entries"], 2)
        self.assert_statuses(["MISS", "HIT"], self.ask, lambda: self.ask(stream=True))
        new = self.ask(headers={"x-portkey-cache-force-refresh": "true"})
        stream = self.ask(stream=True)
        self.assertEqual((new[STATUS], stream[STATUS]), ("REFRESH", "HIT"))
        self.assertIn(new.json["choices"][0]["message"]["content"].encode(), stream.body)


class Waiting(CacheCase):
    """cache: requests that wait."""

    @classmethod
    def configuration(cls):
        # A machine that has much to do may need longer for the others' answers than a client may need for its own.
        return {**plain(), "limits": {"write_stall": "10m"}}

    def setUp(self):
        super().setUp()
        #: Set when the upstream may go on.
        self.go = threading.Event()
        self.addCleanup(self.go.set)

    def request(self, config=None, headers=None, **members):
        headers = {"x-portkey-config": json.dumps(config or self.config()), "x-portkey-cache-namespace": self.namespace, **(headers or {})}
        return request("POST", "/v1/chat/completions", headers, {"model": "m", "messages": [{"role": "user", "content": "hi"}], **members})

    def wire(self, *arguments, **members):
        wire = Wire(self.gateway.port)
        self.addCleanup(wire.socket.close)
        return wire.send(self.request(*arguments, **members))

    def until_asked(self, count=1):
        deadline = time.monotonic() + 10
        while len(self.upstream.requests) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(len(self.upstream.requests), count)

    def test_wrong_for_one(self):
        """a refusal that another target, or the same request said more plainly, would not meet is the first one's alone"""
        def answer(request, peer):
            self.go.wait(20)
            peer.answer(ERROR, 400) if "stream_options" in request.json or request["authorization"] == "Bearer bad" else peer.answer(said("good"))
        self.upstream.handler = answer
        leader = self.wire(stream_options={"include_usage": True})
        self.until_asked()
        other = self.wire()
        time.sleep(0.2)
        self.go.set()
        self.assertEqual([leader.response().status, other.response().status], [400, 200])
        self.upstream.forget()
        self.upstream.handler = answer
        self.go.clear()
        balanced = {**SIMPLE, "strategy": {"mode": "loadbalance"}, "targets": [self.upstream.target(api_key="bad"), self.upstream.target(api_key="bad")]}
        wires = [self.wire(balanced)]
        self.until_asked()
        wires.append(self.wire(balanced))
        time.sleep(0.2)
        self.go.set()
        self.assertEqual([wire.response().status for wire in wires], [400, 400])
        self.assertEqual(len(self.upstream.requests), 2)

    def test_own_time_out(self):
        """who waits for another's answer waits no longer than its own time-out says, and is answered with an old answer where there is one"""
        self.upstream.handler = lambda request, peer: (self.go.wait(20), peer.answer(said("a")))
        leader = self.wire()
        self.until_asked()
        started = time.monotonic()
        late = self.wire(headers={"x-portkey-request-timeout": "300"}).response()
        self.assertEqual(late.status, 408)
        self.assertLess(time.monotonic() - started, 8)
        self.go.set()
        self.assertEqual(leader.response().status, 200)

    def test_stale_follower(self):
        """one that is given an old answer in place of what it waited for waits no more: the call ends when its own client leaves"""
        config = self.config(cache={"mode": "simple", "max_age": 1, "stale_if_error": 60})
        self.wire(config).response()
        time.sleep(1.1)
        closed = []
        self.upstream.handler = lambda request, peer: closed.append(peer.closed_at(20))
        leader = self.wire(config)
        self.until_asked(2)
        old = self.wire(config, headers={"x-portkey-request-timeout": "300"}).response()
        self.assertEqual((old.status, old[STATUS]), (200, "HIT"))
        leader.socket.close()
        deadline = time.monotonic() + 10
        while not closed and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertTrue(closed and closed[0])

    def test_slow_leader_of_a_whole_answer(self):
        """one that does not read its whole answer holds up nobody who waits for the same, and may still read all of it later"""
        body = json.dumps(said("x" * 20_000_000)).encode()

        def answer(request, peer):
            self.go.wait(20)
            peer.answer(body, headers=[("content-type", "application/json")])
        self.upstream.handler = answer
        leader = self.wire()
        self.until_asked()
        others = [self.wire() for _ in range(2)]
        time.sleep(0.3)
        self.go.set()
        for wire in others:
            whole = wire.response()
            self.assertEqual((whole.body == body, whole[STATUS]), (True, "HIT"))
        late = leader.response()
        self.assertEqual((late.body == body, late.ended, late[STATUS]), (True, "length", "MISS"))
        self.assertEqual(len(self.upstream.requests), 1)

    def test_revalidated_once(self):
        """an old answer is fetched anew once, also where requests do not wait for each other"""
        config = self.config(cache={"mode": "simple", "max_age": 1, "stale_while_revalidate": 60, "single_flight": False})
        self.ask(config)
        time.sleep(1.1)
        self.upstream.handler = lambda request, peer: (self.go.wait(20), self.answer(request, peer))
        self.assertEqual({self.ask(config)[STATUS] for _ in range(5)}, {"HIT"})
        self.until_asked(2)
        time.sleep(0.3)
        self.assertEqual(len(self.upstream.requests), 2)

    def test_failure_is_told_once(self):
        """where the provider's own error event ends a translated stream, who follows is told so once, too"""
        error = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'

        def answer(request, peer):
            peer.stream(*ANTHROPIC_START, end=False)
            self.go.wait(20)
            peer.chunk(error)
            peer.send(b"0\r\n\r\n")
        self.upstream.handler = answer
        config = self.config(provider="anthropic")
        leader = self.wire(config, stream=True)
        self.until_asked()
        wires = [leader, self.wire(config, stream=True)]
        heads = [wire.head() for wire in wires]
        time.sleep(0.2)
        self.go.set()
        bodies = [b"".join(wire.body(head)) for wire, head in zip(wires, heads)]
        self.assertEqual([body.count(b'"error"') > 0 for body in bodies], [True, True])
        self.assertEqual(bodies[0], bodies[1])

    def test_two_forms_at_once(self):
        """streams that ask for the same wait for one call also while the whole answer is being fetched"""
        self.upstream.handler = lambda request, peer: (
            self.go.wait(20), peer.stream(*events("s")) if request.json.get("stream") else peer.answer(said("w")))
        wires = [self.wire()]
        self.until_asked()
        wires += [self.wire(stream=True) for _ in range(3)]
        time.sleep(0.5)
        self.go.set()
        self.assertEqual({wire.response().status for wire in wires}, {200})
        self.assertLessEqual(len(self.upstream.requests), 2)
