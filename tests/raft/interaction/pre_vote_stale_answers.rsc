# Answers to an earlier attempt do not count for a later one of the same term, and a won pre-vote is
# not won again by answers that come late.
# Source: catalogue E27.
group 5

pass all T
wait n1
  n1: pre_candidate of term 0 (election timeout)
  n1 -> n2 pre_vote_request proposed=1 attempt=1
  n1 -> n3 pre_vote_request proposed=1 attempt=1
  n1 -> n4 pre_vote_request proposed=1 attempt=1
  n1 -> n5 pre_vote_request proposed=1 attempt=1
deliver n1->* pre_vote_request
  n2 <- n1 pre_vote_request
  n2 -> n1 pre_vote_response proposed=1 attempt=1 granted
  n3 <- n1 pre_vote_request
  n3 -> n1 pre_vote_response proposed=1 attempt=1 granted
  n4 <- n1 pre_vote_request
  n4 -> n1 pre_vote_response proposed=1 attempt=1 granted
  n5 <- n1 pre_vote_request
  n5 -> n1 pre_vote_response proposed=1 attempt=1 granted
# One answer arrives, the others are late.
deliver n2->n1 pre_vote_response
  n1 <- n2 pre_vote_response
hold *->n1 pre_vote_response
  n3 -> n1 pre_vote_response, held
  n4 -> n1 pre_vote_response, held
  n5 -> n1 pre_vote_response, held
expect n1 role=pre_candidate
wait n1
  n1 -> n2 pre_vote_request proposed=1 attempt=2
  n1 -> n3 pre_vote_request proposed=1 attempt=2
  n1 -> n4 pre_vote_request proposed=1 attempt=2
  n1 -> n5 pre_vote_request proposed=1 attempt=2
hold n1->*
  n1 -> n2 pre_vote_request, held
  n1 -> n3 pre_vote_request, held
  n1 -> n4 pre_vote_request, held
  n1 -> n5 pre_vote_request, held
release *->n1
deliver *->n1 pre_vote_response
  n1 <- n3 pre_vote_response
  n1 <- n4 pre_vote_response
  n1 <- n5 pre_vote_response
expect n1 role=pre_candidate term=0

# The second attempt wins on its own answers.
release
settle
  n2 <- n1 pre_vote_request
  n2 -> n1 pre_vote_response proposed=1 attempt=2 granted
  n3 <- n1 pre_vote_request
  n3 -> n1 pre_vote_response proposed=1 attempt=2 granted
  n4 <- n1 pre_vote_request
  n4 -> n1 pre_vote_response proposed=1 attempt=2 granted
  n5 <- n1 pre_vote_request
  n5 -> n1 pre_vote_response proposed=1 attempt=2 granted
  n1 <- n2 pre_vote_response
  n1 <- n3 pre_vote_response
  n1: candidate of term 1 (pre-vote won)
  n1: stores term 1 vote n1
  n1 -> n2 vote_request term=1 (when stored)
  n1 -> n3 vote_request term=1 (when stored)
  n1 -> n4 vote_request term=1 (when stored)
  n1 -> n5 vote_request term=1 (when stored)
  n1 <- n4 pre_vote_response
  n1 <- n5 pre_vote_response
  n2 <- n1 vote_request
  n2: follower of term 1 (newer term)
  n2: stores term 1 vote n1
  n2 -> n1 vote_response term=1 granted (when stored)
  n3 <- n1 vote_request
  n3: follower of term 1 (newer term)
  n3: stores term 1 vote n1
  n3 -> n1 vote_response term=1 granted (when stored)
  n4 <- n1 vote_request
  n4: follower of term 1 (newer term)
  n4: stores term 1 vote n1
  n4 -> n1 vote_response term=1 granted (when stored)
  n5 <- n1 vote_request
  n5: follower of term 1 (newer term)
  n5: stores term 1 vote n1
  n5 -> n1 vote_response term=1 granted (when stored)
  n1 <- n2 vote_response
  n1 <- n3 vote_response
  n1: leader of term 1 (elected)
  n1: stores 1@1
  n1 -> n2 append_request term=1 sequence=1 entries=1@1
  n1 -> n3 append_request term=1 sequence=2 entries=1@1
  n1 -> n4 append_request term=1 sequence=3 entries=1@1
  n1 -> n5 append_request term=1 sequence=4 entries=1@1
  n1 <- n4 vote_response
  n1 <- n5 vote_response
  n2 <- n1 append_request
  n2: follower of term 1 under n1 (leader heard)
  n2: stores 1@1
  n2 -> n1 append_response term=1 sequence=1 accepted match=1 (when stored)
  n3 <- n1 append_request
  n3: follower of term 1 under n1 (leader heard)
  n3: stores 1@1
  n3 -> n1 append_response term=1 sequence=2 accepted match=1 (when stored)
  n4 <- n1 append_request
  n4: follower of term 1 under n1 (leader heard)
  n4: stores 1@1
  n4 -> n1 append_response term=1 sequence=3 accepted match=1 (when stored)
  n5 <- n1 append_request
  n5: follower of term 1 under n1 (leader heard)
  n5: stores 1@1
  n5 -> n1 append_response term=1 sequence=4 accepted match=1 (when stored)
  n1 <- n2 append_response
  n1 <- n3 append_response
  n1: commit 1
  n1 <- n4 append_response
  n1 <- n5 append_response
expect leader=1 term=1
