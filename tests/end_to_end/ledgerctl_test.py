#!/usr/bin/env python3
"""ledgerctl and ledgerd as people use them: what is said, which exit code, what is left behind."""
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

from cluster import LEDGERCTL, ClusterTest

VERBS = ["up", "down", "status", "logs", "node kill", "node restart", "node pause", "node resume",
         "append", "redact", "read", "follow", "import", "export", "verify", "log inspect", "log verify"]


class Launching(ClusterTest):
    def test_up_says_what_was_started_and_how_to_go_on(self):
        said = self.ctl("up").out
        for node in (1, 2, 3):
            self.assertRegex(said, rf"n{node}  127\.0\.0\.1:\d+  pid \d+")
        self.assertRegex(said, r"leader n[123], term \d+")
        self.assertEqual(len(re.findall(r"^  ledgerctl ", said, re.M)), 3)
        self.assertIn(f"data in {self.dir} (kept)", said)
        self.assertIn("stop with: ledgerctl down", said)

    def test_the_commands_it_offers_work_as_printed(self):
        said = self.ctl("up").out
        for line in re.findall(r"^  (ledgerctl .*)$", said, re.M):
            done = subprocess.run(["sh", "-c", line.replace("ledgerctl", LEDGERCTL, 1)],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, line + done.stderr)
            self.assertTrue(done.stdout)

    def test_up_is_ready_at_once(self):
        up = self.up()
        self.assertIn(up["leader"], (1, 2, 3))
        self.assertEqual(self.append("orders", 1)["ending"], "done")

    def test_a_second_up_keeps_ports_and_data_and_a_third_changes_nothing(self):
        first = self.up()
        self.append("orders", {"total": 5})
        self.assertEqual(self.ctl("down", "--json").json()["stopped"], 3)
        second = self.up()
        self.assertEqual([n["port"] for n in second["nodes"]], [n["port"] for n in first["nodes"]])
        self.assertTrue(first["formatted"])
        self.assertFalse(second["formatted"])
        self.assertEqual([event["data"] for event in self.read_all()], [{"total": 5}])
        third = self.up()
        self.assertEqual(third["nodes"], second["nodes"])

    def test_one_node_is_a_cluster_and_five_are(self):
        for nodes in (1, 5):
            self.dir = self.folder / f"of{nodes}"
            self.assertEqual(len(self.up("--nodes", nodes)["nodes"]), nodes)
            self.append("orders", nodes)
            self.assertEqual(self.status()["reachable"], nodes)
            self.assertEqual(self.ctl("verify", "--json").json()["compared_replicas"], nodes)
            self.ctl("down")

    def test_wishes_that_do_not_fit_the_cluster_are_refused(self):
        self.up()
        self.assertIn("has 3 nodes", self.ctl("up", "--nodes", 5, expect=2).errors)
        self.assertIn("ephemeral", self.ctl("up", "--ephemeral", expect=2).errors)

    def test_an_ephemeral_cluster_leaves_nothing(self):
        self.assertTrue(self.up("--ephemeral")["ephemeral"])
        self.append("orders", 1)
        self.assertTrue(self.ctl("down", "--json").json()["deleted"])
        self.assertFalse(self.dir.exists())

    def test_the_default_place_follows_xdg(self):
        environment = self.environment()
        up = subprocess.run([LEDGERCTL, "up", "--nodes", "1", "--name", "mine", "--json"],
                            capture_output=True, text=True, env=environment)
        self.assertEqual(up.returncode, 0, up.stderr)
        self.assertEqual(json.loads(up.stdout)["directory"],
                         str(self.folder / "data/event-ledger/clusters/mine"))
        down = subprocess.run([LEDGERCTL, "down", "--name", "mine"], env=environment,
                              capture_output=True)
        self.assertEqual(down.returncode, 0)

    def test_a_busy_port_is_named_and_nothing_is_left_running(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            refused = self.ctl("up", "--nodes", 1, "--port", port, "--json", expect=5)
            self.assertIn(str(port), refused.json()["error"])
        up = self.up()
        self.ctl("down")
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", up["nodes"][1]["port"]))
            taken.listen()
            refused = self.ctl("up", expect=5)
            self.assertIn(str(up["nodes"][1]["port"]), refused.errors)
            self.assertEqual([n["pid"] for n in self.status(expect=4)["nodes"]], [None] * 3)
        self.up()

    def test_a_node_that_ends_at_once_is_shown_with_its_own_words(self):
        self.up()
        self.ctl("down")
        (self.dir / "node2" / "log" / "hard_state").write_bytes(b"x" * 20_480)
        refused = self.ctl("up", expect=5)
        self.assertIn("node 2 ended at once", refused.errors)
        self.assertIn("hard_state", refused.errors)
        self.assertEqual(self.status(expect=4)["reachable"], 0)

    def test_the_data_of_another_node_or_cluster_is_refused_with_both_names(self):
        mine = self.up()["cluster"]
        self.append("orders", 1)
        self.ctl("down")
        nodes = [self.dir / f"node{node}" for node in (1, 2)]
        nodes[0].rename(self.dir / "aside")
        nodes[1].rename(nodes[0])
        (self.dir / "aside").rename(nodes[1])
        refused = self.ctl("up", expect=5)
        self.assertIn(f"belongs to node 2 of cluster {mine}, not to node 1 of cluster {mine}",
                      refused.errors)
        nodes[0].rename(self.dir / "aside")
        nodes[1].rename(nodes[0])
        (self.dir / "aside").rename(nodes[1])
        other = self.folder / "other"
        theirs = self.ctl("up", "--json", at=other).json()["cluster"]
        self.ctl("down", at=other)
        shutil.move(nodes[0], self.folder / "kept")
        shutil.copytree(other / "node1", nodes[0])
        refused = self.ctl("up", expect=5)
        self.assertIn(f"belongs to node 1 of cluster {theirs}, not to node 1 of cluster {mine}",
                      refused.errors)
        shutil.rmtree(nodes[0])
        shutil.move(self.folder / "kept", nodes[0])
        self.up()
        self.assertEqual(len(self.read_all()), 1)

    def test_only_what_this_cluster_started_is_signalled(self):
        up = self.up()
        self.ctl("down")
        stranger = subprocess.Popen(["sleep", "60"])
        self.addCleanup(stranger.wait)
        self.addCleanup(stranger.kill)
        file = self.dir / "cluster.json"
        file.write_text(file.read_text().replace(f'"pid":{up["nodes"][0]["pid"]},',
                                                 f'"pid":{stranger.pid},'))
        self.assertIn("not running", self.ctl("node", "kill", 1, expect=11).errors)
        self.assertEqual(self.ctl("down", "--json").json()["stopped"], 0)
        self.assertIsNone(stranger.poll())


class Standing(ClusterTest):
    def test_every_configured_node_has_a_row_dead_ones_too(self):
        self.up()
        before = self.status()
        self.assertEqual((before["health"], before["reachable"], before["quorum"]), ("healthy", 3, 2))
        self.assertEqual([n["node"] for n in before["nodes"]], [1, 2, 3])
        follower = next(n["node"] for n in before["nodes"] if n["state"] == "follower")
        self.ctl("node", "kill", follower)
        began = time.monotonic()
        after = self.status(expect=1)
        self.assertLess(time.monotonic() - began, 0.6)  # 0.3 s, and a process to start
        self.assertEqual((after["health"], after["reachable"]), ("degraded", 2))
        row = after["nodes"][follower - 1]
        self.assertEqual((row["state"], row["pid"]), ("down", None))
        self.assertIn("down", self.ctl("status", expect=1).out)
        self.ctl("node", "restart", f"n{follower}")
        self.wait_for_health("healthy")

    def test_a_paused_node_costs_the_status_no_more_than_its_patience(self):
        self.up()
        self.ctl("node", "pause", 2)
        began = time.monotonic()
        after = self.status(expect=None)
        self.assertLess(time.monotonic() - began, 0.6)
        self.assertEqual(after["nodes"][1]["state"], "paused")
        self.ctl("node", "resume", 2)
        self.wait_for_health("healthy")

    def test_without_a_quorum_nothing_is_promised(self):
        up = self.up()
        for node in (1, 2, 3):
            if node != up["leader"]:
                self.ctl("node", "kill", node)
        self.assertEqual(self.status(expect=4)["health"], "no quorum")
        self.assertEqual(self.append("orders", 1, "--timeout", 2, expect=4)["ending"], "failed")
        self.ctl("read", "orders", "--timeout", 1, expect=4)
        for node in (1, 2, 3):
            self.ctl("node", "restart", node)
        self.wait_for_health("healthy")
        self.assertEqual(self.read_all(), [])

    def test_verify_names_the_replica_whose_disk_is_damaged(self):
        self.up()
        for number in range(5):
            self.append("orders", number)
        self.assertEqual(self.ctl("verify", "--json").json()["verdict"], "ok")
        self.ctl("down")
        segment = next((self.dir / "node3" / "log").glob("*.segment"))
        content = bytearray(segment.read_bytes())
        content[1024 + 80] ^= 1  # in the envelope of the first record
        segment.write_bytes(content)
        found = self.ctl("verify", "--json", "--timeout", 1, expect=9).json()
        self.assertEqual(found["verdict"], "violated")
        self.assertIn("damaged", found["nodes"][2]["note"])
        self.assertEqual([n["note"] for n in found["nodes"][:2]], ["ok", "ok"])


class Data(ClusterTest):
    def setUp(self):
        super().setUp()
        self.up()

    def test_what_was_appended_is_read(self):
        first = self.append("orders", {"total": 5})
        self.assertEqual((first["ending"], first["position"], first["revisions"]), ("done", 0, [0]))
        self.append("bills", "no JSON object")
        self.append("orders", {"total": 6})
        events = self.ctl("read", "orders", "--json").lines()
        self.assertEqual([(e["position"], e["revision"], e["data"]["total"]) for e in events],
                         [(0, 0, 5), (2, 1, 6)])
        self.assertEqual(len(self.read_all()), 3)
        backward = self.ctl("read", "orders", "--backward", "--count", 1, "--json").lines()
        self.assertEqual([e["revision"] for e in backward], [1])
        later = self.ctl("read", "--all", "--from", 1, "--count", 1, "--json").lines()
        self.assertEqual([e["stream"] for e in later], ["bills"])
        self.assertEqual(self.ctl("read", "orders").out.splitlines()[1],
                         '2\torders\t1\tplaced\t{"total": 6}')

    def test_what_was_redacted_is_shown_as_erased_and_leaves_every_disk(self):
        for secret in ("first-secret", "second-secret", "third-secret"):
            self.append("orders", secret)
        said = self.ctl("redact", 1, 0, 1, "--json").json()
        self.assertEqual((said["ending"], said["exit"], said["redacted"]), ("done", 0, 2))
        self.assertEqual(self.ctl("redact", 2, 1).out,
                         "1 of 2 events redacted, the others were before\n")
        events = self.ctl("read", "orders", "--json").lines()
        self.assertEqual([(e["data"], e["erased"]) for e in events], [(None, True)] * 3)
        self.assertTrue(self.ctl("read", "orders").out.splitlines()[0].endswith("\t(erased)"))
        self.append("orders", "kept")
        logs = [path for node in (1, 2, 3) for path in (self.dir / f"node{node}").rglob("*")
                if path.is_file()]
        self.assertTrue(logs)
        self.wait_for(lambda: not any(b"-secret" in path.read_bytes() for path in logs
                                      if path.exists()), 30)
        self.ctl("node", "kill", 1)
        self.ctl("node", "restart", 1)
        self.assertEqual([e["data"] for e in self.read_all()], [None, None, None, "kept"])
        self.ctl("verify")

    def test_what_cannot_be_redacted_is_named(self):
        self.append("orders", 1)
        refused = self.ctl("redact", 0, 7, "--json", expect=6).json()
        self.assertEqual((refused["ending"], refused["exit"]), ("failed", 6))
        self.assertIn("position 7 has no event yet", refused["error"])
        self.assertEqual(self.read_all()[0]["data"], 1)
        self.ctl("redact", expect=2)
        self.ctl("redact", *range(1025), expect=2)

    def test_data_may_come_from_standard_input(self):
        self.ctl("append", "notes", "written", "-", text="two\nlines")
        self.assertEqual(self.read_all()[0]["data"], "two\nlines")

    def test_expectations_decide(self):
        self.append("orders", 1, "--expected", "none")
        refused = self.append("orders", 2, "--expected", "none", expect=6)
        self.assertEqual(refused["ending"], "failed")
        self.assertIn("orders is at revision 0", refused["error"])
        self.append("orders", 2, "--expected", 0)
        self.append("orders", 3, "--expected", "exists")
        self.append("nothing", 3, "--expected", "exists", expect=6)
        self.assertEqual(len(self.read_all()), 3)

    def test_follow_shows_what_is_there_and_what_comes(self):
        self.append("orders", 0)
        following = self.start("follow", "orders", "--count", 3, "--json")
        self.append("others", 9)
        self.append("orders", 1)
        self.append("orders", 2)
        out, errors = following.communicate(timeout=20)
        self.assertEqual([json.loads(line)["data"] for line in out.splitlines()], [0, 1, 2], errors)

    def test_a_follower_survives_the_leader(self):
        following = self.start("follow", "--all", "--count", 2, "--json")
        self.append("orders", 0)
        self.ctl("node", "kill", "leader")
        self.append("orders", 1)
        out, errors = following.communicate(timeout=30)
        self.assertEqual([json.loads(line)["data"] for line in out.splitlines()], [0, 1], errors)

    def test_a_follower_sees_everything_once_while_leaders_are_killed(self):
        count = 60
        following = self.start("follow", "--all", "--count", count, "--json")
        for number in range(count):
            if number in (15, 40):
                leader = self.status(expect=None)["leader"]
                self.ctl("node", "kill", leader)
            self.append("orders" if number % 3 else "others", number)
            if number in (25, 50):
                self.ctl("node", "restart", leader)
        out, errors = following.communicate(timeout=60)
        lines = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([line["position"] for line in lines], list(range(count)), errors)
        self.assertEqual([line["data"] for line in lines], list(range(count)), errors)

    def test_a_stream_is_followed_from_a_revision(self):
        for number in range(4):
            self.append("orders", number)
            self.append("others", number)
        following = self.start("follow", "orders", "--from", 2, "--count", 4, "--json")
        beyond = self.start("follow", "orders", "--from", 5, "--count", 1, "--json")
        for number in (4, 5):
            self.append("orders", number)
        for process, revisions in ((following, [2, 3, 4, 5]), (beyond, [5])):
            out, errors = process.communicate(timeout=20)
            seen = [json.loads(line)["revision"] for line in out.splitlines()]
            self.assertEqual(seen, revisions, errors)

    def test_following_nobody_ends_in_time(self):
        for node in (1, 2, 3):
            self.ctl("node", "kill", node)
        refused = self.ctl("follow", "--all", "--timeout", 1, "--json", expect=4)
        self.assertIn("no node has answered", refused.json()["error"])

    def test_the_logs_of_nodes_are_shown(self):
        self.assertRegex(self.ctl("logs").out, r"(?m)^n1 .*\n(.*\n)*n3 ")
        self.assertEqual({line["node"] for line in self.ctl("logs", "n2", "--json").lines()}, {2})


class Form(ClusterTest):
    def test_help_begins_with_an_example_and_ends_with_the_exit_codes(self):
        top = subprocess.run([LEDGERCTL, "--help"], capture_output=True, text=True)
        self.assertTrue(top.stdout.startswith("Example: ledgerctl "))
        self.assertIn("Exit codes:", top.stdout)
        for verb in VERBS:
            said = subprocess.run([LEDGERCTL, *verb.split(), "--help"], capture_output=True, text=True)
            self.assertEqual(said.returncode, 0)
            self.assertTrue(said.stdout.startswith(f"Example: ledgerctl {verb}"), said.stdout)

    def test_usage_errors_are_2(self):
        for words in (["fly"], ["up", "--nodes", "9"], ["append", "orders"], [],
                      ["node", "kill"], ["status", "--frob"], ["up", "--name", "a/b"]):
            done = subprocess.run([LEDGERCTL, *words], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, (words, done))
            self.assertEqual(done.stdout, "")
        self.up("--nodes", 1)
        self.ctl("node", "kill", 7, expect=2)
        self.ctl("read", expect=2)
        self.ctl("append", "orders", "placed", "1", "--expected", "perhaps", expect=2)
        self.ctl("append", "s" * 2000, "placed", "1", expect=2)

    def test_a_bug_of_the_program_is_70(self):
        """A failed assertion ends in abort(); from outside the same signal does as well."""
        self.up("--nodes", 1)
        self.append("orders", 1)
        following = self.start("follow", "--all", "--json")
        self.assertIn("orders", following.stdout.readline())  # it is at work
        following.send_signal(signal.SIGABRT)
        self.assertEqual(following.wait(timeout=20), 70)

    def test_a_signal_is_told_from_a_bug(self):
        self.up("--nodes", 1)
        self.append("orders", 1)
        following = self.start("follow", "--all", "--json")
        self.assertIn("orders", following.stdout.readline())
        following.send_signal(signal.SIGINT)
        self.assertEqual(following.wait(timeout=20), -signal.SIGINT)

    def test_what_is_not_there_is_11(self):
        self.ctl("status", expect=11)
        self.ctl("down", expect=11)
        self.up("--nodes", 1)
        self.ctl("read", "nothing", expect=11)
        self.ctl("import", self.folder / "nothing.jsonl", expect=11)

    def test_every_verb_speaks_json(self):
        self.assertEqual(self.ctl("status", "--json", expect=11).json()["schema"], "ledger.error/1")
        said = {"up": self.ctl("up", "--json")}
        said["append"] = self.ctl("append", "orders", "placed", "1", "--json")
        said["redact"] = self.ctl("redact", 0, "--json")
        said["read"] = self.ctl("read", "orders", "--json")
        said["follow"] = self.ctl("follow", "orders", "--count", 1, "--json")
        said["status"] = self.ctl("status", "--json")
        said["import"] = self.ctl("import", self.input_file(3), "--json")
        said["verify"] = self.ctl("verify", "--json")
        said["node pause"] = self.ctl("node", "pause", 1, "--json")
        said["node resume"] = self.ctl("node", "resume", 1, "--json")
        said["node kill"] = self.ctl("node", "kill", 1, "--json")
        said["node restart"] = self.ctl("node", "restart", 1, "--json")
        said["logs"] = self.ctl("logs", "--json")
        said["down"] = self.ctl("down", "--json")
        for verb in ("log inspect", "log verify"):
            said[verb] = self.ctl(*verb.split(), self.dir / "node1", "--json")
        self.assertEqual({*said, "export"}, set(VERBS))
        for verb, outcome in said.items():
            lines = outcome.lines()
            self.assertTrue(lines, verb)
            for line in lines:
                self.assertRegex(line["schema"], r"^ledger\.[a-z-]+/1$", verb)
        for words in (["append", "orders", "placed", "1", "--timeout", "1"], ["read", "orders", "--timeout", "1"]):
            self.assertIn("error", self.ctl(*words, "--json", expect=4).json())


if __name__ == "__main__":
    unittest.main(verbosity=2)
