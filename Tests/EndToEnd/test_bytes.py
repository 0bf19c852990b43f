"""What passes through unchanged, and what is spliced."""

import json
import os

from harness.gateway import GatewayCase
from harness.upstream import CHAT
from harness.wire import Wire, chunked, request

#: Everything a parser that re-serialises would spoil: spacing, order, escapes, numbers, unknown members.
ODD = (b'{ "zeta":1.0,"model" : "gpt-4o-mini",\n\t"messages":[{"role":"user","content":"\\u00e9\\/\\ud83d\\ude00 \xc3\xa9"}],'
       b'"temperature":0.10,"big":123456789012345678901234567890,"tiny":1e-400,"exp":1E+2,"neg":-0.0,'
       b'"unknown":{"b":[],"a":{},"n":null},"alpha":true }')


class RequestBodies(GatewayCase):
    """Request bodies."""

    def post(self, body, headers=None, target="/v1/chat/completions", **more):
        return self.send("POST", target, {**(headers or self.upstream.headers()), "Content-Type": "application/json", **more}, body)

    def test_unchanged(self):
        """a body nothing asks to edit arrives byte for byte"""
        self.assertEqual(self.post(ODD).status, 200)
        self.assertEqual(self.upstream.requests[0].body, ODD)

    def test_chunked(self):
        """a chunked body arrives with the same bytes, however it was cut"""
        for size in (1, 7, 64):
            with self.subTest(size=size):
                self.upstream.forget()
                runs = [ODD[i:i + size] for i in range(0, len(ODD), size)]
                fields = {**self.upstream.headers(), "Content-Type": "application/json", "Transfer-Encoding": "chunked"}
                self.assertEqual(self.send("POST", "/v1/chat/completions", fields, chunked(*runs)).status, 200)
                self.assertEqual(self.upstream.requests[0].body, ODD)

    def test_model_spliced(self):
        """an overridden model changes the model's bytes and no other"""
        config = self.upstream.target(override_params={"model": "other"})
        self.post(ODD, {"x-portkey-config": json.dumps(config)})
        self.assertEqual(self.upstream.requests[0].body, ODD.replace(b'"gpt-4o-mini"', b'"other"'))

    def test_escaped_name_is_the_same_name(self):
        """a member whose name is written with escapes is the same member: bytes judged are bytes sent"""
        config = self.upstream.target(override_params={"model": "other"})
        self.post(b'{"mod\\u0065l":"x","messages":[]}', {"x-portkey-config": json.dumps(config)})
        sent = json.loads(self.upstream.requests[0].body, object_pairs_hook=list)
        self.assertEqual([value for name, value in sent if name == "model"], ["other"])

    def test_duplicate_routing_keys(self):
        """a routing key twice is refused: two readers would disagree"""
        for body in (b'{"model":"a","model":"b","messages":[]}', b'{"model":"a","messages":[],"mod\\u0065l":"b"}',
                     b'{"model":"a","stream":false,"messages":[],"stream":true}'):
            with self.subTest(body=body):
                response = self.post(body)
                self.assertEqual(response.status, 400, response)
                self.assertTrue(response.message)
        self.assertEqual(self.upstream.requests, [])

    def test_invalid_json(self):
        """invalid JSON is a 400 that says at which byte"""
        for body, offset in ((b'{"model": "x", "messages": [}', 28), (b'{"model":"x"', 12), (b'{"model":"x","messages":[]} x', 28), (b'{"a":01}', 6)):
            with self.subTest(body=body):
                response = self.post(body)
                self.assertEqual(response.status, 400, response)
                self.assertRegex(response.body.decode(), rf"\b({offset}|{offset - 1}|{offset + 1})\b")
        self.assertEqual(self.upstream.requests, [])

    def test_not_an_object(self):
        """JSON that is no object is refused on a model route"""
        for body in (b"[]", b"3", b'"x"', b""):
            with self.subTest(body=body):
                self.assertEqual(self.post(body).status, 400)

    def test_coded_request(self):
        """a coded JSON request is 415: it cannot be judged"""
        self.assertEqual(self.post(b"\x1f\x8b", **{"Content-Encoding": "gzip"}).status, 415)

    def test_deep(self):
        """JSON nested 10,000 deep is refused or passed, and nothing falls over"""
        body = b'{"model":"m","messages":[],"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
        self.assertIn(self.post(body).status, (200, 400))
        self.assertEqual(self.post(ODD).status, 200)

    def test_large_json(self):
        """a 4 MB JSON body arrives whole"""
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "é" * 1_000_000}]}, ensure_ascii=False).encode()
        self.assertEqual(self.post(body).status, 200)
        self.assertEqual(self.upstream.requests[0].body, body)

    def test_multipart(self):
        """a multipart body keeps its boundary and its bytes, with a length and chunked"""
        part = os.urandom(300_000).replace(b"--edge", b"------")
        body = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n' + part + b"\r\n--edge--\r\n"
        kind = {"Content-Type": 'multipart/form-data; boundary="edge"'}
        for framing, data in (({}, body), ({"Transfer-Encoding": "chunked"}, chunked(body[:1000], body[1000:]))):
            with self.subTest(framing=framing):
                self.upstream.forget()
                self.assertEqual(self.send("POST", "/v1/audio/transcriptions", {**self.upstream.headers(), **kind, **framing}, data).status, 200)
                self.assertEqual(self.upstream.requests[0].body, body)
                self.assertEqual(self.upstream.requests[0]["content-type"], kind["Content-Type"])

    def test_streamed_request(self):
        """a body nothing needs to read goes upstream as it comes, before its end"""
        import socket
        seen = []
        raw = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(raw.close)
        headers = {**self.upstream.headers(), "x-portkey-custom-host": f"http://127.0.0.1:{raw.getsockname()[1]}/v1",
                   "Content-Type": "application/octet-stream", "Content-Length": "200000"}
        with Wire(self.gateway.port) as wire:
            wire.send(request("POST", "/v1/files", headers) + b"a" * 100_000)
            raw.settimeout(3)
            connection, _ = raw.accept()
            connection.settimeout(3)
            while sum(map(len, seen)) < 100_000:
                seen.append(connection.recv(65536))
            connection.close()


