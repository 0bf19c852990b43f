"""An address for administrators alone, beside one for everybody else."""

import unittest

import httpx
from portkey_ai import Portkey
from portkey_ai.api_resources import exceptions

from harness.gateway import free_port
from test_analytics import AnalyticsCase

HELLO = {"model": "mock", "messages": [{"role": "user", "content": "hello"}]}


class AdminAddress(AnalyticsCase):
    """an address for administrators."""

    @classmethod
    def start(cls, **members):
        cls.port, cls.admin_port = free_port(), free_port()
        return super().start(listen=[
            {"address": f"127.0.0.1:{cls.port}", "serves": "models"}, {"address": f"127.0.0.1:{cls.admin_port}", "serves": "admin"}], **members)

    def at(self, port):
        return Portkey(base_url=f"http://127.0.0.1:{port}/v1", api_key=self.admin)

    def test_sdk(self):
        """the SDK asks models at the one and manages at the other, and neither at both"""
        self.assertEqual(self.at(self.port).chat.completions.create(**HELLO).choices[0].finish_reason, "stop")
        # Those of the file.
        self.assertEqual([row["slug"] for row in self.at(self.admin_port).configs.list().data], ["all", "second"])
        with self.assertRaises(exceptions.NotFoundError) as caught:
            self.at(self.port).configs.list()
        self.assertIn("the admin API is at another address", str(caught.exception))
        with self.assertRaisesRegex(Exception, "serves the admin API alone"):
            self.at(self.admin_port).chat.completions.create(**HELLO)
        self.assertEqual(self.at(self.port).feedback.create(trace_id="t", value=5).status, "success")

    def test_http2(self):
        """a stream is of its connection's address"""
        with httpx.Client(http1=False, http2=True, headers={"x-portkey-api-key": self.admin}) as client:
            for port, path, status in ((self.port, "/v1/configs", 404), (self.admin_port, "/v1/configs", 200), (self.admin_port, "/v1/models", 404),
                                       (self.port, "/health", 200), (self.admin_port, "/health", 200)):
                with self.subTest(port=port, path=path):
                    self.assertEqual(client.get(f"http://127.0.0.1:{port}{path}").status_code, status)


if __name__ == "__main__":
    unittest.main()
