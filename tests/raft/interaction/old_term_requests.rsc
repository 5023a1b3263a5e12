# Requests of an old term change nothing: not the log, not the vote, not the timer. The answer tells
# the sender the newer term, and it steps down.
# Source: Raft §5.1.
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
propose n1
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
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
expect n2 role=leader term=2

# n1 does not know yet and speaks as leader of term 1.
expect n1 role=leader term=1
heal
propose n1
  n1: stores 3@1
  n1 -> n2 append_request term=1 previous=2@1 commit=1 sequence=5 entries=3@1
  n1 -> n3 append_request term=1 previous=2@1 commit=1 sequence=6 entries=3@1
deliver n1->n2
  n2 <- n1 append_request
  n2 -> n1 append_response term=2 sequence=5 previous=2
expect n2 role=leader term=2
settle
  n3 <- n1 append_request
  n3 -> n1 append_response term=2 sequence=6 previous=2
  n1 <- n2 append_response
  n1: follower of term 2 (newer term)
  n1: stores term 2 vote none
  n1 <- n3 append_response
expect n1 term=2 role=follower
run 100ms
  n1: follower of term 2 under n2 (leader heard)
  n3: commit 2
  n1: truncates to 1
  n1: commit 2
expect log n1 = n2 = n3
