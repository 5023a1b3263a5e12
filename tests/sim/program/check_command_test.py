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
        self.assertTrue(first.startswith("violated: stale-read: client 1's read -> 1 (lines 5 and 6)"), first)
        self.assertIn("write 2", first)
        self.assertEqual(done.stderr, "")
        found = self.check_json(history, "--model", "register", code=1)
        self.assertEqual(found["verdict"], "violated")
        anomaly = found["anomalies"][0]
        self.assertEqual(anomaly["name"], "stale-read")
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

    def open_pipe(self, *words):
        process = subprocess.Popen([LEDGERSIM, "check", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            try:
                stream.close()
            except BrokenPipeError:  # what nobody read any more
                pass

    def send(self, process, *lines):
        for line in lines:
            process.stdin.write(line.encode())
            process.stdin.flush()

    def close(self, process, code):
        """What it said to the end, on both streams."""
        process.stdin.close()
        out, err = process.stdout.read().decode(), process.stderr.read().decode()
        self.assertEqual(process.wait(), code, out + err)
        return out, err

    STALE_LOG = ['{"op":0,"client":0,"call_ns":1,"ret_ns":2,"status":"ok","f":"append","records":[1],"position":0}\n',
                 '{"op":1,"client":1,"call_ns":3,"ret_ns":4,"status":"ok","f":"tail","tail":1}\n',
                 '{"op":2,"client":2,"call_ns":5,"ret_ns":6,"status":"ok","f":"tail","tail":0}\n',
                 '{"op":3,"client":1,"call_ns":7,"ret_ns":8,"status":"ok","f":"tail","tail":1}\n']

    def test_a_log_that_comes_through_a_pipe_is_judged_while_it_comes(self):
        process = self.open_pipe("-", "--model", "log")
        self.send(process, *self.STALE_LOG[:3])
        # Nothing more is sent before this was said.
        said = process.stderr.readline().decode()
        self.assertTrue(said.startswith("violated so far (line 3): stale-tail: client 2's"), said)
        self.assertIsNone(process.poll())
        self.send(process, self.STALE_LOG[3])
        out, err = self.close(process, 1)
        self.assertTrue(out.startswith("violated: stale-tail: "), out)
        self.assertIn("4 operations", out)
        self.assertEqual(err, "")
        process = self.open_pipe("-", "--json")
        for byte in "".join(self.STALE_LOG[:3]):
            self.send(process, byte)
        said = json.loads(process.stderr.readline())
        self.assertEqual((said["schema"], said["verdict"], said["line"], said["name"]),
                         ("ledger.check.so_far/1", "violated", 3, "stale-tail"))
        self.assertEqual(said["lines"], [1, 3])
        self.send(process, self.STALE_LOG[3].rstrip())  # the last line may lack its end
        found = json.loads(self.close(process, 1)[0])
        from_file = self.check_json(self.write("stale.jsonl", "".join(self.STALE_LOG)), code=1)
        for key in ("verdict", "model", "level", "operations", "coverage", "anomalies", "format"):
            self.assertEqual(found[key], from_file[key])

    def test_lines_that_are_not_in_order_are_judged_at_the_end(self):
        process = self.open_pipe("-", "--model", "log")
        self.send(process, self.STALE_LOG[1], self.STALE_LOG[0])
        self.assertIn("line 2 returned before an earlier line", process.stderr.readline().decode())
        self.send(process, self.STALE_LOG[3], self.STALE_LOG[2])
        out, err = self.close(process, 1)
        self.assertTrue(out.startswith("violated: stale-tail: "), out)
        self.assertEqual(err, "")

    def test_a_broken_line_in_a_pipe_ends_it_at_once(self):
        process = self.open_pipe("-")
        self.send(process, self.STALE_LOG[0], '{"op":1,"client":}\n')
        self.assertIn("standard input:2:18: expected a number", process.stderr.readline().decode())
        self.assertEqual(process.wait(), 2)

    def test_limits_hold_while_a_pipe_stays_open(self):
        began = time.monotonic()
        process = self.open_pipe("-", "--timeout", "1s", "--json")
        self.send(process, self.STALE_LOG[0])
        found = json.loads(process.stdout.readline())
        self.assertEqual((found["verdict"], process.wait()), ("inconclusive", 3))
        self.assertIn("time limit of 1s", found["reason"])
        self.assertLess(time.monotonic() - began, 3)
        process = self.open_pipe("-", "--memory", "8MiB")
        with self.assertRaises(BrokenPipeError):
            for i in range(1_000_000):
                self.send(process, '{"op":%d,"client":1,"call_ns":%d,"ret_ns":%d,"status":"ok","f":"append",'
                          '"records":[%d],"position":%d}\n' % (i, 10 * i, 10 * i + 5, i, i))
        self.assertIn("memory limit of 8MiB", process.stdout.readline().decode())
        self.assertEqual(process.wait(), 3)

    def test_a_named_pipe_and_any_layout_are_read(self):
        os.mkfifo(self.path("pipe"))
        for content, model, code in (("".join(self.STALE_LOG), "log", 1), (GOOD, "register", 0)):
            process = subprocess.Popen([LEDGERSIM, "check", self.path("pipe"), "--model", model],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.write("pipe", content)
            out, err = process.communicate()
            self.assertEqual(process.returncode, code, out + err)
        self.check(self.directory, "--model", "register", code=2)
        array = self.write("array.json", "[" + ",\n".join(line.strip() for line in self.STALE_LOG) + "]")
        self.assertEqual(self.check_json(array, code=1)["format"], "native")
        lists = self.write("lists.json", '[[0,"invoke","send",[["send",1,5]]],[0,"ok","send",[["send",1,[0,5]]]],\n'
                           '[1,"invoke","send",[["send",1,6]]],[1,"ok","send",[["send",1,[0,6]]]]]')
        found = self.check_json(lists, code=1)
        self.assertEqual((found["model"], found["anomalies"][0]["name"]), ("kafka-log", "inconsistent-offsets"))
        bare = self.write("history.txt", "0\t:invoke\t:write\t1\n0\t:ok\t:write\t1\n1\t:invoke\t:read\tnil\n"
                          "1\t:ok\t:read\t2\n")
        self.assertEqual(self.check_json(bare, code=1)["format"], "jepsen-log")
        returns = self.write("returns.edn", "{:process 0 :type :ok :f :txn :value [[:append :x 1] [:r :y [1]]]}\n"
                             "{:process 1 :type :ok :f :txn :value [[:append :x 2] [:append :y 1]]}\n"
                             "{:process 2 :type :ok :f :txn :value [[:r :x [1 2]]]}\n")
        self.assertEqual(self.check_json(returns, code=1)["anomalies"][0]["name"], "G1c")

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
        self.assertIn("stale-read", page)
        again = self.check_json(self.path("again.edn"), "--model", "register", code=1)
        self.assertEqual(again["anomalies"][0]["name"], "stale-read")
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
