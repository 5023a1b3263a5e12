#!/usr/bin/env python3
"""Plants every violation that scripts/tidy knows in a small clean tree, and asks for its name."""
import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest
import unittest.mock

TIDY = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "tidy"

HEADER = "#pragma once\n// {0}: a part of the small tree.\n\nnamespace ledger {{}}\n"
CLEAN = {
    "log/base/ids.h": HEADER.format("Ids"),
    "log/base/time.cpp": '#include "log/base/ids.h"\n',
    "log/file_system.h": HEADER.format("File system"),
    "log/posix_file_system.cpp": "#include <unistd.h>\n",
    "log/state/ledger.h": HEADER.format("Ledger"),
    "log/projection/number.h": HEADER.format("Number"),
    "raft/quorum.h": HEADER.format("Quorum"),
    "raft/quorum.cpp": '#include "raft/quorum.h"\n#include <vector>\n// throw rand() double\n'
                       "const char* words = \"try { std::thread } catch\";\n"
                       "const char* raw = R\"(using namespace std;)\";\n"
                       "int big = 1'000'000; char quote = '\"'; char other = '\\'';\n",
    "raft/README.md": "| paper | file | test |\n|---|---|---|\n"
                      "| 5.2 | `raft/quorum.h`, `quorum.cpp` | `quorum_test.cpp` |\n",
    "node/codec.h": HEADER.format("Codec"),
    "node/codec.cpp": '#include <capnp/message.h>\n#include "node/codec.h"\nvoid f() { throw 1; }\n',
    "node/replica.h": HEADER.format("Replica"),
    "node/asio/host.cpp": "#include <boost/asio/post.hpp>\n#include <thread>\nstd::mutex m;\n",
    "sim/world.h": HEADER.format("World"),
    "sim/world.cpp": '#include "node/codec.h"\n#include "sim/check/history.h"\ndouble mean = 0.5;\n',
    "sim/check/history.h": HEADER.format("History"),
    "sim/program/main_ledgersim.cpp": '#include <chrono>\n#include "sim/world.h"\n'
                                      "auto now = std::chrono::steady_clock::now();\n",
    "tests/raft/quorum_test.cpp": '#include "sim/world.h"\nint x = std::vector{1}.at(0);\n',
    "tests/log/base/time_test.cpp": "\n",
    "tests/log/posix_file_system_test.cpp": "\n",
    "tests/node/codec_test.cpp": "\n",
    "scripts/run": "#!/bin/sh\nexec ./build/run\n",
}

