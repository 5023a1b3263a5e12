#!/usr/bin/env python3
"""Nodes on a file system of a few MiB that fills up: they refuse, lose nothing acknowledged, and go on.

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
        return {**super().environment(), "LEDGER_SEGMENT_SIZE": "1MiB", "LEDGER_RESERVE": "512KiB",
                "LEDGER_SOFT_LIMIT": "2MiB"}

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
        numbers = [str(event["data"]).rstrip("x") for event in self.ctl("export", *where).lines()]
        self.assertEqual(numbers[:appends], [str(number) for number in range(appends)])
        return len(numbers)

    def check_all(self, more=0):
        self.up()
        self.wait_for_all()
        self.assertEqual(self.ctl("verify", "--json").json()["verdict"], "ok")
        for node in (1, 2, 3):
            self.assertEqual(self.check_imported(self.APPENDS, node), self.APPENDS + more)

    def log(self, node):
        return (self.dir / "logs" / f"n{node}.log").read_text()

    def node(self, number):
        return self.status(expect=None)["nodes"][number - 1]

    def test_one_node_whose_disk_is_full_stays_and_catches_up(self):
        small = self.mount_small(self.dir / "node2")
        self.up()
        self.ctl("down")
        self.fill(small)  # a formatted directory may hold more than the node's own
        self.up()
        said = self.ctl("import", self.input(), "--json", "--timeout", 60).json()
        self.assertEqual(said["appends"], self.APPENDS)
        self.wait_for(lambda: self.node(2)["crowded"])
        self.assertNotEqual(self.node(2)["state"], "leader")
        self.assertGreater(self.node(2)["lag"], 0)
        self.assertIn("n2: its disk is full", self.ctl("status").out)
        self.assertIn("is full or nearly so", self.log(2))
        self.assertNotIn("halts", self.log(2))
        self.ctl("append", "small", "placed", "1")
        # It comes back as well while there is no room, and goes on by itself once there is.
        self.ctl("down")
        self.up()
        self.wait_for(lambda: self.node(2).get("crowded"))
        (small / "ballast").unlink()
        self.wait_for(lambda: not self.node(2)["crowded"] and self.node(2)["lag"] == 0)
        self.assertIn("has space again", self.log(2))
        self.check_all(1)

    def test_a_cluster_whose_disk_is_full_refuses_and_goes_on(self):
        small = self.mount_small(self.folder / "small")
        self.dir = small / "cluster"
        self.up()
        self.fill(small)
        file = self.input()
        progress = self.folder / "progress"
        stopped = self.ctl("import", file, "--progress", progress, "--timeout", 5, expect=None)
        self.assertIn(stopped.code, (4, 7, 10), stopped)
        acknowledged = json.loads(progress.read_text())["lines"]
        self.assertGreater(acknowledged, 0)
        self.assertLess(acknowledged, self.APPENDS)
        self.assertTrue(any(node["crowded"] for node in self.status(expect=None)["nodes"]))
        # Reads go on.
        self.assertGreaterEqual(self.check_imported(acknowledged), acknowledged)
        (small / "ballast").unlink()
        self.wait_for(lambda: not any(node["crowded"] for node in self.status(expect=None)["nodes"]))
        for number in (1, 2, 3):
            self.assertNotIn("halts", self.log(number))
        self.ctl("append", "small", "placed", "1")


if __name__ == "__main__":
    enter_namespace()
    unittest.main(verbosity=2)
