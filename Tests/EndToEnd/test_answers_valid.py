"""Answers as h11 reads them: every kind the gateway gives, and those it makes of what upstreams break."""

import json

from harness import configuration
from harness.bedrock import Bedrock
from harness.chance import chance, mutated, rounds
from harness.gateway import GatewayCase
from harness.native import Claude, Gemini, OpenAI
from harness.oracle import Client
from harness.upstream import CHAT
from harness.wire import chunked, request

BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
EVENT = b'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}\n\n'
DONE = b"data: [DONE]\n\n"
HELLO = json.dumps(CHAT).encode()


class JudgedCase(GatewayCase):
    @classmethod
    def configuration(cls):
        return configuration.of_dialects(cls.upstream.port)

    def judged(self, data, method="POST", ended="whole"):
        """The answer, and that the connection's next request is read in its place."""
        with Client(self.gateway.port) as client:
            answer = client.ask(data, method)
            self.assertIsNone(answer.fault, answer)
            self.assertEqual(answer.ended, ended, answer)
            if client.can_go_on():
                next_one = client.ask(request("GET", "/health"), "GET")
                self.assertEqual((next_one.status, next_one.fault), (200, None), f"{answer} was followed by {next_one}")
        return answer

    def chat(self, provider="oai", path="/v1/chat/completions", method="POST", body=BODY, ended="whole", **members):
        headers = {"x-portkey-provider": provider, "Authorization": "Bearer sk-caller"}
        return self.judged(request(method, path, headers, {**body, **members} if body else None), method, ended)

    def upstream_sends(self, data):
        """The upstream answers those bytes and closes."""
        self.upstream.handler = lambda incoming, peer: (peer.send(data), peer.cut())


