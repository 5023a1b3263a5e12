#!/usr/bin/env python3
"""Nodes on a file system of a few MiB that fills up: nothing acknowledged is lost, and they come back.

Needs a mount namespace of its own, hence root; without it the test says so and exits with 77.
"""
import json
import os
import shutil
import subprocess
import sys
import unittest

from cluster import ClusterTest

BALLAST = 12 << 20
SIZE = 24 << 20


def enter_namespace():
    """Runs this program again where its mounts are nobody else's, and end with it."""
    if os.environ.get("LEDGER_OWN_MOUNTS") == "1":
        return
    if subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        print("skipped: no mount namespace may be made here (needs root)")
        sys.exit(77)
    os.environ["LEDGER_OWN_MOUNTS"] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])


class FullDisk(ClusterTest):
    APPENDS = 120  # of 100 000 bytes each: as much again as there is room for

    def environment(self):
        return {**super().environment(), "LEDGER_SEGMENT_SIZE": "1MiB"}

    def mount_small(self, place):
        """A small file system, more than half of it taken by a file that can be removed."""
        place.mkdir(parents=True)
        image = self.folder / f"{place.name}.image"
        image.write_bytes(b"")
        os.truncate(image, SIZE)
        made = subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], capture_output=True, check=False)
        mounted = made.returncode == 0 and subprocess.run(
            ["mount", "-o", "loop", image, place], capture_output=True, check=False).returncode == 0
        if not mounted:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", place], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", place], check=True)
        self.addCleanup(self.end_all)  # before that
        shutil.rmtree(place / "lost+found", ignore_errors=True)
        return place

    def fill(self, place):
        with open(place / "ballast", "wb") as ballast:
            ballast.write(b"x" * BALLAST)
            os.fsync(ballast.fileno())

    def input(self):
        file = self.folder / "large.jsonl"
        with open(file, "w", encoding="utf-8") as out:
            for number in range(self.APPENDS):
                event = {"stream": "large", "type": "made", "data": str(number) + "x" * 100_000,
                         "expected": {"exact": number - 1} if number else "none"}
                out.write(json.dumps({"events": [event]}) + "\n")
        return file

    def check_imported(self, appends, node=None):
        where = ["--node", node] if node else []
        numbers = [event["data"].rstrip("x") for event in self.ctl("export", *where).lines()]
        self.assertEqual(numbers[:appends], [str(number) for number in range(appends)])
        return len(numbers)

    def check_all(self):
        self.up()
        self.wait_for_all()
        self.assertEqual(self.ctl("verify", "--json").json()["verdict"], "ok")
        for node in (1, 2, 3):
            self.assertEqual(self.check_imported(self.APPENDS, node), self.APPENDS)

    def log(self, node):
        return (self.dir / "logs" / f"n{node}.log").read_text()

    def test_one_node_whose_disk_is_full_ends_and_comes_back(self):
        small = self.mount_small(self.dir / "node2")
        self.up()
        self.ctl("down")
        self.fill(small)  # a formatted directory may hold more than the node's own
        self.up()
        said = self.ctl("import", self.input(), "--json", "--timeout", 60).json()
        self.assertEqual(said["appends"], self.APPENDS)
        self.wait_for(lambda: self.status(expect=None)["nodes"][1]["state"] == "down")
        self.assertIn("No space left on device", self.log(2))
        self.assertIn("halts", self.log(2))
        self.assertEqual(self.status(expect=1)["health"], "degraded")
        # It does not come back as long as there is no room, and says why.
        refused = self.ctl("up", expect=None)
        if refused.code != 0:
            self.assertEqual(refused.code, 5, refused)
            self.assertIn("No space left on device", refused.errors)
        (small / "ballast").unlink()
        self.check_all()

    def test_a_cluster_whose_disk_is_full_keeps_what_it_acknowledged(self):
        small = self.mount_small(self.folder / "small")
        self.dir = small / "cluster"
        self.up()
        self.fill(small)
        file = self.input()
        progress = self.folder / "progress"
        stopped = self.ctl("import", file, "--progress", progress, "--timeout", 5, expect=None)
        self.assertIn(stopped.code, (4, 7), stopped)
        self.wait_for(lambda: self.status(expect=None)["health"] == "no quorum")
        acknowledged = json.loads(progress.read_text())["lines"]
        self.assertGreater(acknowledged, 0)
        self.assertLess(acknowledged, self.APPENDS)
        (small / "ballast").unlink()
        self.up()
        self.assertGreaterEqual(self.check_imported(acknowledged), acknowledged)
        self.ctl("append", "small", "placed", "1")


if __name__ == "__main__":
    enter_namespace()
    unittest.main(verbosity=2)
