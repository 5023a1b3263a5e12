# A long log of an old term loses against a short one of a newer term, in pre-votes and in votes.
# Source: Raft §5.4.1; catalogue E09.
group 3
boot n1 term=3 log=1-6@1
boot n2 term=3 log=1@1,2@3
boot n3 term=3 log=1@1,2@3

campaign n1
  n1: pre_candidate of term 3 (election timeout)
  n1 -> n2 pre_vote_request term=3 proposed=4 last=6@1 attempt=1
  n1 -> n3 pre_vote_request term=3 proposed=4 last=6@1 attempt=1
settle
  n2 <- n1 pre_vote_request
  n2 -> n1 pre_vote_response term=3 proposed=4 attempt=1
  n3 <- n1 pre_vote_request
  n3 -> n1 pre_vote_response term=3 proposed=4 attempt=1
  n1 <- n2 pre_vote_response
  n1 <- n3 pre_vote_response
  n1: follower of term 3 (refused by a majority)
expect n1 role=follower term=3
inject n1->n2 vote_request term=4 last=6@1
deliver n1->n2 vote_request
  n2 <- n1 vote_request
  n2: follower of term 4 (newer term)
  n2: stores term 4 vote none
  n2 -> n1 vote_response term=4
expect n2 vote=none term=4

elect n2
  n2: pre_candidate of term 4 (election timeout)
  n1: follower of term 4 (newer term)
  n2: candidate of term 5 (pre-vote won)
  n1: follower of term 5 (newer term)
  n3: follower of term 5 (newer term)
  n2: leader of term 5 (elected)
  n1: follower of term 5 under n2 (leader heard)
  n3: follower of term 5 under n2 (leader heard)
  n1: truncates to 1
  n2: commit 3
expect leader=2
expect n1 role=follower leader=2
expect log n1 = n2 = n3
expect n1 last=3
