"""Translated answers byte by byte, and the shapes of answers that SDKs hide."""

import json

import anthropic
import openai
from portkey_ai import Portkey

from harness.native import Claude, Gemini, OpenAI
from harness.translation import CALLS, HELLO, TranslationCase
from harness.wire import Wire, request


def events(body):
    """The data of each event of a stream of OpenAI's, as JSON but for [DONE]."""
    data = [part.removeprefix("data: ") for part in body.decode().split("\n\n") if part]
    return [json.loads(text) if text != "[DONE]" else text for text in data]


class Wires(TranslationCase):
    """Translated streams on the wire."""

    def post(self, provider, model, version="1.1", path="/v1/chat/completions", **members):
        with Wire(self.gateway.port) as wire:
            body = {"model": model, "messages": HELLO, **members}
            data = request("POST", path, {"x-portkey-provider": provider, "Authorization": "Bearer k"}, body)
            return wire.send(data.replace(b"HTTP/1.1", b"HTTP/" + version.encode(), 1)).response()

    def test_claude_stream(self):
        """the reference's case 26: role, text, calls by name, their arguments, the end, usage, [DONE], and nothing else"""
        self.answer(Claude.stream(("text", "we", "ll"), *CALLS, end="calls"))
        response = self.post("claude", Claude.model, stream=True, stream_options={"include_usage": True})
        self.assertEqual((response.ended, response["content-type"], response["x-accel-buffering"]), ("chunked", "text/event-stream; charset=utf-8", "no"))
        *chunks, done = events(response.body)
        self.assertEqual(done, "[DONE]")
        *told, usage = chunks
        self.assertEqual((usage["choices"], usage["usage"]["total_tokens"]), ([], 150))
        self.assertEqual({(chunk["id"], chunk["object"], chunk["model"], chunk["usage"]) for chunk in told},
                         {("msg_01native", "chat.completion.chunk", "claude-sonnet-4-5-20250929", None)})
        choices = [chunk["choices"][0] for chunk in told]
        self.assertEqual([choice["finish_reason"] for choice in choices], [None] * (len(choices) - 1) + ["tool_calls"])
        deltas = [choice["delta"] for choice in choices]
        self.assertEqual(deltas[0], {"role": "assistant", "content": ""})
        self.assertEqual(deltas[1:3], [{"content": "we"}, {"content": "ll"}])
        self.assertEqual(deltas[-1], {})
        calls = [delta["tool_calls"][0] for delta in deltas[3:-1]]
        for index, (_, id, name, arguments) in enumerate(CALLS):
            mine = [call for call in calls if call["index"] == index]
            self.assertEqual(mine[0], {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}})
            self.assertEqual(json.loads("".join(call["function"]["arguments"] for call in mine[1:])), arguments)
        self.assertEqual([call["index"] for call in calls], sorted(call["index"] for call in calls))

    def test_gemini_stream(self):
        """a stream of Gemini's has its end, its usage once, and [DONE]"""
        self.answer(Gemini.stream(("text", "we", "ll"), *CALLS))
        *chunks, usage, done = events(self.post("gem", Gemini.model, stream=True, stream_options={"include_usage": True}).body)
        self.assertEqual((done, usage["usage"]["total_tokens"]), ("[DONE]", 150))
        self.assertEqual([chunk["choices"][0]["delta"]["tool_calls"][0]["index"] for chunk in chunks if chunk["choices"][0]["delta"].get("tool_calls")
                          and "id" in chunk["choices"][0]["delta"]["tool_calls"][0]], [0, 1])
        self.assertEqual([chunk["choices"][0]["finish_reason"] for chunk in chunks if chunk["choices"][0]["finish_reason"]], ["tool_calls"])

    def test_old_client(self):
        """an HTTP/1.0 client gets the stream without chunks, ended by the connection's end"""
        self.answer(Claude.stream(("text", "hello")))
        response = self.post("claude", Claude.model, version="1.0", stream=True)
        self.assertEqual((response.ended, response["transfer-encoding"]), ("close", None))
        self.assertEqual(events(response.body)[-1], "[DONE]")

    def test_fields_of_the_answer(self):
        """a whole answer's fields: its own length and type, the provider's limits, who answered, and no field of the other body's"""
        headers = [("anthropic-ratelimit-requests-remaining", "41"), ("Content-Language", "en"), ("Set-Cookie", "a=b")]
        self.upstream.handler = lambda request, peer: peer.answer(Claude.whole(("text", "hello")), headers=headers)
        response = self.post("claude", Claude.model)
        self.assertEqual((response["content-type"], response.all("content-length")), ("application/json", [str(len(response.body))]))
        self.assertEqual((response["x-portkey-provider"], response["anthropic-ratelimit-requests-remaining"]), ("claude", "41"))

    def test_json_instead_of_a_stream(self):
        """a provider that answers a stream's request with a whole answer is heard, or is an error; never an empty stream"""
        for provider, native in (("claude", Claude), ("gem", Gemini)):
            with self.subTest(provider=provider):
                self.answer(native.whole(("text", "hello")))
                try:
                    stream = self.openai(provider).chat.completions.create(model=native.model, messages=HELLO, stream=True)
                    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
                except openai.APIError:
                    continue
                self.assertEqual(text, "hello")
        self.answer(OpenAI.whole(("text", "hello")))
        try:
            stream = self.anthropic("oai").messages.create(model="m", max_tokens=5, messages=HELLO, stream=True)
            text = "".join(event.delta.text for event in stream if event.type == "content_block_delta")
        except anthropic.APIError:
            return
        self.assertEqual(text, "hello")

    def test_lone_surrogates(self):
        """text that JSON allows and UTF-8 does not goes through as it is escaped"""
        answer = json.dumps(Claude.whole(("text", "a"))).encode().replace(b'"a"', b'"\\ud83d \\u0000"')
        self.upstream.handler = lambda request, peer: peer.answer(answer, headers=[("Content-Type", "application/json")])
        response = self.post("claude", Claude.model)
        self.assertEqual(response.json["choices"][0]["message"]["content"], "\ud83d \0")


class WithPortkey(TranslationCase):
    """portkey-ai's client of Claude."""

    def client(self, **options):
        return Portkey(base_url=f"{self.gateway.url}/v1", api_key="pk-test", provider="claude", Authorization="Bearer sk-caller", **options)

    def test_loose(self):
        """strict_open_ai_compliance=False, the SDK's default, brings content_blocks; True brings none"""
        self.answer(Claude.whole(("thinking", "c2ln", "hm"), ("text", "hello")))
        message = self.client().chat.completions.create(model=Claude.model, messages=HELLO).choices[0].message
        self.assertEqual([block["type"] for block in message.content_blocks], ["thinking", "text"])
        message = self.client(strict_open_ai_compliance=True).chat.completions.create(model=Claude.model, messages=HELLO).choices[0].message
        self.assertFalse(getattr(message, "content_blocks", None))

    def test_config_is_loose(self):
        """a config's strict_open_ai_compliance does the same"""
        self.answer(Claude.whole(("thinking", "c2ln", "hm"), ("text", "hello")))
        config = {"provider": "claude", "api_key": "k", "strict_open_ai_compliance": False}
        message = self.openai(config).chat.completions.create(model=Claude.model, messages=HELLO).choices[0].message
        self.assertEqual([block["type"] for block in message.content_blocks], ["thinking", "text"])
