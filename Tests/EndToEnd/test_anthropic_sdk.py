"""The anthropic SDK, as its users call it."""

import json
import time

import anthropic

from harness.gateway import GatewayCase, mock

HELLO = [{"role": "user", "content": "hello"}]
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": [{"type": "text", "text": "hello"}],
           "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 1}}


class Messages(GatewayCase):
    """anthropic."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        mock()

    def client(self, base=None, **options):
        headers = {"x-portkey-provider": "anthropic", "x-portkey-custom-host": base or mock().base}
        options = {"max_retries": 0, "api_key": "sk-ant-test", "timeout": 10, **options}
        client = anthropic.Anthropic(base_url=self.gateway.url, default_headers=headers, **options)
        self.addCleanup(client.close)
        return client

    def test_message(self):
        """a message with its usage"""
        message = self.client().messages.create(model="mock", max_tokens=50, messages=HELLO)
        self.assertEqual((message.role, message.type), ("assistant", "message"))
        self.assertTrue(message.content[0].text)
        self.assertGreater(message.usage.output_tokens, 0)

    def test_streamed(self):
        """a streamed message, gathered by the SDK's own reader"""
        with self.client().messages.stream(model="mock?tokens=9&gap=2", max_tokens=50, messages=HELLO) as stream:
            pieces = list(stream.text_stream)
            final = stream.get_final_message()
        self.assertEqual(len(pieces), 9)
        self.assertEqual(final.content[0].text, "".join(pieces))
        self.assertTrue(final.stop_reason)
        self.assertGreater(final.usage.output_tokens, 0)

    def test_raw_events(self):
        """the events of a stream come in Anthropic's order"""
        kinds = [event.type for event in self.client().messages.create(model="mock?tokens=3&gap=1", max_tokens=50, messages=HELLO, stream=True)]
        self.assertEqual((kinds[0], kinds[-2:]), ("message_start", ["message_delta", "message_stop"]))

    def test_arrives(self):
        """system, tools, thinking, metadata and betas arrive unchanged, with the caller's credential"""
        self.upstream.handler = lambda request, peer: peer.answer(MESSAGE)
        tool = {"name": "weather", "description": "d", "input_schema": {"type": "object", "properties": {}}}
        self.client(self.upstream.base).messages.create(
            model="claude", max_tokens=2000, messages=HELLO, system=[{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}], tools=[tool],
            thinking={"type": "enabled", "budget_tokens": 1024}, metadata={"user_id": "u"}, extra_headers={"anthropic-beta": "b1,b2"}, extra_body={"context_management": {"x": 1}})
        sent = self.upstream.requests[0]
        self.assertEqual((sent.target, sent["x-api-key"], sent["anthropic-beta"]), ("/v1/messages", "sk-ant-test", "b1,b2"))
        self.assertEqual(sent.all("anthropic-version"), [self.client(self.upstream.base).default_headers["anthropic-version"]])
        self.assertEqual(sent.json["system"][0]["cache_control"], {"type": "ephemeral"})
        self.assertEqual((sent.json["tools"], sent.json["metadata"], sent.json["context_management"]), ([tool], {"user_id": "u"}, {"x": 1}))

    def test_tool_use(self):
        """a tool use comes back"""
        self.upstream.handler = lambda request, peer: peer.answer({**MESSAGE, "stop_reason": "tool_use", "content": [
            {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}}]})
        message = self.client(self.upstream.base).messages.create(model="claude", max_tokens=5, messages=HELLO)
        self.assertEqual(message.content[0].input, {"city": "Oslo"})

    def test_count_tokens(self):
        """count_tokens passes"""
        self.upstream.handler = lambda request, peer: peer.answer({"input_tokens": 12})
        self.assertEqual(self.client(self.upstream.base).messages.count_tokens(model="claude", messages=HELLO).input_tokens, 12)
        self.assertEqual(self.upstream.requests[0].target, "/v1/messages/count_tokens")

    def test_exceptions(self):
        """an upstream's error keeps Anthropic's shape and raises the SDK's exception"""
        for status, kind, word in [(400, anthropic.BadRequestError, "invalid_request_error"), (401, anthropic.AuthenticationError, "authentication_error"),
                                   (429, anthropic.RateLimitError, "rate_limit_error"), (500, anthropic.InternalServerError, "api_error"),
                                   (529, anthropic.InternalServerError, "overloaded_error")]:
            self.upstream.handler = lambda request, peer: peer.answer({"type": "error", "error": {"type": word, "message": "no"}}, status)
            with self.subTest(status=status), self.assertRaises(kind) as caught:
                self.client(self.upstream.base).messages.create(model="claude", max_tokens=5, messages=HELLO)
            self.assertEqual(caught.exception.status_code, status)
            self.assertEqual((caught.exception.body["type"], caught.exception.body["error"]["type"]), ("error", word))

    def test_own_refusal(self):
        """the gateway's own refusal has Anthropic's shape on Anthropic's route"""
        client = anthropic.Anthropic(base_url=self.gateway.url, api_key="k", max_retries=0, default_headers={"x-portkey-provider": "nope"})
        self.addCleanup(client.close)
        with self.assertRaises(anthropic.BadRequestError) as caught:
            client.messages.create(model="claude", max_tokens=5, messages=HELLO)
        self.assertEqual(caught.exception.body["type"], "error")
        self.assertTrue(caught.exception.body["error"]["message"])

    def test_timeout(self):
        """the gateway's request_timeout has Anthropic's shape, too"""
        config = {"provider": "anthropic", "api_key": "k", "custom_host": self.upstream.base, "request_timeout": 150}
        self.upstream.handler = lambda request, peer: (time.sleep(0.5), peer.answer(MESSAGE))
        client = anthropic.Anthropic(base_url=self.gateway.url, api_key="k", max_retries=0, default_headers={"x-portkey-config": json.dumps(config)})
        self.addCleanup(client.close)
        with self.assertRaises(anthropic.APIStatusError) as caught:
            client.messages.create(model="claude", max_tokens=5, messages=HELLO)
        self.assertEqual((caught.exception.status_code, caught.exception.body["type"]), (408, "error"))

    def test_cut_stream(self):
        """a stream that its upstream cut raises; it does not just end"""
        with self.assertRaises(Exception) as caught:
            list(self.client().messages.create(model="mock?tokens=20&gap=1&cut=4", max_tokens=50, messages=HELLO, stream=True))
        self.assertNotIsInstance(caught.exception, AssertionError)

    def test_fallback(self):
        """a failing first target falls back"""
        target = {"provider": "anthropic", "api_key": "k", "custom_host": self.upstream.base}
        overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "no"}}
        self.upstream.handler = lambda request, peer: peer.answer(*((overloaded, 529) if request["x-api-key"] == "a" else (MESSAGE,)))
        config = {"strategy": {"mode": "fallback"}, "targets": [{**target, "api_key": "a"}, {**target, "api_key": "b"}]}
        client = anthropic.Anthropic(base_url=self.gateway.url, api_key="k", max_retries=0, default_headers={"x-portkey-config": json.dumps(config)})
        self.addCleanup(client.close)
        self.assertEqual(client.messages.create(model="claude", max_tokens=5, messages=HELLO).content[0].text, "hello")
