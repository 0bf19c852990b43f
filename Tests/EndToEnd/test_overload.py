"""At the gateway's limits: who is turned away, how, and who is not."""

import json
import re
import resource
import threading
import time

from harness import configuration
from harness.gateway import Gateway, GatewayCase
from harness.http2 import NO_ERROR, Wire2, fields
from harness.upstream import CHAT, Upstream
from harness.wire import Wire, request, send
from test_identity import new_key

PATH = "/v1/chat/completions"
BODY = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}).encode()
#: Seconds for what must come about, on a machine that others keep busy.
LONG = 30


class OverloadCase(GatewayCase):
    """A gateway whose requests stay under way until the test says so."""

    def setUp(self):
        super().setUp()
        self.gate = threading.Event()
        # Its own: what the last test has sent may still be read when this one begins.
        self.upstream = Upstream(lambda incoming, peer: (self.gate.wait(LONG), peer.answer(CHAT)))
        self.addCleanup(self.upstream.close)
        self.addCleanup(self.gate.set)

    def started(self, workers=2, process=None, **settings):
        gateway = Gateway({"version": 1, "log": {"format": "json"}, **settings}, workers=workers, **(process or {}))
        self.addCleanup(gateway.stop)
        return gateway

    def wire(self, gateway):
        wire = Wire(gateway.port)
        wire.socket.settimeout(LONG)
        self.addCleanup(wire.socket.close)
        return wire

    def asks(self, gateway, credential="sk-caller", **more):
        """A request that is under way, or refused: its connection."""
        return self.wire(gateway).send(request("POST", PATH, {**self.upstream.headers(), "Authorization": f"Bearer {credential}", **more}, json.loads(BODY)))

    def eventually(self, what, *arguments):
        """Until it holds."""
        deadline = time.monotonic() + LONG
        while not what(*arguments):
            self.assertLess(time.monotonic(), deadline, "it never came about")
            time.sleep(0.02)

    @staticmethod
    def metrics(gateway):
        """{name with labels: value}."""
        text = send(gateway.port, "GET", "/metrics", {"Host": "localhost"}).body.decode()
        return {name: float(value) for name, value in re.findall(r"^(sluice_\S+) (\S+)$", text, re.M)}

    def under_way(self, gateway, count):
        """Waits until so many requests are under way."""
        self.eventually(lambda: self.metrics(gateway)["sluice_requests_in_flight"] == count)

    def refused(self, response):
        """That it was turned away as an overload is."""
        self.assertEqual((response.status, response["retry-after"]), (503, "1"), response)
        self.assertEqual(response.json["error"]["code"], "overloaded")
        return response


