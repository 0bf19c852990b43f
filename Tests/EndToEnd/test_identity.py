"""Who may: pass-through, keyed, and what is never forwarded."""

import json
import re

from harness import configuration
from harness.gateway import GatewayCase, command


def new_key():
    """A gateway key and its digest, as `sluice key new` prints them."""
    done = command("key", "new")
    digest = re.search(r"\b[0-9a-f]{64}\b", done.stdout)
    token = re.search(r"\b\w{2,12}[_-][\w-]{16,}\b", done.stdout)
    if done.returncode != 0 or not digest or not token:
        raise AssertionError(f"`sluice key new` printed no key and digest: {done}")
    return token.group(0), digest.group(0)


class PassThrough(GatewayCase):
    """Pass-through."""

    def test_credential_forwarded(self):
        """the caller's own credential goes to the provider it names"""
        self.chat()
        self.assertEqual(self.upstream.requests[0].all("authorization"), ["Bearer sk-caller"])

    def test_config_credential(self):
        """a config's api_key becomes the provider's credential"""
        self.chat(self.upstream.target(api_key="sk-config"), {"Authorization": "Bearer OPENAI_API_KEY"})
        self.assertEqual(self.upstream.requests[0].all("authorization"), ["Bearer sk-config"])

    def test_placeholder(self):
        """the SDKs' placeholder bearers count as absent and are never forwarded"""
        for placeholder in ("OPENAI_API_KEY", "DUMMY-KEY"):
            with self.subTest(placeholder=placeholder):
                self.upstream.forget()
                self.chat(headers={**self.upstream.headers(), "Authorization": f"Bearer {placeholder}"})
                for sent in self.upstream.requests:
                    self.assertNotIn(placeholder, sent.raw.decode("latin-1"))

    def test_anthropic_credential(self):
        """Anthropic's own header carries the caller's credential, with a version"""
        headers = {**self.upstream.headers("anthropic"), "x-api-key": "sk-ant"}
        del headers["Authorization"]
        self.send("POST", "/v1/messages", headers, {"model": "claude", "max_tokens": 1, "messages": []})
        sent = self.upstream.requests[0]
        self.assertEqual((sent.all("x-api-key"), sent.target), (["sk-ant"], "/v1/messages"))
        self.assertTrue(sent["anthropic-version"])

    def test_vault_closed(self):
        """without a gateway key no virtual key opens"""
        for headers in ({"x-portkey-virtual-key": "team"}, {"x-portkey-provider": "@team"}, {"x-portkey-config": '{"virtual_key":"team"}'}):
            with self.subTest(headers=headers):
                response = self.chat(headers=headers)
                self.assertIn(response.status, (400, 401, 403), response)
        self.assertEqual(self.upstream.requests, [])


