# A leader of four that loses one peer goes on; when it loses the majority it steps down after one
# minimum election timeout, keeps its term and its log, and is elected again later.
# Source: thesis §6.2; CCF topic "check-quorum, four nodes"; catalogue M05.
group 4
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n4: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n4: follower of term 1 under n1 (leader heard)
  n1: commit 1
isolate n4
run 1s
  n2: commit 1
  n3: commit 1
  n4: pre_candidate of term 1 (election timeout)
expect leader=1 term=1
propose n1
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=6 entries=2@1
run 100ms
  n1: commit 2
  n2: commit 2
  n3: commit 2
expect n1 commit=2

isolate n3
pass n1 200ms
  n1 -> n2 heartbeat term=1 commit=2 round=19
  n1 -> n3 heartbeat term=1 commit=2 round=19
  n1 -> n4 heartbeat term=1 commit=1 round=19
  n1 -> n4 append_request term=1 previous=1@1 commit=2 sequence=7 entries=2@1
settle
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=1 round=19
  n3 <- n1 heartbeat, lost
  n4 <- n1 heartbeat, lost
  n4 <- n1 append_request, lost
  n1 <- n2 heartbeat_response
expect n1 role=leader
pass n1 100ms
  n1: follower of term 1 (quorum lost)
expect n1 role=follower term=1 leader=none last=2
propose n1
  n1: refused, the leader is none

heal
run 2s
  n4: follower of term 1 (refused by a majority)
  n1: pre_candidate of term 1 (election timeout)
  n1: candidate of term 2 (pre-vote won)
  n2: follower of term 2 (newer term)
  n3: follower of term 2 (newer term)
  n4: follower of term 2 (newer term)
  n1: leader of term 2 (elected)
  n2: follower of term 2 under n1 (leader heard)
  n3: follower of term 2 under n1 (leader heard)
  n4: follower of term 2 under n1 (leader heard)
  n4: commit 2
  n1: commit 3
  n2: commit 3
  n3: commit 3
  n4: commit 3
expect log n1 = n2 = n3 = n4
