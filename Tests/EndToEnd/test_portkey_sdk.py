"""The portkey-ai SDK, as its users call it."""

import json
import re
import tempfile
import time
import unittest

from portkey_ai import Portkey
from portkey_ai._vendor import openai

from harness.gateway import Gateway, GatewayCase, command, mock
from harness.upstream import ERROR
from harness.wire import Wire, request

HELLO = [{"role": "user", "content": "hello"}]


class Client(GatewayCase):
    """portkey-ai."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        mock()

    def client(self, **options):
        return Portkey(base_url=f"{self.gateway.url}/v1", **options)

    def by_host(self, **options):
        return self.client(provider="openai", custom_host=mock().base, Authorization="sk-test", **options)

    def test_no_settings(self):
        """`Portkey()` with nothing but base_url reaches the mock of a gateway with no configuration"""
        gateway = Gateway(None, environment={"OPENAI_API_KEY": "", "ANTHROPIC_API_KEY": ""})
        self.addCleanup(gateway.stop)
        client = Portkey(base_url=f"{gateway.url}/v1")
        self.assertTrue(client.chat.completions.create(model="mock", messages=HELLO).choices[0].message.content)
        self.assertGreater(len(list(client.chat.completions.create(model="mock?tokens=4&gap=1", messages=HELLO, stream=True))), 3)
        self.assertTrue(client.chat.completions.create(messages=HELLO).choices)  # no model: "portkey-default" on the wire

    def test_provider_and_host(self):
        """provider, custom_host and Authorization as arguments"""
        completion = self.by_host().chat.completions.create(model="mock", messages=HELLO)
        self.assertTrue(completion.choices[0].message.content)

    def test_streamed(self):
        """a streamed completion"""
        chunks = list(self.by_host().chat.completions.create(model="mock?tokens=6&gap=1", messages=HELLO, stream=True))
        self.assertEqual(len([c for c in chunks if c.choices and c.choices[0].delta.content]), 6)

    def test_embeddings(self):
        """embeddings"""
        self.assertGreater(len(self.by_host().embeddings.create(model="mock", input="a").data[0].embedding), 1)

    def test_config(self):
        """a config as a dictionary: fallback past a failing target"""
        config = {"strategy": {"mode": "fallback"}, "targets": [mock().target(override_params={"model": "mock?status=500"}),
                                                               mock().target(override_params={"model": "mock"})]}
        completion = self.client(config=config).chat.completions.create(model="m", messages=HELLO)
        self.assertEqual(completion.get_headers()["last-used-option-index"], "config.targets[1]")

    def test_trace_and_metadata(self):
        """the trace id comes back, and metadata of any type is taken"""
        client = self.by_host(trace_id="trace-1", metadata={"_user": "u", "n": 1, "b": True, "nested": {"a": [1]}})
        self.assertEqual(client.chat.completions.create(model="mock", messages=HELLO).get_headers()["trace-id"], "trace-1")
        other = client.with_options(trace_id="trace-2").chat.completions.create(model="mock", messages=HELLO)
        self.assertEqual(other.get_headers()["trace-id"], "trace-2")

    def test_headers_stay_here(self):
        """none of the SDK's own headers goes upstream, nor its placeholder bearer"""
        self.client(config=self.upstream.target(), trace_id="t", metadata={"a": "b"}, my_thing="zz", cache_force_refresh=True,
                    debug=False).chat.completions.create(model="m", messages=HELLO)
        sent = self.upstream.requests[0]
        self.assertEqual([name for name, _ in sent.fields if name.lower().startswith("x-portkey")], [])
        self.assertEqual(sent.all("authorization"), ["Bearer sk-upstream"])

    def test_forward_headers(self):
        """forward_headers with the SDK's underscores"""
        self.client(config=self.upstream.target(), forward_headers=["x_foo"], x_foo="v").chat.completions.create(model="m", messages=HELLO)
        self.assertEqual(self.upstream.requests[0]["x-foo"], "v")

    def test_request_timeout(self):
        """request_timeout"""
        started = time.monotonic()
        with self.assertRaises(openai.APIStatusError) as caught:
            self.by_host(request_timeout=200).chat.completions.create(model="mock?hang=1", messages=HELLO)
        self.assertEqual(caught.exception.status_code, 408)
        self.assertLess(time.monotonic() - started, 6)

    def test_errors_are_not_repeated(self):
        """a 5xx with our trace id is not tried again by the SDK"""
        self.upstream.handler = lambda request, peer: peer.answer(ERROR, 500)
        with self.assertRaises(openai.InternalServerError):
            self.client(config=self.upstream.target()).chat.completions.create(model="m", messages=HELLO)
        self.assertEqual(len(self.upstream.requests), 1)

    def test_error_words(self):
        """an error says what the upstream said"""
        with self.assertRaises(openai.RateLimitError) as caught:
            self.by_host().chat.completions.create(model="mock?status=429", messages=HELLO)
        self.assertTrue(json.loads(caught.exception.response.text)["error"]["message"])

    def test_retry(self):
        """retry by config"""
        config = {**mock().target(), "retry": {"attempts": 2}}
        completion = self.client(config=config).chat.completions.create(model="mock?fail=1", messages=HELLO, user=f"p-{time.time_ns()}")
        self.assertEqual(completion.get_headers()["retry-attempt-count"], "1")

    def test_models(self):
        """the list of models of the named provider"""
        self.assertTrue(self.by_host().models.list().data)

    def test_post(self):
        """a route by its path"""
        answer = self.client(config=self.upstream.target()).post("/moderations", input="x")
        self.assertTrue(answer)
        self.assertEqual(self.upstream.requests[0].target, "/v1/moderations")


