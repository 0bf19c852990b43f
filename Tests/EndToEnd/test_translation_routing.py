"""Translation and routing together: fallback, repeats, answers that cannot be read, and what a connection goes through."""

import concurrent.futures
import gzip
import json
import time

import anthropic
import openai

from harness.native import Claude, Gemini, OpenAI
from harness.translation import HELLO, Fault, TranslationCase, give

TEXT = ("text", "hello")


def targets(*providers, **members):
    """A config that falls back from one to the next."""
    return {"strategy": {"mode": "fallback"}, "targets": [{"provider": provider.provider, "api_key": "sk-t", **members.get(provider.provider, {})}
                                                          for provider in providers]}


FALLBACK = targets(OpenAI, Claude, Gemini, claude={"override_params": {"model": Claude.model}}, gem={"override_params": {"model": Gemini.model}})


class Fallback(TranslationCase):
    """Fallback across dialects."""

    def by_path(self, **answers):
        """Answers by the dialect that the request's path is of."""
        def handler(request, peer):
            dialect = "claude" if request.target.startswith("/v1/messages") else "gem" if request.target.startswith("/v1beta") else "oai"
            answer = answers[dialect]
            if callable(answer):
                answer(request, peer)
            else:
                give(peer, answer)
        self.upstream.handler = handler

    @property
    def targets(self):
        return [request.target for request in self.upstream.requests]

    def test_openai_then_claude(self):
        """one body goes to OpenAI as it is and then to Claude translated"""
        self.by_path(oai=Fault(OpenAI, 500), claude=Claude.whole(TEXT))
        raw = self.openai(FALLBACK).chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=HELLO, max_completion_tokens=9, stop="END")
        self.assertEqual((raw.parse().choices[0].message.content, raw.headers["x-portkey-last-used-option-index"]), ("hello", "config.targets[1]"))
        self.assertEqual(raw.headers["x-portkey-provider"], "claude")
        self.assertEqual(self.targets, [OpenAI.path, Claude.path])
        self.assertEqual(self.upstream.requests[0].json, {"model": "gpt-4o-mini", "messages": HELLO, "max_completion_tokens": 9, "stop": "END"})
        self.assertEqual(self.sent, {"model": Claude.model, "messages": HELLO, "max_tokens": 9, "stop_sequences": ["END"]})

    def test_all_three(self):
        """the third dialect gets the body anew, too"""
        self.by_path(oai=Fault(OpenAI, 429), claude=Fault(Claude, 529), gem=Gemini.whole(TEXT))
        self.assertEqual(self.openai(FALLBACK).chat.completions.create(model="m", messages=HELLO).choices[0].message.content, "hello")
        self.assertEqual(self.targets, [OpenAI.path, Claude.path, Gemini.path])
        self.assertEqual(self.sent, {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]})

    def test_back_to_its_own(self):
        """from a translated target back to one of the client's own dialect the body goes as it is, bytes and all"""
        config = targets(Claude, OpenAI)
        self.by_path(oai=OpenAI.whole(TEXT), claude=Fault(Claude, 529))
        completion = self.openai(config).chat.completions.create(model="m", messages=HELLO, seed=7, extra_body={"mystery": [1]})
        self.assertEqual(completion.system_fingerprint, "fp_1")
        self.assertEqual(self.sent, {"model": "m", "messages": HELLO, "seed": 7, "mystery": [1]})

    def test_warnings_are_the_last_targets(self):
        """warnings are of the target that answered"""
        config = targets(Claude, OpenAI)
        self.by_path(oai=OpenAI.whole(TEXT), claude=Fault(Claude, 529))
        raw = self.openai(config).chat.completions.with_raw_response.create(model="m", messages=HELLO, seed=7)
        self.assertIsNone(raw.headers.get("x-sluice-warnings"))

    def test_anthropic_client(self):
        """an anthropic client falls back from Claude to OpenAI and to Gemini"""
        for last in (OpenAI, Gemini):
            with self.subTest(last=last.provider):
                self.by_path(claude=Fault(Claude, 529), oai=OpenAI.whole(TEXT), gem=Gemini.whole(TEXT))
                self.assertEqual(self.anthropic(targets(Claude, last)).messages.create(model="c", max_tokens=5, messages=HELLO).content[0].text, "hello")

    def test_what_one_cannot_take(self):
        """what the first target cannot take goes to the next that can; the client's own faults go to none (reference §13, 11)"""
        recording = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
        messages = [{"role": "user", "content": [recording]}]
        self.by_path(claude=Claude.whole(TEXT), gem=Gemini.whole(TEXT))
        client = self.openai(targets(Claude, Gemini))
        with self.assertRaises(openai.BadRequestError):
            client.chat.completions.create(model="m", messages=[{"role": "wizard", "content": "x"}])
        self.assertEqual(self.upstream.requests, [])
        self.assertEqual(client.chat.completions.create(model="gemini-2.5-flash", messages=messages).choices[0].message.content, "hello")
        self.assertEqual(self.targets, [Gemini.path])

    def test_strict_params_fall_back(self):
        """a target that cannot honour all of a strict request is passed over for one that can"""
        self.by_path(claude=Claude.whole(TEXT), oai=OpenAI.whole(TEXT))
        client = self.openai(targets(Claude, OpenAI), {"x-sluice-strict-params": "1"})
        self.assertEqual(client.chat.completions.create(model="m", messages=HELLO, seed=7).choices[0].message.content, "hello")
        self.assertEqual(self.targets, [OpenAI.path])

    def test_streams(self):
        """a stream falls back before its first event"""
        self.by_path(oai=Fault(OpenAI, 503), claude=Claude.stream(("text", "hel", "lo")))
        with self.openai(FALLBACK).chat.completions.stream(model="m", messages=HELLO) as stream:
            self.assertEqual(stream.get_final_completion().choices[0].message.content, "hello")

    def test_repeats(self):
        """a repeat at a translated target sends the same bytes again"""
        self.answer(Fault(Claude, 529), Claude.whole(TEXT))
        config = {"provider": "claude", "retry": {"attempts": 1, "on_status_codes": [529]}}
        raw = self.openai(config).chat.completions.with_raw_response.create(model="claude-haiku-4-5", messages=HELLO, seed=1)
        self.assertEqual((raw.headers["x-portkey-retry-attempt-count"], raw.headers["x-sluice-warnings"]), ("1", "dropped: seed"))
        first, second = self.upstream.requests
        self.assertEqual((first.target, first.body), (second.target, second.body))

    def test_unreadable_answers(self):
        """a whole answer that is no JSON, not of the dialect, cut, or not whole, falls back to the next target"""
        def page(request, peer):
            peer.answer(b"<html>hello</html>", headers=[("Content-Type", "text/html")])

        def cut(request, peer):
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{\"id\": ")
            peer.cut()
        half = json.dumps(Claude.whole(TEXT)).encode()[:-9]
        for name, answer in {"page": page, "foreign": {"hello": 1}, "cut": cut, "half": lambda request, peer: peer.answer(half), "empty": b""}.items():
            with self.subTest(answer=name):
                self.by_path(oai=Fault(OpenAI, 500), claude=answer, gem=Gemini.whole(TEXT))
                self.assertEqual(self.openai(FALLBACK).chat.completions.create(model="m", messages=HELLO).choices[0].message.content, "hello")

    def test_unreadable_last_answer(self):
        """where no target is left, an answer that cannot be read is a 502 that says so"""
        self.upstream.handler = lambda request, peer: peer.answer(b"<html>hello</html>", headers=[("Content-Type", "text/html")])
        with self.assertRaises(openai.InternalServerError) as caught:
            self.openai("claude").chat.completions.create(model="m", messages=HELLO)
        self.assertEqual((caught.exception.status_code, caught.exception.code), (502, "upstream_unreadable"))
        with self.assertRaises(anthropic.InternalServerError) as caught:
            self.anthropic("oai").messages.create(model="m", max_tokens=5, messages=HELLO)
        self.assertEqual((caught.exception.status_code, caught.exception.body["error"]["type"]), (502, "api_error"))

    def test_error_with_status_200(self):
        """an error that comes with 200 is no success: the SDK raises"""
        for provider, model in ((Gemini, "gem"), (OpenAI, "oai")):
            with self.subTest(provider=model):
                self.answer(provider.error(503)[0])
                client = self.openai(model).chat.completions if provider is Gemini else self.anthropic(model).messages
                with self.assertRaises((openai.APIError, anthropic.APIError)) as caught:
                    client.create(model="m", max_tokens=5, messages=HELLO)
                self.assertIn("native no", str(caught.exception))

    def test_error_with_status_200_falls_back(self):
        """an error that comes with 200 is no success: the next target is tried"""
        self.by_path(gem=Gemini.error(503)[0], claude=Claude.whole(TEXT))
        self.assertEqual(self.openai(targets(Gemini, Claude)).chat.completions.create(model="m", messages=HELLO).choices[0].message.content, "hello")


