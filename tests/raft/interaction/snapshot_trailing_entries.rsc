# Entries behind the cut are kept: a follower that lacks only those needs no cut.
# Source: reference row 31; thesis §5.1.
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
isolate n3
propose n1 5
  n1: stores 2-6@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2-6@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2-6@1
run 100ms
  n2: commit 1
  n1: commit 6
  n2: commit 6
snapshot n1 5
  n1: its log begins at 2
expect n1 first=2
heal
run 200ms
  n3: commit 1
  n3: commit 6
expect n3 first=1 last=6 commit=6
