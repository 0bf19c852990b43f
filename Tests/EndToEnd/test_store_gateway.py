"""`sluice serve --data`: a store beside the file, opened before anybody is served."""

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

from harness.gateway import Gateway, binary, command, free_port
from harness.upstream import Upstream
from harness.waiting import soon
from harness.wire import send
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
