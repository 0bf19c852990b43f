"""Request smuggling: whatever a client writes, an upstream reads what the client said, or nothing."""

import json
import re
import select
import socket
import threading
import time
import unittest

from harness import configuration, strict
from harness.chance import chance, mutated, rounds
from harness.gateway import Gateway, shared

#: Pairs of a gateway and its upstream; each sends one case after another.
LANES = 4
#: Seconds without a byte after which an unfinished case is left.
QUIET = 0.15


def corpus(path):
    """The shared edge cases as bytes, all of them asking for `path`."""
    cases = json.loads(shared("data", "h1", "h1_edge_cases.json").read_text())["cases"]

    def raw(text):
        text = text.replace("{P}", path).replace("{H}", "")
        text = re.sub(r"\{A(\d+)\}", lambda found: "a" * int(found[1]), text)
        return re.sub(r"\{L(\d+)\}", lambda found: "a: b\r\n" * int(found[1]), text).encode("latin-1")
    return [raw(case["raw"]) for case in cases]


class Lane:
    """A gateway that sends all it accepts to one strict upstream."""

    def __init__(self, read):
        self.read = read
        self.upstream = strict.StrictUpstream(read)
        self.gateway = Gateway(configuration.reverse_proxy(f"http://127.0.0.1:{self.upstream.port}/v1"), workers=1)
        #: What the case before had sent and nobody had got by its end: on a slow machine it may arrive in this one's time.
        self.late = []

    def close(self):
        self.gateway.stop()
        self.upstream.close()

    def faults(self, data):
        """What is wrong with how `data` was passed on."""
        said = strict.requests(self.read, data)
        self.upstream.take()
        oks = self._exchange(data, len(said))
        arrived, faults = self.upstream.take()
        faults = [f"the upstream read {fault}" for fault in faults]
        while arrived and not any(self._is(arrived[0], sent) for sent in said):
            late = next((sent for sent in self.late if self._is(arrived[0], sent)), None)
            if late is None:
                break
            # Each once.
            self.late.remove(late)
            arrived.pop(0)
        if ended := self.gateway.ended:
            faults.append(f"the gateway {ended}: {self.gateway.said()}")
        if len(arrived) > len(said):
            faults.append(f"{len(arrived)} requests arrived, {len(said)} had been sent: {[request['line'] for request in arrived]}")
        if oks > len(arrived):
            faults.append(f"{oks} answers of an upstream that was asked {len(arrived)} times")
        self.late = said if len(arrived) < len(said) else []
        left = iter(said)
        for got in arrived:
            # Some are answered here, such as unknown paths; those that go on go in their order.
            sent = next((sent for sent in left if self._is(got, sent)), None)
            if sent is None:
                faults.append(f"nobody had sent {got['line']!r} with {got['body']!r}")
                break
            faults += self._hop(got, sent)
        return faults

    @staticmethod
    def _is(got, sent):
        # An absolute target is the same resource; its path is what is left of it.
        path = re.sub(rb"^http://[^/?]*", b"", sent["target"], flags=re.I) or b"/"
        return (got["method"], got["target"], got["body"]) == (sent["method"], path, sent["body"])

    @staticmethod
    def _hop(got, sent):
        """What of the client's hop arrived at the next."""
        names = [name for name, _ in got["headers"]]
        nominated = {name.strip().lower() for field, value in sent["headers"] if field == b"connection" for name in value.split(b",")}
        own = {b"host", b"content-length", b"transfer-encoding", b"content-type", b"accept-encoding", b"connection"}
        for name in names:
            if name in strict.HOP_BY_HOP or name in nominated - own:
                yield f"{name!r} of the client's hop arrived"
        if names.count(b"host") != 1:
            yield f"{names.count(b'host')} Hosts arrived"

    def _exchange(self, data, expected):
        """Sends all, reads until the end, until all expected answers are there, or until nothing comes; how many were the upstream's."""
        held = b""
        with socket.create_connection(("127.0.0.1", self.gateway.port), timeout=5) as wire:
            try:
                wire.sendall(data)
                while select.select([wire], [], [], QUIET)[0]:
                    run = wire.recv(65536)
                    held += run
                    if not run or expected and held.count(b'{"ok":1}') == expected:
                        break
            except OSError:
                pass
        return len(re.findall(rb"\r\nx-upstream: 1\r\n", held, re.I))


class Mutations(unittest.TestCase):
    """The mutated edge corpus."""

    def test_nothing_dangerous(self):
        """of requests broken at random nothing reaches an upstream that the client had not said, byte for byte"""
        read = strict.reader()
        count = rounds(2_000, 100_000)
        found, done, lock = [], [0], threading.Lock()
        forwarded = [0]

        def run(lane, number):
            source = chance("smuggling", number)
            cases = corpus("/v1/x") + corpus("/v1/files")
            for _ in range(count // LANES):
                data = mutated(source, source.choice(cases), cases)
                if len(data) > 60_000:
                    continue
                faults = lane.faults(data)
                with lock:
                    done[0] += 1
                    forwarded[0] += bool(strict.requests(read, data))
                    found.extend(f"{fault}\n  of {data[:1500]!r}" for fault in faults)
                    if len(found) > 5:
                        return

        lanes = [Lane(read) for _ in range(LANES)]
        for lane in lanes:
            self.addCleanup(lane.close)
        threads = [threading.Thread(target=run, args=(lane, number)) for number, lane in enumerate(lanes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [], "\n".join(found[:5]))
        self.assertGreater(done[0], count * 0.9)
        self.assertGreater(forwarded[0], count / 20, "hardly a case was a request: this run shows nothing")

    def test_judge(self):
        """the judge finds what it looks for: an upstream that is sent a request in a body's place is a fault"""
        lane = Lane(strict.reader())
        self.addCleanup(lane.close)
        with socket.create_connection(("127.0.0.1", lane.upstream.port), timeout=5) as wire:
            wire.sendall(b"GET /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
            self.assertEqual(wire.recv(100), b"")
        self.assertEqual(len(lane.upstream.take()[1]), 1)
        before = b"POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /v1/y HTTP/1.1\r\nHost: a\r\n\r\n"
        self.assertEqual([request["target"] for request in strict.requests(lane.read, before)], [b"/v1/x", b"/v1/y"])
        self.assertEqual(strict.requests(lane.read, before.replace(b"Content-Length: 3", b"Content-Length: 3\r\nTransfer-Encoding: chunked")), [])
        self.assertEqual(lane.faults(before), [])
