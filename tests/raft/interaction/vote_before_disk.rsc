# A vote leaves only when it is on the disk. A voter that crashes before that may vote again, for
# nobody has heard of its first vote.
# Source: Raft fig. 2 "persistent state"; catalogue E01.
group 3
boot n1 term=1 log=1@1
boot n2 term=1 log=1@1
boot n3 term=1 log=1@1
disk n2 slow

inject n1->n2 vote_request term=2 last=1@1
deliver n1->n2 vote_request
  n2 <- n1 vote_request
  n2: follower of term 2 (newer term)
  n2: stores term 2 vote n1
  n2 -> n1 vote_response term=2 granted (when stored)
expect n2 vote=1 term=2
expect messages n2->n1 vote_response = 0

crash n2
restart n2
  n2: follower term=1 vote=none leader=none last=1@1 durable=1 commit=0
expect n2 vote=none term=1
inject n3->n2 vote_request term=2 last=1@1
deliver n3->n2 vote_request
  n2 <- n3 vote_request
  n2: follower of term 2 (newer term)
  n2: stores term 2 vote n3
  n2 -> n3 vote_response term=2 granted (when stored)
store n2
  n2: stored, 0 left
expect n2 vote=3 term=2
expect messages n2->n3 vote_response = 1

# This vote is on the disk: it survives.
crash n2
restart n2
  n2: follower term=2 vote=n3 leader=none last=1@1 durable=1 commit=0
expect n2 vote=3 term=2
inject n1->n2 vote_request term=2 last=1@1
deliver n1->n2 vote_request
  n2 <- n1 vote_request
  n2 -> n1 vote_response term=2
disk n2 fast
settle
  n3 <- n2 vote_response
  n3: follower of term 2 (newer term)
  n3: stores term 2 vote none
  n1 <- n2 vote_response
  n1: follower of term 2 (newer term)
  n1: stores term 2 vote none
expect n2 vote=3 term=2
