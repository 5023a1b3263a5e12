#!/usr/bin/env python3
"""The command line of ledgersim, as people and scripts meet it: JSON, exit codes, files, errors.

Usage: command_test.py LEDGERSIM [unittest arguments]
"""

import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

LEDGERSIM = ""

FAST = """scenario 1
name     fast
cluster  voters=3
[swarm]
faults.for       = 1s
net.loss         = 1%
nemesis.interval = 200ms
nemesis.duration = 100ms
[workload]
clients    = 3
operations = 60
"""

CHECKS = {"agreement", "durability", "linearizability", "exactly_once", "chain", "convergence",
          "raft_safety", "raft_invariants", "subscription", "cuts",
          "availability", "answers", "erasure"}

HASH = re.compile(r"^[0-9a-f]{32}$")


def event(stream="a", kind="t", data=1, **more):
    return {"stream": stream, "type": kind, "data": data, **more}


def lines(*appends):
    return "".join(json.dumps({"events": list(append)}) + "\n" for append in appends)


class CommandTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.directory = self.temporary.name
        self.fast = self.write("fast.scenario", FAST)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, content):
        mode = "wb" if isinstance(content, bytes) else "w"
        with open(self.path(name), mode) as file:
            file.write(content)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def call(self, *words, code=0, stdin="", cwd=None):
        done = subprocess.run([LEDGERSIM, *map(str, words)], cwd=cwd or self.directory,
                              input=stdin, capture_output=True, text=True, timeout=300,
                              check=False)
        self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}\n{done.stderr}")
        return done

    def run_json(self, *words, **more):
        done = self.call("run", "--json", *words, **more)
        self.assertEqual(done.stdout.count("\n"), 1)
        self.assertTrue(done.stdout.endswith("\n"))
        self.assertEqual(done.stderr, "")  # no progress: standard error is no terminal
        return json.loads(done.stdout)

    def fast_run(self, seed, *words):
        return self.run_json("--scenario", self.fast, "--seed", seed, *words)

    def wrong(self, *words, code=2, stdin="", says=()):
        """The command fails with this code, says where, and prints no data."""
        done = self.call(*words, code=code, stdin=stdin)
        self.assertEqual(done.stdout, "")
        for part in says:
            self.assertIn(part, done.stderr)
        return done

    # --- what a run says ------------------------------------------------------------------------

    def test_run_has_every_field_with_its_type(self):
        result = self.run_json("--seed", 7)
        self.assertEqual(result["schema"], "ledgersim.run/1")
        self.assertEqual(result["verdict"], "ok")
        self.assertEqual(result["seed"], 7)
        self.assertRegex(result["trace_hash"], HASH)
        for key in ("virtual_seconds", "wall_seconds"):
            self.assertIsInstance(result[key], float)
            self.assertGreater(result[key], 0)
        for key in ("events", "appends", "leader_changes", "crash_recoveries"):
            self.assertIsInstance(result[key], int)
        self.assertGreater(result["events"], 0)
        self.assertGreater(len(result["faults"]), 20)
        for kind, count in result["faults"].items():
            self.assertRegex(kind, r"^[a-z_]+$")
            self.assertEqual(set(count), {"fired", "consumed"})
            self.assertLessEqual(count["consumed"], count["fired"], kind)
        self.assertEqual(set(result["operations"]), {"ok", "failed", "unknown"})
        self.assertEqual(set(result["checks"]), CHECKS)
        for name, check in result["checks"].items():
            self.assertEqual(set(check), {"verdict", "examined"})
            if name in ("cuts", "erasure"):  # not in every world; a campaign without fails
                continue
            self.assertEqual(check["verdict"], "ok", name)
            self.assertGreater(check["examined"], 0, name)
        self.assertIsNone(result["violation"])
        self.assertEqual(result["repro"], "ledgersim run --seed 7")

    def test_same_seed_same_hash_from_any_directory(self):
        elsewhere = tempfile.mkdtemp(dir=self.directory)
        first = self.run_json("--seed", 7)
        second = self.run_json("--seed", 7, cwd=elsewhere)
        for key in ("trace_hash", "events", "faults", "operations", "checks"):
            self.assertEqual(first[key], second[key])
        self.assertNotEqual(first["trace_hash"], self.run_json("--seed", 8)["trace_hash"])
        self.assertEqual(os.listdir(elsewhere), [])  # a good run leaves nothing

    def test_a_child_process_makes_no_difference(self):
        self.assertEqual(self.fast_run(3)["trace_hash"],
                         self.fast_run(3, "--in-process")["trace_hash"])

    def test_summary_for_people_ends_with_verdict_and_repetition(self):
        done = self.call("run", "--scenario", self.fast, "--seed", 3)
        self.assertIn("verdict  ok", done.stdout)
        self.assertIn(f"repeat   ledgersim run --seed 3 --scenario {self.fast}", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_nodes(self):
        for nodes in (1, 2, 7):
            result = self.run_json("--nodes", nodes, "--scenario", self.fast, "--seed", 1,
                                   "--capsule", "n.capsule")
            self.assertIn(f"--nodes {nodes}", result["repro"])
            self.call("replay", "n.capsule", "--expect")
            if nodes > 1:
                self.assertGreaterEqual(result["checks"]["convergence"]["examined"], nodes)

    def test_trace_has_one_line_per_step(self):
        result = self.fast_run(5, "--trace", "t.jsonl")
        trace = [json.loads(line) for line in self.read("t.jsonl").splitlines()]
        self.assertEqual(len(trace), result["events"])
        self.assertEqual([line["step"] for line in trace], list(range(1, len(trace) + 1)))
        times = [line["time_ns"] for line in trace]
        self.assertEqual(times, sorted(times))
        for line in trace:
            self.assertTrue({"node", "event", "detail", "role", "term", "last", "durable",
                             "commit", "applied", "effects"} <= set(line))
        self.assertEqual(trace[0]["event"], "Start")
        self.assertIn("leader", {line["role"] for line in trace})
        self.assertEqual(result["trace_hash"], self.fast_run(5)["trace_hash"])

    def test_history_has_every_operation(self):
        result = self.fast_run(5, "--history", "h.jsonl")
        history = [json.loads(line) for line in self.read("h.jsonl").splitlines()]
        counts = {"ok": 0, "fail": 0, "unknown": 0}
        for operation in history:
            counts[operation["status"]] += 1
            self.assertIsInstance(operation["op"], int)
            self.assertIsInstance(operation["client"], int)
            self.assertIn(operation["f"], ("append", "read-stream", "read-all", "tail"))
            # The full order: by step, and times that do not contradict it.
            self.assertIsInstance(operation["call_step"], int)
            if operation["status"] == "unknown":
                self.assertIsNone(operation["ret_ns"])
                self.assertNotIn("ret_step", operation)
            else:
                self.assertLessEqual(operation["call_step"], operation["ret_step"])
                self.assertLessEqual(operation["call_ns"], operation["ret_ns"])
        # The last one is a read of all that was committed, which no client made.
        self.assertEqual(history[-1]["f"], "read-all")
        self.assertEqual(counts["ok"], result["operations"]["ok"] + 1)
        self.assertEqual(counts["fail"], result["operations"]["failed"])
        self.assertEqual(counts["unknown"], result["operations"]["unknown"])
        self.assertEqual(len({operation["op"] for operation in history}), len(history))
        ended = [operation["ret_step"] for operation in history if "ret_step" in operation]
        self.assertEqual(ended, sorted(ended))

    def test_page_needs_nothing_else_and_names_the_verdict(self):
        result = self.fast_run(5, "--html", "p.html")
        page = self.read("p.html")
        self.assertIn("<title>ledgersim run: ok, seed 5</title>", page)
        self.assertIn(result["trace_hash"], page)
        for reference in (r"<link\b", r"<script\b", r"\bsrc\s*=", r"url\(", r"@import",
                          r"href\s*=\s*[\"'](?!#)"):
            self.assertIsNone(re.search(reference, page), reference)

    # --- imports --------------------------------------------------------------------------------

    def test_input_comes_out_of_every_replica(self):
        self.write("in.jsonl", lines(
            [event("a", data={"n": 1}, expected="none"), event("b", data="x")],
            [event("a", data=[1, None, True], expected={"exact": 0})],
            [event("b", data="y", expected="exists")]))
        before = self.read("in.jsonl")
        self.run_json("--input", "in.jsonl", "--seed", 2, "--export-dir", "out")
        files = sorted(os.listdir(self.path("out")))
        self.assertGreaterEqual(len(files), 3)
        for name in files:
            events = [json.loads(line) for line in self.read("out/" + name).splitlines()]
            self.assertEqual([e["position"] for e in events], list(range(len(events))))
            imported = [e for e in events if e["stream"] in ("a", "b")]
            self.assertEqual([(e["stream"], e["revision"], e["data"]) for e in imported],
                             [("a", 0, {"n": 1}), ("b", 0, "x"), ("a", 1, [1, None, True]),
                              ("b", 1, "y")])
        self.assertEqual(self.read("in.jsonl"), before)

    def test_input_from_standard_input(self):
        text = lines([event()], [event()])
        self.write("in.jsonl", text)
        self.assertEqual(
            self.run_json("--input", "-", "--seed", 2, stdin=text)["trace_hash"],
            self.run_json("--input", "in.jsonl", "--seed", 2)["trace_hash"])

    def test_bad_input_names_the_place(self):
        good = lines([event()])
        cases = {
            good + '{"events": [}\n': ("in.jsonl", "line 2, column 13"),
            good + "\n" + good[:20] + "\n": ("line 3, column 21",),
            '{"events": [{"type": "t", "data": 1}]}\n':
                ("line 1, event 1", 'expected "stream" with a text'),
            lines([event(), event(stream="")]): ("line 1, event 2", '"stream" must have 1 to'),
            lines([event(stream="x" * 1025)]): ("line 1, event 1", "1 to 1024 bytes"),
            lines([event(expected="sometimes")]): ("line 1, event 1", '"expected" must be'),
            lines([event(expected={"exact": -1})]): ("line 1, event 1", '"expected" must be'),
            '{"events": [{"stream": "a", "type": "t"}]}\n':
                ("line 1, event 1", 'expected "data"'),
            '{"events": []}\n': ("line 1", "at least one event"),
            "[1]\n": ("line 1", "at least one event"),
            "": ("no appends",),
            "\0\1\2": ("line 1, column 1",),
        }
        for text, says in cases.items():
            with self.subTest(says=says):
                self.write("in.jsonl", text)
                self.wrong("run", "--json", "--input", "in.jsonl", says=says)
                self.assertEqual(self.read("in.jsonl"), text)

    def test_contradictory_revision_names_the_append(self):
        self.write("in.jsonl", lines([event(expected="none")], [event()],
                                     [event(expected={"exact": 7})], [event()]))
        done = self.call("run", "--json", "--seed", 2, "--input", "in.jsonl", code=2)
        self.assertIn("in.jsonl: line 3: ", done.stderr)
        self.assertIn("contradict", done.stderr)

    # --- capsules -------------------------------------------------------------------------------

    def test_capsule_repeats_the_run(self):
        first = self.fast_run(9, "--capsule", "c.capsule")
        done = self.call("replay", "c.capsule", "--expect", "--json")
        again = json.loads(done.stdout)
        self.assertEqual(again["schema"], "ledgersim.replay/1")
        self.assertEqual(done.stderr, "")
        for key in ("trace_hash", "seed", "verdict", "events", "faults"):
            self.assertEqual(again[key], first[key])

    def test_capsule_of_an_import_names_its_input_and_accepts_no_other(self):
        self.write("in.jsonl", lines([event()], [event("b")], [event(expected={"exact": 0})]))
        first = self.run_json("--seed", 3, "--scenario", "fast.scenario", "--input", "in.jsonl",
                              "--capsule", "i.capsule")
        again = json.loads(self.call("replay", "i.capsule", "--expect", "--json").stdout)
        self.assertEqual(again["trace_hash"], first["trace_hash"])
        self.assertEqual(again["events"], first["events"])
        self.write("other.jsonl", lines([event()], [event("c")]))
        refused = self.call("replay", "i.capsule", "--input", "other.jsonl", code=2)
        self.assertIn("other.jsonl is not the file that was imported", refused.stderr)
        os.rename(self.path("in.jsonl"), self.path("moved.jsonl"))
        self.call("replay", "i.capsule", code=2)
        self.call("replay", "i.capsule", "--input", "moved.jsonl", "--expect")

    def seal(self, body):
        """A capsule's text with a right checksum (CRC-32C, bit by bit)."""
        crc = 0xFFFFFFFF
        for byte in body.encode():
            crc ^= byte
            for _ in range(8):
                crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        return body + f"crc {crc ^ 0xFFFFFFFF:08x}\n"

    def capsule_body(self):
        self.fast_run(9, "--capsule", "c.capsule")
        text = self.read("c.capsule")
        body = text[:text.rindex("crc ")]
        self.assertEqual(self.seal(body), text)
        return body

    def test_another_finding_than_expected_fails(self):
        body = self.capsule_body()
        changed = body.replace("verdict ok\ncheck -", "verdict violated\ncheck durability")
        self.write("d.capsule", self.seal(changed))
        done = self.call("replay", "d.capsule", "--expect", code=1)
        self.assertIn("recorded verdict violated, this run has ok", done.stderr)
        self.call("replay", "d.capsule")  # without expectation it is a run like any other

    # --- shrinking ------------------------------------------------------------------------------

    def canary_capsule(self):
        """Of a run in which the canary sings: a finding that no bug is needed for."""
        self.write("canary.scenario", FAST.replace("[workload]", "check.canary = 1\n[workload]"))
        for seed in range(1, 40):
            done = subprocess.run([LEDGERSIM, "run", "--json", "--scenario", "canary.scenario",
                                   "--seed", str(seed), "--capsule", "c.capsule"],
                                  cwd=self.directory, capture_output=True, text=True, timeout=300,
                                  check=False)
            if done.returncode == 1:
                self.assertEqual(json.loads(done.stdout)["violation"]["check"], "canary")
                return
        self.fail("the canary never sang")

    def test_shrunk_run_is_small_fails_alike_and_is_told(self):
        self.canary_capsule()
        done = self.call("shrink", "c.capsule", "-o", "s.capsule", "--json", "--html", "s.html")
        small = json.loads(done.stdout)
        self.assertEqual(small["schema"], "ledgersim.shrink/1")
        self.assertTrue(small["finished"])
        self.assertLessEqual(small["decisions"], 20)
        self.assertLess(small["decisions"], small["decisions_before"])
        self.assertLessEqual(small["faults"], 3)
        self.assertEqual(small["violation"]["check"], "canary")
        self.assertIn("answers  kind\n", self.read("s.capsule"))
        self.assertIn("canary", self.read("s.html"))
        again = self.call("replay", "s.capsule", "--expect")
        self.assertNotIn("recorded hash", again.stderr)
        story = self.call("replay", "s.capsule", "--story", "--expect").stdout.splitlines()
        self.assertIn("VIOLATED", story[-1])
        self.assertIn("canary had to sing", story[-1])
        times = [float(line.split(" s ")[0]) for line in story]
        self.assertEqual(times, sorted(times))
        self.assertTrue(any("leads term" in line for line in story))

    def test_shrinking_does_not_depend_on_the_number_of_jobs(self):
        self.canary_capsule()
        self.call("shrink", "c.capsule", "-o", "1.capsule", "--jobs", "1", "--for", "5m")
        self.call("shrink", "c.capsule", "-o", "3.capsule", "--jobs", "3", "--for", "5m")
        self.assertEqual(self.read("1.capsule"), self.read("3.capsule"))

    def test_only_what_fails_is_shrunk(self):
        self.fast_run(9, "--capsule", "ok.capsule")
        self.wrong("shrink", "ok.capsule", says=("ok.capsule", "violated nothing"))
        self.canary_capsule()
        text = self.read("c.capsule")
        body = text[:text.rindex("crc ")].replace("canary     = 1", "canary     = 0")
        self.write("stale.capsule", self.seal(body))
        self.wrong("shrink", "stale.capsule", code=3, says=("does not fail any more",))
        self.wrong("shrink", "none.capsule", says=("none.capsule",))
        self.wrong("shrink", "c.capsule", "--for", "soon", says=("--for",))

    def test_capsules_of_what_was_mended_fail_no_more(self):
        folder = pathlib.Path(__file__).resolve().parents[1] / "capsules"
        capsules = sorted(folder.glob("*.capsule"))
        self.assertTrue(capsules)
        for capsule in capsules:
            with self.subTest(capsule.name):
                self.assertIn("verdict violated", capsule.read_text(encoding="utf-8"))
                self.call("replay", capsule)

    # --- campaigns ------------------------------------------------------------------------------

    def campaign(self, *words, code=0):
        done = self.call("campaign", *words, "--json", code=code)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_campaign_joins_what_is_the_same_and_makes_it_small(self):
        self.write("canary.scenario", FAST.replace("[workload]", "check.canary = 1\n[workload]"))
        *runs, found, totals = self.campaign("--scenario", "canary.scenario", "--seeds", "1..30",
                                             "--out", "report", code=1)
        self.assertGreater(len(totals["violated"]), 1)
        self.assertEqual(len(runs), len(totals["violated"]))
        self.assertEqual(len(totals["findings"]), 1)
        self.assertEqual(totals["findings"][0]["seeds"], totals["violated"])
        self.assertEqual(found["schema"], "ledgersim.finding/1")
        self.assertEqual(found["fingerprint"], totals["findings"][0]["fingerprint"])
        self.assertEqual(found["seeds"], len(totals["violated"]))
        self.assertLessEqual(found["decisions"], 20)
        smallest = f"seed-{totals['findings'][0]['smallest']}"
        for name in ("capsule", "small.capsule", "html"):
            self.assertTrue(os.path.exists(self.path(f"report/{smallest}.{name}")), name)
        self.call("replay", f"report/{smallest}.capsule", "--expect", code=0)
        self.call("replay", f"report/{smallest}.small.capsule", "--expect", code=0)
        page = self.read("report/index.html")
        for part in (smallest, "canary had to sing", "leads term", "message_lost", "durability"):
            self.assertIn(part, page)
        self.assertNotIn("<script", page)

    def test_campaign_goes_on_where_it_was_killed(self):
        words = ("--scenario", self.fast, "--seeds", "1..3000", "--jobs", "2")
        whole = self.campaign(*words)[-1]
        killed = subprocess.Popen([LEDGERSIM, "campaign", *words, "--out", "k"],
                                  cwd=self.directory, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, start_new_session=True)
        state = self.path("k/campaign.state")
        deadline = time.monotonic() + 120
        while not os.path.exists(state) and killed.poll() is None:
            self.assertLess(time.monotonic(), deadline, "no state was saved")
            time.sleep(0.05)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        resumed = self.campaign(*words, "--out", "k", "--resume")[-1]
        for key in set(whole) - {"wall_seconds", "slowest_seed"}:
            self.assertEqual(resumed[key], whole[key], key)
        # Nothing is left to do, and that is known.
        again = self.campaign(*words, "--out", "k", "--resume")[-1]
        self.assertEqual(again["events"], whole["events"])

    def test_state_of_another_campaign_is_refused(self):
        words = ("campaign", "--scenario", self.fast, "--out", "k")
        self.wrong(*words, "--seeds", "1..20", "--resume", says=("campaign.state",))
        self.call(*words, "--seeds", "1..20")
        self.wrong(*words, "--seeds", "1..21", "--resume", says=("campaign.state",))
        with open(self.path("k/campaign.state"), "r+b") as file:
            file.seek(40)
            byte = file.read(1)
            file.seek(40)
            file.write(bytes([byte[0] ^ 1]))
        self.wrong(*words, "--seeds", "1..20", "--resume", says=("campaign.state",))
        self.wrong("campaign", "--seeds", "1..2", "--resume", says=("--out",))
        self.wrong("campaign", "--seeds", "1..2", "--shrink", "soon", says=("--shrink",))

    def test_the_canary_is_heard(self):
        totals = self.campaign("--scenario", self.fast, "--seeds", "1..400", "--out", "c")[-1]
        self.assertEqual(totals["verdict"], "ok")
        self.assertEqual(totals["violated"], [])
        self.assertGreater(totals["canary"]["runs"], 0)
        self.assertGreater(totals["canary"]["heard"], 0)
        self.assertEqual(totals["canary"]["silent"], 0)
        self.assertIn("heard it", self.read("c/index.html"))

    def test_another_hash_is_said_but_is_no_failure(self):
        body = self.capsule_body()
        self.write("d.capsule", self.seal(re.sub("hash .*", "hash " + "0" * 32, body)))
        done = self.call("replay", "d.capsule", "--expect")
        self.assertIn("recorded hash 0000", done.stderr)

    def test_damaged_capsules_are_refused_and_left_alone(self):
        body = self.capsule_body()
        text = self.read("c.capsule")
        middle = len(body) // 2
        cases = {
            "flipped": (text[:middle] + chr(ord(text[middle]) ^ 1) + text[middle + 1:],
                        "it was changed or cut"),
            "cut": (text[:middle], "the last line"),
            "without its end": (text[:-1], "the last line"),
            "empty": ("", "the last line"),
            "wrong number": (self.seal(body.replace("seed 9", "seed nine")), "line 2"),
            "version 3": (self.seal(body.replace("capsule 2", "capsule 3")),
                          "version 3, expected 2"),
            "unknown key": (self.seal(body.replace("net.loss", "net.los_")),
                            "did you mean net.loss?"),
        }
        for name, (content, says) in cases.items():
            with self.subTest(name):
                self.write("d.capsule", content)
                self.wrong("replay", "d.capsule", "--json", says=("d.capsule", says))
                self.assertEqual(self.read("d.capsule"), content)

    def test_every_cut_and_flip_of_a_capsule_is_noticed(self):
        self.capsule_body()
        text = self.read("c.capsule").encode()
        for place in range(0, len(text), 37):
            self.write("d.capsule", text[:place])
            self.wrong("replay", "d.capsule")
            self.write("d.capsule", text[:place] + bytes([text[place] ^ 4]) + text[place + 1:])
            self.wrong("replay", "d.capsule")

    def test_until_shows_the_steps_up_to_there(self):
        self.capsule_body()
        done = self.call("replay", "c.capsule", "--until", 12, "--json")
        shown = [json.loads(line)["step"] for line in done.stderr.splitlines()]
        self.assertEqual(shown, list(range(1, 13)))

    # --- campaigns ------------------------------------------------------------------------------

    def test_campaign_adds_up_and_does_not_depend_on_jobs(self):
        seeds = range(1, 21)
        runs = [self.fast_run(seed) for seed in seeds]
        for jobs in (1, 3):
            done = self.call("campaign", "--seeds", "1..20", "--scenario", self.fast, "--jobs",
                             jobs, "--json")
            self.assertEqual(done.stderr, "")
            self.assertEqual(done.stdout.count("\n"), 1)
            totals = json.loads(done.stdout)
            self.assertEqual(totals["schema"], "ledgersim.campaign/1")
            self.assertEqual(totals["verdict"], "ok")
            self.assertEqual(totals["seeds_run"], len(seeds))
            self.assertEqual(totals["violated"], [])
            self.assertEqual(totals["inconclusive"],
                             [run["seed"] for run in runs if run["verdict"] == "inconclusive"])
            self.assertIsInstance(totals["wall_seconds"], float)
            for name in totals["sometimes_unhit"]:
                self.assertIsInstance(name, str)
            for key in ("events", "appends", "leader_changes", "leader_changes_with_uncommitted",
                        "crash_recoveries", "crash_recoveries_with_loss"):
                self.assertEqual(totals[key], sum(run[key] for run in runs), key)
            for key in ("ok", "failed", "unknown"):
                self.assertEqual(totals["operations"][key],
                                 sum(run["operations"][key] for run in runs))
            for kind, count in totals["faults"].items():
                for key in ("fired", "consumed"):
                    self.assertEqual(count[key], sum(run["faults"][kind][key] for run in runs))
            for name, check in totals["checks"].items():
                self.assertEqual(check["examined"],
                                 sum(run["checks"][name]["examined"] for run in runs))

    def test_campaign_for_a_time_ends(self):
        totals = json.loads(self.call("campaign", "--for", "1s", "--scenario", self.fast,
                                      "--json").stdout)
        self.assertGreater(totals["seeds_run"], 0)
        self.assertEqual(os.listdir(self.directory), ["fast.scenario"])

    def test_doublecheck(self):
        done = self.call("doublecheck", "--seeds", "1..5", "--scenario", self.fast, "--json")
        self.assertEqual(done.stderr, "")
        result = json.loads(done.stdout)
        self.assertEqual(result["schema"], "ledgersim.doublecheck/1")
        self.assertEqual(result["verdict"], "ok")
        self.assertEqual(result["seeds_run"], 5)
        self.assertEqual(result["mismatches"], [])

    def test_doublecheck_shows_where_two_runs_part(self):
        scenario = os.path.join(self.directory, "unsteady.scenario")
        with open(self.fast) as fast, open(scenario, "w") as file:
            file.write(fast.read().replace("[swarm]\n", "[swarm]\ncheck.unsteady = 1\n"))
        done = self.call("doublecheck", "--seeds", "1..2", "--scenario", scenario, "--json", code=1)
        result = json.loads(done.stdout)
        self.assertEqual((result["verdict"], result["mismatches"]), ("violated", [1, 2]))
        for divergence in result["divergences"]:
            self.assertIn(f"step {divergence['step'] - 1}, ", divergence["before"])
            self.assertIn(f"step {divergence['step']}, ", divergence["one"])
            self.assertNotEqual(divergence["one"], divergence["other"])
        self.assertEqual(len(result["divergences"]), 2)
        text = self.call("doublecheck", "--seeds", "1", "--scenario", scenario, code=1).stdout
        self.assertRegex(text, r"(?s)the same +step .*one run +step .*the other +step ")

    def test_guided_search_stands_beside_a_random_one(self):
        done = self.call("guided", "--for", "4s", "--scenario", self.fast, "--json")
        result = json.loads(done.stdout)
        self.assertEqual((result["schema"], result["verdict"]), ("ledgersim.guided/1", "ok"))
        random, guided = result["arms"]
        self.assertEqual((random["name"], guided["name"]), ("random", "guided"))
        for arm in (random, guided):
            self.assertGreater(arm["situations"], 50)
            self.assertGreater(arm["passages"], arm["situations"])
            self.assertGreater(arm["marks"], 10)
        self.assertGreater(guided["corpus"], 0)
        self.assertEqual(os.listdir(self.directory), ["fast.scenario"])

    def test_what_a_guided_search_finds_replays(self):
        scenario = os.path.join(self.directory, "canary.scenario")
        with open(self.fast) as fast, open(scenario, "w") as file:
            file.write(fast.read().replace("[swarm]\n", "[swarm]\ncheck.canary = 1\n"))
        done = self.call("guided", "--for", "5s", "--scenario", scenario, "--shrink", "5s", "--json",
                         code=1)
        result = json.loads(done.stdout)
        self.assertEqual(result["findings"][0]["violation"]["check"], "canary")
        self.call("replay", result["findings"][0]["capsule"], "--expect")

    # --- explore ----------------------------------------------------------------------------------

    def test_explore_goes_on_from_what_it_has_found_and_plays_it_again(self):
        words = ("explore", "--timeouts", 1, "--json")
        first = json.loads(self.call(*words, "--requests", 1, "--until-committed", 1, "--out", "a").stdout)
        self.assertEqual((first["verdict"], len(first["story"])), ("reached", 16))
        more = ("--requests", 2, "--until-committed", 2, "--from", "a", "--out", "b")
        second = json.loads(self.call(*words, *more).stdout)
        self.assertEqual(second["story"][:16], first["story"])
        self.assertEqual((second["verdict"], len(second["story"])), ("reached", 21))
        again = json.loads(self.call("replay", "b", "--expect", "--json").stdout)
        self.assertEqual((again["verdict"], again["as_recorded"]), ("reached", True))
        self.assertEqual(again["story"], second["story"])
        # Fewer requests than it has spent; other nodes; something that timelines do not have.
        self.assertIn("no longer possible", self.call(*words, "--requests", 0, "--from", "b", code=2).stderr)
        self.assertIn("other nodes", self.call(*words, "--nodes", 4, "--from", "b", code=2).stderr)
        self.assertIn("no trace", self.call("replay", "b", "--html", "c", code=2).stderr)

    # --- crash-explore --------------------------------------------------------------------------

    def explore(self, *words, code=0):
        done = self.call("crash-explore", "--json", *words, code=code)
        self.assertEqual(done.stdout.count("\n"), 1)
        self.assertEqual(done.stderr, "")
        return json.loads(done.stdout)

    def test_crash_explore_has_every_field_and_does_not_depend_on_jobs(self):
        results = [self.explore("--seeds", "1..6", "--jobs", jobs) for jobs in (1, 3)]
        for result in results:
            self.assertEqual(result["schema"], "ledgersim.crash-explore/1")
            self.assertEqual(result["verdict"], "ok")
            self.assertEqual(result["seeds_run"], 6)
            self.assertEqual(result["operations"], 6 * 64)
            self.assertEqual(result["violations"], 0)
            self.assertEqual(result["findings"], [])
            self.assertGreater(result["covered"], 2 * result["booted"])
            self.assertGreater(result["booted"], 10_000)
            self.assertGreater(result["covered"], result["covered_in_recovery"])
            self.assertGreater(result["booted"], result["booted_in_recovery"])
            self.assertGreater(result["booted_in_recovery"], 1000)
            self.assertLess(result["booted_small"], result["booted"] // 4)
            self.assertGreaterEqual(result["unsynced_max"], 4)
            self.assertGreaterEqual(result["image_bytes"]["max"], 16 << 10)
            self.assertGreaterEqual(result["segments"]["max"], 2)
            for key in ("cpu_seconds", "wall_seconds"):
                self.assertIsInstance(result[key], float)
                self.assertGreater(result[key], 0)
            self.assertAlmostEqual(result["booted"] / result["cpu_seconds"],
                                   result["booted_per_second"],
                                   delta=result["booted_per_second"] / 100)
            self.assertGreater(result["covered_per_second"], result["booted_per_second"])
        for result in results:
            for key in ("cpu_seconds", "wall_seconds", "covered_per_second", "booted_per_second"):
                del result[key]
        self.assertEqual(*results)

    def test_crash_explore_narrows_to_what_a_finding_names(self):
        whole = self.explore("--seed", 3, "--operations", 20)
        self.assertEqual(whole["operations"], 20)
        point = self.explore("--seed", 3, "--operations", 20, "--at", 8)
        self.assertLess(point["covered"], whole["covered"])
        one = self.explore("--seed", 3, "--operations", 20, "--at", 8, "--subset", 0)
        self.assertEqual(one["covered"] - one["covered_in_recovery"], 1)

    def test_crash_explore_that_examined_nothing_is_no_success(self):
        for words in (("--at", 65), ("--at", 64, "--operations", 10)):
            nothing = self.explore("--seed", 3, *words, code=3)
            self.assertEqual(nothing["verdict"], "inconclusive")
            self.assertEqual(nothing["covered"], 0)
        text = self.call("crash-explore", "--seed", "3", "--at", "65", code=3).stdout
        self.assertIn("nothing was examined", text)

    def test_crash_explore_for_a_time_ends_and_says_so_to_people(self):
        text = self.call("crash-explore", "--for", "1s").stdout
        self.assertRegex(text, r"images booted +\d+\n")
        self.assertTrue(text.endswith("\nverdict: ok\n"), text)
        self.assertEqual(os.listdir(self.directory), ["fast.scenario"])

    # --- words that are wrong -------------------------------------------------------------------

    def test_wrong_words_are_usage(self):
        cases = [
            ((), "subcommand"),
            (("walk",), "subcommand"),
            (("run", "--bogus"), "--bogus"),
            (("run", "--seed"), "--seed"),
            (("run", "--seed", "seven"), "seven"),
            (("run", "--seed", "-1"), "-1"),
            (("run", "--seed", "18446744073709551616"), "18446744073709551616"),
            (("run", "--nodes", "0"), "1 to 7"),
            (("run", "--nodes", "8"), "1 to 7"),
            (("run", "--nodes", "-3"), "1 to 7"),
            (("run", "--json", "left over"), "left over"),
            (("campaign",), "--seeds"),
            (("campaign", "--seeds", "5..1"), "5..1"),
            (("campaign", "--seeds", "1..2..3"), "1..2..3"),
            (("campaign", "--seeds", "1...3"), "1...3"),
            (("campaign", "--seeds", "..3"), "..3"),
            (("campaign", "--seeds", "1..3", "--for", "1s"), "--for"),
            (("campaign", "--seeds", "1..3", "--jobs", "0"), "--jobs"),
            (("campaign", "--for", "0s"), "0s"),
            (("campaign", "--for", "3weeks"), "3weeks"),
            (("campaign", "--for", "99999999999999999h"), "99999999999999999h"),
            (("doublecheck",), "--seeds"),
            (("doublecheck", "--seeds", "5..1"), "5..1"),
            (("doublecheck", "--seeds", "0..18446744073709551615"), "at most"),
            (("crash-explore", "--seeds", "5..1"), "5..1"),
            (("crash-explore", "--seeds", "1..3", "--for", "1s"), "--for"),
            (("crash-explore", "--seeds", "1..3", "--seed", "1"), "--seed"),
            (("crash-explore", "--seed", "-1"), "-1"),
            (("crash-explore", "--for", "0s"), "0s"),
            (("crash-explore", "--operations", "65"), "1 to 64"),
            (("crash-explore", "--operations", "0"), "1 to 64"),
            (("crash-explore", "--jobs", "0"), "--jobs"),
            (("crash-explore", "--at", "3"), "--seed"),
            (("crash-explore", "--seed", "3", "--subset", "1"), "--at"),
            (("crash-explore", "--seed", "3", "--at", "-3"), "-3"),
            (("replay",), "capsule"),
            (("replay", "missing.capsule"), "missing.capsule"),
            (("run", "--input", "missing.jsonl"), "missing.jsonl"),
            (("run", "--input", "."), "Is a directory"),
            (("run", "--scenario", "missing.scenario"), "missing.scenario"),
        ]
        for words, says in cases:
            with self.subTest(words=words):
                self.wrong(*words, says=(says,))
        self.assertEqual(os.listdir(self.directory), ["fast.scenario"])

    def test_bad_scenarios_name_line_column_and_the_nearest_key(self):
        cases = {
            "scenario 1\n[swarm]\nnet.los = 1%\n":
                "line 3, column 1: unknown key net.los, did you mean net.loss?",
            "scenario 1\n[swarm]\nclients = 3\n": "it belongs to [workload]",
            "scenario 1\n[swarm]\nnet.loss = 200%\n": "line 3, column 12: ",
            "scenario 1\n[swarm]\nnet.loss = 3ms\n": "line 3, column 12: expected a share",
            "scenario 1\n[swarm]\nnet.loss = 2% .. 1%\n": "the range ends before it begins",
            "scenario 1\n[workload]\nstreams = off\n": "line 3, column 11: streams cannot be off",
            "scenario 1\ncluster voters=0\n": "line 2, column 16: ",
            "scenario 2\n": "line 1, column 1: ",
            "": "line 1, column 1: ",
        }
        for text, says in cases.items():
            for command in (("run",), ("campaign", "--seeds", "1..16"),
                            ("doublecheck", "--seeds", "1")):
                with self.subTest(command=command, says=says):
                    self.write("bad.scenario", text)
                    self.wrong(*command, "--scenario", "bad.scenario", "--json",
                               says=("bad.scenario", says))

    def test_places_that_cannot_be_written_are_the_environments_fault(self):
        for flag in ("--capsule", "--html", "--history", "--trace", "--export-dir"):
            for place in ("/dev/null/x", "missing/x"):
                if flag == "--export-dir" and place == "missing/x":
                    continue  # made on demand
                with self.subTest(flag=flag, place=place):
                    self.wrong("run", "--scenario", self.fast, flag, place, "--json", code=5,
                               says=(place,))
        for flag in ("--capsule", "--html", "--history", "--trace"):
            with self.subTest(flag=flag, place="/dev/full"):
                done = self.call("run", "--scenario", self.fast, flag, "/dev/full", "--json",
                                 code=5)
                self.assertIn("/dev/full", done.stderr)
        self.assertEqual(os.listdir(self.directory), ["fast.scenario"])

    def test_answers_that_do_not_get_through_are_no_success(self):
        for words in (("run", "--scenario", self.fast, "--json"),
                      ("run", "--scenario", self.fast),
                      ("campaign", "--scenario", self.fast, "--seeds", "1..16"),
                      ("doublecheck", "--scenario", self.fast, "--seeds", "1..2", "--json"),
                      ("crash-explore", "--seed", "3", "--at", "8")):
            with self.subTest(words=words), open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([LEDGERSIM, *words], stdout=full, stderr=subprocess.PIPE,
                                      text=True, cwd=self.directory, check=False)
                self.assertEqual(done.returncode, 5)
                self.assertIn("standard output", done.stderr)

    def test_help_begins_with_an_example(self):
        for words in ((), ("run",), ("campaign",), ("doublecheck",), ("replay",),
                      ("crash-explore",)):
            with self.subTest(words=words):
                done = self.call(*words, "--help")
                self.assertTrue(done.stdout.startswith("Example: ledgersim "), done.stdout[:80])
        self.assertIn("Exit codes: 0 ok; 1 a property was violated; 2 usage",
                      self.call("--help").stdout)
        self.assertRegex(self.call("--version").stdout, r"^ledgersim \d+\.\d+\.\d+\n$")

    def test_inputs_are_only_read(self):
        self.write("in.jsonl", lines([event()], [event()]))
        self.fast_run(1, "--capsule", "c.capsule")
        names = ("in.jsonl", "fast.scenario", "c.capsule")

        def state():
            return [(os.stat(self.path(name)).st_mtime_ns,
                     hashlib.sha256(self.read(name).encode()).hexdigest()) for name in names]

        before = state()
        self.fast_run(1, "--input", "in.jsonl")
        self.call("replay", "c.capsule")
        self.call("campaign", "--seeds", "1..16", "--scenario", self.fast)
        self.assertEqual(state(), before)
        self.assertEqual(sorted(os.listdir(self.directory)), sorted(names))


if __name__ == "__main__":
    LEDGERSIM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
