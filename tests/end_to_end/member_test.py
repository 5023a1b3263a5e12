#!/usr/bin/env python3
"""Members of a real cluster come and go; the ledger stays the same everywhere."""
import json
import pathlib
import shutil
import subprocess
import unittest

from cluster import LEDGERCTL, ClusterTest

LEDGERD = str(pathlib.Path(LEDGERCTL).parent / "ledgerd")
APPENDS = 400


class MemberTest(ClusterTest):
    def member(self, *words, expect=0):
        return self.ctl("member", *words, "--json", expect=expect).json()

    def parts(self):
        return {m["node"]: m for m in self.member("list")["members"]}

    def voters(self):
        return sorted(n for n, m in self.parts().items() if m["voter"])

    def cluster_file(self):
        return json.loads((self.dir / "cluster.json").read_text())

    def node_entry(self, number):
        return next(n for n in self.cluster_file()["nodes"] if n["node"] == number)

    def append_until_done(self, stream):
        self.wait_for(lambda: self.ctl("append", stream, "t", "{}", expect=None).code == 0)

    def test_members_come_and_go_and_the_data_stays(self):
        self.up("--nodes", "3")
        self.ctl("import", self.input_file(APPENDS))
        # Two more, which nobody has heard of.
        self.assertIn(4, [m["node"] for m in self.member("add")["members"]])
        self.member("add", "5")
        self.assertEqual(self.voters(), [1, 2, 3, 4, 5])
        self.assertEqual(self.status()["quorum"], 3)
        # The leader goes, and hands over first.
        leader = self.status()["leader"]
        told = self.member("remove", leader)
        self.assertNotEqual(told["leader"], leader)
        self.assertNotIn(leader, self.voters())
        self.append_until_done("after-removal")
        # A dead one is replaced by a fresh one, in one verb.
        dead = next(n for n in self.voters() if n != told["leader"])
        self.ctl("node", "kill", dead)
        replaced = self.member("replace", dead)
        fresh = max(m["node"] for m in replaced["members"])
        self.assertNotIn(dead, self.voters())
        self.assertIn(fresh, self.voters())
        self.assertEqual(len(self.voters()), 4)
        # Leadership goes where it is told to.
        self.assertEqual(self.member("transfer", fresh)["leader"], fresh)
        self.append_until_done("after-transfer")
        self.wait_for_all()
        self.ctl("verify")
        expected = self.ctl("export").out
        for node in self.voters():
            self.assertEqual(self.ctl("export", "--node", node).out, expected)
        # Everything is as it was after all processes were stopped and started.
        self.ctl("down")
        self.ctl("up", "--json")
        self.assertIn(fresh, self.voters())
        self.assertEqual(self.ctl("export").out, expected)

    def test_a_lost_disk_does_not_vote_as_it_was(self):
        self.up("--nodes", "3")
        self.append_until_done("orders")
        self.wait_for(lambda: all(m["disk"] != "-" for m in self.parts().values()))
        leader = self.status()["leader"]
        lost, other = [n for n in (1, 2, 3) if n != leader]
        self.ctl("node", "kill", lost)
        shutil.rmtree(self.dir / f"node{lost}")
        subprocess.run([LEDGERD, "format", "--data", self.dir / f"node{lost}", "--node", str(lost),
                        "--cluster", self.cluster_file()["cluster"]], check=True,
                       capture_output=True, timeout=60)
        self.ctl("node", "restart", lost)
        self.append_until_done("orders")  # two of three disks are as they were
        self.ctl("node", "kill", other)
        # The emptied disk is no third: nothing is acknowledged and nobody is elected.
        self.assertNotEqual(self.ctl("append", "orders", "t", "{}", "--timeout", "3",
                                     expect=None).code, 0)
        self.ctl("node", "restart", other)
        self.append_until_done("orders")
        # It leaves under its old identity and comes back under a new one.
        self.member("remove", lost)
        self.member("add", lost)
        self.assertEqual(self.voters(), [1, 2, 3])
        self.wait_for_all()
        self.ctl("verify")

    def test_a_witness_votes_without_payloads(self):
        self.up("--nodes", "2")
        self.append_until_done("orders")
        self.member("add", "--witness")
        self.assertTrue(self.parts()[3]["witness"])
        status = self.status()
        self.assertEqual(status["data_copies_min"], 1)
        self.assertIn("one data copy", self.ctl("status").out)
        follower = next(n for n in (1, 2) if n != status["leader"])
        self.ctl("node", "kill", follower)
        self.append_until_done("orders")  # the leader and the witness
        self.assertEqual(self.member("transfer", "3", expect=6)["exit"], 6)
        self.ctl("node", "restart", follower)
        self.wait_for_health("healthy")

    def test_the_disk_of_a_witness_is_not_made_one_that_holds_data(self):
        self.up("--nodes", "2")
        self.append_until_done("orders")
        self.member("add", "--witness")
        self.append_until_done("orders")
        leader = self.status()["leader"]
        kept = self.dir / "kept"
        self.ctl("node", "kill", 3)
        shutil.copytree(self.dir / "node3", kept)
        self.member("remove", "3")
        shutil.rmtree(self.dir / "node3", ignore_errors=True)
        shutil.copytree(kept, self.dir / "node3")
        self.ctl("member", "add", "3", "--timeout", "4", expect=None)
        self.wait_for(lambda: self.parts()[3]["trimmed"])
        self.assertFalse(self.parts()[3]["voter"])
        self.assertIn("format it anew", self.ctl("member", "list").out)
        self.assertEqual(self.status()["leader"], leader)

    def test_what_makes_no_sense_is_refused(self):
        self.up("--nodes", "1")
        self.assertIn("n9 is no member", self.member("remove", "9", expect=6)["error"])
        self.assertIn("no voter", self.member("remove", "1", expect=6)["error"])
        self.member("transfer", expect=6)
        self.member("promote", "1", expect=6)
        self.member("priority", "1", "7")
        self.assertEqual(self.parts()[1]["priority"], 7)
        self.member("add", "--learner")
        self.assertTrue(self.parts()[2]["learner"])
        self.member("promote", "2")
        self.assertEqual(self.voters(), [1, 2])
        self.assertTrue(self.ctl("member", "add", "--help").out.startswith("Example: ledgerctl"))


if __name__ == "__main__":
    unittest.main()
