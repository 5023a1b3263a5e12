#!/usr/bin/env python3
"""Files and directories that may not be read or written: named, exit code 5, nothing changed.

As root everything may be written, so the programs run as nobody there; where that cannot be done
the test says so and exits with 77.
"""
import os
import shutil
import subprocess
import sys
import unittest

from cluster import LEDGERCTL, ClusterTest

NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def prefix():
    """What makes a command a user's who is not root."""
    if os.geteuid() != 0:
        return []
    able = shutil.which("setpriv") and subprocess.run(
        [*AS_NOBODY, LEDGERCTL, "--version"], capture_output=True, check=False).returncode == 0
    if not able:
        print("skipped: the programs cannot be run as another user here")
        sys.exit(77)
    return AS_NOBODY


class Permissions(ClusterTest):
    def setUp(self):
        super().setUp()
        if os.geteuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
        self.addCleanup(self.open_all)

    def open_all(self):
        for folder, _, _ in os.walk(self.folder):
            os.chmod(folder, 0o700)

    def command(self, *words, at=None):
        return [*prefix(), *super().command(*words, at=at)]

    def closed(self, name):
        folder = self.folder / name
        folder.mkdir()
        folder.chmod(0o500)
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        return folder

    def test_a_cluster_cannot_be_made_where_nothing_can_be_written(self):
        self.dir = self.closed("closed") / "cluster"
        refused = self.ctl("up", "--json", expect=5)
        self.assertIn(f"{self.dir}: Permission denied", refused.json()["error"])

    def test_a_node_whose_files_may_not_be_read_is_named_with_its_own_words(self):
        self.up()
        self.append("orders", 1)
        self.ctl("down")
        state = self.dir / "node2" / "log" / "hard_state"
        for mode in (0o000, 0o400):
            state.chmod(mode)
            refused = self.ctl("up", expect=5)
            self.assertIn("node 2 ended at once", refused.errors)
            self.assertRegex(refused.errors, r"Permission denied.*hard_state|hard_state.*Permission denied")
            self.assertEqual([n["pid"] for n in self.status(expect=4)["nodes"]], [None] * 3)
        state.chmod(0o600)
        self.up()
        self.assertEqual(len(self.read_all()), 1)

    def test_a_node_whose_directory_is_closed_is_named(self):
        self.up()
        self.ctl("down")
        folder = self.dir / "node3" / "log"
        folder.chmod(0o000)
        refused = self.ctl("up", expect=5)
        self.assertIn("node 3 ended at once", refused.errors)
        self.assertIn("Permission denied", refused.errors)
        folder.chmod(0o700)
        self.up()

    def test_files_that_commands_write_are_named(self):
        self.up("--nodes", 1)
        closed = self.closed("closed")
        self.append("orders", 1)
        refused = self.ctl("export", "--output", closed / "out.jsonl", expect=5)
        self.assertIn(str(closed / "out.jsonl"), refused.errors)
        file = self.input_file(3)
        refused = self.ctl("import", file, "--progress", closed / "progress", expect=5)
        self.assertIn(f"{closed}/progress.lock cannot be written: Permission denied", refused.errors)
        file.chmod(0o000)
        if os.geteuid() == 0:
            os.chown(file, 0, 0)
        self.assertIn("Permission denied", self.ctl("import", file, expect=5).errors)
        self.assertEqual(len(self.read_all()), 1)


if __name__ == "__main__":
    prefix()
    unittest.main(verbosity=2)
