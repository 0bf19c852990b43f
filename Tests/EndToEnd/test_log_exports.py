"""Exports of logs and their live tail, over the wire and with Portkey's own SDK."""

import csv
import io
import json
import threading
import time
import unittest
import urllib.error
import urllib.request

import httpx
from portkey_ai.api_resources import exceptions

from harness.waiting import soon
from harness.wire import Wire
from test_analytics import AnalyticsCase

EXPORTS = "/v1/logs/exports"
PROXIED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "gateway.example, inner.example", "Host": "inner.example"}


def fetch(url):
    """What a client without a key is given: the status, the body, the fields."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


class LogExports(AnalyticsCase):
    """exports of logs, and their tail."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls("ask")
        for number in range(150):
            case.ask({"x-portkey-metadata": json.dumps({"team": "a" if number % 3 else "b", "_user": f"u{number}"})})
        case.rows(150)

    def filters(self, **more):
        return {**self.span, **more}

    def started(self, **members):
        """An export that has been started: what was answered when it was made, and its link."""
        made = self.send("POST", EXPORTS, body={"filters": self.filters(), **members}).json
        self.assertEqual(self.send("POST", f"{EXPORTS}/{made['id']}/start").status, 200)
        return made, self.client().logs.exports.download(export_id=made["id"]).signed_url

    def test_times(self):
        """an export has what requests waited for connections, what the provider took, how the config chose, and by which text of the file"""
        members = ["queue_us", "connect_us", "upstream_response_time", "mode", "cache_type", "config_digest", "gateway_version"]
        _, url = self.started(filters=self.filters(metadata={"team": "b"}), requested_data=members)
        rows = [json.loads(line) for line in fetch(url)[1].splitlines()]
        self.assertEqual((len(rows), list(rows[0])), (50, members))
        self.assertTrue(all(row["queue_us"] >= row["connect_us"] >= 0 and row["upstream_response_time"] >= 0 for row in rows), rows)
        self.assertEqual({(row["mode"], row["cache_type"]) for row in rows}, {("single", None)})
        self.assertEqual([len({row[name] for row in rows}) for name in ("config_digest", "gateway_version")], [1, 1])

    def test_sdk(self):
        """the SDK makes, lists, reads, changes, starts and stops one; its link is a file that needs no key, with what was asked for"""
        exports = self.client().logs.exports
        made = exports.create(filters=self.filters(metadata={"team": "b"}), description="b alone", requested_data=["id", "created_at", "status_code", "cost", "metadata"])
        self.assertEqual((made.object, made.total), ("export", 50))
        read = exports.retrieve(export_id=made.id)
        self.assertEqual((read.status, read.total_records, read.requested_data[2], read.description), ("draft", 50, "response_status_code", "b alone"))
        with self.assertRaises(exceptions.ConflictError) as caught:
            exports.download(export_id=made.id)
        self.assertIn("start it with POST", str(caught.exception))
        changed = exports.update(export_id=made.id, filters=self.filters(metadata={"team": ["a", "b"]}))
        self.assertEqual((changed.id, changed.total), (made.id, 150))
        self.assertIn("started", exports.start(export_id=made.id).message)
        self.assertEqual(exports.retrieve(export_id=made.id).status, "success")
        url = exports.download(export_id=made.id).signed_url
        self.assertTrue(url.startswith(f"{self.gateway.url}{EXPORTS}/{made.id}/file?"), url)
        status, text, fields = fetch(url)
        rows = [json.loads(line) for line in text.splitlines()]
        self.assertEqual((status, len(rows), fields["content-type"], fields["content-disposition"].startswith("attachment; filename=\"logs-")),
                         (200, 150, "application/x-ndjson", True))
        self.assertEqual(list(rows[0]), ["id", "created_at", "response_status_code", "cost", "metadata"])
        self.assertEqual(sorted(row["id"] for row in rows), sorted(self.ids(150)))
        times = [row["created_at"] for row in rows]
        self.assertEqual((times, {row["metadata"]["_user"] for row in rows}), (sorted(times), {f"u{number}" for number in range(150)}))
        self.assertIn(made.id, [row["id"] for row in exports.list().data])
        exports.cancel(export_id=made.id)
        self.assertEqual((exports.retrieve(export_id=made.id).status, fetch(url)[0]), ("stopped", 409))
        self.assertEqual(self.send("DELETE", f"{EXPORTS}/{made.id}").status, 200)
        self.assertEqual(fetch(url)[0], 404)
        told = self.send("GET", "/v1/audit-logs?resource_type=log_exports").json["records"]
        self.assertEqual([row["action"] for row in told if row["resource_id"] == made.id], ["delete", "update", "download", "update", "update", "create"])

    def ids(self, count):
        return [row["id"] for row in self.get("/v1/logs", page_size=1000)["data"]][-count:]

    def test_table(self):
        """as a table it is read by a reader of tables"""
        _, url = self.started(filters=self.filters(metadata={"team": "a"}), format="csv")
        status, text, fields = fetch(url)
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        self.assertEqual((status, len(rows), fields["content-type"]), (200, 100, "text/csv; charset=utf-8"))
        self.assertEqual({(row["ai_org"], row["response_status_code"], json.loads(row["metadata"])["team"]) for row in rows}, {("house", "200", "a")})

    def test_links(self):
        """a link with anything of it changed opens nothing, and a link opens nothing else"""
        made, url = self.started()
        self.assertEqual(fetch(url)[0], 200)
        other = self.send("POST", EXPORTS, body={"filters": self.filters()}).json["id"]
        for changed in (url[:-1], url[:-1] + ("0" if url[-1] != "0" else "1"), url.replace(made["id"], other), url.replace("expires=", "expires=9"),
                        url.split("?")[0], url.replace("/v1/", "/v2/"), url + "&a=b"):
            self.assertEqual(fetch(changed)[0], 403, changed)
        self.assertEqual(fetch(url.replace("/file?", "?"))[0], 401)

    def test_proxy(self):
        """a link begins with what its client asked, whatever somebody says of it whom nobody trusts"""
        made, _ = self.started()
        link = self.send("GET", f"{EXPORTS}/{made['id']}/download", headers=PROXIED).json["signed_url"]
        self.assertTrue(link.startswith("http://inner.example/v1/"), link)

    def test_errors(self):
        """what is wrong is an error of the SDK's that names the member"""
        exports = self.client().logs.exports
        for arguments, says in (
            ({"filters": {}}, "time_of_generation_min is missing"), ({"filters": self.filters(), "requested_data": ["none"]}, "requested_data[0] must be one of"),
            ({"filters": self.filters(status_code="x")}, "which is no status"),
        ):
            with self.subTest(arguments=arguments), self.assertRaises(exceptions.BadRequestError) as caught:
                exports.create(**arguments)
            self.assertIn(says, str(caught.exception))
        with self.assertRaises(exceptions.NotFoundError):
            exports.retrieve(export_id="none")

    def test_slow(self):
        """a client that takes a file slowly has all of it, and holds up nobody"""
        made, url = self.started()
        with Wire(self.gateway.port) as wire:
            wire.send(f"GET {url[len(self.gateway.url):]} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            time.sleep(0.5)
            self.assertEqual(self.send("GET", f"{EXPORTS}/{made['id']}").status, 200)
            answer = wire.response()
        self.assertEqual((answer.status, len(answer.body.splitlines())), (200, made["total"]))

    def test_http2(self):
        """over HTTP/2 a file and a tail are the same"""
        _, url = self.started(filters=self.filters(metadata={"team": "b"}))
        with httpx.Client(http1=False, http2=True, timeout=30) as client:
            answer = client.get(url)
            self.assertEqual((answer.http_version, len(answer.text.splitlines())), ("HTTP/2", 50))
            self.follow(client, "h2")

    def test_tail(self):
        """the tail tells of requests as they are recorded, by what was asked of it, to several at once"""
        with httpx.Client(timeout=30) as client:
            self.follow(client, "h1")

    def follow(self, client, team):
        events, lines = [], []

        def read():
            query = {"metadata": json.dumps({"team": team})}
            with client.stream("GET", f"{self.gateway.url}/v1/logs/tail", params=query, headers={"x-portkey-api-key": self.admin}) as answer:
                self.assertEqual(answer.headers["content-type"], "text/event-stream")
                for line in answer.iter_lines():
                    lines.append(line)
                    if line.startswith("data: "):
                        events.append(json.loads(line[6:]))
                    if len(events) == 3:
                        return

        thread = threading.Thread(target=read)
        thread.start()
        self.assertTrue(soon(lambda: lines))
        for number in range(3):
            self.ask({"x-portkey-metadata": json.dumps({"team": "nobody"})})
            self.ask({"x-portkey-metadata": json.dumps({"team": team, "_user": f"t{number}"})})
        thread.join(20)
        self.assertFalse(thread.is_alive(), lines)
        # Those of two workers may change places.
        self.assertEqual(sorted(event["_user"] for event in events), ["t0", "t1", "t2"])
        self.assertEqual(lines[0], ": requests from now on")

    def test_tail_refusals(self):
        """a key without the scope, a filter that is none, and a method that is not taken"""
        self.assertEqual(self.send("GET", "/v1/logs/tail", "sk-sluice-" + "A" * 49).status, 401)
        self.assertEqual(self.send("GET", "/v1/logs/tail?status_code=x").status, 400)
        self.assertEqual(self.send("POST", "/v1/logs/tail").status, 405)


class ProxiedExports(AnalyticsCase):
    """exports behind a proxy."""

    @classmethod
    def start(cls, **members):
        return super().start(trusted_proxies={"networks": ["127.0.0.0/8"]}, **members)

    def test_proxy(self):
        """a link begins with what a trusted proxy says that its client asked"""
        made = self.send("POST", EXPORTS, body={"filters": self.span}).json
        self.send("POST", f"{EXPORTS}/{made['id']}/start")
        link = self.send("GET", f"{EXPORTS}/{made['id']}/download", headers=PROXIED).json["signed_url"]
        self.assertTrue(link.startswith("https://gateway.example/v1/"), link)


if __name__ == "__main__":
    unittest.main()
