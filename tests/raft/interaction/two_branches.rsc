# Two minorities wrote branches in turns over several terms. The rejection hint of the one with the
# shorter branch speaks of what it has and acknowledges nothing: the leader does not commit on it.
# Source: CCF topic "a rejection hint must not count as acknowledgement"; Raft §5.3.
group 5
boot n1 term=5 log=1@1,2-3@2,4-6@4
boot n2 term=5 log=1@1,2-3@2,4-6@4
boot n3 term=5 log=1@1,2@3,3@5
boot n4 term=5 log=1@1,2@3,3@5
boot n5 term=5 log=1@1

# n3 leads with n4 and n5; its branch is the one that counts.
isolate n1
isolate n2
disk n4 slow
disk n5 slow
pass all T
wait n3
  n3: pre_candidate of term 5 (election timeout)
  n3 -> n1 pre_vote_request term=5 proposed=6 last=3@5 attempt=1
  n3 -> n2 pre_vote_request term=5 proposed=6 last=3@5 attempt=1
  n3 -> n4 pre_vote_request term=5 proposed=6 last=3@5 attempt=1
  n3 -> n5 pre_vote_request term=5 proposed=6 last=3@5 attempt=1
deliver n3->* pre_vote_request
  n1 <- n3 pre_vote_request, lost
  n2 <- n3 pre_vote_request, lost
  n4 <- n3 pre_vote_request
  n4 -> n3 pre_vote_response term=5 proposed=6 attempt=1 granted
  n5 <- n3 pre_vote_request
  n5 -> n3 pre_vote_response term=5 proposed=6 attempt=1 granted
deliver *->n3 pre_vote_response
  n3 <- n4 pre_vote_response
  n3 <- n5 pre_vote_response
  n3: candidate of term 6 (pre-vote won)
  n3: stores term 6 vote n3
  n3 -> n1 vote_request term=6 last=3@5 (when stored)
  n3 -> n2 vote_request term=6 last=3@5 (when stored)
  n3 -> n4 vote_request term=6 last=3@5 (when stored)
  n3 -> n5 vote_request term=6 last=3@5 (when stored)
store n3
  n3: stored, 0 left
deliver n3->* vote_request
  n1 <- n3 vote_request, lost
  n2 <- n3 vote_request, lost
  n4 <- n3 vote_request
  n4: follower of term 6 (newer term)
  n4: stores term 6 vote n3
  n4 -> n3 vote_response term=6 granted (when stored)
  n5 <- n3 vote_request
  n5: follower of term 6 (newer term)
  n5: stores term 6 vote n3
  n5 -> n3 vote_response term=6 granted (when stored)
store n4
  n4: stored, 0 left
store n5
  n5: stored, 0 left
deliver *->n3 vote_response
  n3 <- n4 vote_response
  n3 <- n5 vote_response
  n3: leader of term 6 (elected)
  n3: stores 4@6
  n3 -> n1 append_request term=6 previous=3@5 sequence=1 entries=4@6
  n3 -> n2 append_request term=6 previous=3@5 sequence=2 entries=4@6
  n3 -> n4 append_request term=6 previous=3@5 sequence=3 entries=4@6
  n3 -> n5 append_request term=6 previous=3@5 sequence=4 entries=4@6
expect leader=3 term=6
store n3
  n3: stored, 0 left
lose *->n4
lose *->n5
settle
  n1 <- n3 append_request, lost
  n2 <- n3 append_request, lost
  n4 <- n3 append_request, lost
  n5 <- n3 append_request, lost
heal
pass n3 60ms
  n3 -> n1 heartbeat term=6 round=1
  n3 -> n2 heartbeat term=6 round=1
  n3 -> n4 heartbeat term=6 round=1
  n3 -> n5 heartbeat term=6 round=1
disk n4 slow
disk n5 slow
# Only the others answer now: n1 and n2, which have other entries at these indexes.
deliver n3->n1
  n1 <- n3 heartbeat
  n1: follower of term 6 under n3 (newer term)
  n1: stores term 6 vote none
  n1 -> n3 heartbeat_response term=6 round=1
deliver n3->n2
  n2 <- n3 heartbeat
  n2: follower of term 6 under n3 (newer term)
  n2: stores term 6 vote none
  n2 -> n3 heartbeat_response term=6 round=1
deliver n1->n3
  n3 <- n1 heartbeat_response
  n3 -> n1 append_request term=6 previous=3@5 sequence=5
deliver n2->n3
  n3 <- n2 heartbeat_response
  n3 -> n2 append_request term=6 previous=3@5 sequence=6
progress n3
  n1 probe match=0 next=4 waiting
  n2 probe match=0 next=4 waiting
  n4 probe match=0 next=4 waiting
  n5 probe match=0 next=4 waiting
deliver n3->n1 append_request
  n1 <- n3 append_request
  n1 -> n3 append_response term=6 sequence=5 previous=3 hint=3@2
deliver n1->n3 append_response
  n3 <- n1 append_response
  n3 -> n1 append_request term=6 previous=1@1 sequence=7 entries=2@3,3@5,4@6
deliver n3->n2 append_request
  n2 <- n3 append_request
  n2 -> n3 append_response term=6 sequence=6 previous=3 hint=3@2
deliver n2->n3 append_response
  n3 <- n2 append_response
  n3 -> n2 append_request term=6 previous=1@1 sequence=8 entries=2@3,3@5,4@6
progress n3
  n1 probe match=0 next=2 waiting
  n2 probe match=0 next=2 waiting
  n4 probe match=0 next=4 waiting
  n5 probe match=0 next=4 waiting
expect n3->n1 match=0 next=2
expect n3->n2 match=0 next=2
expect n3 commit=0

disk n4 fast
disk n5 fast
run 300ms
  n4: follower of term 6 under n3 (leader heard)
  n5: follower of term 6 under n3 (leader heard)
  n1: truncates to 1
  n2: truncates to 1
  n3: commit 4
  n1: commit 4
  n2: commit 4
  n4: commit 4
  n5: commit 4
expect log n1 = n2 = n3 = n4 = n5
expect log n1 = 1@1,2@3,3@5,4@6
