#!/usr/bin/env python3
"""Campaigns in shards, as people and schedulers meet them: the union is the whole, whoever dies meanwhile.

Usage: shards_test.py LEDGERSIM [unittest arguments]
"""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

LEDGERSIM = ""

SCENARIO = """scenario 1
name     small
cluster  voters=3
[swarm]
faults.for       = 1s
net.loss         = 1%
nemesis.interval = 200ms
nemesis.duration = 100ms
{}[workload]
clients    = 3
operations = 60
"""
# What depends on the machine; and the state of a campaign that is its own only shard.
TIMINGS = {"timings.html", "timings.json"}
STATE = "campaign.state"


class ShardsTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = pathlib.Path(temporary.name)
        self.good = self.write("good.scenario", SCENARIO.format(""))
        # Every second run of it finds something.
        self.bad = self.write("bad.scenario", SCENARIO.format("check.canary = 1\n"))

    def write(self, name, text):
        (self.directory / name).write_text(text)
        return name

    def begin(self, *words, **more):
        return subprocess.Popen([LEDGERSIM, "campaign", *map(str, words)], cwd=self.directory,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def call(self, *words, code=0, **more):
        process = self.begin(*words, **more)
        out, said = process.communicate(timeout=300)
        self.assertEqual(process.returncode, code, f"{words}\n{out}\n{said}")
        return out, said

    def shard(self, index, count, out, seeds="1..60", scenario=None, **more):
        return self.call("--seeds", seeds, "--scenario", scenario or self.bad, "--shard",
                         f"{index}/{count}", "--out", out, "--json", **more)

    def refused(self, *words, says, code=2):
        out, said = self.call("merge", *words, "--out", "refused", "--shrink", "off", code=code)
        self.assertEqual(out, "")
        for part in says:
            self.assertIn(part, said)
        self.assertFalse((self.directory / "refused").exists())

    def state(self, out, index, count):
        return self.directory / out / f"shard-{index:05}-of-{count:05}.state"

    def files(self, folder):
        return {file.name: file.read_bytes() for file in (self.directory / folder).iterdir()
                if file.name not in TIMINGS | {STATE}}

    def same(self, one, other):
        one, other = self.files(one), self.files(other)
        self.assertEqual(set(one), set(other))
        for name, content in one.items():
            self.assertEqual(content, other[name], name)

    # --- the union is the whole -----------------------------------------------------------------

    def test_any_number_of_shards_in_any_order_gives_the_same_bytes(self):
        # Shrinking takes long, and sees nothing of shards: of three of them is enough.
        shrinking = {1: ("--shrink", "off"), 3: (), 16: ("--shrink", "off")}
        for count in (1, 3):
            self.call("--seeds", "1..60", "--scenario", self.bad, "--out", f"whole-{count}", "--jobs", 2,
                      *shrinking[count], code=1)
        names = set(self.files("whole-3"))
        self.assertTrue({"index.html", "report.jsonl"} < names)
        self.assertTrue(any(name.endswith(".small.capsule") for name in names))
        for count in (1, 3, 16):
            indices = list(range(1, count + 1))
            random.Random(count).shuffle(indices)
            for index in indices:
                # Of two folders, as if of two machines.
                self.shard(index, count, f"shards-{count}/{index % 2}")
            folders = sorted((self.directory / f"shards-{count}").iterdir(), reverse=count == 3)
            out, _ = self.call("merge", *folders, "--out", f"merged-{count}", "--json", *shrinking[count],
                               code=1)
            self.same("whole-3" if count == 3 else "whole-1", f"merged-{count}")
            *findings, totals = [json.loads(line) for line in out.splitlines()]
            kept = [json.loads(line) for line in
                    (self.directory / f"merged-{count}/report.jsonl").read_text().splitlines()]
            for line in [*findings, totals]:
                for key in ("wall_seconds", "slowest_seed", "shrink_seconds"):
                    line.pop(key, None)
            self.assertEqual([*findings, totals], kept)
            self.assertEqual(len(self.timings(f"merged-{count}")["shards"]), count)

    def test_whatever_the_split_the_union_is_the_whole(self):
        chance = random.Random(11)
        for case in range(6):
            first = chance.choice([0, 1, 977, 2**63 - 5, 2**64 - 30])
            seeds = f"{first}..{first + chance.randint(0, 29)}"
            count, folders = chance.randint(2, 23), chance.randint(1, 4)
            with self.subTest(seeds=seeds, shards=count, folders=folders):
                indices = list(range(1, count + 1))
                chance.shuffle(indices)
                for index in indices:
                    self.shard(index, count, f"p{case}/{chance.randint(1, folders)}", seeds=seeds)
                there = sorted((self.directory / f"p{case}").iterdir())
                chance.shuffle(there)
                off = ("--shrink", "off", "--out")
                codes = []
                for words in (("--seeds", seeds, "--scenario", self.bad, *off, f"whole{case}"),
                              ("merge", *there, *off, f"merged{case}")):
                    process = self.begin(*words)
                    process.communicate(timeout=300)
                    codes.append(process.returncode)
                self.assertIn(codes[0], (0, 1, 3))
                self.assertEqual(codes[0], codes[1])
                self.same(f"whole{case}", f"merged{case}")

    def timings(self, folder):
        return json.loads((self.directory / folder / "timings.json").read_text())

    def test_more_shards_than_seeds_and_seeds_at_the_end_of_the_numbers(self):
        last = 2**64 - 1
        seeds = f"{last - 4}..{last}"
        for index in range(1, 8):
            out, _ = self.shard(index, 7, "s", seeds=seeds, scenario=self.good)
            self.assertEqual(json.loads(out.splitlines()[-1])["seeds_run"], 1 if index <= 5 else 0)
        whole, _ = self.call("--seeds", seeds, "--scenario", self.good, "--json", code=1)  # idle checks
        merged, _ = self.call("merge", "s", "--json", code=1)
        for key in ("seeds_run", "events", "checks", "sometimes_unhit"):
            self.assertEqual(json.loads(whole)[key], json.loads(merged)[key])
        self.assertEqual(json.loads(merged)["seeds_run"], 5)

    def test_a_shard_for_a_time_takes_other_seeds_than_its_neighbour(self):
        for index in (1, 2):
            self.call("--for", "1s", "--scenario", self.good, "--shard", f"{index}/2", "--out", "t")
        out, _ = self.call("merge", "t", "--json")
        shards = self.call("status", "t", "--json")[0]
        self.assertIsNone(json.loads(shards)["seeds"])
        self.assertGreater(json.loads(out)["seeds_run"], 2)
        self.assertEqual(json.loads(out)["seeds_run"], json.loads(shards)["seeds_run"])
        # Its time is over, however often it is run.
        before = self.state("t", 1, 2).read_bytes()
        self.call("--for", "1s", "--scenario", self.good, "--shard", "1/2", "--out", "t")
        self.assertEqual(self.state("t", 1, 2).read_bytes(), before)

    def test_what_a_shard_says_and_that_it_is_no_verdict(self):
        out, _ = self.shard(1, 2, "s")
        *runs, last = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(last["schema"], "ledgersim.shard/1")
        self.assertEqual((last["shard"], last["shards"], last["seeds_run"]), (1, 2, 30))
        self.assertGreater(last["violated"], 0)
        self.assertEqual({run["schema"] for run in runs}, {"ledgersim.run/1"})
        self.assertEqual(len(runs), last["violated"] + last["inconclusive"])
        self.assertEqual(os.listdir(self.directory / "s"), ["shard-00001-of-00002.state"])

    def test_index_and_count_from_the_environment(self):
        variables = [{"LEDGERSIM_SHARD": "1", "LEDGERSIM_SHARDS": "3"},
                     {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_MIN": "1",
                      "SLURM_ARRAY_TASK_COUNT": "3"},
                     {"JOB_COMPLETION_INDEX": "2", "LEDGERSIM_SHARDS": "3"}]
        clean = {name: value for name, value in os.environ.items()
                 if not name.startswith(("LEDGERSIM_", "SLURM_", "JOB_"))}
        words = ("--seeds", "1..9", "--scenario", self.good, "--shard", "env", "--out", "e")
        for one in variables:
            self.call(*words, env=clean | one)
        self.assertEqual(json.loads(self.call("status", "e", "--json")[0])["seeds_run"], 9)
        for wrong in ({}, {"LEDGERSIM_SHARD": "4", "LEDGERSIM_SHARDS": "3"}):
            self.assertIn("--shard", self.call(*words, code=2, env=clean | wrong)[1])

    # --- who dies loses nothing -----------------------------------------------------------------

    def test_a_shard_that_is_killed_again_and_again_is_whole_in_the_end(self):
        seeds = "1..800"
        words = ("--seeds", seeds, "--scenario", self.bad, "--jobs", 2, "--out", "k", "--shard")
        chance = random.Random(7)
        kills = 0
        while True:
            process = self.begin(*words, "1/2", start_new_session=True)
            time.sleep(chance.uniform(0.01, 1.5))
            alive = process.poll() is None
            # All of it, or the first process only, as somebody would who sees it in a list.
            (os.killpg if kills % 2 else os.kill)(process.pid, signal.SIGKILL)
            process.communicate()
            kills += alive
            self.assertLess(kills, 200)
            if not alive or kills >= 5:
                break
        self.call(*words, "1/2")
        self.call(*words, "2/2")
        self.call("--seeds", seeds, "--scenario", self.bad, "--jobs", 2, "--shrink", "off", "--out",
                  "whole", code=1)
        self.call("merge", "k", "--shrink", "off", "--out", "merged", code=1)
        self.same("whole", "merged")
        self.assertGreater(kills, 0)

    def test_a_shard_that_is_cut_anywhere_is_named_and_goes_on(self):
        self.shard(1, 2, "s")
        self.shard(2, 2, "s")
        self.call("merge", "s", "--shrink", "off", "--out", "whole", code=1)
        file = self.state("s", 2, 2)
        whole = file.read_bytes()
        header = whole.index(b"operations")
        for length in (0, 3, 11, header, len(whole) // 2, len(whole) - 1):
            with self.subTest(length):
                file.write_bytes(whole[:length])
                inside = length <= header
                self.refused("s", code=2 if inside else 3, says=(
                    str(file.relative_to(self.directory)),
                    "inside its header" if inside else "cut off at byte"))
                self.shard(2, 2, "s")
                self.call("merge", "s", "--shrink", "off", "--out", "again", code=1)
                self.same("whole", "again")

    def test_a_merge_that_is_killed_loses_nothing(self):
        for index in (1, 2):
            self.shard(index, 2, "s")
        before = {file: file.read_bytes() for file in (self.directory / "s").iterdir()}
        off = ("--shrink", "off")
        began = time.monotonic()
        self.call("merge", "s", "--out", "whole", *off, code=1)
        took = time.monotonic() - began
        chance = random.Random(9)
        # Anywhere in it, and once while it shrinks.
        for words, wait in [*((off, chance.uniform(0, took)) for _ in range(12)), ((), took + 1)]:
            process = self.begin("merge", "s", "--out", "killed", *words)
            time.sleep(wait)
            process.kill()
            process.communicate()
            there = self.files("killed") if (self.directory / "killed").exists() else {}
            for name, content in there.items():
                if not name.endswith(".new"):
                    self.assertEqual(content, self.files("whole")[name], name)
        self.call("merge", "s", "--out", "killed", *off, code=1)
        self.same("whole", "killed")
        self.assertEqual({file: file.read_bytes() for file in (self.directory / "s").iterdir()}, before)

    def test_who_ends_a_shard_ends_no_run(self):
        """A scheduler sends SIGTERM to every process of a task: no run has died of that."""
        process = self.begin("--seeds", "1..900", "--scenario", self.good, "--shard", "1/1", "--out",
                             "t", "--jobs", 2, start_new_session=True)
        while not self.state("t", 1, 1).exists():
            time.sleep(0.02)
        time.sleep(0.5)
        for worker in self.workers(process.pid):
            os.kill(worker, signal.SIGTERM)
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate()
        self.assertEqual(process.returncode, -signal.SIGTERM)
        out, _ = self.shard(1, 1, "t", seeds="1..900", scenario=self.good)
        self.assertEqual(json.loads(out.splitlines()[-1])["findings"], 0)

    @staticmethod
    def workers(process):
        children = pathlib.Path(f"/proc/{process}/task/{process}/children")
        return [int(word) for word in children.read_text().split()] if children.exists() else []

    def test_two_at_one_shard_take_turns(self):
        words = ("--seeds", "1..300", "--scenario", self.good, "--shard", "1/1", "--out", "t", "--json")
        both = [self.begin(*words) for _ in range(2)]
        ends = [json.loads(process.communicate(timeout=300)[0].splitlines()[-1]) for process in both]
        self.assertEqual([process.returncode for process in both], [0, 0])
        self.assertEqual([end["seeds_run"] for end in ends], [300, 300])
        self.assertEqual(json.loads(self.call("merge", "t", "--json")[0])["seeds_run"], 300)

    # --- what does not belong together ----------------------------------------------------------

    def test_what_is_missing_is_named(self):
        for index in (2, 5):
            self.shard(index, 6, "s")
        self.refused("s", code=3, says=("missing of 6 shards: 1, 3..4, 6", "--partial"))
        out, said = self.call("status", "s", "--json", code=3)
        status = json.loads(out)
        self.assertEqual(status["schema"], "ledgersim.shards/1")
        self.assertEqual((status["missing"], status["unfinished"]), ([1, 3, 4, 6], []))
        self.assertEqual((status["seeds_run"], status["seeds"]), (20, 60))
        self.assertIn("2 of 6 shards finished, 20 seeds", self.call("status", "s", code=3)[0])
        # What was found in what is there counts all the same; else nothing can be said.
        out, _ = self.call("merge", "s", "--partial", "--json", "--shrink", "off", code=1)
        self.assertEqual(json.loads(out.splitlines()[-1])["seeds_run"], 20)
        self.shard(1, 20, "g", seeds="1..400", scenario=self.good)
        out, _ = self.call("merge", "g", "--partial", "--json", code=3)
        self.assertEqual(json.loads(out)["verdict"], "inconclusive")

    def test_what_is_of_another_campaign_is_refused_with_its_path(self):
        self.shard(1, 2, "s")
        cases = {
            "another scenario": lambda: self.shard(2, 2, "o", scenario=self.good),
            "other seeds": lambda: self.shard(2, 2, "o", seeds="1..61"),
            "one of 3 shards": lambda: self.shard(2, 3, "o"),
            "is there twice, also as s/": lambda: self.shard(1, 2, "o"),
        }
        for says, make in cases.items():
            with self.subTest(says):
                make()
                self.refused("s", "o", says=(says, "o/shard-0000"))
                shutil.rmtree(self.directory / "o")
        self.write("s/alien.state", "these are no results\n")
        self.refused("s", says=("s/alien.state", "does not begin like"))
        os.remove(self.directory / "s/alien.state")
        (self.directory / "empty").mkdir()
        self.refused("empty", says=("empty", "no shard"))
        self.refused("absent", code=5, says=("absent",))
        # Twice the same folder is no other shard.
        self.shard(2, 2, "s")
        self.call("merge", "s", self.directory / "s", "--shrink", "off", code=1)

    def test_what_another_build_has_made_is_refused_with_its_path(self):
        self.shard(1, 2, "s")
        other = self.directory / "other-ledgersim"
        shutil.copy(LEDGERSIM, other)
        with open(other, "ab") as file:  # the same program, and not the same file
            file.write(b"\0")
        done = subprocess.run([other, "campaign", "--seeds", "1..60", "--scenario", self.bad, "--shard",
                               "2/2", "--out", "s"], cwd=self.directory, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.refused("s", says=("s/shard-00002-of-00002.state", "another build"))
        # Nor does it go on with what is not its own.
        before = self.state("s", 1, 2).read_bytes()
        done = subprocess.run([other, "campaign", "--seeds", "1..60", "--scenario", self.bad, "--shard",
                               "1/2", "--out", "s"], cwd=self.directory, capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("s/shard-00001-of-00002.state: made by another build", done.stderr)
        self.assertEqual(self.state("s", 1, 2).read_bytes(), before)

    def test_damage_is_refused_with_its_path(self):
        self.shard(1, 1, "s")
        file = self.state("s", 1, 1)
        content = bytearray(file.read_bytes())
        content[60] ^= 1
        file.write_bytes(content)
        self.refused("s", says=(str(file.relative_to(self.directory)), "damaged", "header"))
        self.assertIn("damaged", self.shard(1, 1, "s", code=2)[1])

    def test_usage(self):
        for words, says in (
                (("--seeds", "1..3", "--shard", "1/2"), "--out"),
                (("--seeds", "1..3", "--shard", "3/2", "--out", "s"), "3/2"),
                (("--seeds", "1..3", "--shard", "0/2", "--out", "s"), "0/2"),
                (("--seeds", "1..3", "--shard", "1/2", "--out", "s", "--shrink", "5s"), "--shrink"),
                (("--seeds", "1..3", "--shard", "1/2", "--out", "s", "--resume"), "--resume"),
                (("merge",), "directories"),
                (("merge", "s", "--shrink", "soon"), "--shrink"),
                (("status",), "directories")):
            with self.subTest(words):
                out, said = self.call(*words, code=2)
                self.assertEqual(out, "")
                self.assertIn(says, said)
        for command in ((), ("merge",), ("status",)):
            self.assertTrue(self.call(*command, "--help")[0].startswith("Example: ledgersim campaign"))


if __name__ == "__main__":
    LEDGERSIM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
