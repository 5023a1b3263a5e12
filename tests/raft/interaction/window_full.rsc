# The window to one follower is full and everything in it was lost. The answer to a heartbeat that
# left later leads to one empty request; its rejection tells what is missing.
# Source: etcd topic "flow control"; reference row 18.
group 3 window=2 batch=1
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
propose n1
  n1: stores 3@1
  n1 -> n2 append_request term=1 previous=2@1 commit=1 sequence=5 entries=3@1
  n1 -> n3 append_request term=1 previous=2@1 commit=1 sequence=6 entries=3@1
propose n1
  n1: stores 4@1
expect n1->n2 inflight=2
expect messages n1->n2 append_request = 2
drop n1->n2 append_request
  n1 -> n2 append_request, dropped
  n1 -> n2 append_request, dropped
settle quietly
  n3: commit 1
  n1: commit 2
  n3: commit 2
  n1: commit 3
  n1: commit 4
expect n1 commit=4
expect n2 last=1

pass n1 60ms
  n1 -> n2 heartbeat term=1 commit=1 round=1
  n1 -> n3 heartbeat term=1 commit=4 round=1
deliver n1->n2 heartbeat
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=1 round=1
  n2: commit 1
deliver n2->n1 heartbeat_response
  n1 <- n2 heartbeat_response
  n1 -> n2 append_request term=1 previous=3@1 commit=4 sequence=8
expect messages n1->n2 append_request = 1
settle
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=1 round=1
  n3: commit 4
  n2 <- n1 append_request
  n2 -> n1 append_response term=1 sequence=8 previous=3 hint=1@1
  n1 <- n3 heartbeat_response
  n1 <- n2 append_response
  n1 -> n2 append_request term=1 previous=1@1 commit=4 sequence=9 entries=2@1
  n2 <- n1 append_request
  n2: stores 2@1
  n2 -> n1 append_response term=1 sequence=9 accepted match=2 previous=1 (when stored)
  n2: commit 2
  n1 <- n2 append_response
  n1 -> n2 append_request term=1 previous=2@1 commit=4 sequence=10 entries=3@1
  n1 -> n2 append_request term=1 previous=3@1 commit=4 sequence=11 entries=4@1
  n2 <- n1 append_request
  n2: stores 3@1
  n2 -> n1 append_response term=1 sequence=10 accepted match=3 previous=2 (when stored)
  n2: commit 3
  n2 <- n1 append_request
  n2: stores 4@1
  n2 -> n1 append_response term=1 sequence=11 accepted match=4 previous=3 (when stored)
  n2: commit 4
  n1 <- n2 append_response
  n1 <- n2 append_response
expect n1->n2 match=4 inflight=0 bytes=0
expect log n1 = n2 = n3
