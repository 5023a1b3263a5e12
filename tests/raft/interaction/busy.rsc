# Proposals beyond the bound of uncommitted bytes are refused before they are sequenced. An empty
# tail always admits one, and the account comes back to zero.
# Source: reference row 20; catalogue R27 (etcd-io/raft@a370b6f).
group 3 uncommitted_bytes=1000
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n1: commit 1
isolate n2
isolate n3
propose n1 bytes=5000
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
expect n1 last=2
propose n1
  n1: refused, busy
expect n1 last=2
heal
run 200ms
  n2: commit 1
  n3: commit 1
  n1: commit 2
  n2: commit 2
  n3: commit 2
expect n1 commit=2
propose n1 bytes=400
  n1: stores 3@1
  n1 -> n2 append_request term=1 previous=2@1 commit=2 sequence=5 entries=3@1
  n1 -> n3 append_request term=1 previous=2@1 commit=2 sequence=6 entries=3@1
propose n1 bytes=400
  n1: stores 4@1
  n1 -> n2 append_request term=1 previous=3@1 commit=2 sequence=7 entries=4@1
  n1 -> n3 append_request term=1 previous=3@1 commit=2 sequence=8 entries=4@1
propose n1 bytes=400
  n1: refused, busy
expect n1 last=4
settle quietly
  n1: commit 3
  n1: commit 4
propose n1 bytes=900
  n1: stores 5@1
  n1 -> n2 append_request term=1 previous=4@1 commit=4 sequence=9 entries=5@1
  n1 -> n3 append_request term=1 previous=4@1 commit=4 sequence=10 entries=5@1
expect n1 last=5
settle quietly
  n2: commit 4
  n3: commit 4
  n1: commit 5
expect n1 commit=5
