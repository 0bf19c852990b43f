"""An address for administrators alone, beside one for everybody else."""

import re
import shutil
import tempfile
import unittest
from pathlib import Path

import httpx
from portkey_ai import Portkey
from portkey_ai.api_resources import exceptions

from harness.gateway import Gateway, Mock, command, free_port

HELLO = {"model": "mock", "messages": [{"role": "user", "content": "hello"}]}


class AdminAddress(unittest.TestCase):
    """an address for administrators."""

    @classmethod
    def setUpClass(cls):
        cls.mock = Mock()
        cls.addClassCleanup(cls.mock.stop)
        cls.data = Path(tempfile.mkdtemp(prefix="sluice-test-address-"))
        cls.addClassCleanup(shutil.rmtree, cls.data, ignore_errors=True)
        cls.key = re.search(r"sk-sluice-\w+", command("key", "new").stdout)[0]
        cls.admin_port, port = free_port(), free_port()
        cls.gateway = Gateway({
            "version": 1, "providers": {"house": {"base_url": cls.mock.base, "auth": "none"}}, "configs": {"all": {"provider": "house"}}, "default": "all",
            "listen": [{"address": f"127.0.0.1:{port}", "serves": "models"}, {"address": f"127.0.0.1:{cls.admin_port}", "serves": "admin"}],
        }, {"SLUICE_ADMIN_KEY": cls.key, "SLUICE_DATA": str(cls.data)})
        cls.addClassCleanup(cls.gateway.stop)
        cls.port = port

    def client(self, port):
        return Portkey(base_url=f"http://127.0.0.1:{port}/v1", api_key=self.key)

    def test_sdk(self):
        """the SDK asks models at the one and manages at the other, and neither at both"""
        self.assertEqual(self.client(self.port).chat.completions.create(**HELLO).choices[0].finish_reason, "stop")
        self.assertEqual(self.client(self.admin_port).configs.list().total, 1)
        with self.assertRaises(exceptions.NotFoundError) as caught:
            self.client(self.port).configs.list()
        self.assertIn("the admin API is at another address", str(caught.exception))
        with self.assertRaisesRegex(Exception, "serves the admin API alone"):
            self.client(self.admin_port).chat.completions.create(**HELLO)
        self.assertEqual(self.client(self.port).feedback.create(trace_id="t", value=5).status, "success")

    def test_http2(self):
        """a stream is of its connection's address"""
        with httpx.Client(http1=False, http2=True, headers={"x-portkey-api-key": self.key}) as client:
            for port, path, status in ((self.port, "/v1/configs", 404), (self.admin_port, "/v1/configs", 200), (self.admin_port, "/v1/models", 404),
                                       (self.port, "/health", 200), (self.admin_port, "/health", 200)):
                with self.subTest(port=port, path=path):
                    self.assertEqual(client.get(f"http://127.0.0.1:{port}{path}").status_code, status)


if __name__ == "__main__":
    unittest.main()
