"""What guardrails judge is what is sent: no spelling of a text passes them and is read by somebody behind them."""

import gzip
import json
import re
import zlib

from harness.gateway import GatewayCase
from harness.upstream import CHAT
from harness.wire import Wire, chunked, request

#: What must not pass, and below it a hook that sees to it.
WORD = "forbidden"
#: What stands beside it in an answer: a refusal repeats the words that a guard looks for, and no more.
SECRET = "zq7-secret"
TOLD = f"{WORD} {SECRET}"
GUARD = {"default.contains": {"words": [WORD], "operator": "none"}, "deny": True}
JSON = {"Content-Type": "application/json"}


def escaped(text):
    return "".join(f"\\u{ord(letter):04x}" for letter in text)


def message(content, role="user"):
    return b'{"role":"%s","content":%s}' % (role.encode(), content if isinstance(content, bytes) else json.dumps(content).encode())


def chat(*messages, more=b""):
    return b'{"model":"m","messages":[%s]%s}' % (b",".join(messages), more)


BAD, FINE = message(WORD), message("fine")
PART = b'{"type":"text","text":"%s"}' % WORD.encode()


def pairs(items):
    """An object as a reader has it who keeps all members given twice."""
    return {"all": items}


#: Readings of a body that some server or other makes of it: coded, in another character set, with a mark or with more than JSON.
def readings(data):
    yield data
    for decode in (gzip.decompress, zlib.decompress, lambda data: zlib.decompress(data, -15)):
        try:
            yield decode(data)
        except (OSError, EOFError, zlib.error):
            pass


def texts(data):
    """Every text of that body that any of its readers could find."""
    for data in readings(data):
        for charset in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "latin-1"):
            try:
                text = data.decode(charset)
            except UnicodeError:
                continue
            yield text
            # Escapes are read wherever they stand: no reader takes fewer of them for letters.
            yield re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)


def shows(data, word=WORD):
    return any(word in text for text in texts(data))


