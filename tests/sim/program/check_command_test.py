#!/usr/bin/env python3
"""`ledgersim check`, as people and scripts meet it: verdicts, exit codes, formats, errors, limits.

Usage: check_command_test.py LEDGERSIM [unittest arguments]
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

LEDGERSIM = ""


def operation(process, f, value, answer=None, kind="ok"):
    asked = "nil" if f == "read" else value
    lines = f"{{:process {process}, :type :invoke, :f :{f}, :value {asked}}}\n"
    if kind:
        lines += f"{{:process {process}, :type :{kind}, :f :{f}, :value {answer or value}}}\n"
    return lines


GOOD = operation(0, "write", 1) + operation(1, "read", 1)
STALE = operation(0, "write", 1) + operation(0, "write", 2) + operation(1, "read", 1)
CASES = """[
{"id": "good", "layout": "concurrent", "ops": [["ok", "rxax1"], ["ok", "rx1"]], "expected_anomalies": []},
{"id": "bad", "layout": "concurrent", "ops": [["ok", "ax1ay1"], ["ok", "ax2ay2"], ["ok", "rx12ry21"]], "expected_anomalies": ["G0"]}]
"""
LOG = ('{"op":0,"client":0,"call_ns":1,"ret_ns":2,"status":"ok","f":"append","records":[1],"position":0}\n'
       '{"op":1,"client":1,"call_ns":3,"ret_ns":4,"status":"ok","f":"read","from":0,"max":null,'
       '"records":[%s],"end_of_log":true}\n')


class CheckCommandTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.directory = self.temporary.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, content):
        with open(self.path(name), "w") as file:
            file.write(content)
        return self.path(name)

    def check(self, *words, code, stdin=None):
        done = subprocess.run([LEDGERSIM, "check", *words], input=stdin, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def check_json(self, *words, code, stdin=None):
        done = self.check(*words, "--json", code=code, stdin=stdin)
        return json.loads(done.stdout)

    def test_ok_is_0_and_says_what_was_looked_at(self):
        found = self.check_json(self.write("good.edn", GOOD), "--model", "register", code=0)
        self.assertEqual(found["schema"], "ledger.check/1")
        self.assertEqual(found["verdict"], "ok")
        self.assertEqual((found["model"], found["level"], found["format"]), ("register", "linearizable", "edn"))
        self.assertEqual(found["operations"], 2)
        self.assertEqual(found["coverage"]["ok"], 2)
        self.assertEqual(found["anomalies"], [])
        self.assertEqual(found["reason"], "")
        self.assertGreaterEqual(found["wall_seconds"], 0)

    def test_violated_is_1_and_the_first_line_says_what_is_wrong(self):
        history = self.write("stale.edn", STALE)
        done = self.check(history, "--model", "register", code=1)
        first = done.stdout.splitlines()[0]
        self.assertTrue(first.startswith("violated: stale read: client 1's read -> 1 (lines 5 and 6)"), first)
        self.assertIn("write 2", first)
        self.assertEqual(done.stderr, "")
        found = self.check_json(history, "--model", "register", code=1)
        self.assertEqual(found["verdict"], "violated")
        anomaly = found["anomalies"][0]
        self.assertEqual(anomaly["name"], "stale read")
        self.assertEqual([one["line"] for one in anomaly["operations"]][:2], [5, 3])
        self.assertEqual(anomaly["operations"][0]["text"], "read -> 1")
        partial = found["partial"][0]
        self.assertEqual([step["state"] for step in partial["steps"]], ["1", "2"])
        self.assertEqual(partial["refused"][0]["why"], "a read of 1, but the register held 2")
        self.assertEqual(found["repro"], f"ledgersim check {history} --model register")

    def test_a_weaker_level_allows_it(self):
        history = self.write("stale.edn", STALE)
        self.assertEqual(self.check_json(history, "--model", "register", "--level", "sequential", code=0)["level"],
                         "sequential")

    def test_nothing_to_examine_is_3(self):
        history = self.write("writes.edn", operation(0, "write", 1))
        found = self.check_json(history, "--model", "register", code=3)
        self.assertEqual(found["verdict"], "inconclusive")
        self.assertIn("nothing to examine", found["reason"])

    def test_standard_input_and_formats_are_detected_or_named(self):
        self.check("-", "--model", "register", code=0, stdin=GOOD)
        log = "INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:ok\t:read\tnil\n"
        self.assertEqual(self.check_json("-", code=0, stdin=log)["model"], "cas-register")
        kv = ('{:process 0, :type :invoke, :f :get, :key "1", :value nil}\n'
              '{:process 0, :type :ok, :f :get, :key "1", :value ""}\n')
        self.assertEqual(self.check_json("-", code=0, stdin=kv)["format"], "kv-text")
        twin = ('[{"process":0,"type":"invoke","f":"read","value":null},'
                '{"process":0,"type":"ok","f":"read","value":0}]')
        self.assertEqual(self.check_json("-", "--model", "register", code=0, stdin=twin)["format"], "json")
        self.check("-", "--model", "register", "--format", "jepsen-log", code=2, stdin=GOOD)

    def test_logs_in_our_own_lines(self):
        good = self.write("log.jsonl", LOG % 1)
        self.assertEqual(self.check_json(good, code=0)["model"], "log")
        self.check(good, "--model", "append-only-log", code=0)
        self.check(self.write("garbage.jsonl", LOG % 7), "--model", "append-only-log", code=1)

    def test_files_of_many_cases(self):
        cases = self.write("cases.json", CASES)
        self.assertEqual(self.check_json(cases + "#good", "--model", "list-append", code=0)["case"], "good")
        found = self.check_json(cases + "#bad", "--model", "list-append", code=1)
        self.assertEqual(found["anomalies"][0]["name"].split(":")[0], "G0")
        lines = [json.loads(line) for line in
                 self.check(cases, "--model", "list-append", "--json", code=1).stdout.splitlines()]
        self.assertEqual([line["schema"] for line in lines],
                         ["ledger.check/1", "ledger.check/1", "ledger.check.cases/1"])
        self.assertEqual(lines[-1]["violated"], ["bad"])
        self.assertIn("did you mean good?", self.check(cases + "#god", "--model", "list-append", code=2).stderr)
        self.check(cases, "--html", self.path("x.html"), code=2)

    def test_unreadable_histories_are_2_with_line_and_column(self):
        broken = self.write("broken.edn", GOOD + "{:process 0 :type :invoke :f :read")
        done = self.check(broken, "--model", "register", code=2)
        self.assertIn(f"{broken}:5:35: expected the end of the map", done.stderr)
        self.assertIn("(line 5, column 35)", done.stderr)
        found = self.check_json(broken, "--model", "register", code=2)
        self.assertEqual((found["schema"], found["line"], found["column"]), ("ledger.error/1", 5, 35))
        for empty in ("", "[]", "; nothing\n", "[ ]\n"):
            self.check("-", "--model", "register", code=2, stdin=empty)
        self.check(self.path("nowhere.edn"), "--model", "register", code=2)
        wrong = self.check("-", "--model", "mutex", code=2, stdin=GOOD)
        self.assertIn("standard input:1: expected acquire or release, found write", wrong.stderr)

    def test_unknown_words_are_2_and_name_the_nearest(self):
        history = self.write("good.edn", GOOD)
        model = self.check(history, "--model", "cas-registre", code=2).stderr
        self.assertIn("did you mean cas-register?", model)
        self.assertIn("list-append", model)
        level = self.check(history, "--model", "register", "--level", "linearisable", code=2).stderr
        self.assertIn("did you mean linearizable?", level)
        self.assertIn("monotonic-reads", level)
        self.check(history, "--model", "register", "--level", "serializable", code=2)
        self.check(history, "--model", "register(foo=1)", code=2)
        self.assertIn("jepsen-log", self.check(history, "--format", "jepsn-log", code=2).stderr)
        self.check(history, "--model", "register", "--timeout", "soon", code=2)
        self.check(history, "--model", "register", "--memory", "much", code=2)
        self.check(code=2)

    def test_pages_and_exports(self):
        history = self.write("stale.edn", STALE)
        self.check(history, "--model", "register", "--html", self.path("page.html"), "--edn",
                   self.path("again.edn"), code=1)
        page = pathlib.Path(self.path("page.html")).read_text()
        self.assertLess(len(page), 2_000_000)
        self.assertIn("stale read", page)
        again = self.check_json(self.path("again.edn"), "--model", "register", code=1)
        self.assertEqual(again["anomalies"][0]["name"], "stale read")
        self.check(history, "--model", "register", "--html", self.path("no/where.html"), code=5)

    def hard(self, writers):
        """Every order of the writes has to be tried: nobody has written what is read."""
        lines = "".join(operation(i, "write", i + 1, kind=None) for i in range(writers))
        lines += "".join(f"{{:process {i}, :type :ok, :f :write, :value {i + 1}}}\n" for i in range(writers))
        return self.write("hard.edn", lines + operation(writers, "read", 999))

    def test_limits_of_time_and_memory_end_it_inconclusive(self):
        history = self.hard(40)
        began = time.monotonic()
        found = self.check_json(history, "--model", "register", "--timeout", "1s", code=3)
        passed = time.monotonic() - began
        self.assertIn("time limit of 1s", found["reason"])
        self.assertEqual(found["verdict"], "inconclusive")
        self.assertLess(passed, 3)  # 1.1 s by itself; the machine may be busy
        found = self.check_json(history, "--model", "register", "--memory", "64MiB", code=3)
        self.assertIn("memory limit of 64MiB", found["reason"])

    def test_a_history_larger_than_the_memory_limit_is_inconclusive(self):
        history = self.write("large.edn", GOOD * 60_000)
        found = self.check_json(history, "--model", "register", "--memory", "8MiB", code=3)
        self.assertIn("memory limit of 8MiB", found["reason"])

    def test_help_begins_with_an_example_and_lists_what_there_is(self):
        text = self.check("--help", code=0).stdout
        self.assertTrue(text.startswith("Example: ledgersim check"), text[:80])
        for word in ("append-only-log", "kafka-log", "fenced-mutex", "monotonic-reads",
                     "strict-serializable", "kv-text", "Exit codes", "60s", "2GiB"):
            self.assertIn(word, text)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    LEDGERSIM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
