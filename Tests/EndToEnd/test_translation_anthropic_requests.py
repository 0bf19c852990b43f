"""What arrives at OpenAI and at Gemini of what the anthropic SDK sends."""

import json

import anthropic
from pydantic import BaseModel

from harness.native import Gemini, OpenAI
from harness.translation import CALLS, HELLO, PNG, TIME, WEATHER, TranslationCase

TOOLS = [{"name": "weather", "description": "the weather", "input_schema": WEATHER}, {"name": "time", "input_schema": TIME}]
SYSTEM = [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}]
DIALOG = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": [{"type": "text", "text": "hi"}]},
          {"role": "user", "content": [{"type": "text", "text": "how"}, {"type": "text", "text": "are you"}]}]
PICTURES = [{"role": "user", "content": [
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
    {"type": "image", "source": {"type": "url", "url": "https://example.com/cat.webp"}}, {"type": "text", "text": "compare"}]}]
PDF = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}, "title": "a.pdf"}


class City(BaseModel):
    name: str
    size: int


class FromAnthropic:
    """What an anthropic client's requests become; a subclass names the provider."""

    def options(self, members):
        """The SDK's arguments; it has none left for the sampling that its newest models refuse, but older clients send it."""
        sampling = {name: members.pop(name) for name in ("temperature", "top_p", "top_k") if name in members}
        extra = {**sampling, **members.pop("extra_body", {})}
        return {"model": self.native.model, "max_tokens": 500, "messages": HELLO, **members, **({"extra_body": extra} if extra else {})}

    def ask(self, headers=(), **members):
        """One message; the body that arrived."""
        self.answer(self.native.whole(("text", "hello")))
        self.anthropic(self.native.provider, headers).messages.create(**self.options(members))
        return self.sent

    def warnings(self, **members):
        self.answer(self.native.whole(("text", "hello")))
        return self.anthropic(self.native.provider).messages.with_raw_response.create(**self.options(members)).headers.get("x-sluice-warnings")

    def refused(self, call, *words):
        """That it is a 400 in Anthropic's shape which says these words, and that nothing was sent."""
        with self.assertRaises(anthropic.BadRequestError) as caught:
            call()
        self.assertEqual((caught.exception.body["type"], caught.exception.body["error"]["type"]), ("error", "invalid_request_error"))
        for word in words:
            self.assertIn(word, caught.exception.body["error"]["message"])
        self.assertEqual(self.upstream.requests, [])

    def round_trip(self, streamed):
        """Two turns with two calls at once; the body of the second request."""
        make = self.native.stream if streamed else self.native.whole
        self.answer(make(("text", "we", "ll"), *CALLS, end="calls"), make(("text", "sunny")))
        client = self.anthropic(self.native.provider)

        def turn(messages):
            if not streamed:
                return client.messages.create(**self.options({"messages": messages, "tools": TOOLS}))
            with client.messages.stream(**self.options({"messages": messages, "tools": TOOLS})) as stream:
                return stream.get_final_message()
        message = turn(HELLO)
        results = [{"type": "tool_result", "tool_use_id": block.id, "content": f"result of {block.name}"} for block in message.content if block.type == "tool_use"]
        content = [*reversed(results), {"type": "text", "text": "well?"}]
        final = turn([*HELLO, {"role": "assistant", "content": message.content}, {"role": "user", "content": content}])
        self.assertEqual(final.content[0].text, "sunny")
        return self.sent

    def test_beta_client(self):
        """the SDK's beta client gets there, and its ?beta=true does not"""
        self.answer(self.native.whole(("text", "hello")))
        message = self.anthropic(self.native.provider).beta.messages.create(model=self.native.model, max_tokens=5, messages=HELLO, betas=["context-1m-2025-08-07"])
        self.assertEqual(message.content[0].text, "hello")
        self.assertEqual((self.upstream.requests[0].target, self.upstream.requests[0]["anthropic-beta"]), (self.native.path, None))

    def test_structured(self):
        """a schema arrives, and the SDK parses what comes back"""
        self.answer(self.native.whole(("text", '{"name":"Oslo","size":709000}')))
        client = self.anthropic(self.native.provider)
        message = client.messages.parse(**self.options({"output_format": City}))
        self.assertEqual(message.parsed_output, City(name="Oslo", size=709000))
        schema = self.schema(self.sent)
        self.assertEqual((set(schema["properties"]), schema["required"]), ({"name", "size"}, ["name", "size"]))

    def test_strict_params(self):
        """x-sluice-strict-params refuses what would be left out, and sends nothing"""
        tool = {**TOOLS[0], "cache_control": {"type": "ephemeral"}}
        self.refused(lambda: self.ask({"x-sluice-strict-params": "1"}, tools=[tool]), "cache_control")

    def test_strict_params_without_loss(self):
        """x-sluice-strict-params lets pass what is whole"""
        self.ask({"x-sluice-strict-params": "1"}, temperature=0.5, tools=TOOLS, system=SYSTEM)

    def test_cache_control(self):
        """cache_control, which nobody else has, is named once"""
        marked = {**SYSTEM[0], "cache_control": {"type": "ephemeral"}}
        self.assertEqual(self.warnings(system=[marked], messages=[{"role": "user", "content": [marked]}]), "dropped: cache_control")

    def test_server_tools(self):
        """a tool that Anthropic's servers run is a 400 that says where"""
        self.refused(lambda: self.ask(tools=[*TOOLS, {"type": "web_search_20250305", "name": "web_search"}]), "tools[2]", "web_search_20250305")

    def test_faults_of_the_client(self):
        """a body that breaks Anthropic's rules is a 400 that says where, and nothing is sent"""
        for where, members in {
            "messages[0].role": {"messages": [{"role": "wizard", "content": "x"}]},
            "messages[1].content[0]": {"messages": [*HELLO, {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "b", "input": "text"}]}]},
            "max_tokens": {"max_tokens": None},
            "tools[0]": {"tools": [{"name": "x"}]},
            "messages[0].content[0]": {"messages": [{"role": "user", "content": [{"type": "hologram"}]}]},
        }.items():
            with self.subTest(where=where):
                self.refused(lambda: self.ask(**members), where)

    def test_foreign_thinking(self):
        """thinking of another provider's is left out and named"""
        thinking = {"type": "thinking", "thinking": "hm", "signature": ""}
        messages = [*HELLO, {"role": "assistant", "content": [thinking, {"type": "text", "text": "hi"}]}, {"role": "user", "content": "more"}]
        self.assertEqual(self.warnings(messages=messages), "dropped: thinking")
        self.assertNotIn("hm", json.dumps(self.sent))


