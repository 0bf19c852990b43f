"""What the anthropic SDK reads of OpenAI's and Gemini's answers: text, calls, thinking, usage, ends and errors."""

import anthropic

from harness.native import Gemini, OpenAI
from harness.translation import CALLS, HELLO, SAID, TEXT, Fault, TranslationCase
from harness.wire import Wire, request

TOOLS = [{"name": name, "input_schema": {"type": "object", "properties": {}}} for name in ("weather", "time")]


class ToAnthropic:
    """What the anthropic SDK reads; a subclass names the provider."""

    def options(self, members):
        return {"model": self.native.model, "max_tokens": 500, "messages": HELLO, **members}

    def create(self, **members):
        return self.anthropic(self.native.provider).messages.create(**self.options(members))

    def stream(self, **members):
        return self.anthropic(self.native.provider).messages.stream(**self.options(members))

    def final(self, **members):
        with self.stream(**members) as stream:
            return stream.get_final_message()

    def test_whole(self):
        """a whole answer"""
        self.answer(self.native.whole(SAID))
        message = self.create()
        self.assertEqual((message.type, message.role, message.stop_reason, message.stop_sequence), ("message", "assistant", "end_turn", None))
        self.assertEqual([block.model_dump(exclude_none=True) for block in message.content], [{"type": "text", "text": TEXT}])
        self.assertTrue(message.id.startswith("msg_"), message.id)
        self.assertTrue(message.model.startswith(self.native.model))
        self.assertEqual(self.upstream.requests[0].target, self.native.path)

    def test_streamed(self):
        """a streamed answer, gathered by the SDK's helper"""
        self.answer(self.native.stream(SAID))
        with self.stream() as stream:
            self.assertEqual(list(stream.text_stream), list(SAID[1:]))
            final = stream.get_final_message()
        self.assertEqual((final.content[0].text, len(final.content), final.stop_reason), (TEXT, 1, "end_turn"))
        self.assertEqual(self.upstream.requests[0].target, self.native.stream_path)

    def test_order(self):
        """the events come in Anthropic's order, blocks one after another"""
        self.answer(self.native.stream(("thinking", "", "hm"), SAID, *CALLS, end="calls"))
        events = [event for event in self.create(stream=True, tools=TOOLS) if event.type != "ping"]
        kinds = [event.type for event in events]
        self.assertEqual((kinds[0], kinds[-2:]), ("message_start", ["message_delta", "message_stop"]))
        starts = [(event.index, event.content_block.type) for event in events if event.type == "content_block_start"]
        self.assertEqual(starts, [(0, "thinking"), (1, "text"), (2, "tool_use"), (3, "tool_use")])
        opened = None
        for event in events[1:-2]:
            if event.type == "content_block_start":
                self.assertIsNone(opened)
                opened = event.index
            self.assertEqual(event.index, opened)
            if event.type == "content_block_stop":
                opened = None
        self.assertIsNone(opened)

    def test_one_by_one(self):
        """the first piece is there before the provider sends the second"""
        self.answer_in_steps(self.native.stream(("text", "first", "second")), "second")
        with self.stream() as stream:
            for text in stream.text_stream:
                if text == "first":
                    self.seen.set()
        self.assertEqual(self.kept, [True])

    def test_split(self):
        """a stream cut into pieces of any size is the same stream"""
        text = b"".join(self.native.stream(("thinking", "", "hm"), SAID, *CALLS, end="calls"))
        self.answer([text])
        expected = [block.model_dump() for block in self.final(tools=TOOLS).content]
        for size in (1, 7, 64):
            with self.subTest(size=size):
                self.answer([text[at:at + size] for at in range(0, len(text), size)])
                self.assertEqual([block.model_dump() for block in self.final(tools=TOOLS).content], expected)

    def test_calls(self):
        """two calls at once, whole and streamed alike"""
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                self.answer((self.native.stream if streamed else self.native.whole)(("text", "we", "ll"), *CALLS, end="calls"))
                message = (self.final if streamed else self.create)(tools=TOOLS)
                self.assertEqual(message.stop_reason, "tool_use")
                self.assertEqual(message.content[0].text, "well")
                self.assertEqual([(block.type, block.id, block.name, block.input) for block in message.content[1:]],
                                 [("tool_use", id, name, arguments) for _, id, name, arguments in CALLS])

    def test_call_without_arguments(self):
        """a call without arguments has an empty input"""
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                self.answer((self.native.stream if streamed else self.native.whole)(("call", "c1", "now", {}), end="calls"))
                self.assertEqual((self.final if streamed else self.create)(tools=TOOLS).content[0].input, {})

    def test_thinking(self):
        """thinking comes in blocks of its own, before the text"""
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                self.answer((self.native.stream if streamed else self.native.whole)(("thinking", "", "h", "mm"), SAID))
                thinking, text = (self.final if streamed else self.create)().content
                self.assertEqual((thinking.type, thinking.thinking, text.text), ("thinking", "hmm", TEXT))
                self.assertIsInstance(thinking.signature, str)

    def assert_usage(self, usage):
        self.assertEqual((usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens, usage.output_tokens), (70, 30, 0, 50))
        self.assertEqual(usage.output_tokens_details.thinking_tokens, 20)

    def test_usage(self):
        """usage leaves cached tokens out of the input, whole and streamed alike"""
        self.answer(self.native.whole(SAID))
        self.assert_usage(self.create().usage)
        self.answer(self.native.stream(SAID))
        self.assert_usage(self.final().usage)

    def test_ends(self):
        """each of the provider's words for an end has one of Anthropic's, whole and streamed"""
        for word, expected in self.finishes.items():
            with self.subTest(word=word):
                self.answer(self.native.whole(SAID, end=word))
                self.assertEqual(self.create().stop_reason, expected)
                self.answer(self.native.stream(SAID, end=word))
                self.assertEqual(self.final().stop_reason, expected)

    def test_errors(self):
        """an error raises the SDK's own exception, in Anthropic's shape, with the provider's message and request id"""
        kinds = {400: (anthropic.BadRequestError, "invalid_request_error"), 401: (anthropic.AuthenticationError, "authentication_error"),
                 403: (anthropic.PermissionDeniedError, "permission_error"), 404: (anthropic.NotFoundError, "not_found_error"),
                 429: (anthropic.RateLimitError, "rate_limit_error"), 500: (anthropic.InternalServerError, "api_error"),
                 503: (anthropic.ServiceUnavailableError, None)}
        for status in self.native.errors:
            for stream in (False, True):
                kind, word = kinds[status]
                self.answer(Fault(self.native, status, [("retry-after", "7")]))
                with self.subTest(status=status, stream=stream), self.assertRaises(kind) as caught:
                    self.create(stream=stream)
                fault = caught.exception
                self.assertEqual((fault.status_code, fault.body["type"], fault.body["error"]["message"]), (status, "error", "native no"))
                self.assertEqual(fault.response.headers["retry-after"], "7")
                if word:
                    self.assertEqual(fault.body["error"]["type"], word)

    def test_error_in_stream(self):
        """an error in mid-stream raises, with the provider's words"""
        self.answer([*self.native.stream(SAID)[:-2], self.native.error_event()])
        with self.assertRaises(anthropic.APIStatusError) as caught:
            self.final()
        self.assertEqual((caught.exception.body["type"], caught.exception.body["error"]["message"]), ("error", "native overload"))

    def test_cut_stream(self):
        """a stream that is cut in mid-event, or ends early, raises a typed error"""
        for cut in (True, False):
            self.answer_cut(self.native.stream(("text", *"abcdefgh")), cut)
            texts = []
            with self.subTest(cut=cut), self.assertRaises(anthropic.APIStatusError) as caught:
                with self.stream() as stream:
                    texts.extend(stream.text_stream)
            self.assertEqual(caught.exception.body["type"], "error")
            self.assertTrue(caught.exception.body["error"]["message"])

    def test_cut_stream_on_the_wire(self):
        """what ends a cut stream is one error event, no message_stop, and no clean end of the body"""
        self.answer_cut(self.native.stream(("text", *"abcdefgh")))
        wire, response = self.open_messages()
        body = b"".join(wire.body(response))
        self.assertEqual(response.ended, "cut")
        self.assertNotIn(b"message_stop", body)
        self.assertEqual(body.count(b"event: error\n"), 1)

    def open_messages(self):
        wire = Wire(self.gateway.port)
        self.addCleanup(wire.socket.close)
        body = {"model": self.native.model, "max_tokens": 5, "stream": True, "messages": HELLO}
        wire.send(request("POST", "/v1/messages", {"x-portkey-provider": self.native.provider, "x-api-key": "k", "anthropic-version": "2023-06-01"}, body))
        return wire, wire.head()


