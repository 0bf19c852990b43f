"""Providers that cannot show who they are: refused before a byte of a request, or of a key, has left."""

import json
import pathlib
import ssl
import tempfile

from cryptography.x509.oid import ExtendedKeyUsageOID

from harness.certificates import Certificate, TLSUpstream
from harness.gateway import GatewayCase
from harness.upstream import CHAT

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(json.dumps(CHAT)) + json.dumps(CHAT).encode()
CANARY = "sk-canary-that-must-not-leave"


class Certificates(GatewayCase):
    """Certificates of providers."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        folder = pathlib.Path(directory.name)
        authority = Certificate("Test Authority", is_authority=True)
        stranger = Certificate("Another Authority", is_authority=True)
        leaf = Certificate("leaf", authority, ["localhost"])
        cls.authorities = folder / "authorities.pem"
        cls.authorities.write_bytes(authority.pem)
        cls.servers = {}
        for name, certificate, newest in (
                ("good", Certificate("good", authority, ["localhost"]), None),
                ("expired", Certificate("expired", authority, ["localhost"], days=(-3, -1)), None),
                ("early", Certificate("early", authority, ["localhost"], days=(1, 3)), None),
                ("other-host", Certificate("other", authority, ["api.openai.com", "127.0.0.1", "*.localhost"]), None),
                ("common-name", Certificate("localhost", authority), None),
                ("self-signed", Certificate("localhost", names=["localhost"]), None),
                ("stranger", Certificate("stranger", stranger, ["localhost"]), None),
                ("client", Certificate("client", authority, ["localhost"], usage=ExtendedKeyUsageOID.CLIENT_AUTH), None),
                ("by-a-leaf", Certificate("issued", leaf, ["localhost"]), None),
                ("old", Certificate("old", authority, ["localhost"]), ssl.TLSVersion.TLSv1_1),
                ("plain", None, None)):
            path = certificate.write(folder / f"{name}.pem") if certificate else None
            server = TLSUpstream(path, ANSWER, newest or ssl.TLSVersion.MAXIMUM_SUPPORTED)
            cls.addClassCleanup(server.close)
            cls.servers[name] = server
        super().setUpClass()

    @classmethod
    def configuration(cls):
        providers = {name: {"base_url": f"https://localhost:{server.port}/v1", "ca_file": str(cls.authorities), "api_key": CANARY}
                     for name, server in cls.servers.items()}
        # The system's authorities do not know the test's.
        providers["unnamed"] = {"base_url": f"https://localhost:{cls.servers['good'].port}/v1", "api_key": CANARY}
        return {"version": 1, "providers": providers}

    def ask(self, provider, **headers):
        return self.chat(headers={"Host": "localhost", "x-portkey-provider": provider, **headers})

    def test_good(self):
        """a good one is asked for by its name, and gets the key"""
        server = self.servers["good"]
        response = self.ask("good")
        self.assertEqual((response.status, response.json), (200, CHAT), response)
        self.assertIn(CANARY.encode(), server.plaintext)
        self.assertEqual(server.names[-1], "localhost")
        self.assertNotIn(CANARY.encode(), server.raw)

    def test_bad(self):
        """every bad one is 502 in words, and neither a key nor anything else of the request has left"""
        for name in sorted(set(self.servers) - {"good"}):
            for bearer in (None, f"Bearer {CANARY}"):
                with self.subTest(name=name, bearer=bearer):
                    server = self.servers[name]
                    response = self.ask(name, **({"Authorization": bearer} if bearer else {}))
                    self.assertEqual((response.status, response.json["error"]["code"]), (502, "upstream_untrusted"), response)
                    self.assertIn(name, response.message)
                    self.assertNotIn(CANARY, response.body.decode())
                    self.assertEqual(server.plaintext, b"")
                    for secret in (CANARY.encode(), b"gpt-4o-mini", b"/v1/chat"):
                        self.assertNotIn(secret, server.raw)
                    self.assertTrue(server.raw, "nobody came: this shows nothing")

    def test_unknown_authority(self):
        """an authority is trusted for the provider that names it, and for no other"""
        plaintext = self.servers["good"].plaintext
        response = self.ask("unnamed")
        self.assertEqual((response.status, response.json["error"]["code"]), (502, "upstream_untrusted"), response)
        self.assertEqual(self.servers["good"].plaintext, plaintext)

    def test_custom_host(self):
        """a host that a caller names is verified as well, by the system's authorities"""
        server = self.servers["self-signed"]
        response = self.ask("openai", **{"x-portkey-custom-host": f"https://localhost:{server.port}/v1", "Authorization": f"Bearer {CANARY}"})
        self.assertEqual((response.status, response.json["error"]["code"]), (502, "upstream_untrusted"), response)
        self.assertEqual(server.plaintext, b"")

    def test_fallback(self):
        """a bad one is fallen back from"""
        config = {"strategy": {"mode": "fallback"}, "targets": [{"provider": name, "api_key": CANARY} for name in ("expired", "other-host", "good")]}
        response = self.chat(config)
        self.assertEqual((response.status, response["x-portkey-last-used-option-index"]), (200, "config.targets[2]"), response)
        self.assertEqual(self.servers["expired"].plaintext + self.servers["other-host"].plaintext, b"")
