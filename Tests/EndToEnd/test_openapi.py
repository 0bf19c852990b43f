"""The console asked as its own description says, and as it does not, by a program no one here wrote: schemathesis."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request

from harness.chance import rounds, seed
from harness.gateway import Gateway, mock

ADMIN = "an-admin-key-of-this-test-0123456789abcdef"
#: What an answer must not be, whatever was asked: a server's error, a status, a content type or a body that the description does not have, or an object
#: that was deleted. That what breaks the description is refused is the routes' own tests': an empty parameter, or a null, says nothing and is let pass.
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance", "use_after_free")
#: Streams that do not end.
ENDLESS = "/logs/tail"
#: Seconds for one whole run, in its short form and in its long one.
LIMIT = (240, 3000)


class OpenAPI(unittest.TestCase):
    """OpenAPI."""

    @classmethod
    def setUpClass(cls):
        mock()
        cls.data = tempfile.mkdtemp(prefix="sluice-openapi-")
        cls.addClassCleanup(shutil.rmtree, cls.data, ignore_errors=True)
        cls.console = Gateway(None, environment={"SLUICE_ADMIN_KEY": ADMIN, "SLUICE_DATA": cls.data})
        cls.addClassCleanup(cls.console.stop)

    def description(self, path):
        asked = urllib.request.Request(self.console.url + path, headers={"x-portkey-api-key": ADMIN})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.load(answer)

    def test_places(self):
        """the description is at its own path, and below /v1"""
        self.assertEqual(self.description("/sluice/openapi.json"), self.description("/v1/sluice/openapi.json"))

    def test_schemathesis(self):
        """no request made from the description, or against it, has a server's error or an answer that breaks it"""
        phases, examples = rounds(("fuzzing", 4), ("examples,coverage,fuzzing,stateful", 100))
        arguments = [
            sys.executable, "-m", "schemathesis.cli", "run", self.console.url + "/v1/sluice/openapi.json", "-H", f"x-portkey-api-key: {ADMIN}",
            "--phases", phases, "--max-examples", str(examples), "--checks", ",".join(CHECKS), "--exclude-path", ENDLESS, "--seed", str(seed()),
            "--no-shrink", "--continue-on-failure", "--request-timeout", "20", "--suppress-health-check", "all", "--warnings", "off", "--no-color",
        ]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=rounds(*LIMIT), cwd=self.data, env={**os.environ, "COLUMNS": "160"})
        self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-2000:])
        self.assertIsNone(self.console.ended, self.console.said())
        # It is still there, with all it was asked for in its store.
        self.assertIn("paths", self.description("/sluice/openapi.json"))
