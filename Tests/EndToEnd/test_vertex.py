"""Google Vertex AI: three dialects behind one project, and service accounts."""

import base64
import collections
import concurrent.futures
import hashlib
import json
import re
import threading
import time
import urllib.parse
from pathlib import Path

import anthropic
import openai

from harness.configuration import plain
from harness.gateway import Gateway, GatewayCase, Mock, command
from harness.native import Claude, Gemini, OpenAI
from harness.translation import HELLO, WEATHER
from harness.upstream import Upstream

FIXTURES = Path(__file__).resolve().parents[1] / "Fixtures/vertex"
ACCOUNT = json.loads((FIXTURES / "account.json").read_text())
TEXT = ("text", "hel", "lo")
ROOT = "/v1/projects/my-project/locations/us-east5"


def verified(assertion):
    """The claims of a statement, whose signature is the fixture's account's: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2.2)."""
    def decoded(text):
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    header, claims, signature = assertion.split(".")
    modulus = int((FIXTURES / "modulus.txt").read_text(), 16)
    block = pow(int.from_bytes(decoded(signature)), 65537, modulus).to_bytes(256)
    digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(f"{header}.{claims}".encode()).digest()
    assert block == b"\x00\x01" + b"\xff" * (253 - len(digest)) + b"\x00" + digest, "the signature is not the account's"
    assert json.loads(decoded(header)) == {"alg": "RS256", "typ": "JWT", "kid": ACCOUNT["private_key_id"]}
    return json.loads(decoded(claims))


class VertexCase(GatewayCase):
    """Requests to provider vertex-ai, whose region is the test's upstream."""

    @property
    def host(self):
        return f"http://127.0.0.1:{self.upstream.port}"

    def routing(self, **options):
        """Headers that lead to the project; options under the names they have in configs."""
        options = {"vertex_project_id": "my-project", "vertex_region": "us-east5", **options}
        return self.spelled({name: value for name, value in options.items() if value})

    def by_headers(self, options):
        headers = {"x-portkey-provider": "vertex-ai", "x-portkey-custom-host": self.host}
        for name, value in options.items():
            headers["x-portkey-" + name.replace("_", "-")] = json.dumps(value) if isinstance(value, dict) else value
        return headers

    def by_config(self, options):
        credential = {} if "vertex_service_account_json" in options else {"api_key": "ya29.token"}
        return {"x-portkey-config": json.dumps({"provider": "vertex-ai", "custom_host": self.host, **credential, **options})}

    def openai(self, **options):
        client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key="ya29.token", max_retries=0, timeout=10, default_headers=self.routing(**options))
        self.addCleanup(client.close)
        return client

    def anthropic(self, **options):
        client = anthropic.Anthropic(base_url=self.gateway.url, api_key="ya29.token", max_retries=0, timeout=10, default_headers=self.routing(**options))
        self.addCleanup(client.close)
        return client

    def answering(self, native):
        """The upstream answers as `native` does, in streams where they are asked for."""
        self.upstream.handler = lambda request, peer: (
            peer.stream(*native.stream(TEXT)) if "stream" in request.target.lower() or self.asked(request).get("stream") else peer.answer(native.whole(TEXT)))

    @staticmethod
    def asked(request):
        return request.json if request.body else {}

    def chat_text(self, model, client=None, stream=False):
        """One chat; its text, and the request that arrived."""
        client = client or self.openai()
        if stream:
            with client.chat.completions.stream(model=model, messages=HELLO) as events:
                text = events.get_final_completion().choices[0].message.content
        else:
            text = client.chat.completions.create(model=model, messages=HELLO).choices[0].message.content
        return text, self.upstream.requests[-1]

    def message_text(self, model, client=None, stream=False):
        client = client or self.anthropic()
        if stream:
            with client.messages.stream(model=model, max_tokens=5, messages=HELLO) as events:
                text = events.get_final_text()
        else:
            text = client.messages.create(model=model, max_tokens=5, messages=HELLO).content[0].text
        return text, self.upstream.requests[-1]

    def expect_bearer(self, sent, token="ya29.token"):
        self.assertEqual((sent.all("authorization"), sent["x-api-key"], sent["x-goog-api-key"]), ([f"Bearer {token}"], None, None))
        self.assertEqual([name for name, _ in sent.fields if name.lower().startswith("x-portkey")], [])


