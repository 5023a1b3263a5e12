#!/usr/bin/env python3
"""A campaign on a real Slurm of three nodes on loopback: found, lost, taken up again, merged.

usage: campaign_slurm_test.py LEDGERSIM [unittest arguments]
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CAMPAIGN = ROOT / "scripts" / "campaign"
sys.path.insert(0, str(ROOT / "scripts"))
sys.dont_write_bytecode = True
from local_slurm import LocalSlurm, descendants, kill, missing_programs, variable_of  # noqa: E402

LEDGERSIM = ""
SKIPPED = 77
# Every second run of it finds something: the planted bug.
SCENARIO = """scenario 1
name     planted
cluster  voters=3
[swarm]
faults.for       = 1s
net.loss         = 1%
nemesis.interval = 200ms
nemesis.duration = 100ms
check.canary     = 1
[workload]
clients    = 3
operations = 60
"""


class Slurm(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = pathlib.Path(temporary.name)
        self.scenario = self.directory / "planted.scenario"
        self.scenario.write_text(SCENARIO)
        self.out = self.directory / "sweep"
        self.begun = []

    def tearDown(self):
        for process in self.begun:
            if process.poll() is None:
                process.kill()
                process.wait()

    def begin(self, *words, environment=None):
        process = subprocess.Popen(
            [CAMPAIGN, *words, "--ledgersim", LEDGERSIM, "--scenario", self.scenario, "--out", self.out,
             "--task-seconds", "1", "--shrink", "off", "--json"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.begun.append(process)
        return process

    def wait_for(self, what, value, process, limit=90):
        deadline = time.monotonic() + limit
        while True:
            found = value()
            if found:
                return found
            if process.poll() is not None:
                self.fail(f"{what}: it ended with {process.returncode}\n{process.communicate()}")
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.1)

    def one_machine(self, seeds):
        folder = self.directory / "one"
        subprocess.run([LEDGERSIM, "campaign", "--seeds", seeds, "--scenario",
                        self.out / "campaign.scenario", "--shrink", "off", "--out", folder],
                       capture_output=True)
        return folder

    def same_report(self, one, other):
        names = {file.name for file in one.iterdir()} - {"campaign.state"}
        self.assertEqual(names, {file.name for file in other.iterdir()})
        for name in names - {"timings.html", "timings.json"}:
            self.assertEqual((one / name).read_bytes(), (other / name).read_bytes(), name)

    def test_a_planted_bug_is_found_though_a_node_and_a_task_die(self):
        seeds = "1..3000"
        with LocalSlurm(nodes=3, cpus=1) as cluster:
            process = self.begin("--slurm", "--tasks", "3", "--seeds", seeds, environment=cluster.environment)

            def simulating():
                """The shard and the process of each node that simulates already."""
                found = {}
                for node in cluster.nodes:
                    for one in sorted(cluster.processes_of(node)):
                        shard = variable_of(one, "SLURM_ARRAY_TASK_ID")
                        file = self.out / "shards" / f"shard-{int(shard or 0):05}-of-00003.state"
                        if os.path.basename(self.program(one)) == "ledgersim" and file.exists():
                            found.setdefault(node, (int(shard), one))
                return found if len(found) == 3 else None

            at = self.wait_for("all nodes simulate", simulating, process)
            # The power of one node fails; on another one somebody kills the task.
            cluster.kill_node("vn2")
            kill(at["vn3"][1], signal.SIGKILL)
            out, said = process.communicate(timeout=240)
            self.assertEqual(process.returncode, 1, said)
            log = self.out / "log"
            for number in (1, 2, 3):
                self.assertIn(f"shard {number} of 3", (log / f"shard-{number}.log").read_text())
        self.assertIn("sbatch --parsable --array=1-3 ", said)
        # Slurm itself gives the work of a dead node to another one; a task that failed is our part.
        self.assertIn(f"submitted again: {at['vn3'][0]}", said)
        *findings, totals = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(totals["schema"], "ledgersim.campaign/1")
        self.assertEqual((totals["verdict"], totals["seeds_run"]), ("violated", 3000))
        self.assertIn("canary", [found["violation"]["check"] for found in findings])
        for found in findings:
            capsule = self.out / "report" / found["capsule"]
            replayed = subprocess.run([LEDGERSIM, "replay", capsule, "--expect"], capture_output=True)
            self.assertEqual(replayed.returncode, 0, replayed.stderr)
        self.same_report(self.one_machine(seeds), self.out / "report")

    @staticmethod
    def program(process):
        try:
            return os.readlink(f"/proc/{process}/exe")
        except OSError:
            return ""

    def test_the_local_cluster_ends_with_the_campaign_and_the_campaign_goes_on_in_another(self):
        words = ("--local-slurm", "--local-nodes", "2", "--tasks", "2", "--seeds", "1..600")
        process = self.begin(*words)
        self.wait_for("a task simulates", lambda: list(self.out.glob("shards/*.state")), process)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 130, said)
        self.assertEqual(descendants(os.getpid()), set())
        process = self.begin(*words)
        out, said = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 1, said)
        self.assertEqual(descendants(os.getpid()), set())
        self.assertEqual(json.loads(out.splitlines()[-1])["seeds_run"], 600)
        # It is done; and another campaign does not go there.
        process = self.begin(*words)
        again, said = process.communicate(timeout=60)
        self.assertNotIn("sbatch", said)
        self.assertEqual(process.returncode, 1, said)
        self.assertEqual(json.loads(again.splitlines()[-1])["seeds_run"], 600)
        process = self.begin(*words[:-1], "1..601")
        said = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 2, said)
        self.assertIn("seeds differ", said)


if __name__ == "__main__":
    LEDGERSIM = sys.argv.pop(1)
    if missing_programs():
        print(f"skipped: Slurm is not installed ({', '.join(missing_programs())}): scripts/setup --slurm")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
