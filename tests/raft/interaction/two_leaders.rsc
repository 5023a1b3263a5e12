# Two nodes lead at the same time in different terms. Only the one of the higher term commits; the
# other one has no majority.
# Source: Raft §5.2, §5.4; CCF topic "a write addressed to the leader while a stale one exists".
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
partition n1 n2 | n3 n4 n5
pass n3 T
pass n4 T
pass n5 T
wait n3
  n3: pre_candidate of term 1 (election timeout)
  n3 -> n1 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
  n3 -> n2 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
  n3 -> n4 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
  n3 -> n5 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
settle quietly
  n3: candidate of term 2 (pre-vote won)
  n4: follower of term 2 (newer term)
  n5: follower of term 2 (newer term)
  n3: leader of term 2 (elected)
  n4: follower of term 2 under n3 (leader heard)
  n5: follower of term 2 under n3 (leader heard)
  n3: commit 2
expect n1 role=leader term=1
expect n3 role=leader term=2
propose n1 2
  n1: stores 2-3@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2-3@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=6 entries=2-3@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=7 entries=2-3@1
  n1 -> n5 append_request term=1 previous=1@1 commit=1 sequence=8 entries=2-3@1
propose leader
  n3: stores 3@2
  n3 -> n4 append_request term=2 previous=2@2 commit=2 sequence=5 entries=3@2
  n3 -> n5 append_request term=2 previous=2@2 commit=2 sequence=6 entries=3@2
settle quietly
  n2: commit 1
  n4: commit 2
  n5: commit 2
  n3: commit 3
expect leader=3
expect n1 commit=1
expect n3 commit=3
heal
run 300ms
  n1: follower of term 2 under n3 (newer term)
  n2: follower of term 2 under n3 (newer term)
  n4: commit 3
  n5: commit 3
  n1: truncates to 1
  n1: commit 3
  n2: truncates to 1
  n2: commit 3
expect leader=3 term=2
expect log n1 = n2 = n3 = n4 = n5
expect log n1 = 1@1,2-3@2
