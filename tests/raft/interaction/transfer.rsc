# The leader hands over to n2: it asks it to campaign at once. n2 skips the pre-vote, and its request
# passes the stickiness of those that hear the leader. No timeout passes.
# Source: thesis §3.10; CCF topic "nomination picks the best-matched peer".
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
propose n1
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
settle quietly
  n2: commit 1
  n3: commit 1
  n1: commit 2
expect n1 transfer=none

transfer n1 n2
  n1 -> n2 timeout_now term=1
expect n1 transfer=2
# Sequenced now it might be lost in the hand-over: the client must come again.
propose n1
  n1: refused, busy
settle
  n2 <- n1 timeout_now
  n2: candidate of term 2 (asked to take over)
  n2: stores term 2 vote n2
  n2 -> n1 vote_request term=2 last=2@1 transfer (when stored)
  n2 -> n3 vote_request term=2 last=2@1 transfer (when stored)
  n1 <- n2 vote_request
  n1: follower of term 2 (newer term)
  n1: stores term 2 vote n2
  n1 -> n2 vote_response term=2 granted (when stored)
  n3 <- n2 vote_request
  n3: follower of term 2 (newer term)
  n3: stores term 2 vote n2
  n3 -> n2 vote_response term=2 granted (when stored)
  n2 <- n1 vote_response
  n2: leader of term 2 (elected)
  n2: stores 3@2
  n2 -> n1 append_request term=2 previous=2@1 commit=1 sequence=1 entries=3@2
  n2 -> n3 append_request term=2 previous=2@1 commit=1 sequence=2 entries=3@2
  n2 <- n3 vote_response
  n1 <- n2 append_request
  n1: follower of term 2 under n2 (leader heard)
  n1: stores 3@2
  n1 -> n2 append_response term=2 sequence=1 accepted match=3 previous=2 (when stored)
  n3 <- n2 append_request
  n3: follower of term 2 under n2 (leader heard)
  n3: stores 3@2
  n3 -> n2 append_response term=2 sequence=2 accepted match=3 previous=2 (when stored)
  n2 <- n1 append_response
  n2: commit 3
  n2 <- n3 append_response
expect leader=2 term=2
expect n1 role=follower leader=2
expect log n1 = n2 = n3
