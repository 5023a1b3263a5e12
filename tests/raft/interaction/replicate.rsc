# The leader stores an entry while its followers do, commits it when a majority has it on disk, and
# says so with its next message.
# Source: Raft §5.3; thesis §10.2.1.
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
deliver n1->n2 append_request
  n2 <- n1 append_request
  n2: stores 2@1
  n2 -> n1 append_response term=1 sequence=3 accepted match=2 previous=1 (when stored)
  n2: commit 1
expect n1 commit=1
store n2
  n2: stored, 0 left
deliver n2->n1 append_response
  n1 <- n2 append_response
# Two copies, one of them not yet on disk.
expect n1 durable=1 commit=1
store n1
  n1: stored, 0 left
  n1: commit 2
expect n1 durable=2 commit=2
expect commit n2 < 2

deliver n1->n3 append_request
  n3 <- n1 append_request
  n3: stores 2@1
  n3 -> n1 append_response term=1 sequence=4 accepted match=2 previous=1 (when stored)
  n3: commit 1
pass n1 60ms
  n1 -> n2 heartbeat term=1 commit=2 round=1
  n1 -> n3 heartbeat term=1 commit=1 round=1
deliver n1->n2 heartbeat
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=1 round=1
  n2: commit 2
expect n2 commit=2
# n3 has acknowledged nothing of it, so it is told nothing of it.
deliver n1->n3 heartbeat
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=1 round=1
expect n3 commit=1

# The answer to the heartbeat shows that the append is overdue: the leader asks, and tells.
settle
  n1 <- n2 heartbeat_response
  n1 <- n3 heartbeat_response
  n1 -> n3 append_request term=1 previous=2@1 commit=2 sequence=5
  n3 <- n1 append_request
  n3 -> n1 append_response term=1 sequence=5 accepted match=2 previous=2 (when stored)
  n3: commit 2
  n1 <- n3 append_response
  n1 <- n3 append_response
expect n3 commit=2
expect n1->n2 match=2 inflight=0
expect n1->n3 match=2 inflight=0