class InFlight(OverloadCase):
    """Requests under way."""

    def test_cap(self):
        """as many as the limit says are under way; the next is 503 over either protocol, and its connection serves once there is room"""
        gateway = self.started(limits={"in_flight": 4})
        held = [self.asks(gateway) for _ in range(4)]
        self.under_way(gateway, 4)
        wire = self.asks(gateway, "sk-other")
        self.refused(wire.response())
        with Wire2(gateway.port) as second:
            chat = fields("POST", PATH, *self.upstream.headers().items(), ("content-type", "application/json"), ("content-length", str(len(BODY))))
            second.headers(1, chat, end=False).data(1, BODY, end=True)
            answer = second.whole(1, LONG)
            self.assertEqual((answer.status, answer["retry-after"]), (503, "1"), answer)
            # NO_ERROR where it was refused before its body was there (RFC 9113 §8.1).
            self.assertIn(answer.reset, (None, 0), answer)
            self.assertEqual(json.loads(answer.body)["error"]["code"], "overloaded")
            found = self.metrics(gateway)
            self.assertEqual(found['sluice_shed_requests_total{limit="in_flight"}'], 2)
            self.assertEqual(sum(value for name, value in found.items() if name.startswith("sluice_worker_requests_in_flight")), 4)
            self.gate.set()
            self.assertEqual([one.response().status for one in held], [200] * 4)
            self.under_way(gateway, 0)
            wire.send(request("POST", PATH, self.upstream.headers(), json.loads(BODY)))
            self.assertEqual(wire.response().status, 200)
            second.headers(3, chat, end=False).data(3, BODY, end=True)
            self.assertEqual(second.whole(3, LONG).status, 200)
        self.assertEqual(len(self.upstream.requests), 6)

    def test_before_the_body(self):
        """the answer comes before any of the body is sent, over either protocol"""
        gateway = self.started(limits={"in_flight": 1})
        self.asks(gateway)
        self.under_way(gateway, 1)
        length = {"Content-Type": "application/json", "Content-Length": "10000000"}
        for more in ({}, {"Expect": "100-continue"}):
            wire = self.wire(gateway)
            wire.send(request("POST", PATH, {**self.upstream.headers(), **length, **more}))
            response = self.refused(wire.response(interim=True))
            self.assertEqual(response["connection"], "close")
            self.assertTrue(wire.is_closed(LONG))
        with Wire2(gateway.port) as second:
            second.headers(1, fields("POST", PATH, *self.upstream.headers().items(), *length.items()), end=False)
            answer = second.whole(1, LONG)
            self.assertTrue(second.until(lambda: answer.reset is not None, LONG))
            self.assertEqual((answer.status, answer.ended, answer.reset), (503, True, NO_ERROR), answer)
            self.assertTrue(second.lives())

    def test_operators(self):
        """who asks whether it lives, and operators, are answered while nobody else is, and are not counted"""
        gateway = self.started(limits={"in_flight": 1})
        self.asks(gateway)
        self.under_way(gateway, 1)
        for _ in range(3):
            for path in ("/health", "/ready", "/", "/metrics", "/v1/sluice/targets", "/v1/sluice/cache"):
                self.assertEqual(send(gateway.port, "GET", path, {"Host": "localhost"}).status, 200, path)
                with Wire2(gateway.port) as second:
                    self.assertEqual(second.headers(1, fields("GET", path, authority="localhost")).whole(1, LONG).status, 200, path)
        self.refused(self.asks(gateway).response())
        self.assertEqual(self.metrics(gateway)["sluice_requests_in_flight"], 1)

    def test_places_come_back(self):
        """however a request ends, its place is another's: answered, refused, cut, left by its client, lost by its provider"""
        gateway = self.started(limits={"in_flight": 8, "body_grace": "300ms"})
        headers = self.upstream.headers()
        gone = [self.asks(gateway) for _ in range(3)]
        self.under_way(gateway, 3)
        for wire in gone:
            wire.socket.close()
        self.under_way(gateway, 0)
        with Wire2(gateway.port) as second:
            for stream in (1, 3, 5):
                second.headers(stream, fields("POST", PATH, *headers.items(), ("content-type", "application/json")), end=False).data(stream, BODY, end=True)
            self.under_way(gateway, 3)
            second.reset(1)
            self.under_way(gateway, 2)
        self.under_way(gateway, 0)
        for handler in (lambda incoming, peer: peer.cut(), lambda incoming, peer: (peer.stream(b"data: {}\n\n", end=False), peer.cut())):
            self.upstream.handler = handler
            self.assertIn(send(gateway.port, "POST", PATH, headers, {"model": "m", "stream": True, "messages": []}).status, (200, 502))
        self.assertEqual(send(gateway.port, "POST", PATH, {**headers, "Content-Type": "application/json"}, b"{").status, 400)
        self.assertEqual(send(gateway.port, "POST", PATH, {}, json.loads(BODY)).status, 400)
        self.assertEqual(self.wire(gateway).send(request("POST", PATH, {**headers, "Content-Type": "application/json", "Content-Length": "9"})).response().status, 408)
        self.under_way(gateway, 0)

    def test_workers(self):
        """what each worker has open and has done can be told from the others'"""
        gateway = self.started(workers=3)
        held = [self.asks(gateway) for _ in range(60)]
        second = Wire2(gateway.port)
        self.addCleanup(second.socket.close)
        for stream in range(1, 21, 2):
            second.headers(stream, fields("POST", PATH, *self.upstream.headers().items(), ("content-type", "application/json")), end=False).data(stream, BODY, end=True)
        self.under_way(gateway, 70)
        def figures(name):
            found = self.metrics(gateway)
            return [found[f'sluice_worker_{name}{{worker="{index}"}}'] for index in range(3)]
        # A worker tells what it has once a turn; the one that is asked has the asker's connection, too.
        self.eventually(lambda: sum(figures("requests_in_flight")) == 70 and sum(figures("streams")) == 10 and sum(figures("connections")) >= 61)
        self.assertEqual(sorted(figures("streams")), [0, 0, 10])
        self.assertGreaterEqual(sum(figures("accepted_total")), 61)
        self.assertTrue(all(value > 0 for value in figures("turns_total")), figures("turns_total"))
        self.assertGreater(sum(figures("busy_seconds_total")), 0)
        self.gate.set()
        self.assertEqual({one.response().status for one in held}, {200})
        self.eventually(lambda: sum(figures("requests_in_flight")) == 0)

    def test_pools(self):
        """how many connections to upstreams there are, idle ones among them, and who waits for one, can be told"""
        gateway = self.started(workers=1, limits={"origin_connections": 2})

        def figures():
            found = self.metrics(gateway)
            return [found[f'sluice_worker_upstream_{name}{{worker="0"}}'] for name in ("connections", "connections_idle", "dials", "waiting")]

        self.assertEqual(figures(), [0, 0, 0, 0])
        held = [self.asks(gateway) for _ in range(5)]
        self.eventually(lambda: figures() == [2, 0, 0, 3])
        held.pop().socket.close()
        held.pop(0).socket.close()
        self.eventually(lambda: figures() == [2, 0, 0, 1])
        self.gate.set()
        self.assertEqual({one.response().status for one in held}, {200})
        self.eventually(lambda: figures() == [2, 2, 0, 0])


