"""Secrets of every kind, each a canary: none shows where it does not belong."""

import collections
import json
import pathlib
import re
import ssl
import tempfile
import time

from harness.certificates import Certificate
from harness.chance import chance, rounds
from harness.configuration import with_tls
from harness.gateway import Gateway, GatewayCase, command, free_port
from harness.http2 import Wire2, fields
from harness.upstream import CHAT, Upstream
from harness.wire import Cut, Wire, request
from test_identity import new_key

HELLO = [{"role": "user", "content": "hi"}]
BODY = {"model": "m", "max_tokens": 1, "messages": HELLO}


class Canaries(GatewayCase):
    """Canaries."""

    #: Rounds, of a short run and of a long one, and secrets that they come to.
    rounds, secrets = (60, 600), 1000

    @classmethod
    def edges(cls):
        """What the configuration says of listeners and of what is spoken to upstreams."""
        return {}

    @classmethod
    def setUpClass(cls):
        #: What each is, and the upstreams that may be sent it.
        cls.kinds, cls.allowed = {}, {}
        cls.source = chance("canaries")
        #: All that clients and operators were shown.
        cls.shown = collections.deque()
        cls.upstreams = {name: Upstream() for name in ("first", "second", "authority")}
        for upstream in cls.upstreams.values():
            cls.addClassCleanup(upstream.close)
        cls.upstream = cls.upstreams["first"]
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        secret = pathlib.Path(cls.directory.name, "secret")
        secret.write_text(cls.canary("secret of a file", "first"))
        secret.chmod(0o600)
        keys = [new_key() for _ in range(20)]
        for key, _ in keys:
            cls.kinds[key], cls.allowed[key] = "gateway key", set()
        cls.keys = [key for key, _ in keys]
        base = cls.upstream.base
        from_environment = cls.canary("secret of the environment", "first")
        cls.configuration_ = {
            "version": 1, "log": {"format": "json"}, **cls.edges(),
            "providers": {"house": {"base_url": base, "api_key": cls.canary("operator's credential", "first")}},
            "virtual_keys": {"written": {"provider": "house", "api_key": cls.canary("virtual key", "first")},
                             "environment": {"provider": "house", "api_key": "env:SLUICE_TEST_SECRET"},
                             "file": {"provider": "house", "api_key": f"file:{secret}"}},
            "keys": {f"team{number}": {"digest": f"sha256:{digest}"} for number, (_, digest) in enumerate(keys)},
            "configs": {"literal": cls.upstream.target(api_key=cls.canary("credential in a config of the file", "first"), retry={"attempts": 0})},
            "exporters": {
                "dead": {"type": "otlp", "endpoint": f"http://127.0.0.1:{free_port()}/{cls.canary('path of an exporter')}", "every": "50ms",
                         "headers": {"authorization": cls.canary("header of an exporter")}},
                "hook": {"type": "webhook", "url": f"http://127.0.0.1:{free_port()}/", "secret": cls.canary("secret of an exporter"), "every": "50ms"}},
        }
        #: Where store, books and budgets are kept.
        cls.data = pathlib.Path(cls.directory.name, "data")
        cls.gateway = Gateway(cls.configuration_, {"SLUICE_TEST_SECRET": from_environment, "SLUICE_DATA": str(cls.data), "AZURE_AUTHORITY_HOST":
                                                   f"http://127.0.0.1:{cls.upstreams['authority'].port}"})
        cls.addClassCleanup(cls.gateway.stop)

    def setUp(self):
        """What earlier tests were sent stays recorded: all of it is searched in the end."""

    @classmethod
    def canary(cls, kind, *upstreams):
        text = f"cnry{cls.source.getrandbits(80):020x}"
        cls.kinds[text], cls.allowed[text] = kind, set(upstreams)
        return text

    def ask(self, headers, body=BODY, path="/v1/chat/completions", method="POST"):
        """Keeps all that came back, as it came."""
        with self.connect() as wire:
            return self.ask1(wire, headers, body, path, method)

    def connect(self):
        return Wire(self.gateway.port)

    def ask1(self, wire, headers, body, path, method):
        wire.send(request(method, path, headers, body))
        try:
            response = wire.response(method)
            self.shown.append(repr(response.fields) + response.body.decode("latin-1"))
            return response.status
        except Cut:
            return None

    def config(self, config, **headers):
        return {"x-portkey-config": json.dumps(config), **headers}

    def target(self, name, kind, **members):
        return {"provider": "openai", "api_key": self.canary(kind, name), "custom_host": self.upstreams[name].base, **members}

    def failing(self):
        """The first upstream fails in one way or another, or tells another place to go."""
        elsewhere = f"http://127.0.0.1:{self.upstreams['second'].port}/v1"
        self.upstreams["first"].handler = self.source.choice([
            lambda incoming, peer: peer.answer({"error": {"message": "no"}}, self.source.choice([400, 401, 402, 403, 429, 500, 503])),
            lambda incoming, peer: peer.cut(reset=True), lambda incoming, peer: (peer.send(b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n"), peer.cut()),
            lambda incoming, peer: peer.answer(b"", 307, [("Location", elsewhere)]),
            lambda incoming, peer: (peer.stream(b'data: {"choices":[]}\n\n', end=False), peer.cut()),
            lambda incoming, peer: peer.answer(CHAT)])

    def round(self):
        """Each kind once, in a request that succeeds, fails, or is refused."""
        self.failing()
        key = self.source.choice(self.keys)
        caller, first = self.canary("caller's bearer", "first"), self.upstream.headers()
        self.ask({**first, "Authorization": f"Bearer {caller}"}, {**BODY, "stream": self.source.random() < 0.5})
        forwarded = {"x-portkey-forward-headers": "authorization,x-portkey-api-key,x-api-key", "x-portkey-api-key": key}
        self.ask({**first, "Authorization": f"Bearer {caller}", **forwarded})
        self.ask({**self.upstream.headers("anthropic"), "Authorization": "", "x-api-key": self.canary("caller's x-api-key", "first")}, path="/v1/messages")
        self.ask(self.config({"strategy": {"mode": "fallback"}, "targets": [self.target("first", "first target's"), self.target("second", "second target's")]}))
        self.ask(self.config({"strategy": {"mode": "fallback"}, "targets": [
            self.target("first", "first target's", credentials=[{"api_key": self.canary("a pool's", "first")} for _ in range(2)]) | {"api_key": None},
            self.target("second", "second target's")]}))
        for name in ("written", "environment", "file"):
            self.ask({"x-portkey-api-key": key, "x-portkey-virtual-key": name})
            self.ask({"Authorization": f"Bearer {key}", "x-portkey-virtual-key": name, "x-portkey-custom-host": self.upstreams["second"].base})
        self.ask({"x-api-key": key, "x-portkey-config": "literal"})
        self.ask({"x-portkey-api-key": key, "x-portkey-provider": "house"})
        self.refused(caller, key)
        self.clouds()
        self.kept()

    def refused(self, caller, key):
        """Requests that go nowhere: what is wrong with them is said without what they hold."""
        held = self.canary("credential in a refused config")
        self.ask(self.config({"api_key": held, "strategy": {"mode": "zz"}, "targets": []}))
        self.ask({"x-portkey-config": '{"provider":"openai","api_key":"%s",' % held})
        self.ask(self.config({"provider": "openai", "api_key": held + "\r\nx: y", "custom_host": self.upstream.base}))
        self.ask(self.config({"provider": "openai", "api_key": {held: held}}))
        self.ask(self.config({"provider": "nobody", "api_key": held}))
        self.ask(self.config({"provider": "openai", "api_key": "k", "custom_host": f"http://{held}:{held}@127.0.0.1/v1"}))
        self.ask(self.config(self.upstream.target(api_key=held, input_guardrails=[{"default.contains": {"words": ["hi"], "operator": "none"}, "deny": True}])))
        typed_wrong = key[:-3] + ("aaa" if key[-3:] != "aaa" else "bbb")
        self.kinds[typed_wrong], self.allowed[typed_wrong] = "gateway key with a typing error", set()
        self.ask({**self.upstream.headers(), "x-portkey-api-key": typed_wrong})
        self.ask({"x-portkey-provider": "nobody", "Authorization": f"Bearer {caller}"})
        self.ask({"x-portkey-provider": "openai", "x-portkey-custom-host": "http://10.0.0.1", "Authorization": f"Bearer {self.canary('bearer')}"})
        self.ask({"Authorization": f"Bearer {self.canary('bearer')}"}, path=f"/v1/nowhere?key={self.canary('credential in a query')}", method="GET", body=None)
        self.ask({"Authorization": f"Bearer {self.canary('bearer')}", "Content-Type": "application/json", "x-portkey-provider": "house"}, b"{")

    def kept(self):
        """Answers that are kept and given again, and what operators are told of them."""
        self.upstreams["first"].handler = lambda incoming, peer: peer.answer(CHAT)
        cached = {"provider": "openai", "custom_host": self.upstream.base, "cache": {"mode": "simple"}}
        bearer = f"Bearer {self.canary('bearer of a caller whose answers are kept', 'first')}"
        written = {**cached, "api_key": self.canary("credential in a config with a cache", "first")}
        for stream in (False, False, True):
            self.ask(self.config(cached, Authorization=bearer, **{"x-sluice-explain": "1"}), {**BODY, "stream": stream})
            self.ask(self.config(written, **{"x-sluice-explain": "1"}), {**BODY, "stream": stream})
        for method, path in (("GET", "/v1/sluice/cache"), ("GET", "/metrics"), ("DELETE", "/v1/sluice/cache?namespace=none")):
            self.assertEqual(self.ask({"Host": "localhost"}, None, path, method), 200, path)

    def clouds(self):
        """Credentials that are used and not sent, and those fetched with them."""
        base = f"http://127.0.0.1:{self.upstream.port}"
        token = self.canary("token of the authority's", "first")
        self.upstreams["authority"].handler = lambda incoming, peer: peer.answer({"access_token": token, "expires_in": 3600, "token_type": "Bearer"}) if (
            self.source.random() < 0.7) else peer.answer({"error": "invalid_client"}, 401)
        self.ask(self.config({"provider": "bedrock", "custom_host": base, "aws_region": "us-east-1", "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
                              "aws_secret_access_key": self.canary("AWS secret"), "aws_session_token": self.canary("AWS session token", "first")}))
        self.ask(self.config({"provider": "azure-openai", "custom_host": f"{base}/openai", "deployment_id": "d", "api_version": "2024-10-21",
                              "azure_auth_mode": "entra", "azure_entra_tenant_id": "t", "azure_entra_client_id": f"c{len(self.kinds)}",
                              "azure_entra_client_secret": self.canary("Entra client secret", "authority")}))
        held = self.canary("service account's key")
        self.ask(self.config({"provider": "vertex-ai", "custom_host": base, "vertex_region": "us-east5", "vertex_service_account_json": {
            "type": "service_account", "project_id": "p", "client_email": "a@p.iam.gserviceaccount.com", "private_key_id": "1",
            "private_key": f"-----BEGIN PRIVATE KEY-----\n{held}\n-----END PRIVATE KEY-----\n"}}))

    def operators(self):
        """What operators are shown: health, metrics, targets, the command line's words."""
        for path in ("/", "/health", "/ready", "/metrics", "/v1/sluice/targets"):
            self.ask({"Host": "localhost"}, None, path, "GET")
        self.ask({"Host": "localhost"}, None, "/v1/sluice/reload")
        folder = pathlib.Path(self.directory.name)
        (folder / "request.json").write_text(json.dumps({"headers": {"x-portkey-config": json.dumps(self.target("first", "explained"))}, "body": BODY}))
        broken = json.loads(json.dumps(self.configuration_))
        broken["virtual_keys"]["written"]["provider"] = "nobody"
        broken["providers"]["house"]["api_kye"] = broken["providers"]["house"]["api_key"]
        for name, value in (("sluice.yaml", self.configuration_), ("broken.yaml", broken)):
            (folder / name).write_text(json.dumps(value, indent=1))
            for arguments in (("check", str(folder / name)), ("explain", "--config", str(folder / name), "--request", str(folder / "request.json"))):
                done = command(*arguments)
                self.shown.append(done.stdout + done.stderr)
        for process in (self.gateway.pid, self.gateway.serving):
            self.shown.append(pathlib.Path(f"/proc/{process}/cmdline").read_text())

    def test_nowhere_else(self):
        """of many secrets none shows in an answer, a log, a metric, an explanation, or at anybody else's"""
        count = rounds(*self.rounds)
        for _ in range(count):
            self.round()
        self.operators()
        # The search finds what is there: a trace id is said again to who sent it.
        told = self.canary("trace id", "first")
        self.ask({**self.upstream.headers(), "x-portkey-trace-id": told})
        time.sleep(0.2)
        self.shown.append(self.gateway.output.read_text())
        kept = {str(path.relative_to(self.data)): path.read_bytes() for path in self.data.rglob("*") if path.is_file()}
        self.assertGreater(sum(len(content) for name, content in kept.items() if name.startswith("books/")), 1000, kept.keys())
        self.shown += [content.decode("latin-1") for content in kept.values()]
        self.assertGreater(len(self.kinds), self.secrets)
        self.assertGreaterEqual(len(set(self.kinds.values())), 20)
        shown = "\n".join(self.shown)
        found = set(re.findall(r"cnry[0-9a-f]{20}", shown)) | {key for key in self.kinds if key.startswith("sk-") and key in shown}
        self.assertEqual({self.kinds[text] for text in found if text in self.kinds}, {"trace id"})
        used = set()
        for name, upstream in self.upstreams.items():
            arrived = b"\n".join(sent.raw for sent in upstream.requests).decode("latin-1")
            for text in set(re.findall(r"cnry[0-9a-f]{20}", arrived)) | {key for key in self.kinds if key.startswith("sk-") and key in arrived}:
                self.assertIn(name, self.allowed[text], f"a {self.kinds[text]} arrived at the {name} upstream")
                used.add(self.kinds[text])
        # Those that are to be sent were: else nothing would have been shown of them anyway.
        self.assertGreaterEqual(used, {"caller's bearer", "first target's", "second target's", "virtual key", "secret of the environment", "secret of a file",
                                       "operator's credential", "credential in a config of the file", "Entra client secret", "token of the authority's"})


class SecureCanaries(Canaries):
    """Canaries over TLS and HTTP/2."""

    rounds, secrets = (30, 300), 500

    @classmethod
    def edges(cls):
        cls.port, path = free_port(), pathlib.Path(cls.directory.name, "server.pem")
        certificate = Certificate("server", names=["localhost"])
        certificate.write(path).chmod(0o600)
        key = re.search(r"-----BEGIN PRIVATE KEY-----\n(.*?)-----END", path.read_text(), re.DOTALL)[1]
        cls.key_lines = [line for line in key.splitlines() if len(line) > 20]
        cls.client = ssl.create_default_context(cadata=certificate.pem.decode())
        return {**with_tls(cls.port, (str(path), str(path))), "upstream_http2": "prior_knowledge"}

    def ask(self, headers, body=BODY, path="/v1/chat/completions", method="POST"):
        """In turn over HTTP/1.1 in TLS, HTTP/2 in TLS, and HTTP/2 in plaintext."""
        spoken = self.source.choice(["http/1.1", "h2", "plaintext"])
        if spoken == "plaintext":
            with Wire2(self.gateway.port) as wire:
                return self.ask2(wire, headers, body, path, method)
        self.client.set_alpn_protocols([spoken])
        with Wire(self.port, self.client) as wire:
            if spoken == "http/1.1":
                return self.ask1(wire, headers, body, path, method)
            return self.ask2(Wire2(self.port, wrapped=wire.socket), headers, body, path, method)

    def ask2(self, wire, headers, body, path, method):
        named = {name.lower(): value for name, value in headers.items()}
        authority = named.pop("host", "gateway.test")
        if isinstance(body, dict):
            body = json.dumps(body).encode()
            named.setdefault("content-type", "application/json")
        wire.headers(1, fields(method, path, *named.items(), authority=authority), end=body is None)
        if body is not None:
            wire.data(1, body, end=True)
        answer = wire.whole(1)
        self.shown.append(f"{answer.fields} {answer.trailers} {wire.goaway}" + answer.body.decode("latin-1"))
        return answer.status

    def test_nowhere_else(self):
        """of many secrets none shows anywhere else, and nothing of the listener's own key"""
        super().test_nowhere_else()
        shown = "\n".join(self.shown)
        self.assertTrue(self.key_lines)
        self.assertEqual([line for line in self.key_lines if line in shown], [])
        self.assertEqual({sent.version for sent in self.upstream.requests}, {"HTTP/2"})
        for spoken in ('"tls":"1.3"', '"protocol":"HTTP/2"', '"protocol":"HTTP/1.1"', '"upstream_protocol":"HTTP/2"'):
            self.assertIn(spoken, shown)
