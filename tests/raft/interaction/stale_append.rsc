# An append that was delayed covers less than the follower has by now. What matches stays: neither a
# shorter one nor an empty one cuts the log.
# Source: Raft §5.3; catalogue R04 (microsoft/CCF#5991).
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
duplicate n1->n2 append_request
  n2 <- n1 append_request
  n2: stores 2@1
  n2 -> n1 append_response term=1 sequence=3 accepted match=2 previous=1 (when stored)
  n2: commit 1
hold n1->n2 append_request
  n1 -> n2 append_request, held
settle quietly
  n3: commit 1
  n1: commit 2
propose n1 3
  n1: stores 3-5@1
  n1 -> n2 append_request term=1 previous=2@1 commit=2 sequence=5 entries=3-5@1
  n1 -> n3 append_request term=1 previous=2@1 commit=2 sequence=6 entries=3-5@1
settle quietly
  n2: commit 2
  n3: commit 2
  n1: commit 5
expect n2 last=5 durable=5

release
deliver n1->n2 append_request
  n2 <- n1 append_request
  n2 -> n1 append_response term=1 sequence=3 accepted match=2 previous=1 (when stored)
expect n2 last=5 durable=5
inject n1->n2 append_request term=1 previous=1@1 sequence=4
deliver n1->n2 append_request
  n2 <- n1 append_request
  n2 -> n1 append_response term=1 sequence=4 accepted match=1 previous=1 (when stored)
expect n2 last=5 durable=5
settle
  n1 <- n2 append_response
  n1 <- n2 append_response
expect n1->n2 match=5
expect log n1 = n2 = n3
