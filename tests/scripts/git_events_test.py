#!/usr/bin/env python3
"""Histories that are hard to read, and whether scripts/git-events folds back to git's own tree."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

GIT_EVENTS = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "git-events"
NASTY = [b"new\nline", b'quo"te', b"back\\slash", b"tab\tbell\a\b\v\f\r", b"\x01\x1f\x7f", b" space ",
         "Umlaut-ä-☃".encode(), b"invalid-\xff\xfe-utf8", b"100%", b"%41", b"a+b=c&d?", b"a.b", b"a/b",
         b"a/b.c/d", b"-rf", b":colon", b"~tilde"]


def events_of(*arguments, code=0, given=b""):
    result = subprocess.run([sys.executable, str(GIT_EVENTS), *map(os.fspath, arguments)],
                            capture_output=True, input=given)
    assert result.returncode == code, (arguments, result.returncode, result.stderr)
    return result.stderr.decode() if code else result.stdout


def ledger_of(appends):
    """What a ledger exports after these appends: dense positions, dense revisions."""
    revisions, lines = {}, []
    for append in appends:
        for event in append["events"]:
            stream = event["stream"]
            before = revisions.get(stream)
            # The expectations must be true when every append before has been accepted.
            assert event["expected"] == ("none" if before is None else {"exact": before}), event
            revisions[stream] = 0 if before is None else before + 1
            lines.append({"position": len(lines), "stream": stream, "revision": revisions[stream],
                          "type": event["type"], "data": event["data"]})
    return lines


def as_lines(values):
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


class Repository:
    """A repository made of plumbing commands, so that a path may be any bytes."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.tick = 1_700_000_000
        self.head = None
        self.git("init", "-q")
        # Settings people have; none of them may show in the events.
        for key, value in [("diff.renames", "copies"), ("core.quotePath", "false"), ("color.ui", "always"),
                           ("log.showSignature", "true"), ("diff.ignoreSubmodules", "all"),
                           ("diff.orderFile", "order"), ("log.showRoot", "false")]:
            self.git("config", key, value)
        pathlib.Path(self.folder, "order").write_text("z*\na*\n")

    def git(self, *arguments, given=None):
        environment = dict(os.environ, GIT_CONFIG_NOSYSTEM="1", HOME=self.folder,
                           GIT_AUTHOR_NAME="Änne \"A\" B", GIT_AUTHOR_EMAIL="a@example.org",
                           GIT_COMMITTER_NAME="C", GIT_COMMITTER_EMAIL="c@example.org",
                           GIT_AUTHOR_DATE=f"{self.tick} +0100", GIT_COMMITTER_DATE=f"{self.tick} +0000")
        return subprocess.run(["git", "-C", self.folder, *arguments], input=given, check=True,
                              capture_output=True, env=environment).stdout.strip()

    def blob(self, content):
        return self.git("hash-object", "-w", "--stdin", given=content).decode()

    def commit(self, message, *parents, **changes):
        """changes: files={path: content, or (mode, content or id), or None to delete}."""
        index = b""
        for path, change in changes.get("files", {}).items():
            if change is None:
                index += b"0 " + b"0" * 40 + b"\t" + path + b"\0"
                continue
            mode, content = change if isinstance(change, tuple) else ("100644", change)
            identity = content if mode == "160000" else self.blob(content)
            index += f"{mode} {identity}\t".encode() + path + b"\0"
        self.git("update-index", "-z", "--index-info", given=index)
        tree = self.git("write-tree").decode()
        self.tick += 1
        parents = parents or ((self.head,) if self.head else ())
        flags = [flag for parent in parents for flag in ("-p", parent)]
        polished = self.git("commit-tree", tree, *flags, given=b"x").decode()
        # commit-tree repairs a message that is not UTF-8; histories contain such all the same.
        plain = self.git("cat-file", "commit", polished).removesuffix(b"x") + message
        self.head = self.git("hash-object", "-t", "commit", "-w", "--stdin", given=plain).decode()
        self.git("update-ref", "HEAD", self.head)
        return self.head

    def tree(self, ref="HEAD"):
        return subprocess.run(["git", "-c", "core.quotePath=true", "-C", self.folder, "ls-tree", "-r", ref],
                              check=True, capture_output=True).stdout


