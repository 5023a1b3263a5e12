#!/usr/bin/env python3
"""scripts/demo around stand-ins for its programs: does it notice a replica that is not equal?"""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Exports what five replicas would hold; SPOIL says what goes wrong on the third one.
STAND_IN = r"""#!/usr/bin/env python3
import json, os, sys
given = dict(zip(sys.argv[2::2], sys.argv[3::2]))
assert sys.argv[1] == "run" and given["--nodes"] == "5", sys.argv
spoil = os.environ.get("SPOIL", "")
if spoil == "violated":
    sys.exit(1)
os.mkdir(given["--export-dir"])
events = [e for line in open(given["--input"]) for e in json.loads(line)["events"]]
for node in range(1, 6):
    mine = list(events)
    if node == 3 and spoil == "lost":
        mine.pop()
    if node == 3 and spoil == "twice":
        mine.append(mine[-1])
    revisions = {}
    with open(f'{given["--export-dir"]}/n{node}.jsonl', "w") as out:
        for position, event in enumerate(mine):
            revision = revisions[event["stream"]] = revisions.get(event["stream"], -1) + 1
            data = dict(event["data"])
            if node == 3 and spoil == "changed" and "mode" in data:
                data["mode"] = "100755"
            json.dump({"position": position, "stream": event["stream"], "revision": revision,
                       "type": event["type"], "data": data}, out)
            out.write("\n")
print("seed", given["--seed"])
"""

# Three "processes": somebody is killed before all of the input was given. SPOIL2 says what goes wrong.
CTL_STAND_IN = r"""#!/usr/bin/env python3
import json, os, pathlib, sys
words = sys.argv[1:]
assert words[-2] == "--dir", words
cluster, words = pathlib.Path(words[-1]), words[:-2]
spoil = os.environ.get("SPOIL2", "")
verb = " ".join(words[:2]) if words[0] == "node" else words[0]
cluster.mkdir(exist_ok=True)
with open(cluster.parent.parent / "said", "a") as said:
    said.write(" ".join(words[:3] if verb == "node kill" else [verb]) + "\n")
if verb == "import":
    assert words[1] == "-" and words[2] == "--progress", words
    text = sys.stdin.read()
    assert (cluster / "killed").exists(), "all of the input came before anybody was killed"
    (cluster / "input").write_text(text)
    print("imported")
    sys.exit(7 if spoil == "unknown" else 0)
elif verb == "status":
    events = (cluster / "input").read_text().count('"stream":') if (cluster / "input").exists() else 0
    print(json.dumps({"nodes": [{"node": 1, "events": 0}, {"node": 2, "events": events}]},
                     separators=(",", ":")))
    sys.exit(1)
elif verb == "node kill":
    if spoil == "immortal":
        sys.exit(4)
    (cluster / "killed").touch()
elif verb == "verify":
    sys.exit(9 if spoil == "damaged" else 0)
elif verb == "export":
    given = dict(zip(words[1::2], words[2::2]))
    revisions = {}
    lines = (cluster / "input").read_text().splitlines()
    events = [e for line in lines for e in json.loads(line)["events"]]
    if spoil == "lost" and given["--node"] == "2":
        events.pop()
    with open(given["--output"], "w") as out:
        for position, event in enumerate(events):
            revision = revisions[event["stream"]] = revisions.get(event["stream"], -1) + 1
            out.write(json.dumps({"position": position, "stream": event["stream"], "revision": revision,
                                  "type": event["type"], "data": event["data"]}) + "\n")
"""


