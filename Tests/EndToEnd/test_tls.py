"""TLS towards clients: certificates, versions, what goes wrong, and who shows a certificate."""

import asyncio
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import httpx

from harness.authority import Authority
from harness.configuration import with_tls
from harness.gateway import Gateway, GatewayCase, command, free_port, new_key
from harness.upstream import CHAT
from harness.wire import Wire, request

#: By this name this machine's own programs reach the gateway.
HERE = {"Host": "localhost"}
HELLO = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}


class TLSCase(GatewayCase):
    """A gateway with a plain port for questions and a TLS port for clients, before the test's own upstream."""

    tls = {}
    #: What the file says beside its listeners.
    others = {}

    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.addClassCleanup(shutil.rmtree, cls.authority.directory, True)
        cls.certificate = cls.authority.sign("server", "DNS:localhost,IP:127.0.0.1")
        cls.port = free_port()
        super().setUpClass()

    @classmethod
    def configuration(cls):
        return {**with_tls(cls.port, *cls.certificates(), base=f"{cls.upstream.base}", **cls.tls), **cls.others}

    @classmethod
    def certificates(cls):
        return [cls.certificate]

    def wire(self, client=None, name="localhost", **options):
        wire = Wire(self.port, self.authority.context(client, **options), name)
        self.addCleanup(wire.socket.close)
        return wire

    def ask(self, headers=(), body=HELLO, wire=None):
        """One chat request over TLS."""
        return (wire or self.wire()).send(request("POST", "/v1/chat/completions", headers, body)).response()

    def metrics(self):
        return self.send("GET", "/metrics", HERE).body.decode()

    def failures(self, reason):
        line = f'sluice_tls_handshake_failures_total{{reason="{reason}"}} '
        return int(self.metrics().split(line)[1].split("\n")[0])

    def rises(self, reason, before):
        deadline = time.monotonic() + 5
        while self.failures(reason) <= before:
            self.assertLess(time.monotonic(), deadline, f"no failure was counted as {reason}")
            time.sleep(0.02)


