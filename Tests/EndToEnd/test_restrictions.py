"""Keys and virtual keys that are for some models, providers, endpoints or networks alone."""

import json

import openai

from harness.gateway import GatewayCase, new_key

CHAT = "/v1/chat/completions"


class Restrictions(GatewayCase):
    """A restricted key."""

    @classmethod
    def setUpClass(cls):
        cls.keys = {name: new_key() for name in ("models", "providers", "endpoints", "here", "elsewhere", "free")}
        super().setUpClass()

    @classmethod
    def configuration(cls):
        use = {
            "models": {"allowed_models": ["gpt-4o*", "text-embedding-3-small"]}, "providers": {"allowed_providers": ["vault", "house"]},
            "endpoints": {"allowed_endpoints": [CHAT, "/v1/models*"]}, "here": {"allowed_networks": ["10.0.0.0/8", "127.0.0.0/8"]},
            "elsewhere": {"allowed_networks": ["10.0.0.0/8", "2001:db8::/32"]}, "free": {},
        }
        # One machine's proxies may speak for others.
        return {
            "version": 1, "trusted_proxies": {"networks": ["127.0.0.1"]},
            "providers": {"house": {"base_url": cls.upstream.base, "auth": "none"}, "barn": {"base_url": cls.upstream.base, "auth": "none"}},
            "virtual_keys": {
                "vault": {"provider": "barn"},
                "narrow": {"provider": "barn", "allowed_models": ["small*"]},
            },
            "keys": {name: {"digest": cls.keys[name][1], "config": "all", **lists} for name, lists in use.items()},
            "configs": {"all": {"provider": "house"}},
        }

    def ask(self, key, config=None, path=CHAT, headers=None, **members):
        fields = {"x-portkey-api-key": self.keys[key][0], **(headers or {})}
        if config is not None:
            fields["x-portkey-config"] = json.dumps(config)
        return self.send("POST", path, fields, {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], **members})

    def refused(self, answer, *words):
        self.assertEqual(answer.status, 403, answer.body)
        error = json.loads(answer.body)["error"]
        self.assertEqual(error["code"], "forbidden")
        for word in words:
            self.assertIn(word, error["message"])
        self.assertEqual(self.upstream.requests, [])

    def test_models(self):
        """asks the models it is for, by whatever way, and no other"""
        self.assertEqual(self.ask("models").status, 200)
        self.assertEqual(self.ask("models", {"provider": "house", "override_params": {"model": "gpt-4o"}}, model="other").status, 200)
        self.upstream.forget()
        self.refused(self.ask("models", model="gpt-4"), "models", "gpt-4")
        escaped = b'{"model":"gpt-\\u0034","messages":[]}'
        self.refused(self.send("POST", CHAT, {"x-portkey-api-key": self.keys["models"][0], "content-type": "application/json"}, escaped), "gpt-4")
        self.refused(self.ask("models", {"provider": "house", "override_params": {"model": "o1"}}), "o1")
        self.refused(self.ask("models", model="g" * 400), "models")
        self.refused(self.ask("models", model="portkey-default"), "does not say")
        self.refused(self.send("POST", "/v1/batches", {"x-portkey-api-key": self.keys["models"][0]}, {"input_file_id": "f"}), "does not say")

    def test_models_beside(self):
        """is not got round by other members that a provider may take for the model"""
        config = {"provider": "house", "override_params": {"model": "gpt-4o"}}
        for member in ({"Model": "o1"}, {"MODEL": "o1"}, {"models": ["o1"]}, {"fallbacks": [{"model": "o1"}]}):
            self.refused(self.ask("models", **member), "does not say")
            self.refused(self.ask("models", config, **member), "does not say")
            self.refused(self.ask("models", {"provider": "house", "override_params": member}), "does not say")
        escaped = b'{"model":"gpt-4o","\\u006dodel":"o1","messages":[]}'
        answer = self.send("POST", CHAT, {"x-portkey-api-key": self.keys["models"][0], "content-type": "application/json"}, escaped)
        self.assertIn(answer.status, (400, 403))
        self.assertEqual(self.upstream.requests, [])

    def test_pool(self):
        """of a target's credentials takes those it may, also where others are spent"""
        pool = {"provider": "barn", "credentials": [{"virtual_key": "vault"}, {"virtual_key": "narrow"}]}
        self.assertEqual({self.ask("free", pool, model="large").status for _ in range(12)}, {200})

    def test_failure_stays(self):
        """an allowed target's failure is the answer where what comes after it is not allowed"""
        self.upstream.handler = lambda request, peer: peer.send(b"HTTP/1.1 503 Busy\r\ncontent-length: 2\r\n\r\n{}")
        config = {"strategy": {"mode": "fallback"}, "targets": [
            {"provider": "house", "override_params": {"model": "gpt-4o"}}, {"provider": "house", "override_params": {"model": "o1"}}]}
        self.assertEqual(self.ask("models", config).status, 503)

    def test_hosts(self):
        """a key for some providers does not take requests to a host they name"""
        headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": self.upstream.base, "authorization": "Bearer sk-caller"}
        self.assertEqual(self.ask("providers", headers=headers).status, 403)

    def test_models_without(self):
        """what makes no model work is not a model's"""
        key = {"x-portkey-api-key": self.keys["models"][0]}
        self.assertEqual(self.send("GET", "/v1/models", key).status, 200)
        self.assertEqual(self.send("GET", "/v1/files", key).status, 200)

    def test_passed_over(self):
        """passes over targets it may not use, and takes those it may"""
        config = {"strategy": {"mode": "fallback", "on_status_codes": [500]}, "targets": [
            {"provider": "house", "override_params": {"model": "o1"}}, {"provider": "house", "override_params": {"model": "gpt-4o"}}]}
        answer = self.ask("models", config)
        self.assertEqual((answer.status, answer["x-portkey-last-used-option-index"]), (200, "config.targets[1]"))
        self.assertEqual([json.loads(request.body)["model"] for request in self.upstream.requests], ["gpt-4o"])
        self.upstream.forget()
        for _ in range(12):
            balanced = {"strategy": {"mode": "loadbalance"}, "targets": [{**target, "weight": 0.5} for target in config["targets"]]}
            self.assertEqual(self.ask("models", balanced).status, 200)
        self.assertNotIn("o1", [json.loads(request.body)["model"] for request in self.upstream.requests])

    def test_cache(self):
        """gets nothing of the cache that a target it may not use has answered"""
        config = {"cache": {"mode": "simple", "scope": "global"}, "strategy": {"mode": "fallback"}, "targets": [
            {"provider": "house", "override_params": {"model": "o1"}}, {"provider": "house", "override_params": {"model": "gpt-4o"}}]}
        self.assertEqual(self.ask("free", config)["x-portkey-cache-status"], "MISS")
        self.assertEqual(self.ask("free", config)["x-portkey-cache-status"], "HIT")
        self.upstream.forget()
        self.assertNotEqual(self.ask("models", config)["x-portkey-cache-status"], "HIT")
        self.assertEqual([json.loads(request.body)["model"] for request in self.upstream.requests], ["gpt-4o"])

    def test_providers(self):
        """asks the providers and virtual keys it is for"""
        self.assertEqual(self.ask("providers").status, 200)
        self.assertEqual(self.ask("providers", {"virtual_key": "vault"}).status, 200)
        self.assertEqual(self.ask("providers", model="@vault/m").status, 200)
        self.upstream.forget()
        self.refused(self.ask("providers", {"provider": "barn"}), "providers", "barn")
        self.refused(self.ask("providers", {"virtual_key": "narrow"}, model="small"), "barn")

    def test_virtual_key(self):
        """a virtual key is for its models, whoever asks"""
        self.assertEqual(self.ask("free", {"virtual_key": "narrow"}, model="small-1").status, 200)
        self.upstream.forget()
        self.refused(self.ask("free", {"virtual_key": "narrow"}, model="large"), "narrow", "large")

    def test_endpoints(self):
        """goes to the paths it is for"""
        self.assertEqual(self.ask("endpoints").status, 200)
        self.assertEqual(self.send("GET", "/v1/models/x", {"x-portkey-api-key": self.keys["endpoints"][0]}).status, 200)
        self.upstream.forget()
        self.refused(self.ask("endpoints", path="/v1/embeddings", input="x"), "/v1/embeddings")
        self.refused(self.ask("endpoints", path="/v1/chat%2Fcompletions"), "may not be used for")

    def test_networks(self):
        """opens from the networks it is for, also where a trusted proxy says from where"""
        self.assertEqual(self.ask("here").status, 200)
        self.assertEqual(self.ask("elsewhere", headers={"x-forwarded-for": "10.9.9.9"}).status, 200)
        self.assertEqual(self.ask("elsewhere", headers={"x-forwarded-for": "2001:db8::7"}).status, 200)
        self.upstream.forget()
        self.refused(self.ask("elsewhere"), "elsewhere", "127.0.0.1")
        self.refused(self.ask("here", headers={"x-forwarded-for": "192.0.2.1"}), "192.0.2.1")

    def test_sdk(self):
        """is a PermissionDeniedError in the SDK"""
        client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key=self.keys["models"][0], max_retries=0)
        with self.assertRaises(openai.PermissionDeniedError) as caught:
            client.chat.completions.create(model="gpt-4", messages=[])
        self.assertIn("may not use model", str(caught.exception))