class Demo(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve() / "tree"
        (self.root / "scripts").mkdir(parents=True)
        (self.root / "build/release/bin").mkdir(parents=True)
        (self.root / "build/release/build.ninja").write_text("")
        for name in ("demo", "git-events"):
            shutil.copy(ROOT / "scripts" / name, self.root / "scripts" / name)
        self.executable("scripts/setup", "#!/bin/sh\n")
        self.executable("tools/cmake", "#!/bin/sh\n")
        self.executable("build/release/bin/ledgersim", STAND_IN)
        self.executable("build/release/bin/ledgerctl", CTL_STAND_IN)

    def executable(self, path, text):
        file = self.root / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)

    def make_repository(self, folder):
        git = ["git", "-C", folder, "-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "init", "-q", folder], check=True)
        for number in range(3):
            pathlib.Path(folder, f"file {number}").write_text(str(number))
            subprocess.run([*git, "add", f"file {number}"], check=True)
            subprocess.run([*git, "commit", "-q", "-m", f"commit {number}"], check=True)

    def demo(self, *arguments, **variables):
        environment = {**os.environ, "PATH": f"{self.root}/tools:{os.environ['PATH']}", "EVENTS": "300",
                       "GIT_CEILING_DIRECTORIES": str(self.root.parent), **variables}
        result = subprocess.run([self.root / "scripts" / "demo", *arguments], capture_output=True,
                                text=True, env=environment)
        return result.returncode, result.stdout, result.stderr

    def said(self):
        """The verbs that ledgerctl heard."""
        return (self.root / "build" / "demo" / "said").read_text().splitlines()

    def kept(self):
        return list((self.root / "build" / "demo").glob("run.*"))

    def test_its_own_history_is_used_and_every_replica_compared(self):
        self.make_repository(self.root)
        code, output, errors = self.demo(EVENTS="")
        self.assertEqual(code, 0, errors)
        self.assertIn("demo: 10002 appends", errors)  # 3 commits of 2 events, 20 000 events
        self.assertIn("seed 7", output)
        for node in range(1, 6):
            self.assertIn(f"n{node} equal (3 paths)", output)
        self.assertIn("all 5 replicas are equal to git", output)
        self.assertIn("all 3 processes are equal to git", output)
        self.assertIn(f"the history of {self.root}", errors)
        self.assertEqual(self.kept(), [])

    def test_without_git_a_sample_says_that_it_is_one(self):
        code, output, errors = self.demo(SEED="11")
        self.assertEqual(code, 0, errors)
        self.assertIn("SAMPLE", errors)
        self.assertIn("seed 11", output)
        self.assertIn("n5 equal", output)

    def test_an_archive_inside_another_repository_does_not_take_its_history(self):
        self.make_repository(self.root.parent)
        code, _, errors = self.demo(GIT_CEILING_DIRECTORIES="")
        self.assertEqual(code, 0, errors)
        self.assertIn("SAMPLE", errors)

    def test_another_repository_can_be_given(self):
        other = self.root.parent / "other one"
        self.make_repository(other)
        code, output, errors = self.demo(str(other))
        self.assertEqual(code, 0, errors)
        self.assertIn("n1 equal (3 paths)", output)
        self.assertIn("other one", errors)

    def test_a_replica_that_differs_fails_the_demo(self):
        self.make_repository(self.root)
        for spoil, word in [("lost", "has 2 of 3 events"), ("twice", "nobody sent"),
                            ("changed", "is not the event that was sent")]:
            with self.subTest(spoil=spoil):
                code, output, _ = self.demo(SPOIL=spoil)
                self.assertEqual(code, 1)
                self.assertIn("n2 equal", output)
                self.assertRegex(output, f"n3 DIFFERENT.*{word}")
                self.assertIn("n4 equal", output)
                self.assertIn("SEED=7 scripts/demo", output)
        self.assertEqual(len(self.kept()), 3)

    def test_a_violated_run_fails_the_demo(self):
        code, _, errors = self.demo(SPOIL="violated")
        self.assertEqual(code, 1)
        self.assertIn("exit code 1", errors)

    def test_the_leader_is_killed_during_the_import_and_started_again(self):
        self.make_repository(self.root)
        code, output, errors = self.demo(PART="2", KILL_AT="40")
        self.assertEqual(code, 0, errors)
        self.assertIn("SIGKILL at 40 % of the import", output)
        self.assertNotIn("seed 7", output)
        for node in range(1, 4):
            self.assertIn(f"n{node} equal (3 paths)", output)
        self.assertIn("all 3 processes are equal to git", output)
        said = [verb for verb in self.said() if verb not in ("status", "import")]
        self.assertEqual(said, ["up", "node kill leader", "up", "verify", "export", "export", "export",
                                "down"])
        self.assertEqual(self.kept(), [])

    def test_all_processes_can_be_the_victims(self):
        code, _, errors = self.demo(PART="2", VICTIM="all")
        self.assertEqual(code, 0, errors)
        self.assertEqual([verb for verb in self.said() if verb.startswith("node")],
                         ["node kill 1", "node kill 2", "node kill 3"])

    def test_what_goes_wrong_with_the_processes_fails_the_demo(self):
        for spoil, expected in [("lost", 1), ("unknown", 7), ("damaged", 9), ("immortal", 1)]:
            with self.subTest(spoil=spoil):
                code, output, _ = self.demo(PART="2", KILL_AT="30", SPOIL2=spoil)
                self.assertEqual(code, expected, output)
                self.assertEqual(self.said()[-1], "down")
                self.assertNotIn("all 3 processes", output)
        self.assertEqual(len(self.kept()), 4)

    def test_mistakes_are_usage_errors(self):
        self.assertEqual(self.demo(PART="3")[0], 2)
        self.assertEqual(self.demo(VICTIM="4")[0], 2)
        self.assertEqual(self.demo(KILL_AT="100")[0], 2)
        self.assertEqual(self.demo("--fast")[0], 2)
        self.assertEqual(self.demo("a", "b")[0], 2)
        self.assertEqual(self.demo(SEED="x")[0], 2)
        self.assertEqual(self.demo(EVENTS="0")[0], 2)
        code, _, errors = self.demo("/no/such/repository")
        self.assertEqual(code, 2)
        self.assertIn("not a git repository", errors)


if __name__ == "__main__":
    unittest.main()