class Models:
    """What is the same for requests whose headers, or whose config, name the project."""

    def test_gemini(self):
        """Google's models, with and without their publisher, for clients of both dialects, whole and streamed"""
        self.answering(Gemini)
        for ask in (self.chat_text, self.message_text):
            for model in ("gemini-2.5-flash", "google.gemini-2.5-flash"):
                for stream, verb in ((False, "generateContent"), (True, "streamGenerateContent?alt=sse")):
                    with self.subTest(ask=ask.__name__, model=model, stream=stream):
                        text, sent = ask(model, stream=stream)
                        self.assertEqual((text, sent.target), ("hello", f"{ROOT}/publishers/google/models/gemini-2.5-flash:{verb}"))
                        self.expect_bearer(sent)
                        self.assertEqual(sent.json["contents"], [{"role": "user", "parts": [{"text": HELLO[0]["content"]}]}])

    def test_claude(self):
        """Anthropic's models: version in the body, model in the path, and the client's own messages as they came"""
        self.answering(Claude)
        model = "anthropic.claude-sonnet-4-5@20250929"
        for ask in (self.chat_text, self.message_text):
            for stream, verb in ((False, "rawPredict"), (True, "streamRawPredict")):
                with self.subTest(ask=ask.__name__, stream=stream):
                    text, sent = ask(model, stream=stream)
                    self.assertEqual((text, sent.target), ("hello", f"{ROOT}/publishers/anthropic/models/claude-sonnet-4-5@20250929:{verb}"))
                    self.expect_bearer(sent)
                    self.assertEqual(sent.json["anthropic_version"], "vertex-2023-10-16")
                    self.assertNotIn("model", sent.json)
                    self.assertEqual(sent.json.get("stream", False), stream)
        self.assertEqual(self.upstream.requests[-2].json, {"anthropic_version": "vertex-2023-10-16", "max_tokens": 5, "messages": HELLO})

    def test_claude_says_its_own_version(self):
        """a version in the client's body stays"""
        self.answering(Claude)
        self.anthropic().messages.create(model="anthropic.claude-3-haiku", max_tokens=5, messages=HELLO, extra_body={"anthropic_version": "vertex-later"})
        self.assertEqual(self.upstream.requests[-1].json["anthropic_version"], "vertex-later")

    def test_open_models(self):
        """models that speak OpenAI's dialect have one path, or one of their own, and are named there as Google names them"""
        self.answering(OpenAI)
        for model, path, name in (
                ("meta.llama-4-scout", "/endpoints/openapi/chat/completions", "meta/llama-4-scout"),
                ("deepseek-ai/deepseek-r1", "/endpoints/openapi/chat/completions", "deepseek-ai/deepseek-r1"),
                ("endpoints.4567", "/endpoints/4567/chat/completions", ""),
                ("mistralai.mistral-medium-3", "/publishers/mistralai/models/mistral-medium-3:rawPredict", "mistral-medium-3")):
            for ask in (self.chat_text, self.message_text):
                for stream in (False, True):
                    with self.subTest(model=model, ask=ask.__name__, stream=stream):
                        text, sent = ask(model, stream=stream)
                        streamed = path.replace(":rawPredict", ":streamRawPredict") if stream else path
                        self.assertEqual((text, sent.target, sent.json["model"]), ("hello", ROOT + streamed, name))
                        self.expect_bearer(sent)

    def test_embeddings(self):
        """embeddings are predictions; their tokens are counted"""
        self.upstream.handler = lambda request, peer: peer.answer({"predictions": [
            {"embeddings": {"values": [0.5, 0.25], "statistics": {"token_count": 2, "truncated": False}}} for _ in request.json["instances"]]})
        answer = self.openai().embeddings.create(model="text-embedding-005", input=["a", "b"], dimensions=2)
        self.assertEqual(([item.embedding for item in answer.data], answer.usage.prompt_tokens), ([[0.5, 0.25], [0.5, 0.25]], 4))
        sent = self.upstream.requests[-1]
        self.assertEqual(sent.target, f"{ROOT}/publishers/google/models/text-embedding-005:predict")
        self.assertEqual(sent.json, {"instances": [{"content": "a"}, {"content": "b"}], "parameters": {"outputDimensionality": 2}})

    def test_counting(self):
        """tokens are counted for models of both makers"""
        self.upstream.handler = lambda request, peer: peer.answer({"input_tokens": 7} if "rawPredict" in request.target else {"totalTokens": 8})
        counted = self.anthropic().messages.count_tokens(model="anthropic.claude-sonnet-4-5", messages=HELLO)
        sent = self.upstream.requests[-1]
        self.assertEqual((counted.input_tokens, sent.target), (7, f"{ROOT}/publishers/anthropic/models/count-tokens:rawPredict"))
        self.assertEqual(sent.json, {"anthropic_version": "vertex-2023-10-16", "model": "claude-sonnet-4-5", "messages": HELLO})
        counted = self.anthropic().messages.count_tokens(model="gemini-2.5-pro", messages=HELLO)
        sent = self.upstream.requests[-1]
        self.assertEqual((counted.input_tokens, sent.target), (8, f"{ROOT}/publishers/google/models/gemini-2.5-pro:countTokens"))
        self.assertEqual(list(sent.json), ["contents"])

    def test_errors(self):
        """an error raises the SDK's exception, alone or in the array that Google sometimes puts it in"""
        error, _ = Gemini.error(429, "quota")
        for body in (error, [error]):
            self.upstream.handler = lambda request, peer: peer.answer(body, 429)
            with self.assertRaises(openai.RateLimitError) as caught:
                self.openai().chat.completions.create(model="gemini-2.5-pro", messages=HELLO)
            self.assertIn("quota", str(caught.exception))
            with self.assertRaises(anthropic.RateLimitError):
                self.anthropic().messages.create(model="gemini-2.5-pro", max_tokens=5, messages=HELLO)

    def test_what_is_not_there(self):
        """an endpoint that a model's maker does not have, a body without a model, and a name that is no segment are clear refusals"""
        for model, call in (
                ("meta.llama-4", lambda client, model: client.embeddings.create(model=model, input="a")),
                ("anthropic.claude-3-haiku", lambda client, model: client.embeddings.create(model=model, input="a")),
                ("gemini-2.5-pro", lambda client, model: client.responses.create(model=model, input="a")),
                ("portkey-default", lambda client, model: client.chat.completions.create(model=model, messages=HELLO))):
            with self.subTest(model=model), self.assertRaises(openai.BadRequestError):
                call(self.openai(), model)
        with self.assertRaises(openai.NotFoundError):
            self.openai().chat.completions.create(model="endpoints...", messages=HELLO)
        self.assertEqual(self.upstream.requests, [])

    def test_other_paths(self):
        """what is no endpoint of ours goes below the host's version as it is"""
        answer = self.send("GET", "/v1/projects/my-project/locations/us-east5/endpoints?pageSize=3", {**self.routing(), "authorization": "Bearer ya29.token"})
        self.assertEqual((answer.status, self.upstream.requests[-1].target), (200, f"{ROOT}/endpoints?pageSize=3"))

    def test_place_is_needed(self):
        """a region and a project are asked for by name, and cannot lead elsewhere"""
        for options, word in (({"vertex_region": ""}, "vertex_region"), ({"vertex_project_id": ""}, "vertex_project_id"),
                              ({"vertex_region": "evil.example/"}, "vertex"), ({"vertex_region": "x#"}, "vertex"), ({"vertex_project_id": "../x"}, "vertex")):
            with self.subTest(options=options), self.assertRaises(openai.BadRequestError) as caught:
                self.openai(**options).chat.completions.create(model="gemini-2.5-pro", messages=HELLO)
            self.assertIn(word, caught.exception.response.text.lower())
        self.assertEqual(self.upstream.requests, [])


