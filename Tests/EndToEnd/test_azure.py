"""Azure OpenAI: paths, credentials, and Entra's tokens."""

import collections
import concurrent.futures
import json
import re
import socket
import threading
import time
import urllib.parse

import anthropic
import openai

from harness.configuration import plain
from harness.gateway import Gateway, GatewayCase, command
from harness.native import OpenAI
from harness.upstream import Upstream

HELLO = [{"role": "user", "content": "hello"}]
TEXT = ("text", "hel", "lo")
SECRET = "s3cret+/=&"


class AzureCase(GatewayCase):
    """Requests to provider azure-openai, whose resource is the test's upstream."""

    @property
    def host(self):
        return f"http://127.0.0.1:{self.upstream.port}/openai"

    def routing(self, **options):
        """Headers that lead to the deployment; options under the names they have in configs."""
        options = {"resource_name": "portkey", "deployment_id": "turbo-16k", "api_version": "2023-03-15-preview", **options}
        return self.spelled({name: value for name, value in options.items() if value})

    def by_headers(self, options):
        headers = {"x-portkey-provider": "azure-openai", "x-portkey-custom-host": self.host}
        for name, value in options.items():
            headers["x-portkey-azure-" + name.removeprefix("azure_").replace("_", "-")] = value
        return headers

    def by_config(self, options):
        return {"x-portkey-config": json.dumps({"provider": "azure-openai", "custom_host": self.host, **self.credential(options), **options})}

    @staticmethod
    def credential(options):
        return {} if any("secret" in name or "token" in name for name in options) else {"api_key": "azure-key"}

    def client(self, **options):
        client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key="azure-key", max_retries=0, timeout=10, default_headers=self.routing(**options))
        self.addCleanup(client.close)
        return client

    def ask(self, client=None, **members):
        """One chat; the request that arrived."""
        self.upstream.handler = lambda request, peer: peer.answer(OpenAI.whole(TEXT))
        completion = (client or self.client()).chat.completions.create(**{"model": "gpt-4o", "messages": HELLO, **members})
        self.assertEqual(completion.choices[0].message.content, "hello")
        return self.upstream.requests[-1]