class Serving(TLSCase):
    """TLS."""

    @classmethod
    def certificates(cls):
        return [cls.certificate, cls.authority.sign("other", "DNS:other.example"), cls.authority.sign("wild", "DNS:*.wild.example")]

    def test_requests(self):
        """requests in turn on one connection, by TLS 1.2 and 1.3, and the record says which"""
        for version, said in ((ssl.TLSVersion.TLSv1_2, "tls=1.2"), (ssl.TLSVersion.TLSv1_3, "tls=1.3")):
            with self.subTest(version=said):
                wire = self.wire(maximum_version=version)
                for _ in range(3):
                    self.assertEqual(self.ask(wire=wire).json, CHAT)
                deadline = time.monotonic() + 2
                while said not in self.gateway.said() and time.monotonic() < deadline:
                    time.sleep(0.02)
                self.assertIn(said, self.gateway.said())

    def test_bodies(self):
        """bodies of every size around a record's come and go whole"""
        self.upstream.handler = lambda request, peer: peer.answer({"echo": request.json["messages"][0]["content"]})
        self.addCleanup(setattr, self.upstream, "handler", lambda request, peer: peer.answer(CHAT))
        wire = self.wire()
        for size in (1, 4095, 16_000, 16_384, 16_400, 65_536, 1_000_000):
            content = "x" * size
            answer = self.ask(body={"model": "m", "messages": [{"role": "user", "content": content}]}, wire=wire)
            self.assertEqual(answer.json, {"echo": content}, size)

    def test_streams(self):
        """events come as they are sent, each at once"""
        wire = self.wire()
        gate = threading.Event()

        def handler(request, peer):
            peer.stream(b"data: {\"n\":1}\n\n", end=False)
            gate.wait(5)
            peer.chunk(b"data: [DONE]\n\n")
            peer.send(b"0\r\n\r\n")
        self.upstream.handler = handler
        self.addCleanup(setattr, self.upstream, "handler", lambda request, peer: peer.answer(CHAT))
        wire.send(request("POST", "/v1/chat/completions", (), {**HELLO, "stream": True}))
        head = wire.head()
        runs = wire.body(head)
        self.assertIn(b'"n":1', next(runs))
        gate.set()
        self.assertIn(b"[DONE]", b"".join(runs))
        self.assertEqual(head.ended, "chunked")

    def test_one_record(self):
        """the head and a small body leave in one record"""
        left, right = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = self.authority.context(maximum_version=ssl.TLSVersion.TLSv1_2).wrap_bio(left, right, server_hostname="localhost")
        with socket.create_connection(("127.0.0.1", self.port)) as raw:
            raw.settimeout(5)

            def pump(call):
                while True:
                    try:
                        return call()
                    except ssl.SSLWantReadError:
                        raw.sendall(right.read())
                        left.write(raw.recv(65536))
            pump(session.do_handshake)
            raw.sendall(right.read())
            session.write(request("POST", "/v1/chat/completions", (), HELLO))
            raw.sendall(right.read())
            time.sleep(0.3)
            wire = raw.recv(65536)
        self.assertEqual(wire[0], 23, "application data")
        self.assertEqual(len(wire), 5 + int.from_bytes(wire[3:5], "big"), "one record and no more")

    def test_names(self):
        """each client is shown the certificate of the name it asks for, and the first one for other names"""
        for name, shown in (("localhost", "localhost"), ("other.example", "other.example"), ("a.wild.example", "*.wild.example"), ("nobody.test", "localhost")):
            wire = self.wire(name=name, check_hostname=False)
            self.assertIn(("DNS", shown), wire.socket.getpeercert()["subjectAltName"], name)

    def test_protocol(self):
        """ALPN chooses HTTP/2 where the client has it, else http/1.1, and a client with nothing in common is told so"""
        context = self.authority.context()
        for offered, chosen in ((["http/1.1"], "http/1.1"), (["http/1.1", "h2"], "h2"), (["h2"], "h2")):
            context.set_alpn_protocols(offered)
            with Wire(self.port, context) as wire:
                self.assertEqual(wire.socket.selected_alpn_protocol(), chosen)
        before = self.failures("application_protocol")
        context.set_alpn_protocols(["spdy/1"])
        with self.assertRaisesRegex(ssl.SSLError, "(?i)no.application.protocol"):
            Wire(self.port, context)
        self.rises("application_protocol", before)

    def test_resumption(self):
        """a second connection resumes the first one's session, whichever worker has it"""
        context = self.authority.context(maximum_version=ssl.TLSVersion.TLSv1_2)
        with Wire(self.port, context) as wire:
            self.ask(wire=wire)
            session = wire.socket.session
        for _ in range(8):
            raw = socket.create_connection(("127.0.0.1", self.port))
            with context.wrap_socket(raw, server_hostname="localhost", session=session) as again:
                self.assertTrue(again.session_reused)
        self.assertIn('sluice_tls_handshakes_total{resumed="true"} ', self.metrics())

    def test_clean_end(self):
        """an answer that ends with its connection ends with close_notify"""
        wire = self.wire()
        wire.socket.suppress_ragged_eofs = False
        wire.send(b"GET /health HTTP/1.0\r\nHost: x\r\n\r\n")
        response = wire.response("GET")
        self.assertEqual((response.status, wire.receive()), (200, b""))

    def test_large_clean_end(self):
        """a large answer without framing reaches a slow HTTP/1.0 client whole, and ends with close_notify"""
        self.upstream.handler = lambda request, peer: peer.stream(*[b"x" * 65536] * 60, kind="application/octet-stream")
        self.addCleanup(setattr, self.upstream, "handler", lambda request, peer: peer.answer(CHAT))
        wire = self.wire()
        wire.socket.suppress_ragged_eofs = False
        body = json.dumps(HELLO).encode()
        wire.send(b"POST /v1/chat/completions HTTP/1.0\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        time.sleep(0.3)
        response = wire.response()
        self.assertEqual((len(response.body), response.ended), (60 * 65536, "close"))

    def test_idle_end(self):
        """an idle connection that is closed by a drain ends with close_notify"""
        port = free_port()
        gateway = Gateway(with_tls(port, self.certificate, base=self.upstream.base))
        self.addCleanup(gateway.stop)
        with Wire(port, self.authority.context()) as wire:
            wire.socket.suppress_ragged_eofs = False
            self.assertEqual(wire.send(request("GET", "/health")).response("GET").status, 200)
            gateway.child.terminate()
            self.assertEqual(wire.receive(), b"")

    def test_plaintext(self):
        """HTTP sent without TLS gets a 400 that says so"""
        before = self.failures("plaintext")
        for method in ("GET", "POST", "DELETE", "OPTIONS"):
            with Wire(self.port) as wire:
                response = wire.send(request(method, "/v1/models")).response(method)
                self.assertEqual((response.status, response.json["error"]["code"]), (400, "plaintext_on_tls_port"), response)
                self.assertIn("https://", response.message)
                self.assertEqual(wire.receive(), b"")
        self.rises("plaintext", before + 3)

    def test_old_version(self):
        """TLS 1.1 is refused, counted and told, at most once in ten seconds"""
        before = self.failures("version")
        context = self.authority.context()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        for _ in range(3):
            with self.assertRaises(ssl.SSLError):
                Wire(self.port, context)
        self.rises("version", before + 2)
        self.assertLessEqual(self.gateway.output.read_text().count("TLS handshake with 127.0.0.1 failed"), 2)

    def test_crowd(self):
        """two hundred handshakes at once are all done"""
        raws = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(200)]
        context = self.authority.context()
        clients = []
        for raw in raws:
            raw.setblocking(False)
            client = context.wrap_socket(raw, server_hostname="localhost", do_handshake_on_connect=False)
            clients.append(client)
            try:
                client.do_handshake()
            except ssl.SSLWantReadError:
                pass
        for client in clients:
            client.settimeout(5)
            client.do_handshake()
            client.close()

    def test_curl(self):
        """curl verifies the certificate and gets its answer, in HTTP/2 or in HTTP/1.1"""
        for options, version in (([], "2"), (["--http1.1"], "1.1")):
            with self.subTest(version=version):
                self.curl(options, version)

    def curl(self, options, version):
        done = subprocess.run(
            ["curl", "-sS", *options, "--cacert", self.authority.file, "--resolve", f"other.example:{self.port}:127.0.0.1", "-w", "\n%{http_version} %{ssl_verify_result}",
             f"https://other.example:{self.port}/health"], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.stdout, '{"status":"ok"}\n' + f"{version} 0", done.stderr)

    def test_false_http2(self):
        """a client that chose HTTP/2 and speaks HTTP/1.1 gets no answer to that"""
        context = self.authority.context()
        context.set_alpn_protocols(["h2"])
        with Wire(self.port, context) as wire:
            wire.send(request("GET", "/health"))
            received = b""
            while run := wire.receive():
                received += run
            self.assertNotIn(b"HTTP/1.1", received)

    def test_http2(self):
        """requests over HTTP/2, many at once on one connection, and a stream"""
        asyncio.run(self.many_at_once())

    async def many_at_once(self):
        # Of httpx's clients the one that is made for it: threads that share the other's connection send frames twice.
        async with httpx.AsyncClient(http1=False, http2=True, verify=self.authority.context(), base_url=f"https://localhost:{self.port}") as client:
            answers = await asyncio.gather(*[client.post("/v1/chat/completions", json=HELLO) for _ in range(64)])
            self.assertEqual({(answer.http_version, answer.status_code, json.dumps(answer.json())) for answer in answers}, {("HTTP/2", 200, json.dumps(CHAT))})
            big = {**HELLO, "messages": [{"role": "user", "content": "x" * 1_000_000}]}
            self.assertEqual((await client.post("/v1/chat/completions", json=big)).status_code, 200)
            self.upstream.handler = lambda request, peer: peer.stream(*[b"data: {}\n\n"] * 50, gap=0.002)
            self.addCleanup(setattr, self.upstream, "handler", lambda request, peer: peer.answer(CHAT))
            async with client.stream("POST", "/v1/chat/completions", json={**HELLO, "stream": True}) as answer:
                self.assertEqual(b"".join([run async for run in answer.aiter_bytes()]), b"data: {}\n\n" * 50)


