# Three candidates of one term. n1 wins with n4 and n5. n3, a loser, is told by an append that it
# cannot match; it becomes a follower of the same term, and its vote stays where it was when the
# delayed request of n2 arrives.
# Source: CCF topic "three same-term candidates"; catalogue E03.
group 5
boot n3 term=1 log=1@1
boot n1 term=1 log=1-2@1
boot n2 term=1 log=1-2@1
boot n4 term=1 log=1@1
boot n5 term=1 log=1@1

pass all T
wait n1
  n1: pre_candidate of term 1 (election timeout)
  n1 -> n2 pre_vote_request term=1 proposed=2 last=2@1 attempt=1
  n1 -> n3 pre_vote_request term=1 proposed=2 last=2@1 attempt=1
  n1 -> n4 pre_vote_request term=1 proposed=2 last=2@1 attempt=1
  n1 -> n5 pre_vote_request term=1 proposed=2 last=2@1 attempt=1
wait n2
  n2: pre_candidate of term 1 (election timeout)
  n2 -> n1 pre_vote_request term=1 proposed=2 last=2@1 attempt=1
  n2 -> n3 pre_vote_request term=1 proposed=2 last=2@1 attempt=1
  n2 -> n4 pre_vote_request term=1 proposed=2 last=2@1 attempt=1
  n2 -> n5 pre_vote_request term=1 proposed=2 last=2@1 attempt=1
wait n3
  n3: pre_candidate of term 1 (election timeout)
  n3 -> n1 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
  n3 -> n2 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
  n3 -> n4 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
  n3 -> n5 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
deliver *->n4 pre_vote_request
  n4 <- n1 pre_vote_request
  n4 -> n1 pre_vote_response term=1 proposed=2 attempt=1 granted
  n4 <- n2 pre_vote_request
  n4 -> n2 pre_vote_response term=1 proposed=2 attempt=1 granted
  n4 <- n3 pre_vote_request
  n4 -> n3 pre_vote_response term=1 proposed=2 attempt=1 granted
deliver *->n5 pre_vote_request
  n5 <- n1 pre_vote_request
  n5 -> n1 pre_vote_response term=1 proposed=2 attempt=1 granted
  n5 <- n2 pre_vote_request
  n5 -> n2 pre_vote_response term=1 proposed=2 attempt=1 granted
  n5 <- n3 pre_vote_request
  n5 -> n3 pre_vote_response term=1 proposed=2 attempt=1 granted
deliver *->n1 pre_vote_response
  n1 <- n4 pre_vote_response
  n1 <- n5 pre_vote_response
  n1: candidate of term 2 (pre-vote won)
  n1: stores term 2 vote n1
  n1 -> n2 vote_request term=2 last=2@1 (when stored)
  n1 -> n3 vote_request term=2 last=2@1 (when stored)
  n1 -> n4 vote_request term=2 last=2@1 (when stored)
  n1 -> n5 vote_request term=2 last=2@1 (when stored)
deliver *->n2 pre_vote_response
  n2 <- n4 pre_vote_response
  n2 <- n5 pre_vote_response
  n2: candidate of term 2 (pre-vote won)
  n2: stores term 2 vote n2
  n2 -> n1 vote_request term=2 last=2@1 (when stored)
  n2 -> n3 vote_request term=2 last=2@1 (when stored)
  n2 -> n4 vote_request term=2 last=2@1 (when stored)
  n2 -> n5 vote_request term=2 last=2@1 (when stored)
deliver *->n3 pre_vote_response
  n3 <- n4 pre_vote_response
  n3 <- n5 pre_vote_response
  n3: candidate of term 2 (pre-vote won)
  n3: stores term 2 vote n3
  n3 -> n1 vote_request term=2 last=1@1 (when stored)
  n3 -> n2 vote_request term=2 last=1@1 (when stored)
  n3 -> n4 vote_request term=2 last=1@1 (when stored)
  n3 -> n5 vote_request term=2 last=1@1 (when stored)
expect n1 role=candidate term=2
expect n2 role=candidate term=2
expect n3 role=candidate term=2
store n1
  n1: stored, 0 left
store n2
  n2: stored, 0 left
store n3
  n3: stored, 0 left
