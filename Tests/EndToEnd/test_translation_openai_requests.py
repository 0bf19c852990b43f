"""What arrives at Claude and at Gemini of what the openai SDK sends."""

import base64
import struct

import openai
from pydantic import BaseModel

from harness.native import Claude, Gemini
from harness.translation import CALLS, HELLO, PNG, TIME, WEATHER, TranslationCase

TOOLS = [{"type": "function", "function": {"name": "weather", "description": "the weather", "parameters": WEATHER}},
         {"type": "function", "function": {"name": "time", "parameters": TIME}}]
DIALOG = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"},
          {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]}, {"role": "user", "content": [{"type": "text", "text": "how"}, {"type": "text", "text": "are you"}]}]
PICTURES = [{"role": "user", "content": [
    {"type": "text", "text": "compare"}, {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
    {"type": "image_url", "image_url": {"url": "https://example.com/a/cat.jpg"}}]}]
WAV = [{"role": "user", "content": [{"type": "text", "text": "listen"}, {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}]}]


class City(BaseModel):
    name: str
    size: int


class FromOpenAI:
    """What an openai client's requests become; a subclass names the provider."""

    def ask(self, headers=(), **members):
        """One chat; the body that arrived."""
        self.answer(self.native.whole(("text", "hello")))
        self.openai(self.native.provider, headers).chat.completions.create(**{"model": self.native.model, "messages": HELLO, **members})
        return self.sent

    def warnings(self, headers=(), **members):
        self.answer(self.native.whole(("text", "hello")))
        chat = self.openai(self.native.provider, headers).chat.completions.with_raw_response
        return chat.create(**{"model": self.native.model, "messages": HELLO, **members}).headers.get("x-sluice-warnings")

    def refused(self, call, *words):
        """That it is a 400 which says these words, and that nothing was sent."""
        with self.assertRaises(openai.BadRequestError) as caught:
            call()
        for word in words:
            self.assertIn(word, caught.exception.message)
        self.assertEqual(self.upstream.requests, [])
        return caught.exception

    def round_trip(self, streamed):
        """Two turns with two calls at once; the body of the second request."""
        make = self.native.stream if streamed else self.native.whole
        self.answer(make(("text", "we", "ll"), *CALLS, end="calls"), make(("text", "sunny")))
        chat = self.openai(self.native.provider).chat.completions

        def turn(messages):
            if not streamed:
                return chat.create(model=self.native.model, messages=messages, tools=TOOLS).choices[0].message
            with chat.stream(model=self.native.model, messages=messages, tools=TOOLS) as stream:
                return stream.get_final_completion().choices[0].message
        message = turn(HELLO)
        calls = [{"id": call.id, "type": "function", "function": {"name": call.function.name, "arguments": call.function.arguments}} for call in message.tool_calls]
        results = [{"role": "tool", "tool_call_id": call.id, "content": f"result of {call.function.name}"} for call in message.tool_calls]
        # Results may come in any order: the ids say which is which.
        final = turn([*HELLO, {"role": "assistant", "content": message.content, "tool_calls": calls}, *reversed(results)])
        self.assertEqual(final.content, "sunny")
        return self.sent

    def test_structured(self):
        """a schema arrives, and the SDK parses what comes back"""
        self.answer(self.native.whole(("text", '{"name":"Oslo","size":709000}')))
        client = self.openai(self.native.provider)
        completion = client.chat.completions.parse(model=self.native.model, messages=HELLO, response_format=City)
        self.assertEqual(completion.choices[0].message.parsed, City(name="Oslo", size=709000))
        schema = self.schema(self.sent)
        self.assertEqual((set(schema["properties"]), schema["required"]), ({"name", "size"}, ["name", "size"]))
        self.answer(self.native.stream(("text", '{"name":"Os', 'lo","size":709000}')))
        with client.chat.completions.stream(model=self.native.model, messages=HELLO, response_format=City) as stream:
            self.assertEqual(stream.get_final_completion().choices[0].message.parsed, City(name="Oslo", size=709000))

    def test_strict_params(self):
        """x-sluice-strict-params refuses what would be left out, and sends nothing"""
        fault = self.refused(lambda: self.ask({"x-sluice-strict-params": "1"}, logit_bias={"50256": -100}), "logit_bias")
        self.assertEqual(fault.code, "dropped_parameter")

    def test_strict_params_without_loss(self):
        """x-sluice-strict-params lets pass what is whole"""
        self.ask({"x-sluice-strict-params": "1"}, max_completion_tokens=5, n=1, logit_bias={})

    def test_faults_of_the_client(self):
        """a body that breaks OpenAI's rules is a 400 that says where, and nothing is sent"""
        for where, members in {
            "messages[0].role": {"messages": [{"role": "wizard", "content": "x"}]},
            "messages[1]": {"messages": [*HELLO, {"role": "tool", "content": "x"}]},
            "temperature": {"temperature": "hot"},
            "tools[0]": {"tools": [{"type": "function", "function": {"description": "x"}}]},
            "messages": {"messages": []},
        }.items():
            with self.subTest(where=where):
                fault = self.refused(lambda: self.ask(**members))
                self.assertIn(where, fault.param or fault.message)

    def test_arguments_that_are_no_json(self):
        """a call of the client's whose arguments are no JSON object is a 400 that says where"""
        call = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": "{oops"}}
        messages = [*HELLO, {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c", "content": "x"}]
        fault = self.refused(lambda: self.ask(messages=messages, tools=TOOLS))
        self.assertIn("messages[1]", fault.param or fault.message)

    def test_other_endpoints(self):
        """legacy completions and responses, which the provider has nothing like, are a 400, and nothing is sent"""
        client = self.openai(self.native.provider)
        for call in (lambda: client.completions.create(model=self.native.model, prompt="x"),
                     lambda: client.responses.create(model=self.native.model, input="x")):
            self.assertEqual(self.refused(call).code, "unsupported_translation")

    def test_warnings_stay_in_their_field(self):
        """a member's name cannot add a header field"""
        self.answer(self.native.whole(("text", "hello")))
        raw = self.openai(self.native.provider).chat.completions.with_raw_response.create(
            model=self.native.model, messages=HELLO, extra_body={"a\r\nx-evil: 1": 1, "é, b; c": 1, "n" * 5000: 1})
        self.assertNotIn("x-evil", raw.headers)
        self.assertTrue(raw.headers["x-sluice-warnings"].startswith("dropped: "))
        self.assertLess(len(raw.headers["x-sluice-warnings"]), 2000)


class OpenAIToClaude(FromOpenAI, TranslationCase):
    """openai's requests to Claude."""

    native = Claude

    def schema(self, sent):
        self.assertEqual(sent["output_config"]["format"]["type"], "json_schema")
        return sent["output_config"]["format"]["schema"]

    def test_plain(self):
        """a chat arrives exactly, with the caller's credential where Anthropic reads it"""
        sent = self.ask(messages=DIALOG, max_completion_tokens=200, temperature=0.5, user="u-1")
        self.assertEqual(sent, {
            "model": "claude-sonnet-4-5", "max_tokens": 200, "temperature": 0.5, "metadata": {"user_id": "u-1"},
            "system": [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}],
            "messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": [{"type": "text", "text": "hi"}]},
                         {"role": "user", "content": [{"type": "text", "text": "how"}, {"type": "text", "text": "are you"}]}]})
        request = self.upstream.requests[0]
        self.assertEqual((request.method, request.target, request.all("x-api-key")), ("POST", "/v1/messages", ["sk-caller"]))
        self.assertEqual((request["authorization"], request.all("anthropic-version"), request["content-type"]), (None, ["2023-06-01"], "application/json"))
        self.assertEqual([name for name, _ in request.fields if name.lower().startswith(("x-portkey", "x-sluice", "openai-"))], [])

    def test_embeddings(self):
        """embeddings, which Anthropic has not, are a 400, and nothing is sent"""
        self.refused(lambda: self.openai("claude").embeddings.create(model="m", input="x"))

    def test_limits(self):
        """who sets no limit gets the model's, since Anthropic demands one"""
        for model, limit in {"claude-sonnet-4-5": 64000, "claude-3-5-haiku-latest": 8192, "claude-opus-4-6": 128000}.items():
            self.assertEqual(self.ask(model=model)["max_tokens"], limit, model)
        self.assertEqual(self.ask(max_tokens=9)["max_tokens"], 9)

    def test_reference(self):
        """the reference's case 25: systems, pictures, a tool's round trip, a forced tool, a high temperature"""
        call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
        sent = self.ask(max_tokens=100, temperature=1.7, stop="END", tools=TOOLS[:1], tool_choice="required", messages=[
            DIALOG[0], DIALOG[3], *PICTURES, {"role": "assistant", "content": "let me see", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "sunny"}])
        self.assertEqual(sent, {
            "model": "claude-sonnet-4-5", "max_tokens": 100, "temperature": 1, "stop_sequences": ["END"],
            "system": [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}],
            "tools": [{"name": "weather", "description": "the weather", "input_schema": WEATHER}], "tool_choice": {"type": "any"},
            "messages": [
                {"role": "user", "content": [
                    {"type": "text", "text": "compare"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
                    {"type": "image", "source": {"type": "url", "url": "https://example.com/a/cat.jpg"}}]},
                {"role": "assistant", "content": [
                    {"type": "text", "text": "let me see"}, {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Oslo"}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "sunny"}]}]})

    def test_round_trip(self):
        """two calls at once go back with their results in one message, right after the calls"""
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                messages = self.round_trip(streamed)["messages"]
                self.assertEqual([message["role"] for message in messages], ["user", "assistant", "user"])
                self.assertEqual(messages[1]["content"], [{"type": "text", "text": "well"}, *(
                    {"type": "tool_use", "id": id, "name": name, "input": arguments} for _, id, name, arguments in CALLS)])
                results = {block["tool_use_id"]: (block["type"], block["content"]) for block in messages[2]["content"]}
                self.assertEqual(results, {"toolu_01": ("tool_result", "result of weather"), "toolu_02": ("tool_result", "result of time")})

    def test_tool_choice(self):
        """each way to choose tools has Anthropic's word"""
        for choice, parallel, expected in [
            ("auto", None, {"type": "auto"}), ("none", None, {"type": "none"}), ("required", False, {"type": "any", "disable_parallel_tool_use": True}),
            ({"type": "function", "function": {"name": "time"}}, None, {"type": "tool", "name": "time"}),
            (None, False, {"type": "auto", "disable_parallel_tool_use": True}), (None, None, None),
        ]:
            members = {**({"tool_choice": choice} if choice else {}), **({"parallel_tool_calls": parallel} if parallel is not None else {})}
            with self.subTest(**members):
                self.assertEqual(self.ask(tools=TOOLS, **members).get("tool_choice"), expected)

    def test_pdf(self):
        """a file arrives as a document"""
        file = {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}}
        sent = self.ask(messages=[{"role": "user", "content": [file, {"type": "text", "text": "read"}]}])
        self.assert_members(sent["messages"][0]["content"][0], {
            "type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}, "title": "a.pdf"})

    def test_audio(self):
        """a recording, which Claude cannot hear, is a 400 that says where, and nothing is sent"""
        fault = self.refused(lambda: self.ask(messages=WAV), "audio")
        self.assertEqual((fault.param, fault.code), ("messages[0].content[1]", "unsupported_content"))

    def test_thinking(self):
        """an effort arrives as a budget or as adaptive thinking, as the model has it; Portkey's thinking as it is"""
        self.assert_members(self.ask(reasoning_effort="medium"), {"thinking": {"type": "enabled", "budget_tokens": 8192}})
        self.assert_members(self.ask(model="claude-opus-4-6", reasoning_effort="high"), {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}})
        self.assert_members(self.ask(extra_body={"thinking": {"type": "enabled", "budget_tokens": 5000}}), {"thinking": {"type": "enabled", "budget_tokens": 5000}})
        self.assert_members(self.ask(reasoning_effort="none"), {"thinking": None})

    def test_budget_below_limit(self):
        """a budget stays below the token limit, which Anthropic demands"""
        sent = self.ask(reasoning_effort="high", max_completion_tokens=4000)
        self.assertLess(sent["thinking"]["budget_tokens"], sent["max_tokens"])
        self.assertEqual(sent["max_tokens"], 4000)
        self.assertEqual(self.warnings(reasoning_effort="high", max_completion_tokens=4000), "changed: reasoning_effort")

    def test_stops(self):
        """a long list of stops arrives whole; a single one is a list"""
        stops = [f"stop {n}" for n in range(40)]
        self.assertEqual(self.ask(stop=stops)["stop_sequences"], stops)
        self.assertEqual(self.ask(stop="\n\nHuman:")["stop_sequences"], ["\n\nHuman:"])

    def test_warnings(self):
        """what is dropped or changed is named, and nothing else"""
        self.assertIsNone(self.warnings(temperature=1, n=1, presence_penalty=0, logprobs=False))
        self.assertEqual(self.warnings(temperature=1.7), "changed: temperature")
        named = self.warnings(seed=7, n=2, presence_penalty=0.5, logit_bias={"1": 1}, extra_body={"mystery": 1})
        self.assertEqual(set(named.removeprefix("dropped: ").split(", ")), {"seed", "n", "presence_penalty", "logit_bias", "mystery"})

    def test_warnings_of_a_stream(self):
        """a stream's head has the warnings, too"""
        self.answer(Claude.stream(("text", "hello")))
        response = self.openai("claude").chat.completions.with_raw_response.create(model=Claude.model, messages=HELLO, seed=1, stream=True)
        self.assertEqual(response.headers["x-sluice-warnings"], "dropped: seed")
        list(response.parse())

    def test_overrides(self):
        """override_params are in the client's dialect, and count"""
        self.answer(Claude.whole(("text", "hello")))
        config = {"provider": "claude", "override_params": {"max_completion_tokens": 77, "stop": "END", "tools": TOOLS[1:], "model": "claude-haiku-4-5"}}
        self.openai(config).chat.completions.create(model="gpt-4o", messages=HELLO, max_completion_tokens=5)
        self.assert_members(self.sent, {"model": "claude-haiku-4-5", "max_tokens": 77, "stop_sequences": ["END"]})
        self.assertEqual(self.sent["tools"][0]["name"], "time")

    def test_declared_config(self):
        """a declared config is translated like an inline one"""
        self.answer(Claude.whole(("text", "hello")))
        self.openai("claude-thrifty").chat.completions.create(model=Claude.model, messages=HELLO)
        self.assert_members(self.sent, {"max_tokens": 77, "stop_sequences": ["END"]})

    def test_cache_control(self):
        """Portkey's cache_control arrives where it stood"""
        mark = {"type": "ephemeral", "ttl": "1h"}
        text = {"type": "text", "text": "long", "cache_control": mark}
        sent = self.ask(messages=[{"role": "system", "content": [text]}, {"role": "user", "content": [text]}], tools=[{**TOOLS[0], "cache_control": mark}])
        self.assertEqual((sent["system"], sent["messages"][0]["content"], sent["tools"][0]["cache_control"]), ([text], [text], mark))


class OpenAIToGemini(FromOpenAI, TranslationCase):
    """openai's requests to Gemini."""

    native = Gemini

    def schema(self, sent):
        self.assertEqual(sent["generationConfig"]["responseMimeType"], "application/json")
        return sent["generationConfig"]["responseJsonSchema"]

    def test_plain(self):
        """a chat arrives exactly, with the caller's credential in a header and never in the address"""
        sent = self.ask(messages=DIALOG, max_completion_tokens=200, temperature=1.5, top_p=0.9, stop=["END"], seed=7, presence_penalty=0.5)
        self.assertEqual(sent, {
            "systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]},
            "contents": [{"role": "user", "parts": [{"text": "hello"}]}, {"role": "model", "parts": [{"text": "hi"}]},
                         {"role": "user", "parts": [{"text": "how"}, {"text": "are you"}]}],
            "generationConfig": {"maxOutputTokens": 200, "temperature": 1.5, "topP": 0.9, "stopSequences": ["END"], "seed": 7, "presencePenalty": 0.5}})
        request = self.upstream.requests[0]
        self.assertEqual((request.method, request.target, request.all("x-goog-api-key")), ("POST", Gemini.path, ["sk-caller"]))
        self.assertEqual((request["authorization"], request["content-type"]), (None, "application/json"))
        self.assertEqual([name for name, _ in request.fields if name.lower().startswith(("x-portkey", "x-sluice", "openai-", "anthropic-"))], [])

    def test_models(self):
        """a model's name goes into the path, with or without models/, and cannot leave it"""
        for model, target in {"models/gemini-2.5-pro": "/v1beta/models/gemini-2.5-pro:generateContent",
                              "a b?c#d": "/v1beta/models/a%20b%3Fc%23d:generateContent", "tuned/x": "/v1beta/models/tuned%2Fx:generateContent"}.items():
            with self.subTest(model=model):
                self.ask(model=model)
                self.assertEqual(self.upstream.requests[-1].target, target)
        self.setUp()
        self.refused(lambda: self.ask(model="../../v1/secrets"), "model")

    def test_round_trip(self):
        """two calls at once go back with their results, by name, in the turn after the calls"""
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                contents = self.round_trip(streamed)["contents"]
                self.assertEqual([turn["role"] for turn in contents], ["user", "model", "user"])
                self.assertEqual(contents[1]["parts"][0], {"text": "well"})
                self.assertEqual([(part["functionCall"]["name"], part["functionCall"]["args"]) for part in contents[1]["parts"][1:]],
                                 [(name, arguments) for _, _, name, arguments in CALLS])
                results = {part["functionResponse"]["name"]: part["functionResponse"]["response"] for part in contents[2]["parts"]}
                self.assertEqual(results, {"weather": {"output": "result of weather"}, "time": {"output": "result of time"}})

    def test_tools(self):
        """tools and their choice arrive as declarations"""
        sent = self.ask(tools=TOOLS, tool_choice={"type": "function", "function": {"name": "time"}})
        first, second = sent["tools"][0]["functionDeclarations"]
        self.assertEqual((first["name"], first["description"], second["name"]), ("weather", "the weather", "time"))
        self.assertEqual((first["parametersJsonSchema"]["properties"], second["parametersJsonSchema"]), (WEATHER["properties"], TIME))
        self.assertEqual(sent["toolConfig"], {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["time"]}})
        for choice, mode in {"auto": "AUTO", "none": "NONE", "required": "ANY"}.items():
            self.assertEqual(self.ask(tools=TOOLS, tool_choice=choice)["toolConfig"], {"functionCallingConfig": {"mode": mode}})

    def test_media(self):
        """pictures and recordings arrive as data or by address"""
        self.assertEqual(self.ask(messages=PICTURES)["contents"], [{"role": "user", "parts": [
            {"text": "compare"}, {"inlineData": {"mimeType": "image/png", "data": PNG}},
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://example.com/a/cat.jpg"}}]}])
        self.assertEqual(self.ask(messages=WAV)["contents"][0]["parts"][1], {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}})

    def test_thinking(self):
        """an effort arrives as a budget or as a level, as the model has it"""
        def thinking(**members):
            return self.ask(**members).get("generationConfig", {}).get("thinkingConfig")
        self.assertEqual(thinking(reasoning_effort="medium"), {"thinkingBudget": 8192})
        self.assertEqual(thinking(reasoning_effort="none"), {"thinkingBudget": 0})
        self.assertEqual(thinking(model="gemini-3-pro-preview", reasoning_effort="high"), {"thinkingLevel": "HIGH"})
        self.assertEqual(thinking(extra_body={"thinking": {"type": "enabled", "budget_tokens": 5000}}), {"thinkingBudget": 5000, "includeThoughts": True})

    def test_stops(self):
        """five stops arrive; more, which Gemini refuses, are a 400 that says so"""
        stops = [f"stop {n}" for n in range(6)]
        self.assertEqual(self.ask(stop=stops[:5])["generationConfig"]["stopSequences"], stops[:5])
        self.setUp()
        fault = self.refused(lambda: self.ask(stop=stops), "5")
        self.assertEqual(fault.param, "stop")

    def test_warnings(self):
        """what is dropped is named, and nothing else"""
        self.assertIsNone(self.warnings(seed=3, temperature=1.9, n=2))
        named = self.warnings(user="u", logit_bias={"1": 1}, extra_body={"mystery": 1})
        self.assertEqual(set(named.removeprefix("dropped: ").split(", ")), {"user", "logit_bias", "mystery"})

    def test_empty_json_mode(self):
        """json_object arrives as Gemini's media type"""
        self.assertEqual(self.ask(response_format={"type": "json_object"})["generationConfig"], {"responseMimeType": "application/json"})

    def test_embeddings(self):
        """embeddings come as floats, and as the base64 that the SDK asks for by itself"""
        values = [[0.25, -1.5, 0.1], [1, 0, 3e-5]]
        self.answer({"embeddings": [{"values": row} for row in values]})
        client = self.openai("gem")
        rounded = [[struct.unpack("<f", struct.pack("<f", value))[0] for value in row] for row in values]
        answer = client.embeddings.create(model="gemini-embedding-001", input=["a", "b"], dimensions=3, encoding_format="float")
        self.assertEqual([item.embedding for item in answer.data], values)
        self.assertEqual((answer.object, [item.index for item in answer.data]), ("list", [0, 1]))
        answer = client.embeddings.create(model="gemini-embedding-001", input=["a", "b"], dimensions=3)
        self.assertEqual([[struct.unpack("<f", struct.pack("<f", value))[0] for value in item.embedding] for item in answer.data], rounded)
        self.assertEqual(self.upstream.requests[0].target, "/v1beta/models/gemini-embedding-001:batchEmbedContents")
        self.assertEqual(self.sent, {"requests": [
            {"model": "models/gemini-embedding-001", "content": {"parts": [{"text": text}]}, "outputDimensionality": 3} for text in "ab"]})

    def test_one_embedding(self):
        """a single text is one embedding; base64 that is asked for is little-endian floats"""
        self.answer({"embeddings": [{"values": [1.0, 2.0]}]})
        response = self.openai("gem").embeddings.with_raw_response.create(model="text-embedding-004", input="a", encoding_format="base64")
        self.assertEqual(base64.b64decode(response.http_response.json()["data"][0]["embedding"]), struct.pack("<2f", 1, 2))

    def test_embeddings_of_tokens(self):
        """tokens, which are OpenAI's own, are a 400"""
        self.refused(lambda: self.openai("gem").embeddings.create(model="text-embedding-004", input=[1, 2, 3]), "token")