class Deadlines(TLSCase):
    """TLS handshakes in time."""

    others = {"limits": {"tls_handshake": "500ms"}}

    def test_silent_client(self):
        """a client that says nothing, or stops in mid-hello, is gone when its time is up, and others are served meanwhile"""
        before = self.failures("timeout")
        silent = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(20)]
        for client in silent[10:]:
            client.sendall(b"\x16\x03\x01\x02\x00\x01")
        started = time.monotonic()
        self.assertEqual(self.ask().status, 200)
        self.assertLess(time.monotonic() - started, 0.4)
        for client in silent:
            client.settimeout(5)
            try:
                self.assertEqual(client.recv(1), b"")
            except ConnectionResetError:
                pass
            client.close()
        self.assertLess(time.monotonic() - started, 3)
        self.rises("timeout", before + 19)

    def test_drip(self):
        """a handshake that comes byte by byte is served if it is done in time"""
        left, right = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = self.authority.context().wrap_bio(left, right, server_hostname="localhost")
        with socket.create_connection(("127.0.0.1", self.port)) as raw:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            raw.settimeout(5)
            while True:
                try:
                    session.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    for byte in right.read():
                        raw.sendall(bytes([byte]))
                    left.write(raw.recv(65536))
            for byte in right.read():
                raw.sendall(bytes([byte]))
            session.write(request("GET", "/health"))
            raw.sendall(right.read())
            while True:
                try:
                    self.assertIn(b"200 OK", session.read(65536))
                    break
                except ssl.SSLWantReadError:
                    left.write(raw.recv(65536))


