# A follower whose disk is slow answers heartbeats and no append. It gets one empty request in each
# heartbeat interval and not the same entries again and again.
# Source: Raft §5.5; reference row 18.
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
disk n2 slow
propose n1 4
  n1: stores 2-5@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2-5@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2-5@1
settle quietly
  n2: commit 1
  n3: commit 1
  n1: commit 5
expect n1 commit=5
pass n1 60ms
  n1 -> n2 heartbeat term=1 commit=1 round=1
  n1 -> n3 heartbeat term=1 commit=5 round=1
settle
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=1 round=1
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=1 round=1
  n3: commit 5
  n1 <- n2 heartbeat_response
  n1 -> n2 append_request term=1 previous=5@1 commit=5 sequence=5
  n1 <- n3 heartbeat_response
  n2 <- n1 append_request
  n2 -> n1 append_response term=1 sequence=5 accepted match=5 previous=5 (when stored)
  n2: commit 5
read n1
  n1: read 1
  n1 -> n2 heartbeat term=1 commit=1 round=2
  n1 -> n3 heartbeat term=1 commit=5 round=2
settle
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=1 round=2
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=1 round=2
  n1 <- n2 heartbeat_response
  n1: read 1 granted at 5
  n1 <- n3 heartbeat_response
pass n1 60ms
  n1 -> n2 heartbeat term=1 commit=1 round=3
  n1 -> n3 heartbeat term=1 commit=5 round=3
settle
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=1 round=3
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=1 round=3
  n1 <- n2 heartbeat_response
  n1 -> n2 append_request term=1 previous=5@1 commit=5 sequence=6
  n1 <- n3 heartbeat_response
  n2 <- n1 append_request
  n2 -> n1 append_response term=1 sequence=6 accepted match=5 previous=5 (when stored)
store n2 all
  n2: stored, 0 left
settle
  n1 <- n2 append_response
  n1 <- n2 append_response
  n1 <- n2 append_response
expect n1->n2 match=5 inflight=0
