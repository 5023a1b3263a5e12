# What a lagging follower lacks is no longer in memory. The leader reads it from its disk, piece by
# piece, and sends it; a read that fails is tried again after a heartbeat.
# Source: reference row 32.
group 3 keep=0 batch=2
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
propose n1 5
  n1: stores 2-6@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2-3@1
  n1 -> n2 append_request term=1 previous=3@1 commit=1 sequence=4 entries=4-5@1
  n1 -> n2 append_request term=1 previous=5@1 commit=1 sequence=5 entries=6@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=6 entries=2-3@1
  n1 -> n3 append_request term=1 previous=3@1 commit=1 sequence=7 entries=4-5@1
  n1 -> n3 append_request term=1 previous=5@1 commit=1 sequence=8 entries=6@1
run 100ms
  n2: commit 1
  n1: commit 3
  n1: commit 5
  n1: commit 6
  n2: commit 6
expect n1 commit=6
heal
pass n1 60ms
  n1 -> n2 heartbeat term=1 commit=6 round=2
  n1 -> n3 heartbeat term=1 commit=1 round=2
deliver n1->n3 heartbeat
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=1 round=2
  n3: commit 1
deliver n3->n1 heartbeat_response
  n1 <- n3 heartbeat_response
  n1 -> n3 append_request term=1 previous=6@1 commit=6 sequence=9
progress n1
  n2 replicate match=6 next=7
  n3 replicate match=1 next=7 inflight=3
deliver n1->n3 append_request
  n3 <- n1 append_request
  n3 -> n1 append_response term=1 sequence=9 previous=6 hint=1@1
deliver n3->n1 append_response
  n1 <- n3 append_response
  n1 -> n3 append_request term=1 previous=1@1 commit=6 sequence=10
deliver n1->n3 append_request
  n3 <- n1 append_request
  n3 -> n1 append_response term=1 sequence=10 accepted match=1 previous=1 (when stored)
deliver n3->n1 append_response
  n1 <- n3 append_response
  n1: loads 2-3 for n3
progress n1
  n2 replicate match=6 next=7
  n3 replicate match=1 next=2 loading=2-3
load n1 fails
progress n1
  n2 replicate match=6 next=7
  n3 probe match=1 next=2 waiting
expect n1->n3 state=probe
run 200ms
  n1: loads 2-3 for n3
  n1: loads 4-5 for n3
  n3: commit 3
  n1: loads 6-6 for n3
  n3: commit 5
  n3: commit 6
expect n1->n3 state=replicate match=6
expect log n1 = n2 = n3