class Reloads(TLSCase):
    """TLS certificates that change."""

    def put(self, certificate):
        """Replaces both files, each whole."""
        for source, target in zip(certificate, self.certificate):
            shutil.copy(source, target + ".new")
            os.rename(target + ".new", target)

    def reload(self):
        return self.send("POST", "/v1/sluice/reload", HERE)

    def shown(self):
        with Wire(self.port, self.authority.context(check_hostname=False)) as wire:
            return dict(kind_name[::-1] for kind_name in wire.socket.getpeercert()["subjectAltName"])

    def test_under_load(self):
        """certificates change 200 times under load: no handshake and no request fails, open connections go on"""
        pairs = [self.authority.sign(f"version-{number}", f"DNS:localhost,DNS:version-{number}.example") for number in range(2)]
        open_before = self.wire()
        self.assertEqual(self.ask(wire=open_before).status, 200)
        stop, failures, served = threading.Event(), [], [0]

        def work():
            while not stop.is_set():
                try:
                    with Wire(self.port, self.authority.context()) as wire:
                        if self.ask(wire=wire).status != 200:
                            failures.append("status")
                except Exception as error:
                    failures.append(error)
                served[0] += 1
        clients = [threading.Thread(target=work) for _ in range(4)]
        for client in clients:
            client.start()
        for number in range(200):
            self.put(pairs[number % 2])
            response = self.reload()
            self.assertEqual(response.status, 200, response)
        stop.set()
        for client in clients:
            client.join()
        self.assertEqual(failures, [])
        self.assertGreater(served[0], 50)
        self.assertIn("version-1.example", self.shown())
        self.assertEqual(self.ask(wire=open_before).status, 200)

    def test_bad_files(self):
        """a bad certificate, a bad key or one of another certificate replaces nothing, and is told with its place"""
        good = [Path(path).read_bytes() for path in self.certificate]
        other = self.authority.sign("elsewhere", "DNS:elsewhere.example")
        certificate, key = self.certificate
        lines = Path(self.gateway.file).read_text().split("\n")
        place = {path: next(number for number, line in enumerate(lines, 1) if path in line) for path in self.certificate}
        try:
            for path, content, said in (
                    (certificate, b"nonsense", "holds no certificate (PEM)"), (key, b"nonsense", "holds no private key (PEM)"),
                    (key, Path(other[1]).read_bytes(), "holds another certificate's key")):
                with self.subTest(said=said):
                    Path(path).write_bytes(content)
                    response = self.reload()
                    self.assertEqual(response.status, 409, response)
                    self.assertRegex(response.json["faults"][0], rf":{place[path]}:\d+: {path} {said}".replace("(", r"\(").replace(")", r"\)"))
                    for restored, bytes_before in zip(self.certificate, good):
                        Path(restored).write_bytes(bytes_before)
            os.chmod(key, 0o640)
            response = self.reload()
            self.assertEqual(response.status, 409, response)
            self.assertIn("is a private key that others can read or write (mode 640); chmod 600", response.json["faults"][0])
            os.unlink(certificate)
            self.assertIn("cannot be read", " ".join(self.reload().json["faults"]))
            self.assertEqual(self.ask().status, 200)
        finally:
            for restored, bytes_before in zip(self.certificate, good):
                Path(restored).write_bytes(bytes_before)
            os.chmod(key, 0o600)
        self.assertEqual(self.reload().status, 200)

    def test_stays_encrypted(self):
        """a listener that spoke TLS goes on doing so when the file no longer says it"""
        before = Path(self.gateway.file).read_text()
        changed = json.loads(before)
        changed["listen"][1] = changed["listen"][1]["address"]
        try:
            Path(self.gateway.file).write_text(json.dumps(changed))
            self.assertEqual(self.reload().status, 200)
            self.assertEqual(self.ask().status, 200)
            self.assertIn('"listen" takes effect with the next start', self.gateway.output.read_text())
        finally:
            Path(self.gateway.file).write_text(before)