class ByHeaders(Models, VertexCase):
    """vertex-ai by headers."""

    spelled = VertexCase.by_headers


class ByConfig(Models, VertexCase):
    """vertex-ai by config."""

    spelled = VertexCase.by_config

    def test_overrides(self):
        """a model that the config sets decides the dialect and the path, whatever the client names"""
        for model, native, target in (
                ("anthropic.claude-sonnet-4-5", Claude, "/publishers/anthropic/models/claude-sonnet-4-5:rawPredict"),
                ("google.gemini-2.5-flash", Gemini, "/publishers/google/models/gemini-2.5-flash:generateContent"),
                ("meta.llama-4", OpenAI, "/endpoints/openapi/chat/completions"), ("endpoints.9", OpenAI, "/endpoints/9/chat/completions")):
            self.answering(native)
            for ask in (self.chat_text, self.message_text):
                with self.subTest(model=model, ask=ask.__name__):
                    client = (self.openai if ask == self.chat_text else self.anthropic)(override_params={"model": model})
                    text, sent = ask("mistralai.whatever", client)
                    self.assertEqual((text, sent.target), ("hello", ROOT + target))
                    named = {"meta.llama-4": "meta/llama-4", "endpoints.9": ""}.get(model)
                    self.assertEqual(sent.json.get("model"), named)

    def test_overridden_stream(self):
        """a stream that the config asks for is asked for in the path, too"""
        self.answering(Claude)
        answer = self.send("POST", "/v1/messages", self.routing(override_params={"stream": True}),
                           {"model": "anthropic.claude-sonnet-4-5", "max_tokens": 5, "messages": HELLO})
        self.assertEqual((answer.status, answer["content-type"]), (200, "text/event-stream"), answer)
        sent = self.upstream.requests[-1]
        self.assertEqual((sent.target, sent.json["stream"]), (f"{ROOT}/publishers/anthropic/models/claude-sonnet-4-5:streamRawPredict", True))

    def test_fallback_across_makers(self):
        """one project's models in turn, each in its own dialect"""
        def handler(request, peer):
            if "anthropic" in request.target:
                body, fields = Claude.error(529)
                return peer.answer(body, 529, fields)
            peer.answer(Gemini.whole(TEXT))
        self.upstream.handler = handler
        target = json.loads(self.routing()["x-portkey-config"])
        config = {"strategy": {"mode": "fallback"}, "targets": [
            {**target, "override_params": {"model": model}} for model in ("anthropic.claude-sonnet-4-5", "gemini-2.5-flash")]}
        for client in (self.chat(config), self.send("POST", "/v1/messages", {"x-portkey-config": json.dumps(config)},
                                                    {"model": "m", "max_tokens": 5, "messages": HELLO})):
            self.assertEqual((client.status, client["x-portkey-last-used-option-index"]), (200, "config.targets[1]"), client)


