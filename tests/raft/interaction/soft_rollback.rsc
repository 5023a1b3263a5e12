# A leader that was cut off drops the entries that nobody confirmed, and keeps what may have been
# committed, confirmed by one follower though it never heard of it.
# Source: CCF topic "drops its own unconfirmed entries"; Raft §5.4.1.
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
store n2
  n2: stored, 0 left
store n1
  n1: stored, 0 left
# n2 has it, so it may be committed; n1 does not know.
drop n2->n1
  n2 -> n1 append_response, dropped
drop n1->n3
  n1 -> n3 append_request, dropped
isolate n1
propose n1 2
  n1: stores 3-4@1
  n1 -> n2 append_request term=1 previous=2@1 commit=1 sequence=5 entries=3-4@1
  n1 -> n3 append_request term=1 previous=2@1 commit=1 sequence=6 entries=3-4@1
store n1 all
  n1: stored, 0 left
expect n1 last=4 commit=1

run 1s
  n1: follower of term 1 (quorum lost)
  n2: pre_candidate of term 1 (election timeout)
  n2: candidate of term 2 (pre-vote won)
  n3: follower of term 2 (newer term)
  n2: leader of term 2 (elected)
  n3: follower of term 2 under n2 (leader heard)
  n3: commit 1
  n2: commit 3
  n3: commit 3
  n1: pre_candidate of term 1 (election timeout)
expect leader=2
expect n2 term=2
heal
run 300ms
  n1: follower of term 2 under n2 (newer term)
  n1: commit 2
  n1: truncates to 2
  n1: commit 3
expect log n1 = n2 = n3
expect log n1 = 1-2@1,3@2
