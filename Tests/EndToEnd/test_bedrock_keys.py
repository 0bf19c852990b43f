"""Amazon Bedrock's keys: what is signed, what is sent, where requests go, and what falls back."""

import datetime
import json
import time
import urllib.parse

import openai

from harness.bedrock import Bedrock, signature
from harness.configuration import of_dialects
from harness.gateway import Gateway, GatewayCase
from harness.translation import HELLO, SAID, TEXT, TranslationCase
from harness.upstream import Upstream

ROLE = "arn:aws:iam::123456789012:role/team/bedrock"
KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEXAMPLE//+=="


def granted(key, secret, token):
    """The token service's answer (AWS STS API Reference, "AssumeRole"), as it is in JSON."""
    return {"AssumeRoleResponse": {
        "AssumeRoleResult": {
            "AssumedRoleUser": {"Arn": "arn:aws:sts::123456789012:assumed-role/bedrock/sluice", "AssumedRoleId": "AROA:sluice"},
            "Credentials": {"AccessKeyId": key, "Expiration": round(time.time()) + 3600.0, "SecretAccessKey": secret, "SessionToken": token},
            "PackedPolicySize": None, "SourceIdentity": None},
        "ResponseMetadata": {"RequestId": "r"}}}


class KeysCase(TranslationCase):
    """Requests to provider bedrock, whose runtime is the test's upstream."""

    native = Bedrock

    @property
    def host(self):
        return f"http://127.0.0.1:{self.upstream.port}"

    def target(self, **members):
        return {"provider": "bedrock", "custom_host": self.host, "aws_access_key_id": KEY, "aws_secret_access_key": SECRET, **members}

    def named(self, **fields):
        """Headers that name the provider."""
        return {"x-portkey-provider": "bedrock", "x-portkey-custom-host": self.host,
                **{f"x-portkey-aws-{name.replace('_', '-')}": value for name, value in fields.items()}}

    def client(self, headers):
        client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key="sk-caller", max_retries=0, timeout=10, default_headers=headers)
        self.addCleanup(client.close)
        return client

    def chat(self, headers, answer=None, **members):
        """One chat; the request that arrived."""
        self.answer(answer or Bedrock.whole(SAID))
        completion = self.client(headers).chat.completions.create(**{"model": Bedrock.model, "messages": HELLO, **members})
        self.assertEqual(completion.choices[0].message.content, TEXT)
        return self.upstream.requests[-1]

    def assert_signed(self, request, region="us-east-1", token=None):
        """That AWS would take it."""
        key, names, expected, given = signature(request, SECRET, region)
        self.assertEqual((key, given), (KEY, expected))
        self.assertEqual(set(names), {"content-type", "host", "x-amz-content-sha256", "x-amz-date", *(["x-amz-security-token"] if token else [])})
        self.assertEqual(request["x-amz-security-token"], token)
        for name in names:
            self.assertEqual(len(request.all(name)), 1, name)
        sent = datetime.datetime.strptime(request["x-amz-date"], "%Y%m%dT%H%M%S%z")
        self.assertLess(abs((datetime.datetime.now(datetime.timezone.utc) - sent).total_seconds()), 60)


