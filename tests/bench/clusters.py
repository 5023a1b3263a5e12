"""Three real servers on loopback for one measurement: ours, or etcd's; and the probe of their disk."""
import json
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request


class BenchError(Exception):
    """Something that a figure must not be made of."""


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


def io_of(pid, figure):
    """A figure of /proc/PID/io, see proc(5)."""
    for line in pathlib.Path(f"/proc/{pid}/io").read_text().splitlines():
        name, value = line.split(": ")
        if name == figure:
            return int(value)
    raise BenchError(f"/proc/{pid}/io has no {figure}")


class Cluster:
    """Started as a context; nothing it started or wrote outlives it."""
    SIZE = 3

    def __init__(self, binaries, data):
        self.binaries, self.data = binaries, data
        self.servers, self.log_files = [], []

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="bench.", dir=self.data)
        self.path = pathlib.Path(self.folder.name)
        self.ports = free_ports(self.SIZE)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        self.folder.cleanup()

    def spawn(self, number, command):
        self.log_files.append(self.path / f"{number}.log")
        with open(self.log_files[-1], "w") as log:
            self.servers.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                                 stderr=log, start_new_session=True))

    def stop(self):
        for server in self.servers:
            if server.poll() is None:
                server.send_signal(signal.SIGTERM)
        for server in self.servers:
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()

    def load(self, clients, payload, warm_up, seconds):
        """What its load generator measured. The same number of connections for every system."""
        servers = ",".join(f"{port}:{server.pid}" for port, server in zip(self.ports, self.servers))
        result = subprocess.run(
            [self.binaries / self.GENERATOR, "--servers", servers, "--clients", str(clients),
             "--connections", str(min(clients, 8)), "--payload", str(payload),
             "--warm-up", str(warm_up), "--seconds", str(seconds)], capture_output=True, text=True)
        if result.returncode != 0:
            raise BenchError(result.stderr.strip() or f"{self.GENERATOR}: exit {result.returncode}")
        return json.loads(result.stdout)


