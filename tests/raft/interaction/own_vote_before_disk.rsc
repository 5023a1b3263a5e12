# A candidate asks for votes and counts its own one only when that vote and its whole log are on its
# disk. After a crash before that it has promised nothing.
# Source: Raft fig. 2; catalogue E01, E11 (canonical/raft#386).
group 3
disk n1 slow
elect n2
  n2: pre_candidate of term 0 (election timeout)
  n2: candidate of term 1 (pre-vote won)
  n1: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n2: leader of term 1 (elected)
  n1: follower of term 1 under n2 (leader heard)
  n3: follower of term 1 under n2 (leader heard)
  n2: commit 1
expect n1 last=1 durable=0 term=1
isolate n2

pass n3 T
wait n1
  n1: pre_candidate of term 1 (election timeout)
  n1 -> n2 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
  n1 -> n3 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
deliver n1->n3 pre_vote_request
  n3 <- n1 pre_vote_request
  n3 -> n1 pre_vote_response term=1 proposed=2 attempt=1 granted
deliver n3->n1 pre_vote_response
  n1 <- n3 pre_vote_response
  n1: candidate of term 2 (pre-vote won)
  n1: stores term 2 vote n1
  n1 -> n2 vote_request term=2 last=1@1 (when stored)
  n1 -> n3 vote_request term=2 last=1@1 (when stored)
expect n1 role=candidate term=2
# Its vote of term 1 and its entry reach the disk, but not yet its vote for itself.
store n1 2
  n1: stored, 2 left
  n1: stored, 1 left
expect n1 durable=1
expect messages n1->* vote_request = 0
crash n1
restart n1
  n1: follower term=1 vote=n2 leader=none last=1@1 durable=1 commit=0
expect n1 term=1 vote=2 last=1

pass n3 T
  n3: pre_candidate of term 1 (election timeout)
  n3 -> n1 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
  n3 -> n2 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
wait n1
  n1: pre_candidate of term 1 (election timeout)
  n1 -> n2 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
  n1 -> n3 pre_vote_request term=1 proposed=2 last=1@1 attempt=1
deliver n1->n3 pre_vote_request
  n3 <- n1 pre_vote_request
  n3 -> n1 pre_vote_response term=1 proposed=2 attempt=1 granted
deliver n3->n1 pre_vote_response
  n1 <- n3 pre_vote_response
  n1: candidate of term 2 (pre-vote won)
  n1: stores term 2 vote n1
  n1 -> n2 vote_request term=2 last=1@1 (when stored)
  n1 -> n3 vote_request term=2 last=1@1 (when stored)
expect n1 role=candidate term=2 vote=1
store n1
  n1: stored, 0 left
expect messages n1->n3 vote_request = 1
deliver n1->n3 vote_request
  n3 <- n1 vote_request
  n3: follower of term 2 (newer term)
  n3: stores term 2 vote n1
  n3 -> n1 vote_response term=2 granted (when stored)
store n3
  n3: stored, 0 left
deliver n3->n1 vote_response
  n1 <- n3 vote_response
  n1: leader of term 2 (elected)
  n1: stores 2@2
  n1 -> n2 append_request term=2 previous=1@1 sequence=1 entries=2@2
  n1 -> n3 append_request term=2 previous=1@1 sequence=2 entries=2@2
expect n1 role=leader term=2
disk n1 fast
