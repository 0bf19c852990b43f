"""What providers answer, in their own forms, written by hand from their documentation.

An answer is said in items: ("text", *pieces), ("thinking", signature, *pieces), ("call", id, name, arguments). A whole answer joins the
pieces, a stream has one event for each. All three classes count alike: 100 tokens in, 30 of them cached; 50 out, 20 of them thought.
"""

import json


def quarters(text):
    """The text in four pieces, as arguments come in streams."""
    size = max(1, -(-len(text) // 4))
    return [text[at:at + size] for at in range(0, len(text), size)]


class Claude:
    """Anthropic's Messages API (Claude Platform docs "Messages", "Streaming messages", "Stop reasons", "Errors")."""

    provider, model, path, stream_path = "claude", "claude-sonnet-4-5", "/v1/messages", "/v1/messages"
    ends = {"stop": "end_turn", "length": "max_tokens", "calls": "tool_use", "filter": "refusal"}
    usage = {"input_tokens": 70, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 30,
             "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
             "output_tokens": 50, "output_tokens_details": {"thinking_tokens": 20}, "service_tier": "standard"}
    #: How it words errors of a status.
    errors = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
              413: "request_too_large", 429: "rate_limit_error", 500: "api_error", 529: "overloaded_error"}

    @classmethod
    def whole(cls, *said, end="stop", **members):
        return {"id": "msg_01native", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
                "content": [cls._block(item) for item in said], "stop_reason": cls.ends.get(end, end), "stop_sequence": None,
                "usage": cls.usage, **members}

    @staticmethod
    def _block(item):
        if item[0] == "text":
            return {"type": "text", "text": "".join(item[1:])}
        if item[0] == "thinking":
            return {"type": "thinking", "thinking": "".join(item[2:]), "signature": item[1]}
        return {"type": "tool_use", "id": item[1], "name": item[2], "input": item[3]}

    @classmethod
    def stream(cls, *said, end="stop", **delta):
        start = {**cls.whole(), "stop_reason": None, "usage": {**cls.usage, "output_tokens": 1}}
        del start["usage"]["output_tokens_details"]
        events = [{"type": "message_start", "message": start}, {"type": "ping"}]
        for index, item in enumerate(said):
            events += [{"index": index, **event} for event in cls._block_events(item)]
        events += [{"type": "message_delta", "delta": {"stop_reason": cls.ends.get(end, end), "stop_sequence": None, **delta}, "usage": cls.usage},
                   {"type": "message_stop"}]
        return [cls.event(event) for event in events]

    @classmethod
    def _block_events(cls, item):
        if item[0] == "text":
            empty, deltas = {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in item[1:]]
        elif item[0] == "thinking":
            empty = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [*({"type": "thinking_delta", "thinking": piece} for piece in item[2:]), {"type": "signature_delta", "signature": item[1]}]
        else:
            empty = {"type": "tool_use", "id": item[1], "name": item[2], "input": {}}
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *quarters(json.dumps(item[3]))]]
        yield {"type": "content_block_start", "content_block": empty}
        yield from ({"type": "content_block_delta", "delta": delta} for delta in deltas)
        yield {"type": "content_block_stop"}

    @staticmethod
    def event(event):
        return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()

    @classmethod
    def error(cls, status, message="native no"):
        """(body, header fields)"""
        kind = cls.errors.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_native"}, [("request-id", "req_native")]

    @classmethod
    def error_event(cls):
        return cls.event({"type": "error", "error": {"type": "overloaded_error", "message": "native overload"}})


class Gemini:
    """Gemini's generateContent (ai.google.dev/api/generate-content, …/gemini-api/docs/thought-signatures, …/troubleshooting).

    The proof of the thinking stands on the call it led to, or on a last part without text.
    """

    provider, model = "gem", "gemini-2.5-flash"
    path, stream_path = "/v1beta/models/gemini-2.5-flash:generateContent", "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    ends = {"stop": "STOP", "length": "MAX_TOKENS", "calls": "STOP", "filter": "SAFETY"}
    usage = {"promptTokenCount": 100, "cachedContentTokenCount": 30, "candidatesTokenCount": 30, "thoughtsTokenCount": 20, "totalTokenCount": 150,
             "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 100}]}
    errors = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED",
              500: "INTERNAL", 503: "UNAVAILABLE"}

    @classmethod
    def whole(cls, *said, end="stop", **members):
        return cls._response(list(cls._parts(said, whole=True)), cls.ends.get(end, end), cls.usage, **members)

    @classmethod
    def _response(cls, parts, end, usage, **members):
        candidate = {"content": {"role": "model", **({"parts": parts} if parts else {})}, "index": 0}
        if end:
            candidate["finishReason"] = end
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": cls.model, "responseId": "resp-native", **members}

    @classmethod
    def _parts(cls, said, whole):
        pending = None
        for item in said:
            if item[0] == "call":
                call = {"functionCall": {"id": item[1], "name": item[2], "args": item[3]}}
                yield {**call, "thoughtSignature": pending} if pending else call
                pending = None
                continue
            texts = item[1:] if item[0] == "text" else item[2:]
            for text in ["".join(texts)] if whole else texts:
                yield {"text": text, "thought": True} if item[0] == "thinking" else {"text": text}
            pending = item[1] if item[0] == "thinking" else pending
        if pending:
            yield {"text": "", "thoughtSignature": pending}

    @classmethod
    def stream(cls, *said, end="stop"):
        """Each event has the prompt's count, the last one all; Google ends lines with CR LF."""
        early = {"promptTokenCount": 100, "totalTokenCount": 100}
        events = [cls._response([part], None, early) for part in cls._parts(said, whole=False)]
        last = events.pop() if events else cls._response([], None, early)
        last["candidates"][0]["finishReason"] = cls.ends.get(end, end)
        return [cls.event(event) for event in [*events, {**last, "usageMetadata": cls.usage}]]

    @staticmethod
    def event(event):
        return f"data: {json.dumps(event)}\r\n\r\n".encode()

    @classmethod
    def error(cls, status, message="native no"):
        return {"error": {"code": status, "message": message, "status": cls.errors.get(status, "UNKNOWN")}}, []

    @classmethod
    def error_event(cls):
        return cls.event({"error": {"code": 503, "message": "native overload", "status": "UNAVAILABLE"}})


