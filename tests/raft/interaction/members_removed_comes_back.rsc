# A node that was removed while it was away asks for pre-votes when it is back. The others refuse, the
# leader stays, and the node learns that it is out.
# Source: CCF topic "removed backup that never heard of its removal"; catalogue M15.
group 4
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n4: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n4: follower of term 1 under n1 (leader heard)
  n1: commit 1
isolate n4
remove n1 n4
  n1: stores 2@1
  n1: members 1,2,3
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=6 entries=2@1
settle quietly
  n2: members 1,2,3
  n2: commit 1
  n3: members 1,2,3
  n3: commit 1
  n1: commit 2
run 2s
  n2: commit 2
  n3: commit 2
  n4: pre_candidate of term 1 (election timeout)
expect members n1 = 1,2,3
expect members n4 = 1,2,3,4
expect leader=1 term=1
heal
run 2s
  n4: follower of term 1 (removed)
expect leader=1 term=1
expect n4 role=follower