REQUESTS = {
    "plain": chat(BAD), "after another": chat(FINE, BAD), "the last of many": chat(*[FINE] * 500, BAD),
    "escaped": chat(message(b'"%s"' % escaped(WORD).encode())), "half escaped": chat(message(b'"for\\u0062idden"')),
    "upper-case escapes": chat(message(b'"\\u0066orb\\u0069dden"')),
    "escaped name": chat(b'{"role":"user","cont\\u0065nt":"%s"}' % WORD.encode()), "escaped member": b'{"model":"m","mess\\u0061ges":[%s]}' % BAD,
    "content twice, last": chat(b'{"role":"user","content":"fine","content":"%s"}' % WORD.encode()),
    "content twice, first": chat(b'{"role":"user","content":"%s","content":"fine"}' % WORD.encode()),
    "content twice, one escaped": chat(b'{"role":"user","content":"fine","c\\u006fntent":"%s"}' % WORD.encode()),
    "content in another case": chat(b'{"role":"user","content":"fine","Content":"%s"}' % WORD.encode()),
    "content in another case alone": chat(b'{"role":"user","CONTENT":"%s"}' % WORD.encode()),
    "messages twice, last": b'{"model":"m","messages":[%s],"messages":[%s]}' % (FINE, BAD),
    "messages twice, first": b'{"model":"m","messages":[%s],"messages":[%s]}' % (BAD, FINE),
    "messages twice, one escaped": b'{"model":"m","messages":[%s],"\\u006dessages":[%s]}' % (FINE, BAD),
    "messages in another case": b'{"model":"m","messages":[%s],"Messages":[%s]}' % (FINE, BAD),
    "messages in another case alone": b'{"model":"m","MESSAGES":[%s]}' % BAD,
    "text twice in a part": chat(message(b'[{"type":"text","text":"fine","text":"%s"}]' % WORD.encode())),
    "text twice in a part, first": chat(message(b'[{"type":"text","text":"%s","text":"fine"}]' % WORD.encode())),
    "text in another case": chat(message(b'[{"type":"text","text":"fine","Text":"%s"}]' % WORD.encode())),
    "type twice": chat(message(b'[{"type":"image_url","type":"text","text":"%s"}]' % WORD.encode())),
    "a part": chat(message(b"[%s]" % PART)), "the second part": chat(message(b'[{"type":"text","text":"fine"},%s]' % PART)),
    "a part among pictures": chat(message(b'[{"type":"image_url","image_url":{"url":"data:,"}},%s,{"type":"text","text":"fine"}]' % PART)),
    "a part of no type": chat(message(b'[{"text":"%s"}]' % WORD.encode())),
    "a part of an odd type": chat(message(b'[{"type":"TEXT","text":"%s"}]' % WORD.encode())),
    "input_text": chat(message(b'[{"type":"input_text","text":"%s"}]' % WORD.encode())), "a bare text in a list": chat(message(b'["%s"]' % WORD.encode())),
    "content as one part": chat(message(PART)), "a list in a list": chat(message(b"[[%s]]" % PART)),
    "a tool's result": chat(FINE, message(WORD, "tool")), "a tool's result in parts": chat(message(b'[{"type":"tool_result","content":[%s]}]' % PART)),
    "a document": chat(message(b'[{"type":"document","source":{"type":"text","data":"%s"}}]' % WORD.encode())),
    "a system message last": chat(FINE, message(WORD, "system")), "no role": chat(b'{"content":"%s"}' % WORD.encode()),
    "blanks around": b" \t\r\n" + chat(BAD).replace(b":", b" : ").replace(b",", b"\n,\t") + b"  \n",
    "a mark of byte order": b"\xef\xbb\xbf" + chat(BAD), "two marks": b"\xef\xbb\xbf\xef\xbb\xbf" + chat(BAD),
    "UTF-16 with a mark": chat(BAD).decode().encode("utf-16"), "UTF-16, little end first": chat(BAD).decode().encode("utf-16-le"),
    "UTF-16, big end first": chat(BAD).decode().encode("utf-16-be"), "UTF-32": chat(BAD).decode().encode("utf-32"),
    "UTF-7": chat(message(b'"+AGYAbwByAGIAaQBkAGQAZQBu-"')), "gzip, not said": gzip.compress(chat(BAD)), "deflate, not said": zlib.compress(chat(BAD)),
    "more behind it": chat(FINE) + chat(BAD), "a line more": chat(FINE) + b"\n" + chat(BAD), "a comment": b"/* " + chat(BAD) + b" */" + chat(FINE),
    "a comment inside": chat(FINE, more=b'/*,"messages":[%s]*/' % BAD), "single quotes": chat(BAD).replace(b'"', b"'"), "a NUL": chat(FINE) + b"\0" + chat(BAD),
    "a comma too many": chat(BAD)[:-1] + b",}", "an open string": chat(BAD)[:-4], "control bytes": chat(message(b'"a\x01%s"' % WORD.encode())),
    "not UTF-8": chat(message(b'"\xff%s"' % WORD.encode())), "a lone surrogate": chat(message(b'"\\ud800%s"' % WORD.encode())),
    "overlong": chat(message(b'"\xc1\xa6orbidden"')), "a NUL in the text": chat(message(b'"\\u0000%s"' % WORD.encode())),
    "in a list of requests": b"[" + chat(BAD) + b"]", "a text of JSON": json.dumps(chat(BAD).decode()).encode(),
    "very deep": chat(message(b'[{"type":"tool_result","content":' * 20 + b"[%s]" % PART + b"}]" * 20)),
    "a very long text": chat(message("x" * 3_000_000 + WORD)), "many parts": chat(message(b"[" + b'{"type":"text","text":"fine"},' * 3000 + PART + b"]")),
    "prompt beside messages": chat(FINE, more=b',"prompt":"%s"' % WORD.encode()), "input beside messages": chat(FINE, more=b',"input":"%s"' % WORD.encode()),
    "an empty message last": chat(BAD, b"{}"), "null last": chat(BAD, b"null"),
}
#: Where the last message has no text, the guard's text is the empty one: what stands before it is an earlier turn, as in any conversation.
EARLIER_TURNS = {"an empty message last", "null last"}
#: What the endpoint has no such member for is no text of the request's: its provider ignores it, or refuses it.
OTHER_MEMBERS = {"prompt beside messages", "input beside messages"}
#: Only a reader of UTF-7, which JSON is not (RFC 8259 §8.1), sees a word there; the same bytes are any other's plus signs.
NOT_JSON = {"UTF-7"}


