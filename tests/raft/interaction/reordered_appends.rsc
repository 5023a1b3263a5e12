# Appends overtake one another. Those that come too early are refused and those that come too late
# change nothing; the logs agree in the end and no acknowledgement goes back.
# Source: Raft §5.3, §5.5; catalogue R11.
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
propose n1
  n1: stores 3@1
  n1 -> n2 append_request term=1 previous=2@1 commit=1 sequence=5 entries=3@1
  n1 -> n3 append_request term=1 previous=2@1 commit=1 sequence=6 entries=3@1
propose n1
  n1: stores 4@1
  n1 -> n2 append_request term=1 previous=3@1 commit=1 sequence=7 entries=4@1
  n1 -> n3 append_request term=1 previous=3@1 commit=1 sequence=8 entries=4@1
deliver n1->n2 append_request last
  n2 <- n1 append_request
  n2 -> n1 append_response term=1 sequence=7 previous=3 hint=1@1
deliver n1->n2 append_request last
  n2 <- n1 append_request
  n2 -> n1 append_response term=1 sequence=5 previous=2 hint=1@1
deliver n1->n2 append_request first
  n2 <- n1 append_request
  n2: stores 2@1
  n2 -> n1 append_response term=1 sequence=3 accepted match=2 previous=1 (when stored)
  n2: commit 1
expect n2 last=2
store n2
  n2: stored, 0 left
progress n1
  n2 replicate match=1 next=5 inflight=3
  n3 replicate match=1 next=5 inflight=3
deliver n2->n1 append_response last
  n1 <- n2 append_response
expect n1->n2 match=2
deliver n2->n1 append_response
  n1 <- n2 append_response
  n1 -> n2 append_request term=1 previous=2@1 commit=1 sequence=9 entries=3-4@1
  n1 <- n2 append_response
expect n1->n2 match=2
settle
  n3 <- n1 append_request
  n3: stores 2@1
  n3 -> n1 append_response term=1 sequence=4 accepted match=2 previous=1 (when stored)
  n3: commit 1
  n3 <- n1 append_request
  n3: stores 3@1
  n3 -> n1 append_response term=1 sequence=6 accepted match=3 previous=2 (when stored)
  n3 <- n1 append_request
  n3: stores 4@1
  n3 -> n1 append_response term=1 sequence=8 accepted match=4 previous=3 (when stored)
  n2 <- n1 append_request
  n2: stores 3-4@1
  n2 -> n1 append_response term=1 sequence=9 accepted match=4 previous=2 (when stored)
  n1: commit 2
  n1 <- n2 append_response
  n1 <- n3 append_response
  n1: commit 3
  n1 <- n3 append_response
  n1: commit 4
  n1 <- n3 append_response
expect log n1 = n2 = n3
expect n1 commit=4
