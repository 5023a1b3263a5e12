# Acknowledgements arrive in the wrong order and twice: match and commit never go back.
# Source: catalogue R11 (zhebrak/raftos#25, scylladb/scylladb@15d34d9f).
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
isolate n3
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
  n1 -> n2 append_request term=1 previous=3@1 commit=1 sequence=7 entries=4@1
  n1 -> n3 append_request term=1 previous=3@1 commit=1 sequence=8 entries=4@1
deliver n1->n2 append_request
  n2 <- n1 append_request
  n2: stores 2@1
  n2 -> n1 append_response term=1 sequence=3 accepted match=2 previous=1 (when stored)
  n2: commit 1
  n2 <- n1 append_request
  n2: stores 3@1
  n2 -> n1 append_response term=1 sequence=5 accepted match=3 previous=2 (when stored)
  n2 <- n1 append_request
  n2: stores 4@1
  n2 -> n1 append_response term=1 sequence=7 accepted match=4 previous=3 (when stored)
store n2 all
  n2: stored, 2 left
  n2: stored, 1 left
  n2: stored, 0 left
store n1 all
  n1: stored, 2 left
  n1: stored, 1 left
  n1: stored, 0 left
expect messages n2->n1 append_response = 3
duplicate n2->n1 append_response last
  n1 <- n2 append_response
  n1: commit 4
expect n1->n2 match=4
expect n1 commit=4
deliver n2->n1 append_response first
  n1 <- n2 append_response
expect n1->n2 match=4 next=5
expect n1 commit=4
deliver n2->n1 append_response
  n1 <- n2 append_response
  n1 <- n2 append_response
expect n1->n2 match=4 next=5
expect n1 commit=4
