# What a lagging follower lacks is no longer in the leader's log. It is offered a cut, starts from it,
# and replication goes on behind it.
# Source: Raft §7, thesis §5; etcd topic "flow control, ending in a snapshot"; reference row 26.
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
isolate n3
propose n1 5
  n1: stores 2-6@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2-6@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2-6@1
run 100ms
  n2: commit 1
  n1: commit 6
  n2: commit 6
snapshot n1
  n1: its log begins at 7
expect n1 first>=6
heal
pass n1 60ms
  n1 -> n2 heartbeat term=1 commit=6 round=2
  n1 -> n3 heartbeat term=1 commit=1 round=2
settle
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=1 round=2
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=1 round=2
  n3: commit 1
  n1 <- n2 heartbeat_response
  n1 <- n3 heartbeat_response
  n1 -> n3 append_request term=1 previous=6@1 commit=6 sequence=5
  n3 <- n1 append_request
  n3 -> n1 append_response term=1 sequence=5 previous=6 hint=1@1
  n1 <- n3 append_response
  n1 -> n3 snapshot_offer term=1 cut=6@1
  n3 <- n1 snapshot_offer
  n3 -> n1 snapshot_status term=1 cut=6@1
  n1 <- n3 snapshot_status
  n1: sends its cut at 6@1 to n3
  n3: starts from the cut at 6@1, members 1,2,3
  n3 -> n1 snapshot_status term=1 cut=6@1 held (when stored)
  n3: commit 6
  n1 <- n3 snapshot_status
run 200ms
expect n3 commit=6 first=7
propose n1
  n1: stores 7@1
  n1 -> n2 append_request term=1 previous=6@1 commit=6 sequence=6 entries=7@1
  n1 -> n3 append_request term=1 previous=6@1 commit=6 sequence=7 entries=7@1
run 100ms
  n1: commit 7
  n2: commit 7
  n3: commit 7
expect n3 commit=7
expect n1->n3 state=replicate match=7
