"""Line ends in what becomes a header field or a request line: refused, or taken out of harm's way, and never another field."""

import json
import re

from harness.gateway import ROOT, GatewayCase
from harness.native import Claude
from harness.wire import Wire, request

BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
#: What a value would have to hold to become two fields, or two requests.
POISON = ("v\r\nx-injected: 1", "v\nx-injected: 1", "v\rx-injected: 1", "v\r\n\r\nGET /v1/injected HTTP/1.1\r\nHost: a\r\n\r\n", "v\0x-injected: 1",
          "v\u010dx-injected: 1", "v\u2028x-injected: 1", "v\x85x-injected: 1", "v%0d%0ax-injected: 1")


class Injection(GatewayCase):
    """Field injection."""

    def assert_clean(self, response):
        """Nothing that was injected has become a field or a request, on either side."""
        if response is not None:
            self.assertEqual(response.all("x-injected"), [], response)
        for sent in self.upstream.requests:
            self.assertEqual((sent.all("x-injected"), "injected HTTP" in sent.target), ([], False), sent.raw)
            self.assertNotIn(b"\nx-injected", sent.raw.lower())
            self.assertNotIn(b"\rx-injected", sent.raw.lower())
            self.assertNotIn("/v1/injected", sent.target)

    @staticmethod
    def names(pattern):
        """The header names of that form which the product reads or writes, from its own text."""
        text = "\n".join(path.read_text() for path in sorted((ROOT / "Sources").rglob("*.swift")))
        return sorted({name for name in re.findall(pattern, text) if not name.endswith("-")})

    @staticmethod
    def members():
        """Every key of a config, from its page."""
        page = (ROOT / "docs/configuration.md").read_text()
        section = page[page.index("\n## configs\n"):page.index("\n## identities\n")]
        return re.findall(r"^\| `(\w+)` \|", section, re.M)

    def test_raw_line_ends(self):
        """a line end or a NUL within a field's value, raw, is a 400 and goes nowhere, whatever the field"""
        names = self.names(r"x-portkey-[a-z-]+") + self.names(r"x-sluice-[a-z-]+") + ["authorization", "traceparent", "content-type", "user-agent", "x-api-key"]
        self.assertGreater(len(names), 25)
        for name in names:
            for end in (b"\r", b"\n", b"\0"):
                with self.subTest(name=name, end=end), Wire(self.gateway.port) as wire:
                    fields = b"".join(f"{name}: {value}\r\n".encode() for name, value in self.upstream.headers().items())
                    data = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n" + fields
                    wire.send(data + name.encode() + b": v" + end + b"x-injected: 1\r\n\r\n{}")
                    response = wire.response()
                    # A bare line feed ends no line here (RFC 9112 §2.2 lets it, and lets it be refused).
                    self.assertEqual(response.status, 400, response)
                    self.assertEqual(self.upstream.requests, [])
                    self.assert_clean(response)

    def test_members(self):
        """line ends escaped in a config's JSON are refused, or reach no upstream as such, whatever the key"""
        names = self.members()
        self.assertGreater(len(names), 50)
        for provider in ("openai", "anthropic", "azure-openai", "vertex-ai", "bedrock"):
            for name in names:
                for poison in POISON[:5]:
                    for value in (poison, [poison]):
                        with self.subTest(provider=provider, name=name, value=value):
                            target = {**self.upstream.target(), "provider": provider, name: value, "retry": {"attempts": 0}}
                            if "\0" not in poison or isinstance(value, str):
                                self.assert_clean(self.chat(target))
                self.upstream.forget()

    def test_nested(self):
        """nor in what is nested: credentials, overrides, accounts"""
        for poison in POISON:
            for members in ({"credentials": [{"api_key": poison}, {"api_key": "k"}]}, {"override_params": {"model": poison, poison: 1}},
                            {"vertex_service_account_json": {"client_email": poison, "private_key": poison, "project_id": poison}},
                            {"custom_host": self.upstream.base + "/" + poison}, {"custom_host": self.upstream.base.replace("127", poison + "127")},
                            {"forward_headers": ["x-a", poison, "x-a: 1\r\nx-injected"]}):
                with self.subTest(poison=poison, members=list(members)):
                    self.assert_clean(self.chat({**self.upstream.target(), **members, "retry": {"attempts": 0}}, {"x-a": "b"}))

    def test_body(self):
        """a model's name, which becomes a path or a field elsewhere, and metadata bring nothing along"""
        self.upstream.handler = lambda incoming, peer: peer.answer(Claude.whole(("text", "a")))
        for poison in POISON:
            for provider, more in (("openai", {}), ("anthropic", {}), ("google", {}), ("azure-openai", {"api_version": "2024-10-21"}),
                                   ("bedrock", {"aws_region": "us-east-1"}), ("vertex-ai", {"vertex_region": "us-east5", "vertex_project_id": "p"})):
                with self.subTest(poison=poison, provider=provider):
                    config = {**self.upstream.target(), "provider": provider, **more, "retry": {"attempts": 0}}
                    metadata = json.dumps({"_user": poison, "k": poison})
                    self.assert_clean(self.chat(config, {"x-portkey-metadata": metadata}, model=poison, user=poison, metadata={"a": poison}))

    def test_answers(self):
        """what an upstream writes in its answer's body, or in its own fields, becomes no field of ours"""
        for poison in POISON:
            with self.subTest(poison=poison):
                self.upstream.handler = lambda incoming, peer: peer.answer({"error": {"message": poison, "type": poison, "code": poison}}, 400)
                self.assert_clean(self.chat({"provider": "anthropic", "api_key": "k", "custom_host": self.upstream.base}, max_tokens=1))
                self.upstream.handler = lambda incoming, peer: peer.answer({**Claude.whole(("text", "a")), "id": poison, "model": poison})
                self.assert_clean(self.chat({"provider": "anthropic", "api_key": "k", "custom_host": self.upstream.base}, max_tokens=1))
        for raw in (b"X-A: v\rx-injected: 1", b"X-A: v\nx-injected: 1", b"X-A: v\0x-injected: 1", b"X-A: v\r\n x-injected: 1"):
            with self.subTest(raw=raw):
                self.upstream.handler = lambda incoming, peer: (peer.send(b"HTTP/1.1 200 OK\r\n" + raw + b"\r\nContent-Length: 0\r\n\r\n"), peer.cut())
                response = self.send("POST", "/v1/files", self.upstream.headers(), b"x")
                self.assertEqual(response.status, 502, response)
                self.assert_clean(response)

    def test_targets(self):
        """a target with line ends, raw or encoded, is no second request"""
        for path in ("/v1/x%0d%0aHost:%20b", "/v1/x%0D%0A%0D%0AGET%20/v1/injected%20HTTP/1.1", "/v1/x?a=%0d%0ax-injected:%201", "/v1/x%00",
            "/v1/%2e%2e/%2e%2e/injected"):
            with self.subTest(path=path):
                self.upstream.forget()
                response = self.send("GET", path, self.upstream.headers())
                self.assert_clean(response)
                for sent in self.upstream.requests:
                    self.assertEqual(sent.target, path)
        with Wire(self.gateway.port) as wire:
            wire.send(request("GET", "/v1/x\rHost: b", self.upstream.headers()))
            self.assertEqual(wire.response().status, 400)
