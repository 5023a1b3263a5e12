#!/usr/bin/env python3
"""Three nodes record their lives under load, with a kill and a pause; each life is replayed.

  LEDGERCTL=... LEDGERSIM=... tests/end_to_end/recording_test.py --seconds 300
"""
import argparse
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import time
import unittest

from cluster import ClusterTest, FedImport

LEDGERSIM = os.environ["LEDGERSIM"]
LINES_PER_SECOND = 1000
PATIENCE_MIB = 256  # what a recording node, and a replay, may need beyond the ledger itself


class Recorded(ClusterTest):
    SECONDS = 3

    def feed(self, importing, share):
        """A tenth of a second's lines at a time, at an even pace."""
        total = len(importing.lines)
        while importing.given < share * total:
            due = min(total, int((time.monotonic() - self.began) * LINES_PER_SECOND))
            importing.feed_to(due / total)
            time.sleep(0.1)

    def test_every_life_is_replayed_to_the_same_hash(self):
        up = self.ctl("up", "--record").out
        self.assertIn(f"recordings in {self.dir}/recordings; after `down`: ledgersim replay ", up)
        importing = FedImport(self, self.input_file(self.SECONDS * LINES_PER_SECOND), "--batch", 4)
        self.began = time.monotonic()
        self.feed(importing, 0.3)
        self.ctl("node", "kill", "leader")
        self.feed(importing, 0.4)
        self.ctl("up")
        self.feed(importing, 0.6)
        self.ctl("node", "pause", 2)
        self.feed(importing, 0.7)
        self.ctl("node", "resume", 2)
        self.feed(importing, 1)
        said = importing.finish()
        self.wait_for_all()
        memory = [self.memory(node["pid"]) for node in self.status()["nodes"]]
        self.ctl("down")
        lives = sorted((self.dir / "recordings").glob("*.recording"))
        self.assertEqual(len(lives), 4, lives)
        self.replay_all(lives)
        print(f"{said['appends']} appends with {said['events']} events in {self.SECONDS} s; at most "
              f"{max(memory)} MiB of memory in a node, "
              f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10} MiB in a replay")

    def replay_all(self, lives):
        """Lives that ended well said their hash; one was killed."""
        said = "".join((self.dir / "logs" / f"n{node}.log").read_text() for node in (1, 2, 3))
        hashes = {file: (int(steps), trace) for steps, trace, file in re.findall(
            r"recorded (\d+) steps in \d+ bytes, hash ([0-9a-f]{32}), in (\S+)", said)}
        self.assertEqual(len(hashes), len(lives) - 1)
        for life in lives:
            began = time.monotonic()
            done = subprocess.run([LEDGERSIM, "replay", str(life), "--json"], capture_output=True,
                                  text=True)
            replayed = json.loads(done.stdout)
            self.assertEqual((done.returncode, replayed["verdict"]), (0, "ok"), replayed)
            if str(life) in hashes:
                self.assertEqual((replayed["events"], replayed["trace_hash"]), hashes[str(life)])
                self.assertEqual(replayed["torn_bytes"], 0)
            size = life.stat().st_size
            print(f"{life.name}: {replayed['events']} events, {size} bytes, "
                  f"{size / replayed['events']:.0f} bytes per event, trace {replayed['trace_hash']}, "
                  f"replayed in {time.monotonic() - began:.1f} s")

    def memory(self, pid):
        """The peak of the resident memory, in MiB."""
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) >> 10
        self.assertLess(peak, PATIENCE_MIB + 2 * self.SECONDS)
        return peak


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=Recorded.SECONDS)
    options, rest = parser.parse_known_args()
    Recorded.SECONDS = options.seconds
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
