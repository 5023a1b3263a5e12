# The request to campaign gets lost again and again. After one minimum election timeout the leader
# gives up and takes proposals as before.
# Source: thesis §3.10.
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
lose n1->n2 timeout_now
transfer n1 n2
  n1 -> n2 timeout_now term=1
propose n1
  n1: refused, busy
expect n1 last=1
run 200ms
  n2: commit 1
  n3: commit 1
expect n1 transfer=2 role=leader
run 110ms
expect n1 transfer=none role=leader term=1
propose n1
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
settle quietly
  n1: commit 2
expect n1 last=2 commit=2
