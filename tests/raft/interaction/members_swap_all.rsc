# Every voter is exchanged in one change, the leader among them; afterwards none of the old ones leads
# or campaigns.
# Source: CCF topics "{0,1} to {2,3}", "sole member replaced"; thesis §4.3.
group 4 voters=2
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n1: commit 1
change n1 3,4
  n1: stores 2@1
  n1: members 3,4/1,2
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=2 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
run 1s
  n2: members 3,4/1,2
  n2: commit 1
  n3: follower of term 1 under n1 (newer term)
  n4: follower of term 1 under n1 (newer term)
  n3: members 3,4/1,2
  n3: commit 1
  n4: members 3,4/1,2
  n4: commit 1
  n1: members 3,4
  n1: commit 2
  n2: members 3,4
  n2: commit 2
  n3: members 3,4
  n3: commit 2
  n4: members 3,4
  n4: commit 2
  n1: commit 3
  n3: candidate of term 2 (asked to take over)
  n4: follower of term 2 (newer term)
  n3: leader of term 2 (elected)
  n4: follower of term 2 under n3 (leader heard)
  n3: commit 4
  n2: commit 3
  n1: follower of term 2 (newer term)
  n4: commit 4
  n2: follower of term 1 (election timeout)
expect members n3 = 3,4
expect members n4 = 3,4
expect n1 role=follower
expect n2 role=follower
propose leader
  n3: stores 5@2
  n3 -> n4 append_request term=2 previous=4@2 commit=4 sequence=2 entries=5@2
run 2s
  n3: commit 5
  n4: commit 5
expect n1 role=follower
expect n2 role=follower
expect log n3 = n4