class OpenAI:
    """OpenAI's chat completions (openai-python `types/chat`); thinking as DeepSeek and vLLM have it, `reasoning_content`."""

    provider, model, path, stream_path = "oai", "gpt-4o-mini", "/v1/chat/completions", "/v1/chat/completions"
    ends = {"stop": "stop", "length": "length", "calls": "tool_calls", "filter": "content_filter"}
    usage = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150, "prompt_tokens_details": {"cached_tokens": 30, "audio_tokens": 0},
             "completion_tokens_details": {"reasoning_tokens": 20, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}}
    errors = {400: "invalid_request_error", 401: "invalid_request_error", 403: "invalid_request_error", 404: "invalid_request_error",
              429: "insufficient_quota", 500: "server_error", 503: "server_error"}
    codes = {401: "invalid_api_key", 404: "model_not_found", 429: "insufficient_quota"}

    @classmethod
    def whole(cls, *said, end="stop", **message):
        texts = "".join("".join(item[1:]) for item in said if item[0] == "text")
        thoughts = "".join("".join(item[2:]) for item in said if item[0] == "thinking")
        calls = [cls._call(item) for item in said if item[0] == "call"]
        message = {"role": "assistant", "content": texts or None, "refusal": None, "annotations": [], **message}
        if thoughts:
            message["reasoning_content"] = thoughts
        if calls:
            message["tool_calls"] = calls
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": cls.ends.get(end, end)}
        return {"id": "chatcmpl-native", "object": "chat.completion", "created": 1700000000, "model": "gpt-4o-mini-2024-07-18", "choices": [choice],
                "usage": cls.usage, "service_tier": "default", "system_fingerprint": "fp_1"}

    @staticmethod
    def _call(item):
        return {"id": item[1], "type": "function", "function": {"name": item[2], "arguments": json.dumps(item[3])}}

    @classmethod
    def stream(cls, *said, end="stop", usage=True):
        events = [cls.chunk({"role": "assistant", "content": "", "refusal": None})]
        calls = 0
        for item in said:
            if item[0] == "text":
                events += [cls.chunk({"content": piece}) for piece in item[1:]]
            elif item[0] == "thinking":
                events += [cls.chunk({"reasoning_content": piece}) for piece in item[2:]]
            elif item[0] == "refusal":
                events += [cls.chunk({"refusal": piece}) for piece in item[1:]]
            else:
                events.append(cls.chunk({"tool_calls": [{"index": calls, "id": item[1], "type": "function", "function": {"name": item[2], "arguments": ""}}]}))
                events += [cls.chunk({"tool_calls": [{"index": calls, "function": {"arguments": piece}}]}) for piece in quarters(json.dumps(item[3]))]
                calls += 1
        events.append(cls.chunk({}, cls.ends.get(end, end)))
        if usage:
            events.append(cls.event({**json.loads(events[0][6:]), "choices": [], "usage": cls.usage}))
        return [*events, b"data: [DONE]\n\n"]

    @classmethod
    def chunk(cls, delta, end=None):
        return cls.event({"id": "chatcmpl-native", "object": "chat.completion.chunk", "created": 1700000000, "model": "gpt-4o-mini-2024-07-18",
                          "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": end}]})

    @staticmethod
    def event(event):
        return f"data: {json.dumps(event)}\n\n".encode()

    @classmethod
    def error(cls, status, message="native no"):
        error = {"message": message, "type": cls.errors.get(status, "server_error"), "param": None, "code": cls.codes.get(status)}
        return {"error": error}, [("x-request-id", "req_native")]

    @classmethod
    def error_event(cls):
        return cls.event({"error": {"message": "native overload", "type": "server_error", "param": None, "code": None}})
