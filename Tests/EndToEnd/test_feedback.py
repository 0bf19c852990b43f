"""Feedback over the wire, with Portkey's own SDK: given, changed, and in logs and analytics."""

import asyncio
import os
import shutil
import signal
import sqlite3
import threading
import unittest

from portkey_ai import AsyncPortkey
from portkey_ai.api_resources import exceptions

from harness.gateway import command
from harness.waiting import soon
from test_analytics import AnalyticsCase
from test_identity import new_key

PATH = "/v1/feedback"


class FeedbackCase(AnalyticsCase):
    """A gateway whose file declares a key, and one that is out of date."""

    @classmethod
    def start(cls, **members):
        if not hasattr(cls, "declared"):
            (cls.declared, digest), (cls.expired, other) = new_key(), new_key()
            (cls.elsewhere, third) = new_key()
            cls.keys = {
                "app": {"digest": f"sha256:{digest}"}, "old": {"digest": f"sha256:{other}", "expires": "2020-01-01"},
                "far": {"digest": f"sha256:{third}", "allowed_networks": ["192.0.2.0/24"]},
            }
        return super().start(keys=cls.keys, **members)

    def traced(self, trace, key=None, **headers):
        answer = self.ask({"x-portkey-trace-id": trace, **headers}, key)
        self.assertEqual(answer.status, 200, answer.body)
        return answer

    def give(self, body, key=None, expected=200):
        answer = self.send("POST", PATH, key, body)
        self.assertEqual(answer.status, expected, answer.body)
        return answer.json

    def graph(self, name, key=None, **query):
        return self.get(f"/v1/analytics/graphs/{name}", key=key, **query)


