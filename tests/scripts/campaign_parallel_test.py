#!/usr/bin/env python3
"""The lines of sim/README.md that run a campaign with GNU parallel, as they stand there, with fewer seeds.

usage: campaign_parallel_test.py LEDGERSIM
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

README = pathlib.Path(__file__).resolve().parents[2] / "sim" / "README.md"
SKIPPED = 77


def main():
    if shutil.which("parallel") is None:
        print("skipped: GNU parallel is not installed (package parallel): scripts/setup --slurm")
        return SKIPPED
    blocks = [block for block in re.findall(r"```\n(.*?)```", README.read_text(), re.S) if "\nparallel " in f"\n{block}"]
    if len(blocks) != 1:
        print(f"README: {len(blocks)} blocks of lines with parallel, expected one")
        return 1
    script, replaced = re.subn(r"--seeds 1\.\.\d+", "--seeds 1..32", blocks[0])
    if replaced != 1:
        print(f"README: {replaced} ranges of seeds, expected one")
        return 1
    with tempfile.TemporaryDirectory() as directory:
        os.symlink(os.path.abspath(sys.argv[1]), os.path.join(directory, "ledgersim"))
        environment = os.environ | {"PATH": f"{directory}:{os.environ['PATH']}", "HOME": directory}

        def run(text):
            return subprocess.run(["bash", "-e", "-c", text], cwd=directory, env=environment,
                                  capture_output=True, text=True, timeout=300)

        done = run(script)
        one = run("ledgersim campaign --seeds 1..32 --out one --json")
        pages = [pathlib.Path(directory, folder, "report.jsonl").read_bytes() for folder in ("report", "one")]
        if done.returncode != one.returncode or pages[0] != pages[1]:
            print(f"exit {done.returncode}, on one machine {one.returncode}\n{done.stderr}\n{one.stderr}")
            return 1
        # Once more: everything is finished, nothing is run again.
        states = sorted(pathlib.Path(directory, "shards").iterdir())
        before = [file.read_bytes() for file in states]
        run(script)
        if [file.read_bytes() for file in states] != before:
            print("the second time something was run again")
            return 1
        seeds = json.loads(pages[0].splitlines()[-1])["seeds_run"]
        print(f"{seeds} seeds in {len(states)} shards: the report of one machine, byte for byte")
    return 0


if __name__ == "__main__":
    sys.exit(main())
