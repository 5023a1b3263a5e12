# A leader that was deposed without knowing it confirms no read, and says that the read was dropped
# when it learns of its successor.
# Source: thesis §6.4; catalogue L01, L07.
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
propose n2
  n2: stores 3@2
  n2 -> n3 append_request term=2 previous=2@2 commit=2 sequence=3 entries=3@2
settle quietly
  n3: commit 2
  n2: commit 3
expect n2 commit=3
expect n1 role=leader term=1
read n1
  n1: read 1
  n1 -> n2 heartbeat term=1 commit=1 round=1
  n1 -> n3 heartbeat term=1 commit=1 round=1
settle
  n2 <- n1 heartbeat, lost
  n3 <- n1 heartbeat, lost
pass n1 60ms
  n1 -> n2 heartbeat term=1 commit=1 round=2
  n1 -> n3 heartbeat term=1 commit=1 round=2
settle
  n2 <- n1 heartbeat, lost
  n3 <- n1 heartbeat, lost
expect reads_granted=0
heal
pass n1 60ms
  n1 -> n2 heartbeat term=1 commit=1 round=3
  n1 -> n3 heartbeat term=1 commit=1 round=3
settle
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=2
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=2
  n1 <- n2 heartbeat_response
  n1: follower of term 2 (newer term)
  n1: stores term 2 vote none
  n1: read 1 dropped
  n1 <- n3 heartbeat_response
expect reads_granted=0 reads_dropped=1
expect n1 role=follower term=2
