# A read is answered at the commit index of its arrival, as soon as a quorum has answered a heartbeat
# that left after it.
# Source: thesis §6.4.
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
propose n1
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
settle quietly
  n2: commit 1
  n3: commit 1
  n1: commit 2
read n1
  n1: read 1
  n1 -> n2 heartbeat term=1 commit=2 round=1
  n1 -> n3 heartbeat term=1 commit=2 round=1
expect reads_granted=0
deliver n1->n2 heartbeat
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=1 round=1
  n2: commit 2
deliver n2->n1 heartbeat_response
  n1 <- n2 heartbeat_response
  n1: read 1 granted at 2
expect reads_granted=1
settle quietly
  n3: commit 2
read n2
  n2: read 2 refused, the leader is n1
expect reads_granted=1
