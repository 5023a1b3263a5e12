# A node whose log is behind gets no pre-vote and disturbs nobody; one that is up to date wins.
# Source: thesis §9.6; Raft §5.4.1; etcd topic "pre-vote".
group 3
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n1: commit 1
isolate n3
propose n1
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
settle quietly
  n2: commit 1
  n1: commit 2
crash n1
heal

campaign n3
  n3: pre_candidate of term 1 (election timeout)
  n3 -> n1 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
  n3 -> n2 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
settle
  n1 <- n3 pre_vote_request, lost
  n2 <- n3 pre_vote_request
  n2 -> n3 pre_vote_response term=1 proposed=2 attempt=1
  n3 <- n2 pre_vote_response
expect n3 role=pre_candidate term=1
expect n2 term=1 role=follower
expect leader=none

campaign n2
  n2: pre_candidate of term 1 (election timeout)
  n2 -> n1 pre_vote_request term=1 proposed=2 last=2@1 attempt=1
  n2 -> n3 pre_vote_request term=1 proposed=2 last=2@1 attempt=1
settle quietly
  n2: candidate of term 2 (pre-vote won)
  n3: follower of term 2 (newer term)
  n2: leader of term 2 (elected)
  n3: follower of term 2 under n2 (leader heard)
  n3: commit 1
  n2: commit 3
expect leader=2 term=2
expect n3 role=follower leader=2
expect log n2 = n3
