#!/usr/bin/env python3
"""Imports while a node, or the import itself, is killed: each append once, every replica equal.

Kills at random moments, of random nodes, are in kill_series.py.
"""
import hashlib
import json
import unittest

from cluster import ClusterTest, FedImport


class Importing(ClusterTest):
    APPENDS = 1500

    def setUp(self):
        super().setUp()
        self.up()

    def count_events(self):
        return max(node.get("events", 0) for node in self.status(expect=None)["nodes"])

    def check_all(self, appends):
        self.up()
        self.wait_for_all()
        verified = self.ctl("verify", "--json").json()
        self.assertEqual((verified["verdict"], verified["compared_replicas"]), ("ok", 3))
        self.check_imported(appends)
        for node in (1, 2, 3):
            self.check_imported(appends, node)

    def test_a_dead_leader_is_survived_without_it(self):
        importing = FedImport(self, self.input_file(self.APPENDS))
        importing.feed_to(0.5)
        self.ctl("node", "kill", "leader")
        said = importing.finish()
        self.assertEqual((said["appends"], said["lines"]), (self.APPENDS, self.APPENDS))
        self.assertEqual(self.status(expect=1)["reachable"], 2)
        self.check_all(self.APPENDS)

    def test_the_import_is_killed_and_goes_on(self):
        file = self.input_file(self.APPENDS)
        for share in (0.2, 0.5, 0.7):
            importing = FedImport(self, file)
            importing.feed_to(share)
            importing.process.kill()
            importing.process.wait()
        said = self.ctl("import", file, "--json").json()
        self.assertTrue(said["resumed"])
        self.check_imported(self.APPENDS)
        again = self.ctl("import", file, "--json").json()
        self.assertEqual((again["appends"], again["lines"]), (0, self.APPENDS))
        self.check_imported(self.APPENDS)

    def test_progress_older_than_the_truth_brings_nothing_in_twice(self):
        file = self.input_file(50)
        importing = self.ctl("import", file, "--batch", 10)
        progress = self.folder / "input.jsonl.progress"
        kept = json.loads(progress.read_text())
        self.assertEqual((kept["lines"], kept["sequence"]), (50, 5), importing)
        done = "".join(file.read_text().splitlines(keepends=True)[:20]).encode()
        progress.write_text(json.dumps({**kept, "lines": 20, "sequence": 2,
                                        "input": hashlib.sha256(done).hexdigest()}) + "\n")
        said = self.ctl("import", file, "--json").json()
        self.assertEqual((said["lines"], said["known"]), (50, 20))  # the last one is answered anew
        self.check_imported(50)

    def test_input_that_grew_while_the_import_was_dead_is_no_other_input(self):
        file = self.input_file(self.APPENDS)
        lines = file.read_bytes().splitlines(keepends=True)
        for end in range(10, 100, 17):  # no whole batch: each import ends in the middle of one
            file.write_bytes(b"".join(lines[:end]))
            importing = self.start("import", file)
            self.wait_for(lambda end=end: self.count_events() >= 2 * end)
            importing.kill()
            importing.wait()
        file.write_bytes(b"".join(lines[:100]))
        self.ctl("import", file)
        self.check_imported(100)

    def test_the_input_may_come_through_a_pipe(self):
        file = self.input_file(70)
        self.assertIn("--progress", self.ctl("import", "-", text="", expect=2).errors)
        progress = ("--progress", self.folder / "place")
        text = file.read_text()
        first = "".join(text.splitlines(keepends=True)[:33])
        self.ctl("import", "-", *progress, text=first)
        said = self.ctl("import", "-", *progress, "--json", text=text).json()
        self.assertEqual((said["appends"], said["lines"], said["resumed"]), (37, 70, True))
        self.check_imported(70)

    def test_lines_go_in_together_or_alone_as_the_import_began(self):
        file = self.input_file(70)
        self.assertEqual(self.ctl("import", file, "--json").json()["batches"], 2)
        self.assertIn("--batch 64", self.ctl("import", file, "--batch", 3, expect=2).errors)
        self.check_imported(70)
        longer = self.input_file(80)
        self.assertEqual(self.ctl("import", longer, "--batch", 64, "--json").json()["batches"], 1)
        self.ctl("down")
        self.dir = self.folder / "alone"
        self.up()
        (self.folder / "input.jsonl.progress").unlink()
        self.assertEqual(self.ctl("import", longer, "--batch", 1, "--json").json()["batches"], 80)
        self.check_imported(80)

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
        # Mended, it goes on behind what went in; the refused sequences stay refused.
        lines = self.input_file(5).read_text().splitlines(keepends=True)
        lines[2] = lines[2].replace('"own/2"', '"own/two"')
        (self.folder / "input.jsonl").write_text("".join(lines))
        said = self.ctl("import", self.folder / "input.jsonl", "--json").json()
        self.assertEqual((said["appends"], said["lines"]), (3, 5))
        self.assertEqual(len(self.read_all()), 11)

    def test_a_file_is_imported_by_one_at_a_time(self):
        file = self.input_file(self.APPENDS)
        importing = FedImport(self, file)
        importing.feed_to(0.9)
        self.wait_for(lambda: self.count_events() > 0)
        self.assertIn("another import", self.ctl("import", file, expect=5).errors)
        importing.finish()
        self.check_imported(self.APPENDS)


if __name__ == "__main__":
    unittest.main(verbosity=2)
