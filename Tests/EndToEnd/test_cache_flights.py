"""The response cache: requests that wait for one answer."""

import asyncio
import json
import resource
import threading
import time

from harness.cache import SIMPLE, STATUS, CacheCase, events, said
from harness.http2 import Wire2, fields
from harness.upstream import ERROR
from harness.wire import Wire, request


class Flights(CacheCase):
    """cache: requests for one answer."""

    def setUp(self):
        super().setUp()
        #: Set when the upstream may go on.
        self.go = threading.Event()
        self.asked = threading.Event()

    def handler(self, runs, first=2):
        """A stream whose rest comes when the test says so."""
        def answer(request, peer):
            peer.stream(*runs[:first], end=False)
            self.asked.set()
            self.go.wait(10)
            for run in runs[first:]:
                peer.chunk(run)
            peer.send(b"0\r\n\r\n")
        return answer

    def request(self, config=None, version=b"HTTP/1.1", headers=None, **members):
        headers = {"x-portkey-config": json.dumps(config or self.config()), "x-portkey-cache-namespace": self.namespace, **(headers or {})}
        body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], **members}
        return request("POST", "/v1/chat/completions", headers, body).replace(b"HTTP/1.1", version, 1)

    def wire(self, *arguments, **members):
        wire = Wire(self.gateway.port)
        self.addCleanup(wire.socket.close)
        return wire.send(self.request(*arguments, **members))

    def lead(self, *arguments, **members):
        """The first to ask, its request with the upstream."""
        wire = self.wire(*arguments, **members)
        self.assertTrue(self.asked.wait(5))
        return wire

    def test_followers(self):
        """who asks while an answer comes gets it from its beginning on, live, from one call; in the framing of its own version"""
        runs = events(*(f"piece {number} " for number in range(20)))
        self.upstream.handler = self.handler(runs, 5)
        wires = [self.lead(stream=True), self.wire(stream=True), self.wire(stream=True), self.wire(stream=True, version=b"HTTP/1.0")]
        heads = [wire.head() for wire in wires]
        begun = wires[1].receive()
        self.assertIn(b"piece 0", begun + wires[1].held)
        wires[1].held += begun
        self.go.set()
        bodies = [b"".join(wire.body(head)) for wire, head in zip(wires, heads)]
        self.assertEqual(set(bodies), {b"".join(runs)})
        self.assertEqual([head.ended for head in heads], ["chunked", "chunked", "chunked", "close"])
        self.assertEqual([head[STATUS] for head in heads], ["MISS", "HIT", "HIT", "HIT"])
        self.assertEqual(len(self.upstream.requests), 1)
        self.assertEqual(len({head["x-portkey-trace-id"] for head in heads}), 4)

    def test_http2(self):
        """streams of HTTP/2 follow as connections of HTTP/1.1 do, and are given hits"""
        runs = events(*("x" * 30_000 for _ in range(20)))
        self.upstream.handler = self.handler(runs, 3)
        leader = self.lead(stream=True)
        with Wire2(self.gateway.port) as wire:
            head = [("x-portkey-config", json.dumps(self.config())), ("x-portkey-cache-namespace", self.namespace), ("content-type", "application/json")]
            body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}).encode()

            def ask(stream):
                wire.headers(stream, fields("POST", "/v1/chat/completions", *head, ("content-length", str(len(body)))), end=False)
                wire.data(stream, body, end=True)
            ask(1)
            ask(3)
            wire.until(lambda: wire.answer(1).body and wire.answer(3).body)
            self.go.set()
            followed = [wire.whole(1), wire.whole(3)]
            ask(5)
            hit = wire.whole(5)
        self.assertEqual(leader.response().body, b"".join(runs))
        for answer in (*followed, hit):
            self.assertEqual((answer.status, answer[STATUS], answer.body == b"".join(runs), answer.ended), (200, "HIT", True, True))
            self.assertFalse({"connection", "transfer-encoding", "keep-alive"} & {name for name, _ in answer.fields})
        self.assertEqual(len(self.upstream.requests), 1)

    def test_whole(self):
        """who waits for a whole answer gets it with its length"""
        def answer(request, peer):
            self.asked.set()
            self.go.wait(10)
            peer.answer(said("a"))
        self.upstream.handler = answer
        wires = [self.lead(), self.wire(), self.wire()]
        time.sleep(0.2)
        self.go.set()
        answers = [wire.response() for wire in wires]
        self.assertEqual([(answer.ended, answer[STATUS]) for answer in answers], [("length", "MISS"), ("length", "HIT"), ("length", "HIT")])
        self.assertEqual(len({answer.body for answer in answers}), 1)
        self.assertEqual(len(self.upstream.requests), 1)

    def test_leader_leaves(self):
        """the first to ask leaves, before its answer's head or in the middle: the others get all of it, from one call, and it is kept"""
        for first in (0, 3):
            with self.subTest(first=first):
                self.namespace = f"{self.id()} {first}"
                self.upstream.forget()
                self.go.clear()
                self.asked.clear()
                runs = events("a", "b", "c")

                def answer(request, peer):
                    if not first:
                        self.asked.set()
                        self.go.wait(10)
                        return peer.stream(*runs)
                    self.handler(runs, first)(request, peer)
                self.upstream.handler = answer
                leader = self.lead(stream=True)
                others = [self.wire(stream=True) for _ in range(4)]
                time.sleep(0.2)
                leader.socket.close()
                time.sleep(0.2)
                self.go.set()
                answers = [wire.response() for wire in others]
                self.assertEqual({(answer.status, answer.body) for answer in answers}, {(200, b"".join(runs))})
                self.assertNotIn("cut", [answer.ended for answer in answers])
                self.assertEqual(len(self.upstream.requests), 1)
                self.assertEqual(self.wire(stream=True).response()[STATUS], "HIT")

    def test_all_leave(self):
        """when the last one leaves, the upstream's connection is closed at once"""
        closed = []

        def answer(request, peer):
            peer.stream(*events("a")[:2], end=False)
            self.asked.set()
            closed.append(peer.closed_at(30))
        self.upstream.handler = answer
        leader, other = self.lead(stream=True), self.wire(stream=True)
        other.head()
        leader.socket.close()
        time.sleep(0.3)
        self.assertEqual(closed, [])
        other.socket.close()
        deadline = time.monotonic() + 40
        while not closed and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertIsNotNone(closed[0])

    def test_slow_follower(self):
        """one that reads nothing holds up nobody, and may still read all of it later"""
        runs = events(*("x" * 50_000 for _ in range(100)))
        self.upstream.handler = self.handler(runs, 2)
        leader, slow, other = self.lead(stream=True), self.wire(stream=True), self.wire(stream=True)
        time.sleep(0.2)
        self.go.set()
        for wire in (leader, other):
            self.assertEqual(wire.response().body, b"".join(runs))
        self.assertEqual(slow.response().body, b"".join(runs))
        self.assertEqual(len(self.upstream.requests), 1)

    def test_slow_leader(self):
        """nor does the first to ask: when it reads nothing the others get all of it, and it still may later; one record tells of it"""
        runs = events(*("x" * 50_000 for _ in range(200)))
        self.upstream.handler = self.handler(runs, 2)
        leader, other = self.lead(stream=True), self.wire(stream=True)
        time.sleep(0.2)
        self.go.set()
        # It would wait for ever if it waited for the first.
        self.assertEqual(other.response().body, b"".join(runs))
        whole = leader.response()
        self.assertEqual((whole.body, whole.ended, whole[STATUS]), (b"".join(runs), "chunked", "MISS"))
        # Its connection serves the next request.
        self.upstream.handler = self.answer
        leader.send(self.request(model="next"))
        self.assertEqual(leader.response().status, 200)

    def test_cut(self):
        """an answer that breaks off is cut for all, after an error event, and is not kept"""
        def answer(request, peer):
            peer.stream(*events("a")[:2], b'data: {"id"', end=False)
            self.asked.set()
            self.go.wait(10)
            peer.cut()
        self.upstream.handler = answer
        wires = [self.lead(stream=True), self.wire(stream=True), self.wire(stream=True)]
        heads = [wire.head() for wire in wires]
        self.go.set()
        bodies = [b"".join(wire.body(head)) for wire, head in zip(wires, heads)]
        for head, body in zip(heads, bodies):
            self.assertEqual(head.ended, "cut")
            self.assertTrue(json.loads(body.rstrip().rpartition(b"data: ")[2])["error"]["message"])
        self.upstream.handler = self.answer
        self.assertEqual(self.wire(stream=True).response()[STATUS], "MISS")

    def test_cut_whole(self):
        """a whole answer that breaks off is the first one's alone, though others waited for it: they ask for themselves, and one of theirs is kept"""
        whole = json.dumps(said("whole")).encode()

        def answer(request, peer):
            with self.lock:
                self.count += 1
                number = self.count
            if number > 1:
                return peer.answer(whole, headers=[("content-type", "application/json")])
            peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(whole) + whole[:-1])
            self.asked.set()
            self.go.wait(10)
            peer.cut()
        self.upstream.handler = answer
        wires = [self.lead(), self.wire(), self.wire()]
        time.sleep(0.2)
        self.go.set()
        first, *others = [wire.response() for wire in wires]
        self.assertEqual((first.ended, first.body), ("cut", whole[:-1]))
        self.assertEqual([(answer.status, answer.ended, answer.body) for answer in others], [(200, "length", whole)] * 2)
        self.assertEqual(len(self.upstream.requests), 3)
        self.assertEqual(self.wire().response()[STATUS], "HIT")

    def test_failed_leader(self):
        """an error that another try may not meet is the first one's alone: the others ask for themselves"""
        def answer(request, peer):
            with self.lock:
                self.count += 1
                number = self.count
            if number > 1:
                return peer.answer(said("good"))
            self.asked.set()
            self.go.wait(10)
            peer.answer(ERROR, 503)
        self.upstream.handler = answer
        wires = [self.lead(), self.wire(), self.wire()]
        time.sleep(0.2)
        self.go.set()
        answers = [wire.response() for wire in wires]
        self.assertEqual([answer.status for answer in answers], [503, 200, 200])
        self.assertEqual(len(self.upstream.requests), 3)

    def test_wrong_for_all(self):
        """what is wrong with the request is wrong with all of them: one call says so"""
        def answer(request, peer):
            self.asked.set()
            self.go.wait(10)
            peer.answer(ERROR, 400)
        self.upstream.handler = answer
        wires = [self.lead(), self.wire(), self.wire()]
        time.sleep(0.2)
        self.go.set()
        answers = [wire.response() for wire in wires]
        self.assertEqual([(answer.status, answer.json, answer[STATUS]) for answer in answers], [(400, ERROR, "MISS")] * 3)
        self.assertEqual(len(self.upstream.requests), 1)

    def test_off(self):
        """with `single_flight: false`, and for who wants it fresh, each asks for itself"""
        alone = self.config(cache={"mode": "simple", "single_flight": False})
        for config, headers in (alone, {}), (self.config(), {"x-portkey-cache-force-refresh": "true"}):
            self.upstream.forget()
            self.go.clear()
            self.upstream.handler = self.handler(events("a"))
            wires = [self.wire(config, headers=headers, stream=True) for _ in range(3)]
            deadline = time.monotonic() + 5
            while len(self.upstream.requests) < 3 and time.monotonic() < deadline:
                time.sleep(0.01)
            self.go.set()
            self.assertEqual({wire.response().body for wire in wires}, {b"".join(events("a"))})
            self.assertEqual(len(self.upstream.requests), 3)

    def test_tenants(self):
        """nobody waits for another tenant's answer"""
        self.upstream.handler = self.handler(events("a"))
        config = {"provider": "openai", "custom_host": self.upstream.base, **SIMPLE}
        wires = [self.wire(config, headers={"authorization": f"Bearer {key}"}, stream=True) for key in ("one", "two")]
        deadline = time.monotonic() + 5
        while len(self.upstream.requests) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        self.go.set()
        self.assertEqual([wire.response()[STATUS] for wire in wires], ["MISS", "MISS"])

    def crowd(self, count, kill):
        """`count` streams of one request, all of one answer; the first of them is closed in the middle when `kill` says so."""
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
        runs = events(*(f"piece {number} " for number in range(100)))
        self.upstream.handler = self.handler(runs, 40)

        async def read(reader, writer):
            data = await reader.read(-1)
            writer.close()
            return data

        async def run():
            raw = self.request(stream=True).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
            leader = await asyncio.open_connection("127.0.0.1", self.gateway.port)
            leader[1].write(raw)
            while not self.asked.is_set():
                await asyncio.sleep(0.01)
            others = []
            for _ in range(count - 1):
                other = await asyncio.open_connection("127.0.0.1", self.gateway.port)
                other[1].write(raw)
                others.append(other)
            reads = [asyncio.ensure_future(read(*other)) for other in others]
            await asyncio.sleep(1)
            if kill:
                leader[1].transport.abort()
            else:
                reads.append(asyncio.ensure_future(read(*leader)))
            await asyncio.sleep(0.2)
            self.go.set()
            return await asyncio.gather(*reads)

        answers = asyncio.run(run())
        bodies = set()
        for answer in answers:
            head, _, rest = answer.partition(b"\r\n\r\n")
            self.assertIn(b" 200 ", head.split(b"\r\n")[0])
            body = b""
            if b"content-length" in head.lower():
                body = rest
            else:
                while not rest.startswith(b"0\r\n\r\n"):
                    size, _, rest = rest.partition(b"\r\n")
                    body, rest = body + rest[:int(size, 16)], rest[int(size, 16) + 2:]
            bodies.add(body)
        self.assertEqual(len(answers), count - kill)
        self.assertEqual(bodies, {b"".join(runs)})
        self.assertEqual(len(self.upstream.requests), 1)

    def test_thousand(self):
        """1,000 identical streams: one call, all equal to the byte"""
        self.crowd(1000, kill=False)

    def test_thousand_without_leader(self):
        """1,000 identical streams, the first of them killed in the middle: one call, the others all equal to the byte"""
        self.crowd(1000, kill=True)