class AnthropicToOpenAI(FromAnthropic, TranslationCase):
    """anthropic's requests to OpenAI."""

    native = OpenAI

    def schema(self, sent):
        self.assertEqual((sent["response_format"]["type"], bool(sent["response_format"]["json_schema"]["name"])), ("json_schema", True))
        return sent["response_format"]["json_schema"]["schema"]

    def test_plain(self):
        """a message arrives exactly, with the caller's credential where OpenAI reads it"""
        sent = self.ask(messages=DIALOG, system="Be brief.", temperature=0.5, top_p=0.9, stop_sequences=["END"], metadata={"user_id": "u-1"})
        self.assertEqual(sent, {
            "model": "gpt-4o-mini", "max_completion_tokens": 500, "temperature": 0.5, "top_p": 0.9, "stop": ["END"], "user": "u-1",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"},
                         {"role": "user", "content": [{"type": "text", "text": "how"}, {"type": "text", "text": "are you"}]}]})
        request = self.upstream.requests[0]
        self.assertEqual((request.method, request.target, request.all("authorization")), ("POST", "/v1/chat/completions", ["Bearer sk-caller"]))
        self.assertEqual((request["x-api-key"], request["content-type"]), (None, "application/json"))
        self.assertEqual([name for name, _ in request.fields if name.lower().startswith(("x-portkey", "x-sluice", "anthropic-"))], [])

    def test_system(self):
        """a system of several blocks is one message in front"""
        self.assertEqual(self.ask(system=SYSTEM)["messages"], [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "hello"}])

    def test_round_trip(self):
        """two calls at once go back with their results as tool messages, right after the calls, the user's words last"""
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                messages = self.round_trip(streamed)["messages"]
                self.assertEqual([message["role"] for message in messages], ["user", "assistant", "tool", "tool", "user"])
                self.assertEqual(messages[1]["content"], "well")
                calls = [(call["id"], call["type"], call["function"]["name"], json.loads(call["function"]["arguments"])) for call in messages[1]["tool_calls"]]
                self.assertEqual(calls, [(id, "function", name, arguments) for _, id, name, arguments in CALLS])
                self.assertEqual({message["tool_call_id"]: message["content"] for message in messages[2:4]},
                                 {"toolu_01": "result of weather", "toolu_02": "result of time"})
                self.assertEqual(messages[4]["content"], "well?")

    def test_failed_tool(self):
        """a tool's failure can be seen by the model, and its picture follows"""
        picture = PICTURES[0]["content"][0]
        call = {"type": "tool_use", "id": "a", "name": "weather", "input": {}}
        results = [{"type": "tool_result", "tool_use_id": "a", "is_error": True, "content": [{"type": "text", "text": "no such city"}, picture]}]
        sent = self.ask(tools=TOOLS, messages=[*HELLO, {"role": "assistant", "content": [call]}, {"role": "user", "content": results}])
        self.assertIn("no such city", sent["messages"][2]["content"])
        self.assertIn("rror", sent["messages"][2]["content"])
        self.assertEqual(sent["messages"][3]["role"], "user")
        self.assertEqual(sent["messages"][3]["content"][-1], {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}})

    def test_tools(self):
        """tools and each way to choose them have OpenAI's words"""
        self.assertEqual(self.ask(tools=TOOLS)["tools"], [
            {"type": "function", "function": {"name": "weather", "description": "the weather", "parameters": WEATHER}},
            {"type": "function", "function": {"name": "time", "parameters": TIME}}])
        for choice, expected, parallel in [
            ({"type": "auto"}, "auto", None), ({"type": "none"}, "none", None), ({"type": "any", "disable_parallel_tool_use": True}, "required", False),
            ({"type": "tool", "name": "time"}, {"type": "function", "function": {"name": "time"}}, None),
        ]:
            with self.subTest(choice=choice):
                sent = self.ask(tools=TOOLS, tool_choice=choice)
                self.assertEqual((sent["tool_choice"], sent.get("parallel_tool_calls")), (expected, parallel))

    def test_media(self):
        """pictures and PDFs arrive as data or by address"""
        content = self.ask(messages=PICTURES)["messages"][0]["content"]
        self.assertEqual([part.get("image_url") for part in content], [{"url": f"data:image/png;base64,{PNG}"}, {"url": "https://example.com/cat.webp"}, None])
        content = self.ask(messages=[{"role": "user", "content": [PDF]}])["messages"][0]["content"]
        self.assertEqual(content, [{"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}}])

    def test_document_by_address(self):
        """a document by address, which OpenAI cannot fetch, is a 400 that says where"""
        document = {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}
        content = [{"type": "text", "text": "read"}, document]
        self.refused(lambda: self.ask(messages=[{"role": "user", "content": content}]), "messages[0].content[1]")

    def test_thinking(self):
        """a budget arrives as an effort, which is told; an effort as itself"""
        budget = {"type": "enabled", "budget_tokens": 2048}
        self.assertEqual(self.ask(model="o4-mini", max_tokens=20000, thinking=budget)["reasoning_effort"], "low")
        self.assertEqual(self.warnings(model="o4-mini", max_tokens=20000, thinking=budget), "changed: thinking")
        self.assertEqual(self.ask(model="o4-mini", max_tokens=90000, thinking={"type": "enabled", "budget_tokens": 20000})["reasoning_effort"], "high")
        self.assertEqual(self.ask(model="o4-mini", output_config={"effort": "high"})["reasoning_effort"], "high")

    def test_stops(self):
        """a long list of stops arrives whole"""
        stops = [f"stop {n}" for n in range(20)]
        self.assertEqual(self.ask(stop_sequences=stops)["stop"], stops)

    def test_warnings(self):
        """what is dropped is named, and nothing else"""
        self.assertIsNone(self.warnings(temperature=1, system="x", service_tier="auto"))
        self.assertEqual(set(self.warnings(top_k=5, extra_body={"mystery": 1}).removeprefix("dropped: ").split(", ")), {"top_k", "mystery"})

    def test_count_tokens(self):
        """count_tokens, which OpenAI has nothing like, is a 400, and nothing is sent"""
        self.refused(lambda: self.anthropic("oai").messages.count_tokens(model="gpt-4o-mini", messages=HELLO))

    def test_overrides(self):
        """override_params are in the client's dialect, and count"""
        self.answer(OpenAI.whole(("text", "hello")))
        config = {"provider": "oai", "override_params": {"max_tokens": 77, "stop_sequences": ["END"], "system": "Be brief."}}
        self.anthropic(config).messages.create(model="gpt-4o-mini", max_tokens=5, messages=HELLO)
        self.assert_members(self.sent, {"max_completion_tokens": 77, "stop": ["END"]})
        self.assertEqual(self.sent["messages"][0], {"role": "system", "content": "Be brief."})


class AnthropicToGemini(FromAnthropic, TranslationCase):
    """anthropic's requests to Gemini."""

    native = Gemini

    def schema(self, sent):
        self.assertEqual(sent["generationConfig"]["responseMimeType"], "application/json")
        return sent["generationConfig"]["responseJsonSchema"]

    def test_plain(self):
        """a message arrives exactly, with the caller's credential in a header and never in the address"""
        sent = self.ask(messages=DIALOG, system=SYSTEM, temperature=0.5, top_p=0.9, top_k=5, stop_sequences=["END"])
        self.assertEqual(sent, {
            "systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]},
            "contents": [{"role": "user", "parts": [{"text": "hello"}]}, {"role": "model", "parts": [{"text": "hi"}]},
                         {"role": "user", "parts": [{"text": "how"}, {"text": "are you"}]}],
            "generationConfig": {"maxOutputTokens": 500, "temperature": 0.5, "topP": 0.9, "topK": 5, "stopSequences": ["END"]}})
        request = self.upstream.requests[0]
        self.assertEqual((request.method, request.target, request.all("x-goog-api-key")), ("POST", Gemini.path, ["sk-caller"]))
        self.assertEqual([name for name, _ in request.fields if name.lower().startswith(("x-portkey", "x-sluice", "anthropic-", "x-api-key"))], [])

    def test_round_trip(self):
        """two calls at once go back with their results, by name, the user's words last"""
        for streamed in (False, True):
            with self.subTest(streamed=streamed):
                contents = self.round_trip(streamed)["contents"]
                self.assertEqual([turn["role"] for turn in contents], ["user", "model", "user"])
                calls = [part["functionCall"] for part in contents[1]["parts"][1:]]
                self.assertEqual([(call["id"], call["name"], call["args"]) for call in calls], [item[1:] for item in CALLS])
                *results, words = contents[2]["parts"]
                responses = {part["functionResponse"]["id"]: (part["functionResponse"]["name"], part["functionResponse"]["response"]) for part in results}
                self.assertEqual(responses, {"toolu_01": ("weather", {"output": "result of weather"}), "toolu_02": ("time", {"output": "result of time"})})
                self.assertEqual(words, {"text": "well?"})

    def test_failed_tool(self):
        """a tool's failure is Gemini's error"""
        call = {"type": "tool_use", "id": "a", "name": "weather", "input": {}}
        results = [{"type": "tool_result", "tool_use_id": "a", "is_error": True, "content": "no such city"}]
        sent = self.ask(tools=TOOLS, messages=[*HELLO, {"role": "assistant", "content": [call]}, {"role": "user", "content": results}])
        self.assertEqual(sent["contents"][2]["parts"][0]["functionResponse"]["response"], {"error": "no such city"})

    def test_media(self):
        """pictures and PDFs arrive as data or by address"""
        parts = self.ask(messages=[{"role": "user", "content": [*PICTURES[0]["content"], PDF]}])["contents"][0]["parts"]
        self.assertEqual(parts, [
            {"inlineData": {"mimeType": "image/png", "data": PNG}}, {"fileData": {"mimeType": "image/webp", "fileUri": "https://example.com/cat.webp"}},
            {"text": "compare"}, {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0="}}])

    def test_tool_choice(self):
        """each way to choose tools has Gemini's word"""
        for choice, expected in [({"type": "auto"}, {"mode": "AUTO"}), ({"type": "any"}, {"mode": "ANY"}), ({"type": "none"}, {"mode": "NONE"}),
                                 ({"type": "tool", "name": "time"}, {"mode": "ANY", "allowedFunctionNames": ["time"]})]:
            self.assertEqual(self.ask(tools=TOOLS, tool_choice=choice)["toolConfig"], {"functionCallingConfig": expected})

    def test_thinking(self):
        """a budget arrives as it is, with the thoughts asked for"""
        thinking = {"type": "enabled", "budget_tokens": 2048}
        self.assertEqual(self.ask(max_tokens=9000, thinking=thinking)["generationConfig"]["thinkingConfig"], {"thinkingBudget": 2048, "includeThoughts": True})
        self.assertEqual(self.ask(thinking={"type": "disabled"})["generationConfig"]["thinkingConfig"], {"thinkingBudget": 0})

    def test_stops(self):
        """five stops arrive; more, which Gemini refuses, are a 400 that says so"""
        stops = [f"stop {n}" for n in range(6)]
        self.assertEqual(self.ask(stop_sequences=stops[:5])["generationConfig"]["stopSequences"], stops[:5])
        self.setUp()
        self.refused(lambda: self.ask(stop_sequences=stops), "stop_sequences")

    def test_foreign_signature(self):
        """a signature of Claude's, which Gemini would refuse, is left out and named"""
        signature = "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds"
        content = [{"type": "thinking", "thinking": "hm", "signature": signature}, {"type": "text", "text": "hi"}]
        self.assertEqual(self.warnings(messages=[*HELLO, {"role": "assistant", "content": content}, {"role": "user", "content": "more"}]), "dropped: thinking")
        self.assertNotIn(signature, json.dumps(self.sent))

    def test_count_tokens(self):
        """count_tokens counts system and tools with the messages"""
        self.answer({"totalTokens": 31, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 31}]})
        count = self.anthropic("gem").messages.count_tokens(model=Gemini.model, messages=HELLO, system="Be brief.", tools=TOOLS)
        self.assertEqual(count.input_tokens, 31)
        self.assertEqual(self.upstream.requests[0].target, "/v1beta/models/gemini-2.5-flash:countTokens")
        asked = self.sent["generateContentRequest"]
        self.assertEqual((asked["model"], asked["contents"]), ("models/gemini-2.5-flash", [{"role": "user", "parts": [{"text": "hello"}]}]))
        self.assertEqual((asked["systemInstruction"], len(asked["tools"][0]["functionDeclarations"])), ({"parts": [{"text": "Be brief."}]}, 2))

    def test_count_tokens_fails(self):
        """an error of the count has Anthropic's shape"""
        self.upstream.handler = lambda request, peer: peer.answer(Gemini.error(429)[0], 429)
        with self.assertRaises(anthropic.RateLimitError) as caught:
            self.anthropic("gem").messages.count_tokens(model=Gemini.model, messages=HELLO)
        self.assertEqual(caught.exception.body["error"], {"type": "rate_limit_error", "message": "native no"})
