# Reads that come while a round is under way share the next one, and each of them is answered. An
# answer to the older round does not confirm them.
# Source: thesis §6.4; catalogue L13 (tikv/raft-rs#169).
group 5
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n4: follower of term 1 (newer term)
  n5: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n4: follower of term 1 under n1 (leader heard)
  n5: follower of term 1 under n1 (leader heard)
  n1: commit 1
read n1
  n1: read 1
  n1 -> n2 heartbeat term=1 commit=1 round=1
  n1 -> n3 heartbeat term=1 commit=1 round=1
  n1 -> n4 heartbeat term=1 commit=1 round=1
  n1 -> n5 heartbeat term=1 commit=1 round=1
hold n1->* heartbeat
  n1 -> n2 heartbeat, held
  n1 -> n3 heartbeat, held
  n1 -> n4 heartbeat, held
  n1 -> n5 heartbeat, held
read n1
  n1: read 2
propose n1
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=6 entries=2@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=7 entries=2@1
  n1 -> n5 append_request term=1 previous=1@1 commit=1 sequence=8 entries=2@1
deliver n1->* append_request
  n2 <- n1 append_request
  n2: stores 2@1
  n2 -> n1 append_response term=1 sequence=5 accepted match=2 previous=1 (when stored)
  n2: commit 1
  n3 <- n1 append_request
  n3: stores 2@1
  n3 -> n1 append_response term=1 sequence=6 accepted match=2 previous=1 (when stored)
  n3: commit 1
  n4 <- n1 append_request
  n4: stores 2@1
  n4 -> n1 append_response term=1 sequence=7 accepted match=2 previous=1 (when stored)
  n4: commit 1
  n5 <- n1 append_request
  n5: stores 2@1
  n5 -> n1 append_response term=1 sequence=8 accepted match=2 previous=1 (when stored)
  n5: commit 1
store n1
  n1: stored, 0 left
store n2
  n2: stored, 0 left
store n3
  n3: stored, 0 left
deliver *->n1 append_response
  n1 <- n2 append_response
  n1 <- n3 append_response
  n1: commit 2
expect n1 commit=2
read n1
  n1: read 3
expect reads_granted=0
release
deliver n1->n2 heartbeat
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=1 round=1
deliver n1->n3 heartbeat
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=1 round=1
deliver n2->n1 heartbeat_response
  n1 <- n2 heartbeat_response
expect reads_granted=0
deliver n3->n1 heartbeat_response
  n1 <- n3 heartbeat_response
  n1 -> n2 heartbeat term=1 commit=2 round=2
  n1 -> n3 heartbeat term=1 commit=2 round=2
  n1 -> n4 heartbeat term=1 commit=1 round=2
  n1 -> n5 heartbeat term=1 commit=1 round=2
  n1: read 1 granted at 1
expect reads_granted=1
settle
  n4 <- n1 heartbeat
  n4 -> n1 heartbeat_response term=1 round=1
  n5 <- n1 heartbeat
  n5 -> n1 heartbeat_response term=1 round=1
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=1 round=2
  n2: commit 2
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=1 round=2
  n3: commit 2
  n4 <- n1 heartbeat
  n4 -> n1 heartbeat_response term=1 round=2
  n5 <- n1 heartbeat
  n5 -> n1 heartbeat_response term=1 round=2
  n1 <- n4 heartbeat_response
  n1 <- n5 heartbeat_response
  n1 <- n2 heartbeat_response
  n1 <- n3 heartbeat_response
  n1: read 2 granted at 1
  n1: read 3 granted at 2
  n1 <- n4 heartbeat_response
  n1 <- n5 heartbeat_response
  n1 <- n4 append_response
  n1 <- n5 append_response
expect reads_granted=3
