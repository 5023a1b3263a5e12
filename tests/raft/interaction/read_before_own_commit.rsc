# A new leader does not know what its predecessor had committed. A read waits for the commit of the
# first entry of the term, whatever the heartbeats say.
# Source: thesis §6.4 step 1; catalogue L01 (etcd-io/etcd#7331).
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
settle quietly
  n2: commit 1
  n3: commit 1
  n1: commit 2
crash n1
disk n3 slow
pass n3 T
wait n2
  n2: pre_candidate of term 1 (election timeout)
  n2 -> n1 pre_vote_request term=1 proposed=2 last=2@1 attempt=1
  n2 -> n3 pre_vote_request term=1 proposed=2 last=2@1 attempt=1
deliver n2->n3 pre_vote_request
  n3 <- n2 pre_vote_request
  n3 -> n2 pre_vote_response term=1 proposed=2 attempt=1 granted
deliver n3->n2 pre_vote_response
  n2 <- n3 pre_vote_response
  n2: candidate of term 2 (pre-vote won)
  n2: stores term 2 vote n2
  n2 -> n1 vote_request term=2 last=2@1 (when stored)
  n2 -> n3 vote_request term=2 last=2@1 (when stored)
store n2
  n2: stored, 0 left
deliver n2->n3 vote_request
  n3 <- n2 vote_request
  n3: follower of term 2 (newer term)
  n3: stores term 2 vote n2
  n3 -> n2 vote_response term=2 granted (when stored)
store n3
  n3: stored, 0 left
deliver n3->n2 vote_response
  n2 <- n3 vote_response
  n2: leader of term 2 (elected)
  n2: stores 3@2
  n2 -> n1 append_request term=2 previous=2@1 commit=1 sequence=1 entries=3@2
  n2 -> n3 append_request term=2 previous=2@1 commit=1 sequence=2 entries=3@2
expect leader=2 term=2
expect commit n2 < 2
read n2
  n2: read 1
pass n2 60ms
  n2 -> n1 heartbeat term=2 round=1
  n2 -> n3 heartbeat term=2 round=1
settle
  n1 <- n2 pre_vote_request, lost
  n1 <- n2 vote_request, lost
  n1 <- n2 append_request, lost
  n3 <- n2 append_request
  n3: follower of term 2 under n2 (leader heard)
  n3: stores 3@2
  n3 -> n2 append_response term=2 sequence=2 accepted match=3 previous=2 (when stored)
  n1 <- n2 heartbeat, lost
  n3 <- n2 heartbeat
  n3 -> n2 heartbeat_response term=2 round=1
  n2 <- n3 heartbeat_response
  n2 -> n3 append_request term=2 previous=2@1 commit=1 sequence=3
  n3 <- n2 append_request
  n3 -> n2 append_response term=2 sequence=3 accepted match=2 previous=2 (when stored)
expect reads_granted=0
disk n3 fast
settle
  n2 <- n3 append_response
  n2 -> n1 heartbeat term=2 round=2
  n2 -> n3 heartbeat term=2 commit=3 round=2
  n2: commit 3
  n2 <- n3 append_response
  n1 <- n2 heartbeat, lost
  n3 <- n2 heartbeat
  n3 -> n2 heartbeat_response term=2 round=2
  n3: commit 3
  n2 <- n3 heartbeat_response
  n2: read 1 granted at 3
expect n2 commit=3
expect reads_granted=1
