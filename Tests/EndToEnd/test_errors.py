"""Every error of the gateway's own: its status, its body in the client's dialect, its request id, and its one line in the log."""

import dataclasses
import json
import pathlib
import re
import tempfile
import time

from harness.certificates import Certificate, TLSUpstream
from harness.gateway import ROOT, Gateway, GatewayCase, free_port
from harness.oracle import Client
from harness.upstream import Upstream
from harness.wire import Wire, request
from test_identity import new_key

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
HELLO = [{"role": "user", "content": "hi"}]
#: Rows of the table in Refusal.swift that no request can bring about: the first three await budgets and limits, the others a step that refuses with them.
AHEAD = {"model_not_allowed", "draining", "not_ready", "model_required", "unsupported_config", "invalid_content_type"}
#: Of keys that may not spend as they like: test_budgets.
SPENDING = {"budget_exceeded", "rate_limit_exceeded", "model_unpriced"}
#: Of a port that speaks TLS: test_tls.
TLS = {"plaintext_on_tls_port"}
#: While the disk takes no records: test_books.py.
BOOKS = {"unrecordable"}
#: Only a mistake in the code leads here.
MISTAKES = {"internal_error"}
#: Told in a stream that has begun, so not as a status: `test_interrupted`.
IN_STREAMS = {"stream_interrupted"}
#: Of what a store has: test_store_gateway.py, test_prompts.py.
STORED = {"disabled_api_key", "virtual_key_unusable", "unknown_prompt", "invalid_prompt"}


def refusals():
    """The table of the code: {code: (status, type)}."""
    text = (ROOT / "Sources/Providers/Refusal.swift").read_text()
    rows = {code: (int(status), kind) for code, status, kind in re.findall(r'row\("(\w+)", (\d+), "(\w+)"', text)}
    for maker, kind in (("client", "invalid_request_error"), ("upstream", "upstream_error"), ("gateway", "api_error")):
        rows |= {code: (int(status), kind) for code, status in re.findall(rf'  {maker}\("(\w+)", (\d+),', text)}
    return rows


@dataclasses.dataclass
class Row:
    """How an error is brought about. Requests of a chat are made in both dialects, unless the error is of one."""

    code: str
    headers: dict = dataclasses.field(default_factory=dict)
    body: object = None
    #: Where not the chat's of either dialect.
    path: str = None
    method: str = "POST"
    raw: bytes = None
    #: The status, where the request has a closer one than the table.
    status: int = None
    handler: object = None
    gateway: str = "plain"
    patience: float = 4


