"""Azure OpenAI with the identity of the gateway's own machine or pod."""

import collections
import json
import os
import re
import tempfile
import urllib.parse

from harness.gateway import Gateway, GatewayCase, command
from harness.native import OpenAI
from harness.upstream import Upstream

TEXT = ("text", "hel", "lo")
ANSWER = {"access_token": "machine-token", "client_id": "c", "expires_in": "86399", "expires_on": "1700086399", "ext_expires_in": "86399",
          "not_before": "1700000000", "resource": "https://cognitiveservices.azure.com/", "token_type": "Bearer"}


class IdentityCase(GatewayCase):
    """Configs "managed", "other" (another identity of the machine) and "pod", all with the test's upstream as their resource."""

    keyed = False
    environment = {}

    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.authority = Upstream()
        cls.addClassCleanup(cls.authority.close)
        descriptor, cls.token_file = tempfile.mkstemp()
        os.close(descriptor)
        cls.addClassCleanup(os.unlink, cls.token_file)
        cls.gateway = Gateway(cls.configuration(), environment={} if cls.keyed else {
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": f"http://127.0.0.1:{cls.authority.port}", "AZURE_AUTHORITY_HOST": f"http://127.0.0.1:{cls.authority.port}",
            "AZURE_TENANT_ID": "contoso.example", "AZURE_CLIENT_ID": "pod-client", "AZURE_FEDERATED_TOKEN_FILE": cls.token_file, **cls.environment})
        cls.addClassCleanup(cls.gateway.stop)

    @classmethod
    def configuration(cls):
        target = {"provider": "azure-openai", "custom_host": f"http://127.0.0.1:{cls.upstream.port}/openai", "deployment_id": "d", "api_version": "2024-10-21"}
        configuration = {"version": 1, "configs": {
            "managed": {**target, "azure_auth_mode": "managed"},
            "other": {**target, "azure_auth_mode": "managed", "azure_managed_client_id": "11111111-2222"},
            "pod": {**target, "azure_auth_mode": "workload"},
            "pods": {**target, "azure_auth_mode": "workload", "azure_entra_tenant_id": "other.example", "azure_workload_client_id": "other-client"},
            "nameless": {"retry": {"attempts": 0}, "azure_auth_mode": "managed", "resource_name": "r", "deployment_id": "d", "api_version": "2024-10-21"},
            "unnamed": {"retry": {"attempts": 0}, "azure_auth_mode": "managed"}}}
        if cls.keyed:
            said = command("key", "new", "--name", "tests").stdout
            cls.key = re.search(r"\bsk-sluice-\S+", said).group(0)
            configuration["keys"] = {"tests": {"digest": re.search(r"sha256:[0-9a-f]{64}", said).group(0)}}
        return configuration

    def setUp(self):
        super().setUp()
        self.upstream.handler = lambda request, peer: peer.answer(OpenAI.whole(TEXT))
        self.authority.forget()
        self.authority.handler = lambda request, peer: peer.answer(ANSWER)

    def ask(self, config, **headers):
        return self.chat(headers={"x-portkey-config": config, "host": "localhost", **headers})


