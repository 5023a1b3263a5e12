# Who has heard the leader within the minimum election timeout neither votes for another one nor
# adopts its term; when the leader has been silent for that long, it does.
# Source: thesis §4.2.3; catalogue E17.
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
inject n3->n2 vote_request term=9 last=1@1
deliver n3->n2 vote_request
  n2 <- n3 vote_request
expect n2 term=1 leader=1 vote=1
expect messages n2->n3 vote_response = 0

pass n2 T
inject n3->n2 vote_request term=9 last=1@1
deliver n3->n2 vote_request
  n2 <- n3 vote_request
  n2: follower of term 9 (newer term)
  n2: stores term 9 vote n3
  n2 -> n3 vote_response term=9 granted (when stored)
expect n2 term=9 vote=3
settle
  n3 <- n2 vote_response
  n3: follower of term 9 (newer term)
  n3: stores term 9 vote none
run 1s
  n1: follower of term 9 (newer term)
  n2: pre_candidate of term 9 (election timeout)
  n2: candidate of term 10 (pre-vote won)
  n1: follower of term 10 (newer term)
  n3: follower of term 10 (newer term)
  n2: leader of term 10 (elected)
  n1: follower of term 10 under n2 (leader heard)
  n3: follower of term 10 under n2 (leader heard)
  n2: commit 2
  n1: commit 2
  n3: commit 2
expect n1 term>=9
