"""Files and batches at providers that keep files in buckets: Amazon Bedrock with S3, Vertex AI with Cloud Storage."""

import hashlib
import http.client
import json
import unittest
import urllib.parse
from pathlib import Path

import openai
import portkey_ai

from harness.bedrock import signature
from harness.configuration import plain
from harness.gateway import Gateway, Mock
from harness.upstream import Upstream
from test_identity import new_key

KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEXAMPLE//+=="
ROLE = "arn:aws:iam::123456789012:role/batch"
CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
ACCOUNT = (Path(__file__).resolve().parents[1] / "Fixtures/vertex/account.json").read_text()
OUTPUT = "The mock provider has answered."


def rows(*names, model="a-model", **members):
    """A batch's file: a request for each name."""
    return "".join(json.dumps({"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": {
        "model": model, "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"I am {name}"}], **members}}) + "\n"
        for name in names).encode()


def lines(content):
    return [json.loads(line) for line in content.splitlines()]


def without_none(options):
    return {name: value for name, value in options.items() if value is not None}


class StoreCase(unittest.TestCase):
    """A gateway whose clouds are the mock, strict, and beside it an upstream that records."""

    configuration = plain()

    @classmethod
    def setUpClass(cls):
        cls.mock = Mock("--strict")
        cls.addClassCleanup(cls.mock.stop)
        cls.host = f"http://127.0.0.1:{cls.mock.reached}"
        cls.gateway = Gateway(cls.configured(), {"AWS_ENDPOINT_URL_S3": f"{cls.host}/s3", "STORAGE_EMULATOR_HOST": f"{cls.host}/gcs"})
        cls.addClassCleanup(cls.gateway.stop)

    @classmethod
    def configured(cls):
        return cls.configuration

    def tearDown(self):
        self.assertIsNone(self.gateway.child.poll(), self.gateway.said())

    def bedrock(self, **options):
        options = {"aws_s3_bucket": "my-bucket", **options}
        return {"provider": "bedrock", "custom_host": self.host, "aws_access_key_id": KEY, "aws_secret_access_key": SECRET, **without_none(options)}

    def vertex(self, **options):
        options = {"vertex_storage_bucket_name": "my-bucket", **options}
        return {"provider": "vertex-ai", "custom_host": self.host, "api_key": "ya29.token", "vertex_project_id": "my-project",
                "vertex_region": "us-east5", **without_none(options)}

    def client(self, config=None, headers=None, key="sk-caller", **fields):
        routing = {**({"x-portkey-config": json.dumps(config)} if config else {}), **(headers or {}), **fields}
        client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key=key, max_retries=0, timeout=10, default_headers=routing)
        self.addCleanup(client.close)
        return client

    def refused(self, call, status, *words):
        with self.assertRaises(openai.APIStatusError) as caught:
            call()
        self.assertEqual(caught.exception.status_code, status, caught.exception.message)
        for word in words:
            self.assertIn(word, caught.exception.response.text.replace('\\"', '"'))
        return caught.exception

    def stored(self, address):
        """What the store has at an address; None for nothing."""
        scheme, _, path = address.partition("://")
        connection = http.client.HTTPConnection("127.0.0.1", self.mock.port, timeout=5)
        signed = "AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=0"
        connection.request("GET", f"/{'s3' if scheme == 's3' else 'gcs'}/{path}", headers={
            "authorization": signed if scheme == "s3" else "Bearer x", "x-amz-date": "x", "x-amz-content-sha256": "x"} if scheme == "s3"
            else {"authorization": "Bearer x"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return body if answer.status == 200 else None

    def finished(self, client, batch):
        """The batch as it is in the end; it goes through one state a look."""
        states = []
        for _ in range(5):
            batch = client.batches.retrieve(batch.id)
            states.append(batch.status)
            if batch.status not in ("validating", "in_progress"):
                break
        self.assertEqual(states, ["in_progress", "completed"])
        return batch


class Bedrock(StoreCase):
    """Batches of Bedrock."""

    def test_whole_way(self):
        """with the openai SDK: a file goes up in Converse's form, a batch is made of it, and its answers come back as OpenAI's"""
        client = self.client(self.bedrock(aws_bedrock_model=CLAUDE))
        file = client.files.create(file=("in.jsonl", rows("one", "two", "fail-three", seed=7)), purpose="batch")
        address = urllib.parse.unquote(file.id)
        self.assertRegex(address, r"^s3://my-bucket/[0-9a-f-]{36}\.jsonl$")
        self.assertEqual((file.object, file.purpose, file.status, file.filename), ("file", "batch", "processed", address.rpartition("/")[2]))
        written = lines(self.stored(address))
        self.assertEqual([row["recordId"] for row in written], ["one", "two", "fail-three"])
        self.assertEqual(written[0]["modelInput"]["messages"], [{"role": "user", "content": [{"text": "I am one"}]}])
        self.assertEqual(written[0]["modelInput"]["system"], [{"text": "Be brief."}])
        self.assertEqual(file.bytes, len(self.stored(address)))
        self.assertGreater(file.created_at, 1700000000)

        looked = client.files.retrieve(file.id)
        self.assertEqual((looked.id, looked.bytes, looked.filename, looked.purpose), (file.id, file.bytes, file.filename, "batch"))
        self.assertEqual(client.files.content(file.id).content, self.stored(address))

        batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", extra_body={"role_arn": ROLE})
        self.assertEqual((batch.object, batch.status, batch.input_file_id, batch.endpoint), ("batch", "validating", file.id, "/v1/chat/completions"))
        self.assertTrue(urllib.parse.unquote(batch.id).startswith("arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/mock"))
        done = self.finished(client, batch)
        self.assertEqual((done.id, done.input_file_id, done.completion_window), (batch.id, file.id, "24h"))
        self.assertEqual((done.request_counts.total, done.request_counts.completed, done.request_counts.failed), (3, 2, 1))
        self.assertEqual((done.completed_at, done.expires_at, done.errors), (1767229200, 1767830400, None))

        said = client.files.content(done.output_file_id)
        self.assertEqual(said.response.headers["content-type"], "application/octet-stream")
        self.check(lines(said.text))
        self.assertEqual(client.files.retrieve(done.output_file_id).purpose, "batch_output")
        # Portkey's own route to the same.
        self.check(lines(client.get(f"/batches/{batch.id}/output", cast_to=str)))

        self.assertTrue(client.files.delete(file.id).deleted)
        self.assertIsNone(self.stored(address))
        self.refused(lambda: client.files.retrieve(file.id), 404, "there is no file with this id")
        self.refused(lambda: client.files.content(file.id), 404, "The specified key does not exist.")

    def check(self, answers):
        self.assertEqual([row["custom_id"] for row in answers], ["one", "two", "fail-three"])
        completion = openai.types.chat.ChatCompletion.model_validate(answers[0]["response"]["body"])
        self.assertEqual((completion.choices[0].message.content, completion.choices[0].finish_reason), (OUTPUT, "stop"))
        self.assertEqual((completion.usage.prompt_tokens, completion.usage.completion_tokens), (4, 5))
        self.assertEqual((answers[0]["response"]["status_code"], answers[0]["error"]), (200, None))
        self.assertEqual(answers[2]["response"], None)
        self.assertEqual(answers[2]["error"], {"code": "400", "message": "the mock provider was asked to fail"})
        self.assertEqual(len({row["id"] for row in answers}), 3)

    def test_headers(self):
        """headers say the same as a config, and where the object is and for which model"""
        client = self.client(headers={
            "x-portkey-provider": "bedrock", "x-portkey-custom-host": self.host, "x-portkey-aws-access-key-id": KEY,
            "x-portkey-aws-secret-access-key": SECRET, "x-portkey-aws-s3-bucket": "other-bucket", "x-portkey-aws-s3-object-key": "in/put a+b.jsonl",
            "x-portkey-aws-bedrock-model": "amazon.nova-pro-v1:0"})
        file = client.files.create(file=("in.jsonl", rows("one", max_tokens=9)), purpose="batch")
        self.assertEqual(urllib.parse.unquote(file.id), "s3://other-bucket/in/put a+b.jsonl")
        written = lines(self.stored("s3://other-bucket/in/put%20a%2Bb.jsonl"))
        self.assertEqual(written[0]["modelInput"]["inferenceConfig"], {"maxTokens": 9})
        self.assertEqual(client.files.retrieve(file.id).filename, "put a+b.jsonl")
        batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="48h", extra_body={"role_arn": ROLE})
        self.assertEqual(self.finished(client, batch).completion_window, "48h")

    def test_dropped(self):
        """what a row asks and the model has no place for is told once, and refused where the caller wants that"""
        client = self.client(self.bedrock())
        answer = client.files.with_raw_response.create(file=("in.jsonl", rows("one", "two", model=CLAUDE, seed=7, logprobs=True)), purpose="batch")
        self.assertEqual(answer.headers["x-sluice-warnings"], "dropped: seed, logprobs")
        client = self.client(self.bedrock(), headers={"x-sluice-strict-params": "1"})
        self.refused(lambda: client.files.create(file=("in.jsonl", rows("one", model=CLAUDE, seed=7)), purpose="batch"), 400, "line 1 of the file", "seed")

    def test_overrides(self):
        """a config's parameters are laid over each row and over the batch"""
        client = self.client(self.bedrock(override_params={"model": CLAUDE, "max_tokens": 5, "role_arn": ROLE}))
        file = client.files.create(file=("in.jsonl", rows("one", max_tokens=900)), purpose="batch")
        self.assertEqual(lines(self.stored(urllib.parse.unquote(file.id)))[0]["modelInput"]["inferenceConfig"], {"maxTokens": 5})
        batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        self.assertEqual(client.batches.retrieve(batch.id).model, CLAUDE)

    def test_kept_as_it_is(self):
        """a file of purpose upload is kept byte for byte"""
        client = self.client(self.bedrock())
        content = bytes(range(256)) * 40
        file = client.files.create(file=("picture.bin", content), purpose="upload")
        self.assertEqual((file.purpose, file.bytes), ("upload", len(content)))
        self.assertEqual(client.files.content(file.id).content, content)

    def test_long_file(self):
        """a file of many rows takes several turns, and none of them is lost"""
        client = self.client(self.bedrock(aws_bedrock_model=CLAUDE))
        names = [f"row-{number}" for number in range(6000)]
        file = client.files.create(file=("in.jsonl", rows(*names)), purpose="batch")
        content = client.files.content(file.id).content
        self.assertEqual(len(content), file.bytes)
        self.assertEqual([row["recordId"] for row in lines(content)], names)
        batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", extra_body={"role_arn": ROLE})
        done = self.finished(client, batch)
        said = lines(client.files.content(done.output_file_id).text)
        self.assertEqual([row["custom_id"] for row in said], names)
        self.assertEqual({row["response"]["body"]["choices"][0]["message"]["content"] for row in said}, {OUTPUT})

    def test_lists(self):
        """batches are listed, the latest first, page after page; and one is cancelled"""
        client = self.client(self.bedrock(aws_bedrock_model=CLAUDE))
        file = client.files.create(file=("in.jsonl", rows("one")), purpose="batch")
        made = [client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", extra_body={"role_arn": ROLE}).id
                for _ in range(5)]
        page = client.batches.list(limit=2)
        self.assertEqual(([batch.id for batch in page.data], page.has_more), (made[:2:-1], True))
        listed = [batch.id for batch in client.batches.list(limit=2)]
        self.assertEqual(listed[:5], made[::-1])
        self.assertEqual(len(listed), len(set(listed)))
        cancelled = client.batches.cancel(made[0])
        self.assertEqual((cancelled.id, cancelled.status), (made[0], "cancelling"))
        self.assertEqual(client.batches.retrieve(made[0]).status, "cancelled")
        self.refused(lambda: client.get(f"/batches/{made[0]}/output", cast_to=str), 404, "the batch has no output yet")

    def test_failed(self):
        """a batch that came to nothing says why"""
        client = self.client(self.bedrock(aws_bedrock_model=CLAUDE))
        batch = client.batches.create(
            input_file_id="s3://my-bucket/nothing.jsonl", endpoint="/v1/chat/completions", completion_window="24h", extra_body={"role_arn": ROLE})
        batch = client.batches.retrieve(batch.id)
        self.assertEqual((batch.status, batch.errors.data[0].message), ("failed", "the input is not there: s3://my-bucket/nothing.jsonl"))
        self.assertIsNotNone(batch.failed_at)

    def test_refusals(self):
        """what cannot be is refused before anything is sent, and says what would be right"""
        def upload(content=rows("one", model=CLAUDE), purpose="batch", **options):
            return lambda: self.client(self.bedrock(**options)).files.create(file=("in.jsonl", content), purpose=purpose)

        def make(input_file_id="s3://my-bucket/in.jsonl", endpoint="/v1/chat/completions", options=None, **body):
            return lambda: self.client(self.bedrock(**(options or {}))).batches.create(
                input_file_id=input_file_id, endpoint=endpoint, completion_window="24h", extra_body={"model": CLAUDE, "role_arn": ROLE, **body})

        before = self.mock.stats()["requests"]
        self.refused(upload(aws_s3_bucket=None), 400, "x-portkey-aws-s3-bucket", "aws_s3_bucket")
        self.refused(upload(aws_s3_bucket="../other"), 400, "aws_s3_bucket")
        self.refused(upload(aws_s3_object_key="a/../../b"), 400, "aws_s3_object_key")
        self.refused(upload(purpose="fine-tune"), 400, "purpose")
        self.refused(upload(b"\n"), 400, "no requests")
        self.refused(upload(b'{"custom_id":"a","body":{}}\nnot json\n'), 400, "line 1 of the file", "model")
        self.refused(upload(rows("one", model=CLAUDE) + b"not json\n"), 400, "line 2 of the file", "no JSON object")
        self.refused(upload(rows("one", model=CLAUDE, stream=True)), 400, "line 1 of the file", "stream")
        self.refused(upload(rows("one", model=CLAUDE).replace(b"/v1/chat/completions", b"/v1/embeddings")), 400, "line 1", "/v1/chat/completions")
        self.refused(upload(rows("one", model=CLAUDE).replace(b"/v1/chat/completions", b"/v1/responses")), 400, "line 1", "/v1/chat/completions")
        self.refused(upload(rows("one", model=CLAUDE).replace(b'"messages"', b'"massages"')), 400, "line 1", "messages")
        self.refused(make(input_file_id="file-abc123"), 400, "s3://BUCKET/KEY")
        self.refused(make(input_file_id="s3://my-bucket/../x"), 400, "s3://BUCKET/KEY")
        self.refused(make(input_file_id="gs://my-bucket/x"), 400, "s3://BUCKET/KEY")
        self.refused(make(endpoint="/v1/embeddings"), 400, "/v1/chat/completions")
        self.refused(make(role_arn=None), 400, "role_arn")
        self.refused(make(role_arn="admin"), 400, "role_arn", "arn:aws:iam")
        self.refused(make(model=None), 400, "model", "x-portkey-aws-bedrock-model", "aws_bedrock_model")
        self.refused(make(output_data_config="s3://my-bucket/../x/"), 400, "output_data_config")
        self.refused(make(job_name="a b"), 400, "job_name")
        client = self.client(self.bedrock())
        self.refused(lambda: client.files.list(), 400, "lists none")
        self.refused(lambda: client.files.retrieve("file-abc123"), 400, "s3://BUCKET/KEY")
        self.refused(lambda: client.batches.retrieve("batch\r\nx: y"), 404)
        self.refused(lambda: client.batches.retrieve("batch?x=y"), 404, "no batch")
        self.refused(lambda: client.batches.list(limit=1000), 400, "limit")
        api_key = {"provider": "bedrock", "custom_host": self.host, "api_key": "bedrock-api-key", "aws_s3_bucket": "my-bucket"}
        self.refused(lambda: self.client(api_key).files.create(file=("in.jsonl", rows("one", model=CLAUDE)), purpose="batch"), 401, "S3", "access-key-id")
        self.assertEqual(self.mock.stats()["requests"], before)

    def test_guardrails(self):
        """guardrails that would have to see it refuse an upload and a new batch"""
        checked = {"input_guardrails": [{"default.contains": {"words": ["secret"], "operator": "none"}, "deny": True}]}
        client = self.client(self.bedrock(**checked))
        self.refused(lambda: client.files.create(file=("in.jsonl", rows("one", model=CLAUDE)), purpose="batch"), 400, "guardrails")
        checked = {"output_guardrails": [{"default.contains": {"words": ["secret"], "operator": "none"}, "deny": True}]}
        client = self.client(self.bedrock(**checked))
        self.refused(lambda: client.batches.create(
            input_file_id="s3://my-bucket/in.jsonl", endpoint="/v1/chat/completions", completion_window="24h", extra_body={"model": CLAUDE, "role_arn": ROLE}),
            400, "guardrails")

    def test_portkey_sdk(self):
        """Portkey's SDK goes the same way"""
        client = portkey_ai.Portkey(base_url=f"{self.gateway.url}/v1", api_key="unused", config=self.bedrock(aws_bedrock_model=CLAUDE))
        file = client.files.create(file=("in.jsonl", rows("one", "two")), purpose="batch")
        batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", role_arn=ROLE)
        for _ in range(2):
            done = client.batches.retrieve(batch.id)
        self.assertEqual((done.status, done.input_file_id), ("completed", file.id))
        said = client.files.content(done.output_file_id)
        self.assertIn(OUTPUT, getattr(said, "text", None) or str(said))


class Vertex(StoreCase):
    """Batches of Vertex AI."""

    def whole_way(self, model, name, **options):
        client = self.client(self.vertex(**options))
        file = client.files.create(file=("in.jsonl", rows("one", "two", "fail-three", model=model)), purpose="batch")
        address = urllib.parse.unquote(file.id)
        self.assertRegex(address, r"^gs://my-bucket/[0-9a-f-]{36}\.jsonl$")
        written = lines(self.stored(address))
        self.assertEqual([row[name] for row in written], ["one", "two", "fail-three"])
        self.assertEqual(client.files.retrieve(file.id).bytes, file.bytes)
        self.assertEqual(client.files.content(file.id).content, self.stored(address))
        batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", extra_body={"model": model})
        self.assertEqual((batch.status, batch.input_file_id), ("validating", file.id))
        done = self.finished(client, batch)
        self.assertEqual((done.request_counts.total, done.request_counts.completed, done.request_counts.failed), (3, 2, 1))
        self.assertEqual((done.in_progress_at, done.completed_at), (1767227400, 1767229200))
        answers = lines(client.files.content(done.output_file_id).text)
        self.assertEqual([row["custom_id"] for row in answers], ["one", "two", "fail-three"])
        completion = openai.types.chat.ChatCompletion.model_validate(answers[0]["response"]["body"])
        self.assertEqual((completion.choices[0].message.content, completion.usage.total_tokens), (OUTPUT, 9))
        self.assertEqual((answers[2]["response"], answers[2]["error"]["message"]), (None, "Bad Request: the mock provider was asked to fail"))
        self.assertEqual(lines(client.get(f"/batches/{batch.id}/output", cast_to=str)), answers)
        self.assertTrue(client.files.delete(file.id).deleted)
        return written, done

    def test_gemini(self):
        """Gemini's rows and answers, the whole way"""
        written, done = self.whole_way("gemini-2.5-flash", "requestId")
        self.assertEqual(written[0]["request"]["contents"], [{"role": "user", "parts": [{"text": "I am one"}]}])
        self.assertNotIn("model", written[0]["request"])
        self.assertEqual(done.model, "publishers/google/models/gemini-2.5-flash")

    def test_claude(self):
        """Anthropic's, with what Vertex AI wants of its bodies"""
        written, done = self.whole_way("anthropic.claude-sonnet-4-5@20250929", "custom_id")
        self.assertEqual(written[0]["request"]["anthropic_version"], "vertex-2023-10-16")
        self.assertNotIn("model", written[0]["request"])
        self.assertEqual(done.model, "publishers/anthropic/models/claude-sonnet-4-5@20250929")

    def test_llama(self):
        """rows of models that speak OpenAI's dialect stay OpenAI's, under the name Vertex AI knows the model by"""
        written, done = self.whole_way("meta.llama-4-scout-17b-16e-instruct-maas", "custom_id")
        self.assertEqual((written[0]["url"], written[0]["body"]["model"]), ("/v1/chat/completions", "meta/llama-4-scout-17b-16e-instruct-maas"))
        self.assertEqual(done.model, "publishers/meta/models/llama-4-scout-17b-16e-instruct-maas")

    def test_embeddings(self):
        """texts are embedded in batches, one a row"""
        model = "gemini-embedding-001"
        content = "".join(json.dumps({"custom_id": name, "method": "POST", "url": "/v1/embeddings", "body": {"model": model, "input": [f"I am {name}"]}}) + "\n"
                          for name in ("one", "fail-two")).encode()
        client = self.client(self.vertex(vertex_model_name=model))
        file = client.files.create(file=("in.jsonl", content), purpose="batch")
        self.assertEqual(lines(self.stored(urllib.parse.unquote(file.id)))[0], {"requestId": "one", "content": "I am one"})
        batch = client.batches.create(input_file_id=file.id, endpoint="/v1/embeddings", completion_window="24h")
        self.assertEqual(batch.endpoint, "/v1/embeddings")
        good, bad = lines(client.files.content(self.finished(client, batch).output_file_id).text)
        vector = openai.types.CreateEmbeddingResponse.model_validate(good["response"]["body"])
        self.assertEqual((good["custom_id"], vector.data[0].embedding, vector.usage.prompt_tokens), ("one", [0.5, -0.25], 2))
        self.assertEqual((bad["custom_id"], bad["response"]), ("fail-two", None))
        self.refused(lambda: self.client(self.vertex(vertex_model_name="anthropic.claude-sonnet-4-5@20250929")).files.create(
            file=("in.jsonl", content), purpose="batch"), 400, "line 1 of the file", "url")

    def test_headers(self):
        """headers name the bucket, the object and the model"""
        client = self.client(key="ya29.token", headers={
            "x-portkey-provider": "vertex-ai", "x-portkey-custom-host": self.host, "x-portkey-vertex-project-id": "my-project",
            "x-portkey-vertex-region": "us-east5", "x-portkey-vertex-storage-bucket-name": "other_bucket", "x-portkey-provider-file-name": "in/a.jsonl",
            "x-portkey-provider-model": "gemini-2.5-pro"})
        file = client.files.create(file=("in.jsonl", rows("one")), purpose="batch")
        self.assertEqual(urllib.parse.unquote(file.id), "gs://other_bucket/in/a.jsonl")
        batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        self.assertEqual(client.batches.retrieve(batch.id).model, "publishers/google/models/gemini-2.5-pro")
        self.assertEqual([made.id for made in client.batches.list(limit=1)][0], batch.id)
        self.assertEqual(client.batches.cancel(batch.id).status, "cancelling")
        self.assertEqual(client.batches.retrieve(batch.id).status, "cancelled")

    def test_pages(self):
        """batches are listed, the latest first, page after page"""
        client = self.client(self.vertex())
        made = [client.batches.create(input_file_id="gs://my-bucket/in.jsonl", endpoint="/v1/chat/completions", completion_window="24h",
                                      extra_body={"model": "gemini-2.5-pro"}).id for _ in range(5)]
        self.assertEqual([batch.id for batch in client.batches.list(limit=2)][:5], made[::-1])

    def test_refusals(self):
        """what cannot be is refused, and says what would be right"""
        client = self.client(self.vertex(vertex_storage_bucket_name=None))
        self.refused(lambda: client.files.create(file=("in.jsonl", rows("one", model="gemini-2.5-pro")), purpose="batch"), 400, "x-portkey-vertex-storage-bucket-name", "vertex_storage_bucket_name")
        client = self.client(self.vertex())
        self.refused(lambda: client.files.list(), 400, "lists none")
        self.refused(lambda: client.files.retrieve("s3://my-bucket/x"), 400, "gs://BUCKET/KEY")
        self.refused(lambda: client.files.retrieve("gs://my-bucket/missing"), 404, "no file")
        self.refused(lambda: client.batches.retrieve("../models"), 404)
        self.refused(lambda: client.batches.retrieve("99"), 404, "no such job")
        self.refused(lambda: client.batches.create(input_file_id="gs://my-bucket/*", endpoint="/v1/chat/completions", completion_window="24h",
                                                   extra_body={"model": "gemini-2.5-pro"}), 400, "gs://BUCKET/KEY")


class Wire(unittest.TestCase):
    """What goes to S3 and to the control plane."""

    @classmethod
    def setUpClass(cls):
        cls.upstream, cls.store = Upstream(), Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.addClassCleanup(cls.store.close)
        cls.gateway = Gateway(plain(), {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{cls.store.port}"})
        cls.addClassCleanup(cls.gateway.stop)

    def setUp(self):
        self.upstream.forget()
        self.store.forget()
        self.store.handler = lambda request, peer: peer.answer(b"")

    def client(self, headers=None, **options):
        config = {"provider": "bedrock", "custom_host": f"http://127.0.0.1:{self.upstream.port}", "aws_access_key_id": KEY, "aws_secret_access_key": SECRET,
                  "aws_s3_bucket": "my-bucket", "aws_region": "eu-west-1", **options}
        client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key="sk-caller", max_retries=0, timeout=10,
                               default_headers={"x-portkey-config": json.dumps(config), **(headers or {})})
        self.addCleanup(client.close)
        return client

    def assert_signed(self, request, service, *more):
        key, names, expected, given = signature(request, SECRET, "eu-west-1", service)
        self.assertEqual((key, given), (KEY, expected))
        self.assertEqual(set(names) - {"content-type"}, {"host", "x-amz-content-sha256", "x-amz-date", *more})
        self.assertEqual(request["x-amz-content-sha256"], hashlib.sha256(request.body).hexdigest())
        self.assertEqual([name for name, _ in request.fields if name.lower().startswith("x-amz-") and name.lower() not in names], [])
        self.assertNotIn(SECRET.encode(), request.raw)
        self.assertNotIn(b"sk-caller", request.raw)

    def test_upload(self):
        """an upload is one signed PUT with the whole object, path-style; nothing that the client says of S3 goes with it"""
        client = self.client(aws_session_token=TOKEN, aws_s3_object_key="in/a b.jsonl", headers={
            "x-amz-acl": "public-read", "x-amz-copy-source": "/other/secret", "x-amz-server-side-encryption": "none"})
        client.files.create(file=("in.jsonl", rows("one", model=CLAUDE)), purpose="batch")
        request, = self.store.requests
        self.assertEqual((request.method, request.target, request["host"]), ("PUT", "/my-bucket/in/a%20b.jsonl", f"127.0.0.1:{self.store.port}"))
        self.assert_signed(request, "s3", "x-amz-security-token")
        self.assertEqual(lines(request.body)[0]["recordId"], "one")
        self.assertEqual(self.upstream.requests, [])

    def test_encryption(self):
        """an object is encrypted as the config says, and the fields that say so are signed"""
        arn = "arn:aws:kms:eu-west-1:123456789012:key/k"
        client = self.client(aws_server_side_encryption_kms_key_id=arn)
        client.files.create(file=("in.jsonl", rows("one", model=CLAUDE)), purpose="batch")
        request = self.store.requests[0]
        self.assertEqual((request["x-amz-server-side-encryption"], request["x-amz-server-side-encryption-aws-kms-key-id"]), ("aws:kms", arn))
        self.assert_signed(request, "s3", "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id")

    def test_job(self):
        """a new batch is one signed call that a retry does not make twice"""
        answers = iter([503, 200])

        def handler(request, peer):
            status = next(answers)
            made = {"jobArn": "arn:aws:bedrock:eu-west-1:123456789012:model-invocation-job/abcdefghijkl"}
            peer.answer(made if status == 200 else {"message": "later"}, status)
        self.upstream.handler = handler
        client = self.client(retry={"attempts": 1, "on_status_codes": [503]})
        client.batches.create(input_file_id="s3%3A%2F%2Fmy-bucket%2Fin%2Fa.jsonl", endpoint="/v1/chat/completions", completion_window="24h",
                              metadata={"a": "b"}, extra_body={"model": CLAUDE, "role_arn": ROLE, "job_name": "nightly"})
        first, second = self.upstream.requests
        self.assertEqual((first.method, first.target), ("POST", "/model-invocation-job"))
        self.assert_signed(second, "bedrock")
        token = first.json.pop("clientRequestToken")
        self.assertEqual(second.json["clientRequestToken"], token)
        self.assertEqual({**second.json, "clientRequestToken": None}, {
            "clientRequestToken": None, "jobName": "nightly", "roleArn": ROLE, "modelId": CLAUDE,
            "modelInvocationType": "Converse", "timeoutDurationInHours": 24,
            "inputDataConfig": {"s3InputDataConfig": {"s3InputFormat": "JSONL", "s3Uri": "s3://my-bucket/in/a.jsonl"}},
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://my-bucket/in/"}}})

    def test_retry(self):
        """an upload is repeated, signed anew, with the same bytes"""
        answers = iter([503, 200])
        self.store.handler = lambda request, peer: peer.answer(b"", next(answers))
        file = self.client(retry={"attempts": 1, "on_status_codes": [503]}).files.create(file=("in.jsonl", rows("one", "two", model=CLAUDE)), purpose="batch")
        first, second = self.store.requests
        self.assertEqual((first.target, first.body, len(first.body)), (second.target, second.body, file.bytes))
        self.assert_signed(second, "s3")

    def test_fallback(self):
        """after one cloud fails the next has the file in its own form, and a provider with files of its own has the form as it came"""
        self.store.handler = lambda request, peer: peer.answer(b"", 500)
        made = {"id": "file-1", "object": "file", "bytes": 1, "created_at": 1, "filename": "in.jsonl", "purpose": "batch", "status": "processed"}
        self.upstream.handler = lambda request, peer: peer.answer(made)
        openais = {"provider": "openai", "api_key": "sk-upstream", "custom_host": f"http://127.0.0.1:{self.upstream.port}/v1"}
        bedrock = json.loads(self.client().default_headers["x-portkey-config"])
        other = {**bedrock, "aws_bedrock_model": "amazon.nova-pro-v1:0", "override_params": {"max_tokens": 5}}
        content = rows("one", model=CLAUDE)
        config = {"strategy": {"mode": "fallback"}, "targets": [bedrock, other, openais]}
        client = openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key="sk-caller", max_retries=0, timeout=10,
                               default_headers={"x-portkey-config": json.dumps(config)})
        self.addCleanup(client.close)
        self.assertEqual(client.files.create(file=("in.jsonl", content), purpose="batch").id, "file-1")
        first, second = self.store.requests
        self.assertNotIn("inferenceConfig", lines(first.body)[0]["modelInput"])
        self.assertEqual(lines(second.body)[0]["modelInput"]["inferenceConfig"], {"maxTokens": 5})
        request, = self.upstream.requests
        self.assertTrue(request["content-type"].startswith("multipart/form-data"))
        self.assertIn(content, request.body)

    def test_bounds(self):
        """texts of a new batch have up to 4096 bytes"""
        self.upstream.handler = lambda request, peer: peer.answer({"jobArn": "arn:aws:bedrock:eu-west-1:123456789012:model-invocation-job/abcdefghijkl"})
        for count in (4096, 4097):
            make = lambda: self.client().batches.create(input_file_id="s3://my-bucket/a.jsonl", endpoint="/v1/chat/completions", completion_window="24h",
                                                        extra_body={"model": "m" * count, "role_arn": ROLE})
            if count == 4096:
                self.assertEqual(make().status, "validating")
                continue
            with self.assertRaises(openai.BadRequestError) as caught:
                make()
            self.assertIn("1 to 4096 bytes", caught.exception.message)

    def test_long_key(self):
        """a key of 1024 bytes is asked for, each of them encoded; a longer one is none"""
        key = "é" * 512
        self.client().files.delete(f"s3://my-bucket/{key}")
        self.assertEqual(self.store.requests[0].target, "/my-bucket/" + "%C3%A9" * 512)
        self.assert_signed(self.store.requests[0], "s3")
        self.assertRaises(openai.BadRequestError, self.client().files.delete, f"s3://my-bucket/{key}x")
        self.assertEqual(len(self.store.requests), 1)

    def test_long_row(self):
        """a row of answers is held up to 32 MiB; a longer one ends the file, which does not look whole"""
        frame = json.dumps({"recordId": "a", "modelOutput": {"results": [""]}})
        for count in (32 << 20, (32 << 20) + 1):
            row = frame.replace('""', f'"{"x" * (count - len(frame))}"').encode()
            self.store.handler = lambda request, peer: peer.answer(row)
            read = lambda: self.client().with_options(timeout=60).files.content("s3://my-bucket/job/in.jsonl.out").content
            if count == 32 << 20:
                self.assertEqual(len(json.loads(read())["response"]["body"]["results"][0]), count - len(frame))
            else:
                self.assertRaises(openai.APIConnectionError, read)

    def test_list(self):
        """a list's query is signed, too"""
        self.upstream.handler = lambda request, peer: peer.answer({"invocationJobSummaries": []})
        self.assertEqual(list(self.client().batches.list(limit=5)), [])
        request = self.upstream.requests[0]
        self.assertEqual(request.target, "/model-invocation-jobs?maxResults=5&sortBy=CreationTime&sortOrder=Descending")
        self.assert_signed(request, "bedrock")

    def test_errors(self):
        """S3's errors are told in OpenAI's shape, with its own words, code and status; a redirect is not followed"""
        body = b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>no &amp; no &lt;again&gt;</Message></Error>"
        for status, answered in ((403, 403), (301, 400)):
            self.store.handler = lambda request, peer: peer.answer(body, status, [("Content-Type", "application/xml"), ("Location", "http://127.0.0.1:1/")])
            with self.assertRaises(openai.APIStatusError) as caught:
                self.client().files.content("s3://my-bucket/a")
            self.assertEqual(caught.exception.status_code, answered)
            self.assertEqual((caught.exception.body["message"], caught.exception.body["type"]), ("no & no <again>", "AccessDenied"))

    def test_rows(self):
        """answers are said again row by row, in whatever pieces they come; a row that is none is told, and the rest goes on"""
        good = {"recordId": "a", "modelInput": {}, "modelOutput": {
            "output": {"message": {"role": "assistant", "content": [{"text": "hé"}]}}, "stopReason": "end_turn",
            "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}}}
        native = {"recordId": "b", "modelOutput": {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": "ho"}],
            "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1}}}
        body = "\r\n".join([json.dumps(good), "garbage", "", json.dumps(native), json.dumps({"recordId": "c", "modelOutput": {"results": [1]}})]).encode()
        said = []
        for size in (1, 7, 64, 10_000):
            self.store.handler = lambda request, peer: peer.stream(*[body[at:at + size] for at in range(0, len(body), size)], kind="binary/octet-stream")
            said.append(lines(self.client().files.content("s3://my-bucket/job/in.jsonl.out").text))
        first = said[0]
        self.assertEqual([row["custom_id"] for row in first], ["a", None, "b", "c"])
        self.assertEqual([row["response"] and row["response"]["body"].get("choices", [{}])[0].get("message", {}).get("content") for row in first],
                         ["hé", None, "ho", None])
        self.assertEqual(first[1]["error"]["code"], "unreadable")
        self.assertEqual(first[3]["response"]["body"], {"results": [1]})
        for other in said[1:]:
            for row in other + first:
                if row["response"]:
                    row["response"]["body"].pop("created", None)
                    row["response"]["body"].pop("id", None)
            self.assertEqual(other, first)

    def test_cut(self):
        """answers that break off do not look whole"""
        row = json.dumps({"recordId": "a", "modelOutput": {"x": 1}}).encode() + b"\n"

        def handler(request, peer):
            peer.stream(row, end=False)
            peer.cut()
        self.store.handler = handler
        self.assertRaises(openai.APIConnectionError, lambda: self.client().files.content("s3://my-bucket/job/in.jsonl.out"))

    def test_too_large(self):
        """a file over the limit of bodies is a 413 that names the limit, and nothing of it goes on"""
        gateway = Gateway({"version": 1, "limits": {"body": "64KiB"}}, {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.store.port}"})
        self.addCleanup(gateway.stop)
        client = openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="k", max_retries=0, timeout=10, default_headers=dict(self.client().default_headers))
        self.addCleanup(client.close)
        client.files.create(file=("in.jsonl", rows(*(f"r{n}" for n in range(200)), model=CLAUDE)), purpose="batch")
        with self.assertRaises(openai.APIStatusError) as caught:
            client.files.create(file=("in.jsonl", rows(*(f"r{n}" for n in range(400)), model=CLAUDE)), purpose="batch")
        self.assertEqual(caught.exception.status_code, 413)
        self.assertIn("65536", caught.exception.message)
        self.assertEqual(len(self.store.requests), 1)


class Operators(StoreCase):
    """The operator's credential and its bucket."""

    @classmethod
    def configured(cls):
        cls.secret, digest = new_key()
        return {
            "version": 1, "keys": {"team": {"digest": f"sha256:{digest}"}},
            "providers": {"bedrock": {"base_url": cls.host}},
            "virtual_keys": {"rock": {"provider": "bedrock", "api_key": SECRET}, "google": {"provider": "vertex-ai", "api_key": ACCOUNT}},
            "configs": {"batches": {"virtual_key": "rock", "aws_access_key_id": KEY, "aws_s3_bucket": "operators-bucket", "aws_bedrock_model": CLAUDE,
                                    "override_params": {"role_arn": ROLE}},
                        "roleless": {"virtual_key": "rock", "aws_access_key_id": KEY, "aws_s3_bucket": "operators-bucket", "aws_bedrock_model": CLAUDE},
                        "chats": {"virtual_key": "rock", "aws_access_key_id": KEY}}}

    def keyed(self, config, **headers):
        return self.client(headers={"x-portkey-api-key": self.secret, "x-portkey-config": config if isinstance(config, str) else json.dumps(config),
                                    **{name.replace("_", "-"): value for name, value in headers.items()}})

    def test_own_bucket(self):
        """a config of the file names bucket, model and role: callers need none of them"""
        client = self.keyed("batches")
        file = client.files.create(file=("in.jsonl", rows("one")), purpose="batch")
        self.assertTrue(urllib.parse.unquote(file.id).startswith("s3://operators-bucket/"))
        batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        done = self.finished(client, batch)
        self.assertIn(OUTPUT, client.files.content(done.output_file_id).text)

    def test_no_other(self):
        """no caller leads the operator's credential to another bucket, or a batch to another role"""
        client = self.keyed("batches")
        before = self.mock.stats()["requests"]
        word = "the gateway's own credential"
        google = self.keyed({"virtual_key": "google", "vertex_region": "us-east5", "vertex_storage_bucket_name": "other-bucket"})
        for call in (
            lambda: client.files.content("s3://other-bucket/secret"),
            lambda: client.files.retrieve("s3://other-bucket/secret"),
            lambda: client.files.delete("s3://other-bucket/secret"),
            lambda: client.batches.create(input_file_id="s3://other-bucket/a", endpoint="/v1/chat/completions", completion_window="24h"),
            lambda: client.batches.create(input_file_id="s3://operators-bucket/a", endpoint="/v1/chat/completions", completion_window="24h",
                                          extra_body={"output_data_config": "s3://other-bucket/out/"}),
            lambda: self.keyed("roleless").batches.create(input_file_id="s3://operators-bucket/a", endpoint="/v1/chat/completions", completion_window="24h",
                                                          extra_body={"role_arn": "arn:aws:iam::123456789012:role/admin"}),
            lambda: self.keyed("chats").files.content("s3://other-bucket/secret"),
            lambda: google.files.content("gs://other-bucket/secret"),
            lambda: google.files.create(file=("in.jsonl", rows("one")), purpose="batch"),
            lambda: self.keyed("chats", x_portkey_aws_s3_bucket="other-bucket").files.content("s3://other-bucket/secret"),
        ):
            self.refused(call, 400, word)
        self.refused(lambda: self.keyed("chats").files.create(file=("in.jsonl", rows("one", model=CLAUDE)), purpose="batch"), 400, "aws_s3_bucket")
        self.assertEqual(self.mock.stats()["requests"], before)


if __name__ == "__main__":
    unittest.main()
