# An entry of term 1 becomes committed only through an entry of the later leader n2, while the stale
# leader n1 goes on and holds a conflicting one.
# Source: CCF topic "indirect commit, stale leader"; Raft §5.4.2.
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
drop n2->n1
  n2 -> n1 append_response, dropped
drop n1->n3
  n1 -> n3 append_request, dropped
isolate n1
propose n1 2
  n1: stores 3-4@1
  n1 -> n2 append_request term=1 previous=2@1 commit=1 sequence=5 entries=3-4@1
  n1 -> n3 append_request term=1 previous=2@1 commit=1 sequence=6 entries=3-4@1
expect n1 last=4 commit=1

disk n2 slow
pass n2 T
pass n3 T
wait n2
  n2: pre_candidate of term 1 (election timeout)
  n2 -> n1 pre_vote_request term=1 proposed=2 last=2@1 attempt=1
  n2 -> n3 pre_vote_request term=1 proposed=2 last=2@1 attempt=1
deliver n2->n3 pre_vote_request
  n3 <- n2 pre_vote_request
  n3 -> n2 pre_vote_response term=1 proposed=2 attempt=1 granted
deliver n3->n2 pre_vote_response
  n2 <- n3 pre_vote_response
  n2: candidate of term 2 (pre-vote won)
  n2: stores term 2 vote n2
  n2 -> n1 vote_request term=2 last=2@1 (when stored)
  n2 -> n3 vote_request term=2 last=2@1 (when stored)
store n2
  n2: stored, 0 left
deliver n2->n3 vote_request
  n3 <- n2 vote_request
  n3: follower of term 2 (newer term)
  n3: stores term 2 vote n2
  n3 -> n2 vote_response term=2 granted (when stored)
store n3
  n3: stored, 0 left
deliver n3->n2 vote_response
  n2 <- n3 vote_response
  n2: leader of term 2 (elected)
  n2: stores 3@2
  n2 -> n1 append_request term=2 previous=2@1 commit=1 sequence=1 entries=3@2
  n2 -> n3 append_request term=2 previous=2@1 commit=1 sequence=2 entries=3@2
expect n2 role=leader term=2
# The entry 2@1 is on n1 and n2, a majority, and yet not committed.
expect log n2 = 1-2@1,3@2
expect n2 commit<=1
disk n2 fast
settle
  n2 <- n1 append_request, lost
  n3 <- n1 append_request, lost
  n1 <- n2 pre_vote_request, lost
  n1 <- n2 vote_request, lost
  n1 <- n2 append_request, lost
  n3 <- n2 append_request
  n3: follower of term 2 under n2 (leader heard)
  n3 -> n2 append_response term=2 sequence=2 previous=2 hint=1@1
  n2 <- n3 append_response
  n2 -> n3 append_request term=2 previous=1@1 commit=1 sequence=3 entries=2@1,3@2
  n3 <- n2 append_request
  n3: stores 2@1,3@2
  n3 -> n2 append_response term=2 sequence=3 accepted match=3 previous=1 (when stored)
  n3: commit 1
  n2 <- n3 append_response
  n2: commit 3
expect n2 commit=3
expect n1 role=leader term=1 commit=1

heal
pass n2 60ms
  n2 -> n1 heartbeat term=2 round=1
  n2 -> n3 heartbeat term=2 commit=3 round=1
settle
  n1 <- n2 heartbeat
  n1: follower of term 2 under n2 (newer term)
  n1: stores term 2 vote none
  n1 -> n2 heartbeat_response term=2 round=1
  n3 <- n2 heartbeat
  n3 -> n2 heartbeat_response term=2 round=1
  n3: commit 3
  n2 <- n1 heartbeat_response
  n2 -> n1 append_request term=2 previous=2@1 commit=3 sequence=4
  n2 <- n3 heartbeat_response
  n1 <- n2 append_request
  n1 -> n2 append_response term=2 sequence=4 accepted match=2 previous=2 (when stored)
  n1: commit 2
  n2 <- n1 append_response
  n2 -> n1 append_request term=2 previous=2@1 commit=3 sequence=5 entries=3@2
  n1 <- n2 append_request
  n1: truncates to 2
  n1: stores 3@2
  n1 -> n2 append_response term=2 sequence=5 accepted match=3 previous=2 (when stored)
  n1: commit 3
  n2 <- n1 append_response
expect n1 role=follower leader=2
expect log n1 = n2 = n3
