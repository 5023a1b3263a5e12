# While a quorum has answered lately the leader grants reads without asking. When the answers stop the
# lease ends before anybody else can lead, and a read waits for a quorum again.
# Source: thesis §6.4.1; catalogue L07, L08, L09.
group 3 drift_ms=10
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n1: commit 1
run 200ms
  n2: commit 1
  n3: commit 1
read n1 lease
  n1: read 1
  n1: read 1 granted at 1
expect reads_granted=1
# The last round that was answered left at 180 ms: the lease ends at 470 ms, less than T after it.
isolate n1
pass n1 250ms
  n1 -> n2 heartbeat term=1 commit=1 round=4
  n1 -> n3 heartbeat term=1 commit=1 round=4
read n1 lease
  n1: read 2
  n1: read 2 granted at 1
expect reads_granted=2
pass n1 25ms
expect n1 role=leader
read n1 lease
  n1: read 3
  n1 -> n2 heartbeat term=1 commit=1 round=5
  n1 -> n3 heartbeat term=1 commit=1 round=5
settle quietly
expect reads_granted=2
