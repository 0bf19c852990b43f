"""What tests of the cache share: answers, streams, and a case whose upstream says another thing each time it is asked."""

import copy
import json
import threading

from harness.gateway import GatewayCase
from harness.upstream import CHAT

STATUS = "x-portkey-cache-status"
SIMPLE = {"cache": {"mode": "simple"}}


def said(text, finish="stop", **message):
    """A whole answer that says `text`."""
    answer = copy.deepcopy(CHAT)
    answer["choices"][0]["message"] = {"role": "assistant", "content": text, **message}
    answer["choices"][0]["finish_reason"] = finish
    return answer


def chunk(delta, finish=None, **members):
    return {"id": "c", "object": "chat.completion.chunk", "created": 1700000000, "model": "gpt-4o-mini",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **members}


def event(data):
    return b"data: " + (data if isinstance(data, bytes) else json.dumps(data).encode()) + b"\n\n"


def events(*pieces, finish="stop", done=True, usage=False):
    """A stream of those pieces."""
    runs = [event(chunk({"role": "assistant", "content": ""}))]
    runs += [event(chunk({"content": piece})) for piece in pieces]
    runs.append(event(chunk({}, finish)))
    if usage:
        runs.append(event({**chunk({}), "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}}))
    return runs + ([event(b"[DONE]")] if done else [])


def pieces(stream):
    """What a chat stream's events say: their texts, the finish reason, the usage, and whether the last is [DONE]."""
    data = [line[6:] for line in stream.decode().split("\n") if line.startswith("data: ")]
    chunks = [json.loads(line) for line in data if line != "[DONE]"]
    text = "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])
    finish = [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"] if choice["finish_reason"]]
    usage = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
    return text, finish, usage, data[-1] == "[DONE]"


class CacheCase(GatewayCase):
    """The test's upstream says another thing each time it is asked."""

    def setUp(self):
        super().setUp()
        self.lock, self.count = threading.Lock(), 0
        self.upstream.handler = self.answer
        #: So that no test finds what another has left.
        self.namespace = self.id()

    def answer(self, request, peer):
        with self.lock:
            self.count += 1
            number = self.count
        if request.json.get("stream"):
            return peer.stream(*events(f"answer {number}", usage=(request.json.get("stream_options") or {}).get("include_usage", False)))
        peer.answer(said(f"answer {number}"))

    def config(self, **members):
        return {**self.upstream.target(), **SIMPLE, **members}

    def ask(self, config=None, headers=None, **members):
        return self.chat(config or self.config(), {"x-portkey-cache-namespace": self.namespace, **(headers or {})}, **members)

    def assert_statuses(self, expected, *asked):
        answers = [ask() for ask in asked]
        self.assertEqual([answer[STATUS] for answer in answers], expected, answers)
        return answers

    def assert_never_kept(self, status=200, config=None, **members):
        """Asked twice, asked for twice."""
        for _ in range(2):
            answer = self.ask(config, **members)
            self.assertEqual((answer.status, answer[STATUS]), (status, "MISS"))
        self.assertEqual(len(self.upstream.requests), 2)