class Signatures(KeysCase):
    """Static keys sign, whoever names them."""

    def test_config(self):
        """a config's keys sign the request as it is sent; neither they nor the caller's credential are"""
        request = self.chat({"x-portkey-config": json.dumps(self.target(aws_region="eu-central-1"))})
        self.assert_signed(request, "eu-central-1")
        self.assertNotIn(SECRET.encode(), request.raw)
        self.assertNotIn(b"sk-caller", request.raw)

    def test_headers(self):
        """so do the keys in headers, with a session's token"""
        request = self.chat(self.named(access_key_id=KEY, secret_access_key=SECRET, session_token=TOKEN, region="ap-south-1"))
        self.assert_signed(request, "ap-south-1", TOKEN)
        self.assertEqual([name for name, _ in request.fields if name.lower().startswith("x-portkey")], [])

    def test_stream_and_arn(self):
        """an ARN's path is signed encoded twice, and a stream's request like any other"""
        arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
        self.answer(Bedrock.stream(SAID))
        client = self.client({"x-portkey-config": json.dumps(self.target(aws_session_token=TOKEN))})
        self.assertTrue(list(client.chat.completions.create(model=arn, messages=HELLO, stream=True)))
        self.assertTrue(self.upstream.requests[0].target.startswith("/model/arn%3Aaws%3A"))
        self.assert_signed(self.upstream.requests[0], token=TOKEN)

    def test_what_the_client_sends(self):
        """fields of the signature that a client sends are not taken for ours, nor its content type"""
        headers = {"x-portkey-config": json.dumps(self.target()), "x-amz-date": "20200101T000000Z", "X-Amz-Security-Token": "mine", "x-amz-content-sha256": "00",
                   "content-type": "application/json; charset=utf-8"}
        self.assert_signed(self.chat(headers))

    def test_each_attempt(self):
        """each attempt is signed for itself, overrides and all"""
        self.answer(*[Bedrock.whole(SAID)])
        answers = iter([(429, {"message": "slow"}), (200, Bedrock.whole(SAID))])

        def handler(request, peer):
            status, body = next(answers)
            peer.answer(body, status)
        self.upstream.handler = handler
        config = self.target(retry={"attempts": 1, "on_status_codes": [429]}, override_params={"max_tokens": 7})
        completion = self.client({"x-portkey-config": json.dumps(config)}).chat.completions.create(model=Bedrock.model, messages=HELLO)
        self.assertEqual(completion.choices[0].message.content, TEXT)
        self.assertEqual(len(self.upstream.requests), 2)
        for request in self.upstream.requests:
            self.assert_signed(request)
            self.assertEqual(request.json["inferenceConfig"], {"maxTokens": 7})


class Keys(KeysCase):
    """What is no static key."""

    def test_api_key(self):
        """a Bedrock API key goes as Bearer: the config's, or the caller's own"""
        config = {"provider": "bedrock", "custom_host": self.host, "api_key": "bedrock-api-key"}
        for mode in ({}, {"aws_auth_type": "apiKey"}):
            request = self.chat({"x-portkey-config": json.dumps({**config, **mode})})
            self.assertEqual((request.all("authorization"), request["x-amz-date"]), (["Bearer bedrock-api-key"], None))
        request = self.chat(self.named(auth_type="apiKey"))
        self.assertEqual(request.all("authorization"), ["Bearer sk-caller"])

    def refused(self, headers, status, *words):
        with self.assertRaises(openai.APIStatusError) as caught:
            self.client(headers).chat.completions.create(model=Bedrock.model, messages=HELLO)
        self.assertEqual(caught.exception.status_code, status)
        for word in words:
            self.assertIn(word, caught.exception.message)
        self.assertNotIn(SECRET, caught.exception.message)
        self.assertEqual(self.upstream.requests, [])

    def test_half_a_key(self):
        """half of a key is an error that names the other half, and nothing is sent"""
        self.refused(self.named(access_key_id=KEY), 401, "x-portkey-aws-secret-access-key")
        self.refused(self.named(secret_access_key=SECRET), 401, "x-portkey-aws-access-key-id")
        self.refused(self.named(session_token=TOKEN), 401, "x-portkey-aws-access-key-id")
        for name in ("aws_access_key_id", "aws_secret_access_key"):
            config = self.target(aws_session_token=TOKEN)
            del config[name]
            self.refused({"x-portkey-config": json.dumps(config)}, 400, "Invalid config")

    def test_regions_stay_in_their_place(self):
        """a region cannot lead to another host"""
        for region in ("evil.example/", "a.b", "x@y", "a#", "A", "-a"):
            self.refused(self.named(access_key_id=KEY, secret_access_key=SECRET, region=region), 400, "region")
            self.refused({"x-portkey-config": json.dumps(self.target(aws_region=region))}, 400, "Invalid config")

    def test_roles_without_what_they_need(self):
        """a role without its ARN, or that is none, or without a key to assume it with, is a 400 or 401 that says so"""
        self.refused(self.named(access_key_id=KEY, secret_access_key=SECRET, auth_type="assumedRole"), 400, "x-portkey-aws-role-arn")
        self.refused(self.named(access_key_id=KEY, secret_access_key=SECRET, role_arn="arn:aws:s3:::bucket"), 400, "arn:aws:iam::")
        self.refused(self.named(access_key_id=KEY, secret_access_key=SECRET, role_arn=ROLE, external_id="a b"), 400, "external id")
        self.refused(self.named(role_arn=ROLE), 401, "x-portkey-aws-access-key-id")
        for members in ({"aws_auth_type": "assumedRole"}, {"aws_role_arn": "me"}, {"aws_role_arn": ROLE, "aws_auth_type": "accessKey"},
                        {"aws_external_id": "e-1"}, {"aws_role_arn": ROLE, "aws_external_id": "a b"}):
            self.refused({"x-portkey-config": json.dumps(self.target(**members))}, 400, "Invalid config")


