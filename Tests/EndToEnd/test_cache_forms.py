"""The response cache: streams, an answer in its other form, answers that are too old, and the SDKs."""

import contextlib
import io
import json
import subprocess
import threading
import time

import anthropic
import openai

from harness.cache import STATUS, CacheCase, chunk, event, events, pieces, said
from harness.gateway import ROOT
from harness.upstream import ERROR
from harness.waiting import soon
from harness.wire import Wire, request


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
        """a stream that ends early is not kept: cut, without its last event, with an error, in the middle of an event, or ended without a reason"""
        def handler(runs, end=True):
            def answer(request, peer):
                peer.stream(*runs, end=end)
                if not end:
                    peer.cut()
            return answer
        error = event({"error": {"message": "overloaded", "type": "server_error"}})
        for runs, end in ((events("a")[:2], False), (events("a", done=False), True), ([*events("a")[:2], error, event(b"[DONE]")], True),
                          ([*events("a"), b"data: {"], True), (events("a", finish="content_filter"), True), (events("a", finish=None), True)):
            self.upstream.handler = handler(runs, end)
            self.assert_statuses(["MISS", "MISS"], self.stream, self.stream)

    def test_pace(self):
        """a kept stream is given again at the pace the config asks for, event by event, and the rest at once when the request's time is over"""
        self.upstream.handler = lambda request, peer: peer.stream(*events(*"abcdefgh"))
        config = self.config(cache={"mode": "simple", "replay_events_per_second": 10})
        self.stream(config)
        headers = {"x-portkey-config": json.dumps(config), "x-portkey-cache-namespace": self.namespace}
        for version in (b"HTTP/1.1", b"HTTP/1.0"):
            with Wire(self.gateway.port) as wire:
                body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], "stream": True}
                wire.send(request("POST", "/v1/chat/completions", headers, body).replace(b"HTTP/1.1", version, 1))
                head, started, times, whole = wire.head(), time.monotonic(), [], b""
                self.assertEqual((head[STATUS], head["content-length"]), ("HIT", None))
                for part in wire.body(head):
                    times.append(time.monotonic() - started)
                    whole += part
            self.assertEqual(whole, b"".join(events(*"abcdefgh")))
            # Eleven events, the last of them a second after the first.
            self.assertGreater(times[-1], 0.8)
            self.assertGreater(len(times), 5)
        started = time.monotonic()
        fields = [part for name, value in {**headers, "content-type": "application/json"}.items() for part in ("-H", f"{name}: {value}")]
        ran = subprocess.run(
            ["curl", "-sSN", "--http2-prior-knowledge", "-m", "20", *fields, "-d", json.dumps(body), f"{self.gateway.url}/v1/chat/completions"],
            capture_output=True, timeout=30)
        self.assertEqual(ran.stdout, b"".join(events(*"abcdefgh")), ran)
        self.assertGreater(time.monotonic() - started, 0.8)
        at_once = self.stream()
        self.assertEqual((at_once[STATUS], at_once.ended), ("HIT", "length"))

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

    def test_completions(self):
        """completions and their streams serve each other"""
        headers = {"x-portkey-config": json.dumps(self.config()), "x-portkey-cache-namespace": self.namespace}
        whole = {"id": "cmpl-1", "object": "text_completion", "created": 5, "model": "m",
                 "choices": [{"text": "hello", "index": 0, "logprobs": None, "finish_reason": "stop"}],
                 "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}}
        self.upstream.handler = lambda request, peer: peer.answer(whole)
        ask = lambda stream: self.send("POST", "/v1/completions", headers, {"model": "m", "prompt": "hi", "stream": stream})
        self.assertEqual(ask(False)[STATUS], "MISS")
        stream = ask(True)
        self.assertEqual((stream[STATUS], stream.body.endswith(b"data: [DONE]\n\n")), ("HIT", True))
        self.assertEqual(json.loads(stream.body.split(b"\n")[0][6:])["choices"], whole["choices"])
        headers["x-portkey-cache-namespace"] += " 2"
        self.upstream.handler = lambda request, peer: peer.stream(stream.body)
        self.assertEqual(ask(True)[STATUS], "MISS")
        again = ask(False)
        self.assertEqual((again[STATUS], again.json["choices"]), ("HIT", whole["choices"]))
        self.assertEqual(len(self.upstream.requests), 2)

    def test_responses(self):
        """responses and their streams serve each other, to the openai SDK, too"""
        whole = {"id": "resp_1", "object": "response", "created_at": 5, "status": "completed", "error": None, "incomplete_details": None, "model": "m",
                 "output": [{"id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
                             "content": [{"type": "output_text", "annotations": [], "text": "hello"}]}],
                 "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
                 "usage": {"input_tokens": 3, "output_tokens": 1, "total_tokens": 4,
                           "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}}
        # As it is sent: in one line.
        body = json.dumps(whole).encode()
        self.upstream.handler = lambda request, peer: peer.answer(body, headers=[("content-type", "application/json")])
        headers = {"x-portkey-config": json.dumps(self.config()), "x-portkey-cache-namespace": self.namespace}
        client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key="sk-test", default_headers=headers, max_retries=0)
        self.addCleanup(client.close)
        ask = lambda **more: client.responses.with_raw_response.create(model="m", input="hi", **more)
        self.assertEqual(ask().headers[STATUS], "MISS")
        stream = ask(stream=True)
        self.assertEqual(stream.headers[STATUS], "HIT")
        sent = list(stream.parse())
        self.assertEqual("".join(event.delta for event in sent if event.type == "response.output_text.delta"), "hello")
        self.assertEqual((sent[0].type, sent[-1].type, sent[-1].response.output_text), ("response.created", "response.completed", "hello"))
        headers["x-portkey-cache-namespace"] += " 2"
        text = self.send("POST", "/v1/responses", {**headers, "x-portkey-cache-namespace": self.namespace, "authorization": "Bearer sk-test"},
                         {"model": "m", "input": "hi", "stream": True})
        self.assertEqual(text[STATUS], "HIT")
        self.upstream.handler = lambda request, peer: peer.stream(text.body)
        both = [self.send("POST", "/v1/responses", headers, {"model": "m", "input": "hi", "stream": stream}) for stream in (True, False)]
        self.assertEqual([(answer.status, answer[STATUS]) for answer in both], [(200, "MISS"), (200, "HIT")])
        self.assertEqual(both[1].json, whole)


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
        soon(lambda: len(self.upstream.requests) > 1)
        self.assertEqual(len(self.upstream.requests), 2)
        go.set()
        deadline = time.monotonic() + 5
        while (fresh := self.ask(config)).body == first.body and time.monotonic() < deadline:
            time.sleep(0.02)
        # Of this one alone: what is asked later may be of another, which a slow machine has let grow old.
        self.assertEqual(fresh.json["choices"][0]["message"]["content"], "answer 2")

    def test_if_error(self):
        """where no target answers, an old answer is given: for a 5xx, 408, 429, a failed connection, what is no HTTP, a time-out; not for any other status"""
        config = self.config(cache={"mode": "simple", "max_age": 1, "stale_if_error": 3600})
        first = self.ask(config)
        time.sleep(1.1)
        handlers = {status: lambda request, peer, status=status: peer.answer(ERROR, status) for status in (408, 429, 500, 501, 502, 503, 504, 529, 599)}
        handlers |= {"cut": lambda request, peer: peer.cut(), "reset": lambda request, peer: peer.cut(reset=True),
                     "in the head": lambda request, peer: (peer.send(b"HTTP/1.1 200 OK\r\ncontent-"), peer.cut()),
                     "no HTTP": lambda request, peer: (peer.send(b"SSH-2.0-x\r\n\r\n"), peer.cut()), "late": lambda request, peer: time.sleep(2)}
        for what, handler in handlers.items():
            self.upstream.handler = handler
            # How long is waited is no part of what is asked.
            old = self.ask({**config, "request_timeout": 300} if what == "late" else config)
            self.assertEqual((old.status, old[STATUS], old.body), (200, "HIT", first.body), what)
            self.assertGreaterEqual(int(old["age"]), 1, what)
        for status in (301, 400, 401, 402, 403, 404, 409, 413, 415, 422):
            self.upstream.handler = lambda request, peer: peer.answer(ERROR, status)
            answer = self.ask(config)
            self.assertEqual((answer.status, answer["age"]), (status, None))
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
