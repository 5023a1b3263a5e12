# A leader whose disk lags behind commits with the disks of its followers; its own copy does not
# count before it is written. After a crash it has less than was committed, and cannot win.
# Source: thesis §10.2.1; catalogue R07 (databendlabs/openraft@a9f696a9).
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
disk n1 slow
isolate n3
propose n1 2
  n1: stores 2-3@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2-3@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2-3@1
settle
  n2 <- n1 append_request
  n2: stores 2-3@1
  n2 -> n1 append_response term=1 sequence=3 accepted match=3 previous=1 (when stored)
  n2: commit 1
  n3 <- n1 append_request, lost
  n1 <- n2 append_response
# n1 and n2 hold it, only n2 on disk.
expect n1 last=3 durable=1 commit=1
expect n1->n2 match=3

heal
run 200ms
  n3: commit 1
  n1: commit 3
  n2: commit 3
  n3: commit 3
expect n1 durable=1 commit=3

crash n1
restart n1
  n1: follower term=1 vote=n1 leader=none last=1@1 durable=1 commit=0
expect n1 last=1 durable=1
elect n1
  n1: pre_candidate of term 1 (election timeout)
  n1: follower of term 1 (refused by a majority)
expect leader=none
elect n2
  n2: pre_candidate of term 1 (election timeout)
  n2: candidate of term 2 (pre-vote won)
  n1: follower of term 2 (newer term)
  n3: follower of term 2 (newer term)
  n2: leader of term 2 (elected)
  n1: follower of term 2 under n2 (leader heard)
  n3: follower of term 2 under n2 (leader heard)
  n1: commit 3
  n2: commit 4
expect leader=2 term=2
disk n1 fast
run 200ms
  n1: commit 4
  n3: commit 4
expect log n1 = n2 = n3
