"""Guardrails: checks of what is asked and of what is answered (the wire reference §7, and §12 cases 18-23 and 29)."""

import json
import time

import anthropic
import openai
from portkey_ai import Portkey

from harness.gateway import GatewayCase
from harness.upstream import CHAT, ERROR
from harness.wire import Wire, request

MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": [{"type": "text", "text": "hello"}],
           "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 1}}
HOOK = {"verdict", "id", "transformed", "checks", "feedback", "execution_time", "async", "type", "created_at", "deny"}


def contains(operator, *words, **settings):
    """A guardrail in short form that looks for words."""
    return {"default.contains": {"words": list(words), "operator": operator}, **settings}


def says(text, status=200):
    """A handler that answers so."""
    answer = {**CHAT, "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}
    return lambda request, peer: peer.answer(answer, status)


class GuardrailCase(GatewayCase):
    def guarded(self, **members):
        return self.upstream.target(**members)

    def denied(self, response):
        """The refusal's results."""
        self.assertEqual(response.status, 446, response)
        error = response.json["error"]
        self.assertEqual((error["type"], error["param"], error["code"]), ("hooks_failed", None, None))
        self.assertIn("hook_results", error["message"])
        return response.json["hook_results"]

    def streamed(self, config=None, headers=None, path="/v1/chat/completions", **members):
        """A streamed request's whole answer."""
        body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}], **members}
        fields = {**({"x-portkey-config": json.dumps(config)} if config else {}), **(headers or {})}
        return self.send("POST", path, fields, body)


