"""The reference's conformance cases 1-14 and 30 (portkey-gateway §12)."""

import json
import time

from harness.gateway import GatewayCase
from harness.upstream import CHAT, ERROR


class ConfigErrors(GatewayCase):
    """Routing headers."""

    def refused(self, headers, target="/v1/chat/completions"):
        response = self.send("POST", target, headers, {"model": "m", "messages": []})
        self.assertEqual(response.status, 400, response)
        self.assertEqual(self.upstream.requests, [])
        return response

    def test_neither_header(self):
        """a request that names no provider and no config is refused (case 1)"""
        response = self.refused({})
        self.assertIn("Either x-portkey-config or x-portkey-provider header is required", response.message)

    def test_unknown_provider(self):
        """an unknown provider is refused by name (case 2)"""
        self.assertRegex(self.refused({"x-portkey-provider": "non-existent-provider"}).message, "Invalid provider")

    def test_config_not_json(self):
        """a config that is not JSON is refused (case 3)"""
        self.assertIn("Invalid config passed. You need to pass a valid json", self.refused({"x-portkey-config": "{bad"}).message)

    def test_unknown_mode(self):
        """an unknown strategy mode is refused with its path (case 4)"""
        config = {"strategy": {"mode": "zz"}, "targets": [self.upstream.target()]}
        response = self.refused({"x-portkey-config": json.dumps(config)})
        self.assertIn("Invalid config passed", response.message)
        errors = response.json.get("errors") or response.json["error"]["errors"]
        self.assertTrue(errors[0].startswith("path: strategy,mode, message: Invalid 'mode' value"), errors)
        self.assertEqual(response.json["pointers"][0], "/strategy/mode")

    def test_default_guardrails(self):
        """guardrails that headers ask for are refused where they cannot be made"""
        headers = {**self.upstream.headers(), "x-portkey-default-input-guardrails": '[{"default.webhook":{"webhookURL":"http://x"}}]'}
        self.assertIn("not supported yet", self.refused(headers).message)
        self.assertEqual(self.chat(headers={**self.upstream.headers(), "x-portkey-default-output-guardrails": "[]"}).status, 200)

    def test_private_custom_host(self):
        """a custom host in a private network is refused, on the proxy route too (case 5)"""
        headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": "http://10.0.0.1/v1", "Authorization": "Bearer k"}
        for target in ("/v1/chat/completions", "/v1/proxy/chat/completions", "/v1/anything"):
            with self.subTest(target=target):
                self.assertIn("Invalid custom host", self.refused(headers, target).message)

    def test_dangerous_custom_hosts(self):
        """metadata services, decimal and octal addresses, user info and odd schemes are refused (§2.3)"""
        for host in ("http://169.254.169.254/v1", "http://metadata.google.internal/v1", "http://2130706433/v1", "http://0177.0.0.1/v1",
                     "http://u:p@example.com/v1", "ftp://example.com/v1", "http://[fd00::1]/v1", "http://192.168.1.1/v1", "http://0.0.0.0/v1"):
            with self.subTest(host=host):
                headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": host, "Authorization": "Bearer k"}
                self.assertIn("Invalid custom host", self.refused(headers).message)

    def test_later_schema(self):
        """what a later version completes is refused in words, not ignored"""
        target = self.upstream.target()
        for config in ({**target, "prompt_id": "pp-1"},
                       {**target, "input_guardrails": [{"default.jsonSchema": {"schema": {}}}]}):
            with self.subTest(config=list(config)):
                self.assertTrue(self.refused({"x-portkey-config": json.dumps(config)}).message)


