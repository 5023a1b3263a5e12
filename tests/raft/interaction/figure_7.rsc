# The leader of term 8 with the log of figure 7 brings every follower log of that figure, (a) to (f),
# into agreement. Conflicts are found by whole terms, not by single entries.
# Source: Raft §5.3, fig. 7; etcd topic "progress: figure 7 with seven logs"; catalogue R23.
group 7
boot n1 term=7 log=1-3@1,4-5@4,6-7@5,8-10@6
# (a) to (f)
boot n2 term=7 log=1-3@1,4-5@4,6-7@5,8-9@6
boot n3 term=7 log=1-3@1,4@4
boot n4 term=7 log=1-3@1,4-5@4,6-7@5,8-11@6
boot n5 term=7 log=1-3@1,4-5@4,6-7@5,8-10@6,11-12@7
boot n6 term=7 log=1-3@1,4-7@4
boot n7 term=7 log=1-3@1,4-6@2,7-11@3

campaign n1
  n1: pre_candidate of term 7 (election timeout)
  n1 -> n2 pre_vote_request term=7 proposed=8 last=10@6 attempt=1
  n1 -> n3 pre_vote_request term=7 proposed=8 last=10@6 attempt=1
  n1 -> n4 pre_vote_request term=7 proposed=8 last=10@6 attempt=1
  n1 -> n5 pre_vote_request term=7 proposed=8 last=10@6 attempt=1
  n1 -> n6 pre_vote_request term=7 proposed=8 last=10@6 attempt=1
  n1 -> n7 pre_vote_request term=7 proposed=8 last=10@6 attempt=1
settle quietly
  n1: candidate of term 8 (pre-vote won)
  n2: follower of term 8 (newer term)
  n3: follower of term 8 (newer term)
  n4: follower of term 8 (newer term)
  n5: follower of term 8 (newer term)
  n6: follower of term 8 (newer term)
  n7: follower of term 8 (newer term)
  n1: leader of term 8 (elected)
  n2: follower of term 8 under n1 (leader heard)
  n3: follower of term 8 under n1 (leader heard)
  n4: follower of term 8 under n1 (leader heard)
  n4: truncates to 10
  n5: follower of term 8 under n1 (leader heard)
  n5: truncates to 10
  n6: follower of term 8 under n1 (leader heard)
  n7: follower of term 8 under n1 (leader heard)
  n6: truncates to 5
  n7: truncates to 3
  n1: commit 11
expect leader=1 term=8
status
  n1 leader term=8 vote=n1 leader=n1 last=11@8 durable=11 commit=11
  n2 follower term=8 vote=n1 leader=n1 last=11@8 durable=11 commit=0
  n3 follower term=8 vote=n1 leader=n1 last=11@8 durable=11 commit=0
  n4 follower term=8 vote=none leader=n1 last=11@8 durable=11 commit=0
  n5 follower term=8 vote=none leader=n1 last=11@8 durable=11 commit=0
  n6 follower term=8 vote=n1 leader=n1 last=11@8 durable=11 commit=0
  n7 follower term=8 vote=n1 leader=n1 last=11@8 durable=11 commit=0
expect log n1 = n2 = n3 = n4 = n5 = n6 = n7
expect log n1 = 1-3@1,4-5@4,6-7@5,8-10@6,11@8
expect n1 commit=11
progress n1
  n2 replicate match=11 next=12
  n3 replicate match=11 next=12
  n4 replicate match=11 next=12
  n5 replicate match=11 next=12
  n6 replicate match=11 next=12
  n7 replicate match=11 next=12