class Fairness(OverloadCase):
    """Fairness at the limit."""

    def flood(self, gateway, count, **who):
        """So many connections of one caller: those under way, and the answers of the others."""
        wires = [self.asks(gateway, **who) for _ in range(count)]
        refused = []
        deadline = time.monotonic() + LONG
        while len(refused) < count - 16:
            self.assertLess(time.monotonic(), deadline)
            for wire in list(wires):
                wire.socket.settimeout(0.01)
                try:
                    data = wire.socket.recv(65536)
                except TimeoutError:
                    continue
                wire.held += data
                wire.socket.settimeout(LONG)
                refused.append(wire.response())
                wires.remove(wire)
        for wire in wires:
            wire.socket.settimeout(LONG)
        return wires, refused

    def assert_fair(self, gateway, flooder, others):
        """With 18 places, one caller has 16 at most, and each of two others its request served."""
        wires, refused = self.flood(gateway, 40, **flooder)
        for response in refused:
            self.refused(response)
            self.assertIn("fewer requests under way than you", response.json["error"]["message"])
        self.under_way(gateway, 16)
        passed = [self.asks(gateway, **other) for other in others]
        self.under_way(gateway, 18)
        self.refused(self.asks(gateway, **flooder).response())
        self.gate.set()
        self.assertEqual([wire.response().status for wire in passed + wires], [200] * 18)
        self.assertEqual(self.metrics(gateway)['sluice_shed_requests_total{limit="share"}'], 24)

    def test_by_credential(self):
        """a caller that floods with its provider's credential leaves room for two of other credentials"""
        gateway = self.started(limits={"in_flight": 18})
        self.assert_fair(gateway, {"credential": "sk-flood"}, [{"credential": "sk-one"}, {"credential": "sk-two"}])

    def test_by_key(self):
        """the holder of a gateway key is one caller, whatever else its requests carry"""
        keys = {name: new_key() for name in ("flood", "one", "two")}
        gateway = self.started(limits={"in_flight": 18}, keys={name: {"digest": f"sha256:{digest}"} for name, (_, digest) in keys.items()},
                               providers={"origin": {"dialect": "openai", "base_url": self.upstream.base, "allow_private": True}})

        def who(name):
            return {"x-portkey-api-key": keys[name][0]}
        self.assert_fair(gateway, who("flood"), [who("one"), who("two")])


