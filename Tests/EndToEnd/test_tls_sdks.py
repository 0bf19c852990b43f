"""The SDKs over https, as their users call them: only base_url and the trusted authority are theirs to set."""

import os
import shutil
from unittest import mock as patching

import anthropic
import httpx
import openai
from portkey_ai import Portkey

from harness.authority import Authority
from harness.configuration import with_tls
from harness.gateway import GatewayCase, free_port, mock

HELLO = [{"role": "user", "content": "hello"}]


class SDKs(GatewayCase):
    """SDKs over https."""

    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.addClassCleanup(shutil.rmtree, cls.authority.directory, True)
        cls.port = free_port()
        super().setUpClass()
        mock()
        # Where OpenSSL, and so httpx, looks for authorities.
        trust = patching.patch.dict(os.environ, {"SSL_CERT_FILE": cls.authority.file})
        trust.start()
        cls.addClassCleanup(trust.stop)

    @classmethod
    def configuration(cls):
        return with_tls(cls.port, cls.authority.sign("server", "DNS:localhost"))

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    def headers(self, provider):
        return {"x-portkey-provider": provider, "x-portkey-custom-host": mock().base}

    def test_openai(self):
        """openai: an answer and a stream, on one connection"""
        client = openai.OpenAI(base_url=f"{self.url}/v1", api_key="sk-test", max_retries=0, timeout=10, default_headers=self.headers("openai"))
        self.addCleanup(client.close)
        self.assertTrue(client.chat.completions.create(model="mock", messages=HELLO).choices[0].message.content)
        chunks = list(client.chat.completions.create(model="mock?tokens=20&gap=2", messages=HELLO, stream=True))
        self.assertEqual(len([chunk for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]), 20)

    def test_anthropic(self):
        """anthropic: a message and a stream"""
        client = anthropic.Anthropic(base_url=self.url, api_key="sk-ant-test", max_retries=0, timeout=10, default_headers=self.headers("anthropic"))
        self.addCleanup(client.close)
        self.assertTrue(client.messages.create(model="mock", max_tokens=50, messages=HELLO).content[0].text)
        with client.messages.stream(model="mock?tokens=9&gap=2", max_tokens=50, messages=HELLO) as stream:
            self.assertEqual(len(list(stream.text_stream)), 9)

    def test_portkey(self):
        """portkey-ai: an answer and a stream"""
        client = Portkey(base_url=f"{self.url}/v1", provider="openai", custom_host=mock().base, Authorization="sk-test")
        self.assertTrue(client.chat.completions.create(model="mock", messages=HELLO).choices[0].message.content)
        chunks = list(client.chat.completions.create(model="mock?tokens=4&gap=1", messages=HELLO, stream=True))
        self.assertGreater(len(chunks), 3)

    def test_http2(self):
        """openai over an HTTP/2 client: an answer and a stream"""
        with httpx.Client(http2=True) as transport:
            client = openai.OpenAI(
                base_url=f"{self.url}/v1", api_key="sk-test", max_retries=0, timeout=10, default_headers=self.headers("openai"), http_client=transport)
            answer = client.chat.completions.with_raw_response.create(model="mock", messages=HELLO)
            self.assertEqual(answer.http_response.http_version, "HTTP/2")
            self.assertTrue(answer.parse().choices[0].message.content)
            chunks = list(client.chat.completions.create(model="mock?tokens=20&gap=2", messages=HELLO, stream=True))
            self.assertEqual(len([chunk for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]), 20)

    def test_untrusted(self):
        """an SDK that does not trust the authority sends nothing"""
        with patching.patch.dict(os.environ):
            os.environ.pop("SSL_CERT_FILE")
            client = openai.OpenAI(base_url=f"{self.url}/v1", api_key="sk-test", max_retries=0, timeout=10)
            self.addCleanup(client.close)
            with self.assertRaises(openai.APIConnectionError):
                client.chat.completions.create(model="mock", messages=HELLO)
