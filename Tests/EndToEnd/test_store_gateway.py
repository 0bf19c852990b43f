"""`sluice serve --data`: a store beside the file, opened before anybody is served."""

import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness.configuration import listening
from harness.gateway import Gateway, binary, command, free_port
from harness.upstream import Upstream
from harness.waiting import soon
from harness.wire import Wire, request, send
from test_identity import new_key

CHAT = "/v1/chat/completions"
BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


class StoreCase(unittest.TestCase):
    """Gateways on a folder of the test's own."""

    def setUp(self):
        self.data = Path(tempfile.mkdtemp(prefix="sluice-data-"))
        self.addCleanup(shutil.rmtree, self.data, ignore_errors=True)
        self.admin, _ = new_key()
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)

    def configuration(self, **members):
        """A provider of OpenAI's dialect at the test's upstream, without credential; requests go there unless they say otherwise."""
        provider = {"dialect": "openai", "base_url": self.upstream.base, "auth": "none"}
        return {"version": 1, "providers": {"origin": provider}, "configs": {"all": {"provider": "origin"}}, "default": "all", **members}

    def start(self, configuration=None, environment=None, **options):
        environment = {"SLUICE_ADMIN_KEY": self.admin, "SLUICE_DATA": str(self.data), **(environment or {})}
        gateway = Gateway(configuration or self.configuration(), environment, **options)
        self.addCleanup(gateway.stop)
        return gateway

    def chat(self, gateway, key, headers=None):
        return send(gateway.port, "POST", CHAT, {"x-portkey-api-key": key, **(headers or {})}, BODY)


