# A joint phase that waits to be left: no second change starts meanwhile, it is left once, and leaving
# it again does nothing.
# Source: etcd topics "explicit leave", "a second change while joint is refused", "leaving twice is a
# no-op"; reference row 4.
group 5 voters=3 leave_by_hand=1
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n1: commit 1
leave n1
  n1: refused, there is no joint phase
change n1 3,4,5
  n1: stores 2@1
  n1: members 3,4,5/1,2,3
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2@1
  n1 -> n5 append_request term=1 previous=1@1 commit=1 sequence=6 entries=2@1
expect members n1 = 3,4,5/1,2,3
leave n1
  n1: refused, the joint configuration is not committed in this term
settle quietly
  n2: members 3,4,5/1,2,3
  n2: commit 1
  n3: members 3,4,5/1,2,3
  n3: commit 1
  n4: follower of term 1 under n1 (newer term)
  n5: follower of term 1 under n1 (newer term)
  n4: members 3,4,5/1,2,3
  n4: commit 1
  n5: members 3,4,5/1,2,3
  n5: commit 1
  n1: commit 2
expect members n5 = 3,4,5/1,2,3
expect n1 commit=2
run 1s
  n2: commit 2
  n3: commit 2
  n4: commit 2
  n5: commit 2
expect members n1 = 3,4,5/1,2,3
change n1 1,2,3
  n1: refused, another change is under way
change n1 1,4,5
  n1: refused, another change is under way
leave n2
  n2: refused, the leader is n1
leave n1
  n1: stores 3@1
  n1: members 3,4,5
  n1 -> n2 append_request term=1 previous=2@1 commit=2 sequence=9 entries=3@1
  n1 -> n3 append_request term=1 previous=2@1 commit=2 sequence=10 entries=3@1
  n1 -> n4 append_request term=1 previous=2@1 commit=2 sequence=11 entries=3@1
  n1 -> n5 append_request term=1 previous=2@1 commit=2 sequence=12 entries=3@1
leave n1
  n1: refused, there is no joint phase
expect n1 last=3
settle quietly
  n2: members 3,4,5
  n3: members 3,4,5
  n4: members 3,4,5
  n5: members 3,4,5
  n1: commit 3
  n3: candidate of term 2 (asked to take over)
  n4: follower of term 2 (newer term)
  n5: follower of term 2 (newer term)
  n3: leader of term 2 (elected)
  n4: follower of term 2 under n3 (leader heard)
  n5: follower of term 2 under n3 (leader heard)
  n3: commit 4
expect members n4 = 3,4,5
leave n1
  n1: refused, there is no joint phase
run 2s
  n2: commit 3
  n1: follower of term 2 (newer term)
  n4: commit 4
  n5: commit 4
  n2: follower of term 1 (election timeout)
expect n1 role=follower
