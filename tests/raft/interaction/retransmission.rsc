# A follower that answers heartbeats but gets no append through: after an election timeout without
# an answer the leader takes what was in flight for lost and looks for a common entry again.
# Source: Raft §5.3 "retries indefinitely", §5.5.
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
propose n1
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
lose n1->n2 append_request
run 250ms
  n3: commit 1
  n1: commit 2
  n2: commit 1
  n3: commit 2
progress n1
  n2 replicate match=1 next=3 inflight=1
  n3 replicate match=2 next=3
expect n1->n2 state=replicate inflight=1
run 120ms
expect n1->n2 state=probe inflight=0
heal
run 100ms
  n2: commit 2
expect n1->n2 state=replicate match=2
expect leader=1 term=1
