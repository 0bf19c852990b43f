"""What the openai SDK reads of Claude's and Gemini's answers: text, calls, thinking, usage, ends and errors."""

import json

import openai

from harness.native import Claude, Gemini
from harness.translation import CALLS, HELLO, SAID, TEXT, Fault, TranslationCase

TOOLS = [{"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}} for name in ("weather", "time")]
LOOSE = {"x-portkey-strict-open-ai-compliance": "false"}


class ToOpenAI:
    """What the openai SDK reads; a subclass names the provider."""

    def create(self, headers=(), **members):
        return self.openai(self.native.provider, headers).chat.completions.create(model=self.native.model, messages=HELLO, **members)

    def stream(self, headers=(), **members):
        return self.openai(self.native.provider, headers).chat.completions.stream(model=self.native.model, messages=HELLO, **members)

    def final(self, headers=(), **members):
        """The completion the SDK's own helper gathers from a stream."""
        with self.stream(headers, **members) as stream:
            return stream.get_final_completion()

    def test_whole(self):
        """a whole answer"""
        self.answer(self.native.whole(SAID))
        completion = self.create()
        choice = completion.choices[0]
        self.assertEqual((choice.message.content, choice.message.role, choice.message.refusal, choice.finish_reason), (TEXT, "assistant", None, "stop"))
        self.assertEqual((completion.object, len(completion.choices), choice.message.tool_calls), ("chat.completion", 1, None))
        self.assertTrue(completion.id)
        self.assertTrue(completion.model.startswith(self.native.model))
        self.assertGreater(completion.created, 1_700_000_000)
        self.assertEqual(self.upstream.requests[0].target, self.native.path)

    def test_strict(self):
        """a strict answer has no member that OpenAI's documents do not"""
        self.answer(self.native.whole(("thinking", "c2ln", "hm"), SAID))
        body = self.create().model_dump(exclude_unset=True)
        self.assertLessEqual(set(body), {"id", "object", "created", "model", "choices", "usage", "service_tier", "system_fingerprint"})
        self.assertLessEqual(set(body["choices"][0]), {"index", "message", "logprobs", "finish_reason"})
        self.assertLessEqual(set(body["choices"][0]["message"]), {"role", "content", "refusal", "annotations", "tool_calls"})

    def test_streamed(self):
        """a streamed answer, gathered by the SDK's helper"""
        self.answer(self.native.stream(SAID))
        with self.stream() as stream:
            events = list(stream)
            final = stream.get_final_completion()
        self.assertEqual([event.delta for event in events if event.type == "content.delta" and event.delta], list(SAID[1:]))
        self.assertEqual((final.choices[0].message.content, final.choices[0].finish_reason), (TEXT, "stop"))
        self.assertEqual(self.upstream.requests[0].target, self.native.stream_path)
        chunks = [event.chunk for event in events if event.type == "chunk"]
        self.assertEqual(len({(chunk.id, chunk.model, chunk.created) for chunk in chunks}), 1)
        self.assertEqual(chunks[0].choices[0].delta.role, "assistant")

    def test_one_by_one(self):
        """the first piece is there before the provider sends the second"""
        self.answer_in_steps(self.native.stream(("text", "first", "second")), "second")
        with self.stream() as stream:
            for event in stream:
                if event.type == "content.delta" and event.delta == "first":
                    self.seen.set()
        self.assertEqual(self.kept, [True])

    def test_split(self):
        """a stream cut into pieces of any size is the same stream"""
        text = b"".join(self.native.stream(("thinking", "c2ln", "hm"), SAID, *CALLS, end="calls"))
        self.answer([text])
        expected = self.final(tools=TOOLS).choices[0].model_dump()
        for size in (1, 7, 64):
            with self.subTest(size=size):
                self.answer([text[at:at + size] for at in range(0, len(text), size)])
                self.assertEqual(self.final(tools=TOOLS).choices[0].model_dump(), expected)

    def assert_calls(self, choice):
        self.assertEqual(choice.finish_reason, "tool_calls")
        calls = choice.message.tool_calls
        self.assertEqual([(call.type, call.function.name, json.loads(call.function.arguments)) for call in calls],
                         [("function", name, arguments) for _, _, name, arguments in CALLS])
        self.assertEqual([call.id for call in calls], [item[1] for item in CALLS])

    def test_calls(self):
        """two calls at once, whole"""
        self.answer(self.native.whole(("text", "well"), *CALLS, end="calls"))
        choice = self.create(tools=TOOLS).choices[0]
        self.assert_calls(choice)
        self.assertEqual(choice.message.content, "well")

    def test_streamed_calls(self):
        """two calls at once, streamed: the same as whole"""
        self.answer(self.native.stream(("text", "we", "ll"), *CALLS, end="calls"))
        with self.stream(tools=TOOLS) as stream:
            events = list(stream)
            final = stream.get_final_completion()
        self.assert_calls(final.choices[0])
        done = [(event.index, event.name, json.loads(event.arguments)) for event in events if event.type == "tool_calls.function.arguments.done"]
        self.assertEqual(done, [(0, "weather", CALLS[0][3]), (1, "time", CALLS[1][3])])

    def test_call_without_arguments(self):
        """a call without arguments has an empty object, whole and streamed"""
        self.answer(self.native.whole(("call", "c1", "now", {}), end="calls"))
        self.assertEqual(json.loads(self.create(tools=TOOLS).choices[0].message.tool_calls[0].function.arguments), {})
        self.answer(self.native.stream(("call", "c1", "now", {}), end="calls"))
        self.assertEqual(json.loads(self.final(tools=TOOLS).choices[0].message.tool_calls[0].function.arguments), {})

    def test_thinking_is_hidden(self):
        """thinking is no content for who is strict"""
        self.answer(self.native.whole(("thinking", "c2ln", "hm"), SAID))
        self.assertEqual(self.create().choices[0].message.content, TEXT)
        self.answer(self.native.stream(("thinking", "c2ln", "hm"), SAID))
        self.assertEqual(self.final().choices[0].message.content, TEXT)

    def assert_usage(self, usage):
        self.assertEqual((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (100, 50, 150))
        self.assertEqual((usage.prompt_tokens_details.cached_tokens, usage.completion_tokens_details.reasoning_tokens), (30, 20))

    def test_usage(self):
        """usage counts cached and thought tokens in, whole and streamed alike"""
        self.answer(self.native.whole(SAID))
        self.assert_usage(self.create().usage)
        self.answer(self.native.stream(SAID))
        chunks = list(self.create(stream=True, stream_options={"include_usage": True}))
        self.assert_usage(chunks[-1].usage)
        self.assertEqual([chunk.choices for chunk in chunks if chunk.usage], [[]])

    def test_usage_unasked(self):
        """a stream whose client asked for no usage has none"""
        self.answer(self.native.stream(SAID))
        chunks = list(self.create(stream=True))
        self.assertEqual([chunk.usage for chunk in chunks], [None] * len(chunks))
        self.assertTrue(all(chunk.choices for chunk in chunks))

    def test_ends(self):
        """each of the provider's words for an end has one of OpenAI's, whole and streamed"""
        for word, expected in self.finishes.items():
            with self.subTest(word=word):
                self.answer(self.native.whole(SAID, end=word))
                self.assertEqual(self.create().choices[0].finish_reason, expected)
                self.answer(self.native.stream(SAID, end=word))
                reasons = [chunk.choices[0].finish_reason for chunk in self.create(stream=True)]
                self.assertEqual([reason for reason in reasons if reason], [expected])

    def test_errors(self):
        """an error raises the SDK's own exception, with the provider's words and request id"""
        kinds = {400: openai.BadRequestError, 401: openai.AuthenticationError, 403: openai.PermissionDeniedError, 404: openai.NotFoundError,
                 429: openai.RateLimitError}
        for status, word in self.native.errors.items():
            for stream in (False, True):
                self.answer(Fault(self.native, status, [("retry-after", "7")]))
                with self.subTest(status=status, stream=stream), self.assertRaises(kinds.get(status, openai.APIStatusError)) as caught:
                    self.create(stream=stream)
                fault = caught.exception
                self.assertEqual((fault.status_code, fault.body["message"], fault.body["type"]), (status, "native no", word))
                self.assertEqual(fault.response.headers["retry-after"], "7")
                self.assertEqual(fault.code, self.code(status))  # the SDK makes a string of it

    def test_error_page(self):
        """an error that is a page of HTML is an error in OpenAI's shape all the same"""
        self.upstream.handler = lambda request, peer: peer.answer(b"<html>Bad \"gateway\"</html>", 502, [("Content-Type", "text/html")])
        with self.assertRaises(openai.InternalServerError) as caught:
            self.create()
        self.assertIn("Bad \"gateway\"", caught.exception.body["message"])
        self.assertEqual(caught.exception.response.headers["content-type"].split(";")[0], "application/json")

    def test_error_in_stream(self):
        """an error in mid-stream raises, with the provider's words"""
        self.answer([*self.native.stream(SAID)[:-2], self.native.error_event()])
        with self.assertRaises(openai.APIError) as caught:
            list(self.create(stream=True))
        self.assertEqual(caught.exception.message, "native overload")
        self.assertTrue(caught.exception.type)

    def test_cut_stream(self):
        """a stream that is cut in mid-event, or ends early, raises a typed error"""
        for cut in (True, False):
            self.answer_cut(self.native.stream(("text", *"abcdefgh")), cut)
            texts = []
            with self.subTest(cut=cut), self.assertRaises(openai.APIError) as caught:
                for chunk in self.create(stream=True):
                    texts.append(chunk.choices[0].delta.content)
            self.assertTrue(getattr(caught.exception, "type", None), repr(caught.exception))
            self.assertIn("a", texts)

    def test_cut_stream_on_the_wire(self):
        """what ends a cut stream is one error event, no [DONE], and no clean end of the body"""
        self.answer_cut(self.native.stream(("text", *"abcdefgh")))
        wire, response = self.open_stream({"x-portkey-provider": self.native.provider, "Authorization": "Bearer k"}, model=self.native.model)
        self.assertEqual(response.status, 200, response)
        body = b"".join(wire.body(response))
        self.assertEqual(response.ended, "cut")
        self.assertNotIn(b"[DONE]", body)
        self.assertEqual(body.count(b'"error"'), 1)
        self.assertTrue(body.endswith(b"\n\n"), body[-100:])

    def test_not_of_the_dialect(self):
        """a stream event that is no JSON raises"""
        self.answer([self.native.stream(SAID)[0], b"event: content_block_delta\ndata: {oops\n\n"])
        with self.assertRaises(openai.APIError):
            list(self.create(stream=True))


class ClaudeToOpenAI(ToOpenAI, TranslationCase):
    """Claude's answers to openai."""

    native = Claude
    finishes = {"end_turn": "stop", "max_tokens": "length", "stop_sequence": "stop", "refusal": "content_filter", "pause_turn": "stop",
                "model_context_window_exceeded": "length", "new_word": "stop"}

    def code(self, status):
        return None

    def test_request_id(self):
        """answers and errors have the provider's request id where the SDK looks for it"""
        self.upstream.handler = lambda request, peer: peer.answer(Claude.whole(SAID), headers=[("request-id", "req_native")])
        self.assertEqual(self.create()._request_id, "req_native")
        self.answer(Fault(Claude, 429))
        with self.assertRaises(openai.RateLimitError) as caught:
            self.create()
        self.assertEqual(caught.exception.request_id, "req_native")
        self.assertEqual(caught.exception.response.json()["request_id"], "req_native")

    def test_cache_writes(self):
        """tokens written to the cache count as prompt tokens"""
        usage = {"input_tokens": 70, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 10, "output_tokens": 5}
        self.answer(Claude.whole(SAID, usage=usage))
        counted = self.create(LOOSE).usage
        self.assertEqual((counted.prompt_tokens, counted.total_tokens, counted.prompt_tokens_details.cached_tokens), (100, 105, 10))
        self.assertEqual((counted.cache_creation_input_tokens, counted.cache_read_input_tokens), (20, 10))

    def test_refusal(self):
        """a refusal with an explanation fills message.refusal"""
        details = {"type": "refusal", "category": "cyber", "explanation": "I may not."}
        self.answer(Claude.whole(end="filter", stop_details=details))
        choice = self.create().choices[0]
        self.assertEqual((choice.finish_reason, choice.message.refusal), ("content_filter", "I may not."))
        self.answer(Claude.stream(end="filter", stop_details=details))
        refusals = [chunk.choices[0].delta.refusal for chunk in self.create(stream=True)]
        self.assertEqual("".join(piece or "" for piece in refusals), "I may not.")

    def test_loose(self):
        """who is loose gets content_blocks, whole and streamed, and can send them back with their signatures"""
        expected = [{"type": "thinking", "thinking": "hmm", "signature": "c2ln"}, {"type": "text", "text": TEXT}]
        self.answer(Claude.whole(("thinking", "c2ln", "h", "mm"), SAID))
        message = self.create(LOOSE).choices[0].message
        self.assertEqual((message.content, message.content_blocks), (TEXT, expected))
        self.answer(Claude.stream(("thinking", "c2ln", "h", "mm"), SAID), Claude.whole(SAID))
        blocks = {}
        for chunk in self.create(LOOSE, stream=True):
            for block in getattr(chunk.choices[0].delta, "content_blocks", None) or []:
                for name, text in block["delta"].items():
                    blocks.setdefault(block["index"], {}).setdefault(name, []).append(text)
        gathered = [{name: "".join(texts) for name, texts in blocks[index].items()} for index in sorted(blocks)]
        self.assertEqual(gathered, [{"thinking": "hmm", "signature": "c2ln"}, {"text": TEXT}])
        self.openai("claude", LOOSE).chat.completions.create(
            model=Claude.model, messages=[*HELLO, message.model_dump(exclude_none=True), {"role": "user", "content": "more"}])
        self.assertEqual(self.sent["messages"][1], {"role": "assistant", "content": expected})

    def test_redacted(self):
        """redacted thinking comes in content_blocks and goes back as it was"""
        block = {"type": "redacted_thinking", "data": "b3BhcXVl"}
        answer = Claude.whole(SAID)
        self.answer({**answer, "content": [block, *answer["content"]]})
        message = self.create(LOOSE).choices[0].message
        self.assertEqual(message.content_blocks[0], block)
        self.openai("claude").chat.completions.create(
            model=Claude.model, messages=[*HELLO, message.model_dump(exclude_none=True), {"role": "user", "content": "more"}])
        self.assertEqual(self.sent["messages"][1]["content"][0], block)

    def test_loose_end(self):
        """who is loose gets the provider's own word for the end"""
        self.answer(Claude.whole(SAID, end="pause_turn"))
        self.assertEqual(self.create(LOOSE).choices[0].finish_reason, "pause_turn")


class GeminiToOpenAI(ToOpenAI, TranslationCase):
    """Gemini's answers to openai."""

    native = Gemini
    finishes = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter", "RECITATION": "content_filter", "LANGUAGE": "content_filter",
                "BLOCKLIST": "content_filter", "PROHIBITED_CONTENT": "content_filter", "SPII": "content_filter",
                "MALFORMED_FUNCTION_CALL": "stop", "OTHER": "stop", "NEW_WORD": "stop"}

    def code(self, status):
        return str(status)

    def test_text_and_call_in_one_event(self):
        """text and a call in one event are both told (reference §12, 27)"""
        event = Gemini.whole(("text", "well"), CALLS[0], end="calls")
        self.answer([Gemini.event(event)])
        choice = self.final(tools=TOOLS).choices[0]
        self.assertEqual((choice.message.content, choice.finish_reason, choice.message.tool_calls[0].function.name), ("well", "tool_calls", "weather"))

    def test_calls_without_ids(self):
        """calls without ids get ones that differ, and are found again by them"""
        parts = [{"functionCall": {"name": "weather", "args": {"city": city}}} for city in ("Oslo", "Rome")]
        answer = Gemini.whole()
        answer["candidates"][0]["content"]["parts"] = parts
        self.answer(answer)
        calls = self.create(tools=TOOLS).choices[0].message.tool_calls
        self.assertEqual(len({call.id for call in calls}), 2)
        results = [{"role": "tool", "tool_call_id": call.id, "content": f"result {index}"} for index, call in enumerate(calls)]
        self.answer(Gemini.whole(SAID))
        self.openai("gem").chat.completions.create(model=Gemini.model, tools=TOOLS, messages=[
            *HELLO, {"role": "assistant", "tool_calls": [call.model_dump() for call in calls]}, *results])
        responses = [part["functionResponse"] for part in self.sent["contents"][2]["parts"]]
        self.assertEqual([(response["name"], response["response"]) for response in responses],
                         [("weather", {"output": "result 0"}), ("weather", {"output": "result 1"})])

    def test_blocked_prompt(self):
        """a prompt that a filter stopped is a content_filter, whole and streamed"""
        blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 8, "totalTokenCount": 8}, "modelVersion": "m"}
        self.answer(blocked)
        self.assertEqual(self.create().choices[0].finish_reason, "content_filter")
        self.answer([Gemini.event(blocked)])
        self.assertIn("content_filter", [chunk.choices[0].finish_reason for chunk in self.create(stream=True)])

    def test_loose(self):
        """who is loose gets the thoughts in content_blocks"""
        self.answer(Gemini.whole(("thinking", "c2ln", "hmm"), SAID))
        message = self.create(LOOSE).choices[0].message
        self.assertEqual(message.content, TEXT)
        self.assertIn("hmm", [block.get("thinking") for block in message.content_blocks])
        self.assertIn("c2ln", [block.get("signature") for block in message.content_blocks])

    def test_signatures(self):
        """a call's thought signature comes to who is loose and goes back with the call"""
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                said = [("thinking", "c2lnbmF0dXJl", "hm"), *CALLS]
                self.answer(Gemini.stream(*said) if streamed else Gemini.whole(*said), Gemini.whole(SAID))
                choice = (self.final if streamed else self.create)(LOOSE, tools=TOOLS).choices[0]
                calls = [call.model_dump(exclude_none=True) for call in choice.message.tool_calls]
                for call in calls:  # what the streaming helper adds of its own
                    call["function"].pop("parsed_arguments", None)
                    call.pop("index", None)
                self.assertEqual([call["function"].get("thought_signature") for call in calls], ["c2lnbmF0dXJl", None])
                results = [{"role": "tool", "tool_call_id": call["id"], "content": "x"} for call in calls]
                self.openai("gem", LOOSE).chat.completions.create(
                    model=Gemini.model, tools=TOOLS, messages=[*HELLO, {"role": "assistant", "tool_calls": calls}, *results])
                self.assertEqual([part.get("thoughtSignature") for part in self.sent["contents"][1]["parts"]], ["c2lnbmF0dXJl", None])

    def test_two_candidates(self):
        """n candidates are n choices"""
        answer = Gemini.whole(("text", "one"))
        second = json.loads(json.dumps(answer["candidates"][0]).replace("one", "two"))
        answer["candidates"].append({**second, "index": 1})
        self.answer(answer)
        self.assertEqual([choice.message.content for choice in self.create(n=2).choices], ["one", "two"])
        self.assertEqual(self.sent["generationConfig"]["candidateCount"], 2)
