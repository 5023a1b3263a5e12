# Two voters more at once: the joint phase needs a majority of both memberships, and the leader leaves
# it by itself once it is committed.
# Source: Raft §6; thesis §4.3; etcd topic "add two with automatic leave"; catalogue M04, M13.
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
isolate n4
isolate n5
change n1 1,2,3,4,5
  n1: stores 2@1
  n1: members 1,2,3,4,5/1,2,3
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2@1
  n1 -> n5 append_request term=1 previous=1@1 commit=1 sequence=6 entries=2@1
expect members n1 = 1,2,3,4,5/1,2,3
settle
  n2 <- n1 append_request
  n2: stores 2@1
  n2: members 1,2,3,4,5/1,2,3
  n2 -> n1 append_response term=1 sequence=3 accepted match=2 previous=1 (when stored)
  n2: commit 1
  n3 <- n1 append_request
  n3: stores 2@1
  n3: members 1,2,3,4,5/1,2,3
  n3 -> n1 append_response term=1 sequence=4 accepted match=2 previous=1 (when stored)
  n3: commit 1
  n4 <- n1 append_request, lost
  n5 <- n1 append_request, lost
  n1 <- n2 append_response
  n1 <- n3 append_response
  n1: stores 3@1
  n1: members 1,2,3,4,5
  n1 -> n2 append_request term=1 previous=2@1 commit=2 sequence=7 entries=3@1
  n1 -> n3 append_request term=1 previous=2@1 commit=2 sequence=8 entries=3@1
  n1: commit 2
  n2 <- n1 append_request
  n2: stores 3@1
  n2: members 1,2,3,4,5
  n2 -> n1 append_response term=1 sequence=7 accepted match=3 previous=2 (when stored)
  n2: commit 2
  n3 <- n1 append_request
  n3: stores 3@1
  n3: members 1,2,3,4,5
  n3 -> n1 append_response term=1 sequence=8 accepted match=3 previous=2 (when stored)
  n3: commit 2
  n1 <- n2 append_response
  n1 <- n3 append_response
  n1: commit 3
# Three of three, and three of five: committed, and so is the last step with three of five.
expect members n1 = 1,2,3,4,5
expect n1 commit=3
heal
run 200ms
  n2: commit 3
  n3: commit 3
  n4: follower of term 1 under n1 (newer term)
  n5: follower of term 1 under n1 (newer term)
  n4: members 1,2,3,4,5/1,2,3
  n4: members 1,2,3,4,5
  n4: commit 3
  n5: members 1,2,3,4,5/1,2,3
  n5: members 1,2,3,4,5
  n5: commit 3
expect log n1 = n2 = n3 = n4 = n5
expect members n5 = 1,2,3,4,5
