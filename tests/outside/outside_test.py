#!/usr/bin/env python3
"""outside_test BUILD: a project outside the tree finds the installed package and tests its own machine.

Installs the build into a directory of its own, builds tests/outside against that alone, and runs its
properties: the right bank passes, the one with a mistake fails with a small capsule that its program
replays and ledgersim refuses with the reason.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def run(words, expected=0, **options):
    done = subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode != expected:
        sys.exit(f"{words}: exit code {done.returncode}, expected {expected}\n{done.stdout}")
    return done.stdout


def cache(build, name):
    found = re.search(rf"^{name}:\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.MULTILINE)
    return found.group(1) if found else ""


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        top = pathlib.Path(folder)
        prefix = top / "prefix"
        run(["cmake", "--install", str(build), "--prefix", str(prefix)])
        # Nothing of the package may speak of where it was built.
        for file in prefix.rglob("*.cmake"):
            if str(build.parent.parent) in file.read_text():
                sys.exit(f"{file.name} names the build")
        launcher = cache(build, "LEDGER_CCACHE")
        run(["cmake", "-G", "Ninja", "-S", str(HERE), "-B", str(top / "bank"),
             f"-DCMAKE_PREFIX_PATH={prefix}",
             f"-DCMAKE_BUILD_TYPE={cache(build, 'CMAKE_BUILD_TYPE')}",
             f"-DCMAKE_CXX_COMPILER={cache(build, 'CMAKE_CXX_COMPILER')}",
             f"-DCMAKE_CXX_FLAGS={cache(build, 'CMAKE_CXX_FLAGS')}"]
            + ([f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}"] if launcher.startswith("/") else []))
        run(["cmake", "--build", str(top / "bank")])

        environment = {key: value for key, value in os.environ.items() if key != "LEDGER_CAPSULE"}
        environment["RC_PARAMS"] = "seed=1 max_success=20"
        said = run([str(top / "bank" / "bank_test")], env=environment, cwd=top)
        if "OK, passed 20 tests" not in said:
            sys.exit(f"the right bank: {said}")

        environment["RC_PARAMS"] = "seed=1 max_success=200"
        said = run([str(top / "bank" / "forgetful_bank_test")], expected=1, env=environment, cwd=top)
        capsules = list(top.glob("*.capsule"))
        if len(capsules) != 1 or "guest: " not in said:
            sys.exit(f"the forgetful bank left {capsules}: {said}")
        decisions = int(re.search(r"(\d+) decisions, \d+ faults", said).group(1))
        # How far it comes in its time depends on the machine; as it was found it decided far more.
        if decisions > 1000:
            sys.exit(f"the capsule is not small: {said}")

        environment["LEDGER_CAPSULE"] = str(capsules[0])
        again = run([str(top / "bank" / "forgetful_bank_test")], expected=1, env=environment, cwd=top)
        if "a cut does not hold all of the state" not in again:
            sys.exit(f"replayed: {again}")
        # The mended machine passes the same run.
        run([str(top / "bank" / "bank_test")], env=environment, cwd=top)
        refused = run([str(prefix / "bin" / "ledgersim"), "replay", str(capsules[0])], expected=2)
        if "LEDGER_CAPSULE=" not in refused:
            sys.exit(f"ledgersim replay: {refused}")


if __name__ == "__main__":
    main()