class LedgerCluster(Cluster):
    GENERATOR = "cluster_bench"

    def start(self):
        identity = secrets.token_hex(16)
        peers = ",".join(f"{n}=127.0.0.1:{port}" for n, port in enumerate(self.ports, 1))
        ledgerd = self.binaries / "ledgerd"
        for number in range(1, self.SIZE + 1):
            common = ["--node", str(number), "--data", self.path / f"n{number}", "--cluster", identity]
            subprocess.run([ledgerd, "format", *common], check=True, stdout=subprocess.DEVNULL)
            self.spawn(number, [ledgerd, "run", *common, "--peers", peers])

    def stop_and_count(self, leader):
        """Groups that each node stored in its life, each with one fdatasync, and the mean bytes of
        the leader's. Nearly all that the process writes other than to sockets is groups."""
        written = io_of(self.servers[leader].pid, "wchar")
        self.stop()
        groups = []
        for file in self.log_files:
            found = re.search(r"stored (\d+) groups", file.read_text())
            if not found:
                raise BenchError("a node did not end well:\n" + file.read_text()[-2000:])
            groups.append(int(found.group(1)))
        return {"groups": groups, "group_bytes": max(1, written // max(1, groups[leader]))}


class LedgerNode(LedgerCluster):
    """One node that is stopped and started again on the same data."""
    SIZE = 1
    ELECTION = ["--election-timeout", "60ms", "--heartbeat-interval", "15ms"]

    def start(self):
        identity = secrets.token_hex(16)
        self.directory = self.path / "n1"
        common = ["--node", "1", "--data", self.directory, "--cluster", identity]
        subprocess.run([self.binaries / "ledgerd", "format", *common], check=True,
                       stdout=subprocess.DEVNULL)
        self.command = [self.binaries / "ledgerd", "run", *common, *self.ELECTION,
                        "--peers", f"1=127.0.0.1:{self.ports[0]}"]
        self.begin()

    def begin(self):
        self.servers, self.log_files = [], []
        self.spawn(1, self.command)

    def log_bytes(self):
        return sum(file.stat().st_size for file in self.directory.rglob("*.segment"))

    def files(self):
        return [file for file in self.directory.rglob("*") if file.is_file()]

    def fill(self, size, payload, log=None):
        """Appends until the log has so many bytes."""
        seconds = 2
        while (before := self.log_bytes()) < size:
            self.load(256, payload, 0.5, seconds)
            rate = max(1, self.log_bytes() - before) / (seconds + 0.5)
            seconds = max(1, min(60, (size - self.log_bytes()) / rate))
            if log:
                log(self.log_bytes())

    def seconds_to_serving(self):
        """From the start of the process until a command has been acknowledged, and a read answered."""
        begin = time.monotonic()
        self.begin()
        result = subprocess.run([self.binaries / self.GENERATOR, "--first-answers", str(self.ports[0])],
                                capture_output=True, text=True)
        if result.returncode != 0:
            raise BenchError(result.stderr.strip() or f"{self.GENERATOR}: exit {result.returncode}")
        answers = json.loads(result.stdout)
        return answers["applied"] / 1e9 - begin, answers["answered"] / 1e9 - begin


def evict(files):
    """Out of the page cache: the next read is cold."""
    for file in files:
        handle = os.open(file, os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def seconds_to_read(files):
    begin = time.monotonic()
    buffer = bytearray(1 << 20)
    for file in files:
        with open(file, "rb", buffering=0) as stream:
            while stream.readinto(buffer):
                pass
    return time.monotonic() - begin


class EtcdCluster(Cluster):
    GENERATOR = "etcd_bench"

    def start(self):
        peer_ports, token = free_ports(self.SIZE), secrets.token_hex(8)
        members = ",".join(f"m{n}=http://127.0.0.1:{port}" for n, port in enumerate(peer_ports, 1))
        for number, (port, peer_port) in enumerate(zip(self.ports, peer_ports), 1):
            client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
            self.spawn(number, [
                "etcd", "--name", f"m{number}", "--data-dir", self.path / f"m{number}",
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", members, "--initial-cluster-state", "new",
                "--initial-cluster-token", token,
                "--logger", "zap", "--log-level", "error"])

    def flushes(self):
        """Of each member so far: of its write-ahead log and of its database."""
        all_members = []
        for port in self.ports:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
                text = page.read().decode()
            all_members.append(sum(
                int(float(re.search(rf"^etcd_disk_{name}_duration_seconds_count (\S+)", text, re.M)[1]))
                for name in ("wal_fsync", "backend_commit")))
        return all_members


def probe(binaries, data, group_bytes, seconds):
    """Groups per second of each of three processes that do nothing but what a disk must see."""
    with tempfile.TemporaryDirectory(prefix="bench.", dir=data) as folder:
        probes = [subprocess.Popen(
            [binaries / "disk_probe", os.path.join(folder, str(n)), str(group_bytes), str(seconds)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for n in range(3)]
        for one in probes:
            one.stdout.readline()  # ready
        for one in probes:
            one.stdin.close()
        results = [json.loads(one.stdout.readline() or "null") for one in probes]
        for one in probes:
            one.stdout.close()
            one.wait()
    if None in results:
        raise BenchError("a probe could not write")
    return sum(result["groups_per_second"] for result in results) / len(results)


class Profile:
    """perf on one process while the load lasts."""

    def __init__(self, pid, seconds, file):
        self.file = file
        self.perf = subprocess.Popen(
            ["perf", "record", "-q", "-e", "cpu-clock", "-g", "-p", str(pid), "-o", file,
             "--", "sleep", str(seconds)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def report(self, lines):
        self.perf.wait()
        text = subprocess.run(["perf", "report", "-q", "--stdio", "--no-children", "-g", "none",
                               "-i", self.file, "--percent-limit", "0.4"],
                              capture_output=True, text=True).stdout
        return [line.rstrip() for line in text.splitlines() if line.strip()][:lines]


def in_a_while(seconds, action):
    timer = threading.Timer(seconds, action)
    timer.start()
    return timer
