#!/usr/bin/env python3
"""Clients of a living cluster, whose answers are judged while they come in: `ledgersim check -` at the
other end of a pipe, and a leader that is killed meanwhile.

  LEDGERCTL=... LEDGERSIM=... tests/end_to_end/live_check_test.py
"""
import json
import os
import subprocess
import threading
import time
import unittest

from cluster import ClusterTest

LEDGERSIM = os.environ["LEDGERSIM"]
CLIENTS = 4
OPERATIONS = 20  # of each client
DEFINITE = {4: "not proposed", 6: "refused", 10: "overloaded"}  # exit codes that promise no effect


class Recorder:
    """Writes each operation to the checker's pipe when it is over, in that order."""

    def __init__(self, pipe):
        self.pipe, self.lock, self.lines, self.next = pipe, threading.Lock(), [], 0

    def over(self, client, called, status, **fields):
        with self.lock:
            # Taken under the lock, so that the lines are in the order of their returns.
            line = {"op": self.next, "client": client, "call_ns": called,
                    "ret_ns": None if status == "unknown" else time.monotonic_ns(), "status": status, **fields}
            self.next += 1
            self.lines.append(json.dumps(line) + "\n")
            self.pipe.write(self.lines[-1])
            self.pipe.flush()


class LiveCheck(ClusterTest):
    def checker(self):
        process = subprocess.Popen([LEDGERSIM, "check", "-", "--model", "log", "--json"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for stream in (process.stdout, process.stderr, process.stdin):
            self.addCleanup(stream.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def finish(self, process):
        out, errors = process.communicate(timeout=60)
        return process.returncode, json.loads(out), [json.loads(line) for line in errors.splitlines()]

    def append(self, recorder, client, record):
        called = time.monotonic_ns()
        done = self.ctl("append", f"client/{client % CLIENTS}", "placed", json.dumps({"record": record}), "--json",
                        "--timeout", 10, expect=None)
        asked = {"f": "append", "records": [record]}
        if done.code == 0:
            recorder.over(client, called, "ok", position=done.json()["position"], **asked)
            return True
        definite = DEFINITE.get(done.code)
        recorder.over(client, called, "fail" if definite else "unknown", **asked, **({"error": definite} if definite else {}))
        return bool(definite)

    def read(self, recorder, client, begin, count):
        called = time.monotonic_ns()
        words = [] if count is None else ["--count", count]
        done = self.ctl("read", "--all", "--from", begin, *words, "--json", "--timeout", 10, expect=None)
        if done.code == 0:
            records = [event["data"]["record"] for event in done.lines()]
            recorder.over(client, called, "ok", f="read", records=records, max=count,
                          end_of_log=count is None or len(records) < count, **{"from": begin})

    def client(self, recorder, number):
        name = number
        for i in range(OPERATIONS):
            if i % 2 == 0 and not self.append(recorder, name, 1000 * number + i):
                name += CLIENTS  # who lost an answer goes on as somebody else
            elif i % 2 == 1:
                self.read(recorder, name, max(0, CLIENTS * (i // 2) - 4), 20)

    def test_a_cluster_whose_leader_is_killed_is_judged_while_it_works(self):
        leader = self.up()["leader"]
        process = self.checker()
        recorder = Recorder(process.stdin)
        threads = [threading.Thread(target=self.client, args=(recorder, number)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        self.wait_for(lambda: recorder.next > CLIENTS * OPERATIONS // 4, 60)
        self.ctl("node", "kill", leader)
        self.wait_for(lambda: recorder.next > CLIENTS * OPERATIONS // 2, 60)
        self.ctl("node", "restart", leader)
        for thread in threads:
            thread.join()
        self.read(recorder, 10_000, 0, None)
        self.assertIsNone(process.poll())
        code, judged, told = self.finish(process)
        self.assertEqual((code, judged["verdict"], told), (0, "ok", []), judged)
        coverage = judged["coverage"]
        self.assertGreaterEqual(coverage["ok appends"], CLIENTS * OPERATIONS // 4)
        self.assertGreaterEqual(coverage["ok reads"], CLIENTS * OPERATIONS // 4)
        self.assertGreaterEqual(coverage["longest overlap"], 2)
        self.lie_about(recorder.lines)

    def lie_about(self, lines):
        """The same history with a page that lacks its last record: told before anything else comes."""
        recorded = [json.loads(line) for line in lines]

        def could_lie(i):
            told = recorded[i]
            if told["f"] != "read" or not told["max"] or not told["records"] or not told["end_of_log"]:
                return False
            # Appended before the read was called: no version without it is left.
            return any(one["f"] == "append" and one["status"] == "ok" and one["ret_ns"] < told["call_ns"] and
                       one["records"][0] == told["records"][-1] for one in recorded[:i])

        place = next((i for i in range(len(lines)) if could_lie(i)), None)
        self.assertIsNotNone(place, "no read that could lie")
        told = recorded[place]
        told["records"].pop()
        process = self.checker()
        for line in [*lines[:place], json.dumps(told) + "\n"]:
            process.stdin.write(line)
        process.stdin.flush()
        # What the page shows may be told by appends that come later; nothing else than those is needed.
        for line in lines[place + 1:]:
            process.stdin.write(line)
            process.stdin.flush()
            if json.loads(line)["f"] == "append":
                break
        found = json.loads(process.stderr.readline())
        self.assertEqual((found["schema"], found["verdict"]), ("ledger.check.so_far/1", "violated"), found)
        self.assertIn(place + 1, found["lines"])
        code, judged, _ = self.finish(process)
        self.assertEqual((code, judged["verdict"]), (1, "violated"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
