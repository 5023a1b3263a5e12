#!/usr/bin/env python3
"""scripts/campaign where there is no Slurm, or a small fake one: what it asks for, submits again, gives up.

usage: campaign_script_test.py LEDGERSIM [unittest arguments]
"""
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CAMPAIGN = ROOT / "scripts" / "campaign"
LEDGERSIM = ""
SCENARIO = """scenario 1
name     small
cluster  voters=3
[swarm]
faults.for       = 500ms
nemesis.interval = 100ms
nemesis.duration = 100ms
[workload]
clients    = 2
operations = 30
"""
# Runs the tasks of an array one after the other, before it answers; those in $FAIL only as often as it says.
SBATCH = r"""
echo "$@" >>"$FAKE/calls"
for word; do case $word in --array=*) array=${word#--array=} ;; esac; task=$word; done
for part in ${array//,/ }; do
    for number in $(seq "${part%-*}" "${part#*-}"); do
        tries=$(cat "$FAKE/tries-$number" 2>/dev/null || echo 0)
        echo $((tries + 1)) >"$FAKE/tries-$number"
        if [[ " $FAIL " == *" $number:$tries "* || " $FAIL " == *" $number:always "* ]]; then continue; fi
        SLURM_ARRAY_TASK_ID=$number "$task" >/dev/null 2>&1
    done
done
echo "47;cluster"
"""


class Script(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = pathlib.Path(temporary.name)
        self.scenario = self.directory / "small.scenario"
        self.scenario.write_text(SCENARIO)
        self.bin = self.directory / "bin"
        self.bin.mkdir()
        self.fail_at = ""

    def fake(self, name, body):
        (self.bin / name).write_text(f"#!/bin/bash\n{body}\n")
        (self.bin / name).chmod(0o755)

    def fake_slurm(self):
        self.fake("sbatch", SBATCH)
        self.fake("squeue", "exit 0")
        self.fake("scancel", "exit 0")
        self.fake("scontrol", "exit 0")

    def call(self, *words, code=0, path=None):
        environment = os.environ | {"FAKE": str(self.directory), "FAIL": self.fail_at,
                                    "PATH": path or f"{self.bin}:{os.environ['PATH']}"}
        done = subprocess.run([sys.executable, CAMPAIGN, *words], capture_output=True, text=True,
                              env=environment, cwd=self.directory, timeout=120)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def campaign(self, *words, code=0):
        return self.call("--slurm", "--seeds", "1..40", "--tasks", "4", "--scenario", self.scenario, "--out",
                         "sweep", "--task-seconds", "100", "--ledgersim", LEDGERSIM, "--json", *words, code=code)

    def plan_of_four(self):
        """Forty seeds are too few for four tasks: it would make one of them. So the plan is there already."""
        self.fake_slurm()
        self.campaign()
        plan = self.directory / "sweep" / "plan.json"
        plan.write_text(json.dumps(json.loads(plan.read_text()) | {"tasks": 4}))
        for file in (self.directory / "sweep" / "shards").iterdir():
            file.unlink()
        for file in self.directory.glob("tries-*"):
            file.unlink()
        (self.directory / "calls").write_text("")

    def arrays(self):
        return [[word for word in shlex.split(line) if word.startswith("--array=")][0]
                for line in (self.directory / "calls").read_text().splitlines()]

    def test_without_slurm_it_says_what_installs_it(self):
        for how in ("--slurm", "--local-slurm"):
            done = subprocess.run(
                [sys.executable, "-c", "import sys; sys.path.insert(0, sys.argv[1]); import local_slurm; "
                 "local_slurm.where = lambda name: None; import runpy; sys.argv = sys.argv[2:]; "
                 "runpy.run_path(sys.argv[0], run_name='__main__')", ROOT / "scripts", CAMPAIGN, how,
                 "--for", "30s", "--out", "x"], capture_output=True, text=True, cwd=self.directory)
            self.assertEqual(done.returncode, 5, done.stderr)
            self.assertIn("scripts/setup --slurm", done.stderr)

    def test_usage(self):
        for words, says in ((("--for", "30s", "--out", "x"), "--slurm"),
                            (("--slurm", "--out", "x"), "--for"),
                            (("--slurm", "--for", "30s"), "--out"),
                            (("--slurm", "--for", "10s", "--out", "x"), "30 s"),
                            (("--slurm", "--for", "soon", "--out", "x"), "soon"),
                            (("--slurm", "--seeds", "9..1", "--out", "x"), "9..1"),
                            (("--slurm", "--for", "30s", "--out", "x", "--tasks", "0"), "0"),
                            (("--slurm", "--for", "30s", "--out", "x", "--scenario", "absent"), "absent")):
            with self.subTest(words):
                self.assertIn(says, self.call(*words, code=2).stderr)
        self.assertIn("scripts/campaign --slurm", self.call("--help").stdout)

    def test_tasks_that_would_have_little_to_do_are_made_fewer(self):
        self.fake_slurm()
        done = self.campaign()
        self.assertIn("1 tasks, not 4", done.stderr)
        self.assertEqual(self.arrays(), ["--array=1"])
        self.assertEqual(json.loads(done.stdout)["seeds_run"], 40)
        self.assertEqual(sorted(file.name for file in (self.directory / "sweep").iterdir()),
                         ["campaign.scenario", "ledgersim", "log", "plan.json", "report", "shards", "slurm-jobs",
                          "task.sh"])

    def test_what_is_lost_is_submitted_again_and_what_goes_nowhere_is_given_up(self):
        self.plan_of_four()
        self.fail_at = "2:0 2:1 4:0"
        done = self.campaign("--partition", "small", "--account", "we", "--time", "1:00", "--sbatch=--qos=low")
        self.assertEqual(self.arrays(), ["--array=1-4", "--array=2,4", "--array=2"])
        self.assertIn("submitted again: 2,4", done.stderr)
        for word in ("--partition=small", "--account=we", "--time=1:00", "--qos=low"):
            self.assertIn(word, done.stderr)
        self.assertEqual(json.loads(done.stdout)["seeds_run"], 40)
        # The program that it began with is the one that goes on.
        self.assertEqual((self.directory / "sweep" / "ledgersim").read_bytes(),
                         pathlib.Path(LEDGERSIM).read_bytes())
        (self.directory / "sweep/shards/shard-00003-of-00004.state").unlink()
        self.fail_at = "3:always"
        (self.directory / "calls").write_text("")
        done = self.campaign(code=3)
        self.assertEqual(self.arrays(), ["--array=3"] * 3)
        self.assertIn("no progress in 3 submissions: shards 3; see", done.stderr)
        self.assertIn("missing of 4 shards: 3", done.stderr)
        self.assertEqual(json.loads(done.stdout)["seeds_run"], 30)

    def test_a_scheduler_that_refuses_is_told(self):
        self.fake_slurm()
        self.fake("sbatch", "echo 'sbatch: error: invalid partition' >&2; exit 1")
        self.assertIn("invalid partition", self.campaign(code=5).stderr)

    def test_a_simulator_that_is_not_there_or_does_not_run(self):
        self.fake_slurm()
        self.assertIn("cmake", self.call("--slurm", "--for", "30s", "--out", "x", "--ledgersim", "absent",
                                         code=5).stderr)
        self.scenario.write_text("nonsense\n")
        self.assertIn("campaign.scenario", self.campaign(code=2).stderr)


if __name__ == "__main__":
    LEDGERSIM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