class Production(unittest.TestCase):
    """A program as teams have it in production."""

    def setUp(self):
        said = command("key", "new").stdout
        self.api_key = re.search(r"sk-sluice-\w+", said)[0]
        self.data = tempfile.TemporaryDirectory()
        self.addCleanup(self.data.cleanup)
        self.gateway = Gateway({
            "version": 1,
            "data": self.data.name,
            "providers": {"openai": {"base_url": mock().base}, "anthropic": {"base_url": mock().base}},
            "virtual_keys": {"openai-prod": {"provider": "openai", "api_key": "sk-openai"},
                             "anthropic-prod": {"provider": "anthropic", "api_key": "sk-anthropic"}},
            "keys": {"app": {"digest": re.search(r"sha256:[0-9a-f]{64}", said)[0], "usage_limits": {"credit_limit": 5, "periodic_reset": "monthly"}}},
        })
        self.addCleanup(self.gateway.stop)

    def test_example(self):
        """virtual keys, a fallback with override_params, the cache and metadata run as they stand, but for address and key"""
        base_url, api_key = f"{self.gateway.url}/v1", self.api_key
        portkey = Portkey(
            base_url=base_url,
            api_key=api_key,
            virtual_key="openai-prod",
            config={
                "strategy": {"mode": "fallback"},
                "targets": [
                    {"virtual_key": "openai-prod", "override_params": {"model": "gpt-4o"}},
                    {"virtual_key": "anthropic-prod", "override_params": {"model": "claude-sonnet-4-5", "max_tokens": 256}},
                ],
                "cache": {"mode": "simple"},
            },
            trace_id="checkout-4711",
        )
        answers = [
            portkey.chat.completions.create(
                messages=[{"role": "user", "content": "What is a sluice?"}],
                metadata={"_user": "alice", "environment": "production"},
            )
            for _ in range(2)
        ]
        self.assertTrue(answers[0].choices[0].message.content)
        self.assertEqual(answers[0].choices[0].message.content, answers[1].choices[0].message.content)
        self.assertEqual([answer.get_headers()["cache-status"] for answer in answers], ["MISS", "HIT"])
        self.assertEqual([answer.get_headers()["trace-id"] for answer in answers], ["checkout-4711"] * 2)
        self.assertEqual(answers[0].model, "gpt-4o")
        with Wire(self.gateway.port) as wire:
            metrics = wire.send(request("GET", "/metrics", {"Host": "localhost"})).response().body.decode()
        spent = float(re.search(r'sluice_budget_spent{scope="key",name="app",unit="dollars"} (\S+)', metrics)[1])
        self.assertGreater(spent, 0)
        self.assertLess(spent, 0.01)
