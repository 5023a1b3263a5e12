# One voter more: any two majorities of the old and the new membership overlap, so one step is enough.
# It is in force as soon as it is in the log; n4, which knew nothing, learns everything.
# Source: thesis §4.1; etcd topic "configuration, one voter"; catalogue M03.
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
change n1 1,2,3,4
  n1: stores 2@1
  n1: members 1,2,3,4
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2@1
expect members n1 = 1,2,3,4
expect n1 commit=1
settle
  n2 <- n1 append_request
  n2: stores 2@1
  n2: members 1,2,3,4
  n2 -> n1 append_response term=1 sequence=3 accepted match=2 previous=1 (when stored)
  n2: commit 1
  n3 <- n1 append_request
  n3: stores 2@1
  n3: members 1,2,3,4
  n3 -> n1 append_response term=1 sequence=4 accepted match=2 previous=1 (when stored)
  n3: commit 1
  n4 <- n1 append_request
  n4: follower of term 1 under n1 (newer term)
  n4: stores term 1 vote none
  n4 -> n1 append_response term=1 sequence=5 previous=1
  n1 <- n4 append_response
  n1 -> n4 append_request term=1 commit=1 sequence=6 entries=1-2@1
  n4 <- n1 append_request
  n4: stores 1-2@1
  n4: members 1,2,3,4
  n4 -> n1 append_response term=1 sequence=6 accepted match=2 (when stored)
  n4: commit 1
  n1 <- n2 append_response
  n1 <- n3 append_response
  n1: commit 2
  n1 <- n4 append_response
expect members n4 = 1,2,3,4
expect log n1 = n2 = n3 = n4
expect n1->n4 match=2