class Errors(GatewayCase):
    """Errors."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        server = TLSUpstream(Certificate("self-signed", names=["localhost"]).write(pathlib.Path(directory.name, "a.pem")), b"")
        cls.addClassCleanup(server.close)
        cls.untrusted = f"https://localhost:{server.port}/v1"
        authority = Upstream(lambda incoming, peer: peer.answer({"error": "invalid_client"}, 401))
        cls.addClassCleanup(authority.close)
        cls.key, digest = new_key()
        log = {"version": 1, "log": {"format": "json"}}
        keys = {"tests": {"digest": f"sha256:{digest}", "expires": "2020-01-01"}}
        cls.gateways = {
            "plain": cls.started({**log, "limits": {"head_time": "500ms", "body_grace": "500ms"}, "timeouts": {"first_byte": "500ms"},
                                  "providers": {"nowhere": {"base_url": "http://no-such-host.invalid/v1", "allow_private": True}}},
                                 AZURE_AUTHORITY_HOST=f"http://127.0.0.1:{authority.port}"),
            "keyed": cls.started({**log, "keys": keys, "virtual_keys": {"team": {"provider": "openai", "api_key": "sk-vault"}}}),
            "narrow": cls.started({**log, "limits": {"origin_connections": 1, "queue": 1, "queue_wait": "300ms"}}),
            "small": cls.started({**log, "limits": {"buffers": "16MiB"}}),
        }

    @classmethod
    def started(cls, configuration, **environment):
        gateway = Gateway(configuration, environment, workers=1)
        cls.addClassCleanup(gateway.stop)
        return gateway

    def rows(self):
        here = self.upstream.headers()
        claude = {"provider": "anthropic", "api_key": "k", "custom_host": self.upstream.base}

        def config(config):
            return {"x-portkey-config": json.dumps(config)}

        def custom(host, **headers):
            return {"x-portkey-provider": "openai", "x-portkey-custom-host": host, "Authorization": "Bearer sk-caller", **headers}

        def json_of(headers):
            return {**headers, "Content-Type": "application/json"}

        def bare(line, *fields):
            return "\r\n".join([line, "Host: a", *fields, "", ""]).encode()

        entra = {"provider": "azure-openai", "custom_host": f"http://127.0.0.1:{self.upstream.port}/openai", "deployment_id": "d", "api_version": "2024-10-21",
                 "azure_auth_mode": "entra", "azure_entra_tenant_id": "t", "azure_entra_client_id": "c", "azure_entra_client_secret": "s"}
        guarded = self.upstream.target(input_guardrails=[{"default.contains": {"words": ["hi"], "operator": "none"}, "deny": True}])
        return [
            Row("malformed_request", raw=b"GET / HTTP/1.1\r\n\r\n"), Row("malformed_request", raw=bare("BREW / HTTP/1.1"), status=501),
            Row("malformed_request", raw=bare("GET / HTTP/1.1", "A : b")), Row("malformed_request", raw=bare("GET / HTTP/2.0"), status=505),
            Row("malformed_request", raw=bare("POST / HTTP/1.1", "Transfer-Encoding: gzip"), status=501),
            Row("malformed_request", {**json_of(here), "Transfer-Encoding": "chunked"}, b"zz\r\n"),
            Row("target_too_long", raw=bare("GET /" + "a" * 9000 + " HTTP/1.1")), Row("headers_too_large", raw=bare("GET / HTTP/1.1", *["a: b"] * 101)),
            Row("expectation_failed", raw=bare("GET /v1/x HTTP/1.1", "Expect: more")), Row("request_too_slow", raw=b"GET / HT"),
            Row("request_too_slow", {**json_of(here), "Content-Length": "9"}, b""),
            Row("request_too_large", {**json_of(here), "Content-Length": str(21 << 20)}, b""),
            Row("invalid_json", json_of(here), b"{"), Row("duplicate_member", json_of(here), b'{"model":1,"model":2}'),
            Row("unsupported_content_encoding", {**here, "Content-Encoding": "gzip"}, b"\x1f\x8b"),
            Row("upgrade_not_supported", raw=bare("GET /v1/realtime HTTP/1.1", "Connection: upgrade", "Upgrade: websocket")),
            Row("not_found", path="/nowhere"), Row("method_not_allowed", {"Host": "localhost"}, path="/v1/sluice/reload", method="GET"),
            Row("forbidden", path="/v1/sluice/targets", method="GET"),
            Row("missing_provider", {}), Row("config_without_provider", config({"api_key": "k"})), Row("invalid_config_json", {"x-portkey-config": "{"}),
            Row("invalid_config", config({"strategy": {"mode": "zz"}, "targets": []})), Row("unknown_config", {"x-portkey-config": "nobody"}),
            Row("no_condition_holds", config({"strategy": {"mode": "conditional", "conditions": [{"query": {"metadata.a": "b"}, "then": "x"}]},
                                              "targets": [{"name": "x", **self.upstream.target()}]})),
            Row("invalid_provider", {"x-portkey-provider": "nobody"}), Row("unsupported_provider", {"x-portkey-provider": "sagemaker"}),
            Row("unsupported_endpoint", {"x-portkey-provider": "groq", "Authorization": "Bearer k"}, {"model": "m", "prompt": "p"}, "/v1/images/generations"),
            Row("unsupported_translation", config(claude), {"model": "m", "input": "i"}, "/v1/embeddings"),
            Row("invalid_body", config(claude), {"model": "claude-sonnet-4-5", "messages": 3}, CHAT),
            Row("unsupported_content", config(claude), {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": [
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]}]}, CHAT),
            Row("dropped_parameter", {**config(claude), "x-sluice-strict-params": "1"}, {"model": "claude-sonnet-4-5", "messages": HELLO, "seed": 1}, CHAT),
            Row("invalid_custom_host", custom("http://169.254.169.254/v1")), Row("invalid_header", [*here.items(), ("x-portkey-provider", "groq")]),
            Row("missing_credential", {"x-portkey-virtual-key": "team"}, gateway="keyed"),
            Row("invalid_api_key", {**here, "x-portkey-api-key": "sk-sluice-" + "A" * 49}),
            Row("expired_api_key", {**here, "x-portkey-api-key": self.key}, gateway="keyed"),
            Row("guardrail_denied", config(guarded)),
            Row("unguarded_request", {**config(guarded), "Content-Type": "application/octet-stream"}, b"x", "/v1/files"),
            Row("request_timeout", {**here, "x-portkey-request-timeout": "100"}, handler=lambda incoming, peer: time.sleep(0.4)),
            Row("upstream_timeout", here, handler=lambda incoming, peer: time.sleep(0.8)),
            Row("upstream_unresolved", {"x-portkey-provider": "nowhere", "Authorization": "Bearer k"}, patience=12),
            Row("upstream_unreachable", custom(f"http://127.0.0.1:{free_port()}/v1")), Row("upstream_untrusted", custom(self.untrusted)),
            Row("token_refused", config(entra), path=CHAT), Row("upstream_closed", here, handler=lambda incoming, peer: peer.cut()),
            Row("upstream_malformed", here, handler=lambda incoming, peer: (peer.send(b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n"), peer.cut())),
            Row("upstream_unreadable", config(claude), {"model": "claude-sonnet-4-5", "messages": HELLO}, CHAT, handler=lambda incoming, peer: peer.answer({})),
            Row("upstream_busy", here, handler=lambda incoming, peer: time.sleep(2), gateway="narrow"),
            Row("overloaded", here, {"model": "m", "messages": HELLO, "user": "x" * (17 << 20)}, gateway="small"),
        ]

    def asked(self, row, path):
        """The answer to a row's request, as a strict client reads it."""
        self.upstream.handler = row.handler or self.upstream.handler
        gateway = self.gateways[row.gateway]
        body = row.body if row.body is not None else {"model": "m", "max_tokens": 1, "messages": HELLO} if row.method == "POST" else None
        data = row.raw or request(row.method, path, row.headers, body)
        if row.code == "upstream_busy":
            # The one connection there may be is another's.
            busy = Wire(gateway.port).send(data)
            self.addCleanup(busy.socket.close)
            time.sleep(0.1)
        with Client(gateway.port) as client:
            client.socket.settimeout(row.patience)
            return client.ask(data, row.method)

    def test_table(self):
        """each is valid HTTP with its status, code and type, in the dialect of the client, and names the request"""
        table, identifiers = refusals(), {}
        for row in self.rows():
            for path in [row.path] if row.path or row.raw else [CHAT, MESSAGES]:
                with self.subTest(code=row.code, path=path, raw=(row.raw or b"")[:30]):
                    self.upstream.forget()
                    answer = self.asked(row, path)
                    status, kind = table[row.code]
                    self.assertEqual((answer.status, answer.fault, answer.ended), (row.status or status, None, "whole"), answer)
                    self.assertEqual(answer.all("content-type"), ["application/json"])
                    [identifier] = answer.all("x-sluice-request-id")
                    self.assertEqual(answer.all("x-portkey-trace-id"), [identifier])
                    self.assertEqual(answer.all("retry-after"), ["1"] if answer.status in (429, 503) else [])
                    self.assert_body(json.loads(answer.body), row.code, kind, identifier, path == MESSAGES)
                    identifiers[identifier] = (row, answer.status)
        self.assertEqual(set(table), {row.code for row, _ in identifiers.values()} | AHEAD | SPENDING | STORED | TLS | BOOKS | MISTAKES | IN_STREAMS | {"unknown_virtual_key"})
        for identifier, (row, status) in identifiers.items():
            with self.subTest(code=row.code, log=True):
                [line] = self.lines(self.gateways[row.gateway], identifier)
                self.assertEqual((line["status"], line["error"]), (status, row.code))

    def assert_body(self, body, code, kind, identifier, is_anthropic):
        if is_anthropic:
            self.assertEqual((body["type"], body["request_id"]), ("error", identifier))
            self.assertTrue(body["error"]["type"] and body["error"]["message"])
            return
        error = body["error"]
        self.assertTrue(error["message"])
        self.assertEqual(error["type"], kind)
        # Portkey's own bodies of these two have no code, and no id (the wire reference §4 and §7).
        if code in ("request_timeout", "guardrail_denied"):
            return self.assertIsNone(error["code"])
        self.assertEqual((error["code"], body["status"], body["message"], body["request_id"]), (code, "failure", error["message"], identifier))

    def lines(self, gateway, identifier):
        """The log's lines of a request; it is written every 20 ms."""
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            found = [json.loads(line) for line in gateway.output.read_text().splitlines() if f'"id":"{identifier}"' in line]
            if found:
                return found
            time.sleep(0.02)
        return []

    def test_unknown_virtual_key(self):
        """a virtual key that nobody declared is named as such to who may use them"""
        token, digest = new_key()
        gateway = self.started({"version": 1, "log": {"format": "json"}, "keys": {"tests": f"sha256:{digest}"}})
        for path in (CHAT, MESSAGES):
            with Client(gateway.port) as client:
                answer = client.ask(request("POST", path, {"x-portkey-api-key": token, "x-portkey-virtual-key": "nobody"}, {"model": "m", "messages": HELLO}))
            [identifier] = answer.all("x-sluice-request-id")
            self.assertEqual((answer.status, answer.fault), (400, None), answer)
            self.assert_body(json.loads(answer.body), "unknown_virtual_key", "invalid_request_error", identifier, path == MESSAGES)
            [line] = self.lines(gateway, identifier)
            self.assertEqual((line["status"], line["error"], line["key"]), (400, "unknown_virtual_key", "tests"))

    def test_interrupted(self):
        """an error in a stream that has begun is an event of the client's dialect, and one line in the log"""
        for path, provider, first in ((CHAT, "openai", b'data: {"choices":[]}\n\n'), (MESSAGES, "anthropic", b'event: ping\ndata: {"type":"ping"}\n\n')):
            with self.subTest(path=path):
                self.upstream.handler = lambda incoming, peer: (peer.stream(first, end=False), peer.cut())
                with Client(self.gateways["plain"].port) as client:
                    body = {"model": "m", "max_tokens": 1, "stream": True, "messages": HELLO}
                    answer = client.ask(request("POST", path, self.upstream.headers(provider), body))
                self.assertEqual((answer.status, answer.fault, answer.ended), (200, None, "cut"), answer)
                event = json.loads(answer.body.rsplit(b"data: ", 1)[1])
                self.assertEqual(event["error"].get("code", "stream_interrupted"), "stream_interrupted")
                self.assertTrue(event["error"]["type"] and event["error"]["message"])
                [line] = self.lines(self.gateways["plain"], answer.all("x-sluice-request-id")[0])
                self.assertEqual((line["status"], line["error"], line["aborted"]), (200, "stream_interrupted", True))
