#!/usr/bin/env python3
"""The machine's own package history as events: its projection equals what dpkg says, package by package."""
import gzip
import json
import pathlib
import subprocess
import sys
import unittest

from cluster import ClusterTest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "package-events"
STATE = "last .status, last .version by .package where type = status"


def run(*words):
    return subprocess.run([SCRIPT, *map(str, words)], capture_output=True, text=True)


class Packages(ClusterTest):
    def packages(self, *words):
        said = self.ctl("state", STATE, "--json", *words).json()
        return {group["key"][0]: group["values"] for group in said["groups"]}

    def test_the_projection_of_the_log_is_what_dpkg_says(self):
        self.up()
        file = self.folder / "packages.jsonl"
        for _ in range(5):  # a package may be installed in the middle of this
            now = run("--installed").stdout
            file.write_text(run().stdout)
            if run("--installed").stdout == now:
                break
        self.ctl("import", file, "--batch", 512)
        folded, known = self.packages(), json.loads(now)
        self.assertGreater(len(folded), 0)
        for package, (status, version) in folded.items():
            with self.subTest(package):
                if status == "not-installed":
                    self.assertEqual(known.get(package, ["not-installed"])[0], "not-installed")
                else:
                    self.assertEqual(known[package], [status, version])

    def test_any_moment_of_the_past_can_be_asked(self):
        log = self.folder / "dpkg.log"
        log.write_text("2026-01-01 10:00:00 startup archives unpack\n"
                       "2026-01-01 10:00:01 install a:all <none> 1.0\n"
                       "2026-01-01 10:00:02 status unpacked a:all 1.0\n"
                       "2026-01-01 10:00:03 status installed a:all 1.0\n"
                       "2026-01-01 10:00:04 status installed b:amd64 2.0-1\n")
        newer = self.folder / "dpkg.log.gz"
        with gzip.open(newer, "wt") as out:
            out.write("2026-01-02 10:00:00 remove a:all 1.0 <none>\n"
                      "2026-01-02 10:00:01 status not-installed a:all <none>\n")
        self.up()
        file = self.folder / "packages.jsonl"
        file.write_text(run(log, newer).stdout)
        self.ctl("import", file)
        self.assertEqual(self.packages(), {"a:all": ["not-installed", "<none>"],
                                           "b:amd64": ["installed", "2.0-1"]})
        self.assertEqual(self.packages("--at", 1), {"a:all": ["unpacked", "1.0"]})
        said = self.ctl("bisect", STATE, 'last .status = installed for "b:amd64"', "--json").json()
        self.assertEqual(said["event"]["position"], 3)

    def test_a_line_that_is_none_is_named(self):
        log = self.folder / "bad.log"
        log.write_text("2026-01-01 10:00:00 startup x y\nnothing of the kind\n")
        said = run(log)
        self.assertEqual(said.returncode, 2)
        self.assertIn("bad.log:2: expected DATE TIME WHAT", said.stderr)
        log.write_text("2026-01-01 10:00:00 status installed\n")
        self.assertIn("bad.log:1: status with 4 words", run(log).stderr)
        self.assertEqual(run(self.folder / "none").returncode, 5)


if __name__ == "__main__":
    if run().returncode == 5:
        print("skipped: there is no log of dpkg")
        sys.exit(77)
    unittest.main()