class Roles(KeysCase):
    """An access key that assumes a role."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service = Upstream()
        cls.addClassCleanup(cls.service.close)
        cls.assuming = Gateway(cls.configuration(), environment={"AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{cls.service.port}"})
        cls.addClassCleanup(cls.assuming.stop)

    def setUp(self):
        super().setUp()
        self.gateway = self.assuming
        self.service.forget()
        self.service.handler = lambda request, peer: peer.answer(granted("ASIAROLE", "role/secret+", "role-session//+=="))

    def role(self, number, **members):
        """A role of its own for each test: keys are kept."""
        return {"aws_role_arn": f"{ROLE}-{number}", **members}

    def test_keys_of_the_role(self):
        """the role's keys sign, and the target's own are shown to the token service alone, once for many requests"""
        config = self.target(aws_region="eu-west-3", **self.role(1, aws_external_id="e-1:x/y", aws_auth_type="assumedRole"))
        for _ in range(3):
            request = self.chat({"x-portkey-config": json.dumps(config)})
        key, names, expected, given = signature(request, "role/secret+", "eu-west-3")
        self.assertEqual((key, given, request["x-amz-security-token"]), ("ASIAROLE", expected, "role-session//+=="))
        self.assertNotIn(KEY.encode(), request.raw)
        (asked,) = self.service.requests
        self.assertEqual((asked.method, asked.target, asked["accept"]), ("POST", "/", "application/json"))
        self.assertEqual(dict(urllib.parse.parse_qsl(asked.body.decode())), {
            "Action": "AssumeRole", "Version": "2011-06-15", "RoleSessionName": "sluice", "DurationSeconds": "3600", "RoleArn": f"{ROLE}-1",
            "ExternalId": "e-1:x/y"})
        key, names, expected, given = signature(asked, SECRET, "eu-west-3", "sts")
        self.assertEqual((key, given), (KEY, expected))
        self.assertNotIn(SECRET.encode(), asked.raw)

    def test_headers(self):
        """so do headers say it, with temporary keys, which are signed with as well"""
        request = self.chat(self.named(
            access_key_id=KEY, secret_access_key=SECRET, session_token=TOKEN, role_arn=f"{ROLE}-2", auth_type="assumedRole", region="ap-south-1"))
        self.assertEqual(signature(request, "role/secret+", "ap-south-1")[0], "ASIAROLE")
        (asked,) = self.service.requests
        key, names, expected, given = signature(asked, SECRET, "ap-south-1", "sts")
        self.assertEqual((given, asked["x-amz-security-token"]), (expected, TOKEN))
        self.assertIn("x-amz-security-token", names)

    def test_refused(self):
        """a role that may not be assumed is a 502 in the service's words, and the next target's turn"""
        self.service.handler = lambda request, peer: peer.answer(
            {"Error": {"Code": "AccessDenied", "Message": "User is not authorized to perform: sts:AssumeRole", "Type": "Sender"}, "RequestId": "r"}, 403)
        with self.assertRaises(openai.APIStatusError) as caught:
            self.client({"x-portkey-config": json.dumps(self.target(**self.role(3)))}).chat.completions.create(model=Bedrock.model, messages=HELLO)
        self.assertEqual(caught.exception.status_code, 502)
        self.assertIn("not authorized to perform: sts:AssumeRole", caught.exception.message)
        self.assertNotIn(SECRET, caught.exception.message)
        self.assertEqual(self.upstream.requests, [])
        config = {"strategy": {"mode": "fallback"}, "targets": [self.target(**self.role(3)), self.target()]}
        self.assert_signed(self.chat({"x-portkey-config": json.dumps(config)}))


class Fallbacks(KeysCase):
    """A stream of Amazon's that fails before it has said anything is a failure like any other."""

    def first_then_second(self, *first):
        """Answers the first request with these messages, the next well."""
        self.answer(list(first), Bedrock.stream(("text", "second")))
        config = {"strategy": {"mode": "fallback"}, "targets": [self.target(), self.target()]}
        client = self.client({"x-portkey-config": json.dumps(config)})
        with client.chat.completions.stream(model=Bedrock.model, messages=HELLO) as stream:
            self.assertEqual(stream.get_final_completion().choices[0].message.content, "second")
        self.assertEqual(len(self.upstream.requests), 2)

    def test_exception_first(self):
        """an exception before any content falls back, in one piece or byte by byte"""
        messages = [Bedrock.event("messageStart", {"role": "assistant"}), Bedrock.exception("throttlingException")]
        self.first_then_second(*messages)
        self.setUp()
        text = b"".join(messages)
        self.first_then_second(*[text[at:at + 1] for at in range(len(text))])

    def test_broken_first(self):
        """so does a first message with a wrong checksum"""
        broken = bytearray(Bedrock.event("messageStart", {"role": "assistant"}))
        broken[-1] ^= 1
        self.first_then_second(bytes(broken))

    def test_content_first(self):
        """after content it is an error: nobody else is asked"""
        self.answer([*Bedrock.stream(SAID)[:2], Bedrock.exception("throttlingException")])
        config = {"strategy": {"mode": "fallback"}, "targets": [self.target(), self.target()]}
        with self.assertRaises(openai.APIError):
            list(self.client({"x-portkey-config": json.dumps(config)}).chat.completions.create(model=Bedrock.model, messages=HELLO, stream=True))
        self.assertEqual(len(self.upstream.requests), 1)

    def test_from_another_dialect(self):
        """a target of another dialect falls back to Bedrock, and Bedrock to it"""
        others = of_dialects(self.upstream.port)["providers"]
        self.assertIn("claude", others)
        chat = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": "claude"}], "stop_reason": "end_turn",
                "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}

        def handler(request, peer):
            peer.answer({"message": "slow"}, 429) if request.target.startswith("/model/") else peer.answer(chat)
        self.upstream.handler = handler
        config = {"strategy": {"mode": "fallback"}, "targets": [self.target(), {"provider": "claude", "api_key": "k"}]}
        completion = self.client({"x-portkey-config": json.dumps(config)}).chat.completions.create(model=Bedrock.model, messages=HELLO)
        self.assertEqual(completion.choices[0].message.content, "claude")


