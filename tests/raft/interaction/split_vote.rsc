# Four nodes, two candidates of one term, two votes each: nobody wins. The next election with
# different timeouts is decided.
# Source: Raft §5.2.
group 4

# Both win the pre-vote: nobody has promised anything yet.
pass all T
wait n1
  n1: pre_candidate of term 0 (election timeout)
  n1 -> n2 pre_vote_request proposed=1 attempt=1
  n1 -> n3 pre_vote_request proposed=1 attempt=1
  n1 -> n4 pre_vote_request proposed=1 attempt=1
wait n2
  n2: pre_candidate of term 0 (election timeout)
  n2 -> n1 pre_vote_request proposed=1 attempt=1
  n2 -> n3 pre_vote_request proposed=1 attempt=1
  n2 -> n4 pre_vote_request proposed=1 attempt=1
deliver n1->n3 pre_vote_request
  n3 <- n1 pre_vote_request
  n3 -> n1 pre_vote_response proposed=1 attempt=1 granted
deliver n1->n4 pre_vote_request
  n4 <- n1 pre_vote_request
  n4 -> n1 pre_vote_response proposed=1 attempt=1 granted
deliver n2->n3 pre_vote_request
  n3 <- n2 pre_vote_request
  n3 -> n2 pre_vote_response proposed=1 attempt=1 granted
deliver n2->n4 pre_vote_request
  n4 <- n2 pre_vote_request
  n4 -> n2 pre_vote_response proposed=1 attempt=1 granted
deliver *->n1 pre_vote_response
  n1 <- n3 pre_vote_response
  n1 <- n4 pre_vote_response
  n1: candidate of term 1 (pre-vote won)
  n1: stores term 1 vote n1
  n1 -> n2 vote_request term=1 (when stored)
  n1 -> n3 vote_request term=1 (when stored)
  n1 -> n4 vote_request term=1 (when stored)
deliver *->n2 pre_vote_response
  n2 <- n3 pre_vote_response
  n2 <- n4 pre_vote_response
  n2: candidate of term 1 (pre-vote won)
  n2: stores term 1 vote n2
  n2 -> n1 vote_request term=1 (when stored)
  n2 -> n3 vote_request term=1 (when stored)
  n2 -> n4 vote_request term=1 (when stored)
expect n1 role=candidate term=1
expect n2 role=candidate term=1

store n1
  n1: stored, 0 left
store n2
  n2: stored, 0 left
deliver n1->n3 vote_request
  n3 <- n1 vote_request
  n3: follower of term 1 (newer term)
  n3: stores term 1 vote n1
  n3 -> n1 vote_response term=1 granted (when stored)
deliver n2->n4 vote_request
  n4 <- n2 vote_request
  n4: follower of term 1 (newer term)
  n4: stores term 1 vote n2
  n4 -> n2 vote_response term=1 granted (when stored)
store n3
  n3: stored, 0 left
store n4
  n4: stored, 0 left
settle
  n2 <- n1 pre_vote_request
  n2 -> n1 pre_vote_response term=1 proposed=1 attempt=1
  n1 <- n2 pre_vote_request
  n1 -> n2 pre_vote_response term=1 proposed=1 attempt=1
  n2 <- n1 vote_request
  n2 -> n1 vote_response term=1
  n4 <- n1 vote_request
  n4 -> n1 vote_response term=1
  n1 <- n2 vote_request
  n1 -> n2 vote_response term=1
  n3 <- n2 vote_request
  n3 -> n2 vote_response term=1
  n1 <- n3 vote_response
  n2 <- n4 vote_response
  n1 <- n2 pre_vote_response
  n2 <- n1 pre_vote_response
  n1 <- n2 vote_response
  n1 <- n4 vote_response
  n1: follower of term 1 (refused by a majority)
  n2 <- n1 vote_response
  n2 <- n3 vote_response
  n2: follower of term 1 (refused by a majority)
expect n1 role!=leader
expect n2 role!=leader
expect n3 vote=1
expect n4 vote=2
expect leader=none

elect n2
  n2: pre_candidate of term 1 (election timeout)
  n2: candidate of term 2 (pre-vote won)
  n1: follower of term 2 (newer term)
  n3: follower of term 2 (newer term)
  n4: follower of term 2 (newer term)
  n2: leader of term 2 (elected)
  n1: follower of term 2 under n2 (leader heard)
  n3: follower of term 2 under n2 (leader heard)
  n4: follower of term 2 under n2 (leader heard)
  n2: commit 1
expect leader=2 term=2
expect n1 role=follower vote=2
