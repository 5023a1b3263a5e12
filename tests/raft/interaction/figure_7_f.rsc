# Follower (f) of figure 7, message by message: two rejections find the common entry, for each skips
# a whole term.
# Source: Raft §5.3, fig. 7 (f); catalogue R23.
group 3
boot n1 term=7 log=1-3@1,4-5@4,6-7@5,8-10@6
boot n2 term=7 log=1-3@1,4-6@2,7-11@3
boot n3 term=7
isolate n2
elect n1
  n1: pre_candidate of term 7 (election timeout)
  n1: candidate of term 8 (pre-vote won)
  n3: follower of term 8 (newer term)
  n1: leader of term 8 (elected)
  n3: follower of term 8 under n1 (leader heard)
  n1: commit 11
expect leader=1 term=8
heal
pass n1 60ms
  n1 -> n2 heartbeat term=8 round=1
  n1 -> n3 heartbeat term=8 commit=11 round=1
deliver n1->n2 heartbeat
  n2 <- n1 heartbeat
  n2: follower of term 8 under n1 (newer term)
  n2: stores term 8 vote none
  n2 -> n1 heartbeat_response term=8 round=1
deliver n2->n1 heartbeat_response
  n1 <- n2 heartbeat_response
  n1 -> n2 append_request term=8 previous=10@6 commit=11 sequence=4
deliver n1->n2 append_request
  n2 <- n1 append_request
  n2 -> n1 append_response term=8 sequence=4 previous=10 hint=10@3
progress n1
  n2 probe match=0 next=11 waiting
  n3 replicate match=11 next=12
deliver n2->n1 append_response
  n1 <- n2 append_response
  n1 -> n2 append_request term=8 previous=3@1 commit=11 sequence=5 entries=4-5@4,6-7@5,8-10@6,11@8
progress n1
  n2 probe match=0 next=4 waiting
  n3 replicate match=11 next=12
settle
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=8 round=1
  n3: commit 11
  n2 <- n1 append_request
  n2: truncates to 3
  n2: stores 4-5@4,6-7@5,8-10@6,11@8
  n2 -> n1 append_response term=8 sequence=5 accepted match=11 previous=3 (when stored)
  n2: commit 11
  n1 <- n3 heartbeat_response
  n1 <- n2 append_response
expect log n1 = n2
expect n1->n2 state=replicate match=11
