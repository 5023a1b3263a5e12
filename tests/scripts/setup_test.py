#!/usr/bin/env python3
"""scripts/setup against a machine made of small fakes: what is missing, and who asks for it."""
import os
import pathlib
import subprocess
import tempfile
import unittest

SETUP = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "setup"
PACKAGES = subprocess.run([SETUP, "--list"], capture_output=True, text=True, check=True).stdout.split()
TOOLS = ["bash", "env", "cat"]


class Setup(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.bin = pathlib.Path(folder.name)
        self.calls = self.bin / "calls"
        self.calls.write_text("")
        for tool in TOOLS:
            os.symlink(subprocess.run(["which", tool], capture_output=True, text=True).stdout.strip(),
                       self.bin / tool)

    def fake(self, name, body):
        file = self.bin / name
        file.write_text(f"#!/bin/bash\n{body}\n")
        file.chmod(0o755)

    def machine(self, installed, user=0, sudo=False, apt=0):
        states = "\n".join(f"ii  {package}" for package in installed)
        self.fake("dpkg-query", f"cat <<'END'\n{states}\nun  g++-nothing\nEND\nexit 1")
        self.fake("apt-get", f'echo "apt-get $*" >>"{self.calls}"; [[ $* != *install* ]] || exit {apt}')
        self.fake("id", f"echo {user}")
        if sudo:
            self.fake("sudo", f'echo -n "sudo " >>"{self.calls}"; exec "$@"')

    def run_setup(self, *arguments):
        result = subprocess.run([SETUP, *arguments], capture_output=True, text=True,
                                env={"PATH": str(self.bin)})
        self.assertEqual(result.stdout if "--list" not in arguments else "", "")
        return result.returncode, result.stderr, self.calls.read_text().splitlines()

    def test_nothing_missing_calls_nobody(self):
        self.machine(PACKAGES, user=1000)
        code, said, calls = self.run_setup()
        self.assertEqual((code, calls), (0, []))
        self.assertIn("are installed", said)

    def test_root_installs_exactly_what_is_missing(self):
        self.machine([p for p in PACKAGES if p not in ("g++", "libboost1.81-dev")])
        code, said, calls = self.run_setup()
        self.assertEqual(code, 0)
        self.assertEqual(calls, ["apt-get -q update",
                                 "apt-get -q install -y --no-install-recommends g++ libboost1.81-dev"])
        self.assertIn("installing 2 missing packages: g++ libboost1.81-dev", said)

    def test_a_user_with_sudo_installs_through_sudo(self):
        self.machine([p for p in PACKAGES if p != "ccache"], user=1000, sudo=True)
        code, said, calls = self.run_setup()
        self.assertEqual(code, 0)
        self.assertTrue(all(call.startswith("sudo apt-get") for call in calls) and calls, calls)
        self.assertIn("(with sudo)", said)

    def test_a_user_without_sudo_is_told_what_root_should_run(self):
        self.machine([p for p in PACKAGES if p != "capnproto"], user=1000)
        code, said, calls = self.run_setup()
        self.assertEqual((code, calls), (5, []))
        self.assertIn("apt-get install --no-install-recommends capnproto", said)

    def test_the_minimum_leaves_the_second_compiler_out(self):
        self.machine([p for p in PACKAGES if "19" not in p])
        self.assertEqual(self.run_setup("--minimal")[::2], (0, []))
        code, said, calls = self.run_setup()
        self.assertEqual(code, 0)
        self.assertIn("clang-19", calls[-1])

    def test_the_benchmark_asks_for_more_and_leaves_no_service_running(self):
        self.machine(PACKAGES)
        self.fake("systemctl", f'echo "systemctl $*" >>"{self.calls}"')
        self.assertEqual(self.run_setup()[::2], (0, []))
        code, said, calls = self.run_setup("--bench")
        self.assertEqual(code, 0)
        self.assertIn("etcd-server libgrpc++-dev", calls[1])
        self.assertEqual(calls[2], "systemctl disable --now etcd.service")

    def test_the_browser_is_installed_for_those_who_ask(self):
        self.machine(PACKAGES)
        self.assertEqual(self.run_setup()[::2], (0, []))
        code, said, calls = self.run_setup("--browser")
        self.assertEqual(code, 0)
        self.assertEqual(calls[-1],
                         "apt-get -q install -y --no-install-recommends chromium fonts-dejavu-core")

    def test_campaigns_ask_for_slurm_and_leave_no_service_running(self):
        self.machine(PACKAGES)
        self.fake("systemctl", f'echo "systemctl $*" >>"{self.calls}"')
        code, said, calls = self.run_setup("--slurm")
        self.assertEqual(code, 0)
        self.assertIn("slurm-wlm slurmctld slurmd slurm-client munge parallel", calls[1])
        self.assertEqual(calls[2], "systemctl disable --now slurmctld.service slurmd.service")

    def test_boost_1_74_is_named_before_it_goes(self):
        self.machine([p for p in PACKAGES if p != "libboost1.81-dev"] + ["libboost1.74-dev"])
        self.assertIn("libboost1.74-dev conflicts", self.run_setup()[1])

    def test_failures_and_mistakes_have_their_codes(self):
        self.machine([], apt=100)
        code, said, _ = self.run_setup()
        self.assertEqual(code, 5)
        self.assertIn("could not install", said)
        self.assertEqual(self.run_setup("--mininal")[0], 2)
        (self.bin / "dpkg-query").unlink()
        code, said, _ = self.run_setup()
        self.assertEqual(code, 5)
        self.assertIn("not a Debian system", said)


if __name__ == "__main__":
    unittest.main()
