# A follower asks the leader for a confirmed index and answers from its own state; cut off from the
# leader it answers nothing.
# Source: thesis §6.4; etcd topic "reads from a follower"; reference row 12.
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
read n2 anywhere
  n2: read 1
  n2 -> n1 read_request term=1 number=1
settle
  n1 <- n2 read_request
  n1 -> n2 heartbeat term=1 commit=2 round=1
  n1 -> n3 heartbeat term=1 commit=2 round=1
  n2 <- n1 heartbeat
  n2 -> n1 heartbeat_response term=1 round=1
  n2: commit 2
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=1 round=1
  n3: commit 2
  n1 <- n2 heartbeat_response
  n1 -> n2 read_response term=1 number=1 index=2
  n1 <- n3 heartbeat_response
  n2 <- n1 read_response
  n2: read 1 granted at 2
expect reads_granted=1
isolate n2
read n2 anywhere
  n2: read 2
  n2 -> n1 read_request term=1 number=2
settle quietly
expect reads_granted=1
