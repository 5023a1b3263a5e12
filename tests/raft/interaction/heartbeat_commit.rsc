# A heartbeat tells each follower only what it has acknowledged. A follower with a different suffix
# must not take the leader's commit index for its own log.
# Source: Raft fig. 2; catalogue R03 (scylladb/scylladb#10578).
group 3
boot n1 term=2 log=1@1,2-3@2
boot n2 term=2 log=1@1,2-3@2
boot n3 term=2 log=1-3@1
lose n1->n3 append_request
elect n1
  n1: pre_candidate of term 2 (election timeout)
  n1: candidate of term 3 (pre-vote won)
  n2: follower of term 3 (newer term)
  n3: follower of term 3 (newer term)
  n1: leader of term 3 (elected)
  n2: follower of term 3 under n1 (leader heard)
  n1: commit 4
expect n1 commit=4
pass n1 60ms
  n1 -> n2 heartbeat term=3 commit=4 round=1
  n1 -> n3 heartbeat term=3 round=1
settle
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=3 round=1
  n2: commit 4
  n3 <- n1 heartbeat
  n3: follower of term 3 under n1 (leader heard)
  n3 -> n1 heartbeat_response term=3 round=1
  n1 <- n2 heartbeat_response
  n1 <- n3 heartbeat_response
  n1 -> n3 append_request term=3 previous=3@2 commit=4 sequence=3
  n3 <- n1 append_request, lost
expect n3 commit=0 last=3
heal
run 200ms
  n3: truncates to 1
  n3: commit 4
expect log n1 = n2 = n3
