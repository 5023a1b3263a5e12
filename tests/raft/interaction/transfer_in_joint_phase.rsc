# A transfer asked for during a change waits for nobody: either is refused or the group ends in the
# wanted membership with one leader.
# Source: etcd topic "transfer to the new node inside the joint phase".
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
lose n1->n2
lose n1->n3
change n1 1,4,5
  n1: stores 2@1
  n1: members 1,4,5/1,2,3
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2@1
  n1 -> n5 append_request term=1 previous=1@1 commit=1 sequence=6 entries=2@1
expect members n1 = 1,4,5/1,2,3
run 100ms
  n4: follower of term 1 under n1 (newer term)
  n5: follower of term 1 under n1 (newer term)
  n4: members 1,4,5/1,2,3
  n4: commit 1
  n5: members 1,4,5/1,2,3
  n5: commit 1
transfer n1 n4
  n1 -> n4 timeout_now term=1
status n1
  n1 leader term=1 vote=n1 leader=n1 last=2@1 durable=2 commit=1
heal
run 2s
  n4: candidate of term 2 (asked to take over)
  n1: follower of term 2 (newer term)
  n2: follower of term 2 (newer term)
  n3: follower of term 2 (newer term)
  n5: follower of term 2 (newer term)
  n4: leader of term 2 (elected)
  n1: follower of term 2 under n4 (leader heard)
  n2: follower of term 2 under n4 (leader heard)
  n3: follower of term 2 under n4 (leader heard)
  n5: follower of term 2 under n4 (leader heard)
  n2: members 1,4,5/1,2,3
  n2: commit 1
  n3: members 1,4,5/1,2,3
  n3: commit 1
  n4: members 1,4,5
  n4: commit 3
  n1: members 1,4,5
  n1: commit 3
  n2: members 1,4,5
  n2: commit 3
  n3: members 1,4,5
  n3: commit 3
  n5: members 1,4,5
  n5: commit 3
  n4: commit 4
  n1: commit 4
  n2: commit 4
  n3: commit 4
  n5: commit 4
  n2: follower of term 2 (election timeout)
  n3: follower of term 2 (election timeout)
expect members n1 = 1,4,5
expect members n4 = 1,4,5