class Feedback(FeedbackCase):
    """feedback."""

    def test_sdk(self):
        """create, bulk_create and update of the SDK; the four graphs, the filters, the logs and the groups have what was said"""
        client = self.client()
        first = client.feedback.create(trace_id="sdk-1", value=5)
        self.assertEqual((first.status, first.message, len(first.feedback_ids)), ("success", "Feedback successfully saved", 1))
        for trace, model in (("sdk-1", "mock"), ("sdk-1", "mock"), ("sdk-2", "mock"), ("sdk-3", "mock")):
            self.traced(trace, **{"x-portkey-metadata": '{"team":"sdk"}'})
        more = client.feedback.bulk_create(feedbacks=[
            {"trace_id": "sdk-1", "value": -1, "weight": 0.5, "metadata": {"by": "ada", "turn": 3}}, {"trace_id": "sdk-2", "value": 10, "weight": 1 / 3}])
        self.assertEqual(len(more.feedback_ids), 2)
        mine = {"metadata": '{"team":"sdk"}'}
        self.rows(4, **mine)
        graphs = client.analytics.graphs
        span = {**self.span, **mine}
        total = graphs.feedbacks(**span)
        self.assertEqual((total.object, total.summary, sum(point["total"] for point in total.data_points)), ("analytics-graph", {"total": 3}, 3))
        scores = graphs.feedbacks_scores(**span)
        self.assertEqual((scores.summary, scores.data_points), ({"total": 3}, [{"score": -1, "total": 1}, {"score": 5, "total": 1}, {"score": 10, "total": 1}]))
        average = (5 - 0.5 + 10 / 3) / (1 + 0.5 + 1 / 3)
        weighted = graphs.feedbacks_weighted(**span)
        self.assertAlmostEqual(weighted.summary["avg"], average, places=6)
        self.assertEqual({point["avg"] is None for point in weighted.data_points}, {True, False})
        models = graphs.feedbacks_ai_models(**span)
        self.assertEqual([(row["ai_model"], row["total"]) for row in models.data_points], [("mock", 3)])
        self.assertAlmostEqual(models.data_points[0]["avg_weighted_feedback"], average, places=6)
        # By what the trace's feedback comes to: 3, 10, and none.
        for filters, traces in (
            ({"weighted_feedback_min": 0}, ["sdk-1", "sdk-1", "sdk-2"]), ({"weighted_feedback_max": 3}, ["sdk-1", "sdk-1"]),
            ({"weighted_feedback_min": 3.5, "weighted_feedback_max": 10}, ["sdk-2"]), ({"weighted_feedback_max": -0.5}, []),
        ):
            with self.subTest(filters=filters):
                self.assertEqual(sorted(row["trace_id"] for row in self.get("/v1/logs", **mine, **filters)["data"]), traces)
                self.assertEqual(graphs.requests(**span, **filters).summary["total"], len(traces))
        rows = {row["trace_id"]: row for row in self.get("/v1/logs", **mine)["data"]}
        self.assertEqual([(rows[trace]["weighted_feedback"], rows[trace]["total_feedbacks"]) for trace in ("sdk-1", "sdk-2", "sdk-3")], [(3, 2), (10, 1), (None, 0)])
        log = self.send("GET", f"/v1/logs/{rows['sdk-1']['id']}").json
        self.assertEqual([(entry["id"], entry["value"], entry["weight"], entry["metadata"]) for entry in log["feedback"]],
                         [(first.feedback_ids[0], 5, 1, {}), (more.feedback_ids[0], -1, 0.5, {"by": "ada", "turn": "3"})])
        [group] = client.analytics.groups.metadata(metadata_key="team", **self.span).data
        self.assertEqual(group["requests_with_feedback"], 3)
        self.assertAlmostEqual(group["avg_weighted_feedback"], average, places=6)
        [group] = self.get("/v1/analytics/groups/ai-models", columns="avg_weighted_feedback", order_by="requests_with_feedback", **mine)["data"]
        self.assertEqual(set(group), {"ai_model", "avg_weighted_feedback", "object"})
        changed = client.feedback.update(feedback_id=first.feedback_ids[0], value=-10, weight=0, metadata={"again": "yes"})
        self.assertEqual((changed.status, changed.message, changed.feedback_ids), ("success", "Feedback successfully updated", first.feedback_ids))
        self.assertEqual(graphs.feedbacks_weighted(**span, trace_id="sdk-1").summary["avg"], -1)
        self.assertEqual(graphs.feedbacks_scores(**span, trace_id="sdk-1").data_points, [{"score": -10, "total": 1}, {"score": -1, "total": 1}])

        async def later():
            async_client = AsyncPortkey(base_url=f"{self.gateway.url}/v1", api_key=self.admin)
            given = await async_client.feedback.create(trace_id="sdk-3", value=1)
            return await async_client.feedback.update(feedback_id=given.feedback_ids[0], value=2)

        self.assertEqual(len(asyncio.run(later()).feedback_ids), 1)
        self.assertEqual(graphs.feedbacks(**span).summary["total"], 4)

    def test_sdk_errors(self):
        """what is wrong is an error of the SDK's, and says which member"""
        client = self.client()
        for arguments, says in (
            ({"value": 1}, "trace_id is missing"), ({"trace_id": "", "value": 1}, "trace_id is missing"), ({"trace_id": "t"}, "value is missing"),
            ({"trace_id": "t", "value": 11}, "value must be a whole number from -10 to 10"), ({"trace_id": "t", "value": 1.5}, "value must be a whole number"),
            ({"trace_id": "t", "value": 1, "weight": 2}, "weight must be a number from 0 to 1"), ({"trace_id": "t", "value": 1, "weight": -1}, "weight must be"),
            ({"trace_id": "t", "value": 1, "metadata": {"a": {"b": 1}}}, "metadata.a must be a text"), ({"trace_id": "t" * 257, "value": 1}, "at most 256 are taken"),
        ):
            with self.subTest(arguments=arguments), self.assertRaises(exceptions.BadRequestError) as caught:
                client.feedback.create(**arguments)
            self.assertIn(says, str(caught.exception))
        with self.assertRaises(exceptions.BadRequestError) as caught:
            client.feedback.bulk_create(feedbacks=[{"trace_id": "t", "value": 1}, {"trace_id": "t", "value": "x"}])
        self.assertIn("[1].value must be a whole number", str(caught.exception))
        with self.assertRaises(exceptions.NotFoundError) as caught:
            client.feedback.update(feedback_id="none", value=1)
        self.assertIn("nothing was changed", str(caught.exception))
        with self.assertRaises(exceptions.AuthenticationError):
            self.client("sk-sluice-" + "A" * 49).feedback.create(trace_id="t", value=1)
        self.assertEqual(self.send("GET", PATH).status, 405)
        self.assertEqual(self.send("DELETE", f"{PATH}/none").status, 405)
        self.assertEqual(self.give([], expected=400)["error"]["errors"], [{"field": "", "message": "the body has 0 entries; a list has from 1 to 1000"}])
        self.assertEqual(self.graph("feedbacks", trace_id="t")["summary"]["total"], 0)

    def test_workspaces(self):
        """two workspaces with one trace id neither see, count nor change each other's; a key needs logs.write"""
        keys, clients = {}, {}
        for name in ("one", "two"):
            workspace = self.send("POST", "/v1/admin/workspaces", body={"name": name}).json["id"]
            scopes = ["completions.write", "logs.write", "logs.list", "logs.view", "analytics.view"]
            keys[name] = self.send("POST", "/v1/api-keys/workspace/service", body={"name": name, "workspace_id": workspace, "scopes": scopes}).json["key"]
            clients[name] = self.client(keys[name])
            self.traced("shared", keys[name])
        self.traced("shared")
        of_one = clients["one"].feedback.create(trace_id="shared", value=7)
        clients["two"].feedback.bulk_create(feedbacks=[{"trace_id": "shared", "value": -7}] * 2)
        self.rows(3, trace_id="shared")
        for name, total, average in (("one", 1, 7), ("two", 2, -7)):
            graphs = clients[name].analytics.graphs
            self.assertEqual(graphs.feedbacks(**self.span, trace_id="shared").summary, {"total": total})
            self.assertEqual(graphs.feedbacks_weighted(**self.span, trace_id="shared").summary, {"avg": average})
            [row] = self.get("/v1/logs", key=keys[name], trace_id="shared")["data"]
            self.assertEqual((row["weighted_feedback"], row["total_feedbacks"]), (average, total))
            log = self.send("GET", f"/v1/logs/{row['id']}", keys[name]).json
            self.assertEqual([entry["value"] for entry in log["feedback"]], [average] * total)
        self.assertEqual(self.get("/v1/logs", key=keys["one"], trace_id="shared", weighted_feedback_max=0)["total"], 0)
        # One of the organisation's sees both, and gives what is neither's.
        self.assertEqual(self.graph("feedbacks", trace_id="shared")["summary"], {"total": 3})
        self.give({"trace_id": "shared", "value": 1})
        self.assertEqual(self.graph("feedbacks", keys["one"], trace_id="shared")["summary"], {"total": 1})
        for key in (keys["two"], self.admin):
            self.assertEqual(self.send("PUT", f"{PATH}/{of_one.feedback_ids[0]}", key, {"value": 0}).status, 404)
        self.assertEqual(self.send("PUT", f"{PATH}/{of_one.feedback_ids[0]}", keys["one"], {"value": 6}).status, 200)
        self.assertEqual(self.graph("feedbacks/scores", keys["one"], trace_id="shared")["data_points"], [{"score": 6, "total": 1}])
        blind = self.send("POST", "/v1/api-keys/organisation/service", body={"name": "blind", "scopes": ["completions.write"]}).json["key"]
        with self.assertRaises(exceptions.PermissionDeniedError) as caught:
            self.client(blind).feedback.create(trace_id="shared", value=1)
        self.assertIn("logs.write", str(caught.exception))
        teller = self.send("POST", "/v1/api-keys/organisation/service", body={"name": "teller", "scopes": ["logs.write"]}).json["key"]
        self.assertEqual(len(self.client(teller).feedback.create(trace_id="elsewhere", value=1).feedback_ids), 1)

    def test_declared_keys(self):
        """a key of the file gives it for its own requests, where it could ask models, and nothing else of the admin API"""
        answer = self.traced("declared", self.declared)
        given = self.give({"trace_id": "declared", "value": 3}, self.declared)["feedback_ids"]
        self.assertEqual(self.send("PUT", f"{PATH}/{given[0]}", self.declared, {"value": 4}).status, 200)
        self.rows(1, trace_id="declared")
        log = self.send("GET", f"/v1/logs/{answer['x-sluice-request-id']}").json
        self.assertEqual([(entry["value"], entry["api_key_id"]) for entry in log["feedback"]], [(4, "app")])
        self.assertEqual(log["metrics"]["api_key_id"], "app")
        self.assertIn("expired", self.give({"trace_id": "declared", "value": 3}, self.expired, 401)["error"]["message"])
        self.assertIn("may not be used from", self.give({"trace_id": "declared", "value": 3}, self.elsewhere, 403)["error"]["message"])
        for path in ("/v1/logs", "/v1/api-keys", "/v1/analytics/graphs/feedbacks"):
            self.assertEqual(self.send("GET", path, self.declared).status, 401, path)

    def test_traces(self):
        """the trace of an answer is what feedback names: the client's, its traceparent's, the request's own, and one that is too long"""
        long = "x" * 200
        for headers in ({"x-portkey-trace-id": "plain"}, {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, {}, {"x-portkey-trace-id": long}):
            answer = self.ask(headers)
            trace = answer["x-portkey-trace-id"]
            self.give({"trace_id": headers.get("x-portkey-trace-id", trace), "value": 8})
            found = soon(lambda: self.send("GET", f"/v1/logs/{answer['x-sluice-request-id']}").json.get("feedback"))
            self.assertEqual([entry["value"] for entry in found], [8], headers)
            self.assertEqual(self.graph("feedbacks", trace_id=headers.get("x-portkey-trace-id", trace))["summary"], {"total": 1}, headers)

    def test_bounds(self):
        """a thousand at once, and a body of the most that is taken; one more of either is refused"""
        entry = {"trace_id": "many", "value": 1}
        self.assertEqual(len(set(self.give([entry] * 1000)["feedback_ids"])), 1000)
        self.assertIn("the body has 1001 entries", self.give([entry] * 1001, expected=400)["error"]["message"])
        self.give(b" " * ((272 << 10) + 1), expected=413)
        self.traced("many")
        self.rows(1, trace_id="many")
        [row] = self.get("/v1/logs", trace_id="many")["data"]
        self.assertEqual(row["total_feedbacks"], 1000)
        self.assertEqual(len(self.send("GET", f"/v1/logs/{row['id']}").json["feedback"]), 100)

    def test_nobody_waits(self):
        """while the file is held by another, feedback waits and is kept; requests to models do not wait"""
        self.give({"trace_id": "held", "value": 1})
        with sqlite3.connect(self.data / "books" / "feedback.sqlite", timeout=10, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            answers = []
            thread = threading.Thread(target=lambda: answers.append(self.give({"trace_id": "held", "value": 2})))
            thread.start()
            for _ in range(20):
                self.traced("held")
            self.assertEqual(answers, [])
            other.execute("ROLLBACK")
            thread.join(20)
        self.assertEqual(len(answers), 1)


class Kept(FeedbackCase):
    """feedback: kept."""

    def test_kept(self):
        """what was answered survives kill -9, rows made anew, and a day's file that is lost"""
        given = [self.give({"trace_id": f"kept-{number % 3}", "value": number % 10})["feedback_ids"][0] for number in range(30)]
        for number in range(3):
            self.traced(f"kept-{number}")
        self.rows(3)
        os.kill(self.gateway.serving, signal.SIGKILL)
        self.assertTrue(soon(self.is_serving, within=60))
        self.assertEqual(self.graph("feedbacks")["summary"], {"total": 30})
        self.assertEqual(command("books", "rebuild", "--data", str(self.data)).returncode, 0)
        self.assertEqual(self.graph("feedbacks")["summary"], {"total": 30})
        self.gateway.stop()
        file = self.data / "books" / "feedback.sqlite"
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        shutil.rmtree(self.data / "books" / "days")
        self.assertEqual(command("books", "rebuild", "--data", str(self.data)).returncode, 0)
        with sqlite3.connect(file, timeout=10) as feedback:
            self.assertEqual({row[0] for row in feedback.execute("SELECT id FROM feedback")}, set(given))
        type(self).gateway = self.start()
        self.assertEqual(self.graph("feedbacks")["summary"], {"total": 30})
        self.assertRegex(self.send("GET", "/metrics", headers={"Host": "localhost"}).body.decode(), r"(?m)^sluice_books_feedback_total 0$")

    def is_serving(self):
        try:
            return self.send("GET", "/health", headers={"Host": "localhost"}).status == 200
        except (OSError, AssertionError, ValueError):
            return False


class Damaged(FeedbackCase):
    """feedback: a damaged file."""

    def test_damaged(self):
        """a file that is none is told of; feedback is refused with 503, and logs and graphs of requests go on without it"""
        (self.data / "books").mkdir(exist_ok=True)
        (self.data / "books" / "feedback.sqlite").write_bytes(b"nothing of this kind" * 500)
        self.traced("damaged")
        self.rows(1)
        refused = self.give({"trace_id": "damaged", "value": 1}, expected=503)["error"]["message"]
        self.assertEqual(refused, "feedback cannot be kept now, and nothing of this was; try again")
        self.assertIn("feedback is kept nowhere else", self.gateway.output.read_text())
        [row] = self.get("/v1/logs")["data"]
        self.assertEqual((row["weighted_feedback"], row["total_feedbacks"]), (None, None))
        self.assertIsNone(self.send("GET", f"/v1/logs/{row['id']}").json["feedback"])
        self.assertEqual(self.graph("requests")["summary"], {"total": 1})
        self.assertEqual(self.get("/v1/analytics/groups/ai-models")["data"][0]["requests_with_feedback"], None)
        self.get("/v1/analytics/graphs/feedbacks", expected=503)


class Nowhere(FeedbackCase):
    """feedback: nowhere to keep it."""

    @classmethod
    def start(cls, **members):
        return super().start(books={"mode": "off"}, **members)

    def test_no_books(self):
        """without books it is refused, by what turned them off"""
        self.assertIn("books: {mode: off}", self.give({"trace_id": "t", "value": 1}, expected=404)["error"]["message"])


if __name__ == "__main__":
    unittest.main()
