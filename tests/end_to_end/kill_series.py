#!/usr/bin/env python3
"""kill_series: the import into three processes with SIGKILLs in its middle, again and again.

  LEDGERCTL=build/release/bin/ledgerctl tests/end_to_end/kill_series.py
  ... kill_series.py --rounds 50 --two 10 --all 10      what is repeated, and how often
  ... kill_series.py --one-round two:4711               one round again, by what it printed

A round imports a git history (a generated sample where there is none) through a pipe, so that the
import is at work whenever somebody is killed:
  one   one node, the leader every other time, is killed when 20 to 80 % of the input were given
  two   two nodes one after the other; the first may be back by then, or may not
  all   all three
Then everybody is started again and the import finishes. The chains of all replicas must agree, and
the ledger of each must hold every acknowledged append once, in order, and fold to the very tree
that `git ls-tree -r` prints.

Exit: 0 all equal, 1 something differs, 2 usage.
"""
import argparse
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

from cluster import ClusterTest, FedImport

ROOT = pathlib.Path(__file__).resolve().parents[2]
GIT_EVENTS = ROOT / "scripts" / "git-events"
NODES = (1, 2, 3)


class Source:
    """The appends of every round, and the tree that they fold to."""

    def __init__(self, folder, events):
        self.events = folder / "events.jsonl"
        self.tree = folder / "expected.tree"
        history = subprocess.run(["git", "-C", ROOT, "rev-parse", "--verify", "--quiet", "HEAD"],
                                 capture_output=True, text=True)
        if history.returncode == 0:
            self.write(self.events, ROOT, "--repeat-to", events)
            self.write_tree(history.stdout.strip())
            self.name = f"the history of this repository up to {history.stdout[:12]}"
        else:
            self.write(self.events, "--sample", events)
            self.write(self.tree, "--sample", events, "--sample-tree")
            self.name = "a generated sample"
        self.appends = self.events.read_text().count("\n")

    def write(self, file, *words):
        with open(file, "wb") as out:
            subprocess.run([GIT_EVENTS, *map(str, words)], stdout=out, check=True)

    def write_tree(self, commit):
        with open(self.tree, "wb") as out:
            subprocess.run(["git", "-c", "core.quotePath=true", "-C", ROOT, "ls-tree", "-r",
                            "--full-tree", commit], stdout=out, check=True)


class Round(ClusterTest):
    """One cluster, one import, some deaths. Everything random is drawn from the seed."""

    def play(self, source, variant, seed):
        draw = random.Random(f"{variant}:{seed}")
        self.killed = []
        self.up()
        batch = draw.choice((1, 4, 16))
        self.importing = FedImport(self, source.events, "--batch", batch)
        {"one": self.kill_one, "two": self.kill_two, "all": self.kill_all}[variant](draw)
        said = self.importing.finish()
        self.up()
        self.check(source, said)
        self.ctl("down")
        return said["appends"]

    def kill(self, draw, other_than=None):
        """The leader every other time; the victim's number."""
        victim = draw.choice(("leader", draw.choice(NODES)))
        if other_than is not None:
            victim = draw.choice([node for node in NODES if node != other_than])
        killed = self.ctl("node", "kill", victim, "--timeout", 30, "--json").json()["node"]
        self.killed.append("leader" if victim == "leader" else f"n{killed}")
        return killed

    def revive(self, draw, *nodes):
        time.sleep(draw.uniform(0, 0.4))  # a moment of the draw, waited for by nobody
        for node in nodes:
            self.ctl("node", "restart", node)

    def kill_one(self, draw):
        self.importing.feed_to(draw.uniform(0.2, 0.8))
        victim = self.kill(draw)
        if draw.random() < 0.5:  # else it comes back when the import is over
            self.revive(draw, victim)

    def kill_two(self, draw):
        first_at, second_at = sorted((draw.uniform(0.2, 0.8), draw.uniform(0.2, 0.8)))
        self.importing.feed_to(first_at)
        first = self.kill(draw)
        if draw.random() < 0.5:
            self.revive(draw, first)
            self.importing.feed_to(second_at)
            second = self.kill(draw)
            self.revive(draw, second)
        else:
            second = self.kill(draw, other_than=first)
            self.revive(draw, *draw.sample((first, second), 2))

    def kill_all(self, draw):
        self.importing.feed_to(draw.uniform(0.2, 0.8))
        for node in draw.sample(NODES, 3):
            self.ctl("node", "kill", node)
        self.killed += ["all"]
        self.revive(draw, *draw.sample(NODES, 3))

    def check(self, source, said):
        self.assertEqual((said["appends"] + said["known"], said["lines"]), (source.appends,) * 2)
        self.wait_for_all()
        verified = self.ctl("verify", "--json").json()
        self.assertEqual((verified["verdict"], verified["compared_replicas"]), ("ok", 3), verified)
        for node in NODES:
            ledger = self.folder / f"n{node}.jsonl"
            self.ctl("export", "--node", node, "--output", ledger)
            fold = subprocess.run([GIT_EVENTS, "--fold", ledger, "--against", source.events],
                                  capture_output=True)
            self.assertEqual(fold.returncode, 0, f"n{node}: {fold.stderr.decode()}")
            self.assertTrue(fold.stdout == source.tree.read_bytes(), f"n{node}: another tree")


def play(source, variant, seed):
    """The acknowledged appends, or None if something was not as it must be."""
    the_round = Round()
    began = time.monotonic()
    kept = ""
    try:
        the_round.setUp()
        appends = the_round.play(source, variant, seed)
        verdict = "equal"
    except Exception:  # pylint: disable=broad-except
        traceback.print_exc()
        appends, verdict = None, "DIFFERENT"
        kept = tempfile.mkdtemp(prefix="event-ledger-kill.")
        the_round.end_all()
        shutil.copytree(the_round.folder, kept, dirs_exist_ok=True)
        kept = f", kept in {kept}"
    finally:
        the_round.doCleanups()
    print(f"{variant}:{seed}  {verdict}  killed {' '.join(the_round.killed)}"
          f"  {time.monotonic() - began:.1f} s{kept}", flush=True)
    return appends


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=50, metavar="N", help="rounds of one kill")
    parser.add_argument("--two", type=int, default=10, metavar="N", help="two kills in a row")
    parser.add_argument("--all", type=int, default=10, metavar="N", help="kills of all three")
    parser.add_argument("--events", type=int, default=20_000, metavar="N", help="events per round")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), metavar="N")
    parser.add_argument("--one-round", metavar="VARIANT:SEED", help="only this one")
    options = parser.parse_args(words)
    if options.one_round:
        variant, _, seed = options.one_round.partition(":")
        if variant not in ("one", "two", "all") or not seed.isdigit():
            parser.error("--one-round takes one:SEED, two:SEED or all:SEED")
        options.plan = [(variant, int(seed))]
    else:
        options.plan = [(variant, options.seed + number) for variant, count in
                        (("one", options.rounds), ("two", options.two), ("all", options.all))
                        for number in range(count)]
    return options


def main(words):
    options = parse(words)
    with tempfile.TemporaryDirectory(prefix="event-ledger-test.") as folder:
        source = Source(pathlib.Path(folder), options.events)
        print(f"{source.appends} appends per round from {source.name}", flush=True)
        results = [play(source, *each) for each in options.plan]
    different = results.count(None)
    print(f"kill series: {len(results)} rounds, {len(results) - different} equal, "
          f"{different} different; {sum(filter(None, results))} acknowledged appends, all found once")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
