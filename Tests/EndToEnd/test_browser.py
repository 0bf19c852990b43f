"""A real browser: a page of one origin asks the gateway at another, over TLS and HTTP/2, and reads a stream as it comes."""

import http.server
import json
import queue
import shutil
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from harness.authority import Authority
from harness.configuration import with_tls
from harness.gateway import GatewayCase, free_port, mock
from harness.waiting import soon

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

PAGE = """<!doctype html><title>a page</title><script>
const tell = what => fetch('/told', {method: 'POST', body: JSON.stringify(what)});
(async () => {
  const begun = performance.now();
  const answer = await fetch('GATEWAY/v1/chat/completions', {
    method: 'POST',
    headers: {'content-type': 'application/json', 'authorization': 'Bearer sk-page', 'x-portkey-provider': 'openai', 'x-portkey-custom-host': 'UPSTREAM'},
    body: JSON.stringify({model: 'mock?tokens=10&gap=100', stream: true, messages: [{role: 'user', content: 'hello'}]}),
  });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  const pieces = [];
  for (let read; !(read = await reader.read()).done;) pieces.push({at: performance.now() - begun, text: read.value});
  await tell({status: answer.status, trace: answer.headers.get('x-portkey-trace-id'), pieces});
})().catch(error => tell({error: String(error)}));
</script>"""


class Pages(http.server.ThreadingHTTPServer):
    """Serves the page, and takes what it tells."""

    def __init__(self, page):
        self.page, self.told = page.encode(), queue.Queue()
        super().__init__(("127.0.0.1", 0), PageRequest)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class PageRequest(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.page)

    def do_POST(self):
        self.server.told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@unittest.skipUnless(CHROMIUM, "there is no Chromium here")
class Browser(GatewayCase):
    """A page in a browser."""

    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.addClassCleanup(shutil.rmtree, cls.authority.directory, True)
        cls.directory = tempfile.mkdtemp(prefix="sluice-test-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, True)
        cls.port = free_port()
        gateway = f"https://localhost:{cls.port}"
        cls.pages = Pages(PAGE.replace("GATEWAY", gateway).replace("UPSTREAM", mock().base))
        cls.addClassCleanup(cls.pages.shutdown)
        super().setUpClass()

    @classmethod
    def configuration(cls):
        origin = f"http://localhost:{cls.pages.server_port}"
        log = {"format": "json", "access": str(Path(cls.directory, "access.log"))}
        return {**with_tls(cls.port, cls.authority.sign("server", "DNS:localhost")), "log": log, "cors": {"origins": [origin]}, "trusted_hosts": ["127.0.0.1"]}

    def visit(self, host):
        """What the page tells when it is opened at `host`."""
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--ignore-certificate-errors"]
        browser = subprocess.Popen(
            [CHROMIUM, *options, f"--user-data-dir={self.directory}/{host}", f"http://{host}:{self.pages.server_port}/"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return self.pages.told.get(timeout=60)
        finally:
            browser.kill()
            browser.wait()

    def asked(self):
        """What was asked, by the access log, which is written in its own time."""
        rows = [json.loads(row) for row in Path(self.directory, "access.log").read_text().splitlines()]
        return [(row.get("method"), row.get("protocol"), row.get("status")) for row in rows if row.get("path") == "/v1/chat/completions"]

    def test_stream(self):
        """streams an answer over HTTP/2, a piece at a time"""
        told = self.visit("localhost")
        self.assertNotIn("error", told)
        self.assertEqual(told["status"], 200)
        self.assertTrue(told["trace"])
        text = "".join(piece["text"] for piece in told["pieces"])
        self.assertTrue(text.rstrip().endswith("data: [DONE]"), text[-200:])
        self.assertGreater(len(told["pieces"]), 3)
        self.assertGreater(told["pieces"][-1]["at"] - told["pieces"][0]["at"], 500)
        self.assertTrue(soon(lambda: self.asked()[-2:] == [("OPTIONS", "HTTP/2", 204), ("POST", "HTTP/2", 200)]), self.asked())

    def test_another_origin(self):
        """of an origin that is not named reads nothing"""
        told = self.visit("127.0.0.1")
        self.assertIn("error", told)
