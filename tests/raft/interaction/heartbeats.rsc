# Heartbeats go to all followers at the heartbeat interval, carry no entries, do not wait behind a
# slow disk and keep the followers from campaigning.
# Source: Raft §5.2; catalogue V03.
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
disk n3 slow
propose n1 3
  n1: stores 2-4@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2-4@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2-4@1
pass n1 59ms
expect messages n1->n2 heartbeat = 0
pass n1 1ms
  n1 -> n2 heartbeat term=1 commit=1 round=1
  n1 -> n3 heartbeat term=1 commit=1 round=1
expect messages n1->n2 heartbeat = 1
expect messages n1->n3 heartbeat = 1
settle
  n2 <- n1 append_request
  n2: stores 2-4@1
  n2 -> n1 append_response term=1 sequence=3 accepted match=4 previous=1 (when stored)
  n2: commit 1
  n3 <- n1 append_request
  n3: stores 2-4@1
  n3 -> n1 append_response term=1 sequence=4 accepted match=4 previous=1 (when stored)
  n3: commit 1
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=1 round=1
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=1 round=1
  n1 <- n2 heartbeat_response
  n1 -> n2 append_request term=1 previous=4@1 commit=1 sequence=5
  n1 <- n3 heartbeat_response
  n1 -> n3 append_request term=1 previous=4@1 commit=1 sequence=6
  n2 <- n1 append_request
  n2 -> n1 append_response term=1 sequence=5 accepted match=4 previous=4 (when stored)
  n3 <- n1 append_request
  n3 -> n1 append_response term=1 sequence=6 accepted match=4 previous=4 (when stored)
run 2s
expect leader=1 term=1
expect n1 commit=1
disk n2 fast
disk n3 fast
run 200ms
  n1: commit 4
  n2: commit 4
  n3: commit 4
expect n1 commit=4
