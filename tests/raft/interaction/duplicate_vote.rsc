# Of five nodes, one that answers twice is still one voter.
# Source: catalogue E07 (scylladb/scylladb@e49d5f89).
group 5
pass all T
wait n1
  n1: pre_candidate of term 0 (election timeout)
  n1 -> n2 pre_vote_request proposed=1 attempt=1
  n1 -> n3 pre_vote_request proposed=1 attempt=1
  n1 -> n4 pre_vote_request proposed=1 attempt=1
  n1 -> n5 pre_vote_request proposed=1 attempt=1
deliver n1->* pre_vote_request
  n2 <- n1 pre_vote_request
  n2 -> n1 pre_vote_response proposed=1 attempt=1 granted
  n3 <- n1 pre_vote_request
  n3 -> n1 pre_vote_response proposed=1 attempt=1 granted
  n4 <- n1 pre_vote_request
  n4 -> n1 pre_vote_response proposed=1 attempt=1 granted
  n5 <- n1 pre_vote_request
  n5 -> n1 pre_vote_response proposed=1 attempt=1 granted
deliver *->n1 pre_vote_response
  n1 <- n2 pre_vote_response
  n1 <- n3 pre_vote_response
  n1: candidate of term 1 (pre-vote won)
  n1: stores term 1 vote n1
  n1 -> n2 vote_request term=1 (when stored)
  n1 -> n3 vote_request term=1 (when stored)
  n1 -> n4 vote_request term=1 (when stored)
  n1 -> n5 vote_request term=1 (when stored)
  n1 <- n4 pre_vote_response
  n1 <- n5 pre_vote_response
store n1
  n1: stored, 0 left
deliver n1->n2 vote_request
  n2 <- n1 vote_request
  n2: follower of term 1 (newer term)
  n2: stores term 1 vote n1
  n2 -> n1 vote_response term=1 granted (when stored)
store n2
  n2: stored, 0 left
duplicate n2->n1 vote_response
  n1 <- n2 vote_response
duplicate n2->n1 vote_response
  n1 <- n2 vote_response
deliver n2->n1 vote_response
  n1 <- n2 vote_response
expect n1 role=candidate term=1

deliver n1->n3 vote_request
  n3 <- n1 vote_request
  n3: follower of term 1 (newer term)
  n3: stores term 1 vote n1
  n3 -> n1 vote_response term=1 granted (when stored)
store n3
  n3: stored, 0 left
deliver n3->n1 vote_response
  n1 <- n3 vote_response
  n1: leader of term 1 (elected)
  n1: stores 1@1
  n1 -> n2 append_request term=1 sequence=1 entries=1@1
  n1 -> n3 append_request term=1 sequence=2 entries=1@1
  n1 -> n4 append_request term=1 sequence=3 entries=1@1
  n1 -> n5 append_request term=1 sequence=4 entries=1@1
expect n1 role=leader term=1
settle quietly
  n4: follower of term 1 (newer term)
  n5: follower of term 1 (newer term)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n4: follower of term 1 under n1 (leader heard)
  n5: follower of term 1 under n1 (leader heard)
  n1: commit 1
