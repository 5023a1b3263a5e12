# A write and a read reach a leader at the moment in which it has lost its quorum without knowing it.
# Neither is confirmed; it steps down, another one leads, and the write is replaced.
# Source: CCF topic "write hits a leader in the moment it lost its quorum".
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
run 100ms
  n2: commit 1
  n3: commit 1
isolate n1
propose n1
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
read n1
  n1: read 1
  n1 -> n2 heartbeat term=1 commit=1 round=2
  n1 -> n3 heartbeat term=1 commit=1 round=2
settle quietly
run 1s
  n1: follower of term 1 (quorum lost)
  n1: read 1 dropped
  n2: pre_candidate of term 1 (election timeout)
  n2: candidate of term 2 (pre-vote won)
  n3: follower of term 2 (newer term)
  n2: leader of term 2 (elected)
  n3: follower of term 2 under n2 (leader heard)
  n2: commit 2
  n3: commit 2
  n1: pre_candidate of term 1 (election timeout)
expect leader=2
expect n1 role!=leader commit=1
expect reads_granted=0 reads_dropped=1
propose n1
  n1: refused, the leader is none
heal
run 300ms
  n1: follower of term 2 under n2 (newer term)
  n1: truncates to 1
  n1: commit 2
expect log n1 = n2 = n3
expect log n1 = 1@1,2@2
