# One verb replaces a dead node: the new one learns, is promoted, and the old one leaves with that, in
# one joint change. The majority never shrinks.
# Source: issue "node replacement in one verb"; CCF topic "swap one node".
group 4 voters=3
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n1: commit 1
crash n3
replace n1 n3 n4
  n1: stores 2@1
  n1: members 1,2,3+4p
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2@1
expect members n1 = 1,2,3+4p
run 300ms
  n2: members 1,2,3+4p
  n2: commit 1
  n4: follower of term 1 under n1 (newer term)
  n4: members 1,2,3+4p
  n4: commit 1
  n1: commit 2
  n1: members 1,2,4/1,2,3
  n2: members 1,2,4/1,2,3
  n2: commit 2
  n4: members 1,2,4/1,2,3
  n4: commit 2
  n1: members 1,2,4
  n1: commit 3
  n2: members 1,2,4
  n2: commit 3
  n4: members 1,2,4
  n4: commit 3
  n1: commit 4
  n2: commit 4
  n4: commit 4
expect members n1 = 1,2,4
expect log n1 = n2 = n4
propose n1
  n1: stores 5@1
  n1 -> n2 append_request term=1 previous=4@1 commit=4 sequence=14 entries=5@1
  n1 -> n4 append_request term=1 previous=4@1 commit=4 sequence=15 entries=5@1
run 100ms
  n1: commit 5
  n2: commit 5
  n4: commit 5
crash n2
propose n1
  n1: stores 6@1
  n1 -> n2 append_request term=1 previous=5@1 commit=5 sequence=16 entries=6@1
  n1 -> n4 append_request term=1 previous=5@1 commit=5 sequence=17 entries=6@1
run 100ms
  n1: commit 6
  n4: commit 6
expect leader=1
expect commit n1 = n4
