# The leader's disk finishes nothing while its heartbeats flow. After one minimum election timeout it
# asks a follower that has everything to lead, and steps down; as a follower it holds nobody up.
# Source: catalogue V01 (hashicorp/raft#503); DESIGN section 5.
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
disk n1 slow
propose n1
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
settle quietly
  n1: commit 2
expect n1 last=2 durable=1 commit=2
run 250ms
  n2: commit 2
  n3: commit 2
expect leader=1 term=1
run 60ms
  n1: follower of term 1 (disk stalled)
  n2: candidate of term 2 (asked to take over)
  n1: follower of term 2 (newer term)
  n3: follower of term 2 (newer term)
  n2: leader of term 2 (elected)
  n1: follower of term 2 under n2 (leader heard)
  n3: follower of term 2 under n2 (leader heard)
  n2: commit 3
expect n1 role=follower term>=1
expect leader=2
propose n2
  n2: stores 4@2
  n2 -> n3 append_request term=2 previous=3@2 commit=3 sequence=3 entries=4@2
run 100ms
  n3: commit 3
  n2: commit 4
  n3: commit 4
expect n2 commit=4
expect leader=2 term=2
# Back at work it catches up.
disk n1 fast
run 100ms
  n1: commit 4
expect n1 durable=4 commit=4