# file, text put in its place ("+": appended to the clean text), line of the finding, its word.
PLANTED = [
    # Layers.
    ("raft/quorum.cpp", '#include "log/file_system.h"\n', 1, "may not include layer log"),
    ("raft/quorum.cpp", '#include "log/state/ledger.h"\n', 1, "may not include layer state"),
    ("log/state/ledger.h", '+#include "log/file_system.h"\n', 5, "may not include layer log"),
    ("log/base/time.cpp", '#include "raft/quorum.h"\n', 1, "may not include layer raft"),
    ("log/state/ledger.h", '+#include "log/projection/number.h"\n', 5, "may not include layer projection"),
    ("log/projection/number.h", '+#include "raft/quorum.h"\n', 5, "may not include layer raft"),
    ("log/projection/number.h", "+#include <boost/json/value.hpp>\n", 5, "use scan_json"),
    ("log/file_system.h", '+#include "log/state/ledger.h"\n', 5, "may not include layer state"),
    ("node/replica.h", '+#include "node/codec.h"\n', 5, "may not include layer codec"),
    ("node/replica.h", '+#include "sim/world.h"\n', 5, "may not include layer sim"),
    ("node/asio/host.cpp", '#include "sim/world.h"\n', 1, "may not include layer sim"),
    ("sim/check/history.h", '+#include "raft/quorum.h"\n', 5, "may not include layer raft"),
    ("sim/world.cpp", '#include "tests/raft/quorum_test.cpp"\n', 1, "may not include layer tests"),
    ("raft/quorum.cpp", '\n#include "quorum.h"\n', 2, "from the root"),
    ("raft/quorum.cpp", '\n#include "raft/gone.h"\n', 2, "no file of ours"),
    # Third-party and system headers outside their homes.
    ("node/replica.h", "+#include <boost/asio/ip/tcp.hpp>\n", 5, "boost/asio"),
    ("node/asio/host.cpp", "#include <boost/asio.hpp>\n", 1, "single Asio headers"),
    ("sim/world.cpp", "#include <boost/beast/http.hpp>\n", 1, "boost/beast"),
    ("raft/quorum.cpp", "#include <spdlog/spdlog.h>\n", 1, "spdlog"),
    ("node/replica.h", "+#include <capnp/message.h>\n", 5, "node/codec.h"),
    ("raft/quorum.cpp", "#include <fmt/format.h>\n", 1, "log/base/format.h"),
    ("raft/quorum.cpp", "#include <chrono>\n", 1, "Instant"),
    ("raft/quorum.cpp", "#include <cassert>\n", 1, "LEDGER_ASSERT"),
    ("log/base/time.cpp", "#include <boost/unordered/unordered_flat_map.hpp>\n", 1, "lookup_table"),
    ("log/base/time.cpp", "#include <fcntl.h>\n", 1, "log/file_system.h"),
    # Words.
    ("raft/quorum.cpp", "\nint x = std::random_device{}();\n", 2, "choose()"),
    ("raft/quorum.cpp", "\nint x = rand();\n", 2, "choose()"),
    ("sim/world.cpp", "\nstd::uniform_int_distribution<int> d;\n", 2, "choose()"),
    ("sim/world.cpp", "\nauto t = std::chrono::system_clock::now();\n", 2, "Instant"),
    ("sim/program/main_ledgersim.cpp", "\nauto t = time(nullptr);\n", 2, "Instant"),
    ("node/replica.h", "+auto home = getenv(\"HOME\");\n", 5, "handed in"),
    ("sim/check/history.h", "+std::thread t;\n", 5, "std::thread"),
    ("sim/world.h", "+std::atomic<int> n;\n", 5, "std::atomic"),
    ("raft/quorum.h", "+std::unordered_map<int, int> m;\n", 5, "unordered_map"),
    ("tests/raft/quorum_test.cpp", "boost::unordered_flat_map<int, int> m;\n", 1, "lookup_table"),
    ("raft/quorum.h", "+using H = std::hash<int>;\n", 5, "std::hash"),
    ("raft/quorum.cpp", "\n\ndouble x;\n", 3, "integers"),
    ("log/state/ledger.h", "+float x;\n", 5, "integers"),
    ("raft/quorum.h", "+inline void f() { throw 1; }\n", 5, "`throw`"),
    ("sim/world.cpp", "void f() {\n    try {\n    } catch (...) {\n    }\n}\n", 2, "`try`"),
    ("sim/world.cpp", "\nint x = m.at(3);\n", 2, "find()"),
    ("log/file_system.h", "+int x = r.value();\n", 5, "LEDGER_TRY"),
    ("log/file_system.h", "+int x = std::stoi(s);\n", 5, "from_chars"),
    ("node/replica.h", "+auto x = std::get<Leader>(role);\n", 5, "get_if"),
    ("raft/quorum.cpp", "/* a\n b */ void f() { assert(x); }\n", 2, "LEDGER_ASSERT"),
    ("raft/quorum.cpp", "\nvoid f() { std::abort(); }\n", 2, "LEDGER_ASSERT"),
    ("raft/quorum.cpp", '\nvoid f() { std::printf("x"); }\n', 2, "prints nothing"),
    ("node/asio/host.cpp", "\nusing namespace std;\n", 2, "using namespace"),
    ("node/asio/host.cpp", "\nauto [e, n] = co_await read();\n", 2, "co_await"),
    ("node/asio/host.cpp", "\nspawn(asio::detached);\n", 2, "aborts"),
    ("node/codec.cpp", "\nsize_t n;\n", 2, "std::uint64_t"),
    ("sim/trace.h", HEADER.format("Trace") + "unsigned long n;\n", 5, "std::uint64_t"),
    # Headers, text, tables, mirror.
    ("raft/quorum.h", "\n#pragma once\n// Quorum: a.\n", 1, "#pragma once"),
    ("raft/quorum.h", "#pragma once\n#include <vector>\n", 2, "line 2"),
    ("raft/quorum.cpp", "\n// FIX" + "ME later\n", 2, "TODO(later)"),
    ("scripts/run", "#!/bin/sh\nexec /ho" + "me/me/run\n", 2, "relative"),
    ("raft/README.md", "\n| 5.2 | `raft/gone.cpp` |\n", 2, "raft/gone.cpp"),
    ("raft/README.md", "| 5.2 | `gone_test.cpp` |\n", 1, "gone_test.cpp"),
    ("raft/election.cpp", "\n", 1, "tests/raft/election_test.cpp"),
    ("log/base/new.cpp", "\n", 1, "tests/log/base/new_test.cpp"),
]


