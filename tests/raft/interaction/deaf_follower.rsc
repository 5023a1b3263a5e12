# A follower that hears nothing but is heard asks for pre-votes that the others refuse, because they
# hear the leader. Nothing else happens.
# Source: thesis §9.6, §4.2.3; reference topic "one-way partitions".
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
cut n1->n3
cut n2->n3
run 2s
  n2: commit 1
  n3: pre_candidate of term 1 (election timeout)
expect leader=1 term=1
expect n3 role=pre_candidate term=1
expect n2 role=follower leader=1
propose n1
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
run 100ms
  n1: commit 2
  n2: commit 2
expect n1 commit=2
heal
run 200ms
  n3: follower of term 1 under n1 (leader heard)
  n3: commit 1
  n3: commit 2
expect log n1 = n2 = n3
