# The target lags behind. It gets what it lacks first, then it may campaign; until then the leader
# leads, takes no proposals and answers reads.
# Source: thesis §3.10; CCF topic "nomination".
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
isolate n2
propose n1 3
  n1: stores 2-4@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2-4@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2-4@1
settle quietly
  n3: commit 1
  n1: commit 4
heal
transfer n1 n2
expect n1 transfer=2
expect messages n1->n2 timeout_now = 0
read n1
  n1: read 1
  n1 -> n2 heartbeat term=1 commit=1 round=1
  n1 -> n3 heartbeat term=1 commit=4 round=1
propose n1
  n1: refused, busy
pass n1 60ms
  n1 -> n2 heartbeat term=1 commit=1 round=2
  n1 -> n3 heartbeat term=1 commit=4 round=2
settle
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=1 round=1
  n2: commit 1
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=1 round=1
  n3: commit 4
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=1 round=2
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=1 round=2
  n1 <- n2 heartbeat_response
  n1 -> n2 append_request term=1 previous=4@1 commit=4 sequence=5
  n1: read 1 granted at 4
  n1 <- n3 heartbeat_response
  n1 <- n2 heartbeat_response
  n1 <- n3 heartbeat_response
  n2 <- n1 append_request
  n2 -> n1 append_response term=1 sequence=5 previous=4 hint=1@1
  n1 <- n2 append_response
  n1 -> n2 append_request term=1 previous=1@1 commit=4 sequence=6 entries=2-4@1
  n2 <- n1 append_request
  n2: stores 2-4@1
  n2 -> n1 append_response term=1 sequence=6 accepted match=4 previous=1 (when stored)
  n2: commit 4
  n1 <- n2 append_response
  n1 -> n2 timeout_now term=1
  n2 <- n1 timeout_now
  n2: candidate of term 2 (asked to take over)
  n2: stores term 2 vote n2
  n2 -> n1 vote_request term=2 last=4@1 transfer (when stored)
  n2 -> n3 vote_request term=2 last=4@1 transfer (when stored)
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
  n2: stores 5@2
  n2 -> n1 append_request term=2 previous=4@1 commit=4 sequence=1 entries=5@2
  n2 -> n3 append_request term=2 previous=4@1 commit=4 sequence=2 entries=5@2
  n2 <- n3 vote_response
  n1 <- n2 append_request
  n1: follower of term 2 under n2 (leader heard)
  n1: stores 5@2
  n1 -> n2 append_response term=2 sequence=1 accepted match=5 previous=4 (when stored)
  n3 <- n2 append_request
  n3: follower of term 2 under n2 (leader heard)
  n3: stores 5@2
  n3 -> n2 append_response term=2 sequence=2 accepted match=5 previous=4 (when stored)
  n2 <- n1 append_response
  n2: commit 5
  n2 <- n3 append_response
expect leader=2 term=2
expect reads_granted=1
expect log n1 = n2 = n3
