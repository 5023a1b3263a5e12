# A follower times out between two appends and goes on receiving them while it asks for pre-votes:
# what the leader believes of its log is so.
# Source: CCF topic "follower times out between appends".
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
propose n1
  n1: stores 3@1
  n1 -> n2 append_request term=1 previous=2@1 commit=1 sequence=5 entries=3@1
  n1 -> n3 append_request term=1 previous=2@1 commit=1 sequence=6 entries=3@1
wait n2
  n2: pre_candidate of term 1 (election timeout)
  n2 -> n1 pre_vote_request term=1 proposed=2 last=2@1 attempt=1
  n2 -> n3 pre_vote_request term=1 proposed=2 last=2@1 attempt=1
expect n2 role=pre_candidate term=1
deliver n2->n1 append_response
  n1 <- n2 append_response
expect n1->n2 match=2
deliver n1->n2 append_request
  n2 <- n1 append_request
  n2: follower of term 1 under n1 (leader heard)
  n2: stores 3@1
  n2 -> n1 append_response term=1 sequence=5 accepted match=3 previous=2 (when stored)
expect n2 role=follower leader=1 last=3
settle
  n3 <- n1 append_request
  n3: stores 2@1
  n3 -> n1 append_response term=1 sequence=4 accepted match=2 previous=1 (when stored)
  n3: commit 1
  n3 <- n1 append_request
  n3: stores 3@1
  n3 -> n1 append_response term=1 sequence=6 accepted match=3 previous=2 (when stored)
  n1 <- n2 pre_vote_request
  n1 -> n2 pre_vote_response term=1 proposed=2 attempt=1
  n3 <- n2 pre_vote_request
  n3 -> n2 pre_vote_response term=1 proposed=2 attempt=1
  n2 <- n1 pre_vote_response
  n2 <- n3 pre_vote_response
  n1: commit 2
  n1 <- n2 append_response
  n1 <- n3 append_response
  n1: commit 3
  n1 <- n3 append_response
expect n1->n2 match=3
expect leader=1 term=1
expect log n1 = n2 = n3