class OpenAIToAnthropic(ToAnthropic, TranslationCase):
    """OpenAI's answers to anthropic."""

    native = OpenAI
    finishes = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal", "new_word": "end_turn"}

    def test_request_id(self):
        """answers and errors have the provider's request id where the SDK looks for it"""
        self.upstream.handler = lambda request, peer: peer.answer(OpenAI.whole(SAID), headers=[("x-request-id", "req_native")])
        self.assertEqual(self.create()._request_id, "req_native")
        self.answer(Fault(OpenAI, 429))
        with self.assertRaises(anthropic.RateLimitError) as caught:
            self.create()
        self.assertEqual(caught.exception.request_id, "req_native")
        self.assertEqual(caught.exception.body["request_id"], "req_native")

    def test_usage_is_asked_for(self):
        """the usage of a stream is asked of the provider, since Anthropic's clients always get it"""
        self.answer(OpenAI.stream(SAID))
        self.final()
        self.assertEqual(self.sent["stream_options"], {"include_usage": True})

    def test_refusal(self):
        """a refusal is text, and the end says so"""
        self.answer(OpenAI.whole(refusal="I may not."))
        message = self.create()
        self.assertEqual((message.stop_reason, message.content[0].text), ("refusal", "I may not."))
        self.answer(OpenAI.stream(("refusal", "I may ", "not.")))
        message = self.final()
        self.assertEqual((message.stop_reason, message.content[0].text), ("refusal", "I may not."))

    def test_arguments_that_are_no_json(self):
        """a call whose arguments are no JSON object is a fault of the provider's"""
        answer = OpenAI.whole(CALLS[0], end="calls")
        answer["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] = "{\"city\": "
        self.answer(answer)
        with self.assertRaises(anthropic.InternalServerError) as caught:
            self.create(tools=TOOLS)
        self.assertEqual((caught.exception.status_code, caught.exception.body["error"]["type"]), (502, "api_error"))


class GeminiToAnthropic(ToAnthropic, TranslationCase):
    """Gemini's answers to anthropic."""

    native = Gemini
    finishes = {"STOP": "end_turn", "MAX_TOKENS": "max_tokens", "SAFETY": "refusal", "PROHIBITED_CONTENT": "refusal", "OTHER": "end_turn",
                "MALFORMED_FUNCTION_CALL": "end_turn"}

    def test_signature(self):
        """the proof of the thinking comes with a thinking block and goes back to Gemini"""
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                make = Gemini.stream if streamed else Gemini.whole
                self.answer(make(("thinking", "c2lnbmF0dXJl", "hm"), *CALLS, end="calls"), Gemini.whole(SAID))
                message = (self.final if streamed else self.create)(tools=TOOLS)
                self.assertIn("c2lnbmF0dXJl", [getattr(block, "signature", None) for block in message.content])
                results = [{"type": "tool_result", "tool_use_id": item[1], "content": "x"} for item in CALLS]
                content = [block.model_dump(exclude_none=True) for block in message.content]
                for block in content:
                    block.pop("caller", None)
                self.create(tools=TOOLS, messages=[*HELLO, {"role": "assistant", "content": content}, {"role": "user", "content": results}])
                signatures = [part.get("thoughtSignature") for part in self.sent["contents"][1]["parts"] if "functionCall" in part]
                self.assertEqual(signatures, ["c2lnbmF0dXJl", None])

    def test_blocked_prompt(self):
        """a prompt that a filter stopped is a refusal"""
        blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 8, "totalTokenCount": 8}}
        self.answer(blocked)
        self.assertEqual((self.create().stop_reason, self.create().content), ("refusal", []))
