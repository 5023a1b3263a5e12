# Only one of two followers knows the commit index when the leader dies. Two elections later all agree
# after the next entry.
# Source: CCF topic "commit known at one of two followers".
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
pass n1 60ms
  n1 -> n2 heartbeat term=1 commit=2 round=1
  n1 -> n3 heartbeat term=1 commit=2 round=1
deliver n1->n2 heartbeat
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=1 round=1
  n2: commit 2
drop n1->n3 heartbeat
  n1 -> n3 heartbeat, dropped
expect n2 commit=2
expect n3 commit=1
crash n1
drop *->*
  n2 -> n1 heartbeat_response, dropped

elect n3
  n3: pre_candidate of term 1 (election timeout)
  n3: candidate of term 2 (pre-vote won)
  n2: follower of term 2 (newer term)
  n3: leader of term 2 (elected)
  n2: follower of term 2 under n3 (leader heard)
  n3: commit 3
expect leader=3 term=2
crash n3
restart n1
  n1: follower term=1 vote=n1 leader=none last=2@1 durable=2 commit=1
elect n2
  n2: pre_candidate of term 2 (election timeout)
  n2: candidate of term 3 (pre-vote won)
  n1: follower of term 3 (newer term)
  n2: leader of term 3 (elected)
  n1: follower of term 3 under n2 (leader heard)
  n1: commit 2
  n2: commit 4
expect leader=2 term=3
propose n2
  n2: stores 5@3
  n2 -> n1 append_request term=3 previous=4@3 commit=4 sequence=4 entries=5@3
run 100ms
  n1: commit 4
  n2: commit 5
  n1: commit 5
restart n3
  n3: follower term=2 vote=n3 leader=none last=3@2 durable=3 commit=1
run 300ms
  n3: follower of term 3 under n2 (newer term)
  n3: commit 3
  n3: commit 5
expect log n1 = n2 = n3
expect commit n1 = n2
expect commit n2 = n3