class Serving(StoreCase):
    """store: serving."""

    def test_first_key(self):
        """a new store prints its admin key once; the key opens the gateway, also after a restart, and nobody without one gets in"""
        gateway = self.start(environment={"SLUICE_ADMIN_KEY": ""})
        [key] = re.findall(r"admin key, shown this once: (sk-sluice-\w{49})\n", gateway.output.read_text())
        self.assertIn("copy it to a safe place", gateway.output.read_text())
        self.assertEqual(self.chat(gateway, key).status, 200)
        self.assertEqual(self.chat(gateway, key[:-1] + ("a" if key[-1] != "a" else "b")).status, 401)
        self.assertEqual(send(gateway.port, "POST", CHAT, {}, BODY).status, 401)
        self.assertEqual(stat.S_IMODE((self.data / "store.sqlite").stat().st_mode), 0o600)
        gateway.stop()
        again = self.start(environment={"SLUICE_ADMIN_KEY": ""})
        self.assertNotIn("admin key", again.output.read_text())
        self.assertEqual(self.chat(again, key).status, 200)
        self.assertIn(", whole;", command("audit", "verify", "--data", str(self.data)).stdout)

    def test_given_key(self):
        """SLUICE_ADMIN_KEY is an admin key, told by its name alone; a short one is refused"""
        gateway = self.start()
        self.assertIn("SLUICE_ADMIN_KEY is an admin key", gateway.output.read_text())
        self.assertNotIn(self.admin, gateway.output.read_text())
        self.assertEqual(self.chat(gateway, self.admin).status, 200)
        gateway.stop()
        self.assertIn("sluice key new", self.refusal({"SLUICE_ADMIN_KEY": "a" * 31}))

    def test_places(self):
        """--data goes before SLUICE_DATA, which goes before the file; without any of them nothing is stored"""
        with tempfile.TemporaryDirectory() as folder:
            places = [Path(folder) / name for name in ("argument", "variable", "file")]
            file = self.configuration(data=str(places[2]))
            self.start(file, {"SLUICE_DATA": str(places[1])}, options=["--data", str(places[0])]).stop()
            self.assertEqual([path.exists() for path in places], [True, False, False])
            self.start(file, {"SLUICE_DATA": str(places[1])}).stop()
            self.assertEqual([path.exists() for path in places], [True, True, False])
            self.start(file, {"SLUICE_DATA": ""}).stop()
            self.assertTrue((places[2] / "store.sqlite").exists())
        gateway = self.start(environment={"SLUICE_DATA": ""})
        self.assertEqual(send(gateway.port, "POST", CHAT, {}, BODY).status, 200)
        self.assertEqual(os.listdir(self.data), [])

    def refusal(self, environment=None, data=None):
        """What a gateway says that does not start."""
        environment = {**os.environ, "SLUICE_ADMIN_KEY": self.admin, **(environment or {})}
        arguments = [binary(), "serve", "--listen", f"127.0.0.1:{free_port()}", "--data", str(data or self.data)]
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 1, done)
        self.assertNotIn("listening", done.stderr)
        return done.stderr

    def test_refusals(self):
        """a damaged file, another keyring, none, a folder that cannot be written: each is refused with the way out, and nothing is changed"""
        self.start().stop()
        store, keyring = self.data / "store.sqlite", self.data / "keyring"
        kept = keyring.read_text()
        keyring.unlink()
        self.assertIn("put it back", self.refusal())
        self.assertFalse(keyring.exists())
        keyring.write_text(re.sub(r"pepper \w{8}", "pepper 0123abcd", kept))
        keyring.chmod(0o600)
        self.assertIn("belongs to this store", self.refusal())
        keyring.write_text(kept)
        # All of it into the one file: what is left beside it would mend the damage.
        database = sqlite3.connect(store)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        whole = store.read_bytes()
        store.write_bytes(b"no database at all " * 500)
        self.assertIn("sluice backup", self.refusal())
        self.assertEqual(store.read_bytes(), b"no database at all " * 500)
        store.write_bytes(whole[:4096] + bytes(8192) + whole[12288:])
        self.assertIn("damaged", self.refusal())
        store.write_bytes(whole)
        self.assertIn("--data", self.refusal(data=store / "below-a-file"))
        self.assertEqual(self.chat(self.start(), self.admin).status, 200)

    def test_full_disk(self):
        """a full disk is refused with the way out"""
        with tempfile.TemporaryDirectory() as folder:
            if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder], capture_output=True).returncode != 0:
                self.skipTest("mounting needs root")
            try:
                said = self.refusal(data=folder)
            finally:
                subprocess.run(["umount", folder], check=True)
        self.assertIn("room", said)
        self.assertIn("--data", said)

    def test_killed(self):
        """what was stored survives kill -9 of the process that serves: its successor has it at once"""
        gateway = self.start()
        first = gateway.serving
        os.kill(first, 9)
        self.assertTrue(soon(lambda: gateway.serving not in (first, gateway.pid)))
        self.assertTrue(soon(lambda: self.chat(gateway, self.admin).status == 200))
        gateway.first = gateway.serving

    def test_reload_of_the_file(self):
        """a file that is read again keeps the store's keys, and the store keeps the file's"""
        gateway = self.start()
        for _ in range(3):
            os.kill(gateway.pid, 1)
            time.sleep(0.05)
            self.assertEqual(self.chat(gateway, self.admin).status, 200)
        self.assertTrue(soon(lambda: "read again (SIGHUP)" in gateway.output.read_text()))

    def test_key_of_the_machine(self):
        """with a store, the operator's credential is for holders of keys, though the file declares none"""
        provider = {"dialect": "openai", "base_url": self.upstream.base, "api_key": "sk-operator"}
        gateway = self.start(self.configuration(providers={"origin": provider}))
        self.assertEqual(send(gateway.port, "POST", CHAT, {"Host": "localhost"}, BODY).status, 401)
        self.assertEqual(self.chat(gateway, self.admin).status, 200)
        self.assertEqual(self.upstream.requests[-1].all("authorization"), ["Bearer sk-operator"])