class Targets(GatewayCase):
    """One target."""

    def test_cache(self):
        """a config may ask for a cache; the answer says what came of that, and that it is disabled where no config asks"""
        for cache, status in ({"mode": "simple"}, "MISS"), ({"mode": "semantic", "max_age": 60}, "SEMANTIC MISS"), (None, "DISABLED"):
            with self.subTest(cache=cache):
                response = self.chat({**self.upstream.target(), **({"cache": cache} if cache else {})}, user=status)
                self.assertEqual((response.status, response["x-portkey-cache-status"]), (200, status), response)

    def test_plain_answer(self):
        """an upstream's answer arrives byte for byte with the response headers of §2.2 (case 6)"""
        response = self.chat({**self.upstream.target()})
        self.assertEqual(response.status, 200, response)
        self.assertEqual(response.body, json.dumps(CHAT).encode())
        self.assertEqual(response["x-portkey-last-used-option-index"], "config")
        self.assertEqual(response["x-portkey-retry-attempt-count"], "0")
        self.assertEqual(response["x-portkey-cache-status"], "DISABLED")
        self.assertEqual(response["x-portkey-provider"], "openai")
        self.assertTrue(response["x-portkey-trace-id"])

    def test_request_timeout(self):
        """request_timeout answers 408 timeout_error when it is over, not later (case 12)"""
        self.upstream.handler = lambda request, peer: (time.sleep(0.8), peer.answer(CHAT))
        started = time.monotonic()
        response = self.chat({**self.upstream.target(), "request_timeout": 200})
        self.assertLess(time.monotonic() - started, 0.4)
        self.assertEqual(response.status, 408, response)
        self.assertEqual(response.json["error"]["type"], "timeout_error")
        self.assertIn("200", response.json["error"]["message"])

    def test_forward_headers(self):
        """forward_headers copies the named headers upstream, and no other of the client's x- headers (case 30)"""
        self.chat({**self.upstream.target(), "forward_headers": ["X-Foo"]}, {"X-Foo": "kept"})
        self.assertEqual(self.upstream.requests[0]["x-foo"], "kept")

    def test_forward_headers_beyond_the_limit(self):
        """x-portkey-forward-headers names at most 64 headers; the 65th is a 400, none is left out unsaid"""
        at_the_edge = ",".join(f"x-n{n}" for n in range(64)) + ",x-n0"
        self.chat(headers={**self.upstream.headers(), "x-portkey-forward-headers": at_the_edge, "x-n63": "last"})
        self.assertEqual(self.upstream.requests[-1]["x-n63"], "last")
        beyond = self.chat(headers={**self.upstream.headers(), "x-portkey-forward-headers": at_the_edge + ",x-n64"})
        self.assertEqual((beyond.status, beyond.json["error"]["param"]), (400, "x-portkey-forward-headers"), beyond)

    def test_forward_headers_with_underscores(self):
        """forward_headers names a header by underscores as the SDK sends it"""
        itself = self.chat(headers={**self.upstream.headers(), "x-portkey-forward-headers": "x_foo, x_portkey_forward_headers"})
        self.assertEqual((itself.status, itself.json["error"]["param"]), (400, "x-portkey-forward-headers"), itself)
        headers = {**self.upstream.headers(), "x-portkey-forward-headers": "x_foo, X-Bar", "x-foo": "1", "x-bar": "2"}
        self.chat(headers=headers)
        self.assertEqual((self.upstream.requests[0]["x-foo"], self.upstream.requests[0]["x-bar"]), ("1", "2"))

    def test_override_params(self):
        """override_params replace what the client sent and add what it did not (case 30)"""
        self.chat({**self.upstream.target(), "override_params": {"model": "other", "top_p": 0.25}}, temperature=0.5)
        sent = self.upstream.requests[0].json
        self.assertEqual((sent["model"], sent["top_p"], sent["temperature"]), ("other", 0.25, 0.5))

    def test_inheritance(self):
        """a child's override wins over its parent's, key by key (case 30, §3.3)"""
        child = self.upstream.target(override_params={"model": "child"})
        self.chat({"strategy": {"mode": "single"}, "targets": [child], "override_params": {"model": "parent", "seed": 7}})
        sent = self.upstream.requests[0].json
        self.assertEqual((sent["model"], sent["seed"]), ("child", 7))


