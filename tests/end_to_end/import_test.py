#!/usr/bin/env python3
"""Imports while nodes, or the import itself, are killed: each append once, every replica equal."""
import hashlib
import json
import random
import time
import unittest

from cluster import ClusterTest

SEED = random.randrange(1 << 32)


class Importing(ClusterTest):
    APPENDS = 1500  # long enough for a kill in the middle on a fast disk

    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.up()

    def check_all(self, appends):
        for node in (1, 2, 3):
            self.ctl("node", "restart", node)
        self.wait_for_health("healthy")
        verified = self.ctl("verify", "--json").json()
        self.assertEqual((verified["verdict"], verified["compared_replicas"]), ("ok", 3), SEED)
        self.check_imported(appends)
        for node in (1, 2, 3):
            self.check_imported(appends, node)

    def wait_for_part(self, share):
        """Until this part of the import is committed."""
        def is_in():
            return max(n.get("events", 0) for n in self.status(expect=None)["nodes"]) >= \
                2 * share * self.APPENDS
        self.wait_for(is_in)

    def finish(self, importing):
        out, errors = importing.communicate(timeout=90)
        self.assertEqual(importing.returncode, 0, f"{errors} seed {SEED}")
        return json.loads(out)

    def test_the_leader_is_killed_in_the_middle(self):
        importing = self.start("import", self.input_file(self.APPENDS), "--json")
        self.wait_for_part(self.random.uniform(0.2, 0.8))
        self.ctl("node", "kill", "leader")
        said = self.finish(importing)
        self.assertEqual((said["appends"], said["lines"]), (self.APPENDS, self.APPENDS))
        self.assertEqual(self.status(expect=1)["reachable"], 2)
        self.check_all(self.APPENDS)

    def test_two_leaders_are_killed_one_after_the_other(self):
        importing = self.start("import", self.input_file(self.APPENDS), "--json")
        for share in (0.2, 0.5):
            self.wait_for_part(share)
            leader = self.wait_for(lambda: self.status(expect=None)["leader"])
            self.ctl("node", "kill", leader)
            time.sleep(self.random.uniform(0, 0.5))
            self.ctl("node", "restart", leader)
        self.finish(importing)
        self.check_all(self.APPENDS)

    def test_all_nodes_are_killed_and_come_back(self):
        importing = self.start("import", self.input_file(self.APPENDS), "--json")
        self.wait_for_part(self.random.uniform(0.2, 0.8))
        for node in (1, 2, 3):
            self.ctl("node", "kill", node)
        self.assertEqual(self.status(expect=4)["reachable"], 0)
        for node in (1, 2, 3):
            self.ctl("node", "restart", node)
        self.finish(importing)
        self.check_all(self.APPENDS)

    def test_the_import_is_killed_and_goes_on(self):
        file = self.input_file(self.APPENDS)
        for share in (0.2, 0.5, 0.7):
            importing = self.start("import", file)
            self.wait_for_part(share)
            importing.kill()
            importing.wait()
        said = self.ctl("import", file, "--json").json()
        self.assertTrue(said["resumed"])
        self.check_imported(self.APPENDS)
        again = self.ctl("import", file, "--json").json()
        self.assertEqual((again["appends"], again["lines"]), (0, self.APPENDS))
        self.check_imported(self.APPENDS)

    def test_progress_older_than_the_truth_brings_nothing_in_twice(self):
        file = self.input_file(50)
        importing = self.ctl("import", file)
        progress = self.folder / "input.jsonl.progress"
        kept = json.loads(progress.read_text())
        self.assertEqual((kept["lines"], kept["sequence"]), (50, 50), importing)
        done = "".join(file.read_text().splitlines(keepends=True)[:20]).encode()
        progress.write_text(json.dumps({**kept, "lines": 20, "sequence": 20,
                                        "input": hashlib.sha256(done).hexdigest()}) + "\n")
        said = self.ctl("import", file, "--json").json()
        self.assertEqual(said["lines"], 50)
        self.check_imported(50)

    def test_a_wrong_line_is_named_and_can_be_mended(self):
        file = self.input_file(3)
        lines = file.read_text().splitlines()
        file.write_text("\n".join([lines[0], lines[1], '{"events": [{"stream": "a"}]}']) + "\n")
        self.assertIn("line 3, event 1", self.ctl("import", file, expect=2).errors)
        self.check_imported(2)
        file.write_text("\n".join(lines) + "\n")
        self.assertEqual(self.ctl("import", file, "--json").json()["appends"], 1)
        self.check_imported(3)
        self.input_file(5)  # the same, and more
        self.assertEqual(self.ctl("import", file, "--json").json()["appends"], 2)
        self.check_imported(5)
        file.write_text("\n".join(lines[1:]) + "\n")
        self.assertIn("another input", self.ctl("import", file, expect=2).errors)

    def test_a_conflict_stops_the_import_where_it_is(self):
        self.append("own/2", 1)
        refused = self.ctl("import", self.input_file(5), "--json", expect=6).json()
        self.assertIn("line 3: conflict: own/2 is at revision 0", refused["error"])
        self.assertEqual(len(self.read_all()), 5)

    def test_a_file_is_imported_by_one_at_a_time(self):
        file = self.input_file(self.APPENDS)
        importing = self.start("import", file, "--json")
        self.wait_for_part(0.1)
        self.assertIn("another import", self.ctl("import", file, expect=5).errors)
        self.finish(importing)
        self.check_imported(self.APPENDS)


if __name__ == "__main__":
    unittest.main(verbosity=2)