class Passing(TranslationCase):
    """Translated requests on the wire."""

    def test_no_compression(self):
        """the provider is not told that compressed answers are welcome: they have to be read"""
        self.answer(Claude.whole(TEXT))
        self.openai("claude").chat.completions.create(model="m", messages=HELLO)
        self.assertIn(self.upstream.requests[0]["accept-encoding"], (None, "identity"))

    def test_compressed_all_the_same(self):
        """an answer that comes compressed all the same is a clear 502, or is read"""
        body = gzip.compress(json.dumps(Claude.whole(TEXT)).encode())
        self.upstream.handler = lambda request, peer: peer.answer(body, headers=[("Content-Type", "application/json"), ("Content-Encoding", "gzip")])
        try:
            completion = self.openai("claude").chat.completions.create(model="m", messages=HELLO)
        except openai.InternalServerError as fault:
            self.assertEqual(fault.status_code, 502)
        else:
            self.assertEqual(completion.choices[0].message.content, "hello")

    def test_big(self):
        """a megabyte goes each way, whole and streamed"""
        text = "\"é\\\n" * 200_000
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                self.answer((Claude.stream if streamed else Claude.whole)(("text", text)))
                chat = self.openai("claude").chat.completions
                messages = [{"role": "user", "content": text}]
                if streamed:
                    got = "".join(chunk.choices[0].delta.content or "" for chunk in chat.create(model="m", messages=messages, stream=True))
                else:
                    got = chat.create(model="m", messages=messages).choices[0].message.content
                self.assertTrue(got == text)
                self.assertTrue(self.sent["messages"][0]["content"] == text)

    def test_chunked_answer(self):
        """a whole answer that comes in chunks, cut anywhere, is read"""
        body = json.dumps(Gemini.whole(TEXT)).encode()
        self.upstream.handler = lambda request, peer: peer.stream(*(body[at:at + 7] for at in range(0, len(body), 7)), kind="application/json")
        self.assertEqual(self.openai("gem").chat.completions.create(model="m", messages=HELLO).choices[0].message.content, "hello")

    def test_answer_without_length(self):
        """a stream without framing, which the end of its connection ends, is whole when its dialect says so"""
        def handler(request, peer):
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + b"".join(Claude.stream(TEXT)))
            peer.cut()
        self.upstream.handler = handler
        with self.openai("claude").chat.completions.stream(model="m", messages=HELLO) as stream:
            self.assertEqual(stream.get_final_completion().choices[0].message.content, "hello")

    def test_connections_are_kept(self):
        """connections on both sides are used again after answers of each kind"""
        client = self.openai("claude")
        before = self.upstream.connections
        for answer in (Claude.whole(TEXT), Claude.stream(TEXT), Fault(Claude, 400), Claude.whole(TEXT)):
            self.answer(answer)
            try:
                result = client.chat.completions.create(model="m", messages=HELLO, stream=isinstance(answer, list))
                if isinstance(answer, list):
                    list(result)
            except openai.BadRequestError:
                pass
        self.assertLessEqual(self.upstream.connections - before, 2, "one for each worker at most")

    def test_client_leaves(self):
        """a client that leaves ends the provider's stream"""
        closed = []

        def handler(request, peer):
            try:
                peer.stream(*Claude.stream(("text", "a", "b"))[:4], end=False)
                closed.append(peer.closed_at(within=5))
            except OSError:  # it left while the events were being sent
                closed.append(time.monotonic())
            peer.connection.close()
        self.upstream.handler = handler
        stream = self.openai("claude").chat.completions.create(model="m", messages=HELLO, stream=True)
        next(iter(stream))
        left = time.monotonic()
        stream.close()
        while not closed and time.monotonic() < left + 6:
            time.sleep(0.01)
        self.assertTrue(closed and closed[0], "the upstream connection was never closed")
        self.assertLess(closed[0] - left, 0.5)

    def test_many_at_once(self):
        """forty translated streams at once keep to themselves"""
        def handler(request, peer):
            said = request.json["messages"][0]["content"]
            peer.stream(*Claude.stream(("text", *(f"{said} {n}," for n in range(20)))), gap=0.002)
        self.upstream.handler = handler
        client = self.openai("claude")

        def read(name):
            stream = client.chat.completions.create(model="m", messages=[{"role": "user", "content": name}], stream=True)
            return "".join(chunk.choices[0].delta.content or "" for chunk in stream)
        names = [f"name{n}" for n in range(40)]
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            for name, text in zip(names, pool.map(read, names)):
                self.assertEqual(text, "".join(f"{name} {n}," for n in range(20)))

    def test_pings(self):
        """comments and pings in a provider's stream do no harm"""
        events = Claude.stream(TEXT)
        self.answer([b": hello\n\n", events[0], Claude.event({"type": "ping"}), b":\n\n", *events[1:]])
        with self.openai("claude").chat.completions.stream(model="m", messages=HELLO) as stream:
            self.assertEqual(stream.get_final_completion().choices[0].message.content, "hello")

    def test_operators_credential(self):
        """a caller's credential goes to the provider, and the operator's goes to none that was not asked to"""
        self.answer(Claude.whole(TEXT))
        self.openai("claude").chat.completions.create(model="m", messages=HELLO)
        self.assertNotIn(b"sk-operator", self.upstream.requests[0].raw)
