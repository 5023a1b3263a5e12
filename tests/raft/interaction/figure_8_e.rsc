# The other end of figure 8: n1 brings an entry of its own term 4 to a majority. That commits the
# entry of term 2 before it, and n5 cannot win any more.
# Source: Raft §5.4.2, fig. 8 (e).
group 5
boot n1 term=3 log=1@1,2@2
boot n2 term=3 log=1@1,2@2
boot n3 term=3 log=1@1
boot n4 term=3 log=1@1
boot n5 term=3 vote=n5 log=1@1,2@3
isolate n5
isolate n4
elect n1
  n1: pre_candidate of term 3 (election timeout)
  n1: candidate of term 4 (pre-vote won)
  n2: follower of term 4 (newer term)
  n3: follower of term 4 (newer term)
  n1: leader of term 4 (elected)
  n2: follower of term 4 under n1 (leader heard)
  n3: follower of term 4 under n1 (leader heard)
  n1: commit 3
expect leader=1 term=4
expect n1 commit=3
expect log n1 = 1@1,2@2,3@4
crash n1
heal
elect n5
  n5: pre_candidate of term 3 (election timeout)
  n5: follower of term 4 (newer term)
expect n5 role!=leader
run 2s
  n4: pre_candidate of term 3 (election timeout)
  n4: follower of term 4 (newer term)
  n2: pre_candidate of term 4 (election timeout)
  n2: candidate of term 5 (pre-vote won)
  n3: follower of term 5 (newer term)
  n4: follower of term 5 (newer term)
  n5: follower of term 5 (newer term)
  n2: leader of term 5 (elected)
  n3: follower of term 5 under n2 (leader heard)
  n4: follower of term 5 under n2 (leader heard)
  n5: follower of term 5 under n2 (leader heard)
  n5: truncates to 1
  n2: commit 4
  n3: commit 4
  n4: commit 4
  n5: commit 4
expect n5 last_term>=4
expect committed>=3
