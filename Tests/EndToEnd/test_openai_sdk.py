"""The openai SDK, as its users call it, against the mock provider."""

import asyncio
import io
import itertools
import json
import time
import unittest

import openai

from harness.gateway import Gateway, GatewayCase, mock

HELLO = [{"role": "user", "content": "hello"}]
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}
_users = itertools.count(time.time_ns())


def user():
    """A name the mock has not seen, so that its failures start over."""
    return f"user-{next(_users)}"


class OpenAICase(GatewayCase):
    """Clients of the mock, by headers or by config, and of the test's own upstream."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        mock()

    def client(self, config=None, base=None, **options):
        headers = {"x-portkey-config": json.dumps(config)} if config else {
            "x-portkey-provider": "openai", "x-portkey-custom-host": base or mock().base}
        options = {"max_retries": 0, "api_key": "sk-test", "timeout": 10, **options}
        client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", default_headers=headers, **options)
        self.addCleanup(client.close)
        return client

    def assert_whole(self, stream, expected_tokens):
        """A stream with a role or content first, a finish reason, and that many pieces of content."""
        chunks = list(stream)
        pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
        self.assertEqual(len(pieces), expected_tokens, pieces)
        self.assertIn("stop", [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices])
        return chunks


class Chat(OpenAICase):
    """openai: chat."""

    def test_chat(self):
        """a completion with its usage"""
        completion = self.client().chat.completions.create(model="mock", messages=HELLO)
        self.assertTrue(completion.choices[0].message.content)
        self.assertEqual(completion.choices[0].finish_reason, "stop")
        self.assertGreater(completion.usage.total_tokens, 0)

    def test_streamed(self):
        """a streamed completion, with no usage chunk nobody asked for"""
        stream = self.client().chat.completions.create(model="mock?tokens=12&gap=2", messages=HELLO, stream=True)
        chunks = self.assert_whole(stream, 12)
        self.assertTrue(all(chunk.choices for chunk in chunks))

    def test_streamed_usage(self):
        """a streamed completion with the usage it asked for, last"""
        stream = self.client().chat.completions.create(model="mock?tokens=5&gap=1", messages=HELLO, stream=True, stream_options={"include_usage": True})
        chunks = self.assert_whole(stream, 5)
        self.assertEqual(chunks[-1].choices, [])
        self.assertGreater(chunks[-1].usage.total_tokens, 0)

    def test_stream_is_paced(self):
        """events arrive as they are made, not at the end"""
        started = time.monotonic()
        at = [time.monotonic() - started for _ in self.client().chat.completions.create(model="mock?tokens=10&gap=50", messages=HELLO, stream=True)]
        self.assertLess(at[0], 0.3)
        self.assertGreater(at[-1] - at[0], 0.35)

    def test_stream_left_early(self):
        """a stream that is closed early ends its upstream's, too"""
        before = mock().stats()["aborted_by_client"]
        stream = self.client().chat.completions.create(model="mock?tokens=1000&gap=20", messages=HELLO, stream=True)
        next(iter(stream))
        stream.close()
        deadline = time.monotonic() + 2
        while mock().stats()["aborted_by_client"] == before and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(mock().stats()["aborted_by_client"], before + 1)

    def test_tools_arrive(self):
        """tools, their choice and a tool's round trip arrive unchanged"""
        messages = [*HELLO, {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]},
                    {"role": "tool", "tool_call_id": "c1", "content": "sunny"}]
        self.client(base=self.upstream.base).chat.completions.create(model="m", messages=messages, tools=[TOOL], tool_choice="auto", parallel_tool_calls=False)
        sent = self.upstream.requests[0].json
        self.assertEqual((sent["tools"], sent["messages"], sent["tool_choice"], sent["parallel_tool_calls"]), ([TOOL], messages, "auto", False))

    def test_tool_calls(self):
        """a tool call comes back"""
        call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}
        self.upstream.handler = lambda request, peer: peer.answer({"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [
            {"index": 0, "message": {"role": "assistant", "content": None, "tool_calls": [call]}, "finish_reason": "tool_calls"}]})
        completion = self.client(base=self.upstream.base).chat.completions.create(model="m", messages=HELLO, tools=[TOOL])
        self.assertEqual(json.loads(completion.choices[0].message.tool_calls[0].function.arguments), {"city": "Oslo"})

    def test_streamed_tool_calls(self):
        """a streamed tool call comes back in its pieces"""
        def chunk(**choice):
            return b"data: " + json.dumps({"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [
                {"index": 0, "delta": {}, "finish_reason": None, **choice}]}).encode() + b"\n\n"
        pieces = ['{"ci', 'ty":"Os', 'lo"}']
        first = chunk(delta={"role": "assistant", "tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "weather", "arguments": ""}}]})
        rest = [chunk(delta={"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}) for piece in pieces]
        self.upstream.handler = lambda request, peer: peer.stream(first, *rest, chunk(finish_reason="tool_calls"), b"data: [DONE]\n\n")
        stream = self.client(base=self.upstream.base).chat.completions.create(model="m", messages=HELLO, tools=[TOOL], stream=True)
        arguments = "".join(call.function.arguments for chunk in stream for call in chunk.choices[0].delta.tool_calls or [])
        self.assertEqual(json.loads(arguments), {"city": "Oslo"})

    def test_unknown_members(self):
        """members the gateway does not know arrive upstream"""
        completion = self.client().chat.completions.with_raw_response.create(model="mock?echo=1", messages=HELLO, extra_body={"brand_new": {"a": [1, 2]}})
        self.assertIn("brand_new", completion.text)

    def test_completions(self):
        """legacy completions"""
        self.upstream.handler = lambda request, peer: peer.answer({"id": "x", "object": "text_completion", "created": 1, "model": "m", "choices": [
            {"index": 0, "text": "yes", "finish_reason": "stop", "logprobs": None}]})
        completion = self.client(base=self.upstream.base).completions.create(model="m", prompt="well?")
        self.assertEqual((completion.choices[0].text, self.upstream.requests[0].target), ("yes", "/v1/completions"))

    def test_async(self):
        """a hundred calls at once from the asynchronous client"""
        async def crowd():
            headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": mock().base}
            async with openai.AsyncOpenAI(base_url=f"{self.gateway.url}/v1", api_key="k", default_headers=headers, max_retries=0) as client:
                return await asyncio.gather(*(client.chat.completions.create(model="mock?latency=20", messages=HELLO) for _ in range(100)))
        self.assertEqual(len([completion for completion in asyncio.run(crowd()) if completion.choices[0].message.content]), 100)


class OtherRoutes(OpenAICase):
    """openai: other routes."""

    def test_embeddings(self):
        """embeddings as the SDK asks for them (base64), one each input"""
        answer = self.client().embeddings.create(model="mock", input=["a", "b"])
        self.assertEqual(len(answer.data), 2)
        self.assertTrue(all(isinstance(value, float) for value in answer.data[0].embedding))

    def test_float_embeddings(self):
        """embeddings as floats"""
        answer = self.client().embeddings.create(model="mock", input="a", encoding_format="float")
        self.assertGreater(len(answer.data[0].embedding), 1)

    def test_models(self):
        """the list of models"""
        self.assertIn("mock", [model.id for model in self.client().models.list()])

    def test_transcription(self):
        """a multipart upload"""
        audio = bytes(range(256)) * 400
        self.upstream.handler = lambda request, peer: peer.answer({"text": "hello"})
        answer = self.client(base=self.upstream.base).audio.transcriptions.create(model="whisper-1", file=("a.wav", io.BytesIO(audio)))
        sent = self.upstream.requests[0]
        self.assertEqual(answer.text, "hello")
        self.assertTrue(sent["content-type"].startswith("multipart/form-data; boundary="))
        self.assertIn(audio, sent.body)

    def test_speech(self):
        """a binary answer, streamed"""
        audio = bytes(range(256)) * 4000
        self.upstream.handler = lambda request, peer: peer.answer(audio, 200, [("Content-Type", "audio/mpeg")])
        with self.client(base=self.upstream.base).audio.speech.with_streaming_response.create(model="tts-1", voice="alloy", input="hi") as answer:
            self.assertEqual(answer.read(), audio)

    def test_file_routes(self):
        """upload, list and delete of files"""
        client = self.client(base=self.upstream.base)
        file = {"id": "f1", "object": "file", "bytes": 3, "created_at": 1, "filename": "a", "purpose": "batch", "status": "processed"}
        self.upstream.handler = lambda request, peer: peer.answer(file if request.method == "POST" else
                                                                  {"id": "f1", "object": "file", "deleted": True} if request.method == "DELETE" else
                                                                  {"object": "list", "data": [file], "has_more": False})
        self.assertEqual(client.files.create(file=b"abc", purpose="batch").id, "f1")
        self.assertEqual([entry.id for entry in client.files.list()], ["f1"])
        self.assertTrue(client.files.delete("f1").deleted)
        self.assertEqual([request.method for request in self.upstream.requests], ["POST", "GET", "DELETE"])

    def test_responses(self):
        """the responses route passes"""
        self.client(base=self.upstream.base).post("/responses", body={"model": "m", "input": "hi"}, cast_to=object)
        self.assertEqual(self.upstream.requests[0].target, "/v1/responses")


class Failures(OpenAICase):
    """openai: failures."""

    def test_exceptions(self):
        """each status raises the SDK's own exception"""
        for status, kind in [(400, openai.BadRequestError), (401, openai.AuthenticationError), (403, openai.PermissionDeniedError),
                             (404, openai.NotFoundError), (409, openai.ConflictError), (422, openai.UnprocessableEntityError),
                             (429, openai.RateLimitError), (500, openai.InternalServerError), (503, openai.InternalServerError)]:
            with self.subTest(status=status), self.assertRaises(kind) as caught:
                self.client().chat.completions.create(model=f"mock?status={status}", messages=HELLO)
            self.assertEqual(caught.exception.status_code, status)
            self.assertTrue(caught.exception.body and caught.exception.body.get("message"), caught.exception.body)
            self.assertTrue(caught.exception.response.headers["x-portkey-trace-id"])

    def test_streamed_exception(self):
        """a stream refused by its upstream raises as well"""
        with self.assertRaises(openai.RateLimitError):
            self.client().chat.completions.create(model="mock?status=429", messages=HELLO, stream=True)

    def test_own_refusal(self):
        """the gateway's own refusal raises with its words"""
        with self.assertRaises(openai.BadRequestError) as caught:
            self.client(config={"strategy": {"mode": "zz"}, "targets": [mock().target()]}).chat.completions.create(model="m", messages=HELLO)
        self.assertIn("Invalid config", str(caught.exception))

    def test_cut_stream(self):
        """a stream that its upstream cut raises; it does not just end"""
        with self.assertRaises((openai.APIError, Exception)) as caught:
            list(self.client().chat.completions.create(model="mock?tokens=20&gap=1&cut=3", messages=HELLO, stream=True))
        self.assertNotIsInstance(caught.exception, AssertionError)

    def test_sdk_retry(self):
        """the SDK's own retry gets through an upstream that fails twice"""
        client = self.client(max_retries=3)
        self.assertTrue(client.chat.completions.create(model="mock?fail=2", messages=HELLO, user=user()).choices)

    def test_gateway_retry(self):
        """the gateway's retry gets through it without the SDK's help"""
        config = {**mock().target(), "retry": {"attempts": 2}}
        answer = self.client(config).chat.completions.with_raw_response.create(model="mock?fail=1", messages=HELLO, user=user())
        self.assertEqual(answer.headers["x-portkey-retry-attempt-count"], "1")

    def test_sdk_timeout(self):
        """the SDK's timeout fires on an upstream that hangs, and the upstream's call is given up"""
        before = mock().stats()["aborted_by_client"]
        with self.assertRaises(openai.APITimeoutError):
            self.client(timeout=0.4).chat.completions.create(model="mock?hang=1", messages=HELLO)
        deadline = time.monotonic() + 1
        while mock().stats()["aborted_by_client"] == before and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(mock().stats()["aborted_by_client"], before + 1)

    def test_gateway_timeout(self):
        """the gateway's request_timeout is the SDK's 408"""
        started = time.monotonic()
        with self.assertRaises(openai.APIStatusError) as caught:
            self.client({**mock().target(), "request_timeout": 200}).chat.completions.create(model="mock?hang=1", messages=HELLO)
        self.assertEqual((caught.exception.status_code, caught.exception.body["type"]), (408, "timeout_error"))
        self.assertLess(time.monotonic() - started, 1)

    def test_fallback(self):
        """a failing first target falls back, streamed and not"""
        config = {"strategy": {"mode": "fallback"}, "targets": [mock().target(override_params={"model": "mock?status=500"}),
                                                               mock().target(override_params={"model": "mock?tokens=4&gap=1"})]}
        answer = self.client(config).chat.completions.with_raw_response.create(model="m", messages=HELLO)
        self.assertEqual(answer.headers["x-portkey-last-used-option-index"], "config.targets[1]")
        self.assert_whole(self.client(config).chat.completions.create(model="m", messages=HELLO, stream=True), 4)

    def test_malformed_answer(self):
        """a malformed answer raises and leaves the gateway whole"""
        with self.assertRaises(Exception):
            list(self.client().chat.completions.create(model="mock?malformed=1&tokens=5", messages=HELLO, stream=True))
        self.assertTrue(self.client().chat.completions.create(model="mock", messages=HELLO).choices)

    def test_big_answer(self):
        """a big answer arrives whole"""
        completion = self.client().chat.completions.create(model="mock?size=1000000", messages=HELLO)
        self.assertGreaterEqual(len(completion.choices[0].message.content), 900_000)


class NoConfiguration(unittest.TestCase):
    """`sluice serve` with no configuration."""

    def setUp(self):
        self.gateway = Gateway(None, environment={"OPENAI_API_KEY": "", "ANTHROPIC_API_KEY": ""})
        self.addCleanup(self.gateway.stop)

    def test_mock_streams(self):
        """the plain SDK streams an answer with nothing but base_url"""
        with openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key="anything", max_retries=0) as client:
            self.assertTrue(client.chat.completions.create(model="mock", messages=HELLO).choices[0].message.content)
            self.assertGreater(len(list(client.chat.completions.create(model="mock?tokens=5&gap=1", messages=HELLO, stream=True))), 4)
            self.assertTrue(client.embeddings.create(model="mock", input="a").data)
