# A joint phase outlives its leader: whoever leads next needs both majorities, refuses a second change
# and can leave the phase that it did not begin.
# Source: Raft §6; etcd topic "implicit leave"; catalogue M04, M05.
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
change n1 2,4,5
  n1: stores 2@1
  n1: members 2,4,5/1,2,3
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2@1
  n1 -> n5 append_request term=1 previous=1@1 commit=1 sequence=6 entries=2@1
settle quietly
  n2: members 2,4,5/1,2,3
  n2: commit 1
  n3: members 2,4,5/1,2,3
  n3: commit 1
  n4: follower of term 1 under n1 (newer term)
  n5: follower of term 1 under n1 (newer term)
  n4: members 2,4,5/1,2,3
  n4: commit 1
  n5: members 2,4,5/1,2,3
  n5: commit 1
  n1: commit 2
expect members n1 = 2,4,5/1,2,3
crash n1
elect n2
  n2: pre_candidate of term 1 (election timeout)
  n2: candidate of term 2 (pre-vote won)
  n3: follower of term 2 (newer term)
  n4: follower of term 2 (newer term)
  n5: follower of term 2 (newer term)
  n2: leader of term 2 (elected)
  n3: follower of term 2 under n2 (leader heard)
  n4: follower of term 2 under n2 (leader heard)
  n5: follower of term 2 under n2 (leader heard)
  n2: commit 3
settle quietly
expect leader=2
expect members n2 = 2,4,5/1,2,3
change n2 2,3,4,5
  n2: refused, another change is under way
leave n2
  n2: stores 4@2
  n2: members 2,4,5
  n2 -> n3 append_request term=2 previous=3@2 commit=3 sequence=5 entries=4@2
  n2 -> n4 append_request term=2 previous=3@2 commit=3 sequence=6 entries=4@2
  n2 -> n5 append_request term=2 previous=3@2 commit=3 sequence=7 entries=4@2
settle quietly
  n3: members 2,4,5
  n3: commit 3
  n4: members 2,4,5
  n4: commit 3
  n5: members 2,4,5
  n5: commit 3
  n2: commit 4
expect members n2 = 2,4,5
restart n1
  n1: follower term=1 vote=n1 leader=none last=2@1 durable=2 commit=1
run 2s
  n1: follower of term 2 under n2 (newer term)
  n3: commit 4
  n4: commit 4
  n5: commit 4
  n1: commit 2
  n1: members 2,4,5
  n1: commit 4
  n3: follower of term 2 (election timeout)
  n1: follower of term 2 (election timeout)
expect n1 role=follower