class Vault(GatewayCase):
    """The operator's keys."""

    @classmethod
    def configuration(cls):
        host = f"http://127.0.0.1:{cls.upstream.port}"
        return {
            "version": 1, "trusted_hosts": ["127.0.0.1"],
            "virtual_keys": {"aws": {"provider": "bedrock", "api_key": SECRET, "custom_host": host}},
            "configs": {"signed": {"virtual_key": "aws", "aws_access_key_id": KEY, "aws_region": "eu-west-3"}, "unsigned": {"virtual_key": "aws"}},
        }

    def test_virtual_key(self):
        """a virtual key holds the secret; the config says whose it is"""
        self.upstream.handler = lambda request, peer: peer.answer(Bedrock.whole(SAID))
        client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key="sk-caller", max_retries=0, default_headers={"x-portkey-config": "signed"})
        self.addCleanup(client.close)
        completion = client.chat.completions.create(model=Bedrock.model, messages=HELLO)
        self.assertEqual(completion.choices[0].message.content, TEXT)
        key, _, expected, given = signature(self.upstream.requests[0], SECRET, "eu-west-3")
        self.assertEqual((key, given), (KEY, expected))
        self.assertNotIn(SECRET.encode(), self.upstream.requests[0].raw)

    def test_secret_is_never_sent(self):
        """a secret without its key's id is not taken for a Bedrock API key"""
        client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key="sk-caller", max_retries=0, default_headers={"x-portkey-config": "unsigned"})
        self.addCleanup(client.close)
        with self.assertRaises(openai.AuthenticationError) as caught:
            client.chat.completions.create(model=Bedrock.model, messages=HELLO)
        self.assertIn("set aws_access_key_id", caught.exception.message)
        self.assertEqual(self.upstream.requests, [])