class ClientCertificates(TLSCase):
    """Client certificates."""

    @classmethod
    def setUpClass(cls):
        cls.clients = Authority("clients")
        cls.addClassCleanup(shutil.rmtree, cls.clients.directory, True)
        cls.tls = {"client_ca": cls.clients.file, "client_certificates": "optional"}
        cls.search = cls.clients.sign("search", "URI:spiffe://acme/search,DNS:search.acme.example", "/O=Acme/CN=search", "clientAuth")
        cls.billing = cls.clients.sign("billing", "", "/O=Acme/CN=billing", "clientAuth")
        cls.stranger = cls.clients.sign("stranger", "", "/CN=stranger", "clientAuth")
        super().setUpClass()

    @classmethod
    def configuration(cls):
        said = command("key", "new").stdout
        cls.key, digest = re.search(r"sk-sluice-\w+", said).group(0), re.search(r"sha256:[0-9a-f]{64}", said).group(0)
        base = super().configuration()
        gold, plain = ({"provider": "origin", "override_params": {"tag": tag}} for tag in ("gold", "plain"))
        rule = {"strategy": {"mode": "conditional", "conditions": [{"query": {"certificate.san": "URI:spiffe://acme/search"}, "then": "gold"}], "default": "plain"},
                "targets": [{**gold, "name": "gold"}, {**plain, "name": "plain"}]}
        return {**base, "configs": {"all": {"provider": "origin"}, "rule": rule},
                "keys": {"search-team": {"client_certificate": {"san": "URI:spiffe://acme/search"}},
                         "bound": {"digest": digest, "client_certificate": {"subject": "CN=billing,O=Acme"}}}}

    def test_identity(self):
        """a certificate that a key names is that key; others are nobody"""
        self.assertEqual(self.ask(wire=self.wire(self.search)).status, 200)
        deadline = time.monotonic() + 2
        while " search-team " not in self.gateway.said() and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertIn(" search-team ", self.gateway.said())
        with httpx.Client(http2=True, verify=self.authority.context(self.search)) as client:
            answer = client.post(f"https://localhost:{self.port}/v1/chat/completions", json=HELLO)
            self.assertEqual((answer.http_version, answer.status_code), ("HTTP/2", 200))
        for client in (None, self.stranger, self.billing):
            response = self.ask(wire=self.wire(client))
            self.assertEqual(response.status, 401, response)

    def test_bound_key(self):
        """a key that is bound to a certificate is good with it alone, and on no plain port"""
        headers = {"x-portkey-api-key": self.key}
        self.assertEqual(self.ask(headers, wire=self.wire(self.billing)).status, 200)
        for client in (None, self.search, self.stranger):
            response = self.ask(headers, wire=self.wire(client))
            self.assertEqual(response.status, 401, response)
            self.assertIn("client certificate", response.message)
        self.assertEqual(self.send("POST", "/v1/chat/completions", headers, HELLO).status, 401)

    def test_feedback(self):
        """whoever may ask models by a certificate may judge the answers by it, and a bound key does so with its certificate alone"""
        port, data = free_port(), tempfile.mkdtemp(prefix="sluice-test-tls-")
        self.addCleanup(shutil.rmtree, data, True)
        key, digest = new_key()
        keys = {"search-team": {"client_certificate": {"san": "URI:spiffe://acme/search"}},
                "bound": {"digest": digest, "client_certificate": {"subject": "CN=billing,O=Acme"}}}
        gateway = Gateway({**with_tls(port, self.certificate, base=self.upstream.base, **self.tls), "data": data, "keys": keys})
        self.addCleanup(gateway.stop)

        def judged(client, path="/v1/feedback", **headers):
            with Wire(port, self.authority.context(client)) as wire:
                return wire.send(request("POST", path, headers, {"trace_id": "t", "value": 1})).response().status

        self.assertEqual(judged(self.search), 200)
        self.assertEqual(judged(self.billing, **{"x-portkey-api-key": key}), 200)
        for client in (self.search, self.stranger, None):
            self.assertEqual(judged(client, **{"x-portkey-api-key": key}), 401)
        self.assertEqual(judged(self.stranger), 401)
        self.assertEqual(judged(self.search, "/v1/api-keys/organisation/service"), 401)

    def test_condition(self):
        """a condition looks at the names on the certificate"""
        headers = {"x-portkey-config": "rule"}
        self.assertEqual(self.ask(headers, wire=self.wire(self.search)).status, 200)
        self.assertEqual(self.upstream.requests[-1].json["tag"], "gold")
        self.assertEqual(self.ask({**headers, "x-portkey-api-key": self.key}, wire=self.wire(self.billing)).status, 200)
        self.assertEqual(self.upstream.requests[-1].json["tag"], "plain")

    def test_untrusted(self):
        """a certificate of another authority is refused, though none is required"""
        before = self.failures("client_certificate")
        foreign = self.authority.sign("foreign", "", "/O=Acme/CN=search", "clientAuth")
        # A client of TLS 1.3 learns it with its first read.
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.wire(foreign).socket.recv(1)
        self.rises("client_certificate", before)

    def test_required(self):
        """where it is required, who shows none gets no further than the handshake"""
        port = free_port()
        gateway = Gateway(with_tls(port, self.certificate, base=self.upstream.base, client_ca=self.clients.file, client_certificates="required"))
        self.addCleanup(gateway.stop)
        with Wire(port, self.authority.context(self.stranger)) as wire:
            self.assertEqual(wire.send(request("GET", "/health")).response("GET").status, 200)
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            with Wire(port, self.authority.context()) as wire:
                wire.send(request("GET", "/health"))
                wire.socket.recv(1)