class Keyed(GatewayCase):
    """Gateway keys."""

    @classmethod
    def configuration(cls):
        cls.token, digest = new_key()
        return configuration.keyed(cls.upstream.base, digest, "sk-vault")

    def sends(self, headers, model="gpt-4o-mini"):
        """A request that must reach the upstream with the vault's secret and no trace of the gateway key."""
        self.upstream.forget()
        response = self.chat(headers=headers, model=model)
        self.assertEqual(response.status, 200, response)
        sent = self.upstream.requests[0]
        self.assertEqual(sent.all("authorization"), ["Bearer sk-vault"])
        self.assertNotIn(self.token, sent.raw.decode("latin-1"))
        return sent

    def test_three_names(self):
        """a virtual key is named by header, by provider or by model"""
        key = {"x-portkey-api-key": self.token}
        self.sends({**key, "x-portkey-virtual-key": "team"})
        self.sends({**key, "x-portkey-provider": "@team"})
        self.assertEqual(self.sends(key, model="@team/gpt-4o-mini").json["model"], "gpt-4o-mini")

    def test_three_places(self):
        """the gateway key is read from its header, the bearer, or x-api-key"""
        for key in ({"x-portkey-api-key": self.token}, {"Authorization": f"Bearer {self.token}"}, {"x-api-key": self.token}):
            with self.subTest(key=list(key)):
                self.sends({**key, "x-portkey-virtual-key": "team"})

    def test_unknown_key(self):
        """a token with our prefix that is not known is 401, and is not repeated in the answer"""
        wrong = self.token[:-4] + ("aaaa" if self.token[-4:] != "aaaa" else "bbbb")
        for key in ({"x-portkey-api-key": wrong}, {"Authorization": f"Bearer {wrong}"}, {"x-api-key": wrong}):
            with self.subTest(key=list(key)):
                response = self.chat(headers={**self.upstream.headers(), **key})
                self.assertEqual(response.status, 401, response)
                self.assertNotIn(wrong, response.body.decode())
        self.assertEqual(self.upstream.requests, [])

    def test_never_forwarded(self):
        """a gateway key is never forwarded, even to a host the caller names"""
        self.chat(headers={**self.upstream.headers(), "Authorization": f"Bearer {self.token}", "x-api-key": self.token,
                           "x-portkey-forward-headers": "authorization,x-api-key,x-portkey-api-key", "x-portkey-api-key": self.token})
        for sent in self.upstream.requests:
            self.assertNotIn(self.token, sent.raw.decode("latin-1"))

    def test_vault_secret_stays(self):
        """a virtual key's secret does not go to a host the caller names"""
        from harness.upstream import Upstream
        elsewhere = Upstream()
        self.addCleanup(elsewhere.close)
        self.chat(headers={"x-portkey-api-key": self.token, "x-portkey-virtual-key": "team", "x-portkey-custom-host": elsewhere.base})
        for sent in elsewhere.requests:
            self.assertNotIn("sk-vault", sent.raw.decode("latin-1"))

    def test_named_config(self):
        """a config declared in the file is used by its name"""
        response = self.chat(headers={"x-portkey-api-key": self.token, "x-portkey-config": "declared"})
        self.assertEqual(response.status, 200, response)
        self.assertEqual(self.upstream.requests[0].json["seed"], 42)

    def test_log_keeps_secrets(self):
        """no secret is written to the gateway's output"""
        self.sends({"x-portkey-api-key": self.token, "x-portkey-virtual-key": "team"})
        for secret in (self.token, "sk-vault", "sk-caller"):
            self.assertNotIn(secret, self.gateway.said())


class CommandLine(GatewayCase):
    """Command line."""

    def test_version(self):
        """`sluice version` prints a version"""
        done = command("version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"\d+\.\d+")

    def test_key_digest(self):
        """`sluice key new` prints another key each time, and its SHA-256"""
        import hashlib
        token, digest = new_key()
        self.assertEqual(hashlib.sha256(token.encode()).hexdigest(), digest)
        self.assertNotEqual(new_key()[0], token)

    def check(self, text):
        path = self.gateway.directory / "checked.yaml"
        path.write_text(text)
        done = command("check", str(path))
        return done.returncode, done.stdout + done.stderr

    def test_check_accepts(self):
        """`sluice check` accepts a sound file"""
        status, said = self.check("version: 1\n")
        self.assertEqual(status, 0, said)

    def test_check_refuses(self):
        """`sluice check` names file, line, column and the nearest key"""
        status, said = self.check("version: 1\nlistne: 127.0.0.1:8787\n")
        self.assertNotEqual(status, 0)
        self.assertRegex(said, r"checked\.yaml:2:1: .*")
        self.assertIn("listen", said)

    def test_serve_refuses(self):
        """`sluice serve` does not start on a faulty file, and says why"""
        path = self.gateway.directory / "faulty.yaml"
        path.write_text("version: 1\nlistne: 127.0.0.1:8787\n")
        done = command("serve", "--config", str(path))
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout + done.stderr, r"faulty\.yaml:2:1")
