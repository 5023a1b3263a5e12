#!/usr/bin/env python3
"""Runs one scenario of sim/scenarios over a few seeds: nothing is violated, and the trouble that
the scenario is named after really happens.

Usage: scenarios_test.py LEDGERSIM SCENARIO_FILE
"""

import json
import os
import subprocess
import sys
import tempfile

SEEDS = (1, 2, 3, 4)


def fired(*kinds):
    return lambda total: all(total["faults"].get(kind, 0) > 0 for kind in kinds)


# What has to happen over all seeds together, in one sentence and in code.
EXPECTED = {
    "candidates_are_struck": [("candidates that fall", lambda total: total["faults"]["crash"] >= 20),
                              ("new leaders", lambda total: total["leader_changes"] >= 12)],
    "the_deciding_voter_falls": [("deciding voters that fall", lambda total:
                                  total["faults"]["crash"] >= 30),
                                 ("and whose disks stall", fired("disk_stall"))],
    "newcomers_are_cut_off": [("changes of membership", lambda total:
                               total["faults"]["membership_changed"] >= 8),
                              ("newcomers that hear nobody", fired("partition_symmetric"))],
    "clogged_links": [("clogs, and nothing else", fired("link_clogged"))],
    "failing_fsyncs": [("fsyncs and writes that fail", fired(
        "disk_sync_failed", "disk_write_failed")),
                       ("restarts", lambda total: total["crash_recoveries"] >= 20)],
    "far_apart_nodes": [("new leaders", lambda total: total["leader_changes"] > 0)],
    "flapping_links": [("links that come and go", fired("link_flapping", "message_cut"))],
    "half_open_connections": [("connections known at one end", fired("half_open"))],
    "laggard_needs_a_cut": [("who has least cut off, twice in each run", lambda total:
                             total["faults"]["partition_symmetric"]
                             + total["faults"]["isolate_leader"] >= 8)],
    "leader_cut_off_and_back": [("three leaders cut off in each run", lambda total:
                                 total["faults"]["isolate_leader"] >= 12
                                 and total["leader_changes"] >= 12)],
    "leader_that_only_sends": [("leaders that hear nobody", fired("partition_one_way")),
                               ("new leaders", lambda total: total["leader_changes"] >= 4)],
    "leaders_fall_as_they_rise": [("leaders that fall", lambda total:
                                   total["faults"]["crash"] >= 16
                                   and total["leader_changes"] >= 16)],
    "leases_and_bad_clocks": [("bad clocks and pauses", fired("clock_drift", "pause"))],
    "paused_leaders": [("pauses of leaders", fired("pause")),
                       ("new leaders", lambda total: total["leader_changes"] >= 8)],
    "reads_from_anywhere": [("new leaders", lambda total: total["leader_changes"] > 0)],
    "redactions_and_crashes": [("crashes", fired("crash")),
                               ("redactions", lambda total: total["erased"] > 0)],
    "ring_partitions": [("rings", fired("partition_ring", "message_cut"))],
    "rolling_upgrade": [("restarts", lambda total: total["crash_recoveries"] >= 12)],
    "seven_nodes": [("crashes and partitions", fired("crash", "message_cut"))],
    "single_slow_links": [("slow links", fired("link_slow"))],
    "stalled_leaders": [("disks that stall", fired("disk_stall")),
                        ("new leaders", lambda total: total["leader_changes"] >= 8)],
    "thin_wires": [("buffers that overflow", fired("message_overflow"))],
    "two_that_do_not_meet": [("two that do not meet, in each run", lambda total:
                              total["faults"]["partition_bridge"] >= 4),
                             ("the third one crashed", fired("crash"))],
    "crash_storms": [("storms and recoveries that lost bytes", fired("crash_storm")),
                     ("recoveries", lambda total: total["crash_recoveries"] >= 10)],
    "crowded_disks": [("disks without space, and torn pages", fired(
        "disk_crowded", "disk_torn_page"))],
    "full_disks": [("disks without space", fired("disk_crowded")),
                   ("leaders that hand over", lambda total: total["leader_changes"] > 0),
                   ("nodes that stay up", lambda total: total["faults"].get("crash", 0) * 10
                    < total["faults"].get("disk_crowded", 0))],
    "five_nodes_everything": [("every family of faults", fired(
        "message_lost", "message_duplicated", "message_cut", "crash", "crash_before_sync",
        "slow_disk", "request_lost", "partition_symmetric", "partition_one_way"))],
    "last_copies": [("harm of every kind", fired(
        "disk_bit_rot", "disk_sector_error", "disk_phantom_write", "disk_misdirected_write",
        "disk_misdirected_read", "disk_stale_read"))],
    "lossy_links": [("loss, repetition and damage", fired(
        "message_lost", "message_duplicated", "message_damaged", "request_lost", "reply_lost"))],
    "membership": [("changes, transfers and lost disks", fired(
        "membership_changed", "leadership_transferred", "disk_wiped"))],
    "one_way_partitions": [("one-way partitions", fired("partition_one_way")),
                           ("new leaders", lambda total: total["leader_changes"] > 0)],
    "power_loss_five_nodes": [("a cluster without power, and harm of every kind", fired(
        "crash_storm", "disk_bit_rot", "disk_sector_error", "disk_phantom_write",
        "disk_misdirected_write", "disk_misdirected_read", "disk_stale_read"))],
    "power_loss_one_node": [("restarts, and harm to what is there twice", fired(
        "crash_storm", "disk_bit_rot", "disk_phantom_write"))],
    "power_loss_three_nodes": [("a cluster without power, and harm of every kind", fired(
        "crash_storm", "disk_bit_rot", "disk_sector_error", "disk_phantom_write",
        "disk_misdirected_write", "disk_misdirected_read", "disk_stale_read"))],
    "reordering_links": [("swapped messages", fired("message_reordered", "message_duplicated"))],
    "second_copies": [("harm of every kind that writes", fired(
        "disk_bit_rot", "disk_phantom_write", "disk_misdirected_write"))],
    "single_node": [("restarts", lambda total: total["crash_recoveries"] >= 10)],
    "slow_disk": [("a slow disk", fired("slow_disk"))],
    "slow_links": [("new leaders", lambda total: total["leader_changes"] > 0)],
    "tiny_segments": [("restarts over many segments",
                       lambda total: total["crash_recoveries"] >= 10)],
    "tiny_windows": [("operations that were refused", lambda total: total["failed"] > 50),
                     ("unknown outcomes", lambda total: total["unknown"] > 0)],
    "torn_disks": [("disks that lose and tear", fired(
        "disk_lost_write", "disk_torn_write", "disk_garbage_sector")),
                   ("recoveries that lost bytes",
                    lambda total: total["crash_recoveries_with_loss"] >= 5)],
    "two_nodes": [("crashes of an even cluster", fired("crash"))],
}