class Asked(GatewayCase):
    """What is asked."""

    def guarded(self, **members):
        return {"x-portkey-config": json.dumps(self.upstream.target(input_guardrails=[GUARD], **members))}

    def assert_kept(self, response):
        """It was refused, or nothing that was sent shows the word to any reader."""
        if self.upstream.requests:
            self.assertFalse(any(shows(sent.body) for sent in self.upstream.requests), self.upstream.requests[0].body[:300])
        else:
            self.assertTrue(400 <= response.status < 500, response)

    def test_spellings(self):
        """no spelling of a word passes a guard against it and is sent"""
        self.assertGreaterEqual(len(REQUESTS), 60)
        for name, body in REQUESTS.items():
            with self.subTest(name):
                self.upstream.forget()
                response = self.send("POST", "/v1/chat/completions", {**self.guarded(), **JSON}, body)
                if name in EARLIER_TURNS | OTHER_MEMBERS | NOT_JSON:
                    # As it came, to the byte: what was judged is what was sent.
                    self.assertEqual([sent.body for sent in self.upstream.requests] or [body], [body])
                else:
                    self.assert_kept(response)

    def test_fine(self):
        """the same spellings of another word are sent, to the byte, unless they are not JSON or have two meanings"""
        passed = 0
        for name, body in REQUESTS.items():
            with self.subTest(name):
                self.upstream.forget()
                fine = body.replace(WORD.encode(), b"welcome")
                response = self.send("POST", "/v1/chat/completions", {**self.guarded(), **JSON}, fine)
                if response.status == 200 and not shows(fine):
                    passed += 1
                    self.assertEqual([sent.body for sent in self.upstream.requests], [fine])
        self.assertGreater(passed, 25, "hardly anything passed: the guard would refuse all")

    def test_content_types_and_codings(self):
        """nor does another content type, a coding or a chunk's edge help"""
        for fields in ({"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"},
            {"Content-Type": "application/json; charset=utf-16"},
                       {"Content-Type": "APPLICATION/JSON"}, {"Content-Type": "application/vnd.api+json"}, {}, {"Content-Type": ""},
                       {"Content-Type": "multipart/form-data; boundary=x"}, {"Content-Type": "application/octet-stream"},
                       {**JSON, "Content-Encoding": "gzip"}, {**JSON, "Content-Encoding": "identity"}, {**JSON, "Content-Encoding": "identity, gzip"},
                       {**JSON, "Content-Encoding": "x"}, {**JSON, "X-HTTP-Method-Override": "PUT"}):
            for body in (chat(BAD), gzip.compress(chat(BAD))):
                for path in ("/v1/chat/completions", "/v1/chat/completions/", "/v1//chat/completions", "/v1/chat/completions?a=b", "/v1/chat/./completions",
                             "/v1/chat%2fcompletions", "/v1/Chat/Completions", "/v1/proxy/chat/completions"):
                    with self.subTest(fields=fields, path=path, coded=body[:2] == b"\x1f\x8b"):
                        self.upstream.forget()
                        self.assert_kept(self.send("POST", path, {**self.guarded(), **fields}, body))
        for size in (1, 2, 7):
            with self.subTest(chunks=size), Wire(self.gateway.port) as wire:
                self.upstream.forget()
                runs = [chat(BAD)[at:at + size] for at in range(0, len(chat(BAD)), size)]
                wire.send(request("POST", "/v1/chat/completions", {**self.guarded(), **JSON, "Transfer-Encoding": "chunked"}) + chunked(*runs))
                self.assert_kept(wire.response())

    def test_other_endpoints(self):
        """nor at any other endpoint that takes text"""
        for path, bodies in (
                ("completions", (b'{"model":"m","prompt":"%s"}', b'{"model":"m","prompt":["fine","%s"]}', b'{"model":"m","prompt":"fine","prompt":"%s"}',
                                 b'{"model":"m","prompt":"fine","Prompt":"%s"}', b'{"model":"m","prompt":"fine","suffix":"%s"}')),
                ("embeddings", (b'{"model":"m","input":"%s"}', b'{"model":"m","input":["fine","%s"]}', b'{"model":"m","input":"%s","input":"fine"}')),
                ("responses", (b'{"model":"m","input":"%s"}', b'{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"%s"}]}]}',
                               b'{"model":"m","input":[{"type":"function_call_output","call_id":"c","output":"%s"}]}')),
                ("messages", (b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"%s"}]}',
                              b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"%s"}]}]}'))):
            for body in bodies:
                with self.subTest(path=path, body=body):
                    self.upstream.forget()
                    self.assert_kept(self.send("POST", f"/v1/{path}", {**self.guarded(), **JSON}, body % WORD.encode()))
                    self.assert_kept(self.send("POST", f"/v1/{path}", {**self.guarded(), **JSON}, body % escaped(WORD).encode()))

    def test_laid_over(self):
        """nor by way of what a config lays over it, by a retry or by a fallback"""
        for config in (self.upstream.target(input_guardrails=[GUARD], override_params={"messages": [{"role": "user", "content": WORD}]}),
                       {"strategy": {"mode": "fallback"}, "input_guardrails": [GUARD],
                        "targets": [self.upstream.target(), self.upstream.target(override_params={"messages": [{"role": "user", "content": WORD}]})]},
                       {"strategy": {"mode": "single"}, "input_guardrails": [GUARD], "targets": [self.upstream.target(input_guardrails=[])]}):
            with self.subTest(config=config):
                self.upstream.forget()
                self.upstream.handler = lambda incoming, peer: peer.answer({"error": {"message": "no"}}, 500)
                is_sent = "fallback" in json.dumps(config)
                response = self.chat(config, messages=[{"role": "user", "content": "fine" if is_sent or "override" in json.dumps(config) else WORD}])
                self.assertFalse(any(shows(sent.body) for sent in self.upstream.requests))
                self.assertEqual((response.status, len(self.upstream.requests)), (446, int(is_sent)), response)


