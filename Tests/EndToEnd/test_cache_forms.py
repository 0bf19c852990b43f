"""The response cache: streams, an answer in its other form, answers that are too old, operators, and the SDKs."""

import contextlib
import io
import json
import threading
import time
import urllib.parse

import anthropic
import openai

from harness.cache import STATUS, CacheCase, chunk, event, events, pieces, said
from harness.configuration import plain
from harness.gateway import ROOT, Gateway, command
from harness.upstream import ERROR
from harness.wire import send


class Streams(CacheCase):
    """cache: streams."""

    def stream(self, config=None, **members):
        return self.ask(config, stream=True, **members)

    def test_stream(self):
        """a stream is kept in passing and given again with the same events, its length known"""
        first, second = self.assert_statuses(["MISS", "HIT"], self.stream, self.stream)
        self.assertEqual(first.body, second.body)
        self.assertIn("text/event-stream", second["content-type"])
        self.assertEqual((first.ended, second.ended), ("chunked", "length"))
        self.assertEqual(first.body, b"".join(events("answer 1")))

    def test_pieces(self):
        """events that come in pieces are kept whole"""
        whole = b"".join(events("one", "two", "three"))

        def split(request, peer):
            peer.stream(end=False)
            for at in range(0, len(whole), 7):
                peer.chunk(whole[at:at + 7])
            peer.send(b"0\r\n\r\n")
        self.upstream.handler = split
        first, second = self.assert_statuses(["MISS", "HIT"], self.stream, self.stream)
        self.assertEqual((first.body, second.body), (whole, whole))

    def test_usage(self):
        """usage that only the gateway asked for is in neither answer; where the client asked for it, it is in both"""
        for options, has_usage in ({}, False), ({"stream_options": {"include_usage": True}}, True):
            self.namespace = f"{self.id()} {has_usage}"
            first, second = self.assert_statuses(["MISS", "HIT"], lambda: self.stream(**options), lambda: self.stream(**options))
            self.assertEqual(first.body, second.body)
            self.assertEqual(b'"usage"' in second.body, has_usage)

    def test_cut_streams(self):
        """a stream that ends early is not kept: cut, without its last event, with an error, or in the middle of an event"""
        def handler(runs, end=True):
            def answer(request, peer):
                peer.stream(*runs, end=end)
                if not end:
                    peer.cut()
            return answer
        error = event({"error": {"message": "overloaded", "type": "server_error"}})
        for runs, end in ((events("a")[:2], False), (events("a", done=False), True), ([*events("a")[:2], error, event(b"[DONE]")], True),
                          ([*events("a"), b"data: {"], True), (events("a", finish="content_filter"), True)):
            self.upstream.handler = handler(runs, end)
            self.assert_statuses(["MISS", "MISS"], self.stream, self.stream)

    def test_gone_client(self):
        """a stream whose client leaves is not kept"""
        begun = threading.Event()

        def slow(request, peer):
            peer.stream(*events("a")[:2], end=False)
            begun.set()
            peer.closed_at(5)
        self.upstream.handler = slow
        headers = {"x-portkey-config": json.dumps(self.config()), "x-portkey-cache-namespace": self.namespace}
        wire, _ = self.open_stream(headers)
        begun.wait(5)
        wire.socket.close()
        time.sleep(0.2)
        self.upstream.handler = self.answer
        self.assert_statuses(["MISS", "HIT"], self.stream, self.stream)

    def test_anthropic(self):
        """Anthropic's streams, too, are kept when they have said their last event"""
        runs = [b"event: message_start\ndata: " + json.dumps({"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant",
                "model": "c", "content": [], "stop_reason": None, "usage": {"input_tokens": 3, "output_tokens": 1}}}).encode() + b"\n\n",
                b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}\n\n',
                b'event: message_stop\ndata: {"type":"message_stop"}\n\n']
        headers = {"x-portkey-config": json.dumps(self.config(provider="anthropic")), "x-portkey-cache-namespace": self.namespace}
        body = {"model": "c", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        ask = lambda: self.send("POST", "/v1/messages", headers, body)
        self.upstream.handler = lambda request, peer: peer.stream(*runs[:2])
        self.assert_statuses(["MISS", "MISS"], ask, ask)
        self.upstream.handler = lambda request, peer: peer.stream(*runs)
        first, second = self.assert_statuses(["MISS", "HIT"], ask, ask)
        self.assertEqual((first.body, second.body), (b"".join(runs), b"".join(runs)))

    def test_translated(self):
        """a translated answer is kept as the client got it, whole or streamed"""
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "c", "content": [{"type": "text", "text": "hello"}],
                   "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 1}}
        self.upstream.handler = lambda request, peer: peer.answer(message)
        config = self.config(provider="anthropic")
        for streamed in (False, True):
            self.namespace = f"{self.id()} {streamed}"
            ask = lambda: self.ask(config, stream=streamed)
            first, second = self.assert_statuses(["MISS", "HIT"], ask, ask)
            self.assertEqual(first.body, second.body)
            self.assertIn(b"hello", second.body)


class Forms(CacheCase):
    """cache: an answer in its other form."""

    def test_whole_as_stream(self):
        """a whole answer is given as a stream to who asks for one, with its id, time and model, and the usage if that is wanted"""
        whole = self.ask()
        for options, usage in ({}, []), ({"stream_options": {"include_usage": True}}, [4]):
            stream = self.ask(stream=True, **options)
            self.assertEqual((stream[STATUS], stream["content-type"]), ("HIT", "text/event-stream; charset=utf-8"))
            text, finish, counted, is_whole = pieces(stream.body)
            self.assertEqual((text, finish, [u["total_tokens"] for u in counted], is_whole), ("answer 1", ["stop"], usage, True))
            first = json.loads(stream.body.split(b"\n")[0][6:])
            self.assertEqual([first[name] for name in ("id", "created", "model")], [whole.json[name] for name in ("id", "created", "model")])
        self.assertEqual(len(self.upstream.requests), 1)

    def test_stream_as_whole(self):
        """a stream is given as a whole answer to who asks for one; its usage is there though its client had not asked for it"""
        self.upstream.handler = lambda request, peer: peer.stream(*events("one ", "t\u00e9 \"two\"", usage=True))
        stream = self.ask(stream=True)
        self.assertEqual((stream[STATUS], pieces(stream.body)[2]), ("MISS", []))
        whole = self.ask()
        self.assertEqual((whole[STATUS], whole["content-type"], whole["age"]), ("HIT", "application/json", "0"))
        self.assertEqual(whole.json["choices"][0]["message"]["content"], 'one té "two"')
        self.assertEqual((whole.json["choices"][0]["finish_reason"], whole.json["object"], whole.json["id"]), ("stop", "chat.completion", "c"))
        self.assertEqual(whole.json["usage"]["total_tokens"], 7)
        with_usage = self.ask(stream=True, stream_options={"include_usage": True})
        self.assertEqual((with_usage[STATUS], pieces(with_usage.body)[2][0]["total_tokens"]), ("HIT", 7))
        self.assertEqual(len(self.upstream.requests), 1)

    def test_tool_calls(self):
        """calls of tools go over in both directions"""
        config = self.config(cache={"mode": "simple", "tool_calls": True})
        call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
        self.upstream.handler = lambda request, peer: peer.answer(said(None, "tool_calls", tool_calls=[call]))
        self.ask(config)
        streamed = self.ask(config, stream=True)
        self.assertEqual(streamed[STATUS], "HIT")
        self.assertIn(b'"name":"f"', streamed.body)
        self.namespace += " 2"
        deltas = [{"tool_calls": [{"index": 0, **call, "function": {"name": "f", "arguments": ""}}]},
                  {"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}]}, {"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]}]
        self.upstream.handler = lambda request, peer: peer.stream(*[event(chunk(delta)) for delta in deltas], event(chunk({}, "tool_calls")), event(b"[DONE]"))
        self.ask(config, stream=True)
        whole = self.ask(config)
        self.assertEqual((whole[STATUS], whole.json["choices"][0]["message"]["tool_calls"]), ("HIT", [call]))

    def test_what_has_no_place(self):
        """an answer with something that only one form has a place for is fetched anew in the other"""
        answers = (said("a", annotations=[{"type": "url_citation"}]), said("a", audio={"id": "x"}), said("a", reasoning_content="b"))
        for number, answer in enumerate(answers):
            self.namespace = f"{self.id()} {number}"
            self.upstream.handler = lambda request, peer: peer.stream(*events("b")) if request.json.get("stream") else peer.answer(answer)
            self.assert_statuses(["MISS", "MISS", "HIT", "HIT"], self.ask, lambda: self.ask(stream=True), self.ask, lambda: self.ask(stream=True))
        self.namespace = f"{self.id()} logprobs"
        logged = chunk({"content": "a"})
        logged["choices"][0]["logprobs"] = {"content": []}
        self.upstream.handler = lambda request, peer: (
            peer.stream(event(logged), *events("b")[2:]) if request.json.get("stream") else peer.answer(said("a")))
        self.assert_statuses(["MISS", "MISS"], lambda: self.ask(stream=True), self.ask)

    def test_messages(self):
        """Anthropic's messages and their streams serve each other"""
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "c", "content": [{"type": "text", "text": "hello"}],
                   "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 1}}
        self.upstream.handler = lambda request, peer: peer.answer(message)
        headers = {"x-portkey-config": json.dumps(self.config(provider="anthropic")), "x-portkey-cache-namespace": self.namespace}
        body = {"model": "c", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
        ask = lambda stream: self.send("POST", "/v1/messages", headers, {**body, "stream": stream})
        self.assertEqual(ask(False)[STATUS], "MISS")
        stream = ask(True)
        self.assertEqual(stream[STATUS], "HIT")
        names = [line[7:] for line in stream.body.decode().split("\n") if line.startswith("event: ")]
        self.assertEqual((names[0], names[-1]), ("message_start", "message_stop"))
        self.assertIn(b'"text":"hello"', stream.body)
        headers["x-portkey-cache-namespace"] += " 2"
        self.upstream.handler = lambda request, peer: peer.stream(stream.body)
        self.assertEqual(ask(True)[STATUS], "MISS")
        whole = ask(False)
        self.assertEqual((whole[STATUS], whole.json["content"], whole.json["stop_reason"]), ("HIT", message["content"], "end_turn"))
        self.assertEqual((whole.json["id"], whole.json["usage"]["input_tokens"]), ("msg_1", 3))


class Stale(CacheCase):
    """cache: answers that are too old."""

    def test_while_revalidating(self):
        """an old answer is given at once while a new one is fetched, once, which the next request finds"""
        config = self.config(cache={"mode": "simple", "max_age": 1, "stale_while_revalidate": 60})
        first = self.ask(config)
        time.sleep(1.1)
        go = threading.Event()

        def slow(request, peer):
            go.wait(5)
            self.answer(request, peer)
        self.upstream.handler = slow
        started = time.monotonic()
        old = [self.ask(config) for _ in range(5)]
        self.assertLess(time.monotonic() - started, 2)
        self.assertEqual({(answer[STATUS], answer.body) for answer in old}, {("HIT", first.body)})
        self.assertEqual(old[0]["age"], "1")
        go.set()
        deadline = time.monotonic() + 5
        while self.ask(config).body == first.body and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(self.ask(config).json["choices"][0]["message"]["content"], "answer 2")
        self.assertEqual(len(self.upstream.requests), 2)

    def test_if_error(self):
        """where no target answers, an old answer is given: for a 5xx, for a connection that fails, for a time-out; not for a 400"""
        config = self.config(cache={"mode": "simple", "max_age": 1, "stale_if_error": 60}, request_timeout=300)
        first = self.ask(config)
        time.sleep(1.1)
        for handler in (lambda request, peer: peer.answer(ERROR, 500), lambda request, peer: peer.cut(), lambda request, peer: time.sleep(1)):
            self.upstream.handler = handler
            old = self.ask(config)
            self.assertEqual((old.status, old[STATUS], old.body), (200, "HIT", first.body))
        self.upstream.handler = lambda request, peer: peer.answer(ERROR, 400)
        self.assertEqual(self.ask(config).status, 400)
        self.upstream.handler = self.answer
        new = self.ask(config)
        self.assertEqual((new[STATUS], new.body != first.body), ("MISS", True))

    def test_neither(self):
        """without either nobody gets an old answer"""
        config = self.config(cache={"mode": "simple", "max_age": 1})
        self.ask(config)
        time.sleep(1.1)
        self.upstream.handler = lambda request, peer: peer.answer(ERROR, 500)
        self.assertEqual(self.ask(config).status, 500)


class SDKs(CacheCase):
    """cache: the SDKs."""

    def setUp(self):
        super().setUp()
        self.headers = {"x-portkey-config": json.dumps(self.config()), "x-portkey-cache-namespace": self.namespace}

    def statuses(self, create, refresh):
        """MISS, HIT, REFRESH and a streamed HIT, and what each said."""
        raw = [create(), create(), create(extra_headers=refresh)]
        self.assertEqual([answer.headers[STATUS] for answer in raw], ["MISS", "HIT", "REFRESH"])
        said = [answer.parse() for answer in raw]
        stream = create(stream=True)
        self.assertEqual(stream.headers[STATUS], "HIT")
        return said, list(stream.parse())

    def test_openai(self):
        """openai: MISS, HIT, REFRESH, and a HIT that is streamed"""
        client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key="sk-test", default_headers=self.headers, max_retries=0)
        self.addCleanup(client.close)
        ask = lambda **more: client.chat.completions.with_raw_response.create(model="m", messages=[{"role": "user", "content": "hi"}], **more)
        said, chunks = self.statuses(ask, {"x-portkey-cache-force-refresh": "true"})
        self.assertEqual([answer.choices[0].message.content for answer in said], ["answer 1", "answer 1", "answer 2"])
        self.assertEqual("".join(chunk.choices[0].delta.content or "" for chunk in chunks), "answer 2")
        self.assertEqual(chunks[-1].choices[0].finish_reason, "stop")

    def test_anthropic(self):
        """anthropic: MISS, HIT, REFRESH, and a HIT that is streamed"""
        def answer(request, peer):
            with self.lock:
                self.count += 1
                text = f"answer {self.count}"
            peer.answer({"id": "msg_1", "type": "message", "role": "assistant", "model": "c", "content": [{"type": "text", "text": text}],
                         "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 1}})
        self.upstream.handler = answer
        self.headers["x-portkey-config"] = json.dumps(self.config(provider="anthropic"))
        client = anthropic.Anthropic(base_url=self.gateway.url, api_key="sk-test", default_headers=self.headers, max_retries=0)
        self.addCleanup(client.close)
        ask = lambda **more: client.messages.with_raw_response.create(model="c", max_tokens=9, messages=[{"role": "user", "content": "hi"}], **more)
        said, sent = self.statuses(ask, {"x-portkey-cache-force-refresh": "true"})
        self.assertEqual([answer.content[0].text for answer in said], ["answer 1", "answer 1", "answer 2"])
        self.assertEqual("".join(event.delta.text for event in sent if event.type == "content_block_delta"), "answer 2")
        self.assertEqual(sent[-1].type, "message_stop")

    def test_portkey(self):
        """portkey-ai: the README's example prints what it says it does"""
        readme = (ROOT / "README.md").read_text()
        snippet = next(block for block in readme.split("```python\n")[1:] if '"cache"' in block).split("```")[0]
        promised = [line.rpartition("# ")[2] for line in snippet.splitlines() if line.startswith("print(")]
        snippet = snippet.replace("http://127.0.0.1:8787", self.gateway.url).replace('"api_key": "sk-..."', f'"api_key": "sk-{self.namespace}", "custom_host": "{self.upstream.base}"')
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(snippet, "README.md", "exec"), {})
        self.assertEqual(printed.getvalue().split(), promised)
        self.assertEqual(promised, ["MISS", "HIT", "REFRESH", "HIT"])
        self.assertEqual(len(self.upstream.requests), 2)


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