class Retries(GatewayCase):
    """Retry."""

    def answers(self, *script):
        """The upstream answers each request with the next (status, headers); the last one repeats."""
        def handler(request, peer):
            status, headers = script[min(request.number, len(script)) - 1]
            peer.answer(CHAT if status == 200 else ERROR, status, headers)
        self.upstream.handler = handler

    def gaps(self):
        at = [request.at for request in self.upstream.requests]
        return [later - earlier for earlier, later in zip(at, at[1:])]

    def test_exhausted(self):
        """attempts are spent at about 1 s and 2 s, and the last answer is the client's (case 7)"""
        self.answers((401, []))
        response = self.chat({**self.upstream.target(), "retry": {"attempts": 2, "on_status_codes": [401]}})
        self.assertEqual(response.status, 401, response)
        self.assertIn("upstream says no", response.json["error"]["message"])
        self.assertEqual(response["x-portkey-retry-attempt-count"], "-1")
        first, second = self.gaps()
        self.assertTrue(0.7 < first < 1.6 and 1.4 < second < 3.0, (first, second))

    def test_recovers(self):
        """a 503 followed by a 200 is a 200 after one retry (case 8)"""
        self.answers((503, []), (200, []))
        response = self.chat({**self.upstream.target(), "retry": {"attempts": 2}})
        self.assertEqual((response.status, response["x-portkey-retry-attempt-count"]), (200, "1"), response)
        self.assertEqual(len(self.upstream.requests), 2)

    def test_same_body_each_time(self):
        """a retry sends the very same body"""
        self.answers((503, []), (200, []))
        self.chat({**self.upstream.target(), "retry": {"attempts": 1}, "override_params": {"seed": 1}})
        self.assertEqual(self.upstream.requests[0].body, self.upstream.requests[1].body)

    def test_not_listed(self):
        """a status that is not listed is final (case 9)"""
        self.answers((400, []))
        response = self.chat({**self.upstream.target(), "retry": {"attempts": 2}})
        self.assertEqual((response.status, response["x-portkey-retry-attempt-count"]), (400, "0"), response)
        self.assertEqual(len(self.upstream.requests), 1)

    def test_retry_after(self):
        """use_retry_after_header waits what the 429 asks for (case 10)"""
        self.answers((429, [("Retry-After", "2")]), (200, []))
        response = self.chat({**self.upstream.target(), "retry": {"attempts": 2, "use_retry_after_header": True}})
        self.assertEqual(response.status, 200, response)
        self.assertTrue(1.9 < self.gaps()[0] < 2.6, self.gaps())

    def test_retry_after_milliseconds(self):
        """retry-after-ms is read before retry-after"""
        self.answers((429, [("retry-after-ms", "300"), ("retry-after", "9")]), (200, []))
        self.chat({**self.upstream.target(), "retry": {"attempts": 1, "use_retry_after_header": True}})
        self.assertTrue(0.25 < self.gaps()[0] < 0.7, self.gaps())

    def test_retry_after_too_long(self):
        """a wait of 60 s or more is not waited: the 429 goes back at once (case 11)"""
        self.answers((429, [("Retry-After", "90")]))
        started = time.monotonic()
        response = self.chat({**self.upstream.target(), "retry": {"attempts": 2, "use_retry_after_header": True}})
        self.assertLess(time.monotonic() - started, 0.5)
        self.assertEqual((response.status, response["x-portkey-retry-attempt-count"], response["retry-after"]), (429, "-1", "90"), response)
        self.assertEqual(len(self.upstream.requests), 1)


class Fallback(GatewayCase):
    """Fallback."""

    def test_second_target(self):
        """a 500 from the first target goes on to the second (case 13)"""
        self.upstream.handler = lambda request, peer: peer.answer(*((ERROR, 500) if request["authorization"] == "Bearer a" else (CHAT,)))
        response = self.chat({"strategy": {"mode": "fallback"}, "targets": [self.upstream.target(api_key="a"), self.upstream.target(api_key="b")]})
        self.assertEqual((response.status, response["x-portkey-last-used-option-index"]), (200, "config.targets[1]"), response)
        self.assertEqual([request["authorization"] for request in self.upstream.requests], ["Bearer a", "Bearer b"])

    def test_status_not_listed(self):
        """a status that on_status_codes does not list ends the fallback (case 14)"""
        self.upstream.handler = lambda request, peer: peer.answer(ERROR, 500)
        response = self.chat({"strategy": {"mode": "fallback", "on_status_codes": [429]}, "targets": [self.upstream.target(), self.upstream.target()]})
        self.assertEqual(response.status, 500, response)
        self.assertEqual(len(self.upstream.requests), 1)

    def test_refused_connection(self):
        """a target that refuses the connection falls through to the next"""
        from harness.gateway import free_port
        dead = self.upstream.target(custom_host=f"http://127.0.0.1:{free_port()}/v1")
        response = self.chat({"strategy": {"mode": "fallback"}, "targets": [dead, self.upstream.target()]})
        self.assertEqual((response.status, response["x-portkey-last-used-option-index"]), (200, "config.targets[1]"), response)

    def test_timeout(self):
        """a target that is too slow falls through to the next"""
        self.upstream.handler = lambda request, peer: (request.number == 1 and time.sleep(0.6), peer.answer(CHAT))
        response = self.chat({"strategy": {"mode": "fallback"}, "targets": [self.upstream.target(request_timeout=150), self.upstream.target()]})
        self.assertEqual((response.status, response["x-portkey-last-used-option-index"]), (200, "config.targets[1]"), response)

    def test_nested(self):
        """a nested group reports the path of the target that answered"""
        self.upstream.handler = lambda request, peer: peer.answer(*((CHAT,) if request["authorization"] == "Bearer c" else (ERROR, 503)))
        inner = {"strategy": {"mode": "fallback"}, "targets": [self.upstream.target(api_key="b"), self.upstream.target(api_key="c")]}
        response = self.chat({"strategy": {"mode": "fallback"}, "targets": [self.upstream.target(api_key="a"), inner]})
        self.assertEqual((response.status, response["x-portkey-last-used-option-index"]), (200, "config.targets[1].targets[1]"), response)

    def test_no_targets(self):
        """a fallback without targets is refused, not left hanging (the reference hangs)"""
        response = self.chat({"strategy": {"mode": "fallback"}, "targets": []})
        self.assertIn(response.status, (400, 500), response)
        self.assertTrue(response.message)
