# n2 votes for n1, then asks for pre-votes in that same term, is stepped down by an append and gets
# the delayed vote request of n3 of that term: it has no second vote.
# Source: CCF topic "the same with pre-vote"; catalogue E03.
group 3
boot n1 term=1 log=1@1
boot n2 term=1 log=1@1
boot n3 term=1 log=1@1

pass all T
wait n1
  n1: pre_candidate of term 1 (election timeout)
  n1 -> n2 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
  n1 -> n3 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
wait n3
  n3: pre_candidate of term 1 (election timeout)
  n3 -> n1 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
  n3 -> n2 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
deliver *->n2 pre_vote_request
  n2 <- n1 pre_vote_request
  n2 -> n1 pre_vote_response term=1 proposed=2 attempt=1 granted
  n2 <- n3 pre_vote_request
  n2 -> n3 pre_vote_response term=1 proposed=2 attempt=1 granted
deliver n2->* pre_vote_response
  n1 <- n2 pre_vote_response
  n1: candidate of term 2 (pre-vote won)
  n1: stores term 2 vote n1
  n1 -> n2 vote_request term=2 last=1@1 (when stored)
  n1 -> n3 vote_request term=2 last=1@1 (when stored)
  n3 <- n2 pre_vote_response
  n3: candidate of term 2 (pre-vote won)
  n3: stores term 2 vote n3
  n3 -> n1 vote_request term=2 last=1@1 (when stored)
  n3 -> n2 vote_request term=2 last=1@1 (when stored)
expect n1 role=candidate term=2
expect n3 role=candidate term=2
store n1
  n1: stored, 0 left
store n3
  n3: stored, 0 left
hold n3->n2 vote_request
  n3 -> n2 vote_request, held
deliver n1->n2 vote_request
  n2 <- n1 vote_request
  n2: follower of term 2 (newer term)
  n2: stores term 2 vote n1
  n2 -> n1 vote_response term=2 granted (when stored)
store n2
  n2: stored, 0 left
expect n2 vote=1 term=2

# n2 loses patience before the answer of n1 arrives.
wait n2
  n2: pre_candidate of term 2 (election timeout)
  n2 -> n1 pre_vote_request term=2 proposed=3 last=1@1 attempt=1
  n2 -> n3 pre_vote_request term=2 proposed=3 last=1@1 attempt=1
expect n2 role=pre_candidate term=2 vote=1
deliver n2->n1 vote_response
  n1 <- n2 vote_response
  n1: leader of term 2 (elected)
  n1: stores 2@2
  n1 -> n2 append_request term=2 previous=1@1 sequence=1 entries=2@2
  n1 -> n3 append_request term=2 previous=1@1 sequence=2 entries=2@2
expect n1 role=leader
deliver n1->n2 append_request
  n2 <- n1 append_request
  n2: follower of term 2 under n1 (leader heard)
  n2: stores 2@2
  n2 -> n1 append_response term=2 sequence=1 accepted match=2 previous=1 (when stored)
expect n2 role=follower leader=1 term=2 vote=1

release
pass n2 T
deliver n3->n2 vote_request
  n2 <- n3 vote_request
  n2 -> n3 vote_response term=2
expect n2 vote=1 term=2
expect n2 role=follower
settle
  n3 <- n1 pre_vote_request
  n3 -> n1 pre_vote_response term=2 proposed=2 attempt=1
  n1 <- n3 pre_vote_request
  n1 -> n3 pre_vote_response term=2 proposed=2 attempt=1
  n3 <- n1 vote_request
  n3 -> n1 vote_response term=2
  n1 <- n3 vote_request
  n1 <- n2 pre_vote_request
  n1 -> n2 pre_vote_response term=2 proposed=3 attempt=1
  n3 <- n2 pre_vote_request
  n3 -> n2 pre_vote_response term=2 proposed=3 attempt=1 granted
  n3 <- n1 append_request
  n3: follower of term 2 under n1 (leader heard)
  n3: stores 2@2
  n3 -> n1 append_response term=2 sequence=2 accepted match=2 previous=1 (when stored)
  n3 <- n2 vote_response
  n1 <- n3 pre_vote_response
  n3 <- n1 pre_vote_response
  n1 <- n3 vote_response
  n2 <- n1 pre_vote_response
  n2 <- n3 pre_vote_response
  n1 <- n2 append_response
  n1: commit 2
  n1 <- n3 append_response
expect leader=1 term=2
