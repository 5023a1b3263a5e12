#!/usr/bin/env python3
"""ledgerctl snapshot: a ledger saved while it runs, verified, and restored as another cluster."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import unittest

from cluster import ClusterTest, FedImport


class Snapshot(ClusterTest):
    def save(self, name, *words, at=None):
        report = self.ctl("snapshot", "save", self.folder / name, "--json", *words, at=at).json()
        self.assertEqual(report["schema"], "ledger.snapshot-save/1")
        self.assertEqual(report["bytes"], (self.folder / name).stat().st_size)
        return report

    def verify(self, name):
        report = self.ctl("snapshot", "verify", self.folder / name, "--json").json()
        self.assertEqual((report["schema"], report["verdict"]), ("ledger.snapshot-verify/1", "ok"))
        return report

    def restore(self, name, at, *words):
        report = self.ctl("snapshot", "restore", self.folder / name, "--json", *words, at=at).json()
        self.assertEqual(report["schema"], "ledger.snapshot-restore/1")
        return report

    def chain_at(self, directory, index):
        """The hash of the chain there, by the files of a stopped node."""
        seen = self.ctl("log", "inspect", directory, "--index", index, "--json").json()
        return seen["records"][-1]["hash"]

    def events(self, at, *words):
        return self.ctl("read", "--all", "--json", *words, at=at).lines()

    def leftovers(self):
        return [path.name for path in [*self.dir.glob("copy*"), *self.folder.glob("*.new.*")]]

    def wide_input(self, appends, name, first=0):
        file = self.folder / name
        with open(file, "w", encoding="utf-8") as out:
            for number in range(first, first + appends):
                event = {"stream": f"s{number % 7}", "type": "made",
                         "data": {"number": number, "text": "x" * 1000}}
                out.write(json.dumps({"events": [event]}) + "\n")
        return file

    def node_refuses(self, data, cluster, node):
        """Started as a node of `cluster`, with these data."""
        daemon = pathlib.Path(os.environ["LEDGERCTL"]).with_name("ledgerd")
        done = subprocess.run([daemon, "run", "--node", str(node), "--data", data, "--cluster",
                               cluster, "--peers", f"{node}=127.0.0.1:1"], capture_output=True,
                              text=True, env=self.environment(), timeout=60)
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("data of another cluster", done.stderr)


class WhileItRuns(Snapshot):
    def test_saved_in_the_middle_of_appends_and_restored(self):
        old = self.up()["cluster"]
        appends = 4000
        importing = FedImport(self, self.input_file(appends), "--batch", "1")
        importing.feed_to(0.5)
        self.wait_for(lambda: max(n.get("events") or 0 for n in self.status()["nodes"]) > 100)
        acknowledged = self.append("mine", {"before": "the save"})
        saved = self.save("one.snapshot")
        self.assertEqual((saved["first"], saved["cut"]), (1, None))
        importing.finish()
        self.wait_for_all()
        again = self.save("two.snapshot", "--node", 2)
        self.assertGreater(again["index"], saved["index"])
        self.assertEqual(self.leftovers(), [])

        seen = self.verify("one.snapshot")
        for key in ("cluster", "index", "term", "entries", "chain", "bytes", "sha256"):
            self.assertEqual(seen[key], saved[key], key)
        self.assertEqual(seen["cluster"], old)
        self.assertGreater(seen["length"], acknowledged["position"])
        words = self.ctl("snapshot", "verify", self.folder / "one.snapshot")
        self.assertIn("ok: every byte is as it was written", words.out)
        self.assertEqual(words.errors, "", "no progress where nobody looks")

        target = self.folder / "restored"
        report = self.restore("one.snapshot", target)
        self.assertNotEqual(report["cluster"], old)
        self.assertEqual((report["saved_cluster"], report["nodes"]), (old, [1, 2, 3]))
        self.ctl("up", at=target)
        self.assertEqual(self.events(target), self.events(self.dir)[:seen["length"]])
        # Appends go on, in a stream that was there and with exactly-once where it was.
        number = seen["length"]
        after = self.ctl("append", "mine", "placed", "{}", "--json", "--expected", 0, at=target).json()
        self.assertEqual((after["revisions"], after["position"]), ([1], number))
        self.assertEqual(self.ctl("verify", "--json", at=target).json()["verdict"], "ok")
        members = self.ctl("member", "list", "--json", at=target).json()
        self.assertEqual(members["configuration"], saved["index"] + 1)

        self.ctl("down", at=target)
        self.ctl("down")
        for directory in (self.dir / "node1", target / "node1", target / "node3"):
            self.assertEqual(self.chain_at(directory, saved["index"]), saved["chain"])
        for node in (1, 2, 3):
            report = self.ctl("log", "verify", target / f"node{node}", "--json").json()
            self.assertEqual(report["condition"], "CLEAN")
        # Neither takes the other's nodes for its own.
        new = json.loads((target / "cluster.json").read_text())["cluster"]
        self.node_refuses(self.dir / "node1", new, 1)
        self.node_refuses(target / "node1", old, 1)

    def test_a_stopped_node_is_saved_as_its_disk_knows_it(self):
        self.up()
        self.append("orders", {"number": 1})
        self.wait_for_all()
        self.ctl("node", "kill", 3)
        self.append("orders", {"number": 2})
        # The dead one is passed over, unless it is named.
        newest = self.save("newest.snapshot")
        self.assertNotEqual(newest["node"], 3)
        self.assertTrue(newest["node_answered"])
        self.assertEqual(self.verify("newest.snapshot")["length"], 2)
        self.ctl("down")
        nobody = self.ctl("snapshot", "save", self.folder / "x", "--timeout", 1, expect=4)
        self.assertIn("--node N", nobody.errors)
        dead = self.ctl("snapshot", "save", self.folder / "dead.snapshot", "--node", 3, "--json")
        self.assertEqual((dead.json()["node"], dead.json()["node_answered"]), (3, False))
        self.assertIn("may lack the last appends", dead.errors)
        self.assertIn(self.verify("dead.snapshot")["length"], (0, 1))
        # Nobody says what the last group of a disk was worth: it is left out or in.
        self.save("stopped.snapshot", "--node", 1)
        self.assertIn(self.verify("stopped.snapshot")["length"], (1, 2))
        self.ctl("snapshot", "save", self.folder / "x", "--node", 9, expect=2)
        self.ctl("snapshot", "save", self.folder / "nowhere" / "x", "--node", 1, expect=5)
        self.assertFalse((self.folder / "x").exists())

    def test_a_witness_is_passed_over(self):
        self.up("--nodes", 2)
        self.append("orders", {"number": 1})
        self.ctl("member", "add", "--witness")
        self.append("orders", {"number": 2})
        self.wait_for_all()
        self.assertNotEqual(self.save("one.snapshot")["node"], 3)
        refused = self.ctl("snapshot", "save", self.folder / "x", "--node", 3, expect=6)
        self.assertIn("n3 is a witness", refused.errors)
        self.assertFalse((self.folder / "x").exists())
        # The new members are all voters that hold data, whatever the old ones were.
        target = self.folder / "restored"
        self.restore("one.snapshot", target)
        self.ctl("up", at=target)
        members = self.ctl("member", "list", "--json", at=target).json()["members"]
        self.assertEqual([(m["voter"], m["witness"]) for m in members], [(True, False)] * 3)
        self.assertEqual([e["data"]["number"] for e in self.events(target)], [1, 2])

    def test_one_node_becomes_five_and_one_again(self):
        self.up("--nodes", 1)
        self.append("orders", {"number": 1})
        self.save("one.snapshot")
        five = self.folder / "five"
        self.restore("one.snapshot", five, "--nodes", 5)
        self.ctl("up", at=five)
        self.ctl("node", "kill", 1, at=five)
        self.ctl("node", "kill", 2, at=five)
        self.ctl("append", "orders", "placed", '{"number":2}', at=five)
        self.save("five.snapshot", at=five)
        one = self.folder / "one"
        self.restore("five.snapshot", one, "--nodes", 1)
        self.ctl("up", at=one)
        self.assertEqual([e["data"]["number"] for e in self.events(one)], [1, 2])

    def test_a_killed_save_leaves_nothing_under_the_name(self):
        self.up("--nodes", 1)
        self.ctl("import", self.wide_input(20_000, "input.jsonl"))
        target = self.folder / "killed.snapshot"
        process = self.start("snapshot", "save", target)
        self.wait_for(lambda: list(self.folder.glob("killed.snapshot.new.*")))
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertFalse(target.exists())
        self.assertNotEqual(self.leftovers(), [])
        # The next one takes away what it left.
        self.save("killed.snapshot")
        self.verify("killed.snapshot")
        self.assertEqual(self.leftovers(), [])


class Damage(Snapshot):
    def flip(self, name, offset, bit=0x20):
        with open(self.folder / name, "r+b") as out:
            out.seek(offset)
            byte = out.read(1)[0]
            out.seek(offset)
            out.write(bytes([byte ^ bit]))

    def test_damaged_files_are_named_and_not_restored(self):
        self.up("--nodes", 1)
        for number in range(20):
            self.append("orders", {"number": number})
        size = self.save("good.snapshot")["bytes"]
        for offset in (0, 40, 200, size // 2, size - 1):
            shutil.copy(self.folder / "good.snapshot", self.folder / "bad.snapshot")
            self.flip("bad.snapshot", offset)
            bad = self.ctl("snapshot", "verify", self.folder / "bad.snapshot", "--json", expect=9)
            self.assertEqual(bad.json()["schema"], "ledger.error/1")
            self.assertIn("bad.snapshot: byte ", bad.errors)
            target = self.folder / "target"
            self.ctl("snapshot", "restore", self.folder / "bad.snapshot", at=target, expect=9)
            self.assertFalse(target.exists())
        shutil.copy(self.folder / "good.snapshot", self.folder / "short.snapshot")
        os.truncate(self.folder / "short.snapshot", size - 8)
        self.ctl("snapshot", "verify", self.folder / "short.snapshot", expect=9)
        self.ctl("snapshot", "verify", self.folder / "none.snapshot", expect=11)

    def test_a_damaged_log_is_not_saved(self):
        self.up("--nodes", 1)
        self.ctl("import", self.wide_input(200, "input.jsonl"))
        self.ctl("down")
        log = self.dir / "node1" / "log" / "00000001.segment"
        with open(log, "r+b") as out:
            out.seek(20_000)
            byte = out.read(1)[0]
            out.seek(20_000)
            out.write(bytes([byte ^ 1]))
        self.ctl("snapshot", "save", self.folder / "x", "--node", 1, expect=9)
        self.assertFalse((self.folder / "x").exists())
        self.assertEqual(self.leftovers(), [])

    def test_nothing_is_restored_over_data(self):
        self.up("--nodes", 1)
        self.append("orders", {"number": 1})
        self.save("one.snapshot")
        refused = self.ctl("snapshot", "restore", self.folder / "one.snapshot", expect=6)
        self.assertIn("is not empty", refused.errors)
        other = self.folder / "other"
        other.mkdir()
        (other / "note").write_text("mine")
        self.ctl("snapshot", "restore", self.folder / "one.snapshot", at=other, expect=6)
        self.assertEqual([path.name for path in other.iterdir()], ["note"])

    def test_a_killed_restore_is_recognised(self):
        self.up("--nodes", 1)
        self.ctl("import", self.wide_input(20_000, "input.jsonl"))
        self.save("big.snapshot")
        target = self.folder / "target"
        process = subprocess.Popen(self.command("snapshot", "restore", self.folder / "big.snapshot",
                                                at=target), env=self.environment())
        self.addCleanup(process.wait)
        self.wait_for(lambda: list(target.glob("node1.restoring/log/*.segment")))
        process.send_signal(signal.SIGKILL)
        process.wait()
        for words in (("up",), ("status",), ("snapshot", "save", self.folder / "x", "--node", 1)):
            refused = self.ctl(*words, at=target, expect=5)
            self.assertIn("did not come to its end", refused.errors)
        self.ctl("snapshot", "restore", self.folder / "big.snapshot", at=target, expect=6)
        self.assertFalse((target / "node1").exists())
        shutil.rmtree(target)
        self.restore("big.snapshot", target)
        self.ctl("up", at=target)
        self.assertEqual(len(self.events(target, "--from", 19_990)), 10)

    def test_help_begins_with_an_example(self):
        for verb in ("save", "verify", "restore"):
            words = self.ctl("snapshot", verb, "--help").out
            self.assertTrue(words.startswith(f"Example: ledgerctl snapshot {verb} "), words)
            self.ctl("snapshot", verb, expect=2)
        self.ctl("snapshot", expect=2)


class BehindACut(Snapshot):
    def environment(self):
        return {**super().environment(), "LEDGER_CUT_EVERY": "500", "LEDGER_RETAIN": "600",
                "LEDGER_SEGMENT_SIZE": "1MiB"}

    def test_a_log_that_begins_behind_a_cut(self):
        self.up()
        self.ctl("import", self.wide_input(2500, "first.jsonl"), "--batch", 1)
        self.wait_for(lambda: all(not (self.dir / f"node{n}/log/00000001.segment").exists()
                                  for n in (1, 2, 3)))
        importing = FedImport(self, self.wide_input(1500, "second.jsonl", 2500), "--batch", "1")
        importing.feed_to(0.5)
        saved = [self.save(f"{n}.snapshot") for n in range(3)]
        importing.finish()
        self.wait_for_all()
        agreed = self.ctl("verify", "--json").json()
        self.assertEqual((agreed["verdict"], agreed["compared_replicas"]), ("ok", 3))
        self.assertTrue(all(node["first"] > 1 for node in agreed["nodes"]), agreed)
        for number, report in enumerate(saved):
            self.assertGreater(report["first"], 1)
            self.assertTrue(report["first"] - 1 <= report["cut"] <= report["index"], report)
            seen = self.verify(f"{number}.snapshot")
            self.assertTrue(seen["cut_agreed"])
            self.assertGreater(seen["first_event"], 0)

        target = self.folder / "restored"
        self.restore("2.snapshot", target)
        self.ctl("up", at=target)
        mine = self.events(target, "--from", seen["first_event"])
        self.assertEqual([event["data"]["number"] for event in mine],
                         list(range(seen["first_event"], seen["length"])))
        gone = self.ctl("read", "--all", "--from", 0, "--count", 1, "--json", at=target)
        self.assertEqual(gone.lines()[0], {"schema": "ledger.trimmed/1", "first": seen["first_event"]})
        self.assertEqual(gone.lines()[1]["position"], seen["first_event"])
        self.assertIn(f"the ledger begins at position {seen['first_event']}", gone.errors)
        # All three disks agree, and hold what can be read.
        self.assertEqual(self.ctl("verify", "--json", at=target).json()["verdict"], "ok")
        exported = self.ctl("export", "--node", 2, at=target).lines()
        held = [(event["position"], event["data"]) for event in exported]
        self.assertEqual(held[-len(mine):], [(e["position"], e["data"]) for e in mine])
        self.assertEqual([position for position, _ in held],
                         list(range(held[0][0], seen["length"])))
        # The streams go on where they were, and the new cluster makes and forgets cuts of its own.
        more = self.wide_input(2500, "third.jsonl", seen["length"])
        self.ctl("import", more, "--batch", 1, at=target)
        self.wait_for(lambda: not (target / "node1/log/00000001.segment").exists())
        last = self.events(target, "--backward", "--count", 1)[0]
        self.assertEqual(last["data"]["number"], seen["length"] + 2499)
        self.save("again.snapshot", at=target)
        self.assertEqual(self.verify("again.snapshot")["length"], seen["length"] + 2500)


if __name__ == "__main__":
    unittest.main()