class Starting(unittest.TestCase):
    """TLS at the start."""

    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.addClassCleanup(shutil.rmtree, cls.authority.directory, True)
        cls.certificate, cls.key = cls.authority.sign("server", "DNS:localhost")

    def test_arguments(self):
        """--tls-certificate and --tls-key serve TLS with no file at all"""
        port = free_port()
        gateway = Gateway.with_arguments(port, "--tls-certificate", self.certificate, "--tls-key", self.key)
        self.addCleanup(gateway.stop)
        client = http.client.HTTPSConnection("localhost", port, context=self.authority.context(), timeout=5)
        client.request("POST", "/v1/chat/completions", json.dumps({"model": "mock", "messages": HELLO["messages"]}), {"Content-Type": "application/json"})
        self.assertEqual(client.getresponse().status, 200)
        self.assertIn(f"listening on 127.0.0.1:{port} (TLS)", gateway.said())
        self.assertIn("curl -Nk https://", gateway.said())

    def test_half_arguments(self):
        """one of the two is not enough"""
        done = command("serve", "--tls-key", self.key)
        self.assertEqual(done.returncode, 64)
        self.assertIn("go together", done.stderr)

    def test_bad_files(self):
        """bad files stop the start, by the line that names them or by their path"""
        with tempfile.TemporaryDirectory() as directory:
            key = shutil.copy(self.key, f"{directory}/key.pem")
            os.chmod(key, 0o644)
            done = command("serve", "--listen", "127.0.0.1:0", "--tls-certificate", self.certificate, "--tls-key", key)
            self.assertEqual((done.returncode, done.stderr), (1, f"sluice: {key} is a private key that others can read or write (mode 644); chmod 600 {key}\n"))
            file = f"{directory}/sluice.yaml"
            Path(file).write_text(f"version: 1\nlisten:\n  address: 127.0.0.1:0\n  tls:\n    certificates:\n      - certificate: {directory}/none.pem\n        key: {self.key}\n")
            done = command("serve", "--config", file)
            self.assertEqual((done.returncode, done.stderr), (1, f"{file}:6:22: {directory}/none.pem cannot be read: No such file or directory\n"))