def run(ledgersim, scenario, seed, directory):
    done = subprocess.run(
        [ledgersim, "run", "--scenario", scenario, "--seed", str(seed), "--json"],
        cwd=directory, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        sys.exit(f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
                 f"repeat: ledgersim run --scenario {scenario} --seed {seed}")
    return json.loads(done.stdout)


def add(total, result):
    for kind, count in result["faults"].items():
        total["faults"][kind] = total["faults"].get(kind, 0) + count["fired"]
    for key in ("crash_recoveries", "crash_recoveries_with_loss", "leader_changes"):
        total[key] = total.get(key, 0) + result[key]
    total["erased"] = total.get("erased", 0) + result["checks"]["erasure"]["examined"]
    for key in ("failed", "unknown"):
        total[key] = total.get(key, 0) + result["operations"][key]


def main(ledgersim, scenario):
    name = os.path.splitext(os.path.basename(scenario))[0]
    if name not in EXPECTED:
        sys.exit(f"{name}: say in EXPECTED what this scenario has to show")
    total = {"faults": {}}
    with tempfile.TemporaryDirectory() as directory:
        for seed in SEEDS:
            result = run(ledgersim, scenario, seed, directory)
            assert result["verdict"] == "ok" and result["violation"] is None, result
            add(total, result)
    for what, happened in EXPECTED[name]:
        assert happened(total), f"{name} should have shown {what}: {total}"


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]))
