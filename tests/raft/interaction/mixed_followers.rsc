# A follower whose log is empty, one whose log is longer than the leader's and one that is far
# behind, all at once.
# Source: Raft §5.3, fig. 7; catalogue R15.
group 5
boot n1 term=4 log=1-2@1,3-5@3
boot n2 term=4 log=1-2@1,3-4@3
boot n3 term=4
boot n4 term=4 log=1-2@1,3-12@2
boot n5 term=4 log=1@1
isolate n4
isolate n5
elect n1
  n1: pre_candidate of term 4 (election timeout)
  n1: candidate of term 5 (pre-vote won)
  n2: follower of term 5 (newer term)
  n3: follower of term 5 (newer term)
  n1: leader of term 5 (elected)
  n2: follower of term 5 under n1 (leader heard)
  n3: follower of term 5 under n1 (leader heard)
  n1: commit 6
expect leader=1 term=5
heal
run 200ms
  n2: commit 6
  n3: commit 6
  n4: follower of term 5 under n1 (newer term)
  n5: follower of term 5 under n1 (newer term)
  n4: truncates to 2
  n4: commit 6
  n5: commit 6
progress n1
  n2 replicate match=6 next=7
  n3 replicate match=6 next=7
  n4 replicate match=6 next=7
  n5 replicate match=6 next=7
expect log n1 = n2 = n3 = n4 = n5
expect log n1 = 1-2@1,3-5@3,6@5
