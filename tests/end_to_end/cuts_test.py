#!/usr/bin/env python3
"""A real cluster cuts its state, lets go of old segments, and brings back a node that lacks them."""
import json
import unittest

from cluster import ClusterTest

APPENDS = 5000


class Cuts(ClusterTest):
    def environment(self):
        return {**super().environment(), "LEDGER_CUT_EVERY": "500", "LEDGER_RETAIN": "600",
                "LEDGER_SEGMENT_SIZE": "1MiB"}

    def wide_input(self, appends, name, first=0):
        """One event of about a kilobyte each."""
        file = self.folder / name
        with open(file, "w", encoding="utf-8") as out:
            for number in range(first, first + appends):
                event = {"stream": f"s{number % 7}", "type": "made",
                         "data": {"number": number, "text": "x" * 1000}}
                out.write(json.dumps({"events": [event]}) + "\n")
        return file

    def files(self, node, suffix):
        return sorted(path.name for path in self.dir.glob(f"node{node}/log/*{suffix}"))

    def log_of(self, node):
        return (self.dir / "logs" / f"n{node}.log").read_text()

    def states(self):
        return {(node["applied"], node["chain"], node["events"]) for node in self.status()["nodes"]}

    def test_a_node_that_lacks_what_is_gone_gets_the_state(self):
        self.up()
        self.ctl("import", self.wide_input(300, "first.jsonl"), "--batch", 1)
        self.ctl("node", "kill", 3)
        self.ctl("import", self.wide_input(APPENDS, "second.jsonl", 300), "--batch", 1)
        self.wait_for(lambda: "00000001.segment" not in self.files(1, ".segment"))
        self.assertTrue(self.files(1, ".cut"), "the leader has a cut")
        self.ctl("up")
        self.wait_for_all()
        self.assertIn("comes from the leader", self.log_of(3))
        self.assertEqual(len(self.states()), 1, self.status())

        # What is gone is said, and where the rest begins; what is there is read, from every node.
        gone = self.ctl("read", "--all", "--from", 0, "--count", 1, "--json")
        trimmed, event = gone.lines()
        self.assertEqual(trimmed["schema"], "ledger.trimmed/1")
        self.assertGreater(trimmed["first"], 0)
        self.assertEqual(event["position"], trimmed["first"])
        self.assertIn(f"the ledger begins at position {trimmed['first']}", gone.errors)
        last = self.ctl("read", "--all", "--backward", "--count", 1, "--json").lines()[0]
        self.assertEqual(last["data"]["number"], 300 + APPENDS - 1)

        # All of them begin their next life with a cut, and go on.
        self.ctl("down")
        self.ctl("up")
        self.append("after", {"number": 1})
        self.wait_for_all()
        self.assertEqual(len(self.states()), 1, self.status())
        self.assertIn("is the newest of", self.log_of(3))


if __name__ == "__main__":
    unittest.main()
