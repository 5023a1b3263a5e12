#!/usr/bin/env python3
"""scripts/mutants on a small tree whose `ledgersim` is thirty lines: are its rules kept?"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "mutants"

CMAKE = """cmake_minimum_required(VERSION 3.25)
project(small LANGUAGES CXX)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
add_executable(ledgersim sim/main.cpp)
# Tests fail on a bug as a campaign does: with 1.
add_executable(toy_tests sim/main.cpp)
"""
PRESETS = {
    "version": 6,
    "configurePresets": [{"name": "release", "generator": "Ninja",
                          "binaryDir": "${sourceDir}/build/${presetName}"}],
    "buildPresets": [{"name": "release", "configurePreset": "release"}],
}
# A simulator with one promise, broken on seed 7 when a patch turns `broken` on, and one seed on
# which a patch can make only a campaign complain.
SIMULATOR = r"""#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

const bool control_is_sick = false;

bool violated(int seed) {
    return control_is_sick && seed == 9;
}

bool violated_alone(int seed) {
    return violated(seed);
}

int main(int count, char** words) {
    int first = 1, last = 40;
    bool stop = false;
    for (int i = 1; i < count; ++i) {
        const char* range = std::strstr(words[i], "..");
        first = range ? std::atoi(words[i]) : first;
        last = range ? std::atoi(range + 2) : last;
        stop = stop || std::string(words[i]) == "--stop-on-violation";
    }
    if (std::string(words[1]) == "run") {
        const bool bad = violated_alone(std::atoi(words[3]));
        std::printf("{\"verdict\":\"%s\"%s}\n", bad ? "violated" : "ok",
            bad ? ",\"violation\":{\"check\":\"durability\",\"kind\":\"safety\","
                  "\"sentence\":\"an acknowledged append is gone\"}" : "");
        return bad ? 1 : 0;
    }
    std::string list;
    int seed = first;
    for (; seed <= last && !(stop && !list.empty()); ++seed) {
        list += violated(seed) ? (list.empty() ? "" : ",") + std::to_string(seed) : "";
    }
    std::printf("{\"progress\":1}\n{\"seeds_run\":%d,\"violated\":[%s],\"inconclusive\":[]}\n",
        seed - first, list.c_str());
    return list.empty() ? 0 : 1;
}
"""


def patch(old, new, promise="# broken promise: acknowledged means durable\n"):
    """A patch of the simulator without tools, so that a wrong one can be made as well."""
    lines = SIMULATOR.split("\n")
    at = lines.index(old)
    before, after = lines[at - 1], lines[at + 1]
    return (f"{promise}--- a/sim/main.cpp\n+++ b/sim/main.cpp\n@@ -{at},3 +{at},3 @@\n"
            f" {before}\n-{old}\n+{new}\n {after}\n")


DECIDES = "    return control_is_sick && seed == 9;"
ALONE = "    return violated(seed);"
CAUGHT = patch(DECIDES, "    return seed == 7;")
MISSED = patch(DECIDES, "    return seed > 40;")
NOT_BUILT = patch(DECIDES, "    return no_such_name;")
ONLY_TOGETHER = patch(ALONE, "    return seed == 1000;")
REJECTED = CAUGHT.replace("-    return control_is_sick", "-    return the_code_moved_on")


class Mutants(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        for path, text in {"CMakeLists.txt": CMAKE, "CMakePresets.json": json.dumps(PRESETS),
                           "sim/main.cpp": SIMULATOR}.items():
            (cls.root / path).parent.mkdir(exist_ok=True)
            (cls.root / path).write_text(text)
        (cls.root / "scripts").mkdir()
        shutil.copy(SCRIPT, cls.root / "scripts" / "mutants")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_with(self, patches, *arguments, json_lines=True):
        folder = self.root / "patches"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, text in patches.items():
            (folder / f"{name}.patch").write_text(text)
        result = subprocess.run(
            [sys.executable, self.root / "scripts" / "mutants", "--dir", folder, "--seconds", "5",
             *(["--json"] if json_lines else []), *arguments], capture_output=True, text=True)
        if not json_lines:
            return result.returncode, result.stdout, result.stderr
        objects = [json.loads(line) for line in result.stdout.splitlines()]
        return result.returncode, {o["mutant"]: o for o in objects if "mutant" in o}, result.stderr

    def test_a_caught_mutant_is_reported_with_check_seed_and_promise(self):
        code, results, errors = self.run_with({"forget": CAUGHT})
        self.assertEqual(code, 0, errors)
        mutant = results["forget"]
        self.assertEqual((mutant["verdict"], mutant["check"], mutant["kind"], mutant["seed"]),
                         ("caught", "durability", "safety", 7))
        self.assertEqual(mutant["promise"], "acknowledged means durable")
        self.assertEqual(mutant["seeds_run"], 7)
        self.assertGreaterEqual(mutant["control_seeds"], 20)
        self.assertEqual((self.root / "sim" / "main.cpp").read_text(), SIMULATOR)
        self.assertEqual((self.root / "build/mutants/tree/sim/main.cpp").read_text(), SIMULATOR)

    def test_mutants_of_checkers_are_judged_by_the_tests_that_they_name(self):
        tests = "# tests: toy\n"
        code, results, errors = self.run_with({"a_caught": tests + CAUGHT, "b_missed": tests + MISSED,
                                               "c_error": tests + NOT_BUILT}, "--checkers")
        self.assertEqual(code, 1, errors)
        self.assertEqual({name: result["verdict"] for name, result in results.items()},
                         {"a_caught": "caught", "b_missed": "missed", "c_error": "not_built"})
        self.assertEqual((results["a_caught"]["check"], results["a_caught"]["sentence"]), ("toy", "ended with 1"))
        self.assertEqual((self.root / "build/mutants/tree/sim/main.cpp").read_text(), SIMULATOR)
        self.assertEqual(self.run_with({"a_caught": tests + CAUGHT}, "--checkers")[0], 0)
        code, _, errors = self.run_with({"a_caught": CAUGHT}, "--checkers")
        self.assertEqual(code, 2, errors)
        self.assertIn("# tests: NAMES", errors)

    def test_missed_and_unbuildable_mutants_fail_the_run(self):
        code, results, _ = self.run_with({"a_missed": MISSED, "b_caught": CAUGHT, "c_error": NOT_BUILT})
        self.assertEqual(code, 1)
        self.assertEqual({name: result["verdict"] for name, result in results.items()},
                         {"a_missed": "missed", "b_caught": "caught", "c_error": "not_built"})
        self.assertIn("no_such_name", results["c_error"]["why"])
        self.assertEqual(results["a_missed"]["control_seeds"], 40)

    def test_a_violation_that_its_seed_does_not_repeat_is_not_caught(self):
        together = CAUGHT + ONLY_TOGETHER[ONLY_TOGETHER.index("@@"):]
        code, results, errors = self.run_with({"flaky": together})
        self.assertEqual(code, 1, errors)
        self.assertEqual(results["flaky"]["verdict"], "missed")
        self.assertIn("seed 7 is not violated when run alone", results["flaky"]["why"])

    def test_a_control_that_is_not_green_spoils_the_catch(self):
        main = self.root / "sim" / "main.cpp"
        main.write_text(SIMULATOR.replace("sick = false", "sick = true"))
        try:
            code, results, _ = self.run_with({"forget": CAUGHT})
        finally:
            main.write_text(SIMULATOR)
        self.assertEqual(code, 1)
        self.assertEqual(results["forget"]["verdict"], "not_green")
        self.assertIn("[9]", results["forget"]["why"])

    def test_a_patch_that_does_not_apply_is_named_with_its_hunk(self):
        code, results, errors = self.run_with({"good": CAUGHT, "old": REJECTED})
        self.assertEqual((code, results), (2, {}))
        self.assertIn("old.patch: does not apply", errors)
        self.assertIn("first rejected hunk, of sim/main.cpp:\n@@ -", errors)
        self.assertIn("-    return the_code_moved_on", errors)

    def test_one_mutant_can_be_chosen_and_the_table_is_readable(self):
        code, table, _ = self.run_with({"a": CAUGHT, "b": MISSED}, "--only", "a", json_lines=False)
        self.assertEqual(code, 0)
        self.assertRegex(table, r"(?m)^a +caught +durability +7 ")
        self.assertIn("1 of 1 caught", table)

    def test_a_run_that_was_cut_short_goes_on_where_it_was(self):
        known = self.root / "build/mutants/results.jsonl"
        known.unlink(missing_ok=True)
        self.run_with({"a": CAUGHT})
        known.write_text(known.read_text() + '{"key": "torn')  # killed while it wrote
        code, results, errors = self.run_with({"a": CAUGHT, "b": CAUGHT}, "--resume")
        self.assertEqual((code, sorted(results)), (0, ["a", "b"]), errors)
        self.assertNotIn("a: searching", errors)
        self.assertIn("b: searching", errors)
        # Another patch of that name, or another tree, is judged anew.
        _, _, errors = self.run_with({"a": CAUGHT + "\n"}, "--resume")
        self.assertIn("a: searching", errors)
        extra = self.root / "sim" / "extra.h"
        extra.write_text("// one more\n")
        try:
            _, _, errors = self.run_with({"a": CAUGHT}, "--resume")
        finally:
            extra.unlink()
        self.assertIn("a: searching", errors)

    def test_a_rotation_takes_so_many(self):
        code, results, errors = self.run_with({"a": CAUGHT, "b": CAUGHT, "c": CAUGHT}, "--rotate", "2")
        self.assertEqual((code, len(results)), (0, 2), errors)
        self.assertEqual(self.run_with({"a": CAUGHT}, "--rotate", "2")[0], 0)

    def test_mistakes_are_usage_errors(self):
        code, _, errors = self.run_with({"a": CAUGHT}, "--only", "z")
        self.assertEqual(code, 2)
        self.assertIn("there are: a", errors)
        self.assertEqual(self.run_with({})[0], 2)
        self.assertEqual(self.run_with({"a": CAUGHT}, "--seconds", "-1")[0], 2)


if __name__ == "__main__":
    unittest.main()