class GitEvents(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "repository").mkdir()
        self.repository = Repository(self.folder / "repository")

    def appends(self, *arguments):
        output = events_of(self.repository.folder, *arguments)
        self.assertEqual(output, events_of(self.repository.folder, *arguments), "not deterministic")
        return [json.loads(line) for line in output.splitlines()]

    def folded(self, appends, against=True):
        ledger, sent = self.folder / "ledger.jsonl", self.folder / "sent.jsonl"
        ledger.write_bytes(as_lines(ledger_of(appends)))
        sent.write_bytes(as_lines(appends))
        return events_of("--fold", ledger, *(["--against", sent] if against else []))

    def kinds(self, appends, stream):
        return [event["type"] for append in appends for event in append["events"]
                if event["stream"] == stream]

    def nasty_history(self):
        r = self.repository
        r.commit(b"root\n\nbody", files={name: b"1" for name in NASTY} | {b"tool": b"#!"})
        r.commit(b"nothing")  # an empty commit
        r.commit(b"exec bit", files={b"tool": ("100755", b"#!")})
        r.commit(b"link", files={b"link": ("120000", b"tool"), b"module": ("160000", "1" * 40)})
        r.commit(b"rename", files={b"tool": None, b"tool2": ("100755", b"#!")})
        main = r.commit(b"a file becomes a link", files={b"a.b": ("120000", b"a/b")})
        side = r.commit(b"side", files={b"side": b"s", b"100%": b"side"})
        r.git("read-tree", main)
        base = r.commit(b"main goes on", main, files={b"-rf": None})
        r.git("read-tree", base)
        r.commit(b"merge", base, side, files={b"side": b"s", b"100%": b"side", b"only here": b"e"})
        r.commit(b"a file becomes a folder", files={b"side": None, b"side/inner": b"x"})
        r.commit(b"next module", files={b"module": ("160000", "2" * 40)})
        r.commit(b"back again", files={b"tool": b"new"})
        r.commit(b"\xff\xfe broken \xc3( subject\nsecond line", files={b"zz": b"z"})

    def test_a_nasty_history_folds_back_to_the_tree_of_git(self):
        self.nasty_history()
        appends = self.appends()
        self.assertEqual(self.folded(appends), self.repository.tree())
        self.assertEqual(len(appends), 12)  # first parents: the side commit is inside its merge
        self.assertEqual(self.kinds(appends, "commits"), ["commit"] * 12)
        self.assertEqual(self.kinds(appends, "file/tool"),
                         ["file-added", "mode-changed", "file-deleted", "file-added"])
        self.assertEqual(self.kinds(appends, "file/a.b"), ["file-added", "type-changed"])
        self.assertEqual(self.kinds(appends, "file/module"), ["file-added", "file-modified"])
        self.assertEqual(self.kinds(appends, "file/side"), ["file-added", "file-deleted"])
        self.assertEqual(self.kinds(appends, "file/100%25"), ["file-added", "file-modified"])
        self.assertEqual(self.kinds(appends, "file/invalid-%FF%FE-utf8"), ["file-added"])
        self.assertEqual(self.kinds(appends, "file/new%0Aline"), ["file-added"])

    def test_the_commit_event_says_who_when_and_what(self):
        self.nasty_history()
        events = [append["events"][-1] for append in self.appends()]
        self.assertEqual(events[0]["data"]["subject"], "root")
        self.assertEqual(events[0]["data"]["author"], "Änne \"A\" B")
        self.assertEqual(events[0]["data"]["time"], 1_700_000_001)
        self.assertEqual(events[-1]["data"]["subject"], "\ufffd\ufffd broken \ufffd( subject second line")

    def test_an_older_commit_folds_to_its_own_tree(self):
        self.nasty_history()
        self.assertEqual(self.folded(self.appends("--ref", "HEAD~4")), self.repository.tree("HEAD~4"))

    def test_every_repetition_folds_to_the_tree(self):
        self.nasty_history()
        appends = self.appends("--repeat-to", "400")
        total = sum(len(append["events"]) for append in appends)
        self.assertGreaterEqual(total, 400)
        self.assertEqual(self.folded(appends), self.repository.tree())
        self.assertEqual(self.kinds(appends, "r002/file/tool"), self.kinds(appends, "r001/file/tool"))
        self.assertEqual(self.kinds(appends, "file/tool"), [])

    def test_an_oversize_commit_comes_in_numbered_parts(self):
        many = {b"d/%d" % number: b"1" for number in range(600)}
        long = {b"l/" + b"\x01" * 1200 + b"%d" % number: b"2" for number in range(280)}
        self.repository.commit(b"many", files=many)
        self.repository.commit(b"long", files=long)
        appends = self.appends()
        self.assertEqual([(a["part"], a["parts"]) for a in appends[:3]], [(1, 3), (2, 3), (3, 3)])
        self.assertEqual([len(a["events"]) for a in appends[:3]], [256, 256, 89])
        for append in appends:
            self.assertLessEqual(len(json.dumps(append["events"])), (1 << 20) + 1024)
        self.assertGreater(len(appends), 4)
        names = {event["stream"] for append in appends for event in append["events"]}
        self.assertLessEqual(max(map(len, names)), 1000)
        self.assertEqual(sum(name.startswith("long/") for name in names), 280)
        self.assertEqual(appends[-1]["events"][-1]["type"], "commit")
        self.assertEqual(self.folded(appends), self.repository.tree())

    def test_a_shallow_clone_begins_with_its_oldest_tree(self):
        self.nasty_history()
        clone = self.folder / "clone"
        subprocess.run(["git", "clone", "-q", "--no-checkout", "--depth", "2",
                        f"file://{self.repository.folder}", clone], check=True, capture_output=True)
        self.repository.folder = str(clone)
        appends = self.appends()
        self.assertEqual(len(appends), 2)
        self.assertEqual(self.folded(appends), self.repository.tree())

    def test_a_sample_says_so_and_folds_to_its_tree(self):
        output = events_of("--sample", "500")
        appends = [json.loads(line) for line in output.splitlines()]
        self.assertTrue(all(append["sample"] is True for append in appends))
        self.assertGreaterEqual(sum(len(append["events"]) for append in appends), 500)
        tree = events_of("--sample", "500", "--sample-tree")
        self.assertEqual(self.folded(appends), tree)
        self.assertGreater(len(tree.splitlines()), 10)
        kinds = {event["type"] for append in appends for event in append["events"]}
        self.assertEqual(kinds, {"file-added", "file-modified", "file-deleted", "commit"})

    def refused(self, lines, sent, code=1):
        ledger, against = self.folder / "ledger.jsonl", self.folder / "sent.jsonl"
        ledger.write_bytes(as_lines(lines))
        against.write_bytes(as_lines(sent))
        return events_of("--fold", ledger, "--against", against, code=code)

    def test_a_ledger_that_lost_doubled_or_changed_an_event_is_refused(self):
        self.nasty_history()
        sent = self.appends("--repeat-to", "100")
        good = ledger_of(sent)
        without_positions = [{key: e[key] for key in e if key != "position"} for e in good]
        self.assertIn("r001/file/tool has revision 1 where 0 is due", self.refused(
            [e for e in without_positions if (e["stream"], e["revision"]) != ("r001/file/tool", 0)], sent))
        without_numbers = [{key: e[key] for key in ("stream", "type", "data")} for e in good]
        self.assertIn("has 0 of 1 events", self.refused(
            [e for e in without_numbers if not e["stream"].startswith("r002/")], sent))
        self.assertIn("nobody sent", self.refused(without_numbers + without_numbers[-1:], sent))
        swapped = list(good)
        at = [i for i, e in enumerate(good) if e["stream"] == "r001/file/module"]
        swapped[at[0]] = dict(good[at[0]], data=good[at[1]]["data"])
        self.assertIn("is not the event that was sent", self.refused(swapped, sent))
        self.assertIn("position 5 follows 3", self.refused(good[:4] + good[5:], sent))
        self.assertIn("position 3 follows 3", self.refused(good[:4] + good[3:], sent))

    def test_repetitions_that_differ_are_refused(self):
        self.nasty_history()
        lines = ledger_of(self.appends("--repeat-to", "100"))
        lines = [e for e in lines if e["stream"] != "r002/file/zz"]
        for position, event in enumerate(lines):
            event["position"] = position
        ledger = self.folder / "ledger.jsonl"
        ledger.write_bytes(as_lines(lines))
        self.assertIn("r002 and r001 differ at zz", events_of("--fold", ledger, code=1))

    def test_streams_of_others_are_left_alone(self):
        other = [{"stream": "account/1", "type": "paid", "data": data} for data in ({}, "text", None)]
        self.assertEqual(events_of("--fold", "-", given=as_lines(other)), b"")

    def test_bad_input_is_a_clear_error_with_its_place(self):
        empty = self.folder / "empty"
        empty.mkdir()
        self.assertIn("not a git repository", events_of(empty, code=2))
        self.assertIn("no commit is called 'HEAD'", events_of(self.repository.folder, code=2))
        self.nasty_history()
        self.assertIn("no commit is called '--all'",
                      events_of(self.repository.folder, "--ref=--all", code=2))
        for lines, message in [(b'{"stream":"commits","data":{}}\n{"stre', "-:2: not a line of JSON"),
                               (b"[]\n", "-:1: not a JSON object"),
                               (b'{"data":{}}\n', '-:1: an event needs "stream"'),
                               (b'{"stream":"file/a","data":"text"}\n', "is not an object"),
                               (b'{"stream":"file/%4","data":{}}\n', "percent-encoded"),
                               (b'{"stream":"file/a","data":{"mode":"x"}}\n', "no mode and blob")]:
            self.assertIn(message, events_of("--fold", "-", code=2, given=lines))
        self.assertIn("No such file", events_of("--fold", self.folder / "none", code=2))
        self.assertIn("not a number", events_of("--repeat-to", "-3", code=2))


if __name__ == "__main__":
    unittest.main()
