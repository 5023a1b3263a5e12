# Who has not answered for an election timeout is no target, by name or by choice; nor is the leader
# itself. Without a wish the one that keeps up best is chosen.
# Source: thesis §3.10; reference row 10.
group 5
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n4: follower of term 1 (newer term)
  n5: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n4: follower of term 1 under n1 (leader heard)
  n5: follower of term 1 under n1 (leader heard)
  n1: commit 1
isolate n5
isolate n2
run 500ms
  n3: commit 1
  n4: commit 1
  n2: pre_candidate of term 1 (election timeout)
  n5: pre_candidate of term 1 (election timeout)
expect leader=1
transfer n1 n5
  n1: transfer refused
transfer n1 n1
  n1: transfer refused
expect n1 transfer=none
transfer n2
  n2: transfer refused
propose n1 2
  n1: stores 2-3@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2-3@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=6 entries=2-3@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=7 entries=2-3@1
  n1 -> n5 append_request term=1 previous=1@1 commit=1 sequence=8 entries=2-3@1
deliver n1->n4 append_request
  n4 <- n1 append_request
  n4: stores 2-3@1
  n4 -> n1 append_response term=1 sequence=7 accepted match=3 previous=1 (when stored)
store n4
  n4: stored, 0 left
store n1
  n1: stored, 0 left
deliver n4->n1 append_response
  n1 <- n4 append_response
transfer n1
  n1 -> n4 timeout_now term=1
expect n1 transfer=4
settle quietly
  n4: candidate of term 2 (asked to take over)
  n1: commit 3
  n1: follower of term 2 (newer term)
  n3: follower of term 2 (newer term)
  n4: leader of term 2 (elected)
  n1: follower of term 2 under n4 (leader heard)
  n3: follower of term 2 under n4 (leader heard)
  n4: commit 4
expect leader=4 term=2