drop *->* pre_vote_request
  n1 -> n2 pre_vote_request, dropped
  n1 -> n3 pre_vote_request, dropped
  n2 -> n1 pre_vote_request, dropped
  n2 -> n3 pre_vote_request, dropped
  n3 -> n1 pre_vote_request, dropped
  n3 -> n2 pre_vote_request, dropped
hold n2->n3 vote_request
  n2 -> n3 vote_request, held

deliver n1->n4 vote_request
  n4 <- n1 vote_request
  n4: follower of term 2 (newer term)
  n4: stores term 2 vote n1
  n4 -> n1 vote_response term=2 granted (when stored)
deliver n1->n5 vote_request
  n5 <- n1 vote_request
  n5: follower of term 2 (newer term)
  n5: stores term 2 vote n1
  n5 -> n1 vote_response term=2 granted (when stored)
store n4
  n4: stored, 0 left
store n5
  n5: stored, 0 left
deliver *->n1 vote_response
  n1 <- n4 vote_response
  n1 <- n5 vote_response
  n1: leader of term 2 (elected)
  n1: stores 3@2
  n1 -> n2 append_request term=2 previous=2@1 sequence=1 entries=3@2
  n1 -> n3 append_request term=2 previous=2@1 sequence=2 entries=3@2
  n1 -> n4 append_request term=2 previous=2@1 sequence=3 entries=3@2
  n1 -> n5 append_request term=2 previous=2@1 sequence=4 entries=3@2
expect leader=1 term=2

# Probed first: the append is refused, and yet it tells who leads.
deliver n1->n3 append_request
  n3 <- n1 append_request
  n3: follower of term 2 under n1 (leader heard)
  n3 -> n1 append_response term=2 sequence=2 previous=2 hint=1@1
expect n3 role=follower term=2 vote=3 leader=1
release
deliver n2->n3 vote_request
  n3 <- n2 vote_request
expect n3 role=follower term=2 vote=3 leader=1
expect messages n3->n2 vote_response = 0

settle
  n2 <- n1 vote_request
  n2 -> n1 vote_response term=2
  n3 <- n1 vote_request
  n1 <- n2 vote_request
  n4 <- n2 vote_request
  n4 -> n2 vote_response term=2
  n5 <- n2 vote_request
  n5 -> n2 vote_response term=2
  n1 <- n3 vote_request
  n2 <- n3 vote_request
  n2 -> n3 vote_response term=2
  n4 <- n3 vote_request
  n4 -> n3 vote_response term=2
  n5 <- n3 vote_request
  n5 -> n3 vote_response term=2
  n2 <- n1 append_request
  n2: follower of term 2 under n1 (leader heard)
  n2: stores 3@2
  n2 -> n1 append_response term=2 sequence=1 accepted match=3 previous=2 (when stored)
  n4 <- n1 append_request
  n4: follower of term 2 under n1 (leader heard)
  n4 -> n1 append_response term=2 sequence=3 previous=2 hint=1@1
  n5 <- n1 append_request
  n5: follower of term 2 under n1 (leader heard)
  n5 -> n1 append_response term=2 sequence=4 previous=2 hint=1@1
  n1 <- n3 append_response
  n1 -> n3 append_request term=2 previous=1@1 sequence=5 entries=2@1,3@2
  n1 <- n2 vote_response
  n2 <- n4 vote_response
  n2 <- n5 vote_response
  n3 <- n2 vote_response
  n3 <- n4 vote_response
  n3 <- n5 vote_response
  n1 <- n4 append_response
  n1 -> n4 append_request term=2 previous=1@1 sequence=6 entries=2@1,3@2
  n1 <- n5 append_response
  n1 -> n5 append_request term=2 previous=1@1 sequence=7 entries=2@1,3@2
  n3 <- n1 append_request
  n3: stores 2@1,3@2
  n3 -> n1 append_response term=2 sequence=5 accepted match=3 previous=1 (when stored)
  n4 <- n1 append_request
  n4: stores 2@1,3@2
  n4 -> n1 append_response term=2 sequence=6 accepted match=3 previous=1 (when stored)
  n5 <- n1 append_request
  n5: stores 2@1,3@2
  n5 -> n1 append_response term=2 sequence=7 accepted match=3 previous=1 (when stored)
  n1 <- n2 append_response
  n1 <- n3 append_response
  n1: commit 3
  n1 <- n4 append_response
  n1 <- n5 append_response
expect leader=1 term=2
expect log n1 = n2 = n3 = n4 = n5
