# All nodes crash at once with different parts of the log on their disks. What was acknowledged is on
# a majority; what was on one disk only may stay or go.
# Source: Raft §5.4, fig. 2; catalogue R06, R07.
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
run 100ms
  n2: commit 2
  n3: commit 2
expect committed=2
disk n2 slow
disk n3 slow
propose n1 2
  n1: stores 3-4@1
  n1 -> n2 append_request term=1 previous=2@1 commit=2 sequence=5 entries=3-4@1
  n1 -> n3 append_request term=1 previous=2@1 commit=2 sequence=6 entries=3-4@1
settle quietly
expect n1 durable=4 commit=2
crash n1
crash n2
crash n3
restart n1
  n1: follower term=1 vote=n1 leader=none last=4@1 durable=4 commit=2
restart n2
  n2: follower term=1 vote=n1 leader=none last=2@1 durable=2 commit=1
restart n3
  n3: follower term=1 vote=n1 leader=none last=2@1 durable=2 commit=1
disk n2 fast
disk n3 fast
log
  n1 1-4@1
  n2 1-2@1
  n3 1-2@1
elect n2
  n2: pre_candidate of term 1 (election timeout)
  n2: candidate of term 2 (pre-vote won)
  n1: follower of term 2 (newer term)
  n3: follower of term 2 (newer term)
  n2: leader of term 2 (elected)
  n1: follower of term 2 under n2 (leader heard)
  n1: truncates to 2
  n3: follower of term 2 under n2 (leader heard)
  n2: commit 3
# Its log is older than that of n1: it still wins, with n3.
expect leader=2 term=2
run 300ms
  n1: commit 3
  n3: commit 3
expect log n1 = n2 = n3
expect log n1 = 1-2@1,3@2
