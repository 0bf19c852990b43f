"""Upstreams that close idle connections whenever they like, as they may (RFC 9112 §9.5)."""

import json
import select
import socket
import struct
import threading
import time

from harness.chance import chance, rounds
from harness.configuration import plain
from harness.gateway import Gateway, GatewayCase
from harness.listener import Listener
from harness.upstream import CHAT, whole_request
from harness.wire import Wire, request

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(json.dumps(CHAT)) + json.dumps(CHAT).encode()
#: Clients at once, and the seconds after which the upstream has closed a connection for certain.
CLIENTS, LONGEST_IDLE = 8, 0.006


class IdleCloser(Listener):
    """Closes a connection that nothing came on for a random while, by FIN or by reset; counts what it answered and closed."""

    def __init__(self, source):
        self.source, self.lock = source, threading.Lock()
        self.answered = self.closed = self.closed_unanswered = 0
        super().__init__()

    def serve(self, connection):
        held, count = b"", 0
        try:
            while True:
                # The first request of a connection is always answered: only a connection that was idle is closed.
                with self.lock:
                    patience = 5 if count == 0 else self.source.uniform(0, LONGEST_IDLE)
                    reset, rude = self.source.random() < 0.5, count > 0 and self.source.random() < 0.02
                if not held and not select.select([connection], [], [], patience)[0] or rude:
                    break
                data = connection.recv(65536)
                if not data:
                    return connection.close()
                held += data
                if whole := whole_request(held):
                    held, count = whole[3], count + 1
                    # Together: who has the answer and then the lock finds it counted.
                    with self.lock:
                        connection.sendall(ANSWER)
                        self.answered += 1
            with self.lock:
                self.closed += 1
                # Something had come, or comes just now: this is the race.
                self.closed_unanswered += bool(held or select.select([connection], [], [], 0)[0])
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        except OSError:
            connection.close()


class IdleConnections(GatewayCase):
    """Idle upstream connections."""

    def test_closed_at_random(self):
        """no client sees that upstreams close idle connections, not even those that close under a request"""
        count = rounds(2_000, 100_000)
        upstream = IdleCloser(chance("stale"))
        self.addCleanup(upstream.close)
        body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
        headers = {**self.upstream.headers(), "x-portkey-custom-host": f"http://127.0.0.1:{upstream.port}/v1"}
        data, failures, served = request("POST", "/v1/chat/completions", headers, body), [], [0] * CLIENTS

        def ask(number):
            source = chance("stale", number)
            with Wire(self.gateway.port) as wire:
                for _ in range(count // CLIENTS):
                    time.sleep(source.uniform(0, LONGEST_IDLE))
                    response = wire.send(data).response()
                    served[number] += 1
                    if response.status != 200 or response.json != CHAT:
                        failures.append(response)
                        return

        clients = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        self.assertEqual(failures, [])
        self.assertGreaterEqual(sum(served), count - CLIENTS)
        self.assertGreater(upstream.closed, count / 20, "hardly a connection was closed: this run shows nothing")
        self.assertGreater(upstream.closed_unanswered, 0, "no connection was closed under a request: this run shows nothing")
        with upstream.lock:
            self.assertEqual(upstream.answered, sum(served), "a request was answered twice, or never")

    def test_never_used(self):
        """a connection that was made for a client who left is as stale as any other when it is used at last"""
        gateway = Gateway(plain(), workers=1)
        self.addCleanup(gateway.stop)
        upstream = Grudging()
        self.addCleanup(upstream.close)
        headers = {**self.upstream.headers(), "x-portkey-custom-host": f"http://127.0.0.1:{upstream.port}/v1"}
        data = request("POST", "/v1/chat/completions", headers, {"model": "m", "messages": []})
        # The client has to leave after its request was read and before the connection for it stood: seldom at the first try.
        for number in range(3000):
            with Wire(gateway.port) as wire:
                wire.send(data)
                time.sleep(number % 40 / 100_000)
            if not upstream.has_unused():
                continue
            time.sleep(Grudging.PATIENCE)
            with Wire(gateway.port) as wire:
                self.assertEqual(wire.send(data).response().status, 200)
            # Another connection may have come free meanwhile, and been taken.
            if upstream.closed_unanswered:
                return
        self.fail("no connection that had stayed unused was used: this run shows nothing")


class Grudging(Listener):
    """Answers the first request of a connection if it comes soon, and closes the connection if it comes later."""

    PATIENCE = 0.2

    def __init__(self):
        self.unused, self.closed_unanswered = set(), 0
        super().__init__()

    def has_unused(self):
        """Whether a connection stands on which nothing has come for a while."""
        time.sleep(0.01)
        return any(time.monotonic() - at > 0.005 for at in self.unused.copy())

    def serve(self, connection):
        accepted_at = time.monotonic()
        self.unused.add(accepted_at)
        with connection:
            try:
                data = connection.recv(65536)
                self.unused.discard(accepted_at)
                if data and time.monotonic() - accepted_at >= self.PATIENCE:
                    self.closed_unanswered += 1
                elif data:
                    connection.sendall(ANSWER)
            except OSError:
                self.unused.discard(accepted_at)
