# A follower crashes with three groups of writes under way of which one was done. It comes back with
# that one, and the leader brings it the rest.
# Source: Raft §5.5; catalogue R06, D03.
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
propose n1
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
propose n1
  n1: stores 3@1
  n1 -> n2 append_request term=1 previous=2@1 commit=1 sequence=5 entries=3@1
  n1 -> n3 append_request term=1 previous=2@1 commit=1 sequence=6 entries=3@1
propose n1
  n1: stores 4@1
  n1 -> n2 append_request term=1 previous=3@1 commit=1 sequence=7 entries=4@1
  n1 -> n3 append_request term=1 previous=3@1 commit=1 sequence=8 entries=4@1
deliver n1->n2 append_request
  n2 <- n1 append_request
  n2: stores 2@1
  n2 -> n1 append_response term=1 sequence=3 accepted match=2 previous=1 (when stored)
  n2: commit 1
  n2 <- n1 append_request
  n2: stores 3@1
  n2 -> n1 append_response term=1 sequence=5 accepted match=3 previous=2 (when stored)
  n2 <- n1 append_request
  n2: stores 4@1
  n2 -> n1 append_response term=1 sequence=7 accepted match=4 previous=3 (when stored)
expect n2 last=4 durable=1
store n2
  n2: stored, 2 left
expect n2 last=4 durable=2
expect messages n2->n1 append_response = 1
crash n2
restart n2
  n2: follower term=1 vote=n1 leader=none last=2@1 durable=2 commit=1
expect log n2 = 1-2@1
disk n2 fast
settle quietly
  n3: commit 1
  n1: commit 2
  n1: commit 3
  n1: commit 4
expect n1 commit=4
run 500ms
  n2: follower of term 1 under n1 (leader heard)
  n2: commit 2
  n3: commit 4
  n2: commit 4
expect log n1 = n2 = n3
expect n2 commit=4
