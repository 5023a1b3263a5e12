"""A cluster of real processes for one test, through ledgerctl alone."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

LEDGERCTL = os.environ["LEDGERCTL"]


class Outcome:
    def __init__(self, process):
        self.code, self.out, self.errors = process.returncode, process.stdout, process.stderr

    def json(self):
        return json.loads(self.out)

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def __repr__(self):
        return f"exit {self.code}\n{self.out}{self.errors}"


class FedImport:
    """An import that reads from a pipe: it cannot be over before the test has given it the rest."""

    def __init__(self, test, file, *words):
        self.lines = file.read_bytes().splitlines(keepends=True)
        self.given = 0
        progress = test.folder / f"{file.name}.progress"
        self.process = test.start("import", "-", "--progress", progress, "--json", *words,
                                  stdin=subprocess.PIPE, text=False)
        test.addCleanup(self.process.stdin.close)

    def feed_to(self, share):
        """Waits while the pipe is full. What is in the pipe is still on its way."""
        end = int(share * len(self.lines))
        self.process.stdin.write(b"".join(self.lines[self.given:end]))
        self.process.stdin.flush()
        self.given = max(self.given, end)

    def finish(self):
        """The rest; gives what the import said."""
        self.feed_to(1)
        out, errors = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, (self.process.returncode, errors)
        return json.loads(out)


class ClusterTest(unittest.TestCase):
    """Every test has a directory of its own; nothing it started outlives it."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="event-ledger-test."))
        self.dir = self.folder / "cluster"
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(self.end_all)

    def end_all(self):
        """Not through ledgerctl, which may be what is broken: by what cluster.json says."""
        for file in self.folder.glob("**/cluster.json"):
            for node in json.loads(file.read_text())["nodes"]:
                try:
                    command = pathlib.Path(f"/proc/{node['pid']}/cmdline").read_bytes()
                    if str(file.parent).encode() in command:
                        os.kill(node["pid"], signal.SIGKILL)
                except (OSError, ProcessLookupError):
                    pass

    def environment(self):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("LEDGER_")}
        return {**kept, "XDG_DATA_HOME": str(self.folder / "data")}

    def command(self, *words, at=None):
        return [LEDGERCTL, *map(str, words), "--dir", str(at or self.dir)]

    def ctl(self, *words, at=None, expect=0, text=None):
        process = subprocess.run(self.command(*words, at=at), capture_output=True, text=True,
                                 input=text, env=self.environment(), timeout=120)
        outcome = Outcome(process)
        if expect is not None:
            self.assertEqual(outcome.code, expect, outcome)
        return outcome

    def start(self, *words, **options):
        """In the background."""
        process = subprocess.Popen(self.command(*words), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=self.environment(),
                                   **{"text": True, **options})
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def up(self, *words):
        return self.ctl("up", "--json", *words).json()

    def status(self, expect=0):
        return self.ctl("status", "--json", expect=expect).json()

    def wait_for(self, what, seconds=20):
        """Until what() is true; the answer is that truth."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := what():
                return found
            time.sleep(0.02)
        self.fail("it did not come true in time")

    def wait_for_health(self, health):
        return self.wait_for(lambda: self.status(expect=None)["health"] == health)

    def wait_for_all(self):
        """Until every node answers and has applied what is committed."""
        def even():
            nodes = self.status(expect=None)["nodes"]
            return len({(n.get("applied"), n.get("commit")) for n in nodes}) == 1 and \
                nodes[0].get("applied") is not None
        self.wait_for(even, 60)

    def append(self, stream, data, *words, expect=0):
        return self.ctl("append", stream, "placed", json.dumps(data), "--json", *words, expect=expect).json()

    def read_all(self):
        return self.ctl("read", "--all", "--json").lines()

    def input_file(self, appends, name="input.jsonl"):
        """`appends` lines of two events each, with expectations that a repetition would break."""
        file = self.folder / name
        with open(file, "w", encoding="utf-8") as out:
            for number in range(appends):
                expected = {"exact": number - 1} if number else "none"
                events = [{"stream": "counter", "type": "counted", "expected": expected,
                           "data": {"number": number}},
                          {"stream": f"own/{number}", "type": "made", "expected": "none",
                           "data": [number, "ü"]}]
                out.write(json.dumps({"events": events}) + "\n")
        return file

    def check_imported(self, appends, node=None):
        where = ["--node", node] if node else []
        events = self.ctl("export", *where).lines()
        self.assertEqual([event["position"] for event in events], list(range(2 * appends)))
        self.assertEqual([event["data"]["number"] for event in events[::2]], list(range(appends)))
        self.assertEqual([event["data"] for event in events[1::2]],
                         [[number, "ü"] for number in range(appends)])
