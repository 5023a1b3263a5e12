# A follower that hears nothing asks whether it could win, raises its term, gets the votes and
# commits an empty entry of its own term.
# Source: Raft §5.2, §8; thesis §9.6.
group 3

wait n1
  n1: pre_candidate of term 0 (election timeout)
  n1 -> n2 pre_vote_request proposed=1 attempt=1
  n1 -> n3 pre_vote_request proposed=1 attempt=1
settle
  n2 <- n1 pre_vote_request
  n2 -> n1 pre_vote_response proposed=1 attempt=1 granted
  n3 <- n1 pre_vote_request
  n3 -> n1 pre_vote_response proposed=1 attempt=1 granted
  n1 <- n2 pre_vote_response
  n1: candidate of term 1 (pre-vote won)
  n1: stores term 1 vote n1
  n1 -> n2 vote_request term=1 (when stored)
  n1 -> n3 vote_request term=1 (when stored)
  n1 <- n3 pre_vote_response
  n2 <- n1 vote_request
  n2: follower of term 1 (newer term)
  n2: stores term 1 vote n1
  n2 -> n1 vote_response term=1 granted (when stored)
  n3 <- n1 vote_request
  n3: follower of term 1 (newer term)
  n3: stores term 1 vote n1
  n3 -> n1 vote_response term=1 granted (when stored)
  n1 <- n2 vote_response
  n1: leader of term 1 (elected)
  n1: stores 1@1
  n1 -> n2 append_request term=1 sequence=1 entries=1@1
  n1 -> n3 append_request term=1 sequence=2 entries=1@1
  n1 <- n3 vote_response
  n2 <- n1 append_request
  n2: follower of term 1 under n1 (leader heard)
  n2: stores 1@1
  n2 -> n1 append_response term=1 sequence=1 accepted match=1 (when stored)
  n3 <- n1 append_request
  n3: follower of term 1 under n1 (leader heard)
  n3: stores 1@1
  n3 -> n1 append_response term=1 sequence=2 accepted match=1 (when stored)
  n1 <- n2 append_response
  n1: commit 1
  n1 <- n3 append_response

expect leader=1 term=1
expect n2 role=follower leader=1 vote=1
expect n3 role=follower leader=1 vote=1
expect n1 commit=1 durable=1
expect log n1 = n2 = n3
status
  n1 leader term=1 vote=n1 leader=n1 last=1@1 durable=1 commit=1
  n2 follower term=1 vote=n1 leader=n1 last=1@1 durable=1 commit=0
  n3 follower term=1 vote=n1 leader=n1 last=1@1 durable=1 commit=0
