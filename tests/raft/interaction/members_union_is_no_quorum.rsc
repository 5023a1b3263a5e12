# A majority of all nodes is not enough in the joint phase: three of five hold the entry, all new voters
# among them, but only one of the three old ones.
# Source: Raft §6; catalogue M04 (microsoft/CCF#3948).
group 5 voters=3
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n1: commit 1
isolate n2
isolate n3
change n1 1,4,5
  n1: stores 2@1
  n1: members 1,4,5/1,2,3
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2@1
  n1 -> n5 append_request term=1 previous=1@1 commit=1 sequence=6 entries=2@1
expect members n1 = 1,4,5/1,2,3
propose n1
  n1: stores 3@1
  n1 -> n2 append_request term=1 previous=2@1 commit=1 sequence=7 entries=3@1
  n1 -> n3 append_request term=1 previous=2@1 commit=1 sequence=8 entries=3@1
settle quietly
  n4: follower of term 1 under n1 (newer term)
  n5: follower of term 1 under n1 (newer term)
  n4: members 1,4,5/1,2,3
  n4: commit 1
  n5: members 1,4,5/1,2,3
  n5: commit 1
pass n1 60ms
  n1 -> n2 heartbeat term=1 commit=1 round=1
  n1 -> n3 heartbeat term=1 commit=1 round=1
  n1 -> n4 heartbeat term=1 commit=1 round=1
  n1 -> n5 heartbeat term=1 commit=1 round=1
settle quietly
expect n1->n4 match=3
expect n1->n5 match=3
expect n1 commit=1
heal
run 200ms
  n2: commit 1
  n3: commit 1
  n2: members 1,4,5/1,2,3
  n3: members 1,4,5/1,2,3
  n1: members 1,4,5
  n1: commit 3
  n2: members 1,4,5
  n2: commit 3
  n4: members 1,4,5
  n4: commit 3
  n5: members 1,4,5
  n5: commit 3
  n3: members 1,4,5
  n3: commit 3
  n1: commit 4
  n2: commit 4
  n3: commit 4
  n4: commit 4
  n5: commit 4
expect members n1 = 1,4,5
expect n1 commit>=4
