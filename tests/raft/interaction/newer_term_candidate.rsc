# A candidate hears the leader of its own term and follows it, and keeps its vote; a candidate hears a
# newer term and forgets its vote.
# Source: Raft §5.2; catalogue E03.
group 3
pass all T
wait n1
  n1: pre_candidate of term 0 (election timeout)
  n1 -> n2 pre_vote_request proposed=1 attempt=1
  n1 -> n3 pre_vote_request proposed=1 attempt=1
deliver n1->n2 pre_vote_request
  n2 <- n1 pre_vote_request
  n2 -> n1 pre_vote_response proposed=1 attempt=1 granted
deliver n2->n1 pre_vote_response
  n1 <- n2 pre_vote_response
  n1: candidate of term 1 (pre-vote won)
  n1: stores term 1 vote n1
  n1 -> n2 vote_request term=1 (when stored)
  n1 -> n3 vote_request term=1 (when stored)
expect n1 role=candidate term=1
store n1
  n1: stored, 0 left
inject n3->n1 append_request term=1 sequence=1 entries=1@1
deliver n3->n1 append_request
  n1 <- n3 append_request
  n1: follower of term 1 under n3 (leader heard)
  n1: stores 1@1
  n1 -> n3 append_response term=1 sequence=1 accepted match=1 (when stored)
expect n1 role=follower term=1 vote=1 leader=3
store n1
  n1: stored, 0 left
pass n1 T
inject n2->n1 vote_request term=1
deliver n2->n1 vote_request
  n1 <- n2 vote_request
  n1 -> n2 vote_response term=1
expect n1 vote=1
inject n2->n1 heartbeat term=3 round=1
deliver n2->n1 heartbeat
  n1 <- n2 heartbeat
  n1: follower of term 3 under n2 (newer term)
  n1: stores term 3 vote none
  n1 -> n2 heartbeat_response term=3 round=1
expect n1 role=follower term=3 vote=none leader=2