class Answered(GatewayCase):
    """What is answered."""

    def answers(self):
        """Heads' fields and bodies in which somebody could find the word."""
        def choice(message, **members):
            return json.dumps({**CHAT, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], **members}).encode()

        said = choice({"role": "assistant", "content": TOLD})
        content, fine = f'"content": "{TOLD}"'.encode(), b'"content": "fine"'
        yield from (("plain", (), said), ("escaped", (), said.replace(TOLD.encode(), escaped(TOLD).encode())),
                    ("content twice, last", (), said.replace(content, fine + b"," + content)), ("content twice, first",
                        (), said.replace(content, content + b"," + fine)),
                    ("content in another case", (), said.replace(content, fine + b"," + content.replace(b"content", b"Content"))),
                    ("escaped name", (), said.replace(b'"content"', b'"cont\\u0065nt"')),
                    ("choices twice", (), said[:-1] + b',"choices":[]}'), ("choices twice, first", (), b'{"choices":[],' + said[1:]),
                    ("choices in another case", (), said.replace(b'"choices"', b'"Choices"')),
                    ("the second choice", (), json.dumps({**CHAT, "choices": [*CHAT["choices"], {"index": 1, "message": {"content": TOLD}}]}).encode()),
                    ("parts", (), choice({"role": "assistant", "content": [{"type": "text", "text": TOLD}]})),
                    ("a refusal", (), choice({"role": "assistant", "content": None, "refusal": TOLD})),
                    ("a call", (), choice({"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function", "function": {
                        "name": "f", "arguments": json.dumps({"a": TOLD})}}]})),
                    ("a mark of byte order", (), b"\xef\xbb\xbf" + said), ("UTF-16", (("Content-Type",
                        "application/json; charset=utf-16"),), said.decode().encode("utf-16")),
                    ("more behind it", (), json.dumps(CHAT).encode() + said), ("lines", (), json.dumps(CHAT).encode() + b"\n" + said),
                    ("text", (("Content-Type", "text/plain"),), said), ("no type", (("Content-Type", ""),), said), ("HTML", (("Content-Type",
                        "text/html"),), TOLD.encode()),
                    ("not UTF-8", (), said.replace(TOLD.encode(), b"\xff" + TOLD.encode())), ("gzip, said", (("Content-Encoding",
                        "gzip"),), gzip.compress(said)),
                    ("gzip, not said", (), gzip.compress(said)), ("a comma too many", (), said[:-1] + b",}"), ("cut", (), said[:-1]), ("a text",
                    (), json.dumps(TOLD).encode()),
                    ("an event stream", (("Content-Type", "text/event-stream"),), b"data: " + said + b"\n\ndata: [DONE]\n\n"))

    def test_spellings(self):
        """no spelling of a word in an answer passes a guard against it"""
        config = self.upstream.target(output_guardrails=[GUARD])
        for name, fields, body in self.answers():
            for framing in ("length", "chunked", "close"):
                with self.subTest(name, framing=framing):
                    head = {"Content-Type": "application/json", **dict(fields)}
                    length = {"length": {"Content-Length": str(len(body))}, "chunked": {"Transfer-Encoding": "chunked"}, "close": {}}[framing]
                    text = "".join(f"{name}: {value}\r\n" for name, value in {**head, **length}.items())
                    data = chunked(*(body[at:at + 5] for at in range(0, len(body), 5))) if framing == "chunked" else body
                    self.upstream.handler = lambda incoming, peer: (peer.send(b"HTTP/1.1 200 OK\r\n" + text.encode() + b"\r\n" + data), peer.cut())
                    response = self.chat(config)
                    self.assertFalse(shows(response.body, SECRET), response)
                    self.assertIn(response.status, (446, 502), response)

    def test_streamed(self):
        """a stream that a guard would have to see whole is not asked for"""
        self.assertEqual(self.chat(self.upstream.target(output_guardrails=[GUARD]), stream=True).status, 400)
        for more in ({"stream": "true"}, {"stream": 1}, {"Stream": True}):
            with self.subTest(more=more):
                self.upstream.forget()
                self.upstream.handler = lambda incoming, peer: peer.stream(b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % TOLD.encode(),
                    b"data: [DONE]\n\n")
                response = self.chat(self.upstream.target(output_guardrails=[GUARD]), **more)
                self.assertFalse(shows(response.body, SECRET), response)