class AdminCase(StoreCase):
    """Gateways whose store is filled through the admin API."""

    def configuration(self, **members):
        provider = {"dialect": "openai", "base_url": self.upstream.base}
        return {"version": 1, "providers": {"origin": provider}, **members}

    def ask(self, gateway, method, path, body=None, key=None, status=200):
        answer = send(gateway.port, method, "/v1" + path, {"x-portkey-api-key": key or self.admin, "Content-Type": "application/json"}, body)
        self.assertEqual(answer.status, status, answer)
        self.assertEqual((answer["content-type"], len(answer.all("x-portkey-trace-id"))), ("application/json", 1), answer)
        return answer.json

    def key(self, gateway, **members):
        made = self.ask(gateway, "POST", "/api-keys/organisation/service", {"name": "team", "scopes": ["completions.write"], **members})
        return made["id"], made["key"]

    def virtual_key(self, gateway, **members):
        return self.ask(gateway, "POST", "/virtual-keys", {"name": "prod", "provider": "origin", "key": "sk-vault-0123456789abcdef", **members})["slug"]

    def said(self, gateway, key, headers):
        try:
            return self.chat(gateway, key, headers).status
        except OSError:
            return None


class Administered(AdminCase):
    """store: the admin API."""

    def test_key(self):
        """a key opens with the next request after it is made, is refused by name with the next after it is disabled, and opens again"""
        gateway = self.start()
        slug = self.virtual_key(gateway)
        headers = {"x-portkey-virtual-key": slug}
        for _ in range(10):
            identifier, key = self.key(gateway)
            self.assertEqual(self.chat(gateway, key, headers).status, 200)
            self.ask(gateway, "PUT", f"/api-keys/{identifier}", {"status": "disabled"})
            answer = self.chat(gateway, key, headers)
            self.assertEqual((answer.status, answer.json["error"]["code"]), (401, "disabled_api_key"), answer)
            self.assertIn('"team" is disabled', answer.message)
            self.ask(gateway, "PUT", f"/api-keys/{identifier}", {"status": "active"})
            self.assertEqual(self.chat(gateway, key, headers).status, 200)
            self.ask(gateway, "DELETE", f"/api-keys/{identifier}")
            self.assertEqual(self.chat(gateway, key, headers).status, 401)

    def test_open_connection(self):
        """a key that is disabled is refused on a connection on which it was good before"""
        gateway = self.start()
        identifier, key = self.key(gateway)
        data = request("POST", CHAT, {"x-portkey-api-key": key, "x-portkey-virtual-key": self.virtual_key(gateway)}, BODY)
        with Wire(gateway.port) as wire:
            self.assertEqual(wire.send(data).response().status, 200)
            self.ask(gateway, "PUT", f"/api-keys/{identifier}", {"status": "disabled"})
            self.assertEqual(wire.send(data).response().status, 401)

    def test_survives(self):
        """keys, virtual keys and configs survive a restart, and kill -9 right after they were made"""
        gateway = self.start()
        slug = self.virtual_key(gateway)
        config = self.ask(gateway, "POST", "/configs", {"name": "usual", "config": {"virtual_key": slug, "override_params": {"seed": 42}}})["slug"]
        identifier, key = self.key(gateway, defaults={"config_id": config})
        os.kill(gateway.serving, 9)
        self.assertTrue(soon(lambda: gateway.ended and self.said(gateway, key, {}) == 200))
        gateway.stop()
        again = self.start()
        self.assertEqual(self.chat(again, key).status, 200)
        self.assertEqual((self.upstream.requests[-1].json["seed"], self.upstream.requests[-1]["authorization"]), (42, "Bearer sk-vault-0123456789abcdef"))
        self.assertEqual(self.ask(again, "GET", f"/api-keys/{identifier}")["name"], "team")
        self.assertIn(", whole;", command("audit", "verify", "--data", str(self.data)).stdout)

    def test_virtual_key(self):
        """another credential, another status, a time that comes, and deletion count from the next request on"""
        gateway = self.start()
        slug = self.virtual_key(gateway)
        headers = {"x-portkey-provider": f"@{slug}"}
        self.assertEqual(self.chat(gateway, self.admin, headers).status, 200)
        self.assertEqual(self.upstream.requests[-1]["authorization"], "Bearer sk-vault-0123456789abcdef")
        self.ask(gateway, "PUT", f"/virtual-keys/{slug}", {"key": "sk-other-0123456789abcdef"})
        self.assertEqual(self.chat(gateway, self.admin, headers).status, 200)
        self.assertEqual(self.upstream.requests[-1]["authorization"], "Bearer sk-other-0123456789abcdef")
        self.ask(gateway, "PUT", f"/virtual-keys/{slug}", {"status": "disabled"})
        answer = self.chat(gateway, self.admin, headers)
        self.assertEqual((answer.status, answer.json["error"]["code"]), (403, "virtual_key_unusable"), answer)
        self.assertIn(f'"{slug}" is disabled', answer.message)
        until = time.time() + 1.5
        self.ask(gateway, "PUT", f"/virtual-keys/{slug}", {"status": "active", "expires_at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(until)) + "Z"})
        self.assertTrue(soon(lambda: "has expired" in self.chat(gateway, self.admin, headers).message if time.time() >= until else False))
        self.ask(gateway, "DELETE", f"/virtual-keys/{slug}")
        self.assertEqual(self.chat(gateway, self.admin, headers).status, 400)

    def test_out_of_use_in_a_fallback(self):
        """a virtual key that is disabled is passed over where there is another target, by fallbacks and load balancers, and its answers in the cache stay"""
        gateway = self.start()
        off, on = self.virtual_key(gateway), self.virtual_key(gateway, key="sk-on-0123456789abcdef0")
        self.ask(gateway, "PUT", f"/virtual-keys/{off}", {"status": "disabled"})
        for seed, mode in enumerate(("fallback", "loadbalance")):
            # Else what one has fetched would be the other's hit.
            config = {"strategy": {"mode": mode}, "cache": {"mode": "simple"}, "override_params": {"seed": seed}, "targets": [
                {"virtual_key": off}, {"virtual_key": on}]}
            for status in ("MISS", "HIT"):
                answer = self.chat(gateway, self.admin, {"x-portkey-config": json.dumps(config)})
                self.assertEqual((answer.status, answer["x-portkey-cache-status"]), (200, status), answer)
        self.assertEqual({request["authorization"] for request in self.upstream.requests}, {"Bearer sk-on-0123456789abcdef0"})
        both = {"strategy": {"mode": "fallback"}, "targets": [{"virtual_key": off}, {"virtual_key": off}]}
        answer = self.chat(gateway, self.admin, {"x-portkey-config": json.dumps(both)})
        self.assertEqual((answer.status, answer.json["error"]["code"]), (403, "virtual_key_unusable"), answer)

    def test_settings(self):
        """what a virtual key says beside its credential goes to the wire, and no caller's config says otherwise"""
        gateway = self.start()
        host = f"http://127.0.0.1:{self.upstream.port}/openai"
        slug = self.virtual_key(gateway, provider="azure-openai", model_config={"custom_host": host, "deployment_id": "d", "api_version": "2024-10-21"})
        self.assertEqual(self.chat(gateway, self.admin, {"x-portkey-virtual-key": slug}).status, 200)
        sent = self.upstream.requests[-1]
        self.assertEqual((sent.target, sent["api-key"]), ("/openai/deployments/d/chat/completions?api-version=2024-10-21", "sk-vault-0123456789abcdef"))
        for other in ({"resource_name": "mine"}, {"custom_host": "https://elsewhere.example/openai"}):
            answer = self.chat(gateway, self.admin, {"x-portkey-config": json.dumps({"virtual_key": slug, **other})})
            self.assertTrue(answer.status == 400 or self.upstream.requests[-1].target == sent.target, answer)
        self.ask(gateway, "PUT", f"/virtual-keys/{slug}", {"model_config": {"custom_host": host, "deployment_id": "e", "api_version": "2024-10-21"}})
        self.assertEqual(self.chat(gateway, self.admin, {"x-portkey-virtual-key": slug}).status, 200)
        self.assertIn("/deployments/e/", self.upstream.requests[-1].target)

    def test_config(self):
        """a config is used by its slug from the next request on, by its new text after a change, which records name, and by nobody without a key"""
        gateway = self.start()
        slug = self.virtual_key(gateway)
        config = self.ask(gateway, "POST", "/configs", {"name": "c", "config": {"virtual_key": slug, "override_params": {"seed": 1}}})["slug"]
        for seed in (2, 3):
            self.ask(gateway, "PUT", f"/configs/{config}", {"config": {"virtual_key": slug, "override_params": {"seed": seed}}})
            self.assertEqual(self.chat(gateway, self.admin, {"x-portkey-config": config}).status, 200)
            self.assertEqual(self.upstream.requests[-1].json["seed"], seed)

        def versions():
            times = "time_of_generation_min=2026-01-01T00:00:00Z&time_of_generation_max=2035-01-01T00:00:00Z"
            return [row["config_version"] for row in self.ask(gateway, "GET", f"/logs?{times}")["data"] if row["config"] == config]

        self.assertTrue(soon(lambda: versions() == [3, 2]), versions())
        answer = send(gateway.port, "POST", CHAT, {"x-portkey-config": config}, BODY)
        self.assertEqual((answer.status, answer.json["error"]["code"]), (400, "unknown_config"), answer)

    def test_workspaces(self):
        """a key of a workspace uses its workspace's virtual keys and configs, and another's are not there"""
        gateway = self.start()
        spaces = [self.ask(gateway, "POST", "/admin/workspaces", {"name": name})["id"] for name in ("red", "blue")]
        keys = [self.ask(gateway, "POST", "/api-keys/workspace/service", {"name": "k", "workspace_id": space, "scopes": ["completions.write"]})["key"] for space in spaces]
        slug = self.virtual_key(gateway, workspace_id=spaces[0])
        self.assertEqual([self.chat(gateway, key, {"x-portkey-virtual-key": slug}).status for key in keys], [200, 400])
        self.assertEqual([self.chat(gateway, key, {"x-portkey-config": json.dumps({"virtual_key": slug})}).status for key in keys], [200, 400])

    def test_limits(self):
        """limits of a key and of a virtual key are kept from the next request on, follow their changes, and what was counted stays counted"""
        gateway = self.start()
        slug = self.virtual_key(gateway)
        headers = {"x-portkey-virtual-key": slug}
        identifier, key = self.key(gateway, usage_limits={"type": "requests", "credit_limit": 2})
        self.assertEqual([self.chat(gateway, key, headers).status for _ in range(3)], [200, 200, 412])
        self.ask(gateway, "PUT", f"/api-keys/{identifier}", {"usage_limits": {"type": "requests", "credit_limit": 3}})
        self.assertEqual([self.chat(gateway, key, headers).status for _ in range(2)], [200, 412])
        os.kill(gateway.serving, 9)
        self.assertTrue(soon(lambda: gateway.ended and self.said(gateway, key, headers) == 412))
        self.ask(gateway, "PUT", f"/virtual-keys/{slug}", {"rate_limits": [{"type": "requests", "unit": "rph", "value": 1}]})
        self.assertEqual([self.chat(gateway, self.admin, headers).status for _ in range(2)], [200, 429])
        gateway.first = gateway.serving

    def test_usage(self):
        """what is used is shown, and that it is used up; it is set to nothing, and raised for a time that ends by itself; audited, and so after a restart"""
        gateway = self.start()
        headers = {"x-portkey-virtual-key": self.virtual_key(gateway)}
        identifier, key = self.key(gateway, usage_limits={"type": "requests", "credit_limit": 2, "periodic_reset": "monthly"})
        path = f"/api-keys/{identifier}"

        def shown():
            read = self.ask(gateway, "GET", path)
            [listed] = [row for row in self.ask(gateway, "GET", "/api-keys")["data"] if row["id"] == identifier]
            self.assertEqual((listed["status"], listed["usage_limits"]), (read["status"], read["usage_limits"]))
            return read["status"], read["usage_limits"]["current_usage"]

        self.assertEqual(shown(), ("active", 0))
        self.assertRegex(self.ask(gateway, "GET", path)["usage_limits"]["next_usage_reset_at"], r"^\d{4}-\d\d-01T00:00:00.000Z$")
        self.assertEqual([self.chat(gateway, key, headers).status for _ in range(3)], [200, 200, 412])
        self.assertEqual(shown(), ("exhausted", 2))
        self.assertEqual(self.ask(gateway, "PUT", path, {"reset_usage": True})["status"], "active")
        self.assertEqual(shown(), ("active", 0))
        self.assertEqual([self.chat(gateway, key, headers).status for _ in range(3)], [200, 200, 412])
        until = time.time() + 6
        credit = {"amount": 1, "until": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(until)) + "Z"}
        limits = {"type": "requests", "credit_limit": 2, "periodic_reset": "monthly"}
        self.ask(gateway, "PUT", path, {"usage_limits": {**limits, "temporary_credit": credit}})
        self.assertEqual(shown(), ("active", 2))
        os.kill(gateway.serving, 9)
        self.assertTrue(soon(lambda: gateway.ended and self.said(gateway, key, headers) == 200))
        self.assertEqual(self.chat(gateway, key, headers).status, 412)
        self.assertTrue(soon(lambda: time.time() >= until and "temporary_credit" not in self.ask(gateway, "GET", path)["usage_limits"]))
        self.assertEqual(shown(), ("exhausted", 3))
        self.assertTrue(soon(lambda: self.ask(gateway, "GET", path)["last_used_at"]))
        rows = self.ask(gateway, "GET", f"/audit-logs?resource_id={identifier}&action=reset_usage")["records"]
        self.assertEqual(len(rows), 1)
        gateway.first = gateway.serving

    def test_scopes(self):
        """a key without completions.write asks no model, and one without an admin scope changes nothing"""
        gateway = self.start()
        headers = {"x-portkey-virtual-key": self.virtual_key(gateway)}
        _, reader = self.key(gateway, scopes=["configs.read", "configs.list"])
        _, asker = self.key(gateway)
        self.assertEqual([self.chat(gateway, key, headers).status for key in (reader, asker)], [403, 200])
        self.ask(gateway, "GET", "/configs", key=reader)
        self.ask(gateway, "GET", "/configs", key=asker, status=403)

    def test_other_process(self):
        """what one process changes, another on the same folder serves by soon; keys of the vault may be rotated meanwhile"""
        first, second = self.start(), self.start()
        slug = self.virtual_key(first)
        identifier, key = self.key(first)
        headers = {"x-portkey-virtual-key": slug}
        self.assertTrue(soon(lambda: self.chat(second, key, headers).status == 200))
        for action in ("rotate", "rewrap"):
            self.assertEqual(command("vault", action, "--data", str(self.data)).returncode, 0)
        self.ask(second, "PUT", f"/virtual-keys/{slug}", {"key": "sk-later-0123456789abcdef"})
        self.assertTrue(soon(lambda: self.chat(first, key, headers).status == 200 and self.upstream.requests[-1]["authorization"] == "Bearer sk-later-0123456789abcdef"))
        self.ask(second, "PUT", f"/api-keys/{identifier}", {"status": "disabled"})
        self.assertEqual(self.chat(second, key, headers).status, 401)
        self.assertTrue(soon(lambda: self.chat(first, key, headers).status == 401))

    def test_file_goes_first(self):
        """what the file declares is used before what the store has, when the file is read again as well, and the clash is told"""
        gateway = self.start()
        slug = self.virtual_key(gateway, slug="team")
        headers = {"x-portkey-virtual-key": slug}
        self.chat(gateway, self.admin, headers)
        self.assertEqual(self.upstream.requests[-1]["authorization"], "Bearer sk-vault-0123456789abcdef")
        declared = self.configuration(virtual_keys={"team": {"provider": "origin", "api_key": "sk-file"}})
        Path(gateway.file).write_text(json.dumps(listening(declared, gateway.port)))
        self.assertTrue(soon(lambda: self.chat(gateway, self.admin, headers).status == 200 and self.upstream.requests[-1]["authorization"] == "Bearer sk-file"))
        self.key(gateway)
        self.chat(gateway, self.admin, headers)
        self.assertEqual(self.upstream.requests[-1]["authorization"], "Bearer sk-file")
        self.assertEqual(gateway.output.read_text().count('"team": another of this name goes before it'), 1)

    def test_secrets(self):
        """no secret of the store's is in a log, a metric, an error or an answer of the admin API's"""
        gateway = self.start(self.configuration(log={"format": "json"}))
        vault, inline = "sk-canary-vault-5d41402abc4b2a76", "sk-canary-inline-b9719d911017c592"
        slug = self.virtual_key(gateway, key=vault)
        config = self.ask(gateway, "POST", "/configs", {"name": "c", "config": {"provider": "origin", "api_key": inline}})["slug"]
        bad = send(gateway.port, "POST", "/v1/configs", {"x-portkey-api-key": self.admin}, {"name": "c", "config": {"api_key": inline, "targets": 3}})
        identifier, key = self.key(gateway)
        self.upstream.handler = lambda incoming, peer: peer.answer({"error": {"message": "no"}}, 500)
        said = [bad.body.decode()]
        for headers in ({"x-portkey-virtual-key": slug}, {"x-portkey-config": config}, {"x-portkey-config": "pc-none"}):
            said.append(repr(self.chat(gateway, key, headers)))
        for path in ("/virtual-keys", f"/virtual-keys/{slug}", "/configs", f"/configs/{config}", "/api-keys", f"/api-keys/{identifier}", "/audit-logs"):
            answer = send(gateway.port, "GET", "/v1" + path, {"x-portkey-api-key": self.admin})
            said.append(repr(answer) + answer.body.decode())
        said.append(send(gateway.port, "GET", "/metrics", {"Host": "localhost"}).body.decode())
        said.append(command("audit", "export", "--data", str(self.data)).stdout)
        os.kill(gateway.serving, 9)
        self.assertTrue(soon(lambda: gateway.ended and "was started again" in gateway.ended))
        time.sleep(0.1)
        said.append(gateway.output.read_text())
        for canary in (self.admin, key, vault, inline):
            for text in said:
                self.assertNotIn(canary, text)

    def test_without_store(self):
        """without a store the admin API is refused with what turns it on"""
        gateway = self.start(environment={"SLUICE_DATA": ""})
        for path in ("/v1/configs", "/v2/api-keys", "/sluice/openapi.json"):
            answer = send(gateway.port, "GET", path)
            self.assertEqual(answer.status, 404, answer)
            self.assertIn("--data", answer.message)

    def test_bounds(self):
        """a body over the bound is 413, one that is no JSON is 400, a method that is not taken is told which are"""
        gateway = self.start()
        headers = {"x-portkey-api-key": self.admin, "Content-Type": "application/json"}
        self.assertEqual(send(gateway.port, "POST", "/v1/configs", headers, b"x" * ((272 << 10) + 1)).status, 413)
        self.assertEqual(send(gateway.port, "POST", "/v1/configs", headers, b"x" * (272 << 10)).status, 400)
        answer = send(gateway.port, "DELETE", "/v1/configs", headers)
        self.assertEqual(answer.status, 405)
        self.assertEqual(sorted(answer["allow"].split(", ")), ["GET", "POST"])
