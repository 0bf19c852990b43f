"""Web pages from elsewhere: off by default, by their origins where the file names them."""

from harness.configuration import plain
from harness.gateway import GatewayCase
from harness.upstream import CHAT

HERE = {"Host": "localhost"}
PAGE = "https://app.example.com"


def preflight(origin, **more):
    return {**HERE, "Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type, x-portkey-config", **more}


class Off(GatewayCase):
    """Without cors in the file, a page"""

    def test_preflight(self):
        """gets no permission, and no answer it may read"""
        answer = self.send("OPTIONS", "/v1/chat/completions", preflight(PAGE))
        self.assertGreaterEqual(answer.status, 400)
        self.assertEqual([field for field in answer.fields if field[0].lower().startswith("access-control-")], [])

    def test_provider(self):
        """is not let in by a provider's word, nor does it reach a host of this machine through here"""
        self.assertEqual(self.chat(headers={**self.upstream.headers(), "Origin": PAGE}).status, 400)
        self.assertEqual(self.chat(headers={**self.upstream.headers(), "Sec-Fetch-Site": "same-origin"}).status, 400)
        self.assertEqual(self.chat(headers={**self.upstream.headers(), "Via": "1.1 proxy"}).status, 400)
        self.assertEqual(self.upstream.requests, [])
        self.upstream.handler = lambda request, peer: peer.answer(CHAT, headers=[("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "a")])
        answer = self.chat()
        self.assertEqual(answer.status, 200)
        self.assertEqual([field for field in answer.fields if field[0].lower().startswith("access-control-")], [])


class On(GatewayCase):
    """With cors in the file, a page"""

    @classmethod
    def configuration(cls):
        origins = [PAGE, "https://*.example.org", "http://localhost:3000"]
        return {**plain(), "trusted_hosts": ["127.0.0.1"], "cors": {"origins": origins, "max_age": 60}}

    def test_preflight(self):
        """that may ask is told what it may send"""
        for origin in (PAGE, "https://a.example.org", "https://a.b-c.example.org", "http://localhost:3000"):
            with self.subTest(origin=origin):
                answer = self.send("OPTIONS", "/v1/chat/completions", preflight(origin))
                self.assertEqual((answer.status, answer.body), (204, b""))
                self.assertEqual(answer["access-control-allow-origin"], origin)
                self.assertIn("POST", answer["access-control-allow-methods"])
                self.assertEqual(answer["access-control-allow-headers"], "authorization, content-type, x-portkey-config")
                self.assertEqual((answer["access-control-max-age"], answer["vary"], answer["content-length"]), ("60", "origin", None))

    def test_others(self):
        """that may not is refused, whatever its name looks like"""
        for origin in ("https://example.org", "https://evilexample.org", "https://app.example.com.evil.test", "http://app.example.com", "https://app.example.com:444",
                       "https://a.example.org:444", "https://evil.test/.example.org", "https://x@.example.org", "https://APP.example.com", "null", "https://" + "a" * 400 + ".example.org"):
            with self.subTest(origin=origin):
                answer = self.send("OPTIONS", "/v1/chat/completions", preflight(origin))
                self.assertEqual((answer.status, answer.json["error"]["code"]), (403, "forbidden"))
                self.assertIn("cors.origins", answer.message)
                self.assertIsNone(answer["access-control-allow-origin"])

    def test_answers(self):
        """may read every answer: a provider's, a stream, an error"""
        page = {**self.upstream.headers(), "Origin": PAGE}
        self.upstream.handler = lambda request, peer: peer.answer(CHAT, headers=[("Access-Control-Allow-Origin", "https://provider.test"), ("Vary", "accept")])
        stream, head = self.open_stream({"x-portkey-provider": "mock-none", "Origin": PAGE})
        for answer, status in ((self.chat(headers=page), 200), (self.chat(headers={"x-portkey-provider": "none", "Origin": PAGE}), 400), (self.send("GET", "/nothing", {**HERE, "Origin": PAGE}), 404),
                               (self.send("GET", "/health", {**HERE, "Origin": PAGE}), 200), (head, 400)):
            with self.subTest(status=status):
                self.assertEqual(answer.status, status)
                self.assertEqual(answer.all("access-control-allow-origin"), [PAGE])
                self.assertIn("origin", answer.all("vary"))
                self.assertIn("x-portkey-trace-id", answer["access-control-expose-headers"])

    def test_no_page(self):
        """is who sends an Origin: others' answers say nothing"""
        self.assertIsNone(self.send("GET", "/health", HERE)["access-control-allow-origin"])
        self.assertIsNone(self.send("GET", "/health", {**HERE, "Origin": "https://evil.test"})["access-control-allow-origin"])

    def test_field_names(self):
        """asks for header names and nothing else"""
        for names in ("a\x01b", "a;b", "a" * 4097):
            with self.subTest(names=names[:10]):
                answer = self.send("OPTIONS", "/v1/models", preflight(PAGE, **{"Access-Control-Request-Headers": names}))
                self.assertEqual(answer.status, 400)
        self.assertEqual(self.send("OPTIONS", "/v1/models", preflight(PAGE, **{"Access-Control-Request-Headers": "a" * 4096})).status, 204)

    def test_operator(self):
        """is no operator"""
        self.assertEqual(self.send("GET", "/metrics", {**HERE, "Origin": PAGE}).status, 403)


class Everybody(GatewayCase):
    """With every origin allowed, a page"""

    @classmethod
    def configuration(cls):
        providers = {"origin": {"dialect": "openai", "base_url": cls.upstream.base, "api_key": "sk-operator"}}
        return {**plain(), "providers": providers, "cors": {"origins": ["*"]}}

    def test_star(self):
        """from anywhere may ask"""
        answer = self.send("OPTIONS", "/v1/chat/completions", preflight("https://anywhere.test"))
        self.assertEqual((answer.status, answer["access-control-allow-origin"]), (204, "*"))

    def test_operator_credential(self):
        """has none of the operator's credentials, which programs of this machine have"""
        self.upstream.handler = lambda request, peer: peer.answer(CHAT)
        here = {"x-portkey-provider": "origin", **HERE}
        self.assertEqual(self.chat(headers=here).status, 200)
        answer = self.chat(headers={**here, "Origin": "https://anywhere.test"})
        self.assertEqual((answer.status, answer.json["error"]["code"]), (401, "missing_credential"))
