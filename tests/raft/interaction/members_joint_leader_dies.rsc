# The leader dies in the joint phase before the last step. Its successor needs both majorities to be
# elected, and ends the phase.
# Source: CCF topic "change completes with a leader change in the middle"; thesis §4.3.
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
change n1 1,4,5
  n1: stores 2@1
  n1: members 1,4,5/1,2,3
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2@1
  n1 -> n5 append_request term=1 previous=1@1 commit=1 sequence=6 entries=2@1
expect members n1 = 1,4,5/1,2,3
deliver n1->n2 append_request
  n2 <- n1 append_request
  n2: stores 2@1
  n2: members 1,4,5/1,2,3
  n2 -> n1 append_response term=1 sequence=3 accepted match=2 previous=1 (when stored)
  n2: commit 1
store n2
  n2: stored, 0 left
settle quietly
  n3: members 1,4,5/1,2,3
  n3: commit 1
expect n1 commit=1
crash n1
# n2 and n3 are a majority of the old half only.
elect n2
  n2: pre_candidate of term 1 (election timeout)
expect leader=none
# n3 has both majorities: itself with n2, and n4 with n5.
heal
run 1s
  n3: pre_candidate of term 1 (election timeout)
  n3: candidate of term 2 (pre-vote won)
  n2: follower of term 2 (newer term)
  n4: follower of term 2 (newer term)
  n5: follower of term 2 (newer term)
  n3: leader of term 2 (elected)
  n2: follower of term 2 under n3 (leader heard)
  n4: follower of term 2 under n3 (leader heard)
  n5: follower of term 2 under n3 (leader heard)
  n4: members 1,4,5/1,2,3
  n4: commit 1
  n5: members 1,4,5/1,2,3
  n5: commit 1
  n3: members 1,4,5
  n3: commit 3
  n2: members 1,4,5
  n2: commit 3
  n4: members 1,4,5
  n4: commit 3
  n5: members 1,4,5
  n5: commit 3
  n3: commit 4
  n4: candidate of term 3 (asked to take over)
  n5: follower of term 3 (newer term)
  n4: leader of term 3 (elected)
  n5: follower of term 3 under n4 (leader heard)
  n4: commit 5
  n2: commit 4
  n5: commit 5
  n3: follower of term 3 (newer term)
  n2: follower of term 2 (election timeout)
expect leader=4 term=3
expect members n4 = 1,4,5
restart n1
  n1: follower term=1 vote=n1 leader=none last=2@1 durable=2 commit=1
run 2s
  n1: follower of term 3 under n4 (newer term)
  n1: members 1,4,5
  n1: commit 5
expect members n4 = 1,4,5
expect members n1 = 1,4,5
expect log n1 = n4 = n5
