"""Mistral's own: completions between a prompt and a suffix."""

import json

from harness.gateway import GatewayCase


class Mistral(GatewayCase):
    """completions that fill in the middle"""

    def test_fim(self):
        """a config's option, or a header, sends Mistral's completions to the endpoint for them; chats, and other providers, go where they went"""
        self.upstream.handler = lambda request, peer: peer.answer({"choices": []})
        base = f"http://127.0.0.1:{self.upstream.port}/v1"
        flag = {"x-portkey-mistral-fim-completion": "true"}

        def target(path, headers, provider="mistral-ai", **members):
            config = {"provider": provider, "api_key": "k", "custom_host": base, **members}
            body = {"model": "codestral-latest", "prompt": "def f(", "suffix": "return a", "messages": []}
            answer = self.send("POST", path, {"x-portkey-config": json.dumps(config), **headers}, body)
            self.assertEqual(answer.status, 200, answer)
            return self.upstream.requests[-1].target
        for value in (True, "true"):
            self.assertEqual(target("/v1/completions", {}, mistral_fim_completion=value), "/v1/fim/completions")
        self.assertEqual(target("/v1/completions", flag), "/v1/fim/completions")
        self.assertEqual(target("/v1/completions", {}), "/v1/completions")
        self.assertEqual(target("/v1/completions", {"x-portkey-mistral-fim-completion": "false"}, mistral_fim_completion=True), "/v1/completions")
        self.assertEqual(target("/v1/chat/completions", flag), "/v1/chat/completions")
        self.assertEqual(target("/v1/completions", flag, provider="openai"), "/v1/completions")
        self.assertEqual(self.upstream.requests[0].json, {"model": "codestral-latest", "prompt": "def f(", "suffix": "return a", "messages": []})
