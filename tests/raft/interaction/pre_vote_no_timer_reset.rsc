# Who grants a pre-vote keeps its own election timer: in a group of even size two nodes that keep
# asking could otherwise hold up each other. Who grants a vote starts its timer anew.
# Source: Raft §5.2; catalogue E19 (redpanda-data/redpanda#11657).
group 4
pass n2 330ms
pass n1 310ms
pass n1 10ms
  n1: pre_candidate of term 0 (election timeout)
  n1 -> n2 pre_vote_request proposed=1 attempt=1
  n1 -> n3 pre_vote_request proposed=1 attempt=1
  n1 -> n4 pre_vote_request proposed=1 attempt=1
deliver n1->n2 pre_vote_request
  n2 <- n1 pre_vote_request
  n2 -> n1 pre_vote_response proposed=1 attempt=1 granted
# Ten milliseconds later n2 would have campaigned anyway, and it does.
pass n2 10ms
  n2: pre_candidate of term 0 (election timeout)
  n2 -> n1 pre_vote_request proposed=1 attempt=1
  n2 -> n3 pre_vote_request proposed=1 attempt=1
  n2 -> n4 pre_vote_request proposed=1 attempt=1
expect n2 role=pre_candidate

inject n3->n4 vote_request term=1
pass n4 370ms
deliver n3->n4 vote_request
  n4 <- n3 vote_request
  n4: follower of term 1 (newer term)
  n4: stores term 1 vote n3
  n4 -> n3 vote_response term=1 granted (when stored)
pass n4 370ms
expect n4 role=follower vote=3
pass n4 10ms
  n4: pre_candidate of term 1 (election timeout)
  n4 -> n1 pre_vote_request term=1 proposed=2 attempt=1
  n4 -> n2 pre_vote_request term=1 proposed=2 attempt=1
  n4 -> n3 pre_vote_request term=1 proposed=2 attempt=1
expect n4 role=pre_candidate
