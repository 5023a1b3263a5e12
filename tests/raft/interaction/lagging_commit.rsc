# An acknowledgement and the message with the commit index are lost. One heartbeat round later the
# leader asks, and with the next one the follower knows the commit.
# Source: etcd topic "lagging commit" (etcd-io/raft#138).
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
run 100ms
  n2: commit 1
  n3: commit 1
propose n1
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
deliver n1->n2 append_request
  n2 <- n1 append_request
  n2: stores 2@1
  n2 -> n1 append_response term=1 sequence=3 accepted match=2 previous=1 (when stored)
deliver n1->n3 append_request
  n3 <- n1 append_request
  n3: stores 2@1
  n3 -> n1 append_response term=1 sequence=4 accepted match=2 previous=1 (when stored)
store n1
  n1: stored, 0 left
store n2
  n2: stored, 0 left
store n3
  n3: stored, 0 left
deliver n2->n1 append_response
  n1 <- n2 append_response
  n1: commit 2
drop n3->n1 append_response
  n3 -> n1 append_response, dropped
expect n1 commit=2
expect n3 commit=1

pass n1 60ms
  n1 -> n2 heartbeat term=1 commit=2 round=2
  n1 -> n3 heartbeat term=1 commit=1 round=2
settle
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=1 round=2
  n2: commit 2
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=1 round=2
  n1 <- n2 heartbeat_response
  n1 <- n3 heartbeat_response
  n1 -> n3 append_request term=1 previous=2@1 commit=2 sequence=5
  n3 <- n1 append_request
  n3 -> n1 append_response term=1 sequence=5 accepted match=2 previous=2 (when stored)
  n3: commit 2
  n1 <- n3 append_response
expect n1->n3 match=2
expect n3 commit=2