class Buffers(OverloadCase):
    """Bytes in buffers."""

    def test_too_large(self):
        """beside a body that fills most of the buffers another large one is refused before it is sent, and a small request is served"""
        gateway = self.started(limits={"buffers": "32MiB"})
        headers = {**self.upstream.headers(), "Content-Type": "application/json"}
        first = self.wire(gateway)
        first.send(request("POST", PATH, {**headers, "Content-Length": str(14 << 20)}) + b" " * (13 << 20))
        self.eventually(lambda: self.metrics(gateway)["sluice_buffers_bytes"] > 13 << 20)
        other = {**headers, "Authorization": "Bearer sk-other"}
        self.refused(self.wire(gateway).send(request("POST", PATH, {**other, "Content-Length": str(19 << 20)})).response())
        self.assertEqual(self.metrics(gateway)['sluice_shed_requests_total{limit="buffers"}'], 1)
        self.gate.set()
        self.assertEqual(send(gateway.port, "POST", PATH, other, json.loads(BODY)).status, 200)
        # What may never come is refused for that, and what is passed on as it comes needs no room.
        self.assertEqual(self.wire(gateway).send(request("POST", PATH, {**other, "Content-Length": str(21 << 20)})).response().status, 413)
        parts = self.wire(gateway).send(request("POST", "/v1/files", {**other, "Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(20 << 20)}))
        parts.send(b"x" * (20 << 20))
        self.assertEqual(parts.response().status, 200)
        # It is gone, and so is what it held.
        first.socket.close()
        self.eventually(lambda: self.metrics(gateway)["sluice_buffers_bytes"] < 4 << 20)
        self.assertEqual(send(gateway.port, "POST", PATH, other, {"model": "m", "messages": [], "pad": "x" * (6 << 20)}).status, 200)


class Descriptors(OverloadCase):
    """Fewer than requests want."""

    def test_other_provider(self):
        """who asks a provider that there is no descriptor for waits until another's requests give one up"""
        few = {"enter": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (150, 150))}
        gateway = self.started(workers=1, process=few)
        other = Upstream()
        self.addCleanup(other.close)
        self.metrics(gateway)
        late = [self.wire(gateway) for _ in range(3)]
        crowd = [self.asks(gateway) for _ in range(80)]
        self.eventually(lambda: gateway.descriptors() == 150)
        for wire in late:
            wire.send(request("POST", PATH, {**other.headers(), "Authorization": "Bearer sk-late"}, json.loads(BODY)))
        # Some tries meet no descriptor.
        time.sleep(0.3)
        self.assertEqual((len(other.requests), len(self.upstream.requests) < len(crowd)), (0, True))
        self.gate.set()
        for wire in crowd + late:
            response = wire.response()
            self.assertEqual(response.status, 200, response)
        self.assertEqual(len(other.requests), 3)


class Credentials(GatewayCase):
    """Who may not is told so first."""

    @classmethod
    def configuration(cls):
        cls.key, digest = new_key()
        return {**configuration.keyed(cls.upstream.base, digest, "sk-vault"), "log": {"format": "json"}}

    #: One of each kind: collected, streamed, with parts, without a dialect, in buckets.
    PATHS = ("/v1/chat/completions", "/v1/messages", "/v1/embeddings", "/v1/completions", "/v1/responses", "/v1/images/generations", "/v1/images/edits",
             "/v1/audio/speech", "/v1/audio/transcriptions", "/v1/moderations", "/v1/files", "/v1/batches", "/v1/fine_tuning/jobs", "/v1/rerank", "/v1/anything")

    def test_credentials_first(self):
        """a key that is none is 401 before any of the body is sent: on every route, framed either way, over both protocols"""
        for path in self.PATHS:
            for name, value in (("x-portkey-api-key", "sk-sluice-" + "A" * 49), ("Authorization", "Bearer sk-sluice-" + "A" * 49), ("x-api-key", "sk-sluice-" + "A" * 49)):
                for kind in ("application/json", "multipart/form-data; boundary=b"):
                    headers = {name: value, "x-portkey-virtual-key": "team", "Content-Type": kind}
                    with self.subTest(path=path, name=name, kind=kind):
                        for framing in ({"Content-Length": "1000000"}, {"Transfer-Encoding": "chunked"}, {"Content-Length": "1000000", "Expect": "100-continue"}):
                            with Wire(self.gateway.port) as wire:
                                response = wire.send(request("POST", path, {**headers, **framing})).response(interim=True)
                                self.assertEqual((response.status, response["connection"]), (401, "close"), response)
                                self.assertEqual(response.json["error"]["code"] if "code" in response.json["error"] else "invalid_api_key", "invalid_api_key")
                        with Wire2(self.gateway.port) as wire:
                            wire.headers(1, fields("POST", path, *headers.items(), ("content-length", "1000000")), end=False)
                            self.assertEqual(wire.whole(1, LONG).status, 401)
        self.assertEqual(self.upstream.requests, [])

    def test_none_at_all(self):
        """the operator's credential without a key is refused, at the latest when the body has shown what it is about"""
        response = self.send("POST", PATH, {"x-portkey-virtual-key": "team"}, json.loads(BODY))
        self.assertEqual((response.status, response.json["error"]["code"]), (401, "missing_credential"))
        self.assertEqual(self.upstream.requests, [])