def write(root, files):
    for path, text in files.items():
        file = pathlib.Path(root, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


module = types.ModuleType("tidy")
module.__file__ = str(TIDY)
exec(compile(TIDY.read_text(), str(TIDY), "exec"), module.__dict__)


# The exceptions of the real tree say nothing about the small one.
REAL_EXCEPTIONS = [path for path, _ in module.EXCEPTIONS] + list(module.MIRRORED_BY)
module.EXCEPTIONS.clear()
module.MIRRORED_BY.clear()


def tidy(*arguments):
    """Exit code and output of scripts/tidy, without the start of a process for each planted tree."""
    output = io.StringIO()
    arguments_before, sys.argv = sys.argv, [str(TIDY), *arguments]
    try:
        with contextlib.redirect_stdout(output):
            return module.main(), output.getvalue()
    finally:
        sys.argv = arguments_before


class Planted(unittest.TestCase):
    def test_the_small_tree_is_clean(self):
        with tempfile.TemporaryDirectory() as root:
            write(root, CLEAN)
            self.assertEqual(tidy(root), (0, "tidy: 20 sources, 0 findings\n"))

    def test_every_planted_violation_is_named_with_its_place(self):
        for path, text, line, word in PLANTED:
            with self.subTest(path=path, word=word), tempfile.TemporaryDirectory() as root:
                planted = CLEAN.get(path, "") + text[1:] if text.startswith("+") else text
                write(root, CLEAN | {path: planted})
                code, output = tidy(root)
                named = [at for at in output.splitlines() if at.startswith(f"{path}:{line}: ")]
                self.assertEqual(code, 1, output)
                self.assertTrue(any(word in at for at in named), output)

    def test_every_banned_thing_is_planted_somewhere(self):
        # A row of the tables that no planted violation reaches would be a rule nobody tested.
        texts = "".join(text for _, text, _, _ in PLANTED)
        for pattern, _, _ in module.WORDS:
            if "clock_gettime" not in pattern.pattern:  # its test is the one of the symbols
                self.assertRegex(texts, pattern)

    def test_exceptions_are_honoured_and_none_is_stale(self):
        for path in REAL_EXCEPTIONS:
            self.assertTrue(pathlib.Path(TIDY.parents[1], path).is_file(), path)
        with tempfile.TemporaryDirectory() as root, \
                unittest.mock.patch.dict(module.MIRRORED_BY, {"raft/new.cpp": "tests/raft/quorum_test.cpp"}), \
                unittest.mock.patch.dict(module.EXCEPTIONS, {("raft/new.cpp", ".at("): "a reason"}):
            write(root, CLEAN | {"raft/new.cpp": "int x = m.at(3);\n"})
            self.assertEqual(tidy(root)[0], 0)
            write(root, {"raft/new.cpp": "int x = m.at(3); void f() { throw 1; }\n"})
            self.assertEqual(tidy(root)[0], 1)

    def test_reports_never_fail(self):
        with tempfile.TemporaryDirectory() as root:
            long = "void f() {\n" + "    step();\n" * 700 + "}\n" + "int " + "x" * 120 + ";\n"
            write(root, CLEAN | {"raft/quorum.cpp": long})
            code, output = tidy(root, "--report")
            self.assertEqual(code, 0, output)
            self.assertIn("report: raft/quorum.cpp: 704 lines", output)
            self.assertIn("report: raft/quorum.cpp:1: a function of 702 lines", output)
            self.assertIn("report: raft/quorum.cpp:703: 125 columns", output)

    def test_the_program_itself_exits_with_its_findings(self):
        with tempfile.TemporaryDirectory() as root:
            write(root, CLEAN)
            self.assertEqual(subprocess.run([TIDY, root], stdout=subprocess.DEVNULL).returncode, 0)
            write(root, {"raft/new.cpp": "int x = rand();\n"})
            self.assertEqual(subprocess.run([TIDY, root], stdout=subprocess.DEVNULL).returncode, 1)

    def test_an_empty_tree_is_a_usage_error(self):
        with tempfile.TemporaryDirectory() as root:
            self.assertEqual(tidy(root)[0], 2)


class Symbols(unittest.TestCase):
    NAMES = ["base", "log", "state", "projection", "raft", "node", "check", "explore", "sim"]

    def build(self, root, bodies):
        for name in self.NAMES:
            source = pathlib.Path(root, f"{name}.cpp")
            source.write_text(bodies.get(name, f"int of_{name};\n"))
            unit = source.with_suffix(".o")
            subprocess.run(["g++", "-std=c++20", "-c", str(source), "-o", str(unit)], check=True)
            subprocess.run(["ar", "rc", f"{root}/libledger_{name}.a", str(unit)], check=True)

    def test_symbols_that_make_a_run_differ_are_named(self):
        with tempfile.TemporaryDirectory() as root:
            self.build(root, {
                "raft": "#include <time.h>\nlong f() { timespec t; clock_gettime(0, &t); return 1; }\n",
                "sim": "#include <chrono>\nauto f() { return std::chrono::steady_clock::now(); }\n",
            })
            code, output = tidy("--symbols", root)
            self.assertEqual(code, 1)
            self.assertRegex(output, r"libledger_raft\.a:raft\.o:.*clock_gettime")
            self.assertRegex(output, r"libledger_sim\.a:sim\.o:.*steady_clock::now")

    def test_clean_archives_pass_and_a_missing_one_does_not(self):
        with tempfile.TemporaryDirectory() as root:
            self.build(root, {})
            self.assertEqual(tidy("--symbols", root), (0, "tidy: 9 archives, 0 findings\n"))
            pathlib.Path(root, "libledger_node.a").unlink()
            code, output = tidy("--symbols", root)
            self.assertEqual(code, 1)
            self.assertIn("libledger_node.a is not built", output)


if __name__ == "__main__":
    unittest.main()
