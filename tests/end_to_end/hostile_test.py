#!/usr/bin/env python3
"""A real cluster among clients that damage, announce too much, fall silent or never read."""
import json
import pathlib
import re
import socket
import struct
import subprocess
import time
import unittest

from cluster import LEDGERCTL, ClusterTest, FedImport

HEADER = struct.Struct("<4sHBBIII")  # node/frame.h, without the header's own checksum
FRAME_BYTES_MAX = 16 << 20


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def with_length(frame, payload_bytes):
    """The frame's header, announcing this many bytes, with checksums that are right."""
    magic, version, kind, flags, _, payload_crc, zero = HEADER.unpack(frame[:HEADER.size])
    header = HEADER.pack(magic, version, kind, flags, payload_bytes, payload_crc, zero)
    return header + struct.pack("<I", crc32c(header))


class Hostile(ClusterTest):
    def setUp(self):
        super().setUp()
        self.up()
        self.port = self.status()["nodes"][0]["port"]
        self.pids = [node["pid"] for node in self.status()["nodes"]]

    def tearDown(self):
        self.assertEqual([node["pid"] for node in self.status()["nodes"]], self.pids)
        self.assertEqual(self.ctl("verify", "--json").json()["verdict"], "ok")

    def captured(self, *words):
        """The first frame that ledgerctl sends for this: to us, not to a node."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            elsewhere = self.folder / "captured"
            elsewhere.mkdir(exist_ok=True)
            (elsewhere / "cluster.json").write_text(json.dumps(
                {"cluster": "0" * 31 + "1", "nodes": [{"node": 1, "pid": 0, "port": server.getsockname()[1]}]}))
            process = self.start_anywhere(*words, "--dir", elsewhere)
            connection, _ = server.accept()
            with connection:
                frame = connection.recv(1 << 16)
        process.kill()
        process.wait()
        size = HEADER.unpack(frame[:HEADER.size])[4] + HEADER.size + 4
        self.assertGreaterEqual(len(frame), size)
        return frame[:size]

    def start_anywhere(self, *words):
        process = subprocess.Popen([LEDGERCTL, *map(str, words)], env=self.environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.kill)
        return process

    def connect(self, *sent):
        connection = socket.create_connection(("127.0.0.1", self.port))
        self.addCleanup(connection.close)
        for part in sent:
            connection.sendall(part)
        return connection

    def is_closed_within(self, seconds, connection):
        """What was answered before the end."""
        connection.settimeout(seconds)
        answered = b""
        try:
            while part := connection.recv(1 << 16):
                answered += part
        except ConnectionResetError:
            pass
        return answered

    def log(self):
        return (self.dir / "logs" / "n1.log").read_text()

    def memory(self, node=1):
        status = pathlib.Path(f"/proc/{self.pids[node - 1]}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) << 10

    def test_a_good_frame_is_answered(self):
        connection = self.connect(self.captured("status"))
        self.assertTrue(connection.recv(1 << 16).startswith(b"LGRF"))

    def test_damaged_frames_close_the_connection_and_nothing_else(self):
        frame = self.captured("read", "--all")
        places = [0, 4, 6, 7, 8, 12, 20, 24, len(frame) // 2, len(frame) - 1]
        damaged = [frame[:at] + bytes([frame[at] ^ 0x41]) + frame[at + 1:] for at in places]
        damaged += [b"\0" * 64, b"GET / HTTP/1.1\r\n\r\n", frame[24:] + frame]
        for bad in damaged:
            self.assertEqual(self.is_closed_within(20, self.connect(bad)), b"", bad[:32])
        # Also after a good one.
        answered = self.is_closed_within(20, self.connect(self.captured("status"), damaged[-1]))
        self.assertTrue(answered == b"" or answered.startswith(b"LGRF"))
        self.assertGreaterEqual(self.log().count("sends no good frame"), len(damaged))
        self.append("orders", 1)

    def test_memory_follows_what_came_not_what_was_announced(self):
        frame = self.captured("status")
        too_long = with_length(frame, FRAME_BYTES_MAX)
        self.assertEqual(self.is_closed_within(20, self.connect(too_long)), b"")
        self.assertIn("sends no good frame", self.log())
        before = self.memory()
        longest = with_length(frame, FRAME_BYTES_MAX - 24)
        begun = [self.connect(frame, longest, b"x" * 100) for _ in range(64)]
        self.append("orders", 1)
        self.assertLess(self.memory() - before, 32 << 20)
        for connection in begun:
            self.assertTrue(self.is_closed_within(30, connection).startswith(b"LGRF"))
        self.assertIn("left a frame unfinished", self.log())

    def test_who_falls_silent_is_closed_while_others_are_served(self):
        frame = self.captured("status")
        silent = [self.connect() for _ in range(50)]
        half = [self.connect(frame[:13]) for _ in range(50)]
        importing = FedImport(self, self.input_file(500))
        said = importing.finish()
        self.assertEqual(said["appends"], 500)
        for connection in silent + half:
            self.assertEqual(self.is_closed_within(30, connection), b"")
        self.assertIn("did not say who it is", self.log())
        self.check_imported(500)

    def test_a_client_that_never_reads_is_closed_and_costs_bounded_memory(self):
        leader = self.status()["leader"]
        self.port = self.status()["nodes"][leader - 1]["port"]
        large = json.dumps("x" * 100_000)
        for _ in range(8):
            self.ctl("append", "large", "placed", large)
        question = self.captured("read", "large")
        before = self.memory(leader)
        connection = self.connect()
        connection.sendall(question * 1000)  # 800 MB of answers
        log = self.dir / "logs" / f"n{leader}.log"
        began = time.monotonic()
        while "is too slow" not in log.read_text():
            self.assertLess(time.monotonic() - began, 30)
            self.assertLess(self.memory(leader) - before, 128 << 20)
            self.append("orders", 1, "--timeout", 5)
        self.assertLess(len(self.is_closed_within(30, connection)), 100 << 20)


if __name__ == "__main__":
    unittest.main(verbosity=2)
