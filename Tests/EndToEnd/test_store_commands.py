"""`sluice backup`, `sluice vault` and `sluice audit`, on a store that others use meanwhile."""

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness.gateway import ROOT, binary, command

VERSIONS = ROOT / "Tests" / "StoreTests" / "Versions"


class StoreCommands(unittest.TestCase):
    """store: commands."""

    def setUp(self):
        self.data = Path(tempfile.mkdtemp(prefix="sluice-store-"))
        self.addCleanup(shutil.rmtree, self.data)
        newest = max(VERSIONS.glob("*.sql"), key=lambda path: int(path.stem))
        store = sqlite3.connect(self.data / "store.sqlite")
        store.executescript(newest.read_text())
        store.close()
        self.keyring = self.data / "keyring"
        shutil.copy(VERSIONS / "keyring.txt", self.keyring)
        self.keyring.chmod(0o600)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")} | {"SLUICE_DATA": str(self.data)}

    def run_command(self, *arguments, expected=0):
        done = command(*arguments, env=self.environment)
        self.assertEqual(done.returncode, expected, done.stdout + done.stderr)
        return done

    def sql(self, *statements):
        store = sqlite3.connect(self.data / "store.sqlite", timeout=10)
        for statement in statements:
            store.execute(statement)
        store.commit()
        store.close()

    def used_meanwhile(self):
        """Another process reads the store, from the state it found."""
        reader = sqlite3.connect(self.data / "store.sqlite", isolation_level=None)
        self.addCleanup(reader.close)
        reader.execute("PRAGMA journal_mode = WAL")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM api_keys").fetchone()

    def test_rotation(self):
        """a key is added, secrets are rewrapped, the old key is taken out, and every secret opens, while the store is in use"""
        self.used_meanwhile()
        self.assertIn("0 that do not open, 0 named by nothing", self.run_command("vault", "doctor").stdout)
        added = self.run_command("vault", "rotate").stdout.split()[1]
        self.assertEqual(stat.S_IMODE(self.keyring.stat().st_mode), 0o600)
        self.assertRegex(self.run_command("vault", "rewrap").stdout, rf"^[1-9]\d* rewrapped by key {added}, 0 left\n$")
        self.assertEqual(self.run_command("vault", "rewrap").stdout, f"0 rewrapped by key {added}, 0 left\n")
        self.assertIn("it can be taken out", self.run_command("vault", "doctor").stdout)
        lines = self.keyring.read_text().splitlines(keepends=True)
        self.keyring.write_text("".join(line for line in lines if not line.startswith("key ") or added in line))
        self.assertIn("0 that do not open", self.run_command("vault", "doctor").stdout)
        self.assertIn(", whole;", self.run_command("audit", "verify").stdout)

    def test_interrupted(self):
        """rewrapping that is killed at any moment leaves every secret open, and goes on"""
        store = sqlite3.connect(self.data / "store.sqlite")
        organisation = store.execute("SELECT id FROM organisations").fetchone()[0]
        store.close()
        for round in range(6):
            self.run_command("vault", "rotate")
            process = subprocess.Popen([binary(), "vault", "rewrap"], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=0.005 * 2**round)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self.assertIn("0 that do not open", self.run_command("vault", "doctor").stdout, organisation)
        self.assertIn(", 0 left", self.run_command("vault", "rewrap").stdout)

    def test_backup(self):
        """a backup is checked, is the owner's alone, overwrites nothing, and is a store when it is put back"""
        self.used_meanwhile()
        copy = self.data / "copy.sqlite"
        self.assertIn("checked", self.run_command("backup", str(copy)).stdout)
        self.assertEqual(stat.S_IMODE(copy.stat().st_mode), 0o600)
        self.assertIn("is there already", self.run_command("backup", str(copy), expected=2).stderr)
        self.assertEqual([path.name for path in self.data.glob("copy*")], ["copy.sqlite"])
        with tempfile.TemporaryDirectory() as other:
            shutil.copy(copy, Path(other) / "store.sqlite")
            self.environment["SLUICE_KEYRING"] = str(self.keyring)
            self.assertIn("0 that do not open", self.run_command("vault", "doctor", "--data", other).stdout)
            self.assertIn(", whole;", self.run_command("audit", "verify", "--data", other).stdout)

    def test_audit(self):
        """rows are exported as JSON; one that was changed is named, and the command fails"""
        self.run_command("vault", "rotate")
        rows = [json.loads(line) for line in self.run_command("audit", "export").stdout.splitlines()]
        self.assertEqual([row["sequence"] for row in rows], list(range(1, len(rows) + 1)))
        self.assertEqual((rows[-1]["action"], rows[-1]["resource"], rows[-1]["actor"]), ("rotate", "keyring", "operator"))
        later = [json.loads(line) for line in self.run_command("audit", "export", "--from", rows[-1]["at"][:10]).stdout.splitlines()]
        self.assertEqual({row["action"] for row in later}, {"rotate", "export"})
        self.assertEqual(self.run_command("audit", "export", "--from", "yesterday", expected=64).stdout, "")
        self.sql("DROP TRIGGER audit_is_not_changed", "UPDATE audit SET actor_id = 'nobody' WHERE sequence = 2")
        self.assertIn("row 2 was changed", self.run_command("audit", "verify", expected=1).stdout)
        self.sql("DROP TRIGGER audit_is_not_deleted", "DELETE FROM audit WHERE sequence = 2")
        self.assertIn("row 2 is missing", self.run_command("audit", "verify", expected=1).stdout)

    def test_refusals(self):
        """no store, a loose keyring, another keyring, none, a later version, a damaged file: each is told with what to do"""
        with tempfile.TemporaryDirectory() as empty:
            self.assertIn("--data", self.run_command("vault", "doctor", "--data", empty, expected=2).stderr)
            self.assertEqual(os.listdir(empty), [])
        self.keyring.chmod(0o644)
        self.assertIn("chmod 600", self.run_command("vault", "doctor", expected=2).stderr)
        self.keyring.chmod(0o600)
        text = self.keyring.read_text()
        self.environment["SLUICE_KEYRING"] = text
        self.run_command("vault", "doctor")
        self.assertIn("SLUICE_KEYRING", self.run_command("vault", "rotate", expected=2).stderr)
        # The first digit of the pepper is another.
        at = text.index("pepper ") + 7
        self.environment["SLUICE_KEYRING"] = text[:at] + ("1" if text[at] != "1" else "2") + text[at + 1 :]
        self.assertIn("belongs to this store", self.run_command("vault", "doctor", expected=2).stderr)
        self.environment["SLUICE_KEYRING"] = str(self.data / "none")
        self.assertIn("put it back", self.run_command("vault", "doctor", expected=2).stderr)
        self.assertFalse((self.data / "none").exists())
        del self.environment["SLUICE_KEYRING"]
        self.sql("UPDATE secrets SET sealed = zeroblob(64) WHERE id = (SELECT min(id) FROM secrets)")
        self.assertIn("1 that do not open", self.run_command("vault", "doctor", expected=1).stdout)
        version = sqlite3.connect(self.data / "store.sqlite").execute("PRAGMA user_version").fetchone()[0]
        self.sql("PRAGMA user_version = 1000")
        self.assertIn("later version", self.run_command("vault", "doctor", expected=2).stderr)
        self.sql(f"PRAGMA user_version = {version}")
        (self.data / "store.sqlite").write_bytes(b"no database at all " * 500)
        self.assertIn("sluice backup", self.run_command("vault", "doctor", expected=2).stderr)
