# The window is limited in bytes as well, one message always fits, and what is acknowledged frees its
# bytes: the window does not close for ever.
# Source: reference row 19; catalogue R25 (etcd-io/raft@e419ba5).
group 3 window_bytes=1000 batch=1
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n1: commit 1
propose n1 bytes=5000
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
propose n1 bytes=600
  n1: stores 3@1
propose n1 bytes=600
  n1: stores 4@1
propose n1 bytes=600
  n1: stores 5@1
expect messages n1->n2 append_request = 1
expect n1->n2 inflight=1
deliver n1->n2 append_request
  n2 <- n1 append_request
  n2: stores 2@1
  n2 -> n1 append_response term=1 sequence=3 accepted match=2 previous=1 (when stored)
  n2: commit 1
store n2
  n2: stored, 0 left
deliver n2->n1 append_response
  n1 <- n2 append_response
  n1 -> n2 append_request term=1 previous=2@1 commit=1 sequence=5 entries=3@1
  n1 -> n2 append_request term=1 previous=3@1 commit=1 sequence=6 entries=4@1
expect messages n1->n2 append_request = 2
expect n1->n2 inflight=2
# Lost, and found again.
drop n1->n2 append_request
  n1 -> n2 append_request, dropped
  n1 -> n2 append_request, dropped
run 500ms
  n3: commit 1
  n1: commit 2
  n3: commit 2
  n1: commit 3
  n3: commit 3
  n1: commit 4
  n1: commit 5
  n2: commit 2
  n3: commit 5
  n2: commit 3
  n2: commit 4
  n2: commit 5
expect n1->n2 inflight=0 bytes=0 match=5
expect log n1 = n2 = n3
