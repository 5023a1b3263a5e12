# The heartbeats of a read are lost. The next periodic round confirms it.
# Source: thesis §6.4; Raft §5.5.
group 3
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n1: commit 1
read n1
  n1: read 1
  n1 -> n2 heartbeat term=1 commit=1 round=1
  n1 -> n3 heartbeat term=1 commit=1 round=1
drop n1->* heartbeat
  n1 -> n2 heartbeat, dropped
  n1 -> n3 heartbeat, dropped
settle
expect reads_granted=0
pass n1 60ms
  n1 -> n2 heartbeat term=1 commit=1 round=2
  n1 -> n3 heartbeat term=1 commit=1 round=2
settle
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=1 round=2
  n2: commit 1
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=1 round=2
  n3: commit 1
  n1 <- n2 heartbeat_response
  n1: read 1 granted at 1
  n1 <- n3 heartbeat_response
expect reads_granted=1
