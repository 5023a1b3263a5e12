#!/usr/bin/env python3
"""A majority that is gone for good, and builds of different ages: through real processes."""
import json
import shutil
import unittest

from cluster import ClusterTest


class Upgrade(ClusterTest):
    def versions(self):
        return self.ctl("upgrade", "status", "--json").json()

    def test_a_new_cluster_begins_with_the_newest_version_and_keeps_it(self):
        self.up()
        self.append("orders", 1)
        self.wait_for(lambda: [node["active"] for node in self.versions()["nodes"]] == [3, 3, 3])
        self.assertFalse(self.versions()["can_finalise"])
        refused = self.ctl("upgrade", "finalise", expect=6)
        self.assertIn("feature version 3 stays in force", refused.errors)
        self.ctl("down")
        self.up()
        self.append("orders", 2)
        self.wait_for(lambda: [node["active"] for node in self.versions()["nodes"]] == [3, 3, 3])

    def test_a_build_that_is_too_old_refuses_and_loses_nothing(self):
        self.up()
        self.append("orders", 1)
        self.wait_for(lambda: [node["active"] for node in self.versions()["nodes"]] == [3, 3, 3])
        self.ctl("down")
        before = self.environment
        self.environment = lambda: {**before(), "LEDGER_FEATURES_MAX": "1"}
        self.ctl("up", "--timeout", "5", expect=None)
        log = self.dir / "logs" / "n1.log"
        self.wait_for(lambda: "start a newer build" in log.read_text())
        self.ctl("down", expect=None)
        self.environment = before
        self.up()
        self.wait_for_all()
        self.assertEqual([event["data"] for event in self.read_all()], [1])

    def test_an_old_node_holds_the_version_back_until_it_is_upgraded(self):
        before = self.environment
        self.environment = lambda: {**before(), "LEDGER_FEATURES_MAX": "1"}
        self.up()
        self.append("orders", 1)
        self.environment = before
        for node in (1, 2):
            self.ctl("node", "restart", node)
        refused = self.wait_for(lambda: (lambda o: o if "n3 knows versions up to 1 only" in o.errors
                                         else None)(self.ctl("upgrade", "finalise", expect=None)))
        self.assertEqual(refused.code, 6)
        self.ctl("node", "restart", 3)
        # The cluster is younger than a minute: once all know version 3 it begins with it by itself.
        self.wait_for(lambda: [node.get("active") for node in self.versions()["nodes"]] == [3, 3, 3])
        self.append("orders", 2)


class RecoverQuorum(ClusterTest):
    def lose(self, *nodes):
        for node in nodes:
            self.ctl("node", "kill", node)
            shutil.rmtree(self.data(node))

    def data(self, node):
        return self.dir / f"node{node}"

    def identity(self):
        return json.loads((self.dir / "cluster.json").read_text())["cluster"]

    def recover(self, *words, expect=0):
        return self.ctl("recover-quorum", *words, expect=expect)

    def test_the_survivor_goes_on_alone_and_says_so_for_ever(self):
        self.up()
        for number in range(20):
            self.append("orders", number)
        self.wait_for_all()
        refused = self.recover(1, expect=5)
        self.assertIn("in use by another process", refused.errors)
        self.lose(2, 3)
        self.ctl("append", "orders", "placed", "1", "--timeout", "1", expect=None)
        self.ctl("node", "kill", 1)
        seen = self.recover(1, "--dry-run", "--json").json()
        self.assertTrue(seen["dry_run"])
        self.assertFalse(seen["written"])
        self.assertEqual(seen["lost"], [2, 3])
        refused = self.recover(1, expect=6)
        self.assertIn("nothing is written", refused.errors)
        self.assertIn("WHAT ONLY THEY HELD IS LOST", refused.out)
        self.recover(1, "--i-accept-losing-acknowledged-events", "0" * 31 + "1", expect=6)
        done = self.recover(1, "--i-accept-losing-acknowledged-events", self.identity(),
                            "--json").json()
        self.assertTrue(done["written"])
        self.assertEqual(done["new_voters"], [1])
        self.assertEqual(done["record_index"] + 1, done["configuration_index"])
        self.assertEqual(done["new_term"], seen["survivors"][0]["term"] + 1)
        self.ctl("node", "restart", 1)
        self.append("orders", "after")
        events = [event["data"] for event in self.read_all()]
        self.assertEqual(events[:20], list(range(20)))
        self.assertEqual(events[-1], "after")
        verified = self.ctl("verify", "--json", expect=None).json()
        found = [node for node in verified["nodes"] if node["node"] == 1][0]["recoveries"]
        self.assertEqual(len(found), 1)
        self.assertEqual(json.loads(found[0]["record"])["lost"], [2, 3])
        self.assertEqual(found[0]["index"], done["record_index"])
        self.assertIn("a lost quorum was given up", self.ctl("verify", expect=None).out)

    def test_the_cluster_is_whole_again_with_new_members(self):
        self.up()
        for number in range(5):
            self.append("orders", number)
        self.wait_for_all()
        self.lose(2, 3)
        self.ctl("node", "kill", 1)
        self.recover(1, "--i-accept-losing-acknowledged-events", self.identity())
        self.ctl("node", "restart", 1)
        self.append("orders", "alone")
        for node in (2, 3):
            self.ctl("member", "add", node)
        self.wait_for_all()
        self.ctl("node", "kill", 1)  # who was the only one left
        self.wait_for(lambda: self.ctl("append", "orders", "placed", '"whole"', expect=None).code == 0)
        self.assertEqual([event["data"] for event in self.read_all()],
                         [*range(5), "alone", "whole"])
        self.ctl("node", "restart", 1)
        self.wait_for_all()
        verified = self.ctl("verify", "--json", expect=None).json()
        self.assertEqual([len(node["recoveries"]) for node in verified["nodes"]], [1, 1, 1])

    def test_a_majority_and_a_stranger_are_refused(self):
        self.up()
        self.append("orders", 1)
        self.wait_for_all()
        self.ctl("down")
        refused = self.recover(1, 2, expect=6)
        self.assertIn("start them instead", refused.errors)
        self.recover("1=/nowhere", expect=5)
        self.recover("one", expect=2)
        self.recover(1, 1, expect=2)
        self.recover(1, "--cluster", "xyz", expect=2)
        self.recover(1, "--cluster", "0" * 31 + "1", expect=5)
        self.up()
        self.wait_for_all()


if __name__ == "__main__":
    unittest.main()
