#!/usr/bin/env python3
"""State through time on a real cluster: read with filters, state at a moment, bisect, projections."""
import json
import signal
import time
import unittest

from cluster import ClusterTest


class State(ClusterTest):
    def setUp(self):
        super().setUp()
        self.up()

    def import_orders(self, count, name="orders.jsonl"):
        """`count` orders of 0.10 each by three customers; each also pays every second one."""
        file = self.folder / name
        with open(file, "w", encoding="utf-8") as out:
            for number in range(count):
                who = "abc"[number % 3]
                events = [{"stream": f"order-{number}", "type": "placed",
                           "data": {"customer": who, "total": 0.1}}]
                if number % 2:
                    events.append({"stream": f"payment-{number}", "type": "paid",
                                   "data": {"customer": who, "total": 0.1}})
                out.write(json.dumps({"events": events}) + "\n")
        self.ctl("import", file)

    def state(self, *words, expect=0):
        return self.ctl("state", *words, "--json", expect=expect).json()

    def groups(self, *words):
        return {tuple(group["key"]): group["values"] for group in self.state(*words)["groups"]}

    def test_a_tenth_thirty_times_is_three(self):
        self.import_orders(30)
        self.assertEqual(self.groups("sum .total, count where type = placed"), {(): [3, 30]})
        said = self.ctl("state", "sum .total by .customer where category = order")
        self.assertEqual(said.out, ".customer  sum .total\na          1\nb          1\nc          1\n")
        self.assertIn("as of position 44: 30 events, the last at 20", said.errors)

    def test_every_past_state_can_be_seen(self):
        self.import_orders(12)
        events = self.read_all()
        for position in (0, 1, 5, 17):
            placed = sum(1 for e in events[:position + 1] if e["type"] == "placed")
            self.assertEqual(self.groups("count where type = placed", "--at", position), {(): [placed]})
        at = self.state("count", "--at", events[4]["time"])
        last = max(e["position"] for e in events if e["time"] <= events[4]["time"])
        self.assertEqual(at["position"], last)
        before = self.state("count", "--at", "2001-01-01")
        self.assertEqual((before["position"], before["groups"]), (None, []))
        time.sleep(0.01)
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{time.time_ns() // 10**6 % 1000:03}Z"
        time.sleep(0.01)
        self.append("order-x", {"customer": "a", "total": 5.25})
        self.assertEqual(self.groups("count", "--at", moment), {(): [18]})
        self.assertEqual(self.groups("count"), {(): [19]})
        since = self.state("sum .total by .customer where type = placed", "--since", moment)
        self.assertEqual(since["changes"], [{"key": ["a"], "before": [0.4], "after": [5.65]}])

    def test_the_event_after_which_something_holds_is_found(self):
        for number, change in enumerate((10, -4, -7, 20, -30)):
            self.append("account-1", {"change": change})
            self.append("account-2", {"change": 1})
        said = self.ctl("bisect", "sum .change by stream", "sum .change < 0", "--json").json()
        self.assertEqual((said["event"]["position"], said["event"]["revision"]), (4, 2))
        for end, expect in ((4, 0), (3, 11)):
            self.ctl("bisect", "sum .change by stream", "sum .change < 0", "--until", end, expect=expect)
        self.assertEqual(self.groups("sum .change by stream", "--at", 4)[("account-1",)], [-1])
        self.assertIn("holds before the first",
                      self.ctl("bisect", "count", "count = 0").out)

    def test_a_projection_goes_on_where_it_was_killed(self):
        self.ctl("projection", "define", "revenue", "sum .total, count by .customer where type = placed")
        self.import_orders(200)
        running = self.start("projection", "run", "revenue", "--every", "20", "--json")
        self.assertIn("ledger.projection_checkpoint/1", running.stdout.readline())
        running.kill()
        running.wait()
        self.ctl("node", "kill", "leader")
        self.wait_for_health("degraded")
        self.ctl("projection", "run", "revenue", "--every", "20", "--once")
        named = self.groups("revenue")
        self.assertEqual(named, self.groups("sum .total, count by .customer where type = placed"))
        self.assertEqual(sum(count for _, count in named.values()), 200)
        ends = [e["metadata"]["next"] for e in
                self.ctl("read", "$projection-revenue", "--type", "checkpoint", "--json").lines()]
        self.assertEqual(ends, sorted(set(ends)))
        for position in (0, 33, 77, 299):
            self.assertEqual(
                self.groups("revenue", "--at", position),
                self.groups("sum .total, count by .customer where type = placed", "--at", position))
        said = self.ctl("bisect", "revenue", "count >= 30 for b", "--json").json()
        every = self.ctl("bisect", "revenue", "count >= 30 for b", "--every", "--json").json()
        self.assertEqual(said["event"], every["event"])
        listed = self.ctl("projection", "list", "--json").json()["projections"]
        self.assertEqual([p["name"] for p in listed], ["revenue"])
        self.ctl("projection", "forget", "revenue")
        self.assertEqual(self.ctl("projection", "list", "--json").json()["projections"][0]["next"], 0)
        self.assertEqual(named, self.groups("revenue"))

    def test_a_projection_that_follows_ends_when_it_is_told_to(self):
        self.ctl("projection", "define", "counts", "count by type")
        following = self.start("projection", "run", "counts")
        self.append("s", 1)
        self.assertIn("1 events", following.stdout.readline())
        self.append("s", 2)
        self.assertIn("2 events", following.stdout.readline())
        following.send_signal(signal.SIGTERM)
        self.assertEqual(following.wait(10), 0)

    def test_reads_filter_by_type_prefix_and_date(self):
        self.import_orders(10)
        placed = self.ctl("read", "--all", "--type", "placed", "--json").lines()
        self.assertEqual(len(placed), 10)
        both = self.ctl("read", "--all", "--type", "placed", "--type", "paid", "--json").lines()
        self.assertEqual(len(both), 15)
        paid = self.ctl("read", "--all", "--prefix", "payment-", "--backward", "--count", 2, "--json").lines()
        self.assertEqual([e["stream"] for e in paid], ["payment-9", "payment-7"])
        self.assertEqual(len(self.ctl("read", "--all", "--since", "2001-01-01", "--json").lines()), 15)
        self.assertEqual(self.ctl("read", "--all", "--since", "2200-01-01").out, "")

    def test_events_are_found_by_what_they_belong_to(self):
        first = self.append("orders", {"total": 1}, "--correlation", "cart-7")
        cause = self.read_all()[0]["id"]
        self.append("payments", {"total": 1.5}, "--correlation", "cart-7", "--causation", cause,
                    "--metadata", '{"content_type": "json"}')
        self.append("orders", {"total": 2})
        found = self.ctl("read", "--all", "--where", "@correlation = cart-7", "--json").lines()
        self.assertEqual([e["position"] for e in found], [first["position"], first["position"] + 1])
        self.assertEqual(found[1]["metadata"],
                         {"content_type": "json", "correlation": "cart-7", "causation": cause})
        self.assertEqual(self.groups("sum .total by @correlation"), {("cart-7",): [2.5], (None,): [2]})
        followed = self.ctl("follow", "--all", "--where", f'@causation = "{cause}"', "--count", 1, "--json")
        self.assertEqual([e["stream"] for e in followed.lines()], ["payments"])
        back = self.ctl("read", "orders", "--backward", "--where", ".total < 2", "--json").lines()
        self.assertEqual([e["revision"] for e in back], [0])
        self.ctl("append", "s", "t", "1", "--metadata", "[]", expect=2)

    def test_a_subscription_begins_where_it_is_told_and_says_when_it_has_caught_up(self):
        for number in range(3):
            self.append("s", {"number": number})
        third = self.read_all()[2]["time"]
        for words, expected in ((("--from", 1), [1, 2]), (("--since", third), [2]),
                                (("--since", "2001-01-01"), [0, 1, 2])):
            for what in (("s",), ("--all",)):
                said = self.ctl("follow", *what, *words, "--count", len(expected), "--json").lines()
                self.assertEqual([e["data"]["number"] for e in said], expected)
                read = self.ctl("read", *what, *words, "--json").lines()
                self.assertEqual([e["data"]["number"] for e in read], expected)
        following = self.start("follow", "--all", "--now", "--type", "placed", "--prefix", "t",
                               "--marks", "--json")
        caught_up = json.loads(following.stdout.readline())
        self.assertEqual(caught_up, {"schema": "ledger.caught_up/1", "next": 3})
        self.append("s", {"number": 3})
        self.append("t", {"number": 4})
        said = json.loads(following.stdout.readline())
        while "data" not in said:  # it may have fallen behind for a moment
            said = json.loads(following.stdout.readline())
        self.assertEqual((said["stream"], said["data"]["number"]), ("t", 4))

    def test_a_conflict_shows_what_stands_in_the_way(self):
        for number in range(3):
            self.append("cart", {"item": number})
        said = self.append("cart", {"item": 9}, "--expected", 0, "--check", "stock=exists",
                           "--check", "cart-closed=none", expect=6)
        self.assertEqual([(c["stream"], c["expected"], c["actual"]) for c in said["conflicts"]],
                         [("cart", "0", 2), ("stock", "exists", None)])
        self.assertEqual([e["data"]["item"] for e in said["conflicts"][0]["events"]], [1, 2])
        self.assertEqual([e["revision"] for e in said["conflicts"][0]["events"]], [1, 2])
        self.assertFalse(said["conflicts"][0]["truncated"])
        plain = self.ctl("append", "cart", "t", "1", "--expected", "none", expect=6)
        self.assertEqual(plain.errors.splitlines()[1:],
                         [f'{n}\tcart\t{n}\tplaced\t{{"item": {n}}}' for n in range(3)])
        self.append("stock", 1, "--check", "cart=2")
        self.append("stock", 2, "--check", "cart=1", expect=6)
        self.ctl("append", "s", "t", "1", "--check", "cart", expect=2)
        self.ctl("append", "s", "t", "1", "--check", "s=any", expect=2)

    def test_what_is_wrong_is_said_with_its_place(self):
        self.append("s", {"total": "much"})
        self.append("s", {"total": 1})
        for words, code, sentence in (
                (("state", "sum total"), 2, "column 5: expected a field"),
                (("state", "count", "--at", "yesterday"), 2, "expected a position or a date"),
                (("state", "sum .total"), 1, 'position 0 (s revision 0, type placed): .total is "much"'),
                (("state", "nothing"), 11, "there is no projection 'nothing'"),
                (("bisect", "count", "sum .x > 1"), 2, "one of the folds 'count'"),
                (("bisect", "count", "count > 5"), 11, "it holds nowhere"),
                (("state", "count", "--at", "0", "--since", "1"), 2, "--since is later"),
                (("projection", "define", "Sum", "count"), 2, "'Sum' is no name"),
                (("projection", "run", "nobody"), 11, "there is no projection"),
                (("read", "s", "--prefix", "x"), 2, "goes with --all"),
                (("read", "s", "--since", "3"), 2, "--since takes a date"),
                (("follow", "s", "--since", "x"), 2, "expected a position or a date"),
                (("follow", "s", "--now", "--from", 3), 2, "excludes"),
                (("read", "s", "--where", "type"), 2, "--where: column 5: expected one of"),
                (("read", "s", "--where", ".total.x = 1 and .total = 1"), 0, ""),
        ):
            with self.subTest(words):
                self.assertIn(sentence, self.ctl(*words, expect=code).errors)


if __name__ == "__main__":
    unittest.main()