class Answers(GatewayCase):
    """Answers."""

    def answer(self, body, headers=(), target="/v1/models"):
        self.upstream.handler = lambda request, peer: peer.answer(body, 200, headers)
        return self.send("GET", target, self.upstream.headers())

    def test_binary(self):
        """a binary answer of 5 MB arrives byte for byte"""
        body = os.urandom(5_000_000)
        response = self.answer(body, [("Content-Type", "audio/mpeg")])
        self.assertEqual((response["content-type"], response.body == body), ("audio/mpeg", True))

    def test_odd_json(self):
        """an answer's JSON is not rewritten"""
        self.upstream.handler = lambda request, peer: peer.answer(ODD, 200, [("Content-Type", "application/json")])
        self.assertEqual(self.chat().body, ODD)

    def test_headers_pass(self):
        """the upstream's own headers pass, those of its connection do not"""
        response = self.answer(CHAT, [("x-request-id", "req_1"), ("x-ratelimit-remaining-requests", "9"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"),
                                      ("Connection", "keep-alive, x-hop"), ("x-hop", "1"), ("Keep-Alive", "timeout=5")])
        self.assertEqual((response["x-request-id"], response["x-ratelimit-remaining-requests"]), ("req_1", "9"))
        self.assertEqual(response.all("set-cookie"), ["a=1", "b=2"])
        self.assertEqual((response["x-hop"], response["keep-alive"]), (None, None))

    def test_until_close(self):
        """an answer that ends with its connection is whole, and ends as a whole one"""
        def handler(request, peer):
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nfirst ")
            peer.send(b"second")
            peer.cut()
        self.upstream.handler = handler
        response = self.send("GET", "/v1/files/1/content", self.upstream.headers())
        self.assertEqual(response.body, b"first second")
        self.assertIn(response.ended, ("chunked", "close"))

    def test_short_answer(self):
        """an answer shorter than its Content-Length never looks whole"""
        def handler(request, peer):
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: 100\r\n\r\nshort")
            peer.cut()
        self.upstream.handler = handler
        response = self.send("GET", "/v1/files/1/content", self.upstream.headers())
        self.assertTrue(response.ended == "cut" or response.status == 502, response)

    def test_interim(self):
        """interim answers of the upstream do not disturb the final one"""
        def handler(request, peer):
            peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            peer.answer(CHAT)
        self.upstream.handler = handler
        self.assertEqual(self.chat().json, CHAT)

    def test_redirect(self):
        """a redirect is passed on, never followed"""
        self.upstream.handler = lambda request, peer: peer.answer(b"", 302, [("Location", f"http://127.0.0.1:{self.upstream.port}/elsewhere")])
        response = self.chat()
        self.assertEqual(response.status, 302, response)
        self.assertEqual(len(self.upstream.requests), 1)

    def test_upstream_error_kept(self):
        """an upstream's error keeps its status and says what the upstream said"""
        for status in (400, 401, 403, 404, 409, 422, 429, 500, 503, 529):
            with self.subTest(status=status):
                error = {"error": {"message": f"no {status}", "type": "t", "param": "p", "code": "c"}}
                self.upstream.handler = lambda request, peer: peer.answer(error, status)
                response = self.chat()
                self.assertEqual(response.status, status)
                self.assertIn(f"no {status}", response.json["error"]["message"])
                self.assertEqual((response.json["error"]["type"], response.json["error"]["code"]), ("t", "c"))
                self.assertTrue(response["x-portkey-trace-id"])


class Targets(GatewayCase):
    """Request targets."""

    def test_percent_encoding(self):
        """percent-encoding and query arrive as sent"""
        for target in ("/v1/files/a%2Fb%20c/content?x=%41&y=+&z", "/v1/fine_tuning/jobs?", "/v1/x%C3%A9?q=a%26b"):
            with self.subTest(target=target):
                self.upstream.forget()
                self.send("GET", target, self.upstream.headers())
                self.assertEqual(self.upstream.requests[0].target.rstrip("?"), target.rstrip("?"))

    def test_methods(self):
        """every method passes on any other /v1 route"""
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            with self.subTest(method=method):
                self.upstream.forget()
                response = self.send(method, "/v1/vector_stores/1", self.upstream.headers(), {"a": 1} if method != "GET" else None)
                self.assertEqual((response.status, self.upstream.requests[0].method), (200, method))

    def test_base_path_kept(self):
        """the custom host's path goes in front of the route's"""
        headers = {**self.upstream.headers(), "x-portkey-custom-host": f"http://127.0.0.1:{self.upstream.port}/deep/api"}
        self.chat(headers=headers)
        self.assertEqual(self.upstream.requests[0].target, "/deep/api/chat/completions")

    def test_host(self):
        """the upstream is addressed by its own name"""
        self.chat()
        self.assertEqual(self.upstream.requests[0].all("host"), [f"127.0.0.1:{self.upstream.port}"])

    def test_other_headers(self):
        """the client's harmless headers pass, the gateway's own and the connection's do not"""
        self.chat(headers={**self.upstream.headers(), "OpenAI-Beta": "assistants=v2", "X-Stainless-Lang": "python", "Connection": "x-hop", "x-hop": "1",
                           "x-portkey-metadata": '{"a":"b"}', "x-portkey-something-new": "1", "TE": "trailers", "Proxy-Connection": "keep-alive"})
        sent = self.upstream.requests[0]
        self.assertEqual(sent["openai-beta"], "assistants=v2")
        self.assertEqual([name for name, _ in sent.fields if name.lower().startswith("x-portkey-")], [])
        self.assertEqual([sent[name] for name in ("x-hop", "te", "proxy-connection", "keep-alive")], [None] * 4)

    def test_answers_we_read_are_not_coded(self):
        """a model route asks its upstream for identity coding"""
        self.chat(headers={**self.upstream.headers(), "Accept-Encoding": "gzip, br"})
        self.assertIn(self.upstream.requests[0]["accept-encoding"], ("identity", None))
