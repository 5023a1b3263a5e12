# Figure 8 of the paper: n1, leader again in term 4, brings its entry of term 2 to a majority. It
# does not count as committed, rightly: n5 is elected and replaces it.
# Source: Raft §5.4.2, fig. 8 (a) to (d); catalogue R01 (logcabin/logcabin#44).
group 5 batch=1
boot n1 term=3 log=1@1,2@2
boot n2 term=3 log=1@1,2@2
boot n3 term=3 log=1@1
boot n4 term=3 log=1@1
boot n5 term=3 vote=n5 log=1@1,2@3

# (c) n1 leads term 4. Its old entry reaches n3, its own one of term 4 nobody: one entry a message.
isolate n5
pass all T
wait n1
  n1: pre_candidate of term 3 (election timeout)
  n1 -> n2 pre_vote_request term=3 proposed=4 last=2@2 attempt=1
  n1 -> n3 pre_vote_request term=3 proposed=4 last=2@2 attempt=1
  n1 -> n4 pre_vote_request term=3 proposed=4 last=2@2 attempt=1
  n1 -> n5 pre_vote_request term=3 proposed=4 last=2@2 attempt=1
deliver n1->* pre_vote_request
  n2 <- n1 pre_vote_request
  n2 -> n1 pre_vote_response term=3 proposed=4 attempt=1 granted
  n3 <- n1 pre_vote_request
  n3 -> n1 pre_vote_response term=3 proposed=4 attempt=1 granted
  n4 <- n1 pre_vote_request
  n4 -> n1 pre_vote_response term=3 proposed=4 attempt=1 granted
  n5 <- n1 pre_vote_request, lost
deliver *->n1 pre_vote_response
  n1 <- n2 pre_vote_response
  n1 <- n3 pre_vote_response
  n1: candidate of term 4 (pre-vote won)
  n1: stores term 4 vote n1
  n1 -> n2 vote_request term=4 last=2@2 (when stored)
  n1 -> n3 vote_request term=4 last=2@2 (when stored)
  n1 -> n4 vote_request term=4 last=2@2 (when stored)
  n1 -> n5 vote_request term=4 last=2@2 (when stored)
  n1 <- n4 pre_vote_response
store n1
  n1: stored, 0 left
deliver n1->* vote_request
  n2 <- n1 vote_request
  n2: follower of term 4 (newer term)
  n2: stores term 4 vote n1
  n2 -> n1 vote_response term=4 granted (when stored)
  n3 <- n1 vote_request
  n3: follower of term 4 (newer term)
  n3: stores term 4 vote n1
  n3 -> n1 vote_response term=4 granted (when stored)
  n4 <- n1 vote_request
  n4: follower of term 4 (newer term)
  n4: stores term 4 vote n1
  n4 -> n1 vote_response term=4 granted (when stored)
  n5 <- n1 vote_request, lost
store n2
  n2: stored, 0 left
store n3
  n3: stored, 0 left
store n4
  n4: stored, 0 left
deliver *->n1 vote_response
  n1 <- n2 vote_response
  n1 <- n3 vote_response
  n1: leader of term 4 (elected)
  n1: stores 3@4
  n1 -> n2 append_request term=4 previous=2@2 sequence=1 entries=3@4
  n1 -> n3 append_request term=4 previous=2@2 sequence=2 entries=3@4
  n1 -> n4 append_request term=4 previous=2@2 sequence=3 entries=3@4
  n1 -> n5 append_request term=4 previous=2@2 sequence=4 entries=3@4
  n1 <- n4 vote_response
expect n1 role=leader term=4
store n1
  n1: stored, 0 left
deliver n1->n3 append_request
  n3 <- n1 append_request
  n3: follower of term 4 under n1 (leader heard)
  n3 -> n1 append_response term=4 sequence=2 previous=2 hint=1@1
deliver n3->n1 append_response
  n1 <- n3 append_response
  n1 -> n3 append_request term=4 previous=1@1 sequence=5 entries=2@2
deliver n1->n3 append_request
  n3 <- n1 append_request
  n3: stores 2@2
  n3 -> n1 append_response term=4 sequence=5 accepted match=2 previous=1 (when stored)
store n3
  n3: stored, 0 left
deliver n3->n1 append_response
  n1 <- n3 append_response
  n1 -> n3 append_request term=4 previous=2@2 sequence=6 entries=3@4
expect n1->n3 match=2
# On n1, n2 and n3 of five: a majority holds the entry of term 2.
expect log n1 = 1@1,2@2,3@4
expect log n3 = 1@1,2@2
expect n1 commit=0

# (d) n1 fails, n5 wins with its newer log and overwrites the entry everywhere.
crash n1
drop *->*
  n1 -> n2 append_request, dropped
  n1 -> n4 append_request, dropped
  n1 -> n5 append_request, dropped
  n1 -> n3 append_request, dropped
heal
elect n5
  n5: pre_candidate of term 3 (election timeout)
  n5: follower of term 4 (newer term)
elect n5
  n5: pre_candidate of term 4 (election timeout)
  n5: candidate of term 5 (pre-vote won)
  n2: follower of term 5 (newer term)
  n3: follower of term 5 (newer term)
  n4: follower of term 5 (newer term)
  n5: leader of term 5 (elected)
  n2: follower of term 5 under n5 (leader heard)
  n3: follower of term 5 under n5 (leader heard)
  n4: follower of term 5 under n5 (leader heard)
  n2: truncates to 1
  n3: truncates to 1
  n5: commit 3
expect leader=5
restart n1
  n1: follower term=4 vote=n1 leader=none last=3@4 durable=3 commit=0
run 1s
  n1: follower of term 5 under n5 (newer term)
  n2: commit 3
  n3: commit 3
  n4: commit 3
  n1: truncates to 1
  n1: commit 2
  n1: commit 3
expect log n1 = n2 = n3 = n4 = n5
expect n1 commit>=3
log n1
  n1 1@1,2@3,3@5
