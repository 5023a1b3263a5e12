# While a change is under way no other one begins; a follower refuses and names the leader; what makes
# no sense is refused.
# Source: thesis §4.1; etcd topics "explicit leave", "validation off"; catalogue M03.
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
change n1 1,2,3,4
  n1: stores 2@1
  n1: members 1,2,3,4
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2@1
change n1 1,2,3,5
  n1: refused, another change is under way
expect members n1 = 1,2,3,4
change n2 1,2,3,5
  n2: refused, the leader is n1
heal
run 200ms
  n2: members 1,2,3,4
  n2: commit 1
  n3: members 1,2,3,4
  n3: commit 1
  n4: follower of term 1 under n1 (newer term)
  n4: members 1,2,3,4
  n4: commit 1
  n1: commit 2
  n2: commit 2
  n3: commit 2
  n4: commit 2
expect n1 commit>=2
change n1 1,2,3,4
  n1: refused, it changes nothing
learn n1 n4
  n1: refused, a node either votes or learns
expect members n1 = 1,2,3,4
change n1 1,2,3,4,5
  n1: stores 3@1
  n1: members 1,2,3,4,5
  n1 -> n2 append_request term=1 previous=2@1 commit=2 sequence=7 entries=3@1
  n1 -> n3 append_request term=1 previous=2@1 commit=2 sequence=8 entries=3@1
  n1 -> n4 append_request term=1 previous=2@1 commit=2 sequence=9 entries=3@1
  n1 -> n5 append_request term=1 previous=2@1 commit=2 sequence=10 entries=3@1
run 200ms
  n2: members 1,2,3,4,5
  n3: members 1,2,3,4,5
  n4: members 1,2,3,4,5
  n5: follower of term 1 under n1 (newer term)
  n5: members 1,2,3,4
  n5: members 1,2,3,4,5
  n5: commit 2
  n1: commit 3
  n2: commit 3
  n3: commit 3
  n4: commit 3
  n5: commit 3
expect members n5 = 1,2,3,4,5
