# A new leader proposes no change before it has committed an entry of its own term: else two leaders
# could each have a change that the other's majority does not know.
# Source: thesis §4.1 and the correction of 2015 (raft-dev); catalogue M01.
group 4 voters=3
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n1: commit 1
isolate n1
pass n2 T
pass n3 T
disk n3 slow
wait n2
  n2: pre_candidate of term 1 (election timeout)
  n2 -> n1 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
  n2 -> n3 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
deliver n2->n3 pre_vote_request
  n3 <- n2 pre_vote_request
  n3 -> n2 pre_vote_response term=1 proposed=2 attempt=1 granted
deliver n3->n2 pre_vote_response
  n2 <- n3 pre_vote_response
  n2: candidate of term 2 (pre-vote won)
  n2: stores term 2 vote n2
  n2 -> n1 vote_request term=2 last=1@1 (when stored)
  n2 -> n3 vote_request term=2 last=1@1 (when stored)
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
  n2: stores 2@2
  n2 -> n1 append_request term=2 previous=1@1 sequence=1 entries=2@2
  n2 -> n3 append_request term=2 previous=1@1 sequence=2 entries=2@2
expect leader=2 term=2
change n2 1,2,3,4
  n2: refused, this term has committed nothing yet
expect members n2 = 1,2,3
disk n3 fast
settle quietly
  n3: follower of term 2 under n2 (leader heard)
  n2: commit 2
change n2 1,2,3,4
  n2: stores 3@2
  n2: members 1,2,3,4
  n2 -> n3 append_request term=2 previous=2@2 commit=2 sequence=3 entries=3@2
  n2 -> n4 append_request term=2 previous=2@2 commit=2 sequence=4 entries=3@2
expect members n2 = 1,2,3,4
