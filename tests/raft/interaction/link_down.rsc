# The connection to a follower breaks with requests in flight. The leader looks for a common entry
# again and sends from there, without waiting for a timeout.
# Source: etcd topic "progress: back from probing to replicating".
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
drop n1->n2 append_request
  n1 -> n2 append_request, dropped
propose n1
  n1: stores 3@1
  n1 -> n2 append_request term=1 previous=2@1 commit=1 sequence=5 entries=3@1
  n1 -> n3 append_request term=1 previous=2@1 commit=1 sequence=6 entries=3@1
drop n1->n2 append_request
  n1 -> n2 append_request, dropped
progress n1
  n2 replicate match=1 next=4 inflight=2
  n3 replicate match=1 next=4 inflight=2
expect n1->n2 state=replicate next=4 inflight=2
link_down n1 n2
expect n1->n2 state=probe next=2 inflight=0
propose n1
  n1: stores 4@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=7 entries=2-4@1
  n1 -> n3 append_request term=1 previous=3@1 commit=1 sequence=8 entries=4@1
settle
  n3 <- n1 append_request
  n3: stores 2@1
  n3 -> n1 append_response term=1 sequence=4 accepted match=2 previous=1 (when stored)
  n3: commit 1
  n3 <- n1 append_request
  n3: stores 3@1
  n3 -> n1 append_response term=1 sequence=6 accepted match=3 previous=2 (when stored)
  n2 <- n1 append_request
  n2: stores 2-4@1
  n2 -> n1 append_response term=1 sequence=7 accepted match=4 previous=1 (when stored)
  n2: commit 1
  n3 <- n1 append_request
  n3: stores 4@1
  n3 -> n1 append_response term=1 sequence=8 accepted match=4 previous=3 (when stored)
  n1 <- n2 append_response
  n1: commit 2
  n1 <- n3 append_response
  n1: commit 3
  n1 <- n3 append_response
  n1: commit 4
  n1 <- n3 append_response
expect n1->n2 state=replicate match=4
expect log n1 = n2 = n3