class ServiceAccount(VertexCase):
    """vertex-ai with a service account."""

    spelled = VertexCase.by_config

    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.google = Upstream()
        cls.addClassCleanup(cls.google.close)
        cls.endpoint = f"http://127.0.0.1:{cls.google.port}/token"
        cls.gateway = Gateway(plain(), environment={"GOOGLE_TOKEN_URI": cls.endpoint})
        cls.addClassCleanup(cls.gateway.stop)

    def setUp(self):
        super().setUp()
        self.google.forget()
        self.lock = threading.Lock()
        # Tokens are kept by account: each test has one of its own.
        self.account = {**ACCOUNT, "client_email": f"{self._testMethodName.replace('_', '-')}@p.example"}
        self.answering(Gemini)
        self.grant()

    def grant(self, seconds=3599, delay=0.0):
        granted = collections.Counter()

        def handler(request, peer):
            time.sleep(delay)
            with self.lock:
                granted["t"] += 1
                token = f"ya29.t{granted['t']}..."
            peer.answer({"access_token": token, "expires_in": seconds, "token_type": "Bearer"})
        self.google.handler = handler

    def ask(self, **options):
        return self.chat_text("gemini-2.5-flash", self.openai(**{"vertex_service_account_json": self.account, **options}))[1]

    def test_token(self):
        """a signed statement buys a token, which goes as Bearer; the key goes nowhere"""
        self.expect_bearer(self.ask(), "ya29.t1...")
        asked = self.google.requests[0]
        self.assertEqual((asked.method, asked.target, asked["content-type"]), ("POST", "/token", "application/x-www-form-urlencoded"))
        form = dict(urllib.parse.parse_qsl(asked.body.decode()))
        self.assertEqual(form.pop("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer")
        claims = verified(form.pop("assertion"))
        self.assertEqual(form, {})
        self.assertEqual((claims["iss"], claims["sub"], claims["aud"], claims["scope"]), (
            self.account["client_email"], self.account["client_email"], self.endpoint, "https://www.googleapis.com/auth/cloud-platform"))
        self.assertEqual(claims["exp"] - claims["iat"], 3600)
        self.assertLess(abs(claims["iat"] - time.time()), 60)

    def test_one_for_all(self):
        """many requests at once ask for one token, whichever model they are for"""
        self.grant(delay=0.3)
        routing = self.routing(vertex_service_account_json=self.account)
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            statuses = list(pool.map(lambda number: self.chat(headers=routing, model=f"gemini-{number % 3}").status, range(40)))
        self.assertEqual((collections.Counter(statuses), len(self.google.requests)), ({200: 40}, 1))

    def test_headers(self):
        """headers say the same as a config, and the account's text the same as the account"""
        self.spelled = self.by_headers
        self.expect_bearer(self.ask(), "ya29.t1...")
        self.spelled = self.by_config
        self.expect_bearer(self.ask(vertex_service_account_json=json.dumps(self.account)), "ya29.t1...")

    def test_project(self):
        """the account's project is the target's, unless one is named"""
        self.assertEqual(self.ask(vertex_project_id="").target, f"{ROOT}/publishers/google/models/gemini-2.5-flash:generateContent".replace("my-project", "fixture-project"))
        self.assertIn("/projects/other/", self.ask(vertex_project_id="other").target)

    def test_where_the_file_says_tokens_come_from(self):
        """the endpoint in the account's file is not believed: it could be any host"""
        self.ask(vertex_service_account_json={**self.account, "token_uri": f"http://127.0.0.1:{self.upstream.port}/token"})
        self.assertEqual([sent.target.startswith("/v1/") for sent in self.upstream.requests], [True])

    def test_other_providers(self):
        """no other provider is sent a service account for a key"""
        config = {"provider": "openai", "custom_host": self.upstream.base, "vertex_service_account_json": self.account}
        answer = self.chat(config)
        self.assertEqual(answer.status, 400, answer)
        self.assertEqual((self.upstream.requests, "PRIVATE" in answer.body.decode()), ([], False))

    def test_refusals(self):
        """a refusal of Google's is a clear 502 with its words; a key that is none, and a file that is none, say so"""
        self.google.handler = lambda request, peer: peer.answer({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)
        with self.assertRaises(openai.InternalServerError) as caught:
            self.ask()
        self.assertEqual((caught.exception.status_code, caught.exception.code), (502, "token_refused"))
        self.assertIn("Invalid JWT Signature.", str(caught.exception))
        with self.assertRaises(openai.InternalServerError) as caught:
            self.ask(vertex_service_account_json={**self.account, "private_key": "-----BEGIN s3cret"})
        self.assertIn("no RSA key in PEM", str(caught.exception))
        with self.assertRaises(openai.BadRequestError) as missing:
            self.ask(vertex_service_account_json={"private_key": "s3cret"})
        self.assertIn('no "client_email"', str(missing.exception))
        for fault in (caught.exception, missing.exception):
            self.assertNotIn("s3cret", fault.response.text)
        self.assertEqual(self.upstream.requests, [])


class Vault(VertexCase):
    """an operator's service account"""

    spelled = VertexCase.by_headers

    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.google = Upstream(lambda request, peer: peer.answer({"access_token": "ya29.operator", "expires_in": 3599}))
        cls.addClassCleanup(cls.google.close)
        said = command("key", "new", "--name", "tests").stdout
        cls.key = re.search(r"\bsk-sluice-\S+", said).group(0)
        target = {"virtual_key": "vx", "vertex_region": "us-east5"}
        cls.gateway = Gateway({
            "version": 1, "keys": {"tests": {"digest": re.search(r"sha256:[0-9a-f]{64}", said).group(0)}},
            "virtual_keys": {"vx": {"provider": "vertex-ai", "api_key": f"file:{FIXTURES / 'account.json'}",
                                    "custom_host": f"http://127.0.0.1:{cls.upstream.port}"}},
            "configs": {"theirs": target, "elsewhere": {**target, "vertex_project_id": "shared"}},
        }, environment={"GOOGLE_TOKEN_URI": f"http://127.0.0.1:{cls.google.port}/token"})
        cls.addClassCleanup(cls.gateway.stop)

    def setUp(self):
        super().setUp()
        self.answering(Gemini)

    def ask(self, headers):
        return self.chat(headers={"x-portkey-api-key": self.key, **headers}, model="gemini-2.5-flash")

    def test_key_file(self):
        """a virtual key may be an account's key file: its project, and the region that who asks names"""
        for headers in ({"x-portkey-virtual-key": "vx", "x-portkey-vertex-region": "us-east5"}, {"x-portkey-config": "theirs"},
                        {"x-portkey-config": json.dumps({"virtual_key": "vx", "vertex_region": "us-east5"})}):
            with self.subTest(headers=headers):
                self.assertEqual(self.ask(headers).status, 200)
                sent = self.upstream.requests[-1]
                self.assertEqual(sent.target, f"{ROOT}/publishers/google/models/gemini-2.5-flash:generateContent".replace("my-project", "fixture-project"))
                self.expect_bearer(sent, "ya29.operator")

    def test_projects(self):
        """the operator's config may name another project; who asks may not"""
        self.assertEqual(self.ask({"x-portkey-config": "elsewhere"}).status, 200)
        self.assertIn("/projects/shared/", self.upstream.requests[-1].target)
        count = len(self.upstream.requests)
        for headers in ({"x-portkey-virtual-key": "vx", "x-portkey-vertex-region": "r", "x-portkey-vertex-project-id": "attacker"},
                        {"x-portkey-config": json.dumps({"virtual_key": "vx", "vertex_region": "r", "vertex_project_id": "attacker"})}):
            with self.subTest(headers=headers):
                answer = self.ask(headers)
                self.assertEqual(answer.status, 400, answer)
                self.assertIn("own project only", answer.message)
        self.assertEqual(len(self.upstream.requests), count)

    def test_without_key(self):
        """nobody without a gateway key reaches the vault"""
        answer = self.chat(headers={"x-portkey-config": "theirs"}, model="gemini-2.5-flash")
        self.assertEqual(answer.status, 401, answer)


class OperatorsProvider(VertexCase):
    """a provider's own account in the file"""

    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.google = Upstream(lambda request, peer: peer.answer({"access_token": "ya29.operator", "expires_in": 3599}))
        cls.addClassCleanup(cls.google.close)
        cls.gateway = Gateway({
            "version": 1, "providers": {"vertex-ai": {"base_url": f"http://127.0.0.1:{cls.upstream.port}/v1", "api_key": f"file:{FIXTURES / 'account.json'}"}},
        }, environment={"GOOGLE_TOKEN_URI": f"http://127.0.0.1:{cls.google.port}/token"})
        cls.addClassCleanup(cls.gateway.stop)

    def ask(self, **headers):
        self.answering(Claude)
        headers = {"host": "localhost", "x-portkey-provider": "vertex-ai", "x-portkey-vertex-region": "us-east5", **headers}
        answer = self.send("POST", "/v1/messages", headers, {"model": "anthropic.claude-sonnet-4-5", "max_tokens": 5, "messages": HELLO})
        self.assertEqual(answer.status, 200, answer)
        return self.upstream.requests[-1]

    def test_account(self):
        """it serves who brings no project of their own; who does is sent with what they bring"""
        sent = self.ask()
        self.assertEqual(sent.target, f"{ROOT}/publishers/anthropic/models/claude-sonnet-4-5:rawPredict".replace("my-project", "fixture-project"))
        self.expect_bearer(sent, "ya29.operator")
        sent = self.ask(**{"x-portkey-vertex-project-id": "my-project", "authorization": "Bearer ya29.callers"})
        self.assertEqual(sent.target, f"{ROOT}/publishers/anthropic/models/claude-sonnet-4-5:rawPredict")
        self.expect_bearer(sent, "ya29.callers")


class Strict(GatewayCase):
    """vertex-ai against the mock that refuses what is not documented."""

    @classmethod
    def configuration(cls):
        cls.judge = Mock("--strict")
        cls.addClassCleanup(cls.judge.stop)
        return {"version": 1, "configs": {"vx": {
            "provider": "vertex-ai", "api_key": "t", "custom_host": f"http://127.0.0.1:{cls.judge.reached}", "vertex_project_id": "p", "vertex_region": "global"}}}

    def test_conversations(self):
        """tools in two turns, thinking, streams and counts, for clients of both dialects and models of each maker"""
        headers = {"default_headers": {"x-portkey-config": "vx"}, "max_retries": 0, "timeout": 10, "api_key": "OPENAI_API_KEY"}
        chat = openai.OpenAI(base_url=self.gateway.url + "/v1", **headers)
        messages = anthropic.Anthropic(base_url=self.gateway.url, **headers)
        self.addCleanup(chat.close)
        self.addCleanup(messages.close)
        tool = {"type": "function", "function": {"name": "weather", "description": "d", "parameters": WEATHER}}
        for model in ("gemini-2.5-flash", "anthropic.claude-sonnet-4-5", "meta.gpt-4o", "mistralai.gpt-4o"):
            with self.subTest(model=model):
                turn = chat.chat.completions.create(model=f"{model}?tools=1", messages=HELLO, tools=[tool], tool_choice="required", max_completion_tokens=3000)
                call = turn.choices[0].message.tool_calls[0]
                done = chat.chat.completions.create(
                    model=f"{model}?tokens=5", messages=[*HELLO, turn.choices[0].message.model_dump(exclude_none=True), {"role": "tool", "tool_call_id": call.id, "content": "sunny"}],
                    tools=[tool], max_completion_tokens=3000)
                self.assertEqual(done.usage.completion_tokens, 5)
                with chat.chat.completions.stream(model=f"{model}?tokens=5", messages=HELLO, stream_options={"include_usage": True}) as events:
                    self.assertEqual(events.get_final_completion().usage.completion_tokens, 5)
                with messages.messages.stream(model=f"{model}?tokens=5", max_tokens=3000, system="s", messages=HELLO) as events:
                    said = events.get_final_message()
                # Whether the other makers' endpoints count without being asked, nobody documents.
                if model.startswith(("gemini", "anthropic")):
                    self.assertEqual(said.usage.output_tokens, 5)
        for model in ("gemini-2.5-flash", "anthropic.claude-sonnet-4-5"):
            with self.subTest(model=model, what="thinking, and counts"):
                said = messages.messages.create(model=f"{model}?tokens=5&thinking=3", max_tokens=3000, thinking={"type": "enabled", "budget_tokens": 1024}, messages=HELLO)
                self.assertEqual([block.type for block in said.content][:2], ["thinking", "text"])
                count = messages.messages.count_tokens(
                    model=model, system="s", messages=HELLO, tools=[{"name": "weather", "description": "d", "input_schema": WEATHER}], tool_choice={"type": "any"})
                self.assertGreater(count.input_tokens, 0)
        vectors = chat.embeddings.create(model="text-embedding-005", input=["a", "b"], dimensions=4)
        self.assertEqual([len(item.embedding) for item in vectors.data], [4, 4])