class Kinds(JudgedCase):
    """Kinds of answers."""

    def test_passed_on(self):
        """answers of every framing and status are valid, and so is what follows them"""
        head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\n"
        for name, status, data in (
                ("length", 200, head % b"200 OK" + b"Content-Length: %d\r\n\r\n" % len(HELLO) + HELLO),
                ("chunked", 200, head % b"200 OK" + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(HELLO[:9], HELLO[9:])),
                ("chunked, trailers", 200, head % b"200 OK" + b"Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n" + chunked(HELLO, trailers=b"X-T: 1\r\n")),
                ("close", 200, head % b"200 OK" + b"\r\n" + HELLO),
                ("HTTP/1.0", 200, b"HTTP/1.0 200 OK\r\n\r\n" + HELLO),
                ("empty", 200, head % b"200 OK" + b"Content-Length: 0\r\n\r\n"),
                ("empty reason", 299, b"HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n"),
                ("interim", 200, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + head % b"200 OK" + b"Content-Length: 2\r\n\r\n{}"),
                ("204", 204, b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
                ("304", 304, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nETag: \"a\"\r\n\r\n"),
                ("302", 302, b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
                ("error", 429, head % b"429 Too Many" + b"Content-Length: 2\r\nRetry-After: 1\r\n\r\n{}"),
                ("odd fields", 200, head % b"200 OK" + b"X-Obs: \xe9\r\nX-Empty:\r\nX-Wide:  a  \r\nKeep-Alive: 5\r\nConnection: x-own\r\nX-Own: 1\r\n"
                 b"Content-Length: 2\r\n\r\n{}")):
            with self.subTest(name):
                self.upstream_sends(data)
                answer = self.chat()
                self.assertEqual(answer.status, status)
                self.assertEqual(answer.all("x-own"), [])

    def test_without_body(self):
        """HEAD, 204 and 304 have none, whatever the upstream announces"""
        for method, status, framing in (("HEAD", 200, "Content-Length: 500"), ("HEAD", 200, "Transfer-Encoding: chunked"), ("GET", 204, "Content-Length: 5"),
                                        ("GET", 304, "Transfer-Encoding: chunked"), ("HEAD", 404, "Content-Length: 9")):
            with self.subTest(method=method, status=status, framing=framing):
                self.upstream_sends(f"HTTP/1.1 {status} X\r\n{framing}\r\n\r\n".encode())
                self.assertEqual(self.chat(path="/v1/files/f", method=method, body=None).status, status)

    def test_local(self):
        """the gateway's own answers and refusals, with GET and HEAD"""
        long_line, many = b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"a: b\r\n" * 101 + b"\r\n"
        for data, method, status in (
                *((request(method, path), method, None) for method in ("GET", "HEAD") for path in ("/", "/health", "/ready", "/nowhere", "/metrics")),
                *((request(method, "/health"), method, None) for method in ("POST", "DELETE", "OPTIONS", "PUT")),
                (long_line, "GET", 414), (many, "GET", 431), (b"GET / HTTP/1.1\r\n\r\n", "GET", 400), (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "GET", 400),
                (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", "GET", None), (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "POST", 501),
                (b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "POST", None), (request("GET", "/v1/models", {"Expect": "x"}), "GET", 417),
                (request("POST", "/v1/chat/completions", {"x-portkey-provider": "oai", "Content-Type": "application/json"}, b"{"), "POST", 400),
                (request("POST", "/v1/chat/completions", {"Content-Type": "application/json", "Content-Length": str(30 << 20)}), "POST", 413),
                (request("POST", "/v1/chat/completions", {"x-portkey-provider": "nobody"}, BODY), "POST", 400),
                (request("POST", "/v1/messages", {"x-portkey-provider": "nobody"}, BODY), "POST", 400),
                (request("HEAD", "/v1/models", {"x-portkey-provider": "nobody"}), "HEAD", 400)):
            with self.subTest(data[:60]):
                answer = self.judged(data, method)
                self.assertEqual(answer.status, status or answer.status, answer)

    def test_continue(self):
        """an interim answer comes before the one"""
        self.upstream.handler = lambda incoming, peer: peer.answer(CHAT)
        body = json.dumps(BODY).encode()
        head = request("POST", "/v1/chat/completions", {"x-portkey-provider": "oai", "Content-Type": "application/json", "Content-Length": str(len(body)),
                                                        "Expect": "100-continue", "Authorization": "Bearer k"})
        with Client(self.gateway.port) as client:
            client.socket.sendall(head)
            self.assertTrue(client.socket.recv(1000).startswith(b"HTTP/1.1 100"))
            answer = client.ask(body)
        self.assertEqual((answer.status, answer.fault, answer.ended), (200, None, "whole"), answer)

    def test_streams(self):
        """streams are valid: whole, of no event, and with usage taken out"""
        usage = b'data: {"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}\n\n'
        for name, runs in (("whole", (EVENT, EVENT, DONE)), ("nothing", ()), ("usage", (EVENT, usage, DONE)), ("usage alone", (usage,)),
                           ("byte by byte", [bytes([byte]) for byte in EVENT + usage + DONE])):
            with self.subTest(name):
                self.upstream.handler = lambda incoming, peer: peer.stream(*runs)
                answer = self.chat(stream=True)
                self.assertEqual((answer.status, answer.body), (200, b"".join(runs).replace(usage, b"")))

    def test_cut(self):
        """what an upstream cuts short is cut for the client too, in valid chunks to the last byte"""
        head = b"HTTP/1.1 200 OK\r\n%b\r\n\r\n"
        for name, data in (("length", head % b"Content-Length: 500" + b"abc"), ("chunked", head % b"Transfer-Encoding: chunked" + b"5\r\nabc"),
                           ("stream", head % b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked" + b"%x\r\n" % len(EVENT) + EVENT + b"\r\n"),
                           ("framing", head % b"Transfer-Encoding: chunked" + b"3\r\nabc\r\nzz\r\n")):
            with self.subTest(name):
                self.upstream_sends(data)
                answer = self.chat(ended="cut", stream=name == "stream")
                self.assertEqual(answer.status, 200)
                if name == "stream":
                    self.assertIn(b'"code":"stream_interrupted"', answer.body)

    def test_translated(self):
        """translated answers, streams and errors are valid for clients of both dialects"""
        for native, provider in ((Claude, "claude"), (Gemini, "gem"), (Bedrock, "rock"), (OpenAI, "oai")):
            path = "/v1/messages" if provider == "oai" else "/v1/chat/completions"
            kind = getattr(native, "kind", "text/event-stream")
            for stream in (False, True):
                with self.subTest(provider=provider, stream=stream):
                    if stream:
                        self.upstream.handler = lambda incoming, peer: peer.stream(*native.stream(("text", "a", "b")), kind=kind)
                    else:
                        self.upstream.handler = lambda incoming, peer: peer.answer(native.whole(("text", "a", "b")))
                    answer = self.chat(provider, path, model=native.model, max_tokens=9, stream=stream)
                    self.assertEqual(answer.status, 200, answer)
            with self.subTest(provider=provider, error=429):
                self.upstream.handler = lambda incoming, peer: peer.answer(native.error(429)[0], 429, native.error(429)[1])
                self.assertEqual(self.chat(provider, path, model=native.model, max_tokens=9).status, 429)
            with self.subTest(provider=provider, cut=True):
                self.upstream.handler = lambda incoming, peer: (peer.stream(*native.stream(("text", "a", "b"))[:1], end=False, kind=kind), peer.cut())
                answer = self.chat(provider, path, ended="cut", model=native.model, max_tokens=9, stream=True)
                self.assertIn(b'"error"', answer.body)


class Broken(JudgedCase):
    """Upstreams that break HTTP at random."""

    WHOLE = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(HELLO) + HELLO,
             b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(HELLO[:7], HELLO[7:], trailers=b"X-T: 1\r\n"),
             b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(EVENT, EVENT, DONE),
             b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + EVENT + DONE,
             b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 500 No\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
             b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}",
             b"HTTP/1.1 302 Found\r\nLocation: /x\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")

    def test_mutated(self):
        """whatever an upstream sends, what the client gets is valid, or visibly cut, and its next request is answered in its place"""
        source = chance("answers")
        statuses = {}
        for _ in range(rounds(600, 30_000)):
            data = mutated(source, source.choice(self.WHOLE), self.WHOLE)
            self.upstream_sends(data)
            provider, path = source.choice([("oai", "/v1/chat/completions"), ("oai", "/v1/files"), ("claude", "/v1/chat/completions"), ("oai", "/v1/messages")])
            method = source.choice(["POST", "POST", "GET", "HEAD"])
            body = {"model": "claude-sonnet-4-5", "max_tokens": 5, "messages": BODY["messages"], "stream": source.random() < 0.5} if method == "POST" else None
            headers = {"x-portkey-provider": provider, "Authorization": "Bearer k"}
            with Client(self.gateway.port) as client:
                answer = client.ask(request(method, path, headers, body), method)
                said = f"{data!r} came as {answer}"
                self.assertIsNone(answer.fault, said)
                self.assertNotEqual(answer.ended, "nothing", said)
                statuses[answer.status] = statuses.get(answer.status, 0) + 1
                if client.can_go_on():
                    after = client.ask(request("GET", "/health"), "GET")
                    self.assertEqual((after.status, after.fault), (200, None), f"{said}, and then {after}")
        self.assertGreater(statuses.get(200, 0), 20, statuses)
        self.assertGreater(statuses.get(502, 0), 20, statuses)
