#!/usr/bin/env python3
"""ledgerctl log: the files of stopped nodes, shown and verified without a change to any of them, and
mended where they say so twice."""
import hashlib
import json
import shutil
import unittest

from cluster import ClusterTest

SECTOR = 512


class Log(ClusterTest):
    def environment(self):
        return {**super().environment(), "LEDGER_CUT_EVERY": "500", "LEDGER_RETAIN": "2000",
                "LEDGER_SEGMENT_SIZE": "1MiB"}

    def make_cluster(self):
        """Several segments, and a cut on every node; then all of them are stopped."""
        file = self.folder / "input.jsonl"
        with open(file, "w", encoding="utf-8") as out:
            for number in range(2500):
                event = {"stream": f"s{number % 7}", "type": "made",
                         "data": {"number": number, "text": "x" * 800}}
                out.write(json.dumps({"events": [event]}) + "\n")
        self.up()
        self.ctl("import", file, "--batch", 1)
        self.append("last", {"number": 1})
        self.wait_for_all()
        self.wait_for(lambda: all(self.files(n, "*.cut") for n in (1, 2, 3)))
        self.said = {node["node"]: node for node in self.status()["nodes"]}
        self.ctl("down")

    def files(self, node, pattern):
        return sorted(self.dir.glob(f"node{node}/log/{pattern}"))

    def print_of(self, directory):
        return {str(path.relative_to(directory)): (hashlib.sha256(path.read_bytes()).hexdigest(),
                                                   path.stat().st_mtime_ns)
                for path in sorted(directory.rglob("*")) if path.is_file()}

    def verify(self, directory, expect):
        report = self.ctl("log", "verify", directory, "--json", expect=expect).json()
        self.assertEqual(report["schema"], "ledger.log-verify/1")
        self.assertEqual(report["exit"], expect)
        return report

    def inspect(self, directory, *words):
        report = self.ctl("log", "inspect", directory, "--json", *words).json()
        self.assertEqual(report["schema"], "ledger.log-inspect/1")
        return report

    def copy(self, name):
        target = self.folder / name
        shutil.copytree(self.dir / "node1", target)
        return target

    def flip(self, file, offset):
        with open(file, "r+b") as out:
            out.seek(offset)
            byte = out.read(1)[0]
            out.seek(offset)
            out.write(bytes([byte ^ 0x20]))

    def check_damage(self, name, file, offset, place, covered=False):
        """One flipped bit: one finding that names it, with the documented exit code."""
        directory = self.copy(name)
        self.flip(directory / "log" / file, offset)
        before = self.print_of(directory)
        report = self.verify(directory, 9)
        self.assertEqual((report["verdict"], report["condition"]), ("violated", "FAULTY"))
        self.assertEqual(len(report["findings"]), 1, report)
        finding = report["findings"][0]
        self.assertEqual((finding["condition"], finding["place"], finding["file"]),
                         ("FAULTY", place, file), finding)
        self.assertEqual(finding["covered"], covered, finding)
        self.assertTrue(finding["offset"] <= offset < finding["offset"] + finding["bytes"], finding)
        self.assertEqual(finding["sector"], finding["offset"] // SECTOR)
        words = self.ctl("log", "verify", directory, expect=9)
        self.assertIn(f"FAULTY {file} byte {finding['offset']}", words.out)
        self.assertIn(place, words.out)
        self.assertEqual(words.errors, "", "no progress where nobody looks")
        self.inspect(directory)  # shows what it can, whatever is damaged
        self.assertEqual(self.print_of(directory), before)
        return finding

    def test_intact_logs_are_clean_and_stay_as_they_are(self):
        self.make_cluster()
        for node in (1, 2, 3):
            directory = self.dir / f"node{node}"
            before = self.print_of(directory)
            report = self.verify(directory, 0)
            self.assertEqual((report["verdict"], report["condition"]), ("ok", "CLEAN"), report)
            self.assertEqual(report["findings"], [])
            self.assertEqual(report["node"], node)
            self.assertGreater(report["segments"], 1)
            self.assertGreater(report["cuts"], 0)
            # The log in it may be named, too.
            self.assertEqual(self.verify(directory / "log", 0), report)

            seen = self.inspect(directory)
            self.assertEqual(seen["hard_state"]["node"], node)
            self.assertGreater(seen["hard_state"]["term"], 0)
            self.assertEqual([c["intact"] for c in seen["hard_state_copies"]], [True] * 4)
            self.assertEqual(len(seen["segments"]), len(self.files(node, "*.segment")))
            for segment in seen["segments"][:-1]:
                self.assertTrue(segment["sealed"])
                self.assertEqual(segment["footer"], [True, True])
                self.assertEqual(segment["payload"] + segment["overhead"], segment["bytes"])
            self.assertEqual(seen["segments"][0]["first"], seen["log"]["first"])
            self.assertEqual(seen["segments"][-1]["last"], seen["log"]["last"])
            self.assertEqual(sum(s["entries"] for s in seen["segments"]),
                             seen["log"]["last"] - seen["log"]["first"] + 1)
            self.assertEqual(seen["tail"]["condition"], "CLEAN")
            self.assertTrue(any(cut["complete"] for cut in seen["cuts"]))
            self.assertNotIn("records", seen)

            words = self.ctl("log", "inspect", directory).out
            self.assertIn(f"node        {node} of cluster", words)
            self.assertIn("tail        CLEAN", words)
            last = seen["segments"][-1]
            rows = self.inspect(directory, "--segment", last["segment"])["records"]
            self.assertEqual(len(rows), last["records"])
            one = self.inspect(directory, "--index", seen["log"]["last"])["records"][-1]
            self.assertEqual(one["hash"], report["chain"])
            self.assertEqual(set(one["checksums"].values()), {"holds"})
            # What the running node said of its chain is what its files hold.
            applied = self.said[node]["applied"]
            one = self.inspect(directory, "--index", applied)["records"][-1]
            self.assertEqual(one["hash"], self.said[node]["chain"])
            words = self.ctl("log", "inspect", directory, "--index", seen["log"]["last"]).out
            self.assertIn("identity block: says the same", words)
            self.ctl("log", "inspect", directory, "--index", 10 ** 9, expect=11)
            self.ctl("log", "inspect", directory, "--segment", 10 ** 6, expect=11)
            self.assertEqual(self.print_of(directory), before)
        # What was looked at starts again.
        self.ctl("up")
        self.append("last", {"number": 2})
        self.wait_for_all()
        self.assertEqual(len({node["chain"] for node in self.status()["nodes"]}), 1)

    def test_flipped_bits_are_named(self):
        self.make_cluster()
        directory = self.dir / "node1"
        sealed = self.inspect(directory)["segments"][0]
        rows = self.inspect(directory, "--segment", sealed["segment"])["records"]
        row = next(r for r in rows if r["kind"] == "command" and r["erasable_bytes"] > 500)
        self.assertIn("made", row["summary"])
        file, at = sealed["file"], row["offset"]
        parts = {"record header": at + 30, "record envelope": at + 76 + 5,
                 "record erasable part": at + 76 + row["envelope_bytes"] + 4 + 300}
        for place, offset in parts.items():
            finding = self.check_damage(place.replace(" ", "_"), file, offset, place)
            self.assertEqual(finding["index"], row["index"])
            self.assertEqual(finding["segment"], sealed["segment"])
        copies = self.copy("details")
        self.flip(copies / "log" / file, parts["record erasable part"])
        shown = self.inspect(copies, "--index", row["index"])["records"][0]
        self.assertEqual(shown["condition"], "FAULTY")
        self.assertEqual(shown["checksums"],
                         {"header": "holds", "envelope": "holds", "erasable": "does not hold"})

        end = (directory / "log" / file).stat().st_size
        self.check_damage("footer", file, end - 40, "footer copy", covered=True)
        self.check_damage("segment_header", file, 20, "segment header copy", covered=True)
        self.check_damage("hard_state", "hard_state", 2 * 4096 + 56, "hard state copy",
                          covered=True)
        manifest = self.files(1, "*.cut")[-1].name
        finding = self.check_damage("chunk", manifest.replace(".cut", ".chunks"), 100, "cut chunk")
        self.assertIn("chunk 0", finding["why"])
        self.check_damage("manifest", manifest, 60, "cut manifest copy", covered=True)

    def test_a_torn_tail_is_no_damage(self):
        self.up()
        self.append("orders", {"total": 1})
        self.wait_for_all()
        self.ctl("down")
        directory = self.copy("torn")
        file = sorted((directory / "log").glob("*.segment"))[-1]
        # As a crash leaves a group of which one sector did not come.
        with open(file, "ab") as out:
            out.write(b"ELRc" + bytes(range(200)))
        report = self.verify(directory, 0)
        self.assertEqual((report["verdict"], report["condition"]), ("ok", "TORN"))
        self.assertEqual([f["place"] for f in report["findings"]], ["tail"])
        self.assertEqual(self.inspect(directory)["tail"]["condition"], "TORN")
        self.assertIn("TORN", self.ctl("log", "verify", directory).out)

    def test_only_peers_can_tell_a_torn_group_from_a_rotten_one(self):
        self.up("--nodes", 1)
        self.append("orders", {"total": 1})
        self.ctl("down")
        directory = self.copy("unsealed")
        seen = self.inspect(directory)
        last = self.inspect(directory, "--index", seen["log"]["last"])["records"][0]
        # The last group with its identity block; the seal behind it did not come.
        records_end = last["offset"] + last["bytes"]
        file = directory / "log" / seen["segments"][-1]["file"]
        with open(file, "r+b") as out:
            out.truncate((records_end + SECTOR - 1) // SECTOR * SECTOR + SECTOR)
        self.assertEqual(self.verify(directory, 0)["condition"], "CLEAN")
        self.flip(file, last["offset"] + 40)
        report = self.verify(directory, 3)
        self.assertEqual((report["verdict"], report["condition"]), ("inconclusive", "UNSEALED"))
        self.assertEqual(report["findings"][0]["index"], last["index"])
        tail = self.inspect(directory)["tail"]
        self.assertEqual((tail["condition"], tail["entries"]), ("UNSEALED", 1))

    def scrub(self, directory, *words, expect=0):
        report = self.ctl("log", "scrub", directory, "--json", *words, expect=expect).json()
        self.assertEqual(report["schema"], "ledger.log-scrub/1")
        self.assertEqual(report["exit"], expect)
        return report

    def test_a_scrub_reads_everything_at_its_rate_and_mends_what_is_there_twice(self):
        self.make_cluster()
        directory = self.copy("scrubbed")
        before = self.print_of(directory)
        report = self.scrub(directory, "--rate", "4MiB")
        for key, value in self.verify(directory, 0).items():
            if key != "schema":
                self.assertEqual(report[key], value, key)
        self.assertEqual((report["rate"], report["mended"], report["repair"]), (4 << 20, [], False))
        self.assertGreaterEqual(report["read_bytes"], report["bytes"])
        self.assertGreater(report["read_bytes"], 3 << 20)
        self.assertGreaterEqual(report["seconds"], 0.99 * report["read_bytes"] / (4 << 20))
        self.assertEqual(self.scrub(directory, "--repair", "--rate", "1GiB")["mended"], [])
        self.assertEqual(self.print_of(directory), before)

        segment = self.inspect(directory)["segments"][0]
        sealed = segment["file"]
        manifest = self.files(1, "*.cut")[-1].name
        footer = (directory / "log" / sealed).stat().st_size - 40
        for file, offset in ((sealed, 20), (sealed, footer), (manifest, 60),
                             ("hard_state", 2 * 4096 + 56)):
            self.flip(directory / "log" / file, offset)
        damaged = self.print_of(directory)
        self.assertEqual(len(self.scrub(directory, expect=9)["findings"]), 4)
        self.assertEqual(self.print_of(directory), damaged)
        report = self.scrub(directory, "--repair")
        self.assertEqual({finding["place"] for finding in report["mended"]},
                         {"hard state copy", "segment header copy", "footer copy",
                          "cut manifest copy"})
        self.assertEqual((report["verdict"], report["findings"]), ("ok", []))
        self.assertEqual({name: found[0] for name, found in self.print_of(directory).items()},
                         {name: found[0] for name, found in before.items()})

        # What is there once is named and left, beside what is mended.
        rows = self.inspect(directory, "--segment", segment["segment"])["records"]
        row = next(r for r in rows if r["erasable_bytes"] > 500)
        self.flip(directory / "log" / sealed, row["offset"] + 76 + 5)
        self.flip(directory / "log" / sealed, 20)
        words = self.ctl("log", "scrub", directory, "--repair", expect=9)
        self.assertIn("mended: FAULTY " + sealed + " byte 0", words.out)
        self.assertIn("record envelope", words.out)
        self.assertIn("read ", words.out)
        self.assertEqual(words.errors, "", "no progress where nobody looks")
        self.assertEqual(self.verify(directory, 9)["findings"][0]["index"], row["index"])

    def test_a_scrub_that_mends_has_the_directory_for_itself(self):
        self.up("--nodes", 1)
        directory = self.dir / "node1"
        for words in ((), ("--repair",)):
            refused = self.ctl("log", "scrub", directory, "--json", *words, expect=5)
            self.assertIn("is in use by a running node", refused.errors)
        self.ctl("log", "scrub", self.folder / "nowhere", expect=11)
        self.ctl("log", "scrub", directory, "--rate", "fast", expect=2)
        self.ctl("log", "scrub", directory, "--rate", "0", expect=2)
        words = self.ctl("log", "scrub", "--help").out
        self.assertTrue(words.startswith("Example: ledgerctl log scrub "), words)

    def test_what_cannot_be_looked_at_is_refused_by_name(self):
        self.up("--nodes", 1)
        directory = self.dir / "node1"
        for verb in ("inspect", "verify"):
            for place in (directory, directory / "log"):
                refused = self.ctl("log", verb, place, "--json", expect=5)
                self.assertIn("is in use by a running node: stop it first", refused.errors)
                self.assertEqual(refused.json()["schema"], "ledger.error/1")
            missing = self.ctl("log", verb, self.folder / "nowhere", expect=11)
            self.assertIn("nowhere holds no log of a node", missing.errors)
            self.ctl("log", verb, self.folder, expect=11)
            self.ctl("log", verb, expect=2)
            words = self.ctl("log", verb, "--help").out
            self.assertTrue(words.startswith(f"Example: ledgerctl log {verb} "), words)
        self.assertTrue(self.ctl("log", "--help").out.startswith("Example: ledgerctl log "))


if __name__ == "__main__":
    unittest.main()