class Input(GuardrailCase):
    """Input guardrails."""

    def test_passes(self):
        """a check that passes is told of in the answer, which is otherwise as it came (case 18)"""
        response = self.chat(self.guarded(input_guardrails=[contains("any", "hi")]))
        self.assertEqual(response.status, 200, response)
        results = response.json["hook_results"]
        self.assertEqual(results["after_request_hooks"], [])
        self.assertEqual(set(results["before_request_hooks"][0]), HOOK)
        self.assertEqual(results["before_request_hooks"][0]["checks"][0]["data"]["foundWords"], ["hi"])
        # Spliced in, not written anew.
        self.assertTrue(response.body.startswith(json.dumps(CHAT)[:-1].encode() + b',"hook_results":{'), response.body)
        self.assertEqual(response["content-length"], str(len(response.body)))
        self.assertEqual(response["content-type"], "application/json")

    def test_denies(self):
        """a check that fails in a hook that denies is 446, and nothing is sent (case 19)"""
        response = self.chat(self.guarded(input_guardrails=[contains("none", "hi", deny=True)]))
        results = self.denied(response)
        self.assertEqual(set(results["before_request_hooks"][0]), HOOK)
        self.assertEqual((results["before_request_hooks"][0]["verdict"], results["after_request_hooks"]), (False, []))
        self.assertEqual(self.upstream.requests, [])
        self.assertTrue(response["x-portkey-trace-id"])

    def test_fails_softly(self):
        """a check that fails in a hook that does not deny makes the answer's status 246 (case 21)"""
        response = self.chat(self.guarded(before_request_hooks=[
            {"id": "mine", "type": "guardrail", "checks": [{"id": "default.notNull", "parameters": {"not": True}, "is_enabled": True}]}]))
        self.assertEqual(response.status, 246, response)
        self.assertEqual(response.json["choices"], CHAT["choices"])
        self.assertEqual(response.json["hook_results"]["before_request_hooks"][0]["id"], "mine")
        self.assertFalse(response.json["hook_results"]["before_request_hooks"][0]["verdict"])

    def test_last_message(self):
        """the last message is looked at, all its parts joined by line ends"""
        parts = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:,"}}, {"type": "text", "text": "b"}]
        messages = [{"role": "system", "content": "forbidden"}, {"role": "user", "content": parts}]
        config = self.guarded(input_guardrails=[{"regexMatch": {"rule": "^a\\nb$"}, "deny": True}])
        self.assertEqual(self.chat(config, messages=messages).status, 200)
        self.denied(self.chat(config, messages=[*messages, {"role": "user", "content": "forbidden"}]))

    def test_other_endpoints(self):
        """prompts, inputs and messages of other endpoints are looked at, too"""
        config = {"x-portkey-config": json.dumps(self.guarded(input_guardrails=[contains("none", "forbidden", deny=True)]))}
        for path, member in (("completions", "prompt"), ("embeddings", "input"), ("responses", "input"), ("moderations", "input"),
                             ("images/generations", "prompt"), ("audio/speech", "input")):
            with self.subTest(path=path):
                self.denied(self.send("POST", f"/v1/{path}", config, {"model": "m", member: "forbidden"}))
                self.assertEqual(self.send("POST", f"/v1/{path}", config, {"model": "m", member: "fine"}).status, 200)

    def test_messages_in_dialect(self):
        """a refusal of /v1/messages is an Anthropic error with the results beside it"""
        config = {"provider": "anthropic", "api_key": "k", "custom_host": self.upstream.base, "input_guardrails": [contains("none", "hi", deny=True)]}
        body = {"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
        response = self.send("POST", "/v1/messages", {"x-portkey-config": json.dumps(config)}, body)
        self.assertEqual((response.status, response.json["type"]), (446, "error"), response)
        self.assertFalse(response.json["hook_results"]["before_request_hooks"][0]["verdict"])

    def test_checks_of_the_request(self):
        """models, metadata and request types are checked; the model is the one the target is asked for"""
        metadata = {"x-portkey-metadata": '{"tier":"gold"}'}
        for guardrail, headers, members, status in (
                ({"modelWhitelist": {"models": ["gpt-4o-mini"]}}, {}, {}, 200),
                ({"modelWhitelist": {"models": ["other"]}}, {}, {}, 446),
                ({"modelWhitelist": {"models": ["laid"]}}, {}, {"override_params": {"model": "laid"}}, 200),
                ({"modelRules": {"rules": {"defaults": ["x"], "metadata": {"tier": {"gold": ["gpt-4o-mini"]}}}}}, metadata, {}, 200),
                ({"modelRules": {"rules": {"defaults": ["x"], "metadata": {"tier": {"gold": ["gpt-4o-mini"]}}}}}, {}, {}, 446),
                ({"requiredMetadataKeys": {"metadataKeys": ["tier"]}}, metadata, {}, 200),
                ({"requiredMetadataKeys": {"metadataKeys": ["tier"]}}, {}, {}, 446),
                ({"allowedRequestTypes": {"allowedTypes": ["chatComplete"]}}, {}, {}, 200),
                ({"allowedRequestTypes": {"blockedTypes": ["chatComplete"]}}, {}, {}, 446)):
            with self.subTest(guardrail=guardrail, headers=headers, members=members):
                config = self.guarded(input_guardrails=[{**guardrail, "deny": True}], **members)
                self.assertEqual(self.chat(config, headers).status, status)

    def test_laid_over_text(self):
        """what the config lays over the client's message is what is checked"""
        config = self.guarded(override_params={"messages": [{"role": "user", "content": "forbidden"}]},
                              input_guardrails=[contains("none", "forbidden", deny=True)])
        self.denied(self.chat(config))

    def test_given_twice(self):
        """messages given twice are refused where guardrails look: two readers could take two"""
        body = b'{"model":"m","messages":[{"role":"user","content":"fine"}],"messages":[{"role":"user","content":"bad"}]}'
        config = {"x-portkey-config": json.dumps(self.guarded(input_guardrails=[contains("none", "bad", deny=True)]))}
        response = self.send("POST", "/v1/chat/completions", {**config, "Content-Type": "application/json"}, body)
        self.assertEqual((response.status, response.json["error"]["code"]), (400, "duplicate_member"), response)

    def test_inheritance(self):
        """a target's guardrails are added to its parent's, which still denies (§3.3's defect)"""
        target = self.upstream.target(input_guardrails=[contains("any", "hi")])
        config = {"strategy": {"mode": "single"}, "targets": [target], "input_guardrails": [contains("none", "hi", deny=True)]}
        results = self.denied(self.chat(config))["before_request_hooks"]
        self.assertEqual([hook["verdict"] for hook in results], [False, True])

    def test_headers(self):
        """guardrails of the headers are added to each target's"""
        config = {"strategy": {"mode": "fallback"}, "targets": [self.upstream.target(), self.upstream.target()]}
        asked = {"x-portkey-default-input-guardrails": json.dumps([contains("none", "hi", deny=True)])}
        self.denied(self.chat(config, asked))
        self.denied(self.chat(headers={**self.upstream.headers(), **asked}))
        soft = {"x-portkey-default-output-guardrails": json.dumps([contains("none", "hello")])}
        response = self.chat(headers={**self.upstream.headers(), **soft})
        self.assertEqual((response.status, len(response.json["hook_results"]["after_request_hooks"])), (246, 1), response)
        self.assertEqual(self.chat(headers={**self.upstream.headers(), "x-portkey-default-input-guardrails": "[]"}).status, 200)
        self.assertNotIn("hook_results", self.chat(headers=self.upstream.headers()).json)

    def test_unread_body(self):
        """a request whose body is not read is refused by a guardrail that would deny, and passes one that would only tell"""
        def upload(guardrail):
            config = {"x-portkey-config": json.dumps(self.guarded(input_guardrails=[guardrail])), "Content-Type": "application/octet-stream"}
            return self.send("POST", "/v1/files", config, b"bytes")
        refused = upload(contains("none", "x", deny=True))
        self.assertEqual((refused.status, refused.json["error"]["code"]), (400, "unguarded_request"), refused)
        self.assertEqual(self.upstream.requests, [])
        self.assertEqual(upload(contains("none", "x")).status, 200)
        self.assertEqual(upload({"allowedRequestTypes": {"blockedTypes": ["uploadFile"]}, "deny": True}).status, 446)
        for path, status in (("files", 200), ("audio/transcriptions", 400), ("anything/else", 400)):
            with self.subTest(path=path):
                config = {"x-portkey-config": json.dumps(self.guarded(output_guardrails=[contains("none", "x", deny=True)]))}
                self.assertEqual(self.send("POST", f"/v1/{path}", {**config, "Content-Type": "application/octet-stream"}, b"bytes").status, status)
        self.assertEqual(upload({"allowedRequestTypes": {"allowedTypes": ["uploadFile"]}, "deny": True}).status, 200)

    def test_tokens(self):
        """tokens cannot be checked: a guardrail that looks at texts and would deny refuses them"""
        for path, member in (("completions", "prompt"), ("embeddings", "input")):
            for guardrail, status in ((contains("none", "x", deny=True), 400), (contains("none", "x"), 200),
                                      ({"modelWhitelist": {"models": ["m"]}, "deny": True}, 200)):
                with self.subTest(path=path, guardrail=guardrail):
                    config = {"x-portkey-config": json.dumps(self.guarded(input_guardrails=[guardrail]))}
                    response = self.send("POST", f"/v1/{path}", config, {"model": "m", member: [1, 2]})
                    self.assertEqual(response.status, status, response)
                    if status == 400:
                        self.assertEqual(response.json["error"]["code"], "unguarded_request")

    def test_suffix(self):
        """the suffix of a text completion is looked at with its prompt"""
        config = {"x-portkey-config": json.dumps(self.guarded(input_guardrails=[contains("none", "forbidden", deny=True)]))}
        self.denied(self.send("POST", "/v1/completions", config, {"model": "m", "prompt": "fine", "suffix": "forbidden"}))

    def test_too_deep(self):
        """text deeper than guardrails look is refused, not passed over"""
        content = [{"type": "text", "text": "forbidden"}]
        for _ in range(4):
            content = [{"type": "tool_result", "content": content}]
        config = self.guarded(input_guardrails=[contains("none", "forbidden", deny=True)])
        response = self.chat(config, messages=[{"role": "user", "content": content}])
        self.assertEqual((response.status, response.json["error"]["code"]), (400, "unguarded_request"), response)

    def test_other_case(self):
        """a member that differs only in case from one that is looked at is the same member given twice"""
        config = self.guarded(input_guardrails=[contains("none", "forbidden", deny=True)])
        response = self.chat(config, Messages=[{"role": "user", "content": "forbidden"}])
        self.assertEqual((response.status, response.json["error"]["code"]), (400, "duplicate_member"), response)

    def test_azure_deployment(self):
        """the model of a request to Azure is the deployment its path names"""
        for models, status in ((["mine"], 200), (["gpt-4o-mini"], 446)):
            with self.subTest(models=models):
                config = {"provider": "azure-openai", "custom_host": f"http://127.0.0.1:{self.upstream.port}/openai", "api_key": "k",
                          "resource_name": "portkey", "deployment_id": "mine", "api_version": "2024-10-21",
                          "input_guardrails": [{"modelWhitelist": {"models": models}, "deny": True}]}
                self.assertEqual(self.chat(config).status, status)

    def test_other_json(self):
        """an answer that is JSON lines is passed on as it came, without results; one in chunks gets them"""
        lines = b'{"a":1}\n{"b":2}'
        self.upstream.handler = lambda request, peer: peer.answer(lines, headers=[("Content-Type", "application/jsonl")])
        response = self.chat(self.guarded(input_guardrails=[contains("any", "hi")]))
        self.assertEqual((response.status, response.body), (200, lines), response)
        self.upstream.handler = lambda request, peer: peer.stream(json.dumps(CHAT).encode(), kind="application/json")
        response = self.chat(self.guarded(input_guardrails=[contains("any", "hi")]))
        self.assertTrue(response.json["hook_results"]["before_request_hooks"][0]["verdict"], response)

    def test_without_body(self):
        """a request without a body has nothing to check"""
        config = {"x-portkey-config": json.dumps(self.guarded(input_guardrails=[contains("any", "x", deny=True)]))}
        self.assertEqual(self.send("GET", "/v1/models", config).status, 200)


class Written(GuardrailCase):
    """Guardrails as configs write them."""

    def refused(self, config, headers=None):
        response = self.chat(config, headers)
        self.assertEqual(response.status, 400, response)
        self.assertEqual(self.upstream.requests, [])
        return response

    def test_faults(self):
        """what cannot be checked is refused with its place, never passed over"""
        for guardrail, pointer, message in (
                ({"default.webhook": {"webhookURL": "http://x"}, "deny": True}, "/default.webhook", "not supported yet"),
                ({"portkey.pii": {}}, "/portkey.pii", "not supported yet"),
                ({"default.containz": {}}, "/default.containz", "did you mean"),
                ({"default.contains": {"words": ["x"]}}, "/default.contains/operator", "Required"),
                ({"default.regexMatch": {"rule": "("}}, "/default.regexMatch/rule", "pattern"),
                ({"default.notNull": {}, "async": True, "deny": True}, "/async", "asynchronous"),
                ("pg-1234", "", "is not known here")):
            with self.subTest(guardrail=guardrail):
                response = self.refused(self.guarded(input_guardrails=[guardrail]))
                self.assertEqual(response.json["pointers"], [f"/input_guardrails/0{pointer}"])
                self.assertIn(message, response.json["errors"][0])

    def test_header_faults(self):
        """faults of the headers' guardrails name the header"""
        for value in ("{bad", '{"default.notNull":{}}', '[{"default.nope":{}}]'):
            with self.subTest(value=value):
                headers = {**self.upstream.headers(), "x-portkey-default-output-guardrails": value}
                response = self.refused(None, headers)
                self.assertIn("x-portkey-default-output-guardrails", response.message)
                self.assertEqual(response.json["error"]["param"], "x-portkey-default-output-guardrails")
        fields = [*self.upstream.headers().items(), *[("x-portkey-default-input-guardrails", '[{"notNull":{}}]')] * 2]
        self.assertEqual(self.send("POST", "/v1/chat/completions", fields, {"model": "m", "messages": []}).status, 400)

    def test_mutators(self):
        """mutators are refused while they are not built"""
        self.assertIn("not supported yet", self.refused(self.guarded(input_mutators=[{"default.addPrefix": {"prefix": "x"}}])).json["errors"][0])


class Output(GuardrailCase):
    """Output guardrails."""

    def test_passes(self):
        """an answer that passes carries the results of both sides"""
        response = self.chat(self.guarded(input_guardrails=[contains("any", "hi")], output_guardrails=[contains("any", "hello", deny=True)]))
        self.assertEqual(response.status, 200, response)
        results = response.json["hook_results"]
        self.assertEqual([len(results["before_request_hooks"]), len(results["after_request_hooks"])], [1, 1])
        self.assertEqual(response["x-portkey-retry-attempt-count"], "0")

    def test_denies(self):
        """an answer that fails in a hook that denies is not passed on"""
        response = self.chat(self.guarded(output_guardrails=[contains("none", "hello", deny=True)]))
        results = self.denied(response)
        self.assertFalse(results["after_request_hooks"][0]["verdict"])
        self.assertNotIn(b'"content":"hello"', response.body.replace(b" ", b""))
        self.assertEqual(len(self.upstream.requests), 1)

    def test_calls(self):
        """the arguments of calls are looked at, and refusals"""
        for message in ({"content": None, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":"bad"}'}}]},
                        {"content": None, "function_call": {"name": "f", "arguments": "bad"}}, {"content": None, "refusal": "bad"}):
            with self.subTest(message=message):
                choices = [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}]
                self.upstream.handler = lambda request, peer, choices=choices: peer.answer({**CHAT, "choices": choices})
                self.denied(self.chat(self.guarded(output_guardrails=[contains("none", "bad", deny=True)])))

    def test_fetched_later(self):
        """what is generated now and fetched later is refused by a guardrail that would deny it"""
        config = {"x-portkey-config": json.dumps(self.guarded(output_guardrails=[contains("none", "x", deny=True)]))}
        for method, path, body in (("POST", "responses", {"model": "m", "input": "hi", "background": True}), ("POST", "batches", {"a": 1}),
                                   ("GET", "responses/resp_1", None), ("POST", "responses/resp_1/cancel", None), ("GET", "chat/completions/c_1", None),
                                   ("GET", "chat/completions", None), ("GET", "Respon%73es/resp_1", None)):
            with self.subTest(method=method, path=path):
                response = self.send(method, f"/v1/{path}", config, body)
                self.assertEqual((response.status, response.json["error"]["code"]), (400, "unguarded_request"), response)
        self.assertEqual(self.upstream.requests, [])
        soft = {"x-portkey-config": json.dumps(self.guarded(output_guardrails=[contains("none", "x")]))}
        self.assertEqual(self.send("GET", "/v1/responses/resp_1", soft).status, 200)

    def test_streamed_body(self):
        """what is checked of a request whose body has streamed through is what its head said"""
        config = self.guarded(output_guardrails=[{"requiredMetadataKeys": {"metadataKeys": ["tier"]}}, {"modelWhitelist": {"models": ["m"]}}])
        body = b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n' + b"x" * 300_000 + b"\r\n--b--\r\n"
        response = self.send("POST", "/v1/chat/completions", {
            "x-portkey-config": json.dumps(config), "x-portkey-metadata": '{"tier":"gold"}', "Content-Type": "multipart/form-data; boundary=b"}, body)
        self.assertEqual(response.status, 246, response)
        self.assertEqual([hook["verdict"] for hook in response.json["hook_results"]["after_request_hooks"]], [True, False])

    def test_many_choices(self):
        """an answer of very many empty choices cannot be judged"""
        self.upstream.handler = lambda request, peer: peer.answer({"choices": [{}] * 5000})
        self.assertEqual(self.chat(self.guarded(output_guardrails=[contains("any", "x")])).status, 502)

    def test_keeps_connections(self):
        """a refused answer was whole: both its connections carry the next request"""
        config = {"x-portkey-config": json.dumps(self.guarded(output_guardrails=[contains("none", "hello", deny=True)]))}
        body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
        with Wire(self.gateway.port) as wire:
            for count in (1, 2, 3):
                self.denied(wire.send(request("POST", "/v1/chat/completions", config, body)).response())
                if count == 1:
                    connections = self.upstream.connections
        self.assertEqual(self.upstream.connections, connections)

    def test_fails_softly(self):
        """an answer that fails otherwise is passed on with status 246"""
        response = self.chat(self.guarded(output_guardrails=[contains("none", "hello")]))
        self.assertEqual((response.status, response.json["choices"]), (246, CHAT["choices"]), response)

    def test_every_choice(self):
        """each choice has to pass, not only the first"""
        choices = [{"index": index, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"} for index, text in enumerate(("fine", "bad"))]
        self.upstream.handler = lambda request, peer: peer.answer({**CHAT, "choices": choices})
        self.denied(self.chat(self.guarded(output_guardrails=[contains("none", "bad", deny=True)])))

    def test_chunked_answer(self):
        """an answer in chunks, or ended by the connection, is judged when it is whole"""
        text = json.dumps(CHAT).encode()
        def chunked(request, peer):
            peer.stream(text[:20], text[20:], kind="application/json", gap=0.05)
        def unframed(request, peer):
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + text)
            peer.cut()
        for handler in (chunked, unframed):
            with self.subTest(handler=handler.__name__):
                self.upstream.handler = handler
                response = self.chat(self.guarded(output_guardrails=[contains("any", "hello", deny=True)]))
                self.assertEqual((response.status, response.ended), (200, "length"), response)
                self.assertTrue(response.json["hook_results"]["after_request_hooks"][0]["verdict"])
                self.denied(self.chat(self.guarded(output_guardrails=[contains("none", "hello", deny=True)])))

    def test_cut_answer(self):
        """an answer that is cut off is a failed attempt, as it is for a translated one"""
        def cut(request, peer):
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
            peer.cut()
        self.upstream.handler = cut
        self.assertEqual(self.chat(self.guarded(output_guardrails=[contains("any", "hello")])).status, 502)

    def test_unreadable_answer(self):
        """an answer that is no JSON object cannot be judged, and is not passed on"""
        for body in (b"<html>", b"[1]", b'{"choices":', b""):
            with self.subTest(body=body):
                self.upstream.handler = lambda request, peer, body=body: peer.answer(body, headers=[("Content-Type", "application/json")])
                response = self.chat(self.guarded(output_guardrails=[contains("none", "x")]))
                self.assertEqual((response.status, response.json["error"]["code"]), (502, "upstream_unreadable"), response)

    def test_errors_pass(self):
        """an upstream's error is passed on as it came"""
        self.upstream.handler = lambda request, peer: peer.answer(ERROR, 400)
        response = self.chat(self.guarded(input_guardrails=[contains("none", "hi")], output_guardrails=[contains("none", "x", deny=True)]))
        self.assertEqual((response.status, response.body), (400, json.dumps(ERROR).encode()), response)

    def test_retry(self):
        """446 in the retry list asks again at once, to the end of the attempts (case 20)"""
        config = self.guarded(output_guardrails=[contains("none", "hello", deny=True)], retry={"attempts": 2, "on_status_codes": [446]})
        started = time.monotonic()
        response = self.chat(config)
        self.denied(response)
        self.assertLess(time.monotonic() - started, 0.8, "a guardrail's repeats do not wait")
        self.assertEqual((len(self.upstream.requests), response["x-portkey-retry-attempt-count"]), (3, "-1"))
        self.assertEqual(len(response.json["hook_results"]["after_request_hooks"]), 1, "of the last answer only")

    def test_retry_succeeds(self):
        """an answer that passes after one that did not is the answer, for 446 and for 246"""
        for deny, status in ((True, 446), (False, 246)):
            with self.subTest(status=status):
                self.upstream.forget()
                self.upstream.handler = lambda request, peer: says("bad" if len(self.upstream.requests) == 1 else "fine")(request, peer)
                config = self.guarded(output_guardrails=[contains("none", "bad", deny=deny)], retry={"attempts": 2, "on_status_codes": [status]})
                response = self.chat(config)
                self.assertEqual((response.status, response["x-portkey-retry-attempt-count"]), (200, "1"), response)
                self.assertTrue(response.json["hook_results"]["after_request_hooks"][0]["verdict"])

    def test_without_retry(self):
        """a denied answer is not asked for again unless 446 is listed"""
        self.denied(self.chat(self.guarded(output_guardrails=[contains("none", "hello", deny=True)], retry={"attempts": 2})))
        self.assertEqual(len(self.upstream.requests), 1)


class Fallback(GuardrailCase):
    """Guardrails and the next target."""

    def fallback(self, *targets, **strategy):
        return {"strategy": {"mode": "fallback", **strategy}, "targets": [self.upstream.target(**members) for members in targets]}

    def test_denied_request(self):
        """a target whose guardrails refuse the request is passed over, without a call"""
        response = self.chat(self.fallback({"input_guardrails": [contains("none", "hi", deny=True)]}, {}))
        self.assertEqual((response.status, response["x-portkey-last-used-option-index"]), (200, "config.targets[1]"), response)
        self.assertEqual(len(self.upstream.requests), 1)
        self.assertNotIn("hook_results", response.json)

    def test_denied_answer(self):
        """an answer that is refused sends the request to the next target"""
        self.upstream.handler = lambda request, peer: says("bad" if len(self.upstream.requests) == 1 else "fine")(request, peer)
        guardrails = {"output_guardrails": [contains("none", "bad", deny=True)]}
        response = self.chat(self.fallback(guardrails, guardrails))
        self.assertEqual((response.status, response["x-portkey-last-used-option-index"]), (200, "config.targets[1]"), response)
        self.assertEqual(response["x-portkey-retry-attempt-count"], "0")

    def test_listed(self):
        """on_status_codes with 446 or 246 goes on, and one without them does not"""
        for side in ("input_guardrails", "output_guardrails"):
            for deny, status in ((True, 446), (False, 246)):
                guardrail = contains("none", "hi" if side == "input_guardrails" else "hello", deny=deny)
                with self.subTest(side=side, status=status):
                    response = self.chat(self.fallback({side: [guardrail]}, {}, on_status_codes=[status]))
                    self.assertEqual((response.status, response["x-portkey-last-used-option-index"]), (200, "config.targets[1]"), response)
                    response = self.chat(self.fallback({side: [guardrail]}, {}, on_status_codes=[500]))
                    self.assertEqual((response.status, response["x-portkey-last-used-option-index"]), (status, "config.targets[0]"), response)

    def test_soft_failure_is_a_success(self):
        """246 is a success to a fallback without a list (case 21)"""
        response = self.chat(self.fallback({"output_guardrails": [contains("none", "hello")]}, {}))
        self.assertEqual((response.status, response["x-portkey-last-used-option-index"]), (246, "config.targets[0]"), response)

    def test_all_denied(self):
        """when every target refuses, the last one's results are the answer"""
        response = self.chat(self.fallback({"input_guardrails": [contains("none", "hi", deny=True, id="one")]},
                                           {"input_guardrails": [contains("none", "hi", deny=True, id="two")]}))
        self.assertEqual([hook["id"] for hook in self.denied(response)["before_request_hooks"]], ["two"])

    def test_explained(self):
        """the trail of a request tells of targets that guardrails refused"""
        response = self.chat(self.fallback({"input_guardrails": [contains("none", "hi", deny=True)]}, {}), {"x-sluice-explain": "1"})
        self.assertRegex(response["x-sluice-decision"], r"^config\.targets\[0\];446;0ms;first, config\.targets\[1\];200;\d+ms;fallback$")


class Hedges(GuardrailCase):
    """Guardrails and second attempts."""

    def test_other_guardrails(self):
        """a second attempt does not go to a target whose guardrails the request has not met, and does to the same one"""
        slow = lambda request, peer: (time.sleep(0.4), peer.answer(CHAT))
        guardrails = {"input_guardrails": [contains("any", "hi", deny=True)]}
        for targets, calls in (([{}, guardrails], 1), ([guardrails, {}], 1), ([guardrails], 2), ([{}, {}], 2)):
            with self.subTest(targets=targets):
                self.upstream.forget()
                self.upstream.handler = slow
                config = {"strategy": {"mode": "fallback"}, "hedge": {"after": 100, "budget": 1}, "targets": [self.upstream.target(**t) for t in targets]}
                self.assertEqual(self.chat(config).status, 200)
                self.assertEqual(len(self.upstream.requests), calls)


class Streams(GuardrailCase):
    """Guardrails and streams."""

    EVENTS = (b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n', b"data: [DONE]\n\n")

    def setUp(self):
        super().setUp()
        self.upstream.handler = lambda request, peer: peer.stream(*self.EVENTS)

    def test_loose(self):
        """in loose mode the first event has the results, and a failed check makes the status 246 (case 29)"""
        for words, status in ((["hi"], 246), (["other"], 200)):
            with self.subTest(status=status):
                response = self.streamed(self.guarded(input_guardrails=[contains("none", *words)]), {"x-portkey-strict-open-ai-compliance": "false"})
                self.assertEqual((response.status, response.ended), (status, "chunked"), response)
                first, rest = response.body.split(b"\n\n", 1)
                self.assertTrue(first.startswith(b"data: "))
                results = json.loads(first[6:])
                self.assertEqual(list(results), ["hook_results"])
                self.assertEqual(list(results["hook_results"]), ["before_request_hooks"])
                self.assertEqual(results["hook_results"]["before_request_hooks"][0]["verdict"], status == 200)
                self.assertEqual(rest, b"".join(self.EVENTS))

    def test_strict(self):
        """in strict mode, the default, the events are the provider's; the status tells"""
        response = self.streamed(self.guarded(input_guardrails=[contains("none", "hi")]))
        self.assertEqual((response.status, response.body), (246, b"".join(self.EVENTS)), response)

    def test_loose_target(self):
        """a target may be loose itself"""
        response = self.streamed(self.guarded(strict_open_ai_compliance=False, input_guardrails=[contains("any", "hi")]))
        self.assertTrue(response.body.startswith(b'data: {"hook_results":'), response)

    def test_length(self):
        """a stream with a length gets chunks, since an event is added"""
        body = b"".join(self.EVENTS)
        self.upstream.handler = lambda request, peer: peer.answer(body, headers=[("Content-Type", "text/event-stream")])
        response = self.streamed(self.guarded(input_guardrails=[contains("any", "hi")]), {"x-portkey-strict-open-ai-compliance": "false"})
        self.assertEqual((response.status, response.ended, response["content-length"]), (200, "chunked", None), response)
        self.assertTrue(response.body.startswith(b'data: {"hook_results":') and response.body.endswith(body))

    def test_old_clients(self):
        """an HTTP/1.0 client gets the event too"""
        config = self.guarded(input_guardrails=[contains("any", "hi")])
        body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        text = request("POST", "/v1/chat/completions", {"x-portkey-config": json.dumps(config), "x-portkey-strict-open-ai-compliance": "false"}, body)
        with Wire(self.gateway.port) as wire:
            response = wire.send(text.replace(b"HTTP/1.1", b"HTTP/1.0", 1)).response()
        self.assertTrue(response.body.startswith(b'data: {"hook_results":') and response.body.endswith(b"".join(self.EVENTS)), response)

    def test_without_body(self):
        """an answer that has no body gets no event, and the connection goes on"""
        self.upstream.handler = lambda request, peer: peer.send(b"HTTP/1.1 204 No Content\r\nContent-Type: text/event-stream\r\n\r\n")
        headers = {"x-portkey-config": json.dumps(self.guarded(input_guardrails=[contains("none", "hi")])), "x-portkey-strict-open-ai-compliance": "false"}
        body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        with Wire(self.gateway.port) as wire:
            for _ in range(2):
                response = wire.send(request("POST", "/v1/chat/completions", headers, body)).response()
                self.assertEqual((response.status, response["transfer-encoding"], response.ended), (204, None, "none"), response)

    def test_after_a_failed_answer(self):
        """what an answer's checks came to is not told of a stream that came after it"""
        def handler(request, peer):
            if len(self.upstream.requests) == 1:
                peer.answer(CHAT)
            else:
                peer.stream(*self.EVENTS)
        self.upstream.handler = handler
        config = self.guarded(output_guardrails=[contains("none", "hello")], retry={"attempts": 1, "on_status_codes": [246]})
        self.assertEqual(self.streamed(config).status, 200)

    def test_denied(self):
        """input guardrails refuse a stream as they refuse any request"""
        self.denied(self.streamed(self.guarded(input_guardrails=[contains("none", "hi", deny=True)])))

    def test_output_that_denies(self):
        """a stream that denying output guardrails would have to see whole is refused, and says why"""
        for members in ({}, {"override_params": {"stream": True}}):
            with self.subTest(members=members):
                config = self.guarded(output_guardrails=[contains("none", "x", deny=True)], **members)
                response = self.streamed(config) if not members else self.chat(config)
                self.assertEqual((response.status, response.json["error"]["code"], response.json["error"]["param"]),
                                 (400, "unguarded_request", "stream"), response)
                self.assertEqual(self.upstream.requests, [])
        self.upstream.handler = lambda request, peer: peer.answer(CHAT)
        config = self.guarded(output_guardrails=[contains("none", "x", deny=True)], override_params={"stream": False})
        self.assertEqual(self.streamed(config).status, 200)

    def test_unasked_stream(self):
        """a provider that streams unasked does not get round them"""
        response = self.chat(self.guarded(output_guardrails=[contains("none", "x", deny=True)]))
        self.assertEqual((response.status, response.json["error"]["code"]), (502, "upstream_unreadable"), response)

    def test_output_that_tells(self):
        """output guardrails that only tell are not made of streams, which the answer says"""
        response = self.streamed(self.guarded(output_guardrails=[contains("none", "a")]))
        self.assertEqual((response.status, response.body), (200, b"".join(self.EVENTS)), response)
        self.assertEqual(response["x-sluice-warnings"], "unchecked: output guardrails are not made of streams")


class Dialects(GuardrailCase):
    """Guardrails where the target speaks another dialect."""

    def asked(self, side, *guardrails):
        return {**self.upstream.headers("anthropic"), f"x-portkey-default-{side}-guardrails": json.dumps(list(guardrails))}

    def test_whole(self):
        """a translated answer is judged, and told of, as the client gets it"""
        self.upstream.handler = lambda request, peer: peer.answer(MESSAGE)
        response = self.chat(headers=self.asked("output", contains("any", "hello", deny=True)))
        self.assertEqual(response.status, 200, response)
        self.assertEqual(response.json["choices"][0]["message"]["content"], "hello")
        self.assertTrue(response.json["hook_results"]["after_request_hooks"][0]["verdict"])
        self.denied(self.chat(headers=self.asked("output", contains("none", "hello", deny=True))))
        self.assertEqual(self.chat(headers=self.asked("output", contains("none", "hello"))).status, 246)

    def test_streamed(self):
        """a translated stream begins with the results in loose mode"""
        def handler(request, peer):
            peer.stream(b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],'
                        b'"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}\n\n',
                        b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
                        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"yo"}}\n\n',
                        b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
                        b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2}}\n\n',
                        b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
        self.upstream.handler = handler
        headers = {**self.asked("input", contains("none", "hi")), "x-portkey-strict-open-ai-compliance": "false"}
        response = self.streamed(headers=headers, max_tokens=9)
        self.assertEqual((response.status, response.ended), (246, "chunked"), response)
        self.assertTrue(response.body.startswith(b'data: {"hook_results":{"before_request_hooks":[{'), response)
        self.assertTrue(response.body.endswith(b"data: [DONE]\n\n"))

    def test_messages(self):
        """an Anthropic client's first event is named, and its answers are judged by their content"""
        self.upstream.handler = lambda request, peer: peer.stream(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
        headers = {**self.asked("input", contains("none", "hi")), "x-portkey-strict-open-ai-compliance": "false"}
        response = self.streamed(headers=headers, path="/v1/messages", max_tokens=9)
        self.assertEqual(response.status, 246, response)
        self.assertTrue(response.body.startswith(b'event: hook_results\ndata: {"hook_results":{"before_request_hooks":[{'), response)
        self.upstream.handler = lambda request, peer: peer.answer(MESSAGE)
        body = {"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
        response = self.send("POST", "/v1/messages", self.asked("output", contains("none", "hello")), body)
        self.assertEqual((response.status, response.json["content"][0]["text"]), (246, "hello"), response)

    def test_error(self):
        """a translated error carries no results"""
        self.upstream.handler = lambda request, peer: peer.answer({"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}, 400)
        response = self.chat(headers=self.asked("input", contains("none", "hi")))
        self.assertEqual((response.status, "hook_results" in response.json), (400, False), response)


class Clients(GuardrailCase):
    """Guardrails as the SDKs see them."""

    HELLO = [{"role": "user", "content": "hi"}]

    def headers(self, *guardrails):
        return {"x-portkey-config": json.dumps(self.guarded(input_guardrails=list(guardrails)))}

    def test_openai(self):
        """the openai SDK gets an APIStatusError with the results, and an answer with 246 as an answer"""
        client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key="none", max_retries=0)
        with self.assertRaises(openai.APIStatusError) as caught:
            client.chat.completions.create(model="m", messages=self.HELLO, extra_headers=self.headers(contains("none", "hi", deny=True)))
        self.assertEqual(caught.exception.status_code, 446)
        self.assertIn("guardrail checks", str(caught.exception))
        self.assertFalse(caught.exception.response.json()["hook_results"]["before_request_hooks"][0]["verdict"])
        completion = client.chat.completions.create(model="m", messages=self.HELLO, extra_headers=self.headers(contains("none", "hi")))
        self.assertEqual(completion.choices[0].message.content, "hello")
        self.assertFalse(completion.hook_results["before_request_hooks"][0]["verdict"])

    def test_portkey(self):
        """portkey-ai takes guardrails in its config"""
        config = self.guarded(input_guardrails=[contains("any", "hi")], output_guardrails=[contains("none", "hello")])
        completion = Portkey(base_url=f"{self.gateway.url}/v1", config=config).chat.completions.create(model="m", messages=self.HELLO)
        self.assertEqual(completion.choices[0].message.content, "hello")
        self.assertTrue(completion.hook_results["before_request_hooks"][0]["verdict"])
        self.assertFalse(completion.hook_results["after_request_hooks"][0]["verdict"])

    def test_anthropic(self):
        """the anthropic SDK gets an APIStatusError with the sentence"""
        config = {"provider": "anthropic", "api_key": "k", "custom_host": self.upstream.base, "input_guardrails": [contains("none", "hi", deny=True)]}
        client = anthropic.Anthropic(base_url=self.gateway.url, api_key="none", max_retries=0)
        with self.assertRaises(anthropic.APIStatusError) as caught:
            client.messages.create(model="claude", max_tokens=9, messages=self.HELLO, extra_headers={"x-portkey-config": json.dumps(config)})
        self.assertEqual(caught.exception.status_code, 446)
        self.assertIn("guardrail checks", str(caught.exception))
