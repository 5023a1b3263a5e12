# Two sides without a majority, and a node apart: nobody raises the term, nobody leads. The side with
# the longer log wins as soon as it reaches the other one, and its old entries are committed with
# the first one of its new term.
# Source: CCF topic "long chain of partitions building two branches"; catalogue R01.
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
partition n1 n2 | n3 n4
propose n1 2
  n1: stores 2-3@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2-3@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=6 entries=2-3@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=7 entries=2-3@1
  n1 -> n5 append_request term=1 previous=1@1 commit=1 sequence=8 entries=2-3@1
settle quietly
  n2: commit 1
expect n1 last=3 commit=1

pass n3 T
pass n4 T
wait n3
  n3: pre_candidate of term 1 (election timeout)
  n3 -> n1 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
  n3 -> n2 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
  n3 -> n4 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
  n3 -> n5 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
settle quietly
# Two of five: no leader on this side.
expect leader=1
run 1s
  n4: pre_candidate of term 1 (election timeout)
  n1: follower of term 1 (quorum lost)
  n5: pre_candidate of term 1 (election timeout)
  n2: pre_candidate of term 1 (election timeout)
  n1: pre_candidate of term 1 (election timeout)
expect leader=none

# n2 joins the others.
heal
isolate n1
isolate n5
campaign n2
  n2 -> n1 pre_vote_request term=1 proposed=2 last=3@1 attempt=3
  n2 -> n3 pre_vote_request term=1 proposed=2 last=3@1 attempt=3
  n2 -> n4 pre_vote_request term=1 proposed=2 last=3@1 attempt=3
  n2 -> n5 pre_vote_request term=1 proposed=2 last=3@1 attempt=3
settle quietly
  n2: candidate of term 2 (pre-vote won)
  n3: follower of term 2 (newer term)
  n4: follower of term 2 (newer term)
  n2: leader of term 2 (elected)
  n3: follower of term 2 under n2 (leader heard)
  n4: follower of term 2 under n2 (leader heard)
  n3: commit 1
  n4: commit 1
  n2: commit 4
expect leader=2 term=2
expect n2 commit=4
propose n2
  n2: stores 5@2
  n2 -> n3 append_request term=2 previous=4@2 commit=4 sequence=7 entries=5@2
  n2 -> n4 append_request term=2 previous=4@2 commit=4 sequence=8 entries=5@2
run 100ms
  n3: commit 4
  n4: commit 4
  n2: commit 5
  n3: commit 5
  n4: commit 5
heal
run 1s
  n1: follower of term 2 under n2 (newer term)
  n5: follower of term 2 under n2 (newer term)
  n1: commit 3
  n5: commit 5
  n1: commit 5
expect leader=2 term=2
expect log n1 = n2 = n3 = n4 = n5
expect n5 term=2
