# A follower acknowledges entries when they are on its disk. What it had only in memory is gone with
# a crash, and the leader sends it again.
# Source: Raft §5.3, fig. 2; catalogue R06.
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
propose n1
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
settle
  n2 <- n1 append_request
  n2: stores 2@1
  n2 -> n1 append_response term=1 sequence=3 accepted match=2 previous=1 (when stored)
  n2: commit 1
  n3 <- n1 append_request
  n3: stores 2@1
  n3 -> n1 append_response term=1 sequence=4 accepted match=2 previous=1 (when stored)
  n3: commit 1
expect n2 last=2 durable=1
expect messages n2->n1 append_response = 0
expect n1 commit=1

crash n2
restart n2
  n2: follower term=1 vote=n1 leader=none last=1@1 durable=1 commit=0
expect n2 last=1
expect n1 commit=1
store n3
  n3: stored, 0 left
settle
  n1 <- n3 append_response
  n1: commit 2
expect n1 commit=2
disk n2 fast
disk n3 fast
run 500ms
  n2: follower of term 1 under n1 (leader heard)
  n2: commit 1
  n3: commit 2
  n2: commit 2
expect log n1 = n2 = n3
