# Two nodes time out together and n1 wins. The delayed requests of n2 reach nodes that know the
# leader: they do not answer. A vote for its former campaign arrives while n2 asks for pre-votes
# anew, and changes nothing.
# Source: CCF topic "two backups time out together"; catalogue E27.
group 5

pass all T
wait n1
  n1: pre_candidate of term 0 (election timeout)
  n1 -> n2 pre_vote_request proposed=1 attempt=1
  n1 -> n3 pre_vote_request proposed=1 attempt=1
  n1 -> n4 pre_vote_request proposed=1 attempt=1
  n1 -> n5 pre_vote_request proposed=1 attempt=1
wait n2
  n2: pre_candidate of term 0 (election timeout)
  n2 -> n1 pre_vote_request proposed=1 attempt=1
  n2 -> n3 pre_vote_request proposed=1 attempt=1
  n2 -> n4 pre_vote_request proposed=1 attempt=1
  n2 -> n5 pre_vote_request proposed=1 attempt=1
deliver *->n3 pre_vote_request
  n3 <- n1 pre_vote_request
  n3 -> n1 pre_vote_response proposed=1 attempt=1 granted
  n3 <- n2 pre_vote_request
  n3 -> n2 pre_vote_response proposed=1 attempt=1 granted
deliver *->n4 pre_vote_request
  n4 <- n1 pre_vote_request
  n4 -> n1 pre_vote_response proposed=1 attempt=1 granted
  n4 <- n2 pre_vote_request
  n4 -> n2 pre_vote_response proposed=1 attempt=1 granted
deliver *->n5 pre_vote_request
  n5 <- n1 pre_vote_request
  n5 -> n1 pre_vote_response proposed=1 attempt=1 granted
  n5 <- n2 pre_vote_request
  n5 -> n2 pre_vote_response proposed=1 attempt=1 granted
deliver *->n1 pre_vote_response
  n1 <- n3 pre_vote_response
  n1 <- n4 pre_vote_response
  n1: candidate of term 1 (pre-vote won)
  n1: stores term 1 vote n1
  n1 -> n2 vote_request term=1 (when stored)
  n1 -> n3 vote_request term=1 (when stored)
  n1 -> n4 vote_request term=1 (when stored)
  n1 -> n5 vote_request term=1 (when stored)
  n1 <- n5 pre_vote_response
deliver *->n2 pre_vote_response
  n2 <- n3 pre_vote_response
  n2 <- n4 pre_vote_response
  n2: candidate of term 1 (pre-vote won)
  n2: stores term 1 vote n2
  n2 -> n1 vote_request term=1 (when stored)
  n2 -> n3 vote_request term=1 (when stored)
  n2 -> n4 vote_request term=1 (when stored)
  n2 -> n5 vote_request term=1 (when stored)
  n2 <- n5 pre_vote_response
store n1
  n1: stored, 0 left
store n2
  n2: stored, 0 left
expect n1 role=candidate term=1
expect n2 role=candidate term=1

hold n2->n4
  n2 -> n4 vote_request, held
hold n2->n5
  n2 -> n5 vote_request, held
deliver n2->n3 vote_request
  n3 <- n2 vote_request
  n3: follower of term 1 (newer term)
  n3: stores term 1 vote n2
  n3 -> n2 vote_response term=1 granted (when stored)
deliver n1->n3 vote_request
  n3 <- n1 vote_request
  n3 -> n1 vote_response term=1
deliver n1->n4 vote_request
  n4 <- n1 vote_request
  n4: follower of term 1 (newer term)
  n4: stores term 1 vote n1
  n4 -> n1 vote_response term=1 granted (when stored)
deliver n1->n5 vote_request
  n5 <- n1 vote_request
  n5: follower of term 1 (newer term)
  n5: stores term 1 vote n1
  n5 -> n1 vote_response term=1 granted (when stored)
store n3
  n3: stored, 0 left
store n4
  n4: stored, 0 left
store n5
  n5: stored, 0 left
deliver *->n1 vote_response
  n1 <- n3 vote_response
  n1 <- n4 vote_response
  n1 <- n5 vote_response
  n1: leader of term 1 (elected)
  n1: stores 1@1
  n1 -> n2 append_request term=1 sequence=1 entries=1@1
  n1 -> n3 append_request term=1 sequence=2 entries=1@1
  n1 -> n4 append_request term=1 sequence=3 entries=1@1
  n1 -> n5 append_request term=1 sequence=4 entries=1@1
expect leader=1 term=1
deliver n1->n4 append_request
  n4 <- n1 append_request
  n4: follower of term 1 under n1 (leader heard)
  n4: stores 1@1
  n4 -> n1 append_response term=1 sequence=3 accepted match=1 (when stored)
deliver n1->n5 append_request
  n5 <- n1 append_request
  n5: follower of term 1 under n1 (leader heard)
  n5: stores 1@1
  n5 -> n1 append_response term=1 sequence=4 accepted match=1 (when stored)

# The delayed requests: whoever has heard the leader lately keeps silent.
release n2->*
deliver n2->n4
  n4 <- n2 vote_request
deliver n2->n5
  n5 <- n2 vote_request
expect messages *->n2 vote_response = 1

# n2 gives up its campaign and asks again; only then the old answer arrives.
drop n1->n2
  n1 -> n2 pre_vote_request, dropped
  n1 -> n2 vote_request, dropped
  n1 -> n2 append_request, dropped
wait n2
  n2: pre_candidate of term 1 (election timeout)
  n2 -> n1 pre_vote_request term=1 proposed=2 attempt=1
  n2 -> n3 pre_vote_request term=1 proposed=2 attempt=1
  n2 -> n4 pre_vote_request term=1 proposed=2 attempt=1
  n2 -> n5 pre_vote_request term=1 proposed=2 attempt=1
expect n2 role=pre_candidate term=1
deliver *->n2 vote_response
  n2 <- n3 vote_response
expect n2 role=pre_candidate term=1
settle
  n1 <- n2 pre_vote_request
  n1 -> n2 pre_vote_response term=1 proposed=1 attempt=1
  n1 <- n2 vote_request
  n3 <- n1 append_request
  n3: follower of term 1 under n1 (leader heard)
  n3: stores 1@1
  n3 -> n1 append_response term=1 sequence=2 accepted match=1 (when stored)
  n1 <- n2 pre_vote_request
  n1 -> n2 pre_vote_response term=1 proposed=2 attempt=1
  n3 <- n2 pre_vote_request
  n3 -> n2 pre_vote_response term=1 proposed=2 attempt=1
  n4 <- n2 pre_vote_request
  n4 -> n2 pre_vote_response term=1 proposed=2 attempt=1
  n5 <- n2 pre_vote_request
  n5 -> n2 pre_vote_response term=1 proposed=2 attempt=1
  n2 <- n1 pre_vote_response
  n2 <- n1 pre_vote_response
  n2 <- n3 pre_vote_response
  n2 <- n4 pre_vote_response
  n2: follower of term 1 (refused by a majority)
  n2 <- n5 pre_vote_response
  n1 <- n3 append_response
  n1 <- n4 append_response
  n1: commit 1
  n1 <- n5 append_response
expect leader=1 term=1
