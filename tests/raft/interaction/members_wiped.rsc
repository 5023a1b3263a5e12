# A voter comes back with an empty disk and its old name. It has forgotten what it promised: its votes
# and acknowledgements count nothing until it is taken in anew.
# Source: catalogue M19 (camunda/camunda#13790), D13.
group 3 incarnations=1 end=faulty
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n1: members 1,2,3
  n1: commit 1
  n2: members 1,2,3
  n2: commit 1
  n3: members 1,2,3
  n3: commit 1
  n1: commit 2
propose n1
  n1: stores 3@1
  n1 -> n2 append_request term=1 previous=2@1 commit=2 sequence=5 entries=3@1
  n1 -> n3 append_request term=1 previous=2@1 commit=2 sequence=6 entries=3@1
run 300ms
  n2: commit 2
  n3: commit 2
  n1: commit 3
  n2: commit 3
  n3: commit 3
wipe n3
restart n3
  n3: follower term=0 vote=none leader=none last=0 durable=0 commit=0
crash n1
elect n2
  n2: pre_candidate of term 1 (election timeout)
run 2s
expect leader=none
expect n3 vote=none
restart n1
  n1: follower term=1 vote=n1 leader=none last=3@1 durable=3 commit=2
run 2s
  n2: candidate of term 2 (pre-vote won)
  n1: follower of term 2 (newer term)
  n2: leader of term 2 (elected)
  n1: follower of term 2 under n2 (leader heard)
  n1: commit 3
  n2: commit 4
  n1: commit 4
  n3: follower of term 2 under n2 (newer term)
expect leader=2 term=2
expect log n1 = n2
