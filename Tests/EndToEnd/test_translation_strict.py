"""Every pair of dialects against the mock that refuses what the provider does not document."""

import json

import anthropic
import openai

from harness.gateway import GatewayCase, Mock
from harness.translation import HELLO, PNG, WEATHER

OPENAI_TOOL = {"type": "function", "function": {"name": "weather", "description": "d", "parameters": WEATHER}}
ANTHROPIC_TOOL = {"name": "weather", "description": "d", "input_schema": WEATHER}
#: A model of each provider's, as the mock takes its script from behind the name.
MODELS = {"claude": "claude-sonnet-4-5", "gem": "gemini-2.5-flash", "oai": "gpt-5.1", "az": "gpt-5.1"}


class Strict(GatewayCase):
    """what is documented"""

    @classmethod
    def configuration(cls):
        cls.judge = Mock("--strict")
        cls.addClassCleanup(cls.judge.stop)
        root = f"http://127.0.0.1:{cls.judge.reached}"
        target = {"provider": "azure-openai", "api_key": "k", "custom_host": f"{root}/openai", "api_version": "2024-10-21"}
        return {
            "version": 1,
            "providers": {
                "claude": {"dialect": "anthropic", "base_url": f"{root}/v1", "api_key": "k"},
                "gem": {"dialect": "gemini", "base_url": f"{root}/v1beta", "api_key": "k"},
                "oai": {"dialect": "openai", "base_url": f"{root}/v1", "api_key": "k"}},
            "configs": {**{name: {"provider": name} for name in ("claude", "gem", "oai")}, "az": target}}

    def openai(self, provider, **headers):
        client = openai.OpenAI(base_url=self.gateway.url + "/v1", api_key="OPENAI_API_KEY", max_retries=0, timeout=10,
                               default_headers={"x-portkey-config": provider, **headers})
        self.addCleanup(client.close)
        return client.chat.completions

    def anthropic(self, provider):
        client = anthropic.Anthropic(base_url=self.gateway.url, api_key="OPENAI_API_KEY", max_retries=0, timeout=10,
                                     default_headers={"x-portkey-config": provider})
        self.addCleanup(client.close)
        return client.messages

    def test_openai_client(self):
        """the openai SDK on every provider: text, pictures, tools in two turns with parallel calls, schemas, thinking, stops, limits"""
        picture = {"role": "user", "content": [{"type": "text", "text": "what?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64," + PNG}}]}
        for provider in ("claude", "gem", "oai", "az"):
            with self.subTest(provider=provider):
                model = MODELS[provider]
                ask = self.openai(provider).create
                said = ask(model=f"{model}?tokens=5", messages=[{"role": "system", "content": "s"}, picture, *HELLO], max_completion_tokens=3000,
                           temperature=0.5, stop=["a", "b"], user="u")
                self.assertEqual((said.choices[0].finish_reason, said.usage.completion_tokens), ("stop", 5))
                turn = ask(model=f"{model}?tools=2", messages=HELLO, tools=[OPENAI_TOOL], tool_choice="required", max_completion_tokens=3000)
                calls = turn.choices[0].message.tool_calls
                self.assertEqual((turn.choices[0].finish_reason, [json.loads(call.function.arguments).keys() for call in calls]),
                                 ("tool_calls", [{"city"}, {"city"}]))
                results = [{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in calls]
                last = ask(model=f"{model}?tokens=4", messages=[*HELLO, turn.choices[0].message.to_dict(), *results], tools=[OPENAI_TOOL], max_completion_tokens=3000)
                self.assertTrue(last.choices[0].message.content)
                shaped = ask(model=f"{model}?json=1", messages=HELLO, max_completion_tokens=3000,
                             response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": WEATHER, "strict": True}})
                self.assertIn("city", json.loads(shaped.choices[0].message.content))
                thought = ask(model=f"{model}?thinking=3&tokens=4", messages=HELLO, reasoning_effort="low", max_completion_tokens=8000)
                self.assertTrue(thought.choices[0].message.content)

    def test_anthropic_client(self):
        """the anthropic SDK on every provider: the same"""
        picture = {"role": "user", "content": [{"type": "text", "text": "what?"},
                                               {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}]}
        for provider in ("claude", "gem", "oai", "az"):
            with self.subTest(provider=provider):
                model = MODELS[provider]
                # Anthropic's newest version takes no temperature; its older one, which is asked for here, does.
                ask = lambda **members: self.anthropic(provider).create(max_tokens=3000, extra_headers={"anthropic-version": "2023-06-01"}, **members)
                said = ask(model=f"{model}?tokens=5", system="s", messages=[picture, {"role": "assistant", "content": "ok"}, *HELLO], extra_body={"temperature": 0.5},
                           stop_sequences=["a", "b"], metadata={"user_id": "u"})
                self.assertEqual((said.stop_reason, said.usage.output_tokens), ("end_turn", 5))
                turn = ask(model=f"{model}?tools=2", messages=HELLO, tools=[ANTHROPIC_TOOL], tool_choice={"type": "any"})
                calls = [block for block in turn.content if block.type == "tool_use"]
                self.assertEqual((turn.stop_reason, [call.input.keys() for call in calls]), ("tool_use", [{"city"}, {"city"}]))
                results = [{"type": "tool_result", "tool_use_id": call.id, "content": "sunny"} for call in calls]
                last = ask(model=f"{model}?tokens=4", tools=[ANTHROPIC_TOOL],
                           messages=[*HELLO, {"role": "assistant", "content": [block.to_dict() for block in turn.content]}, {"role": "user", "content": results}])
                self.assertTrue(last.content[0].text)
                thought = ask(model=f"{model}?thinking=3&tokens=4", messages=HELLO, thinking={"type": "enabled", "budget_tokens": 1024})
                # Gemini's proof of its thinking may come behind the text, in a thinking block of its own.
                self.assertEqual({block.type for block in thought.content} - {"thinking"}, {"text"})

    def test_streams(self):
        """streams of text and of calls, gathered by both SDKs' helpers, say what whole answers say"""
        for provider in ("claude", "gem", "oai", "az"):
            with self.subTest(provider=provider):
                model, chat, messages = MODELS[provider], self.openai(provider), self.anthropic(provider)
                text = {"model": f"{model}?tokens=9&gap=1", "messages": HELLO}
                whole = chat.create(**text, max_completion_tokens=99).choices[0].message.content
                with chat.stream(**text, max_completion_tokens=99) as stream:
                    self.assertEqual(stream.get_final_completion().choices[0].message.content, whole)
                with messages.stream(**text, max_tokens=99) as stream:
                    self.assertEqual(stream.get_final_text(), whole)
                calls = {"model": f"{model}?tools=2", "messages": HELLO}
                with chat.stream(**calls, tools=[OPENAI_TOOL], max_completion_tokens=99) as stream:
                    found = stream.get_final_completion().choices[0]
                self.assertEqual((found.finish_reason, len({call.id for call in found.message.tool_calls})), ("tool_calls", 2))
                with messages.stream(**calls, tools=[ANTHROPIC_TOOL], max_tokens=99) as stream:
                    final = stream.get_final_message()
                self.assertEqual((final.stop_reason, [block.input.keys() for block in final.content if block.type == "tool_use"]),
                                 ("tool_use", [{"city"}, {"city"}]))
