"""Requests of the openai and anthropic SDKs at Amazon Bedrock, and what the SDKs read of Converse's answers."""

import json

import anthropic
import openai

from harness.bedrock import Bedrock, frame
from harness.translation import CALLS, HELLO, PNG, SAID, TEXT, TIME, WEATHER, TranslationCase
from test_translation_anthropic_answers import ToAnthropic
from test_translation_anthropic_requests import DIALOG as MESSAGES
from test_translation_anthropic_requests import PDF, SYSTEM, FromAnthropic
from test_translation_anthropic_requests import TOOLS as ANTHROPIC_TOOLS
from test_translation_openai_answers import ToOpenAI
from test_translation_openai_requests import DIALOG, PICTURES, TOOLS, FromOpenAI

TALK = [{"role": "user", "content": [{"text": "hello"}]}, {"role": "assistant", "content": [{"text": "hi"}]},
        {"role": "user", "content": [{"text": "how"}, {"text": "are you"}]}]
PICTURE = {"image": {"format": "png", "source": {"bytes": PNG}}}


def results(message):
    """What a message's tool results say, by the ids of their calls."""
    return {block["toolResult"]["toolUseId"]: block["toolResult"]["content"] for block in message["content"] if "toolResult" in block}


class OpenAIToBedrock(FromOpenAI, TranslationCase):
    """openai's requests to Bedrock."""

    native = Bedrock

    def schema(self, sent):
        self.assertEqual(sent["outputConfig"]["textFormat"]["type"], "json_schema")
        return json.loads(sent["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"])

    def test_plain(self):
        """a chat arrives exactly, its model in the path, the caller's key as Bearer"""
        sent = self.ask(messages=DIALOG, max_completion_tokens=200, temperature=0.5, stop=["END"])
        self.assertEqual(sent, {
            "messages": TALK, "system": [{"text": "Be brief."}, {"text": "Be kind."}],
            "inferenceConfig": {"maxTokens": 200, "temperature": 0.5, "stopSequences": ["END"]}, "additionalModelResponseFieldPaths": ["/stop_sequence"]})
        request = self.upstream.requests[0]
        self.assertEqual((request.method, request.target, request.all("authorization")), ("POST", Bedrock.path, ["Bearer sk-caller"]))
        self.assertEqual(request.all("content-type"), ["application/json"])
        self.assertEqual([name for name, _ in request.fields if name.lower().startswith(("x-portkey", "x-sluice", "openai-", "anthropic-", "x-amz"))], [])

    def test_models(self):
        """an ARN is one segment of the path, and no model leaves it"""
        arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
        self.ask(model=arn)
        self.assertEqual(self.upstream.requests[-1].target, "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2F"
                         "us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse")
        self.setUp()
        self.refused(lambda: self.ask(model="../../v1/secrets"), "model")

    def test_round_trip(self):
        """two calls at once go back with their results, in the turn after the calls"""
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                messages = self.round_trip(streamed)["messages"]
                self.assertEqual([message["role"] for message in messages], ["user", "assistant", "user"])
                self.assertEqual(messages[1]["content"][0], {"text": "well"})
                self.assertEqual([block["toolUse"] for block in messages[1]["content"][1:]],
                                 [{"toolUseId": id, "name": name, "input": arguments} for _, id, name, arguments in CALLS])
                self.assertEqual(results(messages[2]), {"toolu_01": [{"text": "result of weather"}], "toolu_02": [{"text": "result of time"}]})

    def test_tools(self):
        """tools and their choice arrive as a tool configuration; no choice is no tools"""
        sent = self.ask(tools=TOOLS, tool_choice={"type": "function", "function": {"name": "time"}})
        first, second = (tool["toolSpec"] for tool in sent["toolConfig"]["tools"])
        self.assertEqual(first, {"name": "weather", "description": "the weather", "inputSchema": {"json": WEATHER}})
        self.assertEqual((second["name"], second["inputSchema"]), ("time", {"json": TIME}))
        self.assertEqual(sent["toolConfig"]["toolChoice"], {"tool": {"name": "time"}})
        for choice, expected in {"auto": {"auto": {}}, "required": {"any": {}}}.items():
            self.assertEqual(self.ask(tools=TOOLS, tool_choice=choice)["toolConfig"]["toolChoice"], expected)
        self.assertNotIn("toolConfig", self.ask(tools=TOOLS, tool_choice="none"))

    def test_media(self):
        """a picture arrives as data; an address, which Bedrock does not fetch, is a 400 that says so"""
        parts = PICTURES[0]["content"]
        self.assertEqual(self.ask(messages=[{"role": "user", "content": parts[:2]}])["messages"][0]["content"], [{"text": "compare"}, PICTURE])
        self.setUp()
        self.refused(lambda: self.ask(messages=PICTURES), "messages[0].content[2]", "s3://")

    def test_thinking(self):
        """an effort arrives as Claude's budget, and thinking goes back with its signature"""
        sent = self.ask(reasoning_effort="low", max_completion_tokens=9000)
        self.assertEqual(sent["additionalModelRequestFields"], {"thinking": {"type": "enabled", "budget_tokens": 2048}})
        turn = {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}, {"type": "text", "text": "hi"}]}
        content = self.ask(messages=[*HELLO, turn, {"role": "user", "content": "more"}])["messages"][1]["content"]
        self.assertEqual(content, [{"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}}, {"text": "hi"}])

    def test_stops(self):
        """long lists of stops arrive; more than Converse takes are a 400 that says so"""
        stops = [f"stop {n}" for n in range(2501)]
        self.assertEqual(self.ask(stop=stops[:2500])["inferenceConfig"]["stopSequences"], stops[:2500])
        self.setUp()
        self.assertEqual(self.refused(lambda: self.ask(stop=stops), "2500").param, "stop")

    def test_warnings(self):
        """what is dropped or changed is named, and nothing else"""
        self.assertIsNone(self.warnings(temperature=0.9, n=1, user=None))
        self.assertEqual(self.warnings(seed=3, temperature=1.9, extra_body={"mystery": 1}), "dropped: seed, mystery; changed: temperature")

    def test_own_members(self):
        """Converse's own members pass, in both spellings"""
        guardrail = {"guardrailIdentifier": "g", "guardrailVersion": "1"}
        sent = self.ask(extra_body={"guardrail_config": guardrail, "performanceConfig": {"latency": "optimized"},
                                    "additionalModelRequestFields": {"anthropic_beta": ["x"]}})
        self.assert_members(sent, {"guardrailConfig": guardrail, "performanceConfig": {"latency": "optimized"},
                                   "additionalModelRequestFields": {"anthropic_beta": ["x"]}})

    def test_cache_control(self):
        """a marked part has a cache point behind it"""
        parts = [{"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "short"}]
        self.assertEqual(self.ask(messages=[{"role": "user", "content": parts}])["messages"][0]["content"],
                         [{"text": "long"}, {"cachePoint": {"type": "default"}}, {"text": "short"}])


class AnthropicToBedrock(FromAnthropic, TranslationCase):
    """anthropic's requests to Bedrock."""

    native = Bedrock

    def schema(self, sent):
        return json.loads(sent["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"])

    def test_plain(self):
        """a message arrives exactly, its model in the path"""
        sent = self.ask(messages=MESSAGES, system=SYSTEM, temperature=0.5, top_k=5, stop_sequences=["END"])
        self.assertEqual(sent, {
            "messages": TALK, "system": [{"text": "Be brief."}, {"text": "Be kind."}],
            "inferenceConfig": {"maxTokens": 500, "temperature": 0.5, "stopSequences": ["END"]}, "additionalModelRequestFields": {"top_k": 5},
            "additionalModelResponseFieldPaths": ["/stop_sequence"]})
        request = self.upstream.requests[0]
        self.assertEqual((request.target, request.all("authorization")), (Bedrock.path, ["Bearer sk-caller"]))
        self.assertEqual([name for name, _ in request.fields if name.lower().startswith(("x-portkey", "x-sluice", "anthropic-", "x-api-key"))], [])

    def test_round_trip(self):
        """two calls at once go back with their results, the user's words last"""
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                messages = self.round_trip(streamed)["messages"]
                self.assertEqual([block["toolUse"]["input"] for block in messages[1]["content"][1:]], [item[3] for item in CALLS])
                self.assertEqual(results(messages[2]), {"toolu_01": [{"text": "result of weather"}], "toolu_02": [{"text": "result of time"}]})
                self.assertEqual(messages[2]["content"][-1], {"text": "well?"})

    def test_failed_tool(self):
        """a tool's failure is said to be one"""
        call = {"type": "tool_use", "id": "a", "name": "weather", "input": {}}
        failed = [{"type": "tool_result", "tool_use_id": "a", "is_error": True, "content": "no such city"}]
        sent = self.ask(tools=ANTHROPIC_TOOLS, messages=[*HELLO, {"role": "assistant", "content": [call]}, {"role": "user", "content": failed}])
        self.assertEqual(sent["messages"][2]["content"], [{"toolResult": {"toolUseId": "a", "content": [{"text": "no such city"}], "status": "error"}}])

    def test_media(self):
        """pictures and PDFs arrive as data, a PDF with a name of its own"""
        picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
        content = self.ask(messages=[{"role": "user", "content": [picture, PDF, {"type": "text", "text": "compare"}]}])["messages"][0]["content"]
        self.assertEqual(content, [
            PICTURE, {"document": {"format": "pdf", "name": "document-1 (a-pdf)", "source": {"bytes": "JVBERi0="}}}, {"text": "compare"}])

    def test_thinking(self):
        """a budget arrives as it is; thinking goes back with its signature"""
        sent = self.ask(max_tokens=9000, thinking={"type": "enabled", "budget_tokens": 2048})
        self.assertEqual(sent["additionalModelRequestFields"], {"thinking": {"type": "enabled", "budget_tokens": 2048}})
        thoughts = [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}, {"type": "redacted_thinking", "data": "cmVk"}, {"type": "text", "text": "hi"}]
        sent = self.ask(messages=[*HELLO, {"role": "assistant", "content": thoughts}, {"role": "user", "content": "more"}])
        self.assertEqual(sent["messages"][1]["content"], [
            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}}, {"reasoningContent": {"redactedContent": "cmVk"}}, {"text": "hi"}])

    def test_strict_params(self):
        """x-sluice-strict-params refuses what would be left out, and sends nothing"""
        self.refused(lambda: self.ask({"x-sluice-strict-params": "1"}, metadata={"user_id": "u"}), "metadata")

    def test_cache_control(self):
        """each mark becomes a cache point, with its time to live"""
        marked = {**SYSTEM[0], "cache_control": {"type": "ephemeral", "ttl": "1h"}}
        tool = {**ANTHROPIC_TOOLS[1], "cache_control": {"type": "ephemeral"}}
        sent = self.ask({"x-sluice-strict-params": "1"}, system=[marked, SYSTEM[1]], tools=[tool], messages=[{"role": "user", "content": [marked]}])
        point = {"cachePoint": {"type": "default", "ttl": "1h"}}
        self.assertEqual(sent["system"], [{"text": "Be brief."}, point, {"text": "Be kind."}])
        self.assertEqual(sent["messages"][0]["content"], [{"text": "Be brief."}, point])
        self.assertEqual(sent["toolConfig"]["tools"][1], {"cachePoint": {"type": "default"}})

    def test_stops(self):
        """long lists of stops arrive; more than Converse takes are a 400 that says so"""
        stops = [f"stop {n}" for n in range(2501)]
        self.assertEqual(self.ask(stop_sequences=stops[:2500])["inferenceConfig"]["stopSequences"], stops[:2500])
        self.setUp()
        self.refused(lambda: self.ask(stop_sequences=stops), "stop_sequences")

    def test_count_tokens(self):
        """count_tokens counts system and tools with the messages"""
        self.answer({"inputTokens": 31})
        count = self.anthropic("rock").messages.count_tokens(model=Bedrock.model, messages=HELLO, system="Be brief.", tools=ANTHROPIC_TOOLS)
        self.assertEqual(count.input_tokens, 31)
        self.assertEqual(self.upstream.requests[0].target, Bedrock.path.replace("converse", "count-tokens"))
        asked = self.sent["input"]["converse"]
        self.assertEqual((asked["messages"], asked["system"], len(asked["toolConfig"]["tools"])),
                         ([{"role": "user", "content": [{"text": "hello"}]}], [{"text": "Be brief."}], 2))


class BedrockToOpenAI(ToOpenAI, TranslationCase):
    """Bedrock's answers to openai."""

    native = Bedrock
    finishes = {"end_turn": "stop", "max_tokens": "length", "stop_sequence": "stop", "guardrail_intervened": "content_filter",
                "content_filtered": "content_filter", "model_context_window_exceeded": "length", "malformed_model_output": "stop", "new_word": "stop"}

    def code(self, status):
        return None

    def assert_calls(self, choice):
        self.assertEqual(choice.finish_reason, "tool_calls")
        self.assertEqual(choice.message.content, "well")
        self.assertEqual([(call.id, call.function.name, json.loads(call.function.arguments)) for call in choice.message.tool_calls], [item[1:] for item in CALLS])

    def assert_usage(self, usage):
        self.assertEqual((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens, usage.prompt_tokens_details.cached_tokens), (100, 50, 150, 30))

    def test_request_id(self):
        """the provider's id of the request is the SDK's"""
        self.upstream.handler = lambda request, peer: peer.answer(Bedrock.whole(SAID), headers=[("x-amzn-RequestId", "r-1")])
        self.assertEqual(self.create()._request_id, "r-1")
        self.answer_error(429)
        with self.assertRaises(openai.RateLimitError) as caught:
            self.create()
        self.assertEqual(caught.exception.request_id, "req_native")

    def answer_error(self, status):
        body, fields = Bedrock.error(status)
        self.upstream.handler = lambda request, peer: peer.answer(body, status, fields)

    def test_exceptions(self):
        """an exception in a stream is an error with the provider's words, never an end (reference §12, 32)"""
        for name in ("throttlingException", "modelStreamErrorException", "validationException", "internalServerException"):
            self.answer([*Bedrock.stream(SAID, *CALLS)[:4], Bedrock.exception(name, "slow \"down\"")])
            reasons, texts = [], []
            with self.subTest(name=name), self.assertRaises(openai.APIError) as caught:
                for chunk in self.create(stream=True, tools=TOOLS):
                    reasons.append(chunk.choices[0].finish_reason)
                    texts.append(chunk.choices[0].delta.content or "")
            self.assertEqual((caught.exception.message, caught.exception.type), ("slow \"down\"", name))
            self.assertEqual(("".join(texts), set(reasons)), (TEXT, {None}))

    def test_error_frames(self):
        """so is a frame that only says error"""
        error = frame({":message-type": "error", ":error-code": "InternalError", ":error-message": "gone"}, b"")
        self.answer([*Bedrock.stream(SAID)[:3], error])
        with self.assertRaises(openai.APIError) as caught:
            list(self.create(stream=True))
        self.assertEqual((caught.exception.message, caught.exception.type), ("gone", "InternalError"))

    def test_checksums(self):
        """a message whose checksum is wrong is no part of an answer"""
        events = Bedrock.stream(SAID)
        for at in (0, 8, 30, len(events[2]) - 1):
            broken = bytearray(events[2])
            broken[at] ^= 1
            self.answer([*events[:2], bytes(broken), *events[3:]])
            texts = []
            with self.subTest(at=at), self.assertRaises(openai.APIError):
                for chunk in self.create(stream=True):
                    texts.append(chunk.choices[0].delta.content)
            self.assertIn(SAID[1], texts)
            self.assertNotIn(SAID[2], texts)

    def test_end_before_usage(self):
        """a stream that was whole but for its usage is whole"""
        self.answer(Bedrock.stream(SAID)[:-1])
        self.assertEqual(self.final().choices[0].finish_reason, "stop")

    def test_loose(self):
        """who is not strict gets thinking, its signature and the native words"""
        self.answer(Bedrock.whole(("thinking", "c2ln", "hm"), SAID, end="guardrail_intervened", trace={"guardrail": {}}))
        choice = self.create({"x-portkey-strict-open-ai-compliance": "false"}).choices[0].model_dump()
        self.assertEqual(choice["finish_reason"], "guardrail_intervened")
        self.assertIn({"type": "thinking", "thinking": "hm", "signature": "c2ln"}, choice["message"]["content_blocks"])


class BedrockToAnthropic(ToAnthropic, TranslationCase):
    """Bedrock's answers to anthropic."""

    native = Bedrock
    finishes = {"end_turn": "end_turn", "max_tokens": "max_tokens", "stop_sequence": "stop_sequence", "guardrail_intervened": "refusal",
                "content_filtered": "refusal", "new_word": "end_turn"}

    def assert_usage(self, usage):
        self.assertEqual((usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens, usage.output_tokens), (70, 30, 0, 50))

    def test_cache_writes(self):
        """writes to the cache are told by their time to live"""
        details = [{"ttl": "1h", "inputTokens": 5}, {"ttl": "5m", "inputTokens": 2}]
        self.answer(Bedrock.whole(SAID, usage={**Bedrock.usage, "cacheWriteInputTokens": 7, "cacheDetails": details}))
        usage = self.create().usage
        self.assertEqual((usage.cache_creation.ephemeral_1h_input_tokens, usage.cache_creation.ephemeral_5m_input_tokens), (5, 2))

    def test_stop_sequence(self):
        """the sequence that came is told, whole and streamed"""
        fields = {"additionalModelResponseFields": {"stop_sequence": "END"}}
        self.answer(Bedrock.whole(SAID, end="stop_sequence", **fields))
        self.assertEqual(self.create(stop_sequences=["END"]).stop_sequence, "END")
        self.answer(Bedrock.stream(SAID, end="stop_sequence", **fields))
        self.assertEqual(self.final(stop_sequences=["END"]).stop_sequence, "END")

    def test_signed_thinking(self):
        """thinking keeps its signature, and what is redacted is redacted"""
        redacted = {"reasoningContent": {"redactedContent": "cmVk"}}
        answer = Bedrock.whole(("thinking", "c2ln", "hm"), SAID)
        answer["output"]["message"]["content"].insert(1, redacted)
        self.answer(answer)
        thinking, hidden, text = self.create().content
        self.assertEqual((thinking.signature, hidden.type, hidden.data, text.text), ("c2ln", "redacted_thinking", "cmVk", TEXT))

    def test_throttled(self):
        """an exception in a stream has Anthropic's word for it"""
        self.answer([*Bedrock.stream(SAID)[:3], Bedrock.exception("throttlingException")])
        with self.assertRaises(anthropic.APIStatusError) as caught:
            self.final()
        self.assertEqual(caught.exception.body["error"], {"type": "rate_limit_error", "message": "native overload"})
