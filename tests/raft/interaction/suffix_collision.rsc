# An ex-leader holds three entries that nobody else has, at the same indexes as those of its
# successor. They are replaced, in one round after the first rejection, by what the successor has.
# Source: CCF topic "ex-leader holds k unshared entries"; Raft §5.3.
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
isolate n1
propose n1 3
  n1: stores 2-4@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2-4@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2-4@1
settle quietly
expect n1 last=4 commit=1
pass n2 T
pass n3 T
wait n2
  n2: pre_candidate of term 1 (election timeout)
  n2 -> n1 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
  n2 -> n3 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
settle quietly
  n2: candidate of term 2 (pre-vote won)
  n3: follower of term 2 (newer term)
  n2: leader of term 2 (elected)
  n3: follower of term 2 under n2 (leader heard)
  n2: commit 2
propose n2 2
  n2: stores 3-4@2
  n2 -> n3 append_request term=2 previous=2@2 commit=2 sequence=3 entries=3-4@2
settle quietly
  n3: commit 2
  n2: commit 4
expect leader=2 term=2
expect n2 commit=4

heal
pass n2 60ms
  n2 -> n1 heartbeat term=2 round=1
  n2 -> n3 heartbeat term=2 commit=4 round=1
settle
  n1 <- n2 heartbeat
  n1: follower of term 2 under n2 (newer term)
  n1: stores term 2 vote none
  n1 -> n2 heartbeat_response term=2 round=1
  n3 <- n2 heartbeat
  n3 -> n2 heartbeat_response term=2 round=1
  n3: commit 4
  n2 <- n1 heartbeat_response
  n2 -> n1 append_request term=2 previous=1@1 commit=4 sequence=4
  n2 <- n3 heartbeat_response
  n1 <- n2 append_request
  n1 -> n2 append_response term=2 sequence=4 accepted match=1 previous=1 (when stored)
  n2 <- n1 append_response
  n2 -> n1 append_request term=2 previous=1@1 commit=4 sequence=5 entries=2-4@2
  n1 <- n2 append_request
  n1: truncates to 1
  n1: stores 2-4@2
  n1 -> n2 append_response term=2 sequence=5 accepted match=4 previous=1 (when stored)
  n1: commit 4
  n2 <- n1 append_response
expect n1 role=follower leader=2
expect log n1 = n2 = n3
expect n1 commit>=1