class Managed(IdentityCase):
    """azure_auth_mode: managed"""

    #: No proxy may see what only this machine may ask.
    environment = {"http_proxy": "http://127.0.0.1:1", "no_proxy": "localhost", "NO_PROXY": "localhost"}

    def test_token(self):
        """the machine's token goes as Bearer; it is asked for once, as only this machine can"""
        for _ in range(3):
            self.assertEqual(self.ask("managed").status, 200)
        self.assertEqual(collections.Counter(sent["authorization"] for sent in self.upstream.requests), {"Bearer machine-token": 3})
        self.assertEqual(self.upstream.requests[0].target, "/openai/deployments/d/chat/completions?api-version=2024-10-21")
        self.assertEqual([(asked.method, asked["metadata"]) for asked in self.authority.requests], [("GET", "true")])
        path, _, query = self.authority.requests[0].target.partition("?")
        self.assertEqual((path, dict(urllib.parse.parse_qsl(query))), (
            "/metadata/identity/oauth2/token", {"api-version": "2018-02-01", "resource": "https://cognitiveservices.azure.com/"}))

    def test_which(self):
        """one of several identities is asked for by its client, and has tokens of its own; what the metadata service refuses is a clear 502"""
        self.authority.handler = lambda request, peer: peer.answer({"error": "invalid_request", "error_description": "Identity not found"}, 400)
        answer = self.ask("other")
        self.assertEqual((answer.status, answer.json["error"]["code"]), (502, "token_refused"), answer)
        self.assertIn("Identity not found", answer.message)
        self.assertIn("client_id=11111111-2222", self.authority.requests[0].target)

    def test_callers(self):
        """no caller asks with it: not by an inline config, not by a header, and not for a place of its own"""
        target = {"provider": "azure-openai", "resource_name": "attacker", "azure_auth_mode": "managed"}
        named = {"x-portkey-provider": "azure-openai", "x-portkey-azure-resource-name": "attacker"}
        for headers in ({"x-portkey-config": json.dumps(target)}, {**named, "x-portkey-azure-auth-mode": "managed"}, {**named, "x-portkey-azure-auth-mode": "workload"},
                        {"x-portkey-config": "managed", "x-portkey-custom-host": f"http://127.0.0.1:{self.upstream.port}/v1"},
                        {**named, "x-portkey-config": "unnamed"}, {"x-portkey-provider": "openai", "x-portkey-config": "unnamed"}):
            with self.subTest(headers=headers):
                answer = self.chat(headers={**headers, "authorization": "Bearer caller"})
                self.assertEqual(answer.status, 400, answer)
        self.assertEqual((self.upstream.requests, self.authority.requests), ([], []))


class Workload(IdentityCase):
    """azure_auth_mode: workload"""

    def setUp(self):
        super().setUp()
        with open(self.token_file, "w") as file:
            file.write("cluster.token\n")

    def test_token(self):
        """the cluster's token buys one of Entra's, for the pod's client or the config's"""
        for config, tenant, client in (("pod", "contoso.example", "pod-client"), ("pods", "other.example", "other-client")):
            with self.subTest(config=config):
                self.authority.forget()
                self.authority.handler = lambda request, peer: peer.answer({"token_type": "Bearer", "expires_in": 3599, "access_token": f"{config}-token"})
                self.assertEqual(self.ask(config).status, 200)
                self.assertEqual(self.upstream.requests[-1].all("authorization"), [f"Bearer {config}-token"])
                asked = self.authority.requests[0]
                self.assertEqual((asked.method, asked.target), ("POST", f"/{tenant}/oauth2/v2.0/token"))
                self.assertEqual(dict(urllib.parse.parse_qsl(asked.body.decode())), {
                    "grant_type": "client_credentials", "client_id": client, "client_assertion": "cluster.token", "scope": "https://cognitiveservices.azure.com/.default",
                    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"})


class Unarranged(IdentityCase):
    """where the machine has no such identity, and callers have no key"""

    keyed = True

    def test_no_token_file(self):
        """workload identity without its environment is a 400 that says what is missing"""
        answer = self.ask("pod", **{"x-portkey-api-key": self.key})
        self.assertEqual(answer.status, 400, answer)
        self.assertIn("AZURE_FEDERATED_TOKEN_FILE", answer.message)

    def test_without_key(self):
        """a caller without a gateway key spends no identity"""
        token = {"x-portkey-provider": "azure-openai", "x-portkey-azure-ad-token": "caller"}
        for config, headers in (("managed", {}), ("nameless", token), ("nameless", {**token, "x-portkey-azure-entra-client-secret": "caller"})):
            answer = self.ask(config, **headers)
            self.assertEqual(answer.status, 401, answer)
        self.assertEqual(self.upstream.requests, [])