class Deployments:
    """What is the same for requests whose headers, or whose config, name the deployment."""

    def test_path(self):
        """the deployment's path, its API version and the key in `api-key` (reference §12, 31)"""
        sent = self.ask()
        self.assertEqual(sent.target, "/openai/deployments/turbo-16k/chat/completions?api-version=2023-03-15-preview")
        self.assertEqual((sent.all("api-key"), sent["authorization"], sent["x-api-key"]), (["azure-key"], None, None))
        self.assertEqual([name for name, _ in sent.fields if name.lower().startswith("x-portkey")], [])
        self.assertEqual(sent.json, {"model": "gpt-4o", "messages": HELLO})

    def test_defaults(self):
        """without a deployment the model is its name; without a version the gateway's own is asked for"""
        sent = self.ask(self.client(deployment_id="", api_version=""))
        self.assertEqual(sent.target, "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21")

    def test_version_one(self):
        """version v1 has no deployments in its paths: the body's model names it"""
        sent = self.ask(self.client(api_version="v1"))
        self.assertEqual((sent.target, sent.json["model"]), ("/openai/v1/chat/completions", "turbo-16k"))

    def test_names_stay_in_their_place(self):
        """a deployment's name cannot lead elsewhere"""
        sent = self.ask(self.client(deployment_id="a/../../b?c"))
        self.assertEqual(sent.target.lower(), "/openai/deployments/a%2f..%2f..%2fb%3fc/chat/completions?api-version=2023-03-15-preview")
        with self.assertRaises(openai.BadRequestError):
            self.ask(self.client(resource_name="evil.example/x"))

    def test_other_endpoints(self):
        """embeddings go to the deployment, too"""
        self.upstream.handler = lambda request, peer: peer.answer({"object": "list", "data": [], "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}})
        self.client().embeddings.create(model="m", input="x", encoding_format="float")
        self.assertEqual(self.upstream.requests[0].target, "/openai/deployments/turbo-16k/embeddings?api-version=2023-03-15-preview")

    def test_token(self):
        """a token of Entra's goes as Bearer, in place of the key"""
        sent = self.ask(self.client(azure_ad_token="entra-token"))
        self.assertEqual((sent.all("authorization"), sent["api-key"]), (["Bearer entra-token"], None))

    def test_stream(self):
        """a stream passes, Azure's own first event with it; usage is asked for where the version knows how"""
        first = OpenAI.event({"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": [{"prompt_index": 0}]})
        for version, options in {"2023-03-15-preview": None, "2024-10-21": {"include_usage": True}}.items():
            with self.subTest(version=version):
                self.upstream.handler = lambda request, peer: peer.stream(first, *OpenAI.stream(TEXT, usage="stream_options" in request.json))
                with self.client(api_version=version).chat.completions.stream(model="gpt-4o", messages=HELLO) as stream:
                    self.assertEqual(stream.get_final_completion().choices[0].message.content, "hello")
                self.assertEqual(self.upstream.requests[-1].json.get("stream_options"), options)

    def test_errors(self):
        """Azure's error raises the SDK's exception"""
        error = {"error": {"code": "429", "message": "Requests to the ChatCompletions Operation have exceeded the token rate limit."}}
        self.upstream.handler = lambda request, peer: peer.answer(error, 429, [("retry-after", "9")])
        with self.assertRaises(openai.RateLimitError) as caught:
            self.client().chat.completions.create(model="gpt-4o", messages=HELLO)
        self.assertEqual((caught.exception.code, caught.exception.response.headers["retry-after"]), ("429", "9"))

    def test_anthropic_client(self):
        """an anthropic client gets there translated, whole and streamed"""
        client = anthropic.Anthropic(base_url=self.gateway.url, api_key="azure-key", max_retries=0, default_headers=self.routing(api_version="2024-10-21"))
        self.addCleanup(client.close)
        self.upstream.handler = lambda request, peer: peer.stream(*OpenAI.stream(TEXT)) if request.json.get("stream") else peer.answer(OpenAI.whole(TEXT))
        self.assertEqual(client.messages.create(model="gpt-4o", max_tokens=5, messages=HELLO).content[0].text, "hello")
        with client.messages.stream(model="gpt-4o", max_tokens=5, messages=HELLO) as stream:
            self.assertEqual(stream.get_final_text(), "hello")
        for sent in self.upstream.requests:
            self.assertEqual(sent.target, "/openai/deployments/turbo-16k/chat/completions?api-version=2024-10-21")
            self.assertEqual((sent.all("api-key"), sent["authorization"]), (["azure-key"], None))


class ByHeaders(Deployments, AzureCase):
    """azure-openai by headers."""

    spelled = AzureCase.by_headers


class ByConfig(Deployments, AzureCase):
    """azure-openai by config."""

    spelled = AzureCase.by_config


class Entra(AzureCase):
    """azure-openai with a client of Entra's."""

    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.authority = Upstream()
        cls.addClassCleanup(cls.authority.close)
        cls.gateway = Gateway(plain(), environment={"AZURE_AUTHORITY_HOST": f"http://127.0.0.1:{cls.authority.port}/"})
        cls.addClassCleanup(cls.gateway.stop)

    def setUp(self):
        super().setUp()
        self.authority.forget()
        # Tokens are kept by client: each test has one of its own.
        self.name = f"client-{self._testMethodName}"
        self.lock = threading.Lock()

    def grant(self, seconds=3600, delay=0.0):
        """Tokens t1, t2, … for whoever asks."""
        granted = collections.Counter()

        def handler(request, peer):
            time.sleep(delay)
            with self.lock:
                granted["t"] += 1
                token = f"t{granted['t']}"
            peer.answer({"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token})
        self.authority.handler = handler

    def routing(self, **options):
        return super().routing(**{"azure_entra_tenant_id": "contoso.example", "azure_entra_client_id": self.name,
                                  "azure_entra_client_secret": SECRET, **options})

    def by_config(self, options):
        return super().by_config({"azure_auth_mode": "entra", **options})

    spelled = by_config

    def test_token(self):
        """the secret buys a token, which goes as Bearer; the secret goes nowhere else"""
        self.grant()
        sent = self.ask()
        self.assertEqual((sent.all("authorization"), sent["api-key"]), (["Bearer t1"], None))
        self.assertNotIn(SECRET.encode(), sent.raw)
        asked = self.authority.requests[0]
        self.assertEqual((asked.method, asked.target), ("POST", "/contoso.example/oauth2/v2.0/token"))
        self.assertEqual(asked["content-type"], "application/x-www-form-urlencoded")
        self.assertEqual(dict(urllib.parse.parse_qsl(asked.body.decode())), {
            "grant_type": "client_credentials", "client_id": self.name, "client_secret": SECRET, "scope": "https://cognitiveservices.azure.com/.default"})

    def test_one_for_all(self):
        """a hundred requests at once ask for one token, and all get it"""
        self.grant(delay=0.3)
        self.upstream.handler = lambda request, peer: peer.answer(OpenAI.whole(TEXT))
        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            statuses = list(pool.map(lambda _: self.chat(headers=self.routing()).status, range(100)))
        self.assertEqual(collections.Counter(statuses), {200: 100})
        self.assertEqual(len(self.authority.requests), 1)
        self.assertEqual(collections.Counter(sent["authorization"] for sent in self.upstream.requests), {"Bearer t1": 100})
        self.ask()
        self.assertEqual(len(self.authority.requests), 1, "a fresh token serves later requests, too")

    def test_clients_apart(self):
        """each client has tokens of its own, and another secret is another client"""
        self.grant()
        first = self.ask()["authorization"]
        other = self.ask(self.client(azure_entra_client_id=self.name + "-2"))["authorization"]
        changed = self.ask(self.client(azure_entra_client_secret="wrong"))["authorization"]
        self.assertEqual(len({first, other, changed}), 3)

    def test_waiting_hurts_nobody(self):
        """who needs no token does not wait for the authority"""
        self.grant(delay=1)
        waiting = threading.Thread(target=lambda: self.chat(headers=self.routing()))
        waiting.start()
        time.sleep(0.1)
        started = time.monotonic()
        self.assertEqual(self.chat().status, 200)
        self.assertLess(time.monotonic() - started, 0.5)
        waiting.join()

    def test_expiry(self):
        """a token that is about to end is renewed while it still serves"""
        self.grant(seconds=2)
        self.ask()
        self.ask()
        deadline = time.monotonic() + 3
        while self.ask()["authorization"] == "Bearer t1" and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertNotEqual(self.upstream.requests[-1]["authorization"], "Bearer t1")

    def test_refused_token(self):
        """a token that Azure refuses is given up, and the next attempt asks for another; a young one is refused for another reason"""
        self.grant()
        self.assertEqual(self.ask()["authorization"], "Bearer t1")
        refusal = {"error": {"code": "401", "message": "Unauthorized. Access token is missing, invalid, audience is incorrect, or have expired."}}
        self.upstream.handler = lambda request, peer: (
            peer.answer(refusal, 401) if request["authorization"] == "Bearer t1" else peer.answer(OpenAI.whole(TEXT)))
        routing = self.routing(retry={"attempts": 1, "on_status_codes": [401]})
        self.assertEqual(self.chat(headers=routing).status, 401)
        time.sleep(5.1)
        self.assertEqual(self.chat(headers=routing).status, 200)
        self.assertEqual([sent["authorization"] for sent in self.upstream.requests[-2:]], ["Bearer t1", "Bearer t2"])

    def test_refusal(self):
        """a refusal is a clear 502 with the authority's words, without the secret; nothing is sent"""
        refusal = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided.", "error_codes": [7000215]}
        self.authority.handler = lambda request, peer: peer.answer(refusal, 401)
        with self.assertRaises(openai.InternalServerError) as caught:
            self.client().chat.completions.create(model="gpt-4o", messages=HELLO)
        fault = caught.exception
        self.assertEqual((fault.status_code, fault.code), (502, "token_refused"))
        self.assertIn("AADSTS7000215: Invalid client secret provided.", fault.body["message"])
        self.assertNotIn(SECRET, fault.response.text)
        self.assertEqual(self.upstream.requests, [])

    def test_no_authority(self):
        """an authority that answers nonsense, or ends the connection, is a 502"""
        for name, handler in {"nonsense": lambda request, peer: peer.answer(b"<html>"), "cut": lambda request, peer: peer.cut()}.items():
            self.authority.handler = handler
            self.name = f"client-{name}"
            with self.subTest(authority=name), self.assertRaises(openai.InternalServerError) as caught:
                self.client().chat.completions.create(model="gpt-4o", messages=HELLO)
            self.assertEqual((caught.exception.status_code, caught.exception.code), (502, "token_refused"))

    def test_refusal_falls_back(self):
        """a refusal is a failed attempt: the next target is tried"""
        self.authority.handler = lambda request, peer: peer.answer({"error": "invalid_client", "error_description": "no"}, 401)
        first = json.loads(self.routing()["x-portkey-config"])
        response = self.chat({"strategy": {"mode": "fallback"}, "targets": [first, self.upstream.target()]})
        self.assertEqual((response.status, response["x-portkey-last-used-option-index"]), (200, "config.targets[1]"), response)

    def test_headers(self):
        """headers say the same as a config"""
        self.grant()
        self.spelled = self.by_headers
        # The first or the second: a renewal of the test before may still be on its way.
        self.assertRegex(self.ask()["authorization"], "^Bearer t[12]$")


class Hostile(GatewayCase):
    """what a caller's headers may not do with Azure"""

    @classmethod
    def configuration(cls):
        cls.authority = Upstream()
        cls.addClassCleanup(cls.authority.close)
        cls.gateway_key, digest = Hostile.made_key()
        return {
            "version": 1, "keys": {"tests": {"digest": digest}},
            "virtual_keys": {"az": {"provider": "azure-openai", "api_key": SECRET},
                             "at": {"provider": "azure-openai", "api_key": SECRET, "custom_host": f"http://127.0.0.1:{cls.upstream.port}/openai"}}}

    @staticmethod
    def made_key():
        said = command("key", "new", "--name", "tests").stdout
        return re.search(r"\bsk-sluice-\S+", said).group(0), re.search(r"sha256:[0-9a-f]{64}", said).group(0)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway.stop()
        cls.gateway = Gateway(cls.configuration(), environment={"AZURE_AUTHORITY_HOST": f"http://127.0.0.1:{cls.authority.port}"}, workers=1)
        cls.addClassCleanup(cls.gateway.stop)

    def test_half_closed(self):
        """clients that close their side while a token is fetched are let go, and the worker goes on"""
        self.authority.handler = lambda request, peer: (time.sleep(1), peer.cut())
        headers = {"x-portkey-provider": "azure-openai", "x-portkey-azure-resource-name": "r", "x-portkey-azure-entra-tenant-id": "t",
                   "x-portkey-azure-entra-client-id": "c", "content-type": "application/json"}
        body = b'{"model":"m","messages":[]}'
        for number in range(20):
            with socket.create_connection(("127.0.0.1", self.gateway.port)) as client:
                lines = {**headers, "x-portkey-azure-entra-client-secret": f"s{number}", "host": "localhost", "content-length": str(len(body))}
                client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\n" + b"".join(f"{n}: {v}\r\n".encode() for n, v in lines.items()) + b"\r\n" + body)
                client.shutdown(socket.SHUT_WR)
                client.settimeout(5)
                self.assertEqual(client.recv(1), b"")
        idle = [socket.create_connection(("127.0.0.1", self.gateway.port)) for _ in range(30)]
        self.assertEqual(self.send("GET", "/health").status, 200)
        for client in idle:
            client.close()
        self.assertEqual(self.send("GET", "/health").status, 200)

    def test_vault_stays_home_in_configs(self):
        """nor to one that a config in a header names"""
        for name in ("resource_name", "azure_entra_tenant_id", "azure_entra_client_id", "azure_entra_scope"):
            with self.subTest(option=name):
                config = json.dumps({"virtual_key": "az", name: "attacker"})
                response = self.chat(headers={"x-portkey-api-key": self.gateway_key, "x-portkey-config": config})
                self.assertEqual(response.status, 400, response)
                self.assertIn("own host only", response.message)

    def test_model_names_the_deployment(self):
        """a deployment that nobody names is the model's name, without the virtual key before it, or the one the config sets"""
        self.upstream.handler = lambda request, peer: peer.answer(OpenAI.whole(TEXT))
        headers = {"x-portkey-api-key": self.gateway_key}
        self.assertEqual(self.chat(headers=headers, model="@at/gpt-4o").status, 200)
        self.assertEqual(self.upstream.requests[-1].target, "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21")
        config = {"virtual_key": "at", "override_params": {"model": "gpt-5"}}
        self.assertEqual(self.chat(config, headers=headers, model="gpt-4o").status, 200)
        self.assertEqual(self.upstream.requests[-1].target, "/openai/deployments/gpt-5/chat/completions?api-version=2024-10-21")

    def test_vault_stays_home(self):
        """a virtual key's secret goes to no resource and no tenant that a header names"""
        for name in ("resource-name", "entra-tenant-id", "entra-client-id", "entra-scope"):
            with self.subTest(header=name):
                response = self.chat(headers={"x-portkey-api-key": self.gateway_key, "x-portkey-virtual-key": "az", f"x-portkey-azure-{name}": "attacker"})
                self.assertEqual(response.status, 400, response)
                self.assertIn("own host only", response.message)
