"""Amazon Bedrock as its documents have it, written without the gateway: Converse's answers, the framing of its streams, and AWS's signature."""

import hashlib
import hmac
import json
import re
import struct
import urllib.parse
import zlib

from harness.native import quarters


def frame(headers, payload):
    """A message of Amazon's event stream (AWS docs "Event stream encoding"); headers are strings."""
    block = b"".join(bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value.encode())) + value.encode() for name, value in headers.items())
    prelude = struct.pack(">II", len(block) + len(payload) + 16, len(block))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + block + payload
    return message + struct.pack(">I", zlib.crc32(message))


def signature(request, secret, region, service="bedrock"):
    """The signature a request should have: AWS IAM User Guide, "Create a signed AWS API request". It is read as it arrived."""
    line = request["authorization"]
    key, scope, names = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(.+), SignedHeaders=([a-z0-9;-]+), Signature=[0-9a-f]{64}", line).groups()
    day, *rest = scope.split("/")
    assert rest == [region, service, "aws4_request"], scope
    # What is in the path is encoded once more, but for its slashes; S3 leaves it as it is.
    path, _, query = request.target.partition("?")
    path = path if service == "s3" else urllib.parse.quote(path, safe="/-._~")
    query = "&".join(sorted(query.split("&")))
    fields = "".join(f"{name}:{' '.join(','.join(request.all(name)).split())}\n" for name in names.split(";"))
    digest = hashlib.sha256(request.body).hexdigest()
    canonical = "\n".join([request.method, path, query, fields, names, digest])
    text = "\n".join(["AWS4-HMAC-SHA256", request["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    derived = f"AWS4{secret}".encode()
    for word in (day, *rest):
        derived = hmac.new(derived, word.encode(), hashlib.sha256).digest()
    return key, names.split(";"), hmac.new(derived, text.encode(), hashlib.sha256).hexdigest(), line.rpartition("=")[2]


class Bedrock:
    """The Converse API (Amazon Bedrock API Reference, "Converse", "ConverseStream"; botocore's model of `bedrock-runtime`).

    It counts as the other natives do, but does not tell what was thought.
    """

    provider, model, kind = "rock", "anthropic.claude-sonnet-4-5-20250929-v1:0", "application/vnd.amazon.eventstream"
    path = "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
    stream_path = f"{path}-stream"
    ends = {"stop": "end_turn", "length": "max_tokens", "calls": "tool_use", "filter": "guardrail_intervened"}
    usage = {"inputTokens": 70, "outputTokens": 50, "totalTokens": 150, "cacheReadInputTokens": 30, "cacheWriteInputTokens": 0}
    errors = {400: "ValidationException", 403: "AccessDeniedException", 404: "ResourceNotFoundException", 429: "ThrottlingException",
              500: "InternalServerException", 503: "ServiceUnavailableException"}

    @classmethod
    def whole(cls, *said, end="stop", **members):
        return {"metrics": {"latencyMs": 1}, "output": {"message": {"role": "assistant", "content": [cls._block(item) for item in said]}},
                "stopReason": cls.ends.get(end, end), "usage": cls.usage, **members}

    @staticmethod
    def _block(item):
        if item[0] == "text":
            return {"text": "".join(item[1:])}
        if item[0] == "thinking":
            return {"reasoningContent": {"reasoningText": {"text": "".join(item[2:]), **({"signature": item[1]} if item[1] else {})}}}
        return {"toolUse": {"toolUseId": item[1], "name": item[2], "input": item[3]}}

    @classmethod
    def stream(cls, *said, end="stop", **stop):
        events = [cls.event("messageStart", {"role": "assistant"})]
        for index, item in enumerate(said):
            if item[0] == "call":
                start = {"toolUse": {"toolUseId": item[1], "name": item[2]}}
                events.append(cls.event("contentBlockStart", {"contentBlockIndex": index, "start": start}))
            events += [cls.event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta, "p": "abcd"}) for delta in cls._deltas(item)]
            events.append(cls.event("contentBlockStop", {"contentBlockIndex": index}))
        events.append(cls.event("messageStop", {"stopReason": cls.ends.get(end, end), **stop}))
        return [*events, cls.event("metadata", {"usage": cls.usage, "metrics": {"latencyMs": 1}})]

    @staticmethod
    def _deltas(item):
        if item[0] == "text":
            return [{"text": piece} for piece in item[1:]]
        if item[0] == "thinking":
            signed = [{"reasoningContent": {"signature": item[1]}}] if item[1] else []
            return [*({"reasoningContent": {"text": piece}} for piece in item[2:]), *signed]
        return [{"toolUse": {"input": piece}} for piece in quarters(json.dumps(item[3]))]

    @staticmethod
    def event(name, payload):
        return frame({":event-type": name, ":content-type": "application/json", ":message-type": "event"}, json.dumps(payload).encode())

    @staticmethod
    def exception(name, message="native overload"):
        return frame({":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}, json.dumps({"message": message}).encode())

    @classmethod
    def error_event(cls):
        return cls.exception("serviceUnavailableException")

    @classmethod
    def error(cls, status, message="native no"):
        """(body, header fields)"""
        name = cls.errors.get(status, "InternalServerException")
        return {"message": message}, [("x-amzn-ErrorType", f"{name}:http://internal.amazon.com/coral/com.amazon.bedrock/"), ("x-amzn-RequestId", "req_native")]
