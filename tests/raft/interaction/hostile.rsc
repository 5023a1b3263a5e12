# Messages that no correct member sends: of a stranger, of term 0, of a term beyond all numbers, with
# a gap, with terms that run backwards, against what is committed, of a second leader, answers to
# questions that were never asked. Nothing changes.
# Source: reference raft.md section 5, "no panics on odd input".
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
propose n1 2
  n1: stores 2-3@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2-3@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2-3@1
settle quietly
  n2: commit 1
  n3: commit 1
  n1: commit 3
run 100ms
  n2: commit 3
  n3: commit 3
status
  n1 leader term=1 vote=n1 leader=n1 last=3@1 durable=3 commit=3
  n2 follower term=1 vote=n1 leader=n1 last=3@1 durable=3 commit=3
  n3 follower term=1 vote=n1 leader=n1 last=3@1 durable=3 commit=3

inject n9->n2 vote_request term=7 last=9@6
inject n9->n2 append_request term=7 sequence=1 entries=1-3@7
inject n3->n2 append_request term=0 sequence=1
inject n3->n2 vote_request term=4611686018427387904 last=3@1
inject n1->n2 append_request term=1 previous=3@1 sequence=9 entries=5@1
inject n1->n2 append_request term=1 previous=3@1 sequence=9 entries=4@2
inject n1->n2 append_request term=2 previous=1@1 sequence=9 entries=2@2
inject n3->n2 append_request term=1 previous=3@1 sequence=9 entries=4@1
inject n3->n2 heartbeat term=1 commit=3 round=1
inject n2->n1 append_response term=1 sequence=99 accepted match=3
inject n2->n1 append_response term=1 sequence=3 accepted match=99
inject n2->n1 append_response term=1 sequence=3 previous=0
inject n2->n1 heartbeat_response term=1 round=99
settle
  n2 <- n9 vote_request
  n2 <- n9 append_request
  n2 <- n3 append_request
  n2 <- n3 vote_request
  n2 <- n1 append_request
  n2 <- n1 append_request
  n2 <- n1 append_request
  n2 <- n3 append_request
  n2 <- n3 heartbeat
  n1 <- n2 append_response
  n1 <- n2 append_response
  n1 <- n2 append_response
  n1 <- n2 heartbeat_response

expect leader=1 term=1
expect log n1 = n2 = n3
expect n2 term=1 leader=1 last=3 commit=3
expect n1->n2 match=3 next=4 state=replicate
