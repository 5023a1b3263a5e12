# A leader that is heard but hears nobody: its heartbeats would keep the others quiet for ever, so
# it is check-quorum that ends its reign.
# Source: thesis §6.2; reference topic "one-way partitions".
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
cut n2->n1
cut n3->n1
propose n1
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
settle
  n2 <- n1 append_request
  n2: stores 2@1
  n2 -> n1 append_response term=1 sequence=3 accepted match=2 previous=1 (when stored)
  n2: commit 1
  n3 <- n1 append_request
  n3: stores 2@1
  n3 -> n1 append_response term=1 sequence=4 accepted match=2 previous=1 (when stored)
  n3: commit 1
  n1 <- n2 append_response, lost
  n1 <- n3 append_response, lost
expect n1 last=2 commit=1
run 400ms
  n1: follower of term 1 (quorum lost)
expect n1 role!=leader
run 1s
  n2: pre_candidate of term 1 (election timeout)
  n2: candidate of term 2 (pre-vote won)
  n3: follower of term 2 (newer term)
  n2: leader of term 2 (elected)
  n3: follower of term 2 under n2 (leader heard)
  n2: commit 3
  n1: pre_candidate of term 1 (election timeout)
  n3: commit 3
expect leader=2
expect n2 term=2 commit>=3
expect log n2 = n3
